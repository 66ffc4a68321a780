"""The page answers an exercise as its check does: in a real browser, every choice and every number that has a rule."""

import importlib
import math
import re
import sys

import pytest

from companion.exercises import density, grey_pixels, intuition
from companion.exercises._verdict import Verdict, Wrong, check, judge
from notebook_checks import BOOK, NOTEBOOKS, code_cells, extension, read
from tools.notebooks import name_of

pytestmark = pytest.mark.slow

answers = extension("exercise_answers")

CELLS = {
    f"{name_of(path)} {found[2]}": (cell.source, found)
    for path in NOTEBOOKS
    for cell in code_cells(read(path))
    if answers.OPEN.search(cell.source) and (found := answers.CHECK.search(cell.source))
}
RULES = {name: rule for name, (source, _) in CELLS.items() if (rule := answers.rule_in(source))}


def function(name: str):
    module, called = CELLS[name][1].groups()
    return getattr(importlib.import_module(module), called)


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_content("<!doctype html><title>Answers</title><main></main>")
    page.add_script_tag(path=str(BOOK / "_static" / "answers.js"))
    yield page
    page.close()


def show(page, rule: dict) -> None:
    page.evaluate("html => { document.querySelector('main').innerHTML = html; }", answers.element(rule))


def said_of(page, answer: str) -> str:
    if page.locator("exercise-answer input").count():
        page.fill("input", answer)
        page.click("text=Check")
    else:
        page.click(f"button:text-is('{answer}')")
    return page.inner_text(".verdict")


# All answers in one call: a mouse waits for the next frame of the screen, which makes hundreds of answers take minutes.
ANSWER = """answers => {
  const element = document.querySelector("exercise-answer");
  const field = element.querySelector("input");
  return answers.map(answer => {
    if (field) field.value = answer;
    const button = [...element.querySelectorAll("button")].find(b => field || b.textContent === answer);
    button.click();
    return element.querySelector(".verdict").innerText;
  });
}"""


def told(verdict: Verdict) -> str:
    return f"{'Correct.' if verdict.ok else 'Not yet.'} {verdict.message}"


def in_one_form(text: str) -> str:
    """Python and the page write a very small or large number in different ways."""
    return re.sub(r"You answered (\S+)\. ", lambda found: f"You answered {float(found[1]):g}. ", text)


def samples(rule: dict) -> list[float]:
    """Numbers in each range of a rule, beyond its ends, and some that are in none."""
    ends = [end for low, high, *_ in rule["numbers"] for end in (low, high) if end is not None]
    middles = [(low + high) / 2 for low, high, *_ in rule["numbers"] if low is not None and high is not None]
    return [*middles, *(e + s * max(abs(e), 1) * 1.1e-3 for e in ends for s in (-1, 1)), -3.25, 0, 54321.5]


def test_most_open_answers_have_a_rule():
    assert len(RULES) >= 0.8 * len(CELLS)


@pytest.mark.parametrize("name", RULES)
def test_the_page_says_what_the_check_says(page, name):
    rule, check_answer = RULES[name], function(name)
    show(page, rule)
    given = list(rule.get("letters") or samples(rule))
    for answer, said in zip(given, page.evaluate(ANSWER, [str(answer) for answer in given]), strict=True):
        assert in_one_form(said) == in_one_form(told(check_answer(answer)))


def test_a_number_may_be_written_in_several_ways(page):
    show(page, {"numbers": [[2484.9, 2485.1, True, "Yes."], [0.74, 0.76, True, "So it is."]], "otherwise": "No."})
    for text in ("2485", "2,485", " 2 485 ", "2.485e3", "4970/2"):
        assert said_of(page, text) == "Correct. Yes."
    for text in ("0.75", ".75", "0,75", "3/4"):
        assert said_of(page, text) == "Correct. So it is."
    assert said_of(page, "-1e-3") == "Not yet. You answered -0.001. No."
    for text in ("", "about 3", "1/0", "1/2/3", "1..2", "Infinity"):
        assert said_of(page, text) == "Not yet. Give a number, such as 12.5 or 3/4."


def test_it_answers_by_keyboard_and_says_what_is_chosen(page):
    show(page, {"letters": {"A": [False, "No."], "B": [True, "Yes."]}})
    page.focus("button:text-is('B')")
    page.keyboard.press("Enter")
    assert page.inner_text("[role=status]") == "Correct. Yes."
    assert page.get_attribute("button:text-is('B')", "aria-pressed") == "true"
    page.click("button:text-is('A')")
    assert page.get_attribute("button:text-is('B')", "aria-pressed") == "false"
    show(page, {"numbers": [[3, 4, True, "Yes."]], "otherwise": "No."})
    page.focus("input")
    page.keyboard.type("3.5")
    page.keyboard.press("Enter")
    assert page.inner_text("[role=status]") == "Correct. Yes."


def test_only_a_choice_or_a_number_has_a_rule():
    assert answers.rule_of(density, density.check_best_denoiser) is None  # a function
    assert answers.rule_of(grey_pixels, grey_pixels.check_laplace)["numbers"]
    assert set(answers.rule_of(intuition, intuition.check_unseen)["letters"]) == set("ABCD")
    assert answers.ranges([(2, 3), 5], 0.5) == [[2, 3], [4.5, 5.5]]
    assert answers.ranges((-math.inf, 1), 0) == [[None, 1]]


def test_a_check_whose_words_depend_on_the_answer_has_no_rule():
    @check
    def check_own(answer) -> Verdict:
        if answer == "A":
            raise Wrong("No letter.")
        return judge(answer, (1.0, "Yes."), otherwise=f"Not {answer}.")

    assert answers.rule_of(sys.modules[__name__], check_own) is None
