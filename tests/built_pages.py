"""What the tests of built pages share: the build, a page in the browser, and what the accessibility checker finds there."""

import os
import subprocess
import sys
from pathlib import Path

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


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


def violations(page) -> list[tuple]:
    """What axe finds: rule, element, summary."""
    from axe_playwright_python.sync_playwright import Axe

    # Only violations in full: to list every element that passes takes half as long again.
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    # docutils writes the bibliography with ARIA roles that newer rules call deprecated.
    found = Axe().run(page, context={"exclude": [[".citation-list"]]}, options=options).response["violations"]
    return [(v["id"], n["target"], n["failureSummary"][:200]) for v in found for n in v["nodes"]]
