"""The VQ-VAE's rounding against brute force, and where each of its gradients goes."""

import pytest
import torch

from companion import fit, squared_error
from companion.vqvae import VQVAE, vector_quantised


@pytest.fixture
def model():
    return VQVAE(entries=8, size=3)


def test_shapes(model):
    x = torch.rand(2, 1, 28, 28)
    z = model.encode(x)
    indices = model.nearest(z)
    assert z.shape == (2, 3, 7, 7)
    assert indices.shape == (2, 7, 7)
    assert model.look_up(indices).shape == (2, 3, 7, 7)
    assert model(x).shape == x.shape
    assert torch.equal(model(x), model.decode(model.look_up(indices)))


def test_nearest_is_the_nearest(model):
    z = torch.randn(2, 3, 7, 7)
    indices = model.nearest(z)
    for b, i, j in ((0, 0, 0), (1, 2, 5), (0, 6, 3)):
        d = (model.codebook - z[b, :, i, j]).square().sum(1)
        assert indices[b, i, j] == d.argmin()


def test_an_entry_is_its_own_nearest(model):
    indices = torch.randint(8, (2, 7, 7))
    assert torch.equal(model.nearest(model.look_up(indices)), indices)


def test_straight_through(model):
    """The encoder's gradient of the reconstruction is that at the entries, handed on unchanged."""
    x = torch.rand(2, 1, 28, 28)
    z = model.encode(x)
    e = model.look_up(model.nearest(z)).detach().requires_grad_()
    reconstruction = squared_error(model.decode(e), x)
    (at_entries,) = torch.autograd.grad(reconstruction, e)
    weights = list(model.encoder.parameters())
    expected = torch.autograd.grad(z, weights, at_entries)
    terms = vector_quantised(beta=0.0)(model, x)
    found = torch.autograd.grad(terms["reconstruction"], weights)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert terms["reconstruction"].item() == pytest.approx(reconstruction.item(), rel=1e-5)


def test_which_term_moves_what(model):
    x = torch.rand(2, 1, 28, 28)
    terms = vector_quantised()(model, x)
    assert torch.autograd.grad(terms["codebook"], model.codebook, retain_graph=True)[0].any()
    unused = torch.autograd.grad(terms["codebook"], model.encoder[0].weight, retain_graph=True, allow_unused=True)
    assert unused == (None,)
    by_reconstruction = torch.autograd.grad(terms["reconstruction"], model.codebook, allow_unused=True)
    assert by_reconstruction == (None,)


def test_the_loss_adds_up(model):
    x = torch.rand(2, 1, 28, 28)
    with torch.no_grad():
        z = model.encode(x)
        apart = squared_error(z, model.look_up(model.nearest(z))).item()
        terms = {name: value.item() for name, value in vector_quantised(beta=0.5)(model, x).items()}
    assert terms["codebook"] == pytest.approx(apart)
    assert terms["loss"] == pytest.approx(terms["reconstruction"] + 1.5 * apart, rel=1e-5)


def test_it_learns(data):
    torch.manual_seed(0)
    model = VQVAE()
    history = fit(model, data.x_train[:500], vector_quantised(), epochs=3, lr=5e-3)
    assert history["reconstruction"][-1] < 0.7 * history["reconstruction"][0]


def test_refuses():
    with pytest.raises(ValueError, match="entries is 0"):
        VQVAE(entries=0)
    with pytest.raises(ValueError, match=r"size is 2\.5"):
        VQVAE(size=2.5)
    with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
        VQVAE().encode(torch.zeros(1, 3, 28, 28))
