"""A curved sheet in space: the Swiss roll, distances along it, and a penalty that keeps them: points (N, 3) -> code (N, 2)."""

from typing import NamedTuple

import torch
from scipy.sparse.csgraph import shortest_path
from sklearn.datasets import make_swiss_roll
from sklearn.neighbors import kneighbors_graph
from torch import Tensor

from companion._support.checks import check_not_negative, check_positive


class SwissRoll(NamedTuple):
    """Points on a rolled-up sheet, and where on the sheet each of them lies."""

    points: Tensor  # (N, 3), centred, divided by one number so that their overall standard deviation is 1
    arc_length: Tensor  # (N,) along the spiral
    height: Tensor  # (N,) across the sheet


def arc_length(t: Tensor) -> Tensor:
    """Length of the spiral (t cos t, t sin t) from its centre to the angle t in radians: (N,) -> (N,).

    The curve's speed is sqrt(1 + t^2), and this is its integral.
    """
    return (t * torch.sqrt(1 + t**2) + torch.asinh(t)) / 2


def swiss_roll(n: int = 2000, noise: float = 0.05, seed: int = 0) -> SwissRoll:
    """``n`` points on a sheet rolled up in space: -> points (n, 3), arc_length (n,), height (n,).

    Args:
        n: points.
        noise: standard deviation of the noise added to each coordinate, where the roll is about 25 across.
        seed: of scikit-learn's ``make_swiss_roll``, which draws them.

    Raises:
        ValueError: ``n`` is not a whole number above 0, or ``noise`` is below 0.

    Source: Tenenbaum, de Silva and Langford, A global geometric framework for nonlinear dimensionality reduction, 2000.
    """
    check_positive(n, "n", whole=True)
    check_not_negative(noise, "noise")
    points, angle = make_swiss_roll(n, noise=noise, random_state=seed)
    points, angle = torch.from_numpy(points).float(), torch.from_numpy(angle).float()
    height = points[:, 1].clone()
    points = points - points.mean(0)
    return SwissRoll(points / points.std(correction=0).clamp(min=1e-6), arc_length(angle), height)


def graph_distances(points: Tensor, neighbours: int = 10) -> Tensor:
    """Distances along the data, from neighbour to neighbour: points (N, D) -> (N, N), symmetric, with mean 1.

    Each point is joined to its nearest neighbours; the distance of two points is the length of the shortest path.

    Raises:
        ValueError: ``points`` is not (N, D) with more points than ``neighbours``, or the graph falls into parts.

    Source: Tenenbaum, de Silva and Langford, 2000 (the first two steps of Isomap).
    """
    check_positive(neighbours, "neighbours", whole=True)
    if points.ndim != 2 or len(points) <= neighbours:
        raise ValueError(
            f"points has shape {tuple(points.shape)}; expected (N, D), with N above neighbours, {neighbours}."
        )
    graph = kneighbors_graph(points.double().numpy(), neighbours, mode="distance")
    distances = torch.from_numpy(shortest_path(graph, directed=False)).float()
    if distances.isinf().any():
        raise ValueError(
            f"the graph of {neighbours} neighbours falls into parts that no path joins. "
            "Raise neighbours, or take one part of the points."
        )
    return distances / distances.mean()


def distance_penalty(z: Tensor, distances: Tensor) -> Tensor:
    """How far the codes' distances are from those wanted: codes (B, k), distances (B, B) -> scalar.

    Reduction: mean over all B * B pairs of the squared difference.

    Raises:
        ValueError: ``distances`` is not (B, B).
    """
    if z.ndim != 2 or distances.shape != (len(z), len(z)):
        raise ValueError(
            f"z has shape {tuple(z.shape)} and distances {tuple(distances.shape)}; "
            "expected (B, k) and (B, B). "
            "Of a batch with indices i, the distances are distances[i][:, i]."
        )
    return (torch.cdist(z, z) - distances).square().mean()
