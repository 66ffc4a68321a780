"""Maps of the same digits, side by side: one digit marked in all of them, with its nearest neighbours in pixels."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from companion.elements import PlayFigure, shipped_model
from companion.elements.dots import dots
from companion.elements.export import export, tensors_of
from companion.plots import DIGIT_COLOURS

NEIGHBOURS = 10


def linked_maps(
    maps: Mapping[str, Tensor] | None = None, x: Tensor | None = None, y: Tensor | None = None
) -> PlayFigure:
    """Maps of digits; the digit that is pointed at is marked in each, with its ten nearest neighbours in pixels.

    Args:
        maps, x, y: in a live notebook, maps of yours, name -> (N, 2), of digits (N, 1, 28, 28) with labels (N,); default:
            the four maps of lesson 9.

    Raises:
        ValueError: only some of the three are given, or their lengths differ.
    """
    if maps is not None and x is not None and y is not None:
        own = [maps_export(maps, x, y)]
    elif maps is not None or x is not None or y is not None:
        raise ValueError("maps, x and y belong together; expected all three, or none.")
    else:
        own = None
    shown = own[0] if own else shipped_model("digit-maps")
    return PlayFigure("linked-maps", "find a digit on every map", _still(shown), ["digit-maps"], own)


def nearest(points: Tensor) -> Tensor:
    """The ten nearest others of each point: (N, D) -> (N, 10), the nearest first."""
    d = torch.cdist(points.double(), points.double()).fill_diagonal_(torch.inf)
    return d.topk(NEIGHBOURS, largest=False).indices


def kept(z: Tensor, true: Tensor) -> Tensor:
    """How many of each point's neighbours ``true`` (N, 10) are among its ten nearest on a map z (N, 2): -> (N,)."""
    return (nearest(z)[:, :, None] == true[:, None]).sum((1, 2))


def maps_export(maps: Mapping[str, Tensor], x: Tensor, y: Tensor) -> dict:
    """Maps (N, 2) of digits x (N, 1, 28, 28) with labels y (N,), for the figure, and which digit to look at first."""
    if lengths := {len(y), *map(len, maps.values())} - {len(x)}:
        raise ValueError(f"{len(x)} digits and {sorted(lengths)} labels or places; expected equal lengths.")
    places = {name: z.half().float() for name, z in maps.items()}  # as they are stored
    true = nearest(x.flatten(1))
    counts = torch.stack([kept(z, true) for z in places.values()])  # (maps, N)
    # how far off a digit's neighbours lie, on average, in widths of the map: (maps, N)
    far = torch.stack(
        [(z[true] - z[:, None]).norm(dim=2).mean(1) / (z.amax(0) - z.amin(0)).max() for z in places.values()]
    )
    pictures = (x[:, 0] * 15).round().byte() * 17  # 16 greys: they pack well
    facts = {
        "maps": list(maps),
        "labels": y.tolist(),
        "neighbours": true.tolist(),
        "kept": [round(float(c), 1) for c in counts.float().mean(1)],
        # of those whose neighbours one map keeps, the one for which another puts them farthest off
        "start": int((far.amax(0) * (counts.amax(0) >= min(7, int(counts.max())))).argmax()),
    }
    arrays = {f"map {name}": z for name, z in maps.items()} | {"pictures": pictures}
    return export(nn.Module(), {}, arrays, facts, bits=16)


def _still(exported: Mapping) -> str:
    tensors, facts = tensors_of(exported), exported["facts"]
    some = slice(None, None, 3)
    panels = {name: tensors[f"map {name}"][some] for name in facts["maps"]}
    colours = [f"var(--digit-{d}, {colour})" for d, colour in enumerate(DIGIT_COLOURS)]
    shares = ", ".join(f"{name} {share}" for name, share in zip(facts["maps"], facts["kept"], strict=True))
    alt = f"Maps of the same digits, coloured by kind: {', '.join(facts['maps'])}."
    return dots(panels, torch.tensor(facts["labels"])[some], colours, alt) + (
        f"<p>The same digits on {len(panels)} maps. Of a digit's ten nearest neighbours in pixels, so many are among its ten nearest on "
        f"the map, on average: {shares}. With scripts on, you find a digit and its neighbours on each map here.</p>"
    )
