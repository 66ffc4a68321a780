"""What a committed notebook must hold, as functions notebook -> list of problems, so that they can be tested themselves."""

import ast
import importlib.util
import re
from pathlib import Path

import nbformat

from tools.agreement import FOUND, MOST
from tools.lesson import COLUMNS, definitions, lesson_form, package_definitions
from tools.notebooks import notebooks

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
NOTEBOOKS = notebooks()
PACKAGE = package_definitions()

NUMBER = r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?|(?<![\w.])\.\d+"
# What the prose must back up: a decimal number, a percentage, a ratio ("30 times").
CLAIM = re.compile(r"(?<![\w.])(\d*\.\d+|\d+(?=\s?%)|\d+(?= times\b))(?![\w.]*\w)(\s?%)?")
NOT_PROSE = re.compile(
    r"^```.*?^```"  # code blocks
    r"|`[^`]*`"  # code and the targets of roles
    r"|\$\$.*?\$\$|\$[^$]*\$"  # formulas
    r"|\]\([^)]*\)"  # targets of links
    r"|^:\w+:.*?$"  # options of directives
    r"|[Ee]xercises? \d+\.\d+|[Ss]ection \d+\.\d+|CC BY 4\.0",
    re.DOTALL | re.MULTILINE,
)
# A statement that uses one of these draws: its numbers are sizes and places on a page.
DRAWING = {"plt", "ax", "axes", "fig", "figure", "Explorer", "PlaneExplorer", "set_style"}
REPEATING = ("Summary", "Exercises", "Further reading")
TOUR = "00-tour.ipynb"
STUDY = "studies/"
# Lessons at two depths: what is longer than this stands in a study.
LESSONS = ("01-", "02-", "03-", "04-", "05-", "06-", "07-", "08-", "09-", "10-")
CLOSED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}  # tags that fold or leave out a cell's code
FIRST_CELL = 15  # lines
MOST_DRAWING = 0.1  # of the open lines
MARKERS = ("{admonition} After this", "{admonition} Predict", "*Reading: ")
SECTIONS = ["What goes wrong", "Summary", "Exercises", "Further reading"]


def extension(name: str):
    """A Sphinx extension of the book, as a module."""
    spec = importlib.util.spec_from_file_location(name, BOOK / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def output_text(cell) -> str:
    """All text that a cell has printed or shown."""
    return "\n".join(
        output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def draws_a_figure(cell) -> bool:
    return "<Figure size" in output_text(cell)


def unrun_cells(nb) -> list[str]:
    """nbval compares nothing where an execution count is missing, and says nothing."""
    return [
        f"code cell {i} has execution count {cell.execution_count}, expected {i}: run `make notebooks`"
        for i, cell in enumerate(code_cells(nb), 1)
        if cell.execution_count != i
    ]


def stray_outputs(nb) -> list[str]:
    """Errors, warnings, and names of plot objects that were meant to be assigned."""
    problems = []
    for i, cell in enumerate(code_cells(nb), 1):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                problems.append(f"code cell {i} ends in an error or prints to stderr")
        if re.search(r"^(<Axes|Text\(|\[<matplotlib|\(<Figure)", output_text(cell), re.MULTILINE):
            problems.append(f"code cell {i} shows a plot object's name: assign it")
    return problems


def figure_problems(nb) -> list[str]:
    """A figure needs a name to refer to, a caption that states the finding and an alt text that describes it."""
    problems, names = [], []
    for i, cell in enumerate(code_cells(nb), 1):
        mystnb = cell.metadata.get("mystnb", {})
        figure, alt = mystnb.get("figure", {}), mystnb.get("image", {}).get("alt", "")
        if not draws_a_figure(cell):
            if figure:
                problems.append(f"code cell {i} is marked as a figure and draws none")
            continue
        if output_text(cell).count("<Figure size") != 1:
            problems.append(f"code cell {i} draws more than one figure; each needs its own caption")
        if len(figure.get("caption", "")) < 30:
            problems.append(f"the figure of code cell {i} has no caption")
        if len(alt) < 40 or alt == figure.get("caption"):
            problems.append(f"the figure of code cell {i} has no alt text of its own")
        names.append(figure.get("name", ""))
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    problems += [f"figure {n!r} is not referred to in the text" for n in names if f"{{numref}}`{n}`" not in prose]
    return problems


def sections(nb) -> list[tuple[str, list[str], list]]:
    """The parts between second-level headings: -> (title, prose and captions, code cells); the first has no title."""
    parts: list[tuple[str, list[str], list]] = [("", [], [])]
    for cell in nb.cells:
        if cell.cell_type == "code":
            _, prose, code = parts[-1]
            prose.append(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
            code.append(cell)
            continue
        before, *titled = re.split(r"^## (.+)$", cell.source, flags=re.M)
        parts[-1][1].append(before)
        parts += [(title, [text], []) for title, text in zip(titled[::2], titled[1::2], strict=True)]
    return parts


def printed_numbers(cells) -> list[tuple[float, str]]:
    """The numbers that cells have printed: -> (value, unit): "%" for a percentage, "." for other decimals, else "".

    What a claim has found is left out: it may be any number within the claim's bound.
    """
    found = []
    for cell in cells:
        for number, percent in re.findall(rf"({NUMBER})(\s?%)?", FOUND.sub("", output_text(cell))):
            found.append((float(number.replace(",", "")), "%" if percent else "." * ("." in number or "e" in number)))
    return found


def settings(cells) -> set[float]:
    """The numbers that the code of some cells computes with: no statement that draws, no string, no comment."""

    def draws(node) -> bool:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return bool(names & DRAWING) or any(name.startswith("show_") for name in names)

    def constants(node) -> set[float]:
        if isinstance(node, ast.stmt) and draws(node):  # a loop or a function may hold statements that do not draw
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            return set().union(*map(constants, inner))
        if isinstance(node, ast.Constant):
            return {float(node.value)} if type(node.value) in (int, float) else set()
        return set().union(*map(constants, ast.iter_child_nodes(node)))

    return set().union(*(constants(ast.parse(cell.source)) for cell in cells))


def unbacked_numbers(nb) -> list[str]:
    """Numbers of the prose that their own section neither printed, to the prose's digits, nor set in its code.

    What comes before the first section, the summary, the exercises and the further reading repeat numbers of the
    chapter: they may stand in any of its sections.
    """
    problems = []
    for title, texts, cells in sections(nb):
        where = code_cells(nb) if title == "" or title.startswith(REPEATING) else cells
        printed, set_in_code = printed_numbers(where), settings(where)
        for number, percent in CLAIM.findall(NOT_PROSE.sub(" ", "\n".join(texts))):
            # Half a unit of the last digit that the prose gives, and a little for binary rounding.
            near = 0.5 * 10 ** -len(number.partition(".")[2]) * (1 + 1e-6)
            value = float(number)
            if percent:
                values = [v if unit == "%" else 100 * v for v, unit in printed if unit]
            else:
                values = [v for v, unit in printed if unit != "%"]
            is_set = any(abs((100 * v if percent else v) - value) < 1e-9 for v in set_in_code)
            if not is_set and not any(abs(v - value) <= near for v in values):
                problems.append(f"{number}{percent} stands in the section {title!r}, but no cell of it printed that")
    return problems


def loose_tolerances(nb) -> list[str]:
    """A tolerance is for the last digits; what moves further is printed with fewer digits, averaged, or claimed."""
    declared = [nb.metadata.get("nbval_tol", {}), *(cell.metadata.get("nbval_tol", {}) for cell in code_cells(nb))]
    return [
        f"the tolerance {dict(t)}; expected rtol alone, at most {MOST}"
        for t in declared
        if set(t) - {"rtol"} or t.get("rtol", 0) > MOST
    ]


def drifted_definitions(nb) -> list[str]:
    """Code that the chapter teaches must be the package's, docstrings, annotations, comments and guards aside."""
    return [
        f"{name} differs from the package's: run `python tools/lesson.py sync` on the notebook"
        for cell in code_cells(nb)
        for name, node in definitions(cell.source).items()
        if name in PACKAGE and lesson_form(node) != lesson_form(PACKAGE[name][1])
    ]


def private_imports(nb) -> list[str]:
    """A reader can look up what a notebook imports: no module and no name with an underscore in front."""
    return [
        f"code cell {i} imports {name} of {node.module}, which is private"
        for i, cell in enumerate(code_cells(nb), 1)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.ImportFrom)
        for name in (alias.name for alias in node.names)
        if "._" in f".{node.module}" or name.startswith("_")
    ]


def is_open(cell) -> bool:
    """Whether the page shows a cell's code unasked."""
    return not CLOSED & set(cell.metadata.get("tags", []))


def lesson_code_problems(nb) -> list[str]:
    """What stands open on the page is the lesson: a short start, short lines, hardly any drawing, no table by hand."""
    problems, lines, drawing = [], 0, 0
    for i, cell in enumerate(code_cells(nb), 1):
        if re.search(r"fontsize|labelsize|rcParams", cell.source):
            problems.append(f"code cell {i} sets a size: set_style does, once for all")
        if re.search(r"""\{["'][^"']*["']:[<>^]?\d+""", cell.source):
            problems.append(f"code cell {i} pads a header by hand: show_table prints tables")
        if not is_open(cell):
            continue
        code = [line for line in cell.source.split("\n") if line.strip()]
        if i == 1 and len(code) > FIRST_CELL:
            problems.append(f"the first code cell has {len(code)} lines; expected at most {FIRST_CELL}")
        problems += [f"code cell {i} has a line of {len(c)} columns: {c[:40]}..." for c in code if len(c) > COLUMNS]
        lines += len(code)
        drawing += len(code) * bool(re.search(r"plt\.|\bax\b|axes", cell.source))
    if drawing > MOST_DRAWING * lines:
        problems.append(
            f"{drawing} of {lines} open lines draw; expected at most {MOST_DRAWING:.0%}: tag them hide-input"
        )
    return problems


def exercise_problems(nb, least: int = 5) -> list[str]:
    """Enough exercises, each with kind, minutes and difficulty, an open check, and a solution that passes it."""
    problems = []
    titles = [c.source for c in nb.cells if c.cell_type == "markdown" and "### Exercise" in c.source]
    if len(titles) < least:
        problems.append(f"{len(titles)} exercises; expected at least {least}")
    head = re.compile(
        r"^### Exercise S?\d+\.\d+: .+\n\n\*(Predict|Code|On paper) · \d+ minutes · (easy|medium|hard)\*$", re.M
    )
    problems += [f"{t.splitlines()[0]!r} lacks kind, minutes or difficulty" for t in titles if not head.search(t)]
    solutions = [c for c in code_cells(nb) if "solution" in c.metadata.get("tags", [])]
    stubs = [c for c in code_cells(nb) if "Replace the ..." in output_text(c)]
    if not len(solutions) == len(stubs) == len(titles):
        problems.append(
            f"{len(titles)} exercises, {len(stubs)} open checks, {len(solutions)} solutions: expected equal"
        )
    for cell in solutions:
        if not output_text(cell).startswith("Correct."):
            problems.append(f"a solution does not pass its check: {output_text(cell)[:80]!r}")
        if "hide-cell" not in cell.metadata.tags:
            problems.append("a solution is not folded: tag it hide-cell")
    return problems


def tour_problems(nb) -> list[str]:
    """The tour has no exercises; it is short, and every section but the last leads on to its chapter."""
    parts = [(title, "\n".join(texts)) for title, texts, _ in sections(nb)]
    problems = [f"the section {title!r} links to no chapter" for title, text in parts[1:-1] if "{doc}`" not in text]
    problems += [f"no {marker!r}" for marker in MARKERS if not any(marker in text for _, text in parts)]
    return problems + length_problems(nb, words=2000, lines=60)


def length_problems(nb, words: int, lines: int, decimals: float = 100) -> list[str]:
    """A page that can be read in its stated time: its words, its open lines of code, decimals in a hundred words."""
    prose = NOT_PROSE.sub(" ", "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown"))
    found_words = len(re.findall(r"[A-Za-z][\w'-]*", prose))
    found_lines = sum(bool(line.strip()) for c in code_cells(nb) if is_open(c) for line in c.source.split("\n"))
    found_decimals = 100 * len(re.findall(r"(?<![\w.])(?:\d*\.\d+|\d+(?=\s?%))", prose)) / max(found_words, 1)
    problems = []
    if found_words > words or found_lines > lines:
        problems.append(
            f"{found_words} words and {found_lines} open lines of code; expected at most {words} and {lines}"
        )
    if found_decimals > decimals:
        problems.append(f"{found_decimals:.1f} decimals in a hundred words; expected at most {decimals}")
    return problems


def order_problems(nb, expected: list[str], markers: tuple[str, ...]) -> list[str]:
    """Sections, by how their titles begin, in a fixed order, and marks that must stand somewhere."""
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", prose, re.M)
    positions = [next((i for i, h in enumerate(headings) if h.startswith(s)), None) for s in expected]
    problems = [f"no section {s!r}" for s, p in zip(expected, positions, strict=True) if p is None]
    if not problems and positions != sorted(positions):
        problems.append(f"the sections {expected} stand in another order: {headings}")
    return problems + [f"no {marker!r}" for marker in markers if marker not in prose]


def section_problems(nb) -> list[str]:
    """The fixed order of a chapter, and a question to predict."""
    return order_problems(nb, SECTIONS, MARKERS)


def lesson_problems(nb) -> list[str]:
    """A lesson at two depths: its length, its six exercises, its claims."""
    problems = exercise_problems(nb, least=6) + order_problems(nb, ["The claims of this chapter"], ())
    return problems + length_problems(nb, words=3300, lines=165, decimals=1)


def study_problems(nb) -> list[str]:
    """A study answers one question: the answer first, in three sentences, and a figure before the evidence."""
    problems = exercise_problems(nb, least=2) + length_problems(nb, words=2500, lines=175, decimals=2)
    expected = ["Limits", "Exercises", "Further reading", "The claims of this study"]
    problems += order_problems(nb, expected, ("{admonition} The answer", "*Reading: "))
    head = nb.cells[0].source
    if not re.match(r"# .+\?\n", head):
        problems.append(f"the title is {head.partition(chr(10))[0]!r}; expected a question")
    answer = re.search(r"\{admonition\} The answer\n(?::class:.*\n)?(.*?)^:::", head, re.M | re.S)
    count = len(re.findall(r"[.!?](?=\s|$)", answer[1].strip())) if answer else 0
    if count != 3:
        problems.append(f"the answer at the head of the page has {count} sentences; expected three")
    if not any("figure" in cell.metadata.get("mystnb", {}) for cell in sections(nb)[1][2]):
        problems.append("no figure in the first section; expected the one that shows the answer")
    return problems


def import_problems(nb) -> list[str]:
    """Every notebook uses the package."""
    first = code_cells(nb)[0].source
    return (
        [] if re.search(r"^from companion import ", first, re.M) else ["the first code cell does not import companion"]
    )


CHECKS = [
    unrun_cells,
    stray_outputs,
    figure_problems,
    unbacked_numbers,
    loose_tolerances,
    drifted_definitions,
    private_imports,
    lesson_code_problems,
    exercise_problems,
    section_problems,
    import_problems,
]


def checks_of(name: str) -> list:
    """What is asked of a notebook, by its place in the book."""
    of_all = [c for c in CHECKS if c not in (exercise_problems, section_problems)]
    if name == TOUR:
        return [*of_all, tour_problems]
    if name.startswith(STUDY):
        return [*of_all, study_problems]
    return [*CHECKS, lesson_problems] if name.startswith(LESSONS) else CHECKS
