"""Sliders over pictures: moved by a live kernel in a notebook, and by stored pictures in the built page."""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO
from itertools import product
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from companion._support.themes import drawn_for_the_page, markup

# Run when the live picture is in place, for what ipywidgets leaves out: it marks the element that holds the description
# as live, so that a screen reader announces what changes in it, and gives each slider its name and the value it stands for.
ONLOAD = """
const box = this.closest('.widget-vbox');
box?.lastElementChild.setAttribute('aria-live', 'polite');
box?.querySelectorAll('.widget-slider').forEach((slider) => {
  const handle = slider.querySelector('[role=slider]');
  handle.setAttribute('aria-label', slider.querySelector('label').textContent);
  handle.setAttribute('aria-valuetext', slider.querySelector('.widget-readout').textContent);
});
"""


class _Sliders:
    """A slider for each axis above the picture of the chosen values: what the explorers below have in common."""

    def __init__(self, axes: Sequence[tuple[str, Sequence[Any]]], draw, describe, start: Sequence[Any] | None):
        for _, values in axes:
            if not len(values):
                raise ValueError("values is empty; expected at least one position for the slider.")
        self.labels = [label for label, _ in axes]
        self.values = [list(values) for _, values in axes]
        self.start = [values[0] for values in self.values] if start is None else list(start)
        for value, values in zip(self.start, self.values, strict=True):
            if value not in values:
                raise ValueError(f"start is {value!r}; expected one of the values {values}.")
        self.draw, self.describe = draw, describe
        self._shown: dict[tuple, tuple[bytes, str, dict]] = {}
        self.sliders = [
            widgets.SelectionSlider(
                # Labels given, since ipywidgets would take values that are pairs for (label, value).
                options=[(str(v), v) for v in values],
                value=value,
                description=label,
                style={"description_width": "initial"},
                layout={"width": "32rem", "max_width": "100%"},
                tooltip="",  # without one, the label's is "null"
            )
            for label, values, value in zip(self.labels, self.values, self.start, strict=True)
        ]
        # Not an Image widget: it has no alt text, and JupyterLab shows none that is given a tooltip.
        self.image, self.text = widgets.HTML(), widgets.HTML()
        for slider in self.sliders:
            slider.observe(self._update, names="value")
        self._update()

    def _update(self, change=None) -> None:
        position = tuple(slider.value for slider in self.sliders)
        self.image.value = self._img(position, style="display: block; max-width: 100%", onload=ONLOAD)
        # The widget's own lines are as high as a slider.
        self.text.value = f'<div style="line-height: 1.4">{escape(self.description(*position))}</div>'

    def _kept(self, position: tuple[Any, ...]) -> tuple[bytes, str, dict]:
        # The description too: what it looks up may have changed since the picture was drawn.
        if position not in self._shown:
            figure = self.draw(*position)
            buffer = BytesIO()
            in_themes = {}
            if drawn_for_the_page():
                from companion._support.pictures import pictures

                in_themes = pictures(figure, tight=False)
            figure.savefig(buffer, format="png")
            plt.close(figure)
            self._shown[position] = buffer.getvalue(), self.describe(*position), in_themes
        return self._shown[position]

    def picture(self, *position: Any) -> bytes:
        """The picture for the sliders' values as a PNG file; drawn once, then kept."""
        return self._kept(position)[0]

    def description(self, *position: Any) -> str:
        """What the picture for the sliders' values shows, in words; asked for once, with the picture."""
        return self._kept(position)[1]

    def _img(self, position: tuple[Any, ...], **attributes: str) -> str:
        picture, description, _ = self._kept(position)
        source = f"data:image/png;base64,{b64encode(picture).decode()}"
        attributes = {"src": source, "alt": description} | attributes
        return "<img " + " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items()) + ">"

    def html(self) -> str:
        """All pictures with their sliders; ``frames.js`` shows one at a time, and without it they stand in a column."""
        kept = {position: self._kept(position) for position in product(*self.values)}  # the last slider moves fastest
        shapes = set.intersection(*(set(in_themes) for _, _, in_themes in kept.values()))  # what all frames have
        frames = ""
        for position, (_, description, in_themes) in kept.items():
            place = escape(", ".join(map(str, position)))
            picture = markup({k: in_themes[k] for k in shapes}, description) if shapes else self._img(position)
            frames += f'<div class="frame" data-value="{place}">{picture}</div>'
        axes = [
            {"label": label, "values": [str(v) for v in values], "start": values.index(start)}
            for label, values, start in zip(self.labels, self.values, self.start, strict=True)
        ]
        return f'<frame-slider axes="{escape(json.dumps(axes))}">{frames}</frame-slider>'

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any]:
        live = widgets.VBox([*self.sliders, self.image, self.text])
        bundle = live._repr_mimebundle_(**kwargs)
        lines = [
            f"Slider: {label}, {len(values)} positions from {values[0]} to {values[-1]}"
            for label, values in zip(self.labels, self.values, strict=True)
        ]
        return bundle | {"text/plain": "\n".join(lines), "text/html": self.html()}


class Explorer(_Sliders):
    """Shown as the last expression of a cell: a slider over ``values`` above the picture of the chosen one.

    In a live notebook it is an ipywidget that draws each picture when it is asked for. The built page, where no
    kernel runs, gets all pictures and a plain HTML slider.

    Args:
        label: what the slider changes, such as "noise (sigma)".
        values: its positions, in order.
        draw: value -> a fresh figure that shows it.
        describe: value -> one sentence that says what the picture shows, for people who cannot see it.
        start: the value shown first; default: the first one.

    Raises:
        ValueError: ``values`` is empty, or ``start`` is not one of them.
    """

    def __init__(
        self,
        label: str,
        values: Sequence[Any],
        draw: Callable[[Any], Figure],
        describe: Callable[[Any], str],
        start: Any = None,
    ):
        super().__init__([(label, values)], draw, describe, None if start is None else [start])


class PlaneExplorer(_Sliders):
    """Shown as the last expression of a cell: two sliders, for a point of a plane, above the picture of that point.

    As :class:`Explorer`, of which it is the form for two numbers, such as a two-dimensional code. The built page
    stores a picture of every pair: 9 x 9 positions make 81, so keep them small (``figsize`` and ``dpi``).

    Args:
        label_x, values_x: what the first slider changes, and its positions, in order.
        label_y, values_y: the same for the second.
        draw: (value_x, value_y) -> a fresh figure that shows them.
        describe: (value_x, value_y) -> one sentence that says what the picture shows.
        start: the pair shown first; default: the first of each.

    Raises:
        ValueError: there are no positions, or ``start`` is not a pair of them.
    """

    def __init__(
        self,
        label_x: str,
        values_x: Sequence[Any],
        label_y: str,
        values_y: Sequence[Any],
        draw: Callable[[Any, Any], Figure],
        describe: Callable[[Any, Any], str],
        start: tuple[Any, Any] | None = None,
    ):
        if start is not None and (not isinstance(start, tuple | list) or len(start) != 2):
            raise ValueError(f"start is {start!r}; expected a pair, one of values_x and one of values_y.")
        super().__init__([(label_x, values_x), (label_y, values_y)], draw, describe, start)
