"""Sphinx extension: run a notebook again when the companion package or a committed result has changed.

Jupyter Book's cache looks at the notebooks alone. Here its folder carries a digest of everything else that a
notebook's outputs depend on, so that a change there starts an empty cache. Older caches are removed.
"""

import hashlib
import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def digest_of(*folders: Path) -> str:
    """SHA-256 over the names and contents of all files in the folders, caches of Python left out."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def set_cache_path(app, config) -> None:
    build = Path(app.outdir).parent
    current = build / f".jupyter_cache-{digest_of(ROOT / 'companion', ROOT / 'benchmarks' / 'results')}"
    for old in build.glob(".jupyter_cache-*"):
        if old != current:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(current)
    os.environ["COMPANION_PROGRESS"] = "off"  # no progress bars in the pages


def setup(app):
    app.connect("config-inited", set_cache_path)
    return {"parallel_read_safe": True}
