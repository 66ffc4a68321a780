"""The checks of chapter 4 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from companion import bce, fit, squared_error
from companion.exercises import vae as exercises
from companion.exercises._verdict import NO_ANSWER
from companion.vae import VAE, kl_to_standard_normal, negative_elbo, reparameterize


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("CAB", True, "log 5"),
        ("c, a, b", True, "log 5"),
        ("C < A < B", True, "log 5"),
        (["C", "A", "B"], True, "log 5"),
        (("C", "A", "B"), True, "log 5"),
        ("BAC", False, "dear to cheap"),
        ("CBA", False, "its logarithm"),
        ("BCA", False, "its logarithm"),
        ("ABC", False, "C comes too late"),
        ("ACB", False, "C comes too late"),
        ("AB", False, "three letters"),
        ("CABB", False, "three letters"),
        ("", False, "three letters"),
        (["C", 1], False, "three letters"),
        ([], False, "three letters"),
        ({"C": 1}, False, "three letters"),
        (3, False, "three letters"),
        (None, False, "three letters"),
        (torch.zeros(3), False, "three letters"),
    ],
)
def test_check_kl_order(answer, ok, hint):
    verdict = exercises.check_kl_order(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_figures_of_the_order():
    mu, sigma = torch.tensor([[0.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.5, 0.5, 0.1, 1.5]])
    now, a, b, c = kl_to_standard_normal(mu, 2 * sigma.log())[0].tolist()
    assert c < now < a < b
    message = exercises.check_kl_order("CAB").message
    assert all(f"{value:.3f}" in message for value in (now, a, b, c, math.log(5)))
    assert a - now == pytest.approx(0.5)
    assert b - now == pytest.approx(math.log(5) - 0.12)


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (49, True, "784 / 16"),
        (49.0, True, "sigma_x = 4.95"),
        (torch.tensor(49.0), True, "784 / 16"),
        (torch.tensor(3.0), False, "You answered 3."),
        (784, False, "before the repair"),
        (16, False, "units only"),
        (1, False, "do not cancel"),
        (0.0204, False, "Upside down"),
        (12544, False, "multiplied the two"),
        (24.5, False, "factor 2"),
        (98, False, "factor 2"),
        (28, False, "side"),
        (50, False, "You answered 50"),
        (math.nan, False, "You answered nan"),
        (math.inf, False, "You answered inf"),
        ("49", False, "expected a number"),
        (True, False, "expected a number"),
        (None, False, "expected a number"),
        (torch.zeros(2), False, "expected a number"),
    ],
)
def test_check_kl_weight(answer, ok, hint):
    verdict = exercises.check_kl_weight(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_means_on_both_sides_are_beta_49():
    x, x_hat = torch.rand(2, 8, 1, 28, 28)
    kl = kl_to_standard_normal(torch.randn(8, 16), torch.randn(8, 16))
    repaired = (x_hat - x).square().mean() + kl.mean()
    assert 784 * repaired == pytest.approx((squared_error(x_hat, x) + 49 * kl.sum(1).mean()).item())


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


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (kl_between, True, "torch.distributions"),
        (by_distributions, True, "torch.distributions"),
        (lambda *a: kl_between(*(v.double() for v in a)), True, "torch.distributions"),
        (lambda *a: kl_between(*(v.requires_grad_() for v in a)), True, "torch.distributions"),
        (lambda m, v, n, w: kl_between(n, w, m, v), False, "divergence of the prior"),
        (lambda *a: -kl_between(*a), False, "sign is reversed"),
        (half_missing, False, "a half is missing"),
        (lambda m, v, n, w: kl_to_standard_normal(m, v), False, "from N(0, 1)"),
        (prior_mean_missing, False, "prior's mean is missing"),
        (not_squared, False, "not squared"),
        (without_units, False, "prior's variance"),
        (units_of_the_code, False, "code's variance"),
        (without_one, False, "constant is missing"),
        (logarithm_reversed, False, "sign reversed"),
        (lambda m, v, n, w: kl_between(m, 2 * v, n, 2 * w), False, "logarithm of sigma"),
        (lambda m, v, n, w: kl_between(m, v / 2, n, w / 2), False, "standard deviations"),
        (half_of_logarithm_only, False, "halved the logarithm"),
        (logarithm_twice, False, "counts twice"),
        (lambda *a: kl_between(*a).sum(1), False, "over the units"),
        (lambda *a: kl_between(*a).sum(), False, "over everything"),
        (lambda *a: kl_between(*a).mean(), False, "()"),
        (lambda *a: kl_between(*a).mean(1), False, "(5,)"),
        (lambda *a: kl_between(*a).T, False, "(3, 5)"),
        (lambda *a: kl_between(*a) * math.nan, False, "log q(z) - log p(z)"),
        (lambda *a: torch.zeros(5, 3), False, "log q(z) - log p(z)"),
        (lambda *a: torch.zeros(5, 3, dtype=torch.bool), False, "torch.bool"),
        (lambda *a: torch.zeros(5, 3, dtype=torch.complex64), False, "complex"),
        (lambda *a: torch.zeros(0), False, "(0,)"),
        (lambda *a: 1.0, False, "()"),
        (lambda *a: "kl", False, "str"),
        (lambda m, v: kl_to_standard_normal(m, v), False, "TypeError"),
        (lambda m, v, n, w: m @ v, False, "RuntimeError"),
        (7, False, "expected your function"),
        (None, False, "expected your function"),
    ],
)
def test_check_kl_between(function, ok, hint):
    verdict = exercises.check_kl_between(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.25, True, "1/16"),
        (0.0625, False, "variance"),
        (0.2582, False, "A 1 is missing"),
        (0.5423, False, "decoder's sigma"),
        (0.3780, False, "divided by sigma"),
        (0.1796, False, "half of the reconstruction"),
        (0.3430, False, "half of the KL"),
        (0.3058, False, "enters squared"),
        (0, False, "KL divergence say"),
        (1, False, "reaches the image"),
        (0.7, False, "You answered 0.7"),
        (math.nan, False, "You answered nan"),
        (-math.inf, False, "You answered -inf"),
        (torch.tensor(0.25), True, "1/16"),
        (-0.25, False, "never below 0"),
        (2.5, False, "Wider than the prior"),
        ([0.25], False, "expected a number"),
        (False, False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_doubt(answer, ok, hint):
    verdict = exercises.check_doubt(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_a_quarter_is_the_best_doubt():
    """Gradient descent on the objective of the exercise, with drawn codes instead of the formula."""
    w = torch.randn(9)
    w *= math.sqrt(2.4) / w.norm()
    eps, logvar = torch.randn(20_000, 1), torch.zeros(1, 1, requires_grad=True)
    optimizer = torch.optim.Adam([logvar], lr=0.05)
    for _ in range(300):
        shift = (logvar / 2).exp() * eps * w  # what the doubt does to the image, (20000, 9)
        error = shift.square().sum(1).mean() / (2 * 0.4**2)
        loss = error + kl_to_standard_normal(torch.zeros(1, 1), logvar).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (logvar / 2).exp().item() == pytest.approx(0.25, rel=0.03)


def loss_with(
    model,
    x,
    target,
    weight,
    *,
    draw=reparameterize,
    reconstruction=bce,
    kl=lambda mu, logvar: kl_to_standard_normal(mu, logvar).sum(1).mean(),
    loss=lambda r, k, target, weight: r + weight * (k - target).abs(),
):
    mu, logvar = model.encode(x)
    r, k = reconstruction(model.decode(draw(mu, logvar)), x), kl(mu, logvar)
    return {"loss": loss(r, k, target, weight), "reconstruction": r, "kl": k}


def change(**parts):
    return lambda *args: loss_with(*args, **parts)


def seeded(mu, logvar):
    torch.manual_seed(0)
    return reparameterize(mu, logvar)


def two_draws(model, x, target, weight):
    mu, logvar = model.encode(x)
    r = (bce(model.decode(reparameterize(mu, logvar)), x) + bce(model.decode(reparameterize(mu, logvar)), x)) / 2
    k = kl_to_standard_normal(mu, logvar).sum(1).mean()
    return {"loss": r + weight * (k - target).abs(), "reconstruction": r, "kl": k}


def no_gradient(*args):
    with torch.no_grad():
        return loss_with(*args)


def every_image(model, x, target, weight):
    mu, logvar = model.encode(x)
    r = bce(model.decode(reparameterize(mu, logvar)), x)
    each = kl_to_standard_normal(mu, logvar).sum(1)
    return {"loss": r + weight * (each - target).abs().mean(), "reconstruction": r, "kl": each.mean()}


def from_elbo(model, x, target, weight):
    """Built on the chapter's own objective."""
    found = negative_elbo()(model, x)
    return {**found, "loss": found["reconstruction"] + weight * torch.abs(found["kl"] - target)}


def keys_but(name):
    return lambda *args: {k: v for k, v in loss_with(*args).items() if k != name}


def replaced(name, value):
    return lambda *args: {**loss_with(*args), name: value}


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (loss_with, True, "passes the draw"),
        (from_elbo, True, "passes the draw"),
        (change(draw=lambda m, v: Normal(m, (v / 2).exp()).rsample()), True, "passes the draw"),
        (change(reconstruction=lambda a, b: F.binary_cross_entropy(a, b, reduction="sum") / len(b)), True, "passes"),
        (change(loss=lambda r, k, t, w: r + w * F.relu(k - t) + w * F.relu(t - k)), True, "passes the draw"),
        (replaced("note", torch.zeros(3)), True, "passes the draw"),
        (lambda *a: (f := loss_with(*a)) | {"kl": f["kl"].item()}, True, "passes the draw"),
        (change(draw=lambda m, v: m), False, "decode the mean"),
        (change(draw=seeded), False, "same noise. Draw it anew"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.randn(len(m), 1)), False, "All units"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.randn(m.shape[1])), False, "All images"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.rand_like(m)), False, "rand and randn"),
        (change(draw=lambda m, v: m + (v / 2).exp() * (torch.rand_like(m) - 0.5) * 12**0.5), False, "no tails"),
        (change(draw=lambda m, v: m + v.exp() * torch.randn_like(m)), False, "by the variance"),
        (change(draw=lambda m, v: m + v * torch.randn_like(m)), False, "by logvar"),
        (change(draw=lambda m, v: m + torch.randn_like(m)), False, "same spread"),
        (change(draw=lambda m, v: m + (v / 4).exp() * torch.randn_like(m)), False, "root of sigma"),
        (change(draw=lambda m, v: m + 3 * (v / 2).exp() * torch.randn_like(m)), False, "standard deviation 3.0"),
        (change(draw=lambda m, v: m * math.nan), False, "ValueError"),
        (change(draw=lambda m, v: reparameterize(m.flip(0), v)), False, "expected 1 in each unit"),
        (change(draw=lambda m, v: reparameterize(m, v)[:1], reconstruction=lambda a, b: a.mean()), False, "(1, 4)"),
        (two_draws, False, "2 times"),
        (change(reconstruction=F.binary_cross_entropy), False, "mean over pixels"),
        (change(reconstruction=lambda a, b: len(b) * bce(a, b)), False, "summed over the images"),
        (change(reconstruction=lambda a, b: -bce(a, b)), False, "log-likelihood"),
        (change(reconstruction=squared_error), False, "squared error"),
        (change(reconstruction=F.mse_loss), False, "squared error"),
        (change(reconstruction=lambda a, b: 2 * bce(a, b)), False, 'The "reconstruction" is not'),
        (change(reconstruction=lambda a, b: bce(a, b) * math.nan), False, 'The "reconstruction" is not'),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v).mean()), False, "mean over units"),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v).sum()), False, "summed over the images"),
        (change(kl=lambda m, v: -kl_to_standard_normal(m, v).sum(1).mean()), False, "never below 0"),
        (change(kl=lambda m, v: 2 * kl_to_standard_normal(m, v).sum(1).mean()), False, "half is missing"),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v / 2).sum(1).mean()), False, 'The "kl" is not'),
        (lambda *a: {**loss_with(*a), "kl": (loss_with(*a)["kl"] - a[2]).abs()}, False, "2 times"),
        (lambda *a: (f := loss_with(*a)) | {"kl": (f["kl"] - a[2]).abs()}, False, "not its distance"),
        (lambda *a: (f := loss_with(*a)) | {"kl": a[3] * f["kl"]}, False, "without the weight"),
        (change(loss=lambda r, k, t, w: r + w * (k - t)), False, "rewards a smaller"),
        (change(loss=lambda r, k, t, w: r + w * (t - k)), False, "rewards a larger"),
        (change(loss=lambda r, k, t, w: r + w * (k - t) ** 2), False, "squared the distance"),
        (change(loss=lambda r, k, t, w: r + w * F.relu(k - t)), False, "Below it should cost"),
        (change(loss=lambda r, k, t, w: r + w * F.relu(t - k)), False, "Above it should cost"),
        (every_image, False, "every image"),
        (change(loss=lambda r, k, t, w: r + w * k.clamp(min=t)), False, "free bits"),
        (change(loss=lambda r, k, t, w: r + w * k), False, "beta = weight"),
        (change(loss=lambda r, k, t, w: r + k), False, "chapter's ELBO"),
        (change(loss=lambda r, k, t, w: r + (k - t).abs()), False, "weight is not"),
        (change(loss=lambda r, k, t, w: w * r + (k - t).abs()), False, "weight stands at"),
        (change(loss=lambda r, k, t, w: r - w * (k - t).abs()), False, "rewards a distance"),
        (change(loss=lambda r, k, t, w: r + w), False, "terms are right"),
        (change(loss=lambda r, k, t, w: r * math.nan), False, "terms are right"),
        (no_gradient, False, "cuts the graph"),
        (change(draw=lambda m, v: Normal(m, (v / 2).exp()).sample()), False, "passes the draw of z"),
        (change(loss=lambda r, k, t, w: r + w * (k.detach() - t).abs()), False, "passes the KL"),
        (change(loss=lambda r, k, t, w: r.detach() + w * (k - t).abs()), False, "cuts a part"),
        (keys_but("loss"), False, 'None under "loss"'),
        (keys_but("kl"), False, 'None under "kl"'),
        (replaced("loss", 3.0), False, '3.0 under "loss"'),
        (replaced("kl", torch.zeros(256)), False, "(256,)"),
        (replaced("kl", torch.zeros((), dtype=torch.complex64)), False, "()"),
        (replaced("loss", torch.tensor(7)), False, "terms are right"),
        (lambda *a: loss_with(*a)["loss"], False, "returned a Tensor"),
        (lambda m, x, t, w: dict.fromkeys(("loss", "reconstruction", "kl"), x.mean()), False, "0 times"),
        (lambda m, x: x, False, "TypeError"),
        (lambda m, x, t, w: m.decode(x), False, "RuntimeError"),
        (nn.Linear(3, 3), False, "TypeError"),
        (3, False, "expected your function"),
        (None, False, "expected your function"),
    ],
)
def test_check_kl_target(function, ok, hint):
    verdict = exercises.check_kl_target(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_training_reaches_the_target(data):
    torch.manual_seed(0)
    history = fit(VAE(), data.x_train[:500], lambda m, x: loss_with(m, x, 5.0, 10.0), epochs=6)
    assert history["kl"][-1] == pytest.approx(5, rel=0.1)


def gaussians(mu, logvar):
    return Independent(Normal(mu, (logvar / 2).exp()), 1)


def log_aggregate(z, mu, logvar):
    return gaussians(mu, logvar).log_prob(z[:, None]).logsumexp(1) - math.log(len(mu))


def by_mixture(z, mu, logvar):
    return MixtureSameFamily(Categorical(torch.ones(len(mu))), gaussians(mu, logvar)).log_prob(z)


def by_hand(z, mu, logvar):
    each = ((z[:, None] - mu) ** 2 / logvar.exp() + logvar + math.log(2 * math.pi)).sum(2) / -2
    return torch.logsumexp(each, 1) - math.log(mu.shape[0])


def one_image_at_a_time(z, mu, logvar):
    rows = [Normal(m, (v / 2).exp()).log_prob(z).sum(1) for m, v in zip(mu, logvar, strict=True)]
    return torch.stack(rows).logsumexp(0) - math.log(len(rows))


def per_image(z, mu, logvar):
    return gaussians(mu, logvar).log_prob(z[:, None])


def per_unit(z, mu, logvar):
    return Normal(mu, (logvar / 2).exp()).log_prob(z[:, None])


def unit_by_unit(z, mu, logvar):
    return (per_unit(z, mu, logvar).logsumexp(1) - math.log(len(mu))).sum(1)


def bell_only(z, mu, logvar):
    return ((z[:, None] - mu) ** 2 / logvar.exp()).sum(2).div(-2).logsumexp(1) - math.log(len(mu))


def one_gaussian(z, mu, logvar):
    v = mu.var(0, correction=0) + logvar.exp().mean(0)
    return Normal(mu.mean(0), v.sqrt()).log_prob(z).sum(1)


def full_gaussian(z, mu, logvar):
    covariance = torch.cov(mu.T, correction=0) + logvar.exp().mean(0).diag()
    return torch.distributions.MultivariateNormal(mu.mean(0), covariance).log_prob(z)


def mean_parameters(z, mu, logvar):
    return Normal(mu.mean(0), (logvar.mean(0) / 2).exp()).log_prob(z).sum(1)


def wrong_far_away(z, mu, logvar):
    found = log_aggregate(z, mu, logvar)
    return found if mu.shape[1] == 3 else found + 100


def wrong_shape_far_away(z, mu, logvar):
    found = log_aggregate(z, mu, logvar)
    return found if mu.shape[1] == 3 else found[:1]


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (log_aggregate, True, "no underflow"),
        (by_mixture, True, "no underflow"),
        (by_hand, True, "no underflow"),
        (one_image_at_a_time, True, "no underflow"),
        (lambda z, m, v: log_aggregate(z.double(), m.double(), v.double()), True, "no underflow"),
        (lambda z, m, v: log_aggregate(z, m.requires_grad_(), v), True, "no underflow"),
        (lambda z, m, v: per_image(z, m, v).exp().mean(1).log(), False, "60 units"),
        (lambda *a: per_image(*a).mean(1), False, "averaged the logarithms"),
        (lambda *a: per_image(*a).logsumexp(1), False, "summed the densities"),
        (lambda *a: per_image(*a).amax(1), False, "nearest image"),
        (unit_by_unit, False, "unit by unit"),
        (lambda z, m, v: log_aggregate(z, m, 2 * v), False, "logarithm of sigma"),
        (lambda z, m, v: log_aggregate(z, m, v / 2), False, "standard deviation"),
        (lambda *a: log_aggregate(*a) + 1.5 * math.log(2 * math.pi), False, "constant"),
        (bell_only, False, "in front"),
        (lambda *a: log_aggregate(*a).exp(), False, "That is the density."),
        (lambda *a: -log_aggregate(*a), False, "sign is reversed"),
        (one_gaussian, False, "no Gaussian"),
        (full_gaussian, False, "no Gaussian"),
        (mean_parameters, False, "no Gaussian"),
        (lambda z, m, v: Normal(0.0, 1.0).log_prob(z).sum(1), False, "prior's"),
        (per_image, False, "(S, N)"),
        (lambda *a: per_unit(*a).logsumexp(1), False, "(S, k)"),
        (lambda *a: per_image(*a).logsumexp(0), False, "each image"),
        (lambda *a: log_aggregate(*a)[:, None], False, "(S, 1)"),
        (lambda *a: log_aggregate(*a).mean(), False, "You return one number."),
        (lambda *a: 0.5, False, "You return one number."),
        (lambda *a: log_aggregate(*a)[:2], False, "(2,)"),
        (lambda *a: torch.zeros(7), False, "log(2 pi)"),
        (lambda *a: torch.full((7,), math.nan), False, "log(2 pi)"),
        (lambda *a: torch.zeros(7, dtype=torch.bool), False, "torch.bool"),
        (lambda *a: torch.zeros(7, dtype=torch.complex64), False, "complex"),
        (wrong_far_away, False, "any more"),
        (wrong_shape_far_away, False, "expected (7,)"),
        (lambda z, m, v: log_aggregate(z, m, v) if m.shape[1] == 3 else torch.zeros(0), False, "shape (0,)"),
        (lambda z, m, v: log_aggregate(z, m, v) if m.shape[1] == 3 else 1 / 0, False, "ZeroDivisionError"),
        (lambda z, m, v: Normal(m, (v / 2).exp()).log_prob(z), False, "ValueError"),
        (lambda *a: "q", False, "str"),
        (lambda z: z, False, "TypeError"),
        (5, False, "expected your function"),
        (None, False, "expected your function"),
    ],
)
def test_check_log_aggregate(function, ok, hint):
    verdict = exercises.check_log_aggregate(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_information_and_mismatch_add_up_to_the_kl():
    """The answer to exercise 4.6; codes far apart carry all of log N."""
    mu, logvar = 30.0 * torch.randn(20, 2), torch.randn(20, 2)
    q = gaussians(mu, logvar)
    z = q.sample((2000,))
    log_q = log_aggregate(z.reshape(-1, 2), mu, logvar).reshape(2000, 20)
    information = (q.log_prob(z) - log_q).mean()
    mismatch = (log_q - Normal(0.0, 1.0).log_prob(z).sum(2)).mean()
    assert information == pytest.approx(math.log(20), rel=0.01)
    assert information + mismatch == pytest.approx(kl_to_standard_normal(mu, logvar).sum(1).mean().item(), rel=0.01)


@pytest.mark.parametrize("check", [exercises.check_kl_order, exercises.check_kl_weight, exercises.check_doubt])
def test_open_answer(check):
    assert check(...) == NO_ANSWER


FUNCTION_CHECKS = [exercises.check_kl_between, exercises.check_kl_target, exercises.check_log_aggregate]


@pytest.mark.parametrize("check", FUNCTION_CHECKS)
@pytest.mark.parametrize("result", [None, ...])
def test_open_function(check, result):
    assert check(lambda *args: result) == NO_ANSWER


def test_checks_leave_the_random_state_as_it_was():
    before = torch.random.get_rng_state()
    for check, function in zip(FUNCTION_CHECKS, [kl_between, loss_with, log_aggregate], strict=True):
        assert check(function).ok
    assert torch.equal(before, torch.random.get_rng_state())


# Mutants of the right answers


def noise(draw):
    """The loss with z = mu + sigma * draw(mu)."""
    return change(draw=lambda mu, logvar: mu + (logvar / 2).exp() * draw(mu))


def value_of(truth, slope_of):
    return truth.detach() + slope_of - slope_of.detach()


def way_back(new):
    """The right values, with another gradient: (reconstruction, distance times weight) -> what has the gradient."""

    def loss(model, x, target, weight):
        found = loss_with(model, x, target, weight)
        r, d = found["reconstruction"], weight * (found["kl"] - target).abs()
        return found | {"loss": value_of(found["loss"], new(r, d, found["kl"], target, weight))}

    return loss


MUTANTS = {
    "check_kl_between": {
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
    "check_kl_target": {
        "Laplace": noise(lambda m: torch.distributions.Laplace(0.0, 0.5**0.5).sample(m.shape)),
        "uniform": noise(lambda m: (torch.rand_like(m) - 0.5) * 12**0.5),
        "signs": noise(lambda m: torch.randn_like(m).sign()),
        "exponential": noise(lambda m: torch.empty_like(m).exponential_() - 1),
        "Student": noise(lambda m: torch.distributions.StudentT(6.0).sample(m.shape) * (4 / 6) ** 0.5),
        "mean 0.15": noise(lambda m: torch.randn_like(m) + 0.15),
        "mean -0.15": noise(lambda m: torch.randn_like(m) - 0.15),
        "mean -0.5": noise(lambda m: torch.randn_like(m) - 0.5),
        "sigma 1.1": noise(lambda m: 1.1 * torch.randn_like(m)),
        "sigma 0.9": noise(lambda m: 0.9 * torch.randn_like(m)),
        "shared by the batch": noise(lambda m: torch.randn_like(m[:1])),
        "shared by half of the batch": noise(lambda m: torch.randn_like(m[: len(m) // 2]).repeat(2, 1)),
        "shared by pairs": noise(lambda m: torch.randn_like(m[: len(m) // 2]).repeat_interleave(2, 0)),
        "shared by the units": noise(lambda m: torch.randn_like(m[:, :1])),
        "units in pairs": noise(lambda m: torch.randn_like(m[:, :2]).repeat_interleave(2, 1)),
        "fixed": noise(lambda m: torch.randn(m.shape, generator=torch.Generator().manual_seed(0))),
        "half": noise(lambda m: torch.randn_like(m) / 2),
        "positive": noise(lambda m: torch.randn_like(m).abs()),
        "target left out": change(loss=lambda r, k, t, w: r + w * (k - 5).abs()),
        "weight 3": change(loss=lambda r, k, t, w: r + 3 * (k - t).abs()),
        "weight one half": change(loss=lambda r, k, t, w: r + 0.5 * (k - t).abs()),
        "twice": change(loss=lambda r, k, t, w: 2 * (r + w * (k - t).abs())),
        "sum of the absolute values": change(loss=lambda r, k, t, w: r + w * (k.abs() + abs(t))),
        "mean less one": change(kl=lambda m, v: kl_to_standard_normal(m, v).sum() / (len(m) - 1)),
        "draw detached": change(draw=lambda m, v: reparameterize(m, v).detach()),
        "mu detached": change(draw=lambda m, v: reparameterize(m.detach(), v)),
        "logvar detached": change(draw=lambda m, v: reparameterize(m, v.detach())),
        "distance detached above the target": way_back(lambda r, d, k, t, w: r + (d if k < t else d.detach())),
        "distance detached below the target": way_back(lambda r, d, k, t, w: r + (d if k > t else d.detach())),
        "distance reversed": way_back(lambda r, d, k, t, w: r - d),
        "weight 1 on the way back": way_back(lambda r, d, k, t, w: r + d / w),
        "half of the gradient": way_back(lambda r, d, k, t, w: (r + d) / 2),
        "reconstruction detached": way_back(lambda r, d, k, t, w: d),
    },
    "check_log_aggregate": {
        "5 images known": lambda z, m, v: per_image(z, m, v).logsumexp(1) - math.log(5),
        "number of codes": lambda z, m, v: per_image(z, m, v).logsumexp(1) - math.log(len(z)),
        "number of units": lambda z, m, v: per_image(z, m, v).logsumexp(1) - math.log(z.shape[1]),
        "one less": lambda z, m, v: per_image(z, m, v).logsumexp(1) - math.log(len(m) - 1),
        "twice": lambda *a: 2 * log_aggregate(*a),
        "half": lambda *a: log_aggregate(*a) / 2,
        "bits": lambda *a: log_aggregate(*a) / math.log(2),
        "mean over units": lambda z, m, v: per_unit(z, m, v).mean(2).logsumexp(1) - math.log(len(m)),
        "3 units known": lambda z, m, v: bell_only(z, m, v) - (v.sum(1).mean() + 3 * math.log(2 * math.pi)) / 2,
        "variances left out": lambda z, m, v: log_aggregate(z, m, 0 * v),
        "mean code for all": lambda *a: log_aggregate(*a).mean().expand(len(a[0])),
        "first code for all": lambda *a: log_aggregate(*a)[:1].expand(len(a[0])),
        "codes in reverse": lambda *a: log_aggregate(*a).flip(0),
        "clipped": lambda *a: log_aggregate(*a).clamp(min=-500),
        "nearest far away": lambda *a: per_image(*a).amax(1) - (0 if a[0].shape[1] == 60 else 1e-2),
        "in place": lambda z, m, v: log_aggregate(z.sub_(0.1), m, v),
    },
}
OTHER_WAYS = {
    "check_kl_between": {
        "sigmas": lambda m, v, n, w: (w - v) / 2 + ((v / 2).exp() ** 2 + (m - n) ** 2) / (2 * (w / 2).exp() ** 2) - 0.5,
        "exponential of the difference": lambda m, v, n, w: (w - v + (v - w).exp() + (m - n) ** 2 * (-w).exp() - 1) / 2,
    },
    "check_kl_target": {
        "torch.distributions": change(draw=lambda m, v: Normal(m, (v / 2).exp()).rsample()),
        "numbers of NumPy": noise(lambda m: torch.from_numpy(np.random.standard_normal(m.shape)).float()),  # noqa: NPY002
        "one after the other": noise(lambda m: torch.stack([torch.randn(4) for _ in m])),
        "KL by torch.distributions": change(
            kl=lambda m, v: kl_divergence(Normal(m, (v / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
        ),
        "maximum of both signs": change(loss=lambda r, k, t, w: r + w * torch.maximum(k - t, t - k)),
    },
    "check_log_aggregate": {
        "largest taken out": lambda *a: (e := per_image(*a)).amax(1) + (e - e.amax(1, True)).exp().mean(1).log(),
        "sum of logarithms first": lambda *a: (per_image(*a) - math.log(len(a[1]))).logsumexp(1),
    },
}
