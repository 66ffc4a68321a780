"""Study 4: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import torch


def test_the_border_is_the_datas(data):
    assert (data.x_train > 0).any(0).sum() == 784 - 129


def relu_copier(weight):
    bias = -weight.clamp(max=0).sum(1)
    return bias, weight.T, -weight.T @ bias


def lifted(by):
    """A bias of one number for all units, which is enough from about 17 on: no row of the matrix is longer than 1."""

    def copier(weight):
        bias = torch.full((len(weight),), float(by))
        return bias, weight.T, -weight.T @ bias

    return copier


def changed(**parts):
    """The right answer with some of its three parts changed."""

    def copier(weight):
        bias, matrix, offset = relu_copier(weight)
        return tuple(
            parts.get(name, lambda part: part)(part)
            for name, part in (("bias", bias), ("matrix", matrix), ("offset", offset))
        )

    return copier


EXERCISES = {}

EXERCISES["check_border_noise"] = {
    "right": 129 / 784 / 3,
    "says": "129 of 784",
    "other ways": {"three digits": 0.055},
    "hints": [
        (1 / 3, "at a border pixel"),
        (0.1645, "share of border pixels"),
        (0.0823, "averaged the noise"),
        (0.0411, "squared the average"),
        (0.0137, "variance"),
        (0.2785, "lit pixels be wrong"),
        (0, "what happens to the noise"),
        (7, "Multiply"),
    ],
}

EXERCISES["check_two_reports"] = {
    "right": "B",
    "says": "a quarter",
    "hints": [("A", "Where is PCA")],
}

EXERCISES["check_relu_copier"] = {
    "right": relu_copier,
    "strict": True,
    "says": "lets everything through",
    "other ways": {
        "one large bias": lifted(30),
        "a list": lambda w: list(relu_copier(w)),
        "pseudo-inverse": lambda w: (
            relu_copier(w)[0],
            torch.linalg.pinv(w),
            -torch.linalg.pinv(w) @ relu_copier(w)[0],
        ),
    },
    "hints": [
        (lambda w: (torch.zeros(800), w.T, torch.zeros(784)), "half of the units"),
        (lifted(1), "pictures some unit is below 0"),
        (changed(offset=torch.zeros_like), "take the lift out"),
        (changed(matrix=lambda v: 2 * v), "does not come back"),
        (changed(matrix=lambda v: v.T), "(784, 800)"),
        (lambda w: relu_copier(w)[0], "three tensors"),
        (changed(bias=lambda v: v / 0), "not finite"),
        (changed(offset=lambda v: "none"), "no tensor"),
    ],
    "mutants": {
        "sign of the offset": changed(offset=lambda v: -v),
        "sign of the bias": changed(bias=lambda v: -v),
        "half the lift": changed(bias=lambda v: v / 2, offset=lambda v: v / 2),
        "lowest of the noise only": lifted(4),
        "lifted by the positive weights": lambda w: relu_copier(-w),
        "a little darker": changed(offset=lambda v: v - 0.02),
    },
}
