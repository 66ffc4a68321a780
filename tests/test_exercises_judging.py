"""The study on judging generators: right answers, hints for typical mistakes, mutants; what they rest on."""

import numpy as np
import pytest
import torch


def test_the_floor_of_the_means_by_drawing():
    """The number of exercise S23.2: two sets from one law, 64 features of variance 4."""
    generator = torch.Generator().manual_seed(0)
    a, b = (2 * torch.randn(200, 1000, 64, generator=generator) for _ in range(2))
    assert (a.mean(1) - b.mean(1)).square().sum(1).mean().item() == pytest.approx(0.512, rel=0.03)


def line(u, y):
    slope = ((u - u.mean()) * (y - y.mean())).sum() / (u - u.mean()).square().sum()
    return y.mean() - slope * u.mean(), slope


def extrapolate(counts, distances):
    return line(1 / counts, distances)[0]


def by_lstsq(counts, distances):
    columns = torch.stack([torch.ones_like(counts), 1 / counts], 1).double()
    return torch.linalg.lstsq(columns, distances.double()[:, None]).solution[0, 0]


def by_polyfit(counts, distances):
    return np.polyfit(1 / counts.numpy(), distances.numpy(), 1)[1]


def test_an_exact_law_is_continued():
    counts = torch.tensor([10.0, 20.0, 50.0])
    for fit in (extrapolate, by_lstsq, by_polyfit):
        assert float(fit(counts, 3 + 70 / counts)) == pytest.approx(3, abs=1e-4)


EXERCISES = {}

EXERCISES["check_unknown_set"] = {
    "right": "B",
    "says": "cautious, average",
    "hints": [("A", "last ruler"), ("C", "precision and variety"), ("D", "Look at both"), ("E", "letters")],
}

EXERCISES["check_floor"] = {
    "right": 0.512,
    "says": "ten times as much",
    "other ways": {"as a product": 64 * 2 * 4 / 1000},
    "hints": [
        (0.256, "error of one mean"),
        (0.008, "for one feature"),
        (0.004, "one mean of one feature"),
        (0.128, "variance already, the square"),
        (2.048, "do not square it again"),
        (0.7155, "That is the root"),
        (5.12, "with a hundred pictures"),
        (0, "infinitely many"),
        (3, "variance v / n"),
    ],
}

EXERCISES["check_extrapolation"] = {
    "right": extrapolate,
    "says": "infinitely many",
    "other ways": {"by lstsq": by_lstsq, "by polyfit": by_polyfit},
    "hints": [
        (lambda n, d: line(1 / n, d)[1], "That is the slope, c"),
        (lambda n, d: line(n, d)[0], "a line over n. Over which"),
        (lambda n, d: line(n, d)[1], "returned its slope"),
        (lambda n, d: line(n.rsqrt(), d)[0], "1 / sqrt"),
        (lambda n, d: line(n.log(), d)[0], "over log n"),
        (lambda n, d: line(1 / n, d.log())[0].exp(), "logarithm of the distance"),
        (lambda n, d: line(1 / n[-2:], d[-2:])[0], "last two counts"),
        (lambda n, d: d[-1], "most pictures"),
        (lambda n, d: d.mean(), "mean distance"),
        (lambda n, d: (d / n).sum() / (1 / n).square().sum(), "through 0"),
        (lambda n, d: extrapolate(n, d) if len(n) == 5 else d[-1], "three of them"),
        (lambda n, d: torch.stack(line(1 / n, d)), "the height a"),
        (lambda n, d: 0.123, "you get 0.123"),
    ],
    "mutants": {
        "weighed by the count": lambda n, d: ((d - 4000 / n) * n).sum() / n.sum(),
        "without the first": lambda n, d: extrapolate(n[1:], d[1:]),
        "in place": lambda n, d: extrapolate(n.mul_(1.1), d),
        "halved": lambda n, d: extrapolate(n, d) / 2,
    },
}
