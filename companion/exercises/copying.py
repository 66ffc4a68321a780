"""Checks of the exercises of study 4."""

import torch
from torch import nn

from companion.exercises._verdict import Verdict, Wrong, as_tensor, check, judge, right, run


@check
def check_border_noise(answer) -> Verdict:
    """Exercise S04.1: the error per pixel on uniform noise of a net that copies 655 of 784 pixels and leaves 129 black."""
    border = 129 / 784
    return judge(
        answer,
        right=(
            border / 3,
            "Only the border is wrong, 129 of 784 pixels, and a number drawn evenly from 0 to 1 has a mean square of 1/3.",
        ),
        wrong=[
            (1 / 3, "That is the error at a border pixel. How many of the 784 pixels are at the border?"),
            (border, "That is the share of border pixels. How large is the squared error at one of them, on average?"),
            (border / 2, "You averaged the noise, 1/2. The error is squared before it is averaged."),
            (border / 4, "You squared the average of the noise. Average the squares: integrate u^2 from 0 to 1."),
            (border / 12, "1/12 is the variance, the error of answering 0.5. At the border the net answers 0."),
            ((1 - border) / 3, "You let the lit pixels be wrong. They come back exactly; the border does not."),
            (0, "The lit pixels come back exactly, but what happens to the noise at the border?"),
        ],
        otherwise="Multiply the share of border pixels by the mean square of the noise.",
        expected="a number, such as 0.1",
    )


@check
def check_two_reports(answer) -> Verdict:
    """Exercise S04.2: which of two networks returns more static than PCA does at the same error on digits."""
    return judge(
        answer,
        right=("B", "At its error PCA returns about a tenth of the static, and B a quarter. A is where PCA is."),
        wrong=[
            ("A", "More comes back from A, but its error on digits is a quarter of B's. Where is PCA at each error?")
        ],
    )


@check
def check_relu_copier(relu_copier) -> Verdict:
    """Exercise S04.3: an orthogonal matrix (n, 784) -> biases and decoder with which a ReLU network returns everything."""
    generator = torch.Generator().manual_seed(0)
    weight = nn.init.orthogonal_(torch.empty(800, 784), generator=generator)
    result = run(relu_copier, weight)
    if not isinstance(result, tuple | list) or len(result) != 3:
        raise Wrong("Return three tensors: the encoder's bias, the decoder's matrix and the decoder's bias.")
    tensors = [as_tensor(part) for part in result]
    for found, shape, name in zip(
        tensors,
        [(800,), (784, 800), (784,)],
        ["the encoder's bias", "the decoder's matrix", "the decoder's bias"],
        strict=True,
    ):
        if found is None or tuple(found.shape) != shape:
            given = "no tensor" if found is None else f"the shape {tuple(found.shape)}"
            raise Wrong(f"For a weight of shape (800, 784), {name} has {given}; expected {shape}.")
    bias, matrix, offset = (found.detach().float() for found in tensors if found is not None)
    noise = torch.rand(50, 784, generator=generator)
    # For each unit the picture on which it is lowest: 1 where its weights are below 0.
    pictures = torch.cat([noise, torch.zeros(1, 784), torch.ones(1, 784), (weight < 0).float()])
    a = pictures @ weight.T + bias
    x_hat = torch.relu(a) @ matrix.T + offset
    wrong = (x_hat - pictures).abs().amax(1)  # of each picture
    if not wrong.isfinite().all():
        raise Wrong("Some answers are not finite.")
    if wrong.max() < 1e-2:
        return right("No unit is ever below 0, so the ReLU lets everything through, and the decoder undoes the rest.")
    if bias.abs().max() == 0:
        raise Wrong("With a bias of 0, half of the units are below 0, and the ReLU cuts them off. Lift them.")
    if (a < -1e-3).any():
        count = int((a < -1e-3).any(1).sum())
        raise Wrong(f"On {count} of {len(pictures)} pictures some unit is below 0 and cut off. How low can a unit get?")
    if (wrong - (torch.relu(a) @ matrix.T - pictures).abs().amax(1)).abs().max() < 1e-6:
        raise Wrong("No unit is cut off, but the decoder does not take the lift out again. Its bias has to.")
    raise Wrong("No unit is cut off, but the picture does not come back. What undoes W, and what undoes the bias?")
