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
            (0.04, "That is the number of the lesson, at sigma 0.2. Here sigma is 0.5."),
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
def check_convolve(convolve) -> Verdict:
    """Exercise 6.5: a picture (H, W), a filter (3, 3) -> the map (H - 2, W - 2) of how well the filter fits."""
    for rows, columns in ((5, 7), (9, 6)):
        x, w = torch.randn(rows, columns), torch.randn(3, 3)
        found = call(convolve, x, w)
        if found.shape == x.shape:
            raise Wrong("Your map is as large as the picture. Leave the border of zeros out: (H - 2, W - 2).")
        if found.shape != (rows - 2, columns - 2):
            raise Wrong(
                f"For a picture of the shape {tuple(x.shape)} you return {tuple(found.shape)}; "
                f"expected {(rows - 2, columns - 2)}."
            )
        truth = _convolved(x, w)
        verdict = judge(
            found,
            right=(truth, "One filter, laid on every place: nine products, added up."),
            wrong=[
                (_convolved(x, w.flip(0, 1)), "You turn the filter by half. A layer lays it down as it is."),
                (_convolved(x, w.T), "You swap rows and columns of the filter."),
                (truth / 9, "You take the mean of the nine products. Take their sum."),
                (truth.relu(), "You drop the negative numbers. A ReLU may do so later, the convolution does not."),
                (
                    x[1:-1, 1:-1] * w.sum(),
                    "You weigh one pixel with the whole filter. Each weight has a pixel of its own.",
                ),
                (truth[:1, :1].expand_as(truth), "The map has the same number everywhere. Move the filter on."),
            ],
            otherwise=f"In row 0 and column 0 you have {found[0, 0]:.3f}; expected (w * x[:3, :3]).sum(), "
            f"here {truth[0, 0]:.3f}. Then row i and column j: the patch x[i : i + 3, j : j + 3].",
        )
    return verdict


def _convolved(x: Tensor, w: Tensor) -> Tensor:
    """The convolution as a layer does it, without a border: (H, W), (3, 3) -> (H - 2, W - 2)."""
    return torch.nn.functional.conv2d(x[None, None], w[None, None])[0, 0]


@check
def check_three_reports(answer) -> Verdict:
    """Exercise 6.6: which of three denoisers is best: A has 0.045 against fresh noise, B 0.008, C 0.002 against its input."""
    return judge(
        answer,
        right=(
            "A",
            "0.045 - 0.04 = 0.005 against the clean digits, less than B's 0.008. C cannot be nearer than 0.024: it is "
            "nearly a copy of its input.",
        ),
        wrong=[
            (
                "B",
                "B's is the only number against clean digits. What would A's be, without the variance of its target?",
            ),
            ("C", "A copy of the input would have 0 there. How far from the clean digit must such an answer be?"),
        ],
    )
