"""The slider over pictures: alive in a notebook, and frozen in the built page."""

from base64 import b64decode
from html import escape
from html.parser import HTMLParser

import ipywidgets.widgets.widget
import matplotlib.pyplot as plt
import numpy as np
import pytest

from companion import Explorer

LABEL = 'noise & "grain" <sigma>'


def draw(value):
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.plot([0, float(value)])
    return figure


def describe(value):
    return f'A line up to {value}: "rising" & <straight>.'


@pytest.fixture
def explorer():
    return Explorer(LABEL, [0.1, 0.5, 2.0], draw, describe, start=0.5)


class Tags(HTMLParser):
    """Every start tag with its attributes, unescaped, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_it_starts_where_it_is_told(explorer):
    assert explorer.slider.value == 0.5
    assert explorer.slider.description == LABEL
    assert explorer.image.value == explorer.picture(0.5)
    assert Explorer("x", [3, 4], draw, describe).slider.value == 3


def test_the_slider_changes_the_picture_its_name_and_the_text(explorer):
    """The name reaches the browser: it is a trait of the widget, synchronised, and not only an attribute here."""
    seen = set()
    for value in (0.1, 2.0, 0.5):
        explorer.slider.value = value
        assert explorer.image.value == explorer.picture(value)
        assert explorer.picture(value).startswith(b"\x89PNG")
        assert explorer.image.get_state()["tooltip"] == describe(value)
        assert explorer.text.value == escape(describe(value))
        seen.add(bytes(explorer.image.value))
    assert len(seen) == 3


def test_each_picture_is_drawn_when_it_is_asked_for_and_then_kept():
    drawn = []

    def spy(value):
        drawn.append(value)
        return draw(value)

    explorer = Explorer("x", [1, 2, 3], spy, describe)
    assert drawn == [1]
    for value in (2, 1, 2, 1):
        explorer.slider.value = value
    assert drawn == [1, 2]
    explorer.html()
    explorer.html()
    assert drawn == [1, 2, 3]


def test_no_figure_is_left_open(explorer):
    """A notebook would show it a second time, and matplotlib warn after twenty."""
    explorer.html()
    explorer.slider.value = 2.0
    assert plt.get_fignums() == []


def test_the_page_holds_every_picture_with_its_description(explorer):
    (outer, attributes), *frames = Tags(explorer.html()).found
    assert outer == "frame-slider"
    assert attributes == {"label": LABEL, "start": "1"}
    assert [tag for tag, _ in frames] == ["img"] * 3
    for (_, frame), value in zip(frames, (0.1, 0.5, 2.0), strict=True):
        kind, encoded = frame["src"].split(",")
        assert kind == "data:image/png;base64"
        assert b64decode(encoded, validate=True) == explorer.picture(value)
        assert frame["alt"] == describe(value)
        assert frame["data-value"] == str(value)
    assert explorer.html().endswith("</frame-slider>")


def test_a_cell_shows_the_widget_live_and_the_pictures_in_the_page(explorer):
    bundle = explorer._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    box = ipywidgets.widgets.widget._instances[view["model_id"]]
    assert box.children == (explorer.slider, explorer.image, explorer.text)
    assert bundle["text/html"] == explorer.html()
    assert bundle["text/plain"] == f"Slider: {LABEL}, 3 positions from 0.1 to 2.0"


@pytest.mark.parametrize(
    "values",
    [range(3), np.linspace(0, 1, 3), ["1", "2"], [(0, 1), (1, 0)], [(1,), (2,)]],
    ids=lambda v: type(v).__name__,
)
def test_positions_may_be_of_any_kind(values):
    """ipywidgets takes a pair for a label and its value: a point of a two-dimensional code would be torn apart."""
    explorer = Explorer("x", values, lambda value: draw(1), str, start=values[1])
    assert explorer.slider.value == values[1]
    explorer.slider.value = values[0]
    assert explorer.text.value == str(values[0])
    assert [frame["data-value"] for tag, frame in Tags(explorer.html()).found if tag == "img"] == list(map(str, values))
