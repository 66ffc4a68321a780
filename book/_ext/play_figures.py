"""Sphinx extension: figures to play with (companion/elements) on the page.

In a notebook, a cell that ends in one has it as an output of its own type, which takes the place of the live HTML. In other
pages, the directive ``play`` makes one: ``{play} draw_digit``. Scripts and weights are copied beside the pages, and a page with a figure loads
only web/figure.js, which loads the rest once a figure comes near the view.
"""

import sys
from importlib import import_module
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.fileutil import copy_asset

sys.path.insert(0, str(Path(__file__).parents[2]))

from companion.elements import MODELS, PAGE_TYPE, WEB

PLACE = "figures"  # where scripts and weights lie, beside the pages


def show_page_form(app, docname: str, source: list[str]) -> None:
    """A notebook whose figures are those of the page."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        nb = nbformat.reads(source[0], as_version=4)
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if PAGE_TYPE in output.get("data", {}):
                    output.data = {"text/html": output.data[PAGE_TYPE]}
        source[0] = nbformat.writes(nb)


class Play(SphinxDirective):
    """``{play} draw_digit``: the figure that companion/elements/draw_digit.py makes without arguments."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        figure = getattr(import_module(f"companion.elements.{name}"), name)()
        return [nodes.raw("", figure.page(), format="html")]


def add_scripts(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    if "<companion-figure" in context.get("body", ""):
        app.add_css_file(f"../{PLACE}/figure.css")
        for style in sorted(WEB.glob("*.css")):
            if f'kind="{style.stem}"' in context["body"]:
                app.add_css_file(f"../{PLACE}/{style.name}")
        app.add_js_file(f"../{PLACE}/figure.js")


def copy_files(app, exception) -> None:
    if exception is None and app.builder.format == "html":
        copy_asset(str(WEB), str(Path(app.outdir, PLACE)))
        copy_asset(str(MODELS), str(Path(app.outdir, PLACE, "models")))


def setup(app):
    app.add_directive("play", Play)
    app.connect("source-read", show_page_form, priority=520)  # after executed_notebooks
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", copy_files)
    return {"parallel_read_safe": True}
