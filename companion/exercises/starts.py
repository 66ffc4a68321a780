"""Checks of the exercises of the study "What is a good start worth?"."""

import torch
from torch import nn

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, run


@check
def check_uniform(answer) -> Verdict:
    """Exercise S01.1: the bound of 150 uniform weights with which a layer and its ReLU keep the mean square."""
    n = 150
    return judge(
        answer,
        right=(
            (6 / n) ** 0.5,
            "The variance a^2 / 3 must be 2 / n, He's: the bound is the square root of 6 times PyTorch's 1 / sqrt(n).",
        ),
        wrong=[
            ((1 / n) ** 0.5, "That is PyTorch's bound: it leaves one sixth of the mean square."),
            (
                (2 / n) ** 0.5,
                "That is the deviation that the weights should have. A uniform one is smaller than its bound.",
            ),
            ((3 / n) ** 0.5, "That keeps the mean square of the sum. The ReLU then drops half of it."),
            ((24 / n) ** 0.5, "That is the whole width, from -a to a."),
            (6 / n, "That is a squared."),
            (2 / n, "That is the variance of the weights. What bound has it?"),
        ],
        otherwise="A sum of 150 products has 150 times the weights' variance, and the ReLU keeps half: which variance gives 1?",
    )


@check
def check_he(he_) -> Verdict:
    """Exercise S01.2: (layer) -> the layer, its weights drawn with variance 2 / n_in, its biases 0."""
    ratios = []
    for n_in, n_out in ((100, 400), (400, 100)):
        layers = [nn.Linear(n_in, n_out) for _ in range(2)]
        for layer in layers:
            nn.init.constant_(layer.bias, 0.3)
            run(he_, layer)
            if tuple(layer.weight.shape) != (n_out, n_in) or not layer.weight.requires_grad:
                raise Wrong(
                    "The layer has other weights now, or such that cannot be trained. Change their values, in place."
                )
        w, other = (layer.weight.detach().double() for layer in layers)
        if torch.equal(w, other) or torch.equal(w[0], w[1]) or torch.equal(w[:, 0], w[:, 1]):
            raise Wrong(
                "Two rows, columns or layers have the same weights. Draw every weight anew, without a fixed seed."
            )
        if bool((layers[0].bias.detach() == 0.3).all()):
            raise Wrong("The biases are as they were. Set them to 0, in place.")
        if bool(layers[0].bias.detach().any()):
            raise Wrong("The biases are not 0.")
        error = w.numel() ** -0.5  # of the mean, in standard deviations; of the variance, at most sqrt(2) of that
        if w.mean().abs() > 7 * error * w.std():
            raise Wrong("The mean of the weights is not 0. Look up what rand and randn draw.")
        ratios.append(w.var() * n_in / 2)
        z = w / w.std()
        neighbours = [(z[1:] * z[:-1]).mean(), (z[:, 1:] * z[:, :-1]).mean()]
        if max(abs(n) for n in neighbours) > 7 * error or z.abs().max() > 8:
            raise Wrong("The weights are not drawn independently of one another.")
    near, wide = torch.tensor([1.0, 1.0]).double(), torch.tensor([0.25, 4.0]).double()
    return judge(
        torch.stack(ratios),
        right=(near, "Variance 2 / n_in: what the ReLU drops is made up for, layer by layer."),
        wrong=[
            (near / 2, "The variance is 1 / n_in. A ReLU drops half of the mean square: make up for it."),
            (near / 6, "These weights are as small as PyTorch's own: the variance is 1 / (3 n_in)."),
            (wide, "The variance is 2 / n_out. A sum has as many terms as the layer has inputs."),
            (wide / 2, "The variance is 1 / n_out. Count the inputs, and make up for the ReLU."),
            (torch.tensor([0.02, 0.005]).double(), "The deviation is 2 / n_in. That should be the variance."),
            (torch.tensor([0.2, 0.8]).double(), "The variance is 2 / (n_in + n_out). Only the inputs count here."),
        ],
        otherwise=f"In a layer with 100 inputs the weights have the variance {2 * ratios[0].item() / 100:.2g}; expected 2 / 100.",
        tol=0.06,
    )


@check
def check_average(average_bias) -> Verdict:
    """Exercise S01.3: images (N, 1, 28, 28) -> biases (784,) with which a sigmoid answers the average image, kept in [0.01, 0.99]."""
    x = torch.rand(20, 1, 28, 28) * torch.rand(1, 1, 28, 28)
    x[:, :, 0], x[:, :, 1] = 0.0, 1.0  # rows whose logits are infinite
    found = call(average_bias, x)
    if found.numel() == 1:
        raise Wrong("You return one number, the grey of all pixels. Here every pixel has an average of its own.")
    if found.shape != (784,):
        raise Wrong(f"You return the shape {tuple(found.shape)}; expected (784,), one bias a pixel.")
    if not found.isfinite().all():
        raise Wrong("Some biases are infinite: a sigmoid never answers 0 or 1. Keep the average in [0.01, 0.99] first.")
    mean = x.mean(0).flatten()
    return judge(
        found,
        right=(
            torch.logit(mean.clamp(0.01, 0.99)),
            "With no input from the layer before, the sigmoid answers the average image: the best single picture.",
        ),
        wrong=[
            (mean.clamp(0.01, 0.99), "That is the answer itself. Which number does a sigmoid turn into it?"),
            (-torch.logit(mean.clamp(0.01, 0.99)), "The sign is reversed: a bright pixel needs a positive bias."),
            (
                torch.logit(x.clamp(0.01, 0.99)).mean(0).flatten(),
                "You average the logits. Average the pixels, and take the logit of that.",
            ),
            (mean.clamp(0.01, 0.99).log(), "log(m) is not what a sigmoid undoes: take log(m / (1 - m))."),
        ],
        otherwise="The shape is right; put your biases into torch.sigmoid and compare with the average image.",
        tol=1e-3,
    )
