"""A plain autoencoder and a VAE with codes of two numbers, trained as in lesson 4, for the figure that decodes any place of their planes."""

import torch
from torch import nn

from companion import DenseAutoencoder, digits, fit, reconstruction
from companion.elements.export import round_weights
from companion.elements.latent_plane import exported, programs_of
from companion.vae import VAE, negative_elbo

RECIPE = {"epochs": 15, "batch_size": 50, "lr": 5e-3, "device": "cpu"}


def module() -> nn.ModuleDict:
    """As it is before training: the tests fill it with the shipped weights."""
    torch.manual_seed(0)
    plain = DenseAutoencoder(2, hidden=(128, 64))
    torch.manual_seed(0)
    return nn.ModuleDict({"plain": plain, "vae": VAE(2, hidden=(128, 64))})


def programs(model: nn.ModuleDict) -> dict:
    return programs_of(model["plain"], model["vae"])


def make() -> dict:
    model = module()
    for name, objective in (("plain", reconstruction()), ("vae", negative_elbo())):
        torch.manual_seed(0)
        fit(model[name], digits().x_train, objective, **RECIPE)
    round_weights(model, 8)
    return exported(model["plain"], model["vae"], bits=8)
