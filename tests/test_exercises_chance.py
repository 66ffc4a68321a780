"""The study of gradients through chance: right answers to each exercise, hints for typical mistakes, mutants; what the answers rest on."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from companion.exercises import chance as exercises


def test_the_trick_is_25_times_noisier_on_the_wiggle():
    """By a fine sum over the cloud's density, the true gradient taken away from both."""
    z = torch.linspace(-5, 5, 200_001, dtype=torch.double)
    weight = Normal(0.0, 0.5).log_prob(z).exp()
    weight /= weight.sum()
    trick, score = 10 * torch.cos(10 * z), torch.sin(10 * z) * z / 0.5**2
    truth = 10 * math.exp(-12.5)
    assert (weight * trick).sum().item() == pytest.approx(truth, abs=1e-9)
    assert (weight * score).sum().item() == pytest.approx(truth, abs=1e-9)
    variances = [(weight * (g - truth) ** 2).sum().item() for g in (trick, score)]
    assert variances[0] / variances[1] == pytest.approx(25, abs=0.01)


def test_a_pair_has_no_noise_where_the_cost_is_a_square():
    """The answer to exercise S06.2: what is linear in the noise cancels in a pair."""
    mu = torch.randn(50, 3)
    z = pairs(mu, torch.zeros(50, 3))
    assert torch.allclose((2 * z).mean(0), 2 * mu, atol=1e-5)  # the slopes of z^2
    free = pairs(mu, torch.zeros(50, 3), second=lambda shift: torch.randn_like(shift))
    assert not torch.allclose((2 * free).mean(0), 2 * mu, atol=0.1)


def pairs(mu, logvar, *, noise=torch.randn_like, scale=lambda v: torch.exp(v / 2), second=lambda shift: -shift):
    shift = scale(logvar) * noise(mu)
    return torch.stack([mu + shift, mu + second(shift)])


def change(**parts):
    return lambda mu, logvar: pairs(mu, logvar, **parts)


def seeded(mu, logvar):
    torch.manual_seed(0)
    return pairs(mu, logvar)


def by_rsample(mu, logvar):
    z = Normal(mu, (logvar / 2).exp()).rsample()
    return torch.stack([z, 2 * mu - z])


def by_sample(mu, logvar):
    z = Normal(mu, (logvar / 2).exp()).sample()
    return torch.stack([z, 2 * mu - z])


def with_signs(mu, logvar):
    signs = torch.tensor([1.0, -1.0])[:, None, None]
    return mu + signs * torch.randn_like(mu) * logvar.exp().sqrt()


def value_of(truth, gradient_of):
    return truth.detach() + gradient_of - gradient_of.detach()


def half_the_gradient(mu, logvar):
    z = pairs(mu, logvar)
    return value_of(z, z / 2)


def test_right_pairs_pass_with_every_seed():
    for seed in range(30):
        draws = iter(range(seed * 1000, seed * 1000 + 1000))

        def drawn(mu, logvar, draws=draws):
            torch.manual_seed(next(draws))
            return pairs(mu, logvar)

        verdict = exercises.check_pairs(drawn)
        assert verdict.ok, (seed, verdict)


EXERCISES = {}

EXERCISES["check_wiggle"] = {
    "right": 25,
    "says": "25 times",
    "hints": [
        (5, "standard deviations"),
        (1 / 25, "Upside down"),
        (50, "the trick's estimate"),
        (2, "ratio of two"),
        (100, "Where is sigma"),
        (400, "divided by sigma"),
        (36, "example of the text"),
        (1, "How far"),
        (30, "You answered 30"),
    ],
}

EXERCISES["check_pairs"] = {
    "right": pairs,
    "strict": True,
    "says": "takes away",
    "other ways": {
        "rsample, mirrored": by_rsample,
        "signs": with_signs,
        "minus first": lambda mu, logvar: pairs(mu, logvar).flip(0),
        "in double": lambda mu, logvar: pairs(mu.double(), logvar.double()),
        "a list of two": lambda mu, logvar: list(pairs(mu, logvar)),
        "numbers of NumPy": change(
            noise=lambda m: torch.from_numpy(np.random.standard_normal(m.shape)).float()  # noqa: NPY002
        ),
    },
    "hints": [
        (lambda mu, logvar: torch.stack([mu, mu]), "mu itself"),
        (lambda mu, logvar: pairs(mu, logvar)[0], "expected (2, 1024, 4)"),
        (lambda mu, logvar: pairs(mu, logvar).transpose(0, 1), "(1024, 2, 4)"),
        (lambda mu, logvar: pairs(mu, logvar) * math.nan, "not finite"),
        (change(second=lambda shift: shift), "is not mu"),
        (change(second=lambda shift: torch.randn_like(shift)), "is not mu"),
        (change(second=lambda shift: -shift / 2), "is not mu"),
        (change(scale=torch.exp), "the variance"),
        (change(scale=torch.ones_like), "whatever logvar says"),
        (change(scale=lambda v: torch.exp(v / 4)), "root of sigma"),
        (change(scale=lambda v: 2 * torch.exp(v / 2)), "standard deviation 2"),
        (change(noise=lambda m: torch.rand_like(m) - 0.5), "standard deviation 0.288"),
        (change(noise=lambda m: (torch.rand_like(m) - 0.5) * 12**0.5), "no tails"),
        (change(noise=torch.rand_like), "the mean 0.5"),
        (change(noise=lambda m: torch.randn_like(m[:1])), "All images"),
        (change(noise=lambda m: torch.randn_like(m[:, :1])), "All numbers"),
        (seeded, "Draw it anew"),
        (lambda mu, logvar: pairs(mu, logvar).detach(), "No gradient"),
        (by_sample, "of mu is not"),
        (lambda mu, logvar: pairs(mu, logvar.detach()), "of logvar is not"),
        (lambda mu, logvar: pairs(mu.detach(), logvar), "of mu is not"),
    ],
    "mutants": {
        "Laplace": change(noise=lambda m: torch.distributions.Laplace(0.0, 0.5**0.5).sample(m.shape)),
        "coins": change(noise=lambda m: torch.randn_like(m).sign()),
        "sigma 1.1": change(scale=lambda v: 1.1 * torch.exp(v / 2)),
        "sigma 0.9": change(scale=lambda v: 0.9 * torch.exp(v / 2)),
        "mean 0.15": change(noise=lambda m: torch.randn_like(m) + 0.15),
        "positive": change(noise=lambda m: torch.randn_like(m).abs()),
        "shared by pairs of images": change(noise=lambda m: torch.randn_like(m[: len(m) // 2]).repeat_interleave(2, 0)),
        "half of the gradient": half_the_gradient,
        "logvar's gradient reversed": lambda mu, logvar: value_of(z := pairs(mu, logvar), 2 * mu.expand_as(z) - z),
        "mean of the batch": lambda mu, logvar: pairs(mu.mean(0).expand_as(mu), logvar),
    },
}

EXERCISES["check_reports"] = {
    "right": "C",
    "says": "that you will store",
    "hints": [
        ("A", "between 0 and 1"),
        ("B", "no promise"),
        ("D", "0 or 1 with it"),
        ("E", "one of the letters"),
        (3, "one of the letters"),
    ],
}
