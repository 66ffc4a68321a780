"""The map of the course: its lessons, what the heads of the lessons say they need, and an arrow for each."""

import re
import xml.etree.ElementTree as ET

import pytest

from notebook_checks import BOOK, NOTEBOOKS, extension
from tools.notebooks import head_of

course_map = extension("course_map")

LESSONS = course_map.lessons_of((BOOK / "map.md").read_text())
# Whose heads name the lessons that they need.
HEADS = [one for one in LESSONS if "Needs:" in head_of(BOOK / f"{one.page}.ipynb")]


def test_every_lesson_is_on_the_map_and_needs_only_earlier_ones():
    assert [one.page for one in LESSONS] == [p.stem for p in NOTEBOOKS if p.parent == BOOK and p.stem[:2] != "00"]
    assert all(need < one.number for one in LESSONS for need in one.needs)


@pytest.mark.parametrize("one", HEADS, ids=lambda one: one.page)
def test_a_head_needs_what_the_map_says(one):
    said = re.search(r"Needs: (.+?)\*", head_of(BOOK / f"{one.page}.ipynb"), re.S)[1]
    assert {int(page) for page in re.findall(r"\{doc\}`[^`]*?/?(\d\d)-", said)} - {0} == set(one.needs)


def test_the_drawing_has_a_box_for_each_lesson_and_an_arrow_for_each_need():
    drawn = course_map.drawing(LESSONS)
    svg = ET.fromstring(re.search(r"<svg.+</svg>", drawn, re.S)[0])
    assert [a.get("href") for a in svg.findall("a")] == [f"{one.page}.html" for one in LESSONS]
    assert len(svg.findall("./g/path")) == sum(len(one.needs) for one in LESSONS)
    first, last = (int(n) for n in re.search(r"from-(\d+) to-(\d+)", course_map.arc(1, 3)).groups())
    assert (first, last) == (1, 3)
