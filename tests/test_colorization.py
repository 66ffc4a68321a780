"""Colour spaces, the colorizer, its rivals and the distribution over colours, against closed forms and scikit-image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import deltaE_cie76, rgb2lab
from torch._subclasses import FakeTensorMode

from companion import fit, mse
from companion.colorization import Colorizer, LightnessTable, colorization
from companion.colour_space import (
    chroma,
    colour_difference,
    coloured,
    colourfulness,
    lab_picture,
    lab_units,
    left_squares,
    patches,
    to_lab,
    to_rgb,
)
from companion.datasets import shapes
from companion.palette import annealed_mean, classification, draw_colours, nearest_colour, palette


def stored(*colours):
    """L, a, b in their units, one colour a pixel -> stored Lab (1, 3, 1, N)."""
    lab = torch.tensor(colours) / torch.tensor([100.0, 256.0, 256.0]) + torch.tensor([0, 0.5, 0.5])
    return lab.T[None, :, None]


# --- colour spaces ----------------------------------------------------------------------------------------------------


def test_known_colours_have_their_lab():
    """sRGB's corners as scikit-image and every table give them, to a tenth."""
    rgb = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]])[:, :, None, None]
    expected = [[0, 0, 0], [100, 0, 0], [53.2, 80.1, 67.2], [32.3, 79.2, -107.9]]
    np.testing.assert_allclose(lab_units(to_lab(rgb))[:, 0, 0], expected, atol=0.06)


def test_storage_is_what_the_docstring_says():
    rgb = torch.rand(2, 3, 4, 5)
    x = to_lab(rgb)
    lab = rgb2lab(rgb.permute(0, 2, 3, 1).numpy())
    assert x.shape == rgb.shape
    assert x.dtype == torch.float32
    np.testing.assert_allclose(x[:, 0].numpy() * 100, lab[..., 0], atol=1e-3)
    np.testing.assert_allclose((x[:, 1].numpy() - 0.5) * 256, lab[..., 1], atol=1e-3)
    np.testing.assert_allclose((x[:, 2].numpy() - 0.5) * 256, lab[..., 2], atol=1e-3)


def test_every_screen_colour_fits_into_the_storage_and_comes_back():
    edge = torch.linspace(0, 1, 9)
    rgb = torch.cartesian_prod(edge, edge, edge).T.reshape(1, 3, 27, 27)
    x = to_lab(rgb)
    assert x[:, 1:].min() > 0
    assert x[:, 1:].max() < 1
    torch.testing.assert_close(to_rgb(x), rgb, atol=2e-3, rtol=0)


def test_colours_beyond_the_screen_are_clipped_without_a_warning(recwarn):
    rgb = to_rgb(stored([50.0, 120.0, -120.0], [5.0, 0.0, 100.0]))
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    assert not recwarn.list


@pytest.mark.parametrize("function", [to_lab, lab_units, to_rgb, chroma, colourfulness, LightnessTable, palette])
def test_grey_pictures_are_refused(function):
    with pytest.raises(ValueError, match=r"shape \(2, 1, 4, 4\); expected colour pictures \(B, 3, H, W\)"):
        function(torch.rand(2, 1, 4, 4))


@pytest.mark.parametrize("function", [to_lab, colourfulness, LightnessTable, palette])
def test_pixels_up_to_255_are_refused(function):
    with pytest.raises(ValueError, match=r"Use (rgb|x) / 255\."):
        function(torch.full((1, 3, 4, 4), 255.0))


def test_a_picture_is_shrunk_cropped_and_stored():
    pixels = np.zeros((19, 27, 3), np.uint8)
    pixels[:, ::2] = 255  # columns in pairs average to a middle grey, in sRGB
    x = lab_picture(pixels, shrink=2)
    assert x.shape == (1, 3, 8, 12)
    torch.testing.assert_close(x, to_lab(torch.full((1, 3, 8, 12), 0.5)))
    assert lab_picture(pixels).shape == (1, 3, 16, 24)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((8, 8), np.uint8), r"shape \(8, 8\)"),
        (np.zeros((8, 8, 4), np.uint8), r"shape \(8, 8, 4\)"),
        (np.zeros((8, 8, 3)), "float64"),
        (np.zeros((7, 8, 3), np.uint8), "at least 8"),
        ([[1]], "list"),
    ],
)
def test_what_is_no_photograph_is_refused(pixels, message):
    with pytest.raises(ValueError, match=message):
        lab_picture(pixels, shrink=2)


@pytest.mark.parametrize("shrink", [0, 1.5])
def test_shrink_is_a_whole_number(shrink):
    with pytest.raises(ValueError, match="shrink is"):
        lab_picture(np.zeros((8, 8, 3), np.uint8), shrink)


# --- measures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Three pairs of the published test data (Sharma, Wu and Dalal, 2005, table 1: pairs 1, 7 and 25).
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
    ],
)
def test_ciede2000_has_the_published_values(first, second, expected):
    assert colour_difference(stored(second), stored(first)).item() == pytest.approx(expected, abs=2e-4)


def test_a_difference_is_one_number_a_pixel():
    x_hat, x = torch.rand(2, 2, 3, 4, 5)
    assert colour_difference(x_hat, x).shape == (2, 4, 5)
    assert colour_difference(x, x).max() == 0


def test_differences_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="expected the same shape"):
        colour_difference(torch.rand(1, 3, 4, 4), torch.rand(2, 3, 4, 4))


def test_chroma_is_the_distance_from_grey():
    torch.testing.assert_close(chroma(stored([10.0, 3.0, -4.0], [90.0, 0.0, 0.0]))[0, 0], torch.tensor([5.0, 0.0]))


def test_colourfulness_by_its_formula():
    rgb = torch.rand(1, 3, 6, 7)
    r, g, b = (255 * rgb[0]).numpy()
    rg, yb = r - g, (r + g) / 2 - b
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colourfulness(rgb).item() == pytest.approx(expected, rel=1e-4)


def test_colourfulness_of_grey_is_zero_and_of_one_colour_its_mean_term():
    assert colourfulness(torch.rand(2, 1, 4, 4).expand(2, 3, 4, 4)).max() < 1e-3
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert colourfulness(red).item() == pytest.approx(0.3 * np.hypot(255, 127.5), rel=1e-4)


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(4, 4), (32, 32), (20, 48)])
@pytest.mark.parametrize("outputs", [2, 7])
def test_any_multiple_of_4_goes_through(size, outputs):
    model = Colorizer(outputs)
    lightness = torch.rand(3, 1, *size)
    assert model(lightness).shape == (3, outputs, *size)
    h1, h2, h3 = model.encode(lightness)
    h, w = size
    assert (h1.shape, h2.shape, h3.shape) == ((3, 8, h, w), (3, 16, h // 2, w // 2), (3, 32, h // 4, w // 4))
    torch.testing.assert_close(model.decode((h1, h2, h3)), model(lightness))


def test_the_untrained_answer_is_the_one_asked_for():
    assert Colorizer()(torch.rand(1, 1, 8, 8)).unique().tolist() == [0.5]
    assert Colorizer(5, answer=0)(torch.rand(1, 1, 8, 8)).unique().tolist() == [0]


def test_a_pixel_depends_on_pixels_up_to_15_away_and_no_farther():
    model = Colorizer()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.abs() + 0.01)
    reach = 0
    for at in range(48, 52):
        lightness = torch.rand(1, 1, 96, 96, requires_grad=True)
        model(lightness)[0, 0, at, at].backward()
        reach = max(reach, (lightness.grad[0, 0].nonzero() - at).abs().max().item())
    assert reach == 15


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (1, 1, 8, 6), (1, 8, 8), (1, 1, 7, 8)])
def test_other_inputs_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(B, 1, H, W\) with H and W multiples of 4"):
        Colorizer()(torch.rand(*shape))


@pytest.mark.parametrize(
    "z",
    [torch.rand(1, 8, 8, 8), (), (1, 2, 3), (torch.rand(1, 8, 8, 8), torch.rand(1, 16, 8, 8), torch.rand(1, 32, 2, 2))],
)
def test_other_codes_are_refused(z):
    with pytest.raises(ValueError, match="expected a tuple of maps"):
        Colorizer().decode(z)


@pytest.mark.parametrize(
    ("options", "message"), [({"outputs": 0}, "outputs is 0"), ({"channels": (8, 16)}, "channels")]
)
def test_other_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Colorizer(**options)


def test_the_objective_compares_colours_only():
    x = torch.rand(2, 3, 8, 8)
    model = Colorizer()
    assert colorization()(model, x)["loss"].item() == pytest.approx(
        mse(torch.full_like(x[:, 1:], 0.5), x[:, 1:]).item()
    )
    changed = x.clone()
    changed[:, 0] = torch.rand(2, 8, 8)  # the untrained answer does not look at lightness
    assert colorization()(model, changed)["loss"] == colorization()(model, x)["loss"]


# --- rivals -----------------------------------------------------------------------------------------------------------


def test_the_table_is_the_mean_of_each_lightness():
    x = torch.rand(3, 3, 16, 16)
    table = LightnessTable(x, levels=8)
    level = (x[:, 0] * 8).long()
    for k in range(8):
        expected = x[:, 1:].movedim(1, -1)[level == k].mean(0)
        torch.testing.assert_close(table(torch.full((1, 1, 2, 2), (k + 0.5) / 8))[0, :, 0, 0], expected)


def test_no_other_table_is_better_on_the_training_pixels():
    x = torch.rand(2, 3, 16, 16)
    table = LightnessTable(x, levels=4)
    best = mse(table(x[:, :1]), x[:, 1:])
    for _ in range(5):
        other = LightnessTable(x, levels=4)
        other.table = other.table + 0.05 * torch.randn_like(other.table)
        assert mse(other(x[:, :1]), x[:, 1:]) > best


def test_gaps_of_the_table_lie_on_a_straight_line_and_white_has_a_level():
    x = torch.tensor([[0.05, 0.2, 0.4], [0.95, 0.6, 0.8]]).T.reshape(1, 3, 1, 2)
    table = LightnessTable(x, levels=10)
    torch.testing.assert_close(table(torch.tensor([[[[0.55]]]])).flatten(), torch.tensor([0.2, 0.4]) + 0.4 * 5 / 9)
    torch.testing.assert_close(table(torch.ones(1, 1, 1, 1)).flatten(), torch.tensor([0.6, 0.8]))


@pytest.mark.parametrize("levels", [0, 2.5])
def test_levels_are_a_whole_number(levels):
    with pytest.raises(ValueError, match="levels is"):
        LightnessTable(torch.rand(1, 3, 4, 4), levels)


def test_coloured_keeps_the_lightness_and_spreads_one_colour():
    lightness, colour = torch.rand(2, 1, 4, 6), torch.tensor([0.3, 0.7]).view(1, 2, 1, 1)
    x = coloured(lightness, colour)
    assert x.shape == (2, 3, 4, 6)
    assert torch.equal(x[:, :1], lightness)
    assert torch.equal(x[:, 1:], colour.expand(2, 2, 4, 6))


def test_patches_are_cut_where_they_should():
    x = torch.rand(2, 3, 10, 13)
    cut = patches(x, size=4, stride=3)
    assert cut.shape == (2 * 3 * 4, 3, 4, 4)
    assert torch.equal(cut[0], x[0, :, :4, :4])
    assert torch.equal(cut[1], x[0, :, :4, 3:7])
    assert torch.equal(cut[4], x[0, :, 3:7, :4])
    assert torch.equal(cut[-1], x[1, :, 6:10, 9:13])


@pytest.mark.parametrize(
    ("x", "size", "stride", "message"),
    [
        (torch.rand(1, 3, 4, 9), 5, 1, "at least 5 x 5"),
        (torch.rand(3, 9, 9), 5, 1, "at least 5 x 5"),
        (torch.rand(1, 3, 9, 9), 0, 1, "size is 0"),
        (torch.rand(1, 3, 9, 9), 2, 0.5, "stride is 0.5"),
    ],
)
def test_patches_that_cannot_be_cut_are_refused(x, size, stride, message):
    with pytest.raises(ValueError, match=message):
        patches(x, size, stride)


def test_squares_from_the_left_leave_the_right_unseen():
    """0.6 of 21 columns are 12, of 14 columns 8: whole multiples of 4."""
    wide, narrow = torch.rand(1, 3, 8, 21), torch.rand(1, 3, 4, 14)
    squares = left_squares(iter([wide, narrow]), share=0.6, size=4, stride=4)
    assert torch.equal(squares, torch.cat([patches(wide[..., :12], 4, 4), patches(narrow[..., :8], 4, 4)]))


@pytest.mark.parametrize(("share", "message"), [(0, "share is 0"), (1, "share is 1"), (0.3, "at least 5 x 5")])
def test_a_left_part_that_cannot_be_cut_is_refused(share, message):
    with pytest.raises(ValueError, match=message):
        left_squares([torch.rand(1, 3, 9, 15)], share, size=5, stride=5)


# --- a distribution over colours --------------------------------------------------------------------------------------


def test_the_palette_holds_the_rounded_colours_that_occur():
    x = stored([50.0, 0.0, 0.0], [10.0, 4.0, -4.0], [90.0, 11.0, -26.0], [90.0, 14.0, -34.0])
    expected = torch.tensor([[0.0, 0.0], [10.0, -30.0]]) / 256 + 0.5
    torch.testing.assert_close(palette(x, step=10), expected)


def test_every_pixel_is_within_half_a_step_of_its_crayon():
    x = torch.rand(2, 3, 8, 8)
    colours = palette(x, step=20)
    off = (colours[nearest_colour(x[:, 1:], colours)].permute(0, 3, 1, 2) - x[:, 1:]) * 256
    assert off.abs().max() <= 10 + 1e-3


def test_the_nearest_colour_by_brute_force():
    colour, colours = torch.rand(2, 2, 5, 6), torch.rand(9, 2)
    d = (colour[:, None] - colours[None, :, :, None, None]).square().sum(2)  # (2, 9, 5, 6)
    assert torch.equal(nearest_colour(colour, colours), d.argmin(1))


@pytest.mark.parametrize("step", [0, -1, float("nan")])
def test_the_step_is_above_0(step):
    with pytest.raises(ValueError, match="step is"):
        palette(torch.rand(1, 3, 4, 4), step)


def test_classification_is_cross_entropy_and_starts_at_the_uniform_distribution():
    x = torch.rand(2, 3, 8, 8)
    colours = palette(x, step=40)
    model = Colorizer(len(colours), answer=0)
    assert classification(colours)(model, x)["loss"].item() == pytest.approx(np.log(len(colours)), rel=1e-5)
    torch.nn.init.normal_(model.out.weight)
    log_p = model(x[:, :1]).log_softmax(1)
    chosen = log_p.gather(1, nearest_colour(x[:, 1:], colours)[:, None])
    assert classification(colours)(model, x)["loss"].item() == pytest.approx(-chosen.mean().item(), rel=1e-4)


@pytest.mark.parametrize("p", [0.5, 0.7, 0.99])
@pytest.mark.parametrize("temperature", [0.1, 0.38, 1.0, 3.0])
def test_the_annealed_mean_of_two_opposite_colours_in_closed_form(p, temperature):
    logits = torch.tensor([p, 1 - p]).log().view(1, 2, 1, 1)
    colours = 0.5 + torch.tensor([[24.0, 32.0], [-24.0, -32.0]]) / 256
    q = p ** (1 / temperature) / (p ** (1 / temperature) + (1 - p) ** (1 / temperature))
    found = (annealed_mean(logits, colours, temperature)[0, :, 0, 0] - 0.5) * 256
    torch.testing.assert_close(found, (2 * q - 1) * torch.tensor([24.0, 32.0]), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("p", [0.5, 0.7, 0.9])
def test_squared_error_is_least_at_the_mean_with_chroma_2p_minus_1(p):
    """The chapter's closed form, by brute force along the line through both colours."""
    c = torch.tensor([24.0, 32.0])
    steps = torch.linspace(-1, 1, 2001)
    answers = steps[:, None] * c
    cost = p * (answers - c).square().sum(1) + (1 - p) * (answers + c).square().sum(1)
    assert answers[cost.argmin()].norm().item() == pytest.approx(abs(2 * p - 1) * 40, abs=0.05)


def test_draws_have_the_probabilities():
    p = torch.tensor([0.2, 0.5, 0.3])
    logits = p.log().view(1, 3, 1, 1).expand(1, 3, 100, 100)
    colours = torch.tensor([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]])
    drawn = draw_colours(logits, colours, torch.rand(1, 100, 100))
    assert drawn.shape == (1, 2, 100, 100)
    shares = torch.tensor([(drawn[:, 0] == v).float().mean() for v in (0.1, 0.5, 0.9)])
    torch.testing.assert_close(shares, p, atol=0.02, rtol=0)


def test_a_shared_number_gives_one_colour_a_picture_and_the_ends_stay_in_the_palette():
    logits = torch.zeros(4, 3, 5, 5)
    colours = torch.tensor([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]])
    drawn = draw_colours(logits, colours, torch.tensor([0.0, 0.4, 0.7, 1.0]).view(4, 1, 1))
    assert [v.unique().tolist() for v in drawn] == [pytest.approx([v]) for v in (0.1, 0.5, 0.9, 0.9)]


def test_a_colour_of_probability_0_is_never_drawn():
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf]).view(1, 3, 1, 1)
    for u in (0.0, 0.5, 1 - 2**-24):
        drawn = draw_colours(logits, torch.tensor([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]), torch.full((1, 1, 1), u))
        assert drawn.unique().tolist() == [0.5], u


def test_the_largest_random_number_still_draws_a_colour():
    """Probabilities added up in float32 may stop a little short of 1."""
    drawn = draw_colours(torch.randn(1, 50, 64, 64), torch.rand(50, 2), torch.full((1, 1, 1), 1 - 2**-24))
    assert drawn.shape == (1, 2, 64, 64)


@pytest.mark.parametrize("function", [annealed_mean, lambda g, c: draw_colours(g, c, torch.rand(1, 4, 4))])
@pytest.mark.parametrize(
    ("logits", "colours"),
    [
        (torch.zeros(1, 3, 4, 4), torch.rand(4, 2)),
        (torch.zeros(3, 4, 4), torch.rand(3, 2)),
        (torch.zeros(1, 3, 4, 4), torch.rand(3, 3)),
    ],
)
def test_logits_without_their_colours_are_refused(function, logits, colours):
    with pytest.raises(ValueError, match="one logit for each colour"):
        function(logits, colours)


def test_the_temperature_is_above_0():
    with pytest.raises(ValueError, match="temperature is 0"):
        annealed_mean(torch.zeros(1, 3, 4, 4), torch.rand(3, 2), 0)


def test_pixels_and_colours_may_lie_on_different_devices(device):
    """As in ``fit``, which moves the pictures and not the palette."""
    x = torch.rand(2, 3, 8, 8)
    colours, logits, u = torch.rand(5, 2), torch.randn(2, 5, 8, 8), torch.rand(2, 8, 8)
    there = x.to(device), logits.to(device)
    assert torch.equal(nearest_colour(there[0][:, 1:], colours).cpu(), nearest_colour(x[:, 1:], colours))
    torch.testing.assert_close(annealed_mean(there[1], colours).cpu(), annealed_mean(logits, colours))
    drawn = draw_colours(there[1], colours, u)
    assert drawn.device.type == device.type
    assert (drawn.cpu() == draw_colours(logits, colours, u)).float().mean() > 0.99
    table = LightnessTable(there[0])
    torch.testing.assert_close(table(there[0][:, :1]).cpu(), LightnessTable(x)(x[:, :1]))
    history = fit(Colorizer(5, answer=0), x, classification(colours), epochs=1, device=device)
    assert history["loss"][0] > 0


def test_the_palette_goes_where_the_pixels_are_also_on_a_machine_without_a_gpu():
    """Tensors that only claim to be on a GPU: PyTorch refuses to combine them with others, as a GPU would."""
    with FakeTensorMode():
        colours = torch.empty(5, 2)
        pixels, logits = torch.empty(2, 2, 8, 8, device="cuda"), torch.empty(2, 5, 8, 8, device="cuda")
        assert nearest_colour(pixels, colours).device.type == "cuda"
        assert annealed_mean(logits, colours).device.type == "cuda"


# --- training ---------------------------------------------------------------------------------------------------------


def test_a_colorizer_learns_the_mean_and_a_classifier_the_odds():
    """All kinds orange with probability 0.75: chroma 20 by squared error, 0.75 by classification."""
    x, _, _ = shapes(160, odds=(0.75, 0.75, 0.75))
    inside = x[:, 0] < 0.9
    share = (x[:, 2] > 0.55)[inside].float().mean().item()
    torch.manual_seed(0)
    model = Colorizer()
    fit(model, x, colorization(), epochs=20, batch_size=16, lr=1e-2)
    with torch.no_grad():
        found = chroma(coloured(x[:, :1], model(x[:, :1])))[inside].mean().item()
    assert found == pytest.approx((2 * share - 1) * 40, rel=0.3)
    colours = palette(x, step=8)
    torch.manual_seed(0)
    chooser = Colorizer(len(colours), answer=0)
    fit(chooser, x, classification(colours), epochs=20, batch_size=16, lr=1e-2)
    with torch.no_grad():
        p = F.softmax(chooser(x[:, :1]), 1)[:, -1][inside].mean().item()
    assert p == pytest.approx(share, abs=0.1)


def test_the_straight_distance_is_near_ciede2000_for_small_differences_of_pale_colours():
    """What the check of exercise 8.4 says."""
    lab = torch.tensor([[[[60.0, 1.0, 1.0]]]])
    other = lab + torch.tensor([0.3, 0.3, -0.3])
    straight = deltaE_cie76(lab.numpy(), other.numpy()).item()
    assert colour_difference(stored(lab.flatten().tolist()), stored(other.flatten().tolist())).item() == pytest.approx(
        straight, rel=0.4
    )
