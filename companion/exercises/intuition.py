"""Checks of the exercises of chapter 1."""

from math import ceil, inf, log, log10

import torch

from companion import DenseAutoencoder
from companion.exercises._verdict import Verdict, Wrong, call, check, judge, same


@check
def check_unseen(answer) -> Verdict:
    """Exercise 1.1: which change of the test digits costs the most: "A", "B", "C" or "D"."""
    return judge(
        answer,
        right=(
            "D",
            "Every background pixel is now off what the decoder has learnt to draw there, "
            "and most pixels are background. To your eye it is the same digit.",
        ),
        wrong=[
            ("A", "A mirrored digit is still made of strokes in the usual places. Look for a change to more pixels."),
            ("B", "Dimmed, an image has little ink to get wrong. Compare the blank page in the table above."),
            ("C", "The strokes stand where few digits have any, but the background is still black. Count pixels."),
        ],
    )


@check
def check_matching_pca(answer) -> Verdict:
    """Exercise 1.2: how many numbers PCA needs for the test error that the autoencoder reaches with 8."""
    too_many = "Too many. With 32 numbers, PCA's error is already below the autoencoder's with 8."
    return judge(
        answer,
        right=((17, 24), "PCA needs about 20: each of the eight numbers does the work of two and a half of PCA's."),
        wrong=[
            (
                (-inf, 7.999),
                "That is fewer than the autoencoder has. With the same code size, who has the larger error here?",
            ),
            (
                (8, 17),
                "Too few. Look up PCA's error with 8 and with 16 numbers: both are above the line you look for.",
            ),
            (
                (24, 32.999),
                "Too many. PCA's error with 32 numbers is well below the line: look between 16 and 32, near 16.",
            ),
        ],
        otherwise=too_many,
        expected="a number, such as 10",
    )


@check
def check_break_even(answer) -> Verdict:
    """Exercise 1.3: from how many images on codes plus decoder take fewer bytes than zlib (code size 16)."""
    # 16-64-128-784: weights and biases of the decoder, and of the encoder that mirrors it.
    weights = 16 * 64 + 64 * 128 + 128 * 784
    decoder, both = weights + 64 + 128 + 784, 2 * weights + 64 + 128 + 784 + 128 + 64 + 16
    saved = 194 - 16  # bytes an image
    level = 4 * decoder / saved  # here, at 2484.1 images, both ways cost the same

    def around(value: float) -> tuple[float, float]:
        return value - 1, value + 1.5

    return judge(
        answer,
        right=(
            ceil(level),
            f"The decoder takes 4 * {decoder:,} = {4 * decoder:,} bytes and each image saves 194 - 16 = 178: "
            "it pays from image 2,485 on.",
        ),
        wrong=[
            (
                around(level),
                "Nearly: there the two are level. Images come whole, so round up to the first number at which you send "
                "fewer bytes.",
            ),
            (around(decoder / saved), "You counted parameters, not bytes: a float32 takes four."),
            (
                around(4 * both / saved),
                "You counted the encoder as well. Who redraws the image needs the decoder only.",
            ),
            (around(4 * weights / saved), "The biases are missing: each layer has one for each of its outputs."),
            (
                around(4 * decoder / 194),
                "Each image still costs its own 16 bytes: the saving is what zlib takes less the code.",
            ),
            (
                around(4 * decoder / (784 - 16)),
                "You compared with the raw 784 bytes. The rival here is zlib, with 194.",
            ),
        ],
        otherwise="Divide the bytes of the decoder 16-64-128-784, weights and biases, by the bytes that one image saves.",
        tol=0,
        expected="a number of images",
    )


@check
def check_psnr(psnr) -> Verdict:
    """Exercise 1.4: (B, C, H, W), (B, C, H, W) -> peak signal-to-noise ratio in dB of each image, (B,)."""
    offsets = torch.tensor([0.1, 0.2, 0.05])
    x = torch.full((3, 1, 28, 28), 0.5)
    x_hat = x + offsets.reshape(3, 1, 1, 1)
    x_hat[0, :, ::2] -= 2 * offsets[0]  # errors in both directions: without a square they cancel
    value = call(psnr, x_hat, x)
    expected = -20 * torch.log10(offsets.double())  # of a constant error, the mse is its square
    if value.numel() == 1:
        raise Wrong("You return one number for the whole batch. Average over the pixels of each image only: (B,).")
    if value.shape == (3, 1):
        raise Wrong("The shape is (B, 1); expected (B,). Average over the channels too, or drop the last dimension.")
    if value.shape != (3,):
        raise Wrong(f"For 3 images, the result has shape {tuple(value.shape)}; expected (3,), one number an image.")
    verdict = judge(
        value,
        right=(expected, "One number for each image, in decibels: 10 dB more is a tenth of the squared error."),
        wrong=[
            (-expected, "The sign is reversed: a smaller error should give a larger ratio."),
            (2 * expected, "Twice too large: the factor 20 belongs to the root of the mse, the factor 10 to the mse."),
            (expected * log(10), "That is the natural logarithm. A decibel is defined with the logarithm to base 10."),
            (expected - 10 * log10(784), "You summed over the pixels. The mse is their mean."),
            (expected / 2, "Half of what is expected: square the differences before you average."),
        ],
        otherwise=f"For an error of 0.2 at every pixel, you get {value[1]:.4g}; expected 10 * log10(1 / 0.04).",
        tol=1e-4,
    )
    # Errors that differ from pixel to pixel: only here a mean of squares is not the square of a mean or of a maximum.
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, 1, 28, 28, generator=generator)
    x_hat = x + torch.rand(5, 1, 1, 1, generator=generator) * torch.randn(5, 1, 28, 28, generator=generator)
    if not same(call(psnr, x_hat, x), -10 * torch.log10((x_hat - x).double().square().mean((1, 2, 3))), tol=1e-3):
        raise Wrong(
            "Right where all pixels are off by the same amount, but not on 5 images with errors of every size. "
            "Square each difference, then average over the pixels; the brightest possible pixel is 1."
        )
    return verdict


@check
def check_morph(morph) -> Verdict:
    """Exercise 1.5: (model, x_a, x_b, steps) -> images (steps, 1, 28, 28) decoded from a line between two codes."""
    for code_size, steps in ((3, 5), (6, 2), (6, 8)):
        torch.default_generator.manual_seed(code_size + steps)
        model = DenseAutoencoder(code_size=code_size, hidden=(16,))
        x_a, x_b = torch.rand(1, 1, 28, 28), torch.rand(1, 1, 28, 28).round()
        t = torch.linspace(0, 1, steps).reshape(steps, 1)
        with torch.no_grad():
            model.encoder[-1].weight.mul_(3)  # codes far apart, so that a line between them bends in pixels
            z_a, z_b = model.encode(x_a), model.encode(x_b)
            expected, short = (model.decode(torch.lerp(z_a, z_b, t * last)) for last in (1, 1 - 1 / steps))
            ends = model.decode(z_a), model.decode(z_b)
        x = call(morph, model, x_a, x_b, steps)
        if x.shape == (steps, code_size):
            raise Wrong("These are the codes. Send them through model.decode to get images.")
        if x.shape == (steps + 1, 1, 28, 28):
            raise Wrong(f"You return {steps + 1} images for steps={steps}. Both ends count.")
        if x.shape != expected.shape:
            raise Wrong(f"For steps={steps} the result has shape {tuple(x.shape)}; expected ({steps}, 1, 28, 28).")
        in_pixels = t.reshape(steps, 1, 1, 1)
        verdict = judge(
            x,
            right=(expected, "Each picture is decoded from a point on the straight line between the two codes."),
            wrong=[
                (expected.flip(0), "The line runs from b to a: the first image should be the reconstruction of x_a."),
                (
                    short,
                    "The last image is not the reconstruction of x_b: the weight of z_b must run from 0 to 1 inclusive.",
                ),
                (
                    torch.lerp(x_a, x_b, in_pixels),
                    "You blend the pixels of the two images. Blend their codes, then decode.",
                ),
                (
                    torch.lerp(*ends, in_pixels),
                    "You decode the two ends and blend their pixels. Blend the codes first, then decode.",
                ),
            ],
            otherwise="The shape is right; the pictures are not those decoded from (1 - t) z_a + t z_b with t evenly spaced, "
            "0 to 1.",
            tol=1e-4,
        )
    return verdict
