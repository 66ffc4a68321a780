"""The figure that orders a digit from a latent diffusion: its pictures are the package's, its controls do what they say."""

import re

import pytest
import torch

from companion.diffusion import Guided, sample, signal_and_noise
from companion.elements import shipped_model
from companion.elements.diffusion import diffusion
from companion.elements.export import tensors_of
from figure_pages import open_figure
from tools.page_models.ordered_digits import module

# the pictures: the one of the row at the slider's time, then eight from time 0 to 1
PIXELS = """(i) => [...document.querySelectorAll('.walk canvas')[i].getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, j) => j % 4 === 0).map((v) => v / 255)"""
SMALL = """(value) => [...document.querySelector(`.choice input[value="${value}"] + span canvas`).getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, j) => j % 4 === 0).map((v) => v / 255)"""
ROW = 9


@pytest.fixture(scope="module")
def shipped():
    """Model and tensors as they are in the page's file."""
    tensors, model = tensors_of(shipped_model("ordered-digits")), module()
    model.load_state_dict({name: tensors.get(name, own) for name, own in model.state_dict().items()})
    return model.requires_grad_(False).eval(), tensors


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, diffusion())
    settle(page)
    yield page
    page.close()


def settle(page) -> None:
    """Until the walks of all eleven wishes are drawn, and what they say is said."""
    page.wait_for_function("document.querySelector('.live').ariaBusy === 'false'")
    page.wait_for_timeout(650)


def slider(page, label: str):
    return page.locator("label.slider", has_text=label).locator("input")


def slide(page, label: str, value: float) -> None:
    slider(page, label).fill(str(value))
    page.wait_for_timeout(50)  # a frame


def order(page, kind: str) -> None:
    page.locator(f'.choice input[value="{kind}"]').check(force=True)


def seen(page, place: int) -> torch.Tensor:
    return torch.tensor(page.evaluate(PIXELS, place))


def drawn(model, z) -> torch.Tensor:
    return model.space.decode(z).flatten()


@pytest.mark.parametrize(
    ("kind", "w", "n"), [("any", 1, 21), ("7", 0, 21), ("7", 1, 10), ("3", 4, 50), ("8", 8, 5), ("0", 2, 1)]
)
def test_a_walk_ends_where_the_packages_sampler_ends(page, shipped, kind, w, n):
    model, tensors = shipped
    order(page, kind)
    if kind != "any":
        slide(page, "Strength of guidance", w)
    slide(page, "Steps", n)
    settle(page)
    noise, denoiser = tensors["noise"][None], model.denoiser
    if kind != "any":
        denoiser = Guided(denoiser, torch.tensor([int(kind)]), w)
    right = drawn(model, sample(denoiser, noise, n))
    assert (seen(page, ROW + 1) - right).abs().max() < 0.01  # time 0, back
    assert (seen(page, 2 * ROW + 1) - right).abs().max() < 0.01  # and the guess there
    assert (torch.tensor(page.evaluate(SMALL, kind)) - right).abs().max() < 0.01
    first = drawn(model, denoiser(noise, torch.ones(1)))
    assert (seen(page, 3 * ROW - 1) - first).abs().max() < 0.01  # the guess at time 1


def test_the_other_digits_start_from_the_same_noise(page, shipped):
    model, tensors = shipped
    order(page, "7")
    settle(page)
    for digit in range(10):
        end = sample(Guided(model.denoiser, torch.tensor([digit]), 1), tensors["noise"][None], 21)
        assert (torch.tensor(page.evaluate(SMALL, str(digit))) - drawn(model, end)).abs().max() < 0.01


def test_the_way_there_mixes_signal_and_noise(page, shipped):
    model, tensors = shipped
    order(page, "4")
    slide(page, "Time t", 9)
    settle(page)
    a, s = signal_and_noise(torch.tensor([9 / 21]), 2)
    right = drawn(model, a * tensors["codes"][4:5] + s * tensors["noise"])
    assert (seen(page, 0) - right).abs().max() < 0.01
    assert f"{a.item():.2f} of signal and {s.item():.2f} of noise" in page.locator(".says").inner_text()


def test_it_says_how_far_the_guess_is_from_the_end(page, shipped):
    model, tensors = shipped
    slide(page, "Time t", 21)
    settle(page)
    noise = tensors["noise"][None]
    first, end = drawn(model, model.denoiser(noise, torch.ones(1))), drawn(model, sample(model.denoiser, noise, 21))
    said = page.locator(".says").inner_text()
    assert float(re.search(r"is ([\d.]+) \(mean squared", said)[1]) == pytest.approx(
        (first - end).square().mean().item(), abs=1e-3
    )
    slide(page, "Time t", 0)
    page.wait_for_timeout(700)
    assert page.locator(".says").inner_text().endswith("is the digit at the end of the walk.")


def test_keys_and_clicks_walk_through_time(page):
    time = slider(page, "Time t")
    before = seen(page, ROW)
    time.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert time.input_value() == "15"
    assert not torch.equal(seen(page, ROW), before)
    page.locator(".walk canvas").nth(ROW + 1).click()  # time 0, back
    page.wait_for_timeout(300)
    assert time.input_value() == "0"
    assert torch.equal(seen(page, ROW), seen(page, ROW + 1))


def test_new_noise_gives_other_digits_from_standard_normal_numbers(page):
    before = page.evaluate(SMALL, "7")
    page.get_by_role("button", name="New noise").click()
    settle(page)
    assert page.evaluate(SMALL, "7") != before
    drawn = page.evaluate(
        "() => { const { random, normals } = companionFigures.parts; return [...normals(20000, random(1))]; }"
    )
    numbers = torch.tensor(drawn)
    assert abs(numbers.mean()) < 0.03
    assert abs(numbers.std() - 1) < 0.02
    assert abs((numbers.abs() < 1).float().mean() - 0.683) < 0.01


def test_without_a_label_there_is_no_wish_to_strengthen(page):
    assert slider(page, "Strength of guidance").is_disabled()
    order(page, "7")
    assert slider(page, "Strength of guidance").is_enabled()


def test_time_stays_where_it_is_when_the_steps_change(page):
    slide(page, "Steps", 42)
    assert slider(page, "Time t").input_value() == "28"
    assert slider(page, "Time t").get_attribute("aria-valuetext") == "0.67"


def test_a_live_notebook_walks_with_its_own_model(browser, tmp_path):
    mute = module()
    torch.nn.init.zeros_(mute.denoiser.net.label.weight)  # labels that change nothing
    page = open_figure(browser, tmp_path, diffusion(mute.space, mute.denoiser), live=True)
    settle(page)
    assert page.evaluate(SMALL, "7") == page.evaluate(SMALL, "any")
    page.close()


def test_half_a_model_is_refused():
    with pytest.raises(ValueError, match="expected both"):
        diffusion(denoiser=torch.nn.Identity())
