"""The digit to shift: its prices are those of companion.losses."""

import re

import pytest
import torch
from torch.nn import functional as F

from companion.datasets import digits
from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.shift_digit import shift_digit
from companion.losses import bce, mse
from figure_pages import open_figure

SHIPPED = tensors_of(shipped_model("shifts"))
X, AVERAGE = SHIPPED["digits"][:, None], SHIPPED["average"].reshape(1, 1, 28, 28)
PRICES = {
    "MSE": mse,
    "4 by 4 MSE": lambda a, x: mse(F.avg_pool2d(a, 4), F.avg_pool2d(x, 4)),
    "BCE": lambda a, x: bce(a.clamp(0.001, 0.999), x),
}


def shift(x: torch.Tensor, right: int, down: int) -> torch.Tensor:
    return F.pad(x, (right, -right, down, -down))


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, shift_digit())
    yield page
    page.close()


def said(page) -> str:
    page.wait_for_timeout(700)
    return page.locator(".says").inner_text()


def values(page) -> list[float]:
    page.wait_for_timeout(100)
    return [float(text.split()[0]) for text in page.locator(".value").all_inner_texts()]


def expected(price, x: torch.Tensor, right: int, down: int) -> list[float]:
    return [price(answer, x).item() for answer in (shift(x, right, down), AVERAGE, torch.zeros_like(x))]


def test_it_ships_the_average_and_two_digits_of_each_kind():
    assert torch.allclose(AVERAGE[0], digits().x_train.mean(0))
    assert len(X) == 20
    assert all((digits().x_test == x).all(3).all(2).any() for x in X)


def test_it_opens_on_two_pixels_that_cost_more_than_a_blank_page(page):
    own, average, blank = expected(mse, X[:1], 2, 0)
    assert own > blank > average
    assert values(page) == pytest.approx([own, average, blank], abs=5.01e-4)
    assert said(page) == (
        f"Shifted 2 right: by MSE, the copy costs {own:.3f}, more than a blank page, and more than the average digit."
    )


@pytest.mark.parametrize("name", PRICES)
def test_keys_shift_it_and_its_prices_are_right(page, name):
    page.get_by_label(name, exact=True).check(force=True)
    page.locator(".board canvas").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp"):  # from 2 right
        page.keyboard.press(key)
    tolerance = 0.501 if name == "BCE" else 5.01e-4
    assert values(page) == pytest.approx(expected(PRICES[name], X[:1], 1, -2), abs=tolerance)
    page.keyboard.press("Shift+ArrowDown")
    assert values(page) == pytest.approx(expected(PRICES[name], X[:1], 1, 3), abs=tolerance)
    assert "1 right, 3 down" in said(page)


def test_the_mouse_drags_it_by_whole_pixels(page):
    box = page.locator(".board canvas").bounding_box()
    pixel = box["width"] / 28
    x, y = box["x"] + 10 * pixel, box["y"] + 10 * pixel
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(50)
    assert values(page)[0] == pytest.approx(expected(mse, X[:1], 2, 0)[0], abs=5.01e-4)  # taking hold moves nothing
    page.mouse.move(x - 3 * pixel, y + 2.2 * pixel, steps=4)
    page.mouse.up()
    assert values(page)[0] == pytest.approx(expected(mse, X[:1], -1, 2)[0], abs=5.01e-4)
    assert said(page).startswith("Shifted 1 left, 2 down")
    page.get_by_role("button", name="Back to its place").click()
    assert "In its place, the copy costs 0.000" in said(page)


def test_far_away_it_costs_what_two_blank_pages_cost(page):
    page.locator(".board canvas").focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.wait_for_timeout(100)
    assert said(page).startswith("Shifted 14 right")
    right = "e => [...e.querySelectorAll('.bar')].every((b) => b.getBoundingClientRect().right <= e.getBoundingClientRect().right)"
    assert page.locator("companion-figure").evaluate(right)


def test_another_digit_and_one_of_the_readers_own(page):
    page.get_by_role("button", name="Another digit").click()
    assert values(page) == pytest.approx(expected(mse, X[1:2], 2, 0), abs=5.01e-4)
    page.get_by_role("button", name="Clear").click()
    assert said(page) == "Draw a digit, or take another."
    box = page.locator(".pad canvas").bounding_box()
    page.mouse.move(box["x"] + 70, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 120, steps=6)
    page.mouse.up()
    own, _, blank = values(page)
    assert own == pytest.approx(1.5 * blank, rel=0.4)  # a stroke of two to three pixels, moved by two
    assert re.match(r"Shifted 2 right", said(page))
