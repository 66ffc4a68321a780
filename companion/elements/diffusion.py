"""Latent diffusion, step by step: a digit drowned in noise, and noise walked back to the digit that was ordered."""

import torch
from torch import Tensor, nn

from companion.datasets import digits
from companion.diffusion import Denoiser, LatentSpace
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of

FIRST_NOISE = 2  # a seed with which a clear digit comes without a label, too


class Parts(nn.Module):
    """The space of the codes and the denoiser in it, as one module."""

    def __init__(self, space: LatentSpace, denoiser: Denoiser):
        super().__init__()
        self.space, self.denoiser = space, denoiser

    def programs(self) -> dict:
        """What the page runs of it: one call of the denoiser, and the decoder."""
        z, t, y = torch.zeros(1, 32), torch.ones(1), torch.zeros(1, dtype=torch.long)
        return {"denoise": (self.denoiser, (z, t, y)), "decode": (self.space.decode, (z,))}

    @torch.no_grad()
    def arrays(self) -> dict[str, Tensor]:
        """The codes (10, 32) of a test digit of each kind, for the way there, and the noise (32,) that the figure starts with."""
        data = digits()
        one_each = data.x_test[[int((data.y_test == d).nonzero()[0]) for d in range(10)]]
        g = torch.Generator().manual_seed(FIRST_NOISE)
        return {"codes": self.space.encode(one_each), "noise": torch.randn(32, generator=g)}


def diffusion(space: LatentSpace | None = None, denoiser: Denoiser | None = None) -> PlayFigure:
    """Order a digit: the walk from noise, a time on a slider, the guess on the way; and the same noise ordered as each digit.

    Args:
        space, denoiser: in a live notebook, a latent diffusion of yours, both or neither: a space of 32 numbers, and a denoiser
            in it that knows the ten digits, such as ``with_labels`` makes; default: those that ship.

    Raises:
        ValueError: one of the two is missing.
    """
    if (space is None) != (denoiser is None):
        raise ValueError("one of space and denoiser is missing; expected both, or neither for those that ship.")
    own = None
    if space is not None and denoiser is not None:
        parts = Parts(space, denoiser)
        own = [export(parts, parts.programs(), parts.arrays(), bits=16)]
    still = (
        f'<img src="{png(tensors_of(shipped_model("ordered-digits"))["still"])}" width="480" height="180" '
        'alt="Three rows of eight pictures, time 0 at the left, time 1 at the right. A seven turns into a misshapen stroke; a '
        'misshapen stroke turns into a seven, from right to left; the guess is a plain seven from the start.">'
        "<p>Top: the code of a 7, drowned in noise from left to right. Middle: noise, walked back from right to left, by a model that "
        "is told to draw a 7. Bottom: its guess at each time. With scripts on, you choose digit, strength, steps and noise.</p>"
    )
    return PlayFigure("diffusion", "order a digit, and walk from noise to it and back", still, ["ordered-digits"], own)
