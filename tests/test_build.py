"""How pages are built, on small books: what stops the build, folds, tables and explorers, on screens and on paper."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from built_pages import DESKTOP, build, open_page, violations
from notebook_checks import ROOT, extension
from tools.notebooks import notebooks

pytestmark = pytest.mark.slow

NARROW = {"width": 360, "height": 740}


@pytest.fixture
def small_book(tmp_path) -> Path:
    return new_book(tmp_path)


def new_book(folder: Path, *chapters: str) -> Path:
    """A book of one page, or more, with this book's configuration, extensions and styles."""
    shutil.copy(ROOT / "_config.yml", folder)
    for copied in ("book/_ext", "book/_static", "book/_templates", "tools"):
        shutil.copytree(ROOT / copied, folder / copied)
    (folder / "book" / "references.bib").write_text("")
    toc = ["format: jb-book", "root: page", *["chapters:"] * bool(chapters), *(f"- file: {name}" for name in chapters)]
    (folder / "book" / "_toc.yml").write_text("\n".join(toc))
    return folder


def printed(text: str) -> list:
    return [new_output("stream", name="stdout", text=text)]


def shown(text: str) -> list:
    return [new_output("execute_result", data={"text/plain": text}, execution_count=1)]


def write_page(folder: Path, *cells, rtol=0.0, name="page") -> None:
    nb = new_notebook(cells=[new_markdown_cell("# A page"), *cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb.metadata["nbval_tol"] = {"rtol": rtol}
    path = folder / "book" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nb, path)


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
    shutil.copytree(ROOT / "companion", package, ignore=shutil.ignore_patterns("__pycache__"))
    module = package / "__init__.py"
    as_it_is = module.read_text()
    module.write_text(f"{as_it_is}\nANSWER = 'first'\n")
    cell = "import sys; sys.path.insert(0, '..'); import companion; print('the answer is', companion.ANSWER)"
    write_page(small_book, new_code_cell(cell, outputs=printed("the answer is first\n")))
    assert build(small_book).returncode == 0
    module.write_text(f"{as_it_is}\nANSWER = 'second'\n")
    stale = build(small_book)
    assert stale.returncode != 0
    assert "'the answer is first' became 'the answer is second'" in stale.stdout + stale.stderr
    write_page(small_book, new_code_cell(cell, outputs=printed("the answer is second\n")))
    assert build(small_book).returncode == 0
    assert "the answer is second" in (small_book / "_build" / "html" / "page.html").read_text()
    assert len(list((small_book / "_build" / "notebooks").glob("*.ipynb"))) == 1


FOLDS = """# A page

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
    state = f"[{folded}, document.documentElement.dataset.theme]"
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {state}; }})")
    before = page.evaluate(state)
    assert before == [[False] * 3, "dark"]  # the answer, the solution and what it prints
    page.pdf()
    assert page.evaluate("printed") == [[True] * 3, "light"]
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


FIGURES = """
import matplotlib.pyplot as plt
from companion import Explorer, set_style
set_style()
fig, axes = plt.subplots(1, 2, figsize=(7, 3))
axes[0].plot([1, 2])
plt.show()
"""
FRAMES = """
def draw(width):
    fig, ax = plt.subplots(figsize=(6, 3))
    ax.plot([0, width])
    return fig
Explorer("width", [1, 2, 3], draw, lambda width: "It is long. " * 20 * width)
"""


@pytest.fixture(scope="module")
def drawn_book(tmp_path_factory) -> Path:
    folder = new_book(tmp_path_factory.mktemp("drawn"), "studies/drawn")
    figure = [displayed("<Figure size 1050x450 with 2 Axes>")]
    frames = shown("Slider: width, 3 positions from 1 to 3")
    write_page(folder, new_markdown_cell("Text."))
    cells = [new_code_cell(FIGURES, metadata={"mystnb": FIGURE}, outputs=figure), new_code_cell(FRAMES, outputs=frames)]
    write_page(folder, *cells, name="studies/drawn")
    run = build(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "_build" / "html" / "studies" / "drawn.html"


LOADED = """images => images.map(i => ({
    kind: i.closest("picture").className, alt: i.alt, file: i.currentSrc, dots: i.naturalWidth / i.width,
    seen: i.checkVisibility({ visibilityProperty: true }), loaded: i.complete && i.naturalWidth > 0,
    paint: [getComputedStyle(i).backgroundColor, getComputedStyle(i).padding, getComputedStyle(i).filter],
}))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "phone"])
def test_a_figure_is_on_the_page_in_both_themes_of_which_one_is_seen_and_loaded(drawn_book, browser, viewport, scheme):
    page = open_page(browser, drawn_book, viewport, scheme)
    page.locator("figure").scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('figure img')].some(i => i.complete && i.naturalWidth)")
    light, dark = page.locator("figure img").evaluate_all(LOADED)
    (one, other) = (light, dark) if scheme == "light" else (dark, light)
    assert (one["seen"], other["seen"]) == (one["loaded"], other["loaded"]) == (True, False)
    assert one["kind"] == f"only-{scheme}"
    assert one["alt"] == other["alt"] == FIGURE["image"]["alt"]
    assert ("narrow" in one["file"]) == (viewport == NARROW)
    assert one["dots"] >= 1.9  # crisp on a dense screen
    assert one["paint"] == ["rgba(0, 0, 0, 0)", "0px", "none"]  # no box, no mat, and no dimming
    assert page.complaints == page.foreign == []
    page.close()


def test_nothing_moves_when_a_picture_arrives_or_a_slider_is_moved(drawn_book, browser):
    context = browser.new_context(viewport=NARROW)
    page = context.new_page()
    page.route("**/*.webp", lambda route: None)  # none ever arrives
    page.goto(drawn_book.as_uri(), wait_until="domcontentloaded")
    page.wait_for_selector("frame-slider[data-ready]")
    height = "document.querySelector('article').offsetHeight"
    without = page.evaluate(height)
    context.close()
    page = open_page(browser, drawn_book, NARROW)
    page.locator("frame-slider").scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('.only-light img')].every(i => i.complete && i.naturalWidth)"
    )  # the frames that are not shown, too: a slider that moves shows no gap
    assert abs(page.evaluate(height) - without) <= 1
    for key in ("End", "Home"):
        page.locator("frame-slider input").press(key)
        assert abs(page.evaluate(height) - without) <= 1
        seen = [image for image in page.locator("frame-slider img").evaluate_all(LOADED) if image["seen"]]
        assert len(seen) == 1
    page.close()


def test_the_light_pictures_are_printed_from_a_dark_page(drawn_book, browser):
    page = open_page(browser, drawn_book, scheme="dark")
    page.pdf()
    page.wait_for_function("document.querySelector('figure .only-light img').naturalWidth > 0")
    page.close()


def test_the_pages_know_the_palette(drawn_book, browser):
    from companion._support.themes import properties

    for scheme in ("light", "dark"):
        page = open_page(browser, drawn_book, scheme=scheme)
        for name, colour in properties(scheme).items():
            assert page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('{name}')") == colour
        page.close()


SHOW = """from companion.tables import show_table
print("before the table")
rows = [["PCA", 32, 0.0131], ["a network with three hidden layers", 6, 0.0131]]
show_table(["model", "numbers", "error $|x - y|$"], rows, ["", "d", ".4f"])
print("after it")
show_table(["data", *(f"column {i}" for i in range(9))], [["digits", *9 * [0.5]]], ".3f")"""
SHOWN = """| model                              | numbers | error $\\|x - y\\|$ |
| ---------------------------------- | ------: | ----------------: |
| PCA                                |      32 |            0.0132 |
| a network with three hidden layers |       6 |            0.0132 |"""
WIDE = """| data   | column 0 | column 1 | column 2 | column 3 | column 4 | column 5 | column 6 | column 7 | column 8 |
| ------ | -------: | -------: | -------: | -------: | -------: | -------: | -------: | -------: | -------: |
| digits |    0.500 |    0.500 |    0.500 |    0.500 |    0.500 |    0.500 |    0.500 |    0.500 |    0.500 |"""
DRAW = """from companion.tables import show_table
import matplotlib.pyplot as plt

# A comment that is too long for the narrow window of a phone, and not for that of a desk
fig, ax = plt.subplots(figsize=(4, 2))
ax.plot([1, 2])
plt.show()
show_table(["x"], [[1]])"""
CLAIMS = """from companion import claim
print("measured 0.50")
claim("a half is at most one, however long the sentence that says so is, and it is long", 0.5, at_most=1)
claim("two is two < three", 2, equals=2)
print("and after")"""
CLAIMED = """measured 0.50
Holds: a half is at most one, however long the sentence that says so is,
  and it is long
  found 0.5, expected at most 1
Holds: two is two < three
  found 2, expected 2
and after
"""
FOLDED = {"tags": ["hide-input"]}
FIGURE = {
    "figure": {"name": "fig-page-line", "caption": "The line rises."},
    "image": {"alt": "A line from the lower left to the upper right."},
}


def displayed(text: str):
    return nbformat.from_dict({"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}})


@pytest.fixture(scope="module")
def folded_book(tmp_path_factory) -> Path:
    """The HTML of four pages: with folded code and tables; in a folder, with folded code; with neither; with claims."""
    folder = new_book(tmp_path_factory.mktemp("folded"), "studies/page", "plain", "claims")
    table = [*printed("before the table\n"), displayed(SHOWN), *printed("after it\n"), displayed(WIDE)]
    figure = [displayed("<Figure size 400x200 with 1 Axes>"), displayed("|    x |\n| ---: |\n|    1 |")]
    write_page(
        folder,
        new_code_cell("print('open code')", outputs=printed("open code\n")),
        new_code_cell(SHOW, metadata=FOLDED, outputs=table),
        new_code_cell(DRAW, metadata={**FOLDED, "mystnb": FIGURE}, outputs=figure),
        new_code_cell("print('one line')", metadata=FOLDED, outputs=printed("one line\n")),
        new_code_cell("answer = 42", metadata={"tags": ["solution", "hide-cell"]}),
        new_code_cell("answer = 43", metadata={"tags": ["solution", "hide-input"]}),
        rtol=0.02,
    )
    write_page(folder, new_code_cell(CLAIMS, outputs=printed(CLAIMED)), name="claims")
    elsewhere = "from pathlib import Path\nprint(Path().resolve().name)"
    write_page(folder, new_code_cell(elsewhere, metadata=FOLDED, outputs=printed("studies\n")), name="studies/page")
    (folder / "book" / "plain.md").write_text("# Prose alone\n\nText.")
    run = build(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list((folder / "_build" / "notebooks").rglob("page-*.ipynb"))) == 2  # neither has replaced the other
    return folder / "_build" / "html"


def test_claims_stand_in_a_fold_below_what_their_cell_prints(folded_book, browser):
    page = open_page(browser, folded_book / "claims.html")
    assert page.locator(".cell_output").inner_text().strip() == "measured 0.50\nand after"
    fold = page.locator("details.checked")
    assert fold.bounding_box()["y"] > page.locator(".cell_output").bounding_box()["y"]
    assert not fold.locator("li").first.is_visible()
    fold.get_by_text("Checked: 2 conclusions").click()
    assert fold.locator("li").all_inner_texts() == [
        "a half is at most one, however long the sentence that says so is, and it is long (found 0.5, expected at most 1)",
        "two is two < three (found 2, expected 2)",
    ]
    page.close()


def states(page) -> list[bool]:
    """Which folds of the page are open: three of code, then the solutions."""
    return page.evaluate("[...document.querySelectorAll('.cell > details')].map(fold => fold.open)")


def test_a_fold_says_how_many_lines_it_hides_and_its_output_stays_open(folded_book, browser):
    page = open_page(browser, folded_book / "page.html")
    labels = page.locator(".cell > details > summary")
    assert labels.all_inner_texts() == [
        "Show the code (6 lines)",
        "Show the code (8 lines)",
        "Show the code (1 line)",
        "Show code cell content",
        "Show the code (1 line)",
    ]
    assert page.locator("summary[aria-label]").count() == 0  # it would be read out in place of the label
    cell = page.locator(".cell", has_text="one line")
    label, output = cell.locator("summary"), cell.locator(".cell_output")
    assert not cell.locator(".cell_input").is_visible()
    assert output.bounding_box()["y"] >= label.bounding_box()["y"] + label.bounding_box()["height"]
    size, weight = (
        label.locator(".collapsed").evaluate(f"e => parseFloat(getComputedStyle(e).{style})")
        for style in ("fontSize", "fontWeight")
    )
    text = page.locator("article").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size < text
    assert weight == 400  # a quiet line, no heading
    label.click()
    assert labels.all_inner_texts()[2] == "Hide the code (1 line)"
    assert cell.locator(".cell_input").is_visible()
    page.close()


def test_the_switch_opens_all_code_and_no_solution_and_is_remembered(folded_book, browser):
    page = open_page(browser, folded_book / "page.html")
    switch = page.get_by_role("button", name="Show all code")
    above, below = page.locator("article h1").bounding_box(), page.locator("article .cell").first.bounding_box()
    place = switch.bounding_box()
    assert above["y"] + above["height"] <= place["y"] <= below["y"] - place["height"]
    assert states(page) == [False] * 5
    switch.press("Enter")
    assert states(page) == [True] * 3 + [False] * 2
    page.reload()
    assert states(page) == [True] * 3 + [False] * 2
    page.goto((folded_book / "studies" / "page.html").as_uri())
    assert states(page) == [True]
    page.get_by_role("button", name="Hide all code").press("Space")
    assert states(page) == [False]
    page.goto((folded_book / "page.html").as_uri())
    assert states(page) == [False] * 5
    assert page.complaints == page.foreign == []
    page.close()


def test_the_switch_follows_folds_that_open_by_hand(folded_book, browser):
    page = open_page(browser, folded_book / "page.html")
    folds = page.locator(".cell.tag_hide-input:not(.tag_solution) summary")
    for fold in folds.all():
        assert page.locator(".code-switch").inner_text() == "Show all code"
        fold.click()
    page.get_by_role("button", name="Hide all code").wait_for()
    folds.first.click()
    page.get_by_role("button", name="Show all code").click()
    assert states(page) == [True] * 3 + [False] * 2
    page.emulate_media(media="print")
    assert not page.locator(".code-switch").is_visible()
    page.close()


def test_the_switch_works_where_the_browser_keeps_nothing(folded_book, browser):
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})")
    page = context.new_page()
    page.goto((folded_book / "page.html").as_uri())
    page.get_by_role("button", name="Show all code").click()
    assert states(page) == [True] * 3 + [False] * 2
    context.close()


def test_folds_open_without_scripts_and_a_page_without_folds_has_no_switch(folded_book, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folded_book / "page.html").as_uri())
    cell = page.locator(".cell", has_text="one line")
    cell.locator("summary").click()
    assert cell.locator(".cell_input").is_visible()
    assert page.locator(".code-switch").count() == 0
    context.close()
    page = open_page(browser, folded_book / "plain.html")
    assert page.locator(".code-switch").count() == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "phone"])
def test_folds_and_tables_are_accessible(folded_book, browser, viewport, scheme):
    page = open_page(browser, folded_book / "page.html", viewport, scheme)
    assert violations(page) == []
    page.locator(".code-switch").click()
    # The keyboard can scroll what is too wide, in a fold that has just opened too: the theme sees to it.
    unreachable = "[...document.querySelectorAll('pre, .pst-scrollable-table-container')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"
    assert page.evaluate(unreachable) == 0
    page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "phone"])
def test_a_table_on_the_page(folded_book, browser, viewport):
    """A real one, with the committed digits, in its place among what is printed, and no wider than its box."""
    page = open_page(browser, folded_book / "page.html", viewport)
    cell = page.locator(".cell", has_text="before the table")
    first, wide = cell.locator("table").all()
    rows = [row.locator("td").all_inner_texts() for row in first.locator("tbody tr").all()]
    committed = "0.0132"  # the fresh run has 0.0131
    assert rows == [["PCA", "32", committed], ["a network with three hidden layers", "6", committed]]
    assert first.locator("th math").count() == 1
    heights = [cell.get_by_text(text, exact=True).bounding_box()["y"] for text in ("before the table", "after it")]
    assert heights[0] < first.bounding_box()["y"] < heights[1] < wide.bounding_box()["y"]
    style = "e => [getComputedStyle(e).textAlign, getComputedStyle(e).fontVariantNumeric]"
    styles = [cell.evaluate(style) for cell in first.locator("tr").last.locator("td").all()]
    assert styles == [["start", "normal"], *2 * [["right", "tabular-nums"]]]
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    box = wide.locator("xpath=..")
    room = page.locator("article").bounding_box()
    assert box.bounding_box()["x"] + box.bounding_box()["width"] <= room["x"] + room["width"]
    assert box.evaluate("e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX") == "auto"
    page.close()


def test_a_table_of_ten_columns_is_not_cut_on_paper(folded_book, browser):
    page = open_page(browser, folded_book / "page.html", {"width": 680, "height": 900})  # A4 less its margins
    cut = "[...document.querySelectorAll('.pst-scrollable-table-container')].map(e => e.scrollWidth > e.clientWidth)"
    assert page.evaluate(cut) == [False, True, False]
    page.emulate_media(media="print")
    assert page.evaluate(cut) == [False] * 3
    page.close()


def test_a_table_beside_a_figure_is_no_part_of_it(folded_book, browser):
    page = open_page(browser, folded_book / "page.html")
    (figure,) = page.locator("figure").all()
    assert figure.locator("img").count() == 1
    assert figure.locator("table").count() == 0
    assert "The line rises." in figure.inner_text()
    table = page.locator("article table").last
    assert table.bounding_box()["y"] > figure.bounding_box()["y"] + figure.bounding_box()["height"]
    page.close()


@pytest.mark.parametrize(
    ("source", "tags", "label"),
    [
        ("x = 1", ["hide-input"], "Show the code (1 line)"),
        ("x = 1\n\n# and\ny = 2", ["hide-input"], "Show the code (4 lines)"),
        ("x = 1\ny = 2\n", ["hide-input"], "Show the code (2 lines)"),
        ("x = 1", ["hide-cell"], None),
        ("x = 1", [], None),
    ],
)
def test_only_folded_code_is_labelled(source, tags, label):
    cell = extension("page_cells").with_label(new_code_cell(source, metadata={"tags": tags}))
    assert cell.metadata.get("mystnb", {}).get("code_prompt_show") == label


def test_notebooks_in_folders_are_found_and_copies_are_not(tmp_path):
    (tmp_path / "_build").mkdir()
    book = tmp_path / "_build" / "book"  # where the book itself lies does not matter
    for name in ("b", "studies/a", ".ipynb_checkpoints/b-checkpoint", "studies/.ipynb_checkpoints/a", "_build/b"):
        path = book / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert notebooks(book) == [book / "b.ipynb", book / "studies" / "a.ipynb"]


def test_a_figure_to_play_with_is_the_pages_own(small_book, browser):
    """In place of the live one, which carries its weights; in another page, by a directive. Only such pages load its script."""
    source = "from companion.elements.draw_digit import draw_digit\n\ndraw_digit()"
    text = "Figure to play with: draw a digit, and drag the numbers of its code"
    write_page(small_book, new_code_cell(source, outputs=shown(text), execution_count=1))
    (small_book / "book" / "other.md").write_text("# Other\n\n```{play} draw_digit\n```\n")
    (small_book / "book" / "plain.md").write_text("# Plain\n\nNothing to play with.\n")
    (small_book / "book" / "_toc.yml").write_text(
        "format: jb-book\nroot: page\nchapters:\n- file: other\n- file: plain\n"
    )
    run = build(small_book)
    assert run.returncode == 0, run.stdout + run.stderr
    html = small_book / "_build" / "html"
    for name in ("page", "other"):
        assert "data-model" not in (html / f"{name}.html").read_text()
        page = open_page(browser, html / f"{name}.html")
        page.wait_for_selector("companion-figure[data-ready]")
        assert page.locator(".bar").count() == 32
        assert page.foreign == page.complaints == []
        page.close()
    assert "figures/figure.js" not in (html / "plain.html").read_text()
