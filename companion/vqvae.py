"""An autoencoder whose code is made of whole numbers: images (B, 1, 28, 28) -> indices (B, 7, 7) -> images."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from companion._support.checks import check_model_input, check_not_negative, check_positive
from companion.losses import squared_error
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_


class VQVAE(nn.Module):
    """Autoencoder with a codebook: (B, 1, 28, 28) -> a map of vectors -> the nearest entries -> (B, 1, 28, 28) in (0, 1).

    Args:
        entries: vectors in the codebook; each place of the 7 x 7 map picks one of them.
        size: numbers in each vector.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` is not a batch of 28 x 28 grey images.

    Source: van den Oord, Vinyals and Kavukcuoglu, Neural discrete representation learning, 2017.
    """

    def __init__(self, entries=64, size=8):
        super().__init__()
        for value, name in ((entries, "entries"), (size, "size")):
            check_positive(value, name, whole=True)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1),  # (B, 1, 28, 28) -> (B, 16, 14, 14)
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1),  # -> (B, 32, 7, 7)
            nn.ReLU(),
            nn.Conv2d(32, size, 1),  # -> (B, size, 7, 7)
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(size, 32, 4, stride=2, padding=1),  # -> (B, 32, 14, 14)
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # -> (B, 1, 28, 28)
        )
        orthogonal_(self)
        answer_grey_(self.decoder[-1], MEAN_PIXEL)
        self.codebook = nn.Parameter(torch.randn(entries, size))

    def encode(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> vectors (B, size, 7, 7), not yet rounded to the codebook."""
        check_model_input(x, (1, 28, 28))
        return self.encoder(x)

    def nearest(self, z: Tensor) -> Tensor:
        """Vectors (B, size, 7, 7) -> indices (B, 7, 7) of the nearest entries: the code proper."""
        flat = z.permute(0, 2, 3, 1).flatten(0, 2)  # (B, size, 7, 7) -> (B*7*7, size)
        return torch.cdist(flat, self.codebook).argmin(1).reshape(-1, 7, 7)

    def look_up(self, indices: Tensor) -> Tensor:
        """Indices (B, 7, 7) -> entries (B, size, 7, 7)."""
        return self.codebook[indices].permute(0, 3, 1, 2)  # (B, 7, 7, size) -> (B, size, 7, 7)

    def decode(self, e: Tensor) -> Tensor:
        """Entries (B, size, 7, 7) -> (B, 1, 28, 28) in (0, 1)."""
        return torch.sigmoid(self.decoder(e))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> (B, 1, 28, 28): the reconstruction from the rounded code."""
        return self.decode(self.look_up(self.nearest(self.encode(x))))


def vector_quantised(beta: float = 0.25) -> Callable[[VQVAE, Tensor], dict[str, Tensor]]:
    """The objective of a VQ-VAE, to be passed to ``fit``: x -> z -> entries e -> x_hat.

    Reduction of all three terms: sum over pixels or numbers, mean over images. "codebook" moves the entries to the
    vectors that chose them, the commitment the vectors to their entries.

    Args:
        beta: weight of the commitment.

    Raises:
        ValueError: ``beta`` is negative or not finite.

    Source: van den Oord et al., 2017, equation 3.
    """
    check_not_negative(beta, "beta")

    def loss_fn(model: VQVAE, x: Tensor) -> dict[str, Tensor]:
        z = model.encode(x)
        e = model.look_up(model.nearest(z))
        # Forwards this is e; backwards the gradient passes to z, as if e were z.
        straight_through = z + (e - z).detach()
        reconstruction = squared_error(model.decode(straight_through), x)
        codebook = squared_error(e, z.detach())
        commitment = squared_error(z, e.detach())
        loss = reconstruction + codebook + beta * commitment
        return {"loss": loss, "reconstruction": reconstruction, "codebook": codebook}

    return loss_fn
