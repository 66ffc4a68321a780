"""The study of density: right answers to each exercise, hints for typical mistakes, mutants; and what they rest on."""

import pytest
import torch


def tanh(x_noisy, sigma):
    return torch.tanh(x_noisy / sigma**2)


def bayes(x_noisy, sigma):
    plus, minus = (torch.exp(-((x_noisy - c) ** 2) / (2 * sigma**2)) for c in (1, -1))
    return (plus - minus) / (plus + minus)


def slope(denoiser, x):
    z = x.clone().requires_grad_()
    return torch.autograd.grad(denoiser(z).sum(), z)[0]


def variance(denoiser, x_noisy, sigma):
    return sigma**2 * slope(denoiser, x_noisy)


def differences(denoiser, x_noisy, sigma, h=0.01):
    return sigma**2 * (denoiser(x_noisy + h) - denoiser(x_noisy - h)) / (2 * h)


def test_the_slope_of_a_denoiser_tells_how_far_off_its_answers_are():
    """The mean squared error of the coin's best denoiser is the mean of its own doubt."""
    x, sigma = torch.randn(200_000).sign(), 0.8
    x_noisy = x + sigma * torch.randn_like(x)
    error = (tanh(x_noisy, sigma) - x).square().mean().item()
    assert variance(lambda v: tanh(v, sigma), x_noisy, sigma).mean().item() == pytest.approx(error, rel=0.02)


EXERCISES = {}

EXERCISES["check_best_denoiser"] = {
    "right": tanh,
    "says": "tanh",
    "other ways": {
        "probabilities": lambda x, s: 2 * torch.sigmoid(2 * x / s**2) - 1,
        "log-densities": lambda x, s: (
            torch.softmax(torch.stack([-((x - 1) ** 2), -((x + 1) ** 2)]) / (2 * s**2), 0)
            .mul(torch.tensor([1.0, -1.0]).view(2, 1, 1))
            .sum(0)
        ),
        "Bayes' rule": bayes,
        "in double": lambda x, s: tanh(x.double(), s),
    },
    "hints": [
        (lambda x, s: x.sign(), "nearer point"),
        (lambda x, s: x / (1 + s**2), "straight line"),
        (lambda x, s: x, "noisy point back"),
        (lambda x, s: torch.tanh(x / s), "squared"),
        (lambda x, s: torch.tanh(2 * x / s**2), "Twice too steep"),
        (lambda x, s: torch.tanh(x / s**2 / 2), "Half as steep"),
        (lambda x, s: torch.sigmoid(2 * x / s**2), "probability of +1"),
        (lambda x, s: -tanh(x, s), "sign"),
        (lambda x, s: (tanh(x, s) - x) / s**2, "score already"),
        (lambda x, s: tanh(x, 0.8), "sigma = 0.5"),
        (lambda x, s: torch.zeros_like(x), "Bayes"),
        (lambda x, s: torch.zeros(x.shape, dtype=torch.bool), "torch.bool"),
        (lambda x, s: tanh(x, s).mean(), "same shape"),
        (lambda x, s: 0.0, "same shape"),
    ],
    "mutants": {
        "sigma 0.5": lambda x, s: tanh(x, 0.5),
        "twice": lambda x, s: 2 * tanh(x, s),
        "half": lambda x, s: tanh(x, s) / 2,
        "odds": lambda x, s: torch.exp(2 * x / s**2),
        "log-odds": lambda x, s: 2 * x / s**2,
        "absolute": lambda x, s: tanh(x, s).abs(),
        "error function": lambda x, s: torch.erf(x / s**2),
        "clamped": lambda x, s: x.clamp(-1, 1),
        "average with the noisy point": lambda x, s: (tanh(x, s) + x) / 2,
        "draw": lambda x, s: 2 * torch.bernoulli((1 + tanh(x, s)) / 2) - 1,
        "transposed": lambda x, s: tanh(x, s).reshape(4, 3).T,
        "sigma without a square, twice": lambda x, s: torch.tanh(x / (2 * s)),
        "in place": lambda x, s: x.div_(s**2).tanh_(),
    },
}

EXERCISES["check_doubt"] = {
    "right": variance,
    "says": "own slope",
    "other ways": {
        "differences": differences,
        "by the score": lambda d, x, s: s**2 + s**4 * slope(lambda z: (d(z) - z) / s**2, x),
        "point by point": lambda d, x, s: torch.stack([variance(d, p, s) for p in x]),
    },
    "hints": [
        (lambda d, x, s: slope(d, x), "which factor"),
        (lambda d, x, s: s * slope(d, x), "Nearly"),
        (lambda d, x, s: variance(d, x, s).sqrt(), "standard deviation"),
        (lambda d, x, s: s**2 * (slope(d, x) - 1), "Add sigma^2"),
        (lambda d, x, s: (slope(d, x) - 1) / s**2, "slope of the score"),
        (lambda d, x, s: s**4 * slope(d, x), "too many"),
        (lambda d, x, s: s**2 - variance(d, x, s), "What remains"),
        (lambda d, x, s: (d(x) - x).square(), "square of the step"),
        (lambda d, x, s: torch.full_like(x, s**2), "no idea"),
        (lambda d, x, s: variance(d, x, s).mean(), "(9,)"),
        (lambda d, x, s: d(x), "Differentiate"),
    ],
    "mutants": {
        "for the coin alone": lambda d, x, s: 1 - tanh(x, s) ** 2,
        "sigma 0.8": lambda d, x, s: 0.64 * slope(d, x),
        "one-sided, too wide": lambda d, x, s: s**2 * (d(x + 0.3) - d(x)) / 0.3,
        "the slope's size, turned": lambda d, x, s: -variance(d, x, s),
        "reversed": lambda d, x, s: variance(d, x, s).flip(0),
    },
}

EXERCISES["check_left_alone"] = {
    "right": "B",
    "says": "slope of 0",
    "hints": [("A", "stand still"), ("C", "no coin"), ("D", "score")],
}
