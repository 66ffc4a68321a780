"""The study on collapse: right answers to each exercise, hints for typical mistakes, mutants; what the answers rest on."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from companion import bce, fit, squared_error
from companion.vae import VAE, kl_to_standard_normal, negative_elbo, reparameterize


def test_means_on_both_sides_are_beta_49():
    x, x_hat = torch.rand(2, 8, 1, 28, 28)
    kl = kl_to_standard_normal(torch.randn(8, 16), torch.randn(8, 16))
    repaired = (x_hat - x).square().mean() + kl.mean()
    assert 784 * repaired == pytest.approx((squared_error(x_hat, x) + 49 * kl.sum(1).mean()).item())


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


def replaced(name, value):
    return lambda *args: {**loss_with(*args), name: value}


def test_training_reaches_the_target(data):
    torch.manual_seed(0)
    history = fit(VAE(), data.x_train[:500], lambda m, x: loss_with(m, x, 5.0, 10.0), epochs=6)
    assert history["kl"][-1] == pytest.approx(5, rel=0.1)


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


def by_gradient(variances, noise):
    """Nats of each unit at the optimum of a linear VAE with a unit for each direction, by gradient descent."""
    weights, logvar = torch.ones(2, len(variances)).requires_grad_(), torch.zeros(len(variances), requires_grad=True)
    optimizer = torch.optim.Adam([weights, logvar], lr=0.02)
    for _ in range(2000):
        encoder, decoder = weights
        error = (1 - encoder * decoder).square() * variances + decoder.square() * logvar.exp()
        kl = (encoder.square() * variances + logvar.exp() - 1 - logvar) / 2
        optimizer.zero_grad()
        (error / (2 * noise) + kl).sum().backward()
        optimizer.step()
    return kl.detach()


def test_two_directions_pay():
    kl = by_gradient(torch.tensor([9.0, 4.0, 1.0, 0.25]), noise=2.25)
    assert kl.tolist() == pytest.approx([math.log(2), math.log(4 / 3), 0, 0], abs=1e-2)
    assert kl.sum() == pytest.approx(math.log(8 / 3), abs=1e-2)


EXERCISES = {}

EXERCISES["check_kl_weight"] = {
    "right": 49,
    "says": "784 / 16",
    "hints": [
        (torch.tensor(3.0), "You answered 3."),
        (784, "before the repair"),
        (16, "units only"),
        (1, "do not cancel"),
        (0.0204, "Upside down"),
        (12544, "multiplied the two"),
        (24.5, "factor 2"),
        (98, "factor 2"),
        (28, "side"),
        (50, "You answered 50"),
    ],
}

EXERCISES["check_kl_target"] = {
    "right": loss_with,
    "strict": True,
    "says": "passes the draw",
    "other ways": {
        "torch.distributions": change(draw=lambda m, v: Normal(m, (v / 2).exp()).rsample()),
        "numbers of NumPy": noise(lambda m: torch.from_numpy(np.random.standard_normal(m.shape)).float()),  # noqa: NPY002
        "one after the other": noise(lambda m: torch.stack([torch.randn(4) for _ in m])),
        "KL by torch.distributions": change(
            kl=lambda m, v: kl_divergence(Normal(m, (v / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
        ),
        "maximum of both signs": change(loss=lambda r, k, t, w: r + w * torch.maximum(k - t, t - k)),
        "from the chapter's objective": from_elbo,
        "sum over images": change(reconstruction=lambda a, b: F.binary_cross_entropy(a, b, reduction="sum") / len(b)),
        "two relus": change(loss=lambda r, k, t, w: r + w * F.relu(k - t) + w * F.relu(t - k)),
        "another entry": replaced("note", torch.zeros(3)),
        "report as a number": lambda *a: (f := loss_with(*a)) | {"kl": f["kl"].item()},
    },
    "hints": [
        (change(draw=lambda m, v: m), "decode the mean"),
        (change(draw=seeded), "same noise. Draw it anew"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.randn(len(m), 1)), "All units"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.randn(m.shape[1])), "All images"),
        (change(draw=lambda m, v: m + (v / 2).exp() * torch.rand_like(m)), "rand and randn"),
        (change(draw=lambda m, v: m + (v / 2).exp() * (torch.rand_like(m) - 0.5) * 12**0.5), "no tails"),
        (change(draw=lambda m, v: m + v.exp() * torch.randn_like(m)), "by the variance"),
        (change(draw=lambda m, v: m + v * torch.randn_like(m)), "by logvar"),
        (change(draw=lambda m, v: m + torch.randn_like(m)), "same spread"),
        (change(draw=lambda m, v: m + (v / 4).exp() * torch.randn_like(m)), "root of sigma"),
        (change(draw=lambda m, v: m + 3 * (v / 2).exp() * torch.randn_like(m)), "standard deviation 3.0"),
        (change(draw=lambda m, v: reparameterize(m.flip(0), v)), "expected 1 in each unit"),
        (change(draw=lambda m, v: reparameterize(m, v)[:1], reconstruction=lambda a, b: a.mean()), "(1, 4)"),
        (two_draws, "2 times"),
        (change(reconstruction=F.binary_cross_entropy), "mean over pixels"),
        (change(reconstruction=lambda a, b: len(b) * bce(a, b)), "summed over the images"),
        (change(reconstruction=lambda a, b: -bce(a, b)), "log-likelihood"),
        (change(reconstruction=squared_error), "squared error"),
        (change(reconstruction=F.mse_loss), "squared error"),
        (change(reconstruction=lambda a, b: 2 * bce(a, b)), 'The "reconstruction" is not'),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v).mean()), "mean over units"),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v).sum()), "summed over the images"),
        (change(kl=lambda m, v: -kl_to_standard_normal(m, v).sum(1).mean()), "never below 0"),
        (change(kl=lambda m, v: 2 * kl_to_standard_normal(m, v).sum(1).mean()), "half is missing"),
        (change(kl=lambda m, v: kl_to_standard_normal(m, v / 2).sum(1).mean()), 'The "kl" is not'),
        (lambda *a: {**loss_with(*a), "kl": (loss_with(*a)["kl"] - a[2]).abs()}, "2 times"),
        (lambda *a: (f := loss_with(*a)) | {"kl": (f["kl"] - a[2]).abs()}, "not its distance"),
        (lambda *a: (f := loss_with(*a)) | {"kl": a[3] * f["kl"]}, "without the weight"),
        (change(loss=lambda r, k, t, w: r + w * (k - t)), "rewards a smaller"),
        (change(loss=lambda r, k, t, w: r + w * (t - k)), "rewards a larger"),
        (change(loss=lambda r, k, t, w: r + w * (k - t) ** 2), "squared the distance"),
        (change(loss=lambda r, k, t, w: r + w * F.relu(k - t)), "Below it should cost"),
        (change(loss=lambda r, k, t, w: r + w * F.relu(t - k)), "Above it should cost"),
        (every_image, "every image"),
        (change(loss=lambda r, k, t, w: r + w * k.clamp(min=t)), "free bits"),
        (change(loss=lambda r, k, t, w: r + w * k), "beta = weight"),
        (change(loss=lambda r, k, t, w: r + k), "That is the ELBO"),
        (change(loss=lambda r, k, t, w: r + (k - t).abs()), "weight is not"),
        (change(loss=lambda r, k, t, w: w * r + (k - t).abs()), "weight stands at"),
        (change(loss=lambda r, k, t, w: r - w * (k - t).abs()), "rewards a distance"),
        (change(loss=lambda r, k, t, w: r + w), "terms are right"),
        (no_gradient, "cuts the graph"),
        (change(draw=lambda m, v: Normal(m, (v / 2).exp()).sample()), "passes the draw of z"),
        (change(loss=lambda r, k, t, w: r + w * (k.detach() - t).abs()), "passes the KL"),
        (change(loss=lambda r, k, t, w: r.detach() + w * (k - t).abs()), "cuts a part"),
        (replaced("kl", torch.zeros(256)), "(256,)"),
        (replaced("kl", torch.zeros((), dtype=torch.complex64)), "()"),
        (replaced("loss", torch.tensor(7)), "terms are right"),
        (lambda m, x, t, w: dict.fromkeys(("loss", "reconstruction", "kl"), x.mean()), "0 times"),
    ],
    "mutants": {
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
}

EXERCISES["check_nats_spent"] = {
    "right": 0.981,
    "says": "log(8 / 3)",
    "other ways": {"as written": math.log(8 / 3), "two digits": 0.98},
    "hints": [
        (1.962, "half of the logarithm"),
        (0.693, "A second one"),
        (0.288, "second direction"),
        (1.386, "square sigma_x"),
        (0.490, "standard deviations"),
        (-0.523, "all four"),
        (1.415, "in bits"),
        (0.908, "two units gain"),
        (2, "how many units"),
        (5, "Each of those costs"),
    ],
}
