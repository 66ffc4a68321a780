"""Autoencoders taught and proven: the small, tested PyTorch package beside the book.

The path of a digit: ``digits() -> noise -> encode -> z -> decode -> loss -> plot``. Images are (B, C, H, W) float32 in
[0, 1] everywhere, and the names are fixed: x, x_noisy, z, mu, logvar, x_hat.
"""

from companion.autoencoder import ConvAutoencoder, DenseAutoencoder, mlp, reconstruction
from companion.datasets import ImageData, digits, fashion_mnist, mnist
from companion.denoising import (
    UNet,
    article_network,
    denoising,
    gaussian_noise,
    masking_noise,
    salt_and_pepper_noise,
    tweedie_score,
)
from companion.explore import Explorer, PlaneExplorer
from companion.init import answer_grey_, orthogonal_, pytorch_default_
from companion.losses import bce, mse, squared_error
from companion.pca import PCA
from companion.plots import COLOURS, set_style, show_history, show_images, show_rows
from companion.scores import DigitClassifier, digit_classifier, frechet_distance
from companion.training import Step, evaluate, fit, pick_device

__all__ = [
    "COLOURS",
    "PCA",
    "ConvAutoencoder",
    "DenseAutoencoder",
    "DigitClassifier",
    "Explorer",
    "ImageData",
    "PlaneExplorer",
    "Step",
    "UNet",
    "answer_grey_",
    "article_network",
    "bce",
    "denoising",
    "digit_classifier",
    "digits",
    "evaluate",
    "fashion_mnist",
    "fit",
    "frechet_distance",
    "gaussian_noise",
    "masking_noise",
    "mlp",
    "mnist",
    "mse",
    "orthogonal_",
    "pick_device",
    "pytorch_default_",
    "reconstruction",
    "salt_and_pepper_noise",
    "set_style",
    "show_history",
    "show_images",
    "show_rows",
    "squared_error",
    "tweedie_score",
]
