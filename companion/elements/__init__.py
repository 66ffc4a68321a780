"""Figures to play with: a trained network that runs in the reader's browser, on the built page and in a live notebook.

On the page a figure runs weights that ship (models/, made by tools/page_models/), loaded once it comes near the view. In a live
notebook it gets the kernel's own model, exported as it stands there.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from companion.elements.export import from_script

WEB, MODELS = Path(__file__).parent / "web", Path(__file__).parent / "models"
PAGE_TYPE = "application/vnd.companion.figure+html"  # what the built page takes in place of the live HTML


def shipped_model(name: str) -> dict:
    """The export of a model that ships, such as "drawn-digits".

    Raises:
        ValueError: there is none of that name.
    """
    path = MODELS / f"{name}.js"
    if not path.exists():
        raise ValueError(f"no model {name!r} ships; expected one of {sorted(p.stem for p in MODELS.glob('*.js'))}.")
    return from_script(path.read_text())


class PlayFigure:
    """Shown as the last expression of a cell: a figure that runs in the browser.

    Args:
        kind: its script, web/<kind>.js.
        label: what can be played with, in a few words.
        still: what stands in its place where no script runs, as HTML: a picture and a sentence.
        models: the names of the shipped models that it runs on the page.
        own: exports to run in a live notebook in place of these, in the same order; default: the shipped ones.
        settings: attributes for the script, data-<name>.
    """

    def __init__(
        self,
        kind: str,
        label: str,
        still: str,
        models: Sequence[str] = (),
        own: Sequence[Mapping] | None = None,
        settings: Mapping[str, Any] | None = None,
    ):
        if not (WEB / f"{kind}.js").exists():
            raise ValueError(f"kind is {kind!r}; expected the name of a script in {WEB}.")
        if own is not None and len(own) != len(models):
            raise ValueError(f"own has {len(own)} exports; expected {len(models)}, one for each of {list(models)}.")
        self.kind, self.label, self.still, self.models, self.own = kind, label, still, list(models), own
        self.settings = dict(settings or {})

    def _element(self, content: str) -> str:
        data = "".join(f' data-{name}="{escape(str(value))}"' for name, value in self.settings.items())
        names = f' models="{escape(" ".join(self.models))}"' if self.models else ""
        return f'<companion-figure kind="{self.kind}" label="{escape(self.label)}"{names}{data}>{content}</companion-figure>'

    def page(self) -> str:
        """For the built page: scripts and weights lie beside it."""
        return self._element(self.still)

    def live(self) -> str:
        """For a notebook: all that it needs is in it."""
        exports = [shipped_model(name) for name in self.models] if self.own is None else self.own
        texts = [json.dumps(e).replace("</", r"<\/") for e in exports]
        weights = "".join(f'<script type="application/json" data-model>{text}</script>' for text in texts)
        scripts = "".join(
            f"<script>{(WEB / name).read_text()}</script>"
            for name in ("engine.js", "parts.js", f"{self.kind}.js", "figure.js")
        )
        style = f"<style>{(WEB / 'figure.css').read_text()}{self.style()}</style>"
        return style + self._element(self.still + weights) + scripts

    def style(self) -> str:
        """What its kind has beside the styles of all figures."""
        own = WEB / f"{self.kind}.css"
        return own.read_text() if own.exists() else ""

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        return {"text/plain": f"Figure to play with: {self.label}", "text/html": self.live(), PAGE_TYPE: self.page()}


def png(pixels: Any) -> str:
    """A still picture as HTML's src: grey (H, W) or colour (H, W, 3), 0 to 1 -> a data address."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray((pixels.clamp(0, 1) * 255).byte().numpy()).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"
