"""The threshold to drag: what the figure says is what companion.anomaly computes from the same scores."""

import re

import pytest
import torch

from companion.anomaly import alarm_threshold, cost, precision, report
from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.threshold import threshold
from figure_pages import open_figure

SCORES = tensors_of(shipped_model("scores"))
NORMAL, ANOMALOUS = SCORES["normal"], SCORES["anomalous"]


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, threshold(shows=("alarms", "bill", "pictures")))
    yield page
    page.close()


def said(page) -> str:
    page.wait_for_timeout(700)
    return page.locator(".says").inner_text()


def at(page) -> float:
    return float(page.locator(".histogram").get_attribute("aria-valuenow"))


def slide(page, label: str, steps: int) -> None:
    """A slider to the left end, and so many steps from there."""
    page.get_by_role("slider", name=label).focus()
    for key in ("Home", *["ArrowRight"] * steps):
        page.keyboard.press(key)


def shares_said(text: str) -> list[float]:
    return [float(s) / 100 for s in re.findall(r"([\d.]+) %", text)]


def test_it_opens_on_three_real_alarms_in_a_hundred(page):
    t = alarm_threshold(NORMAL, 0.01)
    found = report(NORMAL, ANOMALOUS, t)
    assert round(100 * precision(found.caught, found.false_alarms, 1 / 1000)) == 3
    assert at(page) == pytest.approx(t, abs=1e-4)
    text = said(page)
    assert text.startswith("Of 100 alarms, 3 are real.")
    assert shares_said(text) == pytest.approx([found.caught, found.false_alarms], abs=5e-3)
    assert page.locator(".alarms .unusual").count() == 3
    assert f"AUC {found.auc:.2f}" in page.locator(".square").first.inner_text()


@pytest.mark.parametrize(("button", "rate"), [("1 %", 0.01), ("5 %", 0.05)])
def test_its_buttons_take_the_score_of_the_right_rank(page, button, rate):
    page.locator(".histogram").click(position={"x": 50, "y": 60})
    page.get_by_role("button", name=f"{button} false alarms").click()
    page.wait_for_timeout(100)
    assert at(page) == pytest.approx(alarm_threshold(NORMAL, rate), abs=1e-4)


@pytest.mark.parametrize(("steps", "base_rate"), [(0, 1 / 2), (5, 1 / 100), (11, 1 / 10000)])
def test_precision_and_table_are_those_of_bayes(page, steps, base_rate):
    page.get_by_role("button", name="5 % false alarms").click()
    slide(page, "Base rate", steps)
    found = report(NORMAL, ANOMALOUS, alarm_threshold(NORMAL, 0.05))
    real = precision(found.caught, found.false_alarms, base_rate)
    of, share = re.match(r"Of ([\d,]+) alarms, (\d+) (?:is|are) real", said(page)).groups()
    of = int(of.replace(",", ""))
    assert int(share) == pytest.approx(of * real, abs=0.5001)
    cells = [c.split()[0].replace(",", "") for c in page.locator("td").all_inner_texts() if c.strip()]
    strange = 100_000 * base_rate
    rings = [found.caught * strange, found.false_alarms * (100_000 - strange)]
    expected = [rings[0], strange - rings[0], rings[1], 100_000 - strange - rings[1]]
    assert [int(c) for c in cells] == pytest.approx(expected, abs=1.01)


def test_the_points_lie_on_their_curves(page):
    page.get_by_role("button", name="5 % false alarms").click()
    slide(page, "Base rate", 3)  # 1 in 20
    page.wait_for_timeout(100)
    found = report(NORMAL, ANOMALOUS, alarm_threshold(NORMAL, 0.05))
    places = "[...document.querySelectorAll('.square .dot')].map((d) => [d.style.left, d.style.bottom].map(parseFloat))"
    real = precision(found.caught, found.false_alarms, 1 / 20)
    expected = [[found.false_alarms, found.caught], [found.caught, real]]
    assert page.evaluate(places) == [pytest.approx([100 * v for v in pair], abs=1e-3) for pair in expected]
    # and the curves go through them: the nearest corner of each path
    for i, pair in enumerate(expected):
        path = page.locator(".square .curve").nth(i).get_attribute("d")
        corners = torch.tensor([[float(a), 1 - float(b)] for a, b in re.findall(r"([\d.]+) (-?[\d.]+)", path)])
        assert (corners - torch.tensor(pair)).abs().sum(1).min() < 1e-3


def test_the_bill_and_its_lowest_point(page):
    slide(page, "Base rate", 5)  # 1 in 100
    slide(page, "A miss costs", 8)  # 500
    slide(page, "A look costs", 1)  # 2
    page.get_by_role("button", name="Lowest bill").click()
    page.wait_for_timeout(100)
    prices = {"base_rate": 1 / 100, "miss": 500, "check": 2}

    def bill(t: float) -> float:
        found = report(NORMAL, ANOMALOUS, t)
        return cost(found.caught, found.false_alarms, **prices)

    bills = {t: bill(t) for t in [0.0, *NORMAL.tolist(), *ANOMALOUS.tolist()]}
    lowest = min(bills.values())
    text = page.locator(".wide .note", has_text="The bill").inner_text()
    own, cheapest, never = (float(v) for v in re.findall(r"\d+(?:\.\d+)?", text))
    assert own == cheapest == pytest.approx(lowest, rel=5e-3)
    assert never == pytest.approx(5)
    assert at(page) == pytest.approx(min(bills, key=bills.get), abs=1e-4)
    page.get_by_role("button", name="1 % false alarms").click()
    page.wait_for_timeout(100)
    own = float(re.search(r"\d+(?:\.\d+)?", page.locator(".wide .note", has_text="The bill").inner_text())[0])
    assert own == pytest.approx(bill(alarm_threshold(NORMAL, 0.01)), rel=5e-3)


def test_it_is_dragged_by_mouse_and_moved_by_keys(page):
    box = page.locator(".histogram").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert at(page) == pytest.approx(0.05, abs=1e-3)  # a third of an axis up to 0.15
    before = at(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(100)
    one = before - at(page)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_timeout(100)
    assert one > 0
    assert at(page) - (before - one) == pytest.approx(5 * one, abs=2e-4)


def test_at_the_ends_it_promises_nothing(page):
    box = page.locator(".histogram").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 300, box["y"] + 60, steps=3)
    assert said(page).startswith("Nothing rings")
    page.mouse.move(box["x"] + box["width"] * 0.095 / 0.15, box["y"] + 60)
    assert "too few" in said(page)  # no eight rings: no false-alarm rate to go by
    page.mouse.move(box["x"] - 300, box["y"] + 60)
    assert shares_said(said(page)) == [1, 1]
    page.mouse.up()
    assert page.complaints == []


def test_pictures_of_what_was_judged_wrongly(browser, tmp_path):
    page = open_figure(browser, tmp_path, threshold(shows=("pictures",), start=0.02))
    found = report(NORMAL, ANOMALOUS, 0.02)
    assert shares_said(said(page)) == pytest.approx([found.caught, found.false_alarms], abs=5e-3)
    texts = page.locator(".strip .note").all_inner_texts()
    assert texts == [
        f"strangers that pass: {(ANOMALOUS <= 0.02).sum()} of 900",
        f"eights that ring: {(NORMAL > 0.02).sum()} of 200",
    ]
    ink = "c => [...c.getContext('2d').getImageData(0, 0, 224, 28).data].filter((v, i) => i % 4 == 0 && v > 128).length"
    ones, eights = (canvas.evaluate(ink) for canvas in page.locator(".strip canvas").all())
    assert 0 < ones < eights  # ones have little ink
    page.close()


def test_a_live_notebook_shows_its_own_scores(browser, tmp_path):
    g = torch.Generator().manual_seed(0)
    normal, anomalous = torch.rand(60, generator=g), 0.5 + torch.rand(30, generator=g)
    page = open_figure(browser, tmp_path, threshold(normal, anomalous, names=("honest", "frauds")), live=True)
    assert "honest (60)" in page.locator(".key").inner_text()
    auc = float(re.search(r"AUC ([\d.]+)", page.locator(".square").first.inner_text())[1])
    assert auc == pytest.approx(report(normal, anomalous, 0).auc, abs=0.0051)
    assert page.get_by_role("button", name="1 %").count() == 0  # 60 are too few for it
    page.close()
