"""Checks of the exercises of chapter 9."""

from math import log

import numpy as np
import torch
from sklearn.datasets import make_blobs
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, right, same, shown

_NAMES = ("PCA", "autoencoder", "VAE", "t-SNE", "UMAP", "parametric t-SNE")


@check
def check_ten_times(answer) -> Verdict:
    """Exercise 9.1: 300 points, and 100 points ten times as wide: the second on t-SNE's map is A 10, B 1, C 1/2, D 1/10."""
    return judge(
        answer,
        right=(
            "C",
            "Each bell is as wide as it takes to reach about 30 neighbours: the widths in the data are divided out. What "
            "is left is the number of points, and a third of the points get about half the width.",
        ),
        wrong=[
            ("A", "That is what PCA shows. How does each point choose the width of its bell?"),
            ("B", "Right, the widths in the data do not count. But are there as many points in both clouds?"),
            ("D", "Nothing turns the widths round. They are divided out; what else differs between the two clouds?"),
        ],
    )


@check
def check_tomorrow(answer) -> Verdict:
    """Exercise 9.2: the set of methods that place a new digit without being fitted again."""
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if not isinstance(answer, set | frozenset | list | tuple) or not all(isinstance(name, str) for name in answer):
        raise Wrong(f'You answered {shown(answer)}; expected a set of names, such as {{"PCA", "t-SNE"}}.')

    def plain(name: str) -> str:
        return name.lower().replace("-", "").replace(" ", "")

    by_lower = {plain(name): name for name in _NAMES}
    unknown = sorted(name for name in answer if plain(name) not in by_lower)
    if unknown:
        raise Wrong(f"{shown(unknown[0])} is none of the six names: {', '.join(_NAMES)}.")
    given = {by_lower[plain(name)] for name in answer}
    if "t-SNE" in given:
        raise Wrong("t-SNE moves the places themselves. Which function would you call with the new digit?")
    missing = [name for name in _NAMES if name != "t-SNE" and name not in given]
    if not missing:
        return right(
            "All but t-SNE: it has places for its own points and no rule for others. PCA and the networks are "
            "formulas; UMAP keeps its training points, and looks for the new one's neighbours among them."
        )
    if "parametric t-SNE" in missing:
        raise Wrong("Parametric t-SNE has t-SNE's loss. But what computes the places?")
    if "UMAP" in missing:
        raise Wrong("Look again at how the section on new digits placed them on UMAP's map.")
    raise Wrong(f"One is missing that has an encode function: {len(missing)} of the right names are not in your set.")


@check
def check_trust_by_hand(answer) -> Verdict:
    """Exercise 9.3: trustworthiness with k = 1 of five points on a line."""
    return judge(
        answer,
        right=(about(0.6, 0.002), "Four intruders, of the ranks 2, 2, 2 and 4: they cost 6, and 1 - 6 / 15 = 0.6."),
        wrong=[
            (
                1 - 5 / 15,
                "That is the continuity: you looked for the neighbours in the data, and for their ranks on the map.",
            ),
            (1 - 10 / 15, "You charged each intruder its rank. It costs the rank less k."),
            (6 / 15, "That is the charge. Trustworthiness is what is left of 1."),
            (
                1 / 5,
                "That is the share of points whose nearest neighbour is right. Intruders are charged by their rank.",
            ),
            (6, "That is the sum of the charges. It still has to be scaled, and taken from 1."),
            (1 - 6 / 30, "The factor has a 2 above the line."),
            (1 - 6 / 25, "Look at the factor again: with N = 5 and k = 1, what is 2 N - 3 k - 1?"),
            (1 - 4 / 15, "Four points have an intruder. But one of the four costs more than 1."),
        ],
        otherwise="Trustworthiness lies between 0 and 1. For each point: who is nearest on the map, and which rank has it in the "
        "data?",
        tol=0.004,
    )


@check
def check_perplexity(perplexity_of) -> Verdict:
    """Exercise 9.4: rows of shares (N, M) -> the perplexity of each (N,)."""
    shares = torch.tensor(
        [
            [0.25, 0.25, 0.25, 0.25],
            [0.5, 0.5, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.7, 0.1, 0.1, 0.1],
            [0.4, 0.3, 0.2, 0.1],
        ]
    )
    found = call(perplexity_of, shares)
    if found.shape == (5, 1):
        raise Wrong("You return the shape (5, 1) for five rows; expected (5,).")
    if found.shape != (5,):
        raise Wrong(f"For 5 rows of 4 shares you return the shape {tuple(found.shape)}; expected (5,), one a row.")
    if not found.isfinite().all():
        raise Wrong("Some rows give NaN or infinity: 0 times log 0 has to count as 0. Look at torch.xlogy.")
    entropy = -torch.xlogy(shares, shares).sum(1)
    truth = entropy.exp()
    at = int((found.detach() - truth).abs().gt(1e-3).float().argmax())  # the first row that is off
    verdict = judge(
        found,
        right=(truth, "Four equal shares count as 4 neighbours, two as 2, one as 1; uneven shares lie in between."),
        wrong=[
            (entropy, "That is the entropy. Perplexity is exp of it."),
            (-entropy, "That is minus the entropy. Perplexity is exp of the entropy."),
            (1 / truth, "You have the sign of the entropy turned round: log of a share is negative."),
            (2**entropy, "You raise 2 to an entropy in nats. The base of the two must be the same."),
            ((entropy / log(2)).exp(), "An entropy in bits needs 2 to the power of it, not exp."),
            ((shares > 0).sum(1), "You count the shares above 0. A small share counts less than a large one."),
            (
                1 / shares.square().sum(1),
                "1 / sum of squares is another effective number. Perplexity is exp of the entropy.",
            ),
            (truth / 4, "You divide by the number of shares. Four equal ones count as 4."),
        ],
        otherwise=f"For the shares {[round(v, 2) for v in shares[at].tolist()]} you return {found[at]:.3g}; "
        f"expected {truth[at]:.3g}.",
    )
    wide = torch.tensor([[1.0, 1, 1, 1, 1, 1], [0, 3, 0, 2, 1, 0]]) / 6  # more columns than rows: a mean is no sum
    if not same(call(perplexity_of, wide), (-torch.xlogy(wide, wide).sum(1)).exp()):
        raise Wrong("Right for rows of 4 shares, but not for rows of 6. Does your code hold a 4, or a 5?")
    return verdict


@check
def check_shared_neighbours(shared_neighbours) -> Verdict:
    """Exercise 9.6: two maps (N, d) of the same points, k -> the mean share of common nearest neighbours."""
    with_itself = "You compare lists of k + 1, and each point finds itself in both."
    for first, second, k in _pairs_of_maps():
        found = call(shared_neighbours, first, second, k)
        if found.numel() != 1:
            raise Wrong(f"You return the shape {tuple(found.shape)}; expected one number, the mean over the points.")
        near_a, near_b = _nearest(first, k), _nearest(second, k)
        truth = (near_a & near_b).sum(1).float().mean() / k
        with_self = (_nearest(first, k, itself=True) & _nearest(second, k, itself=True)).sum(1).float().mean() / k
        far = (_nearest(-first, k, farthest=True) & _nearest(-second, k, farthest=True)).sum(1).float().mean() / k
        union = ((near_a & near_b).sum(1) / (near_a | near_b).sum(1)).mean()
        places = (_order(first, k) == _order(second, k)).float().mean()
        verdict = judge(
            found,
            right=(
                truth,
                "It does not change when a map is turned, mirrored, moved or scaled, since only the order of distances "
                "counts.",
            ),
            wrong=[
                (
                    with_self,
                    "Each point finds itself as its nearest neighbour, and that one is always shared. Leave it out.",
                ),
                (truth + 1 / k, f"{with_itself} Leave it out of both lists."),
                ((truth * k + 1) / (k + 1), f"{with_itself} Leave it out of both lists, and divide by k."),
                (truth * k, "That is the mean number of shared neighbours. Divide by k."),
                (truth * k * len(first), "That is the number of shared neighbours of all points together."),
                (100 * truth, "As a share, please, not in per cent."),
                (1 - truth, "That is the share that the two maps do not have in common."),
                (far, "You compare the farthest points. topk needs largest=False."),
                (union, "You divide by the neighbours on either map. Divide by k."),
                (
                    places,
                    "You compare the lists place by place. A neighbour counts wherever it stands in the other list.",
                ),
            ],
            otherwise=f"For two maps of {len(first)} points and k = {k} you return {found.item():.3g}; expected {truth:.3g}.",
        )
    return verdict


def _pairs_of_maps(seed: int = 354) -> list[tuple[Tensor, Tensor, int]]:
    """Two maps and a k each. No point is nearly as far as the k-th neighbour: rounding cannot choose another list."""
    g = torch.Generator().manual_seed(seed)
    a, other, small, smaller = (torch.randn(n, 2, generator=g) for n in (40, 40, 25, 25))
    turned = 3 * a @ torch.tensor([[0.6, 0.8], [-0.8, 0.6]]) + 5
    b = a + 0.4 * other
    return [(a, b, 5), (a, other, 8), (a, turned, 5), (b, a, 1), (small, small + 0.3 * smaller, 3)]


@check
def check_place(place) -> Verdict:
    """Exercise 9.5: map z (N, 2), data x (N, D), new x_new (M, D), k -> places (M, 2): means of the neighbours' places."""
    z, x, x_new = _map_and_data()
    for k in (4, 1):
        found = call(place, z, x, x_new, k)
        if found.shape != (7, 2):
            raise Wrong(f"For 7 new points you return the shape {tuple(found.shape)}; expected (7, 2).")
        distances = torch.cdist(x_new, x)
        nearest = distances.topk(k, largest=False).indices  # (7, k)
        verdict = judge(
            found,
            right=(
                z[nearest].mean(1),
                "A rule for t-SNE's map, as costly as the data's neighbours, since it needs all the data. How good it is hangs "
                "on k: a mean of places can lie where none of the neighbours does. The cell below measures it.",
            ),
            wrong=[
                (z[nearest].sum(1), "You add the places up. Take their mean."),
                (
                    z[nearest].median(1).values,
                    "That is the median, which is a good idea, and another exercise. Take the mean.",
                ),
                (z[distances.topk(k).indices].mean(1), "You use the farthest points. topk needs largest=False."),
                (z[nearest[:, 0]], "You use the nearest point only. There are k of them."),
                (z.mean(0).expand(7, 2), "You put every new point at the middle of the map."),
                (x[nearest].mean(1)[:, :2], "You average the neighbours' data. Average their places on the map."),
            ],
            otherwise="The places are not the means of the neighbours' places. Look for the neighbours in the data, x.",
        )
    return verdict


def _map_and_data(seed: int = 80) -> tuple[Tensor, Tensor, Tensor]:
    """A map, its data and new data, with no point nearly as far as the first or the fourth neighbour."""
    points, _ = make_blobs(60, 5, centers=4, random_state=0)
    x = torch.from_numpy(points).float()
    g = torch.Generator().manual_seed(seed)
    return torch.randn(60, 2, generator=g), x, x[:7] + 0.5 * torch.randn(7, 5, generator=g)


def _nearest(z: Tensor, k: int, *, itself: bool = False, farthest: bool = False) -> Tensor:
    """(N, N) of truth values: is j among the k nearest (or farthest) points of i?"""
    d = torch.cdist(z, z)
    if not itself:
        d.fill_diagonal_(-1.0 if farthest else float("inf"))
    near = torch.zeros(d.shape, dtype=torch.bool)
    return near.scatter(1, d.topk(k, largest=farthest).indices, True)


def _order(z: Tensor, k: int) -> Tensor:
    """(N, k): the k nearest points of each, in order."""
    return torch.cdist(z, z).fill_diagonal_(float("inf")).topk(k, largest=False).indices
