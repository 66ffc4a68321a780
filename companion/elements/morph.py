"""From one digit to another: on the way through a VAE's code, and by fading pixels into one another."""

from typing import Any

import torch

from companion.datasets import digits
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of


def morph(model: Any = None) -> PlayFigure:
    """Two digits, drawn or chosen, and a slider between them: the straight way between their codes beside that between their pixels.

    Args:
        model: in a live notebook, a VAE of yours, with encode (B, 1, 28, 28) -> mu, logvar and decode; default: the one that
            ships, with eight units.
    """
    still = (
        f'<img src="{png(tensors_of(shipped_model("beta-vaes"))["still morph"])}" width="420" height="120" '
        'alt="Two rows of seven pictures. Top: a 0 whose strokes move until it is a 4. Bottom: a 0 that pales while a 4 appears on top of it.">'
        "<p>From a 0 to a 4: through a VAE's code the strokes move (top); fading pixels show both digits at once (bottom). With scripts on, "
        "you choose or draw the two digits here.</p>"
    )
    own = None if model is None else [_export(model)]
    return PlayFigure("morph", "morph one digit into another", still, ["beta-vaes"], own)


def morph_programs(model: Any) -> dict:
    """The middle of an image's cloud, and what a code is decoded to."""
    with torch.no_grad():
        mu, _ = model.encode(torch.zeros(1, 1, 28, 28))
    return {"encode": (lambda x: model.encode(x)[0], (torch.zeros(1, 1, 28, 28),)), "decode": (model.decode, (mu,))}


def _export(model: Any) -> dict:
    programs = {
        f"{name} 1": program for name, program in morph_programs(model).items()
    }  # named as in the shipped file, where beta is 1
    return export(model, programs, {"digits": (digits().x_test[::71, 0] * 255).byte()}, bits=16)
