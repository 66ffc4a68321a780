"""Chapter 5: right answers to each exercise, hints for typical mistakes, mutants."""

import math

import numpy as np
import sklearn.decomposition
import torch

from companion import PCA


def eig(x):
    return torch.linalg.eigh(x.T @ x).eigenvectors  # upwards, in columns


def centre(x):
    return x - x.mean(0)


def kept(values):
    return values.cumsum(0) / values.sum()


def by_squares(x, share):
    return int((kept(torch.linalg.svdvals(centre(x)) ** 2) < share).sum()) + 1


def loss_with(keeps, total=None, detach=False, wrap=lambda loss: {"loss": loss}):
    def loss_fn(model, x):
        z, k = model.encode(x), model.code_size
        errors = []
        for keep in keeps(k) if callable(keeps) else keeps:
            mask = torch.zeros(k)
            mask[keep] = 1
            errors.append((model.decode((z.detach() if detach else z) * mask) - x).square().mean())
        return wrap(sum(errors) / (total or len(errors)))

    return loss_fn


def FIRST(k):  # noqa: N802
    return [slice(0, j) for j in range(1, k + 1)]


def share_of(values):
    return lambda x, share: int((kept(values(x)) < share).sum()) + 1


def half_detached(rest):
    """The right value; the errors for j > 1, or another part, are cut off on the way back."""

    def loss_fn(model, x):
        z = model.encode(x)
        errors = []
        for j in range(1, model.code_size + 1):
            keep = (torch.arange(model.code_size) < j).float()
            errors.append(rest(j, model, z, keep, x))
        return {"loss": torch.stack(errors).mean()}

    return loss_fn


def ordered_error(model, z, keep, x):
    return (model.decode(z * keep) - x).square().mean()


def first_in_the_graph(j, model, z, keep, x):
    error = ordered_error(model, z, keep, x)
    return error if j == 1 else error.detach()


def last_in_the_graph(j, model, z, keep, x):
    error = ordered_error(model, z, keep, x)
    return error if j == model.code_size else error.detach()


def earlier_numbers_detached(j, model, z, keep, x):
    """Each error moves its own number only, as if the earlier ones were fixed."""
    own = (torch.arange(model.code_size) == j - 1).float()
    return ordered_error(model, z.detach() * (keep - own) + z * own, torch.ones(model.code_size), x)


def half_of_the_gradient(j, model, z, keep, x):
    error = ordered_error(model, z, keep, x)
    return (error + error.detach()) / 2


def code_of_four(model, x):
    return loss_with([slice(0, j) for j in range(1, 5)])(model, x)


EXERCISES = {}

EXERCISES["check_dropped"] = {
    "right": 5,
    "says": "add up",
    "hints": [
        (9, "kept"),
        (14, "mean row"),
        (2, "as well"),
        (1.25, "averaged"),
        (0.833, "number of columns"),
        (0.357, "share"),
        (7, "do not keep"),
    ],
}

EXERCISES["check_pca_by_hand"] = {
    "right": lambda x, k: eig(centre(x)).flip(1)[:, :k].T,
    "says": "Centred",
    "other ways": {
        "signs turned": lambda x, k: -eig(centre(x)).flip(1)[:, :k].T,
        "mixed signs": lambda x, k: eig(centre(x)).flip(1)[:, :k].T * (-1.0) ** torch.arange(k)[:, None],
        "cov": lambda x, k: torch.linalg.eigh(torch.cov(x.T)).eigenvectors.flip(1)[:, :k].T,
        "in double": lambda x, k: eig(centre(x.double())).flip(1)[:, :k].T,
        "pca_lowrank": lambda x, k: torch.pca_lowrank(x, q=x.shape[1])[2][:, :k].T,
        "NumPy": lambda x, k: np.linalg.svd(x.numpy() - x.numpy().mean(0), full_matrices=False)[2][:k],
        "SVD": lambda x, k: -torch.linalg.svd(centre(x), full_matrices=False).Vh[:k],
        "the package's": lambda x, k: PCA(x[:, None, None], k).components,
        "scikit-learn": lambda x, k: torch.tensor(sklearn.decomposition.PCA(k).fit(x.numpy()).components_),
    },
    "hints": [
        (lambda x, k: eig(centre(x)).flip(1)[:, :k], "columns: transpose"),
        (lambda x, k: eig(centre(x))[:, :k].T, "least variance"),
        (lambda x, k: eig(centre(x))[:, :k].flip(1).T, "least variance"),
        (lambda x, k: eig(centre(x))[:, -k:].T, "wrong order"),
        (lambda x, k: eig(x).flip(1)[:, :k].T, "forgot to centre"),
        (lambda x, k: eig(centre(x) / x.std(0)).flip(1)[:, :k].T, "standard deviation"),
        (lambda x, k: 2 * eig(centre(x)).flip(1)[:, :k].T, "lengths"),
        (lambda x, k: eig(centre(x)).flip(1)[:k], "not the principal components"),
        (lambda x, k: eig(centre(x)).T, "expected (3, 6)"),
        (lambda x, k: eig(centre(x)).flip(1)[:, :3].T, "Use k"),
    ],
    "mutants": {
        "three always": lambda x, k: eig(centre(x)).flip(1)[:, :3].T,
        "the k-th alone": lambda x, k: eig(centre(x)).flip(1)[:, k - 1 : k].T.expand(k, -1),
        "one too far": lambda x, k: eig(centre(x)).flip(1)[:, 1 : k + 1].T,
        "centred by points": lambda x, k: eig(x - x.mean(1, keepdim=True)).flip(1)[:, :k].T,
        "median": lambda x, k: eig(x - x.median(0).values).flip(1)[:, :k].T,
        "by the absolute values": lambda x, k: eig(centre(x).abs()).flip(1)[:, :k].T,
        "half length": lambda x, k: eig(centre(x)).flip(1)[:, :k].T / 2,
        "scaled by variance": lambda x, k: eig(centre(x)).flip(1)[:, :k].T * torch.arange(k, 0, -1)[:, None],
        "absolute values": lambda x, k: eig(centre(x)).flip(1)[:, :k].T.abs(),
        "codes": lambda x, k: (centre(x) @ eig(centre(x)).flip(1)[:, :k]).T,
        "turned a little": lambda x, k: torch.nn.functional.normalize(
            eig(centre(x)).flip(1)[:, :k].T + 0.05 * torch.linalg.eigh(torch.cov(x.T)).eigenvectors[:, 0], dim=1
        ),
        "features in reverse": lambda x, k: eig(centre(x)).flip(1)[:, :k].T.flip(1),
        "right for k = 3 only": lambda x, k: eig(centre(x)).flip(1)[:, :k].T if k == 3 else torch.eye(x.shape[1])[:k],
        "in place": lambda x, k: eig(x.sub_(x.mean(0))).flip(1)[:, :k].T,
    },
}

EXERCISES["check_components_needed"] = {
    "right": by_squares,
    "says": "Squares",
    "other ways": {
        "searchsorted": lambda x, share: np.searchsorted(kept(torch.linalg.svdvals(centre(x)) ** 2).numpy(), share) + 1,
        "eigenvalues": lambda x, share: int((kept(torch.linalg.eigvalsh(torch.cov(x.T)).flip(0)) < share).sum()) + 1,
        "scikit-learn": lambda x, share: (
            sklearn.decomposition.PCA(share, svd_solver="full").fit(x.numpy()).n_components_
        ),
        "loop": lambda x, share: next(
            k for k, s in enumerate(kept(torch.linalg.svdvals(centre(x)) ** 2).tolist(), 1) if s >= share
        ),
        "a tensor": lambda x, share: torch.tensor(by_squares(x, share)),
    },
    "hints": [
        (lambda x, share: by_squares(x, share) - 1, "one too few"),
        (lambda x, share: by_squares(x, share) + 1, "one too many"),
        (lambda x, share: int((kept(torch.linalg.svdvals(centre(x))) < share).sum()) + 1, "singular values"),
        (lambda x, share: int((kept(torch.linalg.svdvals(x) ** 2) < share).sum()) + 1, "centre"),
        (lambda x, share: 40, "another one"),
        (lambda x, share: torch.ones(2), "one whole number"),
    ],
    "mutants": {
        "variances of the features": share_of(lambda x: x.var(0).sort(descending=True).values),
        "fourth powers": share_of(lambda x: torch.linalg.svdvals(centre(x)) ** 4),
        "smallest first": share_of(lambda x: (torch.linalg.svdvals(centre(x)) ** 2).flip(0)),
        "of the standardised points": share_of(lambda x: torch.linalg.svdvals(centre(x) / x.std(0)) ** 2),
        "more than dropped": lambda x, share: by_squares(x, 1 - share),
        "each above a share": lambda x, share: int(
            ((v := torch.linalg.svdvals(centre(x)) ** 2) / v.sum() > 1 - share).sum()
        ),
        "largest alone": lambda x, share: int((torch.linalg.svdvals(centre(x)) ** 2 > share).sum()),
        "share of the largest": lambda x, share: int(
            ((v := torch.linalg.svdvals(centre(x)) ** 2) >= (1 - share) * v[0]).sum()
        ),
        "always 2": lambda x, share: 2,
        "by the number of features": lambda x, share: math.ceil(share * x.shape[1]),
        "not whole": lambda x, share: by_squares(x, share) + 0.4,
        "sign": lambda x, share: -by_squares(x, share),
        "in place": lambda x, share: by_squares(x.sub_(x.mean(0)), share),
    },
}

EXERCISES["check_report"] = {
    "right": "D",
    "says": "several seeds",
    "hints": [("A", "clip"), ("B", "training finished"), ("C", "by heart"), ("E", "one of the letters")],
}

EXERCISES["check_wine"] = {
    "right": "B",
    "says": "unit",
    "hints": [("A", "which wine"), ("C", "was centred"), ("D", "least variance")],
}

EXERCISES["check_ordered_loss"] = {
    "right": loss_with(FIRST),
    "strict": True,
    "says": "first component",
    "other ways": {
        "in place on the code": lambda model, x: {
            "loss": torch.stack(
                [
                    (model.decode(torch.cat([(z := model.encode(x))[:, :j], 0 * z[:, j:]], 1)) - x).square().mean()
                    for j in range(1, model.code_size + 1)
                ]
            ).mean()
        },
        "sum over k": lambda model, x: {
            "loss": sum(
                (model.decode(model.encode(x) * (torch.arange(model.code_size) < j)) - x).square().mean()
                / model.code_size
                for j in range(1, model.code_size + 1)
            )
        },
    },
    "hints": [
        (loss_with([slice(0, 4)]), "plain reconstruction"),
        (loss_with(FIRST, total=1), "added the errors up"),
        (loss_with(FIRST, total=4 / 36), "summed over the pixels"),
        (loss_with([slice(0, j) for j in range(5)]), "empty code"),
        (loss_with([slice(0, j) for j in range(4)]), "Off by one"),
        (loss_with(FIRST(4)[:3]), "full code is missing"),
        (loss_with([slice(4 - j, 4) for j in range(1, 5)]), "last numbers"),
        (loss_with([[j] for j in range(4)]), "one number at a time"),
        (loss_with([[0, 2], [1]]), "Not the mean error"),
        (loss_with(FIRST, wrap=lambda loss: {"loss": loss.detach()}), "No gradient reaches the model"),
        (loss_with(FIRST, detach=True), "No gradient reaches the encoder"),
        (loss_with(FIRST, wrap=lambda loss: {"loss": loss.expand(2)}), "one number"),
    ],
    "mutants": {
        "detached for j > 1": half_detached(first_in_the_graph),
        "detached for j < k": half_detached(last_in_the_graph),
        "earlier numbers detached": half_detached(earlier_numbers_detached),
        "half of the gradient": half_detached(half_of_the_gradient),
        "codes of four": code_of_four,
        "twice": loss_with(FIRST, wrap=lambda loss: {"loss": 2 * loss}),
        "sign": loss_with(FIRST, wrap=lambda loss: {"loss": -loss}),
        "root": loss_with(FIRST, wrap=lambda loss: {"loss": loss.sqrt()}),
        "one more": loss_with(FIRST, total=5),
        "without the first": loss_with(lambda k: [slice(0, j) for j in range(2, k + 1)]),
        "gradient reversed": loss_with(FIRST, wrap=lambda loss: {"loss": 2 * loss.detach() - loss}),
        "one j only": loss_with(lambda k: [slice(0, 2)]),
        "decoder detached": lambda model, x: {
            "loss": (t := loss_with(FIRST)(model, x)["loss"]).detach()
            + (s := (model.encode(x) ** 2).mean())
            - s.detach()
            + 0 * t.detach()
        },
    },
}
