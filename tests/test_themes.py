"""The colours of the light and the dark page: all can be seen, and told apart, by everybody."""

import re
from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from companion._support.pictures import contrast, on_dark
from companion._support.themes import DIGITS, GRID, PAGE, SERIES, TEXT, markup, properties, stylesheet
from companion.plots import COLOURS, DIGIT_COLOURS

THEMES = ("light", "dark")
# What is left of red, green and blue light (Machado, Oliveira and Fernandes, 2009, full severity).
EYES = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colour: str, eye: str) -> np.ndarray:
    """A colour in CIELAB as an eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.array(EYES[eye]) @ light, 0, 1)
    return rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def test_contrast_is_that_of_wcag():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the guideline's own example


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_can_be_seen_on_its_page(theme):
    assert contrast(TEXT[theme], PAGE[theme]) >= 4.5
    assert contrast(GRID[theme], PAGE[theme]) < 1.6  # a grid is no text
    for colour in SERIES[theme] + DIGITS[theme]:
        assert contrast(colour, PAGE[theme]) >= 3, colour


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_any_two_colours_are_told_apart_by_every_eye(theme, eye):
    for colours, least in ((SERIES[theme], 8), (DIGITS[theme], 11)):
        for a, b in combinations(colours, 2):
            assert deltaE_ciede2000(seen(a, eye), seen(b, eye)) >= least, (a, b)


def test_plots_and_pages_share_one_palette():
    assert SERIES["light"] == COLOURS
    assert DIGITS["light"] == DIGIT_COLOURS
    for light, dark in zip(SERIES["light"] + DIGITS["light"], SERIES["dark"] + DIGITS["dark"], strict=True):
        assert on_dark(light) == pytest.approx(tuple(int(dark[i : i + 2], 16) / 255 for i in (1, 3, 5)))


def test_the_style_sheet_names_every_colour_in_both_themes():
    names = [*(f"series-{i}" for i in range(1, 8)), *(f"digit-{i}" for i in range(10))]
    names += ["figure-background", "figure-grid", "figure-text"]
    assert {name.removeprefix("--") for name in properties("light")} == set(names)
    always, dark = stylesheet().split("@media screen")
    assert 'html[data-theme="dark"]' in dark
    for theme, text in (("light", always), ("dark", dark)):
        assert dict(re.findall(r"(--[\w-]+): (#\w{6})", text)) == properties(theme)


@pytest.mark.parametrize("grey", ["#000000", "#555555", "#777777"])
def test_grey_that_can_be_read_on_the_light_page_can_be_on_the_dark_one(grey):
    assert contrast(on_dark(grey), PAGE["dark"]) >= min(4.4, contrast(grey, PAGE["light"]))


def test_a_pale_tint_becomes_a_deep_one_and_a_colour_that_is_too_dark_a_lighter_one():
    assert contrast(on_dark("#ddeeff"), PAGE["dark"]) < 1.7
    assert contrast("#000080", PAGE["dark"]) < 1.3
    assert contrast(on_dark("#000080"), PAGE["dark"]) >= 3


def test_the_alt_text_cannot_end_its_attribute():
    picture = {"src": "a.webp", "width": 2, "height": 1}
    html = markup({"light": picture, "dark": picture}, 'a "b" <c>')
    assert html.count('alt="a &quot;b&quot; &lt;c&gt;"') == 2
    assert "<source" not in html
