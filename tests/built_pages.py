"""What the tests of built pages share: the build, a page in the browser, and what the accessibility checker finds there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

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


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path == "/favicon.ico":  # browsers ask the root of a server for it, where the book does not stand
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


@contextmanager
def served(html: Path) -> Iterator[str]:
    """The address of the pages in ``html`` on a server, where they stand below another folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=html.parent)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{html.name}"
        server.shutdown()


def open_page(browser, where: Path | str, viewport=DESKTOP, scheme="light"):
    """The page from disk, or from an address, with the requests to other places and the complaints of its console."""
    address = where if isinstance(where, str) else where.as_uri()
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    page.set_default_timeout(120_000)  # milliseconds; on a busy machine a long page takes a while
    page.foreign, page.complaints = [], []
    local = (urljoin(address, "/"), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else page.foreign.append(r.url))
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
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


def first_found(page, query: str) -> str:
    """What the search page puts first: the page and the section, without the words to be marked there."""
    field = page.locator(".bd-search-container input[name=q]")
    field.fill(query)
    field.press("Enter")
    link = page.locator("#search-found li li a").first.get_attribute("href")
    return re.sub(r"\?[^#]*", "", link)
