"""Each term of the glossary is linked from a chapter, and each link leads to a term."""

import re

from notebook_checks import BOOK, NOTEBOOKS, read

TERMS = {
    line.strip()
    for line in re.search(r":::\{glossary\}\n(.*?)\n:::", (BOOK / "glossary.md").read_text(), re.S)
    .group(1)
    .splitlines()
    if re.match(r"\S", line)
}
ROLE = re.compile(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`")


def linked(text: str) -> set[str]:
    return set(ROLE.findall(text))


def test_links_are_found():
    assert linked("a {term}`code`, {term}`codes <code>` and\n{term}`two\nlines <KL divergence>`") == {
        "code",
        "KL divergence",
    }


def test_every_term_is_linked_from_a_chapter_and_every_link_leads_to_a_term():
    assert len(TERMS) > 30
    prose = [c.source for path in NOTEBOOKS for c in read(path).cells if c.cell_type == "markdown"]
    assert set().union(*map(linked, prose)) == TERMS
    assert linked((BOOK / "glossary.md").read_text()) <= TERMS
