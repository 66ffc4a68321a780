"""Autoencoders taught and proven: the small, tested PyTorch package beside the book.

The path of a digit: ``digits() -> noise -> encode -> z -> decode -> loss -> plot``. Images are (B, C, H, W) float32 in
[0, 1] everywhere, and the names are fixed: x, x_noisy, z, mu, logvar, x_hat.
"""

from companion._threads import take_no_more_threads_than_lent
from companion.autoencoder import ConvAutoencoder, DenseAutoencoder, mlp, reconstruction
from companion.claims import claim, claims_made
from companion.datasets import ImageData, cifar10, digits, fashion_mnist, mnist
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
from companion.losses import (
    bce,
    bce_with_logits,
    bernoulli_entropy,
    continuous_bernoulli_nll,
    gaussian_nll,
    mse,
    squared_error,
)
from companion.manifold import SwissRoll, arc_length, distance_penalty, graph_distances, swiss_roll
from companion.pca import PCA, LinearAutoencoder, fit_on_covariance, principal_angles, principal_axes
from companion.plots import COLOURS, set_style, show_history, show_images, show_rows
from companion.scores import DigitClassifier, digit_classifier, frechet_distance
from companion.sparsity import (
    ShallowAutoencoder,
    active,
    bernoulli_kl,
    kl_sparse,
    l1_sparse,
    linear_probe,
    static,
    strength,
    top_k,
)
from companion.training import Step, TrainingWarning, evaluate, fit, pick_device
from companion.vae import (
    VAE,
    ConvVAE,
    active_units,
    importance_weighted_bound,
    kl_to_standard_normal,
    negative_elbo,
    reparameterize,
)

take_no_more_threads_than_lent()

__all__ = [
    "COLOURS",
    "PCA",
    "VAE",
    "ConvAutoencoder",
    "ConvVAE",
    "DenseAutoencoder",
    "DigitClassifier",
    "Explorer",
    "ImageData",
    "LinearAutoencoder",
    "PlaneExplorer",
    "ShallowAutoencoder",
    "Step",
    "SwissRoll",
    "TrainingWarning",
    "UNet",
    "active",
    "active_units",
    "answer_grey_",
    "arc_length",
    "article_network",
    "bce",
    "bce_with_logits",
    "bernoulli_entropy",
    "bernoulli_kl",
    "cifar10",
    "claim",
    "claims_made",
    "continuous_bernoulli_nll",
    "denoising",
    "digit_classifier",
    "digits",
    "distance_penalty",
    "evaluate",
    "fashion_mnist",
    "fit",
    "fit_on_covariance",
    "frechet_distance",
    "gaussian_nll",
    "gaussian_noise",
    "graph_distances",
    "importance_weighted_bound",
    "kl_sparse",
    "kl_to_standard_normal",
    "l1_sparse",
    "linear_probe",
    "masking_noise",
    "mlp",
    "mnist",
    "mse",
    "negative_elbo",
    "orthogonal_",
    "pick_device",
    "principal_angles",
    "principal_axes",
    "pytorch_default_",
    "reconstruction",
    "reparameterize",
    "salt_and_pepper_noise",
    "set_style",
    "show_history",
    "show_images",
    "show_rows",
    "squared_error",
    "static",
    "strength",
    "swiss_roll",
    "top_k",
    "tweedie_score",
]
