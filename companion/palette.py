"""A distribution over colours in place of one colour: a palette, logits over it (B, K, H, W), and ways to choose from them."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion._support.checks import check_colour, check_images, check_positive


def palette(x: Tensor, step: float = 10) -> Tensor:
    """The colours of pictures in stored Lab (B, 3, H, W), rounded to a grid of ``step`` units of a and b: -> (K, 2).

    Only the points of the grid that occur are kept.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1] with three channels, or ``step`` is not above 0.
    """
    check_images(x)
    check_colour(x)
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


def _check_logits(logits: Tensor, colours: Tensor) -> None:
    if colours.ndim != 2 or colours.shape[1] != 2 or logits.ndim != 4 or logits.shape[1] != len(colours):
        raise ValueError(
            f"logits has shape {tuple(logits.shape)} and colours {tuple(colours.shape)}; expected (B, K, H, W) and "
            "(K, 2), one logit for each colour."
        )
