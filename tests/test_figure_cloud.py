"""The figure with a cloud to drag: its nats are the package's, by mouse and by keys, for one unit and for two."""

import re

import pytest
import torch

from companion.elements.cloud import cloud
from companion.vae import kl_to_standard_normal
from figure_pages import open_figure


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, cloud())
    yield page
    page.close()


def clouds(page) -> tuple[list[float], list[float]]:
    """What the handles say: mu and sigma of each unit."""
    said = [h.get_attribute("aria-valuetext") for h in page.locator(".handle:visible").all()]
    numbers = [[float(n) for n in re.findall(r"-?\d+\.\d+", text)] for text in said]
    return numbers[0], [n for each in numbers[1:] for n in each]


def check_bill(page) -> None:
    page.wait_for_timeout(100)
    mu, sigma = clouds(page)
    assert len(mu) == len(sigma)
    nats = kl_to_standard_normal(torch.tensor([mu]), 2 * torch.tensor([sigma]).log())[0]
    total = float(page.locator(".total").inner_text().split()[-2])
    parts = [float(t.split()[0]) for t in page.locator(".part:visible b").all_inner_texts()]
    assert total == pytest.approx(float(nats.sum()), abs=0.006)
    for i, m in enumerate(mu):
        assert parts[2 * i] == pytest.approx(m**2 / 2, abs=0.006)
        assert parts[2 * i] + parts[2 * i + 1] == pytest.approx(float(nats[i]), abs=0.011)


def test_at_first_it_lies_off_zero_and_is_narrow(page):
    assert clouds(page) == ([1.0], [0.3])
    check_bill(page)
    assert page.locator(".says").inner_text().endswith("0.50 are paid for lying off zero and 0.75 for being narrow.")


def test_the_middle_and_the_width_are_dragged(page):
    plot = page.locator(".plot").bounding_box()
    for kind, to in ((".middle", 0.25), (".width", 0.5)):
        box = page.locator(f".handle{kind}").first.bounding_box()
        page.mouse.move(box["x"] + 22, box["y"] + 22)
        page.mouse.down()
        page.mouse.move(plot["x"] + to * plot["width"], box["y"] + 22, steps=5)
        page.mouse.up()
        check_bill(page)
    mu, sigma = clouds(page)
    assert mu == pytest.approx([-2], abs=0.03)
    assert sigma == pytest.approx([2], abs=0.03)


def test_by_keys_the_cloud_becomes_the_prior_and_is_free(page):
    page.locator(".handle.middle").focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.locator(".handle.width").first.focus()
    for key in ["Shift+ArrowRight"] * 2 + ["ArrowRight"] * 4:
        page.keyboard.press(key)
    page.wait_for_timeout(700)
    assert clouds(page) == ([0.0], [1.0])
    assert "only that is free" in page.locator(".says").inner_text()
    for _ in range(30):
        page.keyboard.press("Shift+ArrowLeft")
    assert clouds(page)[1] == [0.05]  # never a point
    check_bill(page)


def test_two_units_add_up(page):
    page.locator('input[value="2"]').check(force=True)
    check_bill(page)
    assert len(clouds(page)[0]) == 2
    page.locator(".handle.second").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.locator(".handle.middle").focus()
    page.keyboard.press("Shift+ArrowDown")
    check_bill(page)
    assert clouds(page) == ([1.0, -0.75], [0.3, 1.05])
