"""The planes of a plain autoencoder and of a VAE, side by side: what is drawn at each place."""

from typing import Any

import torch
from torch import nn

from companion.datasets import digits
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of
from companion.training import redraw


def latent_plane(plain: Any = None, vae: Any = None) -> PlayFigure:
    """Two planes with the codes of 1,000 test digits, and in each a place to move about, decoded as it goes.

    Args:
        plain: in a live notebook, an autoencoder of yours with a code of two numbers.
        vae: with it, a VAE of yours with two units; default: the two that ship, trained as in lesson 4.

    Raises:
        ValueError: only one of the two is given.
    """
    if (plain is None) != (vae is None):
        raise ValueError(f"{'vae' if vae is None else 'plain'} is missing; expected both networks, or none of them.")
    still = (
        f'<img src="{png(tensors_of(shipped_model("latent-planes"))["still"])}" width="296" height="144" '
        'alt="Two grids of five by five pictures. Left, the plain autoencoder: black or nearly black. Right, the VAE: a digit or a blend of two in every cell.">'
        "<p>What a plain autoencoder (left) and a VAE (right) draw at the same 25 places around zero, from -2 to 2 in each "
        "of two numbers. With scripts on, you move about in both planes here.</p>"
    )
    own = None if plain is None or vae is None else [exported(plain, vae, bits=16)]
    label = "walk about in the planes of a plain autoencoder and of a VAE"
    return PlayFigure("latent-plane", label, still, ["latent-planes"], own)


def programs_of(plain: Any, vae: Any) -> dict:
    z = torch.zeros(1, 2)
    return {"plain": (plain.decode, (z,)), "vae": (vae.decode, (z,))}


@torch.no_grad()
def exported(plain: Any, vae: Any, bits: int) -> dict:
    """Both decoders, where the codes of the test digits lie, how wide the VAE's clouds are, and a still."""
    _, _, x, y = digits()
    mu, logvar = redraw(vae.encode, x)
    codes = {"plain": redraw(plain.encode, x), "vae": mu}
    arrays = {f"codes {name}": z.flatten() for name, z in codes.items()}  # flat tensors are kept whole
    arrays["sigma"] = (logvar / 2).exp().flatten()
    places = torch.linspace(-2, 2, 5)
    grid = torch.cartesian_prod(-places, places).flip(1)  # rows from top to bottom
    pictures = [redraw(net.decode, grid)[:, 0].unflatten(0, (5, 5)) for net in (plain, vae)]  # (5, 5, 28, 28) each
    sides = [nn.functional.pad(p.permute(0, 2, 1, 3).reshape(140, 140), (2, 2, 2, 2), value=0.4) for p in pictures]
    still = torch.cat([sides[0], torch.full((144, 8), 0.4), sides[1]], 1)
    facts = {
        "digits": "".join(str(int(d)) for d in y),
        "frames": {name: _frame(z) for name, z in codes.items()},
        "crowds": {name: [_crowd(z[y == d]) for d in range(10)] for name, z in codes.items()},
    }
    model = nn.ModuleDict({"plain": plain, "vae": vae})
    return export(model, programs_of(plain, vae), arrays | {"still": (still * 255).byte()}, facts, bits)


def _frame(z: torch.Tensor) -> list[float]:
    """A square around all codes and the circle of radius 2: (N, 2) -> x and y of its middle, half a side."""
    low, high = z.amin(0).clamp(max=-2), z.amax(0).clamp(min=2)
    return [round(float(v), 1) for v in (*(low + high) / 2, 0.53 * (high - low).max())]


def _crowd(z: torch.Tensor) -> list[float]:
    """Where the codes of one digit are densest, for its name: (N, 2) -> x, y."""
    fifth = -(-len(z) // 5)
    return [round(float(v), 2) for v in z[torch.cdist(z, z).kthvalue(fifth, dim=1).values.argmin()]]
