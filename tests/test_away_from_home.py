"""Do outputs and claims hold elsewhere? A fast part of `make claims`, its committed table, and its own machinery."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebook_checks import BOOK, NOTEBOOKS, ROOT
from tools import claims
from tools.notebooks import is_complete, name_of, normalise, stored_claims

pytestmark = pytest.mark.slow

TABLE = json.loads((ROOT / "benchmarks" / "results" / "claims.json").read_text())


def test_every_claim_of_the_book_held_in_every_run():
    assert [(row["statement"], row["failed_in"]) for row in TABLE["claims"] if row["held"] < row["runs"]] == []
    for row in TABLE["claims"]:
        assert row["runs"] == len(claims.runs_of(BOOK / row["notebook"])), row
    assert list(TABLE["runs"]) == list(claims.RUNS)


def test_the_table_has_the_claims_that_the_complete_notebooks_make():
    """Otherwise run `make claims NB=...` again: a claim has been added, reworded or removed."""
    made = {(name_of(path), said) for path in NOTEBOOKS if is_complete(path) for said in stored_claims(path)}
    assert {(row["notebook"], row["statement"]) for row in TABLE["claims"]} == made


@pytest.mark.parametrize("name", ["avx2, 1 thread", "seeds + 1"])
def test_the_first_page_holds_away_from_home(name):
    result = claims.run(ROOT / "book" / "00-welcome.ipynb", name)
    assert result["claims"]
    assert [claim["statement"] for claim in result["claims"] if not claim["holds"]] == []
    if not claims.RUNS[name][2]:
        assert result["moved"] == []


DRAWS = """
import numpy as np, torch
from sklearn.utils import check_random_state
from companion import claim
torch.manual_seed(0)
drawn = [torch.rand(()).item(), torch.rand((), generator=torch.Generator().manual_seed(0)).item()]
drawn += [np.random.default_rng(0).random(), np.random.RandomState(0).rand(), check_random_state(0).rand()]
torch.default_generator.manual_seed(0)
drawn.append(torch.rand(()).item())
print(drawn)
"""


def write(folder: Path, *cells) -> Path:
    path = folder / "page.ipynb"
    nb = normalise(new_notebook(cells=[new_markdown_cell("# A page"), *cells]))
    nbformat.write(nb, path)
    return path


def test_a_shifted_seed_reaches_every_generator(tmp_path):
    """Each of them draws what it draws at home from the shifted seed."""
    drawn = {}
    for name, seed in (("as here, 1 thread", 0), ("as here, 1 thread", 2), ("seeds + 2", 0)):
        said = "from companion import claim\nfor i, value in enumerate(drawn): claim(f'draw {i}', value, at_least=0)"
        cell = new_code_cell(DRAWS.replace("(0)", f"({seed})") + said, outputs=[])
        result = claims.run(write(tmp_path, cell), name)
        drawn[name, seed] = [claim["value"] for claim in result["claims"]]
    assert len(drawn["seeds + 2", 0]) == 6
    assert drawn["seeds + 2", 0] == drawn["as here, 1 thread", 2]
    assert all(a != b for a, b in zip(drawn["seeds + 2", 0], drawn["as here, 1 thread", 0], strict=True))


def test_a_run_says_which_claims_fail_and_which_outputs_moved(tmp_path):
    source = "from companion import claim\nprint('error', 0.5)\nclaim('a', 1, at_most=2)\nclaim('b', 3, at_most=2)"
    stored = "error 0.4\nHolds: a\n  found 1, expected at most 2\nHolds: b\n  found 1, expected at most 2\n"
    path = write(tmp_path, new_code_cell(source, outputs=[new_output("stream", name="stdout", text=stored)]))
    result = claims.run(path, "as here, 1 thread")
    assert [(claim["statement"], claim["holds"]) for claim in result["claims"]] == [("a", True), ("b", False)]
    assert "'Holds: b' became 'Does not hold here: b'" in result["moved"][0]
    rows = claims.table({("page.ipynb", "as here, 1 thread"): result, ("page.ipynb", "seeds + 1"): result})
    assert [(row["statement"], row["held"], row["runs"], row["failed_in"]) for row in rows] == [
        ("a", 2, 2, []),
        ("b", 0, 2, ["as here, 1 thread", "seeds + 1"]),
    ]


def test_a_run_that_ends_in_an_error_is_no_success_and_not_kept(tmp_path, monkeypatch, capsys):
    """With shifted seeds outputs may move, but an error is one there too."""
    monkeypatch.setattr(claims, "KEPT", tmp_path / "kept")
    path = write(tmp_path, new_code_cell("1 / 0"))
    result = claims.kept(path, "seeds + 1")
    assert "ZeroDivisionError" in result["error"]
    assert not claims.report(path, "seeds + 1", result)
    assert "ended in an error" in capsys.readouterr().out
    assert not list(tmp_path.glob("kept/*"))


def test_a_run_that_was_kept_is_not_repeated_until_the_notebook_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "KEPT", tmp_path / "kept")
    ran = []
    monkeypatch.setattr(
        claims, "run", lambda path, name: ran.append(name) or {"claims": [], "moved": [], "error": None, "seconds": 0}
    )
    path = write(tmp_path, new_code_cell("x = 1"))
    for _ in range(2):
        claims.kept(path, "seeds + 1")
    claims.kept(path, "seeds + 2")
    assert ran == ["seeds + 1", "seeds + 2"]
    write(tmp_path, new_code_cell("x = 2"))
    claims.kept(path, "seeds + 1")
    assert ran == ["seeds + 1", "seeds + 2", "seeds + 1"]
