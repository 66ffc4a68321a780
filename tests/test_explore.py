"""The slider over pictures: alive in a notebook, and frozen in the built page."""

import json
from base64 import b64decode
from html.parser import HTMLParser

import ipywidgets.widgets.widget
import matplotlib.pyplot as plt
import numpy as np
import pytest

from companion import Explorer, PlaneExplorer

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
    """Every start tag with its attributes, and the text, unescaped, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def shown(explorer):
    """The live picture and its text alternative."""
    ((tag, attributes),) = Tags(explorer.image.value).found
    assert tag == "img"
    kind, encoded = attributes["src"].split(",")
    assert kind == "data:image/png;base64"
    return b64decode(encoded, validate=True), attributes["alt"]


def said(explorer):
    """The text below the live picture."""
    return Tags(explorer.text.value).text


def test_it_starts_where_it_is_told(explorer):
    assert explorer.sliders[0].value == 0.5
    assert explorer.sliders[0].description == LABEL
    assert shown(explorer) == (explorer.picture(0.5), describe(0.5))
    assert Explorer("x", [3, 4], draw, describe).sliders[0].value == 3


def test_the_slider_changes_the_picture_its_name_and_the_text(explorer):
    """How they reach the browser, tests/test_jupyterlab.py sees; here: that each goes with the slider's value."""
    seen = set()
    for value in (0.1, 2.0, 0.5):
        explorer.sliders[0].value = value
        assert shown(explorer) == (explorer.picture(value), describe(value))
        assert explorer.picture(value).startswith(b"\x89PNG")
        assert said(explorer) == describe(value)
        seen.add(explorer.picture(value))
    assert len(seen) == 3


def test_no_widget_without_a_description_of_its_own_has_a_tooltip(explorer):
    """JupyterLab's view of such a widget, an Image or a box, fails and shows an error in its place."""
    view = explorer._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    box = ipywidgets.widgets.widget._instances[view["model_id"]]
    for widget in (box, *box.children):
        assert widget.has_trait("description") or widget.tooltip is None


def test_each_picture_is_drawn_when_it_is_asked_for_and_then_kept():
    drawn = []

    def spy(value):
        drawn.append(value)
        return draw(value)

    explorer = Explorer("x", [1, 2, 3], spy, describe)
    assert drawn == [1]
    for value in (2, 1, 2, 1):
        explorer.sliders[0].value = value
    assert drawn == [1, 2]
    explorer.html()
    explorer.html()
    assert drawn == [1, 2, 3]


def test_a_description_stays_with_its_picture():
    """A later cell of the notebook may change what both were made from."""
    word = ["before"]
    explorer = Explorer("x", [1, 2], draw, lambda value: f"{value} {word[0]}")
    explorer.html()
    word[0] = "after"
    explorer.sliders[0].value = 2
    assert said(explorer) == shown(explorer)[1] == explorer.description(2) == "2 before"


def test_no_figure_is_left_open(explorer):
    """A notebook would show it a second time, and matplotlib warn after twenty."""
    explorer.html()
    explorer.sliders[0].value = 2.0
    assert plt.get_fignums() == []


def test_the_page_holds_every_picture_with_its_description(explorer):
    (outer, attributes), *frames = Tags(explorer.html()).found
    assert outer == "frame-slider"
    assert json.loads(attributes["axes"]) == [{"label": LABEL, "values": ["0.1", "0.5", "2.0"], "start": 1}]
    assert [tag for tag, _ in frames] == ["div", "img"] * 3
    for (_, box), (_, frame), value in zip(frames[::2], frames[1::2], (0.1, 0.5, 2.0), strict=True):
        kind, encoded = frame["src"].split(",")
        assert kind == "data:image/png;base64"
        assert b64decode(encoded, validate=True) == explorer.picture(value)
        assert frame["alt"] == describe(value)
        assert box == {"class": "frame", "data-value": str(value)}
    assert explorer.html().endswith("</frame-slider>")


def test_a_cell_shows_the_widget_live_and_the_pictures_in_the_page(explorer):
    bundle = explorer._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    box = ipywidgets.widgets.widget._instances[view["model_id"]]
    assert box.children == (*explorer.sliders, explorer.image, explorer.text)
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
    assert explorer.sliders[0].value == values[1]
    explorer.sliders[0].value = values[0]
    assert said(explorer) == str(values[0])
    assert [frame["data-value"] for tag, frame in Tags(explorer.html()).found if tag == "div"] == list(map(str, values))


def test_a_plane_has_two_sliders_and_a_picture_for_every_pair():
    drawn = []

    def draw_pair(x, y):
        drawn.append((x, y))
        return draw(x + 10 * y)

    plane = PlaneExplorer("first", [1, 2], "second", [3, 4, 5], draw_pair, "first {}, second {}".format, start=(2, 4))
    assert drawn == [(2, 4)]
    assert [slider.value for slider in plane.sliders] == [2, 4]
    plane.sliders[0].value = 1
    plane.sliders[1].value = 5
    assert drawn == [(2, 4), (1, 4), (1, 5)]
    assert said(plane) == "first 1, second 5"
    assert shown(plane) == (plane.picture(1, 5), "first 1, second 5")
    assert plane._repr_mimebundle_()["text/plain"].splitlines() == [
        "Slider: first, 2 positions from 1 to 2",
        "Slider: second, 3 positions from 3 to 5",
    ]
    (_, attributes), *frames = Tags(plane.html()).found
    assert [axis["start"] for axis in json.loads(attributes["axes"])] == [1, 1]
    assert [box["data-value"] for _, box in frames[::2]] == ["1, 3", "1, 4", "1, 5", "2, 3", "2, 4", "2, 5"]
    assert [frame["alt"] for _, frame in frames[1::2]][2] == "first 1, second 5"
    assert sorted(drawn) == sorted((x, y) for x in (1, 2) for y in (3, 4, 5))  # each pair once


def test_for_the_page_each_frame_has_a_picture_in_both_themes_and_the_widget_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("COMPANION_PICTURES", "page")
    explorer = Explorer(LABEL, [0.1, 0.5], draw, describe)
    (_, *frames) = Tags(explorer.html()).found
    assert [tag for tag, _ in frames] == ["div", "picture", "img", "picture", "img"] * 2
    assert [frame["class"] for tag, frame in frames if tag == "picture"] == ["only-light", "only-dark"] * 2
    pictures = [frame for tag, frame in frames if tag == "img"]
    assert [picture["alt"] for picture in pictures] == [describe(0.1)] * 2 + [describe(0.5)] * 2
    assert len({picture["src"] for picture in pictures}) == 4
    assert all(picture["src"].startswith("data:image/webp;base64,") for picture in pictures)
    assert shown(explorer) == (explorer.picture(0.1), describe(0.1))  # a PNG file


def test_frames_have_a_narrow_form_only_if_all_have_one(monkeypatch):
    """Else the picture would change its shape under the slider."""
    monkeypatch.setenv("COMPANION_PICTURES", "page")

    def draw_wide(width):
        return plt.subplots(figsize=(width, 2))[0]

    assert "<source" not in Explorer("x", [3, 7], draw_wide, str).html()
    assert Explorer("x", [6, 7], draw_wide, str).html().count("<source") == 4
