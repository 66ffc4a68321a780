"""Results as a table: read as text where they are stored, and as a real table in JupyterLab and on the page."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from torch import Tensor

CELL = "text, a number or None"
USUAL = ".3g"  # three significant digits
NARROWEST = 4  # room for the "---:" of a column of numbers


class _Table:
    """A Markdown table that shows itself, as text and as Markdown: the same characters."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


def show_table(
    columns: Sequence[str],
    rows: Iterable[Iterable[Any]],
    formats: str | Sequence[str | None] = "",
) -> None:
    """Show a table, at any place in a cell: aligned text that is also Markdown.

    A column that holds a number is set flush right. The cells are Markdown, so that ``$z$`` is a formula.

        >>> show_table(
        ...     ["model", "numbers", "error"],
        ...     [["PCA", 32, 0.01682], ["network", 32, 0.00911], ["mean image", None, 0.0672]],
        ...     ["", "d", ".4f"],
        ... )
        | model      | numbers |  error |
        | ---------- | ------: | -----: |
        | PCA        |      32 | 0.0168 |
        | network    |      32 | 0.0091 |
        | mean image |         | 0.0672 |

    Args:
        columns: the headers.
        rows: for each row its cells: text, numbers (also a tensor or an array of one number) or None for a blank.
        formats: a format such as ".3f" for every number, or one for each column. Where there is none ("" or None),
            whole numbers stand in full and others with three significant digits.

    Raises:
        TypeError: ``columns`` or ``formats`` are not strings, a row is no sequence, or a cell is neither text, a
            number nor None.
        ValueError: there are no columns or no rows; a row, or ``formats``, has another length than ``columns``; or a
            number cannot be written in its format.
    """
    from IPython.display import display  # here, since it takes a while to load

    columns = _headers(columns)
    specs = _specs(formats, columns)
    body = _body(rows, columns)
    texts = [
        [_text(value, spec, f"rows[{i}][{j}]") for j, (value, spec) in enumerate(zip(row, specs, strict=True))]
        for i, row in enumerate(body)
    ]
    numeric = [any(isinstance(row[j], Real) for row in body) for j in range(len(columns))]
    display(_Table(_markdown([_one_line(name) for name in columns], texts, numeric)))


def _headers(columns: Any) -> list[str]:
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise TypeError(f'columns is {columns!r}; expected a list of strings, such as ["model", "error"].')
    if not len(columns):
        raise ValueError("columns is empty; expected at least one header.")
    return list(columns)


def _specs(formats: Any, columns: list[str]) -> list[str]:
    """One format for each column."""
    if isinstance(formats, str):
        return [formats] * len(columns)
    if not isinstance(formats, Sequence) or not all(isinstance(spec, str | None) for spec in formats):
        raise TypeError(f'formats is {formats!r}; expected a format such as ".3f", or a list of them.')
    if len(formats) != len(columns):
        raise ValueError(
            f"formats has {len(formats)} entries and columns has {len(columns)}; expected one for each column. "
            'Use "" for a column of text.'
        )
    return [spec or "" for spec in formats]


def _body(rows: Iterable[Any], columns: list[str]) -> list[list[Any]]:
    """The rows as lists of text, Python's numbers and None."""
    body = []
    for i, row in enumerate(rows):
        if isinstance(row, str) or not isinstance(row, Iterable) or getattr(row, "ndim", 1) == 0:
            raise TypeError(f"rows[{i}] is {row!r}; expected the cells of a row, such as [{row!r}].")
        cells = [_plain(value, f"rows[{i}][{j}]") for j, value in enumerate(row)]
        if len(cells) != len(columns):
            raise ValueError(
                f"rows[{i}] has {len(cells)} cells and columns has {len(columns)}; expected as many. "
                "Use None for a blank."
            )
        body.append(cells)
    if not body:
        raise ValueError("rows is empty; expected at least one row.")
    return body


def _plain(value: Any, name: str) -> Any:
    """Text, a number of Python's own, or None."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        if value.ndim:
            raise TypeError(
                f"{name} has shape {tuple(value.shape)}; expected {CELL}. Give each number a cell of its own, or take "
                "their mean."
            )
        value = value.item()
    if isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Real):  # such as a Fraction, which takes no format before Python 3.12
        return float(value)
    raise TypeError(f"{name} is {value!r}; expected {CELL}. Use str(...).")


def _text(value: Any, spec: str, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _one_line(value)
    try:
        return format(value, spec or ("" if isinstance(value, int) else USUAL))
    except ValueError as error:
        raise ValueError(
            f'{name} is {value!r}, which the format {spec!r} does not fit: {error}. Use one such as ".3f", or "d" for '
            "whole numbers."
        ) from None


def _one_line(text: str) -> str:
    """Text that stays in its cell: a bar would end it, and a line break the row."""
    return " ".join(text.split()).replace("|", r"\|")


def _markdown(header: list[str], rows: list[list[str]], numeric: list[bool]) -> str:
    widths = [max(NARROWEST, *map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * (width - right) + ":" * right for width, right in zip(widths, numeric, strict=True)]
    return "\n".join(
        "| "
        + " | ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        + " |"
        for line in (header, rule, *rows)
    )
