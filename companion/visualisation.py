"""Maps: points (N, D) -> their places on a plane (N, 2) or in space (N, 3), t-SNE's objective, and a score."""

from collections.abc import Callable
from math import log
from typing import Any

import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from companion._support.checks import check_labels, check_points, check_positive


def neighbour_accuracy(
    z: Tensor, y: Tensor, z_new: Tensor | None = None, y_new: Tensor | None = None, neighbours: int = 10
) -> float:
    """How often the nearest points of a map vote for the right label: z (N, d), y (N,) -> a share from 0 to 1.

    Without new points, each point of the map is judged by its nearest others (leave one out). With new points
    z_new (M, d), y_new (M,), each of those is judged by the points of the map. In a tie the smaller label wins.

    Args:
        z, y: places on the map, and labels (whole numbers from 0).
        z_new, y_new: places and labels of points that the map was not made from.
        neighbours: how many vote.

    Raises:
        TypeError, ValueError: places are not finite (N, d), labels do not match them in number, only one of z_new
            and y_new is given, or there are not enough points for so many neighbours.

    Source: Cover and Hart, Nearest neighbor pattern classification, 1967.
    """
    _check_votes(z, y, z_new, y_new, neighbours)
    finder = NearestNeighbors(n_neighbors=neighbours).fit(z)
    # (M, neighbours); without z_new, every point of z with itself left out
    nearest = finder.kneighbors(z_new, return_distance=False)
    labels = y.long()[torch.from_numpy(nearest)]
    votes = nn.functional.one_hot(labels).sum(1)  # (M, neighbours, kinds) -> (M, kinds)
    truth = y if y_new is None else y_new
    return (votes.argmax(1) == truth).float().mean().item()


def affinities(x: Tensor, perplexity: float = 30.0) -> Tensor:
    """How much each pair of points are neighbours, in t-SNE's sense: (N, D) -> (N, N), symmetric, with the sum 1.

    Point i shares a weight of 1 among the others by a bell curve of their distance. Its width is found by bisection,
    such that the entropy of the shares is log(perplexity), as if that many neighbours had equal shares.

    Args:
        x: points.
        perplexity: neighbours that count, about; above 1 and below N - 1.

    Raises:
        TypeError, ValueError: ``x`` is not finite (N, D), or ``perplexity`` is out of range.

    Source: van der Maaten and Hinton, Visualizing data using t-SNE, 2008.
    """
    _check_perplexity(perplexity, x)
    # (N, N); infinite, so that no point is its own neighbour
    d = torch.cdist(x, x).square().fill_diagonal_(float("inf"))
    # A factor common to a row cancels in its shares; this one keeps exp from underflow.
    d = d - d.amin(1, keepdim=True)
    # Between which bounds is 1 / (2 sigma^2), (N, 1)? Large means a narrow bell.
    precision = 1 / d.nan_to_num(posinf=0).mean(1, keepdim=True).clamp(min=1e-12)
    low, high = torch.zeros_like(precision), torch.full_like(precision, float("inf"))
    for _ in range(25):
        weights = torch.exp(-precision * d)  # (N, N), 0 on the diagonal
        shares = weights / weights.sum(1, keepdim=True)
        entropy = -torch.xlogy(shares, shares).sum(1, keepdim=True)  # (N, 1)
        too_wide = entropy > log(perplexity)
        low, high = torch.where(too_wide, precision, low), torch.where(too_wide, high, precision)
        # halve the gap between the bounds; as long as there is no upper one, double
        precision = torch.where(high.isinf(), 2 * low, (low + high) / 2)
    return (shares + shares.T) / (2 * len(x))


def tsne_divergence(z: Tensor, p: Tensor) -> Tensor:
    """What t-SNE makes small: map z (N, d), affinities p (N, N) -> KL(p || q) in nats. Reduction: sum over pairs.

    Raises:
        ValueError: ``p`` is not (N, N) for the N points of ``z``.

    Source: van der Maaten and Hinton, 2008.
    """
    _check_pairs(z, p)
    d = (z.unsqueeze(1) - z).square().sum(2)  # (N, 1, d) - (N, d) -> (N, N, d) -> (N, N)
    weights = (1 - torch.eye(len(z), device=z.device)) / (1 + d)  # 0 on the diagonal
    q = (weights / weights.sum()).clamp(min=1e-12)
    return (torch.xlogy(p, p) - p * q.log()).sum()


def neighbour_embedding(perplexity: float = 10.0) -> Callable[[Any, Tensor], dict[str, Tensor]]:
    """The objective of a parametric t-SNE, to be passed to ``fit``: x -> z -> KL of the batch's affinities, in nats.

    Only ``model.encode`` is used; a decoder, if there is one, stays untrained. Affinities are those within a batch, so
    take large batches; each must hold more than ``perplexity`` + 1 images.

    Raises:
        ValueError: ``perplexity`` is not above 1, or too large for a batch.

    Source: van der Maaten, Learning a parametric embedding by preserving local structure, 2009.
    """
    if not isinstance(perplexity, int | float) or not 1 < perplexity < float("inf"):
        raise ValueError(f"perplexity is {perplexity!r}; expected a number above 1.")

    def loss_fn(model: Any, x: Tensor) -> dict[str, Tensor]:
        p = affinities(x.flatten(1), perplexity)  # (B, C, H, W) -> (B, C*H*W) -> (B, B)
        return {"loss": tsne_divergence(model.encode(x), p)}

    return loss_fn


def _check_votes(z, y, z_new, y_new, neighbours) -> None:
    """Raise unless ``neighbours`` points of a map can vote, on its own points or on new ones."""
    check_points(z)
    check_labels(y, z)
    check_positive(neighbours, "neighbours", whole=True)
    if y.min() < 0:
        raise ValueError(f"y has labels from {int(y.min())} on; expected none below 0.")
    if (z_new is None) != (y_new is None):
        raise ValueError("only one of z_new and y_new is given; expected both, or neither.")
    if z_new is not None:
        check_points(z_new, "z_new")
        check_labels(y_new, z_new, "y_new")
        if z_new.shape[1] != z.shape[1]:
            columns = f"z_new has {z_new.shape[1]} columns and z has {z.shape[1]}"
            raise ValueError(f"{columns}; expected one map.")
    if len(z) <= neighbours:
        raise ValueError(f"z has {len(z)} points; expected more than neighbours, {neighbours}.")


def _check_perplexity(perplexity, x) -> None:
    """Raise unless each point of ``x`` (N, D) can have ``perplexity`` neighbours that count."""
    check_points(x, "x")
    is_number = isinstance(perplexity, int | float) and not isinstance(perplexity, bool)
    if not is_number or not 1 < perplexity < len(x) - 1:
        wanted = f"a number above 1 and below N - 1 = {len(x) - 1}"
        raise ValueError(f"perplexity is {perplexity!r}; expected {wanted}.")


def _check_pairs(z: Tensor, p: Tensor) -> None:
    """Raise unless ``p`` is (N, N) for the N points of ``z``."""
    if z.ndim != 2 or p.shape != (len(z), len(z)):
        shapes = f"z has shape {tuple(z.shape)} and p {tuple(p.shape)}"
        raise ValueError(f"{shapes}; expected (N, d) and (N, N).")
