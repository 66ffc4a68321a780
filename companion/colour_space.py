"""A colour space that separates lightness from colour, CIE Lab, and measures of colour: images (B, 3, H, W) -> the same."""

import warnings
from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from torch import Tensor

from companion._support.checks import check_colour, check_fraction, check_images, check_positive, check_same_shape


def to_lab(rgb: Tensor) -> Tensor:
    """Red, green, blue (B, 3, H, W) -> CIE Lab (B, 3, H, W), stored in [0, 1]: L / 100, 0.5 + a / 256, 0.5 + b / 256.

    ``rgb`` is sRGB, as in a picture file, divided by 255. L is the lightness from 0 (black) to 100 (white); a runs from
    green to red and b from blue to yellow, both within -108 to 99, with 0 for grey. White is D65.

    Raises:
        TypeError, ValueError: ``rgb`` is not a batch of images in [0, 1], or has not three channels.

    Source: CIE 15, Colorimetry; computed by scikit-image.
    """
    check_images(rgb, "rgb")
    check_colour(rgb, "rgb")
    lab = rgb2lab(rgb.cpu().permute(0, 2, 3, 1).numpy())  # (B, H, W, 3): L, a, b in their units
    x = torch.from_numpy(lab / [100, 256, 256] + [0, 0.5, 0.5])
    return x.float().permute(0, 3, 1, 2).clamp(0, 1)  # (B, 3, H, W)


def lab_picture(pixels: np.ndarray, shrink: int = 1) -> Tensor:
    """A photograph as bytes (H, W, 3) -> one picture in stored Lab, (1, 3, H / shrink, W / shrink) in multiples of 4.

    Args:
        pixels: sRGB, uint8, as scikit-image and scikit-learn hand them out.
        shrink: average squares of so many pixels a side into one (the file's numbers, not the light they stand for).

    Raises:
        ValueError: ``pixels`` is another kind of array or too small, or ``shrink`` is not a whole number above 0.
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
    check_images(x, unit_range=False)
    check_colour(x)
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
    check_images(rgb, "rgb")
    check_colour(rgb, "rgb")
    r, g, b = (255 * rgb).flatten(2).unbind(1)  # three times (B, H*W)
    opponent = torch.stack([r - g, (r + g) / 2 - b])  # (2, B, H*W)
    return opponent.std(2, correction=0).norm(dim=0) + 0.3 * opponent.mean(2).norm(dim=0)


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


def left_squares(pictures: Iterable[Tensor], share: float, size: int, stride: int) -> Tensor:
    """``patches`` from the left ``share`` of pictures of any size, so that the right stays unseen: -> (N, C, size, size).

    Each picture is (1, C, H, W); its left part is as wide as the next smaller multiple of 4.

    Raises:
        ValueError: ``share`` is not between 0 and 1, or what ``patches`` raises for a left part.
    """
    check_fraction(share, "share")
    left = [x[..., : int(share * x.shape[3]) // 4 * 4] for x in pictures]
    return torch.cat([patches(x, size, stride) for x in left])
