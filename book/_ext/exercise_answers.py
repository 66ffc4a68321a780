"""Sphinx extension: where an exercise asks for a letter or a number, the page takes the answer, with no kernel.

The check in the notebook decides. What it compares an answer with, and what it says, is asked of it here, and put into the
page for _static/answers.js, in place of the cell with the open answer.
"""

import base64
import importlib
import json
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import nbformat
from nbformat.v4 import new_markdown_cell

OPEN = re.compile(r"^answer = \.\.\.", re.M)
CHECK = re.compile(r"^from (companion\.exercises\.\w+) import (check_\w+)$", re.M)
SAMPLES = (0.123456, 0.7654321, "A", "B")  # whatever is answered, a check must compare it with the same


class _Asked(BaseException):
    """Ends a check once it has said what it compares with: not an Exception, which a check would catch."""


def what_decides(module: Any, check: Callable) -> dict | None:
    """What a check hands to ``judge``, or None if that depends on the answer, or is not reached with any."""
    asked: list[dict] = []

    def record(answer, right, wrong=(), otherwise="", *, tol=1e-3, expected="a number"):
        asked.append({"right": right, "wrong": list(wrong), "otherwise": otherwise, "tol": tol})
        raise _Asked

    with mock.patch.object(module, "judge", record, create=True):
        for sample in SAMPLES:
            try:
                check(sample)
            except _Asked:
                continue
            return None
    return asked[0] if all(repr(one) == repr(asked[0]) for one in asked) else None


def ranges(target: Any, tol: float) -> list[list[float | None]]:
    """The numbers that meet a target of ``judge``: -> [low, high], each None where there is no bound."""
    if isinstance(target, list):
        return [part for one in target for part in ranges(one, tol)]
    low, high = target if isinstance(target, tuple) else (target - tol, target + tol)
    return [[None if abs(bound) == float("inf") else bound for bound in (low, high)]]


def rule_of(module: Any, check: Callable) -> dict | None:
    """What the page must know to answer as the check does; None if it is no choice and no number."""
    given = what_decides(module, check)
    if given is None:
        return None
    cases = [(*given["right"], True), *((target, said, False) for target, said in given["wrong"])]
    if all(isinstance(target, str) and len(target) == 1 for target, _, _ in cases):
        return {"letters": {target: [right, said] for target, said, right in sorted(cases)}}
    try:
        bounds = [[*bound, right, said] for target, said, right in cases for bound in ranges(target, given["tol"])]
    except TypeError:  # a word, a tensor
        return None
    return {"numbers": bounds, "otherwise": given["otherwise"]}


def rule_in(source: str) -> dict | None:
    """The rule of a cell in which an answer is open."""
    found = CHECK.search(source)
    if not OPEN.search(source) or not found:
        return None
    module = importlib.import_module(found[1])
    return rule_of(module, getattr(module, found[2]))


def element(rule: dict) -> str:
    """The element that _static/answers.js brings to life; the rule is not to be read in passing."""
    return f'<exercise-answer rule="{base64.b64encode(json.dumps(rule).encode()).decode()}"></exercise-answer>'


def prepare(app, docname: str, source: list[str]) -> None:
    if app.env.doc2path(docname).endswith(".ipynb"):
        nb = nbformat.reads(source[0], as_version=4)
        for i, cell in enumerate(nb.cells):
            rule = rule_in(cell.source) if cell.cell_type == "code" else None
            if rule:
                nb.cells[i] = new_markdown_cell(f"<div>\n\n{element(rule)}\n\n</div>")
        source[0] = nbformat.writes(nb)


def setup(app):
    app.connect("source-read", prepare, priority=550)  # after executed_notebooks
    return {"parallel_read_safe": True}
