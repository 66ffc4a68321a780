"""Lesson 3: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import itertools
import math

import numpy as np
import pytest
import torch


def test_the_soft_threshold_minimises_the_loss():
    z = torch.linspace(0, 3, 30_001)
    assert z[((2 - z).square() + 0.5 * z).argmin()] == pytest.approx(1.75, abs=1e-3)


def shuffled(x):
    return x.gather(0, torch.rand(x.shape).argsort(0))


def by_loop(x):
    x = x.clone()
    for c, i, j in itertools.product(*map(range, x.shape[1:])):
        x[:, c, i, j] = x[torch.randperm(len(x)), c, i, j]
    return x


def rows_together(x):
    x = x.clone()
    for i in range(x.shape[2]):
        x[:, :, i] = x[torch.randperm(len(x)), :, i]
    return x


def channels_together(x):
    order = torch.rand(x[:, :1].shape).argsort(0)
    return x.gather(0, order.expand_as(x))


def cyclic(x):
    y = x.clone().flatten(1)
    for i in range(y.shape[1]):
        # 40 images have 40 shifts; the remaining pixels run backwards, so that all 60 orders differ
        y[:, i] = y[:, i].roll(i, 0) if i < 40 else y[:, i].flip(0).roll(i, 0)
    return y.reshape(x.shape)


def within_images(x):
    flat = x.flatten(1)
    return flat.gather(1, torch.rand(flat.shape).argsort(1)).reshape(x.shape)


def in_place(x):
    x[:] = shuffled(x)
    return x


def with_replacement(x):
    return x.gather(0, torch.randint(len(x), x.shape))


def effective(s):
    return s.sum(1) ** 2 / s.square().sum(1).clamp(min=1e-12)


def swapped(x):
    """Two images change places at each pixel, no more."""
    y = x.clone().flatten(1)
    for i in range(y.shape[1]):
        a, b = torch.randperm(len(y))[:2]
        y[[a, b], i] = y[[b, a], i]
    return y.reshape(x.shape)


def rolled(x):
    order = (torch.arange(len(x)).reshape(-1, 1, 1, 1) + torch.randint(len(x), x[:1].shape)) % len(x)
    return x.gather(0, order)


def mostly_sorted(x):
    """Sorts by noisy ranks, so that values move a few places only."""
    rank = torch.arange(len(x)).reshape(-1, 1, 1, 1) + 1.5 * torch.rand(x.shape)
    return x.gather(0, rank.argsort(0))


def a_few_swapped(x):
    """Another few images change places at each pixel, and most keep theirs."""
    for _ in range(3):
        x = swapped(x)
    return x


def every_second_stays(x):
    y = x.clone()
    y[::2] = shuffled(x[::2])
    return y


def rolled_and_swapped(x):
    """Shifted by a random number, with a few values exchanged, so that no two pixels have one order."""
    return a_few_swapped(rolled(x))


def none_stays(x):
    """One of the orders in which no image keeps its value: a ring of all images in random order."""
    ring = torch.rand(x.shape).argsort(0)
    return torch.empty_like(x).scatter(0, ring, x.gather(0, ring.roll(1, 0)))


def fixed(x):
    order = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)).argsort(0)
    return x.gather(0, order)


def one_channel(x):
    return torch.cat([shuffled(x[:, :1]), x[:, 1:]], 1)


EXERCISES = {}


EXERCISES["check_which_number"] = {
    "right": "B",
    "says": "no digit",
    "hints": [
        ("A", "unmask"),
        ("C", "ten thousand"),
        ("D", "what is possible"),
    ],
}

EXERCISES["check_same_average"] = {
    "right": "D",
    "says": "average",
    "hints": [
        ("A", "sparsest"),
        ("B", "single images"),
        ("C", "average over all images"),
    ],
}

EXERCISES["check_soft_threshold"] = {
    "right": 1.75,
    "says": "weight / 2",
    "hints": [
        (1.5, "factor 2"),
        (2.25, "sign"),
        (2.5, "sign"),
        (2, "without the penalty"),
        (0, "a^2 = 4"),
        (4 / 3, "z squared"),
        (1.6, "z squared"),
        (-8, "derivative"),
    ],
}

EXERCISES["check_shuffled"] = {
    "right": shuffled,
    "says": "histogram",
    "other ways": {
        "randperm for each pixel": by_loop,
        "NumPy": lambda x: np.random.default_rng().permuted(x.numpy(), axis=0),
        "flat": lambda x: torch.stack([c[torch.randperm(len(x))] for c in x.flatten(1).T], 1).reshape(x.shape),
    },
    "hints": [
        (lambda x: x[torch.randperm(len(x))], "whole images"),
        (rows_together, "6 different orders for 60"),
        (channels_together, "30 different orders for 60"),
        (cyclic, "the same order twice"),
        (within_images, "within each image"),
        (with_replacement, "with replacement"),
        (lambda x: torch.bernoulli(x.mean(0).expand_as(x)), "draws of 0 and 1"),
        (lambda x: x + torch.randn_like(x), "do not occur"),
        (lambda x: x.clone(), "Nothing was moved"),
        (lambda x: x[:5], "(5, 2, 6, 5)"),
        (lambda x: x.flatten(1), "(40, 60)"),
        (lambda x: torch.ones(x.shape, dtype=torch.bool), "draws of 0 and 1"),
    ],
    "mutants": {
        "two change places": swapped,
        "six change places": a_few_swapped,
        "every second stays": every_second_stays,
        "shift, and six change places": rolled_and_swapped,
        "backwards, and six change places": lambda x: a_few_swapped(rolled(x.flip(0))),
        "shift by a random number": rolled,
        "backwards from a random place": lambda x: rolled(x.flip(0)),
        "a few places only": mostly_sorted,
        "none stays": none_stays,
        "fixed": fixed,
        "one channel only": one_channel,
        "columns together": lambda x: rows_together(x.transpose(2, 3)).transpose(2, 3),
        "sorted": lambda x: x.sort(0, descending=True).values,
        "twice as bright": lambda x: 2 * shuffled(x),
        "negative": lambda x: 1 - shuffled(x),
        "in place": in_place,
        "transposed": lambda x: shuffled(x).transpose(2, 3),
        "Gaussian": lambda x: x.mean(0) + x.std(0) * torch.randn_like(x),
        "one order for all calls": lambda x, kept=[]: x.gather(
            0, kept[0] if kept else kept.append(torch.rand(x.shape).argsort(0)) or kept[0]
        ),
    },
}

EXERCISES["check_effective_units"] = {
    "right": effective,
    "says": "No threshold",
    "other ways": {
        "nan_to_num": lambda s: (s.sum(1) ** 2 / (s**2).sum(1)).nan_to_num(0),
        "where": lambda s: torch.where(s.sum(1) > 0, s.sum(1) ** 2 / (s**2).sum(1), 0.0),
        "a little in the denominator": lambda s: s.sum(1) ** 2 / ((s**2).sum(1) + 1e-10),
        "shares": lambda s: 1 / (s / s.sum(1, True)).square().sum(1).nan_to_num(math.inf),
    },
    "hints": [
        (lambda s: s.sum(1) ** 2 / s.square().sum(1), "0 / 0"),
        (lambda s: s.sum(1) ** 2 / s.square().sum(1).clamp(min=0.05), "same count"),
        (lambda s: s.square().sum(1) / s.sum(1) ** 2, "upside down"),
        (lambda s: (s > 0).sum(1), "weak unit"),
        (lambda s: s.sum(1) / s.square().sum(1), "not squared"),
        (lambda s: effective(s).sqrt(), "root"),
        (lambda s: effective(s).mean(), "whole batch"),
        (lambda s: effective(s.T), "over the images"),
        (lambda s: effective(s)[:, None], "(4, 1)"),
        (lambda s: s.sum(1), "(3 + 1)^2"),
        (lambda s: torch.ones(4, dtype=torch.bool), "(3 + 1)^2"),
    ],
    "mutants": {
        "sign": lambda s: -effective(s),
        "twice": lambda s: 2 * effective(s),
        "half": lambda s: effective(s) / 2,
        "one more": lambda s: effective(s) + 1,
        "exp of the entropy": lambda s: (
            torch.exp(torch.special.entr(s / s.sum(1, True).clamp(min=1e-12)).sum(1)) * (s.sum(1) > 0)
        ),
        "sum over largest": lambda s: s.sum(1) / s.amax(1).clamp(min=1e-12),
        "largest left out": lambda s: (s.sum(1) - s.amax(1)) ** 2 / s.square().sum(1).clamp(min=1e-12),
        "mean for sum": lambda s: s.mean(1) ** 2 / s.square().mean(1).clamp(min=1e-12),
        "5 units known": lambda s: 5 * s.mean(1) ** 2 / s.square().mean(1).clamp(min=1e-12),
        "an empty one counts 1": lambda s: effective(s) + (s.sum(1) == 0),
        "whole numbers": lambda s: effective(s).round(),
        "of the batch's strengths": lambda s: effective(s / s.sum()).clamp(max=3.6),
        "kept dimension": lambda s: effective(s)[:, None],
        "in place": lambda s: effective(s.add_(0.0).mul_(2)),
        "threshold": lambda s: effective(s * (s > 0.05)),
    },
}

EXERCISES["check_penalty_weight"] = {
    "right": 0.5 / 784,
    "says": "divided by 784",
    "other ways": {"three digits": 0.000638, "a power of ten": 6.4e-4},
    "hints": [
        (392, "The other way"),
        (1 / 784, "start from"),
        (0.5 / 28, "28 rows"),
        (0.5 / 800, "800 units"),
        (0.5, "left no unit on"),
        (0, "Without a penalty"),
        (0.01, "differ from their sum"),
    ],
}
