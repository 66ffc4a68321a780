"""nbval with the repository's conftest.py: what turns a notebook red, and what does not."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from notebook_checks import ROOT
from tools.executed import KEPT, kept_file
from tools.notebooks import FOLDED, normalise

pytestmark = pytest.mark.slow

SOURCE = "print('error', 0.0131, 'after', 30, 'epochs')"
# That numbers agree and disagree as they should is tested in test_agreement.py; here, that nbval asks.
STORED = {  # name -> (the output that is stored, whether nbval should accept it)
    "same": ("error 0.0131 after 30 epochs\n", True),
    "within_tolerance": ("error 0.0133 after 30 epochs\n", True),
    "changed_number": ("error 0.0138 after 30 epochs\n", False),
    "changed_integer": ("error 0.0131 after 31 epochs\n", False),
    "changed_word": ("loss 0.0131 after 30 epochs\n", False),
    "missing_output": (None, False),
}
SHOW = "from companion.tables import show_table; show_table(['model', 'error'], [['PCA', 10.04]], '.2f')"
TABLES = {
    "same_table": ("| model | error |\n| ----- | ----: |\n| PCA   | 10.04 |", True),
    "narrower_table": ("| model | error |\n| ----- | ---: |\n| PCA   | 9.96 |", True),
    "changed_header": ("| model |  loss |\n| ----- | ----: |\n| PCA   | 10.04 |", False),
    "changed_cell": ("| model | error |\n| ----- | ----: |\n| PCA   | 11.04 |", False),
}

MIXED = """from companion.tables import show_table
import matplotlib.pyplot as plt
print("before")
show_table(["x"], [[1.00]], ".2f")
print("after")
plt.plot([1, 2])
plt.show()"""


def write(path, cell):
    """A notebook as it is stored: its tables as text alone."""
    nb = new_notebook(cells=[cell], metadata={"nbval_tol": {"rtol": 0.02}})
    nbformat.write(normalise(nb), path)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Each case as a notebook of its own, run by nbval in one go: -> {(name, item): passed}, the folder."""
    folder = tmp_path_factory.mktemp("nbval")
    shutil.copy(ROOT / "conftest.py", folder)
    for name, (text, _) in STORED.items():
        outputs = [] if text is None else [new_output("stream", name="stdout", text=text)]
        write(folder / f"{name}.ipynb", new_code_cell(SOURCE, outputs=outputs, execution_count=1))
    for name, (text, _) in TABLES.items():
        outputs = [new_output("display_data", data={"text/plain": text, "text/markdown": text})]
        write(folder / f"{name}.ipynb", new_code_cell(SHOW, outputs=outputs, execution_count=1))
    hog = "import numpy\nwaste = numpy.ones(1_100 * 2**17)"  # 1.1 GB
    for name, source in (("hog", hog), ("modest", "small = 1")):
        nb = new_notebook(cells=[new_code_cell(source, execution_count=1)])
        nb.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nb, folder / f"{name}.ipynb")
    # The table stands between two printed lines, and its number has moved a little since it was stored.
    before, after = (new_output("stream", name="stdout", text=f"{word}\n") for word in ("before", "after"))
    table = new_output("display_data", data={"text/plain": "| x    |\n| ---: |\n| 1.01 |"})
    picture = new_output("display_data", data={"text/plain": "<Figure size 640x480 with 1 Axes>"})
    (folder / "book" / "studies").mkdir(parents=True)
    for name, outputs in (("kept", [before, table, after, picture]), ("not_kept", [before, table, after])):
        write(folder / "book" / "studies" / f"{name}.ipynb", new_code_cell(MIXED, outputs=outputs, execution_count=1))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-v", "--tb=no", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PY_COLORS": "0", "PYTHONPATH": str(ROOT)},
    )
    lines = re.findall(r"^(?:book/studies/)?(\w+)(?:\.|::)ipynb::(.+?) (PASSED|FAILED|ERROR)", run.stdout, re.M)
    assert lines, run.stdout + run.stderr
    return {(name, item): outcome == "PASSED" for name, item, outcome in lines}, folder


@pytest.fixture
def outcomes(session):
    return session[0]


@pytest.mark.parametrize(("name", "accepted"), [(name, fine) for name, (_, fine) in (STORED | TABLES).items()])
def test_stored_output(outcomes, name, accepted):
    assert outcomes[name, "Cell 0"] is accepted


def test_a_table_is_stored_as_text_alone_and_only_solutions_are_folded():
    """Twice the same would be in every diff; and JupyterLab shows the code that the page folds."""
    table = new_output("display_data", data={"text/plain": "| a |", "text/markdown": "| a |"})
    folded = new_code_cell("draw()", outputs=[table], metadata={"tags": ["hide-input"]})
    solution = new_code_cell("answer", metadata={"tags": ["solution", "hide-cell"]})
    nb = normalise(new_notebook(cells=[folded, solution]))
    assert nb.cells[0].outputs[0].data == {"text/plain": "| a |"}
    assert nb.cells[0].metadata == {"tags": ["hide-input"]}
    assert nb.cells[1].metadata.jupyter == FOLDED


def test_peak_memory_over_the_limit_is_refused(outcomes):
    assert outcomes["hog", "Cell 0"]
    assert outcomes["hog", "peak memory"] is False
    assert outcomes["modest", "peak memory"] is True


def test_what_has_run_in_agreement_is_kept_for_the_build(session):
    """In the order in which it came, with the picture, and with the committed number in place of the fresh one."""
    outcomes, folder = session
    assert (outcomes["kept", "Cell 0"], outcomes["not_kept", "Cell 0"]) == (True, False)
    (kept,) = (p for p in (folder / KEPT).rglob("*") if p.is_file())
    assert kept == kept_file(folder / "book" / "studies" / "kept.ipynb", folder / KEPT / "studies")
    before, table, after, picture = nbformat.read(kept, as_version=4).cells[0].outputs
    assert (before.text, after.text) == ("before\n", "after\n")
    assert table.data["text/markdown"] == table.data["text/plain"] == "| x    |\n| ---: |\n| 1.01 |"
    assert "image/png" in picture.data
