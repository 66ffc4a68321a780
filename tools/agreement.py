"""When do two runs of a cell agree? One answer for nbval, for the build of the book and for `make claims`.

Words, whole numbers and everything else stay exact. A decimal number may move by a declared share, ``rtol``, and by one
unit of its last printed digit, since two values that are close can be rounded apart. What a claim has found is left out
of the comparison: that it holds is a word, and compared.
"""

import math
import re
from itertools import zip_longest

FLOAT = re.compile(r"(?<![\w.])[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|nan|inf)(?![\w.]*\w)")
FOUND = re.compile(r"^  found .*?(?=, expected )", re.M)  # the second line of a claim
MOST = 0.05  # no notebook may declare a larger rtol


def unit(number: str) -> float:
    """One unit of the last digit of a printed number: 0.01 for "2.50", 100 for "1.2e3"; 0 for nan and inf."""
    mantissa, _, exponent = number.lower().partition("e")
    if not mantissa.strip("+-").replace(".", "").isdigit():
        return 0.0
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def close(a: str, b: str, rtol: float) -> bool:
    """Whether two printed numbers may be roundings of values that differ by at most ``rtol``."""
    x, y = float(a), float(b)
    if not (math.isfinite(x) and math.isfinite(y)):
        return x == y or (math.isnan(x) and math.isnan(y))
    # A millionth more, for numbers such as 0.3 that binary fractions miss.
    return abs(x - y) <= (rtol * max(abs(x), abs(y)) + max(unit(a), unit(b))) * (1 + 1e-6)


def moved(committed: str, fresh: str, rtol: float = 0.0) -> str | None:
    """What differs between two outputs beyond the tolerance, in words for a person; None where they agree.

    Runs of blanks count as one, and so do those of dashes: a number that grows by a digit widens its column of a table,
    and the rule below the header.
    """
    texts = [FOUND.sub("  found", text) for text in (committed, fresh)]
    words = [re.sub(r"[ \t]+", " ", re.sub(r"-{3,}", "---", FLOAT.sub(" <number> ", text))) for text in texts]
    if words[0] != words[1]:
        lines = [[line.strip() for line in text.strip().splitlines()] for text in texts]
        pairs = [(a, b) for a, b in zip_longest(*lines, fillvalue="(nothing)") if a != b] or [tuple(texts)]
        return "; ".join(f"{a!r} became {b!r}" for a, b in pairs[:5])
    far = [
        f"{a} became {b} ({abs(float(b) / float(a) - 1):.1%})" if float(a) else f"{a} became {b}"
        for a, b in zip(*(FLOAT.findall(text) for text in texts), strict=True)
        if not close(a, b, rtol)
    ]
    return ", ".join(far) + f"; expected at most {rtol:.0%}" if far else None


def tolerance(nb, cell) -> float:
    """The share by which a cell's decimal numbers may move: its own, else its notebook's, else none."""
    return {**nb.metadata.get("nbval_tol", {}), **cell.metadata.get("nbval_tol", {})}.get("rtol", 0.0)


def texts(cell) -> list[tuple[str, str]]:
    """What a cell has printed and shown as text: -> (kind, text) for each output, pictures and widgets left out."""
    return [
        (o.name, o.text) if o.output_type == "stream" else (o.output_type, o.get("data", {}).get("text/plain", ""))
        for o in cell.outputs
    ]


def disagreements(committed, fresh) -> list[str]:
    """Cells of a notebook whose fresh outputs (streams merged) do not agree with the committed ones, with how far."""
    problems = []
    pairs = zip(committed.cells, fresh.cells, strict=True)
    for number, (old, new) in enumerate((a, b) for a, b in pairs if a.cell_type == "code"):
        before, after = texts(old), texts(new)
        if [kind for kind, _ in before] != [kind for kind, _ in after]:
            problems.append(f"code cell {number}: outputs {[k for k, _ in before]} became {[k for k, _ in after]}")
            continue
        for (_, a), (_, b) in zip(before, after, strict=True):
            if problem := moved(a, b, tolerance(committed, old)):
                problems.append(f"code cell {number}: {problem}")
    return problems


def with_committed_text(committed, fresh):
    """The fresh notebook, with the committed text in place of its own wherever both have one: -> ``fresh``, changed.

    A table's Markdown (see companion/tables.py), which is its text once more, is not stored: it is made from the text.
    """
    for old, new in zip(committed.cells, fresh.cells, strict=True):
        for a, b in zip(old.get("outputs", []), new.get("outputs", []), strict=True):
            if b.output_type == "stream":
                b.text = a.text
            for kind in {"text/plain", "text/markdown"} & set(b.get("data", {})):
                b.data[kind] = a.data["text/plain"]
    return fresh
