"""The study of the bound: right answers to each exercise, hints for typical mistakes, mutants; what the answers rest on."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from companion.vae import kl_to_standard_normal


def mean_square(v):
    """Of the weights, posterior over cloud, for a cloud of variance v: by a sum out to the end of double precision."""
    u = torch.linspace(-20, 20, 200_001, dtype=torch.double)
    log_p, log_q = (Normal(0.0, variance**0.5).log_prob(u) for variance in (0.2, v))
    return (2 * log_p - log_q).exp().sum().item() * 40 / 200_000


def test_weights_have_a_finite_mean_square_down_to_half_of_the_posteriors_variance():
    assert math.isclose(mean_square(0.2), 1, rel_tol=1e-6)
    assert math.isclose(mean_square(0.11), 0.2**-1 * 0.11**0.5 / (2 / 0.2 - 1 / 0.11) ** 0.5, rel_tol=1e-3)
    assert mean_square(0.099) > 100 * mean_square(0.11)


def terms(mu, logvar, prior_mu, prior_logvar):
    """Variance of the code, of the prior, and the squared distance of the means."""
    return logvar.exp(), prior_logvar.exp(), (mu - prior_mu) ** 2


def kl_between(*args):
    v, w, square = terms(*args)
    return (torch.log(w / v) + (v + square) / w - 1) / 2


def by_distributions(mu, logvar, prior_mu, prior_logvar):
    return kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(prior_mu, (prior_logvar / 2).exp()))


def half_missing(*args):
    v, w, square = terms(*args)
    return torch.log(w / v) + (v + square) / w - 1


def half_of_logarithm_only(*args):
    v, w, square = terms(*args)
    return torch.log(w / v) / 4 + ((v + square) / w - 1) / 2


def logarithm_twice(*args):
    v, w, square = terms(*args)
    return torch.log(w / v) + ((v + square) / w - 1) / 2


def logarithm_reversed(*args):
    v, w, square = terms(*args)
    return (torch.log(v / w) + (v + square) / w - 1) / 2


def without_one(*args):
    v, w, square = terms(*args)
    return (torch.log(w / v) + (v + square) / w) / 2


def prior_mean_missing(mu, logvar, prior_mu, prior_logvar):
    return kl_between(mu, logvar, torch.zeros_like(mu), prior_logvar)


def not_squared(*args):
    v, w, _ = terms(*args)
    return (torch.log(w / v) + (v + args[0] - args[2]) / w - 1) / 2


def without_units(*args):
    v, w, square = terms(*args)
    return (torch.log(w / v) + v / w + square - 1) / 2


def units_of_the_code(*args):
    v, w, square = terms(*args)
    return (torch.log(w / v) + v / w + square / v - 1) / 2


EXERCISES = {}

EXERCISES["check_kl_between"] = {
    "right": kl_between,
    "says": "torch.distributions",
    "other ways": {
        "sigmas": lambda m, v, n, w: (w - v) / 2 + ((v / 2).exp() ** 2 + (m - n) ** 2) / (2 * (w / 2).exp() ** 2) - 0.5,
        "exponential of the difference": lambda m, v, n, w: (w - v + (v - w).exp() + (m - n) ** 2 * (-w).exp() - 1) / 2,
        "torch.distributions": by_distributions,
        "in double": lambda *a: kl_between(*(v.double() for v in a)),
        "with a gradient": lambda *a: kl_between(*(v.requires_grad_() for v in a)),
    },
    "hints": [
        (lambda m, v, n, w: kl_between(n, w, m, v), "divergence of the prior"),
        (lambda *a: -kl_between(*a), "sign is reversed"),
        (half_missing, "a half is missing"),
        (lambda m, v, n, w: kl_to_standard_normal(m, v), "from N(0, 1)"),
        (prior_mean_missing, "prior's mean is missing"),
        (not_squared, "not squared"),
        (without_units, "prior's variance"),
        (units_of_the_code, "code's variance"),
        (without_one, "constant is missing"),
        (logarithm_reversed, "sign reversed"),
        (lambda m, v, n, w: kl_between(m, 2 * v, n, 2 * w), "logarithm of sigma"),
        (lambda m, v, n, w: kl_between(m, v / 2, n, w / 2), "standard deviations"),
        (half_of_logarithm_only, "halved the logarithm"),
        (logarithm_twice, "counts twice"),
        (lambda *a: kl_between(*a).sum(1), "over the units"),
        (lambda *a: kl_between(*a).sum(), "over everything"),
        (lambda *a: kl_between(*a).mean(), "()"),
        (lambda *a: kl_between(*a).mean(1), "(5,)"),
        (lambda *a: kl_between(*a).T, "(3, 5)"),
        (lambda *a: torch.zeros(5, 3), "log q(z) - log p(z)"),
        (lambda *a: torch.zeros(5, 3, dtype=torch.bool), "torch.bool"),
        (lambda *a: torch.zeros(0), "(0,)"),
        (lambda *a: 1.0, "()"),
    ],
    "mutants": {
        "twice the logarithm of the prior": lambda m, v, n, w: kl_between(m, v, n, w) + w / 2,
        "prior's variance 1": lambda m, v, n, w: kl_between(m, v, n, 0 * w),
        "code's variance 1": lambda m, v, n, w: kl_between(m, 0 * v, n, w),
        "means exchanged": lambda m, v, n, w: kl_between(n, v, m, w) + 1e-3,
        "variances exchanged": lambda m, v, n, w: kl_between(m, w, n, v),
        "sum of the means": lambda m, v, n, w: kl_between(m, v, -n, w),
        "one more": lambda *a: kl_between(*a) + 1,
        "bits": lambda *a: kl_between(*a) / math.log(2),
        "absolute": lambda m, v, n, w: (v - w).abs() / 2,
        "symmetric": lambda m, v, n, w: (kl_between(m, v, n, w) + kl_between(n, w, m, v)) / 2,
        "first image for all": lambda *a: kl_between(*a)[:1].expand(5, 3),
        "mean of the batch": lambda *a: kl_between(*a).mean(0).expand(5, 3),
        "in place": lambda m, v, n, w: kl_between(m.add_(0.1), v, n, w),
    },
}


EXERCISES["check_narrowest"] = {
    "right": 0.1,
    "says": "Half of",
    "hints": [
        (0.2, "all weights are equal"),
        (0.4, "Upside down"),
        (0.3162, "the standard deviation"),
        (0.4472, "posterior's standard deviation"),
        (0.05, "one q is used up"),
        (0, "Not every cloud"),
        (10, "Turn it round"),
        (0.15, "You answered 0.15"),
    ],
}

EXERCISES["check_two_reports"] = {
    "right": "C",
    "says": "same one",
    "hints": [
        ("A", "equally far"),
        ("B", "could that hide"),
        ("D", "already tight"),
        ("E", "one of the letters"),
        (-87, "one of the letters"),
    ],
}
