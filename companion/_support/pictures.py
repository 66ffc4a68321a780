"""A figure as the built page shows it: for light and dark pages, and laid out anew for the width of a phone."""

import colorsys
import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from PIL import Image

from companion._support.themes import DIGITS, GRID, MIME, PAGE, SERIES, TEXT

DPI = 200  # two dots for a CSS pixel, where a page shows an inch as 96 of them
# Inches: on a phone, 360 CSS pixels wide, letters of 12 points are then 13 pixels high; or else a little less.
NARROW = (4.6, 5.1, 5.6)
SMALLEST = 1.5  # inches: a panel that is narrower, or half as wide if it has no scale, gets a row of its own
READABLE = 4.5  # contrast of text (WCAG AA); of what is no text, 3


def luminance(colour) -> float:
    rgb = np.asarray(to_rgb(colour))
    return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(a, b) -> float:
    """Of two colours, from 1 to 21, as WCAG defines it."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lifted(colour, theme: str, least: float) -> tuple[float, ...]:
    """The colour, mixed with that of the theme's text until it has a contrast of ``least`` with the page."""
    rgb, text = np.asarray(to_rgb(colour)), np.asarray(to_rgb(TEXT[theme]))
    return next(tuple(c) for t in np.linspace(0, 1, 51) if contrast(c := rgb + t * (text - rgb), PAGE[theme]) >= least)


KNOWN = dict(zip(SERIES["light"] + DIGITS["light"], SERIES["dark"] + DIGITS["dark"], strict=True))
KNOWN |= {PAGE["light"]: PAGE["dark"], GRID["light"]: GRID["dark"], "#000000": TEXT["dark"]}


@lru_cache(maxsize=10_000)
def on_dark(colour: str) -> tuple[float, ...]:
    """What stands on the dark page for a colour of the light one.

    The palette has colours of its own for it. A grey has a little more contrast with the page than on the light one, since
    less looks fainter in the dark; a pale tint becomes a deep one; and another colour stays, unless it is too dark to be
    seen.
    """
    if colour in KNOWN:
        return to_rgb(KNOWN[colour])
    rgb = to_rgb(colour)
    hue, lightness, saturation = colorsys.rgb_to_hls(*rgb)
    if max(rgb) - min(rgb) < 0.06:
        return _grey(contrast(rgb, PAGE["light"]) ** 1.3)
    if max(rgb) - min(rgb) < 0.3 and contrast(rgb, PAGE["light"]) < 2.5:
        return colorsys.hls_to_rgb(hue, 1.05 - lightness, saturation * 0.6)
    return lifted(rgb, "dark", 3)


def _grey(wanted: float) -> tuple[float, ...]:
    """The mixture of the dark page's background and text that has the wanted contrast with the page."""
    page, text = np.asarray(to_rgb(PAGE["dark"])), np.asarray(to_rgb(TEXT["dark"]))
    mixtures = [tuple(page + t * (text - page)) for t in np.linspace(0, 1, 101)]
    return min(mixtures, key=lambda mixture: abs(contrast(mixture, PAGE["dark"]) - wanted))


@lru_cache(maxsize=10_000)
def _line(colour: str, theme: str) -> tuple[float, ...]:
    return on_dark(colour) if theme == "dark" else to_rgb(colour)


@lru_cache(maxsize=10_000)
def _letters(colour: str, theme: str) -> tuple[float, ...]:
    # What can hardly be seen on the page stands on something else: white on a bar.
    own = _line(colour, theme)
    return own if contrast(own, PAGE[theme]) < 1.6 else lifted(own, theme, READABLE)


def _clearer(colour: str, theme: str, below: tuple[float, ...]) -> tuple[float, ...]:
    """Letters on a picture, a bar or a cell: as in the theme, or else as they were, whichever is seen better."""
    return max(_letters(colour, theme), to_rgb(colour), key=lambda own: contrast(own, below))


class Renderer(RendererAgg):
    """Draws every line, area and letter in the colour that it has in the theme. Images, which are data, stay as they are."""

    def __init__(self, width: float, height: float, dpi: float, theme: str):
        self.theme = theme
        self.texts: list[tuple[float, float, float, float]] = []  # left, bottom, right, top of each line of text
        super().__init__(width, height, dpi)

    def clear(self) -> None:
        super().clear()
        self.texts = []

    def _update_methods(self) -> None:
        super()._update_methods()
        markers, paths = self._renderer.draw_markers, self._renderer.draw_path_collection

        def draw_markers(gc, path, transform, places, to_places, face=None):
            markers(self._own(gc), path, transform, places, to_places, self._area(face))

        def draw_path_collection(gc, transform, *where_and_colours, **more):
            *where, faces, edges = where_and_colours[:6]
            paths(gc, transform, *where, self._areas(faces), self._areas(edges), *where_and_colours[6:], **more)

        # Of this object, where matplotlib puts its own.
        vars(self).update(draw_markers=draw_markers, draw_path_collection=draw_path_collection)

    def _area(self, colour):
        return None if colour is None else (*_line(to_hex(colour), self.theme), *colour[3:])

    def _areas(self, colours) -> np.ndarray:
        own, which = np.unique(np.reshape(colours, (-1, 4)), axis=0, return_inverse=True)
        return np.array([self._area(tuple(c)) for c in own]).reshape(-1, 4)[which.reshape(-1)]

    def _own(self, gc, chosen: Callable = _line):
        own = self.new_gc()
        own.copy_properties(gc)
        own.set_foreground((*chosen(to_hex(gc.get_rgb()), self.theme), *gc.get_rgb()[3:]), isRGBA=True)
        if gc.get_hatch():
            own.set_hatch_color(to_hex(_line(to_hex(gc.get_hatch_color()), self.theme)))
        return own

    def draw_path(self, gc, path, transform, rgbFace=None):  # noqa: N803 (matplotlib's name)
        super().draw_path(self._own(gc), path, transform, self._area(rgbFace))

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        width, height, _ = self.get_text_width_height_descent(s, prop, ismath)
        chosen = _letters
        if angle in (0, 90):
            box = (x, y - height, x + width, y) if angle == 0 else (x - height, y - width, x, y)
            self.texts.append(box)
            if (below := self._below(box)) is not None:
                chosen = partial(_clearer, below=below)
        super().draw_text(self._own(gc, chosen), x, y, s, prop, angle, ismath, mtext)

    def _below(self, box: tuple[float, float, float, float]) -> tuple[float, ...] | None:
        """The colour of what has been drawn where letters are to stand; None where the page shows through."""
        left, top, right, bottom = (max(0, round(edge)) for edge in box)
        there = np.asarray(self.buffer_rgba())[top : bottom + 1, left : right + 1] / 255
        if there.size == 0 or there[..., 3].mean() < 0.9:
            return None
        return tuple(there[..., :3].mean((0, 1)))


class _Canvas(FigureCanvasAgg):
    theme = "light"

    def get_renderer(self):
        now = *self.figure.bbox.size, self.figure.dpi, self.theme
        if now != getattr(self, "_as_of", None):
            self._as_of, self.renderer = now, Renderer(*now)
        return self.renderer


def _dark_colormaps(figure: Any) -> list[tuple[Any, Any]]:
    """Which images, meshes and scales of the figure need another colormap on the dark page, and which.

    Where a colormap is white, at its beginning or half-way, nothing is: there it is the page. The scale beside points has
    their colours.
    """
    found: list[tuple[Any, Any]] = []
    steps = np.linspace(0, 1, 256)
    for shown in figure.findobj(lambda artist: isinstance(artist, AxesImage | Collection)):
        cmap = shown.get_cmap()
        if shown.get_array() is None:
            continue
        if not isinstance(shown, AxesImage | QuadMesh):
            if shown.colorbar:
                lifted_map = ListedColormap([on_dark(to_hex(colour)) for colour in cmap(steps)])
                found.append((shown.colorbar.solids, lifted_map))
        elif not cmap.name.startswith(("gray", "grey")):
            page, ends = to_rgb(PAGE["dark"]), None
            if contrast(cmap(0.0), PAGE["light"]) < 1.15:
                ends = [page, cmap(0.7)[:3], cmap(0.15)[:3]]
            elif contrast(cmap(0.5), PAGE["light"]) < 1.15:  # white half-way, at zero
                ends = [cmap(0.25)[:3], page, cmap(0.75)[:3]]
            if ends:
                mixed = [np.interp(2 * steps, range(3), channel) for channel in zip(*ends, strict=True)]
                found.append((shown, ListedColormap(np.stack(mixed, 1))))
    return found


@contextmanager
def _without_boxes(figure: Any) -> Iterator[None]:
    """For a while, the page shows through the figure and its axes, whose white is no data."""
    patches = [figure.patch, *(ax.patch for ax in figure.findobj(Axes) if to_hex(ax.get_facecolor()) == PAGE["light"])]
    seen = [patch for patch in patches if patch.get_visible()]
    for patch in seen:
        patch.set_visible(False)
    yield
    for patch in seen:
        patch.set_visible(True)


def _drawn(canvas: _Canvas, theme: str, tight: bool) -> dict[str, Any]:
    """The figure in a theme, as it is laid out: its source for the page, and its size in CSS pixels."""
    canvas.theme = theme
    swapped = _dark_colormaps(canvas.figure) if theme == "dark" else []
    before = [shown.get_cmap() for shown, _ in swapped]
    for shown, cmap in swapped:
        shown.set_cmap(cmap)
    png = BytesIO()
    box = {"bbox_inches": "tight"} if tight else {}
    more: dict[str, Any] = {"dpi": DPI, "pil_kwargs": {"compress_level": 0}, **box}
    canvas.print_figure(png, format="png", facecolor="none", edgecolor="none", **more)
    for (shown, _), cmap in zip(swapped, before, strict=True):
        shown.set_cmap(cmap)
    picture = Image.open(png)
    width, height = (round(pixels * 96 / DPI) for pixels in picture.size)
    source = f"data:image/webp;base64,{b64encode(_packed(picture)).decode()}"
    return {"src": source, "width": width, "height": height}


def _packed(picture: Image.Image) -> bytes:
    """A WebP file: with 256 colours if these are enough, which makes it a third as long."""
    few = picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGBA")
    lost = np.abs(np.asarray(few, dtype=int) - np.asarray(picture, dtype=int)).mean()
    webp = BytesIO()
    if lost < 2:  # of 255
        few.save(webp, format="WEBP", lossless=True, quality=60, method=3)
    else:  # photographs
        picture.save(webp, format="WEBP", quality=92)
    return webp.getvalue()


def pictures(figure: Any, *, tight: bool = True) -> dict[str, dict[str, Any]]:
    """The figure for a wide and, where it can be laid out anew, for a narrow page, in both themes."""
    old, engine, dpi = figure.canvas, figure.get_layout_engine(), figure.dpi
    canvas = _Canvas(figure)
    found = {}
    # With this setting, matplotlib gives a figure that has no layout one, once it is saved.
    with _without_boxes(figure), rc_context({"figure.constrained_layout.use": False}):
        figure.dpi = DPI
        canvas.draw()
        figure.set_layout_engine("none")
        found = {theme: _drawn(canvas, theme, tight) for theme in PAGE}
        crowd = crowded(canvas.renderer.texts)
        if not figure.artists:  # drawn between the panels, which must stay where they are
            figure.set_layout_engine(engine)
        for width, columns in product(NARROW, range(_columns(figure), 0, -1)):
            if figure.get_figwidth() < 1.05 * width:
                break
            with narrowed(figure, width, columns) as fits:
                canvas.draw()
                if fits() and crowded(canvas.renderer.texts) <= crowd:
                    figure.set_layout_engine("none")
                    found |= {f"narrow {theme}": _drawn(canvas, theme, tight) for theme in PAGE}
                    break
        figure.set_layout_engine(engine)
    figure.set_canvas(old)
    figure.dpi = dpi
    return found


def keep_for_the_page() -> None:
    """From now on, a figure that a cell shows also carries its pictures for the page."""
    from IPython import get_ipython

    if shell := get_ipython():
        shell.display_formatter.mimebundle_formatter.for_type(Figure, lambda figure, **_: {MIME: pictures(figure)})


def crowded(texts: list[tuple[float, float, float, float]]) -> int:
    """How many pairs of lines of text touch."""
    box = np.array(texts).reshape(-1, 4)
    shared = np.minimum(box[:, None, 2:], box[None, :, 2:]) - np.maximum(box[:, None, :2], box[None, :, :2])
    return int(np.triu((shared > (-6, 0)).all(2), 1).sum())  # less than two pixels of the page between two words


def _cells(figure: Any) -> dict[int, list]:
    """The axes in each cell of the figure's grid; empty where there is no single one of equal cells.

    Empty, too, where the cells belong together: something is drawn across them, or one has its names from its neighbour.
    """
    placed = [ax for ax in figure.axes if ax.get_subplotspec()]
    grids = {ax.get_subplotspec().get_gridspec() for ax in placed}
    wide = any(ax.get_subplotspec().num1 != ax.get_subplotspec().num2 for ax in placed)
    nameless = any(len(ax.get_xticks()) and not len(ax.get_yticks()) for ax in placed)
    if len(grids) != 1 or wide or nameless or figure.artists or figure.subfigs:
        return {}
    cells: dict[int, list] = {}
    for ax in sorted(placed, key=lambda ax: ax.get_subplotspec().num1):
        cells.setdefault(ax.get_subplotspec().num1, []).append(ax)
    return cells


def _columns(figure: Any) -> int:
    """How many panels of a row might stand one below the other; rows that stand there already stay as they are."""
    grid = next(iter(_cells(figure).values()))[0].get_gridspec() if _cells(figure) else None
    return grid.ncols if grid and grid.nrows == 1 else 1


def _wrapped(text: Any, room: float) -> None:
    """Break the lines of a text that needs more than ``room`` inches."""
    box = text.get_window_extent()
    length = (box.height if text.get_rotation() == 90 else box.width) / text.get_figure(root=True).dpi
    said = text.get_text()
    if said and length > room and "$" not in said:
        most = max(8, int(max(map(len, said.split("\n"))) * room / length))
        text.set_text("\n".join(textwrap.fill(line, most, break_long_words=False) for line in said.split("\n")))


def _regrouped(legend: Any, room: float) -> Callable[[], None]:
    """Give a legend as few columns as it takes to be no wider than ``room`` inches: -> what gives it back its own."""
    box = legend._legend_handle_box
    columns = list(box.get_children())
    entries = [list(column.get_children()) for column in columns]
    for count in range(len(columns), 0, -1):
        every = [entry for column in entries for entry in column]
        rows = -(-len(every) // count)
        for i in range(count):
            columns[i]._children = every[i * rows : (i + 1) * rows]
        box._children = [column for column in columns[:count] if column.get_children()]
        if legend.get_window_extent().width < room * legend.get_figure(root=True).dpi:
            break

    def undo() -> None:
        box._children = columns
        for column, own in zip(columns, entries, strict=True):
            column._children = own

    return undo


@contextmanager
def narrowed(figure: Any, width: float, columns: int) -> Iterator[Callable[[], bool]]:
    """For a while, the figure is ``width`` inches wide and has so many columns of panels: -> whether all found room."""
    before, size = _columns(figure), figure.get_size_inches()
    cells = _cells(figure) if columns < before else {}
    rows = -(-before // columns)  # for one
    scale = width / columns * before / size[0]
    shaped = any(ax.get_aspect() != "auto" or ax.name == "3d" for ax in figure.axes)
    height = size[1] * (min(scale, 1.15) if shaped else float(np.clip(scale, 0.9, 1)))
    texts = [
        t for ax in figure.axes for t in (ax.title, ax._left_title, ax._right_title, ax.xaxis.label, ax.yaxis.label)
    ]
    texts += [t for t in (figure._suptitle, figure._supxlabel, figure._supylabel) if t]
    said = [(text, text.get_text()) for text in texts]
    places = [(ax, ax.get_subplotspec()) for cell in cells.values() for ax in cell]
    labelled = [(ax, ax.yaxis.get_tick_params().get("labelleft", True)) for ax, _ in places]

    figure.set_size_inches(width, rows * height)
    grid = GridSpec(rows, columns, figure=figure)
    for i, cell in enumerate(cells.values()):
        for ax in cell:
            ax.set_subplotspec(grid[i // columns, i % columns])
            if ax.get_shared_y_axes().joined(ax, places[0][0]):
                ax.tick_params(axis="y", labelleft=True)
                ax.set_ylabel(ax.get_ylabel() or places[0][0].get_ylabel())
    across = max((ax.get_subplotspec().get_gridspec().ncols for ax in figure.axes if ax.get_subplotspec()), default=1)
    for text in texts:
        whole = text.axes is None or not text.axes.get_subplotspec()  # the figure's own, and that of a scale
        _wrapped(text, height if text.get_rotation() == 90 else width / (1 if whole else across) - 0.1)
    legends = [
        _regrouped(legend, width - 0.1)
        for legend in figure.findobj(Legend)
        if len(legend._legend_handle_box.get_children()) > 1
    ]

    def fits() -> bool:
        wide = figure.get_tightbbox(figure.canvas.renderer).width
        panels = [
            ax.get_position().width * width for ax in figure.axes if len(ax.get_xticks()) and ax.get_subplotspec()
        ]
        return wide < width * 1.04 and (columns == 1 or min(panels, default=width) > SMALLEST)

    yield fits
    for undo in legends:
        undo()
    for text, words in said:
        text.set_text(words)
    for ax, spec in places:
        ax.set_subplotspec(spec)
    for ax, shown in labelled:
        ax.tick_params(axis="y", labelleft=shown)
    figure.set_size_inches(*size)
