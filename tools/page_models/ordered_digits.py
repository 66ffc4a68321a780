"""The latent diffusion that ships with the package, in eight bits a weight, for the figure that walks from noise to a digit."""

import torch
from torch import nn

from companion.diffusion import Guided, sample, signal_and_noise, trained_conditional_diffusion
from companion.elements.diffusion import Parts
from companion.elements.export import export, round_weights

STEPS, SEVEN = 21, torch.tensor([7])


def module() -> Parts:
    """As it ships: the tests fill it with the rounded weights."""
    return Parts(*trained_conditional_diffusion())


def programs(model: Parts) -> dict:
    return model.programs()


@torch.no_grad()
def still(model: Parts, code: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Codes (1, 32) each: there, back and the guesses at eight times, from 0 to 1 -> (90, 240)."""
    guided, seen = Guided(model.denoiser, SEVEN, 1), []
    guided.register_forward_hook(lambda _, given, guess: seen.append((given[0], guess)))
    end = sample(guided, noise, STEPS)
    walk = [*seen, (end, end)][::-3]  # from time 0 to time 1
    a, s = signal_and_noise(torch.linspace(0, 1, len(walk)), 2)
    rows = a * code + s * noise, *(torch.cat(codes) for codes in zip(*walk, strict=True))
    pictures = nn.functional.pad(model.space.decode(torch.cat(rows)), (1, 1, 1, 1), value=0.4)  # (24, 1, 30, 30)
    return pictures.reshape(3, 8, 30, 30).permute(0, 2, 1, 3).reshape(90, 240)


def make() -> dict:
    model = module()
    round_weights(model, 8)
    arrays = model.arrays()
    picture = still(model, arrays["codes"][7:8], arrays["noise"][None])
    return export(model, model.programs(), arrays | {"still": (picture * 255).byte()})
