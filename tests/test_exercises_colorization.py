"""Chapter 8: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import numpy as np
import pytest
import torch

from companion.palette import annealed_mean


def test_the_ratio_of_exercise_2_by_simulation():
    """Any distribution over colours: here three, in a plane."""
    colours = torch.tensor([[60.0, 40.0], [-60.0, 40.0], [0.0, -10.0]])
    p = torch.tensor([0.5, 0.3, 0.2])
    truth, drawn = colours[torch.multinomial(p, 200_000, True)], colours[torch.multinomial(p, 200_000, True)]
    mean = (truth - p @ colours).square().sum(1).mean()
    assert ((truth - drawn).square().sum(1).mean() / mean).item() == pytest.approx(2, rel=0.01)


UNITS = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)


def squares(x_hat, x):
    return ((x_hat - x) * UNITS).square()


def right_anneal(p, temperature):
    q = (p / p.max()) ** (1 / temperature)
    return q / q.sum()


def vanishing_anneal(p, temperature):
    q = p ** (1 / temperature)  # all 0 in float32 for many colours and a low temperature
    return q / q.sum()


def test_the_answer_of_exercise_5_is_what_the_chapter_computes():
    p = torch.tensor([0.5, 0.25, 0.125, 0.125])
    colours = torch.rand(4, 2)
    mean = annealed_mean(p.log().view(1, 4, 1, 1), colours, 0.38)[0, :, 0, 0]
    torch.testing.assert_close(mean, right_anneal(p, 0.38) @ colours)


def right_weights(p, share):
    w = 1 / ((1 - share) * p + share / len(p))
    return w / (p * w).sum()


def raw(p, share):
    return 1 / ((1 - share) * p + share / len(p))


EXERCISES = {}

EXERCISES["check_car"] = {
    "right": "C",
    "says": "no car had",
    "hints": [
        ("A", "between cheaper"),
        ("B", "number by number"),
        ("D", "draw lots"),
    ],
}

EXERCISES["check_cost_of_drawing"] = {
    "right": 2,
    "says": "variances add",
    "hints": [
        (1, "mean distance"),
        (4, "how often does the draw miss"),
        (0.5, "Upside down"),
        (math.sqrt(2), "ratio of the roots"),
        (1.41, "ratio of the roots"),
        (0, "does not know which"),
        (7, "You answered 7"),
    ],
}

EXERCISES["check_claim"] = {
    "right": "C",
    "says": "nothing shows",
    "hints": [
        ("A", "a rival beats it"),
        ("B", "does not use the neighbourhood"),
        ("D", "well below grey"),
    ],
}

EXERCISES["check_distance"] = {
    "right": lambda p, q: squares(p, q).sum(1).sqrt(),
    "says": "One distance a pixel",
    "other ways": {
        "a little under the root": lambda p, q: (squares(p, q).sum(1) + 1e-9).sqrt(),
        "channel by channel": lambda p, q: (
            ((100 * (p - q)[:, 0]) ** 2 + (256 * (p - q)[:, 1]) ** 2 + (256 * (p - q)[:, 2]) ** 2) ** 0.5
        ),
        "NumPy": lambda p, q: np.sqrt((((p - q).numpy() * UNITS.numpy()) ** 2).sum(1)),
        "scaled first": lambda p, q: (p * UNITS - q * UNITS).square().sum(1).sqrt(),
        "norm": lambda p, q: ((p - q) * UNITS).norm(dim=1),
    },
    "hints": [
        (lambda p, q: squares(p, q).sum(1).sqrt().mean(), "single number"),
        (lambda p, q: squares(p, q).sqrt(), "one number a channel"),
        (lambda p, q: squares(p, q).sum(1, keepdim=True).sqrt(), "(B, 1, H, W)"),
        (lambda p, q: squares(p, q).sum(2), "expected (2, 4, 5)"),
        (lambda p, q: squares(p, q).sum(1), "squared distance"),
        (lambda p, q: (p - q).norm(dim=1), "stored numbers"),
        (lambda p, q: 100 * (p - q).norm(dim=1), "a and b are stored divided"),
        (lambda p, q: 256 * (p - q).norm(dim=1), "L is stored as"),
        (lambda p, q: squares(p, q)[:, 1:].sum(1).sqrt(), "left out the lightness"),
        (lambda p, q: squares(p, q).mean(1).sqrt(), "mean of the three"),
        (lambda p, q: squares(p, q).sqrt().sum(1), "absolute differences"),
        (lambda p, q: p[:, 0], "At the first pixel"),
    ],
    "mutants": {
        "sign": lambda p, q: -((p - q) * UNITS).norm(dim=1),
        "twice": lambda p, q: 2 * ((p - q) * UNITS).norm(dim=1),
        "half": lambda p, q: ((p - q) * UNITS).norm(dim=1) / 2,
        "sum for difference": lambda p, q: ((p + q) * UNITS).norm(dim=1),
        "second left out": lambda p, q: (p * UNITS).norm(dim=1),
        "units 100, 255, 255": lambda p, q: ((p - q) * torch.tensor([100.0, 255, 255]).view(3, 1, 1)).norm(dim=1),
        "units 100, 128, 128": lambda p, q: ((p - q) * torch.tensor([100.0, 128, 128]).view(3, 1, 1)).norm(dim=1),
        "units exchanged": lambda p, q: ((p - q) * torch.tensor([256.0, 256, 100]).view(3, 1, 1)).norm(dim=1),
        "a alone": lambda p, q: ((p - q) * UNITS)[:, 1].abs(),
        "largest": lambda p, q: ((p - q) * UNITS).abs().amax(1),
        "of the absolute values": lambda p, q: ((p.abs() - q.abs()) * UNITS).norm(dim=1),
        "rows and columns exchanged": lambda p, q: ((p - q) * UNITS).norm(dim=1).transpose(1, 2),
        "over rows": lambda p, q: ((p - q) * UNITS).norm(dim=2),
        "mean of the batch": lambda p, q: ((p - q) * UNITS).norm(dim=1).mean(0).expand(2, 4, 5),
        "rounded": lambda p, q: ((p - q) * UNITS).norm(dim=1).round(),
        "in place": lambda p, q: p.sub_(q).mul_(UNITS).norm(dim=1),
    },
}

EXERCISES["check_annealed"] = {
    "right": right_anneal,
    "says": "over the sum",
    "other ways": {
        "softmax of logarithms": lambda p, t: torch.softmax(p.log() / t, 0),
        "largest logarithm taken off": lambda p, t: (q := ((p.log() - p.max().log()) / t).exp()) / q.sum(),
        "in double": lambda p, t: (q := p.double() ** (1 / t)) / q.sum(),
    },
    "hints": [
        (vanishing_anneal, "too small for float32"),
        (lambda p, t: p ** (1 / t) / ((p ** (1 / t)).sum() + 1e-12), "too small for float32"),
        (lambda p, t: p, "as they came"),
        (lambda p, t: right_anneal(p + 1e-6, t), "exactly"),
        (lambda p, t: p ** (1 / t), "divide by their sum"),
        (lambda p, t: right_anneal(p, 1 / t), "power is 1 / T"),
        (lambda p, t: p**t, "did not divide"),
        (lambda p, t: (p / t).softmax(0), "takes log p"),
        (lambda p, t: torch.eye(len(p))[p.argmax()], "likeliest colour alone"),
        (lambda p, t: torch.full_like(p, math.nan), "not finite"),
        (lambda p, t: p.flip(0), "it should be"),
        (lambda p, t: p[:1], "expected (2,)"),
    ],
    "mutants": {
        "temperature left out": lambda p, t: right_anneal(p, 0.5),
        "power 2 / T": lambda p, t: right_anneal(p, t / 2),
        "power 1 / 2 T": lambda p, t: right_anneal(p, 2 * t),
        "power -1 / T": lambda p, t: right_anneal(p.clamp(min=1e-6), -t),
        "power 1 + 1 / T": lambda p, t: (q := p ** (1 + 1 / t)) / q.sum().clamp(min=1e-30),
        "twice": lambda p, t: 2 * right_anneal(p, t),
        "normalised by the largest": lambda p, t: (p / p.max()) ** (1 / t),
        "normalised by the length": lambda p, t: (q := (p / p.max()) ** (1 / t)) / q.norm(),
        "a small number added": lambda p, t: right_anneal(p + 1e-12, t),
        "clamped": lambda p, t: ((p.clamp(min=1e-8)).log() / t).softmax(0),
        "in reverse": lambda p, t: right_anneal(p, t).flip(0),
        "sorted": lambda p, t: right_anneal(p, t).sort(descending=True).values,
        "313 a fifth too large": lambda p, t: right_anneal(p, t) * (1.2 if len(p) > 100 else 1),
        "as a column": lambda p, t: right_anneal(p, t)[:, None],
        "in place": lambda p, t: right_anneal(p.mul_(1.0).div_(2), t),
    },
}

EXERCISES["check_rare_weights"] = {
    "right": right_weights,
    "says": "Rare colours count more",
    "other ways": {
        "mean as a product": lambda p, s: (w := raw(p, s)) / (w @ p),
        "scaled twice": lambda p, s: (w := raw(p, s) / raw(p, s).sum()) / (p * w).sum(),
        "in double": lambda p, s: right_weights(p.double(), s),
    },
    "hints": [
        (raw, "up to a factor"),
        (lambda p, s: raw(p, s) / raw(p, s).sum(), "to sum to 1"),
        (lambda p, s: raw(p, s) / raw(p, s).mean(), "plain mean"),
        (lambda p, s: right_weights(p, 1 - s), "exchanged the shares"),
        (lambda p, s: 1 / raw(p, s) / (p / raw(p, s)).sum(), "Upside down"),
        (lambda p, s: 1 / p / len(p), "divided by p alone"),
        (lambda p, s: torch.full_like(p, math.inf), "infinite weight"),
        (lambda p, s: torch.ones_like(p), "it should be"),
        (lambda p, s: p[:2], "expected (3,)"),
    ],
    "mutants": {
        "share one half": lambda p, s: right_weights(p, 0.5),
        "twice": lambda p, s: 2 * right_weights(p, s),
        "half": lambda p, s: right_weights(p, s) / 2,
        "root": lambda p, s: (w := raw(p, s).sqrt()) / (p * w).sum(),
        "squares": lambda p, s: (w := raw(p, s) ** 2) / (p * w).sum(),
        "share of one colour": lambda p, s: (w := 1 / ((1 - s) * p + s)) / (p * w).sum(),
        "3 colours known": lambda p, s: (w := 1 / ((1 - s) * p + s / 3)) / (p * w).sum(),
        "colours that occur": lambda p, s: (w := 1 / ((1 - s) * p + s / (p > 0).sum())) / (p * w).sum(),
        "p not mixed": lambda p, s: (w := 1 / (p + s / len(p))) / (p * w).sum(),
        "minus log": lambda p, s: (w := -((1 - s) * p + s / len(p)).log()) / (p * w).sum(),
        "absent colours 0": lambda p, s: right_weights(p, s) * (p > 0),
        "in reverse": lambda p, s: right_weights(p, s).flip(0),
        "as a row": lambda p, s: right_weights(p, s)[None],
        "in place": lambda p, s: right_weights(p.mul_(2), s),
    },
}
