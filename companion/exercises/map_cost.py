"""Checks of the exercises of study 22, on what a map costs."""

from math import log

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same


@check
def check_hours(answer) -> Verdict:
    """Exercise S22.1: 10 seconds for 1,000 points, 40 for 2,000: hours for 60,000."""
    return judge(
        answer,
        right=(10, "Twice the points, four times the seconds: n squared. 60 times the points, 3,600 times 10 seconds."),
        wrong=[
            (36_000, "That is right in seconds. In hours, please."),
            (600, "That is right in minutes. In hours, please."),
            (600 / 3600, "You let the seconds grow like n. From 1,000 to 2,000 points they grew fourfold."),
            (40 * 60 / 3600, "You multiplied the 40 seconds by 60: they belong to 2,000 points, and n squared counts."),
            (40, "You started from 40 seconds: they belong to 2,000 points, and 60,000 are 30 times as many."),
            (60, "From 1,000 to 60,000 points: 60 squared times 10 seconds."),
        ],
        otherwise="By what factor do the seconds grow for twice the points, and so for 60 times the points?",
        tol=0.05,
    )


@check
def check_perplexity(perplexity_of) -> Verdict:
    """Exercise S22.2: rows of shares (N, M) -> the perplexity of each (N,)."""
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
def check_subsample(answer) -> Verdict:
    """Exercise S22.3: thousands of points to draw, so that a kind of one in 10,000 is missed once in twenty."""
    return judge(
        answer,
        right=(
            about(30, 0.5),
            "About three over the share: each draw misses the kind with 0.9999, and 0.9999 to the 30,000th is about 0.05.",
        ),
        wrong=[
            ((29_000, 31_000), "That is right in points. In thousands, please."),
            (about(10, 0.1), "Then you expect one. How often will you have none? About 0.37."),
            (0.5, "Those are 0.05 of 10,000. What is the chance that all draws miss the kind?"),
            (about(9.5, 0.05), "You took 0.95 over the share. The chances of missing multiply, draw by draw."),
            (0.513, "You took the chance the wrong way round: the kind is to be missed with 0.05, not found."),
        ],
        otherwise="Each draw misses the kind with a chance of 0.9999. After how many is the chance of only misses 0.05?",
    )
