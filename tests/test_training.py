"""The training loop, the evaluation, and where they run."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

import companion.training
import two_processes as two_processes_script
from companion import (
    PCA,
    ConvAutoencoder,
    DenseAutoencoder,
    TrainingWarning,
    answer_grey_,
    bce,
    evaluate,
    fit,
    gaussian_noise,
    mlp,
    mse,
    orthogonal_,
    pick_device,
    reconstruction,
    squared_error,
)
from companion.colorization import Colorizer
from companion.denoising import UNet, denoising
from companion.diffusion import CodeNet, ConditionalCodeNet, Denoiser, LatentSpace, PixelNet
from companion.gan import Discriminator, Generator
from companion.generation import DigitClassifier
from companion.pca import LinearAutoencoder
from companion.sparsity import ShallowAutoencoder, l1_sparse
from companion.training import Step
from companion.vae import VAE, ConvVAE, kl_to_standard_normal, negative_elbo, reparameterize
from companion.vqvae import VQVAE

SHAPE = (1, 4, 4)

# Most tests train on noise, of which there is nothing to learn, and fit says so.
pytestmark = pytest.mark.filterwarnings("ignore::companion.training.TrainingWarning")


def tiny():
    """A model that trains in milliseconds, the same at every call."""
    torch.manual_seed(5)
    return DenseAutoencoder(3, hidden=(8,), image_shape=SHAPE)


@pytest.fixture
def x():
    """37 images: with batches of 8, the last holds 5."""
    return torch.rand(37, *SHAPE)


def weights(model):
    return torch.cat([p.detach().flatten().cpu() for p in model.parameters()])


def without_seconds(history):
    return {name: values for name, values in history.items() if name != "seconds"}


# --- what fit returns and leaves behind -------------------------------------------------------------------------------


@pytest.mark.parametrize("loss_fn", [reconstruction(), denoising()], ids=["plain", "denoising"])
@pytest.mark.parametrize(
    "build", [tiny, partial(ConvAutoencoder, 3, image_shape=SHAPE), partial(UNet, image_shape=SHAPE)]
)
def test_fit_reduces_the_loss(build, loss_fn, x, device):
    model = build()
    before = evaluate(model, x, loss_fn, device=device)["loss"]
    history = fit(model, x, loss_fn, epochs=30, batch_size=8, device=device)
    assert history["loss"][-1] < 0.6 * before
    assert evaluate(model, x, loss_fn, device=device)["loss"] < 0.6 * before
    assert next(model.parameters()).device.type == "cpu"  # where it came from


def test_history_has_one_entry_per_epoch(x):
    history = fit(tiny(), x, reconstruction(), epochs=4)
    assert history.keys() == {"loss", "seconds"}
    assert all(len(values) == 4 and all(isinstance(v, float) for v in values) for values in history.values())
    assert history["seconds"] == sorted(history["seconds"])
    assert history["seconds"][0] > 0


def test_test_terms_are_those_of_evaluate(x):
    """The last test loss is that of the finished model, not of the model an epoch ago."""
    model, x_test = tiny(), torch.rand(9, *SHAPE)
    history = fit(model, x, denoising(), epochs=3, x_test=x_test, seed=4)
    assert history.keys() == {"loss", "seconds", "test_loss"}
    assert len(history["test_loss"]) == 3
    assert history["test_loss"][-1] == evaluate(model, x_test, denoising(), seed=4)["loss"]
    assert len(set(history["test_loss"])) == 3


def test_looking_at_the_test_set_does_not_change_the_training(x):
    """Neither through the random state, nor by leaving the model in eval mode."""
    runs = []
    for x_test in (None, torch.rand(9, *SHAPE)):
        model = nn.Sequential(tiny(), nn.Dropout(0.5))
        history = fit(model, x, denoising(), epochs=3, x_test=x_test)
        runs.append((history["loss"], weights(model)))
    assert runs[0][0] == runs[1][0]
    assert torch.equal(runs[0][1], runs[1][1])


def test_every_term_of_the_objective_is_recorded(x):
    def loss_fn(model, x):
        x_hat = model(x)
        return {"loss": mse(x_hat, x), "summed": squared_error(x_hat, x), "grey": x.mean()}

    model, x_test = tiny(), torch.rand(9, *SHAPE)
    history = fit(model, x, loss_fn, epochs=2, batch_size=8, x_test=x_test)
    assert history.keys() == {"loss", "summed", "grey", "seconds", "test_loss", "test_summed", "test_grey"}
    for i in range(2):
        assert history["summed"][i] == pytest.approx(16 * history["loss"][i], rel=1e-5)
        assert history["grey"][i] == pytest.approx(x.mean().item(), rel=1e-5)
        assert history["test_grey"][i] == pytest.approx(x_test.mean().item(), rel=1e-5)


def test_the_model_is_in_train_mode_during_fit_and_in_eval_mode_after(x):
    modes = []

    def loss_fn(model, x):
        modes.append((model.training, model[1].training, torch.is_grad_enabled()))
        return reconstruction()(model, x)

    model = nn.Sequential(tiny(), nn.Dropout(0.5)).eval()
    fit(model, x, loss_fn, epochs=2, batch_size=37, x_test=x)
    # Per epoch: one training step, then one look at the test set.
    assert modes == [(True, True, True), (False, False, False)] * 2
    assert not model.training
    assert not model[1].training


def test_dropout_acts_during_fit_only(x):
    """With a rate of 1, nothing comes through in training, everything afterwards."""
    seen = {True: [], False: []}

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.drop = nn.Parameter(torch.ones(())), nn.Dropout(1.0)

        def forward(self, x):
            seen[self.training].append(self.drop(x * self.scale).abs().sum().item())
            return x * self.scale

    model = Model()
    fit(model, x, reconstruction(), epochs=1)
    model(x)
    assert seen[True] == [0]
    assert seen[False][-1] > 0


# --- batches ----------------------------------------------------------------------------------------------------------


def spied_batches(x, loss_fn=None, **kwargs):
    """The first pixel of every image of every batch that fit sees; `x` must have them all different."""
    batches = []

    def spy(model, batch):
        if model.training:
            batches.append(batch[:, 0, 0, 0].tolist())
        return (loss_fn or reconstruction())(model, batch)

    fit(tiny(), x, spy, **kwargs)
    return batches


def test_every_epoch_visits_every_image_once_in_a_new_order(x):
    batches = spied_batches(x, epochs=3, batch_size=8)
    assert [len(batch) for batch in batches] == [8, 8, 8, 8, 5] * 3
    epochs = [[pixel for batch in batches[i : i + 5] for pixel in batch] for i in (0, 5, 10)]
    for epoch in epochs:
        assert sorted(epoch) == sorted(x[:, 0, 0, 0].tolist())
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epochs[0] != x[:, 0, 0, 0].tolist()


def test_the_order_depends_on_the_seed_alone(x, device):
    """Not on the noise that the objective draws, or it would differ between devices and between processes."""
    plain = spied_batches(x, epochs=3, batch_size=8, device="cpu")
    assert spied_batches(x, denoising(), epochs=3, batch_size=8, device=device) == plain
    assert spied_batches(x, epochs=3, batch_size=8, seed=1, device="cpu") != plain


def test_a_batch_may_be_larger_than_the_data(x):
    assert [len(batch) for batch in spied_batches(x, epochs=2, batch_size=1000)] == [37, 37]
    assert [len(batch) for batch in spied_batches(x[:1], epochs=2)] == [1, 1]


@pytest.mark.parametrize("batch_size", [1, 8, 37, 1000])
def test_the_loss_of_an_epoch_is_the_mean_over_its_images(batch_size, x):
    """A mean over batches would give the last, smaller, batch too much weight. At this rate the weights stand still."""
    x[:5] = 0  # images of very different loss
    x[5:9] = 1
    model = tiny()
    history = fit(model, x, reconstruction(), epochs=3, batch_size=batch_size, lr=1e-12)
    assert history["loss"] == pytest.approx([reconstruction()(model, x)["loss"].item()] * 3, rel=1e-5)


# --- the optimiser ----------------------------------------------------------------------------------------------------


@pytest.fixture
def rates(monkeypatch):
    """The learning rate of every step of Adam."""
    seen = []
    step = torch.optim.Adam.step

    def spy(self, *args, **kwargs):
        seen.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    return seen


def test_the_learning_rate_rises_and_then_falls_in_a_straight_line_to_zero(rates, x):
    fit(tiny(), x, reconstruction(), epochs=16, batch_size=8, lr=0.01)  # 80 steps, of which 4 warm up
    assert rates[:4] == pytest.approx([0.01 * (n + 1) / 4 * (1 - n / 80) for n in range(4)])
    assert rates[4:] == pytest.approx([0.01 * (1 - n / 80) for n in range(4, 80)])


def test_a_run_of_few_steps_has_no_time_to_warm_up(rates, x):
    fit(tiny(), x, reconstruction(), epochs=2, batch_size=100, lr=0.01)
    assert rates == pytest.approx([0.01, 0.005])


def test_without_decay_the_learning_rate_stays(rates, x):
    fit(tiny(), x, reconstruction(), epochs=4, batch_size=8, lr=0.01, decay=False)
    assert rates == [0.01] * 20


@pytest.mark.parametrize("decay", [True, False])
def test_fit_is_the_loop_one_would_write_by_hand(decay, x, device):
    """Whole-set batches, so that the order does not matter: Adam, its gradients zeroed, its rate falling."""
    model = tiny().to(device)
    by_hand = deepcopy(model)
    history = fit(model, x, reconstruction(), epochs=25, batch_size=37, lr=0.01, decay=decay, device=device)
    losses = []
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=0.01)
    for epoch in range(25):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * min(1, (epoch + 1) / 1.25) * (1 - epoch / 25) if decay else 0.01
        loss = ((by_hand(x.to(device)) - x.to(device)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert history["loss"] == pytest.approx(losses, rel=1e-4)
    torch.testing.assert_close(weights(model), weights(by_hand), atol=1e-4, rtol=1e-3)


def test_noise_and_starting_weights_of_one_seed_are_unrelated(x):
    """They were the same random numbers once, and the article's network ended 4 % worse for it."""
    drawn = []

    def draw(model, x):
        drawn.append(torch.randn(1000))
        return reconstruction()(model, x)

    torch.manual_seed(0)
    starting_weights = torch.randn(1000)
    model = tiny()
    fit(model, x, draw, epochs=1, batch_size=100, seed=0)
    evaluate(model, x, draw, seed=0)
    for noise in drawn:
        assert torch.corrcoef(torch.stack([starting_weights, noise]))[0, 1].abs() < 0.15
    assert torch.corrcoef(torch.stack(drawn))[0, 1].abs() < 0.15


# --- repeatability ----------------------------------------------------------------------------------------------------


def test_the_seed_decides_everything_else(x, device):
    """Bitwise: the same history and weights again, whatever the caller drew in between; others for another seed."""

    def run(seed):
        model = tiny().to(device)
        history = fit(model, x, denoising(), epochs=3, batch_size=8, x_test=x, seed=seed, device=device)
        return without_seconds(history), weights(model)

    first = run(0)
    torch.rand(3)
    again, other = run(0), run(1)
    assert first[0] == again[0]
    assert torch.equal(first[1], again[1])
    assert first[0]["loss"] != other[0]["loss"]
    assert not torch.equal(first[1], other[1])


@pytest.mark.parametrize("call", [fit, evaluate])
def test_a_run_on_the_cpu_does_not_seed_the_gpu(call, x, monkeypatch):
    """Not even one that is not awake yet: the seed would wait for it, in place of the caller's."""
    for module, name in ((torch.cuda, "manual_seed"), (torch.cuda, "manual_seed_all"), (torch.mps, "manual_seed")):
        monkeypatch.setattr(module, name, lambda seed, name=name: pytest.fail(f"{name}({seed}) was called"))
    model = DenseAutoencoder(3, hidden=(8,), image_shape=SHAPE)
    call(model, x, denoising(), device="cpu")


@pytest.mark.parametrize("call", [fit, evaluate])
def test_the_callers_random_state_is_left_as_it_was(call, x, device):
    """Also that of a GPU, whether it takes part or not."""

    def state():
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]

    model = tiny()
    if torch.cuda.is_available():
        torch.rand(1, device="cuda")
    before = state()
    call(model, x, denoising(), device=device)
    assert all(torch.equal(a, b) for a, b in zip(state(), before, strict=True))


def test_a_failed_run_leaves_the_random_state_too(x):
    model = tiny()
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="the loss became nan"):
        fit(model, x, lambda model, x: {"loss": mse(model(x), x) * torch.rand(()) * float("nan")})
    assert torch.equal(torch.get_rng_state(), before)


# --- a loss that is no number -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_a_loss_that_is_not_finite_stops_the_run_and_says_when(bad, x):
    calls = []

    def loss_fn(model, x):
        calls.append(1)
        loss = mse(model(x), x)
        return {"loss": loss + float(bad) if len(calls) == 5 else loss}  # in the third epoch

    with pytest.raises(ValueError, match=rf"the loss became {bad} in epoch 3; expected a finite.*\(lr=0.004\)"):
        fit(tiny(), x, loss_fn, epochs=20, batch_size=20, lr=4e-3)
    assert len(calls) == 6  # not one epoch more


@pytest.mark.parametrize("loss", [bce, nn.functional.binary_cross_entropy, squared_error])
def test_a_check_inside_the_objective_does_not_hide_that_training_diverged(loss, data):
    """Both cross-entropies refuse the NaN that the model answers, and know nothing of learning rates."""

    def objective(model, x):
        mu, logvar = model.encode(x)
        x_hat = model.decode(reparameterize(mu, logvar))
        return {"loss": loss(x_hat, x) + kl_to_standard_normal(mu, logvar).sum(1).mean()}

    torch.manual_seed(0)
    with pytest.raises(
        ValueError, match=r"the loss became nan in epoch \d; expected a finite number. Lower the learning"
    ):
        fit(VAE(), data.x_train[:512], objective, epochs=3, lr=0.5, device="cpu")


def test_a_diverging_vae_is_told_to_lower_the_rate(data):
    torch.manual_seed(0)
    model = VAE()
    with pytest.raises(ValueError, match=r"the loss became nan in epoch 1.*Lower the learning rate \(lr=0.1\)"):
        fit(model, data.x_train[:512], negative_elbo(), epochs=3, lr=0.1, device="cpu")
    assert not model.training


def test_a_gradient_that_is_no_number_is_noticed_in_the_weights(x):
    """The root has an infinite slope at 0: the loss is fine, and so is the history, but for the weights."""

    def loss_fn(model, x):
        x_hat = model(x)
        return {"loss": mse(x_hat, x) + 0 * (x_hat - x_hat.detach()).abs().sqrt().sum()}

    with pytest.raises(ValueError, match="the weights became NaN or infinite in epoch 1"):
        fit(tiny(), x, loss_fn, epochs=1, batch_size=37)


@pytest.mark.parametrize("loss", [lambda x_hat, x: mse(x_hat, x).log(), lambda x_hat, x: bce(x_hat / 0, x)])
def test_a_test_loss_that_is_no_number_is_noticed(loss, x):
    def loss_fn(model, x):
        return {"loss": mse(model(x), x) if model.training else loss(x.clone(), x)}

    with pytest.raises(ValueError, match=r"the loss on x_test became (nan|-inf) in epoch 1"):
        fit(tiny(), x, loss_fn, epochs=2, x_test=x)


def test_evaluate_refuses_a_loss_that_is_no_number(x):
    with pytest.raises(ValueError, match="the loss is nan; expected a finite number"):
        evaluate(tiny(), x, lambda model, x: {"loss": mse(model(x), x) * float("nan")})


def test_another_term_that_is_no_number_is_told_and_trained_on(x):
    def loss_fn(model, x):
        return {"loss": mse(model(x), x), "spread": x.mean() * float("nan")}

    with pytest.warns(TrainingWarning, match="the term 'spread' is nan in epoch 1; expected a finite number") as told:
        history = fit(tiny(), x, loss_fn, epochs=2)
    assert len(told) == 1
    assert len(history["spread"]) == 2
    with pytest.warns(TrainingWarning, match="the term 'spread' is nan; expected"):
        evaluate(tiny(), x, loss_fn)


# --- however a run ends -----------------------------------------------------------------------------------------------


class Elsewhere(nn.Module):
    """A model that notes to which devices it is sent; there need be no second one."""

    def __init__(self):
        super().__init__()
        self.inner, self.sent = tiny(), []

    def to(self, device):
        self.sent.append(str(device))
        return self

    def forward(self, x):
        return self.inner(x)


@pytest.mark.parametrize("call", [fit, evaluate])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, ValueError, MemoryError])
@pytest.mark.parametrize("step", [1, 3])
def test_an_interrupted_run_leaves_the_model_home_and_in_eval_mode(call, error, step, x, monkeypatch):
    calls = []

    def loss_fn(model, x):
        calls.append(1)
        if len(calls) == step:
            raise error("stopped")
        return reconstruction()(model, x)

    model, state = Elsewhere().train(), torch.get_rng_state()
    monkeypatch.setattr(companion._support.device, "_device_of", lambda model: torch.device("meta"))
    with pytest.raises(error, match="stopped"):
        call(model, x, loss_fn, batch_size=8, device="cpu")
    assert model.sent == ["cpu", "meta"]
    assert not any(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_an_interrupted_run_keeps_what_it_has_learnt(x):
    calls = []

    def loss_fn(model, x):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return reconstruction()(model, x)

    model = tiny()
    before = evaluate(model, x, reconstruction())["loss"]
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, loss_fn, batch_size=8)
    assert evaluate(model, x, reconstruction())["loss"] < before


# --- what is no objective, no model -----------------------------------------------------------------------------------


def returning(value):
    return lambda model, x: value(model, x)


@pytest.mark.parametrize(
    ("loss_fn", "message"),
    [
        (nn.MSELoss(), "loss_fn is MSELoss, which compares two tensors; expected a function loss_fn(model, x)"),
        (nn.functional.mse_loss, "loss_fn is mse_loss, which compares two tensors"),
        (denoising, "call it first: denoising()"),
        (negative_elbo, "call it first: negative_elbo()"),
        (l1_sparse, "call it first: l1_sparse(weight)"),
        (None, "loss_fn is a NoneType; expected a function loss_fn(model, x)"),
        ("mse", "loss_fn is a str; expected a function"),
        (mse, "x_hat is a DenseAutoencoder; expected a tensor. A loss compares two tensors"),
        (returning(lambda m, x: denoising()), "loss_fn returned a function"),
        (returning(lambda m, x: mse(m(x), x)), 'loss_fn returned a Tensor; expected a dict {"loss": scalar, ...}'),
        (returning(lambda m, x: (mse(m(x), x),)), "loss_fn returned a tuple; expected a dict"),
        (returning(lambda m, x: None), "loss_fn returned a NoneType; expected a dict"),
        (
            returning(lambda m, x: {"loss": mse(m(x), x).item()}),
            "loss_fn returned a float as 'loss'; expected a tensor",
        ),
        (returning(lambda m, x: {"loss": mse(m(x), x), "n": 3}), "loss_fn returned a int as 'n'; expected a tensor"),
    ],
)
def test_what_is_no_objective_is_refused(loss_fn, message, x):
    with pytest.raises(TypeError, match=re.escape(message)):
        fit(tiny(), x, loss_fn, epochs=1)
    with pytest.raises(TypeError, match=re.escape(message)):
        evaluate(tiny(), x, loss_fn)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (lambda m, x: {"mse": mse(m(x), x)}, "loss_fn returned the entries ['mse']; expected one named \"loss\""),
        (
            lambda m, x: {"loss": (m(x) - x).square().mean((1, 2, 3))},
            "loss_fn returned 'loss' of shape (37,); expected one",
        ),
        (
            lambda m, x: reconstruction()(m, x) | {"z": m.encode(x)},
            "loss_fn returned 'z' of shape (37, 3); expected one",
        ),
        (lambda m, x: reconstruction()(m, x) | {"seconds": x.mean()}, "a term named 'seconds', a name that fit uses"),
        (lambda m, x: reconstruction()(m, x) | {"test_loss": x.mean()}, "a term named 'test_loss'"),
    ],
)
def test_terms_that_cannot_be_recorded_are_refused(terms, message, x):
    for call in (partial(fit, epochs=1), evaluate):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(tiny(), x, returning(terms))


def test_a_term_of_some_batches_only_is_refused(x):
    """Its mean over all images would be too small."""
    calls = []

    def loss_fn(model, x):
        calls.append(1)
        return reconstruction()(model, x) | ({"grey": x.mean()} if len(calls) % 2 else {})

    for call in (partial(fit, epochs=1), evaluate):
        calls.clear()
        with pytest.raises(
            ValueError, match=r"returned the terms \['loss'\] after \['loss', 'grey'\]; expected the same"
        ):
            call(tiny(), x, loss_fn, batch_size=8)


@pytest.mark.parametrize(
    "loss", [lambda m, x: mse(m(x).detach(), x), lambda m, x: mse(m(x).data, x), lambda m, x: x.mean()]
)
def test_a_loss_without_a_gradient_is_refused(loss, x):
    with pytest.raises(ValueError, match=r"the loss does not depend on the weights.*Look for \.detach\(\)"):
        fit(tiny(), x, lambda model, x: {"loss": loss(model, x)}, epochs=1)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda: DenseAutoencoder, TypeError, "model is the class DenseAutoencoder; expected an instance of it"),
        (lambda: lambda x: x, TypeError, "model is a function; expected a torch.nn.Module"),
        (lambda: torch.rand(3), TypeError, "model is a Tensor; expected a torch.nn.Module.*comes first"),
        (lambda: PCA(torch.rand(9, *SHAPE), 2), ValueError, "the PCA has no weights; expected a model with weights"),
        (nn.Identity, ValueError, "the Identity has no weights"),
        (lambda: tiny().requires_grad_(False), ValueError, r"frozen; expected some to train.*requires_grad_\(True\)"),
    ],
)
def test_what_cannot_be_trained_is_refused(model, error, message, x):
    with pytest.raises(error, match=message):
        fit(model(), x, reconstruction(), epochs=1)


def test_some_weights_may_be_frozen(x):
    model = tiny()
    model.encoder.requires_grad_(False)
    frozen = weights(model.encoder)
    before = weights(model.decoder)
    fit(model, x, reconstruction(), epochs=1)
    assert torch.equal(weights(model.encoder), frozen)
    assert not torch.equal(weights(model.decoder), before)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_training_without_gradients_is_refused(context, x):
    with context(), pytest.raises(RuntimeError, match=r"Call fit outside torch.no_grad\(\)"):
        fit(tiny(), x, reconstruction(), epochs=1)


def test_an_error_of_the_objectives_own_keeps_its_type_and_gets_a_note(x):
    def loss_fn(model, x):
        return {"loss": model.encode(x).no_such_method()}

    with pytest.raises(AttributeError, match="no_such_method") as caught:
        fit(tiny(), x, loss_fn, epochs=1)
    assert caught.value.__notes__ == ["Raised by the first call of loss_fn(model, x), with x of shape (37, 1, 4, 4)."]


def test_an_objective_for_another_kind_of_model_is_named(x):
    for call in (partial(fit, epochs=1), evaluate):
        with pytest.raises(TypeError, match=r"l1_sparse does not fit a DenseAutoencoder.*need a OneLayerAutoencoder"):
            call(tiny(), x, l1_sparse(0.1))


def test_a_slip_in_the_models_own_code_is_not_blamed_on_the_objective(x):
    class Slip(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(16, 3)

        def encode(self, x):
            return self.encodr(x.flatten(1))

        def forward(self, x):
            return self.encode(x)

    class Unpacks(Slip):
        def encode(self, x):
            mu, logvar = (x, x, x)
            return mu, logvar

    for call in (partial(fit, epochs=1), evaluate):
        for loss_fn in (reconstruction(), negative_elbo()):
            with pytest.raises(AttributeError, match="encodr") as caught:
                call(Slip(), x, loss_fn)
            assert "Raised by the first call of loss_fn(model, x)" in caught.value.__notes__[0]
            with pytest.raises(ValueError, match="values to unpack"):
                call(Unpacks(), x, loss_fn)


# --- batch normalisation ----------------------------------------------------------------------------------------------


class Normed(nn.Module):
    """A learner's model: batch normalisation after a linear layer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 16), nn.Sigmoid())

    def forward(self, x):
        return self.layers(x.flatten(1)).unflatten(1, SHAPE)


@pytest.mark.parametrize(("n", "batch_size", "other"), [(37, 36, 37), (33, 32, 33), (33, 16, 17), (9, 4, 5), (5, 1, 3)])
def test_a_last_batch_of_one_is_told_with_a_batch_size_that_works(n, batch_size, other, x):
    x = x[:n]
    message = (
        rf"a batch has one image \({n} images in batches of {batch_size}\).*such as {other}, or drop an image: x\[:-1\]"
    )
    with pytest.raises(ValueError, match=message):
        fit(Normed(), x, reconstruction(), epochs=1, batch_size=batch_size)
    fit(Normed(), x, reconstruction(), epochs=1, batch_size=other)
    if batch_size > 1:
        fit(Normed(), x[:-1], reconstruction(), epochs=1, batch_size=batch_size)


def test_batch_normalisation_of_a_single_image_is_refused_plainly(x):
    with pytest.raises(ValueError, match=r"a batch has one image.*Give more images\."):
        fit(Normed(), x[:1], reconstruction(), epochs=1)


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def light(data):
    return 1 - data.x_train[:1000]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "build", [DenseAutoencoder, ConvAutoencoder, UNet, VAE, ConvVAE, ShallowAutoencoder, LinearAutoencoder]
)
def test_digits_are_trained_on_without_a_word(build, data):
    torch.manual_seed(0)
    objective = negative_elbo() if build in (VAE, ConvVAE) else reconstruction()
    fit(build(), data.x_train[:600], objective, epochs=3 if build is not UNet else 1, device="cpu")


def test_light_images_are_told_and_the_advice_works(light):
    build = DenseAutoencoder
    torch.manual_seed(0)
    with pytest.warns(TrainingWarning) as told:
        history = fit(build(), light, reconstruction(), epochs=5, device="cpu")
    first, last = (str(w.message) for w in told)
    assert f"the untrained {build.__name__} answers with a mean pixel of 0.1" in first
    assert "the images have one of 0.87; expected the two to be less than 0.5 apart" in first
    assert f"{build.__name__}(..., mean_pixel=0.87)" in first
    assert "the loss stands still at 0.1" in last
    assert "the mean image, costs 0.067" in last
    assert all(w.filename == __file__ for w in told)  # where fit was called
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        better = fit(build(mean_pixel=0.87), light, reconstruction(), epochs=5, device="cpu")
    assert better["loss"][-1] < 0.5 * history["loss"][-1]


class OwnModel(nn.Module):
    """A learner's, without mean_pixel; its last bias was set for digits."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = mlp(784, 64, 16), mlp(16, 64, 784)
        orthogonal_(self)
        answer_grey_(self.decoder[-1], 0.13)

    def forward(self, x):
        return torch.sigmoid(self.decoder(self.encoder(x.flatten(1)))).unflatten(1, (1, 28, 28))


def test_a_model_without_mean_pixel_gets_advice_that_fits_it(light):
    torch.manual_seed(0)
    model = OwnModel()
    with pytest.warns(
        TrainingWarning, match=r"Call answer_grey_\(layer, 0.87\) on the last layer before the sigmoid"
    ) as told:
        fit(model, light, reconstruction(), epochs=1, device="cpu")
    assert "mean_pixel=" not in str(told[0].message)
    torch.manual_seed(0)
    model = OwnModel()
    answer_grey_(model.decoder[-1], 0.87)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, light, reconstruction(), epochs=5, device="cpu")
        fit(OwnModel(), 1 - light, reconstruction(), epochs=5, device="cpu")  # the other advice


def test_a_linear_answer_may_start_anywhere(light):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(LinearAutoencoder(8), light, reconstruction(), epochs=10, lr=0.01, device="cpu")


def mean_and_kl(x_hat, x):
    return squared_error(x_hat, x) / 784


def test_a_collapsed_vae_is_told(data):
    torch.manual_seed(0)
    objective = negative_elbo(reconstruction_loss=mean_and_kl)
    with pytest.warns(
        TrainingWarning, match="the loss stands still.*in a VAE the KL divergence may weigh too much"
    ) as told:
        fit(VAE(8, (64,)), data.x_train[:1000], objective, epochs=8, device="cpu")
    assert len(told) == 1


def test_warnings_change_nothing(data, monkeypatch):
    """Neither the random state nor a single bit of the history and the weights."""
    runs = []
    for silent in (False, True):
        if silent:
            monkeypatch.setattr(companion._support.watch, "_far_answer", lambda *args: "")
            monkeypatch.setattr(companion._support.watch.Watch, "_standing_still", lambda *args: "")
        torch.manual_seed(0)
        model = nn.Sequential(DenseAutoencoder(8), nn.Dropout(0.1))
        history = fit(model, 1 - data.x_train[:300], denoising(), epochs=4, x_test=data.x_test[:50], device="cpu")
        runs.append((without_seconds(history), weights(model), torch.get_rng_state()))
    assert runs[0][0] == runs[1][0]
    assert torch.equal(runs[0][1], runs[1][1])
    assert torch.equal(runs[0][2], runs[1][2])


def test_what_the_stand_in_cannot_do_is_passed_over(x):
    """An objective may use a model in ways that no stand-in can foresee; fit then knows nothing, and says nothing."""

    def asks_for_more(model, x):
        if not isinstance(model, DenseAutoencoder):
            raise AssertionError
        return {"loss": mse(model(x), x)}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(tiny(), x, asks_for_more, epochs=40, lr=1e-9)
        fit(nn.Sequential(tiny()), x, lambda model, x: {"loss": model[0](x).mean() + 1}, epochs=40, lr=1e-9)


def test_a_lesson_can_silence_them(x):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", TrainingWarning)
        fit(tiny(), x, reconstruction(), epochs=4, lr=1e-9)
    assert not told


# --- saving and loading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        DenseAutoencoder, ConvAutoencoder, UNet, VAE, ConvVAE, LinearAutoencoder, ShallowAutoencoder, VQVAE, Colorizer,
        DigitClassifier, Generator, Discriminator, CodeNet, PixelNet,
        lambda: Denoiser(CodeNet()), lambda: PCA(torch.rand(40, 1, 28, 28), 32),
        lambda: LatentSpace(ConvAutoencoder(8), torch.rand(4, 1, 28, 28)),
        lambda: Denoiser(ConditionalCodeNet()),
    ],
)  # fmt: skip
def test_every_model_can_be_saved_and_loaded(build, tmp_path):
    """The two lines of the page of troubles."""
    torch.manual_seed(0)
    model = build()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    torch.manual_seed(1)
    other = build()
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize(("build", "objective"), [(ConvAutoencoder, reconstruction()), (VAE, negative_elbo())])
def test_training_goes_on_from_a_saved_model(build, objective, data, tmp_path):
    """Bitwise as if it had not been away: fit starts Adam anew at every call, so there is nothing else to save."""
    torch.manual_seed(0)
    model = build()
    fit(model, data.x_train[:200], objective, epochs=2, device="cpu")
    torch.save(model.state_dict(), tmp_path / "model.pt")
    loaded = build()
    loaded.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    more = [fit(m, data.x_train[:200], objective, epochs=2, seed=1, device="cpu") for m in (model, loaded)]
    assert more[0]["loss"] == more[1]["loss"]
    assert torch.equal(weights(model), weights(loaded))


# --- evaluate ---------------------------------------------------------------------------------------------------------


def test_evaluate_is_the_direct_computation(x, device):
    model = tiny().to(device)

    def loss_fn(model, x):
        x_hat = model(x)
        return {"loss": squared_error(x_hat, x), "bce": bce(x_hat, x)}

    terms = evaluate(model, x, loss_fn, device=device)
    assert terms.keys() == {"loss", "bce"}
    assert all(isinstance(value, float) for value in terms.values())
    x_hat = model(x.to(device)).detach().cpu()
    assert terms["loss"] == pytest.approx(((x_hat - x) ** 2).sum().item() / 37, rel=1e-5)
    assert terms["bce"] == pytest.approx(bce(x_hat, x).item(), rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 8, 36, 37, 1000])
def test_evaluate_does_not_depend_on_the_batch_size(batch_size, x):
    x[:5] = 0
    expected = reconstruction()(tiny(), x)["loss"].item()
    assert evaluate(tiny(), x, reconstruction(), batch_size=batch_size)["loss"] == pytest.approx(expected, rel=1e-5)


def test_evaluate_draws_the_same_noise_for_every_model(x):
    """Two models are compared on the same noisy images."""
    seen = []

    def noise(x):
        seen.append(gaussian_noise(x))
        return seen[-1]

    for _ in range(2):
        evaluate(tiny(), x, denoising(noise))
        torch.rand(1)
    evaluate(tiny(), x, denoising(noise), seed=1)
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


def test_evaluate_keeps_no_gradients_and_uses_eval_mode(x):
    def loss_fn(model, x):
        assert not model.training
        assert not torch.is_grad_enabled()
        return reconstruction()(model, x)

    model = tiny().train()
    before = weights(model)
    evaluate(model, x, loss_fn)
    assert torch.is_grad_enabled()
    assert not model.training
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(weights(model), before)


# --- Step, compile, several processes ---------------------------------------------------------------------------------


def test_step_is_model_and_objective_in_one_module(x):
    model = tiny()
    step = Step(model, reconstruction())
    assert torch.equal(step(x)["loss"], reconstruction()(model, x)["loss"])
    assert {id(p) for p in step.parameters()} == {id(p) for p in model.parameters()}


def test_fit_trains_through_step_and_compiles_it_only_on_demand(x, monkeypatch):
    """What torch.compile and DistributedDataParallel wrap is the whole training step."""
    compiled = []
    monkeypatch.setattr(Step, "compile", lambda self: compiled.append(self))
    model = tiny()
    fit(model, x, reconstruction(), epochs=1)
    assert not compiled
    fit(model, x, reconstruction(), epochs=1, compile=True)
    assert [type(step) for step in compiled] == [Step]
    assert compiled[0].model is model


HAS_COMPILER = any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++"))


@pytest.mark.skipif(not HAS_COMPILER, reason="no C++ compiler for torch.compile")
@pytest.mark.filterwarnings("ignore")  # those of torch's own compiler
def test_a_compiled_run_has_nearly_the_same_losses(x, device):
    """x has 40 images here: one shape of batch, so one compilation."""
    x = torch.cat([x, x[:3]])
    runs = []
    for compile in (False, True):
        model = tiny()
        history = fit(model, x, reconstruction(), epochs=5, batch_size=8, compile=compile, device=device)
        runs.append((history["loss"], weights(model)))
    torch._dynamo.reset()
    assert runs[0][0] == pytest.approx(runs[1][0], rel=1e-3)
    torch.testing.assert_close(runs[0][1], runs[1][1], atol=1e-3, rtol=1e-2)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    """What each of the two processes of a gloo group came to; see two_processes.py."""
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("this build of torch has no gloo")
    folder = tmp_path_factory.mktemp("gloo")
    root = str(Path(companion.training.__file__).parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, two_processes_script.__file__, str(rank), str(folder)],
            env=os.environ | {"PYTHONPATH": root},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.stdout.close()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


@pytest.mark.parametrize("n", two_processes_script.SIZES)
def test_two_processes_train_as_one_does(n, two_processes):
    """The same weights and history for the same global batch, also where its last batch cannot be shared evenly."""
    alone, weights_alone = two_processes_script.trained(n, seed=0)
    (history0, weights0), (history1, weights1) = (results[n] for results, _, _ in two_processes)
    assert torch.equal(weights0, weights1)
    torch.testing.assert_close(weights0, weights_alone, atol=1e-4, rtol=1e-3)
    for name in ("loss", "test_loss"):
        assert history0[name] == pytest.approx(history1[name])
        assert history0[name] == pytest.approx(alone[name], rel=1e-4)


def test_two_processes_share_every_batch_and_draw_their_own_noise(two_processes):
    """Where drawing noise moves the order, the processes part ways: some images are seen twice, others never."""
    alone, _ = two_processes_script.spied()
    (seen0, drawn0), (seen1, drawn1) = (spied for _, spied, _ in two_processes)
    assert [sorted(a + b) for a, b in zip(seen0, seen1, strict=True)] == [sorted(batch) for batch in alone]
    assert {len(batch) for batch in seen0 + seen1} == {2, 3, 4}  # of 8 and of 5
    assert not any(torch.equal(a, b) for a, b in zip(drawn0, drawn1, strict=True))


def test_two_processes_stop_together(two_processes):
    """A loss that is no number in one of them: the other would otherwise wait for it for ever."""
    for _, _, message in two_processes:
        assert "the loss became nan in epoch 1" in message


# --- devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_best_device_is_cuda_then_mps_then_cpu(cuda, mps, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device() == torch.device(expected)


def test_a_device_that_is_there_is_taken(device):
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(torch.device("cpu")) == torch.device("cpu")
    assert pick_device(device) == device


@pytest.mark.parametrize("device", ["gpu", "warp-drive", "meta", "cuda:99", "cpu:x", ""])
def test_a_device_that_is_not_there_is_named(device, x):
    for call in (
        pick_device,
        partial(fit, tiny(), x, reconstruction()),
        partial(evaluate, tiny(), x, reconstruction()),
    ):
        with pytest.raises(RuntimeError, match=r"expected 'cpu', 'cuda' or 'mps'. Leave it out") as error:
            call(device=device)
        assert f"device is {device!r}" in str(error.value)


@pytest.mark.parametrize(
    ("name", "there"), [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
)
def test_no_gpu_is_said_and_never_replaced_in_silence(name, there):
    if there:
        pytest.skip(f"this machine has {name}")
    with pytest.raises(RuntimeError, match=rf"device is '{name}', which this machine .* does not have"):
        pick_device(name)


# --- progress ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["off", "on"])
def test_the_progress_bar_can_be_switched_off_and_waits_for_long_runs(setting, monkeypatch):
    """A bar in a notebook's stored output would change from run to run."""
    monkeypatch.setenv("COMPANION_PROGRESS", setting)
    bar = companion.training.progress(range(3))
    assert bar.disable == (setting == "off")
    assert list(bar) == [0, 1, 2]
    if setting == "on":
        assert bar.delay == 2


def test_short_runs_print_nothing(x, capfd, monkeypatch):
    monkeypatch.delenv("COMPANION_PROGRESS")
    fit(tiny(), x, reconstruction(), epochs=2)
    assert capfd.readouterr() == ("", "")
