"""A figure for the page: no box in the dark, letters that can be read, a layout for phones, and the figure as it was."""

from base64 import b64decode
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.patheffects import withStroke
from PIL import Image

from companion import COLOURS, set_style, show_images, show_rows
from companion._support.pictures import contrast, crowded, pictures
from companion._support.themes import MIME, PAGE
from companion.plots import show_map

KINDS = {"light", "dark", "narrow light", "narrow dark"}


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        set_style()
        yield


def opened(picture) -> Image.Image:
    kind, data = picture["src"].split(",")
    assert kind == "data:image/webp;base64"
    return Image.open(BytesIO(b64decode(data))).convert("RGBA")


def pixels(picture, theme: str) -> np.ndarray:
    """As a reader sees it: on the page, (H, W, 3) from 0 to 255."""
    image = opened(picture)
    page = Image.new("RGBA", image.size, PAGE[theme])
    page.alpha_composite(image)
    return np.asarray(page.convert("RGB")).astype(int)


def everything():
    """Text, lines, a legend, a grid, a label with a halo and one in a box, a table of colours, and digits."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7, 3))
    left.plot([0, 1], [1, 0], label="rising")
    left.plot([0, 1], [0, 1], "k--", label="falling")
    left.legend()
    left.set(xlabel="epoch", ylabel="loss", title="a title")
    left.text(0.5, 0.5, "halo", path_effects=[withStroke(linewidth=3, foreground="white")])
    left.text(0.1, 0.2, "box", bbox={"facecolor": "white"})
    middle.imshow(np.eye(3), cmap="Blues")
    show_images(torch.zeros(3, 1, 8, 8), columns=2, ax=right)
    return figure


def test_nothing_of_the_dark_picture_is_a_light_box():
    """Strokes and letters are light; a square of 8 by 8 light pixels is a box, but for the two of the table that say 1."""
    figure = everything()
    found = pictures(figure)
    assert opened(found["dark"]).getpixel((0, 0))[3] == 0
    seen = pixels(found["dark"], "dark").min(2) > 150
    squares = np.lib.stride_tricks.sliding_window_view(seen, (8, 8)).all((2, 3))
    assert squares.sum() > 0
    table = np.asarray(pixels(found["light"], "light"))
    dark_cells = np.lib.stride_tricks.sliding_window_view((table[..., 2] - table[..., 0] > 60), (8, 8)).any((2, 3))
    assert not (squares & ~dark_cells).any()


def test_the_digits_stay_as_they_are_and_the_page_shows_between_them():
    x = torch.zeros(2, 1, 4, 4)
    x[1] = 1
    ax = show_images(x, columns=2)
    colours = {}
    for theme in PAGE:
        picture = pixels(pictures(ax.figure)[theme], theme)
        middle = picture[picture.shape[0] // 2]
        colours[theme] = [tuple(middle[int(share * len(middle))]) for share in (0.25, 0.5, 0.75)]
    assert [colours[theme][0] for theme in PAGE] == [(0, 0, 0)] * 2
    assert [colours[theme][2] for theme in PAGE] == [(255, 255, 255)] * 2
    assert np.abs(np.array(colours["light"][1]) - 255).max() < 4
    assert np.abs(np.array(colours["dark"][1]) - (0x14, 0x18, 0x1E)).max() < 4


@pytest.mark.parametrize("colour", ["black", "#777777", "#888888", *COLOURS])
def test_letters_can_be_read_in_any_colour(colour):
    figure = plt.figure(figsize=(2, 1))
    figure.text(0.1, 0.1, "\N{FULL BLOCK}" * 3, color=colour, fontsize=30)
    found = pictures(figure)
    for theme in PAGE:
        picture = pixels(found[theme], theme)
        middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
        assert contrast(middle / 255, PAGE[theme]) >= 4.4  # of 256 colours: a little is rounded away


@pytest.mark.parametrize("ground", [COLOURS[0], "#ffffff", "#000000", "#dddddd"])
def test_letters_on_a_picture_can_be_read_in_both_themes(ground):
    """A picture does not change in the dark, and letters on it must not change either."""
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.axis("off")
    ax.imshow(np.full((1, 2, 3), [int(ground[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.uint8))
    ink = "white" if contrast("white", ground) > contrast("black", ground) else "black"
    ax.text(0.5, 0, "\N{FULL BLOCK}" * 2, color=ink, fontsize=25, ha="center", va="center")
    found = pictures(figure)
    for theme in PAGE:
        picture = pixels(found[theme], theme)
        middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
        assert contrast(middle / 255, ground) >= 4.4


def test_a_wide_figure_has_a_narrow_form_whose_letters_have_the_size_of_a_caption_on_a_phone():
    figure = everything()
    found = pictures(figure)
    assert found.keys() == KINDS
    for kind in KINDS:
        width = opened(found[kind]).width
        assert found[kind]["width"] == round(width * 96 / 200)  # twice as many dots as pixels of the page
    phone = 358  # CSS pixels, the width of the text on a screen of 390
    points = 96 / 72 * phone / found["narrow dark"]["width"]
    assert plt.rcParams["xtick.labelsize"] * points >= 12.5
    assert found["narrow dark"]["height"] > found["dark"]["height"]  # three panels do not fit side by side


def test_a_figure_that_is_narrow_already_has_no_other_form():
    _, ax = plt.subplots(figsize=(4, 4))
    assert pictures(show_map(torch.randn(9, 2), ax=ax).figure).keys() == set(PAGE)


def test_panels_that_arrows_join_are_not_moved():
    figure, axes = plt.subplots(1, 4, figsize=(7, 2))
    figure.add_artist(plt.Line2D([0.2, 0.8], [0.5, 0.5]))
    for ax in axes:
        ax.set_xlabel("a long label of an axis")
    found = pictures(figure)
    if "narrow light" in found:
        assert found["narrow light"]["height"] < found["light"]["height"] * 1.1


def test_a_row_of_digits_keeps_its_rows():
    found = pictures(show_rows({"original": torch.rand(8, 1, 9, 9), "redrawn": torch.rand(8, 1, 9, 9)}).figure)
    assert found["narrow light"]["width"] / found["narrow light"]["height"] > 3


def test_the_figure_stays_as_it_was():
    figure = everything()
    legend = figure.axes[0].legend(ncols=2)

    def state():
        figure.canvas.draw()
        return (
            tuple(figure.get_size_inches()), figure.dpi, type(figure.canvas), figure.get_layout_engine(),
            [ax.get_position().bounds for ax in figure.axes], [ax.get_title() for ax in figure.axes],
            [ax.get_subplotspec() for ax in figure.axes], [ax.patch.get_visible() for ax in figure.axes],
            figure.axes[1].images[0].get_cmap().name, legend.get_window_extent().bounds,
        )  # fmt: skip

    before = state()
    pictures(figure)
    assert state() == before


def test_lines_of_text_that_touch_are_counted():
    assert crowded([]) == 0
    assert crowded([(0, 0, 10, 10), (30, 0, 40, 10), (0, 10, 10, 20)]) == 0
    assert crowded([(0, 0, 10, 10), (12, 0, 20, 10), (0, 5, 3, 20)]) == 2


def test_a_figure_that_a_cell_shows_carries_its_pictures_only_where_the_page_is_made(monkeypatch):
    shell = InteractiveShell.instance()
    try:
        figure, _ = plt.subplots(figsize=(3, 2))
        set_style()
        assert MIME not in shell.display_formatter.format(figure)[0]
        monkeypatch.setenv("COMPANION_PICTURES", "page")
        set_style()
        assert shell.display_formatter.format(figure)[0][MIME].keys() == set(PAGE)
    finally:
        InteractiveShell.clear_instance()
