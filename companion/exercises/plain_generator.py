"""Checks of the exercises of the study on generating with a plain autoencoder."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same


@check
def check_two_reports(answer) -> Verdict:
    """Exercise S07.1: a distance of 14 from 2,000 pictures, and 41 and 30 from 200 each: what follows? A, B, C or D."""
    return judge(
        answer,
        right=(
            "C",
            "Without the floors it is 12 against 23, or against 12: with 200 pictures, chance is as large as the lead.",
        ),
        wrong=[
            ("A", "The sets differ in size. How far are 200 real digits from 200 real ones?"),
            ("B", "Take the floor, 18, off both sets of the VAE. What is left of the second?"),
            ("D", "One classifier, one kind of data: the ruler is the same. Is anything else different?"),
        ],
    )


@check
def check_precision(precision) -> Verdict:
    """Exercise S07.2: features (N, D), (M, D), k -> the share of the second within reach of one of the first."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.rand(60, 1, generator=generator) * 3  # so that reaches differ
    real = torch.randn(60, 4, generator=generator) * spread
    made = 2 * torch.randn(80, 4, generator=generator)
    found = _share(call(precision, real, made, 3))
    expected = _within(real, made, _reach(real, 4))
    judge(
        found,
        right=(expected, ""),
        wrong=[
            (
                _within(real, made, _reach(real, 3)),
                "Each real one is its own nearest neighbour, at the distance 0: you counted it.",
            ),
            (
                _within(real, made, _reach(real, 5)),
                "One neighbour too many: the reach goes to the third, not the fourth.",
            ),
            (
                _within(made, real, _reach(made, 4)),
                "That is the recall: the share of the real ones within reach of a generated one. Swap the two.",
            ),
            (
                (torch.cdist(made, real) <= _reach(made, 4)[:, None]).any(1).float().mean(),
                "You took the reach of the generated ones. It belongs to the real ones.",
            ),
            (
                (torch.cdist(made, real) <= _reach(real, 4)).any(0).float().mean(),
                "You counted the real ones that have a generated one within reach. Count the generated ones.",
            ),
            ((torch.cdist(made, real) <= _reach(real, 4)).float().mean(), "You counted pairs. Count generated ones."),
            (
                (torch.cdist(made, real) <= _reach(real, 4)).all(1).float().mean(),
                "Within the reach of one real one is enough. You asked for all of them.",
            ),
            (
                _within(real, made, _reach(real, 4).mean()),
                "You took the mean reach for all. Each real one has its own.",
            ),
            (
                _within(real, made, _reach(real, 4).amax()),
                "You took the largest reach for all. Each real one has its own.",
            ),
            (100 * expected, "As a share from 0 to 1, please, not in per cent."),
            (80 * expected, "That is how many. Return their share."),
            (1 - expected, "That is the share of those out of reach."),
        ],
        otherwise=f"For 60 real and 80 generated ones you get {found:.3g}. First find each real one's distance to its third "
        "neighbour, then the generated ones that lie no further than that from it.",
    )
    if not same(_share(call(precision, real, made, 1)), _within(real, made, _reach(real, 2))):
        raise Wrong("Right for k = 3, but not for k = 1.")
    if not same(_share(call(precision, made, real, 3)), _within(made, real, _reach(made, 4))):
        raise Wrong("Right for 60 real and 80 generated ones, but not for 80 real and 60 generated ones.")
    return judge(
        found,
        right=(expected, "Each real one reaches as far as its own neighbourhood. Swap the two, and it is recall."),
    )


def _share(found: Tensor) -> Tensor:
    """The one number that was returned."""
    if found.numel() != 1 or found.dtype == torch.bool or found.is_complex():
        raise Wrong(f"You return {found.dtype} of the shape {tuple(found.shape)}; expected one number, a share.")
    return found.reshape(())


def _reach(x: Tensor, neighbour: int) -> Tensor:
    """The distance of each to its neighbour of that number, itself the first: (N, D) -> (N,)."""
    return torch.cdist(x, x).kthvalue(neighbour, dim=1).values


def _within(a: Tensor, b: Tensor, reach: Tensor) -> Tensor:
    """The share of b that lie within the reach of one of a."""
    return (torch.cdist(b, a) <= reach).any(1).float().mean()


@check
def check_best_factor(answer) -> Verdict:
    """Exercise S07.3: the c for which the Frechet distance of N(10, 5^2) and N(4 c, (3 c)^2) is smallest."""
    return judge(
        answer,
        right=(about(2.2, 0.005), "Of the 40, 4 are left, and the samples are as good or bad as before."),
        wrong=[
            (2.5, "That brings the means together. The standard deviations count as well."),
            (about(5 / 3, 0.005), "That brings the standard deviations together. The means count as well."),
            (
                about(25 / 12, 0.005),
                "A mean of the two factors? The larger numbers pull harder: write the distance down.",
            ),
            (about(1 / 2.2, 0.005), "Upside down: it is the samples that are multiplied, and they are too faint."),
            (4.4, "Mind the 2 that comes down with the square."),
            (4, "That is the distance that is left. At which c?"),
            (160, "That is the distance with both sides doubled. Here the samples alone change."),
        ],
        otherwise="The distance is (10 - 4 c)^2 + (5 - 3 c)^2. Where is its slope 0?",
    )
