"""Executed notebooks, kept until the notebook, the package, a committed result or a tool changes.

The pages are built from these. The build runs the notebooks that are not there; those that nbval has run and found in
agreement are there already, so that `make test` runs each notebook once.
"""

from pathlib import Path

import nbformat

from tools.agreement import disagreements, with_committed_text
from tools.notebooks import digest

KEPT = Path("_build", "notebooks")  # beside the folder "book", and arranged as it is


def kept_file(path: Path, folder: Path) -> Path:
    """Where ``folder`` has the notebook at ``path`` as it is now, executed."""
    return folder / f"{path.stem}-{digest(path, 'companion', 'benchmarks/results', 'tools')[:16]}.ipynb"


def keep(path: Path, fresh: nbformat.NotebookNode, file: Path) -> list[str]:
    """Keep an executed notebook (streams merged) as ``file``, unless it does not agree with ``path``: -> where not.

    What is kept has the committed text beside the fresh pictures, so that no number on a page contradicts the prose.
    """
    committed = nbformat.read(path, as_version=4)
    if problems := disagreements(committed, fresh):
        return problems
    key = file.stem.rpartition("-")[2]
    for old in file.parent.glob(f"{path.stem}-{len(key) * '?'}.ipynb"):  # not those of a name that goes on
        old.unlink()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    nbformat.write(with_committed_text(committed, fresh), unfinished)
    unfinished.replace(file)
    return []
