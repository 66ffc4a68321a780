"""Maps: scikit-learn and autograd as oracles, every error message, and what the picture holds."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.spatial.distance import squareform
from sklearn.manifold import _t_sne
from sklearn.neighbors import KNeighborsClassifier
from torch._subclasses import FakeTensorMode

from companion import DenseAutoencoder, digits, fit
from companion.plots import show_map
from companion.visualisation import affinities, neighbour_accuracy, neighbour_embedding, tsne_divergence


@pytest.fixture(scope="module")
def some():
    x, y, x_test, y_test = digits()
    return x[:200].flatten(1), y[:200], x_test[:80].flatten(1), y_test[:80]


def test_accuracy_on_new_points_is_scikit_learns(some):
    x, y, x_new, y_new = some
    for k in (1, 4, 10):
        expected = KNeighborsClassifier(k).fit(x, y).score(x_new, y_new)
        assert neighbour_accuracy(x, y, x_new, y_new, neighbours=k) == pytest.approx(expected)


def test_leave_one_out_is_a_classifier_without_the_point(some):
    x, y = some[0][:60], some[1][:60]
    hits = 0
    for i in range(60):
        rest = torch.arange(60) != i
        hits += KNeighborsClassifier(5).fit(x[rest], y[rest]).predict(x[i : i + 1])[0] == y[i]
    assert neighbour_accuracy(x, y, neighbours=5) == pytest.approx(hits / 60)


def test_a_tie_goes_to_the_smaller_label_and_labels_may_have_gaps():
    z = torch.tensor([[0.0], [1.0], [10.0]])
    y = torch.tensor([7, 3, 5])
    assert neighbour_accuracy(z, y, torch.tensor([[0.4]]), torch.tensor([3]), neighbours=2) == 1
    assert neighbour_accuracy(z, y, torch.tensor([[0.4]]), torch.tensor([7]), neighbours=1) == 1


def test_affinities_are_scikit_learns(some):
    x = some[0]
    squared = torch.cdist(x, x).square().numpy().astype(np.float32)
    expected = squareform(_t_sne._joint_probabilities(squared, 20.0, 0))
    p = affinities(x, 20.0).numpy()
    assert np.abs(p - expected).max() < 1e-4 * expected.max()
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(p, p.T)
    assert not p.diagonal().any()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_affinities_do_not_depend_on_the_unit(some, scale):
    assert torch.allclose(affinities(scale * some[0], 15), affinities(some[0], 15), rtol=1e-2, atol=1e-7)


def test_affinities_of_equal_points_are_equal():
    p = affinities(torch.zeros(6, 3), 2.0)
    assert torch.allclose(p, (1 - torch.eye(6)) / 30)


def test_divergence_and_gradient_are_scikit_learns(some):
    p = affinities(some[0], 20.0)
    torch.manual_seed(0)
    z = torch.randn(200, 2, requires_grad=True)
    divergence = tsne_divergence(z, p)
    (gradient,) = torch.autograd.grad(divergence, z)
    expected, expected_gradient = _t_sne._kl_divergence(
        z.detach().double().numpy().ravel(), squareform(p.double().numpy(), checks=False), 1, 200, 2
    )
    assert divergence.item() == pytest.approx(expected, rel=1e-5)
    assert np.abs(gradient.numpy().ravel() - expected_gradient).max() < 1e-6


def test_divergence_is_zero_where_the_two_agree():
    z = torch.tensor([[0.0, 0], [1, 0], [0, 2]])
    weights = 1 / (1 + torch.cdist(z, z).square()) * (1 - torch.eye(3))
    assert tsne_divergence(z, weights / weights.sum()).item() == pytest.approx(0, abs=1e-6)


def test_neighbour_embedding_trains_an_encoder_to_separate_digits():
    x, y, *_ = digits()
    x, y = x[:400], y[:400]
    torch.manual_seed(0)
    model = DenseAutoencoder(2, hidden=(64,))
    decoder = [w.clone() for w in model.decoder.parameters()]
    before = neighbour_accuracy(model.encode(x).detach(), y)
    history = fit(model, x, neighbour_embedding(10), epochs=15, batch_size=200, device="cpu")
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert neighbour_accuracy(model.encode(x).detach(), y) > before + 0.1
    assert all(torch.equal(a, b) for a, b in zip(decoder, model.decoder.parameters(), strict=True))


def test_neighbour_embedding_is_the_divergence_of_the_batch(some):
    x = some[0].unflatten(1, (1, 28, 28))
    torch.manual_seed(0)
    model = DenseAutoencoder(2)
    expected = tsne_divergence(model.encode(x), affinities(some[0], 12.0))
    assert torch.allclose(neighbour_embedding(12)(model, x)["loss"], expected)


@pytest.mark.parametrize(
    ("error", "message", "function"),
    [
        (TypeError, "z is a ndarray", lambda z, y: neighbour_accuracy(z.numpy(), y)),
        (ValueError, "expected (N, d), at least one point", lambda z, y: neighbour_accuracy(z[0], y)),
        (ValueError, "expected (N, d), at least one point", lambda z, y: neighbour_accuracy(z[:0], y[:0])),
        (ValueError, "more than neighbours, 10", lambda z, y: neighbour_accuracy(z[:1], y[:1])),
        (ValueError, "z_new has 1 columns", lambda z, y: neighbour_accuracy(z, y, z[:, :1], y)),
        (ValueError, "z contains NaN", lambda z, y: neighbour_accuracy(z * math.nan, y)),
        (TypeError, "whole numbers", lambda z, y: neighbour_accuracy(z, y.float())),
        (TypeError, "y is list", lambda z, y: neighbour_accuracy(z, y.tolist())),
        (ValueError, "y has shape (19,) for 20 points", lambda z, y: neighbour_accuracy(z, y[1:])),
        (ValueError, "expected none below 0", lambda z, y: neighbour_accuracy(z, y - 1)),
        (ValueError, "only one of z_new and y_new", lambda z, y: neighbour_accuracy(z, y, z)),
        (ValueError, "only one of z_new and y_new", lambda z, y: neighbour_accuracy(z, y, None, y)),
        (ValueError, "z_new contains NaN", lambda z, y: neighbour_accuracy(z, y, z * math.nan, y)),
        (ValueError, "y_new has shape", lambda z, y: neighbour_accuracy(z, y, z, y[1:])),
        (ValueError, "neighbours is 0", lambda z, y: neighbour_accuracy(z, y, neighbours=0)),
        (ValueError, "more than neighbours, 20", lambda z, y: neighbour_accuracy(z, y, neighbours=20)),
        (TypeError, "x is a list", lambda z, y: affinities(z.tolist(), 5)),
        (ValueError, "x contains NaN", lambda z, y: affinities(z * math.inf, 5)),
        (ValueError, "perplexity is 1;", lambda z, y: affinities(z, 1)),
        (ValueError, "below N - 1 = 19", lambda z, y: affinities(z, 19)),
        (ValueError, "perplexity is 'all'", lambda z, y: affinities(z, "all")),
        (ValueError, "perplexity is True", lambda z, y: affinities(z, True)),
        (ValueError, "expected (N, d) and (N, N)", lambda z, y: tsne_divergence(z, torch.ones(19, 19))),
        (ValueError, "expected (N, d) and (N, N)", lambda z, y: tsne_divergence(z[0], torch.ones(2, 2))),
        (ValueError, "expected a number above 1", lambda z, y: neighbour_embedding(0.5)),
        (ValueError, "expected a number above 1", lambda z, y: neighbour_embedding("ten")),
        (ValueError, "z has 1 columns", lambda z, y: show_map(z[:, :1], y)),
        (ValueError, "expected digits 0 to 9", lambda z, y: show_map(z, y + 1)),
        (ValueError, "y has shape", lambda z, y: show_map(z, y[1:])),
    ],
)
def test_bad_input_gets_one_clear_message(error, message, function):
    z, y = torch.randn(20, 2), torch.arange(20) % 10
    with pytest.raises(error) as raised:
        function(z, y)
    assert message in str(raised.value)
    plt.close("all")


def test_the_objective_computes_where_the_points_are_also_on_a_machine_without_a_gpu(monkeypatch):
    """Tensors that only claim to be on a GPU: PyTorch refuses to combine them with others, as a GPU would."""
    monkeypatch.setattr("companion.visualisation._check_perplexity", lambda *_: None)  # it reads the numbers
    with FakeTensorMode():
        p = affinities(torch.empty(8, 3, device="cuda"), 2.0)
        assert p.device.type == "cuda"
        assert tsne_divergence(torch.empty(8, 2, device="cuda"), p).device.type == "cuda"
