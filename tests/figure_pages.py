"""A page with one figure to play with and nothing else, from disk, and the engine alone: what the tests of figures share."""

import json
import os
from pathlib import Path

from companion.elements import MODELS, WEB, PlayFigure

DESKTOP = {"width": 1000, "height": 800}
DARK = "html { --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-background: #14181e; background: #14181e; }"


def open_figure(
    browser, folder: Path, figure: PlayFigure, viewport=DESKTOP, scheme="light", live=False, above=0, wait=True
):
    """The page in the browser, built, with the requests to other places and the complaints of its console."""
    if not (folder / "figures").exists():
        (folder / "figures").mkdir()
        for file in WEB.iterdir():
            os.symlink(file, folder / "figures" / file.name)
        os.symlink(MODELS, folder / "figures" / "models")
    style = f"<style>{DARK if scheme == 'dark' else ''}{'' if live else (WEB / 'figure.css').read_text() + figure.style()}</style>"
    body = figure.live() if live else figure.page() + '<script src="figures/figure.js"></script>'
    (folder / "page.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'{style}<title>A figure</title><body style="font: 16px/1.65 sans-serif; margin: 8px"><div style="height: {above}px"></div>{body}'
    )
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    page.foreign, page.complaints, page.scripts = [], [], []
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else page.foreign.append(r.url))
    page.on("request", lambda r: page.scripts.append(r.url.split("/")[-1]) if r.url.endswith(".js") else None)
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto((folder / "page.html").as_uri())
    if wait:
        page.wait_for_selector("companion-figure[data-ready]")
        page.wait_for_timeout(100)  # two frames and more: what is drawn once a frame is drawn
    return page


def run_engine(browser, exported: dict, calls: list) -> list[list[list[float]]]:
    """What the engine computes: an export, [program, inputs] each -> for each call its results."""
    page = browser.new_page()
    page.add_script_tag(path=WEB / "engine.js")
    run = "([exported, calls]) => { const model = new companionFigures.Model(exported); return calls.map(([name, inputs]) => model.runAll(name, ...inputs).map((a) => [...a])); }"
    found = page.evaluate(run, [json.loads(json.dumps(exported)), calls])
    page.close()
    return found
