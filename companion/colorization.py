"""Lightness in, colour out: a network, its objective, and a rival that knows one pixel, for pictures in stored Lab."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from companion._support.checks import check_channels, check_colour, check_images, check_maps, check_positive
from companion.losses import mse
from companion.starting_weights import orthogonal_


class Colorizer(nn.Module):
    """Lightness in, numbers about its colour out, for pictures of any size: (B, 1, H, W) -> (B, outputs, H, W).

    A small U-Net as in :mod:`companion.denoising`, with one more layer at the narrowest point, so that a pixel's answer may
    depend on pixels up to 15 away. Before training it answers ``answer`` everywhere.

    Args:
        outputs: 2 for the colour itself, as stored Lab has it; or one logit a colour, with ``answer=0``.
        channels: feature maps at full, half and quarter resolution.
        answer: the untrained answer; 0.5 is grey.

    Raises:
        ValueError: a size is not a whole number above 0; the input has not one channel, or its H or W is not a
            multiple of 4; or ``z`` is not the three maps of ``encode``.

    Source: Ronneberger, Fischer and Brox, U-Net: convolutional networks for biomedical image segmentation, 2015.
    """

    def __init__(self, outputs=2, channels=(8, 16, 32), answer=0.5):
        super().__init__()
        check_positive(outputs, "outputs", whole=True)
        check_channels(channels, 3)
        self.channels = c1, c2, c3 = channels
        self.down1 = nn.Conv2d(1, c1, 3, padding=1)
        self.down2 = nn.Conv2d(c1, c2, 3, stride=2, padding=1)
        self.down3 = nn.Conv2d(c2, c3, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(c3, c3, 3, padding=1)
        self.up2 = nn.ConvTranspose2d(c3, c2, 4, stride=2, padding=1)
        self.up1 = nn.ConvTranspose2d(2 * c2, c1, 4, stride=2, padding=1)
        self.out = nn.Conv2d(2 * c1, outputs, 3, padding=1)
        orthogonal_(self)
        nn.init.zeros_(self.out.weight)
        nn.init.constant_(self.out.bias, answer)

    def encode(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 1, H, W) -> maps at full, half and quarter resolution."""
        _check_lightness(lightness)
        h1 = torch.relu(self.down1(lightness))  # (B, 8, H, W)
        h2 = torch.relu(self.down2(h1))  # (B, 16, H/2, W/2)
        h3 = torch.relu(self.down3(h2))  # (B, 32, H/4, W/4)
        return h1, h2, torch.relu(self.middle(h3))

    def decode(self, z: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """The three maps of ``encode`` -> (B, outputs, H, W)."""
        check_maps(z, _map_shapes(z, self.channels))
        h1, h2, h3 = z
        u2 = torch.relu(self.up2(h3))  # (B, 16, H/2, W/2)
        u1 = torch.relu(self.up1(torch.cat([u2, h2], 1)))  # (B, 8, H, W)
        return self.out(torch.cat([u1, h1], 1))  # (B, outputs, H, W)

    def forward(self, lightness: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, outputs, H, W)."""
        return self.decode(self.encode(lightness))


def _check_lightness(lightness: Tensor) -> None:
    shape = tuple(lightness.shape)
    if len(shape) != 4 or shape[1] != 1 or any(n % 4 for n in shape[2:]):
        raise ValueError(
            f"lightness has shape {shape}; expected (B, 1, H, W) with H and W multiples of 4. "
            "Take x[:, :1] of a picture in Lab, and crop it."
        )


def _map_shapes(z, channels: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shapes (C, H, W) that the three maps must have if the first one's height and width are right."""
    first = z[0] if isinstance(z, tuple | list) and z else None
    h, w = first.shape[2:] if isinstance(first, Tensor) and first.ndim == 4 else (4, 4)
    return [(c, h // k, w // k) for c, k in zip(channels, (1, 2, 4), strict=True)]


def colorization() -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """The objective of a colorizer, to be passed to ``fit``: lightness -> z -> colour, compared with the true colour.

    x is stored Lab (B, 3, H, W). Reduction of the squared error: mean over pixels, channels and images.
    """

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        lightness, colour = x[:, :1], x[:, 1:]  # (B, 1, H, W), (B, 2, H, W)
        colour_hat = model(lightness)
        return {"loss": mse(colour_hat, colour)}

    return loss_fn


class LightnessTable:
    """The mean colour of each lightness in training pictures x (stored Lab): lightness (B, 1, H, W) -> (B, 2, H, W).

    What can be known from one pixel: of all functions of its own lightness, in ``levels`` steps, the best for squared
    error on the training pixels. Steps that do not occur there are filled in along a straight line.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1] with three channels, or ``levels`` is no
            whole number above 0.
    """

    def __init__(self, x: Tensor, levels: int = 64):
        check_images(x)
        check_colour(x)
        check_positive(levels, "levels", whole=True)
        self.levels = levels
        x = x.cpu()
        level = self._level(x[:, 0]).flatten()  # (B*H*W,)
        counts = torch.bincount(level, minlength=levels).numpy()
        seen = np.flatnonzero(counts)
        columns = []
        for colour in (x[:, 1], x[:, 2]):
            sums = torch.bincount(level, weights=colour.flatten(), minlength=levels).numpy()
            columns.append(np.interp(np.arange(levels), seen, sums[seen] / counts[seen]))
        self.table = torch.tensor(np.stack(columns, 1)).float()  # (levels, 2)

    def _level(self, lightness: Tensor) -> Tensor:
        return (lightness * self.levels).long().clamp(0, self.levels - 1)

    def __call__(self, lightness: Tensor) -> Tensor:
        colour = self.table.to(lightness.device)[self._level(lightness[:, 0])]  # (B, H, W, 2)
        return colour.permute(0, 3, 1, 2)  # (B, 2, H, W)
