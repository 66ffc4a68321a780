"""Sphinx extension: run the notebooks side by side, check them against what is committed, and show the committed text.

A notebook is run again when it, the companion package, a committed result or a tool has changed. Where the fresh text
agrees with the committed one (tools/agreement.py says when), the page shows the committed text beside the fresh
pictures. Where it does not, the build stops and says which cell moved, and how far.
"""

import sys
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from sphinx.errors import ExtensionError

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.executed import keep, kept_file
from tools.notebooks import environment, execute, lent_cores, notebooks, side_by_side

MOST_AT_ONCE = 4  # each takes up to a gigabyte of memory


def executed(path: Path, folder: Path) -> tuple[Path, list[str]]:
    """Run a notebook unless ``folder`` has it: -> the file with its outputs, and where it does not agree."""
    file = kept_file(path, folder)
    if file.exists():
        return file, []
    try:
        fresh = execute(nbformat.read(path, as_version=4), path.parent, environment())
    except CellExecutionError as error:
        return file, [str(error)]
    return file, keep(path, fresh, file)


def run_notebooks(app, config) -> None:
    book, kept = Path(app.srcdir), Path(app.outdir).parent / "notebooks"
    # The last chapters run longest: they start first.
    names = [path.relative_to(book) for path in notebooks(book)[::-1]]
    workers = min(lent_cores(), MOST_AT_ONCE)
    runs = side_by_side(lambda name: executed(book / name, kept / name.parent), names, workers)
    results = dict(zip(names, runs, strict=True))
    problems = [f"{name}, {problem}" for name, (_, found) in results.items() for problem in found]
    if problems:
        raise ExtensionError(
            "These notebooks do not say what is committed. If they should say something new, run `make notebooks` and "
            "mend the prose.\n" + "\n".join(problems)
        )
    app.executed = {name.with_suffix("").as_posix(): file for name, (file, _) in results.items()}
    config.executed_files = sorted(file.name for file in app.executed.values())  # a changed one: read the pages again


def show_executed(app, docname: str, source: list[str]) -> None:
    if docname in app.executed:
        source[0] = app.executed[docname].read_text()


def setup(app):
    app.add_config_value("executed_files", [], "env")
    app.connect("config-inited", run_notebooks)
    app.connect("source-read", show_executed)
    return {"parallel_read_safe": True}
