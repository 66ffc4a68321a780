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
    ConditionalCodeNet,
    Denoiser,
    Guided,
    LatentSpace,
    PixelNet,
    conditional_diffusion,
    diffusion,
    labelled,
    sample,
    signal_and_noise,
    time_features,
    trained_conditional_diffusion,
    trained_latent_diffusion,
    trained_pixel_diffusion,
    with_labels,
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


# --- asked for a label ------------------------------------------------------------------------------------------------


@pytest.fixture
def asked():
    """A small conditional denoiser with random weights, noisy codes, times and labels."""
    torch.manual_seed(0)
    denoiser = Denoiser(ConditionalCodeNet(5, 16, kinds=3))
    nn.init.normal_(denoiser.net.label.weight[:3].data)
    return denoiser, torch.randn(7, 5), torch.rand(7), torch.arange(7) % 3


def test_a_conditional_net_hears_the_label_and_none_is_the_last_one(asked):
    denoiser, z, t, y = asked
    told, untold = denoiser(z, t, y), denoiser(z, t)
    assert told.shape == untold.shape == (7, 5)
    assert ((told - untold).abs().amax(1) > 1e-3).all()
    assert torch.equal(untold, denoiser(z, t, torch.full((7,), 3)))


def test_a_label_reaches_its_own_item_only(asked):
    denoiser, z, t, y = asked
    other = y.clone()
    other[2] = (y[2] + 1) % 3
    moved = (denoiser(z, t, y) != denoiser(z, t, other)).any(1)
    assert moved.tolist() == [i == 2 for i in range(7)]


def test_a_label_reaches_every_hidden_layer(asked):
    net = asked[0].net
    net(*asked[1:]).sum().backward()
    by_layer = net.label.weight.grad[:3].unflatten(1, (3, 16)).abs().sum((0, 2))  # (3 layers,)
    assert (by_layer > 0).all()


def test_a_denoiser_learns_labels_and_keeps_its_answers_without(asked):
    """Before its rows are trained it answers as before with any label, afterwards without one; nothing else moves."""
    _, z, t, y = asked
    plain = Denoiser(CodeNet(5, 16))
    told = with_labels(plain, kinds=3)
    for labels in (y, None):
        torch.testing.assert_close(told(z, t, labels), plain(z, t))
    x = torch.rand(64, 5, 1, 1)
    objective = conditional_diffusion(lambda x: x.flatten(1), forget=0)
    fit(told, labelled(x, torch.arange(64) % 3), objective, epochs=3, device="cpu")
    torch.testing.assert_close(told(z, t), plain(z, t))
    assert ((told(z, t, y) - plain(z, t)).abs().amax(1) > 1e-4).all()
    assert all(torch.equal(value, told.state_dict()[name]) for name, value in plain.state_dict().items())


def test_guidance_pushes_the_guess_with_the_label_away_from_the_one_without(asked):
    denoiser, z, t, y = asked
    told, untold = denoiser(z, t, y), denoiser(z, t)
    torch.testing.assert_close(Guided(denoiser, y, 0)(z, t), told)
    torch.testing.assert_close(Guided(denoiser, y, 2.5)(z, t), told + 2.5 * (told - untold))
    no_label = torch.full((7,), 3)
    torch.testing.assert_close(Guided(denoiser, no_label, 4)(z, t), untold)


def test_guidance_of_the_guess_is_guidance_of_the_noise(asked):
    """Ho and Salimans combine the noises that the guesses leave: eps = (x_t - a x_hat) / s."""
    denoiser, z, t, y = asked
    a, s = signal_and_noise(t, 2)
    told, untold, guided = ((z - a * f(z, t)) / s for f in (Guided(denoiser, y, 0), denoiser, Guided(denoiser, y, 1.5)))
    torch.testing.assert_close(guided, 2.5 * told - 1.5 * untold)


def test_guidance_with_perfect_denoisers_overshoots_and_narrows():
    """One kind is N(1, .5^2), all are N(0, 1.1^2): unguided the samples are the kind's, guided they lie beyond, closer together."""

    class Perfect(nn.Module):
        def forward(self, x_t, t, y=None):
            return bell(0.0, 1.1)(x_t, t) if y is None else bell(1.0, 0.5)(x_t, t)

    torch.manual_seed(0)
    noise, y = torch.randn(20_000, 1), torch.ones(20_000, dtype=torch.long)
    unguided, guided = (sample(Guided(Perfect(), y, w), noise, steps=100) for w in (0, 2))
    assert unguided.mean().item() == pytest.approx(1, abs=0.02)
    assert unguided.std().item() == pytest.approx(0.5, rel=0.03)
    assert guided.mean() > 1.1
    assert guided.std() < 0.45


def test_labels_travel_with_the_images(asked):
    x, y = torch.rand(11, 2, 4, 4), torch.arange(11)
    both = labelled(x, y)
    assert both.shape == (11, 3, 4, 4)
    assert torch.equal(both[:, :2], x)
    seen = []

    class Spy(nn.Module):
        net = ConditionalCodeNet(1, 1)

        def forward(self, z_t, t, y):
            seen.append((z_t, y))
            return z_t

    for _ in range(200):
        conditional_diffusion(lambda x: x.flatten(1), forget=0.3)(Spy(), both)
    assert seen[0][0].shape == (11, 32)  # the images alone, without the channel of the labels
    heard = torch.stack([y for _, y in seen])  # (200, 11)
    assert ((heard == y) | (heard == 10)).all()
    assert (heard[:, :10] == 10).float().mean().item() == pytest.approx(0.3, abs=0.04)
    assert heard.dtype == torch.long


def test_the_conditional_objective_is_that_of_diffusion_told_the_labels(asked):
    denoiser, _, _, y = asked
    x = torch.rand(7, 5, 1, 1)
    torch.manual_seed(3)
    found = conditional_diffusion(lambda x: x.flatten(1), forget=0)(denoiser, labelled(x, y))["loss"]
    torch.manual_seed(3)
    torch.rand(7)  # which labels are forgotten
    expected = diffusion(lambda x: x.flatten(1))(lambda z_t, t: denoiser(z_t, t, y), x)["loss"]
    assert found.item() == pytest.approx(expected.item())


def test_gradients_reach_the_labels_of_the_batch_but_not_no_label(asked):
    denoiser = asked[0]
    x, y = torch.rand(64, 5, 1, 1), torch.arange(64) % 2  # kind 2 does not occur
    conditional_diffusion(lambda x: x.flatten(1), forget=0.5)(denoiser, labelled(x, y))["loss"].backward()
    reached = denoiser.net.label.weight.grad.abs().sum(1) > 0
    assert reached.tolist() == [True, True, False, False]


def test_one_batch_is_learnt_by_its_labels():
    """Four codes, one a label: from noise, each label draws its own; without one, all of them come."""
    pixels = torch.tensor([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]])
    x, y = pixels[torch.arange(64) % 4][:, :, None, None], torch.arange(64) % 4
    torch.manual_seed(0)
    denoiser = Denoiser(ConditionalCodeNet(2, 48, kinds=4))

    def prepare(x):
        return (x.flatten(1) - 0.5) * 2.5

    fit(denoiser, labelled(x, y), conditional_diffusion(prepare), epochs=500, lr=1e-2, device="cpu")
    torch.manual_seed(1)
    noise = torch.randn(64, 2)
    for strength in (0, 1):
        drawn = sample(Guided(denoiser, y, strength), noise, 20)
        assert (drawn.sign() == prepare(x).sign()).all()
    kinds = (sample(denoiser, noise, 20) > 0).float() @ torch.tensor([2.0, 1.0])
    assert set(kinds.tolist()) == {0, 1, 2, 3}


def test_conditional_models_refuse(asked):
    denoiser, z, t, y = asked
    for wrong in (y + 2, y - 1):
        with pytest.raises(ValueError, match=r"y has labels from .* to .*; expected 0 to 2, or 3 for no label"):
            denoiser(z, t, wrong)
        with pytest.raises(ValueError, match=r"y has labels from .* to .*; expected 0 to 255"):
            labelled(torch.rand(7, 1, 4, 4), wrong * 200)
    with pytest.raises(ValueError, match=r"y has labels from 1 to 4; expected 0 to 2, or 3 for no label"):
        conditional_diffusion(lambda x: x.flatten(1), forget=0)(
            denoiser, labelled(torch.rand(7, 5, 1, 1), (y + 1).clamp(max=4) + (y == 2))
        )
    with pytest.raises(ValueError, match=r"y has shape \(3,\) for 7 points"):
        Guided(denoiser, y[:3])(z, t)
    with pytest.raises(TypeError, match=r"y is torch\.float32; expected a tensor of whole numbers"):
        Guided(denoiser, y / 1)
    with pytest.raises(TypeError, match="y is list; expected a tensor of whole numbers"):
        Guided(denoiser, [7])
    with pytest.raises(ValueError, match="strength is -1"):
        Guided(denoiser, y, -1)
    for wrong in (-0.1, 1, float("nan")):
        with pytest.raises(ValueError, match=f"forget is {wrong}; expected a number from 0 to below 1"):
            conditional_diffusion(forget=wrong)
    with pytest.raises(ValueError, match="kinds is 0"):
        ConditionalCodeNet(kinds=0)


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
def test_the_shipped_latent_diffusion_draws_what_is_asked_for():
    """The share that the shipped classifier reads as asked: more with guidance (benchmarks/guidance.py has the numbers)."""
    space, denoiser = trained_conditional_diffusion()
    y, classifier = torch.arange(10).repeat_interleave(30), digit_classifier()
    torch.manual_seed(1)
    noise = torch.randn(300, 32)

    def as_asked(model):
        return (classifier(space.decode(sample(model, noise, 25))).argmax(1) == y).float().mean().item()

    assert as_asked(denoiser) < 0.2  # without a label, one in ten
    assert 0.7 < as_asked(Guided(denoiser, y, 0)) < 0.95
    assert as_asked(Guided(denoiser, y, 1)) > 0.95


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
