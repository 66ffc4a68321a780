"""Autoencoders with a bottleneck, dense and convolutional: images (B, C, H, W) -> code (B, code_size) -> images."""

from collections.abc import Callable
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from companion._support.checks import (
    check_channels,
    check_code,
    check_image_shape,
    check_model_input,
    check_positive,
    check_sizes,
)
from companion.losses import mse
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths with ReLU between them, none at the end: (B, widths[0]) -> (B, widths[-1])."""
    layers = []
    for d_in, d_out in pairwise(widths):
        layers += [nn.Linear(d_in, d_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def conv_encoder(channels: tuple[int, int], image_shape: tuple[int, int, int], size: int) -> nn.Sequential:
    """Two convolutions that halve the image twice, and a linear layer: (B, C, 28, 28) -> (B, size)."""
    (c1, c2), (c, h, w) = channels, image_shape
    return nn.Sequential(
        nn.Conv2d(c, c1, 3, stride=2, padding=1),  # (B, C, 28, 28) -> (B, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(c1, c2, 3, stride=2, padding=1),  # -> (B, 32, 7, 7)
        nn.ReLU(),
        nn.Flatten(),  # -> (B, 32*7*7)
        nn.Linear(c2 * (h // 4) * (w // 4), size),
    )


def conv_decoder(size: int, channels: tuple[int, int], image_shape: tuple[int, int, int]) -> nn.Sequential:
    """The way back, by a linear layer and two transposed convolutions: (B, size) -> logits (B, C, 28, 28)."""
    (c1, c2), (c, h, w) = channels, image_shape
    small = (c2, h // 4, w // 4)
    return nn.Sequential(
        nn.Linear(size, prod(small)),
        nn.ReLU(),
        nn.Unflatten(1, small),  # -> (B, 32, 7, 7)
        nn.ConvTranspose2d(c2, c1, 4, stride=2, padding=1),  # -> (B, 16, 14, 14)
        nn.ReLU(),
        nn.ConvTranspose2d(c1, c, 4, stride=2, padding=1),  # -> (B, C, 28, 28)
    )


class DenseAutoencoder(nn.Module):
    """Fully connected hourglass: (B, C, H, W) -> code (B, code_size) -> (B, C, H, W) in (0, 1).

    Args:
        code_size: numbers in the code.
        hidden: widths of the layers between image and code; the decoder mirrors them.
        image_shape: (C, H, W) of one image.
        mean_pixel: the grey that the untrained model answers with; the default is that of the digits.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` has another shape than the model's.

    Source: Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006.
    """

    def __init__(self, code_size=32, hidden=(128, 64), image_shape=(1, 28, 28), mean_pixel=MEAN_PIXEL):
        super().__init__()
        check_image_shape(image_shape)
        check_sizes(code_size, hidden)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        pixels = prod(image_shape)
        self.encoder = mlp(pixels, *hidden, code_size)
        self.decoder = mlp(code_size, *reversed(hidden), pixels)
        orthogonal_(self)
        answer_grey_(self.decoder[-1], mean_pixel)

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, code_size)."""
        check_model_input(x, self.image_shape)
        return self.encoder(x.flatten(1))  # (B, C, H, W) -> (B, C*H*W) -> (B, code_size)

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W) in (0, 1)."""
        check_code(z, self.code_size)
        return torch.sigmoid(self.decoder(z)).unflatten(1, self.image_shape)  # (B, C*H*W) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction."""
        return self.decode(self.encode(x))


class ConvAutoencoder(nn.Module):
    """Convolutional hourglass with a dense code: (B, C, 28, 28) -> code (B, code_size) -> (B, C, 28, 28) in (0, 1).

    Two convolutions of stride 2 halve the image twice (28 -> 14 -> 7), and two transposed ones undo it.

    Args:
        code_size: numbers in the code.
        channels: feature maps after the first and the second convolution.
        image_shape: (C, H, W) of one image; H and W must be multiples of 4.
        mean_pixel: the grey that the untrained model answers with; the default is that of the digits.

    Raises:
        ValueError: a size is not a whole number above 0, H or W is not a multiple of 4, or ``x`` has another
            shape than the model's.

    Source: Masci, Meier, Ciresan and Schmidhuber, Stacked convolutional auto-encoders, 2011.
    """

    def __init__(self, code_size=32, channels=(16, 32), image_shape=(1, 28, 28), mean_pixel=MEAN_PIXEL):
        super().__init__()
        check_image_shape(image_shape, multiple_of=4)
        check_positive(code_size, "code_size", whole=True)
        check_channels(channels, 2)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        self.encoder = conv_encoder(channels, image_shape, code_size)
        self.decoder = conv_decoder(code_size, channels, image_shape)
        orthogonal_(self)
        answer_grey_(self.decoder[-1], mean_pixel)

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, code_size)."""
        check_model_input(x, self.image_shape)
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W) in (0, 1)."""
        check_code(z, self.code_size)
        return torch.sigmoid(self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction."""
        return self.decode(self.encode(x))


def reconstruction(loss: Callable[[Tensor, Tensor], Tensor] = mse) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """The objective of a plain autoencoder, to be passed to ``fit``: x -> z -> x_hat, compared with x.

    Args:
        loss: (x_hat, x) -> one number, such as ``mse`` or ``bce``.
    """

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_hat = model(x)
        return {"loss": loss(x_hat, x)}

    return loss_fn
