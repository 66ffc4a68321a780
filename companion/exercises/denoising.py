"""Checks of the exercises of chapter 6."""

from math import sqrt

import torch
from torch import Tensor, nn

from companion.exercises._verdict import NO_ANSWER, Verdict, call, is_number, near, right, run, wrong


def check_doing_nothing(answer) -> Verdict:
    """Exercise 6.1: the mean squared error per pixel of the noisy image itself, at sigma 0.5."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number.")
    if near(answer, 0.25):
        return right("The error is the noise alone, and its mean square is its variance, sigma^2.")
    if near(answer, 0.5):
        return wrong("That is the noise's standard deviation. The error is squared before it is averaged.")
    if near(answer, 0.04):
        return wrong("That is the figure of the chapter, at sigma 0.2. Here sigma is 0.5.")
    if near(answer, 0.1):
        return wrong(
            "The error does not grow in proportion to sigma: look at what happens to a number when you square it."
        )
    if near(answer, 0.125):
        return wrong("That is half of it, as if a clip had removed the rest. Doing nothing clips nothing.")
    if near(answer, 0):
        return wrong("The error is against the clean image, and the noisy one differs from it.")
    return wrong(
        f"You answered {answer:g}. The difference between noisy and clean image is the noise: square, and average."
    )


def check_shrinkage(answer) -> Verdict:
    """Exercise 6.2: the weight of the best linear estimate, for a variance of 0.12 and sigma 0.2."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number.")
    if near(answer, 0.75):
        return right("w = v / (v + sigma^2): trust the pixel by its share of the total variance.")
    if near(answer, 0.25):
        return wrong("That is the noise's share of the total variance. How much should you trust the pixel?")
    if near(answer, 0.12 / 0.32, 0.002):
        return wrong("You added sigma to a variance. The two can be added once both are variances.")
    if near(answer, sqrt(0.12) / (sqrt(0.12) + 0.2), 0.002):
        return wrong("You used standard deviations. Of independent numbers, the variances add up.")
    if near(answer, 3):
        return wrong("That is the ratio of signal to noise. A weight above 1 would make the noise larger still.")
    if near(answer, sqrt(0.75), 0.002):
        return wrong("That is the root of it: the weight at which the estimate varies as much as the pixel does.")
    if near(answer, 1):
        return wrong("A weight of 1 hands the noisy pixel back. A little less costs little signal, and saves noise.")
    if near(answer, 0):
        return wrong("A weight of 0 throws the signal away with the noise.")
    return wrong(
        f"You answered {answer:g}. Write the error as (w - 1)^2 v + w^2 sigma^2, and find where its slope is 0."
    )


def check_repaired_loss(loss_fn) -> Verdict:
    """Exercise 6.3: (model, x) -> {"loss": mse of model(x + fresh Gaussian noise of 0.2) against the clean x}."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        x = torch.rand(64, 1, 28, 28)
        model, losses = _Probe(), []
        for _ in range(2):
            result = _loss_of(loss_fn, model, x.clone())
            if isinstance(result, Verdict):
                return result
            losses.append(result)
    if len(model.seen) != 2:
        times = len(model.seen) / 2
        return wrong(f"Your function calls the model {times:g} times; expected once, on the noisy images.")
    loss, (x_noisy, x_hat) = losses[0], model.seen[0]
    if x_noisy.shape != x.shape:
        return wrong(f"The model gets a shape {tuple(x_noisy.shape)}; expected that of x, {tuple(x.shape)}.")
    noise = x_noisy - x
    if noise.abs().max() == 0:
        return wrong("The model gets the clean images. Add the noise before you call it.")
    if torch.equal(noise, model.seen[1][0] - x):
        return wrong("Two calls use the same noise. Draw it anew each time, without a fixed seed.")
    if noise.mean() > 0.05:
        return wrong(f"The noise has the mean {noise.mean():.2f}; expected 0. Look up what rand and randn draw.")
    if x_noisy.min() >= 0:
        return wrong("The noisy images are clipped. Leave the noise as it was drawn.")
    if not 0.19 < noise.std() < 0.21:
        return wrong(f"The noise has the standard deviation {noise.std():.2f}; expected 0.2.")
    if (noise / noise.std()).pow(4).mean() < 2.5:
        return wrong("Mean and standard deviation fit, but the noise is no bell curve. Draw it with torch.randn_like.")

    def same(target: Tensor, factor: float = 1.0) -> bool:
        return torch.allclose(loss.detach(), factor * (x_hat - target).square().mean(), rtol=1e-3)

    if same(x_noisy):
        return wrong("The loss compares with the noisy images: the model is rewarded for keeping the noise.")
    if torch.allclose(loss.detach(), (x_noisy - x).square().mean(), rtol=1e-3):
        return wrong("The loss compares the noisy images with the clean ones. The model's answer is missing from it.")
    if same(x, 784):
        return wrong("You summed over the pixels. The book's mse is the mean over pixels and images.")
    if same(noise):
        return wrong("The loss compares the answer with the noise. This model answers with an image.")
    if not same(x):
        return wrong("The noise is right, but the loss is not the mean squared error of answer and clean images.")
    if not loss.requires_grad:
        return wrong("No gradient reaches the model: something cuts the graph, such as detach() or no_grad().")
    (gradient,) = torch.autograd.grad(loss, model.scale, allow_unused=True)
    if gradient is None or gradient == 0:
        return wrong("No gradient reaches the model's weights. Keep its answer as it is on the way to the loss.")
    return right("Fresh noise with mean 0, the clean target, and a gradient: this one trains.")


def check_salty_target(answer) -> Verdict:
    """Exercise 6.4: what squared error makes of a white pixel whose target has salt and pepper with p = 0.4."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number from 0 to 1.")
    if near(answer, 0.8):
        return right(
            "1 - p/2: the mean of the target. This noise moves the mean, so here Noise2Noise needs another loss."
        )
    if near(answer, 1):
        return wrong(
            "That would be so if the noise left the mean of the target alone. Can it make a white pixel whiter?"
        )
    if near(answer, 0.6):
        return wrong("That counts a struck pixel as black. Half of the struck pixels turn white.")
    if near(answer, 0.2):
        return wrong("That is the answer for a black pixel. This one is white.")
    if near(answer, 0.5):
        return wrong("That is the mean of a struck pixel. Not every pixel is struck.")
    if near(answer, 0.4):
        return wrong("That is the probability of being struck. Ask for the mean of the target.")
    return wrong(
        f"You answered {answer:g}. List the values that the target can take, with their probabilities; average."
    )


def check_best_denoiser(best_denoiser) -> Verdict:
    """Exercise 6.5: (x_noisy, sigma) -> E[x | x_noisy] for x = +1 or -1, each with probability 1/2."""
    x_noisy = torch.linspace(-2.5, 2.5, 12).reshape(3, 4)
    for sigma in (0.8, 0.5):
        x_hat = call(best_denoiser, x_noisy.clone(), sigma)
        if isinstance(x_hat, Verdict):
            return x_hat
        if x_hat.shape != x_noisy.shape:
            return wrong(f"For the shape (3, 4) you return {tuple(x_hat.shape)}; expected the same shape.")
        if not x_hat.is_floating_point():
            return wrong(f"You return numbers of type {x_hat.dtype}; expected floating point, like x_noisy.")
        x_hat = x_hat.detach().to(torch.float32)
        hint = _denoiser_hint(x_hat, x_noisy, sigma)
        if hint:
            return wrong(hint)
        z = x_noisy.clone().requires_grad_()
        log_density = torch.logaddexp(-((z - 1) ** 2) / (2 * sigma**2), -((z + 1) ** 2) / (2 * sigma**2))
        (score,) = torch.autograd.grad(log_density.sum(), z)
        found = (x_hat - x_noisy) / sigma**2
        if not torch.allclose(found, score, atol=1e-3, rtol=1e-3):
            return wrong(
                f"At x_noisy = {x_noisy[1, 3]:.3f} and sigma = {sigma}, you answer {x_hat[1, 3]:.3f}. The answer is "
                "P(+1) - P(-1), given x_noisy: with Bayes' rule, a ratio of two bell curves."
            )
    return right(
        "tanh(x_noisy / sigma^2): undecided in the middle, sure of itself far out. Its step is the exact score."
    )


def _denoiser_hint(x_hat: Tensor, x: Tensor, sigma: float) -> str:
    """What a typical wrong answer to exercise 6.5 should be told, or nothing."""
    hints = [
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
    return next((hint for wrong_answer, hint in hints if torch.allclose(x_hat, wrong_answer, atol=1e-3)), "")


class _Probe(nn.Module):
    """A model that remembers what it was given and what it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        x_hat = self.scale * x + 0.1
        self.seen.append((x.detach().clone(), x_hat.detach()))
        return x_hat


def _loss_of(loss_fn, model, x) -> Tensor | Verdict:
    """The loss that the learner's function returns in a dict, or the verdict on what went wrong."""
    result = run(loss_fn, model, x)
    if isinstance(result, Verdict):
        return result
    if not isinstance(result, dict):
        return wrong(f'Your function returned a {type(result).__name__}; expected a dict, {{"loss": ...}}, for fit.')
    loss = result.get("loss")
    if not isinstance(loss, Tensor):
        return wrong(f'The dict holds {result!r}; expected a tensor under "loss".')
    if loss.numel() != 1:
        return wrong(
            f"The loss has the shape {tuple(loss.shape)}; expected one number, the mean over pixels and images."
        )
    return loss.reshape(())
