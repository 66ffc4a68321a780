"""The live front end: JupyterLab in a browser shows and moves every explorer, and folds the solutions."""

import json
import os
import re
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebook_checks import BOOK, NOTEBOOKS, code_cells, output_text, read
from tools.notebooks import FOLDED, KERNELSPEC

pytestmark = pytest.mark.slow

WAIT = 600  # seconds; only a front end that hangs waits as long
SLIDER = re.compile(r"^Slider: (.+), (\d+) positions from (.+) to (.+)$", re.MULTILINE)
EXPLORERS = {
    f"{path.stem}-{i}": [(label, int(n), first, last) for label, n, first, last in found]
    for path in NOTEBOOKS
    for i, cell in enumerate(code_cells(read(path)), 1)
    if (found := SLIDER.findall(output_text(cell)))
}
SETTINGS = {  # JupyterLab's questions on a first start; both would look for news on other hosts
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A running JupyterLab that knows nothing of the user's settings: its address, the folder it shows, names for notebooks."""
    home = tmp_path_factory.mktemp("jupyter")
    for name, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    (home / "root").mkdir()
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    env = {**os.environ, **{name: str(home / folder) for name, folder in places.items()}, "COMPANION_PROGRESS": "on"}
    options = [
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",  # as window.jupyterapp
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",  # any free one
        f"--ServerApp.root_dir={home / 'root'}",
        "--IdentityProvider.token=",
        "--LabApp.extension_manager=readonly",
    ]
    log = home / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=env, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        url = address(server, home / "runtime", log)
        yield SimpleNamespace(url=url, root=home / "root", numbers=count())
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:  # asked to stop while a kernel starts, it may wait for ever
            server.kill()
            server.wait()


def address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    """Where the server listens, once it does: it writes a file that says so."""
    file = runtime / f"jpserver-{server.pid}.json"
    for _ in range(10 * WAIT):
        if "is running at" in log.read_text() and file.exists():
            return json.loads(file.read_text())["url"]
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise TimeoutError(log.read_text())


@pytest.fixture
def open_notebook(lab, browser):
    """A function: cells -> the page of a notebook of them, its kernel ready, with the errors of its console."""
    opened = []

    def opening(*cells):
        nb = new_notebook(cells=list(cells), metadata={"kernelspec": KERNELSPEC})
        name = f"{next(lab.numbers)}.ipynb"
        nbformat.write(nb, lab.root / name)
        # High enough for all of it: JupyterLab leaves out of the page what is far from being seen.
        page = browser.new_page(viewport={"width": 1280, "height": 5000})
        opened.append(page)
        page.set_default_timeout(1000 * WAIT)
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"{lab.url}lab/tree/{name}?reset")
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")
        # Run earlier, the cells would wait for a kernel to be chosen in a dialogue.
        page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
        return page

    yield opening
    for page in opened:
        page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext.shutdown()")
        page.close()


def start(page) -> None:
    """Run all cells."""
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.done = true; })")


def finish(page) -> None:
    """Wait for all cells: none has complained, and nothing that they show."""
    page.wait_for_function("window.done")
    shown = page.locator(".jp-Notebook").inner_text()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts() == []
    assert "javascript error" not in shown.lower()


def run_all(page) -> None:
    start(page)
    finish(page)


class Live:
    """An explorer on a page."""

    def __init__(self, page, box):
        self.page, self.box = page, box
        self.image, self.text = box.locator("img"), box.locator(".widget-html").last
        self.text.evaluate("e => { e.isTheSame = true; }")

    def settled(self, description):
        """Once the picture is there that ``description`` (a string or a pattern) names: its source and its name."""
        from playwright.sync_api import expect

        expect(self.image).to_have_attribute("alt", description, timeout=1000 * WAIT)
        self.page.wait_for_function("image => image.complete", arg=self.image.element_handle())
        width, height = self.image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
        seen = self.image.bounding_box()
        assert min(width, height, seen["width"], seen["height"]) > 20
        alt = self.image.get_attribute("alt")
        # The same text stands below it, in an element that lives on and tells a screen reader of each change.
        expect(self.text).to_have_text(alt, timeout=1000 * WAIT)
        assert self.text.evaluate("e => e.isTheSame && e.getAttribute('aria-live')") == "polite"
        return self.image.get_attribute("src"), alt

    def slider(self, label):
        return self.box.get_by_role("slider", name=label, exact=True)

    def press(self, label, key):
        self.slider(label).press(key)

    def click(self, label, share):
        """With the mouse, that far from left to right."""
        track = self.slider(label).locator("xpath=ancestor::*[@class='noUi-base']").bounding_box()
        self.page.mouse.click(track["x"] + share * track["width"], track["y"] + track["height"] / 2)


STAND_IN = """
import matplotlib.pyplot as plt
from companion import Explorer, PlaneExplorer


def draw(*position):
    fig, ax = plt.subplots(figsize=(3, 1), dpi=72)
    ax.set_title(str(position))
    return fig


def describe(*position):
    return f'"Drawn" at {" & ".join(position)} <of the range>.'
"""


def described(position) -> str:
    return f'"Drawn" at {" & ".join(position)} <of the range>.'


def test_no_explorer_is_missed():
    """They are found by what their cells print; here, by the name in the source."""
    made = [
        f"{path.stem}-{i}"
        for path in NOTEBOOKS
        for i, cell in enumerate(code_cells(read(path)), 1)
        if re.search(r"Explorer\(", cell.source)
    ]
    assert made == list(EXPLORERS)


def test_every_explorer_of_the_book_moves(open_notebook):
    """Each with its own name and number of positions, and with pictures that need no training: by mouse and by keys."""
    from axe_playwright_python.sync_playwright import Axe

    cells = [new_code_cell(STAND_IN)]
    explorers = []
    for sliders in EXPLORERS.values():
        axes = {label: [first, *map(str, range(1, n - 1)), last] for label, n, first, last in sliders}
        kind = "Explorer" if len(axes) == 1 else "PlaneExplorer"
        start = [values[1] for values in axes.values()]
        explorers.append((axes, start))
        arguments = ", ".join(f"{label!r}, {values}" for label, values in axes.items())
        given = repr(start[0]) if len(axes) == 1 else repr(tuple(start))
        cells.append(new_code_cell(f"{kind}({arguments}, draw, describe, start={given})"))
    page = open_notebook(*cells)
    run_all(page)
    boxes = page.locator(".jp-OutputArea-output > .widget-vbox").all()
    assert len(boxes) == len(explorers)
    for box, (axes, start) in zip(boxes, explorers, strict=True):
        live = Live(page, box)
        seen = [live.settled(described(start))]
        position = dict(zip(axes, start, strict=True))
        for label, values in axes.items():
            for act, argument, reached in (
                (live.click, 0.99, values[-1]),
                (live.press, "Home", values[0]),
                (live.press, "ArrowRight", values[1]),
                (live.press, "End", values[-1]),
                (live.click, 0.01, values[0]),
            ):
                act(label, argument)
                position[label] = reached
                seen.append(live.settled(described(position.values())))
                assert live.slider(label).get_attribute("aria-valuetext") == reached
        for source, alt in seen:
            assert [a for s, a in seen if s == source] == [a for _, a in seen if a == alt]
    assert page.complaints == []
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, context={"include": [[".jp-OutputArea-output"]]}, options=rules).response["violations"]
    assert [(v["id"], n["target"], n["failureSummary"][:200]) for v in found for n in v["nodes"]] == []


def test_a_chapter_in_jupyterlab(open_notebook):
    """Its prose and its cells as far as the explorer: of the chapters with one, this needs no training until there."""
    nb = read(BOOK / "05-pca.ipynb")
    last = next(i for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and SLIDER.search(output_text(cell)))
    cells = nb.cells[: last + 1]
    for cell in code_cells(nb):
        cell.outputs, cell.execution_count = [], None
    page = open_notebook(*cells)
    run_all(page)
    ((label, *_),) = SLIDER.findall(output_text(read(BOOK / "05-pca.ipynb").cells[last]))
    live = Live(page, page.locator(".jp-OutputArea-output > .widget-vbox"))
    seen = {live.settled(re.compile(r"redrawn from 10 PCA numbers"))}
    for act, argument, number in ((live.press, "Home", 1), (live.press, "ArrowRight", 2), (live.click, 0.99, 200)):
        act(label, argument)
        seen.add(live.settled(re.compile(rf"redrawn from {number} PCA numbers")))
    assert len({source for source, _ in seen}) == len({alt for _, alt in seen}) == 4
    # JupyterLab knows this page alone: a term of the glossary or a figure that the build numbers is not linked there.
    unlinked = "Cross reference target was not found"
    assert [line for text in page.complaints for line in text.splitlines() if not line.startswith(unlinked)] == []


def test_a_figure_runs_the_kernels_own_model(open_notebook):
    """Its scripts stand in the cell's output; run again, the cell shows a second one."""
    source = """
        import torch
        from companion import DenseAutoencoder
        from companion.elements.draw_digit import draw_digit

        torch.manual_seed(0)
        model = DenseAutoencoder(code_size=5)
        draw_digit(model)
    """
    page = open_notebook(new_code_cell(dedent(source)), new_code_cell("draw_digit(model)"))
    run_all(page)
    page.wait_for_function("document.querySelectorAll('companion-figure[data-ready]').length == 2")
    for figure in page.locator("companion-figure").all():
        assert figure.locator(".bar").count() == 5
        picture = "e => e.querySelectorAll('.picture canvas')[1].toDataURL()"
        before = figure.evaluate(picture)
        figure.locator(".bar").first.focus()
        page.keyboard.press("Shift+ArrowUp")
        page.wait_for_timeout(300)
        assert figure.evaluate(picture) != before
    assert page.complaints == []


def test_training_shows_its_progress(open_notebook, lab):
    """A bar, the other widget of the course, which goes when the training ends."""
    train = """
        import time
        from itertools import count
        from pathlib import Path
        from companion import DenseAutoencoder, digits, fit, reconstruction

        calls = count()

        def slow(model, x):
            time.sleep(0.1)
            while next(calls) > 30 and not Path("seen").exists():  # the bar comes after two seconds
                time.sleep(0.1)
            return reconstruction()(model, x)

        history = fit(DenseAutoencoder(2, hidden=()), digits().x_train[:64], slow, epochs=32)
    """
    page = open_notebook(new_code_cell(dedent(train)))
    start(page)
    page.locator(".jp-OutputArea-output .widget-hprogress").wait_for()
    (lab.root / "seen").touch()
    finish(page)
    assert page.locator(".jp-OutputArea-output .widget-hprogress:visible").count() == 0
    assert page.complaints == []


def test_solutions_are_folded(open_notebook):
    """Source and output, until the reader opens them."""
    solution = new_code_cell(
        "6 * 7",
        execution_count=1,
        metadata={"tags": ["solution", "hide-cell"], "jupyter": FOLDED},
        outputs=[new_output("execute_result", data={"text/plain": "42"}, execution_count=1)],
    )
    page = open_notebook(new_markdown_cell("# An exercise"), solution)
    cell = page.locator(".jp-CodeCell")
    source, output = cell.locator(".jp-InputArea-editor"), cell.locator(".jp-OutputArea-output")
    assert not source.is_visible()
    assert not output.is_visible()
    cell.locator(".jp-InputPlaceholder").click()
    cell.locator(".jp-OutputPlaceholder").click()
    source.wait_for(state="visible")
    output.wait_for(state="visible")
    assert "6 * 7" in source.inner_text()
    assert page.complaints == []


def test_a_table_is_a_table(open_notebook):
    """With its numbers flush right, and the formula of its header set."""
    show = """
        from companion.tables import show_table
        show_table(["model", "error $|x|$"], [["PCA", 0.25]], ".4f")
        print("after it")
    """
    page = open_notebook(new_code_cell(dedent(show)))
    run_all(page)
    table = page.locator(".jp-OutputArea-output table")
    table.locator("th mjx-container, th .katex").wait_for()
    assert table.locator("td").all_inner_texts() == ["PCA", "0.2500"]
    assert table.locator("td").last.evaluate("e => getComputedStyle(e).textAlign") == "right"
    assert page.complaints == []


def test_jupyterlab_finds_its_extensions_compatible():
    """The locked versions fit together; one that does not may work, but its reader is told that it does not."""
    command = [sys.executable, "-m", "jupyter", "labextension", "list"]
    run = subprocess.run(command, capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert "jupyterlab-myst" in said
    assert "not compatible" not in said
