"""Chapter 4: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from companion import mse, squared_error
from companion.exercises import vae as exercises
from companion.vae import kl_to_standard_normal, reparameterize


def test_the_figures_of_the_dearest_change():
    mu, sigma = torch.tensor([[0.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.5, 0.5, 0.1, 1.5]])
    now, a, b, c = kl_to_standard_normal(mu, 2 * sigma.log())[0].tolist()
    assert c < now < a < b
    message = exercises.check_dearest("B").message
    assert all(f"{value:.3f}" in message for value in (now, a, b, c, math.log(5)))
    assert a - now == pytest.approx(0.5)
    assert b - now == pytest.approx(math.log(5) - 0.12)


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


EXERCISES = {}

EXERCISES["check_dearest"] = {
    "right": "B",
    "says": "log 5",
    "hints": [("A", "its logarithm"), ("C", "which of the two costs more"), ("CAB", "one of the letters")],
}

EXERCISES["check_doubt"] = {
    "right": 0.25,
    "says": "1/16",
    "hints": [
        (0.0625, "variance"),
        (0.2582, "A 1 is missing"),
        (0.5423, "decoder's sigma"),
        (0.3780, "divided by sigma"),
        (0.1796, "half of the reconstruction"),
        (0.3430, "half of the KL"),
        (0.3058, "enters squared"),
        (0, "KL divergence say"),
        (1, "reaches the image"),
        (0.7, "You answered 0.7"),
        (-0.25, "never below 0"),
        (2.5, "Wider than the prior"),
    ],
}

EXERCISES["check_log_aggregate"] = {
    "right": log_aggregate,
    "says": "no underflow",
    "other ways": {
        "largest taken out": lambda *a: (e := per_image(*a)).amax(1) + (e - e.amax(1, True)).exp().mean(1).log(),
        "sum of logarithms first": lambda *a: (per_image(*a) - math.log(len(a[1]))).logsumexp(1),
        "MixtureSameFamily": by_mixture,
        "by hand": by_hand,
        "one image at a time": one_image_at_a_time,
        "in double": lambda z, m, v: log_aggregate(z.double(), m.double(), v.double()),
        "with a gradient": lambda z, m, v: log_aggregate(z, m.requires_grad_(), v),
    },
    "hints": [
        (lambda z, m, v: per_image(z, m, v).exp().mean(1).log(), "60 units"),
        (lambda *a: per_image(*a).mean(1), "averaged the logarithms"),
        (lambda *a: per_image(*a).logsumexp(1), "summed the densities"),
        (lambda *a: per_image(*a).amax(1), "nearest image"),
        (unit_by_unit, "unit by unit"),
        (lambda z, m, v: log_aggregate(z, m, 2 * v), "logarithm of sigma"),
        (lambda z, m, v: log_aggregate(z, m, v / 2), "standard deviation"),
        (lambda *a: log_aggregate(*a) + 1.5 * math.log(2 * math.pi), "constant"),
        (bell_only, "in front"),
        (lambda *a: log_aggregate(*a).exp(), "That is the density."),
        (lambda *a: -log_aggregate(*a), "sign is reversed"),
        (one_gaussian, "no Gaussian"),
        (full_gaussian, "no Gaussian"),
        (mean_parameters, "no Gaussian"),
        (lambda z, m, v: Normal(0.0, 1.0).log_prob(z).sum(1), "prior's"),
        (per_image, "(S, N)"),
        (lambda *a: per_unit(*a).logsumexp(1), "(S, k)"),
        (lambda *a: per_image(*a).logsumexp(0), "each image"),
        (lambda *a: log_aggregate(*a)[:, None], "(S, 1)"),
        (lambda *a: log_aggregate(*a).mean(), "You return one number."),
        (lambda *a: 0.5, "You return one number."),
        (lambda *a: log_aggregate(*a)[:2], "(2,)"),
        (lambda *a: torch.zeros(7), "log(2 pi)"),
        (lambda *a: torch.zeros(7, dtype=torch.bool), "torch.bool"),
        (wrong_far_away, "any more"),
        (wrong_shape_far_away, "expected (7,)"),
        (lambda z, m, v: log_aggregate(z, m, v) if m.shape[1] == 3 else torch.zeros(0), "shape (0,)"),
    ],
    "mutants": {
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


def test_the_figures_of_the_coin():
    """The gap is the ELBO's distance from log p(x), and the divergence from the posterior."""
    likelihood, coin, posterior = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
    elbo = (coin * likelihood.log()).sum()  # the coin is the prior: no KL
    log_p = (coin * likelihood).sum().log()
    gap = log_p - elbo
    assert gap == pytest.approx((coin * (coin / posterior).log()).sum().item())
    message = exercises.check_coin_bound(gap.item()).message
    assert all(f"{value:.3f}" in message for value in (elbo, log_p))


def test_more_than_its_silence_a_mean_over_pixels_cannot_gain(data):
    """The answer to exercise 4.2: what the average digit costs there is all that a code could save."""
    silence = mse(data.x_train.mean(0).expand_as(data.x_test), data.x_test)
    assert silence == pytest.approx(0.07, abs=0.003)


def gaussian_loss(
    model,
    x,
    sigma_x,
    *,
    draw=reparameterize,
    reconstruction=lambda x_hat, x, s: squared_error(x_hat, x) / (2 * s**2) + 784 * (math.log(s) + LOG_ROOT),
    kl=lambda mu, logvar: kl_to_standard_normal(mu, logvar).sum(1).mean(),
    loss=lambda r, k: r + k,
):
    mu, logvar = model.encode(x)
    r, k = reconstruction(model.decode(draw(mu, logvar)), x, sigma_x), kl(mu, logvar)
    return {"loss": loss(r, k), "reconstruction": r, "kl": k}


LOG_ROOT = math.log(2 * math.pi) / 2


def seeded(mu, logvar):
    torch.manual_seed(0)
    return reparameterize(mu, logvar)


def gaussian(**parts):
    return lambda *args: gaussian_loss(*args, **parts)


def pixels(term):
    """The loss with another reconstruction: term(squared error, sigma_x)."""
    return gaussian(reconstruction=lambda a, b, s: term(squared_error(a, b), s))


def rolled(draw):
    """The loss with z = mu + sigma * draw(mu)."""
    return gaussian(draw=lambda mu, logvar: mu + (logvar / 2).exp() * draw(mu))


def gaussian_decoded_twice(model, x, sigma_x):
    model.decode(torch.zeros(len(x), 4))
    return gaussian_loss(model, x, sigma_x)


EXERCISES["check_silent_run"] = {
    "right": "C",
    "says": "784 pixels",
    "hints": [("A", "still gain"), ("B", "tenth of a nat"), ("D", "each nat costs"), ("E", "one of the letters")],
}

EXERCISES["check_coin_bound"] = {
    "right": 0.5108256237659907,
    "says": "true posterior",
    "hints": [
        (1.2040, "sign turned round"),
        (-1.2040, "That is the ELBO."),
        (0.6931, "half of the cases"),
        (-0.6931, "That is log p(x)."),
        (-0.5108, "positive number"),
        (0.7370, "bits"),
        (0.3681, "turned the divergence round"),
        (0, "true posterior"),
        (0.3, "three numbers"),
    ],
}

EXERCISES["check_gaussian_loss"] = {
    "right": gaussian_loss,
    "strict": True,
    "says": "No weight is left",
    "other ways": {
        "torch.distributions": gaussian(reconstruction=lambda a, b, s: -Normal(a, s).log_prob(b).sum((1, 2, 3)).mean()),
        "rsample": gaussian(draw=lambda m, v: Normal(m, (v / 2).exp()).rsample()),
        "KL by torch.distributions": gaussian(
            kl=lambda m, v: kl_divergence(Normal(m, (v / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
        ),
        "log of the variance": pixels(lambda e, s: e / (2 * s**2) + 392 * math.log(2 * math.pi * s**2)),
        "report as a number": lambda *a: (f := gaussian_loss(*a)) | {"kl": f["kl"].item()},
    },
    "hints": [
        (gaussian(draw=lambda m, v: m), "decode the mean"),
        (gaussian(draw=seeded), "same noise"),
        (rolled(lambda m: torch.randn(len(m), 1)), "All numbers of an image"),
        (rolled(lambda m: torch.rand_like(m)), "rand and randn"),
        (gaussian(draw=lambda m, v: m + v.exp() * torch.randn_like(m)), "standard deviation"),
        (gaussian(draw=lambda m, v: reparameterize(m, v)[:1], reconstruction=lambda a, b, s: a.mean()), "(1, 4)"),
        (gaussian_decoded_twice, "2 times"),
        (pixels(lambda e, s: -(e / (2 * s**2) + 784 * (math.log(s) + LOG_ROOT))), "log-likelihood"),
        (pixels(lambda e, s: e / (1568 * s**2) + math.log(s) + LOG_ROOT), "mean over pixels"),
        (pixels(lambda e, s: 1024 * (e / (2 * s**2) + 784 * (math.log(s) + LOG_ROOT))), "summed over the images"),
        (pixels(lambda e, s: e / (2 * s**2)), "factor in front is missing"),
        (pixels(lambda e, s: e / (2 * s**2) + 784 * math.log(s)), "log(2 pi) / 2 is missing"),
        (pixels(lambda e, s: e / (2 * s**2) + 784 * LOG_ROOT), "log(sigma_x) is missing"),
        (pixels(lambda e, s: e / (2 * s**2) + math.log(s) + LOG_ROOT), "You have it once"),
        (pixels(lambda e, s: e / (2 * s**2) + 784 * (LOG_ROOT - math.log(s))), "turned round"),
        (pixels(lambda e, s: e / (2 * s) + 784 * (math.log(s) + LOG_ROOT)), "not by 2 sigma_x"),
        (pixels(lambda e, s: e / s**2 + 784 * (math.log(s) + LOG_ROOT)), "half in the exponent"),
        (pixels(lambda e, s: e), 'The "reconstruction" is not'),
        (gaussian(kl=lambda m, v: kl_to_standard_normal(m, v).mean()), "mean over units"),
        (gaussian(kl=lambda m, v: kl_to_standard_normal(m, v).sum()), "summed over the images"),
        (gaussian(kl=lambda m, v: -kl_to_standard_normal(m, v).sum(1).mean()), "never below 0"),
        (gaussian(kl=lambda m, v: kl_to_standard_normal(m, v / 2).sum(1).mean()), 'The "kl" is not'),
        (gaussian(loss=lambda r, k: r - k), "is a price"),
        (gaussian(loss=lambda r, k: r), "not in your loss"),
        (gaussian(loss=lambda r, k: r + 2 * k), "terms are right"),
        (gaussian(draw=lambda m, v: Normal(m, (v / 2).exp()).sample()), "passes the draw of z"),
        (gaussian(loss=lambda r, k: r + k.detach()), "passes the KL"),
        (gaussian(loss=lambda r, k: r.detach() + k), "cuts a part"),
        (gaussian(loss=lambda r, k: (r + k).detach()), "cuts the graph"),
    ],
    "mutants": {
        "mean -0.5": rolled(lambda m: torch.randn_like(m) - 0.5),
        "sigma 1.1": rolled(lambda m: 1.1 * torch.randn_like(m)),
        "uniform": rolled(lambda m: (torch.rand_like(m) - 0.5) * 12**0.5),
        "shared by the batch": rolled(lambda m: torch.randn_like(m[:1])),
        "sigma of the first call": pixels(lambda e, s: e / 0.18 + 784 * (math.log(s) + LOG_ROOT)),
        "mu detached": gaussian(draw=lambda m, v: reparameterize(m.detach(), v)),
        "logvar detached": gaussian(draw=lambda m, v: reparameterize(m, v.detach())),
        "half of the gradient": gaussian(loss=lambda r, k: (r + k) / 2 + (r + k).detach() / 2),
    },
}
