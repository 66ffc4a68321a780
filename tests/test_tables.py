"""Tables: the same text wherever they are shown, numbers in their formats and flush right, and nothing but a table."""

import doctest
import os
import re
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from markdown_it import MarkdownIt

from companion import tables
from companion.tables import show_table


@pytest.fixture
def shown(capsys):
    """A function: the arguments of show_table -> the text that it shows."""

    def show(*arguments):
        assert show_table(*arguments) is None  # as the last line of a cell it would appear a second time
        return capsys.readouterr().out.removesuffix("\n")

    return show


def cells(text):
    """The table as Markdown reads it: -> (rows of cells, rows of alignments)."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    assert [t.type for t in tokens if t.level == 0] == ["table_open", "table_close"]
    rows, sides = [], []
    for token, inside in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
            sides.append([])
        if token.type in ("th_open", "td_open"):
            rows[-1].append(inside.content)
            sides[-1].append("right" if token.attrs.get("style") == "text-align:right" else "left")
    return rows, sides


def test_the_example_of_the_docstring():
    (example,) = doctest.DocTestFinder(recurse=False).find(show_table, "show_table", globs={"show_table": show_table})
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_every_line_is_as_wide_as_the_others_and_numbers_stand_flush_right(shown):
    text = shown(["name", "numbers", "error"], [["a longer name", 1, 0.5], ["b", 10000, None]], [None, ",", ".4f"])
    assert text == "\n".join(
        [
            "| name          | numbers |  error |",
            "| ------------- | ------: | -----: |",
            "| a longer name |       1 | 0.5000 |",
            "| b             |  10,000 |        |",
        ]
    )


def test_markdown_reads_the_cells_and_the_sides(shown):
    rows, sides = cells(shown(["model", "error", "note"], [["PCA", 0.25, "diverged"], ["net", "none", "b"]]))
    assert rows == [["model", "error", "note"], ["PCA", "0.25", "diverged"], ["net", "none", "b"]]
    assert sides == [["left", "right", "left"]] * 3  # a word among numbers stands as they do


@pytest.mark.parametrize(
    ("value", "formats", "text"),
    [
        (1234567, "", "1234567"),
        (0.0123456, "", "0.0123"),
        (0.0123456, None, "0.0123"),
        (3, ".2f", "3.00"),
        (0.256, ".1%", "25.6%"),
        (12345, ",d", "12,345"),
        (np.float32(0.5), ".3f", "0.500"),
        (np.int64(7), "", "7"),
        (np.array(0.5), ".3f", "0.500"),
        (torch.tensor(0.5, requires_grad=True), ".3f", "0.500"),
        (torch.tensor(7), "", "7"),
        (Fraction(1, 2), ".3f", "0.500"),
        (float("nan"), ".3f", "nan"),
        (True, "", "True"),
        ("a word", ".3f", "a word"),
        (None, ".3f", ""),
        ("a | b", "", "a | b"),
        ("two\nlines", "", "two lines"),
    ],
)
def test_a_value_and_its_text(shown, value, formats, text):
    assert cells(shown(["x"], [[value]], [formats]))[0][1] == [text]
    if formats is not None:
        assert shown(["x"], [[value]], formats) == shown(["x"], [[value]], [formats])


def test_bars_and_line_breaks_in_headers_stay_in_their_cell(shown):
    assert cells(shown(["$|x|$", "two\nlines"], [[1, 2]]))[0][0] == ["$|x|$", "two lines"]


def test_rows_may_be_arrays_tensors_and_generators(shown):
    wanted = shown(["a", "b"], [[0.25, 0.5], [0.75, 1.0]])
    values = np.array([[0.25, 0.5], [0.75, 1.0]])
    assert shown(["a", "b"], values) == shown(["a", "b"], torch.tensor(values)) == wanted
    assert shown(("a", "b"), (row for row in values.tolist())) == wanted


def test_it_is_shown_as_text_and_as_the_same_markdown():
    text = tables._markdown(["a"], [["1"]], [True])
    data, metadata = DisplayFormatter().format(tables._Table(text))
    assert data == {"text/plain": text, "text/markdown": text}
    assert metadata == {}


def test_in_plain_python_it_is_printed():
    code = "from companion.tables import show_table; show_table(['a'], [[1]])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert run.stdout == "|    a |\n| ---: |\n|    1 |\n", run.stderr


def test_to_import_it_does_not_load_ipython():
    """It takes a while, and a script that trains a model needs none."""
    assert not re.search(r"^(from|import) IPython", Path(tables.__file__).read_text(), re.M)


ROWS = [["PCA", 0.5]]
COLUMNS = ["model", "error"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("model", ROWS), TypeError, """columns is 'model'; expected a list of strings, such as ["model", "error"]."""),
        (([1, 2], ROWS), TypeError, "columns is [1, 2]; expected a list of strings"),
        (([], []), ValueError, "columns is empty; expected at least one header."),
        ((COLUMNS, []), ValueError, "rows is empty; expected at least one row."),
        (
            (COLUMNS, [*ROWS, ["PCA"]]),
            ValueError,
            "rows[1] has 1 cells and columns has 2; expected as many. Use None for a blank.",
        ),
        ((COLUMNS, ["ab"]), TypeError, "rows[0] is 'ab'; expected the cells of a row, such as ['ab']."),
        ((["error"], [0.5]), TypeError, "rows[0] is 0.5; expected the cells of a row, such as [0.5]."),
        ((["error"], torch.tensor([0.5])), TypeError, "rows[0] is tensor(0.5000); expected the cells of a row"),
        (
            (COLUMNS, ROWS, [".3f"]),
            ValueError,
            'formats has 1 entries and columns has 2; expected one for each column. Use "" for a column of text.',
        ),
        ((COLUMNS, ROWS, 3), TypeError, 'formats is 3; expected a format such as ".3f", or a list of them.'),
        ((COLUMNS, ROWS, ["", 3]), TypeError, "formats is ['', 3]; expected a format"),
        (
            (COLUMNS, ROWS, "d"),
            ValueError,
            "rows[0][1] is 0.5, which the format 'd' does not fit: Unknown format code 'd' for object of type 'float'. "
            'Use one such as ".3f", or "d" for whole numbers.',
        ),
        ((COLUMNS, ROWS, ".3q"), ValueError, "rows[0][1] is 0.5, which the format '.3q' does not fit"),
        (
            (COLUMNS, [["PCA", torch.rand(3)]]),
            TypeError,
            "rows[0][1] has shape (3,); expected text, a number or None. Give each number a cell of its own, or take "
            "their mean.",
        ),
        ((COLUMNS, [["PCA", [1]]]), TypeError, "rows[0][1] is [1]; expected text, a number or None. Use str(...)."),
        ((COLUMNS, [["PCA", 1j]]), TypeError, "rows[0][1] is 1j; expected text, a number or None."),
    ],
)
def test_errors(arguments, error, message, capsys):
    with pytest.raises(error) as caught:
        show_table(*arguments)
    assert str(caught.value).startswith(message)
    assert capsys.readouterr().out == ""  # nothing half-shown
