"""The committed notebooks hold what they must, and each check sees what it is there for."""

import copy
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import notebook_checks as checks
from notebook_checks import BOOK, NOTEBOOKS, ROOT
from tools.lesson import teach
from tools.notebooks import name_of, normalise

READ = {name_of(path): checks.read(path) for path in NOTEBOOKS}
CASES = [(name, check) for name in READ for check in checks.checks_of(name)]


@pytest.mark.parametrize(("name", "check"), CASES, ids=lambda part: getattr(part, "__name__", part))
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
        assert f"book/{name_of(path)}" in readme
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
        ("the learning rate 0.003", True),  # set in the code
        ("the learning rate 0.0030", True),
        ("the learning rate 0.00", False),  # a setting is not rounded
        ("it keeps 47 % of it", True),  # 0.47 is printed
        ("it keeps 48 % of it", False),
        ("it gains 8 %", True),  # 8% is printed
        ("it lets 4 % through", False),  # 4 is printed, as a count
        ("it lets 64 % through", False),  # 64 is a batch's size
        ("12 times smaller", True),
        ("13 times smaller", False),
        ("8 times smaller", False),
        ("it ends at 1.04", False),  # only the drawing knows it
        ("a share of 0.71", False),  # found by a claim, which holds for other values too
        ("at most 0.9 of it", True),  # the claim's bound
        ("a number in a comment, 0.777", False),
        ("a formula $0.777$, code `0.777`, a link [x](a/0.777), Exercise 9.7", True),
    ],
)
def test_unbacked_number_is_seen(prose, backed):
    fitted = "fit(lr=0.003, batch_size=64)  # 0.777\nax.text(0, 1.04 * error, 'PCA')"
    said = (
        "4 runs: test error 0.01312, kept 0.47, gained 8%, ratio 12.3\nHolds: x\n  found 0.71, expected at most 0.9\n"
    )
    cells = new_markdown_cell("## A section"), code(fitted, said), new_markdown_cell(prose)
    assert (checks.unbacked_numbers(notebook(*cells)) == []) is backed


def test_a_number_of_another_section_backs_nothing_but_a_summary():
    def chapter(prose, title):
        return notebook(
            new_markdown_cell("## The first"),
            code("train()", "error 0.0131"),
            new_markdown_cell(f"It is small.\n\n## {title}\n\n{prose}"),
            code("train()", "error 0.0222"),
        )

    assert checks.unbacked_numbers(chapter("An error of 0.0222.", "The second")) == []
    assert checks.unbacked_numbers(chapter("An error of 0.0131.", "The second"))
    assert checks.unbacked_numbers(chapter("An error of 0.0131.", "Summary")) == []
    assert checks.unbacked_numbers(chapter("An error of 0.0133.", "Summary"))


def test_a_number_in_a_caption_is_bound_too():
    def drawn(caption):
        return notebook(code("draw()", "error 0.0131", mystnb={"figure": {"caption": caption}}))

    assert checks.unbacked_numbers(drawn("It falls to 0.013.")) == []
    assert checks.unbacked_numbers(drawn("It falls to 0.012."))


def test_a_setting_beside_a_drawing_in_one_loop_counts():
    loop = "for share in (0.25, 0.5):\n    x = 0.125 * share\n    ax.plot(x, x * 0.0625)"
    assert checks.settings([code(loop)]) == {0.125}
    assert checks.settings([code("rates = {'a': [1e-3, -2]}\nplt.ylim(7)")]) == {0.001, 2.0}


@pytest.mark.parametrize(
    ("tolerance", "fine"),
    [({}, True), ({"rtol": 0.05}, True), ({"rtol": 0.1}, False), ({"rtol": 0.02, "atol": 0.3}, False)],
)
def test_a_loose_tolerance_is_seen(tolerance, fine):
    assert (checks.loose_tolerances(notebook(code("x = 1", nbval_tol=tolerance))) == []) is fine
    nb = notebook(code("x = 1"))
    nb.metadata["nbval_tol"] = tolerance
    assert (checks.loose_tolerances(nb) == []) is fine


def test_edited_definition_is_seen():
    source = (ROOT / "companion" / "losses.py").read_text()
    start = source.index("def squared_error")
    in_full = source[start : source.index("def gaussian_nll")]
    taught = teach(*checks.PACKAGE["squared_error"])
    assert "check_same_shape" in in_full
    assert "check_same_shape" not in taught
    for same in (in_full, taught, "# a comment\n" + taught):
        assert checks.drifted_definitions(notebook(code(same))) == []
    assert checks.drifted_definitions(notebook(code(taught.replace(".sum(1)", ".mean(1)"))))
    assert checks.drifted_definitions(notebook(code("def my_own(x): return x"))) == []


@pytest.mark.parametrize(
    ("statement", "fine"),
    [
        ("from companion import digits", True),
        ("from companion.vae import VAE", True),
        ("from companion._support.checks import check_images", False),
        ("from companion.vae import _check_gaussian", False),
    ],
)
def test_a_private_import_is_seen(statement, fine):
    assert (checks.private_imports(notebook(code(statement))) == []) is fine


FOLDED = {"tags": ["hide-input"]}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("\n".join(["x = 1"] * 15)), None),
        (code("\n".join(["x = 1"] * 16)), "the first code cell has 16 lines"),
        (code("\n".join(["x = 1"] * 16), **FOLDED), None),
        (code("x = " + "1" * 72), None),
        (code("x = " + "1" * 73), "a line of 77 columns"),
        (code("x = " + "1" * 73, **FOLDED), None),
        (code("ax.plot(x)"), "1 of 1 open lines draw"),
        (code("ax.plot(x)\nplt.show()", **FOLDED), None),
        (code("ax.set_title('a', fontsize=9)", **FOLDED), "sets a size"),
        (code("print(f\"{'error':8} {'PCA':>8}\")"), "pads a header by hand"),
        (code('print(f"{error:8.3f}")'), None),
    ],
)
def test_code_that_is_no_lesson_is_seen(cell, message):
    found = checks.lesson_code_problems(notebook(cell))
    assert any(message in problem for problem in found) if message else found == []


def test_a_tour_that_is_long_or_leads_nowhere_is_seen():
    def tour(*sections):
        marked = "# Tour\n\n" + "\n".join(checks.MARKERS)
        return notebook(new_markdown_cell("\n\n## A\n\n".join([marked, *sections])), code("x = 1"))

    good = "Text. {doc}`01-intuition`"
    assert checks.tour_problems(tour(good, "The end.")) == []
    assert checks.tour_problems(tour("Text.", "The end."))
    assert checks.tour_problems(tour(good, "word " * 2000))
    longer = tour(good, "The end.")
    longer.cells.append(code("x = 1\n" * 60))
    assert checks.tour_problems(longer)
    longer.cells[-1].metadata["tags"] = ["hide-input"]
    assert checks.tour_problems(longer) == []


def lesson(words: int = 3000, lines: int = 100, decimals: int = 0, exercises: int = 6):
    prose = " ".join(["word"] * words + ["0.5"] * decimals)
    cells = [new_markdown_cell(f"# A lesson\n\n{prose}"), code("\n".join(["x = 1"] * lines))]
    for _ in range(exercises):
        cells += [
            new_markdown_cell("### Exercise 1.1: t\n\n*Code · 5 minutes · easy*\n\nDo it."),
            code("check(...)", "Not yet. Replace the ... with your answer and run the cell again."),
            code("check(1)", "Correct. Yes.", tags=["solution", "hide-cell"]),
        ]
    return notebook(*cells, new_markdown_cell("## The claims of this chapter"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"words": 3400}, "words"),
        ({"lines": 170}, "open lines"),
        ({"decimals": 40}, "decimals in a hundred words"),
        ({"exercises": 5}, "5 exercises"),
    ],
)
def test_a_lesson_that_is_too_long_or_lacks_an_exercise_is_seen(change, message):
    found = checks.lesson_problems(lesson(**change))
    assert any(message in problem for problem in found) if message else found == []


def study(title="Why?", answer="One, on `torch.rand`. Two. Three.", figure=True, exercises=2):
    head = f"# {title}\n\n:::{{admonition}} The answer\n{answer}\n:::\n\n*Reading: 20 minutes.*"
    drawn = code("draw()", "<Figure size 1 with 1 Axes>", mystnb=FIGURE if figure else {})
    given = lesson(0, 1, exercises=exercises).cells[2:-1]
    last = [new_markdown_cell(f"## {title}") for title in ("Limits", "Exercises")]
    end = [new_markdown_cell(f"## {title}") for title in ("Further reading", "The claims of this study")]
    return notebook(new_markdown_cell(head), new_markdown_cell("## It decides"), drawn, *last, *given, *end)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"title": "Collapse"}, "expected a question"),
        ({"answer": "One. Two."}, "2 sentences"),
        ({"figure": False}, "no figure in the first section"),
        ({"exercises": 1}, "1 exercises"),
    ],
)
def test_a_study_that_does_not_open_with_its_answer_is_seen(change, message):
    found = checks.study_problems(study(**change))
    assert any(message in problem for problem in found) if message else found == []


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
