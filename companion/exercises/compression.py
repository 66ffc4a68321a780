"""Checks of the exercises of the study "Does a code beat zlib and JPEG?"."""

from math import ceil, log, log10

import torch

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, same


@check
def check_break_even(answer) -> Verdict:
    """Exercise S02.1: from how many images on codes plus decoder take fewer bytes than zlib (code size 16)."""
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
    """Exercise S02.2: (B, C, H, W), (B, C, H, W) -> peak signal-to-noise ratio in dB of each image, (B,)."""
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
