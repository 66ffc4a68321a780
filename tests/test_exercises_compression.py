"""The study of compression: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import torch

from companion import DenseAutoencoder
from companion.exercises import compression


def test_the_counted_decoder_is_the_packages():
    parameters = sum(p.numel() for p in DenseAutoencoder(16).decoder.parameters())
    assert f"{4 * parameters:,}" in compression.check_break_even(2485).message


def per_image(x_hat, x):
    return (x_hat - x).square().mean((1, 2, 3))


def psnr_by(error):
    return lambda x_hat, x: -10 * torch.log10(error(x_hat, x))


EXERCISES = {}

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
