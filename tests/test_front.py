"""The front page, the heads of pages, and all that follows from the one setting of the course's address."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from urllib.parse import unquote

import nbformat
import pytest
from docutils.core import publish_doctree
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from built_pages import DESKTOP, PHONE, build, open_page, violations
from companion.plots import COLOURS
from notebook_checks import BOOK, NOTEBOOKS, ROOT, extension
from test_build import new_book
from tools import marks
from tools.address import Address, address, main, with_address
from tools.heads import read_head
from tools.notebooks import name_of, title_of

front_page, sharing = extension("front_page"), extension("sharing")
STATIC = BOOK / "_static"
FORK = "https://github.com/a-class/autoencoders-2027"
LESSONS = [path for path in NOTEBOOKS if re.match(r"(?!00)\d\d-", name_of(path))]
PATH = "book/studies/08-collapse.ipynb"


def configure(folder, url: str, branch: str = "main", baseurl: str = "") -> None:
    """Give the _config.yml in a folder another address, the first time or again."""
    file = folder / "_config.yml"
    text = re.sub(r"(?<=^  url: ).*$", f'"{url}"', file.read_text(), count=1, flags=re.M)
    text = re.sub(r"(?<=^  branch: ).*$", branch, text, count=1, flags=re.M)
    file.write_text(re.sub(r'(?<=^  baseurl: )".*?"', f'"{baseurl}"', text, count=1, flags=re.M))


@pytest.fixture
def copy(tmp_path):
    for name in ("_config.yml", "README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("url", [FORK, FORK + "/", FORK + ".git"])
def test_links_into_a_repository_on_github(copy, url):
    configure(copy, url, "second-edition")
    place = address(copy)
    assert place.url == FORK
    assert place.pages == "https://a-class.github.io/autoencoders-2027/"
    assert place.edit(PATH) == f"{FORK}/edit/second-edition/{PATH}"
    assert place.download(PATH) == f"{FORK}/raw/second-edition/{PATH}"
    assert place.binder(PATH) == (
        f"https://mybinder.org/v2/gh/a-class/autoencoders-2027/second-edition?urlpath=lab/tree/{PATH}"
    )
    colab = "https://colab.research.google.com/github/a-class/autoencoders-2027/blob/second-edition/"
    assert place.colab(PATH) == colab + PATH


def test_links_into_a_repository_on_gitlab_in_a_group_of_a_group(copy):
    configure(copy, "https://gitlab.com/School/maths/ae")
    place = address(copy)
    assert place.pages == "https://school.gitlab.io/maths/ae/"
    assert place.edit(PATH) == f"https://gitlab.com/School/maths/ae/-/edit/main/{PATH}"
    assert place.binder(PATH).startswith("https://mybinder.org/v2/gl/School%2Fmaths%2Fae/main?")
    assert place.colab(PATH) is None


def test_a_domain_of_its_own_changes_where_the_pages_stand_and_nothing_else(copy):
    configure(copy, FORK, baseurl="https://autoencoders.example/course")
    assert address(copy) == Address(
        "github.com", "a-class", "autoencoders-2027", "main", "https://autoencoders.example/course/"
    )


@pytest.mark.parametrize(
    "url", ["github.com/a/b", "https://github.com/a", "https://example.org/a/b", "http://github.com/a/b"]
)
def test_what_is_no_repository_is_refused(copy, url):
    configure(copy, url)
    with pytest.raises(ValueError, match=re.escape(url) + ".*expected https://github.com/OWNER/NAME"):
        address(copy)


def test_readme_and_citation_give_the_address_of_the_configuration():
    texts = tuple((ROOT / name).read_text() for name in ("README.md", "CITATION.cff"))
    assert with_address(*texts, address()) == texts, "run `make address`"


def test_readme_and_citation_follow_the_setting_there_and_back(copy):
    configure(copy, "")
    main(copy)
    unset = (copy / "README.md").read_text(), (copy / "CITATION.cff").read_text()
    assert "<!-- address -->\n<!-- end of address -->" in unset[0]
    assert not re.search(r"^(repository-code|url):", unset[1], re.M)
    configure(copy, FORK)
    main(copy)
    readme, citation = (copy / "README.md").read_text(), (copy / "CITATION.cff").read_text()
    place = address(copy)
    for link in (place.binder("book/00-welcome.ipynb"), place.colab("book/00-tour.ipynb"), place.pages):
        assert f"]({link})" in readme
    assert f"\nrepository-code: {FORK}\nurl: {place.pages}\n" in citation
    configure(copy, "")
    main(copy)
    assert ((copy / "README.md").read_text(), (copy / "CITATION.cff").read_text()) == unset


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_every_head_gives_minutes_and_a_study_an_answer(path):
    head = read_head(path)
    assert 5 <= head.reading <= 60
    assert bool(head.answer) == name_of(path).startswith("studies/")
    assert (head.exercises > 0) == any("### Exercise" in c.source for c in nbformat.read(path, 4).cells)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{'word ' * 20}one. Two.", f"{'word ' * 20}one."),
        ("Short. Then more.", "Short. Then more."),
        ("Short?\n\nAnother paragraph.", "Short? Another paragraph."),
        (f"A short one. {'word ' * 45}end.", "A short one."),
        (f"{'word ' * 60}end.", f"{'word ' * 38}word…"),
    ],
)
def test_a_description_is_whole_sentences_where_they_fit(text, said):
    assert sharing.description(publish_doctree(text)) == said
    assert len(said) <= sharing.MOST


def test_every_lesson_has_a_picture_and_the_colours_are_those_of_the_plots():
    drawn = [marks.lesson(number) for number in range(1, len(LESSONS) + 1)]
    assert all(ET.fromstring(one).get("class") == "picture" for one in drawn)
    assert len(set(drawn)) == len(LESSONS)
    assert marks.lesson(len(marks.LESSONS) + 1) == ""
    assert COLOURS[:4] == (marks.BLUE, marks.RED, marks.GREEN, marks.YELLOW)


def test_what_make_cover_has_drawn_is_there():
    assert (STATIC / "logo.svg").read_text() == marks.mark(400)
    sizes = {"card": tuple(sharing.CARD.values()), "favicon": (64, 64)}
    for name, size in (sizes | {f"digits/{name}": (140, 28) for name in front_page.ROWS}).items():
        with Image.open(STATIC / f"{name}.png") as image:
            assert image.size == size
            transparent = image.mode.endswith("A") and image.getpixel((0, 0))[-1] == 0
            assert transparent is (name != "card")


def test_the_facts_are_counted():
    said = front_page.CourseFacts.html(None)
    facts = {what: count for count, what in re.findall(r"<strong>(.+?)</strong> (.+?)</li>", said)}
    claims = json.loads((ROOT / "benchmarks" / "results" / "claims.json").read_text())["claims"]
    exercises = sum(c.source.count("### Exercise ") for p in NOTEBOOKS for c in nbformat.read(p, 4).cells)
    reading = sum(read_head(path).reading for path in LESSONS)
    assert facts["studies, one question each"] == str(len(list((BOOK / "studies").glob("*.ipynb"))))
    assert facts["exercises that check your answer"] == str(exercises)
    assert facts["conclusions, each checked in code"] == f"{len(claims):,}"
    (lessons,) = (what for what in facts if what.startswith(f"lessons: {reading / 60:.0f} hours to read"))
    assert facts[lessons] == str(len(LESSONS))


def test_the_front_page_has_a_card_for_each_lesson_with_its_minutes_and_needs():
    lines = re.search(r"\{lesson-cards\}\n(.+?)```", (BOOK / "index.md").read_text(), re.S)[1].splitlines()
    html = front_page.LessonCards.html(SimpleNamespace(content=lines))
    cards = ET.fromstring(html).findall("li/a")
    assert [card.get("href") for card in cards] == [f"{path.stem}.html" for path in LESSONS]
    for path, card in zip(LESSONS, cards, strict=True):
        head, text = read_head(path), " ".join(card.itertext())
        assert title_of(path).partition(":")[0] in text
        needs = re.search(rf"{head.reading} min, (.+)", text)[1]
        assert tuple(map(int, re.findall(r"\d+", needs))) == head.needs


HEAD = """# Clouds: a code that may be drawn

Pick a code at random. Will you see a digit?

More of it.

:::{admonition} After this lesson you can
- see.
:::

*Reading: 40 minutes. Exercises: 75 minutes. Needs: {doc}`/01-one` for `fit`, {doc}`/studies/01-why` for more.*
"""
STUDY = """# Why so?

:::{admonition} The answer
Because of the *first* thing. And the second. And the third.
:::

*Reading: 20 minutes. Needs: {doc}`/02-two`.*
"""
MAP = """# The map

How they hang together.

```{concept-map}
01-one | - | the first of all
02-two | 1 | clouds for points
```
"""
TOC = """
format: jb-book
root: page
parts:
  - caption: Lessons
    numbered: 1
    chapters: [{file: 01-one}, {file: 02-two}]
  - caption: Studies
    chapters: [{file: studies/01-why}, {file: map}]
"""


def small_book(folder, url: str):
    """The HTML of a book of two lessons, a study and a map, whose address is ``url``."""
    new_book(folder)
    configure(folder, url)
    book = folder / "book"
    (book / "studies").mkdir()
    heads = {"01-one": "# One\n\nNo question here.\n\n*Reading: 10 minutes. It runs in seconds.*", "02-two": HEAD}
    imports = [new_code_cell("from math import pi"), new_code_cell("x = 2 * pi")]
    for name, head in (heads | {"studies/01-why": STUDY}).items():
        nb = new_notebook(cells=[new_markdown_cell(head), *imports])
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nb, book / f"{name}.ipynb")
    (book / "_toc.yml").write_text(TOC)
    (book / "map.md").write_text(MAP)
    (book / "page.md").write_text("# The course\n\nWhat it is about.")
    run = build(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return small_book(tmp_path_factory.mktemp("shared"), FORK)


@pytest.fixture(scope="module")
def unshared(tmp_path_factory):
    return small_book(tmp_path_factory.mktemp("unshared"), "")


def chips(page) -> list[str]:
    return page.locator("ul.chips li").all_inner_texts()


@pytest.mark.slow
def test_with_an_address_every_page_can_be_run_edited_and_shared(shared, browser):
    pages = "https://a-class.github.io/autoencoders-2027/"
    for name in ("01-one", "02-two", "studies/01-why"):
        path = f"book/{name}.ipynb"
        page = open_page(browser, shared / f"{name}.html")
        links = {a.inner_text(): a.get_attribute("href") for a in page.locator("ul.chips a").all()}
        place = Address("github.com", "a-class", "autoencoders-2027", "main", pages)
        assert links == {
            "Binder": place.binder(path),
            "Colab": place.colab(path),
            "Notebook": place.download(path),
            "Edit this page": place.edit(path),
        }
        meta = {
            m.get_attribute("property") or m.get_attribute("name"): m.get_attribute("content")
            for m in page.locator("meta").all()
        }
        assert meta["og:url"] == page.locator("link[rel=canonical]").get_attribute("href") == f"{pages}{name}.html"
        assert meta["og:image"] == f"{pages}_static/card.png"
        assert (shared / "_static" / "card.png").exists()
        assert meta["twitter:card"] == "summary_large_image"
        assert meta["og:description"] == meta["description"]
        assert page.foreign == []  # nothing is fetched from there
        page.close()
    page = open_page(browser, shared / "map.html")
    assert chips(page) == ["Edit this page"]
    page.close()
    listed = re.findall(r"<loc>(.+?)</loc>", (shared / "sitemap.xml").read_text())
    names = ("page", "01-one", "02-two", "studies/01-why", "map")
    assert sorted(listed) == sorted(f"{pages}{name}.html" for name in names)


@pytest.mark.slow
def test_without_an_address_there_is_no_trace_of_one(unshared, browser):
    assert not (unshared / "sitemap.xml").exists()
    traces = r"mybinder|colab\.research|github\.com/a-|canonical|og:|twitter:|Edit this page"
    for path in unshared.rglob("*.html"):
        if "_static" not in path.parts:
            assert not re.search(traces, unquote(path.read_text())), path.name
    page = open_page(browser, unshared / "02-two.html")
    assert chips(page) == ["40 min to read", "75 min of exercises", "Show all code"]
    described = page.locator('meta[name="description"]').get_attribute("content")
    assert described == "Pick a code at random. Will you see a digit? More of it."
    assert page.locator('meta[name="viewport"]').count() <= 2
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_head_of_a_lesson(unshared, browser, viewport):
    """Which it is, its title without the number, its question, its minutes, its needs, in this order; nothing twice."""
    page = open_page(browser, unshared / "02-two.html", viewport)
    article = page.locator("article")
    assert article.locator(".which").inner_text() == "Lesson 2 of 2"
    assert article.locator("h1").inner_text().strip("# \n") == "Clouds: a code that may be drawn"
    assert article.locator(".opening-question").inner_text() == "Pick a code at random. Will you see a digit?"
    needs = article.locator("p.head")
    assert needs.inner_text() == "Needs lesson 1 (One) for fit, study 1 for more."
    assert [a.get_attribute("href") for a in needs.locator("a").all()] == ["01-one.html", "studies/01-why.html"]
    parts = [".which", "h1", ".opening-question", "ul.chips", "p.head"]
    heights = [article.locator(part).bounding_box()["y"] for part in parts]
    assert heights == sorted(heights)
    assert "Reading:" not in article.inner_text()
    assert page.locator("nav.bd-links").get_by_text("2. Clouds").count() == 1
    assert article.locator("section > .picture").is_visible() == (viewport == DESKTOP)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.locator("nav[aria-label='Front page'] .logo__title").count() == 1  # no text outside of a landmark
    assert violations(page) == []
    page.close()


@pytest.mark.slow
def test_the_heads_of_other_pages(unshared, browser):
    page = open_page(browser, unshared / "studies" / "01-why.html")
    assert page.locator(".which").inner_text() == "Study 1 of 1"
    assert page.locator("article h1").inner_text().strip("# \n") == "Why so?"
    assert page.locator("nav.bd-links").get_by_text("Study 1: Why so?").count() == 1
    assert page.locator("p.head").inner_text() == "Needs lesson 2 (Clouds)."
    page.goto((unshared / "01-one.html").as_uri())
    assert page.locator(".opening-question").count() == 0  # it asks none
    assert page.locator("p.head").inner_text() == "It runs in seconds."
    page.goto((unshared / "map.html").as_uri())
    assert page.locator(".which, .chips, p.head").count() == 0
    page.close()


@pytest.mark.slow
def test_the_imports_are_folded_and_the_switch_opens_them(unshared, browser):
    page = open_page(browser, unshared / "02-two.html")
    imports, code = page.locator(".cell_input pre").all()
    assert code.is_visible()
    assert not imports.is_visible()
    page.locator("ul.chips").get_by_role("button", name="Show all code").click()
    assert imports.is_visible()
    page.close()


@pytest.mark.slow
def test_next_and_previous_say_what_they_bring(unshared, browser):
    page = open_page(browser, unshared / "02-two.html")
    assert page.locator(".left-prev .brings").inner_text() == "The first of all"
    assert page.locator(".right-next .brings").inner_text() == "Because of the first thing."
    page.goto((unshared / "studies" / "01-why.html").as_uri())
    assert page.locator(".left-prev .brings").inner_text() == "Clouds for points"
    assert page.locator(".right-next .brings").inner_text() == "How they hang together."
    page.close()
