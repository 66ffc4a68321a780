"""The built pages: no warning, nothing from another host, no broken link, readable by everyone, on a phone too."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebook_checks import BOOK, NOTEBOOKS, ROOT

HTML = ROOT / "_build" / "html"
PAGES = [path.stem for path in NOTEBOOKS] + [path.stem for path in sorted(BOOK.glob("*.md"))]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def build(folder: Path) -> subprocess.CompletedProcess:
    """The command of `make book`, in ``folder``."""
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    return subprocess.run(
        [jupyter_book, "build", "book", "--config", "_config.yml", "--path-output", ".", "-W", "--keep-going"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


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
    return {path.name: Page(path) for path in html.glob("*.html")}


def test_every_chapter_is_built(pages):
    assert {f"{name}.html" for name in PAGES} <= set(pages)


def test_local_links_lead_somewhere(html, pages):
    broken = []
    for name, page in pages.items():
        for link in page.links:
            url = urlsplit(link or "")
            if url.scheme or url.netloc:
                continue
            target = unquote(url.path) or name
            missing_anchor = url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids
            if missing_anchor or not (html / target).exists():
                broken.append((name, link))
    assert broken == []


def test_no_source_or_solution_file_is_published(html):
    assert [p for p in html.rglob("*") if p.suffix in (".ipynb", ".py") or p.name == "_sources"] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_image_has_alt_text(pages, name):
    """myst-nb's default alt text is the file's name, which no accessibility checker objects to."""
    for image in pages[f"{name}.html"].images:
        alt = image.get("alt") or ""
        assert len(alt) >= 20, image.get("src", "")[:80]
        assert not re.fullmatch(r"\S+\.(png|svg|jpe?g)", alt)


def open_page(browser, path: Path, viewport=DESKTOP, scheme="light"):
    """The page from disk, with the requests to other places and the complaints of its console."""
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    page.set_default_timeout(120_000)  # milliseconds; a busy machine sets a chapter's formulas slowly
    page.foreign, page.complaints = [], []
    local = ("file:", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else page.foreign.append(r.url))
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function("!window.MathJax?.startup?.promise || window.MathJax.startup.promise.then(() => true)")
    # The theme fades its colours in: half-way, a contrast is measured that no reader sees.
    page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_page_opens_from_disk(html, browser, name, viewport, scheme):
    """Nothing from another host, no complaint, no sideways scrolling, formulas set, nothing left empty."""
    page = open_page(browser, html / f"{name}.html", viewport, scheme)
    assert page.foreign == []
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    unset = "[...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container')).length"
    assert page.evaluate(unset) == 0
    empty = "[...document.querySelectorAll('.cell_output')].filter(e => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 8).length"
    assert page.evaluate(empty) == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible(html, browser, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(browser, html / f"{name}.html", scheme=scheme)
    # Only violations in full: to list every element that passes takes half as long again.
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    # docutils writes the bibliography with ARIA roles that newer rules call deprecated.
    violations = Axe().run(page, context={"exclude": [[".citation-list"]]}, options=options).response["violations"]
    found = [(v["id"], n["target"], n["failureSummary"][:200]) for v in violations for n in v["nodes"]]
    assert found == []
    page.close()


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS if '"Slider: ' in path.read_text()])
def test_explorers_move_by_keyboard_without_a_kernel(html, browser, name):
    page = open_page(browser, html / f"{name}.html")
    explorers = page.locator("frame-slider").all()
    assert explorers
    for explorer in explorers:

        def shown(explorer=explorer):
            """The value, the picture and the description of the only picture that is not hidden."""
            frames = explorer.evaluate(
                "e => [...e.querySelectorAll('img')].filter(i => !i.hidden).map(i => [i.dataset.value, i.src, i.alt])"
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


@pytest.fixture
def small_book(tmp_path) -> Path:
    """A book of one page with this book's configuration, extension and styles."""
    shutil.copy(ROOT / "_config.yml", tmp_path)
    book = tmp_path / "book"
    for folder in ("book/_ext", "book/_static", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (book / "references.bib").write_text("")
    (book / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    return tmp_path


def printed(text: str) -> list:
    return [new_output("stream", name="stdout", text=text)]


def shown(text: str) -> list:
    return [new_output("execute_result", data={"text/plain": text}, execution_count=1)]


def write_page(folder: Path, *cells, rtol=0.0) -> None:
    nb = new_notebook(cells=[new_markdown_cell("# A page"), *cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb.metadata["nbval_tol"] = {"rtol": rtol}
    nbformat.write(nb, folder / "book" / "page.ipynb")


def test_a_failing_cell_stops_the_build_each_time(small_book):
    write_page(small_book, new_code_cell("1 / 0"))
    for _ in ("cold", "with what the first build has kept"):
        bad = build(small_book)
        assert bad.returncode != 0
        assert "ZeroDivisionError" in bad.stdout + bad.stderr
    write_page(small_book, new_code_cell("x = 1 / 1"))
    good = build(small_book)
    assert good.returncode == 0, good.stdout + good.stderr


def test_the_page_shows_the_committed_text_where_the_fresh_one_agrees(small_book):
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    figure = nbformat.from_dict(
        {"output_type": "display_data", "data": {"text/plain": "<Figure size 640x480 with 1 Axes>"}, "metadata": {}}
    )
    write_page(
        small_book,
        new_code_cell("print('an error of', 0.0131)", outputs=printed("an error of 0.0132\n")),
        new_code_cell(draw, outputs=[figure]),
        rtol=0.02,
    )
    run = build(small_book)
    assert run.returncode == 0, run.stdout + run.stderr
    page = (small_book / "_build" / "html" / "page.html").read_text()
    assert "an error of 0.0132" in page
    assert "an error of 0.0131" not in page
    assert "<img" in page  # a fresh picture, for none is committed


def test_a_number_that_moved_stops_the_build_which_says_how_far(small_book):
    write_page(
        small_book, new_code_cell("print('an error of', 0.015)", outputs=printed("an error of 0.012\n")), rtol=0.02
    )
    bad = build(small_book)
    assert bad.returncode != 0
    assert "page.ipynb, code cell 0: 0.012 became 0.015 (25.0%); expected at most 2%" in bad.stdout + bad.stderr


def test_a_claim_that_does_not_hold_stops_the_build(small_book):
    cell = "from companion.claims import claim\nclaim('the new one is half as bad', 0.7, at_most=0.5)"
    write_page(small_book, new_code_cell(cell, outputs=printed("Holds: the new one is half as bad\n")))
    bad = build(small_book)
    assert bad.returncode != 0
    assert "Does not hold here: the new one is half as bad" in bad.stdout + bad.stderr


def test_a_broken_link_stops_the_build(small_book):
    write_page(small_book, new_markdown_cell("[nowhere](missing.md)"))
    bad = build(small_book)
    assert bad.returncode != 0
    assert "missing.md" in bad.stdout + bad.stderr


def test_a_changed_package_runs_the_notebooks_again(small_book):
    """What an earlier build has kept would show the old output."""
    package = small_book / "companion"
    package.mkdir()
    shutil.copy(ROOT / "companion" / "_threads.py", package)  # which the tools import
    (package / "__init__.py").write_text("ANSWER = 'first'")
    cell = "import sys; sys.path.insert(0, '..'); import companion; print('the answer is', companion.ANSWER)"
    write_page(small_book, new_code_cell(cell, outputs=printed("the answer is first\n")))
    assert build(small_book).returncode == 0
    (package / "__init__.py").write_text("ANSWER = 'second'")
    stale = build(small_book)
    assert stale.returncode != 0
    assert "'the answer is first' became 'the answer is second'" in stale.stdout + stale.stderr
    write_page(small_book, new_code_cell(cell, outputs=printed("the answer is second\n")))
    assert build(small_book).returncode == 0
    assert "the answer is second" in (small_book / "_build" / "html" / "page.html").read_text()
    assert len(list((small_book / "_build" / "notebooks").glob("*.ipynb"))) == 1


FOLDS = """# A page

:::{admonition} A hint
:class: dropdown
The hint.
:::

:::{dropdown} An answer
The answer.
:::
"""
EXPLORERS = """
import matplotlib.pyplot as plt
from companion import Explorer, PlaneExplorer

def draw(*position):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.set_title(str(position))
    return fig

def describe(*position):
    return f"It shows {position}, and nothing else."
"""


def test_on_paper(small_book, browser):
    """Folds are open, dark is light, no code is cut off, and explorers show frames from all over their range."""
    nb_cells = [
        new_markdown_cell(FOLDS),
        new_code_cell(EXPLORERS + "# " + 20 * "a long comment "),
        new_code_cell(
            "Explorer('size', list(range(9)), draw, describe, start=3)",
            outputs=shown("Slider: size, 9 positions from 0 to 8"),
        ),
        new_code_cell(
            "PlaneExplorer('x', list(range(5)), 'y', list(range(7)), draw, describe, start=(1, 2))",
            outputs=shown("Slider: x, 5 positions from 0 to 4\nSlider: y, 7 positions from 0 to 6"),
        ),
        new_code_cell("print('the solution')", metadata={"tags": ["hide-cell"]}, outputs=printed("the solution\n")),
    ]
    write_page(small_book, *nb_cells)
    run = build(small_book)
    assert run.returncode == 0, run.stdout + run.stderr
    page = open_page(browser, small_book / "_build" / "html" / "page.html", scheme="dark")

    folded = "[...document.querySelectorAll('details .sd-card-text, details pre')].map(e => e.checkVisibility())"
    state = f"[{folded}, document.querySelectorAll('.toggle-hidden').length, document.documentElement.dataset.theme]"
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {state}; }})")
    before = page.evaluate(state)
    assert before == [[False] * 3, 1, "dark"]  # the answer, the solution and what it prints; the hint
    page.pdf()
    assert page.evaluate("printed") == [[True] * 3, 0, "light"]
    assert page.evaluate(state) == before

    page.set_viewport_size({"width": 680, "height": 900})  # A4 less its margins
    page.emulate_media(media="print")
    cut = "[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert page.locator("frame-slider input:visible").count() == 0

    def on_paper(explorer):
        """The captions of the frames that are printed, row by row; each has its picture."""
        frames = explorer.locator(".frame:visible")
        assert explorer.locator("img:visible").count() == frames.count()
        places = [frame.bounding_box() for frame in frames.all()]
        captions = frames.all_inner_texts()
        return [captions[i] for i in sorted(range(len(places)), key=lambda i: (places[i]["y"], places[i]["x"]))]

    line, plane = page.locator("frame-slider").all()
    assert on_paper(line) == [f"size {k}: It shows ({k},), and nothing else." for k in (0, 2, 3, 4, 6, 8)]
    page.emulate_media(media="screen")
    line.locator("input").press("End")
    page.emulate_media(media="print")
    assert on_paper(line) == [f"size {k}: It shows ({k},), and nothing else." for k in (0, 2, 4, 6, 8)]
    grid = [(x, y) for y in (6, 3, 0) for x in (0, 2, 4)]
    assert on_paper(plane) == [f"x {x}, y {y}: It shows ({x}, {y}), and nothing else." for x, y in [(1, 2), *grid]]
    assert page.complaints == []
    page.close()
