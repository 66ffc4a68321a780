"""Checks of the exercises of chapter 1."""

from functools import partial
from math import inf

import torch
from torch import Tensor

from companion import DenseAutoencoder, mse
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
def check_passage(answer) -> Verdict:
    """Exercise 1.2: the mean squared noise that PCA with 98 of 784 numbers lets through, at a strength of 0.3."""
    noise, share = 0.3**2, 98 / 784
    return judge(
        answer,
        right=(
            noise * share,
            "An eighth of the mean square of 0.09: PCA keeps 98 of the 784 directions over which the noise is spread.",
        ),
        wrong=[
            (noise, "That is all the noise. PCA keeps some directions only, and drops what lies in the others."),
            (share, "That is the share that gets through. Of what mean square?"),
            (0.3 * share, "The mean square of the noise is the square of its strength."),
            (noise * (1 - share), "That is the noise that PCA removes."),
            (noise * share**0.5, "Mean squares add up over directions: take the share itself, not its root."),
            (noise * 98, "That is the sum over 98 directions; you are asked for the mean over 784 pixels."),
        ],
        otherwise="Which part of 784 directions does PCA keep, and what is the mean square of the noise?",
        tol=2e-5,
    )


@check
def check_matching_pca(answer) -> Verdict:
    """Exercise 1.3: how many numbers PCA needs for the test error that the autoencoder reaches with 8."""
    too_many = "Too many. With 32 numbers, PCA's error is already below the autoencoder's with 8."
    return judge(
        answer,
        right=(
            (17, 24),
            "PCA needs about 19: each of the eight numbers does the work of nearly two and a half of PCA's.",
        ),
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
def check_step(training_step) -> Verdict:
    """Exercise 1.4: (model, optimizer, x) -> the loss before the step; the weights change by one step."""
    x = torch.rand(4, 1, 28, 28)

    def trained(step) -> tuple[Tensor, Tensor]:
        """The losses that three steps return, and the weights that they end with."""
        torch.default_generator.manual_seed(0)
        model = DenseAutoencoder(code_size=2, hidden=(5,))
        optimizer = torch.optim.SGD(model.parameters(), lr=20.0)
        for p in model.parameters():
            p.grad = torch.full_like(p, 0.1)  # left over from an earlier step
        losses = [call(step, model, optimizer, images) for images in (x, x.flip(3), x[:2])]
        if any(loss.numel() != 1 for loss in losses):
            raise Wrong(f"You return the shape {tuple(losses[0].shape)}; expected the loss, one number.")
        weights = torch.cat([p.detach().flatten() for p in model.parameters()])
        return torch.stack([loss.detach().double().reshape(()) for loss in losses]), weights

    def step(model, optimizer, x, clear=True, scale=1.0):
        loss = mse(model(x), x)
        if clear:
            optimizer.zero_grad()
        (scale * loss).backward()
        optimizer.step()
        return loss.detach()

    def late(model, optimizer, x):
        """The gradients are cleared between backward and step, or the step comes first: nothing is learnt."""
        return mse(model(x), x).detach()

    def first(model, optimizer, x):
        """The step comes before backward, and the gradients are cleared at the end or not at all."""
        optimizer.step()
        optimizer.zero_grad()
        loss = mse(model(x), x)
        loss.backward()
        return loss.detach()

    losses, weights = trained(training_step)
    verdict = judge(
        weights,
        right=(trained(step)[1], "Draw, compare, forget the old gradients, find the new ones, and step."),
        wrong=[
            (
                trained(partial(step, clear=False))[1],
                "The gradients of earlier steps are still there, and add up. Call optimizer.zero_grad() before backward.",
            ),
            (
                trained(late)[1],
                "The weights have not moved. Call loss.backward(), then optimizer.step(), and clear the gradients before both.",
            ),
            (trained(first)[1], "The step uses the gradients of the step before. Call loss.backward() first."),
            (
                trained(partial(step, scale=784.0))[1],
                "The steps are 784 times as long as they should be: use mse, which averages over pixels.",
            ),
        ],
        otherwise="The weights have moved, but not by one step down the gradient of mse(model(x), x).",
        tol=1e-4,
    )
    if not same(losses, trained(step)[0], tol=1e-4):
        raise Wrong("The weights are right, but not what you return: the loss as it was before the step.")
    return verdict


@check
def check_reports(answer) -> Verdict:
    """Exercise 1.5: whose test error holds on fresh digits: "A", "B" or "C"."""
    return judge(
        answer,
        right=(
            "B",
            "The smallest of thirty test errors is small partly by luck, and the luck does not come again. Ben's luck was "
            "spent on his 500 validation digits; the test digits had no say in the choice.",
        ),
        wrong=[
            (
                "A",
                "Of thirty networks about as good, one will always fit these test digits best. What does choosing it do?",
            ),
            ("C", "No weight was fitted to the test digits. But what else was chosen by looking at them?"),
        ],
    )


@check
def check_morph(morph) -> Verdict:
    """Exercise 1.6: (model, x_a, x_b, steps) -> images (steps, 1, 28, 28) decoded from a line between two codes."""
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
