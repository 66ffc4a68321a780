"""How good are generated digits? A small classifier's features, and the Frechet distance between two sets of them."""

import torch
from torch import Tensor, nn

from companion._support.checks import check_model_input
from companion._support.shipped import load_weights


class DigitClassifier(nn.Module):
    """Convolutional classifier of digits: (B, 1, 28, 28) -> logits (B, 10), by way of 64 features.

    Raises:
        ValueError: ``x`` is not a batch of 28 x 28 grey images.
    """

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),  # (B, 1, 28, 28) -> (B, 16, 14, 14)
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),  # -> (B, 32, 7, 7)
            nn.ReLU(),
            nn.Flatten(),  # -> (B, 32*7*7)
            nn.Linear(32 * 7 * 7, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)

    def features(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> (B, 64): what the last layer sees."""
        check_model_input(x, (1, 28, 28))
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> logits (B, 10)."""
        return self.head(self.features(x))


def digit_classifier() -> DigitClassifier:
    """The classifier that ships with the package, in eval mode: trained on the 4,000 training digits of ``digits()``.

    Made by ``tools/make_classifier.py``, which prints its accuracy. Its features are the ruler of
    :func:`frechet_distance` in the book: numbers taken with another classifier cannot be compared.

    Raises:
        ValueError: the shipped file is damaged (its SHA-256 is not the recorded one).
        FileNotFoundError: the shipped file is missing.
    """
    return load_weights(DigitClassifier(), "digit_classifier.npz")


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Frechet distance between Gaussians fitted to two sets of features: (N, D), (M, D) -> a number of at least 0.

    |mean_a - mean_b|^2 + trace(S_a + S_b - 2 (S_a S_b)^(1/2)), with S the covariances: 0 for equal means and
    covariances, in the squared unit of the features. It is biased upwards for few samples, so compare sets of
    equal size only.

    Raises:
        ValueError: not two matrices with the same D and at least two rows each, or a value is NaN or infinite.

    Source: Dowson and Landau, The Frechet distance between multivariate normal distributions, 1982; as a score of
    generated images, Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium, 2017.
    """
    for name, features in (("a", a), ("b", b)):
        if features.ndim != 2 or len(features) < 2 or features.shape[1] != a.shape[1]:
            raise ValueError(
                f"{name} has shape {tuple(features.shape)}; expected features (N, D) of at least two images, with the "
                "same D in both sets, as digit_classifier().features gives."
            )
        if not features.isfinite().all():
            raise ValueError(f"{name} contains NaN or infinity; expected finite features.")
    a, b = a.detach().cpu().double(), b.detach().cpu().double()  # in this order: Apple's GPUs know no doubles
    root_a = _square_root(torch.cov(a.T).reshape(a.shape[1], -1))
    cov_b = torch.cov(b.T).reshape(b.shape[1], -1)
    # S_a S_b has the eigenvalues of the symmetric root_a S_b root_a, whose square root is safe to take.
    cross = torch.linalg.eigvalsh(root_a @ cov_b @ root_a).clamp(min=0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + (root_a @ root_a).trace() + cov_b.trace() - 2 * cross
    return max(0.0, distance.item())


def inked(x: Tensor, mean_pixel: float | Tensor) -> Tensor:
    """Pictures with their ink matched: each pixel times one factor, clipped at 1, so that the mean pixel is ``mean_pixel``.

    A set of paler or bolder pictures is far from another by any distance between features; so match the ink of all sets
    before you compare their strokes.

    Args:
        x: pictures (N, ...) from 0 to 1, not all black.
        mean_pixel: the mean that is asked for, from 0 to the share of pixels that are not black.
    """
    low, high = 0.0, 1e4
    for _ in range(60):
        factor = (low + high) / 2
        short = (factor * x).clamp(max=1).mean() < mean_pixel
        low, high = (factor, high) if short else (low, factor)
    return (high * x).clamp(max=1)


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a covariance: (D, D) -> (D, D)."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T
