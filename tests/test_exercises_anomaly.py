"""Chapter 7: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score


def right_auc(normal, anomalous):
    more, equal = anomalous[:, None] > normal, anomalous[:, None] == normal
    return (more.float() + equal.float() / 2).mean()


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


def distance(z_train, z, mean=None, covariance=None):
    away = z - (z_train.mean(0) if mean is None else mean)
    covariance = torch.cov(z_train.T) if covariance is None else covariance
    return (away * torch.linalg.solve(covariance, away.T).T).sum(1)


def auc_of(compare):
    return lambda n, a: compare(a[:, None], n[None]).float().mean()


def by_ranks(n, a):
    scores = torch.cat([n, a])
    ranks = (scores[:, None] > scores).sum(1) + ((scores[:, None] == scores).sum(1) + 1) / 2
    return (ranks[len(n) :].sum() - len(a) * (len(a) + 1) / 2) / (len(n) * len(a))


def sorted_only(n, a):
    """Right if the normal scores come in order."""
    below, up_to = torch.searchsorted(n, a), torch.searchsorted(n, a, right=True)
    return (below + up_to).float().mean() / 2 / len(n)


def among(choose):
    """The cheapest of some of the scores."""

    def cheapest_of(n, a, base_rate, miss, price):
        t = choose(n, a)
        caught, false = (a[:, None] > t).double().mean(0), (n[:, None] > t).double().mean(0)
        return t[(miss * (1 - caught) * base_rate + price * (caught * base_rate + false * (1 - base_rate))).argmin()]

    return cheapest_of


EXERCISES = {}

EXERCISES["check_false_alarms_a_day"] = {
    "right": 86.4,
    "says": "wake nobody",
    "other ways": {"whole alarms": 86},
    "hints": [
        (8640, "number of windows"),
        (864, "seconds"),
        (0.01, "one window"),
        (1, "a hundred"),
        (3.6, "hour"),
        (0, "healthy windows exceed"),
        (50, "You answered 50"),
    ],
}

EXERCISES["check_precision"] = {
    "right": 0.8 * 0.002 / (0.8 * 0.002 + 0.02 * 0.998),
    "says": "7 in 100",
    "other ways": {"three digits": 0.074},
    "hints": [
        (7.4, "percentage"),
        (0.8, "other way round"),
        (0.9756, "every second payment"),
        (0.0802, "real alarms by false"),
        (0.07, "three digits"),
        (0.075, "three digits"),
        (0.0016, "share of all payments"),
        (0.002, "base rate"),
        (0.98, "left in peace"),
        (0.5, "You answered 0.5"),
    ],
}

EXERCISES["check_auc"] = {
    "right": right_auc,
    "says": "Mann and Whitney",
    "other ways": {
        "ranks": by_ranks,
        "NumPy": lambda n, a: np.mean((a.numpy()[:, None] > n.numpy()) + 0.5 * (a.numpy()[:, None] == n.numpy())),
        "signs": lambda n, a: ((a[:, None] - n).sign().mean() + 1) / 2,
        "scikit-learn": lambda n, a: float(roc_auc_score([0] * len(n) + [1] * len(a), torch.cat([n, a]))),
    },
    "hints": [
        (lambda n, a: right_auc(a, n), "wrong way round"),
        (lambda n, a: (a[:, None] > n).float().mean(), "as nothing"),
        (lambda n, a: (a[:, None] >= n).float().mean(), "whole"),
        (lambda n, a: right_auc(n, a) * len(n) * len(a), "number of pairs"),
        (lambda n, a: (a[:, None] > n).float(), "one number"),
        (lambda n, a: 0.1, "every anomaly"),
    ],
    "mutants": {
        "sorted scores only": sorted_only,
        "of the means": lambda n, a: float(a.mean() > n.mean()),
        "share above the median": lambda n, a: (a > n.median()).float().mean(),
        "share above all": lambda n, a: (a > n.max()).float().mean(),
        "mean over the smaller": lambda n, a: right_auc(n, a) * len(a) / len(n),
        "ties a quarter": lambda n, a: (auc_of(torch.gt)(n, a) * 3 + auc_of(torch.ge)(n, a)) / 4,
        "twice less one": lambda n, a: 2 * right_auc(n, a) - 1,
        "per cent": lambda n, a: 100 * right_auc(n, a),
        "sum": lambda n, a: right_auc(n, a) * len(n) * len(a),
        "pairs of one order": lambda n, a: right_auc(n[: min(len(n), len(a))], a[: min(len(n), len(a))]),
        "in place": lambda n, a: right_auc(n.sub_(0.5), a),
    },
}

EXERCISES["check_training_scores"] = {
    "right": "C",
    "says": "fitted",
    "hints": [
        ("B", "one source"),
        ("A", "too high"),
        ("D", "one of the letters"),
        (5, "one of the letters"),
        (None, "one of the letters"),
    ],
}

EXERCISES["check_cheapest_threshold"] = {
    "right": cheapest,
    "says": "bill decides",
    "other ways": {
        "in double": among(lambda n, a: torch.cat([n, a]).double()),
        "sorted": among(lambda n, a: torch.cat([n, a]).sort().values),
        "sorted downwards": among(lambda n, a: torch.cat([n, a]).sort(descending=True).values),
        "a number": lambda n, a, b, m, c: float(cheapest(n, a, b, m, c)),
        "NumPy": lambda n, a, b, m, c: np.float32(cheapest(n, a, b, m, c).item()),
        "one of one": lambda n, a, b, m, c: cheapest(n, a, b, m, c)[None],
    },
    "hints": [
        (lambda n, a, b, m, c: cheapest(n, a, len(a) / (len(n) + len(a)), m, c), "M / (N + M)"),
        (lambda n, a, b, m, c: cheapest(n, a, 0.5, m, c), "without weighing"),
        (lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * (q * b + f)), "1 - base_rate"),
        (lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * f * (1 - b)), "real alarm has"),
        (
            lambda n, a, b, m, c: other(n, a, lambda q, f: m * (1 - q) * b + c * (q * b + f * (1 - b)), alarm=torch.ge),
            "must lie above",
        ),
        (lambda n, a, b, m, c: cheapest(n, a, b, c, m), "exchanged"),
        (lambda n, a, b, m, c: cheapest(n, a, b, 1, 0), "price of the alarms"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1].min(), "lowest cost"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1].argmin(), "position"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[0][bills(n, a, b, m, c)[1].argmax()], "dearest"),
        (lambda n, a, b, m, c: bills(n, a, b, m, c)[1], "one number"),
        (lambda n, a, b, m, c: 9.0, "not the cheapest"),
    ],
    "mutants": {
        "normal scores only": among(lambda n, a: n),
        "anomalies only": among(lambda n, a: a),
        "smallest": lambda n, a, b, m, c: torch.cat([n, a]).min(),
        "largest": lambda n, a, b, m, c: torch.cat([n, a]).max(),
        "quantile": lambda n, a, b, m, c: n.quantile(0.99),
        "next higher": lambda n, a, b, m, c: (
            (t := torch.cat([n, a]).sort().values)[(t > cheapest(n, a, b, m, c)).nonzero()[0]]
            if (torch.cat([n, a]) > cheapest(n, a, b, m, c)).any()
            else t[0]
        ),
        "next lower": lambda n, a, b, m, c: (t := torch.cat([n, a]).sort().values)[
            (t < cheapest(n, a, b, m, c)).sum() - 1
        ],
        "miss 10 known": lambda n, a, b, m, c: cheapest(n, a, b, 10.0, c),
        "check 1 known": lambda n, a, b, m, c: cheapest(n, a, b, m, 1.0),
        "base rate 0.05 known": lambda n, a, b, m, c: cheapest(n, a, 0.05, m, c),
        "sign": lambda n, a, b, m, c: -cheapest(n, a, b, m, c),
        "a little more": lambda n, a, b, m, c: 1.05 * cheapest(n, a, b, m, c) + 0.05,
        "sums for means": lambda n, a, b, m, c: other(
            n, a, lambda q, f: m * (1 - q) * b * len(a) + c * (q * b * len(a) + f * (1 - b) * len(n))
        ),
        "in place": lambda n, a, b, m, c: cheapest(n, a.add_(0.1), b, m, c),
    },
}

EXERCISES["check_code_distance"] = {
    "right": distance,
    "says": "vary much",
    "other ways": {
        "inverse": lambda t, z: ((z - t.mean(0)) @ torch.linalg.inv(torch.cov(t.T)) * (z - t.mean(0))).sum(1),
        "Cholesky": lambda t, z: (
            torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(t.T)), (z - t.mean(0)).T, upper=False)
            .square()
            .sum(0)
        ),
        "NumPy": lambda t, z: np.einsum(
            "bi,ij,bj->b", *(lambda w: (w, np.linalg.inv(np.cov(t.numpy().T)), w))((z - t.mean(0)).numpy())
        ),
        "diagonal": lambda t, z: ((z - t.mean(0)) @ torch.linalg.inv(torch.cov(t.T)) @ (z - t.mean(0)).T).diag(),
        "einsum": lambda t, z: torch.einsum("bi,ij,bj->b", z - t.mean(0), torch.cov(t.T).inverse(), z - t.mean(0)),
    },
    "hints": [
        (lambda t, z: distance(t, z).sqrt(), "its square"),
        (lambda t, z: (z - t.mean(0)).square().sum(1), "covariance is missing"),
        (lambda t, z: ((z - t.mean(0)) / t.std(0)).square().sum(1), "vary together"),
        (lambda t, z: distance(t, z, covariance=torch.cov(t.T).inverse()), "Its inverse"),
        (lambda t, z: distance(t, z, mean=0), "did not subtract"),
        (lambda t, z: distance(t, z, mean=z.mean(0)), "mean of z."),
        (lambda t, z: distance(z, z), "took them from z"),
        (lambda t, z: distance(t, z, covariance=torch.cov(t.T, correction=0)), "N - 1"),
        (lambda t, z: distance(t, z) / 3, "averaged"),
        (lambda t, z: distance(t, z).sum(), "one distance each"),
        (lambda t, z: torch.zeros(5), "first of my five codes"),
    ],
    "mutants": {
        "sign": lambda t, z: -distance(t, z),
        "twice": lambda t, z: 2 * distance(t, z),
        "half": lambda t, z: distance(t, z) / 2,
        "inverse of the variances": lambda t, z: ((z - t.mean(0)) ** 2 / t.var(0)).sum(1),
        "correlations": lambda t, z: distance(t, z, covariance=torch.corrcoef(t.T)),
        "median": lambda t, z: distance(t, z, mean=t.median(0).values),
        "pseudo-inverse of the codes": lambda t, z: (
            ((z - t.mean(0)) @ torch.linalg.pinv(t - t.mean(0))).square().sum(1)
        ),
        "second moments": lambda t, z: distance(t, z, covariance=t.T @ t / (len(t) - 1)),
        "fewer codes": lambda t, z: distance(t[:30], z),
        "largest": lambda t, z: distance(t, z).max().expand(5),
        "in reverse": lambda t, z: distance(t, z).flip(0),
        "arguments exchanged": lambda t, z: distance(z, t)[:5],
        "regularised": lambda t, z: distance(t, z, covariance=torch.cov(t.T) + 0.01 * torch.eye(3)),
        "in place": lambda t, z: distance(t, z.sub_(t.mean(0)), mean=0),
    },
}
