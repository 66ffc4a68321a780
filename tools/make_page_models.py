"""Train and export the models that the page's figures run: companion/elements/models/<name>.js.

Usage: python tools/make_page_models.py [NAME ...]   (default: all, each from its module in tools/page_models)

On the digits and other data that ship; seeds fixed, one thread. Prints the size of each file, packed as a server sends it, and the
SHA-256 of its weights, which the file also carries.
"""

import gzip
import sys
import time
from importlib import import_module
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from companion.elements import MODELS
from companion.elements.export import as_script

NAMES = sorted(p.stem for p in (Path(__file__).parent / "page_models").glob("[a-z]*.py"))


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names or NAMES:
        start = time.perf_counter()
        exported = import_module(f"tools.page_models.{name}").make()
        file = MODELS / f"{name.replace('_', '-')}.js"
        text = as_script(file.stem, exported)
        unfinished = file.with_suffix(".tmp")
        unfinished.write_text(text)
        unfinished.replace(file)
        packed = len(gzip.compress(text.encode())) / 1024
        print(
            f"{file.name}: {time.perf_counter() - start:.0f} s, {packed:.0f} KB packed, {exported['sha256']}",
            flush=True,
        )


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - set(NAMES):
        sys.exit(f"no such model: {', '.join(sorted(unknown))}; expected some of {', '.join(NAMES)}\n{__doc__}")
    main(sys.argv[1:])
