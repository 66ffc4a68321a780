"""Sphinx directive ``sayings``: what people say about autoencoders (book/sayings.json), beside the claims that decide it.

The numbers come from the claims in the notebooks' stored outputs, so that the page says what was last run.
"""

import json
import sys
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.notebooks import stored_claims

BOOK = Path(__file__).parents[1]
SAYINGS = BOOK / "sayings.json"


def row(saying: dict, stored: dict[str, str]) -> str:
    """A row of a Markdown table: what is said; the verdict, why, the claim that decides, and the page that makes it."""
    page = saying["notebook"].removesuffix(".ipynb")
    # "Holds if" begins the sentence that goes on with the condition.
    verdict = saying["verdict"].capitalize() + "." * (saying["verdict"] != "holds if")
    kind, number = "study" if "/" in page else "lesson", int(page.split("/")[-1][:2])
    where = f"{{doc}}`{f'{kind} {number}' if number else 'the tour'} </{page}>`"
    decides = f"*{saying['claim']}*: {stored[saying['claim']]} ({where})"
    return f"| {saying['said']} | **{verdict}** {saying['why']}<br>{decides} |"


class Sayings(SphinxDirective):
    """A table for each topic, in the order of the lessons."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(SAYINGS))
        lines: list[str] = []
        for topic, sayings in json.loads(SAYINGS.read_text()).items():
            lines += [f"## {topic}", "", "| What people say | What we found |", "| --- | --- |"]
            for saying in sayings:
                path = BOOK / saying["notebook"]
                self.env.note_dependency(str(path))
                lines.append(row(saying, stored_claims(path)))
            lines.append("")
        parent = nodes.section()
        self.state.nested_parse(StringList(lines, source=str(SAYINGS)), self.content_offset, parent, match_titles=True)
        return parent.children


def setup(app):
    app.add_directive("sayings", Sayings)
    return {"parallel_read_safe": True}
