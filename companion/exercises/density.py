"""Checks of the exercises of the study "What does a denoiser know about density?"."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge


@check
def check_best_denoiser(best_denoiser) -> Verdict:
    """Exercise S15.1: (x_noisy, sigma) -> E[x | x_noisy] for x = +1 or -1, each with probability 1/2."""
    x_noisy = torch.linspace(-2.5, 2.5, 12).reshape(3, 4)
    for sigma in (0.8, 0.5):
        x_hat = call(best_denoiser, x_noisy, sigma)
        if x_hat.shape != x_noisy.shape:
            raise Wrong(f"For the shape (3, 4) you return {tuple(x_hat.shape)}; expected the same shape.")
        if not x_hat.is_floating_point():
            raise Wrong(f"You return numbers of type {x_hat.dtype}; expected floating point, like x_noisy.")
        z = x_noisy.clone().requires_grad_()
        log_density = torch.logaddexp(-((z - 1) ** 2) / (2 * sigma**2), -((z + 1) ** 2) / (2 * sigma**2))
        (score,) = torch.autograd.grad(log_density.sum(), z)
        verdict = judge(
            x_hat,
            right=(
                x_noisy + sigma**2 * score,
                "tanh(x_noisy / sigma^2): undecided in the middle, sure of itself far out. Its step is the exact score.",
            ),
            wrong=_denoiser_mistakes(x_noisy, sigma),
            otherwise=f"At x_noisy = {x_noisy[1, 3]:.3f} and sigma = {sigma}, you answer {x_hat[1, 3]:.3f}. The answer is "
            "P(+1) - P(-1), given x_noisy: with Bayes' rule, a ratio of two bell curves.",
        )
    return verdict


def _denoiser_mistakes(x: Tensor, sigma: float) -> list[tuple[Tensor, str]]:
    """What typical wrong answers to exercise S15.1 return, with what each should be told."""
    return [
        (torch.sign(x), "You pick the nearer point. The mean is between the two wherever there is doubt."),
        (x / (1 + sigma**2), "That is the best straight line. The conditional mean bends."),
        (x, "You hand the noisy point back."),
        (torch.tanh(x / sigma), "Nearly: the width of the bend is off. In a Gaussian's exponent, sigma is squared."),
        (torch.tanh(2 * x / sigma**2), "Twice too steep: in a Gaussian's exponent stands 2 sigma^2, not sigma^2."),
        (torch.tanh(x / (2 * sigma**2)), "Half as steep as it should be. Take both exponents' difference."),
        (torch.sigmoid(2 * x / sigma**2), "That is the probability of +1. The mean weighs +1 and -1 by theirs."),
        (-torch.tanh(x / sigma**2), "The sign is reversed: a positive x_noisy speaks for +1."),
        ((torch.tanh(x / sigma**2) - x) / sigma**2, "That is the score already. Return the denoised point."),
    ]


@check
def check_doubt(doubt) -> Verdict:
    """Exercise S15.2: (denoiser, x_noisy (N,), sigma) -> the variance (N,) of the clean number given the noisy one."""
    x_noisy = torch.linspace(-1.7, 2.3, 9)

    def coin(sigma: float):
        return lambda x: torch.tanh(x / sigma**2)

    def bell(sigma: float):
        return lambda x: 1.5 + 0.3 / (0.3 + sigma**2) * (x - 1.5)

    for data, sigma in ((coin, 0.8), (bell, 0.5), (coin, 1.3)):
        denoiser = data(sigma)
        found = call(doubt, denoiser, x_noisy, sigma)
        if found.shape != x_noisy.shape:
            raise Wrong(f"For 9 points you return the shape {tuple(found.shape)}; expected (9,).")
        z = x_noisy.clone().requires_grad_()
        (slope,) = torch.autograd.grad(denoiser(z).sum(), z)
        verdict = judge(
            found,
            right=(
                sigma**2 * slope,
                "sigma^2 times the denoiser's own slope: where its answer hangs on every bit of noise, it is in doubt.",
            ),
            wrong=[
                (slope, "That is the denoiser's slope. A variance has the unit of x squared: which factor is missing?"),
                (sigma * slope, "Nearly: the factor is the variance of the noise."),
                ((sigma**2 * slope).sqrt(), "That is the standard deviation. The variance is its square."),
                (
                    sigma**2 * (slope - 1),
                    "That is sigma^4 times the score's slope. Add sigma^2: with a flat log-density all of the noise stays.",
                ),
                ((slope - 1) / sigma**2, "That is the slope of the score."),
                (sigma**4 * slope, "One sigma^2 too many: the score divides by one, and its slope needs two."),
                (sigma**2 - sigma**2 * slope, "That is what looking takes off the noise's variance. What remains?"),
                (
                    (denoiser(x_noisy) - x_noisy).square(),
                    "That is the square of the step. A long step can be a sure one.",
                ),
                (
                    sigma**2 * torch.ones(9),
                    "That is the noise's variance: what you would know of x with no idea of the data.",
                ),
            ],
            otherwise="Differentiate the denoiser's answer with respect to its input, and compare with the formula.",
            tol=1e-2,
        )
    return verdict


@check
def check_left_alone(answer) -> Verdict:
    """Exercise S15.3: what it means that the best denoiser returns a picture unchanged."""
    return judge(
        answer,
        right=("B", "A step of 0 is a slope of 0: a peak, the floor of a valley, or a saddle."),
        wrong=[
            (
                "A",
                "A slope of 0 is found on peaks, and elsewhere. Where does the best denoiser of exercise S15.1 stand still?",
            ),
            ("C", "The best denoiser of exercise S15.1 leaves 0 alone, and 0 is no coin."),
            ("D", "The step is sigma^2 times the score. What is the score, then?"),
        ],
    )
