"""The study on the data that colour takes: right answers, hints for typical mistakes, mutants; what they rest on."""

import torch

from companion.colorization import LightnessTable


def right_table(lightness, colour, levels):
    table = torch.full((levels, 2), 0.5)
    step = (lightness * levels).long().clamp(max=levels - 1)
    for k in step.unique():
        table[k] = colour[step == k].mean(0)
    return table


def sums(lightness, colour, levels):
    step = (lightness * levels).long().clamp(max=levels - 1)
    return torch.zeros(levels, 2).index_add(0, step, colour), torch.bincount(step, minlength=levels)[:, None]


def changed(lightness, colour, levels, change):
    """The right table with the step numbers changed."""
    step = change((lightness * levels).long())
    table = torch.full((levels, 2), 0.5)
    for k in step.unique():
        if 0 <= k < levels:
            table[k] = colour[step == k].mean(0)
    return table


def test_the_right_table_is_the_package_s_where_there_are_pixels():
    x = torch.rand(1, 3, 40, 40)
    lightness, colour = x[:, 0].flatten(), x[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)
    torch.testing.assert_close(right_table(lightness, colour, 8), LightnessTable(x, levels=8).table)


EXERCISES = {}

EXERCISES["check_border"] = {
    "right": 5,
    "says": "The border makes every mean smaller",
    "hints": [
        (3, "the border would have to be"),
        (1.8, "multiplied by the eye's share"),
        (1.2, "The border is exact"),
        (7.5, "divided by the border's share"),
        (4, "You answered 4"),
    ],
}

EXERCISES["check_split"] = {
    "right": "D",
    "says": "Nothing of a test patient",
    "hints": [
        ("A", "hardly unseen"),
        ("B", "A new patient has none"),
        ("C", "sister slides"),
    ],
}

EXERCISES["check_table"] = {
    "right": right_table,
    "says": "knows one pixel's lightness",
    "other ways": {
        "sums over counts": lambda x, y, n: torch.where(
            sums(x, y, n)[1] > 0, sums(x, y, n)[0] / sums(x, y, n)[1].clamp(min=1), torch.tensor(0.5)
        ),
        "nan replaced": lambda x, y, n: (sums(x, y, n)[0] / sums(x, y, n)[1]).nan_to_num(0.5),
    },
    "hints": [
        (lambda x, y, n: sums(x, y, n)[0] / sums(x, y, n)[1], "0 / 0"),
        (lambda x, y, n: sums(x, y, n)[0] / sums(x, y, n)[1].clamp(min=1), "should be grey"),
        (lambda x, y, n: sums(x, y, n)[0], "return sums"),
        (lambda x, y, n: sums(x, y, n)[0] / len(x), "of *that* step"),
        (lambda x, y, n: torch.where(sums(x, y, n)[1] > 0, right_table(x, y, n), y.mean(0)), "not the mean colour"),
        (lambda x, y, n: right_table(x, y, n).T, "expected (4, 2)"),
        (lambda x, y, n: right_table(x, y, n).flip(0), "it should be"),
    ],
    "mutants": {
        "a lightness of 1 left out": lambda x, y, n: changed(x, y, n, lambda k: k),
        "a lightness of 1 first": lambda x, y, n: changed(x, y, n, lambda k: k % n),
        "rounded": lambda x, y, n: changed(x, y, n, lambda k: k + 1),
        "steps of n - 1": lambda x, y, n: changed(x * (n - 1) / n, y, n, lambda k: k),
        "median": lambda x, y, n: torch.stack(
            [
                y[k].median(0).values if k.any() else torch.full((2,), 0.5)
                for k in [((x * n).long().clamp(max=n - 1) == i) for i in range(n)]
            ]
        ),
        "one colour for both channels": lambda x, y, n: right_table(x, y[:, :1].expand(-1, 2), n),
        "four levels": lambda x, y, n: right_table(x, y, 4) if n < 5 else right_table(x, y, 4).repeat(3, 1)[:n],
        "in place": lambda x, y, n: right_table(x.mul_(0.5).mul_(2).add_(1e-3).clamp_(max=1), y, n),
    },
}
