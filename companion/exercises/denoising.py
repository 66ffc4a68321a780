"""Checks of the exercises of chapter 6."""

from math import sqrt

import torch
from torch import Tensor

from companion.exercises._verdict import (
    Probe,
    Verdict,
    Wrong,
    about,
    call,
    check,
    judge,
    judge_gradient,
    refuse_other_laws,
    refuse_shared,
    terms_of,
)


@check
def check_doing_nothing(answer) -> Verdict:
    """Exercise 6.1: the mean squared error per pixel of the noisy image itself, at sigma 0.5."""
    return judge(
        answer,
        right=(0.25, "The error is the noise alone, and its mean square is its variance, sigma^2."),
        wrong=[
            (0.5, "That is the noise's standard deviation. The error is squared before it is averaged."),
            (0.04, "That is the figure of the chapter, at sigma 0.2. Here sigma is 0.5."),
            (
                0.1,
                "The error does not grow in proportion to sigma: look at what happens to a number when you square it.",
            ),
            (0.125, "That is half of it, as if a clip had removed the rest. Doing nothing clips nothing."),
            (0, "The error is against the clean image, and the noisy one differs from it."),
        ],
        otherwise="The difference between noisy and clean image is the noise: square, and average.",
    )


@check
def check_shrinkage(answer) -> Verdict:
    """Exercise 6.2: the weight of the best linear estimate, for a variance of 0.12 and sigma 0.2."""
    return judge(
        answer,
        right=(0.75, "w = v / (v + sigma^2): trust the pixel by its share of the total variance."),
        wrong=[
            (0.25, "That is the noise's share of the total variance. How much should you trust the pixel?"),
            (about(0.12 / 0.32, 0.002), "You added sigma to a variance. The two can be added once both are variances."),
            (
                about(sqrt(0.12) / (sqrt(0.12) + 0.2), 0.002),
                "You used standard deviations. Of independent numbers, the variances add up.",
            ),
            (3, "That is the ratio of signal to noise. A weight above 1 would make the noise larger still."),
            (
                about(sqrt(0.75), 0.002),
                "That is the root of it: the weight at which the estimate varies as much as the pixel does.",
            ),
            (1, "A weight of 1 hands the noisy pixel back. A little less costs little signal, and saves noise."),
            (0, "A weight of 0 throws the signal away with the noise."),
        ],
        otherwise="Write the error as (w - 1)^2 v + w^2 sigma^2, and find where its slope is 0.",
    )


@check
def check_repaired_loss(loss_fn) -> Verdict:
    """Exercise 6.3: (model, x) -> {"loss": mse of model(x + fresh Gaussian noise of 0.2) against the clean x}."""
    torch.default_generator.manual_seed(0)
    x = torch.rand(64, 1, 28, 28) * torch.linspace(0.2, 1, 64).reshape(64, 1, 1, 1)  # a loss that leaves some out shows
    model = Probe()
    losses = [terms_of(loss_fn, model, x)["loss"] for _ in range(2)]
    if len(model.images) != 2:
        times = len(model.images) / 2
        raise Wrong(f"Your function calls the model {times:g} times; expected once, on the noisy images.")
    if any(x_noisy.shape != x.shape for x_noisy in model.images):
        raise Wrong(f"The model gets a shape {tuple(model.images[0].shape)}; expected that of x, {tuple(x.shape)}.")
    _refuse_noise([(x_noisy - x).flatten(1) for x_noisy in model.images], clipped=bool(model.images[0].min() >= 0))
    for loss, x_noisy in zip(losses, model.images, strict=True):
        x_hat = model.answer(model.encode(x_noisy))
        expected = (x_hat - x).square().mean()
        verdict = judge(
            loss,
            right=(expected, "Fresh noise with mean 0, the clean target, and a gradient: this one trains."),
            wrong=[
                (
                    (x_hat - x_noisy).square().mean(),
                    "The loss compares with the noisy images: the model is rewarded for keeping the noise.",
                ),
                (
                    (x_noisy - x).square().mean(),
                    "The loss compares the noisy images with the clean ones. The model's answer is missing from it.",
                ),
                (784 * expected, "You summed over the pixels. The book's mse is the mean over pixels and images."),
                (
                    (x_hat - (x_noisy - x)).square().mean(),
                    "The loss compares the answer with the noise. This model answers with an image.",
                ),
            ],
            otherwise="The noise is right, but the loss is not the mean squared error of answer and clean images.",
            tol=1e-4,
        )
        cut_off = "No gradient reaches the model's weights. Keep its answer as it is on the way to the loss."
        judge_gradient(loss, expected, model, wrong=[(expected.detach(), cut_off)])
    return verdict


def _refuse_noise(noise: list[Tensor], clipped: bool) -> None:
    """End the check if something is wrong with the noise of two calls, (64, 784) each."""
    if noise[0].abs().max() == 0:
        raise Wrong("The model gets the clean images. Add the noise before you call it.")
    refuse_shared(noise)
    if noise[0].mean().abs() > 0.05:
        raise Wrong(f"The noise has the mean {noise[0].mean():.2f}; expected 0. Look up what rand and randn draw.")
    if clipped:
        raise Wrong("The noisy images are clipped. Leave the noise as it was drawn.")
    if not 0.19 < noise[0].std() < 0.21:
        raise Wrong(f"The noise has the standard deviation {noise[0].std():.2f}; expected 0.2.")
    refuse_other_laws(noise, unit=0.2)


@check
def check_salty_target(answer) -> Verdict:
    """Exercise 6.4: what squared error makes of a white pixel whose target has salt and pepper with p = 0.4."""
    return judge(
        answer,
        right=(
            0.8,
            "1 - p/2: the mean of the target. This noise moves the mean, so here Noise2Noise needs another loss.",
        ),
        wrong=[
            (1, "That would be so if the noise left the mean of the target alone. Can it make a white pixel whiter?"),
            (0.6, "That counts a struck pixel as black. Half of the struck pixels turn white."),
            (0.2, "That is the answer for a black pixel. This one is white."),
            (0.5, "That is the mean of a struck pixel. Not every pixel is struck."),
            (0.4, "That is the probability of being struck. Ask for the mean of the target."),
        ],
        otherwise="List the values that the target can take, with their probabilities; average.",
        expected="a number from 0 to 1",
    )


@check
def check_best_denoiser(best_denoiser) -> Verdict:
    """Exercise 6.5: (x_noisy, sigma) -> E[x | x_noisy] for x = +1 or -1, each with probability 1/2."""
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
    """What typical wrong answers to exercise 6.5 return, with what each should be told."""
    return [
        (torch.sign(x), "You pick the nearer point. The mean is between the two wherever there is doubt."),
        (x / (1 + sigma**2), "That is the best straight line (exercise 6.2 with v = 1). The conditional mean bends."),
        (x, "You hand the noisy point back."),
        (torch.tanh(x / sigma), "Nearly: the width of the bend is off. In a Gaussian's exponent, sigma is squared."),
        (torch.tanh(2 * x / sigma**2), "Twice too steep: in a Gaussian's exponent stands 2 sigma^2, not sigma^2."),
        (torch.tanh(x / (2 * sigma**2)), "Half as steep as it should be. Take both exponents' difference."),
        (torch.sigmoid(2 * x / sigma**2), "That is the probability of +1. The mean weighs +1 and -1 by theirs."),
        (-torch.tanh(x / sigma**2), "The sign is reversed: a positive x_noisy speaks for +1."),
        ((torch.tanh(x / sigma**2) - x) / sigma**2, "That is the score already. Return the denoised point."),
    ]
