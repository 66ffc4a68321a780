"""Figures to play with: exports, the engine against PyTorch for every model that ships, and each figure in a real browser."""

import gzip
import json
from importlib import import_module

import pytest
import torch
from torch import nn

from companion import DenseAutoencoder
from companion.elements import MODELS, PAGE_TYPE, WEB, PlayFigure, shipped_model
from companion.elements.export import as_script, export, from_script, round_weights, tensors_of
from figure_pages import open_figure, run_engine
from notebook_checks import ROOT

NAMES = sorted(path.stem for path in MODELS.glob("*.js"))
KINDS = sorted({path.stem for path in WEB.glob("*.js")} - {"engine", "parts", "figure"})


def figure(kind: str) -> PlayFigure:
    """The figure of a kind, as the page has it."""
    name = kind.replace("-", "_")
    return getattr(import_module(f"companion.elements.{name}"), name)()


def inputs_like(examples, seed: int) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.rand(e.shape, generator=g) if e.is_floating_point() else e for e in examples]


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_computes_what_pytorch_computes(browser, name):
    """For each model that ships, with the weights in its file, on inputs that no training has seen."""
    source = import_module(f"tools.page_models.{name.replace('-', '_')}")
    exported = shipped_model(name)
    model = source.module()
    state, tensors = model.state_dict(), tensors_of(exported)
    assert set(state) & set(tensors) or not exported["programs"]  # places alone need no network
    model.load_state_dict(state | {key: tensors[key] for key in state if key in tensors})
    model.eval()
    programs = source.programs(model)
    assert set(programs) == set(exported["programs"])
    calls, expected = [], []
    for program, (function, examples) in programs.items():
        for seed in (0, 1):
            inputs = inputs_like(examples, seed)
            with torch.no_grad():
                out = function(*inputs)
            expected.append([t.flatten() for t in (out if isinstance(out, tuple | list) else [out])])
            calls.append([program, [t.flatten().tolist() for t in inputs]])
    for call, found, right in zip(calls, run_engine(browser, exported, calls), expected, strict=True):
        for a, b in zip(found, right, strict=True):
            assert torch.allclose(torch.tensor(a), b, atol=1e-3, rtol=1e-3), (
                name,
                call[0],
                (torch.tensor(a) - b).abs().max(),
            )


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_is_whole_and_light(name):
    text = (MODELS / f"{name}.js").read_text()
    assert tensors_of(from_script(text))  # the SHA-256 is checked
    assert len(gzip.compress(text.encode())) < 350 * 1024


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_stands_on_a_phone(browser, tmp_path, kind, scheme):
    """It is built without a complaint, says what it shows, fits 320 px; every control has a name and 44 px, by key or finger."""
    page = open_figure(browser, tmp_path, figure(kind), {"width": 320, "height": 700}, scheme)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.complaints == []
    assert page.foreign == []
    small = """[...document.querySelectorAll('.live :is(button, input, canvas[tabindex])')].map((e) => [e, (e.closest('label') ?? e).getBoundingClientRect()])
        .filter(([, b]) => b.height < 43.5 || b.width < 43.5).map(([e, b]) => `${e.outerHTML.slice(0, 60)} ${b.width} x ${b.height}`)"""
    assert page.evaluate(small) == []
    names = """[...document.querySelectorAll('.live :is(button, input, [tabindex])')]
        .filter((e) => !(e.getAttribute('aria-label') || e.closest('label')?.textContent || e.textContent).trim()).length"""
    assert page.evaluate(names) == 0
    page.wait_for_function("document.querySelector('.live [aria-live]').textContent.length > 20")
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_without_scripts_and_on_paper_a_still_and_a_sentence_stand_there(browser, tmp_path, kind):
    still = figure(kind).still
    assert "<p>" in still
    assert "alt=" in still or "aria-label=" in still
    page = open_figure(browser, tmp_path, figure(kind))
    assert not page.locator(".still").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".still").is_visible()
    assert not page.locator(".live").is_visible()
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_notebook_gets_all_that_it_needs(browser, tmp_path, kind):
    page = open_figure(browser, tmp_path, figure(kind), live=True)
    assert page.complaints == []
    assert page.foreign == []
    page.close()


def test_nothing_loads_before_it_comes_near_the_view(browser, tmp_path):
    page = open_figure(browser, tmp_path, figure("draw-digit"), above=5000, wait=False)
    page.wait_for_timeout(300)
    assert page.scripts == ["figure.js"]
    page.evaluate("scrollTo(0, 4500)")
    page.wait_for_selector("companion-figure[data-ready]")
    assert {"engine.js", "parts.js", "draw-digit.js", "drawn-digits.js"} <= set(page.scripts)
    page.close()


def test_a_cell_shows_the_live_figure_and_the_page_its_own():
    bundle = figure("draw-digit")._repr_mimebundle_()
    assert bundle["text/plain"] == "Figure to play with: draw a digit, and drag the numbers of its code"
    assert "<script" not in bundle[PAGE_TYPE]
    assert 'models="drawn-digits"' in bundle[PAGE_TYPE]
    assert bundle["text/html"].count("<script") == 5


def test_every_model_has_its_source():
    sources = {p.stem.replace("_", "-") for p in (ROOT / "tools" / "page_models").glob("[a-z]*.py")}
    assert sources == set(NAMES)


class Odd(nn.Module):
    """Every operation that the engine knows."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 4)
        self.deconv = nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1, bias=False)
        self.rows = nn.Embedding(5, 3)
        self.dense = nn.Linear(3 * 64, 6)
        self.matrix = nn.Parameter(torch.randn(6, 4))

    def forward(self, x, label):
        h = torch.nn.functional.silu(self.norm(self.conv(x)))
        h = torch.relu(self.deconv(h)) + self.rows(label)[:, :, None, None]
        h = self.dense(h.flatten(1))
        a, b = h.chunk(2, dim=1)
        joined = torch.cat([torch.sigmoid(a) * b, torch.tanh(a) - b / 2], 1)
        return (joined @ self.matrix).exp().sqrt(), torch.cat([h.sin(), -h.cos().square()], 1)[:, 1:3], 1 - h


@pytest.mark.parametrize("bits", [8, 16])
def test_the_engine_knows_its_operations(browser, bits):
    torch.manual_seed(0)
    model = round_weights(Odd(), bits)
    inputs = torch.randn(1, 2, 8, 8), torch.tensor([3])
    exported = json.loads(json.dumps(export(model, {"all": (model, inputs)}, bits=bits)))
    (found,) = run_engine(browser, exported, [["all", [t.flatten().tolist() for t in inputs]]])
    with torch.no_grad():
        for a, b in zip(found, model(*inputs), strict=True):
            assert torch.allclose(torch.tensor(a), b.flatten(), atol=1e-4)


def test_an_export_keeps_the_rounded_weights_and_leaves_the_model_as_it_is():
    torch.manual_seed(0)
    model = DenseAutoencoder(4, hidden=(8,))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    exported = export(model, {"encode": (model.encode, (torch.zeros(1, 1, 28, 28),))}, bits=8)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    weight, kept = model.encoder[0].weight, tensors_of(exported)["encoder.0.weight"]
    assert (weight - kept).abs().max() <= weight.abs().max() / 127 / 2 + 1e-6
    assert not torch.equal(weight, kept)
    round_weights(model, 8)
    assert torch.equal(model.encoder[0].weight, kept)


def test_exports_refuse_what_the_engine_cannot_run():
    model = nn.Sequential(nn.Linear(3, 3), nn.Softplus())
    with pytest.raises(ValueError, match=r"no operation aten\.softplus.*engine\.js"):
        export(model, {"f": (model, (torch.zeros(1, 3),))})
    with pytest.raises(ValueError, match="in place"):
        export(model, {"f": (lambda x: (x + 1).relu_(), (torch.zeros(1, 3),))})
    with pytest.raises(ValueError, match="does not depend"):
        export(model, {"f": (lambda x: torch.zeros(3), (torch.zeros(1, 3),))})
    with pytest.raises(ValueError, match="expected 8 or 16"):
        export(model, {}, bits=4)


def test_a_damaged_export_is_refused():
    exported = from_script(as_script("x", export(nn.Linear(2, 2), {}, {"a": torch.ones(3)})))
    exported["content"] = "AAAA" + exported["content"][4:]
    with pytest.raises(ValueError, match="SHA-256"):
        tensors_of(exported)


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="expected one of"):
        shipped_model("nothing")
    with pytest.raises(ValueError, match="expected the name of a script"):
        PlayFigure("nothing", "", "")
    with pytest.raises(ValueError, match="expected 1, one for each"):
        PlayFigure("draw-digit", "", "", ["drawn-digits"], own=[])


class TestDrawDigit:
    @pytest.fixture
    def page(self, browser, tmp_path):
        page = open_figure(browser, tmp_path, figure("draw-digit"))
        yield page
        page.close()

    @staticmethod
    def said(page) -> str:
        page.wait_for_timeout(700)
        return page.locator(".says").inner_text()

    def test_what_is_drawn_by_mouse_goes_in(self, page):
        before = page.evaluate("document.querySelectorAll('.picture canvas')[1].toDataURL()")
        box = page.locator(".pad canvas").bounding_box()
        page.mouse.move(box["x"] + 110, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 110, box["y"] + 190, steps=8)
        page.mouse.up()
        self.said(page)
        assert page.evaluate("document.querySelectorAll('.picture canvas')[1].toDataURL()") != before
        column = "[...document.querySelector('.picture canvas').getContext('2d').getImageData(14, 0, 1, 28).data].filter((v, i) => i % 4 == 0 && v > 128).length"
        assert 18 <= page.evaluate(column) <= 22  # a stroke as high as MNIST's digits, in the middle

    def test_what_is_drawn_by_keys_goes_in(self, page):
        before = self.said(page)
        page.locator(".pad canvas").focus()
        for key in ("Space", *["ArrowDown"] * 8, "Space"):
            page.keyboard.press(key)
        assert self.said(page) != before
        page.keyboard.press("Delete")
        ink = "document.querySelector('.picture canvas').getContext('2d').getImageData(0, 0, 28, 28).data.some((v, i) => i % 4 < 3 && v)"
        page.wait_for_function(f"!{ink}")

    def test_a_bar_changes_the_picture_by_key_and_by_mouse(self, page):
        picture = "document.querySelectorAll('.picture canvas')[1].toDataURL()"
        seen = {page.evaluate(picture)}
        bar = page.locator(".bar").nth(5)
        bar.focus()
        value = bar.get_attribute("aria-valuenow")
        page.keyboard.press("Shift+ArrowUp")
        page.wait_for_timeout(100)
        assert bar.get_attribute("aria-valuenow") != value
        seen.add(page.evaluate(picture))
        bar.click(position={"x": 3, "y": 70})
        page.wait_for_timeout(100)
        seen.add(page.evaluate(picture))
        assert len(seen) == 3
        assert "You moved" in self.said(page)

    def test_fewer_numbers_redraw_worse(self, page):
        errors = []
        for k in (32, 8, 2):
            page.locator(f'input[value="{k}"]').check(force=True)
            page.wait_for_timeout(200)
            errors.append(float(page.locator(".picture .note").nth(1).inner_text().split()[-1]))
            assert page.locator(".bar").count() == k
        assert errors[0] < errors[1] < errors[2]

    def test_a_live_notebook_runs_its_own_model(self, browser, tmp_path):
        from companion.elements.draw_digit import draw_digit

        torch.manual_seed(0)
        page = open_figure(browser, tmp_path, draw_digit(DenseAutoencoder(5)), live=True)
        assert page.locator(".bar").count() == 5
        page.close()
        several = {k: DenseAutoencoder(k) for k in (3, 6)}
        page = open_figure(browser, tmp_path, draw_digit(several, size=3), live=True)
        assert page.locator(".bar").count() == 3
        page.close()
