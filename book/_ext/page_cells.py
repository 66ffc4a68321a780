"""Sphinx extension: what the cells of a page need that a notebook does not store.

A study's title gets its number. The first cell, which imports, is folded. The fold of a cell tagged ``hide-input`` says how
many lines it hides. A cell that draws a figure and shows tables becomes several, since myst-nb would set every output of it
in the figure. The claims that a cell makes stand below it in a fold: the prose says what they check.
"""

import re
import sys
from html import escape
from itertools import groupby
from pathlib import Path

import nbformat
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from nbformat.v4 import new_markdown_cell

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.notebooks import CLAIM, claims_in

FOLDS = {"hide-input", "hide-cell", "remove-input", "remove-cell"}  # what a cell may be tagged already


def fold_imports(cells: list) -> None:
    """The first code cell of a page is folded where it begins with imports: no page opens with a list of names."""
    first = next((cell for cell in cells if cell.cell_type == "code"), None)
    if first and re.match(r"(import|from) ", first.source) and not FOLDS & set(first.metadata.get("tags", [])):
        first.metadata.setdefault("tags", []).append("hide-input")


def with_label(cell):
    """A cell, changed if its code is folded: the fold is called "Show the code (14 lines)"."""
    tags = cell.metadata.get("tags", [])
    if "hide-input" in tags and "hide-cell" not in tags:
        count = len(cell.source.splitlines())
        said = f"the code ({count} {'line' if count == 1 else 'lines'})"
        cell.metadata.setdefault("mystnb", {}).update(code_prompt_show=f"Show {said}", code_prompt_hide=f"Hide {said}")
    return cell


def is_table(output) -> bool:
    return "text/markdown" in output.get("data", {})


def tables_apart(cell) -> list:
    """A cell, or where it has a figure and tables: its code, and cells without code for each unbroken run of either."""
    metadata = cell.metadata
    if "figure" not in metadata.get("mystnb", {}) or not any(map(is_table, cell.outputs)):
        return [cell]
    others = {key: value for key, value in metadata.items() if key != "mystnb"}
    settings = {key: value for key, value in metadata["mystnb"].items() if key != "figure"}
    parts = [nbformat.from_dict({**cell, "metadata": {**others, "mystnb": settings}, "outputs": []})]
    for table, outputs in groupby(cell.outputs, is_table):
        own = settings if table else metadata["mystnb"]
        shown = {"tags": ["remove-input"], "mystnb": own}
        parts.append(nbformat.from_dict({**cell, "metadata": shown, "outputs": list(outputs)}))
    return parts


def claims_apart(cell) -> list:
    """A cell less the claims that it prints, and a cell with these in a fold."""
    claims = []
    for output in cell.outputs:
        if output.output_type == "stream":
            claims += claims_in(output.text)
            output.text = CLAIM.sub("", output.text)
    cell.outputs = [output for output in cell.outputs if output.output_type != "stream" or output.text.strip()]
    if not claims:
        return [cell]
    made = "".join(f"<li>{escape(statement)} <span>({escape(found)})</span></li>" for statement, found in claims)
    count = f"{len(claims)} {'conclusion' if len(claims) == 1 else 'conclusions'}"
    return [
        cell,
        new_markdown_cell(f'<details class="checked"><summary>Checked: {count}</summary><ul>{made}</ul></details>'),
    ]


def cells_of_the_page(cell) -> list:
    cell, *claims = claims_apart(with_label(cell))
    return [*tables_apart(cell), *claims]


def prepare(app, docname: str, source: list[str]) -> None:
    if app.env.doc2path(docname).endswith(".ipynb"):
        nb = nbformat.reads(source[0], as_version=4)
        if study := re.match(r"studies/(\d\d)-", docname):  # the lessons are numbered by the table of contents
            nb.cells[0].source = nb.cells[0].source.replace("# ", f"# Study {int(study[1])}: ", 1)
        fold_imports(nb.cells)
        nb.cells = [
            part for cell in nb.cells for part in (cells_of_the_page(cell) if cell.cell_type == "code" else [cell])
        ]
        source[0] = nbformat.writes(nb)


def visit_fold(self, node) -> None:
    """As myst-nb's own, less a name for screen readers that would stand in place of the label."""
    shown, hidden = (f'<p class="{kind} admonition-title">{escape(node[prompt])}</p>' for kind, prompt in PROMPTS)
    self.body.append(f'<details class="admonition hide {" ".join(node["classes"])}">\n')
    self.body.append(f"<summary>\n{shown}\n{hidden}\n</summary>\n")


PROMPTS = (("collapsed", "prompt_show"), ("expanded", "prompt_hide"))


def setup(app):
    app.connect("source-read", prepare, priority=600)  # after executed_notebooks, which gives the outputs
    app.add_node(HideCodeCellNode, override=True, html=(visit_fold, depart_HideCellInput))
    return {"parallel_read_safe": True}
