"""Wide codes and what keeps them honest: images (B, C, H, W) -> code (B, code_size), mostly zeros -> images."""

from math import prod

import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from companion._support.checks import (
    check_code,
    check_fraction,
    check_image_shape,
    check_images,
    check_model_input,
    check_positive,
)
from companion.losses import squared_error


class OneLayerAutoencoder(nn.Module):
    """One layer in, one layer out, of any width: (B, C, H, W) -> code (B, code_size) -> (B, C, H, W).

    The weights start as PyTorch draws them. The answer is linear in the code, so it may leave [0, 1].

    Args:
        code_size: numbers in the code; C*H*W or more make the autoencoder overcomplete.
        activation: (B, code_size) -> the same shape; ``nn.Identity()`` for a linear code.
        image_shape: (C, H, W) of one image.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` has another shape than the model's.

    Source: Ng, Sparse autoencoder (CS294A lecture notes), 2011; Makhzani and Frey, k-sparse autoencoders, 2014.
    """

    def __init__(self, code_size=800, activation=torch.relu, image_shape=(1, 28, 28)):
        super().__init__()
        check_image_shape(image_shape)
        check_positive(code_size, "code_size", whole=True)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        self.activation = activation
        self.encoder = nn.Linear(prod(image_shape), code_size)
        self.decoder = nn.Linear(code_size, prod(image_shape))

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, code_size)."""
        check_model_input(x, self.image_shape)
        return self.activation(self.encoder(x.flatten(1)))  # (B, C*H*W) -> (B, code_size)

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W)."""
        check_code(z, self.code_size)
        return self.decoder(z).unflatten(1, self.image_shape)  # (B, C*H*W) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction."""
        return self.decode(self.encode(x))


class ShallowAutoencoder(OneLayerAutoencoder):
    """The same network, started as near to the identity as its width and its activation allow.

    The encoder's matrix starts orthogonal, and the decoder's as its transpose: a wide linear one copies untrained.
    """

    def __init__(self, code_size=800, activation=torch.relu, image_shape=(1, 28, 28)):
        super().__init__(code_size, activation, image_shape)
        with torch.no_grad():
            nn.init.orthogonal_(self.encoder.weight)
            self.decoder.weight.copy_(self.encoder.weight.T)
            self.encoder.bias.zero_()
            self.decoder.bias.zero_()


def static(x: Tensor, n: int) -> Tensor:
    """Static with the images' own averages: x (N, C, H, W) -> (n, C, H, W) of zeros and ones.

    Each pixel is an independent draw that is 1 with probability the average of that pixel over ``x``.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or ``n`` is not a whole number above 0.
    """
    check_images(x)
    check_positive(n, "n", whole=True)
    return torch.bernoulli(x.mean(0).expand(n, *x.shape[1:]))  # (C, H, W) -> (n, C, H, W)


def strength(model: OneLayerAutoencoder, z: Tensor) -> Tensor:
    """How much each unit adds to the picture: codes (B, n) -> (B, n), in units of pixel values.

    A unit draws its column of the decoder, times its number in the code. The strength is the length (the root of the
    sum of squares over pixels) of what it draws.
    """
    return z.abs() * model.decoder.weight.norm(dim=0)  # (B, n) times column lengths (n,)


def units_on(model: OneLayerAutoencoder, x: Tensor, threshold: float = 0.1) -> Tensor:
    """Which units are on for which image: x (B, C, H, W) -> True or False (B, n), where the strength is above a threshold.

    Units on for an image: ``units_on(model, x).sum(1)``. Dead units: ``~units_on(model, x_train).any(0)``.
    """
    with torch.no_grad():
        return strength(model, model.encode(x)) > threshold


def l1_sparse(weight: float):
    """The objective with an L1 penalty: x -> z -> x_hat, squared error + weight * (sum of the units' strengths).

    Reduction: the squared error is summed over pixels, the strengths over units, both averaged over images. The
    strength, not the code itself, is penalised, since large columns of the decoder would otherwise make the code small
    for nothing.

    Raises:
        ValueError: ``weight`` is not a number above 0.

    Source: Olshausen and Field, Emergence of simple-cell receptive field properties by learning a sparse code for
    natural images, 1996; the lengths in the penalty as in Templeton et al., Scaling monosemanticity, 2024.
    """
    check_positive(weight, "weight")

    def loss_fn(model: OneLayerAutoencoder, x: Tensor) -> dict[str, Tensor]:
        z = model.encode(x)
        error = squared_error(model.decode(z), x)
        penalty = strength(model, z).sum(1).mean()  # (B, n) -> (B,) -> one number
        return {"loss": error + weight * penalty, "error": error, "penalty": penalty}

    return loss_fn


def bernoulli_kl(rho: float, q: Tensor) -> Tensor:
    """KL divergence in nats of a coin with probability q from one with rho: any shape -> the same shape.

    NaN where q is outside [0, 1].
    """
    return rho * (rho / q).log() + (1 - rho) * ((1 - rho) / (1 - q)).log()


def kl_sparse(rho: float, weight: float):
    """The objective with a KL penalty, for codes in (0, 1): each unit's average over the batch is pulled towards rho.

    Reduction: the squared error is summed over pixels and averaged over images; the KL divergence, in nats, is taken
    of each unit's average over the images of the batch and summed over units.

    Raises:
        ValueError: ``rho`` is not between 0 and 1, ``weight`` is not a number above 0, or the model's code leaves [0, 1].

    Source: Lee, Ekanadham and Ng, Sparse deep belief net model for visual area V2, 2008 (an average pulled towards a
    target); Ng, Sparse autoencoder (CS294A lecture notes), 2011 (as a KL divergence).
    """
    check_fraction(rho, "rho")
    check_positive(weight, "weight")

    def loss_fn(model: OneLayerAutoencoder, x: Tensor) -> dict[str, Tensor]:
        z = model.encode(x)
        _check_code_range(z)
        error = squared_error(model.decode(z), x)
        penalty = bernoulli_kl(rho, z.mean(0)).sum()  # (B, n) -> (n,) -> one number
        return {"loss": error + weight * penalty, "error": error, "penalty": penalty}

    return loss_fn


def _check_code_range(z: Tensor) -> None:
    low, high = (float(v) for v in z.detach().aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"the code has values from {low:.3g} to {high:.3g}; "
            "the KL penalty expects [0, 1]. Use a sigmoid as the activation, or l1_sparse."
        )


def top_k(a: Tensor, k: int) -> Tensor:
    """Keep the k largest numbers of each row and set the others to 0: (B, n) -> (B, n).

    Raises:
        ValueError: ``k`` is not a whole number from 1 to n, or ``a`` does not have two dimensions.

    Source: Makhzani and Frey, k-sparse autoencoders, 2014.
    """
    if a.ndim != 2:
        raise ValueError(f"a has shape {tuple(a.shape)}; expected (B, n), one row an image.")
    check_positive(k, "k", whole=True)
    if k > a.shape[1]:
        raise ValueError(f"k is {k}; expected at most {a.shape[1]}, the number of units.")
    kept, where = a.topk(k, dim=1)  # (B, k): the largest of each row, and their places
    return torch.zeros_like(a).scatter(1, where, kept)


def linear_probe(z: Tensor, y: Tensor, z_test: Tensor, y_test: Tensor, c: float = 10.0) -> float:
    """How well one linear layer reads the label off the codes: (N, n), (N,), (M, n), (M,) -> share right in the test.

    Logistic regression with an L2 penalty. The codes are centred and divided by one number, the root mean square of
    their lengths, so that the same ``c`` means the same for codes of any scale.

    Args:
        c: the inverse of the penalty's weight, as in scikit-learn.

    Raises:
        ValueError: the codes are not (N, n), differ in length from the labels, or do not vary.

    Source: Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016.
    """
    check_positive(c, "c")
    for codes, labels, name in ((z, y, "z"), (z_test, y_test, "z_test")):
        if codes.ndim != 2 or labels.shape != codes.shape[:1]:
            raise ValueError(
                f"{name} has shape {tuple(codes.shape)} and its labels {tuple(labels.shape)}; "
                "expected codes (N, n), one row an image, and labels (N,)."
            )
    mean = z.mean(0)
    scale = (z - mean).square().sum(1).mean().sqrt()
    if not scale > 0:
        raise ValueError("all codes in z are the same; expected codes that vary. Dead encoder?")
    inputs, tests = ((v - mean).div(scale).detach().cpu().numpy() for v in (z, z_test))
    with threadpool_limits(1):  # on so few rows, several threads wait for each other longer than they work
        probe = LogisticRegression(C=c, max_iter=1000).fit(inputs, y.cpu().numpy())
    return probe.score(tests, y_test.cpu().numpy())
