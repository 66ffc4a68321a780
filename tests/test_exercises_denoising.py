"""The checks of chapter 6 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from companion import denoising, fit, gaussian_noise, mse
from companion.denoising import article_network
from companion.exercises import denoising as exercises
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.25, True, "variance"),
        (0.5, False, "standard deviation"),
        (0.04, False, "sigma 0.2"),
        (0.1, False, "proportion"),
        (0.125, False, "clips nothing"),
        (0, False, "against the clean image"),
        (7, False, "You answered 7"),
        (math.nan, False, "You answered nan"),
        (math.inf, False, "You answered inf"),
        ("0.25", False, "expected a number"),
        (True, False, "expected a number"),
        (None, False, "None"),
        (torch.zeros(2), False, "expected a number"),
    ],
)
def test_check_doing_nothing(answer, ok, hint):
    verdict = exercises.check_doing_nothing(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_doing_nothing_costs_sigma_squared(data):
    assert mse(gaussian_noise(data.x_test, 0.5), data.x_test).item() == pytest.approx(0.25, rel=0.01)


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.75, True, "v / (v + sigma^2)"),
        (0.25, False, "noise's share"),
        (0.375, False, "added sigma to a variance"),
        (0.634, False, "standard deviations"),
        (3, False, "ratio of signal to noise"),
        (0.866, False, "root"),
        (1, False, "hands the noisy pixel back"),
        (0, False, "throws the signal away"),
        (0.6, False, "slope"),
        (math.nan, False, "slope"),
        ([0.75], False, "expected a number"),
        (False, False, "expected a number"),
    ],
)
def test_check_shrinkage(answer, ok, hint):
    verdict = exercises.check_shrinkage(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_three_quarters_is_the_best_weight():
    pixel = math.sqrt(0.12) * torch.randn(200_000)
    x_noisy = pixel + 0.2 * torch.randn(200_000)
    errors = {w: (w * x_noisy - pixel).square().mean().item() for w in (0.65, 0.7, 0.75, 0.8, 0.85)}
    assert min(errors, key=errors.get) == 0.75


def noisy(x):
    return x + 0.2 * torch.randn_like(x)


def right_loss(model, x):
    return {"loss": mse(model(noisy(x)), x)}


def by_hand(model, x):
    x_hat = model(gaussian_noise(x, 0.2))
    return {"loss": ((x - x_hat) ** 2).mean(), "also": torch.tensor(1.0)}


def broken(model, x):  # as in the exercise
    x_noisy = x + 0.2 * torch.rand_like(x)
    x_hat = model(x_noisy).detach()
    return {"loss": mse(x_hat, x_noisy)}


def same_noise(model, x):
    torch.manual_seed(0)
    return right_loss(model, x)


def noisy_target(model, x):
    x_noisy = noisy(x)
    return {"loss": mse(model(x_noisy), x_noisy)}


def fresh_noisy_target(model, x):
    return {"loss": mse(model(noisy(x)), noisy(x))}


def without_the_answer(model, x):
    x_noisy = noisy(x)
    model(x_noisy)
    return {"loss": mse(x_noisy, x)}


def summed(model, x):
    return {"loss": (model(noisy(x)) - x).square().sum((1, 2, 3)).mean()}


def noise_as_target(model, x):
    x_noisy = noisy(x)
    return {"loss": mse(model(x_noisy), x_noisy - x)}


def without_gradient(model, x):
    with torch.no_grad():
        return right_loss(model, x)


def cut_off(model, x):
    """The loss requires a gradient, but not through the model."""
    return {"loss": mse(model(noisy(x)).detach().requires_grad_(), x)}


def even(model, x):
    """Even noise of mean 0 and the right standard deviation."""
    return {"loss": mse(model(x + 0.2 * math.sqrt(12) * (torch.rand_like(x) - 0.5)), x)}


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (right_loss, True, "this one trains"),
        (by_hand, True, "this one trains"),
        (denoising(), True, "this one trains"),
        (broken, False, "rand and randn"),
        (lambda m, x: {"loss": mse(m(x), x)}, False, "clean images. Add the noise"),
        (lambda m, x: {"loss": mse(m(x + 0.04 * torch.randn_like(x)), x)}, False, "0.04; expected 0.2"),
        (lambda m, x: {"loss": mse(m(noisy(x).clamp(0, 1)), x)}, False, "clipped"),
        (lambda m, x: {"loss": mse(m(noisy(x).abs()), x)}, False, "clipped"),
        (even, False, "bell curve"),
        (same_noise, False, "same noise"),
        (noisy_target, False, "rewarded"),
        (fresh_noisy_target, False, "not the mean squared error"),
        (without_the_answer, False, "answer is missing"),
        (summed, False, "summed"),
        (noise_as_target, False, "with the noise"),
        (without_gradient, False, "No gradient"),
        (cut_off, False, "No gradient"),
        (lambda m, x: {"loss": mse(m(noisy(x)), m(noisy(x)))}, False, "2 times"),
        (lambda m, x: {"loss": mse(noisy(x), x)}, False, "0 times"),
        (lambda m, x: {"loss": m(noisy(x)[:1]).mean()}, False, "(1, 1, 28, 28)"),
        (lambda m, x: {"loss": (m(noisy(x)) - x).square()}, False, "expected one number"),
        (lambda m, x: mse(m(noisy(x)), x), False, "returned a Tensor"),
        (lambda m, x: {"mse": mse(m(noisy(x)), x)}, False, 'under "loss"'),
        (lambda m, x: {"loss": 0.1}, False, 'under "loss"'),
        (lambda m, x: {"loss": mse(m(noisy(x)), x) * float("nan")}, False, "not the mean squared error"),
        (lambda m, x: m(noisy(x)) @ torch.zeros(3, 3), False, "RuntimeError"),
        (lambda x: x, False, "TypeError"),
        (3, False, "expected your function"),
        (None, False, "expected your function"),
    ],
)
def test_check_repaired_loss(function, ok, hint):
    verdict = exercises.check_repaired_loss(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_repaired_loss_trains(data):
    model = article_network()
    history = fit(model, data.x_train[:500], right_loss, epochs=3)
    assert history["loss"][-1] < 0.8 * history["loss"][0]


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.8, True, "1 - p/2"),
        (1, False, "whiter"),
        (0.6, False, "turn white"),
        (0.2, False, "black pixel"),
        (0.5, False, "Not every pixel"),
        (0.4, False, "probability of being struck"),
        (0.7, False, "average"),
        (math.inf, False, "average"),
        ("white", False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_salty_target(answer, ok, hint):
    verdict = exercises.check_salty_target(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def tanh(x_noisy, sigma):
    return torch.tanh(x_noisy / sigma**2)


def bayes(x_noisy, sigma):
    plus, minus = (torch.exp(-((x_noisy - c) ** 2) / (2 * sigma**2)) for c in (1, -1))
    return (plus - minus) / (plus + minus)


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (tanh, True, "tanh"),
        (bayes, True, "tanh"),
        (lambda x, s: tanh(x.double(), s), True, "tanh"),
        (lambda x, s: x.sign(), False, "nearer point"),
        (lambda x, s: x / (1 + s**2), False, "straight line"),
        (lambda x, s: x, False, "noisy point back"),
        (lambda x, s: torch.tanh(x / s), False, "squared"),
        (lambda x, s: torch.tanh(2 * x / s**2), False, "Twice too steep"),
        (lambda x, s: torch.tanh(x / s**2 / 2), False, "Half as steep"),
        (lambda x, s: torch.sigmoid(2 * x / s**2), False, "probability of +1"),
        (lambda x, s: -tanh(x, s), False, "sign"),
        (lambda x, s: (tanh(x, s) - x) / s**2, False, "score already"),
        (lambda x, s: tanh(x, 0.8), False, "sigma = 0.5"),
        (lambda x, s: torch.zeros_like(x), False, "Bayes"),
        (lambda x, s: torch.full_like(x, float("nan")), False, "Bayes"),
        (lambda x, s: torch.zeros(x.shape, dtype=torch.bool), False, "torch.bool"),
        (lambda x, s: torch.zeros(x.shape, dtype=torch.complex64), False, "complex"),
        (lambda x, s: tanh(x, s).mean(), False, "same shape"),
        (lambda x, s: 0.0, False, "same shape"),
        (lambda x, s: "tanh", False, "str"),
        (lambda x: x, False, "TypeError"),
        (nn.Linear(3, 3), False, "TypeError"),
        (5, False, "expected your function"),
    ],
)
def test_check_best_denoiser(function, ok, hint):
    verdict = exercises.check_best_denoiser(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    "check", [exercises.check_doing_nothing, exercises.check_shrinkage, exercises.check_salty_target]
)
def test_open_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize("check", [exercises.check_repaired_loss, exercises.check_best_denoiser])
@pytest.mark.parametrize("result", [None, ...])
def test_open_function(check, result):
    assert check(lambda *args: result) == NO_ANSWER


def test_checks_leave_the_random_state_as_it_was():
    before = torch.random.get_rng_state()
    exercises.check_repaired_loss(right_loss)
    exercises.check_best_denoiser(tanh)
    assert torch.equal(before, torch.random.get_rng_state())


# Mutants of the right answers


def drawn(noise):
    """The right loss for x + noise(x)."""
    return lambda model, x: {"loss": mse(model(x + noise(x)), x)}


def way_back(change):
    return lambda model, x: {"loss": change(right_loss(model, x)["loss"])}


def one_static(model, x, kept=[]):  # noqa: B006
    if not kept:
        kept.append(torch.randn_like(x))
    return {"loss": mse(model(x + 0.2 * kept[0]), x)}


MUTANTS = {
    "check_repaired_loss": {
        "mean -0.5": drawn(lambda x: 0.2 * torch.randn_like(x) - 0.5),
        "mean -0.02": drawn(lambda x: 0.2 * torch.randn_like(x) - 0.02),
        "mean 0.02": drawn(lambda x: 0.2 * torch.randn_like(x) + 0.02),
        "0.2 times rand less 1": drawn(lambda x: 0.2 * (torch.rand_like(x) - 1)),
        "shared by the batch": drawn(lambda x: 0.2 * torch.randn_like(x[:1])),
        "shared by half of the batch": drawn(lambda x: 0.2 * torch.randn_like(x[:32]).repeat(2, 1, 1, 1)),
        "shared by pairs": drawn(lambda x: 0.2 * torch.randn_like(x[:32]).repeat_interleave(2, 0)),
        "one number an image": drawn(lambda x: 0.2 * torch.randn(len(x), 1, 1, 1)),
        "one number a row": drawn(lambda x: 0.2 * torch.randn(len(x), 1, 28, 1)),
        "one number a column": drawn(lambda x: 0.2 * torch.randn(len(x), 1, 1, 28)),
        "the same for all calls": one_static,
        "fixed": drawn(lambda x: 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))),
        "Laplace": drawn(lambda x: torch.distributions.Laplace(0.0, 0.2 / 2**0.5).sample(x.shape)),
        "uniform": even,
        "exponential": drawn(lambda x: 0.2 * (torch.empty_like(x).exponential_() - 1)),
        "signs": drawn(lambda x: 0.2 * torch.randn_like(x).sign()),
        "cut at two sigma": drawn(lambda x: (0.2 * torch.randn_like(x)).clamp(-0.4, 0.4) / 0.977),
        "sigma 0.21": drawn(lambda x: 0.21 * torch.randn_like(x)),
        "sigma 0.19": drawn(lambda x: 0.19 * torch.randn_like(x)),
        "variance 0.2": drawn(lambda x: 0.2**0.5 * torch.randn_like(x)),
        "sigma 0.04": drawn(lambda x: 0.2**2 * torch.randn_like(x)),
        "as bright as x": drawn(lambda x: 0.2 * 3**0.5 * x * torch.randn_like(x)),
        "levels differ": drawn(
            lambda x: 0.2 * (0.5 + torch.rand(len(x), 1, 1, 1)) / (13 / 12) ** 0.5 * torch.randn_like(x)
        ),
        "blurred": drawn(lambda x: 0.2 * (n := torch.randn_like(x)).add(n.roll(1, 3)) / 2**0.5),
        "half of the loss": way_back(lambda loss: loss / 2),
        "twice the loss": way_back(lambda loss: 2 * loss),
        "root": way_back(lambda loss: loss.sqrt()),
        "sign": way_back(lambda loss: -loss),
        "sum over images": way_back(lambda loss: 64 * loss),
        "one image left out": lambda m, x: {"loss": mse(m(noisy(x))[1:], x[1:])},
        "half of the gradient": way_back(lambda loss: (loss + loss.detach()) / 2),
        "gradient reversed": way_back(lambda loss: 2 * loss.detach() - loss),
        "detached": way_back(lambda loss: loss.detach()),
        "absolute error": lambda m, x: {"loss": (m(noisy(x)) - x).abs().mean()},
        "in place": lambda m, x: {"loss": mse(m(x.add_(0.2 * torch.randn_like(x))), x)},
    },
    "check_best_denoiser": {
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
OTHER_WAYS = {
    "check_repaired_loss": {
        "torch.normal": drawn(lambda x: torch.normal(0.0, 0.2, x.shape)),
        "torch.distributions": drawn(lambda x: torch.distributions.Normal(0.0, 0.2).sample(x.shape)),
        "NumPy": drawn(lambda x: torch.from_numpy(np.random.default_rng().normal(0, 0.2, x.shape)).float()),
        "in double": drawn(lambda x: (0.2 * torch.randn(x.shape, dtype=torch.float64)).float()),
        "image by image": drawn(lambda x: torch.stack([0.2 * torch.randn(1, 28, 28) for _ in x])),
        "F.mse_loss": lambda m, x: {"loss": nn.functional.mse_loss(m(noisy(x)), x)},
        "sum over count": lambda m, x: {"loss": ((m(noisy(x)) - x) ** 2).sum() / x.numel(), "images": len(x)},
    },
    "check_best_denoiser": {
        "probabilities": lambda x, s: 2 * torch.sigmoid(2 * x / s**2) - 1,
        "log-densities": lambda x, s: (
            torch.softmax(torch.stack([-((x - 1) ** 2), -((x + 1) ** 2)]) / (2 * s**2), 0)
            .mul(torch.tensor([1.0, -1.0]).view(2, 1, 1))
            .sum(0)
        ),
    },
}
