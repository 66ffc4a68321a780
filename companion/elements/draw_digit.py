"""Draw a digit, and see what a few numbers keep of it."""

from collections.abc import Sequence

import torch
from torch import nn

from companion.anomaly import reconstruction_error
from companion.datasets import digits
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of
from companion.pca import PCA


def draw_digit(
    model: nn.Module | None = None, *, shows: Sequence[str] = ("code", "pca", "strange"), size: int = 32
) -> PlayFigure:
    """A pad to draw on, and beside it what networks with 2 to 32 numbers, and PCA, redraw.

    Args:
        model: in a live notebook, an autoencoder of yours, with encode (B, 1, 28, 28) -> (B, k) and decode; default: those that
            ship, with codes of 2, 4, 8, 16 and 32 numbers.
        shows: what stands beside the redrawn digit: "code" (bars to drag), "pca", "strange" (how unusual the drawing is).
        size: the code size that is chosen first.
    """
    still = (
        f'<img src="{png(tensors_of(shipped_model("drawn-digits"))["still"])}" width="232" height="232" '
        'alt="Four handwritten digits, and below each what a network redraws from 2, 8 and 32 numbers: the fewer, the more alike.">'
        "<p>Four digits (top), and what networks redraw from 2, 8 and 32 numbers of each. With scripts on, you draw your own here.</p>"
    )
    settings = {"shows": " ".join(shows)} | ({} if model else {"size": size})
    own = None if model is None else [_export(model)]
    return PlayFigure(
        "draw-digit", "draw a digit, and drag the numbers of its code", still, ["drawn-digits"], own, settings
    )


@torch.no_grad()
def measured(model: nn.Module, k: int) -> dict:
    """What the figure compares with: errors of 1,000 new digits, every tenth in order, and where most codes of the others lie."""
    data = digits()
    error = reconstruction_error(model, data.x_test).sort().values
    z = model.encode(data.x_train)
    spread = [[round(float(v), 3) for v in z.quantile(q, 0)] for q in (0.01, 0.99)]
    return {"errors": {k: [round(float(v), 5) for v in error[4::10]]}, "spread": {k: spread}}


def _export(model: nn.Module) -> dict:
    data = digits()
    x = data.x_test[:1]
    z = model.encode(x)
    k = z.shape[1]
    pca = PCA(data.x_train, k)
    programs = {
        f"encode {k}": (model.encode, (x,)),
        f"decode {k}": (model.decode, (z.detach(),)),
        "pca encode": (pca.encode, (x,)),
        "pca decode": (pca.decode, (z.detach(),)),
    }
    some = data.x_test[::71, 0]
    return export(model, programs, {"digits": (some * 255).byte()}, {"sizes": [k]} | measured(model, k), bits=16)
