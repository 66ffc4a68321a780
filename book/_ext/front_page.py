"""Sphinx directives of the front page: its numbers and its cards are read from the book when it is built.

``course-facts``, ``study-questions`` and ``citation`` take nothing. A line of ``lesson-cards`` is ``page | what it is about``, one of
``doors`` is ``picture | link | name | what is behind it``. ``draw-here`` is the figure to draw a digit on; where it
cannot run, digits that tools/make_cover.py has drawn stand in its place, above the directive's text.
"""

import json
import re
import sys
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parents[2]))

from companion.elements.draw_digit import draw_digit
from tools.heads import read_head
from tools.marks import lesson as picture
from tools.notebooks import notebooks, title_of

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CLAIMS, SECONDS = (ROOT / "benchmarks" / "results" / f"{name}.json" for name in ("claims", "notebook_seconds"))
ROWS = {
    "784": ("784 pixels", "as written"),
    "32": ("32 numbers", "redrawn from 32 numbers each: nearly the same digits, a little softer"),
    "8": ("8 numbers", "redrawn from 8 numbers each: readable, the handwriting is going"),
    "2": ("2 numbers", "redrawn from 2 numbers each: blurred, and not all of them still the same digit"),
}
DOORS = {
    name: f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{path}"/></svg>'
    for name, path in {
        "tour": "M1.3 13.4a1.7 1.7 0 1 0 0-.1M11.2 3.6a1.7 1.7 0 1 0 0-.1M4.7 13.4h5.5a2.4 2.4 0 0 0 0-4.9H5.8a2.4 2.4 0 0 1 0-4.9h3.6",
        "run": "M4.5 2.5v11l9-5.5z",
        "teach": "M2 3h12v8H2zM8 11v2.5M5 13.5h6M5 6h6M5 8.2h3.5",
    }.items()
}


def lessons() -> list[Path]:
    return [path for path in notebooks(BOOK) if path.parent == BOOK and path.name[:2] != "00"]


def studies() -> list[Path]:
    return notebooks(BOOK / "studies")


def short_title(path: Path) -> str:
    return title_of(path).partition(":")[0]


class OfTheBook(SphinxDirective):
    """A directive whose HTML is made from the notebooks: a changed one, and the page is read again."""

    has_content = True

    def html(self) -> str:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        for path in [*notebooks(BOOK), CLAIMS, SECONDS, ROOT / "CITATION.cff", ROOT / "_config.yml"]:
            self.env.note_dependency(str(path))
        return [nodes.raw("", self.html(), format="html")]


class Doors(OfTheBook):
    """Where to begin; given the address of the repository, also where nothing needs to be installed."""

    def html(self) -> str:
        doors = [[part.strip() for part in line.split("|")] for line in self.content if line.strip()]
        items = "".join(
            f'<li><a href="{link}">{DOORS[name]}<span><strong>{escape(title)}</strong> {escape(said)}</span></a></li>'
            for name, link, title, said in doors
        )
        at_once = ""
        if where := self.env.app.address:
            binder, source = escape(where.binder("book/00-welcome.ipynb")), escape(where.url)
            at_once = f'<p class="small">With nothing to install, <a href="{binder}">in Binder</a>. All of it is <a href="{source}">in the repository</a>.</p>'
        return f'<ul class="doors">{items}</ul>{at_once}'


class CourseFacts(OfTheBook):
    """What there is, counted."""

    def html(self) -> str:
        exercises = sum(len(re.findall(r"### Exercise ", path.read_text())) for path in notebooks(BOOK))
        claims = json.loads(CLAIMS.read_text())["claims"]
        gigabytes = max(one["peak_mb"] for one in json.loads(SECONDS.read_text())["notebooks"].values()) / 1000
        heads = [read_head(path) for path in lessons()]
        read, practise = (f"{sum(minutes) / 60:.0f}" for minutes in zip(*(head[:2] for head in heads), strict=True))
        facts = {
            f"lessons: {read} hours to read, {practise} to practise": len(heads),
            "studies, one question each": len(studies()),
            "exercises that check your answer": exercises,
            "conclusions, each checked in code": len(claims),
            "times put to the test: other seeds, other arithmetic": sum(claim["runs"] for claim in claims),
            "of memory, no GPU: a laptop will do": f"{gigabytes:.1f} GB",
        }
        items = "".join(
            f"<li><strong>{count if isinstance(count, str) else f'{count:,}'}</strong> {what}</li>"
            for what, count in facts.items()
        )
        return f'<ul class="facts">{items}</ul>'


class LessonCards(OfTheBook):
    """A card for each lesson: its picture, what it is about, its minutes, the lessons it needs."""

    def html(self) -> str:
        cards = []
        for line in filter(str.strip, self.content):
            page, about = (part.strip() for part in line.split("|"))
            path, number = BOOK / f"{page}.ipynb", int(page[:2])
            head = read_head(path)
            needs = f"after {' and '.join(map(str, head.needs))}" if head.needs else "start here"
            if len(head.needs) > 2:
                needs = f"after {', '.join(map(str, head.needs[:-1]))} and {head.needs[-1]}"
            cards.append(
                f'<li><a href="{page}.html">{picture(number)}<div><strong>{number}. {escape(short_title(path))}</strong>'
                f'<span>{escape(about)}</span><span class="small">{head.reading} min, {needs}</span></div></a></li>'
            )
        return f'<ul class="cards">{"".join(cards)}</ul>'


class StudyQuestions(OfTheBook):
    """The questions of the studies, each a link."""

    def html(self) -> str:
        items = "".join(
            f'<li><a href="studies/{path.stem}.html">{escape(title_of(path))}</a></li>' for path in studies()
        )
        return f'<ol class="questions">{items}</ol>'


class DrawHere(OfTheBook):
    """A pad to draw a digit on; where no script runs, digits, and what 32, 8 and 2 numbers keep of them."""

    def html(self) -> str:
        rows = "".join(
            f'<span>{label}</span><img class="dark-light" src="_static/digits/{name}.png" width="140" height="28" '
            f'alt="The handwritten digits 3, 7, 5, 2 and 8, {said}.">'
            for name, (label, said) in ROWS.items()
        )
        said = escape(" ".join(self.content))
        figure = draw_digit(shows=["code"], size=8)
        figure.still = f'<div class="digits">{rows}</div><p class="small">{said}</p>'
        return f'<div class="hero-figure">{figure.page()}</div>'


class Citation(OfTheBook):
    """Authors, and how to cite, from CITATION.cff."""

    def html(self) -> str:
        cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
        names = [author.get("name") or f"{author['given-names']} {author['family-names']}" for author in cff["authors"]]
        year = str(cff["date-released"])[:4]
        where = self.env.app.address
        entry = {
            # Braces around a name of several words that is no person's: BibTeX would take the last for a surname.
            "author": " and ".join(
                f"{{{n}}}" if "name" in a else n for n, a in zip(names, cff["authors"], strict=True)
            ),
            "title": cff["title"],
            "year": year,
            "version": cff["version"],
            **({"url": where.pages} if where else {}),
        }
        fields = "".join(f"  {key:<7} = {{{value}}},\n" for key, value in entry.items())
        link = f', <a href="{escape(where.pages)}">{escape(where.pages)}</a>' if where else ""
        return (
            f'<p class="cite">{escape(", ".join(names))} ({year}). <em>{escape(cff["title"])}</em>, '
            f"version {cff['version']}{link}.</p>"
            f'<details><summary>BibTeX</summary><div class="highlight"><pre>@misc{{autoencoders{year},\n'
            f"{escape(fields)}}}</pre></div></details>"
        )


def setup(app):
    for name, directive in {
        "doors": Doors,
        "course-facts": CourseFacts,
        "lesson-cards": LessonCards,
        "study-questions": StudyQuestions,
        "draw-here": DrawHere,
        "citation": Citation,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True}
