"""Checks of the exercises of the study of gradients through chance."""

import torch

from companion.exercises._verdict import (
    Verdict,
    Wrong,
    about,
    call,
    check,
    judge,
    refuse_other_laws,
    refuse_shared,
    right,
    same,
    slopes,
)


@check
def check_wiggle(answer) -> Verdict:
    """Exercise S06.1: variance of the trick's estimate over the score function's, for f(z) = sin(6z), z standard normal."""
    return judge(
        answer,
        right=(
            about(36, 0.5),
            "The slope, 6 cos(6z), has the mean square 36 / 2, and z sin(6z) has 1 / 2: the trick is 36 times noisier.",
        ),
        wrong=[
            (6, "That is the ratio of the standard deviations. A variance is a mean square."),
            (about(1 / 36, 0.001), "Upside down: which of the two estimates holds the factor 6?"),
            (18, "That is the variance of the trick's estimate. Divide it by the score function's."),
            (about(0.5, 0.001), "That is the variance of one estimate. The question asks for the ratio of two."),
            (72, "cos^2 and sin^2 are both one half on average: you halved only one of them."),
            (1, "The two are right on average, both. How far do they scatter?"),
            (12, "Square the factor 6; do not double it."),
        ],
        otherwise="Write both estimates down: 6 cos(6z) and z sin(6z). What is the mean of each one's square?",
    )


@check
def check_pairs(draw_pairs) -> Verdict:
    """Exercise S06.2: mu, logvar (B, k) -> codes (2, B, k), each a right draw, their mean mu, with a gradient."""
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(1024, 4, generator=generator).requires_grad_()
    logvar = torch.randn(1024, 4, generator=generator).requires_grad_()
    calls = [call(draw_pairs, mu, logvar) for _ in range(2)]
    z = calls[0]
    if z.shape != (2, 1024, 4):
        raise Wrong(f"For the shape (1024, 4) you return {tuple(z.shape)}; expected (2, 1024, 4).")
    sigma = (logvar.detach() / 2).exp()
    halves = [(found.detach() - mu.detach()) / sigma for found in calls]  # (2, B, k) each
    if not halves[0].isfinite().all():
        raise Wrong("Your codes hold numbers that are not finite.")
    if halves[0].abs().max() < 1e-3:
        raise Wrong("You return mu itself. Draw around it.")
    if not same(z.mean(0), mu, tol=1e-3):
        raise Wrong("The mean of the two codes is not mu. What one draw adds, the other must take away.")
    eps = [half[0] for half in halves]  # the second half mirrors it
    refuse_shared(eps)
    both = torch.cat(eps)
    for scaled, by in (
        (both / sigma.repeat(2, 1), "the variance"),
        (both * sigma.repeat(2, 1), "1, whatever logvar says"),
        (both * sigma.sqrt().repeat(2, 1), "the root of sigma"),
    ):
        if abs(both.std() - 1) > 0.1 and abs(scaled.std() - 1) < 0.05:
            raise Wrong(f"Your codes scatter by {by}; expected the standard deviation, exp(logvar / 2).")
    refuse_other_laws(eps)
    weight = torch.randn(2, 1024, 4, generator=generator)
    found = slopes((z.double() * weight).sum(), [mu, logvar])
    if found[0] is None and found[1] is None:
        raise Wrong("No gradient reaches mu and logvar. Compute z from them, with noise from outside.")
    wanted = [weight.sum(0), (weight * (z.detach() - mu.detach()) / 2).sum(0)]
    for name, slope, expected in zip(("mu", "logvar"), found, wanted, strict=True):
        if slope is None or not same(slope.double(), expected, tol=2e-3):
            raise Wrong(f"The gradient of {name} is not that of mu + sigma * eps: something cuts a part of the graph.")
    return right("Each is a draw of its own right, and what one adds to mu the other takes away.")


@check
def check_reports(answer) -> Verdict:
    """Exercise S06.3: what two reports say, one by relaxed codes, one by codes of 0 and 1."""
    return judge(
        answer,
        right=(
            "C",
            "A bound belongs to the codes it was computed with. Measure both by the codes that you will store.",
        ),
        wrong=[
            ("A", "The 146 nats are those of codes between 0 and 1. Will you store those?"),
            (
                "B",
                "A right gradient is no promise of a good end, nor a wrong one of a bad end. Look at what was measured.",
            ),
            ("D", "The encoder names a probability for each unit. What hinders you to draw 0 or 1 with it?"),
        ],
    )
