"""The whole book as one PDF, from its built pages: a cover, contents with page numbers, bookmarks, links that work.

Usage: python tools/pdf.py (make pdf, which builds the pages first)

The articles of all pages are put into one page, under the styles that they have when printed (book/_static/print.css), and
Chromium prints it. Scripts do not run, but the one that lays out the pictures of a slider: what else can be played with shows
the picture and the sentence that stand in it for readers without scripts.
"""

import re
import sys
from io import BytesIO
from pathlib import Path
from posixpath import dirname, join, normpath
from tempfile import NamedTemporaryFile
from urllib.parse import unquote, urlsplit

import lxml.html
import yaml
from lxml.html.builder import E
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.browser import MISSING, executable, launch  # noqa: E402 (found only now)

SCRIPTS = ("_static/frames.js",)
LEFT_OUT = "script", "noscript", "exercise-answer"
STYLE = """
.bd-main .bd-content { display: block; }
article { break-before: page; }
.cover { display: flex; flex-direction: column; justify-content: center; height: 240mm; text-align: center; }
.cover img { display: block; max-width: 60mm; max-height: 60mm; margin: 0 auto 15mm; }
.cover h1 { font-size: 3rem; }
.cover .authors { font-size: 1.4rem; }
.cover .licences { margin-top: 60mm; font-size: 0.9rem; }
.contents { break-before: page; }
.contents a { display: flex; justify-content: space-between; gap: 2em; color: inherit; text-decoration: none; }
.contents ol { padding: 0; list-style: none; }
"""
FOOTER = '<div style="width: 100%; font: 8pt sans-serif; text-align: center; color: #666"><span class="pageNumber"></span></div>'


def parts(toc: dict) -> list[tuple[str, list[str]]]:
    """The book in order: -> its parts, each with its title and its pages."""
    groups = toc.get("parts") or [{"chapters": toc.get("chapters", [])}]
    found = [(group.get("caption", ""), [chapter["file"] for chapter in group["chapters"]]) for group in groups]
    return [("", [toc["root"]]), *found]


def name_of(page: str, anchor: str = "") -> str:
    """The anchor in the one page of what has ``anchor`` in ``page``, or of its beginning."""
    return f"{page.replace('/', '-')}--{anchor}"


def moved(link: str, page: str, pages: set[str]) -> str | None:
    """Where a link of ``page`` leads in the one page; None if it led to a file beside the book."""
    url = urlsplit(link)
    if url.scheme:
        return link
    target = normpath(join(dirname(page), unquote(url.path))).removesuffix(".html") if url.path else page
    return f"#{name_of(target, unquote(url.fragment))}" if target in pages else None


def article_of(html: Path, page: str, pages: set[str]):
    """The article of a page, with folds open, and with anchors and links that are its own in the one page."""
    article = read(html / f"{page}.html").find(".//article")
    for element in [*article.iter(*LEFT_OUT), *article.find_class("headerlink")]:
        element.drop_tree()
    for element in article.iter("details"):
        element.set("open", "")
    for element in article.iter(lxml.html.etree.Element):
        element.attrib.pop("loading", None)
        for key, value in element.items():
            if key in ("id", "for", "aria-labelledby", "aria-describedby", "headers"):
                element.set(key, " ".join(name_of(page, one) for one in value.split()))
            elif key == "src" and not urlsplit(value).scheme:
                element.set(key, join(dirname(page), value))
            elif "url(#" in value:  # in drawings
                element.set(key, re.sub(r"url\(#(.+?)\)", lambda found: f"url(#{name_of(page, found[1])})", value))
        if "href" in element.attrib:
            link = moved(element.attrib.pop("href"), page, pages)
            if link:
                element.set("href", link)
    article.insert(0, E.span(id=name_of(page)))
    return article


def read(path: Path):
    return lxml.html.parse(path, lxml.html.HTMLParser(encoding="utf-8")).getroot()


def cover(config: dict, html: Path):
    """Title, authors and, as at the foot of each page, the licences; the logo if there is one."""
    logo = config.get("logo")
    return E.section(
        *([E.img(src=logo, alt="")] if logo and (html / logo).exists() else []),
        E.h1(config["title"]),
        E.p(config["author"], **{"class": "authors"}),
        E.div(
            *lxml.html.fragments_fromstring(config["sphinx"]["config"]["html_theme_options"]["extra_footer"]),
            **{"class": "licences"},
        ),
        **{"class": "cover"},
    )


def contents(groups, titles: dict[str, str], numbers: dict[str, int]):
    """The list of all pages; ``numbers`` are those of the paper."""
    section = E.section(E.h1("Contents"), **{"class": "contents"})
    for caption, pages in groups:
        section.append(E.p(E.strong(caption)))
        rows = (
            E.li(E.a(E.span(titles[p]), E.span(str(numbers.get(name_of(p), ""))), href=f"#{name_of(p)}")) for p in pages
        )
        section.append(E.ol(*rows))
    return section


def one_page(root: Path, html: Path, numbers: dict[str, int]) -> str:
    config = yaml.safe_load((root / "_config.yml").read_text())
    groups = parts(yaml.safe_load((root / "book" / "_toc.yml").read_text()))
    pages = [page for _, own in groups for page in own]
    articles = {page: article_of(html, page, set(pages)) for page in pages}
    titles = {page: " ".join(article.find(".//h1").text_content().split()) for page, article in articles.items()}
    styles: dict[str, None] = {}
    for page in pages:
        for link in read(html / f"{page}.html").iterfind(".//link[@rel='stylesheet']"):
            styles[normpath(join(dirname(page), link.get("href")))] = None
    head = E.head(E.meta(charset="utf-8"), E.title(config["title"]))
    head.extend(E.link(rel="stylesheet", href=style) for style in styles)
    head.append(E.style(STYLE))
    head.extend(E.script(src=script) for script in SCRIPTS)
    body = E.div(cover(config, html), contents(groups, titles, numbers), *articles.values(), **{"class": "bd-content"})
    whole = E.html(head, E.body(E.main(E.div(body), **{"class": "bd-main"})), lang="en", **{"data-theme": "light"})
    return "<!DOCTYPE html>\n" + lxml.html.tostring(whole, encoding="unicode")


def printed(browser, html: Path, text: str) -> bytes:
    """The page as a PDF, with bookmarks and page numbers. It lies beside the others while it is printed, for their pictures and styles."""
    with NamedTemporaryFile("w", dir=html, suffix=".html", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        page = browser.new_page()
        page.set_default_timeout(600_000)  # milliseconds
        page.goto(Path(file.name).as_uri())
        pdf = page.pdf(
            format="A4",
            outline=True,
            tagged=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
        )
        page.close()
    return pdf


def make(root: Path = ROOT) -> Path:
    """Write _build/book.pdf from _build/html: twice, since the contents learn the page numbers from the first one."""
    html, target = root / "_build" / "html", root / "_build" / "book.pdf"
    if executable() is None:
        sys.exit(MISSING)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        first = PdfReader(BytesIO(printed(browser, html, one_page(root, html, {}))))
        places = first.named_destinations.items()
        numbers = {name: first.get_destination_page_number(place) + 1 for name, place in places}
        whole = PdfWriter(clone_from=BytesIO(printed(browser, html, one_page(root, html, numbers))))
        browser.close()
    config = yaml.safe_load((root / "_config.yml").read_text())
    whole.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    whole.write(target)
    return target


if __name__ == "__main__":
    print(f"Open {make()}")
