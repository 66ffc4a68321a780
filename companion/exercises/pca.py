"""Checks of the exercises of chapter 5."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, judge_gradient, right, terms_of
from companion.pca import LinearAutoencoder


@check
def check_dropped(answer) -> Verdict:
    """Exercise 5.1: the squared error of PCA with 2 numbers, where the variances are 6, 3, 2, 1.5, 1 and 0.5."""
    return judge(
        answer,
        right=(5, "The four variances that are dropped add up to the squared error."),
        wrong=[
            (9, "That is the variance that is kept. The error is the variance that is dropped."),
            (14, "That is the total variance: the error of always answering with the mean row."),
            (2, "That is the first variance that is dropped. The ones after it are dropped as well."),
            (1.25, "You averaged the dropped variances. The squared error of a row is a sum over all directions."),
            (5 / 6, "You divided by the number of columns. The squared error per row is a sum over them."),
            (5 / 14, "That is the share of the variance that is lost. The error is the variance itself."),
        ],
        otherwise="Which variances lie along directions that you do not keep? Add them up.",
        tol=0.01,
    )


@check
def check_pca_by_hand(pca_by_hand) -> Verdict:
    """Exercise 5.2: (points (N, D), k) -> the k leading components (k, D), by the eigenvectors of the covariance."""
    for x, k in ((_points(), 3), (_points(), 1), (_points(), 5), (_points(dimensions=4), 2)):
        _refuse_components(call(pca_by_hand, x, k).detach().double(), x, k)
    return right("Centred, ordered by variance, one component a row. scikit-learn finds the same, up to signs.")


def _refuse_components(components: Tensor, x: Tensor, k: int) -> None:
    """End the check if something is wrong with the k components found for points x (N, D)."""
    d = x.shape[1]
    if components.shape != (k, d):
        if components.ndim == 2 and components.shape == (3, d):
            raise Wrong(f"For k = {k} you return 3 components. Use k.")
        hint = " Eigenvectors stand in the columns: transpose." if components.shape == (d, k) else ""
        raise Wrong(
            f"For {k} components of {d} features you return {tuple(components.shape)}; expected ({k}, {d}).{hint}"
        )
    lengths = components.norm(dim=1)
    if not torch.allclose(lengths, torch.ones_like(lengths), atol=1e-3):
        given = ", ".join(f"{v:.2f}" for v in lengths)
        raise Wrong(f"Your components have the lengths {given}; expected 1 each. Rows, not columns?")

    def same_axes(rows: Tensor) -> bool:
        return bool((((components / lengths[:, None]) * rows).sum(1).abs() > 0.9999).all())

    truth = _eigenvectors(x - x.mean(0))
    if same_axes(truth[:k]):
        return
    if same_axes(truth[:k].flip(0)):
        raise Wrong("The right components in the wrong order: the most important comes first.")
    if same_axes(truth.flip(0)[:k]) or same_axes(truth[-k:]):
        raise Wrong("These are the directions of least variance. torch.linalg.eigh sorts its eigenvalues upwards.")
    if same_axes(_eigenvectors(x)[:k]):
        raise Wrong("You forgot to centre: your first component points at the mean of the data.")
    if same_axes(_eigenvectors((x - x.mean(0)) / x.std(0))[:k]):
        raise Wrong("You divided each feature by its standard deviation. That is PCA in other units; leave them here.")
    raise Wrong("Unit vectors, but not the principal components. Centre, then take eigenvectors of the covariance.")


@check
def check_components_needed(components_needed) -> Verdict:
    """Exercise 5.3: (points (N, D), share) -> the smallest number of components that keeps that share of the variance."""
    cases = [(_points(), share) for share in (0.3, 0.6, 0.8, 0.9, 0.95, 0.999)]
    for x, share in (*cases, (_points(dimensions=4), 0.7), (_points(dimensions=4), 0.98)):
        values = torch.linalg.svdvals((x - x.mean(0)).double())
        result = call(components_needed, x, share)
        if result.numel() != 1:
            raise Wrong(f"You return {tuple(result.shape)}; expected one whole number.")
        expected, answered = _needed(values**2, share), f"For a share of {share} you answer {result.item():g}"
        verdict = judge(
            result,
            right=(
                torch.tensor(expected),
                "Squares of the singular values of the centred data, added up until the share is reached.",
            ),
            wrong=[
                (
                    _needed(values, share),
                    "You added up singular values. A variance is their square, up to the number of points.",
                ),
                (_needed(torch.linalg.svdvals(x.double()) ** 2, share), f"{answered}. Did you centre the data?"),
                (expected - 1, f"{answered}: one too few. Python counts from 0."),
                (expected + 1, f"{answered}: one too many; a smaller number keeps that share."),
            ],
            otherwise=f"{answered}; the smallest number that keeps it is another one.",
            tol=0,
        )
    return verdict


@check
def check_report(answer) -> Verdict:
    """Exercise 5.4: which of four comparisons of a network with PCA supports its conclusion."""
    return judge(
        answer,
        right=("D", "Both clipped, on new digits, over several seeds, and the network is not undertrained."),
        wrong=[
            (
                "A",
                "PCA's raw answers leave the range of a pixel. The network, with its sigmoid, cannot. What if you clip?",
            ),
            ("B", "The network has not even fitted its own digits as well as PCA. Has its training finished?"),
            ("C", "On their own digits a network may know each by heart. What does it do with new ones?"),
        ],
    )


@check
def check_wine(answer) -> Verdict:
    """Exercise 5.5: why the first component of the wine table is one column, with nearly all of the variance."""
    return judge(
        answer,
        right=("B", "A variance depends on the unit: the column with the largest numbers has nearly all of it."),
        wrong=[
            ("A", "PCA was not told which wine is which. It looks for variance, and a variance has a unit."),
            ("C", "The table was centred, it says. And the mean would show in every column with large numbers."),
            ("D", "The last component would hold the least variance. This one holds nearly all of it."),
        ],
    )


@check
def check_ordered_loss(ordered_loss) -> Verdict:
    """Exercise 5.6: (model, x) -> {"loss": mean over j = 1..k of the mse with only the first j numbers of the code}."""
    for k, side in ((4, 6), (3, 5)):
        torch.default_generator.manual_seed(k)
        model, x = LinearAutoencoder(k, image_shape=(1, side, side)), torch.rand(8, 1, side, side)
        for layer in (model.encoder[0], model.decoder[0]):
            torch.nn.init.normal_(layer.weight, std=0.5)
        verdict = _judge_ordered(terms_of(ordered_loss, model, x)["loss"], model, x, k)
    return verdict


def _judge_ordered(loss: Tensor, model: LinearAutoencoder, x: Tensor, k: int) -> Verdict:
    """The verdict on the loss of exercise 5.6 for a code of k numbers."""
    z = model.encode(x)

    def error(keep, z: Tensor = z) -> Tensor:
        mask = torch.zeros(k)
        mask[keep] = 1
        return (model.decode(z * mask) - x).square().mean()

    first = torch.stack([error(slice(0, j)) for j in range(k + 1)])  # with the first 0, 1, ..., k numbers
    last = torch.stack([error(slice(k - j, k)) for j in range(1, k + 1)])
    single = torch.stack([error([j]) for j in range(k)])
    truth = first[1:].mean()
    verdict = judge(
        loss,
        right=(
            truth,
            "The first number must do as much as one number can: its direction becomes the first component.",
        ),
        wrong=[
            (x[0].numel() * truth, "You summed over the pixels. Take the mean over them, .square().mean()."),
            (first[k], "That is the plain reconstruction error. Nothing in it tells the first number from the last."),
            (first[1:].sum(), "You added the errors up. Take their mean, so that the loss keeps its scale."),
            (first.mean(), "You counted the empty code too. Start with one number."),
            (first[:k].mean(), f"Off by one: you keep 0 to {k - 1} of the {k} numbers. Keep 1 to {k}."),
            (first[1:k].mean(), f"The full code is missing. Keep 1, 2, ... and all {k} numbers."),
            (last.mean(), "You keep the last numbers of the code, not the first."),
            (single.mean(), "You keep one number at a time. Keep the first j together."),
        ],
        otherwise="Not the mean error over the first 1, 2, ..., k numbers. Set the others to 0 and decode.",
        tol=1e-4,
    )
    without_encoder = torch.stack([error(slice(0, j), z.detach()) for j in range(1, k + 1)]).mean()
    judge_gradient(
        loss,
        truth,
        model,
        wrong=[
            (
                without_encoder,
                "No gradient reaches the encoder. Mask the code; do not copy its numbers into a new tensor.",
            )
        ],
        otherwise="The value of the loss is right, its gradient is not: some of its terms are cut off, as by detach().",
    )
    return verdict


def _points(dimensions: int = 6) -> Tensor:
    """200 points with so many features, far from centred and skewed, each direction with a variance of its own."""
    generator = torch.Generator().manual_seed(5)
    scales = torch.tensor([3.0, 2.0, 1.4, 1.0, 0.6, 0.3])
    d, middle = dimensions, torch.tensor([4.0, 0, 2, -3, 1, 5])
    turn = torch.linalg.qr(torch.randn(d, d, generator=generator)).Q
    skewed = -torch.rand(200, d, generator=generator).clamp(min=1e-6).log()
    return skewed * scales[:d] @ turn + middle[:d]


def _eigenvectors(x: Tensor) -> Tensor:
    """Unit vectors of largest mean square first, one a row."""
    return torch.linalg.svd(x.double(), full_matrices=False).Vh


def _needed(values: Tensor, share: float) -> int:
    """How many of the leading values it takes to reach that share of their sum."""
    kept = values.cumsum(0) / values.sum()
    return int((kept < share - 1e-6).sum()) + 1
