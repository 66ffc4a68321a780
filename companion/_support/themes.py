"""The light and the dark page: the colours of figures and of what is drawn in the page, and a figure's place in both."""

import os
from collections.abc import Mapping
from html import escape
from typing import Any

MIME = "application/vnd.companion.pictures+json"  # a figure's pictures, among the outputs of a cell
PAGE = {"light": "#ffffff", "dark": "#14181e"}  # the theme's own backgrounds
TEXT = {"light": "#222832", "dark": "#ced6dd"}
GRID = {"light": "#e5e5e5", "dark": "#2e343d"}
# Near the names of Paul Tol's "bright" and "muted" schemes: blue, red, green, yellow, light blue, purple, grey; then one
# for each digit. Chosen so that each can be seen on its page, 3 to 1, and that any two are told apart by people with
# every common kind of colour blindness; tests/test_themes.py measures both.
SERIES = {
    "light": ("#4477aa", "#ee6677", "#228833", "#ab9121", "#0e98c7", "#a43279", "#707070"),
    "dark": ("#698cc6", "#f06478", "#2f9c58", "#d7c64f", "#6acff0", "#9c4fa8", "#bbbbbb"),
}
DIGITS = {
    "light": (
        "#a14e6a", "#5c40d1", "#918d1c", "#789665", "#557999", "#c163f8", "#00a197", "#5a6622", "#661a77", "#3c3c3c",
    ),
    "dark": (
        "#e47d89", "#7258d1", "#b3b054", "#0f9248", "#759aaf", "#b16dff", "#60bfb1", "#d4e57c", "#f096e9", "#727272",
    ),
}  # fmt: skip


def drawn_for_the_page() -> bool:
    """Whether this kernel runs a notebook for the built page: then figures are kept in both themes. It takes seconds."""
    return os.environ.get("COMPANION_PICTURES") == "page"


def properties(theme: str) -> dict[str, str]:
    """The colours of a theme, "light" or "dark", by the names that they have in CSS."""
    named = {"figure-background": PAGE, "figure-text": TEXT, "figure-grid": GRID}
    return (
        {f"--{name}": colours[theme] for name, colours in named.items()}
        | {f"--series-{i}": colour for i, colour in enumerate(SERIES[theme], 1)}
        | {f"--digit-{i}": colour for i, colour in enumerate(DIGITS[theme])}
    )


def stylesheet() -> str:
    """CSS that gives the page these properties: light ones unless the theme is dark, and on paper."""
    light, dark = ("; ".join(f"{k}: {v}" for k, v in properties(theme).items()) for theme in ("light", "dark"))
    return f':root {{ {light} }}\n@media screen {{ html[data-theme="dark"] {{ {dark} }} }}\n'


def markup(pictures: Mapping[str, Mapping[str, Any]], alt: str) -> str:
    """HTML for a figure in both themes, of which the page shows one.

    ``pictures`` has "light" and "dark", and may have "narrow light" and "narrow dark", each with ``src``, ``width`` and
    ``height``. What is not shown is not loaded either.
    """
    html = ""
    for theme in PAGE:
        wide, narrow = pictures[theme], pictures.get(f"narrow {theme}")
        html += f'<picture class="only-{theme}">'
        if narrow:
            size = f'width="{narrow["width"]}" height="{narrow["height"]}"'
            html += f'<source media="(max-width: 600px)" srcset="{narrow["src"]}" {size}>'
        size = f'width="{wide["width"]}" height="{wide["height"]}"'
        html += f'<img src="{wide["src"]}" {size} alt="{escape(alt)}" loading="lazy"></picture>'
    return html
