"""Checks of the exercises of the study "What is a likelihood of grey pixels?"."""

from math import inf, log, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, slopes


@check
def check_laplace(answer) -> Verdict:
    """Exercise S03.1: the best width of a Laplace density for absolute errors that sum to 23.52 over 784 pixels."""
    return judge(
        answer,
        right=(about(0.03, 1e-5), "The best b is the mean absolute error: 23.52 / 784."),
        wrong=[
            (
                about(23.52, 1e-2),
                "That is the sum over 784 pixels. The second term of the NLL grows with the pixels too.",
            ),
            (about(784 / 23.52, 1e-1), "That is upside down: larger errors should ask for a larger width."),
            (about(0.0009, 1e-5), "You squared it. In the Laplace density the error is not squared, and neither is b."),
            (
                about(sqrt(0.03), 1e-3),
                "You took a root, as for sigma of a bell curve. Here no square has to be undone.",
            ),
            (
                [about(0.06, 1e-5), about(0.015, 1e-5)],
                "You are off by a factor of 2. What is the slope of log(2 b) with respect to b?",
            ),
            (
                about(0.03 * sqrt(2), 1e-3),
                "That is the standard deviation of the best Laplace density. The question is for b.",
            ),
        ],
        otherwise="Write the NLL as A / b + D log(2 b), and find where its slope is zero.",
    )


@check
def check_bits(answer) -> Verdict:
    """Exercise S03.2: -500 nats an image of 784 pixels as a density, in bits for each level 1/255 wide."""
    nats = -500 / 784
    return judge(
        answer,
        right=(about((nats + log(255)) / log(2), 0.01), "That is 7.07 bits, about one less than the 8 of a file."),
        wrong=[
            (
                about((-nats + log(255)) / log(2), 0.01),
                "The sign: the NLL is -500. A high density makes a level cheap.",
            ),
            (about(nats + log(255), 0.01), "That is in nats. A bit is log 2 nats."),
            (about(nats / log(2), 0.01), "That is minus the log of the density. Multiply it by the width of the slot."),
            (about(nats, 0.01), "That is the density, in nats a pixel. Now the slot's width, and bits."),
            (
                about((nats - log(255)) / log(2), 0.01),
                "You divided by the slot's width. An area is height times width.",
            ),
            (about((-500 + log(255)) / log(2), 1), "-500 is of an image. Divide by its pixels first."),
            (about(784 * (nats + log(255)) / log(2), 5), "That is of an image. Divide by its pixels."),
            (about(8, 0.01), "That is what a uniform guess costs. Where does the density come in?"),
            ((-inf, 0), "A probability is at most 1, so its cost is at least 0."),
        ],
        otherwise="A level's probability is its density times 1/255. Take minus the logarithm, a pixel, to base 2.",
    )


@check
def check_logistic_levels(logistic_levels) -> Verdict:
    """Exercise S03.3: (mean, width, x) -> minus the log-probability of each pixel's level under a logistic."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (4, 1, 8, 8), generator=generator) / 255
    x[0, :, :4], x[0, :, 4:] = 0, 1  # the edges, with every kind of answer
    mean = torch.rand(x.shape, generator=generator)
    width = 0.01 + 0.2 * torch.rand(x.shape, generator=generator)
    mean, width = mean.requires_grad_(), width.requires_grad_()
    found = call(logistic_levels, mean, width, x)
    if found.shape != x.shape:
        raise Wrong(f"You return the shape {tuple(found.shape)}; expected one number a pixel, {tuple(x.shape)}.")
    expected = _logistic_levels(mean, width, x)
    verdict = judge(
        found.detach().float(),
        right=(expected, "Right everywhere, sure and wrong included, with slopes: nothing equal is subtracted."),
        wrong=[
            (-expected, "The sign is reversed: a cost is minus a log-probability."),
            (expected / log(2), "That is in bits. The exercise asks for nats."),
            (
                _logistic_levels(mean, width, x, edges=False),
                "Level 0 takes all below its slot too, level 255 all above.",
            ),
            (_logistic_levels(mean, width, x, half=1 / 255), "Your slots are twice as wide: half a slot is 1 / 510."),
            (
                _logistic_levels(mean, width, x, half=1 / 512),
                "Your slots are 1/256 wide. Levels k / 255 lie 1/255 apart.",
            ),
            (_density(mean, width, x), "That is the density. The probability of a level is its area over the slot."),
        ],
        otherwise=_where(found.detach(), expected, x),
        tol=2e-4,
    )
    by_hand = slopes(found.sum(), [mean, width])
    for name, slope, truth in zip(("mean", "width"), by_hand, slopes(expected.sum(), [mean, width]), strict=True):
        if slope is None or truth is None:  # the true slope is there: for the type checker
            raise Wrong(f"The values are right, but no gradient reaches the {name}: something cuts the graph.")
        if not torch.allclose(slope, truth, rtol=0.02, atol=0.02):
            raise Wrong(
                f"The values are right, the slope with respect to the {name} is not: a clamp, or a branch of torch.where "
                "in which something is infinite, does that."
            )
    return verdict


def _logistic_levels(mean: Tensor, width: Tensor, x: Tensor, half: float = 1 / 510, edges: bool = True) -> Tensor:
    below, above = (x - half - mean) / width, (x + half - mean) / width
    inside = F.logsigmoid(above) + F.logsigmoid(-below) + torch.log(-torch.expm1(below - above))
    if not edges:
        return -inside
    return -torch.where(x == 0, F.logsigmoid(above), torch.where(x == 1, F.logsigmoid(-below), inside))


def _density(mean: Tensor, width: Tensor, x: Tensor) -> Tensor:
    z = (x - mean) / width
    return -(F.logsigmoid(z) + F.logsigmoid(-z) - width.log())


def _where(found: Tensor, expected: Tensor, x: Tensor) -> str:
    """The pixel that is furthest off."""
    if not found.isfinite().all():
        return (
            "Some pixels cost infinity or NaN: where the answer is sure and wrong, two sigmoids are equal in 32 bits."
        )
    i = int((found - expected).abs().argmax())
    level = round(255 * x.flatten()[i].item())
    return (
        f"At level {level} you return {found.flatten()[i].item():.3f}; expected {expected.flatten()[i].item():.3f}. "
        "Check levels 0, 255 and one in between by themselves."
    )
