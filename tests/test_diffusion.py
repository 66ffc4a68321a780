"""Diffusion against closed forms: a Gaussian's best denoiser, its score, the chain of steps; and what ships."""

import importlib
import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from companion import ConvAutoencoder, fit
from companion.diffusion import (
    Block,
    CodeNet,
    Denoiser,
    LatentSpace,
    PixelNet,
    diffusion,
    sample,
    signal_and_noise,
    time_features,
    trained_latent_diffusion,
    trained_pixel_diffusion,
)
from companion.generation import digit_classifier, frechet_distance

diffusion_module = importlib.import_module("companion.diffusion")


def test_signal_and_noise():
    a, s = signal_and_noise(torch.tensor([0.0, 1 / 3, 0.5, 1.0]))
    assert a.shape == s.shape == (4, 1, 1, 1)
    torch.testing.assert_close(
        a.flatten(), torch.tensor([1.0, math.sqrt(3) / 2, math.sqrt(0.5), 0.0]), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(a**2 + s**2, torch.ones(4, 1, 1, 1))
    assert signal_and_noise(torch.rand(4), 2)[0].shape == (4, 1)


def test_the_jump_is_the_chain_of_small_steps():
    """The product of sqrt(1 - beta), and the variance carried from step to step, give the amounts of the closed form."""
    a, s = (v.flatten().double() for v in signal_and_noise(torch.arange(51) / 50, 1))
    betas = 1 - (a[1:] / a[:-1]) ** 2
    signal, variance = 1.0, 0.0
    for k, beta in enumerate(betas, 1):
        signal, variance = signal * (1 - beta).sqrt(), (1 - beta) * variance + beta
        assert signal.item() == pytest.approx(a[k].item(), abs=1e-6)
        assert variance.item() == pytest.approx(s[k].item() ** 2, abs=1e-5)


def test_time_features_tell_times_apart():
    features = time_features(torch.linspace(0, 1, 101))
    assert features.shape == (101, 10)
    assert torch.pdist(features).min() > 0.01


@pytest.mark.parametrize(("net", "shape"), [(PixelNet((8, 8)), (3, 1, 28, 28)), (CodeNet(5, 16), (3, 5))])
def test_networks_keep_the_shape_and_hear_the_time(net, shape):
    x = torch.randn(shape)
    early, late = net(x, torch.full((3,), 0.1)), net(x, torch.full((3,), 0.9))
    assert early.shape == shape
    assert not torch.allclose(early, late)


def test_a_block_is_a_shortcut_beside_its_convolutions():
    block = Block(4)
    nn.init.zeros_(block.second.weight)
    nn.init.zeros_(block.second.bias)
    h = torch.randn(2, 4, 7, 7)
    assert torch.equal(block(h, torch.randn(2, 64)), h)


def test_every_pixel_of_the_answer_sees_far():
    x = torch.randn(4, 1, 28, 28, requires_grad=True)
    PixelNet()(x, torch.full((4,), 0.5))[:, 0, 14, 14].sum().backward()
    assert (x.grad.abs().sum((0, 1)) > 0).float().mean() > 0.9


class Zero(nn.Module):
    def forward(self, x_t, t):
        return torch.zeros_like(x_t)


def test_the_denoisers_wiring_makes_the_velocity_the_target():
    x, eps, t = torch.randn(6, 2), torch.randn(6, 2), torch.rand(6)
    a, s = signal_and_noise(t, 2)

    class Velocity(nn.Module):
        def forward(self, x_t, t):
            return a * eps - s * x

    torch.testing.assert_close(Denoiser(Velocity())(a * x + s * eps, t), x, atol=1e-5, rtol=1e-5)
    assert Denoiser(Zero())(x, torch.zeros(6)).equal(x)  # without noise it hands x on


def test_the_loss_is_the_networks_error_of_the_velocity():
    """(x_hat - x) / s = v - net for the wiring of Denoiser, so with net = 0 the loss is E v^2."""
    x = torch.rand(20_000, 1, 2, 2)
    loss = diffusion()(Denoiser(Zero()), x)["loss"].item()
    # E a^2 = E s^2 = 1/2 over even times; E (2x - 1)^2 = 1/3.
    assert loss == pytest.approx(0.5 + 0.5 / 3, rel=0.02)


def test_the_default_data_are_pixels_from_minus_one_to_one():
    x = torch.rand(64, 1, 4, 4)
    seen = []

    class Spy(nn.Module):
        def forward(self, x_t, t):
            seen.append((x_t, t))
            return x_t

    for loss_fn, data in ((diffusion(), 2 * x - 1), (diffusion(lambda x: x.flatten(1)), x.flatten(1))):
        torch.manual_seed(0)
        loss_fn(Spy(), x)
        x_t, t = seen[-1]
        torch.manual_seed(0)
        assert torch.equal(t, torch.rand(64).clamp(min=1e-3))
        a, s = signal_and_noise(t, data.ndim)
        torch.testing.assert_close(x_t, a * data + s * torch.randn(data.shape))


def bell(mean: float, std: float):
    """The best denoiser of N(mean, std^2), in closed form."""

    def denoiser(x_t, t):
        a, s = signal_and_noise(t, x_t.ndim)
        return mean + a * std**2 / (a**2 * std**2 + s**2) * (x_t - a * mean)

    return denoiser


def test_the_best_denoiser_gives_the_score():
    x_t, t = torch.linspace(-3, 3, 20)[:, None].requires_grad_(), torch.full((20,), 0.4)
    a, s = signal_and_noise(t, 2)
    log_density = Normal(a * 1.5, (a**2 * 0.25 + s**2).sqrt()).log_prob(x_t).sum()
    (score,) = torch.autograd.grad(log_density, x_t)
    torch.testing.assert_close((a * bell(1.5, 0.5)(x_t, t) - x_t) / s**2, score)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_the_sampler_with_a_perfect_denoiser_draws_from_the_data(eta):
    z = sample(bell(1.5, 0.5), torch.randn(50_000, 1), steps=200, eta=eta)
    assert z.mean().item() == pytest.approx(1.5, abs=0.02)
    assert z.std().item() == pytest.approx(0.5, rel=0.03)


def test_without_fresh_noise_the_start_decides():
    x = torch.randn(5, 1)
    torch.manual_seed(0)
    first = sample(bell(0, 1), x, steps=5)
    torch.manual_seed(1)
    assert torch.equal(sample(bell(0, 1), x, steps=5), first)
    assert not torch.equal(sample(bell(0, 1), x, steps=5, eta=1), first)


def test_one_step_is_the_denoisers_first_guess():
    torch.testing.assert_close(sample(bell(3, 0.5), torch.randn(7, 1), steps=1), torch.full((7, 1), 3.0))


def test_a_step_with_eta_1_has_ddpms_posterior_variance():
    """Two steps from t = 1: at the middle, the fresh noise has the variance beta (1 - abar') / (1 - abar)."""
    seen = []

    def denoiser(x_t, t):
        seen.append(x_t)
        return torch.zeros_like(x_t)

    sample(denoiser, torch.zeros(200_000, 1), steps=4, eta=1)
    a, s = signal_and_noise(torch.tensor([1.0, 0.75]), 1)
    beta = 1 - (a[0] / a[1]) ** 2
    expected = beta * s[1] ** 2 / s[0] ** 2  # from x = 0 and x_hat = 0, all that is left is fresh noise
    assert seen[1].var().item() == pytest.approx(expected.item(), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"steps": 0}, "steps is 0"), ({"eta": 1.5}, "eta is 1.5"), ({"eta": float("nan")}, "eta is nan")],
)
def test_sample_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(bell(0, 1), torch.randn(2, 1), **arguments)


def test_models_refuse():
    with pytest.raises(ValueError, match=r"channels is \(8,\)"):
        PixelNet((8,))
    with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
        PixelNet()(torch.zeros(2, 784), torch.zeros(2))
    with pytest.raises(ValueError, match=r"width is 0"):
        CodeNet(width=0)
    with pytest.raises(ValueError, match=r"code_size is -1"):
        CodeNet(-1)
    with pytest.raises(ValueError, match=r"expects codes \(B, 32\)"):
        CodeNet()(torch.zeros(2, 5), torch.zeros(2))


def test_latent_space_is_standardised_and_undone(data):
    torch.manual_seed(0)
    autoencoder = ConvAutoencoder(4)
    space = LatentSpace(autoencoder, data.x_train[:200])
    z = space.encode(data.x_train[:200])
    torch.testing.assert_close(z.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std(0), torch.ones(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(space(data.x_test[:5]), autoencoder(data.x_test[:5]))
    assert not any(p.requires_grad for p in space.parameters())


def test_fit_trains_a_denoiser_of_one_pixel():
    """With fit, as in the chapter: the loss falls towards that of the best denoiser."""
    grey = (0.6 + 0.1 * torch.randn(2000, 1, 1, 1)).clamp(0, 1)
    torch.manual_seed(0)
    model = Denoiser(CodeNet(1, 32))
    history = fit(model, grey, diffusion(lambda x: (4 * x - 2).flatten(1)), epochs=6, lr=1e-2)
    assert history["loss"][-1] < 0.85 * history["loss"][0]


@torch.no_grad()
def test_the_shipped_latent_diffusion_draws_digits(data):
    space, denoiser = trained_latent_diffusion()
    assert not space.training
    assert not denoiser.training
    torch.manual_seed(1)
    x = space.decode(sample(denoiser, torch.randn(1000, 32), 50))
    classifier = digit_classifier()
    assert frechet_distance(classifier.features(x), classifier.features(data.x_test)) < 13  # 10 in the chapter
    # Not copies: as far from the training digits as redrawn test digits are.
    nearest = torch.cdist(x.flatten(1), data.x_train.flatten(1)).amin(1)
    redrawn = torch.cdist(space(data.x_test).flatten(1), data.x_train.flatten(1)).amin(1)
    assert nearest.quantile(0.01) > 0.7 * redrawn.quantile(0.01)


@torch.no_grad()
def test_the_shipped_pixel_diffusion_draws_digits(data):
    denoiser = trained_pixel_diffusion()
    assert not denoiser.training
    torch.manual_seed(1)
    x = sample(denoiser, torch.randn(60, 1, 28, 28), 15).add(1).div(2).clamp(0, 1)
    confident = digit_classifier()(x).softmax(1).amax(1)
    assert confident.median() > 0.9
    # A loss far below that of an answer of zeros, E v^2 of about 0.98.
    x = data.x_test[:100]
    assert diffusion()(denoiser, x)["loss"] < 0.3
