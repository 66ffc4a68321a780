"""The study on samplers: right answers, hints for typical mistakes, mutants; what they rest on."""

from math import cos, pi

import pytest
import torch

from companion.diffusion import sample, signal_and_noise


def perfect(x_t, t):
    """The best denoiser of data N(0, 1)."""
    return signal_and_noise(t, 2)[0] * x_t


def test_the_number_on_paper_is_what_the_sampler_does():
    x = torch.randn(20, 3)
    for steps in (2, 3, 10):
        shrunk = cos(pi / 2 / steps) ** steps
        torch.testing.assert_close(sample(perfect, x, steps), shrunk * x, rtol=1e-3, atol=1e-4)


def between(a, b, share):
    return ((1 - share) * a + share * b) / ((1 - share) ** 2 + share**2) ** 0.5


def by_angle(a, b, share):
    angle = torch.atan2(torch.tensor(share), torch.tensor(1 - share))
    return angle.cos() * a + angle.sin() * b


def test_a_mix_of_starts_is_a_start():
    a, b = torch.randn(2, 100_000)
    for share in (0.0, 0.3, 0.5, 1.0):
        assert between(a, b, share).std().item() == pytest.approx(1, rel=0.02)


EXERCISES = {}

EXERCISES["check_narrow"] = {
    "right": 0.6495,
    "says": "0.866^3",
    "other ways": {"as a product": cos(pi / 6) ** 3, "rounded": 0.65},
    "hints": [
        (0.866, "one step of three"),
        (0.4219, "the variance"),
        (0.75, "Three steps"),
        (0.125, "not 0.5"),
        (0, "the mean alone"),
        (1, "infinitely many"),
        (0.3, "cosine of a difference"),
    ],
}

EXERCISES["check_between"] = {
    "right": between,
    "says": "squared weights",
    "other ways": {"by the angle": by_angle},
    "hints": [
        (lambda a, b, w: (1 - w) * a + w * b, "1/4 + 1/4"),
        (lambda a, b, w: ((1 - w) * a + w * b) / ((1 - w) ** 2 + w**2), "divided by the variance"),
        (lambda a, b, w: ((1 - w) * a + w * b) * ((1 - w) ** 2 + w**2) ** 0.5, "You multiplied"),
        (lambda a, b, w: (1 - w) ** 0.5 * a + w**0.5 * b, "another path"),
        (lambda a, b, w: ((1 - w) * a + w * b) * 2**0.5, "depends on the share"),
        (lambda a, b, w: between(b, a, w), "exchanged"),
        (lambda a, b, w: ((1 - w) * a + w * b) / ((1 - w) * a + w * b).std(), "mix at hand"),
        (lambda a, b, w: torch.nn.functional.normalize((1 - w) * a + w * b), "length 1"),
        (lambda a, b, w: between(a, b, w)[0], "(2, 3)"),
        (lambda a, b, w: a, "w^2 + v^2"),
    ],
    "mutants": {
        "at one half": lambda a, b, w: between(a, b, 0.5),
        "the weights' sum": lambda a, b, w: between(a, b, w) * (1 + w * (1 - w)),
        "a turned": lambda a, b, w: between(-a, b, w),
        "in place": lambda a, b, w: between(a.mul_(2), b, w),
    },
}

EXERCISES["check_report"] = {
    "right": "C",
    "says": "luck of the draw",
    "hints": [("A", "One draw each"), ("B", "did not pay the same"), ("D", "Two things changed")],
}
