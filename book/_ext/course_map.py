"""Sphinx directives: ``concept-map`` draws the lessons, what each brings and which it needs; ``study-list`` lists the studies.

A line of ``concept-map`` is ``page | lessons it needs, or - | what it brings``. Titles and answers are read from the notebooks.
"""

import re
import sys
from html import escape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.heads import read_head
from tools.notebooks import title_of

BOOK = Path(__file__).parents[1]
ROW, LEFT, WIDTH = 66, 62, 410  # of the drawing, in its own units; the arcs stand left of LEFT
BOX = 56  # height of a lesson's box


class Lesson(NamedTuple):
    page: str
    number: int
    needs: tuple[int, ...]
    brings: str


def lessons_of(text: str) -> list[Lesson]:
    """The lessons on a page with a ``concept-map``."""
    return [lesson(line) for line in re.search(r"\{concept-map\}\n(.+?)```", text, re.S)[1].strip().splitlines()]


def lesson(line: str) -> Lesson:
    page, needs, brings = (part.strip() for part in line.split("|"))
    return Lesson(page, int(page[:2]), tuple(int(n) for n in re.findall(r"\d+", needs)), brings)


def arc(start: int, end: int) -> str:
    """A curve from the box in row ``start`` down to the one in row ``end``, both from 0; far ones swing out further."""
    top, bottom = start * ROW + BOX * 0.7, end * ROW + BOX * 0.4
    out = LEFT - 14 - 8 * (end - start)
    points = f"M{LEFT} {top} C{out} {top} {out} {bottom} {LEFT - 6} {bottom}"
    return f'<path class="needs from-{start} to-{end}" d="{points}" marker-end="url(#needed)"/>'


def box(row: int, one: Lesson) -> str:
    title = escape(title_of(BOOK / f"{one.page}.ipynb").partition(":")[0])
    needs = f"← {', '.join(map(str, one.needs))}" if one.needs else "start here"
    y = row * ROW
    return (
        f'<a class="lesson row-{row}" href="{one.page}.html"><rect x="{LEFT}" y="{y}" width="{WIDTH - LEFT - 1}" height="{BOX}" rx="6"/>'
        f'<text x="{LEFT + 10}" y="{y + 22}" class="title">{one.number}. {title}</text>'
        f'<text x="{WIDTH - 11}" y="{y + 22}" class="note" text-anchor="end">{needs}</text>'
        f'<text x="{LEFT + 10}" y="{y + 43}" class="note">{escape(one.brings)}</text></a>'
    )


def drawing(lessons: list[Lesson]) -> str:
    """The map as SVG, in the colours of the page; a lesson under the pointer shows what it needs and who needs it."""
    rows = {one.number: row for row, one in enumerate(lessons)}
    arcs = "".join(arc(rows[n], row) for row, one in enumerate(lessons) for n in one.needs)
    lit = ", ".join(
        f".concept-map svg:has(.row-{row}:is(:hover, :focus)) :is(.from-{row}, .to-{row})"
        for row in range(len(lessons))
    )
    return (
        f'<div class="concept-map"><style>{lit} {{ stroke: var(--pst-color-primary); stroke-width: 3; }}</style>'
        f'<svg viewBox="0 0 {WIDTH} {len(lessons) * ROW - ROW + BOX + 1}" role="group" aria-label="The lessons, and which each needs">'
        '<defs><marker id="needed" viewBox="0 0 6 6" refX="4" refY="3" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0L6 3L0 6z"/></marker></defs><g aria-hidden="true">{arcs}</g>'
        f"{''.join(box(row, one) for row, one in enumerate(lessons))}</svg></div>"
    )


class ConceptMap(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        lessons = [lesson(line) for line in self.content if line.strip()]
        for one in lessons:
            self.env.note_dependency(str(BOOK / f"{one.page}.ipynb"))
        return [nodes.raw("", drawing(lessons), format="html")]


class StudyList(SphinxDirective):
    """Each study with the first sentence of its answer and its minutes."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for path in sorted((BOOK / "studies").glob("*.ipynb")):
            self.env.note_dependency(str(path))
            head = read_head(path)
            lines += [f"{{doc}}`/studies/{path.stem}`", f": {head.answer} *{head.reading} minutes.*", ""]
        parent = nodes.section()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, parent)
        return parent.children


def setup(app):
    app.add_directive("concept-map", ConceptMap)
    app.add_directive("study-list", StudyList)
    return {"parallel_read_safe": True}
