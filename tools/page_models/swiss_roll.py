"""Points of the Swiss roll, and what the three methods of lesson 5 make of them: PCA, a plain network, one that keeps distances."""

import torch
from torch import Tensor, nn

from companion.elements.swiss_roll import roll_export
from companion.manifold import distance_penalty, graph_distances, swiss_roll

SHOWN = 800


def module() -> nn.Module:
    """The figure shows places; no network runs in it."""
    return nn.Module()


def programs(model: nn.Module) -> dict:
    return {}


def stack(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def train(x: Tensor, distances: Tensor | None = None, steps: int = 1000) -> nn.Module:
    """As the lesson does: 1,000 batches of 128 points -> the encoder."""
    torch.manual_seed(0)
    encoder, decoder = stack(3, 64, 64, 2), stack(2, 64, 64, 3)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, steps)
    for _ in range(steps):
        i = torch.randint(len(x), (128,))
        z = encoder(x[i])
        loss = (decoder(z) - x[i]).square().mean()
        if distances is not None:
            loss = loss + 10 * distance_penalty(z, distances[i][:, i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return encoder


@torch.no_grad()
def make() -> dict:
    roll = swiss_roll(3000)
    x, new = roll.points[:2000], roll.points[2000 : 2000 + SHOWN]
    v = torch.linalg.svd(x, full_matrices=False).Vh[:2]
    with torch.enable_grad():
        plain, unrolled = train(x), train(x, graph_distances(x))
    codes = {"PCA": new @ v.T, "plain": plain(new), "with penalty": unrolled(new)}
    return roll_export(new, roll.arc_length[2000 : 2000 + SHOWN], codes)
