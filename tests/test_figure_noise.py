"""The figure on noise: its noise is the package's, its errors are PyTorch's, and what it says of them is so."""

import re

import pytest
import torch

from companion.autoencoder import DenseAutoencoder
from companion.datasets import digits
from companion.denoising import UNet, Wiener, gaussian_noise
from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.noise import noise
from companion.losses import mse
from figure_pages import open_figure
from tools.page_models.noisy_digits import module

DRAWS = "() => { const { random, normals } = companionFigures.parts, next = random(1); return [[...normals(784, next)], Array.from({ length: 784 }, next)]; }"
METHODS = ("cut", "pca", "narrow", "wiener", "unet")  # as they stand side by side


@pytest.fixture(scope="module")
def shipped():
    """Model and tensors as they are in the page's file."""
    tensors, model = tensors_of(shipped_model("noisy-digits")), module()
    model.load_state_dict({name: tensors.get(name, own) for name, own in model.state_dict().items()})
    return model.requires_grad_(False).eval(), tensors


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, noise())
    settle(page)
    yield page
    page.close()


def settle(page) -> None:
    page.wait_for_function("document.querySelectorAll('.chart polyline').length === 5")
    page.wait_for_timeout(650)


def level(page):
    return page.locator("label.slider input")


def choose(page, kind: str) -> None:
    page.locator(f'.choice input[value="{kind}"]').check(force=True)


def shown(page) -> list[float]:
    """The errors under the pictures."""
    return [float(text.split()[-1]) for text in page.locator(".pictures .note").all_inner_texts()[1:]]


def right(shipped, page, kind: str, p: float) -> list[float]:
    """The same by PyTorch, from the page's draws."""
    model, tensors = shipped
    eps, u = (torch.tensor(d).reshape(1, 1, 28, 28) for d in page.evaluate(DRAWS))
    x = tensors["digits"][:1].reshape(1, 1, 28, 28)
    x_noisy = {
        "gaussian": x + p * eps,
        "salt": torch.where(u < p / 2, 0.0, torch.where(u > 1 - p / 2, 1.0, x)),
        "masking": x * (u >= p),
    }[kind]
    answers = [x_noisy if name == "cut" else getattr(model, name)(x_noisy) for name in METHODS]
    return [mse(answer.clamp(0, 1), x).item() for answer in answers]


@pytest.mark.parametrize(
    ("kind", "p"), [("gaussian", 0.0), ("gaussian", 0.2), ("gaussian", 0.8), ("salt", 0.3), ("masking", 0.5)]
)
def test_the_errors_are_pytorchs(page, shipped, kind, p):
    choose(page, kind)
    level(page).fill(str(p))
    settle(page)
    assert shown(page) == pytest.approx(right(shipped, page, kind, p), abs=2e-4)
    best = page.locator(".best .note").inner_text()
    assert float(best.split()[-1]) == min(shown(page))


def test_the_lines_are_the_errors_over_all_levels(page, shipped):
    places = page.evaluate(
        "[...document.querySelectorAll('.chart polyline')].map((l) => l.getAttribute('points').split(' ').map((p) => p.split(',').map(Number)))"
    )
    height = places[0][0][1]  # the first line, cutting off, begins at 0
    top = min(y for line in places for _, y in line)
    for place, line in zip(METHODS, places, strict=True):
        if place != "cut":  # it leaves the frame
            assert len(line) == 17
            error = right(shipped, page, "gaussian", 0.8)[METHODS.index(place)]
            assert 0.08 * (height - line[-1][1]) / (height - top) == pytest.approx(error, abs=1e-3)


def test_what_it_says_goes_with_the_level(page):
    said = page.locator(".says")
    assert "the U-Net comes nearest" in said.inner_text()
    assert "trained at this level" in said.inner_text()
    level(page).fill("0.8")
    page.wait_for_timeout(650)
    assert "the U-Net comes nearest" not in said.inner_text()
    assert "takes specks for ink" in said.inner_text()
    level(page).fill("0.1")
    page.wait_for_timeout(650)
    assert re.search(r"cutting off alone \(0\.00\d+\) beats the narrow network", said.inner_text())
    choose(page, "salt")
    settle(page)
    assert "None of them was made for this kind" in said.inner_text()
    assert "salt and pepper noise, p 0.20" in said.inner_text().lower()


def test_keys_and_a_click_on_the_chart_move_the_level(page):
    level(page).focus()
    page.keyboard.press("ArrowRight")
    assert level(page).input_value() == "0.22"
    box = page.locator(".chart").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.97, box["y"] + 60)
    assert float(level(page).input_value()) > 0.75
    page.wait_for_timeout(200)
    marker = page.locator(".marker").bounding_box()
    assert marker["x"] > box["x"] + box["width"] * 0.9


def test_new_noise_and_a_drawing_of_ones_own_give_other_errors(page):
    before = shown(page)
    page.get_by_role("button", name="New noise").click()
    settle(page)
    again = shown(page)
    assert again != before
    assert again[0] == pytest.approx(before[0], rel=0.15)  # of the same level
    box = page.locator(".pad canvas").bounding_box()
    page.mouse.move(box["x"] + 110, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 190, steps=8)
    page.mouse.up()
    settle(page)
    assert shown(page) != again


def test_the_filter_is_nearly_that_of_the_package(shipped):
    model, _ = shipped
    data = digits()
    torch.manual_seed(0)
    x_noisy = gaussian_noise(data.x_test)
    ours, whole = (mse(f(x_noisy).clamp(0, 1), data.x_test) for f in (model.wiener, Wiener(data.x_train)))
    assert whole < ours < 1.25 * whole


def test_a_live_notebook_shows_its_own_networks(browser, tmp_path):
    torch.manual_seed(0)
    page = open_figure(browser, tmp_path, noise(DenseAutoencoder(32), UNet((8, 16, 32))), live=True)
    settle(page)
    assert shown(page)[4] > 0.05  # not trained: grey
    page.close()


def test_one_network_alone_is_refused():
    with pytest.raises(ValueError, match="expected both"):
        noise(torch.nn.Identity())
