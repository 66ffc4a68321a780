"""Sphinx extension: an index for the search page, section by section, as a script: from disk a page may load that, and no more.

It is read off the built pages, so that it says what they say and names the anchors that they have. The glossary says which
page explains a term; headings, the link to the glossary and words decide which section of that page does.
_static/search.js ranks and shows what is found. Sphinx's own search, which this replaces, fetches the pages that it quotes
from, which a browser refuses on disk, and leads to the top of long pages.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag

import lxml.html

FILE = "search-index.js"
KINDS = ("prose", "folded", "code", "output")  # where a section's words stand; "folded": in answers and solutions
WORD = re.compile(
    r"[^\W\d_]\w+"
)  # of code and of what it prints, only words are kept, each once: the index stays small
SILENT = {"script", "style", "summary", "annotation", "exercise-answer", "nav", "frame-slider", "svg"}
INLINE = {"a", "abbr", "b", "code", "em", "i", "math", "span", "strong", "sub", "sup"}  # and what MathML has
LATE = re.compile(r"summary|exercise|further reading|the claims of|(after|before) this", re.I)  # these explain no term

REPEATS = re.compile("claims|what-people-say|map|bibliography")  # pages that gather what others say


@dataclass
class Section:
    """What stands under one heading, less what stands under a further one; an entry of the glossary counts as one."""

    page: str
    anchor: str
    title: str = ""
    top: bool = False  # the whole page's heading is its own
    links: list[str] = field(default_factory=list)  # to the glossary and, from it, to the pages that explain a term
    strong: str = ""
    terms: list[str] = field(default_factory=list)  # what it explains
    texts: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def text(self, kind: str) -> str:
        return " ".join("".join(self.texts[kind]).split())

    def bag(self, kind: str, known: set[str]) -> str:
        new = (word for word in WORD.findall(self.text(kind)) if word not in known)
        return " ".join(dict.fromkeys(new))


def kind_of(element, kind: str) -> str:
    """Where the words in ``element`` stand, if those around it stand in ``kind``: what is folded stays so, then what is printed."""
    classes = set(element.get("class", "").split())
    if kind == "folded" or classes & {"tag_solution", "sd-dropdown"}:
        return "folded"
    if kind == "output" or classes & {"cell_output", "checked", "claims"}:
        return "output"
    return "code" if "cell_input" in classes else kind


def read(element, section: Section, kind: str, found: list[Section]) -> None:
    """Put the words of ``element`` into ``section``, and the sections in it into ``found``."""
    if not isinstance(element.tag, str) or element.tag in SILENT or "headerlink" in element.get("class", ""):
        return
    if element.tag == "section" and element.get("id"):
        section, kind = Section(section.page, element.get("id"), top=not found), "prose"
        found.append(section)
    elif element.tag == "dt" and element.get("id", "").startswith("term-"):
        section = Section(section.page, element.get("id"), " ".join(element.text.split()))
        found.append(section)
        return
    elif element.tag == "dd" and found and found[-1].anchor.startswith("term-"):
        section = found[-1]
    elif element.tag in ("h1", "h2", "h3", "h4") and not section.title:
        section.title = " ".join("".join(element.itertext()).removesuffix("#").split())
        return
    elif element.tag == "a" and element.get("href"):
        section.links.append(element.get("href"))
    elif element.tag == "strong":
        section.strong += f"{element.text_content()} "
    elif "admonition-after" in element.get("class", ""):  # what one will know names terms, and explains none
        section = Section(section.page, "")
    kind = kind_of(element, kind)
    inline = element.tag in INLINE
    section.texts[kind] += [" " * (not inline), element.text or ""]
    for child in element:
        read(child, section, kind, found)
        section.texts[kind].append(child.tail or "")
    section.texts[kind].append(" " * (not inline))


def sections_of(html: Path, page: str) -> list[Section]:
    article = lxml.html.parse(html, lxml.html.HTMLParser(encoding="utf-8")).getroot().find(".//article")
    found: list[Section] = []
    read(article, Section(page, ""), "prose", found)
    return [section for section in found if section.title]


def names(term: str) -> list[str]:
    """ "mean squared error (MSE)" -> its two names."""
    return [name.strip() for name in term.rstrip(")").split("(")]


def explains(section: Section, entry: Section) -> float:
    """How much speaks for a section, of a page that the glossary names, being the one that explains the term of ``entry``."""
    if LATE.search(section.title):
        return -1
    called = re.compile("|".join(rf"\b{re.escape(name)}(?:s|es)?\b" for name in names(entry.title)), re.I)
    linked = any(link.endswith(f"#{entry.anchor}") for link in section.links)
    count = len(called.findall(section.text("prose")))
    return (
        3 * bool(called.search(section.title))
        + 2 * bool(called.search(section.strong))
        + 2.5 * linked
        + min(count, 8) / 100
    )


def give_terms(sections: list[Section]) -> None:
    """Tell the sections which terms they explain."""
    by_page: dict[str, list[Section]] = {}
    for section in sections:
        by_page.setdefault(section.page, []).append(section)
    for entry in sections:
        if entry.anchor.startswith("term-"):
            pages = [urldefrag(link)[0].removesuffix(".html") for link in entry.links]
            for page in dict.fromkeys(page for page in pages if page in by_page and page != entry.page):
                max(by_page[page], key=lambda section: explains(section, entry)).terms += names(entry.title)


def index_of(sections: list[Section]) -> dict:
    """The index as _static/search.js reads it: pages as [address, title], sections as [page, anchor, title, weight, terms, *words]."""
    pages = {section.page: section.title for section in sections[::-1]}  # a page is called as its first section is
    numbers = {page: number for number, page in enumerate(pages)}
    rows = []
    for section in sections:
        prose, folded = section.text("prose"), section.text("folded")
        code = section.bag("code", set(WORD.findall(f"{prose} {folded}")))
        output = section.bag("output", set(WORD.findall(f"{prose} {folded} {code}")))
        weight = (0.5 if LATE.search(section.title) else 1) * (0.4 if REPEATS.match(section.page) else 1)
        head = [numbers[section.page], section.anchor, section.title, weight, section.terms]
        rows.append([*head, prose, folded, code, output])
    return {"pages": [[f"{page}.html", title] for page, title in pages.items()], "sections": rows}


def write(app, exception) -> None:
    if app.builder.name != "html" or exception:
        return
    html = Path(app.outdir)
    sections = [section for page in sorted(app.env.found_docs) for section in sections_of(html / f"{page}.html", page)]
    give_terms(sections)
    index = json.dumps(index_of(sections), ensure_ascii=False, separators=(",", ":"))
    (html / FILE).write_text(f"const COURSE = {index};\n", encoding="utf-8")


def replace_search(app) -> None:
    """Sphinx then neither writes its index nor makes its page; the page is made below."""
    app.builder.search = False


def search_page(app):
    yield "search", {"title": "Search"}, "search.html"


def leave_out(app, pagename, templatename, context, doctree) -> None:
    """Scripts that a page has no use for: the search's, and Sphinx's own marks for what was found (found.js makes ours)."""
    unused = {"_static/sphinx_highlight.js", *(["_static/search.js"] if pagename != "search" else [])}
    context["script_files"] = [file for file in context["script_files"] if file.filename not in unused]


def setup(app):
    app.connect("builder-inited", replace_search)
    app.connect("html-collect-pages", search_page)
    app.connect("html-page-context", leave_out, priority=900)  # after the extensions that put them there
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
