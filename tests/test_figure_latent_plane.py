"""The figure with two planes: what it draws is what the decoders draw there, the nearest code is the nearest, by mouse and by keys."""

import re

import pytest
import torch

from companion import DenseAutoencoder, digits, redraw
from companion.elements import shipped_model
from companion.elements.export import tensors_of
from companion.elements.latent_plane import latent_plane
from companion.vae import VAE
from figure_pages import open_figure, run_engine

NAMES = {"plain": "Plain autoencoder", "vae": "VAE"}


@pytest.fixture
def page(browser, tmp_path):
    page = open_figure(browser, tmp_path, latent_plane())
    yield page
    page.close()


def pictures(page) -> list[list[int]]:
    page.wait_for_timeout(100)
    return page.evaluate(
        "[...document.querySelectorAll('.picture canvas')].map((c) => [...c.getContext('2d').getImageData(0, 0, 28, 28).data].filter((v, i) => i % 4 == 0))"
    )


def spots(page) -> list[list[float]]:
    texts = [h.get_attribute("aria-valuetext") for h in page.locator(".handle").all()]
    return [[float(n) for n in re.findall(r"-?\d+\.\d", t.replace("\N{MINUS SIGN}", "-"))] for t in texts]


def test_at_zero_the_plain_network_draws_next_to_nothing_and_the_vae_a_shape(page):
    assert spots(page) == [[0, 0], [0, 0]]
    plain, vae = pictures(page)
    assert max(plain) < 0.5 * max(vae)
    assert max(vae) > 150


def test_what_it_shows_is_what_the_decoders_draw(page, browser):
    page.locator(".plane svg").nth(0).click(position={"x": 90, "y": 200})
    page.locator(".plane svg").nth(1).click(position={"x": 200, "y": 90})
    shown = pictures(page)
    exported = shipped_model("latent-planes")
    for name, numbers, found in zip(NAMES, spots(page), shown, strict=True):
        ((right,),) = run_engine(browser, exported, [[name, [numbers]]])
        # the spot is said to a tenth: the picture is nearly that
        assert sum(abs(255 * a - b) for a, b in zip(right, found, strict=True)) / 784 < 6


def test_the_nearest_code_is_the_nearest(page):
    handle = page.locator(".handle").nth(1)
    handle.focus()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_timeout(700)
    _, _, half = shipped_model("latent-planes")["facts"]["frames"]["vae"]
    at = torch.tensor([-half / 50, 10 * half / 50])
    z = tensors_of(shipped_model("latent-planes"))["codes vae"].reshape(-1, 2)
    distance, which = (z - at).norm(dim=1).min(0)
    said = page.locator(".says").inner_text()
    assert f"VAE: the nearest code, that of a {int(digits().y_test[which])}, lies {distance:.2f} away" in said


def test_a_place_is_dragged_and_stays_in_its_frame(page):
    before = pictures(page)
    box = page.locator(".handle").nth(0).bounding_box()
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + 30, steps=5)
    between = pictures(page)
    page.mouse.move(box["x"] - 3000, box["y"] + 30)
    page.mouse.up()
    assert between[0] != before[0]
    assert between[1] == before[1]  # each plane has its own
    across, _, half = shipped_model("latent-planes")["facts"]["frames"]["plain"]
    assert spots(page)[0][0] == pytest.approx(across - half, abs=0.06)


def test_a_live_notebook_runs_its_own_networks(browser, tmp_path):
    torch.manual_seed(0)
    plain, vae = DenseAutoencoder(2, hidden=(8,)), VAE(2, hidden=(8,))
    page = open_figure(browser, tmp_path, latent_plane(plain, vae), live=True)
    assert page.complaints == []
    drawn = redraw(plain.decode, torch.zeros(1, 2)).flatten() * 255
    assert (torch.tensor(pictures(page)[0]) - drawn).abs().max() < 2
    page.close()
    with pytest.raises(ValueError, match="vae is missing; expected both"):
        latent_plane(plain)
