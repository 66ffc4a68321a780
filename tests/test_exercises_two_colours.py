"""The study on two true colours: right answers, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import pytest
import torch

from companion.palette import annealed_mean


def test_the_ratio_of_drawing_by_simulation():
    """Any distribution over colours: here three, in a plane."""
    colours = torch.tensor([[60.0, 40.0], [-60.0, 40.0], [0.0, -10.0]])
    p = torch.tensor([0.5, 0.3, 0.2])
    truth, drawn = colours[torch.multinomial(p, 200_000, True)], colours[torch.multinomial(p, 200_000, True)]
    mean = (truth - p @ colours).square().sum(1).mean()
    assert ((truth - drawn).square().sum(1).mean() / mean).item() == pytest.approx(2, rel=0.01)


def right_anneal(p, temperature):
    q = (p / p.max()) ** (1 / temperature)
    return q / q.sum()


def vanishing_anneal(p, temperature):
    q = p ** (1 / temperature)  # all 0 in float32 for many colours and a low temperature
    return q / q.sum()


def test_the_answer_of_sharpening_is_what_the_page_computes():
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
