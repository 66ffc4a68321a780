"""A slider over pictures: moved by a live kernel in a notebook, and by stored pictures in the built page."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class Explorer:
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
        if not len(values):
            raise ValueError("values is empty; expected at least one position for the slider.")
        start = values[0] if start is None else start
        if start not in values:
            raise ValueError(f"start is {start!r}; expected one of the values {list(values)}.")
        self.label, self.values, self.draw, self.describe, self.start = label, list(values), draw, describe, start
        self._pictures: dict[Any, bytes] = {}
        self.slider = widgets.SelectionSlider(
            # Labels given, since ipywidgets would take values that are pairs for (label, value).
            options=[(str(v), v) for v in self.values],
            value=start,
            description=label,
            style={"description_width": "initial"},
        )
        self.image = widgets.Image(format="png", layout={"max_width": "100%"})
        self.text = widgets.HTML()
        self.slider.observe(self._update, names="value")
        self._update()

    def _update(self, change=None) -> None:
        value = self.slider.value
        self.image.value = self.picture(value)
        # ipywidgets' Image has no alt text; its tooltip, the HTML title, names the picture to a screen reader too.
        self.image.tooltip = self.describe(value)
        self.text.value = escape(self.image.tooltip)

    def picture(self, value: Any) -> bytes:
        """The picture for ``value`` as a PNG file; drawn once, then kept."""
        if value not in self._pictures:
            figure = self.draw(value)
            buffer = BytesIO()
            figure.savefig(buffer, format="png")
            plt.close(figure)
            self._pictures[value] = buffer.getvalue()
        return self._pictures[value]

    def html(self) -> str:
        """All pictures with a slider; ``frames.js`` shows one at a time, and without it all of them stand in a column."""
        frames = "".join(
            f'<img src="data:image/png;base64,{b64encode(self.picture(v)).decode()}" alt="{escape(self.describe(v))}" '
            f'data-value="{escape(str(v))}">'
            for v in self.values
        )
        return f'<frame-slider label="{escape(self.label)}" start="{self.values.index(self.start)}">{frames}</frame-slider>'

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any]:
        live = widgets.VBox([self.slider, self.image, self.text])
        bundle = live._repr_mimebundle_(**kwargs)
        return bundle | {
            "text/plain": f"Slider: {self.label}, {len(self.values)} positions from {self.values[0]} to {self.values[-1]}",
            "text/html": self.html(),
        }
