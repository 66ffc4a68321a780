"""The study on thresholds: right answers to each exercise, hints for typical mistakes, mutants; what the answers rest on."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, binom

from companion.anomaly import cost, threshold_rank


def at_rank(rank):
    """The score that has the rank: (n, rate, confidence) -> rank becomes (scores, rate, confidence) -> score."""
    return lambda scores, rate, confidence: scores.sort().values[int(rank(len(scores), rate, confidence)) - 1]


def safe_rank(n, rate, confidence):
    return next(k for k in range(1, n + 1) if beta.cdf(rate, n + 1 - k, k) >= confidence)


def by_counting(n, rate, confidence):
    """At most n - k of the n draws lie above the score that a share ``rate`` of all lies above."""
    return next(k for k in range(1, n + 1) if binom.cdf(n - k, n, rate) <= 1 - confidence)


def downwards(n, rate, confidence):
    k = n
    while k > 1 and beta.cdf(rate, n + 2 - k, k - 1) >= confidence:
        k -= 1
    return k


def at_once(n, rate, confidence):
    k = np.arange(1, n + 1)
    return np.argmax(beta.cdf(rate, n + 1 - k, k) >= confidence) + 1


def test_a_safe_rank_is_safe_by_counting_uniform_numbers():
    draw = torch.Generator().manual_seed(0)
    sets = torch.rand(4000, 299, generator=draw)  # each number: the share of normal scores above a normal score
    assert (sets.min(1).values <= 0.01).float().mean().item() == pytest.approx(0.95, abs=0.015)
    assert safe_rank(299, 0.01, 0.95) == 299
    with pytest.raises(StopIteration):
        safe_rank(298, 0.01, 0.95)


def test_at_the_price_of_a_miss_both_bills_are_equal():
    at_the_threshold = cost(0.8, 0.1, 0.1, miss=41.5, check=1)
    assert at_the_threshold == pytest.approx(cost(1, 1, 0.1, miss=41.5, check=1))


EXERCISES = {}

EXERCISES["check_fewest_flagged"] = {
    "right": 50,
    "says": "k = 50",
    "hints": [
        (1, "A single case"),
        (0.005, "smallest p-value"),
        (20, "left out the 1,000"),
        (5, "q = 1"),
        (100, "no held-out score counts"),
        (49, "equality is enough"),
        (51, "equality is enough"),
        (0, "flag nobody"),
        (200, "You answered 200"),
    ],
}

EXERCISES["check_safe_threshold"] = {
    "right": at_rank(safe_rank),
    "says": "surer promise",
    "other ways": {
        "by the binomial law": at_rank(by_counting),
        "downwards": at_rank(downwards),
        "at once": at_rank(at_once),
        "a number": lambda *a: at_rank(safe_rank)(*a).item(),
        "kthvalue": lambda s, rate, confidence: s.kthvalue(safe_rank(len(s), rate, confidence)).values,
        "NumPy": lambda s, rate, confidence: np.sort(s.numpy())[safe_rank(len(s), rate, confidence) - 1],
    },
    "hints": [
        (lambda s, rate, confidence: safe_rank(len(s), rate, confidence), "That is the rank"),
        (lambda s, rate, confidence: s[safe_rank(len(s), rate, confidence) - 1], "sorted first"),
        (at_rank(lambda n, rate, confidence: threshold_rank(n, rate)), "on average"),
        (at_rank(lambda n, rate, confidence: n), "higher than it need be"),
        (at_rank(lambda n, rate, confidence: safe_rank(n, rate, 1 - confidence)), "above the one asked for"),
        (at_rank(lambda n, rate, confidence: n + 1 - safe_rank(n, rate, confidence)), "from the largest score down"),
        (at_rank(lambda *a: safe_rank(*a) - 1), "from 0 or from 1"),
        (at_rank(lambda n, *a: min(n, safe_rank(n, *a) + 1)), "from 0 or from 1"),
        (lambda s, rate, confidence: s, "one number"),
        (lambda s, rate, confidence: 0.123, "you return 0.123"),
    ],
    "mutants": {
        "arguments of the law exchanged": at_rank(
            lambda n, rate, confidence: next(
                (k for k in range(1, n + 1) if beta.cdf(rate, k, n + 1 - k) >= confidence), n
            )
        ),
        "law of n - 1": at_rank(
            lambda n, rate, confidence: next((k for k in range(1, n) if beta.cdf(rate, n - k, k) >= confidence), n)
        ),
        "at 95 % always": at_rank(lambda n, rate, confidence: safe_rank(n, rate, 0.95)),
        "at 1 % always": at_rank(lambda n, rate, confidence: safe_rank(n, 0.01, confidence)),
        "of the 299 of the page": lambda s, rate, confidence: s.max(),
        "half of what is left for doubt": at_rank(
            lambda n, rate, confidence: next(
                (k for k in range(1, n + 1) if beta.cdf(rate, n + 1 - k, k) >= (1 + confidence) / 2), n
            )
        ),
        "quantile": lambda s, rate, confidence: s.quantile(1 - rate),
        "quantile at the confidence": lambda s, rate, confidence: s.quantile(confidence),
        "between two scores": lambda *a: at_rank(safe_rank)(*a) - 0.005,
        "sign": lambda *a: -at_rank(safe_rank)(*a),
    },
}

EXERCISES["check_price_of_a_miss"] = {
    "right": 41.5,
    "says": "m = 41.5",
    "hints": [
        (2.125, "never looking"),
        (10, "as much as never looking"),
        (41, "did not weigh"),
        (45.5, "real alarm"),
        (10.375, "A miss is one that is not"),
        (4.15, "one case in ten"),
        (100, "You answered 100"),
    ],
}
