"""Checks of the exercises of chapter 9."""

import torch
from sklearn.datasets import make_blobs
from torch import Tensor
from torch.nn.functional import one_hot

from companion.exercises._verdict import NO_RETURN, Verdict, Wrong, about, call, check, judge, must_be_one_number


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
def check_reports(answer) -> Verdict:
    """Exercise 9.2: of four reports on maps of digits, the one whose conclusion is sound."""
    return judge(
        answer,
        right=("B", "The same old digits, the same new ones, and neither map was fitted to what it is judged on."),
        wrong=[
            ("A", "The one is judged on digits that it was fitted to, the other on new ones. Which does that favour?"),
            ("C", "What became of a gap of nine to one on t-SNE's map?"),
            ("D", "What did t-SNE draw of pure noise at this perplexity?"),
        ],
    )


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
def check_vote(vote) -> Verdict:
    """Exercise 9.4: a map z (N, 2), labels y (N,), k -> the share of points whose k nearest others vote for their label."""
    verdict = NO_RETURN
    for seed, k in ((1192, 5), (1265, 2), (172, 1)):
        z, y = _labelled(seed)
        found = call(vote, z, y, k)
        must_be_one_number(found, ", the share of right votes")
        d = torch.cdist(z, z)
        near, first, one_more, far = (
            _votes(d.clone().fill_diagonal_(s), y, n, f)
            for s, n, f in ((torch.inf, k, False), (0, k, False), (0, k + 1, False), (-torch.inf, k, True))
        )
        right_votes = near.argmax(1) == y
        own = near.gather(1, y[:, None])[:, 0]
        verdict = judge(
            found,
            right=(right_votes.float().mean(), "The score of this lesson. It has no notion of anything beyond k."),
            wrong=[
                (
                    (first.argmax(1) == y).float().mean(),
                    "Each point is its own nearest, and votes for itself. Leave it out.",
                ),
                ((one_more.argmax(1) == y).float().mean(), "Each point is among its own voters. Leave it out."),
                ((far.argmax(1) == y).float().mean(), "You ask the farthest points. topk needs largest=False."),
                ((own / k).mean(), "That is the share of single votes for the right label. Let the majority decide."),
                (right_votes.float().sum(), "That is the number of right votes. Divide by the number of points."),
                (100 * right_votes.float().mean(), "As a share, please, not in per cent."),
                ((own > k / 2).float().mean(), "More than half is not needed: the label with the most votes wins."),
                ((own > 0).float().mean(), "One right neighbour is not enough. The label with the most votes wins."),
                (1 - right_votes.float().mean(), "That is the share of wrong votes."),
            ],
            otherwise=f"For {len(z)} points and k = {k} you return {float(found.detach()):.3f}; "
            f"expected {right_votes.float().mean():.3f}.",
        )
    return verdict


@check
def check_shared_neighbours(shared_neighbours) -> Verdict:
    """Exercise 9.6: two maps (N, d) of the same points, k -> the mean share of common nearest neighbours."""
    with_itself = "You compare lists of k + 1, and each point finds itself in both."
    for first, second, k in _pairs_of_maps():
        found = call(shared_neighbours, first, second, k)
        must_be_one_number(found, ", the mean over the points")
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


def _labelled(seed: int) -> tuple[Tensor, Tensor]:
    """A map (70, 2) of four kinds that overlap, and their labels: 0, 1, 2 and 5."""
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(4, (70,), generator=g)
    middles = 2 * torch.randn(4, 2, generator=g)
    return middles[y] + torch.randn(70, 2, generator=g), torch.tensor([0, 1, 2, 5])[y]


def _votes(d: Tensor, y: Tensor, k: int, largest: bool) -> Tensor:
    """Distances (N, N), labels (N,) -> how many of the k nearest (or farthest) have each label, (N, labels)."""
    return one_hot(y[d.topk(k, largest=largest).indices]).sum(1)
