"""Chapter 6: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from companion import fit, gaussian_noise, mse
from companion.denoising import article_network, denoising


def test_doing_nothing_costs_sigma_squared(data):
    assert mse(gaussian_noise(data.x_test, 0.5), data.x_test).item() == pytest.approx(0.25, rel=0.01)


def test_three_quarters_is_the_best_weight():
    pixel = math.sqrt(0.12) * torch.randn(200_000)
    x_noisy = pixel + 0.2 * torch.randn(200_000)
    errors = {w: (w * x_noisy - pixel).square().mean().item() for w in (0.65, 0.7, 0.75, 0.8, 0.85)}
    assert min(errors, key=errors.get) == 0.75


def test_the_numbers_of_the_three_reports(data):
    """A fresh noisy target adds the variance; next to its input an answer is nowhere near the clean image."""
    good = data.x_test + 0.005**0.5 * torch.randn_like(data.x_test)  # an error of 0.005
    assert mse(good, gaussian_noise(data.x_test, 0.2)).item() == pytest.approx(0.045, rel=0.02)
    x_noisy = gaussian_noise(data.x_test, 0.2)
    # of all answers as near to the noisy image, the one straight on the way to the clean one
    nearest = x_noisy + (0.002**0.5 / 0.2) * (data.x_test - x_noisy)
    assert mse(nearest, x_noisy).item() == pytest.approx(0.002, rel=0.02)
    assert mse(nearest, data.x_test).item() == pytest.approx(0.024, rel=0.02)


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


def test_the_repaired_loss_trains(data):
    model = article_network()
    history = fit(model, data.x_train[:500], right_loss, epochs=3)
    assert history["loss"][-1] < 0.8 * history["loss"][0]


def by_weights(x, w):
    rows, columns = len(x) - 2, x.shape[1] - 2
    return sum(w[i, j] * x[i : i + rows, j : j + columns] for i in range(3) for j in range(3))


def by_places(x, w):
    rows, columns = len(x) - 2, x.shape[1] - 2
    places = [(x[i : i + 3, j : j + 3] * w).sum() for i in range(rows) for j in range(columns)]
    return torch.stack(places).reshape(rows, columns)


def drawn(noise):
    """The right loss for x + noise(x)."""
    return lambda model, x: {"loss": mse(model(x + noise(x)), x)}


def way_back(change):
    return lambda model, x: {"loss": change(right_loss(model, x)["loss"])}


def one_static(model, x, kept=[]):  # noqa: B006
    if not kept:
        kept.append(torch.randn_like(x))
    return {"loss": mse(model(x + 0.2 * kept[0]), x)}


EXERCISES = {}

EXERCISES["check_doing_nothing"] = {
    "right": 0.25,
    "says": "variance",
    "hints": [
        (0.5, "standard deviation"),
        (0.04, "sigma 0.2"),
        (0.1, "proportion"),
        (0.125, "clips nothing"),
        (0, "against the clean image"),
        (7, "You answered 7"),
    ],
}

EXERCISES["check_shrinkage"] = {
    "right": 0.75,
    "says": "v / (v + sigma^2)",
    "hints": [
        (0.25, "noise's share"),
        (0.375, "added sigma to a variance"),
        (0.634, "standard deviations"),
        (3, "ratio of signal to noise"),
        (0.866, "root"),
        (1, "hands the noisy pixel back"),
        (0, "throws the signal away"),
        (0.6, "slope"),
    ],
}

EXERCISES["check_repaired_loss"] = {
    "right": right_loss,
    "strict": True,
    "says": "this one trains",
    "other ways": {
        "torch.normal": drawn(lambda x: torch.normal(0.0, 0.2, x.shape)),
        "torch.distributions": drawn(lambda x: torch.distributions.Normal(0.0, 0.2).sample(x.shape)),
        "NumPy": drawn(lambda x: torch.from_numpy(np.random.default_rng().normal(0, 0.2, x.shape)).float()),
        "in double": drawn(lambda x: (0.2 * torch.randn(x.shape, dtype=torch.float64)).float()),
        "image by image": drawn(lambda x: torch.stack([0.2 * torch.randn(1, 28, 28) for _ in x])),
        "F.mse_loss": lambda m, x: {"loss": nn.functional.mse_loss(m(noisy(x)), x)},
        "sum over count": lambda m, x: {"loss": ((m(noisy(x)) - x) ** 2).sum() / x.numel(), "images": len(x)},
        "by hand, with another entry": by_hand,
        "the package's": denoising(),
    },
    "hints": [
        (broken, "rand and randn"),
        (lambda m, x: {"loss": mse(m(x), x)}, "clean images. Add the noise"),
        (lambda m, x: {"loss": mse(m(x + 0.04 * torch.randn_like(x)), x)}, "0.04; expected 0.2"),
        (lambda m, x: {"loss": mse(m(noisy(x).clamp(0, 1)), x)}, "clipped"),
        (lambda m, x: {"loss": mse(m(noisy(x).abs()), x)}, "clipped"),
        (even, "bell curve"),
        (same_noise, "same noise"),
        (noisy_target, "rewarded"),
        (fresh_noisy_target, "not the mean squared error"),
        (without_the_answer, "answer is missing"),
        (summed, "summed"),
        (noise_as_target, "with the noise"),
        (without_gradient, "No gradient"),
        (cut_off, "No gradient"),
        (lambda m, x: {"loss": mse(m(noisy(x)), m(noisy(x)))}, "2 times"),
        (lambda m, x: {"loss": mse(noisy(x), x)}, "0 times"),
        (lambda m, x: {"loss": m(noisy(x)[:1]).mean()}, "(1, 1, 28, 28)"),
        (lambda m, x: {"loss": (m(noisy(x)) - x).square()}, "expected one number"),
    ],
    "mutants": {
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
}

EXERCISES["check_salty_target"] = {
    "right": 0.8,
    "says": "1 - p/2",
    "hints": [
        (1, "whiter"),
        (0.6, "turn white"),
        (0.2, "black pixel"),
        (0.5, "Not every pixel"),
        (0.4, "probability of being struck"),
        (0.7, "average"),
    ],
}

EXERCISES["check_convolve"] = {
    "right": by_weights,
    "says": "every place",
    "other ways": {
        "place by place": by_places,
        "F.conv2d": lambda x, w: nn.functional.conv2d(x[None, None], w[None, None])[0, 0],
        "unfold": lambda x, w: (x.unfold(0, 3, 1).unfold(1, 3, 1) * w).sum((2, 3)),
        "in double": lambda x, w: by_weights(x.double(), w.double()),
    },
    "hints": [
        (lambda x, w: nn.functional.conv2d(x[None, None], w[None, None], padding=1)[0, 0], "as large as the picture"),
        (lambda x, w: by_weights(x, w)[None], "expected (3, 5)"),
        (lambda x, w: by_weights(x, w)[:-1], "expected (3, 5)"),
        (lambda x, w: (x[:3, :3] * w).sum(), "expected (3, 5)"),
        (lambda x, w: by_weights(x, w.flip(0, 1)), "by half"),
        (lambda x, w: by_weights(x, w.T), "swap"),
        (lambda x, w: by_weights(x, w) / 9, "mean of the nine"),
        (lambda x, w: by_weights(x, w).relu(), "negative numbers"),
        (lambda x, w: x[1:-1, 1:-1] * w.sum(), "one pixel"),
        (lambda x, w: by_weights(x, w)[:1, :1].repeat(len(x) - 2, x.shape[1] - 2), "same number"),
        (lambda x, w: by_weights(x, w) + 1, "In row 0"),
    ],
    "mutants": {
        "turned about rows": lambda x, w: by_weights(x, w.flip(0)),
        "turned about columns": lambda x, w: by_weights(x, w.flip(1)),
        "without the corners": lambda x, w: by_weights(x, w * (torch.eye(3).flip(0) + torch.eye(3) < 0.5)),
        "the middle left out": lambda x, w: by_weights(x, w) - w[1, 1] * x[1:-1, 1:-1],
        "sign": lambda x, w: -by_weights(x, w),
        "the last number left out": lambda x, w: torch.cat([by_weights(x, w).flatten()[:-1], torch.zeros(1)]).reshape(
            len(x) - 2, -1
        ),
        "two places swapped": lambda x, w: by_weights(x, w).flip(0),
        "columns swapped": lambda x, w: by_weights(x, w).flip(1),
        "transposed map": lambda x, w: by_weights(x, w).T.reshape(len(x) - 2, -1),
        "sum of absolute products": lambda x, w: by_weights(x.abs(), w.abs()),
        "moved by one": lambda x, w: by_weights(x.roll(1, 1), w),
    },
}

EXERCISES["check_three_reports"] = {
    "right": "A",
    "says": "0.005",
    "hints": [
        ("B", "without the variance"),
        ("C", "copy of the input"),
        ("D", "expected one of the letters"),
    ],
}
