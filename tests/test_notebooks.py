"""The committed notebooks hold what they must, and each check sees what it is there for."""

import copy
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import notebook_checks as checks
from notebook_checks import BOOK, CHECKS, NOTEBOOKS, ROOT
from tools.notebooks import normalise

READ = {path.name: checks.read(path) for path in NOTEBOOKS}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_notebook(name, check):
    assert check(READ[name]) == []


@pytest.mark.parametrize("name", READ)
def test_is_normalised(name):
    """Otherwise a diff shows what a machine changed: run `make notebooks`."""
    assert normalise(copy.deepcopy(READ[name])) == READ[name]


def test_every_citation_has_an_entry_and_every_entry_is_cited():
    texts = [c.source for nb in READ.values() for c in nb.cells if c.cell_type == "markdown"]
    texts += [path.read_text() for path in BOOK.glob("*.md")]
    cited = {k.strip() for t in texts for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", t) for k in keys.split(",")}
    entries = re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text(), re.M)
    assert sorted(cited) == sorted(entries)


def test_readme_names_every_chapter_with_module_and_tests():
    readme = (ROOT / "README.md").read_text()
    for path in NOTEBOOKS:
        assert f"book/{path.name}" in readme
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), f"README links to {target}, which does not exist"


def code(source, text="", count=1, **metadata):
    outputs = [new_output("stream", name="stdout", text=text)] if text else []
    return new_code_cell(source, outputs=outputs, execution_count=count, metadata=metadata)


FIGURE = {"figure": {"name": "fig-a", "caption": "The error falls as the code grows."}, "image": {"alt": "A line " * 9}}


def notebook(*cells) -> nbformat.NotebookNode:
    return new_notebook(cells=list(cells))


def test_unrun_cell_is_seen():
    assert checks.unrun_cells(notebook(code("x = 1", count=1), code("y = 2", count=2))) == []
    assert checks.unrun_cells(notebook(code("x = 1", count=None)))
    assert checks.unrun_cells(notebook(code("x = 1", count=1), code("y = 2", count=1)))


def test_stray_output_is_seen():
    assert checks.stray_outputs(notebook(code("print(1)", "1\n"))) == []
    assert checks.stray_outputs(notebook(code("plt.plot()", "[<matplotlib.lines.Line2D at 0x1>]")))
    warning = code("f()")
    warning.outputs = [new_output("stream", name="stderr", text="UserWarning")]
    assert checks.stray_outputs(notebook(warning))


def test_figure_without_caption_alt_text_or_reference_is_seen():
    drawn, text = "<Figure size 1050x480 with 1 Axes>", new_markdown_cell("See {numref}`fig-a`.")
    assert checks.figure_problems(notebook(code("draw()", drawn, mystnb=FIGURE), text)) == []
    assert checks.figure_problems(notebook(code("draw()", drawn), text))
    assert checks.figure_problems(
        notebook(code("draw()", drawn, mystnb={**FIGURE, "image": {"alt": "plot.png"}}), text)
    )
    assert checks.figure_problems(notebook(code("draw()", drawn, mystnb=FIGURE)))
    assert checks.figure_problems(notebook(code("draw()", mystnb=FIGURE), text))


@pytest.mark.parametrize(
    ("prose", "backed"),
    [
        ("an error of 0.013", True),
        ("an error of 0.0131", True),
        ("an error of .0131", True),
        ("an error of 0.0132", False),
        ("the learning rate 0.003", True),  # a literal of the code
        ("it keeps 47 % of it", True),  # 0.47 is printed
        ("it keeps 48 % of it", False),
        ("12 times smaller", True),
        ("13 times smaller", False),
        ("a number in a comment, 0.777", False),
        ("a formula $0.777$, code `0.777`, a link [x](a/0.777), Exercise 9.7", True),
    ],
)
def test_unbacked_number_is_seen(prose, backed):
    cell = code("fit(lr=0.003)  # 0.777", "test error 0.01312, kept 0.47, ratio 12.3")
    assert (checks.unbacked_numbers(notebook(cell, new_markdown_cell(prose))) == []) is backed


def test_edited_definition_is_seen():
    source = (ROOT / "companion" / "losses.py").read_text()
    start = source.index("def squared_error")
    taught = source[start : source.index("def bce")]
    without_docstring = re.sub(r'    """.*?"""\n', "", taught, flags=re.S)
    assert checks.drifted_definitions(notebook(code(taught))) == []
    assert checks.drifted_definitions(notebook(code("# a comment\n" + without_docstring))) == []
    assert checks.drifted_definitions(notebook(code(taught.replace(".sum(1)", ".mean(1)"))))
    assert checks.drifted_definitions(notebook(code("def my_own(x): return x"))) == []


def test_exercise_without_solution_or_with_a_failing_one_is_seen():
    def chapter(*solution_outputs):
        cells = []
        for output in solution_outputs:
            cells += [
                new_markdown_cell("### Exercise 1.1: t\n\n*Code · 5 minutes · easy*\n\nDo it."),
                code("check(...)", "Not yet. Replace the ... with your answer and run the cell again."),
                code("check(1)", output, tags=["solution", "hide-cell"]),
            ]
        return notebook(*cells)

    right = ["Correct. Yes."] * 5
    assert checks.exercise_problems(chapter(*right)) == []
    assert checks.exercise_problems(chapter(*right[1:]))
    assert checks.exercise_problems(chapter(*right, "Not yet. No."))
    without_solution = chapter(*right)
    without_solution.cells.pop()
    assert checks.exercise_problems(without_solution)
