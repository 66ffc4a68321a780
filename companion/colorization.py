"""Lightness in, colour out: a colour space that separates them, a network, simple rivals, and a distribution over colours."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from torch import Tensor, nn

from companion._check import check_channels, check_images, check_maps, check_positive, check_same_shape
from companion.init import orthogonal_
from companion.losses import mse


def to_lab(rgb: Tensor) -> Tensor:
    """Red, green, blue (B, 3, H, W) -> CIE Lab (B, 3, H, W), stored in [0, 1]: L / 100, 0.5 + a / 256, 0.5 + b / 256.

    ``rgb`` is sRGB, as in a picture file, divided by 255. L is the lightness from 0 (black) to 100 (white); a runs from
    green to red and b from blue to yellow, both within -108 to 99, with 0 for grey. White is D65.

    Raises:
        TypeError, ValueError: ``rgb`` is not a batch of images in [0, 1], or has not three channels.

    Source: CIE 15, Colorimetry; computed by scikit-image.
    """
    _check_colour(check_images(rgb, "rgb"), "rgb")
    lab = rgb2lab(rgb.cpu().permute(0, 2, 3, 1).numpy())  # (B, H, W, 3): L, a, b in their units
    x = torch.from_numpy(lab / [100, 256, 256] + [0, 0.5, 0.5])
    return x.float().permute(0, 3, 1, 2).clamp(0, 1)  # (B, 3, H, W)


def lab_picture(pixels: np.ndarray, shrink: int = 1) -> Tensor:
    """A photograph as bytes (H, W, 3) -> one picture in stored Lab, (1, 3, H / shrink, W / shrink) in multiples of 4.

    Args:
        pixels: sRGB, uint8, as scikit-image and scikit-learn hand them out.
        shrink: average squares of so many pixels a side into one (the file's numbers, not the light they stand for).

    Raises:
        ValueError: ``pixels`` is no such array, or nothing is left of it, or ``shrink`` is no whole number above 0.
    """
    check_positive(shrink, "shrink", whole=True)
    shape: tuple[int, ...] = getattr(pixels, "shape", ())
    dtype = getattr(pixels, "dtype", type(pixels).__name__)
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < 4 * shrink:
        raise ValueError(
            f"pixels has shape {shape} and type {dtype}; expected uint8 (H, W, 3), with H and W at least {4 * shrink}."
        )
    rgb = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
    rgb = F.avg_pool2d(rgb, shrink)
    h, w = rgb.shape[2:]
    return to_lab(rgb[..., : h // 4 * 4, : w // 4 * 4])


def lab_units(x: Tensor) -> np.ndarray:
    """Lab as stored (B, 3, H, W) -> an array (B, H, W, 3) of L from 0 to 100, and a and b in their units, 0 for grey.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or has not three channels.
    """
    _check_colour(check_images(x, unit_range=False), "x")
    return (x.detach().cpu().permute(0, 2, 3, 1).numpy() - [0, 0.5, 0.5]) * [100, 256, 256]


def to_rgb(x: Tensor) -> Tensor:
    """Lab as stored (B, 3, H, W) -> red, green, blue (B, 3, H, W) in [0, 1]; what no screen can show is clipped.

    Raises:
        TypeError, ValueError: as for :func:`lab_units`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about clipping
        rgb = lab2rgb(lab_units(x))
    return torch.from_numpy(rgb).float().permute(0, 3, 1, 2).clamp(0, 1)


def colour_difference(x_hat: Tensor, x: Tensor) -> Tensor:
    """CIEDE2000 of every pixel of two pictures in stored Lab: (B, 3, H, W), (B, 3, H, W) -> (B, H, W).

    About 1 is the smallest difference that people see between two patches side by side. Not reduced: take the mean.

    Raises:
        TypeError, ValueError: the shapes differ, or as for :func:`lab_units`.

    Source: Luo, Cui and Rigg, The development of the CIE 2000 colour-difference formula: CIEDE2000, 2001; computed by
    scikit-image.
    """
    check_same_shape(x_hat, x)
    return torch.from_numpy(deltaE_ciede2000(lab_units(x), lab_units(x_hat))).float()


def chroma(x: Tensor) -> Tensor:
    """How far every pixel is from grey, sqrt(a^2 + b^2), in Lab units: stored Lab (B, 3, H, W) -> (B, H, W).

    Raises:
        TypeError, ValueError: as for :func:`lab_units`.
    """
    return torch.from_numpy(lab_units(x)[..., 1:]).float().norm(dim=-1)


def colourfulness(rgb: Tensor) -> Tensor:
    """Hasler and Suesstrunk's colourfulness M of every picture: (B, 3, H, W) in [0, 1] -> (B,). 0 is grey.

    With rg = R - G and yb = (R + G) / 2 - B of pixels from 0 to 255: the length of the two standard deviations, plus
    0.3 times the length of the two means. In their words, 33 is moderately and 82 highly colourful.

    Raises:
        TypeError, ValueError: ``rgb`` is not a batch of images in [0, 1], or has not three channels.

    Source: Hasler and Suesstrunk, Measuring colourfulness in natural images, 2003.
    """
    _check_colour(check_images(rgb, "rgb"), "rgb")
    r, g, b = (255 * rgb).flatten(2).unbind(1)  # three times (B, H*W)
    opponent = torch.stack([r - g, (r + g) / 2 - b])  # (2, B, H*W)
    return opponent.std(2, correction=0).norm(dim=0) + 0.3 * opponent.mean(2).norm(dim=0)


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
        self.channels = c1, c2, c3 = check_channels(channels, 3)
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
        shape = tuple(lightness.shape)
        if len(shape) != 4 or shape[1] != 1 or any(n % 4 for n in shape[2:]):
            raise ValueError(
                f"lightness has shape {shape}; expected (B, 1, H, W) with H and W multiples of 4. "
                "Take x[:, :1] of a picture in Lab, and crop it."
            )
        h1 = torch.relu(self.down1(lightness))  # (B, 8, H, W)
        h2 = torch.relu(self.down2(h1))  # (B, 16, H/2, W/2)
        h3 = torch.relu(self.down3(h2))  # (B, 32, H/4, W/4)
        return h1, h2, torch.relu(self.middle(h3))

    def decode(self, z: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """The three maps of ``encode`` -> (B, outputs, H, W)."""
        h1, h2, h3 = check_maps(z, _map_shapes(z, self.channels))
        u2 = torch.relu(self.up2(h3))  # (B, 16, H/2, W/2)
        u1 = torch.relu(self.up1(torch.cat([u2, h2], 1)))  # (B, 8, H, W)
        return self.out(torch.cat([u1, h1], 1))  # (B, outputs, H, W)

    def forward(self, lightness: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, outputs, H, W)."""
        return self.decode(self.encode(lightness))


def _map_shapes(z, channels: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shapes (C, H, W) that the three maps must have if the first one's height and width are right."""
    first = z[0] if isinstance(z, tuple | list) and z else None
    h, w = first.shape[2:] if isinstance(first, Tensor) and first.ndim == 4 else (4, 4)
    return [(c, h // k, w // k) for c, k in zip(channels, (1, 2, 4), strict=True)]


def colorization(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The objective of a colorizer: lightness -> z -> colour, compared with the true colour by squared error.

    x is stored Lab (B, 3, H, W). Reduction: mean over pixels, channels and images.
    """
    lightness, colour = x[:, :1], x[:, 1:]  # (B, 1, H, W), (B, 2, H, W)
    colour_hat = model(lightness)
    return {"loss": mse(colour_hat, colour)}


class LightnessTable:
    """The mean colour of each lightness in training pictures x (stored Lab): lightness (B, 1, H, W) -> (B, 2, H, W).

    What can be known from one pixel: of all functions of its own lightness, in ``levels`` steps, the best for squared
    error on the training pixels. Steps that do not occur there are filled in along a straight line.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1] with three channels, or ``levels`` is no
            whole number above 0.
    """

    def __init__(self, x: Tensor, levels: int = 64):
        _check_colour(check_images(x), "x")
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


def coloured(lightness: Tensor, colour: Tensor) -> Tensor:
    """Join lightness (B, 1, H, W) and colour, (B, 2, H, W) or what broadcasts to it, into a picture (B, 3, H, W)."""
    return torch.cat([lightness, colour.expand(len(lightness), 2, *lightness.shape[2:])], 1)


def patches(x: Tensor, size: int, stride: int) -> Tensor:
    """Squares cut from pictures, every ``stride`` pixels: (B, C, H, W) -> (N, C, size, size).

    Raises:
        ValueError: ``size`` or ``stride`` is no whole number above 0, or a picture is smaller than ``size``.
    """
    check_positive(size, "size", whole=True)
    check_positive(stride, "stride", whole=True)
    if x.ndim != 4 or min(x.shape[2:]) < size:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected pictures (B, C, H, W) of at least {size} x {size}.")
    x = x.unfold(2, size, stride).unfold(3, size, stride)  # (B, C, rows, columns, size, size)
    return x.permute(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1], size, size)


# --- a distribution over colours --------------------------------------------------------------------------------------


def palette(x: Tensor, step: float = 10) -> Tensor:
    """The colours of pictures in stored Lab (B, 3, H, W), rounded to a grid of ``step`` units of a and b: -> (K, 2).

    Only the points of the grid that occur are kept.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1] with three channels, or ``step`` is not above 0.
    """
    _check_colour(check_images(x), "x")
    check_positive(step, "step")
    points = ((x[:, 1:] - 0.5) * 256 / step).round()  # (B, 2, H, W), whole numbers
    return 0.5 + points.permute(0, 2, 3, 1).reshape(-1, 2).unique(dim=0) * step / 256


def nearest_colour(colour: Tensor, colours: Tensor) -> Tensor:
    """Which of the ``colours`` (K, 2) is nearest to every pixel's: (B, 2, H, W) -> (B, H, W), whole numbers."""
    b, _, h, w = colour.shape
    pixels = colour.permute(0, 2, 3, 1).reshape(-1, 2)  # (B*H*W, 2)
    return torch.cdist(pixels, colours.to(pixels)).argmin(1).reshape(b, h, w)


def classification(colours: Tensor) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """The objective of a colorizer with one logit for each of ``colours`` (K, 2), to be passed to ``fit``.

    Cross-entropy with the nearest of the colours, in nats. Reduction: mean over pixels and images.

    Source: Zhang, Isola and Efros, Colorful image colorization, 2016, without their weights for rare colours.
    """

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        lightness, colour = x[:, :1], x[:, 1:]
        logits = model(lightness)  # (B, K, H, W)
        return {"loss": F.cross_entropy(logits, nearest_colour(colour, colours))}

    return loss_fn


def annealed_mean(logits: Tensor, colours: Tensor, temperature: float = 0.38) -> Tensor:
    """The mean of ``colours`` (K, 2) under the probabilities, sharpened: logits (B, K, H, W) -> (B, 2, H, W).

    Probabilities to the power of 1 / temperature, made to sum to 1 again: 1 gives the mean, near 0 the likeliest colour.

    Raises:
        ValueError: there is not one logit for each colour, or ``temperature`` is not above 0.

    Source: Zhang, Isola and Efros, 2016, whose temperature is the default.
    """
    _check_logits(logits, colours)
    check_positive(temperature, "temperature")
    p = (logits / temperature).softmax(1)  # (B, K, H, W)
    return torch.einsum("bkhw,kc->bchw", p, colours.to(p))  # the sum over k


def draw_colours(logits: Tensor, colours: Tensor, u: Tensor) -> Tensor:
    """Draw a colour for every pixel: logits (B, K, H, W), uniform numbers u in [0, 1) -> (B, 2, H, W).

    Args:
        u: (B, H, W) draws for each pixel on its own; (B, 1, 1) shares one number over a picture, so that pixels with
            the same probabilities get the same colour.

    Raises:
        ValueError: there is not one logit for each colour.
    """
    _check_logits(logits, colours)
    steps = logits.softmax(1).cumsum(1)  # (B, K, H, W)
    u = u.to(logits.device).unsqueeze(1)  # (B, 1, H, W)
    chosen = (steps <= u).sum(1).clamp(max=len(colours) - 1)  # (B, H, W)
    return colours.to(logits.device)[chosen].permute(0, 3, 1, 2)  # (B, H, W, 2) -> (B, 2, H, W)


class Shapes(NamedTuple):
    """Flat shapes on white paper, in stored Lab, of three kinds and two colours."""

    x: Tensor  # (N, 3, 24, 24)
    kind: Tensor  # (N,): 0 disc, 1 square, 2 triangle
    blue: Tensor  # (N,): True for blue, False for orange


def shapes(count: int, *, odds: tuple[float, ...] = (1.0, 0.7, 0.5), seed: int = 0) -> Shapes:
    """Discs, squares and triangles of one lightness, each orange with the odds of its kind, else blue: -> Shapes.

    Orange is a = 24, b = 32 and blue its opposite, so both have chroma 40. L is 70 inside and 95 on the paper, which
    is grey (a = b = 0). Size and place are random.

    Args:
        count: how many.
        odds: how often a disc, a square and a triangle is orange.
        seed: of everything that is drawn.

    Raises:
        ValueError: ``count`` is no whole number above 0, or ``odds`` are not three numbers from 0 to 1.
    """
    check_positive(count, "count", whole=True)
    if len(odds) != 3 or any(not 0 <= p <= 1 for p in odds):
        raise ValueError(f"odds is {odds!r}; expected three numbers from 0 to 1: of a disc, a square and a triangle.")
    g = torch.Generator().manual_seed(seed)
    kind = torch.randint(3, (count,), generator=g)
    blue = torch.rand(count, generator=g) >= torch.tensor(odds)[kind]
    radius = 5 + 2 * torch.rand(count, 1, 1, generator=g)
    cx, cy = (9 + 5 * torch.rand(2, count, 1, 1, generator=g)).unbind(0)
    row, column = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    dx, dy = (column - cx) / radius, (row - cy) / radius  # (N, 24, 24)
    disc = dx.square() + dy.square() <= 1
    square = (dx.abs() <= 0.88) & (dy.abs() <= 0.88)
    triangle = (dy <= 0.8) & (dx.abs() <= 0.6 * (dy + 1.2))
    inside = torch.stack([disc, square, triangle], 1)[torch.arange(count), kind]  # (N, 24, 24)
    side = inside * (1 - 2.0 * blue.view(-1, 1, 1))  # 1 where orange, -1 where blue, 0 on the paper
    return Shapes(torch.stack([0.95 - 0.25 * inside, 0.5 + 24 / 256 * side, 0.5 + 32 / 256 * side], 1), kind, blue)


def _check_colour(x: Tensor, name: str) -> None:
    if x.shape[1] != 3:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected colour pictures (B, 3, H, W).")


def _check_logits(logits: Tensor, colours: Tensor) -> None:
    if colours.ndim != 2 or colours.shape[1] != 2 or logits.ndim != 4 or logits.shape[1] != len(colours):
        raise ValueError(
            f"logits has shape {tuple(logits.shape)} and colours {tuple(colours.shape)}; expected (B, K, H, W) and "
            "(K, 2), one logit for each colour."
        )
