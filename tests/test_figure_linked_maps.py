"""Linked maps: a digit found by mouse and keys, marked on all of them, and its neighbours counted as Python counts them."""

import re

import pytest
import torch

from companion import digits
from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.linked_maps import kept, linked_maps, nearest
from figure_pages import open_figure


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, linked_maps())
    yield page
    page.close()


def said(page) -> str:
    page.wait_for_timeout(700)
    return page.locator(".says").inner_text()


def counts(text: str) -> list[int]:
    return [int(n) for n in re.findall(r" has (\d+)", text)]


def test_it_counts_neighbours_as_python_does(page):
    facts, data = shipped_model("digit-maps")["facts"], digits()
    tensors = tensors_of(shipped_model("digit-maps"))
    x, y = data.x_train[:1000], data.y_train[:1000]
    assert facts["labels"] == y.tolist()
    true = nearest(x.flatten(1))
    assert facts["neighbours"] == true.tolist()
    found = torch.stack([kept(tensors[f"map {name}"], true) for name in facts["maps"]])
    assert facts["kept"] == pytest.approx(found.float().mean(1).tolist(), abs=0.051)
    text = said(page)
    assert text.startswith(f"A {y[facts['start']]}.")
    assert counts(text) == found[:, facts["start"]].tolist()
    assert max(counts(text)) >= 7  # the figure starts where it shows its point
    assert min(counts(text)) <= 2


def test_the_counts_hold_for_a_digit_that_is_pointed_at(page):
    tensors, facts = tensors_of(shipped_model("digit-maps")), shipped_model("digit-maps")["facts"]
    z = tensors["map t-SNE"]
    i = int((z - z.median(0).values).norm(dim=1).argmax())  # far out: nobody else is as near to its place
    middle, size = (z.amax(0) + z.amin(0)) / 2, (z.amax(0) - z.amin(0)).max()
    right, up = ((z[i] - middle) * 0.92 / size).tolist()
    canvas = page.locator(".frame [tabindex]").nth(2)
    width = canvas.bounding_box()["width"]
    canvas.hover(position={"x": (0.5 + right) * width, "y": (0.5 - up) * width})
    true = torch.tensor(facts["neighbours"])
    assert counts(said(page)) == [int(kept(tensors[f"map {name}"], true)[i]) for name in facts["maps"]]
    assert page.locator(".side .note").first.inner_text() == f"a {facts['labels'][i]}"


def test_arrow_keys_step_and_every_map_follows(page):
    picture = "[...document.querySelectorAll('.frame [tabindex]')].map((c) => c.toDataURL())"
    said(page)
    before = page.evaluate(picture)
    for k in range(4):
        page.locator(".frame [tabindex]").nth(k).focus()
        page.keyboard.press("Shift+ArrowLeft" if k % 2 else "Shift+ArrowRight")
        said(page)
        after = page.evaluate(picture)
        assert all(a != b for a, b in zip(before, after, strict=True))
        before = after


def test_a_class_is_lit_alone(page):
    said(page)
    colour = "#cc6677"  # of the zeros
    ink = """(colour) => [...document.querySelectorAll('.frame canvas:first-child')].map((c) => {
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
        let n = 0; for (let i = 0; i < d.length; i += 4) n += d[i] === r && d[i + 1] === g && d[i + 2] === b; return n; })"""
    assert min(page.evaluate(ink, colour)) > 100
    page.locator('input[value="1"]').check(force=True)
    page.wait_for_timeout(200)
    assert page.evaluate(ink, colour) == [0] * 4
    page.locator('input[value="0"]').check(force=True)
    page.wait_for_timeout(200)
    assert min(page.evaluate(ink, colour)) > 100


def test_a_live_notebook_shows_its_own_maps(browser, tmp_path):
    data = digits()
    torch.manual_seed(0)
    figure = linked_maps({"mine": torch.randn(60, 2)}, data.x_test[:60], data.y_test[:60])
    page = open_figure(browser, tmp_path, figure, live=True)
    assert page.complaints == []
    assert page.locator(".map").count() == 1
    page.close()


def test_what_does_not_belong_together_is_refused():
    data = digits()
    with pytest.raises(ValueError, match="all three, or none"):
        linked_maps({"mine": torch.zeros(60, 2)})
    with pytest.raises(ValueError, match=r"60 digits and \[59\]"):
        linked_maps({"mine": torch.zeros(59, 2)}, data.x_test[:60], data.y_test[:60])
