"""Elementary losses: pure functions (x_hat, x) -> a number. Each states its reduction; the book keeps to it."""

import torch.nn.functional as F
from torch import Tensor

from companion._check import check_same_shape


def mse(x_hat: Tensor, x: Tensor) -> Tensor:
    """Mean squared error: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: mean over pixels, mean over images.

    The figure that the book quotes per pixel. Never add a term per image to it, such as a KL divergence:
    the pixels would count for 1/784 of their weight. Use :func:`squared_error` there.

    Raises:
        ValueError: the shapes differ, or the tensors are empty.
    """
    check_same_shape(x_hat, x)
    return F.mse_loss(x_hat, x)


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """Squared error: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: sum over pixels, mean over images.

    Half of it is, up to a constant, the negative log-likelihood in nats of a Gaussian with unit variance.

    Raises:
        ValueError: the shapes differ, or the tensors are empty.
    """
    check_same_shape(x_hat, x)
    return (x_hat - x).square().flatten(1).sum(1).mean()


def bce(x_hat: Tensor, x: Tensor) -> Tensor:
    """Binary cross-entropy in nats: (B, C, H, W), (B, C, H, W) -> scalar. Reduction: sum over pixels, mean over images.

    For x in {0, 1} it is the negative log-likelihood of independent Bernoulli pixels with probability x_hat.

    Raises:
        ValueError: the shapes differ, the tensors are empty, or a value lies outside [0, 1].
    """
    check_same_shape(x_hat, x)
    for name, value in (("x_hat", x_hat), ("x", x)):
        low, high = value.detach().aminmax()
        if not (low >= 0 and high <= 1):  # also refuses NaN
            raise ValueError(
                f"{name} has values from {low.item():.3g} to {high.item():.3g}; binary cross-entropy expects [0, 1]. "
                "Put a sigmoid at the end of the model, or use squared_error."
            )
    return F.binary_cross_entropy(x_hat, x, reduction="none").flatten(1).sum(1).mean()
