"""Sphinx directive ``claims-table``: every claim of the book, and in how many runs it held (benchmarks/results/claims.json)."""

import json
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.notebooks import is_complete, name_of, notebooks, stored_claims, title_of  # noqa: E402 (found only now)

RESULT = ROOT / "benchmarks" / "results" / "claims.json"
COLUMNS = {"Conclusion": 70, "Margin": 15, "Held in": 15}


def waiting_for_a_run(claims: list[dict]) -> list[str]:
    """The titles of the notebooks that list claims which are not, or not all, in the table."""
    held: dict[str, set[str]] = {}
    for claim in claims:
        held.setdefault(claim["notebook"], set()).add(claim["statement"])
    complete = [path for path in notebooks() if is_complete(path)]
    return [title_of(path) for path in complete if set(stored_claims(path)) != held.get(name_of(path), set())]


def margin(claim: dict) -> str:
    return "exact" if claim["margin"] is None else f"{100 * claim['margin']:.0f} %"


def row(*texts: str) -> nodes.row:
    """One cell for each text; a line break in it starts a paragraph."""
    return nodes.row("", *(nodes.entry("", *(nodes.paragraph(text=t) for t in text.split("\n"))) for text in texts))


def row_of(claim: dict) -> nodes.row:
    held = f"all {claim['runs']}" if claim["held"] == claim["runs"] else f"{claim['held']} of {claim['runs']}"
    return row(f"{claim['statement']}\n({claim['expected']})", margin(claim), held)


def table(claims: list[dict]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in COLUMNS.values()), cols=len(COLUMNS))
    group += nodes.thead("", row(*COLUMNS))
    group += nodes.tbody("", *map(row_of, claims))
    return nodes.table("", group, classes=["claims"])


class ClaimsTable(SphinxDirective):
    """A section for each chapter: its title and a table of its claims, in the chapter's order."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RESULT))  # a new result: read the page again
        claims = json.loads(RESULT.read_text())["claims"]
        found: list[nodes.Node] = []
        if waiting := waiting_for_a_run(claims):
            said = (
                "Changed since these runs, and checked so far when the tests and the build run: "
                + "; ".join(waiting)
                + "."
            )
            found.append(nodes.paragraph(text=said))
        for notebook in sorted({claim["notebook"] for claim in claims}, key=lambda name: ("/" in name, name)):
            title = title_of(ROOT / "book" / notebook)
            section = nodes.section("", nodes.title(text=title), ids=[nodes.make_id(title)], names=[title.lower()])
            section += table([claim for claim in claims if claim["notebook"] == notebook])
            found.append(section)
        return found


def setup(app):
    app.add_directive("claims-table", ClaimsTable)
    return {"parallel_read_safe": True}
