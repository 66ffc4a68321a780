"""Checks of the exercises of the study on judging generators."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same


@check
def check_unknown_set(answer) -> Verdict:
    """Exercise S23.1: precision above real digits, recall far below, no copies, less variety: A, B, C or D?"""
    return judge(
        answer,
        right=(
            "B",
            "All of them lie safely among real digits, and they leave most of those out: cautious, average pictures. Smooth "
            "pictures of an autoencoder or a VAE look like this.",
        ),
        wrong=[
            ("A", "Copies would cover as many real digits as real ones do. What does the last ruler say?"),
            ("C", "Mosaics are varied, and many lie out of reach of any real digit. Look at precision and variety."),
            ("D", "Without the nines, variety and most of the recall would stay. Look at both."),
        ],
    )


@check
def check_floor(answer) -> Verdict:
    """Exercise S23.2: what chance adds to |m_a - m_b|^2: 64 features of variance 4, a thousand pictures in each set."""
    return judge(
        answer,
        right=(
            about(0.512, 0.002),
            "0.512: the difference of two means has the variance 2 x 4 / 1000, and there are 64 of them. With a hundred pictures it is "
            "ten times as much. The covariances add more.",
        ),
        wrong=[
            (about(0.256, 0.002), "That is the error of one mean. Both sets have one, and their variances add up."),
            (about(0.008, 0.0005), "That is for one feature. There are 64."),
            (about(0.004, 0.0005), "That is one mean of one feature. There are two sets, and 64 features."),
            (about(0.128, 0.001), "4 is the variance already, the square of the standard deviation."),
            (about(2.048, 0.005), "4 is the variance already: do not square it again."),
            (about(0.7155, 0.002), "That is the root. The Frechet distance adds up squares."),
            (about(5.12, 0.02), "That would be with a hundred pictures in each set."),
            (0, "That would be with infinitely many pictures. A mean of a thousand has an error of its own."),
        ],
        otherwise="A mean of n numbers with the variance v has the variance v / n. Two means are compared, in 64 features.",
    )


@check
def check_extrapolation(extrapolate) -> Verdict:
    """Exercise S23.3: counts (K,), distances (K,) -> a of the line a + c / n that fits them best, by least squares."""
    counts = torch.tensor([50.0, 100.0, 200.0, 500.0, 1000.0])
    distances = 6 + 4000 / counts + torch.tensor([2.0, -3.0, 1.5, 1.0, -0.5])
    found = _number(call(extrapolate, counts, distances))
    expected, slope = _line(1 / counts, distances)
    last = distances[-1] - (distances[-2] - distances[-1]) * counts[-2] / (counts[-1] - counts[-2])
    judge(
        found,
        right=(expected, ""),
        wrong=[
            (slope, "That is the slope, c. What is left of the distance as n grows without end?"),
            (_line(counts, distances)[0], "You fitted a line over n. Over which number is the law a straight line?"),
            (_line(counts, distances)[1], "You fitted a line over n, and returned its slope."),
            (_line(counts.rsqrt(), distances)[0], "You fitted a line over 1 / sqrt(n). Chance adds c / n here."),
            (_line(counts.log(), distances)[0], "You fitted a line over log n. Chance adds c / n."),
            (
                (_line(1 / counts, distances.log())[0]).exp(),
                "You fitted the logarithm of the distance. The law is for the distance itself.",
            ),
            (last, "You took the last two counts alone. Let all of them speak: least squares."),
            (distances[-1], "That is the distance with the most pictures. It still holds c / n."),
            (distances.mean(), "That is the mean distance. Fit a line."),
            (
                (distances / counts).sum() / (1 / counts).square().sum(),
                "That is the slope of a line through 0. Give the line a height of its own, a.",
            ),
        ],
        otherwise=f"For distances near 6 + 4000 / n you get {found.item():.3g}; expected {expected.item():.3g}. Fit a + c u to the "
        "distances, with u = 1 / n, by least squares.",
    )
    for some in (slice(0, 3), slice(2, None)):
        if not same(
            _number(call(extrapolate, counts[some], distances[some])), _line(1 / counts[some], distances[some])[0]
        ):
            raise Wrong("Right for these five counts, but not for three of them.")
    return judge(
        found,
        right=(expected, "What is left with infinitely many pictures, if chance adds c / n and nothing else."),
    )


def _line(u: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Height at 0 and slope of the line that fits y over u best, by least squares."""
    slope = ((u - u.mean()) * (y - y.mean())).sum() / (u - u.mean()).square().sum()
    return y.mean() - slope * u.mean(), slope


def _number(found: Tensor) -> Tensor:
    """The one number that was returned."""
    if found.numel() != 1 or found.dtype == torch.bool:
        raise Wrong(f"You return {found.dtype} of the shape {tuple(found.shape)}; expected one number, the height a.")
    return found.reshape(())
