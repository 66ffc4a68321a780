"""Sphinx extension: how a page is found and shared. Each says in a sentence or two what it is about, for search engines.

All else needs to know where the pages stand: canonical links, sitemap.xml and the card that social media show. It is there
once _config.yml names the repository (see tools/address.py), and absent before.
"""

import re
import sys
from html import escape
from pathlib import Path

from docutils import nodes

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.address import address

ENOUGH, MOST = 80, 200  # characters of a description
VIEWPORT = re.compile(r'<meta [^>]*name="viewport"[^>]*>')  # docutils' own; the theme has it already
CARD = {"width": 1200, "height": 630}


def opening(doctree: nodes.document):
    """The paragraphs of a page, less those of lists and those that another extension has put at its head."""
    own = (p for p in doctree.findall(nodes.paragraph) if "head" not in p["classes"] and p.astext().strip())
    return (p for p in own if not isinstance(p.parent, nodes.list_item))


def description(doctree: nodes.document) -> str:
    """The first sentences of a page: enough to know what it is about, no more than a list of results shows."""
    sentences = [s for p in opening(doctree) for s in re.split(r"(?<=[.!?])\s+", " ".join(p.astext().split()))]
    said = ""
    for sentence in sentences:
        longer = f"{said} {sentence}".strip()
        if said and (len(said) >= ENOUGH or len(longer) > MOST):
            break
        said = longer
    return said if len(said) <= MOST else said[: MOST - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def describe(app, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    if not doctree:  # the page of the search
        return
    context["metatags"] = VIEWPORT.sub("", context["metatags"])
    if said := description(doctree):
        context["metatags"] += f'\n<meta name="description" content="{escape(said)}" />\n'
        context["meta"] = {**(context.get("meta") or {}), "og:description": escape(said)}


def set_addresses(app, config) -> None:
    config.html_baseurl = config.ogp_site_url = app.address.pages
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = ["search.html", "genindex.html"]
    config.ogp_site_name = config.html_title
    config.ogp_image = "_static/card.png"
    config.ogp_image_alt = "A handwritten digit, five bars that narrow to the middle, and the digit again, redrawn"
    config.ogp_custom_meta_tags = [
        '<meta name="twitter:card" content="summary_large_image" />',
        *(f'<meta property="og:image:{side}" content="{size}" />' for side, size in CARD.items()),
    ]


def setup(app):
    app.address = address()
    app.connect("html-page-context", describe, priority=400)  # before sphinxext.opengraph
    if app.address:
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("sphinxext.opengraph")
        app.connect("config-inited", set_addresses)
    return {"parallel_read_safe": True}
