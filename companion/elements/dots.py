"""Places on a plane as a small drawing, for where no script runs: panels of coloured dots with a title each."""

from collections.abc import Mapping, Sequence
from html import escape

import torch
from torch import Tensor

SIDE = 160  # of a panel, in units of the drawing


def fitted(z: Tensor) -> Tensor:
    """Places (N, 2) -> the same in a square from 0 to 1, as large as fits and not stretched, with up at the top."""
    low, high = z.amin(0), z.amax(0)
    placed = (z - (low + high) / 2) / (high - low).max().clamp(min=1e-12) * 0.94 + 0.5
    return torch.stack([placed[:, 0], 1 - placed[:, 1]], 1)


def dots(panels: Mapping[str, Tensor], groups: Tensor, colours: Sequence[str], alt: str) -> str:
    """SVG with a panel for each of the maps (N, 2), two in a row; groups (N,) says which of the colours each point has."""
    drawn = ""
    for i, (title, z) in enumerate(panels.items()):
        x, y = SIDE * (i % 2), (SIDE + 20) * (i // 2)
        drawn += f'<text x="{x + 4}" y="{y + 14}" fill="currentColor" font-size="14">{escape(title)}</text>'
        whole = (fitted(z) * (SIDE - 8) + torch.tensor([x + 4, y + 20])).round().int()
        for group in groups.unique().tolist():
            # a line of no length with round ends is a dot
            path = "".join(f"M{a} {b}h0" for a, b in whole[groups == group].tolist())
            drawn += f'<path d="{path}" stroke="{colours[group]}"/>'
    rows = -(-len(panels) // 2)
    size = f'viewBox="0 0 {2 * SIDE} {(SIDE + 20) * rows}" style="width: 100%; max-width: 30rem"'
    return f'<svg {size} role="img" aria-label="{escape(alt)}"><g stroke-width="4" stroke-linecap="round">{drawn}</g></svg>'
