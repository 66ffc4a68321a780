"""Elementary losses: pure functions (x_hat, x) -> a number. Each states its reduction; the book keeps to it."""

from math import log, pi

import torch
import torch.nn.functional as F
from torch import Tensor

from companion._support.checks import check_probabilities, check_same_shape


def mse(x_hat: Tensor, x: Tensor) -> Tensor:
    """Mean squared error: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: mean over pixels, mean over images.

    The number that the book quotes per pixel. Never add a term per image to it, such as a KL divergence:
    the pixels would count for 1/784 of their weight. Use :func:`squared_error` there.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ, or the tensors are empty.
    """
    check_same_shape(x_hat, x)
    return F.mse_loss(x_hat, x)


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """Squared error: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: sum over pixels, mean over images.

    Half of it is, up to a constant, the negative log-likelihood in nats of a Gaussian with unit variance.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ, or the tensors are empty.
    """
    check_same_shape(x_hat, x)
    return (x_hat - x).square().flatten(1).sum(1).mean()


def gaussian_nll(x_hat: Tensor, x: Tensor, sigma: float | Tensor = 1.0) -> Tensor:
    """Negative log-likelihood in nats of Gaussian pixels: (B, C, H, W), (B, C, H, W) -> scalar.

    Reduction: sum over pixels, mean over images. Every constant is kept, log(sigma) and log(2 pi) too, so that
    values at different sigma can be compared. It is a density's, so it may be negative.

    Args:
        x_hat: the means.
        x: images.
        sigma: standard deviation; a number, or a tensor with one value, or with x's number of dimensions and in
            each either 1 or x's size, such as (1, C, H, W) for one value a pixel. May require a gradient.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ or do not fit, the tensors are empty, or a sigma is not a number above 0.
    """
    check_same_shape(x_hat, x)
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    _check_sigma(sigma, x)
    nll = ((x_hat - x) / sigma).square() / 2 + sigma.log() + log(2 * pi) / 2  # (B, C, H, W)
    return nll.flatten(1).sum(1).mean()


def bce(x_hat: Tensor, x: Tensor) -> Tensor:
    """Binary cross-entropy in nats: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: sum over pixels, mean over images.

    For x in {0, 1} it is the negative log-likelihood of independent Bernoulli pixels with probability x_hat.
    For grey x it is no likelihood of x, and its floor, at x_hat = x, is :func:`bernoulli_entropy`.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ, the tensors are empty, or a value lies outside [0, 1].
    """
    check_same_shape(x_hat, x)
    check_probabilities(x_hat, "x_hat")
    check_probabilities(x, "x")
    return F.binary_cross_entropy(x_hat, x, reduction="none").flatten(1).sum(1).mean()


def bce_with_logits(logits: Tensor, x: Tensor) -> Tensor:
    """``bce(sigmoid(logits), x)`` without its rounding: (B, C, H, W), (B, C, H, W) -> scalar, in nats.

    Reduction: sum over pixels, mean over images. Exact, with a gradient, where the sigmoid rounds to 0 or 1.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ, the tensors are empty, or a value of x lies outside [0, 1].
    """
    check_same_shape(logits, x)
    check_probabilities(x, "x")
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1).mean()


def bernoulli_entropy(x: Tensor) -> Tensor:
    """Entropy in nats of Bernoulli pixels, the floor of ``bce(., x)``: (B, C, H, W) -> scalar.

    Reduction: sum over pixels, mean over images. 0 for black and white pixels, log(2) for a pixel of 0.5.

    Raises:
        TypeError: ``x`` is no tensor of real numbers.
        ValueError: the tensor is empty, or a value lies outside [0, 1].
    """
    check_same_shape(x, x)
    check_probabilities(x, "x")
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1).mean()


def continuous_bernoulli_nll(x_hat: Tensor, x: Tensor) -> Tensor:
    """Negative log-likelihood in nats of grey pixels, as continuous Bernoulli: (B, C, H, W), (B, C, H, W) -> scalar.

    Reduction: sum over pixels, mean over images. It is ``bce`` less the logarithm of the normaliser that makes
    x_hat^x (1 - x_hat)^(1 - x) integrate to 1 over [0, 1]. It is a density's, so it may be negative, and x_hat is
    its parameter, which is not its mean. The normaliser is that of x_hat clipped to [1e-6, 1 - 1e-6]: answers nearer
    to 0 or 1 count as if they were there, which for black pixels can be worth a hundred nats an image.

    Raises:
        TypeError: one is no tensor of real numbers.
        ValueError: the shapes differ, the tensors are empty, or a value lies outside [0, 1].

    Source: Loaiza-Ganem and Cunningham, The continuous Bernoulli: fixing a pervasive error in variational
    autoencoders, 2019.
    """
    nll = bce(x_hat, x)
    p = x_hat.clamp(1e-6, 1 - 1e-6)
    near_half = (p - 0.5).abs() < 0.01  # there the formula is 0 / 0: a series takes over
    d = (torch.where(near_half, p, 0.5) - 0.5).square()
    series = log(2) + d * (4 / 3 + d * 104 / 45)
    q = 1 - 2 * torch.where(near_half, 0.25, p)
    log_normaliser = torch.where(near_half, series, (2 * torch.atanh(q) / q).log())
    return nll - log_normaliser.flatten(1).sum(1).mean()


def _check_sigma(sigma: Tensor, x: Tensor) -> None:
    fits = sigma.ndim == x.ndim and all(s in (1, n) for s, n in zip(sigma.shape, x.shape, strict=True))
    if sigma.ndim and not fits:
        raise ValueError(
            f"sigma has shape {tuple(sigma.shape)} and x has shape {tuple(x.shape)}; expected one number, or a tensor "
            "with as many dimensions as x, each of size 1 or of x's size. For one a pixel use (1, C, H, W)."
        )
    if not (sigma > 0).all() or not sigma.isfinite().all():  # also refuses NaN
        raise ValueError(
            f"sigma has values from {sigma.min().item():.3g} to {sigma.max().item():.3g}; expected numbers above 0. "
            "To learn it, learn its logarithm and pass log_sigma.exp()."
        )
