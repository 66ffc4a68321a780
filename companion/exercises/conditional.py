"""Checks of the exercises of the study on conditional VAEs."""

from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge


@check
def check_kept(answer) -> Verdict:
    """Exercise S10.1: the share of true 7s among 8 % of true ones and a tenth of the 30 % that are no digit."""
    return judge(
        answer,
        right=(
            about(8 / 11, 0.004),
            "Of 100 draws, 8 are true 7s and 3 are kept by mistake: 8 of 11. A reader that was hardly ever wrong on "
            "digits is wrong on more than a quarter of what it keeps.",
        ),
        wrong=[
            (
                about(0.9, 0.004),
                "That would hold if non-digits were as rare as the reader's mistakes. Count 100 draws.",
            ),
            (about(8 / 38, 0.004), "The reader keeps only one tenth of the draws that are no digit."),
            (about(0.11, 0.004), "That is the share of all draws that is kept. How much of it is a true 7?"),
            (about(3 / 11, 0.004), "That is the share of mistakes among what is kept."),
            (about(0.08, 0.004), "That is the share of true 7s among all draws, not among those that are kept."),
            (about(8 / 3, 0.004), "That is true 7s for each mistake. A share is a part of the whole."),
            ((11, 100), "A share lies between 0 and 1."),
        ],
        otherwise="Take 100 draws. How many true 7s are kept, and how many pictures that are no digit?",
    )


@check
def check_label_worth(answer) -> Verdict:
    """Exercise S10.2: log p(x | y) - log p(x) where ten labels are equally frequent and every picture has one label."""
    return judge(
        answer,
        right=(
            about(log(10), 0.004),
            "Nine of the ten terms of p(x) are 0, so p(x) = p(x | y) / 10, for every picture: log 10 nats, the "
            "information in one of ten equally frequent labels.",
        ),
        wrong=[
            (about(-log(10), 0.004), "The label makes its own pictures likelier: the difference is positive."),
            (about(log(10) / log(2), 0.004), "That is right in bits. A nat goes with the natural logarithm."),
            (about(1.0, 0.004), "That is the logarithm to the base 10. A nat goes with the natural logarithm."),
            (10, "That is the ratio of the two. The question is about the difference of their logarithms."),
            (about(log(9), 0.004), "Ten labels, not nine: p(x) is the mean of all ten."),
            (0, "p(x) is the mean of p(x | y) over ten labels. Nine of the ten are 0 here."),
        ],
        otherwise="Write p(x) as the mean of p(x | y) over the ten labels. How many of the ten terms are not 0?",
    )


class _Probe(nn.Module):
    """A small conditional VAE without training, whose answers depend on picture and label."""

    def __init__(self) -> None:
        super().__init__()
        self.middle, self.own = 0.05 * torch.randn(784, 3), 2 * torch.randn(10, 3)
        self.out, self.shape = torch.randn(3, 784), 4 * torch.randn(10, 784)

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(1) @ self.middle + self.own[y], self.own[y].roll(1, 1) - 1

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return torch.sigmoid((z @ self.out + self.shape[y]) / 8).unflatten(1, (1, 28, 28))


@check
def check_read(read) -> Verdict:
    """Exercise S10.3: (model, x) -> for each picture the label with the smallest loss at the middle of the cloud, (B,)."""
    torch.default_generator.manual_seed(0)
    model = _Probe()
    # Pictures that lean towards one label each, with noise enough to doubt it.
    x = (torch.sigmoid(model.shape[torch.arange(200) % 10] / 8) + torch.rand(200, 784)).unflatten(1, (1, 28, 28)) / 2
    pixels, kl = [], []
    for label in range(10):
        y = torch.full((len(x),), label)
        mu, logvar = model.encode(x, y)
        pixels.append(F.binary_cross_entropy(model.decode(mu, y), x, reduction="none").sum((1, 2, 3)))
        kl.append((mu.square() + logvar.exp() - 1 - logvar).sum(1) / 2)
    reconstruction, price = torch.stack(pixels, 1), torch.stack(kl, 1)  # (B, 10)
    found = call(read, model, x)
    if found.shape == (len(x), 10):
        raise Wrong("You return ten numbers for each picture. Return the label of the smallest, (B,).")
    if found.shape != (len(x),):
        raise Wrong(f"For 200 pictures you return the shape {tuple(found.shape)}; expected (200,).")
    if found.dtype == torch.bool:
        raise Wrong("You return True and False; expected labels from 0 to 9.")

    def like(loss: Tensor) -> bool:
        return torch.equal(found.double(), loss.argmin(1).double())

    if like(reconstruction + price):
        return Verdict(
            True, "Ten trials for each picture, and the cheapest explanation wins: a network trained to draw can read."
        )
    for loss, hint in (
        (reconstruction, "You left out the price of the cloud: add the KL divergence."),
        (price, "Hardly anything but the price decides: add the binary cross-entropy, summed over the pixels."),
        (-reconstruction - price, "You chose the label with the largest loss. The smallest one explains best."),
        (reconstruction + price / 3, "You averaged the KL divergence over the units. Sum over units."),
        (reconstruction - price, "You subtract the price of the cloud. It is added to a loss."),
    ):
        if like(loss):
            raise Wrong(hint)
    if not torch.equal(found, call(read, model, x)):
        raise Wrong("Two calls read different labels: decode the middle of the cloud, mu, without a draw.")
    raise Wrong(
        "These are not the labels with the smallest loss. For each label, encode and decode all pictures with it, and keep "
        "one loss for each picture, (B,)."
    )
