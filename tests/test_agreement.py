"""When two runs of a cell agree, and what is said where they do not."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.agreement import disagreements, moved, with_committed_text

TABLE = "| model | {0} |\n| ----- | -{1}: |\n| PCA   | {0} |"


@pytest.mark.parametrize(
    ("committed", "fresh", "rtol"),
    [
        ("error 0.0131", "error 0.0131", 0.0),
        ("error 0.0131", "error 0.0133", 0.02),
        ("error 0.0131", "error   0.0133", 0.02),  # a column that shifted
        (TABLE.format("9.96", "--"), TABLE.format("10.04", "---"), 0.02),  # a column that grew
        ("share 0.043", "share 0.044", 0.0),  # .0434999 and .0435001, rounded apart
        ("-0.0", "0.0", 0.0),
        ("1.2e-05", "1.3e-05", 0.0),
        ("nan and inf", "nan and inf", 0.0),
        ("Holds: a\n  found 0.7, expected at most 0.9", "Holds: a\n  found 0.2, expected at most 0.9", 0.0),
        ("Holds: a\n  found 12, expected at most 90", "Holds: a\n  found 30, expected at most 90", 0.0),
    ],
)
def test_agree(committed, fresh, rtol):
    assert moved(committed, fresh, rtol) is None
    assert moved(fresh, committed, rtol) is None


@pytest.mark.parametrize(
    ("committed", "fresh", "rtol", "said"),
    [
        ("error 0.0131", "error 0.0138", 0.02, "0.0131 became 0.0138 (5.3%); expected at most 2%"),
        ("share 0.043", "share 0.045", 0.0, "0.043 became 0.045 (4.7%)"),
        ("0.0", "0.5", 0.05, "0.0 became 0.5"),
        ("1.2e-05", "1.5e-05", 0.05, "1.2e-05 became 1.5e-05"),
        ("0.5", "nan", 0.05, "0.5 became nan"),
        ("0.5", "-0.5", 0.05, "0.5 became -0.5"),
        (TABLE.format("9.96", "--"), TABLE.format("9.96", "--").replace("-:", "--"), 0.05, "'| ----- | ---: |' became"),
        (TABLE.format("9.96", "--"), TABLE.format("10.96", "---"), 0.02, "9.96 became 10.96"),
        ("30 epochs", "31 epochs", 0.05, "'30 epochs' became '31 epochs'"),  # whole numbers are exact
        ("the network wins", "PCA wins", 0.05, "'the network wins' became 'PCA wins'"),
        ("one\ntwo", "one", 0.0, "'two' became '(nothing)'"),
        (
            "Holds: a\n  found 1, expected at most 2",
            "Does not hold here: a\n  found 3, expected at most 2",
            0.0,
            "Holds",
        ),
        ("Holds: a\n  found 1, expected at most 2", "Holds: a\n  found 1, expected at most 3", 0.0, "at most 3"),
    ],
)
def test_disagree_and_say_how_far(committed, fresh, rtol, said):
    assert said in moved(committed, fresh, rtol)
    assert moved(fresh, committed, rtol)


def notebook(*texts, **metadata):
    """One code cell for each text that it prints, under a heading."""
    cells = [
        new_code_cell("print()", outputs=[new_output("stream", name="stdout", text=text)] if text else [])
        for text in texts
    ]
    return new_notebook(cells=[new_markdown_cell("# A page"), *cells], metadata=metadata)


def test_a_notebook_names_the_cells_that_moved():
    committed = notebook("a 0.50", "b 0.50", "c", nbval_tol={"rtol": 0.05})
    assert disagreements(committed, notebook("a 0.51", "b 0.52", "c")) == []
    assert disagreements(committed, notebook("a 0.51", "b 0.60", "c")) == [
        "code cell 1: 0.50 became 0.60 (20.0%); expected at most 5%"
    ]
    assert len(disagreements(committed, notebook("a 0.51", "b 0.50", ""))) == 1


def test_a_cells_own_tolerance_overrides_its_notebooks():
    committed = notebook("a 0.500", nbval_tol={"rtol": 0.05})
    assert disagreements(committed, notebook("a 0.520")) == []
    committed.cells[1].metadata["nbval_tol"] = {"rtol": 0.01}
    assert disagreements(committed, notebook("a 0.520"))


def test_committed_text_stands_beside_fresh_pictures():
    def shown(text, picture):
        nb = notebook("a 0.50" if text == "old" else "a 0.51")
        data = {"text/plain": f"<Figure {text}>", "image/png": picture}
        nb.cells[1].outputs.append(new_output("display_data", data=data))
        return nb

    fresh = with_committed_text(shown("old", "kept out"), copy.deepcopy(shown("new", "a fresh picture")))
    stream, figure = fresh.cells[1].outputs
    assert stream.text == "a 0.50"
    assert figure.data == {"text/plain": "<Figure old>", "image/png": "a fresh picture"}


def test_a_table_is_shown_with_the_committed_digits():
    """Its Markdown, from which the page makes a table, is not stored: it is the committed text again."""

    def shown(**data):
        nb = notebook("")
        nb.cells[1].outputs.append(new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()}))
        return nb

    committed = shown(text_plain="| 0.50 |")
    fresh = with_committed_text(committed, shown(text_plain="| 0.51 |", text_markdown="| 0.51 |"))
    assert fresh.cells[1].outputs[0].data == {"text/plain": "| 0.50 |", "text/markdown": "| 0.50 |"}
