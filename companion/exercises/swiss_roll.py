"""Checks of the exercises of study 12, on the Swiss roll."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, call, check, judge, must_be_one_number, right


@check
def check_spoiled(answer) -> Verdict:
    """Exercise S12.1: which change of the roll can spoil distances that are measured from neighbour to neighbour."""
    return judge(
        answer,
        right=("C", "Layers that come near each other offer shortcuts, and a single one is enough."),
        wrong=[
            ("A", "Distances do not change when the roll is turned. Nor do neighbours."),
            ("B", "The sheet is larger, but as densely covered, and its layers are as far apart. No shortcut opens."),
            ("D", "More points make steps shorter. The way along the sheet is measured better."),
        ],
    )


@check
def check_belt(answer) -> Verdict:
    """Exercise S12.2: how far apart the penalty puts neighbours of three points of a belt that it lays on a line."""
    return judge(
        answer,
        right=(2 / 3, "Two pairs too near by a third, and one too far by a third: a belt cannot be laid on a line."),
        wrong=[
            (1, "Then two distances are right, and the third is 2 in place of 1: a penalty of 1. Less is possible."),
            (0.5, "Then the ends are right, and both neighbours too near: a penalty of a half. Less is possible."),
            (4 / 3, "That is how far apart the ends are. How far apart are neighbours?"),
            (1 / 3, "That is by how much each distance is wrong. How far apart are neighbours?"),
            (0.75, "You counted the pair of the ends once too little, or a neighbours' pair once too much."),
        ],
        otherwise="Put the points at -a, 0 and a. Two distances are a, the third is 2a, and all should be 1.",
        tol=0.005,
    )


@check
def check_straightness(straightness) -> Verdict:
    """Exercise S12.3: (codes z (N, k), arc lengths s (N,)) -> R^2 of the linear regression of s on z, one number."""
    for seed, k in ((0, 2), (1, 3)):
        z, s = _codes(seed, k)
        found = call(straightness, z, s)
        must_be_one_number(found)
        columns = z.double()
        judge(
            found,
            right=(torch.tensor(_r2(columns, s)), ""),
            wrong=[
                (_r2(columns, s, constant=False), "Your line goes through 0. Add a column of ones, or centre both."),
                (1 - _r2(columns, s), "That is the share that the line leaves unexplained. Take it from 1."),
                (
                    _r2(columns[:, :1], s),
                    "You used the first number of the code only. The line may run along any direction.",
                ),
                (
                    max(_r2(columns[:, i : i + 1], s) for i in range(k)),
                    "You tried one number at a time. Use them together.",
                ),
                (_r2(columns, s) ** 0.5, "That is a correlation. Square it."),
            ],
            otherwise="Not the share of the variance of s that the best line explains.",
        )
    return right("One minus what the best line leaves, by what the mean leaves. A turned code scores the same.")


def _codes(seed: int, k: int) -> tuple[Tensor, Tensor]:
    """Correlated codes (60, k) that are not centred, and a quantity (60,) that they explain in part."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(60, k, generator=generator) @ torch.randn(k, k, generator=generator) + 3
    return z, 20 + z.sum(1) + 2 * z[:, -1] + 2 * torch.randn(60, generator=generator)


def _r2(z: Tensor, s: Tensor, constant: bool = True) -> float:
    """The share of the variance of s that a line in z explains."""
    s = s.double()[:, None]
    if constant:
        z = torch.cat([z, torch.ones_like(z[:, :1])], 1)
    left = s - z @ torch.linalg.lstsq(z, s).solution
    return 1 - (left.square().mean() / s.var(correction=0)).item()
