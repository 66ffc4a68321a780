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


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Each case as a notebook of its own, run by nbval in one go: -> {name: passed}."""
    folder = tmp_path_factory.mktemp("nbval")
    shutil.copy(ROOT / "conftest.py", folder)
    for name, (text, _) in STORED.items():
        outputs = [] if text is None else [new_output("stream", name="stdout", text=text)]
        nb = new_notebook(cells=[new_code_cell(SOURCE, outputs=outputs, execution_count=1)])
        nb.metadata = {"nbval_tol": {"rtol": 0.02}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nb, folder / f"{name}.ipynb")
    hog = "import numpy\nwaste = numpy.ones(1_100 * 2**17)"  # 1.1 GB
    for name, source in (("hog", hog), ("modest", "small = 1")):
        nb = new_notebook(cells=[new_code_cell(source, execution_count=1)])
        nb.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nb, folder / f"{name}.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-v", "--tb=no", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PY_COLORS": "0", "PYTHONPATH": str(ROOT)},
    )
    lines = re.findall(r"^(\w+)(?:\.|::)ipynb::(.+?) (PASSED|FAILED|ERROR)", run.stdout, re.M)
    assert lines, run.stdout + run.stderr
    return {(name, item): outcome == "PASSED" for name, item, outcome in lines}


@pytest.mark.parametrize("name", STORED)
def test_stored_output(outcomes, name):
    assert outcomes[name, "Cell 0"] is STORED[name][1]


def test_peak_memory_over_the_limit_is_refused(outcomes):
    assert outcomes["hog", "Cell 0"]
    assert outcomes["hog", "peak memory"] is False
    assert outcomes["modest", "peak memory"] is True
