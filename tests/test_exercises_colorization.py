"""The checks of chapter 8 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import math

import numpy as np
import pytest
import torch

from companion.exercises import colorization as exercises
from companion.exercises._verdict import NO_ANSWER
from companion.palette import annealed_mean

LETTERS = [("E", "one of the letters"), (3, "one of the letters"), (None, "one of the letters"), ("", "one of the")]


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("C", True, "no car had"),
        (" c: yellow", True, "no car had"),
        ("C.", True, "no car had"),
        ("c)", True, "no car had"),
        ("Cyan", False, "one of the letters"),
        ("A", False, "between cheaper"),
        ("B", False, "number by number"),
        ("D", False, "draw lots"),
        *[(answer, False, hint) for answer, hint in LETTERS],
    ],
)
def test_check_car(answer, ok, hint):
    verdict = exercises.check_car(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (2, True, "variances add"),
        (2.0, True, "variances add"),
        (torch.tensor(2.0), True, "variances add"),
        (np.float64(2), True, "variances add"),
        (1, False, "mean distance"),
        (4, False, "how often does the draw miss"),
        (0.5, False, "Upside down"),
        (math.sqrt(2), False, "ratio of the roots"),
        (1.41, False, "ratio of the roots"),
        (0, False, "does not know which"),
        (7, False, "You answered 7"),
        (math.nan, False, "You answered nan"),
        ("2", False, "expected a number"),
        (True, False, "expected a number"),
        ([2], False, "expected a number"),
    ],
)
def test_check_cost_of_drawing(answer, ok, hint):
    verdict = exercises.check_cost_of_drawing(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_ratio_of_exercise_2_by_simulation():
    """Any distribution over colours: here three, in a plane."""
    colours = torch.tensor([[60.0, 40.0], [-60.0, 40.0], [0.0, -10.0]])
    p = torch.tensor([0.5, 0.3, 0.2])
    truth, drawn = colours[torch.multinomial(p, 200_000, True)], colours[torch.multinomial(p, 200_000, True)]
    mean = (truth - p @ colours).square().sum(1).mean()
    assert ((truth - drawn).square().sum(1).mean() / mean).item() == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("C", True, "nothing shows"),
        ("A", False, "a rival beats it"),
        ("B", False, "does not use the neighbourhood"),
        ("D", False, "well below grey"),
        *[(answer, False, hint) for answer, hint in LETTERS],
    ],
)
def test_check_claim(answer, ok, hint):
    verdict = exercises.check_claim(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


UNITS = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)


def squares(x_hat, x):
    return ((x_hat - x) * UNITS).square()


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda p, q: squares(p, q).sum(1).sqrt(), True, "One distance a pixel"),
        (lambda p, q: ((p - q) * UNITS).norm(dim=1), True, "One distance a pixel"),
        (lambda p, q: squares(p, q).sum(1).sqrt().mean(), False, "single number"),
        (lambda p, q: squares(p, q).sqrt(), False, "one number a channel"),
        (lambda p, q: squares(p, q).sum(1, keepdim=True).sqrt(), False, "(B, 1, H, W)"),
        (lambda p, q: squares(p, q).sum(2), False, "expected (2, 4, 5)"),
        (lambda p, q: squares(p, q).sum(1), False, "squared distance"),
        (lambda p, q: (p - q).norm(dim=1), False, "stored numbers"),
        (lambda p, q: 100 * (p - q).norm(dim=1), False, "a and b are stored divided"),
        (lambda p, q: 256 * (p - q).norm(dim=1), False, "L is stored as"),
        (lambda p, q: squares(p, q)[:, 1:].sum(1).sqrt(), False, "left out the lightness"),
        (lambda p, q: squares(p, q).mean(1).sqrt(), False, "mean of the three"),
        (lambda p, q: squares(p, q).sqrt().sum(1), False, "absolute differences"),
        (lambda p, q: p[:, 0], False, "At the first pixel"),
        (lambda p, q: p @ torch.zeros(9, 9), False, "RuntimeError"),
        (lambda p: p, False, "TypeError"),
        (lambda p, q: [1], False, "(1,)"),
        (lambda p, q: [None], False, "returned a list"),
        (5, False, "expected your function"),
    ],
)
def test_check_distance(function, ok, hint):
    verdict = exercises.check_distance(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def right_anneal(p, temperature):
    q = (p / p.max()) ** (1 / temperature)
    return q / q.sum()


def vanishing_anneal(p, temperature):
    q = p ** (1 / temperature)  # all 0 in float32 for many colours and a low temperature
    return q / q.sum()


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (right_anneal, True, "over the sum"),
        (lambda p, t: (p.log() / t).softmax(0), True, "over the sum"),
        (lambda p, t: vanishing_anneal(p.double(), t), True, "over the sum"),
        (vanishing_anneal, False, "too small for float32"),
        (lambda p, t: p ** (1 / t) / ((p ** (1 / t)).sum() + 1e-12), False, "too small for float32"),
        (lambda p, t: p, False, "as they came"),
        (lambda p, t: right_anneal(p + 1e-6, t), False, "exactly"),
        (lambda p, t: p ** (1 / t), False, "divide by their sum"),
        (lambda p, t: right_anneal(p, 1 / t), False, "power is 1 / T"),
        (lambda p, t: p**t, False, "did not divide"),
        (lambda p, t: (p / t).softmax(0), False, "takes log p"),
        (lambda p, t: torch.eye(len(p))[p.argmax()], False, "likeliest colour alone"),
        (lambda p, t: torch.full_like(p, math.nan), False, "not finite"),
        (lambda p, t: p.flip(0), False, "it should be"),
        (lambda p, t: p[:1], False, "expected (2,)"),
        (lambda p, t: p @ torch.zeros(9), False, "RuntimeError"),
        (lambda p, t: "p", False, "returned a str"),
        (None, False, "expected your function"),
    ],
)
def test_check_annealed(function, ok, hint):
    verdict = exercises.check_annealed(function)
    assert verdict.ok is ok
    assert hint in verdict.message


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


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (right_weights, True, "Rare colours count more"),
        (raw, False, "up to a factor"),
        (lambda p, s: raw(p, s) / raw(p, s).sum(), False, "to sum to 1"),
        (lambda p, s: raw(p, s) / raw(p, s).mean(), False, "plain mean"),
        (lambda p, s: right_weights(p, 1 - s), False, "exchanged the shares"),
        (lambda p, s: 1 / raw(p, s) / (p / raw(p, s)).sum(), False, "Upside down"),
        (lambda p, s: 1 / p / len(p), False, "divided by p alone"),
        (lambda p, s: torch.full_like(p, math.inf), False, "infinite weight"),
        (lambda p, s: torch.ones_like(p), False, "it should be"),
        (lambda p, s: p[:2], False, "expected (3,)"),
        (lambda p, s: p @ torch.zeros(9), False, "RuntimeError"),
        (lambda p: p, False, "TypeError"),
        (7, False, "expected your function"),
    ],
)
def test_check_rare_weights(function, ok, hint):
    verdict = exercises.check_rare_weights(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize("check", [exercises.check_car, exercises.check_cost_of_drawing, exercises.check_claim])
def test_an_unanswered_question_asks_for_an_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize("check", [exercises.check_distance, exercises.check_annealed, exercises.check_rare_weights])
@pytest.mark.parametrize("result", [None, ...])
def test_an_unwritten_function_asks_for_an_answer(check, result):
    assert check(lambda *args: result) == NO_ANSWER


# Mutants of the right answers

MUTANTS = {
    "check_distance": {
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
    "check_annealed": {
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
    "check_rare_weights": {
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
OTHER_WAYS = {
    "check_distance": {
        "a little under the root": lambda p, q: (squares(p, q).sum(1) + 1e-9).sqrt(),
        "channel by channel": lambda p, q: (
            ((100 * (p - q)[:, 0]) ** 2 + (256 * (p - q)[:, 1]) ** 2 + (256 * (p - q)[:, 2]) ** 2) ** 0.5
        ),
        "NumPy": lambda p, q: np.sqrt((((p - q).numpy() * UNITS.numpy()) ** 2).sum(1)),
        "scaled first": lambda p, q: (p * UNITS - q * UNITS).square().sum(1).sqrt(),
    },
    "check_annealed": {
        "softmax of logarithms": lambda p, t: torch.softmax(p.log() / t, 0),
        "largest logarithm taken off": lambda p, t: (q := ((p.log() - p.max().log()) / t).exp()) / q.sum(),
        "in double": lambda p, t: (q := p.double() ** (1 / t)) / q.sum(),
    },
    "check_rare_weights": {
        "mean as a product": lambda p, s: (w := raw(p, s)) / (w @ p),
        "scaled twice": lambda p, s: (w := raw(p, s) / raw(p, s).sum()) / (p * w).sum(),
        "in double": lambda p, s: right_weights(p.double(), s),
    },
}
