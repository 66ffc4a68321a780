"""The Swiss roll to play with: turned and brushed by mouse and keys, and what it says against the tensors that it shows."""

import re

import pytest
import torch

from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.swiss_roll import swiss_roll
from figure_pages import open_figure


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, swiss_roll())
    yield page
    page.close()


def said(page) -> str:
    page.wait_for_timeout(700)
    return page.locator(".says").inner_text()


def pictures(page) -> list[str]:
    page.wait_for_timeout(150)
    return page.evaluate("[...document.querySelectorAll('.frame canvas')].map((c) => c.toDataURL())")


def test_what_it_says_of_the_code_is_so(page):
    exported = shipped_model("swiss-roll")
    tensors = tensors_of(exported)
    z, length = tensors["code plain"], tensors["arc length"]
    ring = exported["facts"]["ring"] * (z.amax(0) - z.amin(0)).max()
    inside = (z - z[exported["facts"]["start"]["plain"]]).norm(dim=1) < ring
    count, whole, apart = map(int, re.findall(r"\d+", said(page)))
    assert abs(count - int(inside.sum())) <= 1  # one may lie on the ring, to rounding
    assert abs(whole - float(length.max() - length.min())) <= 0.5
    assert abs(apart - float(length[inside].max() - length[inside].min())) <= 0.51
    assert apart > 0.8 * whole  # the figure starts where it shows its point
    page.locator('input[value="with penalty"]').check(force=True)
    text = said(page)
    assert int(re.findall(r"\d+", text)[2]) < whole / 4
    assert "here, close in the code means close on the sheet" in text


def test_what_it_says_of_the_roll_is_so(page):
    page.locator(".grip").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    tensors = tensors_of(shipped_model("swiss-roll"))
    near = torch.cdist(tensors["points"], tensors["points"]) < 0.5
    count, apart, _, share = map(int, re.findall(r"\d+", said(page)))
    z = tensors["code plain"]
    width = torch.cdist(z, z).max()
    found = [(int(m.sum()), float(tensors["arc length"][m].max() - tensors["arc length"][m].min()), z[m]) for m in near]
    assert any(
        n == count and abs(a - apart) <= 0.51 and abs(100 * float(torch.cdist(own, own).max() / width) - share) <= 0.51
        for n, a, own in found
    )
    assert apart < 12  # no ring on the roll reaches the next winding


def test_the_brush_moves_by_mouse_on_either_side_and_lights_up_both(page):
    before = pictures(page)
    box = page.locator(".frame").nth(1).bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    by_code = pictures(page)
    assert all(a != b for a, b in zip(before, by_code, strict=True))
    assert "ring on the code" in said(page)
    grip = page.locator(".grip").first.bounding_box()
    page.mouse.move(grip["x"] + 22, grip["y"] + 22)
    page.mouse.down()
    page.mouse.move(grip["x"] + 80, grip["y"] + 40, steps=4)
    page.mouse.up()
    assert all(a != b for a, b in zip(by_code, pictures(page), strict=True))
    assert "ring on the roll" in said(page)


def test_the_roll_turns_by_mouse_and_keys_and_the_brush_stays(page):
    roll, code = pictures(page)
    text = said(page)
    box = page.locator(".frame").first.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 30, steps=4)
    page.mouse.up()
    turned, same = pictures(page)
    assert turned != roll
    assert same == code
    page.locator(".frame canvas").first.focus()
    page.keyboard.press("ArrowUp")
    assert pictures(page)[0] != turned
    assert said(page) == text


def test_arrow_keys_move_the_ring_on_the_code(page):
    text = said(page)
    page.locator(".grip").nth(1).focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert said(page) != text
    for _ in range(30):
        page.keyboard.press("Shift+ArrowUp")  # to the upper edge and no further
    assert page.evaluate("document.querySelectorAll('.grip')[1].style.top") == "0%"
    said(page)


def test_it_follows_the_page_into_the_dark(browser, tmp_path):
    page = open_figure(browser, tmp_path, swiss_roll())
    light = pictures(page)
    page.evaluate("document.documentElement.style.setProperty('--pst-color-text-base', '#eee')")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert all(a != b for a, b in zip(light, pictures(page), strict=True))
    page.close()


def test_a_live_notebook_shows_its_own_codes(browser, tmp_path):
    torch.manual_seed(0)
    x, z = torch.randn(50, 3), torch.randn(50, 2)
    page = open_figure(browser, tmp_path, swiss_roll(x, x[:, 0], {"mine": z}, code="mine"), live=True)
    assert page.complaints == []
    assert page.locator(".choice input").count() == 1
    page.close()


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="all three, or none"):
        swiss_roll(torch.zeros(5, 3))
    with pytest.raises(ValueError, match=r"5 points and \[4\]"):
        swiss_roll(torch.zeros(5, 3), torch.zeros(4), {"plain": torch.zeros(5, 2)})
    with pytest.raises(ValueError, match="code is 'flat'"):
        swiss_roll(code="flat")
