"""Sphinx extension: the head of a page, and what its links to the next and the previous page say.

Above the title of a lesson or a study stands which of how many it is; below it the question that it opens with, its minutes,
what it needs, and, where _config.yml names the repository, where to run, download or edit it. The notebook says all this in
a line of its head, which this takes to pieces.
"""

import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from posixpath import dirname, join, normpath

from docutils import nodes

sys.path.insert(0, str(Path(__file__).parents[2]))

from course_map import lessons_of
from sharing import opening

from tools.address import Address
from tools.heads import LINE, first_sentence, minutes_in
from tools.marks import lesson as picture

PAGE = re.compile(r"(studies/)?(\d\d)-")
IN_LISTS = re.compile(r"^Study \d+: ")  # begins a study's title in the side bar; on its page the line above says it
KEPT = {"tag_hide-cell", "tag_solution"}  # what no button opens
# Drawn by the hand that draws the lessons' pictures: 16 by 16, one stroke.
ICONS = {
    "read": "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8M8 4.6V8l2.4 1.6",
    "exercises": "M2.5 13.5l.8-3L11 2.8l2.2 2.2-7.7 7.7zM9.4 4.4l2.2 2.2",
    "run": "M4.5 2.5v11l9-5.5z",
    "download": "M8 2v8M4.8 7L8 10.2 11.2 7M2.8 13.5h10.4",
    "edit": "M2.5 13.5h11M3.5 10.5l.6-2.4L10 2.2l1.8 1.8-5.9 5.9z",
}


def icon(name: str) -> str:
    return f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'


def place_of(docname: str, docnames) -> tuple[str, int, int] | None:
    """Of a lesson or a study: which it is, its number, and how many there are."""
    found = PAGE.match(docname)
    if not found or not int(found[2]):
        return None
    kin = [name for name in docnames if (m := PAGE.match(name)) and m[1] == found[1] and int(m[2])]
    return "Study" if found[1] else "Lesson", int(found[2]), len(kin)


def links(address: Address | None, path: str) -> Iterator[tuple[str, str, str]]:
    """What can be done with the source of a page, given where the repository is: (icon, label, link)."""
    if address is None:
        return
    if path.endswith(".ipynb"):
        yield "run", "Binder", address.binder(path)
        if colab := address.colab(path):
            yield "run", "Colab", colab
        yield "download", "Notebook", address.download(path)
    yield "edit", "Edit this page", address.edit(path)


def chips(minutes: tuple[int, int], given, folded: bool) -> str:
    """The row of facts and links, and where code is folded the button of _static/code.js; "" for none."""
    reading, exercises = minutes
    items = [f"<li>{icon('read')}{reading} min to read</li>"] * bool(reading)
    items += [f"<li>{icon('exercises')}{exercises} min of exercises</li>"] * bool(exercises)
    items += [f'<li><a href="{escape(url)}">{icon(name)}{label}</a></li>' for name, label, url in given]
    if items and folded:
        items.append('<li class="pst-js-only"><button type="button" class="code-switch">Show all code</button></li>')
    return f'<ul class="chips">{"".join(items)}</ul>' if items else ""


def shorten(reference: nodes.Node, docname: str, docnames) -> None:
    """In the line of needs: "lesson 4 (Variational autoencoders)" for the whole title of the lesson."""
    page, _, _ = reference.get("refuri", "").partition("#")
    target = normpath(join(dirname(docname), page)).removesuffix(".html")
    if place := place_of(target, docnames):
        kind, number, _ = place
        title = IN_LISTS.sub("", reference.astext()).partition(":")[0]
        name = f"{kind.lower()} {number}"
        reference.children = [nodes.inline("", f"{name} ({title})" if kind == "Lesson" else name)]


def take_line(section: nodes.section) -> tuple[tuple[int, int], nodes.paragraph | None]:
    """Take the line of minutes and needs out of a page: -> the minutes, and what is left to say, if anything is."""
    for paragraph in section.findall(nodes.paragraph):
        line = paragraph.children[0] if len(paragraph) == 1 else None
        found = LINE.match(line.astext()) if isinstance(line, nodes.emphasis) else None
        if found:
            paragraph.parent.remove(paragraph)
            first = line.children[0].astext()[found.end() :]
            left = [nodes.Text(first), *line.children[1:]]
            said = nodes.paragraph("", "", *left, classes=["head"])
            if found[3]:
                said.insert(0, nodes.strong("", "Needs "))
            return minutes_in(found), said if said.astext().strip() else None
    return (0, 0), None


def set_head(app, doctree: nodes.document, docname: str) -> None:
    section = next(doctree.findall(nodes.section), None)
    if app.builder.format != "html" or section is None or docname == app.config.root_doc:
        return
    above, below = [], []
    if place := place_of(docname, app.env.found_docs):
        kind, number, count = place
        drawn = picture(number) if kind == "Lesson" else ""
        above.append(nodes.raw("", f'{drawn}<p class="which">{kind} {number} of {count}</p>', format="html"))
    title = section.next_node(nodes.title)
    text = title.next_node(nodes.Text)
    text.parent.replace(text, nodes.Text(IN_LISTS.sub("", text.astext())))
    minutes, needs = take_line(section)
    after = section.index(title) + 1
    lead = section[after] if after < len(section) else None
    if minutes[0] and isinstance(lead, nodes.paragraph) and lead.astext().endswith("?"):
        lead["classes"].append("opening-question")
        after += 1
    path = f"book/{Path(app.env.doc2path(docname)).relative_to(app.srcdir).as_posix()}"
    folded = any("tag_hide-input" in node["classes"] and not KEPT & {*node["classes"]} for node in doctree.findall(nodes.container))
    if row := chips(minutes, links(app.address, path), folded):
        below.append(nodes.raw("", row, format="html"))
    for node in needs.findall(nodes.reference) if needs else ():
        shorten(node, docname, app.env.found_docs)
    section[after:after] = [*below, *([needs] if needs else [])]
    section[0:0] = above


def brings(app, docname: str) -> str:
    """A sentence on what a page brings: of a lesson what the map says, of any other its first one."""
    if "/" not in docname:
        for one in app.lessons:
            if one.page == docname:
                return one.brings[0].upper() + one.brings[1:]
    first = next(opening(app.env.get_doctree(docname)), None)
    return first_sentence(first.astext()) if first else ""


def say_what_is_near(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    _, *near = app.builder.relations.get(pagename, (None, None, None))
    for which, docname in zip(("prev", "next"), near, strict=True):
        if docname and context.get(which):
            said = escape(brings(app, docname))
            context[f"{which}_title"] = f'{context[which]["title"]}<span class="brings">{said}</span>'


def read_map(app) -> None:
    page = Path(app.srcdir) / "map.md"
    app.lessons = lessons_of(page.read_text()) if page.exists() else []


def setup(app):
    app.connect("builder-inited", read_map)
    app.connect("doctree-resolved", set_head, priority=900)  # once all references are resolved
    app.connect("html-page-context", say_what_is_near)
    return {"parallel_read_safe": True}
