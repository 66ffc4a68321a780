"""The study of denoisers: right answers to each exercise, hints for typical mistakes, mutants; and what they rest on."""

import pytest
import torch
from torch import nn

from companion import gaussian_noise
from companion.denoising import noise2void


def test_a_perfect_answer_pays_the_noise_of_the_hidden_pixels():
    x = torch.rand(1000, 1, 28, 28)
    assert noise2void()(lambda seen: x, x)["loss"].item() == pytest.approx(0.04, rel=0.03)


def test_a_third_is_the_best_weight_for_the_pixel():
    x = torch.rand(200_000, 1, 1, 1)
    x_noisy, unseen = gaussian_noise(x, 0.2), gaussian_noise(x, 0.02**0.5)
    errors = {w: (w * x_noisy + (1 - w) * unseen - x).square().mean().item() for w in (0, 0.2, 1 / 3, 0.5, 1)}
    assert min(errors, key=errors.get) == 1 / 3
    assert errors[1 / 3] == pytest.approx(0.04 / 3, rel=0.02)


def shrunk(y, t):
    return y.sign() * (y.abs() - t).relu()


def test_the_risk_of_a_threshold_is_its_error_in_the_mean():
    x = torch.randn(1_000_000) * (torch.rand(1_000_000) < 0.3)
    y = x + 0.5 * torch.randn_like(x)
    for t in (0.2, 0.6):
        assert threshold_risk(y, t, 0.5).item() == pytest.approx((shrunk(y, t) - x).square().mean().item(), rel=0.02)


def threshold_risk(y, t, sigma):
    return (shrunk(y, t) - y).square().mean() - sigma**2 + 2 * sigma**2 * (y.abs() > t).float().mean()


def by_gradient(y, t, sigma):
    y = y.clone().requires_grad_()
    x_hat = nn.functional.softshrink(y, t)
    (slope,) = torch.autograd.grad(x_hat.sum(), y)
    return ((x_hat - y).square() - sigma**2 + 2 * sigma**2 * slope).mean().detach()


def terms(variance=1, reward=2, survive=lambda y, t: y.abs() > t, power=2):
    """The risk with one of its parts changed."""
    return lambda y, t, sigma: (
        (shrunk(y, t) - y).square().mean()
        - variance * sigma**power
        + reward * sigma**power * survive(y, t).float().mean()
    )


EXERCISES = {}

EXERCISES["check_leak"] = {
    "right": "B",
    "says": "was seen",
    "hints": [("A", "perfect denoiser"), ("C", "by heart"), ("D", "too small")],
}

EXERCISES["check_blend"] = {
    "right": 1 / 3,
    "says": "v / (v + sigma^2)",
    "other ways": {"rounded": 0.33},
    "hints": [
        (2 / 3, "network's answer"),
        (0.414, "standard deviations"),
        (0.091, "added sigma"),
        (0.0133, "error of the best blend"),
        (0.5, "Half and half"),
        (0, "A little of it"),
        (1, "hands the noisy pixel back"),
        (0.2, "slope"),
    ],
}

EXERCISES["check_threshold_risk"] = {
    "right": threshold_risk,
    "says": "counts the survivors",
    "other ways": {
        "by the gradient": by_gradient,
        "smaller of two": lambda y, t, sigma: (
            torch.minimum(y.square(), torch.tensor(t**2)).mean() + sigma**2 * (1 - 2 * (y.abs() <= t).float().mean())
        ),
    },
    "hints": [
        (terms(variance=0), "-sigma^2 is missing"),
        (terms(reward=1), "counts twice"),
        (terms(reward=0), "handing the noise back"),
        (lambda y, t, sigma: threshold_risk(y, t, sigma) * y.numel(), "summed"),
        (
            lambda y, t, sigma: (
                (y.square() * (y.abs() <= t)).mean() - sigma**2 + 2 * sigma**2 * (y.abs() > t).float().mean()
            ),
            "soft",
        ),
        (terms(survive=lambda y, t: y.abs() <= t), "become 0"),
        (terms(survive=lambda y, t: y > t), "Negative numbers"),
        (terms(power=1), "square it"),
        (lambda y, t, sigma: shrunk(y, t), "one number"),
        (lambda y, t, sigma: torch.tensor(0.0), "one by one"),
    ],
    "mutants": {
        "the sign of the reward": terms(reward=-2),
        "the sign of the variance": terms(variance=-1),
        "sigma of the page": lambda y, t, sigma: threshold_risk(y, t, 0.5),
        "the first row": lambda y, t, sigma: threshold_risk(y[:1], t, sigma),
        "all moved by t": lambda y, t, sigma: t**2 - sigma**2 + 2 * sigma**2 * (y.abs() > t).float().mean(),
    },
}
