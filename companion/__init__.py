"""Autoencoders taught and proven: the small, tested PyTorch package beside the book.

The path of a digit: ``digits() -> noise -> encode -> z -> decode -> loss -> plot``. Images are (B, C, H, W) float32 in
[0, 1] everywhere, and the names are fixed: x, x_noisy, z, mu, logvar, x_hat.

What most chapters use is imported from here; a chapter's own topic from its module, ``from companion.vae import VAE``.
"""

from importlib import import_module

from companion._support.device import pick_device
from companion._support.threads import take_no_more_threads_than_lent
from companion.autoencoder import ConvAutoencoder, DenseAutoencoder, mlp, reconstruction
from companion.claims import claim, claims_made
from companion.datasets import ImageData, cifar10, digits, fashion_mnist, mnist
from companion.denoising import gaussian_noise
from companion.losses import bce, mse, squared_error
from companion.pca import PCA
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_, pytorch_default_
from companion.training import TrainingWarning, evaluate, fit, redraw

take_no_more_threads_than_lent()

# Matplotlib and ipywidgets take longer to load than all the rest, so they are loaded once one of these names is used.
_LATER = {
    "COLOURS": "plots",
    "Explorer": "explore",
    "PlaneExplorer": "explore",
    "set_style": "plots",
    "show_history": "plots",
    "show_images": "plots",
    "show_rows": "plots",
    "show_table": "tables",
}

__all__ = [
    "COLOURS",
    "MEAN_PIXEL",
    "PCA",
    "ConvAutoencoder",
    "DenseAutoencoder",
    "Explorer",
    "ImageData",
    "PlaneExplorer",
    "TrainingWarning",
    "answer_grey_",
    "bce",
    "cifar10",
    "claim",
    "claims_made",
    "digits",
    "evaluate",
    "fashion_mnist",
    "fit",
    "gaussian_noise",
    "mlp",
    "mnist",
    "mse",
    "orthogonal_",
    "pick_device",
    "pytorch_default_",
    "reconstruction",
    "redraw",
    "set_style",
    "show_history",
    "show_images",
    "show_rows",
    "show_table",
    "squared_error",
]


def __getattr__(name: str):
    if name not in _LATER:
        raise AttributeError(f"module 'companion' has no attribute {name!r}")
    return getattr(import_module(f"companion.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return __all__
