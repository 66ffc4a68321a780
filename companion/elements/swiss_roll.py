"""The Swiss roll in space beside its flat codes: what is brushed on the one lights up on the other."""

from collections.abc import Mapping
from math import cos, radians, sin

import torch
from torch import Tensor, nn

from companion.elements import PlayFigure, shipped_model
from companion.elements.dots import dots
from companion.elements.export import export, tensors_of

RING = 0.08  # radius of the brush on a code, of the code's larger side
COLOURS = ("#3e4c8a", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58")  # viridis, without its ends


def swiss_roll(
    points: Tensor | None = None,
    arc_length: Tensor | None = None,
    codes: Mapping[str, Tensor] | None = None,
    *,
    code: str = "plain",
) -> PlayFigure:
    """A rolled-up sheet to turn, beside its codes of two numbers; a brush on either lights up the same points on both.

    Args:
        points, arc_length, codes: in a live notebook, points of yours (N, 3), where on the sheet they lie (N,), and their
            codes, name -> (N, 2); default: 800 new points of lesson 5, and its codes.
        code: the code that is shown first.

    Raises:
        ValueError: only some of the three are given, their lengths differ, or ``code`` is not among the codes.
    """
    given = [points is not None, arc_length is not None, codes is not None]
    if points is not None and arc_length is not None and codes is not None:
        own = [roll_export(points, arc_length, codes)]
    elif any(given):
        raise ValueError("points, arc_length and codes belong together; expected all three, or none.")
    else:
        own = None
    shown = own[0] if own else shipped_model("swiss-roll")
    if code not in shown["facts"]["codes"]:
        raise ValueError(f"code is {code!r}; expected one of {shown['facts']['codes']}.")
    return PlayFigure(
        "swiss-roll", "brush the Swiss roll and its codes", _still(shown), ["swiss-roll"], own, {"code": code}
    )


def roll_export(points: Tensor, arc_length: Tensor, codes: Mapping[str, Tensor]) -> dict:
    """Points (N, 3), their arc length (N,) and codes (N, 2) for the figure, each code with the place to look at first.

    There, a ring on the code holds points from the most distant parts of the sheet.
    """
    if lengths := {len(points), len(arc_length), *map(len, codes.values())} - {len(points)}:
        raise ValueError(f"{len(points)} points and {sorted(lengths)} of what belongs to them; expected equal lengths.")
    start = {}
    for name, z in codes.items():
        near = torch.cdist(z, z) < RING * (z.amax(0) - z.amin(0)).max()  # (N, N)
        start[name] = max(range(len(z)), key=lambda i: float(spread(arc_length[near[i]])))
    arrays = {"points": points, "arc length": arc_length} | {f"code {name}": z for name, z in codes.items()}
    return export(nn.Module(), {}, arrays, {"codes": list(codes), "start": start, "ring": RING}, bits=16)


def spread(values: Tensor) -> Tensor:
    """How far apart the farthest two lie."""
    return values.max() - values.min()


def _still(exported: Mapping) -> str:
    tensors = {name: t[::2] for name, t in tensors_of(exported).items()}
    points, length = tensors["points"], tensors["arc length"]
    turn, tilt = radians(35), radians(25)
    right = torch.tensor([cos(turn), 0, -sin(turn)])
    up = torch.tensor([-sin(turn) * sin(tilt), cos(tilt), -cos(turn) * sin(tilt)])
    panels = {"the roll": torch.stack([points @ right, points @ up], 1)}
    panels |= {name: tensors[f"code {name}"] for name in exported["facts"]["codes"]}
    group = ((length - length.min()) / spread(length) * len(COLOURS)).long().clamp(max=len(COLOURS) - 1)
    alt = "A rolled-up sheet of points, coloured along the sheet, and its flat codes in the same colours."
    return dots(panels, group, COLOURS, alt) + (
        "<p>The roll, and codes of two numbers, coloured by the arc length along the sheet. The plain network's code is as flat as "
        "any, and lays far parts of the sheet over each other. With scripts on, you turn the roll and brush its points here.</p>"
    )
