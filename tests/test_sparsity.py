"""Wide codes: the network, the static, the three constraints, and the linear probe."""

from functools import partial

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.distributions import Bernoulli, kl_divergence

from companion import fit, mse, reconstruction, squared_error
from companion.sparsity import (
    OneLayerAutoencoder,
    ShallowAutoencoder,
    bernoulli_kl,
    kl_sparse,
    l1_sparse,
    linear_probe,
    static,
    strength,
    top_k,
    units_on,
)

SMALL = {"image_shape": (1, 4, 4)}


@pytest.fixture
def x(device):
    return torch.rand(12, 1, 4, 4, device=device)


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code_size", [3, 16, 40])
@pytest.mark.parametrize("activation", [torch.relu, torch.sigmoid, nn.Identity(), partial(top_k, k=2)])
def test_shapes_and_path(code_size, activation, x, device):
    model = ShallowAutoencoder(code_size, activation, **SMALL).to(device)
    z = model.encode(x)
    assert z.shape == (12, code_size)
    assert model(x).shape == x.shape
    assert torch.equal(model(x), model.decode(z))
    by_hand = activation(x.flatten(1) @ model.encoder.weight.T + model.encoder.bias)
    assert torch.allclose(z, by_hand, atol=1e-5)


def test_images_with_colours_and_other_sizes():
    model = ShallowAutoencoder(7, image_shape=(3, 5, 6))
    assert model(torch.rand(2, 3, 5, 6)).shape == (2, 3, 5, 6)


def test_the_plain_network_starts_as_pytorch_draws_it():
    torch.manual_seed(3)
    model = OneLayerAutoencoder(20, **SMALL)
    torch.manual_seed(3)
    encoder, decoder = nn.Linear(16, 20), nn.Linear(20, 16)
    for layer, expected in ((model.encoder, encoder), (model.decoder, decoder)):
        assert torch.equal(layer.weight, expected.weight)
        assert torch.equal(layer.bias, expected.bias)


def test_a_wide_linear_network_starts_as_the_identity(x, device):
    model = ShallowAutoencoder(20, nn.Identity(), **SMALL).to(device)
    assert torch.allclose(model(x), x, atol=1e-5)


def test_a_narrow_linear_network_starts_as_a_projection(x, device):
    model = ShallowAutoencoder(5, nn.Identity(), **SMALL).to(device)
    once = model(x)
    assert torch.allclose(model(once), once, atol=1e-5)
    assert torch.linalg.matrix_rank(model.decoder.weight @ model.encoder.weight) == 5
    assert not torch.allclose(once, x, atol=0.1)


def test_the_decoder_shares_its_start_but_not_its_weights():
    model = ShallowAutoencoder(20, **SMALL)
    assert torch.equal(model.decoder.weight, model.encoder.weight.T)
    with torch.no_grad():
        model.encoder.weight.zero_()
    assert model.decoder.weight.abs().sum() > 0
    assert model.encoder.bias.abs().sum() == model.decoder.bias.abs().sum() == 0


def test_it_can_be_trained():
    x = torch.rand(64, 1, 4, 4)
    model = ShallowAutoencoder(40, **SMALL)
    history = fit(model, x, reconstruction(), epochs=20, device="cpu")
    assert history["loss"][-1] < 0.5 * history["loss"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"code_size": 0}, "code_size is 0"),
        ({"code_size": 2.5}, "code_size is 2.5"),
        ({"image_shape": (28, 28)}, r"expected \(C, H, W\)"),
    ],
)
def test_bad_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ShallowAutoencoder(**arguments)


def test_bad_inputs_are_refused():
    model = ShallowAutoencoder(5, **SMALL)
    with pytest.raises(ValueError, match="this model expects"):
        model(torch.rand(2, 1, 5, 5))
    with pytest.raises(ValueError, match="expects codes"):
        model.decode(torch.rand(2, 6))


# --- static -----------------------------------------------------------------------------------------------------------


def test_static_has_the_averages_and_nothing_else(device):
    x = torch.zeros(4, 1, 3, 3, device=device)
    x[0] = 1  # an average of 0.25 at every pixel but two
    x[:, :, 0, 0], x[:, :, 2, 2] = 0, 1
    drawn = static(x, 20_000)
    assert drawn.shape == (20_000, 1, 3, 3)
    assert drawn.device == x.device
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(drawn.mean(0), x.mean(0), atol=0.02)
    assert (drawn[:, 0, 0, 0] == 0).all()
    assert (drawn[:, 0, 2, 2] == 1).all()
    between = torch.corrcoef(drawn.flatten(1)[:, 1:8].T)  # the seven pixels that vary
    assert (between - torch.eye(7, device=device)).abs().max() < 0.04


def test_static_follows_the_seed(x):
    torch.manual_seed(3)
    first = static(x, 5)
    torch.manual_seed(3)
    assert torch.equal(static(x, 5), first)
    assert not torch.equal(static(x, 5), first)


def test_static_refuses_bad_input(x):
    for n in (0, -1, 2.0):
        with pytest.raises(ValueError, match="n is"):
            static(x, n)
    with pytest.raises(ValueError, match=r"expected images \(B, C, H, W\)"):
        static(x[0], 3)
    with pytest.raises(ValueError, match="pixels in"):
        static(x * 255, 3)


# --- strength and activity --------------------------------------------------------------------------------------------


def test_strength_is_the_length_of_what_a_unit_draws(x, device):
    model = ShallowAutoencoder(6, nn.Identity(), **SMALL).to(device)
    with torch.no_grad():
        model.decoder.weight *= torch.rand(6, device=device)
    z = model.encode(x)
    for unit in range(6):
        alone = torch.zeros_like(z)
        alone[:, unit] = z[:, unit]
        drawn = (model.decode(alone) - model.decode(torch.zeros_like(z))).flatten(1)
        assert torch.allclose(strength(model, z)[:, unit], drawn.norm(dim=1), atol=1e-5)


def test_strength_does_not_change_with_the_scale_of_the_code(x, device):
    model = ShallowAutoencoder(20, **SMALL).to(device)
    before = strength(model, model.encode(x)).detach()
    x_hat = model(x).detach()
    with torch.no_grad():
        model.encoder.weight /= 10
        model.decoder.weight *= 10
    assert torch.allclose(model(x), x_hat, atol=1e-5)
    assert torch.allclose(strength(model, model.encode(x)), before, atol=1e-5)


def test_units_on_counts_what_is_above_the_threshold(x, device):
    model = ShallowAutoencoder(20, **SMALL).to(device)
    above = units_on(model, x)
    assert above.dtype == torch.bool
    assert torch.equal(above, strength(model, model.encode(x)) > 0.1)
    assert torch.equal(units_on(model, x, 0.5), strength(model, model.encode(x)) > 0.5)
    model.activation = partial(top_k, k=3)
    assert (units_on(model, x, 0).sum(1) == 3).all()


# --- L1 ---------------------------------------------------------------------------------------------------------------


def test_l1_sums_over_pixels_and_units_and_averages_over_images(x, device):
    model = ShallowAutoencoder(20, **SMALL).to(device)
    terms = l1_sparse(0.3)(model, x)
    z, x_hat = model.encode(x), model(x)
    error = sum(((a - b) ** 2).sum() for a, b in zip(x_hat, x, strict=True)) / len(x)
    columns = model.decoder.weight.square().sum(0).sqrt()
    penalty = sum((row.abs() * columns).sum() for row in z) / len(x)
    assert torch.allclose(terms["error"], error)
    assert torch.allclose(terms["penalty"], penalty)
    assert torch.allclose(terms["loss"], error + 0.3 * penalty)
    twice = l1_sparse(0.3)(model, torch.cat([x, x]))
    assert torch.allclose(twice["loss"], terms["loss"])


def test_a_larger_l1_weight_leaves_fewer_units(data):
    counts = []
    for weight in (0.1, 1.0, 1000.0):
        torch.manual_seed(0)
        model = ShallowAutoencoder(64)
        fit(model, data.x_train[:500], l1_sparse(weight), epochs=4, device="cpu")
        counts.append(units_on(model, data.x_test).sum(1).float().mean().item())
    assert counts[0] > counts[1] > counts[2]
    assert counts[2] < 1


def test_l1_finds_the_soft_threshold():
    """One unit with a fixed column of length 1: the best z is a - weight / 2."""
    z = torch.tensor([[1.0]], requires_grad=True)
    model = ShallowAutoencoder(1, image_shape=(1, 2, 2))
    column = model.decoder.weight.detach()[:, 0]
    x = (2 * column).reshape(1, 1, 2, 2)
    model.encode = lambda x: z
    optimizer = torch.optim.SGD([z], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        l1_sparse(0.5)(model, x)["loss"].backward()
        optimizer.step()
    assert z.item() == pytest.approx(1.75, abs=1e-4)


@pytest.mark.parametrize("weight", [0, -1, float("nan"), "0.5", True])
def test_l1_refuses_a_bad_weight(weight):
    with pytest.raises(ValueError, match="weight is"):
        l1_sparse(weight)


# --- KL ---------------------------------------------------------------------------------------------------------------


def test_bernoulli_kl_is_torchs(device):
    q = torch.linspace(0.01, 0.99, 50, device=device)
    for rho in (0.01, 0.3, 0.9):
        expected = kl_divergence(Bernoulli(torch.tensor(rho, device=device)), Bernoulli(q))
        assert torch.allclose(bernoulli_kl(rho, q), expected, atol=1e-5)


def test_bernoulli_kl_outside_the_open_interval(device):
    values = bernoulli_kl(0.01, torch.tensor([0.0, 1.0, 1.2, -0.1], device=device))
    assert values[:2].isinf().all()
    assert values[2:].isnan().all()


def test_kl_averages_over_images_and_sums_over_units(x, device):
    model = ShallowAutoencoder(20, torch.sigmoid, **SMALL).to(device)
    terms = kl_sparse(0.05, 2.0)(model, x)
    q = model.encode(x).mean(0)
    penalty = sum(kl_divergence(Bernoulli(torch.tensor(0.05, device=device)), Bernoulli(p)) for p in q)
    assert torch.allclose(terms["penalty"], penalty)
    assert torch.allclose(terms["error"], squared_error(model(x), x))
    assert torch.allclose(terms["loss"], terms["error"] + 2 * terms["penalty"])


def test_kl_pulls_the_averages_to_the_target():
    x = torch.rand(64, 1, 4, 4)
    model = ShallowAutoencoder(10, torch.sigmoid, **SMALL)
    fit(model, x, kl_sparse(0.1, 1000.0), epochs=100, lr=0.03, device="cpu")
    assert torch.allclose(model.encode(x).mean(0), torch.full((10,), 0.1), atol=0.02)


def test_kl_refuses_a_code_outside_the_unit_interval(x, device):
    for activation in (lambda a: torch.relu(a) + 1.5, lambda a: torch.sigmoid(a) - 1, lambda a: a * float("nan")):
        model = ShallowAutoencoder(10, activation, **SMALL).to(device)
        with pytest.raises(ValueError, match=r"the KL penalty expects \[0, 1\]"):
            kl_sparse(0.05, 1.0)(model, x)


@pytest.mark.parametrize("rho", [0, 1, -0.1, 2, "x"])
def test_kl_refuses_a_bad_target(rho):
    with pytest.raises(ValueError, match="rho is"):
        kl_sparse(rho, 1.0)


@pytest.mark.parametrize("weight", [0, -1, float("inf")])
def test_kl_refuses_a_bad_weight(weight):
    with pytest.raises(ValueError, match="weight is"):
        kl_sparse(0.05, weight)


# --- top-k ------------------------------------------------------------------------------------------------------------


def test_top_k_keeps_the_largest_of_each_row(device):
    a = torch.tensor([[3.0, -1, 2, 5], [-4, -3, -2, -1]], device=device)
    expected = torch.tensor([[3.0, 0, 0, 5], [0, 0, -2, -1]], device=device)
    assert torch.equal(top_k(a, 2), expected)
    assert torch.equal(top_k(a, 4), a)


def test_gradients_pass_where_a_number_was_kept(device):
    a = torch.tensor([[3.0, -1, 2, 5]], device=device, requires_grad=True)
    (top_k(a, 2) * torch.arange(1.0, 5, device=device)).sum().backward()
    assert a.grad.tolist() == [[1, 0, 0, 4]]


@pytest.mark.parametrize("k", [0, -1, 1.5, 5, True])
def test_top_k_refuses_a_bad_k(k):
    with pytest.raises(ValueError, match="k is"):
        top_k(torch.rand(2, 4), k)


def test_top_k_refuses_a_bad_shape():
    with pytest.raises(ValueError, match=r"expected \(B, n\)"):
        top_k(torch.rand(4), 2)


# --- the probe --------------------------------------------------------------------------------------------------------


def test_the_probe_is_scikit_learns_logistic_regression(data):
    z, z_test = data.x_train[:200].flatten(1), data.x_test.flatten(1)
    y, y_test = data.y_train[:200], data.y_test
    scale = (z - z.mean(0)).norm(dim=1).square().mean().sqrt()
    inputs, tests = ((v - z.mean(0)) / scale for v in (z, z_test))
    expected = LogisticRegression(C=10, max_iter=1000).fit(inputs.numpy(), y).score(tests.numpy(), y_test)
    assert linear_probe(z, y, z_test, y_test) == pytest.approx(expected, abs=0.003)
    assert 0.6 < expected < 0.9


def test_the_probe_does_not_depend_on_scale_and_place(data):
    z, z_test = data.x_train[:100].flatten(1), data.x_test.flatten(1)
    plain = linear_probe(z, data.y_train[:100], z_test, data.y_test)
    moved = linear_probe(100 * z - 7, data.y_train[:100], 100 * z_test - 7, data.y_test)
    assert moved == pytest.approx(plain, abs=0.005)


def test_the_probe_passes_c_on(data):
    z, z_test = data.x_train[:100].flatten(1), data.x_test.flatten(1)
    weak = linear_probe(z, data.y_train[:100], z_test, data.y_test, c=1e-6)
    assert weak < linear_probe(z, data.y_train[:100], z_test, data.y_test)


def test_the_probe_refuses_bad_input():
    z, y = torch.rand(10, 3), torch.arange(10) % 2
    with pytest.raises(ValueError, match="z has shape"):
        linear_probe(z, y[:5], z, y)
    with pytest.raises(ValueError, match="z_test has shape"):
        linear_probe(z, y, z[:, 0], y)
    with pytest.raises(ValueError, match="all codes in z are the same"):
        linear_probe(torch.ones(10, 3), y, z, y)
    with pytest.raises(ValueError, match="c is 0"):
        linear_probe(z, y, z, y, c=0)


# --- the chapter's claim, in small ------------------------------------------------------------------------------------


def test_a_wide_network_copies_static_and_a_narrow_one_cannot(data):
    shown = static(data.x_train, 200)
    variance = mse(data.x_train.mean(0).expand_as(shown), shown)
    back = {}
    for size in (800, 32):
        model = ShallowAutoencoder(size)
        fit(model, data.x_train[:1000], reconstruction(), epochs=2, device="cpu")
        back[size] = 1 - mse(model(shown), shown) / variance
    assert back[800] > 0.6
    assert back[32] < 0.2
