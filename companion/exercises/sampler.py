"""Checks of the exercises of the study "What does the sampler change?"."""

from math import cos, pi

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge


@check
def check_narrow(answer) -> Verdict:
    """Exercise S24.1: the standard deviation after three steps without fresh noise, for data N(0, 1), on paper."""
    return judge(
        answer,
        right=(
            about(cos(pi / 6) ** 3, 0.002),
            "Each step multiplies by cos(30 degrees) = 0.866, and 0.866^3 = 0.65. With more steps the angles shrink, and a cosine "
            "near 0 degrees costs next to nothing.",
        ),
        wrong=[
            (about(cos(pi / 6), 0.002), "That is one step of three."),
            (about(cos(pi / 6) ** 6, 0.002), "That is the variance. The question asks for the standard deviation."),
            (about(cos(pi / 6) ** 2, 0.002), "Three steps, from t = 1 to 2/3, to 1/3, to 0, each by the same angle."),
            (about(0.5**3, 0.002), "The angle between two times is 30 degrees, and its cosine is not 0.5."),
            (0, "That is one step, which draws the mean alone."),
            (1, "That would be so with infinitely many steps. Multiply x_t through one step."),
        ],
        otherwise="Put x_hat = a x_t into the step, with f = 0. What stands before x_t is the cosine of a difference.",
    )


@check
def check_between(between) -> Verdict:
    """Exercise S24.2: two starts (N, k) and a share -> the start between them, (1 - share) a + share b, of variance 1."""
    a = torch.tensor([[0.3, -1.2, 0.7], [2.0, 0.1, -0.4]])
    b = torch.tensor([[-0.6, 0.5, 1.1], [0.2, -1.5, 0.9]])
    for share in (0.5, 0.2, 0.0, 1.0):
        found = call(between, a, b, share)
        if found.shape != a.shape:
            raise Wrong(f"For two starts of the shape (2, 3) you return {tuple(found.shape)}; expected the same shape.")
        mix, sum_of_squares = (1 - share) * a + share * b, (1 - share) ** 2 + share**2
        verdict = judge(
            found,
            right=(
                mix / sum_of_squares**0.5,
                "Variances of independent starts add up with squared weights, so divide by the root of their sum. Unmended, the middle "
                "has half the variance, and the denoiser is told of more noise than there is.",
            ),
            wrong=[
                (mix, "The ends are right, but halfway the variance is 1/4 + 1/4. The walk expects 1."),
                (mix / sum_of_squares, "You divided by the variance. Divide by the standard deviation."),
                (mix * sum_of_squares**0.5, "You multiplied. The mix is too narrow and has to grow."),
                (mix * 2**0.5, "That is right in the middle alone. The factor depends on the share."),
                (
                    (1 - share) ** 0.5 * a + share**0.5 * b,
                    "That has variance 1, too, on another path. Take the weights of the exercise, then scale.",
                ),
                (
                    cos(share * pi / 2) * a + cos((1 - share) * pi / 2) * b,
                    "That has variance 1, too, on another path. Take the weights of the exercise, then scale.",
                ),
                (
                    (share * a + (1 - share) * b) / sum_of_squares**0.5,
                    "The two starts are exchanged: at the share 0 it should be a.",
                ),
                (mix / mix.std(), "You scaled by the mix at hand. Use the variance that such a mix has on average."),
                (
                    mix / mix.norm(dim=1, keepdim=True),
                    "You brought each mix to length 1. A start of k numbers has about the length sqrt(k).",
                ),
            ],
            otherwise=f"At the share {share:g} your first number is {found.flatten()[0]:.3f}. The variance of w a + v b is w^2 + v^2.",
        )
    return verdict


@check
def check_report(answer) -> Verdict:
    """Exercise S24.3: which of four reports its numbers bear out: A, B, C or D?"""
    return judge(
        answer,
        right=(
            "C",
            "Equal prices, several draws, and a difference far beyond the luck of the draw. It is about these weights and this number "
            "of steps, and says so.",
        ),
        wrong=[
            ("A", "One draw each, and a difference smaller than what another seed makes."),
            ("B", "The two did not pay the same. What would the other have had for that price?"),
            ("D", "Two things changed at once: the noise and the network. Which of them made the difference?"),
        ],
    )
