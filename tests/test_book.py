"""The built pages: no warning, nothing from another host, no broken link, readable by everyone, on a phone too."""

import gzip
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from built_pages import DESKTOP, PHONE, build, first_found, open_page, served, violations
from notebook_checks import BOOK, ROOT, extension
from tools.notebooks import notebooks

pytestmark = pytest.mark.slow

HTML = ROOT / "_build" / "html"
SOURCES = {p.relative_to(BOOK).with_suffix("").as_posix(): p for p in [*notebooks(), *sorted(BOOK.glob("*.md"))]}
PAGES = list(SOURCES)


@pytest.fixture(scope="session")
def html() -> Path:
    """The real book, built as `make book` builds it."""
    run = build(ROOT)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    return HTML


class Page(HTMLParser):
    """What a page links to, shows and names."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.images, self.ids = [], [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        if tag == "img":
            self.images.append(attributes)
        for name in ("href", "src"):
            if name in attributes:
                self.links.append(attributes[name])


@pytest.fixture(scope="session")
def pages(html) -> dict[str, Page]:
    return {
        path.relative_to(html).as_posix(): Page(path) for path in html.rglob("*.html") if "_static" not in path.parts
    }


def test_every_chapter_is_built(pages):
    assert {f"{name}.html" for name in PAGES} <= set(pages)


def test_local_links_lead_somewhere(html, pages):
    broken = []
    for name, page in pages.items():
        for link in page.links:
            url = urlsplit(link or "")
            if url.scheme or url.netloc:
                continue
            file = (html / name).parent / unquote(url.path) if url.path else html / name
            target = Path(os.path.relpath(file, html)).as_posix()
            missing_anchor = url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids
            if missing_anchor or not file.exists():
                broken.append((name, link))
    assert broken == []


def test_no_source_or_solution_file_is_published(html):
    assert [p for p in html.rglob("*") if p.suffix in (".ipynb", ".py") or p.name == "_sources"] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_image_has_alt_text(pages, name):
    """myst-nb's default alt text is the file's name, which no accessibility checker objects to."""
    for image in pages[f"{name}.html"].images:
        if "logo__image" in image.get("class", ""):  # the mark says no more than the name beside it
            assert image["alt"] == ""
            continue
        alt = image.get("alt") or ""
        assert len(alt) >= 20, image.get("src", "")[:80]
        assert not re.fullmatch(r"\S+\.(png|svg|jpe?g)", alt)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_opens_from_disk(html, browser, name, scheme):
    """Nothing from another host, no complaint, formulas set, accessible; nothing empty or wider than the window, on a phone too."""
    page = open_page(browser, html / f"{name}.html", PHONE, scheme)
    assert page.evaluate("[...document.querySelectorAll('.math')].filter(e => !e.querySelector('math')).length") == 0
    for viewport in (PHONE, DESKTOP):
        page.set_viewport_size(viewport)
        page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        empty = "[...document.querySelectorAll('.cell_output')].filter(e => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 8).length"
        assert page.evaluate(empty) == 0
    assert page.foreign == []
    assert page.complaints == []
    assert violations(page) == []  # last: axe asks for the styles again, of which a page from disk complains
    page.close()


@pytest.mark.parametrize("name", [name for name, path in SOURCES.items() if '"Slider: ' in path.read_text()])
def test_explorers_move_by_keyboard_without_a_kernel(html, browser, name):
    page = open_page(browser, html / f"{name}.html")
    explorers = page.locator("frame-slider").all()
    assert explorers
    for explorer in explorers:

        def shown(explorer=explorer):
            """The value, the picture and the description of the only picture that can be seen."""
            frames = explorer.evaluate(
                "e => [...e.querySelectorAll('img')].filter(i => i.checkVisibility({ visibilityProperty: true }))"
                ".map(i => [i.closest('.frame').dataset.value, i.src, i.alt])"
            )
            assert len(frames) == 1
            value, picture, description = frames[0]
            assert explorer.locator("p").inner_text() == description
            assert ", ".join(explorer.locator("output").all_inner_texts()) == value
            return value, picture, description

        sliders = explorer.locator("input").all()
        for slider in sliders:
            seen = []
            for key in ("Home", "ArrowRight", "End"):
                slider.focus()
                page.keyboard.press(key)
                seen.append(shown())
            for values in zip(*seen, strict=True):
                assert len(set(values)) == 3  # each key changes the value, the picture and the description
    page.close()


FOUND = {
    "KL": "04-vae.html#what-does-a-cloud-cost",
    "reparametrization": "04-vae.html#how-do-you-differentiate-a-throw-of-the-dice",
    "reparameterisation trick": "04-vae.html#how-do-you-differentiate-a-throw-of-the-dice",
    "posterior collapse": "04-vae.html#what-if-the-price-changes",
    "postreior colapse": "04-vae.html#what-if-the-price-changes",
    "bottleneck": "03-bottleneck.html#the-bottleneck-copying-memorising-learning",
    "ELBO": "04-vae.html#why-these-two-terms",
    "U-Net": "06-denoising.html#what-if-nothing-is-squeezed",
    "unet": "06-denoising.html#what-if-nothing-is-squeezed",
    "MSE": "02-losses.html#from-two-pictures-to-one-number",
    "Tweedie": "studies/15-density.html#why-tweedie-s-formula",
    "color": "08-colorization.html#colorization-lightness-in-colour-out",
    "visualization": "09-visualisation.html#visualisation-maps-of-what-you-cannot-see",
    "autoencod": "01-intuition.html#intuition-carry-the-map-out-in-your-head",
    "beta": "04-vae.html#what-if-the-price-changes",
}


@pytest.mark.parametrize("place", ["disk", "server"])
def test_search_puts_first_where_a_thing_is_explained(html, browser, place):
    with served(html) as address:
        page = open_page(browser, html / "search.html" if place == "disk" else f"{address}/search.html")
        assert {query: first_found(page, query) for query in FOUND} == FOUND
        assert page.complaints == page.foreign == []
        page.close()


def test_search_finds_every_term_of_the_glossary_on_a_page_that_the_glossary_names(html, browser):
    search_index = extension("search_index")
    page = open_page(browser, html / "search.html")
    terms = [s for s in search_index.sections_of(html / "glossary.html", "glossary") if s.anchor.startswith("term-")]
    assert len(terms) > 50
    for term in terms:
        named = {link for link in term.links if "#" not in link} or {"glossary.html"}
        for name in search_index.names(term.title):
            assert first_found(page, name).partition("#")[0] in named, name
    page.close()


def test_the_search_index_is_small(html):
    assert len(gzip.compress((html / "search-index.js").read_bytes())) < 400_000
