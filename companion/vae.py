"""Variational autoencoders, whose code is a distribution: images (B, C, H, W) -> mu, logvar (B, k) -> z (B, k) -> images."""

from collections.abc import Callable
from math import log, prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion._support.checks import (
    check_channels,
    check_code,
    check_gaussian,
    check_image_shape,
    check_images,
    check_model_input,
    check_not_negative,
    check_positive,
    check_reduction,
    check_sizes,
)
from companion.autoencoder import conv_decoder, conv_encoder, mlp
from companion.losses import bce
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_


def reparameterize(mu: Tensor, logvar: Tensor) -> Tensor:
    """Draw z from a Gaussian so that the gradient reaches its parameters: (B, k), (B, k) -> (B, k).

    Args:
        mu: the mean of each unit.
        logvar: the logarithm of each unit's variance, sigma^2.

    Raises:
        TypeError, ValueError: the two are not batches (B, k) of one shape, or are empty.

    Source: Kingma and Welling, Auto-encoding variational Bayes, 2014.
    """
    check_gaussian(mu, logvar)
    eps = torch.randn_like(mu)  # the randomness comes from outside, (B, k)
    return mu + torch.exp(logvar / 2) * eps


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence of each unit's Gaussian from N(0, 1), in nats: (B, k), (B, k) -> (B, k). Reduction: none.

    Args and errors as for :func:`reparameterize`. Sum over units for the divergence of a code.

    Source: Kingma and Welling, 2014, appendix B.
    """
    check_gaussian(mu, logvar)
    return (mu.square() + logvar.exp() - 1 - logvar) / 2


class VAE(nn.Module):
    """Fully connected variational autoencoder: (B, C, H, W) -> mu, logvar (B, code_size) -> (B, C, H, W) in (0, 1).

    Args:
        code_size: numbers in the code.
        hidden: widths of the layers between image and code; the decoder mirrors them.
        image_shape: (C, H, W) of one image.
        mean_pixel: the grey that the untrained model answers with; the default is that of the digits.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` or ``z`` has another shape than the model's.

    Source: Kingma and Welling, Auto-encoding variational Bayes, 2014.
    """

    def __init__(self, code_size=16, hidden=(256, 128), image_shape=(1, 28, 28), mean_pixel=MEAN_PIXEL):
        super().__init__()
        check_image_shape(image_shape)
        check_sizes(code_size, hidden)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        pixels = prod(image_shape)
        self.encoder = mlp(pixels, *hidden, 2 * code_size)
        self.decoder = mlp(code_size, *reversed(hidden), pixels)
        orthogonal_(self)
        answer_grey_(self.decoder[-1], mean_pixel)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> mu (B, code_size), logvar (B, code_size)."""
        check_model_input(x, self.image_shape)
        h = self.encoder(x.flatten(1))  # (B, C, H, W) -> (B, C*H*W) -> (B, 2*code_size)
        mu, logvar = h.chunk(2, dim=1)  # (B, code_size) each
        return mu, logvar

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W) in (0, 1)."""
        check_code(z, self.code_size)
        x_hat = torch.sigmoid(self.decoder(z))  # (B, C*H*W)
        return x_hat.unflatten(1, self.image_shape)  # (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction from the mean of the code, without chance."""
        mu, _ = self.encode(x)
        return self.decode(mu)


class ConvVAE(nn.Module):
    """Convolutional variational autoencoder: (B, C, 28, 28) -> mu, logvar (B, code_size) -> (B, C, 28, 28) in (0, 1).

    The layers are those of :class:`companion.ConvAutoencoder`, except that the encoder's last one is twice as wide.

    Args:
        code_size: numbers in the code.
        channels: feature maps after the first and the second convolution.
        image_shape: (C, H, W) of one image; H and W must be multiples of 4.
        mean_pixel: the grey that the untrained model answers with; the default is that of the digits.

    Raises:
        ValueError: a size is not a whole number above 0, H or W is not a multiple of 4, or ``x`` or ``z`` has
            another shape than the model's.

    Source: Kingma and Welling, Auto-encoding variational Bayes, 2014.
    """

    def __init__(self, code_size=16, channels=(16, 32), image_shape=(1, 28, 28), mean_pixel=MEAN_PIXEL):
        super().__init__()
        check_image_shape(image_shape, multiple_of=4)
        check_positive(code_size, "code_size", whole=True)
        check_channels(channels, 2)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        self.encoder = conv_encoder(channels, image_shape, 2 * code_size)
        self.decoder = conv_decoder(code_size, channels, image_shape)
        orthogonal_(self)
        answer_grey_(self.decoder[-1], mean_pixel)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> mu (B, code_size), logvar (B, code_size)."""
        check_model_input(x, self.image_shape)
        mu, logvar = self.encoder(x).chunk(2, dim=1)  # (B, 2*code_size) -> (B, code_size) each
        return mu, logvar

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W) in (0, 1)."""
        check_code(z, self.code_size)
        return torch.sigmoid(self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction from the mean of the code, without chance."""
        mu, _ = self.encode(x)
        return self.decode(mu)


def negative_elbo(
    beta: float = 1.0,
    *,
    reconstruction_loss: Callable[[Tensor, Tensor], Tensor] = bce,
    free_bits: float = 0.0,
) -> Callable[[Any, Tensor], dict[str, Tensor]]:
    """The objective of a VAE, to be passed to ``fit``: x -> mu, logvar -> z -> x_hat, reconstruction + beta * KL.

    Reduction: sums over pixels and over units, mean over images; nats. The entry "kl" is the KL divergence
    itself, whatever ``beta`` and ``free_bits`` make of it in the loss.

    Args:
        beta: weight of the KL divergence; 1 gives the (negative) evidence lower bound.
        reconstruction_loss: (x_hat, x) -> the negative log-likelihood in nats, summed over pixels and averaged over
            images. For a Gaussian decoder of standard deviation sigma:
            ``lambda x_hat, x: squared_error(x_hat, x) / (2 * sigma**2)``.
        free_bits: nats that each unit may use unpaid: its KL, averaged over the batch, counts at least this much.

    Raises:
        ValueError: ``beta`` or ``free_bits`` is negative or not finite, or ``reconstruction_loss`` is a mean over
            pixels or a sum over images. To see what becomes of a sum of too little weight, divide it:
            ``lambda x_hat, x: squared_error(x_hat, x) / 784``.

    Source: Kingma and Welling, 2014; beta: Higgins et al., beta-VAE, 2017; free bits: Kingma et al., Improved
    variational inference with inverse autoregressive flow, 2016.
    """
    check_not_negative(beta, "beta")
    check_not_negative(free_bits, "free_bits")
    check_reduction(reconstruction_loss, "reconstruction_loss")

    def loss_fn(model: Any, x: Tensor) -> dict[str, Tensor]:
        mu, logvar = model.encode(x)
        z = reparameterize(mu, logvar)
        x_hat = model.decode(z)
        reconstruction = reconstruction_loss(x_hat, x)
        kl = kl_to_standard_normal(mu, logvar).mean(0)  # (B, k) -> (k,), one number for each unit
        paid = kl.clamp(min=free_bits) if free_bits else kl
        loss = reconstruction + beta * paid.sum()
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl.sum()}

    return loss_fn


def active_units(mu: Tensor, logvar: Tensor, threshold: float = 0.05) -> int:
    """How many units of the code are paid for: (N, k), (N, k) -> a whole number from 0 to k.

    A unit is active if its KL divergence from N(0, 1), averaged over the images, exceeds ``threshold`` nats. That is
    what the unit costs, and an upper bound on what it tells: a unit with mu = 1 and sigma = 1 for every image costs
    half a nat and tells nothing.

    Raises:
        ValueError: ``mu`` and ``logvar`` are not batches (N, k) of one shape, or ``threshold`` is not above 0.
    """
    check_positive(threshold, "threshold")
    return int((kl_to_standard_normal(mu, logvar).mean(0) > threshold).sum())


@torch.no_grad()
def importance_weighted_bound(model: Any, x: Tensor, samples: int) -> Tensor:
    """A lower bound on log p(x) in nats for a Bernoulli decoder: (B, C, H, W) -> (B,). Reduction: sum over pixels.

    With one sample it is an estimate of the evidence lower bound; in expectation it rises towards log p(x) with
    more. For grey images it bounds the mean log-likelihood of their random binarisations.

    Args:
        model: with encode (B, C, H, W) -> mu, logvar and decode (B, k) -> (B, C, H, W) in (0, 1).
        x: images in [0, 1].
        samples: codes drawn for each image.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1], or ``samples`` not a whole number above 0.

    Source: Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016.
    """
    check_images(x)
    check_positive(samples, "samples", whole=True)
    mu, logvar = model.encode(x)
    check_gaussian(mu, logvar)
    log_weights = []
    for _ in range(samples):
        eps = torch.randn_like(mu)  # kept: (z - mu) / sigma is lost in rounding where sigma is small
        z = mu + torch.exp(logvar / 2) * eps
        x_hat = model.decode(z)
        # log p(x|z), (B,)
        log_likelihood = -F.binary_cross_entropy(x_hat, x, reduction="none").flatten(1).sum(1)
        # log p(z) - log q(z|x), (B,); the two constants log(2 pi) / 2 of each unit cancel.
        log_ratio = ((logvar + eps.square() - z.square()) / 2).sum(1)
        log_weights.append(log_likelihood + log_ratio)
    return torch.stack(log_weights).logsumexp(0) - log(samples)  # (samples, B) -> (B,)
