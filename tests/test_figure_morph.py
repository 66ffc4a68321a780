"""The figure that morphs digits: both ways, their ends and their ink are what Python computes, with digits chosen or drawn."""

import re
from itertools import pairwise

import pytest
import torch

from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.morph import morph
from companion.vae import VAE
from figure_pages import open_figure, run_engine

SHOWN = "[...document.querySelectorAll('.halfway canvas')].map((c) => [...c.getContext('2d').getImageData(0, 0, 28, 28).data].filter((v, i) => i % 4 == 0))"


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, morph())
    yield page
    page.close()


def ink(x: torch.Tensor) -> int:
    return int((x > 0.25).sum())


def test_halfway_lie_the_mean_of_the_codes_and_of_the_pixels(page, browser):
    exported = shipped_model("beta-vaes")
    a, b = tensors_of(exported)["digits"][[3, 8]].flatten(1)
    (code_a,), (code_b,) = run_engine(browser, exported, [["encode 1", [x.tolist()]] for x in (a, b)])
    middle = [(p + q) / 2 for p, q in zip(code_a, code_b, strict=True)]
    ((decoded,),) = run_engine(browser, exported, [["decode 1", [middle]]])
    right = [torch.tensor(decoded), (a + b) / 2]
    for found, expected in zip(page.evaluate(SHOWN), right, strict=True):
        assert (torch.tensor(found) / 255 - expected).abs().max() < 0.01
    page.wait_for_timeout(600)
    said = [int(n) for n in re.findall(r" (\d+) ", page.locator(".says").inner_text().split(",", 1)[1])]
    assert said[:3] == pytest.approx([ink(right[0]), ink(right[1]), ink(a)], abs=2)
    assert said[0] < 0.9 * said[1]  # what the reader is to see: fading shows the strokes of both


def test_by_keys_the_slider_reaches_both_ends(page):
    digits = tensors_of(shipped_model("beta-vaes"))["digits"].flatten(1)
    page.locator("input[type=range]").focus()
    for key, end in (("Home", 0), ("End", 1)):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        assert (torch.tensor(page.evaluate(SHOWN)[1]) / 255 - digits[[3, 8][end]]).abs().max() < 0.01


def test_another_digit_and_a_drawn_one_change_both_ways_and_the_stills(page):
    seen = "[...document.querySelectorAll('.halfway canvas, .strip canvas')].map((c) => c.toDataURL())"
    states = [page.evaluate(seen)]
    page.get_by_role("button", name="Another digit").nth(1).click()
    page.wait_for_timeout(200)
    states.append(page.evaluate(seen))
    box = page.locator(".pad canvas").nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=6)
    page.mouse.up()
    page.wait_for_timeout(200)
    states.append(page.evaluate(seen))
    for before, after in pairwise(states):
        assert all(p != q for p, q in zip(before, after, strict=True))


def test_a_live_notebook_runs_its_own_vae(browser, tmp_path):
    torch.manual_seed(0)
    page = open_figure(browser, tmp_path, morph(VAE(5, hidden=(8,))), live=True)
    assert page.complaints == []
    page.close()
