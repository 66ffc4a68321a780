"""The checks of chapter 7 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from companion.exercises import anomaly as exercises
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (86.4, True, "wake nobody"),
        (86, True, "wake nobody"),
        (8640, False, "number of windows"),
        (864, False, "seconds"),
        (0.01, False, "one window"),
        (1, False, "a hundred"),
        (3.6, False, "hour"),
        (0, False, "healthy windows exceed"),
        (50, False, "You answered 50"),
        (math.nan, False, "nan"),
        ("86", False, "expected a number"),
        (True, False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_false_alarms_a_day(answer, ok, hint):
    verdict = exercises.check_false_alarms_a_day(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.8 * 0.002 / (0.8 * 0.002 + 0.02 * 0.998), True, "7 in 100"),
        (0.074, True, "7 in 100"),
        (7.4, False, "percentage"),
        (0.8, False, "other way round"),
        (0.9756, False, "every second payment"),
        (0.0802, False, "real alarms by false"),
        (0.07, False, "three digits"),
        (0.075, False, "three digits"),
        (0.0016, False, "share of all payments"),
        (0.002, False, "base rate"),
        (0.98, False, "left in peace"),
        (0.5, False, "You answered 0.5"),
        (math.inf, False, "inf"),
        ([0.074], False, "expected a number"),
        (False, False, "expected a number"),
    ],
)
def test_check_precision(answer, ok, hint):
    verdict = exercises.check_precision(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def right_auc(normal, anomalous):
    more, equal = anomalous[:, None] > normal, anomalous[:, None] == normal
    return (more.float() + equal.float() / 2).mean()


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (right_auc, True, "Mann and Whitney"),
        (lambda n, a: float(roc_auc_score([0] * len(n) + [1] * len(a), torch.cat([n, a]))), True, "Mann and Whitney"),
        (lambda n, a: right_auc(a, n), False, "wrong way round"),
        (lambda n, a: (a[:, None] > n).float().mean(), False, "as nothing"),
        (lambda n, a: (a[:, None] >= n).float().mean(), False, "whole"),
        (lambda n, a: right_auc(n, a) * len(n) * len(a), False, "number of pairs"),
        (lambda n, a: (a[:, None] > n).float(), False, "one number"),
        (lambda n, a: 0.1, False, "every anomaly"),
        (lambda n, a: a > n, False, "stopped with"),
        (lambda n, a: "0.5", False, "returned a str"),
        (7, False, "expected your function"),
    ],
)
def test_check_auc(function, ok, hint):
    verdict = exercises.check_auc(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("above", True, "fitted"),
        (" Above", True, "fitted"),
        ("about", False, "one source"),
        ("below", False, "too high"),
        ("more", False, "in quotes"),
        (5, False, "in quotes"),
        (None, False, "in quotes"),
    ],
)
def test_check_training_scores(answer, ok, hint):
    verdict = exercises.check_training_scores(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def bills(n, a, base_rate, miss, check):
    t = torch.cat([n, a])
    caught, false = (a[:, None] > t).float().mean(0), (n[:, None] > t).float().mean(0)
    return t, miss * (1 - caught) * base_rate + check * (caught * base_rate + false * (1 - base_rate))


def cheapest(n, a, base_rate, miss, check):
    t, bill = bills(n, a, base_rate, miss, check)
    return t[bill.argmin()]


def other(n, a, bill, alarm=torch.gt):
    """The cheapest threshold by another bill (caught, false alarms) -> cost, or another meaning of an alarm."""
    t = torch.cat([n, a])
    return t[bill(alarm(a[:, None], t).float().mean(0), alarm(n[:, None], t).float().mean(0)).argmin()]


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (cheapest, True, "bill decides"),
        (lambda n, a, b, m, c: cheapest(n, a, b, m, c).item(), True, "bill decides"),
        (lambda n, a, b, m, c: cheapest(n, a, len(a) / (len(n) + len(a)), m, c), False, "M / (N + M)"),
        (lambda n, a, b, m, c: cheapest(n, a, 0.5, m, c), False, "without weighing"),
        (lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * (q * b + f)), False, "1 - base_rate"),
        (lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * f * (1 - b)), False, "real alarm has"),
        (
            lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * (q * b + f * (1 - b)), alarm=torch.ge),
            False,
            "must lie above",
        ),
        (lambda n, a, b, m, c: cheapest(n, a, b, c, m), False, "exchanged"),
        (lambda n, a, b, m, c: cheapest(n, a, b, 1, 0), False, "price of the alarms"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1].min(), False, "lowest cost"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1].argmin(), False, "position"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[0][bills(n, a, b, m, c)[1].argmax()], False, "dearest"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1], False, "one number"),
        (lambda n, a, b, m, c: 9.0, False, "not the cheapest"),
        (lambda n, a, b, m, c: math.nan, False, "not the cheapest"),
        (lambda n, a: 0.0, False, "stopped with"),
        ("junk", False, "expected your function"),
    ],
)
def test_check_cheapest_threshold(function, ok, hint):
    verdict = exercises.check_cheapest_threshold(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def distance(z_train, z, mean=None, covariance=None):
    away = z - (z_train.mean(0) if mean is None else mean)
    covariance = torch.cov(z_train.T) if covariance is None else covariance
    return (away * torch.linalg.solve(covariance, away.T).T).sum(1)


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (distance, True, "vary much"),
        (
            lambda t, z: torch.einsum("bi,ij,bj->b", z - t.mean(0), torch.cov(t.T).inverse(), z - t.mean(0)),
            True,
            "vary",
        ),
        (lambda t, z: distance(t, z).sqrt(), False, "its square"),
        (lambda t, z: (z - t.mean(0)).square().sum(1), False, "covariance is missing"),
        (lambda t, z: ((z - t.mean(0)) / t.std(0)).square().sum(1), False, "vary together"),
        (lambda t, z: distance(t, z, covariance=torch.cov(t.T).inverse()), False, "Its inverse"),
        (lambda t, z: distance(t, z, mean=0), False, "did not subtract"),
        (lambda t, z: distance(t, z, mean=z.mean(0)), False, "mean of z."),
        (lambda t, z: distance(z, z), False, "took them from z"),
        (lambda t, z: distance(t, z, covariance=torch.cov(t.T, correction=0)), False, "N - 1"),
        (lambda t, z: distance(t, z) / 3, False, "averaged"),
        (lambda t, z: distance(t, z).sum(), False, "one distance each"),
        (lambda t, z: torch.zeros(5), False, "first of my five codes"),
        (lambda t, z: torch.full((5,), math.nan), False, "first of my five codes"),
        (lambda t, z: z @ t, False, "stopped with"),
        (None, False, "expected your function"),
    ],
)
def test_check_code_distance(function, ok, hint):
    verdict = exercises.check_code_distance(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_unanswered():
    assert exercises.check_false_alarms_a_day(...) == NO_ANSWER
    assert exercises.check_precision(...) == NO_ANSWER
    assert exercises.check_auc(lambda n, a: None) == NO_ANSWER
    assert exercises.check_training_scores(...) == NO_ANSWER
    assert exercises.check_cheapest_threshold(lambda n, a, b, m, c: ...) == NO_ANSWER
    assert exercises.check_code_distance(lambda t, z: None) == NO_ANSWER
