"""The VQ-VAE: its rounding against brute force, where each gradient goes. Its prior: who hears whom, what it costs, what it draws."""

import pytest
import torch

from companion import fit, squared_error
from companion.vqvae import VQVAE, CodePrior, fit_prior, vector_quantised


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


@pytest.fixture
def prior():
    torch.manual_seed(0)
    return CodePrior(entries=5, kinds=3, units=4)


def test_a_place_hears_the_earlier_ones_alone(prior):
    """The gradient of one place's logits with respect to the numbers that stand for each place's entry."""
    codes, kinds = torch.randint(5, (6, 7, 7)), torch.randint(3, (6,))
    found = {}

    def keep(module, given, x):
        found["x"] = x.detach().requires_grad_()
        return found["x"]

    prior.vector.register_forward_hook(keep)
    for place in (0, 1, 8, 30, 48):
        logits = prior(codes, kinds)[:, place]
        (gradient,) = torch.autograd.grad(logits.square().sum(), found["x"])  # (6, 49, size)
        heard = gradient.abs().amax((0, 2)) > 0
        assert heard.tolist() == [earlier < place for earlier in range(49)]


def test_the_probabilities_of_all_codes_add_up():
    """Two entries at the last two places: four codes, and the product of two conditional probabilities for each."""
    prior, kinds = CodePrior(entries=2, kinds=1, units=3), torch.zeros(4, dtype=torch.long)
    codes = torch.zeros(4, 49, dtype=torch.long)
    codes[:, 47:] = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    codes = codes.reshape(4, 7, 7)
    with torch.no_grad():
        before = prior(codes, kinds)[:1, :47].log_softmax(2)[0, :, 0].sum()
        assert (-prior.nats(codes, kinds) - before).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_the_nats_of_a_prior_by_hand(prior):
    codes, kinds = torch.randint(5, (2, 7, 7)), torch.tensor([0, 2])
    logits = prior(codes, kinds)
    expected = -logits[1].log_softmax(1)[range(49), codes[1].flatten()].sum()
    torch.testing.assert_close(prior.nats(codes, kinds)[1], expected)


def test_the_kind_is_heard_at_every_place(prior):
    codes = torch.zeros(2, 7, 7, dtype=torch.long)
    a, b = prior(codes, torch.tensor([0, 1]))
    assert (a != b).any(1).all()


def test_forgetting(prior):
    """A share of 1 leaves nothing to hear; 0 draws nothing at random that shows."""
    kinds = torch.zeros(1, dtype=torch.long)
    a, b = torch.zeros(1, 7, 7, dtype=torch.long), torch.ones(1, 7, 7, dtype=torch.long)
    assert torch.equal(prior(a, kinds, forget=1.0), prior(b, kinds, forget=1.0))
    assert torch.equal(prior(a, kinds), prior(a, kinds))
    assert not torch.equal(prior(a, kinds, forget=0.5), prior(a, kinds, forget=0.5))


def test_it_draws_what_it_gives_a_chance(prior):
    """Shares of the first and the last place over many draws against the probabilities; at a low temperature, the likeliest."""
    kinds = torch.full((4000,), 2)
    codes = prior.draw(kinds)
    with torch.no_grad():
        logits = prior(codes, kinds)
    for place in (0, 48):
        shares = torch.bincount(codes.flatten(1)[:, place], minlength=5) / 4000
        torch.testing.assert_close(shares, logits[:, place].softmax(1).mean(0), rtol=0, atol=0.03)
    cold = prior.draw(kinds[:3], temperature=1e-4)
    with torch.no_grad():
        assert torch.equal(prior(cold, kinds[:3]).argmax(2).reshape(3, 7, 7), cold)


def test_a_prior_learns_one_batch_by_heart():
    torch.manual_seed(0)
    prior = CodePrior(entries=4, kinds=2, units=8)
    codes, kinds = torch.randint(4, (8, 7, 7)), torch.arange(8) % 2
    history = fit_prior(prior, codes, kinds, epochs=300, lr=0.02, forget=0, weight_decay=0)
    assert history[0] > 40
    assert history[-1] < 2
    first = prior.draw(torch.zeros(20, dtype=torch.long))
    assert all((code == codes[::2]).flatten(1).all(1).any() for code in first)


def test_a_prior_is_trained_alike_with_one_seed():
    codes, kinds = torch.randint(5, (20, 7, 7)), torch.randint(3, (20,))

    def train(seed):
        torch.manual_seed(0)
        prior = CodePrior(entries=5, kinds=3, units=4)
        state = torch.get_rng_state()
        history = fit_prior(prior, codes, kinds, epochs=2, batch_size=8, seed=seed)
        assert torch.equal(torch.get_rng_state(), state)
        return history

    assert train(1) == train(1)
    assert train(1) != train(2)


def test_a_prior_refuses(prior):
    codes, kinds = torch.zeros(2, 7, 7, dtype=torch.long), torch.zeros(2, dtype=torch.long)
    with pytest.raises(ValueError, match="layers is 0"):
        CodePrior(layers=0)
    with pytest.raises(TypeError, match=r"codes is torch\.float32; expected a tensor of whole numbers"):
        prior(codes.float(), kinds)
    with pytest.raises(TypeError, match="codes is list"):
        prior([0], kinds)
    with pytest.raises(ValueError, match=r"codes has shape \(2, 49\)"):
        prior(codes.flatten(1), kinds)
    with pytest.raises(ValueError, match="codes go from 0 to 5; this prior knows the entries 0 to 4"):
        prior(codes + torch.tensor([[[0]], [[5]]]), kinds)
    with pytest.raises(ValueError, match=r"kinds has shape \(1,\)"):
        prior(codes, kinds[:1])
    with pytest.raises(ValueError, match="kinds go from 3 to 3; this prior knows the kinds 0 to 2"):
        prior(codes, kinds + 3)
    with pytest.raises(ValueError, match=r"forget is 1\.5"):
        prior(codes, kinds, forget=1.5)
    with pytest.raises(ValueError, match="temperature is 0"):
        prior.draw(kinds, temperature=0)
    with pytest.raises(ValueError, match="epochs is 0"):
        fit_prior(prior, codes, kinds, epochs=0)
    with pytest.raises(ValueError, match="lr is -1"):
        fit_prior(prior, codes, kinds, lr=-1)
    with pytest.raises(ValueError, match="weight_decay is -1"):
        fit_prior(prior, codes, kinds, weight_decay=-1)
    with pytest.raises(ValueError, match="seed is -1"):
        fit_prior(prior, codes, kinds, seed=-1)
