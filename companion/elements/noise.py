"""Noise on a digit, of a kind and level of the reader's choice, and what cleans it: cutting off, PCA, Wiener filter, networks."""

import torch
from torch import Tensor, nn

from companion.datasets import digits
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of
from companion.pca import PCA

PCA_NUMBERS, DIRECTIONS, SIGMA = 32, 128, 0.2


class Cleaners(nn.Module):
    """Two networks, and the two linear rivals on one basis, so that its weights travel once: noisy (1, 1, 28, 28) -> clean.

    The Wiener filter is that of ``companion.denoising.Wiener`` for noise of sigma 0.2, kept to the 128 directions in which the
    digits vary most: in the others it answers with the average digit.

    Args:
        narrow, unet: denoisers, images -> images.
        x: clean images, by which the linear rivals are made.
    """

    keep_pca: Tensor
    keep_wiener: Tensor

    def __init__(self, narrow: nn.Module, unet: nn.Module, x: Tensor):
        super().__init__()
        self.narrow, self.unet = narrow, unet
        self.basis = PCA(x, DIRECTIONS)
        variance = self.basis.encode(x).var(0)  # (128,), along each direction
        self.register_buffer("keep_pca", (torch.arange(DIRECTIONS) < PCA_NUMBERS).float())
        self.register_buffer("keep_wiener", variance / (variance + SIGMA**2))

    def pca(self, x_noisy: Tensor) -> Tensor:
        """The projection onto 32 components."""
        return self.basis.decode(self.basis.encode(x_noisy) * self.keep_pca)

    def wiener(self, x_noisy: Tensor) -> Tensor:
        """Each direction is trusted by its share of the total variance."""
        return self.basis.decode(self.basis.encode(x_noisy) * self.keep_wiener)

    def programs(self) -> dict:
        """What the page runs of it."""
        x = torch.zeros(1, 1, 28, 28)
        return {name: (getattr(self, name), (x,)) for name in ("pca", "wiener", "narrow", "unet")}


def noise(narrow: nn.Module | None = None, unet: nn.Module | None = None) -> PlayFigure:
    """Noise on a digit, drawn or given, and side by side what cleans it, with the errors over all levels.

    Args:
        narrow, unet: in a live notebook, two denoisers of yours, (B, 1, 28, 28) -> the same shape, both or neither; default:
            those that ship, trained on Gaussian noise of sigma 0.2.

    Raises:
        ValueError: one of the two is missing.
    """
    if (narrow is None) != (unet is None):
        raise ValueError("one of narrow and unet is missing; expected both, or neither for those that ship.")
    own = None
    if narrow is not None and unet is not None:
        data = digits()
        cleaners = Cleaners(narrow, unet, data.x_train)
        some = (data.x_test[::71, 0] * 255).byte()
        own = [export(cleaners, cleaners.programs(), {"digits": some}, bits=16)]
    still = (
        f'<img src="{png(tensors_of(shipped_model("noisy-digits"))["still"])}" width="480" height="240" '
        'alt="A digit, the same with noise at three levels, one in a row, and what PCA, the Wiener filter, a narrow network and a U-Net '
        'make of it. At the strongest level only blurred shapes and specks are left.">'
        "<p>A digit (left), with noise of sigma 0.1, 0.2 and 0.6, and what PCA, the Wiener filter, a narrow network and a U-Net make "
        "of it. All but PCA were made for 0.2: there the U-Net is nearest to the clean digit, far above it no longer. With scripts "
        "on, you choose digit, kind and level.</p>"
    )
    label = "put noise on a digit, and see who cleans it best"
    return PlayFigure("noise", label, still, ["noisy-digits"], own)
