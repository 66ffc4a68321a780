"""Checks of the exercises of the study on generating with a plain autoencoder."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, same


@check
def check_two_reports(answer) -> Verdict:
    """Exercise S07.1: Frechet distances of 14 from 2,000 pictures and of 41 from 200: what follows? A, B, C or D."""
    return judge(
        answer,
        right=(
            "C",
            "With 200 pictures even real digits are far from real digits: the covariance of 64 features is mostly chance.",
        ),
        wrong=[
            ("A", "The two sets differ in size. What does the study's table say of real digits, with fewer of them?"),
            ("B", "A distance joins quality and variety in one number. And the two sets differ in size."),
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
def check_both_doubled(answer) -> Verdict:
    """Exercise S07.3: the Frechet distance of N(10, 2^2) and N(6, 1^2), both doubled."""
    return judge(
        answer,
        right=(68, "(20 - 12)^2 + (4 - 2)^2: four times as much, for the same pictures."),
        wrong=[
            (17, "That is the distance as they are. Doubling both moves the means and the spreads apart."),
            (4, "That is with the samples doubled alone. The real ones are doubled, too."),
            (34, "Twice 17? The differences double, and then they are squared."),
            (64, "That is the means. The standard deviations differ as well."),
            (8, "The formula holds squares: of the difference of the means, and of that of the standard deviations."),
            (10, "The two differences enter squared."),
            (76, "The formula holds the difference of the standard deviations, squared, not of the variances."),
            (205, "You doubled the real ones alone."),
        ],
        otherwise="Doubled, the means are 20 and 12, the standard deviations 4 and 2.",
    )
