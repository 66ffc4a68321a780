"""The GAN's losses against torch's cross-entropy and the closed forms of Goodfellow et al.; its loop, and what ships."""

import math

import pytest
import torch
import torch.nn.functional as F

from companion import gan
from companion.gan import Discriminator, Generator, discriminator_loss, fit_gan, generator_loss, trained_generator
from companion.generation import digit_classifier, frechet_distance


def test_shapes_and_range():
    generator, discriminator = Generator(code_size=5, channels=(8, 4)), Discriminator(channels=(4, 8))
    x = generator(torch.randn(3, 5))
    assert x.shape == (3, 1, 28, 28)
    assert 0 < x.min() < x.max() < 1
    assert discriminator(x).shape == (3,)


def test_forward_is_decode():
    generator = Generator().eval()
    z = torch.randn(2, 16)
    assert torch.equal(generator(z), generator.decode(z))


def test_discriminator_loss_is_cross_entropy():
    real, fake = torch.randn(7), torch.randn(5)
    expected = F.binary_cross_entropy_with_logits(real, torch.ones(7)) + F.binary_cross_entropy_with_logits(
        fake, torch.zeros(5)
    )
    assert discriminator_loss(real, fake).item() == pytest.approx(expected.item(), rel=1e-6)
    assert discriminator_loss(torch.zeros(3), torch.zeros(3)).item() == pytest.approx(2 * math.log(2))


def test_generator_loss_does_not_saturate():
    logits = torch.tensor([-200.0, -3.0, 2.0], requires_grad=True)
    loss = generator_loss(logits)
    assert loss.item() == pytest.approx(-(F.logsigmoid(logits).mean().item()), rel=1e-6)
    (slope,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(slope, -(1 - torch.sigmoid(logits.detach())) / 3)


def test_the_best_judge_of_two_densities():
    """Over a table of probabilities, the loss is least at p / (p + q), and is 2 log 2 - 2 JSD there."""
    p, q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], dtype=torch.float64)
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=100, tolerance_grad=1e-12, tolerance_change=1e-14)

    def loss():
        return (p * F.softplus(-logits) + q * F.softplus(logits)).sum()

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    torch.testing.assert_close(torch.sigmoid(logits.detach()), p / (p + q), atol=1e-5, rtol=0)
    m = (p + q) / 2
    jsd = ((p * (p / m).log()).sum() + (q * (q / m).log()).sum()) / 2
    assert loss().item() == pytest.approx(2 * math.log(2) - 2 * jsd.item(), abs=1e-9)


def tiny():
    torch.manual_seed(0)
    return Generator(code_size=3, channels=(4, 2)), Discriminator(channels=(2, 4))


def test_fit_gan_moves_both_players_and_reports(data):
    players, before = tiny(), tiny()
    history = fit_gan(*players, data.x_train[:100], epochs=2, batch_size=32)
    assert {name: len(values) for name, values in history.items()} == {"discriminator": 2, "generator": 2}
    for player, old in zip(players, before, strict=True):
        assert not player.training
        assert all(not torch.equal(a, b) for a, b in zip(player.parameters(), old.parameters(), strict=True))


def test_fit_gan_is_reproducible_and_leaves_the_callers_random_state(data):
    state = torch.random.get_rng_state()
    runs = []
    for seed in (0, 0, 1):
        players = tiny()
        torch.random.set_rng_state(state)
        runs.append(fit_gan(*players, data.x_train[:64], epochs=1, seed=seed)["generator"])
        assert torch.equal(torch.random.get_rng_state(), state)
    assert runs[0] == runs[1] != runs[2]


def test_the_judges_turn_leaves_the_generator_alone(data, monkeypatch):
    """With a generator's loss of zero slope, only the judge moves."""
    monkeypatch.setattr(gan, "generator_loss", lambda fake: 0 * fake.sum())
    (generator, judge), (old_generator, old_judge) = tiny(), tiny()
    fit_gan(generator, judge, data.x_train[:64], epochs=1)
    assert all(torch.equal(a, b) for a, b in zip(generator.parameters(), old_generator.parameters(), strict=True))
    assert not torch.equal(judge.judge[0].weight, old_judge.judge[0].weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"lr": -1}, "lr is -1"),
    ],
)
def test_fit_gan_refuses_arguments(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_gan(*tiny(), data.x_train[:8], **arguments)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_game_leaves_both_players_in_eval_mode(error, data, monkeypatch):
    def stop(fake):
        raise error("stopped")

    monkeypatch.setattr(gan, "generator_loss", stop)
    players, state = tiny(), torch.get_rng_state()
    with pytest.raises(error, match="stopped"):
        fit_gan(*players, data.x_train[:64], epochs=1)
    assert not any(module.training for player in players for module in player.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_fit_gan_says_when_it_diverges(data):
    with pytest.raises(
        ValueError, match=r"the loss of the \w+ became (nan|inf) in epoch 1; expected.*learning rate, lr"
    ):
        fit_gan(*tiny(), data.x_train[:64], epochs=2, lr=1e30)


def test_fit_gan_refuses_players_that_cannot_learn(data):
    generator, judge = tiny()
    with pytest.raises(ValueError, match="all weights of the Generator are frozen"):
        fit_gan(generator.requires_grad_(False), judge, data.x_train[:8])
    with pytest.raises(TypeError, match="model is the class Discriminator"):
        fit_gan(tiny()[0], Discriminator, data.x_train[:8])
    with pytest.raises(ValueError, match="seed is -1"):
        fit_gan(*tiny(), data.x_train[:8], seed=-1)


def test_fit_gan_refuses_images(data):
    with pytest.raises(ValueError, match=r"x has values from -1 to 1"):
        fit_gan(*tiny(), 2 * data.x_train[:8] - 1)


def test_models_refuse():
    with pytest.raises(ValueError, match=r"code_size is 0"):
        Generator(code_size=0)
    with pytest.raises(ValueError, match=r"channels is \(4,\)"):
        Generator(channels=(4,))
    with pytest.raises(ValueError, match=r"channels is 4"):
        Discriminator(channels=4)
    with pytest.raises(ValueError, match=r"z has shape \(2, 3\); this model expects codes \(B, 16\)"):
        Generator()(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
        Discriminator()(torch.zeros(2, 1, 32, 32))


@torch.no_grad()
def test_the_shipped_generator_draws_digits(data):
    generator = trained_generator()
    assert not generator.training
    torch.manual_seed(1)
    x = generator(torch.randn(1000, 16))
    classifier = digit_classifier()
    # 27 in the chapter, with room for another machine's rounding; uniform noise has about 600, the VAE's prior 90.
    assert frechet_distance(classifier.features(x), classifier.features(data.x_test)) < 35
    shares = torch.bincount(classifier(x).argmax(1), minlength=10) / 1000
    assert shares.min() > 0.02
