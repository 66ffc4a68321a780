"""The lesson form of the package's code: the same statements, less docstrings, annotations and guards.

Usage: python tools/lesson.py teach MODULE.NAME ...     print definitions as a notebook shows them, such as vae.VAE
       python tools/lesson.py sync NOTEBOOK ...         write every definition that a notebook shares with the package anew
       python tools/lesson.py new NOTEBOOK TITLE        start a notebook, with the sections that the tests look for

A guard is a statement that only refuses bad input: a call of a check_... function, an `if` that only raises (and words its
message), and a loop over nothing but those. The package keeps them all; a lesson shows what is computed. tests/notebook_checks.py compares the
two by the same rule.
"""

import ast
import re
import subprocess
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.notebooks import normalise  # noqa: E402 (found only now)

PACKAGE = ROOT / "companion"
COLUMNS = 76  # of an open line on the page

BODIES = ("body", "orelse", "finalbody")
Definition = ast.FunctionDef | ast.ClassDef


def is_guard(node: ast.stmt) -> bool:
    """Whether a statement only refuses bad input."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "id", "").lstrip("_").startswith("check_")
    if isinstance(node, ast.If):
        *before, last = node.body
        return not node.orelse and isinstance(last, ast.Raise) and all(isinstance(s, ast.Assign) for s in before)
    return isinstance(node, ast.For) and not node.orelse and all(map(is_guard, node.body))


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_record(node: ast.AST) -> bool:
    """A NamedTuple, whose annotations are its fields."""
    return isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "NamedTuple" for base in node.bases)


def is_bare_annotation(node: ast.stmt) -> bool:
    """``mean: Tensor`` in a class: for the type checker alone."""
    return isinstance(node, ast.AnnAssign) and node.value is None


def left_out(node: ast.stmt) -> bool:
    return is_guard(node) or is_docstring(node) or is_bare_annotation(node)


class _LessonForm(ast.NodeTransformer):
    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        return self.generic_visit(ast.Assign([node.target], node.value, lineno=node.lineno)) if node.value else node

    def generic_visit(self, node):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if not is_record(node):
            for field in BODIES:
                statements = getattr(node, field, None)
                if isinstance(statements, list) and statements:
                    setattr(node, field, [s for s in statements if not left_out(s)] or [ast.Pass()])
        return super().generic_visit(node)


def lesson_form(node: Definition) -> str:
    """A definition's syntax tree in its lesson form, as text, to compare two of them."""
    return ast.dump(_LessonForm().visit(ast.parse(ast.unparse(node)).body[0]))


def definitions(source: str) -> dict[str, Definition]:
    """The top-level functions and classes of some code, by name."""
    return {node.name: node for node in ast.parse(source).body if isinstance(node, Definition)}


def first_line(node: Definition) -> int:
    """The line on which a definition begins, with its decorators; from 1."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def package_definitions() -> dict[str, tuple[str, Definition]]:
    """All functions and classes of the package's modules (not of its exercises): name -> (source of the module, node)."""
    found = {}
    for path in sorted(PACKAGE.glob("*.py")):
        source = path.read_text()
        found |= {name: (source, node) for name, node in definitions(source).items()}
    return found


def _kept_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all that is in it, less what is left out."""
    yield node
    for part in ast.iter_child_nodes(node):
        if not (isinstance(part, ast.stmt) and left_out(part)):
            yield from _kept_parts(part)


def teach(source: str, node: Definition) -> str:
    """A definition of some source in its lesson form, its comments kept."""
    lines = source.split("\n")
    drop: set[int] = set()  # numbers of lines, from 1
    put: dict[int, str] = {}
    for inner in _kept_parts(node):
        if isinstance(inner, ast.FunctionDef):
            bare = ast.FunctionDef(inner.name, inner.args, [ast.Pass()], [], lineno=1)
            text = ast.unparse(ast.fix_missing_locations(_LessonForm().visit(ast.parse(ast.unparse(bare)))))
            end = _end_of_signature(lines, inner.lineno)
            if end < inner.body[0].lineno:  # not `def f(x): return x`, on one line
                drop |= set(range(inner.lineno, end + 1))
                put[inner.lineno] = " " * inner.col_offset + text.split("\n")[0]
        for field in () if is_record(inner) else BODIES:
            statements = getattr(inner, field, None)
            if not isinstance(statements, list):  # the body of a lambda, or a choice between two values
                continue
            for statement in statements:
                if left_out(statement):
                    drop |= set(range(statement.lineno, statement.end_lineno + 1))
                    above = statement.lineno - 1
                    while lines[above - 1].strip().startswith("#"):  # a comment on the guard goes with it
                        drop.add(above)
                        above -= 1
                elif isinstance(statement, ast.AnnAssign):
                    text = ast.unparse(ast.Assign([statement.target], statement.value, lineno=1))
                    drop |= set(range(statement.lineno, statement.end_lineno + 1))
                    put[statement.lineno] = " " * statement.col_offset + text
            if statements and all(map(left_out, statements)):
                put[statements[0].lineno] = " " * statements[0].col_offset + "pass"
    kept = [
        put.get(number, lines[number - 1])
        for number in range(first_line(node), node.end_lineno + 1)
        if number in put or number not in drop
    ]
    return formatted("\n".join(kept))


def _tokens(lines: list[str]) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(iter([line + "\n" for line in lines]).__next__)


def _end_of_signature(lines: list[str], start: int) -> int:
    """The line that holds the colon of a ``def`` that begins on line ``start``; both from 1."""
    depth = 0
    for token in _tokens(lines[start - 1 :]):
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if token.string == ":" and not depth:
            return start + token.start[0] - 1
    raise ValueError(f"line {start} is {lines[start - 1]!r}; expected the start of a function.")


def formatted(code: str) -> str:
    """Code of at most 76 columns; a comment that would break its line stands above it."""
    given = code.replace("  # fmt: skip", "").split("\n")
    comments = {token.start[0]: token for token in _tokens(given) if token.type == tokenize.COMMENT}
    lines: list[str] = []
    for number, line in enumerate(given, 1):
        if number in comments and len(line) > COLUMNS:
            start = " " * (len(line) - len(line.lstrip())) + "# "
            comment = comments[number].string.lstrip("# ")
            lines += textwrap.wrap(comment, COLUMNS, initial_indent=start, subsequent_indent=start)
            line = line[: comments[number].start[1]].rstrip()
            if not line:
                continue
        if line or not (lines and lines[-1].endswith(":")):  # no blank line where a body begins
            lines.append(line)
    beside = Path(sys.executable).parent / "ruff"
    program = str(beside) if beside.exists() else "ruff"
    command = [program, "format", "--isolated", f"--line-length={COLUMNS}", "--stdin-filename=cell.py", "-"]
    run = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    return run.stdout.rstrip("\n")


def sync(path: Path) -> list[str]:
    """Write every definition that a notebook shares with the package in its lesson form: -> the names that changed."""
    package, nb, changed = package_definitions(), nbformat.read(path, as_version=4), []
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        for name, node in reversed(list(definitions(cell.source).items())):
            if name in package:
                lines = cell.source.split("\n")
                lines[first_line(node) - 1 : node.end_lineno] = teach(*package[name]).split("\n")
                if "\n".join(lines) != cell.source:
                    cell.source = "\n".join(lines)
                    changed.append(name)
    unfinished = path.with_suffix(".ipynb.tmp")
    nbformat.write(nb, unfinished)
    unfinished.replace(path)
    return changed


# A new notebook: text, or code after ">>> ".
START = """
*Reading: ... minutes. Exercises: ... minutes. Needs: ...*

>>> import torch

from companion import claim, claims_made, digits, fit, set_style, show_table

set_style()
x_train, y_train, x_test, y_test = digits()
"""
LESSON = (
    """
# {title}

:::{{admonition}} After this
You will be able to ...
:::
"""
    + START
    + """

## The first idea

:::{{admonition}} Predict
:class: tip
Before you run the next cell: ...?
:::

>>> ...

## What goes wrong

## Summary

## Exercises

### Exercise {number}.1: ...

*Code · 10 minutes · medium*

>>> answer = ...

## Further reading

## The claims of this chapter

>>> claims_made()
"""
)
STUDY = (
    """
# {title}

:::{{admonition}} The answer
One sentence. Another. A third.
:::
"""
    + START
    + """
## The experiment that decides

>>> ...

## Limits

## Exercises

### Exercise S{number}.1: ...

*Code · 10 minutes · hard*

>>> answer = ...

## Further reading

## The claims of this study

>>> claims_made()
"""
)


def new(path: Path, title: str) -> None:
    """Write a notebook with the sections of a lesson, or in studies/ of a study; refused if it exists."""
    if path.exists():
        sys.exit(f"{path} exists; give another name, or remove it.")
    number, is_study = path.stem.partition("-")[0], path.parent.name == "studies"
    page = (STUDY if is_study else LESSON).format(title=title, number=number if is_study else int(number))
    cells: list = []
    for part in page.strip().split("\n\n## "):
        text, *codes = re.split(r"^>>> ", part, flags=re.M)
        cells.append(new_markdown_cell(("## " if cells else "") + text.strip()))
        cells += [new_code_cell(code.strip()) for code in codes]
    nb = new_notebook(cells=cells, metadata={"nbval_tol": {"rtol": 0.02}})
    nbformat.write(normalise(nb), path)


def main(action: str, *names: str) -> None:
    if action == "new":
        new(Path(names[0]), names[1])
        return
    if action == "sync":
        for name in names:
            print(f"{name}: {', '.join(sync(Path(name))) or 'as it was'}")
        return
    for name in names:
        module, _, defined = name.rpartition(".")
        path = PACKAGE / f"{module}.py"
        if not path.exists() or defined not in definitions(path.read_text()):
            sys.exit(f"there is no {name}; expected MODULE.NAME of companion/, such as vae.VAE.")
        source = path.read_text()
        print(teach(source, definitions(source)[defined]))


if __name__ == "__main__":
    wanted = {"teach": 3, "sync": 3, "new": 4}  # words on the command line, at least
    if len(sys.argv) < wanted.get(sys.argv[1] if sys.argv[1:] else "", 99):
        sys.exit(__doc__)
    main(*sys.argv[1:])
