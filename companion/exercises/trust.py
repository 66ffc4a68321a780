"""Checks of the exercises of study 21, on what a map can be trusted with."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, right


@check
def check_continuity(answer) -> Verdict:
    """Exercise S21.1: continuity with k = 1 of five points on a line."""
    return judge(
        answer,
        right=(1 - 5 / 15, "Four friends sent away, to the ranks 2, 2, 2 and 3: they cost 5, and 1 - 5 / 15 = 0.667."),
        wrong=[
            (0.6, "That is the trustworthiness. Take each point's nearest in the data, and its rank on the map."),
            (5, "That is the sum of the charges. It still has to be scaled, and taken from 1."),
            (5 / 15, "Continuity is what the charges leave of 1, and a friend of rank 2 is charged 1, not 2."),
            (1 / 5, "That is the share of points whose nearest in the data is nearest on the map. Ranks count."),
            (1 - 5 / 30, "The factor has a 2 above the line."),
            (1 - 5 / 25, "Look at the factor again: with N = 5 and k = 1, what is 2 N - 3 k - 1?"),
            (1 - 4 / 15, "Four points have lost their friend. But one of the four costs more than 1."),
        ],
        otherwise="Continuity lies between 0 and 1. For each point: who is nearest in the data, and which rank has it on "
        "the map?",
        tol=0.004,
    )


@check
def check_shuffle(shuffle_columns) -> Verdict:
    """Exercise S21.2: data (N, D) -> the same shape, each column in an order of its own, new at each call."""
    g = torch.Generator().manual_seed(0)
    x = torch.randperm(240, generator=g).view(60, 4).float()  # no value twice
    first = _shuffled(call(shuffle_columns, x), x)
    again = call(shuffle_columns, x)
    if torch.equal(again, first):
        raise Wrong("Two calls return the same. Draw the orders anew each time, without a seed of your own.")
    orders = _orders(first, x)  # (60, 4): from which row each value comes
    if (orders == torch.arange(60)[:, None]).all(0).any():
        raise Wrong("A column stands as it was. Shuffle each of them.")
    if any(torch.equal(orders[:, i], orders[:, j]) for i in range(4) for j in range(i)):
        raise Wrong("Columns move together, so what joins them survives. Each needs an order of its own.")
    for rule in (first, again):
        steps = _orders(rule, x).diff(dim=0).remainder(60)
        if (steps == steps[:1]).float().mean(0).max() > 0.5:
            raise Wrong("The rows of a column keep their order, turned round or begun elsewhere. Draw one at random.")
    return right(
        "The same values column by column, and nothing that joins them: what still makes islands is the method."
    )


def _shuffled(found: Tensor, x: Tensor) -> Tensor:
    """The result, if each of its columns holds the values that it should."""
    if found.shape != x.shape:
        raise Wrong(f"For data (60, 4) you return the shape {tuple(found.shape)}; expected (60, 4).")
    found = found.detach().float()
    if torch.equal(found.sort(0).values, x.sort(0).values):
        if torch.equal(found, x.sort(0).values):
            raise Wrong("You sort each column. Then small values stand with small ones, and that joins them.")
        return found
    if torch.equal(found.sort(1).values, x.sort(1).values):
        raise Wrong("You shuffle within each row. Shuffle within each column.")
    if torch.equal(found.flatten().sort().values, x.flatten().sort().values):
        raise Wrong("Values change columns. Each column must keep its own.")
    raise Wrong("A column does not hold the same values as before, each once.")


def _orders(found: Tensor, x: Tensor) -> Tensor:
    """(N, D): the row of ``x`` from which each value comes."""
    return (found[:, None] == x).int().argmax(1)  # (N, 1, D) == (N, D) -> (N, N, D) -> (N, D)
