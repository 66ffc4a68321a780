"""A narrow network and a small U-Net that remove noise, PCA and the Wiener filter beside them, for the figure on noise."""

import torch
from torch import nn

from companion import DenseAutoencoder, digits, fit
from companion.denoising import UNet, denoising
from companion.elements.export import export, round_weights
from companion.elements.noise import Cleaners


def module() -> Cleaners:
    """As it is before training: the tests fill it with the shipped weights."""
    return Cleaners(DenseAutoencoder(32), UNet((8, 16, 32)), digits().x_train)


def programs(model: Cleaners) -> dict:
    return model.programs()


@torch.no_grad()
def still(model: Cleaners, x: torch.Tensor) -> torch.Tensor:
    """A digit (1, 1, 28, 28) at three levels of the same noise, one in a row, and what the four make of it -> (90, 180)."""
    torch.manual_seed(2)
    eps = torch.randn_like(x)
    rows = []
    for sigma in (0.1, 0.2, 0.6):
        x_noisy = x + sigma * eps
        shown = [x, x_noisy, *(clean(x_noisy) for clean in (model.pca, model.wiener, model.narrow, model.unet))]
        edged = nn.functional.pad(torch.cat(shown).clamp(0, 1), (1, 1, 1, 1), value=0.4)  # (6, 1, 30, 30)
        rows.append(torch.cat(list(edged[:, 0]), 1))
    return torch.cat(rows)


def make() -> dict:
    data = digits()
    torch.manual_seed(0)
    model = module()
    torch.manual_seed(0)
    fit(model.narrow, data.x_train, denoising(), epochs=40, seed=0)  # the recipe of lesson 6
    fit(model.unet, data.x_train, denoising(), epochs=4, batch_size=16, lr=5e-3, seed=0)
    round_weights(model, 8)
    some = torch.cat([(data.y_test == d).nonzero()[:1, 0] for d in (4, 2, 7, 3, 8, 0, 5, 9, 6, 1)])
    x = data.x_test[some]
    pictures = {"digits": x[:, 0], "still": still(model, x[:1])}
    return export(model, programs(model), {name: (p * 255).byte() for name, p in pictures.items()})
