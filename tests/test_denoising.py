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
from companion.denoising import Wiener, denoising, masking_noise, salt_and_pepper_noise, tweedie_score

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
