"""Draw what the pages show of the course: the mark, the favicon, the digits of the front page, the card for social media.

Usage: python tools/make_cover.py    (half a minute; the PNGs of mark and card are taken by Chromium)

The digits are real ones, and the front page's are redrawn by three networks that this trains.
"""

import base64
import io
import shutil
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from companion import DenseAutoencoder, digits, fit, reconstruction, redraw
from tools.marks import BARS, RED, mark

STATIC = Path(__file__).parents[1] / "book" / "_static"
CODES = (32, 8, 2)
SHOWN = (3, 7, 5, 2, 8)  # one of each, in this order
TITLE, QUESTION = (
    "Autoencoders,\ntaught and proven",
    "How much of a picture can you throw away\nand still draw it again?",
)


def ink(images: torch.Tensor) -> Image.Image:
    """(N, 1, 28, 28) -> one row as black ink of which the paper shows through: it stands on any colour."""
    row = (255 * torch.cat(list(images[:, 0]), dim=1).clamp(0, 1)).round().byte()
    alpha = Image.fromarray(row.numpy())
    return Image.merge("LA", (Image.new("L", alpha.size, 0), alpha))


def rows() -> dict[str, torch.Tensor]:
    """The digits as written, and redrawn from codes of each size."""
    x_train, _, x_test, y_test = digits()
    x = torch.cat([x_test[y_test == digit][:1] for digit in SHOWN])
    drawn = {"784": x}
    for size in CODES:
        torch.manual_seed(0)
        model = DenseAutoencoder(code_size=size)
        fit(model, x_train, reconstruction(), epochs=60, seed=0)
        drawn[str(size)] = redraw(model, x)
    return drawn


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def card(before: torch.Tensor, after: torch.Tensor) -> str:
    """1200 by 630: the title, and a digit that passes through the hourglass."""

    def picture(x, where):
        data = base64.b64encode(png(ink(x[None]))).decode()
        return f'<img src="data:image/png;base64,{data}" style="left:{where}px">'

    bars = "".join(
        f'<i style="left:{395 + 30 * x}px;top:{475 - 7 * h}px;height:{14 * h}px;background:{RED if x == 7 else "#7FA8D6"}"></i>'
        for x, h in BARS
    )
    return f"""<style>
      body {{ margin: 0; width: 1200px; height: 630px; background: #14181e; color: #fff; font-family: "DejaVu Sans", sans-serif; }}
      h1 {{ position: absolute; left: 70px; top: 50px; margin: 0; font-size: 64px; line-height: 1.1; white-space: pre; }}
      p {{ position: absolute; left: 72px; top: 222px; margin: 0; font-size: 30px; line-height: 1.35; white-space: pre; color: #c5ccd6; }}
      img {{ position: absolute; top: 351px; width: 248px; height: 248px; image-rendering: pixelated; filter: invert(1); }}
      i {{ position: absolute; width: 60px; border-radius: 12px; }}
      </style><h1>{TITLE}</h1><p>{QUESTION}</p>{picture(before, 72)}{bars}{picture(after, 880)}"""


def main() -> None:
    (STATIC / "digits").mkdir(exist_ok=True)
    (STATIC / "logo.svg").write_text(mark(400))
    drawn = rows()
    for name, images in drawn.items():
        (STATIC / "digits" / f"{name}.png").write_bytes(png(ink(images)))
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(card(drawn["784"][0], drawn["32"][0]))
        page.screenshot(path=STATIC / "card.png")
        page.set_viewport_size({"width": 64, "height": 64})
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{mark(64)}")
        page.screenshot(path=STATIC / "favicon.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
