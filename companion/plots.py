"""Pictures of what goes in and what comes out: tensors and an optional ax -> the ax. Nothing here trains or loads."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from torch import Tensor

from companion._support.checks import check_images, check_labels, check_points, check_positive
from companion._support.themes import DIGITS, GRID, SERIES, drawn_for_the_page

# A colour for each of a few lines, and one for each digit. The pages have others in the dark: see there.
COLOURS, DIGIT_COLOURS = SERIES["light"], DIGITS["light"]
_GAP = 2  # pixels between two images of a grid, where the page shows through


def set_style() -> None:
    """The look of every figure in the book, for the running session: sharp on a phone, plain, colour-blind safe."""
    plt.rcParams.update(
        {
            "figure.dpi": 150,
            "figure.figsize": (7, 3.2),
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": GRID["light"],
            # Large, since a figure as wide as the page shrinks to half its size on a phone.
            "font.size": 13,
            "axes.titlesize": 14,
            "legend.fontsize": 12,
            "xtick.labelsize": 12,
            "ytick.labelsize": 12,
            "lines.linewidth": 2,
        }
    )
    if drawn_for_the_page():
        from companion._support.pictures import keep_for_the_page

        keep_for_the_page()


def show_images(x: Tensor, *, columns: int = 10, ax: Axes | None = None) -> Axes:
    """A grid of images, row by row: (B, 1, H, W) or (B, 3, H, W) -> ax. Values outside [0, 1] are drawn clipped.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, has neither 1 nor 3 channels, or ``columns`` is not
            a whole number above 0.
    """
    check_positive(columns, "columns", whole=True)
    images = _to_numpy(x, "x")
    rows = [images[i : i + columns] for i in range(0, len(images), columns)]
    return _draw_grid(rows, ax)


def show_rows(rows: Mapping[str, Tensor], *, titles: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """One labelled row of images for each entry, such as clean, noisy, denoised: {label: (B, C, H, W)} -> ax.

    Args:
        rows: from a label to images, all of the same size.
        titles: text above the columns.

    Raises:
        TypeError, ValueError: ``rows`` is empty, an entry is not a batch of images with 1 or 3 channels, or their
            sizes differ.
    """
    if not rows:
        raise ValueError("rows is empty; expected at least one entry, {label: images}.")
    images = [_to_numpy(x, f"rows[{label!r}]") for label, x in rows.items()]
    sizes = {label: image.shape[1:3] for label, image in zip(rows, images, strict=True)}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"rows have images of different sizes, {sizes}; expected one. Pad, crop or resize them.")
    ax = _draw_grid(images, ax)
    step_h, step_w = images[0].shape[1] + _GAP, images[0].shape[2] + _GAP
    ax.set_yticks([step_h * (i + 0.5) for i in range(len(rows))], rows.keys(), fontsize=13)  # with or without set_style
    if titles:
        ax.set_xticks([step_w * (i + 0.5) for i in range(len(titles))], titles, fontsize=13)
    return ax


def show_history(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """The loss after each epoch, and the test loss where it was measured: the history of ``fit`` -> ax.

    Raises:
        ValueError: there is no "loss" in ``history``.
    """
    if "loss" not in history:
        raise ValueError(f"history has the entries {sorted(history)}; expected 'loss', as returned by fit.")
    ax = ax or plt.gca()
    for name, label in (("loss", "training"), ("test_loss", "test")):
        if name in history:
            ax.plot(range(1, len(history[name]) + 1), history[name], label=label)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend()
    return ax


def show_map(
    z: Tensor, y: Tensor | None = None, *, ax: Axes | None = None, size: float = 5.0, label: bool = True
) -> Axes:
    """Points in the colour of their digit, each digit written where it is densest: (N, 2) or (N, 3), (N,) -> ax.

    Args:
        z: places on the map; three columns need an ``ax`` with three dimensions.
        y: labels 0 to 9; without them, all points are grey.
        size: of a point.
        label: False leaves out the written digits.

    Raises:
        TypeError, ValueError: ``z`` is not finite (N, 2) or (N, 3), or labels do not match it.
    """
    check_points(z)
    if z.shape[1] not in (2, 3):
        raise ValueError(f"z has {z.shape[1]} columns; expected 2, or 3 for an ax with three dimensions.")
    if ax is None:
        ax = plt.figure(figsize=(5, 5)).add_subplot(projection="3d" if z.shape[1] == 3 else None)
    canvas: Any = ax  # an Axes or, in space, an Axes3D
    if y is None:
        canvas.scatter(*z.T, s=size, color="#999999", linewidths=0)
    else:
        check_labels(y, z)
        if y.min() < 0 or y.max() > 9:
            raise ValueError(f"y has labels from {int(y.min())} to {int(y.max())}; expected digits 0 to 9.")
        canvas.scatter(*z.T, s=size, c=[DIGIT_COLOURS[digit] for digit in y.tolist()], linewidths=0)
        style = {"fontsize": 15, "weight": "bold", "ha": "center", "va": "center", "zorder": 10}
        style["path_effects"] = [withStroke(linewidth=3, foreground="white")]
        for digit in y.unique().tolist() if label else ():
            own = z[y == digit]
            fifth = -(-len(own) // 5)
            crowd = torch.cdist(own, own).kthvalue(fifth, dim=1).values.argmin()  # where its kind is densest
            canvas.text(*own[crowd].tolist(), str(digit), color=DIGIT_COLOURS[digit], **style)
    canvas.set(xticks=[], yticks=[])
    canvas.grid(False)
    if z.shape[1] == 3:
        canvas.set(zticks=[])
    return ax


def _to_numpy(x: Tensor, name: str) -> np.ndarray:
    """(B, C, H, W) tensor -> (B, H, W, 3) array in [0, 1]."""
    check_images(x, name, unit_range=False)
    if x.shape[1] not in (1, 3):
        raise ValueError(f"{name} has {x.shape[1]} channels; expected 1 (grey) or 3 (red, green, blue).")
    return x.detach().cpu().clamp(0, 1).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()


def _draw_grid(rows: Sequence[np.ndarray], ax: Axes | None) -> Axes:
    """Rows of (H, W, 3) images on one clear canvas, without axes."""
    h, w = rows[0].shape[1:3]
    step_h, step_w = h + _GAP, w + _GAP
    canvas = np.ones((len(rows) * step_h, max(map(len, rows)) * step_w, 4))
    canvas[..., 3] = 0
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            place = canvas[i * step_h + 1 : i * step_h + 1 + h, j * step_w + 1 : j * step_w + 1 + w]
            place[..., :3], place[..., 3] = image, 1
    if ax is None:
        height, width = canvas.shape[:2]
        ax = plt.figure(figsize=(7, 7 * height / width + 0.3)).gca()
    ax.imshow(canvas, interpolation="nearest", extent=(0, canvas.shape[1], canvas.shape[0], 0))
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
