"""What a committed notebook must hold, as functions notebook -> list of problems, so that they can be tested themselves."""

import ast
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))

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
SECTIONS = ["What goes wrong", "Summary", "Exercises", "Further reading"]


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


def unbacked_numbers(nb) -> list[str]:
    """Numbers of the prose that no cell of the notebook printed and no code holds, after rounding to the prose's digits."""
    known: list[float] = []
    for cell in code_cells(nb):
        known += [float(n.replace(",", "")) for n in re.findall(NUMBER, output_text(cell))]
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                known.append(float(node.value))
    captions = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for cell in code_cells(nb)]
    texts = [cell.source for cell in nb.cells if cell.cell_type == "markdown"] + captions
    problems = []
    for text in texts:
        for claim, percent in CLAIM.findall(NOT_PROSE.sub(" ", text)):
            digits = len(claim.partition(".")[2])
            # Half a unit of the last digit that the prose gives, and a little for binary rounding.
            near = 0.5 * 10**-digits * (1 + 1e-6)
            values = [v for n in known for v in ((n, 100 * n) if percent else (n,))]
            if not any(abs(v - float(claim)) <= near for v in values):
                problems.append(f"{claim}{percent} stands in the prose, but no cell printed it")
    return problems


def definitions(source: str) -> dict[str, str]:
    """Top-level functions and classes of some code: name -> its syntax tree as text, docstrings left out."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner) is not None:
                    inner.body = inner.body[1:] or [ast.Pass()]
            found[node.name] = ast.dump(node)
    return found


def package_definitions() -> dict[str, str]:
    """All functions and classes of the package's chapters' modules (not of its exercises)."""
    found = {}
    for path in (ROOT / "companion").glob("*.py"):
        found |= definitions(path.read_text())
    return found


def drifted_definitions(nb) -> list[str]:
    """Code that the chapter teaches must be the package's, word for word but for docstrings and comments."""
    package = package_definitions()
    return [
        f"{name} differs from the package's"
        for cell in code_cells(nb)
        for name, tree in definitions(cell.source).items()
        if name in package and package[name] != tree
    ]


def exercise_problems(nb) -> list[str]:
    """Five exercises, each with kind, minutes and difficulty, an open check, and a solution that passes it."""
    problems = []
    titles = [c.source for c in nb.cells if c.cell_type == "markdown" and "### Exercise" in c.source]
    if len(titles) < 5:
        problems.append(f"{len(titles)} exercises; expected at least 5")
    head = re.compile(
        r"^### Exercise \d+\.\d+: .+\n\n\*(Predict|Code|On paper) · \d+ minutes · (easy|medium|hard)\*$", re.M
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


def section_problems(nb) -> list[str]:
    """The fixed order of a chapter, and a question to predict."""
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", prose, re.M)
    positions = [next((i for i, h in enumerate(headings) if h.startswith(s)), None) for s in SECTIONS]
    problems = [f"no section {s!r}" for s, p in zip(SECTIONS, positions, strict=True) if p is None]
    if not problems and positions != sorted(positions):
        problems.append(f"the sections {SECTIONS} stand in another order: {headings}")
    for marker in ("{admonition} After this", "{admonition} Predict", "*Reading: "):
        if marker not in prose:
            problems.append(f"no {marker!r}")
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
    drifted_definitions,
    exercise_problems,
    section_problems,
    import_problems,
]
