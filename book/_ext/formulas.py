r"""Sphinx extension: formulas are set when the book is built, as MathML.

Browsers draw MathML themselves and screen readers read it: no script, no wait, nothing that jumps. The font comes with the
pages, cut down to the letters that the book's formulas use: STIX Two Math (SIL Open Font License 1.1, which the font itself
names), from the package ``ziamath``. A command that is not known stops the build.
"""

import base64
import io
import re
import unicodedata
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree

from docutils import nodes
from fontTools import subset
from math_core import LatexError, LatexToMathML
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

STYLE = "formulas.css"
# The letters of prose are higher than those of the font. And Chromium takes a long brace to be as wide as a short one, and
# may not draw its ends: a shadow that nobody sees makes room for them.
RULES = """math { font-family: "Formulas", math; font-size: 1.12em; }
[accentunder] > mo { box-shadow: 0 0 0 12em transparent; }"""
SCROLLS = "pst-scrollable-table-container"  # the theme makes a tab stop of such a box, but only where it scrolls
CONVERTER = LatexToMathML(xml_namespace=True, fancy_error=False)  # an EPUB asks for the namespace
SMALL_BASE = re.compile("<m(?:sub|sup|subsup)><mo [^>]*minsize")
PRIME = re.compile(
    "<msup>(<mi>[^<]*</mi>|<mover[^>]*><mi>[^<]*</mi><mo[^>]*>[^<]*</mo></mover>)<mo>\u2032</mo></msup>"
)  # the font has raised it already


def mathml(node) -> str:
    """The formula of a ``math`` or ``math_block`` node. What stands beside each other in it may also stand one below the other."""
    tex, display = node.astext(), isinstance(node, nodes.math_block)
    parts = tex.split(r"\qquad")
    if any(part.count("{") != part.count("}") or r"\begin" in part for part in parts):
        parts = [tex]
    try:
        made = "".join(CONVERTER.convert_with_local_state(part, displaystyle=display) for part in parts)
    except LatexError as error:
        raise ExtensionError(
            f"{node.source}, line {node.line}: cannot set the formula {tex.strip()!r}: {error}"
        ) from error
    if SMALL_BASE.search(made):
        raise ExtensionError(
            rf"{node.source}, line {node.line}: \left( ... \right)^2, please, for browsers shrink \big)^2"
        )
    return PRIME.sub('<mrow>\\1<mo lspace="0" rspace="0">\u2032</mo></mrow>', made.replace("&ApplyFunction;", "\u2061"))


def visit_inline(self, node) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math") + mathml(node) + "</span>")
    raise nodes.SkipNode


def visit_display(self, node) -> None:
    self.body.append(self.starttag(node, "div", "", CLASS=f"math {SCROLLS}"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(mathml(node) + "</div>\n")
    raise nodes.SkipNode


def letters(formula: str) -> set[str]:
    """What a font must have to show a formula. A variable of one letter is drawn with the italic of mathematics."""
    found = set()
    for element in ElementTree.fromstring(f"<p>{formula}</p>").iter():
        text = (element.text or "").strip()
        found |= set(text)
        if element.tag.endswith(("}msqrt", "}mroot")):
            found.add("√")
        if element.tag.endswith("}mi") and len(text) == 1 and element.get("mathvariant") != "normal":
            found |= set(ITALIC.get(f"{ord(text):04X}", ""))
    return found


# The code of A, x, alpha -> the letter that Unicode calls mathematical italic, from U+1D434 and U+1D6E2; h was there before.
ITALIC = {
    unicodedata.decomposition(letter).removeprefix("<font> "): letter
    for letter in map(chr, (0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)))
}


def font(characters: set[str]) -> bytes:
    """STIX Two Math with these characters, and all that is needed to stretch, raise and place them, as WOFF."""
    options = subset.Options(flavor="woff", hinting=False, layout_features=[], name_IDs=[0, 13, 14])
    whole = subset.load_font(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf"), options)
    missing = {
        c for c in characters if ord(c) not in whole.getBestCmap() and unicodedata.category(c) not in ("Cf", "Mn")
    }
    if missing:
        raise ExtensionError(f"The font of the formulas lacks {sorted(missing)}")
    # Chromium leaves as much room for a root as for the widest sign that the font has: let all be as wide as the smallest.
    width, _ = whole["hmtx"]["uni221A"]
    for name in whole.getGlyphOrder():
        if name.startswith("uni221A."):
            glyph, (wide, _) = whole["glyf"][name], whole["hmtx"][name]
            glyph.coordinates.scale((width / wide, 1))
            glyph.coordinates.toInt()
            glyph.recalcBounds(whole["glyf"])
            whole["hmtx"][name] = (width, glyph.xMin)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=map(ord, characters))
    cut.subset(whole)
    file = io.BytesIO()
    subset.save_font(whole, file, options)
    return file.getvalue()


def write_style(app, env) -> None:
    """The font, within a style of the pages that use it."""
    if app.builder.format != "html":
        return
    characters: set[str] = set()
    for name in sorted(env.found_docs):
        for node in env.get_doctree(name).findall(is_formula):
            characters |= letters(mathml(node))
    if characters:
        data = base64.b64encode(font(characters)).decode()
        path = Path(app.outdir, "_static", STYLE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "/* STIX Two Math, copyright 2001-2020 The STIX Fonts Project Authors, SIL Open Font License 1.1. */\n"
            f'@font-face {{ font-family: "Formulas"; src: url("data:font/woff;base64,{data}") format("woff"); }}\n'
            f"{RULES}\n"
        )


def is_formula(node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block)


def link_style(app, pagename, templatename, context, doctree) -> None:
    """Only pages with formulas have their font. It is there before the first of them: one that comes late moves the text."""
    if doctree and any(doctree.findall(is_formula)):
        app.add_css_file(STYLE)
        app.add_js_file(None, body='document.fonts.load("1em Formulas")', priority=100)


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    app.connect("env-updated", write_style)
    app.connect("html-page-context", link_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
