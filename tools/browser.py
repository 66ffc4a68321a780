"""Headless Chromium, which makes the PDF and opens the pages in the tests."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium found: apt install chromium (or brew install --cask chromium)"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


def executable() -> str | None:
    """The path of a Chromium or Chrome of this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright):
    """A headless browser that asks the network for nothing of its own accord; playwright is a running ``sync_playwright``."""
    return playwright.chromium.launch(executable_path=executable(), args=FLAGS)
