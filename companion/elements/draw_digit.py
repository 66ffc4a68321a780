"""Draw a digit, and see what a few numbers keep of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from companion.anomaly import reconstruction_error
from companion.datasets import digits
from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import export, tensors_of
from companion.pca import PCA


def draw_digit(
    model: nn.Module | Mapping[int, nn.Module] | None = None,
    *,
    shows: Sequence[str] = ("code", "pca", "strange"),
    size: int = 32,
) -> PlayFigure:
    """A pad to draw on, and beside it what networks with 2 to 32 numbers, and PCA, redraw.

    Args:
        model: in a live notebook, an autoencoder of yours, with encode (B, 1, 28, 28) -> (B, k) and decode, or several,
            {k: model}; default: those that ship, with codes of 2, 4, 8, 16 and 32 numbers.
        shows: what stands beside the redrawn digit: "code" (bars to drag), "pca", "strange" (how unusual the drawing is).
        size: the code size that is chosen first.
    """
    still = (
        f'<img src="{png(tensors_of(shipped_model("drawn-digits"))["still"])}" width="232" height="232" '
        'alt="Four handwritten digits, and below each what a network redraws from 2, 8 and 32 numbers: the fewer, the more alike.">'
        "<p>Four digits (top), and what networks redraw from 2, 8 and 32 numbers of each. With scripts on, you draw your own here.</p>"
    )
    own, settings = None, {"shows": " ".join(shows), "size": size}
    if model is not None:
        models = list(model.values()) if isinstance(model, Mapping) else [model]
        own = [_export(nn.ModuleList(models))]
        if len(models) == 1:
            del settings["size"]  # there is nothing to choose
    return PlayFigure(
        "draw-digit", "draw a digit, and drag the numbers of its code", still, ["drawn-digits"], own, settings
    )


@torch.no_grad()
def measured(model: Any) -> dict:
    """What the figure compares with: errors of 1,000 new digits, every tenth in order, and where most codes of the others lie."""
    data = digits()
    error = reconstruction_error(model, data.x_test).sort().values
    z = model.encode(data.x_train)
    spread = [[round(float(v), 3) for v in z.quantile(q, 0)] for q in (0.01, 0.99)]
    k = z.shape[1]
    return {"errors": {k: [round(float(v), 5) for v in error[4::10]]}, "spread": {k: spread}}


def with_facts(models: Iterable[Any]) -> dict:
    """The facts of an export: the code sizes, and what :func:`measured` says of each model."""
    made = [measured(model) for model in models]
    errors = {k: e for one in made for k, e in one["errors"].items()}
    return {"sizes": list(errors), "errors": errors, "spread": {k: s for one in made for k, s in one["spread"].items()}}


def _export(models: Any) -> dict:
    data = digits()
    x = data.x_test[:1]
    facts = with_facts(models)
    pca = PCA(data.x_train, max(facts["sizes"]))
    programs = {"pca encode": (pca.encode, (x,)), "pca decode": (pca.decode, (pca.encode(x),))}
    for k, model in zip(facts["sizes"], models, strict=True):
        programs |= {f"encode {k}": (model.encode, (x,)), f"decode {k}": (model.decode, (model.encode(x).detach(),))}
    return export(models, programs, {"digits": (data.x_test[::71, 0] * 255).byte()}, facts, bits=16)
