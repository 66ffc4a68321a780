"""Checks of the warm-up exercises of chapter 0."""

import torch

from companion.exercises._verdict import NO_ANSWER, Verdict, call, right, wrong


def check_count(answer) -> Verdict:
    """Exercise 0.1: how many numbers a batch of 1,000 digits (1000, 1, 28, 28) holds."""
    if answer is ...:
        return NO_ANSWER
    if answer == 1000 * 28 * 28:
        return right("A shape's sizes multiply: 1000 * 1 * 28 * 28 = 784,000 numbers, 784 for each image.")
    if answer == 28 * 28:
        return wrong("That is one image. The first size of the shape counts the images.")
    if answer == 1000 + 1 + 28 + 28:
        return wrong("The sizes of a shape do not add up, they multiply: each row of each image has 28 pixels.")
    return wrong(f"You answered {answer!r}; expected a whole number: the product of the four sizes (1000, 1, 28, 28).")


def check_scale_pixels(scale_pixels) -> Verdict:
    """Exercise 0.2: uint8 (N, 28, 28) in 0..255 -> float32 (N, 1, 28, 28) in [0, 1]."""
    pixels = torch.arange(2 * 28 * 28).remainder(256).to(torch.uint8).reshape(2, 28, 28)
    x = call(scale_pixels, pixels.clone())
    if isinstance(x, Verdict):
        return x
    if x.shape == pixels.shape:
        return wrong("The channel is missing: the result has shape (N, 28, 28), expected (N, 1, 28, 28).")
    if x.shape != (2, 1, 28, 28):
        return wrong(f"The result has shape {tuple(x.shape)}; expected (2, 1, 28, 28) for 2 images.")
    if x.dtype != torch.float32:
        return wrong(f"The result has dtype {x.dtype}; expected torch.float32. Convert before you divide.")
    if x.max() > 1:
        return wrong(f"The largest value is {x.max().item():g}; expected 1. Divide by the largest possible pixel, 255.")
    if torch.allclose(x, pixels[:, None] / 256):
        return wrong("White should become exactly 1.0, and becomes 255/256. The largest pixel is 255, not 256.")
    if not torch.allclose(x, pixels[:, None] / 255):
        return wrong("Shape and range are right, but the values are not those of the pixels divided by 255.")
    return right("Images in this book are (B, C, H, W), float32, in [0, 1].")


def check_mse(mse) -> Verdict:
    """Exercise 0.3: mean squared error of two batches of images -> a scalar, averaged over pixels and images."""
    x, x_hat = torch.zeros(3, 1, 28, 28), torch.zeros(3, 1, 28, 28)
    x_hat[0] = -0.5  # one image of three is off by 0.5 everywhere: 0.25 / 3
    value = call(mse, x_hat, x)
    if isinstance(value, Verdict):
        return value
    if value.numel() != 1:
        return wrong(f"The result has shape {tuple(value.shape)}; expected one number for the whole batch.")
    error = value.item()
    if abs(error - 0.25 / 3) < 1e-6:
        return right("Squared, then averaged over all pixels of all images.")
    if abs(error + 0.5 / 3) < 1e-6:
        return wrong("Square the differences, or errors in opposite directions cancel out.")
    if abs(error - 0.25 * 784) < 1e-3:
        return wrong("You summed. Average over the pixels and over the images.")
    if abs(error - 0.25 * 784 / 3) < 1e-3:
        return wrong("You averaged over the images and summed over the pixels. Average over both.")
    if abs(error - 0.5 / 3) < 1e-6:
        return wrong("That is the mean absolute error. Square the differences instead.")
    return wrong(f"On one image of three off by 0.5 everywhere, you get {error:.4g}; expected 0.25 / 3.")


def check_gradient(answer) -> Verdict:
    """Exercise 0.4: d/dw (w x - t)^2 at w = 2, x = 3, t = 5."""
    if answer is ...:
        return NO_ANSWER
    if answer == 6:
        return right("2 (w x - t) x = 2 * (6 - 5) * 3 = 6: the error, times what multiplies w, times 2.")
    if answer == 2:
        return wrong("The outer derivative is right. The chain rule multiplies it by the inner one, d(w x - t)/dw.")
    if answer == 3:
        return wrong("The inner derivative and the error are there; the square brings a factor 2 down.")
    return wrong(f"You answered {answer!r}; expected 2 (w x - t) x, with the numbers put in.")


def check_descend(descend) -> Verdict:
    """Exercise 0.5: one step of gradient descent on (w x - t)^2, by autograd: (w, x, t, lr) -> the new w."""
    w = torch.tensor(2.0, requires_grad=True)
    new = call(descend, w, torch.tensor(3.0), torch.tensor(5.0), 0.1)
    if isinstance(new, Verdict):
        return new
    if new.numel() != 1:
        return wrong(f"The result has shape {tuple(new.shape)}; expected one number, the new w.")
    value = float(new.detach())
    if abs(value - 1.4) < 1e-6:
        return right("The gradient is 6, so w goes from 2 to 2 - 0.1 * 6 = 1.4, and the error shrinks.")
    if abs(value - 2.6) < 1e-6:
        return wrong("You walked uphill: the gradient points to where the loss grows. Subtract it.")
    if abs(value + 4) < 1e-6:
        return wrong("The step is the whole gradient. Multiply it by the learning rate lr.")
    if abs(value - 2) < 1e-6:
        return wrong("w did not move. Return w minus lr times the gradient.")
    return wrong(f"From w = 2 you get {value:.4g}; expected 2 - 0.1 * gradient.")
