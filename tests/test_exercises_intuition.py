"""Chapter 1: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import torch
from torch import nn

from companion import PCA, DenseAutoencoder, mse
from companion.exercises import intuition


def test_the_stated_range_holds_pcas_true_answer(data):
    """The autoencoder's test error with 8 numbers, as printed in the chapter, lies between PCA's with 17 and with 24, cut off at 0 and 1."""
    pca = PCA(data.x_train, 24)
    z = pca.encode(data.x_test)
    z_17 = z.clone()
    z_17[:, 17:] = 0
    assert mse(pca.decode(z).clamp(0, 1), data.x_test) < 0.0239 < mse(pca.decode(z_17).clamp(0, 1), data.x_test)


def test_the_counted_decoder_is_the_packages():
    parameters = sum(p.numel() for p in DenseAutoencoder(16).decoder.parameters())
    assert f"{4 * parameters:,}" in intuition.check_break_even(2485).message


def per_image(x_hat, x):
    return (x_hat - x).square().mean((1, 2, 3))


def weights(steps, stop=1.0):
    return torch.linspace(0, stop, steps)[:, None]


def morph(model, x_a, x_b, steps, stop=1.0):
    t = weights(steps, stop)
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def loop(model, x_a, x_b, steps):
    with torch.no_grad():
        z_a, z_b = model.encode(x_a), model.encode(x_b)
        return torch.cat([model.decode(z_a + i / (steps - 1) * (z_b - z_a)) for i in range(steps)])


def psnr_by(error):
    return lambda x_hat, x: -10 * torch.log10(error(x_hat, x))


def slerp(model, x_a, x_b, steps):
    a, b = model.encode(x_a), model.encode(x_b)
    angle = torch.acos((a * b).sum() / a.norm() / b.norm())
    t = weights(steps)
    return model.decode((torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle))


def bent(model, x_a, x_b, steps):
    t = weights(steps) ** 2
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def dotted(model, x_a, x_b, steps):
    """The right pictures at both ends and halfway, where three steps would look."""
    t = (4 * weights(steps)).round() / 4
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


EXERCISES = {}

EXERCISES["check_unseen"] = {
    "right": "D",
    "says": "background",
    "hints": [
        ("A", "mirrored"),
        ("B", "Dimmed"),
        ("C", "Count pixels"),
        (3, "You answered 3"),
    ],
}

EXERCISES["check_matching_pca"] = {
    "right": 21,
    "says": "about 20",
    "other ways": {"between two": 20.5},
    "hints": [
        (8, "Too few"),
        (16, "Too few"),
        (3, "fewer than the autoencoder"),
        (30, "near 16"),
        (32, "near 16"),
        (128, "already below"),
    ],
}

EXERCISES["check_break_even"] = {
    "right": 2485,
    "says": "2,485",
    "hints": [
        (442_176 / 178, "round up"),
        (2484, "round up"),
        (2484.9999, "round up"),
        (2485.1, "round up"),
        (2486, "You answered 2486"),
        (622, "four"),
        (4952, "encoder"),
        (2463, "biases"),
        (2280, "its own 16 bytes"),
        (576, "raw 784 bytes"),
        (1, "Divide"),
        (-5, "Divide"),
    ],
}

EXERCISES["check_psnr"] = {
    "right": lambda x_hat, x: 10 * torch.log10(1 / per_image(x_hat, x)),
    "says": "decibels",
    "other ways": {
        "natural logarithm": lambda x_hat, x: -10 * per_image(x_hat, x).log() / math.log(10),
        "a little in the denominator": lambda x_hat, x: 10 * torch.log10(1 / (per_image(x_hat, x) + 1e-10)),
        "loop": lambda x_hat, x: torch.stack(
            [-10 * torch.log10((a - b).square().mean()) for a, b in zip(x_hat, x, strict=True)]
        ),
        "root of the mse": lambda x_hat, x: -20 * torch.log10(per_image(x_hat, x).sqrt()),
    },
    "hints": [
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square().mean()), "whole batch"),
        (lambda x_hat, x: float(10 * torch.log10(1 / (x_hat - x).square().mean())), "whole batch"),
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square().mean((2, 3))), "(B, 1)"),
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square()), "(3, 1, 28, 28)"),
        (lambda x_hat, x: 10 * torch.log10(per_image(x_hat, x)), "sign"),
        (lambda x_hat, x: -20 * torch.log10(per_image(x_hat, x)), "Twice"),
        (lambda x_hat, x: -10 * torch.log(per_image(x_hat, x)), "natural"),
        (lambda x_hat, x: -10 * torch.log10(784 * per_image(x_hat, x)), "summed"),
        (lambda x_hat, x: -10 * torch.log10((x_hat - x).abs().mean((1, 2, 3))), "square the differences"),
        (lambda x_hat, x: -10 * torch.log10((x_hat - x).mean((1, 2, 3))), "expected 10 * log10"),
        (lambda x_hat, x: per_image(x_hat, x), "expected 10 * log10"),
        (lambda x_hat, x: torch.zeros(3, dtype=torch.bool), "expected 10 * log10"),
    ],
    "mutants": {
        "largest error": psnr_by(lambda x_hat, x: (x_hat - x).abs().amax((1, 2, 3)) ** 2),
        "mean error squared": psnr_by(lambda x_hat, x: (x_hat - x).abs().mean((1, 2, 3)) ** 2),
        "median": psnr_by(lambda x_hat, x: (x_hat - x).square().flatten(1).median(1).values),
        "first pixel": psnr_by(lambda x_hat, x: (x_hat - x)[:, 0, 0, 0] ** 2),
        "peak of x": lambda x_hat, x: 10 * torch.log10(x.max() ** 2 / per_image(x_hat, x)),
        "peak of x_hat": lambda x_hat, x: 10 * torch.log10(x_hat.max() ** 2 / per_image(x_hat, x)),
        "peak 255": lambda x_hat, x: 10 * torch.log10(255**2 / per_image(x_hat, x)),
        "batch's mean for all": psnr_by(lambda x_hat, x: (x_hat - x).square().mean().expand(len(x))),
        "base 2": lambda x_hat, x: -10 * torch.log2(per_image(x_hat, x)),
        "one less": psnr_by(lambda x_hat, x: (x_hat - x).square().sum((1, 2, 3)) / 750),
        "mean of decibels": lambda x_hat, x: -10 * torch.log10((x_hat - x).square() + 1e-9).mean((1, 2, 3)),
        "three images": lambda x_hat, x: -10 * torch.log10(per_image(x_hat, x)[:3]),
        "last dimension kept": lambda x_hat, x: -10 * torch.log10(per_image(x_hat, x)[:, None]),
        "in place": lambda x_hat, x: -10 * torch.log10(x_hat.sub_(x).square_().mean((1, 2, 3))),
    },
}

EXERCISES["check_morph"] = {
    "right": morph,
    "says": "straight line",
    "other ways": {
        "lerp": lambda m, a, b, n: m.decode(torch.lerp(m.encode(a), m.encode(b), weights(n))),
        "from the start": lambda m, a, b, n: m.decode(m.encode(a) + weights(n) * (m.encode(b) - m.encode(a))),
        "steps by division": lambda m, a, b, n: m.decode(
            m.encode(a) + torch.arange(n)[:, None] / (n - 1) * (m.encode(b) - m.encode(a))
        ),
        "loop": loop,
    },
    "hints": [
        (lambda m, a, b, n: morph(m, b, a, n), "from b to a"),
        (lambda m, a, b, n: morph(m, a, b, n, 1 - 1 / n), "0 to 1 inclusive"),
        (lambda m, a, b, n: morph(m, a, b, n + 1), "6 images"),
        (lambda m, a, b, n: torch.lerp(a, b, weights(n)[..., None, None]), "Blend their codes"),
        (lambda m, a, b, n: torch.lerp(m(a), m(b), weights(n)[..., None, None]), "Blend the codes first"),
        (lambda m, a, b, n: torch.lerp(m.encode(a), m.encode(b), weights(n)), "model.decode"),
        (lambda m, a, b, n: morph(m, a, b, n)[:, 0], "(5, 28, 28)"),
        (lambda m, a, b, n: morph(m, a, b, n) * 0, "shape is right"),
        (lambda m, a, b, n: torch.zeros(n, 1, 28, 28, dtype=torch.bool), "shape is right"),
    ],
    "mutants": {
        "5 steps always": lambda m, a, b, n: morph(m, a, b, 5),
        "on a sphere": slerp,
        "unevenly": bent,
        "in quarters": dotted,
        "first image only": lambda m, a, b, n: morph(m, a, a, n),
        "half the way": lambda m, a, b, n: morph(m, a, b, n, 0.5),
        "one too far": lambda m, a, b, n: morph(m, a, b, n, n / (n - 1)),
        "without the first": lambda m, a, b, n: morph(m, a, b, n + 1)[1:],
        "rounded": lambda m, a, b, n: morph(m, a, b, n).round(),
        "logits": lambda m, a, b, n: morph(m, a, b, n).logit(),
        "upright": lambda m, a, b, n: morph(m, a, b, n).transpose(2, 3),
        "codes of unit length": lambda m, a, b, n: m.decode(
            torch.lerp(nn.functional.normalize(m.encode(a)), nn.functional.normalize(m.encode(b)), weights(n))
        ),
    },
}
