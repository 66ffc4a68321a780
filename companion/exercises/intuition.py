"""Checks of the exercises of chapter 1."""

import torch

from companion.autoencoder import DenseAutoencoder
from companion.exercises._verdict import NO_ANSWER, Verdict, call, is_number, letter, right, wrong


def check_unseen(answer) -> Verdict:
    """Exercise 1.1: which change of the test digits costs the most: "A", "B", "C" or "D"."""
    return letter(
        answer,
        {
            "A": wrong(
                "A mirrored digit is still made of strokes in the usual places. Look for a change to more pixels."
            ),
            "B": wrong("Dimmed, an image has little ink to get wrong. Compare the blank page in the table above."),
            "C": wrong("The strokes stand where few digits have any, but the background is still black. Count pixels."),
            "D": right(
                "Every background pixel is now off what the decoder has learnt to draw there, "
                "and most pixels are background. To your eye it is the same digit."
            ),
        },
    )


def check_matching_pca(answer) -> Verdict:
    """Exercise 1.2: how many numbers PCA needs for the test error that the autoencoder reaches with 8."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number, such as 10.")
    if 17 <= answer <= 24:
        return right("PCA needs about 20: each of the eight numbers does the work of two and a half of PCA's.")
    if answer < 8:
        return wrong("That is fewer than the autoencoder has. With the same code size, who has the larger error here?")
    if answer < 17:
        return wrong("Too few. Look up PCA's error with 8 and with 16 numbers: both are above the line you look for.")
    if answer < 33:
        return wrong("Too many. PCA's error with 32 numbers is well below the line: look between 16 and 32, near 16.")
    return wrong("Too many. With 32 numbers, PCA's error is already below the autoencoder's with 8.")


def check_break_even(answer) -> Verdict:
    """Exercise 1.3: after how many images codes plus decoder take fewer bytes than zlib (code size 16)."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number of images.")
    # 16-64-128-784: weights and biases of the decoder, and of the encoder that mirrors it.
    weights = 16 * 64 + 64 * 128 + 128 * 784
    decoder, both = weights + 64 + 128 + 784, 2 * weights + 64 + 128 + 784 + 128 + 64 + 16
    saved = 194 - 16  # bytes an image

    def near(value: float) -> bool:
        return value - 1 <= answer <= value + 1.5

    if near(4 * decoder / saved):
        return right(
            f"The decoder takes 4 * {decoder:,} = {4 * decoder:,} bytes and each image saves 194 - 16 = 178: "
            "it pays from image 2,485 on."
        )
    if near(decoder / saved):
        return wrong("You counted parameters, not bytes: a float32 takes four.")
    if near(4 * both / saved):
        return wrong("You counted the encoder as well. Who redraws the image needs the decoder only.")
    if near(4 * weights / saved):
        return wrong("The biases are missing: each layer has one for each of its outputs.")
    if near(4 * decoder / 194):
        return wrong("Each image still costs its own 16 bytes: the saving is what zlib takes less the code.")
    if near(4 * decoder / (784 - 16)):
        return wrong("You compared with the raw 784 bytes. The rival here is zlib, with 194.")
    return wrong(
        f"You answered {answer:g}. Divide the bytes of the decoder 16-64-128-784, weights and biases, by the bytes "
        "that one image saves."
    )


def check_psnr(psnr) -> Verdict:
    """Exercise 1.4: (B, C, H, W), (B, C, H, W) -> peak signal-to-noise ratio in dB of each image, (B,)."""
    offsets = torch.tensor([0.1, 0.2, 0.05])
    x = torch.full((3, 1, 28, 28), 0.5)
    x_hat = x + offsets.reshape(3, 1, 1, 1)
    x_hat[0, :, ::2] -= 2 * offsets[0]  # errors in both directions: without a square they cancel
    value = call(psnr, x_hat, x)
    if isinstance(value, Verdict):
        return value
    value = value.detach().double()
    expected = -20 * torch.log10(offsets.double())  # of a constant error, the mse is its square
    if value.numel() == 1:
        return wrong("You return one number for the whole batch. Average over the pixels of each image only: (B,).")
    if value.shape == (3, 1):
        return wrong("The shape is (B, 1); expected (B,). Average over the channels too, or drop the last dimension.")
    if value.shape != (3,):
        return wrong(f"For 3 images, the result has shape {tuple(value.shape)}; expected (3,), one number an image.")

    def same(other) -> bool:
        return torch.allclose(value, other, atol=1e-3)

    if same(expected):
        return right("One number for each image, in decibels: 10 dB more is a tenth of the squared error.")
    if same(-expected):
        return wrong("The sign is reversed: a smaller error should give a larger ratio.")
    if same(2 * expected):
        return wrong("Twice too large: the factor 20 belongs to the root of the mse, the factor 10 to the mse.")
    if same(expected * torch.log(torch.tensor(10.0))):
        return wrong("That is the natural logarithm. A decibel is defined with the logarithm to base 10.")
    if same(expected - 10 * torch.log10(torch.tensor(784.0))):
        return wrong("You summed over the pixels. The mse is their mean.")
    if same(expected / 2):
        return wrong("Half of what is expected: square the differences before you average.")
    return wrong(f"For an error of 0.2 at every pixel, you get {value[1]:.4g}; expected 10 * log10(1 / 0.04).")


def check_morph(morph) -> Verdict:
    """Exercise 1.5: (model, x_a, x_b, steps) -> images (steps, 1, 28, 28) decoded from a line between two codes."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        model = DenseAutoencoder(code_size=3, hidden=(16,))
        x_a, x_b = torch.rand(1, 1, 28, 28), torch.rand(1, 1, 28, 28).round()
    with torch.no_grad():
        model.encoder[-1].weight.mul_(3)  # codes far apart, so that a line between them bends in pixels
        z_a, z_b = model.encode(x_a), model.encode(x_b)
        t = torch.linspace(0, 1, 5).reshape(5, 1)
        expected = model.decode((1 - t) * z_a + t * z_b)
        short = model.decode((1 - t * 0.8) * z_a + t * 0.8 * z_b)
        ends = model.decode(z_a), model.decode(z_b)
    x = call(morph, model, x_a.clone(), x_b.clone(), 5)
    if isinstance(x, Verdict):
        return x
    x = x.detach()
    if x.shape == (5, 3):
        return wrong("These are the codes. Send them through model.decode to get images.")
    if x.shape == (6, 1, 28, 28):
        return wrong("You return 6 images for steps=5. Both ends count.")
    if x.shape != expected.shape:
        return wrong(f"For steps=5 the result has shape {tuple(x.shape)}; expected (5, 1, 28, 28).")

    def same(other) -> bool:
        return torch.allclose(x, other.to(x), atol=1e-4)

    def line(a, b):
        return torch.lerp(a, b, t.reshape(5, 1, 1, 1))

    if same(expected):
        return right("Each picture is decoded from a point on the straight line between the two codes.")
    if same(expected.flip(0)):
        return wrong("The line runs from b to a: the first image should be the reconstruction of x_a.")
    if same(short):
        return wrong(
            "The last image is not the reconstruction of x_b: the weight of z_b must run from 0 to 1 inclusive."
        )
    if same(line(x_a, x_b)):
        return wrong("You blend the pixels of the two images. Blend their codes, then decode.")
    if same(line(*ends)):
        return wrong("You decode the two ends and blend their pixels. Blend the codes first, then decode.")
    return wrong(
        "The shape is right; the pictures are not those decoded from (1 - t) z_a + t z_b with t evenly spaced, 0 to 1."
    )
