"""The search of the built pages, on a small book: by section, from disk and from a server, with a mouse and with keys."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from built_pages import DESKTOP, build, first_found, open_page, served, violations
from test_build import NARROW, new_book, printed, write_page

pytestmark = pytest.mark.slow

FIRST = """Of numbers.

## What a cloud costs

The price is its {term}`KL divergence`, in nats. Its colour does not matter, nor does *licence*.

## Behind the door

:::{dropdown} Answer
Nothing but marmalade, of the grey kind.
:::

## Summary

KL, KL, KL and marmalade.
"""
GLOSSARY = """# Glossary

:::{glossary}
KL divergence
  How much two distributions differ ({doc}`page`).

mean squared error (MSE)
  The squared difference, averaged.
:::
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> Path:
    folder = new_book(tmp_path_factory.mktemp("search"), "studies/page", "glossary")
    output = printed("the zebra is printed\n")
    solution = new_code_cell("answer = 'a walrus'", metadata={"tags": ["solution", "hide-cell"]})
    write_page(
        folder, new_markdown_cell(FIRST), new_code_cell("print('the zebra is printed')", outputs=output), solution
    )
    other = "## Deep\n\nThe KL of an auto-encoder, named here: zebra, $\\sigma$.\n\n## Deeper\n\nA giraffe."
    write_page(folder, new_markdown_cell(other), name="studies/page")
    (folder / "book" / "glossary.md").write_text(GLOSSARY)
    run = build(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "_build" / "html"


FOUND = {
    "kl": "page.html#what-a-cloud-costs",  # the glossary says which page explains it, not which section says it most
    "KL divergence": "page.html#what-a-cloud-costs",
    "divergance": "page.html#what-a-cloud-costs",  # a slip
    "diverg": "page.html#what-a-cloud-costs",  # the beginning of a word
    "color license": "page.html#what-a-cloud-costs",  # the other spelling, two words
    "mse": "glossary.html#term-mean-squared-error-MSE",
    "giraffes": "studies/page.html#deeper",
    "zebra": "studies/page.html#deep",  # prose before what code prints
    "autoencoder": "studies/page.html#deep",
    "auto encoder": "studies/page.html#deep",
    "\N{GREEK SMALL LETTER SIGMA}": "studies/page.html#deep",  # in a formula
    "sigma": "studies/page.html#deep",
    "walrus": "page.html#summary",  # in the code of a solution
}


@pytest.mark.parametrize("place", ["disk", "server"])
def test_the_section_that_is_meant_comes_first(html, browser, place):
    with served(html) as address:
        page = open_page(browser, html / "search.html" if place == "disk" else f"{address}/search.html")
        assert {query: first_found(page, query) for query in FOUND} == FOUND
        assert page.complaints == page.foreign == []
        page.close()


def test_results_are_told_quoted_and_grouped(html, browser):
    page = open_page(browser, html / "search.html")
    page.goto(f"{(html / 'search.html').as_uri()}?q=zebra")
    assert page.get_by_role("status").inner_text() == "2 sections on 2 pages."
    assert page.locator("#search-found h2").all_inner_texts() == ["A page", "A page"]
    quotes = page.locator("#search-found p").all_inner_texts()
    assert "named here: zebra" in quotes[0]
    assert page.locator("#search-found mark").all_inner_texts() == ["zebra", "zebra"]
    page.locator(".bd-search-container input").fill("hippopotamus")
    page.get_by_text("Nothing found for “hippopotamus”").wait_for()
    assert page.locator("#search-found a").count() == 0
    page.close()


def test_the_keyboard_is_enough(html, browser):
    """Ctrl+K anywhere, also below a folder; the arrows walk through the results; Enter opens one."""
    page = open_page(browser, html / "studies" / "page.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("kl")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"search\.html\?q=kl"))
    page.locator(".bd-search-container input").focus()
    focused = "document.activeElement.textContent"
    seen = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(page.evaluate(focused))
    assert seen[0] == seen[2] == "What a cloud costs"
    assert seen[1] != seen[0]
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Enter")  # to the first result
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"page\.html\?found=.*#what-a-cloud-costs"))
    page.go_back()
    assert page.locator(".bd-search-container input").input_value() == "kl"  # and the results stand there again
    assert page.locator("#search-found a").count() > 0
    page.close()


def marked(page) -> list[str]:
    return page.evaluate("[...CSS.highlights.get('found') ?? []].map(String)")


@pytest.mark.parametrize(("query", "text"), [("marmalade kind", "Nothing but marmalade"), ("walrus", "walrus")])
def test_a_hit_in_a_fold_opens_it_and_nothing_else(html, browser, query, text):
    page = open_page(browser, html / "search.html")
    first_found(page, query)
    page.locator("#search-found a").first.click()
    page.wait_for_function("document.querySelector('details[open]')")
    place = page.locator("article").get_by_text(text).last
    assert place.is_visible()
    assert 0 <= place.bounding_box()["y"] < DESKTOP["height"]
    assert page.locator("article details[open]").count() == 1
    assert set(marked(page)) == set(query.split())
    page.close()


def test_words_that_can_be_seen_are_marked_and_open_no_fold(html, browser):
    page = open_page(browser, f"{(html / 'page.html').as_uri()}?found=kl+walrus+marmalade#summary")
    page.wait_for_function("CSS.highlights.get('found')")
    assert marked(page)[:4] == ["KL", "KL", "KL", "marmalade"]
    assert page.locator("article details[open]").count() == 0
    page.close()


def test_pages_load_no_index_and_the_search_page_is_readable_without_scripts(html, browser):
    assert "search-index" not in (html / "page.html").read_text()
    for name in ("page", "search"):
        assert not re.search(
            "searchtools|language_data|searchindex|sphinx_highlight", (html / f"{name}.html").read_text()
        )
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / "search.html").as_uri())
    assert page.locator("noscript p", has_text="The search needs JavaScript").is_visible()
    assert not page.locator("main input").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_page_is_accessible_and_fits_a_phone(html, browser, scheme):
    page = open_page(browser, f"{(html / 'search.html').as_uri()}?q=kl", NARROW, scheme)
    assert page.locator("#search-found a").count() > 2
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert violations(page) == []
    page.close()
