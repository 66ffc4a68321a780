"""Sphinx extension: figures in both themes, and the colours that they share with what is drawn in the page.

A kernel that runs a notebook for the page (see companion/_support/pictures.py) sends a figure's pictures for light and
dark pages, wide and narrow, beside the ordinary one. Here they become files, of which a reader's browser loads the one
that it shows; so do the frames of explorers, which the notebook holds within its HTML. Other builders than HTML keep the
ordinary picture. The colours stand in the style sheet theme-colours.css, as properties such as --series-1.
"""

import hashlib
import re
import shutil
import sys
from base64 import b64decode
from pathlib import Path

import nbformat
from docutils import nodes
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from companion._support.themes import MIME, markup, stylesheet

INLINE = re.compile(r"data:image/(png|webp);base64,([A-Za-z0-9+/=]+)")


def folder(app) -> Path:
    """Where the files are until they are copied to the pages: beside what is remembered of the pages that hold them."""
    return Path(app.doctreedir) / "pictures"


def write_colours(app) -> None:
    static = Path(app.doctreedir) / "static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "theme-colours.css").write_text(stylesheet())
    app.config.html_static_path.append(str(static))


def saved(source: str, place: Path, name: str = "") -> str:
    """A picture that stands within a page, as a file: -> its name."""
    kind, data = INLINE.fullmatch(source).groups()
    picture = b64decode(data)
    file = place / f"{name or hashlib.sha256(picture).hexdigest()[:24]}.{kind}"
    file.write_bytes(picture)
    return file.name


def as_files(app, docname: str, source: list[str]) -> None:
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    place = folder(app)
    place.mkdir(parents=True, exist_ok=True)
    images = "../" * docname.count("/") + "_images/"
    nb = nbformat.reads(source[0], as_version=4)
    for output in (output for cell in nb.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if pictures := data.pop(MIME, None):
            ordinary = hashlib.sha256(b64decode(data["image/png"])).hexdigest()  # so myst-nb names its file
            for kind, picture in pictures.items():
                saved(picture["src"], place, f"{ordinary}-{kind.replace(' ', '-')}")
        if "<frame-slider" in data.get("text/html", ""):
            data["text/html"] = INLINE.sub(lambda found: images + saved(found[0], place), data["text/html"])
    source[0] = nbformat.writes(nb)


def in_both_themes(app, doctree, docname: str) -> None:
    if app.builder.name != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        name = Path(image["uri"]).stem
        pictures = {}
        for file in folder(app).glob(f"{name}-*.webp"):
            width, height = Image.open(file).size
            source = "../" * docname.count("/") + f"_images/{file.name}"
            # Two dots for a pixel of the page, and one inch of the figure in 96 of these.
            size = {"width": round(width * 0.48), "height": round(height * 0.48)}
            pictures[file.stem.removeprefix(f"{name}-").replace("-", " ")] = {"src": source, **size}
        if pictures:
            image.replace_self(nodes.raw("", markup(pictures, image.get("alt", "")), format="html"))


def copy_pictures(app, exception) -> None:
    if exception is None and app.builder.name == "html" and folder(app).exists():
        shutil.copytree(folder(app), Path(app.outdir) / "_images", dirs_exist_ok=True)


def setup(app):
    app.connect("builder-inited", write_colours)
    app.add_css_file("theme-colours.css", priority=100)  # before the styles that use them
    app.connect("source-read", as_files, priority=550)  # after executed_notebooks, which gives the outputs
    app.connect("doctree-resolved", in_both_themes)
    app.connect("build-finished", copy_pictures)
    return {"parallel_read_safe": True}
