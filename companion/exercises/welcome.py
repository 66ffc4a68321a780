"""Checks of the warm-up exercises of chapter 0."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, right, same


@check
def check_count(answer) -> Verdict:
    """Exercise 0.1: how many numbers a batch of 1,000 digits (1000, 1, 28, 28) holds."""
    return judge(
        answer,
        right=(
            1000 * 28 * 28,
            "A shape's sizes multiply: 1000 * 1 * 28 * 28 = 784,000 numbers, 784 for each image.",
        ),
        wrong=[
            (28 * 28, "That is one image. The first size of the shape counts the images."),
            (
                1000 + 1 + 28 + 28,
                "The sizes of a shape do not add up, they multiply: each row of each image has 28 pixels.",
            ),
        ],
        otherwise="It is the product of the four sizes (1000, 1, 28, 28).",
        expected="a whole number: the product of the four sizes (1000, 1, 28, 28)",
    )


@check
def check_scale_pixels(scale_pixels) -> Verdict:
    """Exercise 0.2: uint8 (N, 28, 28) in 0..255 -> float32 (N, 1, 28, 28) in [0, 1]."""
    pixels = torch.arange(2 * 28 * 28).remainder(256).to(torch.uint8).reshape(2, 28, 28)
    x = call(scale_pixels, pixels)
    if x.shape == pixels.shape:
        raise Wrong("The channel is missing: the result has shape (N, 28, 28), expected (N, 1, 28, 28).")
    if x.shape != (2, 1, 28, 28):
        raise Wrong(f"The result has shape {tuple(x.shape)}; expected (2, 1, 28, 28) for 2 images.")
    if x.dtype != torch.float32:
        raise Wrong(f"The result has dtype {x.dtype}; expected torch.float32. Convert before you divide.")
    if x.max() > 1.0001:
        raise Wrong(f"The largest value is {x.max().item():g}; expected 1. Divide by the largest possible pixel, 255.")
    if torch.allclose(x, pixels[:, None] / 256):
        raise Wrong("White should become exactly 1.0, and becomes 255/256. The largest pixel is 255, not 256.")
    if not same(x, pixels[:, None] / 255, tol=1e-5):
        raise Wrong("Shape and range are right, but the values are not those of the pixels divided by 255.")
    # Here no pixel is 0 or 255: what is scaled by the batch's own smallest and largest pixel shows.
    dim = pixels.float().mul(0.5).add(20).to(torch.uint8).repeat(2, 1, 1)[:3]
    x = call(scale_pixels, dim)
    if x.shape != (3, 1, 28, 28):
        raise Wrong(f"For 3 images the result has shape {tuple(x.shape)}; expected (3, 1, 28, 28).")
    if not same(x, dim[:, None] / 255, tol=1e-5):
        raise Wrong("A dim batch does not stay dim. Divide by the largest possible pixel, not by the largest there is.")
    return right("Images in this book are (B, C, H, W), float32, in [0, 1].")


@check
def check_mse(mse) -> Verdict:
    """Exercise 0.3: mean squared error of two batches of images -> a scalar, averaged over pixels and images."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(3, 1, 28, 28, generator=generator)
    x_hat = x.clone()
    x_hat[0] -= 0.5  # one image of three is off by 0.5 everywhere: 0.25 / 3
    value = call(mse, x_hat, x)
    if value.numel() != 1:
        raise Wrong(f"The result has shape {tuple(value.shape)}; expected one number for the whole batch.")
    verdict = judge(
        value,
        right=(torch.tensor(0.25 / 3), "Squared, then averaged over all pixels of all images."),
        wrong=[
            (-0.5 / 3, "Square the differences, or errors in opposite directions cancel out."),
            (0.25 * 784, "You summed. Average over the pixels and over the images."),
            (0.25 * 784 / 3, "You averaged over the images and summed over the pixels. Average over both."),
            (0.25, "You summed over the images and averaged over the pixels. Average over both."),
            (0.5 / 3, "That is the mean absolute error. Square the differences instead."),
            ((0.25 / 3) ** 0.5, "That is the root of it. Leave the mean of the squares as it is."),
            (0.125 / 3, "That is half of it: the mean of the squares holds no factor of its own."),
        ],
        otherwise=f"On one image of three off by 0.5 everywhere, you get {value.item():.4g}; expected 0.25 / 3.",
        tol=1e-4,
    )
    # Errors of every size and of both signs, and another number of images.
    x, x_hat = torch.rand(2, 5, 1, 28, 28, generator=generator)
    if not same(call(mse, x_hat, x), (x_hat - x).square().mean(), tol=1e-4):
        raise Wrong(
            "Right where an image is off by 0.5 everywhere, but not on 5 images of random pixels. Square each "
            "difference, then take the mean of all of them."
        )
    return verdict


@check
def check_gradient(answer) -> Verdict:
    """Exercise 0.4: d/dw (w x - t)^2 at w = 4, x = 3, t = 7, where no other product of these numbers is the same."""
    return judge(
        answer,
        right=(30, "2 (w x - t) x = 2 * (12 - 7) * 3 = 30: the error, times what multiplies w, times 2."),
        wrong=[
            (10, "The outer derivative is right. The chain rule multiplies it by the inner one, d(w x - t)/dw."),
            (15, "The inner derivative and the error are there; the square brings a factor 2 down."),
            (40, "That is the derivative with respect to x: what multiplies w?"),
            (25, "That is the loss itself. How does it change with w?"),
            (-30, "The sign is reversed: with a larger w the error grows here."),
            ([6, 12, 24], "Where is the error, w x - t? The slope of a square holds what is squared."),
        ],
        otherwise="It is 2 (w x - t) x, with the numbers put in.",
    )


@check
def check_descend(descend) -> Verdict:
    """Exercise 0.5: one step of gradient descent on (w x - t)^2, by autograd: (w, x, t, lr) -> the new w."""

    def step(w: float, x: float, t: float, lr: float) -> Tensor:
        leaf = torch.tensor(w, requires_grad=True)
        # As an optimiser does, the step may change w itself.
        new = call(descend, leaf, torch.tensor(x), torch.tensor(t), lr, may_change=True)
        if new.numel() != 1:
            raise Wrong(f"The result has shape {tuple(new.shape)}; expected one number, the new w.")
        return new

    new = step(2.0, 3.0, 5.0, 0.1)
    verdict = judge(
        new,
        right=(
            torch.tensor(1.4),
            "The gradient is 6, so w goes from 2 to 2 - 0.1 * 6 = 1.4, and the error shrinks.",
        ),
        wrong=[
            (2.6, "You walked uphill: the gradient points to where the loss grows. Subtract it."),
            (-4, "The step is the whole gradient. Multiply it by the learning rate lr."),
            (2, "w did not move. Return w minus lr times the gradient."),
            (0.6, "That is the gradient times lr, the length of the step. Return the weight after it."),
        ],
        otherwise=f"From w = 2 you get {new.item():.4g}; expected 2 - 0.1 * gradient.",
        tol=1e-4,
    )
    for w, x, t, lr in ((4.0, 3.0, 7.0, 0.01), (-1.5, 0.7, 2.0, 0.3), (0.5, -2.0, 1.0, 0.02)):
        new, expected = step(w, x, t, lr), w - lr * 2 * (w * x - t) * x
        if not same(new, expected, tol=1e-4):
            raise Wrong(
                f"Right from w = 2, but at x = {x:g} and t = {t:g}, with lr = {lr:g}, you go from w = {w:g} to "
                f"{new.item():.4g}; expected {expected:.4g}. Let autograd compute the slope of (w x - t)^2."
            )
    return verdict
