"""Study 18: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import numpy as np
import pytest
import torch

from companion.exercises import scores as exercises


def shares(n, a):
    pairs = (a[:, None] > n).double() + (a[:, None] == n).double() / 2
    return pairs.mean(1), pairs.mean(0)


def variance(n, a):
    of_anomaly, of_normal = shares(n, a)
    return of_anomaly.var() / len(a) + of_normal.var() / len(n)


def by_loops(n, a):
    n, a = n.tolist(), a.tolist()
    pairs = [[(x > y) + 0.5 * (x == y) for y in n] for x in a]
    return np.var(np.mean(pairs, 1), ddof=1) / len(a) + np.var(np.mean(pairs, 0), ddof=1) / len(n)


def test_the_variance_is_what_other_test_cases_would_give():
    torch.manual_seed(0)
    draws = [(torch.randn(60), 1 + torch.randn(90)) for _ in range(2000)]
    aucs = torch.stack([shares(n, a)[0].mean() for n, a in draws])
    expected = torch.stack([variance(n, a) for n, a in draws]).mean()
    assert aucs.var().item() == pytest.approx(expected.item(), rel=0.12)


def test_the_middle_is_392_nats_denser_than_a_draw():
    torch.manual_seed(0)
    law = torch.distributions.Normal(0.0, 1.0)
    drawn = law.log_prob(torch.randn(4000, 784)).sum(1).mean()
    middle = law.log_prob(torch.zeros(784)).sum()
    assert (middle - drawn).item() == pytest.approx(392, abs=2)
    assert exercises.check_blank_nats(784 / 2).ok


EXERCISES = {}

EXERCISES["check_two_intervals"] = {
    "right": "C",
    "says": "one seed",
    "hints": [
        ("A", "share their luck"),
        ("B", "Was the training set"),
        ("D", "single images"),
        ("E", "one of the letters"),
    ],
}

EXERCISES["check_blank_nats"] = {
    "right": 392,
    "says": "never drawn",
    "other ways": {"computed": 784 / 2, "tensor": torch.tensor(392.0)},
    "hints": [
        (784, "Which factor"),
        (0.5, "one pixel"),
        (-392, "Which of the two"),
        (784 / 2 * math.log(2 * math.pi), "cancels"),
        (14, "28 times 28"),
        (28, "distance of a draw"),
        (0, "densest point"),
        (100, "half the sum"),
    ],
}

EXERCISES["check_auc_variance"] = {
    "right": variance,
    "says": "other test images",
    "other ways": {
        "loops": by_loops,
        "NumPy": lambda n, a: float(
            np.var(shares(n, a)[0].numpy(), ddof=1) / len(a) + np.var(shares(n, a)[1].numpy(), ddof=1) / len(n)
        ),
        "in single precision": lambda n, a: variance(n, a).float(),
        "signs": lambda n, a: (
            ((a[:, None] - n).sign().double().mean(1) / 2).var() / len(a)
            + ((a[:, None] - n).sign().double().mean(0) / 2).var() / len(n)
        ),
    },
    "hints": [
        (lambda n, a: variance(n, a).sqrt(), "standard error"),
        (lambda n, a: shares(n, a)[0].var() / len(a), "draw of the normal cases"),
        (lambda n, a: shares(n, a)[1].var() / len(n), "draw of the anomalies"),
        (lambda n, a: shares(n, a)[0].var() + shares(n, a)[1].var(), "Divide each variance"),
        (lambda n, a: shares(n, a)[0].var() / len(n) + shares(n, a)[1].var() / len(a), "exchanged"),
        (
            lambda n, a: shares(n, a)[0].var(correction=0) / len(a) + shares(n, a)[1].var(correction=0) / len(n),
            "count less 1",
        ),
        (
            lambda n, a: shares(n, a)[0].mean() * (1 - shares(n, a)[0].mean()) / (len(n) * len(a)),
            "independent pairs",
        ),
        (lambda n, a: shares(n, a)[0].mean() * (1 - shares(n, a)[0].mean()) / len(n), "not of cases"),
        (
            lambda n, a: (
                (a[:, None] > n).double().mean(1).var() / len(a) + (a[:, None] > n).double().mean(0).var() / len(n)
            ),
            "one half",
        ),
        (lambda n, a: shares(n, a)[0], "one number"),
        (lambda n, a: 0.1, "share of normal cases below"),
    ],
    "mutants": {
        "of all pairs": lambda n, a: ((a[:, None] > n).double() + (a[:, None] == n).double() / 2).var(),
        "difference": lambda n, a: shares(n, a)[0].var() / len(a) - shares(n, a)[1].var() / len(n),
        "twice": lambda n, a: 2 * variance(n, a),
        "of the scores": lambda n, a: a.var() / len(a) + n.var() / len(n),
        "larger count": lambda n, a: variance(n, a) * min(len(n), len(a)) / max(len(n), len(a)),
        "largest of the two": lambda n, a: torch.maximum(
            shares(n, a)[0].var() / len(a), shares(n, a)[1].var() / len(n)
        ),
        "ties whole": lambda n, a: (
            (a[:, None] >= n).double().mean(1).var() / len(a) + (a[:, None] >= n).double().mean(0).var() / len(n)
        ),
        "in place": lambda n, a: variance(n.sub_(0.1), a),
    },
}
