"""Noise, the denoiser's objective, and the score that a denoiser knows."""

from functools import partial
from math import sqrt

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from companion import gaussian_noise, mse
from companion.denoising import (
    Wiener,
    denoising,
    masking_noise,
    noise2void,
    salt_and_pepper_noise,
    sure,
    tweedie_score,
)

NOISES = [gaussian_noise, salt_and_pepper_noise, masking_noise]
N = 100_000  # pixels of `grey`


@pytest.fixture
def grey(device):
    """Images of one grey, 0.25: neither black nor white, so that every change shows."""
    return torch.full((10, 1, 100, 100), 0.25, device=device)


# --- noise ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", NOISES)
def test_noise_keeps_shape_type_and_device_and_leaves_its_input_alone(noise, device):
    for dtype in (torch.float32, torch.float64):
        x = torch.rand(4, 3, 5, 6, dtype=dtype, device=device)
        before = x.clone()
        x_noisy = noise(x)
        assert x_noisy.shape == x.shape
        assert x_noisy.dtype == dtype
        assert x_noisy.device == x.device
        assert torch.equal(x, before)
        assert not torch.equal(x_noisy, x)


@pytest.mark.parametrize("noise", NOISES)
def test_noise_follows_the_seed_and_is_fresh_at_every_call(noise, grey):
    torch.manual_seed(1)
    first, second = noise(grey), noise(grey)
    torch.manual_seed(1)
    again = noise(grey)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("noise", NOISES)
def test_level_zero_is_no_noise(noise, device):
    x = torch.rand(4, 1, 5, 5, device=device)
    assert torch.equal(noise(x, 0), x)


@pytest.mark.parametrize("noise", NOISES)
def test_pixels_are_struck_independently(noise, grey):
    """One draw shared by a row, an image or a batch would correlate neighbours."""
    x_noisy = noise(grey, 0.3).squeeze(1)
    left = x_noisy[:, :, :-1].flatten()
    for other in (x_noisy[:, :, 1:], x_noisy.roll(1, 0)[:, :, :-1], x_noisy.roll(1, 1)[:, :, :-1]):
        correlation = torch.corrcoef(torch.stack([left, other.flatten()]))[0, 1]
        assert abs(correlation) < 5 / sqrt(N)


@pytest.mark.parametrize("sigma", [0.05, 0.2, 1.0])
def test_gaussian_noise_has_mean_zero_and_the_stated_deviation(sigma, grey):
    """sigma is a standard deviation, not a variance, and nothing is clipped. Tolerance: 5 standard errors."""
    noise = ((gaussian_noise(grey, sigma) - grey) / sigma).double()
    assert abs(noise.mean()) < 5 / sqrt(N)
    assert abs(noise.var() - 1) < 5 * sqrt(2 / N)
    assert abs((noise**4).mean() - 3) < 5 * sqrt(96 / N)  # a Gaussian's fourth moment; a uniform's is 1.8


def test_gaussian_noise_is_not_clipped(device):
    x_noisy = gaussian_noise(torch.zeros(1, 1, 50, 50, device=device), 0.2)
    assert x_noisy.min() < 0
    assert gaussian_noise(torch.ones(1, 1, 50, 50, device=device), 0.2).max() > 1


def test_the_default_levels_are_the_documented_ones(grey):
    assert (gaussian_noise(grey) - grey).std().item() == pytest.approx(0.2, rel=0.02)
    assert (salt_and_pepper_noise(grey) != grey).float().mean().item() == pytest.approx(0.1, rel=0.05)
    assert (masking_noise(grey) != grey).float().mean().item() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_salt_and_pepper_turns_half_of_its_pixels_white_and_half_black(p, grey):
    x_noisy = salt_and_pepper_noise(grey, p)
    tolerance = 5 * sqrt(p / 2 * (1 - p / 2) / N)
    black, white = ((x_noisy == value).double().mean() for value in (0, 1))
    assert abs(black - p / 2) < tolerance
    assert abs(white - p / 2) < tolerance
    assert ((x_noisy == 0) | (x_noisy == 1) | (x_noisy == grey)).all()


@pytest.mark.parametrize("p", [0.1, 0.3, 1.0])
def test_masking_only_ever_sets_pixels_to_zero(p, grey):
    x_noisy = masking_noise(grey, p)
    assert abs((x_noisy == 0).double().mean() - p) <= 5 * sqrt(p * (1 - p) / N)
    assert ((x_noisy == 0) | (x_noisy == grey)).all()


# --- the objective ----------------------------------------------------------------------------------------------------


def test_a_model_that_returns_its_input_pays_the_noise(grey):
    """Compared with the noisy image instead of the clean one, it would pay nothing: the article's pitfall."""
    for sigma in (0.1, 0.3):
        loss = denoising(partial(gaussian_noise, sigma=sigma))(nn.Identity(), grey)["loss"]
        assert loss.item() == pytest.approx(sigma**2, rel=5 * sqrt(2 / N))


def test_the_default_noise_is_gaussian_with_sigma_a_fifth(grey):
    assert denoising()(nn.Identity(), grey)["loss"].item() == pytest.approx(0.04, rel=5 * sqrt(2 / N))


def test_a_model_that_returns_the_clean_image_pays_nothing(grey):
    assert denoising()(lambda x_noisy: grey, grey)["loss"] == 0


def test_the_model_sees_the_noisy_image_and_is_compared_with_the_clean_one(device):
    x = torch.rand(3, 1, 4, 4, device=device)
    seen = []

    def model(x_noisy):
        seen.append(x_noisy)
        return x_noisy / 2

    terms = denoising(lambda x: 1 - x)(model, x)
    assert terms.keys() == {"loss"}
    assert torch.equal(seen[0], 1 - x)
    torch.testing.assert_close(terms["loss"], mse((1 - x) / 2, x))


def test_every_call_draws_fresh_noise(grey):
    loss_fn = denoising()
    assert loss_fn(nn.Identity(), grey)["loss"] != loss_fn(nn.Identity(), grey)["loss"]


# --- objectives that see no clean image -------------------------------------------------------------------------------


class Linear(nn.Module):
    """x (B, 1, 3, 3) -> matrix @ x."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, x):
        return (x.flatten(1) @ self.matrix.T).unflatten(1, (1, 3, 3))


@pytest.mark.parametrize("sigma", [0.2, 0.5])
def test_sure_of_a_linear_filter_is_its_exact_risk(sigma, device):
    """The risk in closed form, |(A - I) x|^2 / 9 + sigma^2 |A|^2 / 9, without any noise. Tolerance: 5 standard errors."""
    matrix, x = torch.randn(9, 9) / 3, torch.rand(1, 1, 3, 3)
    exact = ((matrix - torch.eye(9)) @ x.flatten()).square().mean() + sigma**2 * matrix.square().sum() / 9
    many = x.expand(2000, 1, 3, 3).to(device)
    loss_fn, model = sure(partial(gaussian_noise, sigma=sigma), sigma), Linear(matrix).to(device)
    risks = torch.stack([loss_fn(model, many)["loss"].detach() for _ in range(30)])
    assert abs(risks.mean() - exact) < 5 * risks.std() / sqrt(30) < 0.02 * exact


def test_the_minimum_of_sure_is_the_best_weight():
    """Of all w * x_noisy, for pixels of mean square v: w = v / (v + sigma^2), found without a clean pixel in the loss."""
    x = 0.5 * torch.randn(N, 1, 1, 1).abs()
    v = x.square().mean().item()
    model = nn.Conv2d(1, 1, 1, bias=False)
    optimizer = torch.optim.LBFGS(model.parameters())

    def closure():
        torch.manual_seed(0)
        optimizer.zero_grad()
        loss = sure()(model, x)["loss"]
        loss.backward()
        return loss

    optimizer.step(closure)
    assert model.weight.item() == pytest.approx(v / (v + 0.04), rel=0.02)


def test_sure_charges_a_copier_the_noise_and_a_constant_its_error(grey):
    """The identity has the divergence 1, a constant answer 0."""
    assert sure()(nn.Identity(), grey)["loss"].item() == pytest.approx(0.04, rel=1e-3)
    loss = sure()(lambda x: torch.full_like(x, 0.75), grey)["loss"]
    assert loss.item() == pytest.approx(0.25, rel=0.02)


def test_sure_takes_a_small_step_of_the_stated_size(grey):
    seen = []
    sure(epsilon=0.05)(lambda x: seen.append(x) or x, grey)
    assert torch.allclose((seen[1] - seen[0]).abs(), torch.tensor(0.05), atol=1e-6)
    assert abs((seen[1] > seen[0]).double().mean() - 0.5) < 5 * 0.5 / sqrt(N)


def shown_and_hidden(x_noisy, spacing=4):
    """One call of noise2void on noisy images: -> what the model is shown, and which pixels are hidden from it."""
    seen = []
    noise2void(nn.Identity(), spacing)(lambda x: seen.append(x) or x, x_noisy)
    return seen[0], seen[0] != x_noisy


@pytest.mark.parametrize("spacing", [2, 3, 4])
def test_a_hidden_pixel_is_nowhere_in_what_the_model_sees(spacing):
    """All pixels are different, so that each can be found again."""
    x_noisy = torch.randperm(2 * 12 * 12).reshape(2, 1, 12, 12).float()
    counts = torch.zeros(12, 12)
    for _ in range(200):  # enough to reach every one of sixteen grids
        seen, hidden = shown_and_hidden(x_noisy, spacing)
        assert hidden.sum() == 2 * (12 // spacing) ** 2
        assert not torch.isin(x_noisy[hidden], seen).any()
        counts += hidden[0, 0]
    assert (counts > 0).all()


def test_a_hidden_pixel_shows_one_of_its_four_neighbours_on_either_side():
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    x_noisy = (100 * rows + columns).expand(1, 1, 12, 12)
    steps = set()
    for _ in range(60):
        seen, hidden = shown_and_hidden(x_noisy)
        inner = hidden & (rows > 0) & (rows < 11) & (columns > 0) & (columns < 11)
        steps |= set((seen - x_noisy)[inner].tolist())
    assert steps == {-100.0, -1.0, 1.0, 100.0}


def test_noise2void_compares_on_the_hidden_pixels_alone():
    """On one grey, a neighbour is off by two noises; the answer that knows the grey pays one."""
    x = torch.full((400, 1, 28, 28), 0.25)
    asked = 400 * 49
    copied = noise2void()(nn.Identity(), x)["loss"].item()
    assert copied == pytest.approx(2 * 0.04, rel=5 * sqrt(3 / asked))
    known = noise2void()(lambda x: torch.full_like(x, 0.25), x)["loss"].item()
    assert known == pytest.approx(0.04, rel=5 * sqrt(2 / asked))


def test_noise2void_asks_nothing_elsewhere():
    x_noisy = torch.rand(3, 1, 8, 8)

    def wrong_where_nothing_is_hidden(seen):
        return torch.where(seen == x_noisy, 100.0, x_noisy)

    assert noise2void(nn.Identity())(wrong_where_nothing_is_hidden, x_noisy)["loss"] == 0


def test_noise2void_leaves_the_noisy_images_as_they_were():
    x_noisy = torch.rand(3, 1, 8, 8)
    before = x_noisy.clone()
    noise2void(nn.Identity())(nn.Identity(), x_noisy)
    assert torch.equal(x_noisy, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: sure(sigma=0), "sigma is 0; expected a number above 0"),
        (lambda x: sure(epsilon=-1), "epsilon is -1; expected a number above 0"),
        (lambda x: sure()(lambda x: x[..., 1:], x), "expected the same shape"),
        (lambda x: noise2void(spacing=1), "spacing is 1; expected at least 2"),
        (lambda x: noise2void(spacing=2.5), "spacing is 2.5; expected a whole number"),
        (lambda x: noise2void(spacing=3)(nn.Identity(), x), "height and width that spacing, 3, divides"),
    ],
)
def test_objectives_without_clean_images_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.rand(2, 1, 8, 8))


# --- the score --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
def test_the_score_is_exact_for_a_gaussian(sigma, device):
    """Data N(m, s^2) and noise sigma: the density of noisy data is N(m, s^2 + sigma^2)."""
    m, s = 0.3, 0.5
    y = torch.randn(20, 1, 2, 3, dtype=torch.float64, device=device)

    def denoiser(y):
        return m + s**2 / (s**2 + sigma**2) * (y - m)  # E[x | y]

    torch.testing.assert_close(tweedie_score(denoiser, y, sigma), -(y - m) / (s**2 + sigma**2))


@pytest.mark.parametrize("sigma", [0.2, 1.0])
def test_the_score_is_exact_for_a_mixture_of_gaussians(sigma):
    """The posterior mean in closed form against the gradient of the log-density, by autograd."""
    weights = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    means = torch.randn(3, 2, dtype=torch.float64)
    stds = torch.tensor([0.3, 0.6, 0.1], dtype=torch.float64)
    y = torch.randn(50, 2, dtype=torch.float64, requires_grad=True)
    total = (stds**2 + sigma**2).sqrt()  # of noisy data, per component
    parts = Independent(Normal(means, total[:, None].expand(3, 2)), 1)
    noisy_density = MixtureSameFamily(Categorical(probs=weights), parts)
    (score,) = torch.autograd.grad(noisy_density.log_prob(y).sum(), y)

    def denoiser(y):
        responsibility = (weights.log() + parts.log_prob(y[:, None])).softmax(1)  # (B, 3)
        shrink = (stds**2 / total**2)[:, None]  # (3, 1)
        posterior_means = means + shrink * (y[:, None] - means)  # (B, 3, 2)
        return (responsibility[..., None] * posterior_means).sum(1)

    torch.testing.assert_close(tweedie_score(denoiser, y.detach(), sigma), score)


# --- the Wiener filter ------------------------------------------------------------------------------------------------


def test_the_wiener_filter_is_linear_regression_on_many_noisy_copies():
    """scikit-learn's least squares from noisy to clean images, which knows nothing of covariances and noise levels."""
    torch.manual_seed(0)
    x = (torch.rand(40, 4) @ torch.rand(4, 9) / 4).reshape(-1, 1, 3, 3)
    clean = x.repeat(5000, 1, 1, 1)
    noisy = gaussian_noise(clean, 0.2)
    regression = LinearRegression().fit(noisy.flatten(1).numpy(), clean.flatten(1).numpy())
    expected = regression.predict(noisy[:100].flatten(1).numpy())
    np.testing.assert_allclose(Wiener(x, 0.2)(noisy[:100]).flatten(1).numpy(), expected, atol=0.01)


def test_the_wiener_filter_moves_with_its_model_and_needs_no_training(device):
    x = torch.rand(20, 1, 4, 4)
    model = Wiener(x.to(device))
    assert not list(model.parameters())
    torch.testing.assert_close(model(x.to(device)).cpu(), Wiener(x).to(device)(x.to(device)).cpu(), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: Wiener(x[:1]), "x has one image; expected at least two"),
        (lambda x: Wiener(255 * x), "expected pixels in"),
        (lambda x: Wiener(x, 0), "sigma is 0; expected a number above 0"),
        (lambda x: Wiener(x)(x[..., :3]), "this model expects"),
    ],
)
def test_the_wiener_filter_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.rand(20, 1, 4, 4))
