"""Checks of the exercises of study 17, on thresholds and what they cost."""

import torch
from scipy.stats import beta

from companion.anomaly import threshold_rank
from companion.exercises._verdict import Verdict, about, call, check, judge, must_be_one_number


@check
def check_fewest_flagged(answer) -> Verdict:
    """Exercise S17.1: the fewest of 1,000 cases that Benjamini and Hochberg can flag at q = 0.1 with 199 held out."""
    return judge(
        answer,
        right=(50, "No p-value is below 1/200, and 0.1 * k / 1,000 reaches that at k = 50."),
        wrong=[
            (
                1,
                "A single case needs a p-value of at most 0.1 / 1,000. What is the smallest that 199 held-out scores give?",
            ),
            ([0.005, 1 / 199], "That is the smallest p-value. For which k does 0.1 * k / 1,000 reach it?"),
            ([20, 19.9], "You left out the 1,000: the k-th smallest is compared with 0.1 * k / 1,000."),
            (5, "That is k for q = 1. Here q is 0.1."),
            (100, "That is q times the number of cases, where no held-out score counts."),
            ([49, 51], "Nearly. The smallest p-value is 1/200, and equality is enough."),
            (0, "It may flag nobody. Asked is the smallest number above 0."),
        ],
        otherwise="Which p-value has a case above all 199? From which k on is 0.1 * k / 1,000 as large?",
        expected="a whole number",
    )


@check
def check_safe_threshold(safe_threshold) -> Verdict:
    """Exercise S17.2: (normal_scores (N,), rate, confidence) -> lowest of them whose true rate is surely at most ``rate``."""
    draw = torch.Generator().manual_seed(0)
    for n, rate, confidence in ((299, 0.01, 0.95), (1000, 0.01, 0.95), (1000, 0.05, 0.9), (400, 0.02, 0.99)):
        scores = 0.5 + 0.01 * torch.randperm(n, generator=draw)
        ranked = scores.sort().values
        found = call(safe_threshold, scores, rate, confidence)
        must_be_one_number(found, ", the threshold")
        k = _safe_rank(n, rate, confidence)
        by_rank = {rank: ranked[rank - 1] for rank in (k - 1, k + 1) if rank <= n}
        verdict = judge(
            found,
            right=(ranked[k - 1], "A higher rank, a surer promise, and fewer anomalies caught: that is the price."),
            wrong=[
                (torch.tensor(float(k)), "That is the rank. Return the score that has it."),
                (scores[k - 1], "The rank is right; the scores have to be sorted first."),
                (
                    ranked[threshold_rank(n, rate) - 1],
                    "That score keeps the rate on average; about every second such threshold has a higher one.",
                ),
                (ranked[-1], "The largest score is safe, and higher than it need be. Find the lowest that is."),
                (
                    ranked[_safe_rank(n, rate, 1 - confidence) - 1],
                    "With that confidence the true rate is above the one asked for. You want it at most that.",
                ),
                (ranked[n - k], "You count from the largest score down. The rank counts from the smallest."),
                *((score, "The next score. Does the rank count from 0 or from 1?") for score in by_rank.values()),
            ],
            otherwise=f"For {n} scores, rate {rate} and confidence {confidence} you return {found.item():.4g}; expected the "
            "score of the smallest rank k for which Beta(n + 1 - k, k) is at most the rate with that confidence.",
            tol=1e-5,
        )
    return verdict


@check
def check_price_of_a_miss(answer) -> Verdict:
    """Exercise S17.3: the price of a miss from which looking at all cases is cheaper than the threshold."""
    return judge(
        answer,
        right=(about(41.5, 0.2), "Looking at all costs 1, the threshold 0.02 m + 0.17: equal at m = 41.5."),
        wrong=[
            (
                about(2.125, 0.1),
                "From that price on the threshold is cheaper than never looking. Where does it lose to looking at all?",
            ),
            (10, "There looking at all costs as much as never looking. Compare it with the threshold."),
            (
                about(41, 0.2),
                "You did not weigh the false alarms: only the nine normal cases in ten can ring for nothing.",
            ),
            (about(45.5, 0.2), "Looking into a real alarm has its price too."),
            (
                about(10.375, 0.2),
                "You pay for the anomalies that are caught. A miss is one that is not: a fifth of them.",
            ),
            (about(4.15, 0.05), "Only one case in ten is an anomaly: a miss costs m times 0.2 times 0.1."),
        ],
        otherwise="Write the cost of a case for both, with m for the price of a miss, and set them equal.",
    )


def _safe_rank(n: int, rate: float, confidence: float) -> int:
    return next(k for k in range(1, n + 1) if beta.cdf(rate, n + 1 - k, k) >= confidence)
