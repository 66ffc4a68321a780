"""The figure with beta as a dial: what it says of each network is what the package measures, and turning it changes beta alone."""

import re
from importlib import import_module

import pytest
import torch

from companion import digits, evaluate, redraw
from companion.elements import shipped_model
from companion.elements.beta_dial import beta_dial
from companion.elements.export import tensors_of
from companion.vae import active_units, negative_elbo
from figure_pages import open_figure

SHEETS = "[...document.querySelectorAll('.sheet canvas')].map((c) => c.toDataURL())"


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, beta_dial())
    yield page
    page.close()


def turn(page, place: int) -> str:
    page.locator("input[type=range]").fill(str(place))
    page.wait_for_timeout(700)
    return page.locator(".says").inner_text()


def test_it_says_what_the_package_measures(page):
    exported = shipped_model("beta-vaes")
    model = import_module("tools.page_models.beta_vaes").module()
    tensors = tensors_of(exported)
    model.load_state_dict(model.state_dict() | {k: t for k, t in tensors.items() if k in model.state_dict()})
    for place, network in enumerate(model.values()):
        said = [float(n) for n in re.findall(r"\d+\.\d", turn(page, place).split(":")[1])]
        torch.manual_seed(1)  # other draws than those with which the shipped figures were measured
        terms = evaluate(network.eval(), digits().x_test, negative_elbo())
        assert said == pytest.approx([terms["reconstruction"], terms["kl"]], abs=0.6)
        used = active_units(*redraw(network.encode, digits().x_test))
        assert page.locator(".units .on").count() == used


def test_up_the_dial_codes_get_cheaper_until_they_fall_silent(page):
    said = [turn(page, place) for place in range(6)]
    kl = [float(re.search(r"code (\d+\.\d)", text)[1]) for text in said]
    assert kl == sorted(kl, reverse=True)
    assert kl[0] > 20
    assert "No unit is in use" in said[-1]
    assert "No unit" not in "".join(said[:-1])


def test_only_beta_changes_until_the_dice_are_thrown_again(page):
    before = page.evaluate(SHEETS)
    turn(page, 4)
    assert all(a != b for a, b in zip(before, page.evaluate(SHEETS), strict=True))
    turn(page, 2)
    assert page.evaluate(SHEETS) == before
    page.get_by_role("button", name="Draw again").click()
    page.wait_for_timeout(100)
    again = page.evaluate(SHEETS)
    assert again[0] == before[0]
    assert again[1] != before[1]
    page.get_by_role("button", name="Other digits").click()
    page.wait_for_timeout(100)
    assert page.evaluate(SHEETS)[0] != before[0]
    assert page.evaluate(SHEETS)[1] == again[1]
