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
    """Exercise S06.1: variance of the trick's estimate over the score function's, for f(z) = sin(10z), mu = 0, sigma = 0.5."""
    return judge(
        answer,
        right=(
            about(25, 0.5),
            "10 cos(10z) has the mean square 50, and sin(10z) eps / 0.5 has 2: the trick is 25 times noisier.",
        ),
        wrong=[
            (5, "That is the ratio of the standard deviations. A variance is a mean square."),
            (about(1 / 25, 0.001), "Upside down: which of the two estimates is the noisier one here?"),
            (50, "That is the variance of the trick's estimate. Divide it by the score function's."),
            (2, "That is the variance of the score function's estimate. The question asks for the ratio of two."),
            (100, "Where is sigma? The score function's estimate is f(z) times eps / sigma."),
            (400, "The score function's estimate is divided by sigma, not multiplied: f(z) eps / sigma."),
            (36, "That is the example of the text. Here omega is 10 and sigma one half."),
            (1, "The two are right on average, both. How far do they scatter?"),
        ],
        otherwise="Write both estimates down: 10 cos(10z) and sin(10z) eps / 0.5. What is the mean of each one's square?",
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
            "The 146 charges for bits and decodes none. Measure both networks by the codes that you will store.",
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
