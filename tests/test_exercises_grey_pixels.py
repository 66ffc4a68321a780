"""Study 3, grey pixels: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import pytest
import torch
import torch.nn.functional as F


def test_the_best_laplace_width_is_the_mean_absolute_error():
    errors = torch.randn(10_000)
    widths = torch.linspace(0.5, 1.2, 701)
    nll = [-torch.distributions.Laplace(0.0, b).log_prob(errors).mean() for b in widths]
    assert widths[torch.stack(nll).argmin()].item() == pytest.approx(errors.abs().mean().item(), abs=0.001)


HALF = 1 / 510


def inside(mean, width, x, half=HALF):
    below, above = (x - half - mean) / width, (x + half - mean) / width
    return F.logsigmoid(above) + F.logsigmoid(-below) + torch.log(-torch.expm1(below - above))


def levels(mean, width, x, half=HALF):
    first = F.logsigmoid((x + half - mean) / width)
    last = F.logsigmoid(-(x - half - mean) / width)
    return -torch.where(x == 0, first, torch.where(x == 1, last, inside(mean, width, x, half)))


def subtracted(mean, width, x, least=0.0):
    """By the definition: two sigmoids that may be equal in 32 bits."""
    above = torch.where(x == 1, 1.0, torch.sigmoid((x + HALF - mean) / width))
    below = torch.where(x == 0, 0.0, torch.sigmoid((x - HALF - mean) / width))
    return -(above - below).clamp(min=least).log()


def in_double(mean, width, x):
    """A probability that is 0 in 64 bits too costs infinity: the widths of the check must not ask for that."""
    mean, width, x = mean.double(), width.double(), (255 * x.double()).round() / 255
    return levels(mean, width, x)


def density(mean, width, x):
    z = (x - mean) / width
    return width.log() - F.logsigmoid(z) - F.logsigmoid(-z)


def value_of(slope_of):
    """The right values, with the slopes of another function."""

    def found(mean, width, x):
        other = slope_of(mean, width, x)
        return levels(mean, width, x).detach() + other - other.detach()

    return found


def test_the_levels_of_a_logistic_sum_to_one():
    x = torch.arange(256, dtype=torch.float64) / 255
    for mean, width in ((0.01, 0.02), (0.5, 0.1), (0.97, 0.01)):
        total = torch.exp(-levels(torch.tensor(mean).double(), torch.tensor(width).double(), x)).sum()
        assert total.item() == pytest.approx(1, abs=1e-9)


def test_bits_are_those_of_a_uniform_density():
    # density 1 everywhere, 0 nats: the 255 slots between 0 and 1 are equally likely
    nats = -500 / 784
    assert (nats + math.log(255)) / math.log(2) == pytest.approx(math.log2(255) + nats / math.log(2))


EXERCISES = {}

EXERCISES["check_laplace"] = {
    "right": 0.03,
    "says": "mean absolute error: 23.52 / 784",
    "hints": [
        (33.33, "upside down"),
        (0.0009, "squared it"),
        (0.1732, "root"),
        (0.06, "factor of 2"),
        (0.015, "factor of 2"),
        (0.0424, "standard deviation"),
        (23.52, "sum over 784"),
        (1, "slope is zero"),
    ],
}

EXERCISES["check_bits"] = {
    "right": (-500 / 784 + math.log(255)) / math.log(2),
    "says": "about one less than the 8",
    "other ways": {"rounded": 7.07, "slots of 1/256": (-500 / 784 + math.log(256)) / math.log(2)},
    "hints": [
        (8.91, "The sign"),
        (4.90, "A bit is log 2 nats"),
        (-0.92, "by the width of the slot"),
        (-0.638, "the slot's width, and bits"),
        (-8.91, "height times width"),
        (-713.4, "of an image. Divide by its pixels first"),
        (5546.5, "That is of an image"),
        (8, "uniform guess"),
        (-3, "at least 0"),
        (3, "times 1/255"),
    ],
}

EXERCISES["check_logistic_levels"] = {
    "right": levels,
    "strict": True,
    "says": "sure and wrong included",
    "other ways": {
        "in double": in_double,
        "softplus": lambda m, w, x: torch.where(
            x == 0,
            F.softplus(-(x + HALF - m) / w),
            torch.where(
                x == 1,
                F.softplus((x - HALF - m) / w),
                F.softplus(-(x + HALF - m) / w)
                + F.softplus((x - HALF - m) / w)
                - torch.log1p(-torch.exp(-2 * HALF / w)),
            ),
        ),
    },
    "hints": [
        (lambda m, w, x: -levels(m, w, x), "sign"),
        (lambda m, w, x: levels(m, w, x) / math.log(2), "bits"),
        (lambda m, w, x: -inside(m, w, x), "takes all below"),
        (lambda m, w, x: levels(m, w, x, half=1 / 255), "twice as wide"),
        (lambda m, w, x: levels(m, w, x, half=1 / 512), "1/256"),
        (density, "the density"),
        (subtracted, "equal in 32 bits"),
        (lambda m, w, x: subtracted(m, w, x, least=1e-12), "At level"),
        (lambda m, w, x: levels(m, w, x).sum(), "one number a pixel"),
        (lambda m, w, x: levels(m.detach(), w, x), "no gradient reaches the mean"),
        (lambda m, w, x: levels(m, w.detach(), x), "no gradient reaches the width"),
        (value_of(lambda m, w, x: subtracted(m, w, x, least=1e-12)), "slope with respect to the mean"),
    ],
    "mutants": {
        "edges exchanged": lambda m, w, x: levels(m, w, 1 - x),
        "only the lower edge": lambda m, w, x: torch.where(x == 1, -inside(m, w, x), levels(m, w, x)),
        "only the upper edge": lambda m, w, x: torch.where(x == 0, -inside(m, w, x), levels(m, w, x)),
        "width squared": lambda m, w, x: levels(m, w**2, x),
        "a bell curve": lambda m, w, x: ((x - m) / w).square() / 2 + w.log() + math.log(2 * math.pi) / 2,
        "mean over pixels": lambda m, w, x: levels(m, w, x).mean().expand_as(x),
        "half of the slope": value_of(lambda m, w, x: levels(m, w, x) / 2),
        "slope reversed": value_of(lambda m, w, x: -levels(m, w, x)),
        "slope of the density": value_of(density),
    },
}
