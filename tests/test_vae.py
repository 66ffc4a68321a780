"""The VAE's pieces against torch.distributions, autograd, closed forms and a model whose likelihood is known."""

from functools import partial
from itertools import pairwise
from math import log, pi, sqrt

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from companion import DenseAutoencoder, bce, evaluate, fit, mse, squared_error
from companion.losses import continuous_bernoulli_nll, gaussian_nll
from companion.vae import (
    VAE,
    ConvVAE,
    active_units,
    importance_weighted_bound,
    kl_to_standard_normal,
    negative_elbo,
    reparameterize,
)

MODELS = [VAE, ConvVAE]


@pytest.fixture
def cloud():
    """mu and logvar of 50 codes with 3 units, some clouds narrow and some wide."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(50, 3, generator=generator), 2 * torch.randn(50, 3, generator=generator)


@pytest.fixture
def images():
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))


class Fixed(nn.Module):
    """A model that answers with a given cloud and decodes by a given function."""

    def __init__(self, mu, logvar, decode):
        super().__init__()
        self.mu, self.logvar, self.decode = mu, logvar, decode

    def encode(self, x):
        return self.mu.expand(len(x), -1), self.logvar.expand(len(x), -1)


# --- drawing a code ---------------------------------------------------------------------------------------------------


def test_codes_have_the_stated_mean_and_deviation():
    """logvar is the logarithm of the variance: taken for log sigma, or sigma, the deviation would be off by far."""
    n = 200_000
    torch.manual_seed(0)
    z = reparameterize(torch.full((n, 1), 2.0), torch.full((n, 1), log(0.3**2)))
    assert z.mean().item() == pytest.approx(2, abs=5 * 0.3 / sqrt(n))
    assert z.std().item() == pytest.approx(0.3, rel=5 / sqrt(2 * n))


def test_every_code_and_unit_gets_its_own_draw():
    z = reparameterize(torch.zeros(40, 50), torch.zeros(40, 50))
    assert len(z.unique()) > 1900
    assert torch.corrcoef(z).fill_diagonal_(0).abs().max() < 0.8


def test_draws_follow_the_seed_and_are_fresh_at_every_call(cloud):
    torch.manual_seed(1)
    first, second = reparameterize(*cloud), reparameterize(*cloud)
    torch.manual_seed(1)
    assert torch.equal(first, reparameterize(*cloud))
    assert not torch.equal(first, second)


def test_the_gradient_through_a_draw_is_the_known_one():
    """E (z - a)^2 = (mu - a)^2 + sigma^2, so the slopes are 2 (mu - a) in mu and sigma^2 in logvar."""
    n, sigma = 400_000, 0.5
    torch.manual_seed(0)
    mu = torch.ones(n, 1, dtype=torch.float64, requires_grad=True)
    logvar = torch.full((n, 1), log(sigma**2), dtype=torch.float64, requires_grad=True)
    (reparameterize(mu, logvar) - 3).square().mean().backward()
    assert mu.grad.sum().item() == pytest.approx(-4, abs=5 * 2 * sigma / sqrt(n))
    assert logvar.grad.sum().item() == pytest.approx(sigma**2, abs=5 * 1.1 / sqrt(n))


# --- the KL divergence ------------------------------------------------------------------------------------------------


def test_the_kl_is_that_of_torch_distributions(cloud):
    mu, logvar = (t.double() for t in cloud)
    expected = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0))
    assert torch.allclose(kl_to_standard_normal(mu, logvar), expected)


def test_the_kl_is_a_mean_over_draws(cloud):
    """Monte Carlo with the package's own draws, so that both read logvar alike."""
    mu, logvar = (t[:4].double() for t in cloud)
    torch.manual_seed(0)
    z = reparameterize(mu.repeat(200_000, 1), logvar.repeat(200_000, 1)).unflatten(0, (-1, 4))
    ratio = Normal(mu, (logvar / 2).exp()).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    tolerance = 5 * ratio.std(0) / sqrt(200_000)
    assert ((ratio.mean(0) - kl_to_standard_normal(mu, logvar)).abs() < tolerance).all()


def test_the_prior_itself_costs_nothing():
    assert torch.equal(kl_to_standard_normal(torch.zeros(2, 3), torch.zeros(2, 3)), torch.zeros(2, 3))


@pytest.mark.parametrize("function", [reparameterize, kl_to_standard_normal, active_units])
def test_a_cloud_of_the_wrong_shape_is_refused(function):
    """Broadcasting would hide both mistakes."""
    with pytest.raises(
        ValueError, match=r"mu has shape \(4, 3\) and logvar has shape \(4, 1\); expected both \(B, k\)"
    ):
        function(torch.zeros(4, 3), torch.zeros(4, 1))
    with pytest.raises(ValueError, match=r"mu\[None\]"):
        function(torch.zeros(3), torch.zeros(3))


# --- the models -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", MODELS)
def test_shapes_and_ranges(build, images, device):
    torch.manual_seed(0)
    model, x = build(5).to(device), images.to(device)
    mu, logvar = model.encode(x)
    assert mu.shape == logvar.shape == (6, 5)
    assert not torch.equal(mu, logvar)
    x_hat = model(x)
    assert x_hat.shape == x.shape
    assert x_hat.min() > 0
    assert x_hat.max() < 1
    assert model.decode(torch.randn(3, 5, device=device)).shape == (3, 1, 28, 28)


@pytest.mark.parametrize("build", MODELS)
def test_forward_decodes_the_mean_without_chance(build, images):
    model = build(5)
    state = torch.get_rng_state()
    x_hat = model(images)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(x_hat, model.decode(model.encode(images)[0]))


@pytest.mark.parametrize("build", MODELS)
def test_other_image_shapes(build):
    model = build(4, image_shape=(3, 16, 12))
    x = torch.rand(2, 3, 16, 12)
    assert model(x).shape == x.shape


@pytest.mark.parametrize("build", MODELS)
def test_an_untrained_model_answers_near_the_mean_pixel(build, images):
    torch.manual_seed(0)
    assert build(16, mean_pixel=0.3).decode(torch.zeros(1, 16)).mean().item() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("build", MODELS)
def test_a_model_refuses_what_does_not_fit(build):
    model = build(5)
    with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
        model.encode(torch.rand(2, 1, 32, 32))
    with pytest.raises(ValueError, match=r"expects codes \(B, 5\)"):
        model.decode(torch.rand(2, 6))
    with pytest.raises(ValueError, match="expected a whole number above 0"):
        build(0)
    with pytest.raises(ValueError, match=r"expected \(C, H, W\)"):
        build(5, image_shape=(28, 28))


def test_an_empty_batch_of_codes_is_refused():
    for function in (reparameterize, kl_to_standard_normal):
        with pytest.raises(ValueError, match=r"mu is empty, with shape \(0, 4\)"):
            function(torch.zeros(0, 4), torch.zeros(0, 4))


def test_each_refuses_bad_sizes_of_its_own():
    with pytest.raises(ValueError, match=r"hidden\[1\] is 0"):
        VAE(5, hidden=(64, 0))
    with pytest.raises(ValueError, match="expected 2 whole numbers"):
        ConvVAE(5, channels=(16, 32, 64))
    with pytest.raises(ValueError, match="multiples of 4"):
        ConvVAE(5, image_shape=(1, 30, 30))


# --- the objective ----------------------------------------------------------------------------------------------------


def test_the_terms_are_sums_over_pixels_and_units_and_means_over_images(images):
    mu, logvar = torch.tensor([[0.5, -1.0]]), torch.tensor([[-1.0, 0.3]])
    grey = torch.full((1, 1, 28, 28), 0.4)
    terms = negative_elbo()(Fixed(mu, logvar, lambda z: grey.expand(len(z), -1, -1, -1)), images)
    likelihood = Independent(Bernoulli(probs=grey, validate_args=False), 3)
    assert terms["reconstruction"].item() == pytest.approx(-likelihood.log_prob(images).mean().item(), rel=1e-5)
    kl = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum()
    assert terms["kl"].item() == pytest.approx(kl.item(), rel=1e-5)
    assert terms["loss"].item() == pytest.approx((terms["reconstruction"] + terms["kl"]).item(), rel=1e-6)


def test_beta_weighs_the_kl_and_is_not_hidden_in_the_reported_term(images):
    model = VAE(4)
    losses = {}
    for beta in (0, 1.0, 3.5):
        torch.manual_seed(0)
        losses[beta] = negative_elbo(beta)(model, images)
        expected = losses[beta]["reconstruction"] + beta * losses[beta]["kl"]
        assert losses[beta]["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses[0]["kl"] == losses[1.0]["kl"] == losses[3.5]["kl"] > 0


def test_a_gaussian_decoder(images):
    """The reconstruction is the Gaussian's negative log-likelihood, up to its constant."""
    sigma = 0.4
    mu, grey = torch.zeros(1, 2), torch.full((1, 1, 28, 28), 0.4)
    objective = negative_elbo(reconstruction_loss=lambda x_hat, x: squared_error(x_hat, x) / (2 * sigma**2))
    terms = objective(Fixed(mu, mu, lambda z: grey.expand(len(z), -1, -1, -1)), images)
    exact = -Normal(grey, sigma).log_prob(images).flatten(1).sum(1).mean()
    constant = 784 * log(sigma * sqrt(2 * pi))
    assert terms["reconstruction"].item() == pytest.approx((exact - constant).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "fault"),
    [
        (mse, "is a mean over pixels"),
        (F.mse_loss, "is a mean over pixels"),
        (F.binary_cross_entropy, "is a mean over pixels"),
        (F.l1_loss, "is a mean over pixels"),
        (nn.MSELoss(), "is a mean over pixels"),
        (lambda x_hat, x: 2 * mse(x_hat, x), "is a mean over pixels"),
        (partial(F.mse_loss, reduction="sum"), "is a sum over images"),
        (partial(F.mse_loss, reduction="none"), "does not return a single number"),
        (lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1), "does not return a single number"),
    ],
)
def test_a_reconstruction_loss_of_the_wrong_reduction_is_refused(loss, fault):
    """Added to the KL, a mean over pixels leaves the code empty, and nothing else says so."""
    with pytest.raises(ValueError, match=rf"reconstruction_loss {fault}.*expected.*Use squared_error or bce"):
        negative_elbo(reconstruction_loss=loss)


@pytest.mark.parametrize("loss", ["bce", None, 1.0])
def test_a_reconstruction_loss_is_a_function(loss):
    with pytest.raises(TypeError, match=r"reconstruction_loss is a .*; expected a function \(x_hat, x\)"):
        negative_elbo(reconstruction_loss=loss)


SIGMAS = torch.linspace(0.1, 0.5, 784).reshape(1, 1, 28, 28)


@pytest.mark.parametrize(
    "loss",
    [
        bce,
        squared_error,
        gaussian_nll,
        continuous_bernoulli_nll,
        partial(gaussian_nll, sigma=0.1),
        lambda x_hat, x: squared_error(x_hat, x) / 784,
        lambda x_hat, x: F.mse_loss(x_hat, x, reduction="sum") / len(x),
        lambda x_hat, x: gaussian_nll(x_hat, x, SIGMAS),  # for images of one size only
    ],
)
def test_sums_over_pixels_pass_and_draw_no_numbers(loss):
    state = torch.get_rng_state()
    negative_elbo(reconstruction_loss=loss)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_good_loss_is_tried_once_only():
    calls = []

    def loss(x_hat, x):
        calls.append(len(x))
        return squared_error(x_hat, x)

    for beta in range(5):
        negative_elbo(beta, reconstruction_loss=loss)
    assert len(calls) == 3


def test_an_objective_by_hand_may_add_what_it_likes(images):
    """The way to show what a mean over pixels does, and the same as a sum divided by their number."""

    def mean_and_kl(model, x):
        mu, logvar = model.encode(x)
        x_hat = model.decode(reparameterize(mu, logvar))
        return {"loss": mse(x_hat, x) + kl_to_standard_normal(mu, logvar).sum(1).mean()}

    divided = negative_elbo(reconstruction_loss=lambda x_hat, x: squared_error(x_hat, x) / 784)
    model = VAE(4)
    values = [evaluate(model, images, objective, device="cpu")["loss"] for objective in (mean_and_kl, divided)]
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_model_without_clouds_is_named(images):
    for call in (partial(fit, epochs=1), evaluate):
        with pytest.raises(TypeError, match=r"negative_elbo does not fit a DenseAutoencoder.*needs a VAE"):
            call(DenseAutoencoder(4), images, negative_elbo(), device="cpu")


def test_the_code_is_drawn_and_the_gradient_passes_the_draw(images):
    """The reconstruction alone moves logvar, which it could not if the mean were decoded."""
    torch.manual_seed(0)
    mu, logvar = torch.zeros(1, 2, requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    weight = torch.randn(2, 784)
    model = Fixed(mu, logvar, lambda z: torch.sigmoid(z @ weight).reshape(-1, 1, 28, 28))
    negative_elbo(beta=0)(model, images)["loss"].backward()
    assert mu.grad.abs().min() > 0
    assert logvar.grad.abs().min() > 0


def test_free_bits_are_counted_for_each_unit_over_the_batch(images):
    """Two units: one below the allowance pays it and feels no pull, one above pays in full. "kl" stays the truth."""
    mu = torch.tensor([[0.1, 2.0]], requires_grad=True)
    logvar = torch.zeros(1, 2, requires_grad=True)
    grey = torch.full((1, 1, 28, 28), 0.4)
    model = Fixed(mu, logvar, lambda z: grey.expand(len(z), -1, -1, -1))
    terms = negative_elbo(2.0, free_bits=0.5)(model, images)
    assert terms["kl"].item() == pytest.approx(0.005 + 2, rel=1e-5)
    assert (terms["loss"] - terms["reconstruction"]).item() == pytest.approx(2 * (0.5 + 2), rel=1e-5)
    terms["loss"].backward()
    assert mu.grad[0, 0] == 0
    assert mu.grad[0, 1].item() == pytest.approx(2 * 2, rel=1e-5)


def test_free_bits_average_over_the_batch_before_they_compare(images):
    """Kingma et al. 2016: half of the images at 0 and half at 2 nats have a mean of 1, above an allowance of 0.5."""
    mu = torch.tensor([[0.0], [2.0]]).repeat(3, 1)
    model = Fixed(mu, torch.zeros_like(mu), lambda z: torch.full((len(z), 1, 28, 28), 0.4))
    terms = negative_elbo(free_bits=0.5)(model, images)
    assert (terms["loss"] - terms["reconstruction"]).item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1", True, None])
def test_weights_that_make_no_sense_are_refused(value):
    with pytest.raises(ValueError, match=r"beta is .*; expected a finite number of at least 0"):
        negative_elbo(value)
    with pytest.raises(ValueError, match=r"free_bits is .*; expected a finite number of at least 0"):
        negative_elbo(free_bits=value)


@pytest.mark.parametrize("build", MODELS)
def test_training_lowers_the_bound(build):
    x = (torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    x[100:] *= 0  # two kinds of images, so that a code pays
    torch.manual_seed(0)
    model = build(2)
    before = evaluate(model, x, negative_elbo(), device="cpu")["loss"]
    history = fit(model, x, negative_elbo(), epochs=3, batch_size=20, device="cpu")
    assert set(history) == {"loss", "reconstruction", "kl", "seconds"}
    assert evaluate(model, x, negative_elbo(), device="cpu")["loss"] < 0.9 * before


# --- active units -----------------------------------------------------------------------------------------------------


def test_a_unit_is_active_by_its_mean_kl():
    """Unit 0 silent, unit 1 just below and unit 2 just above the threshold, unit 3 loud for half of the images."""
    kl = torch.tensor([0.0, 0.049, 0.051, 0.0])
    mu = (2 * kl).sqrt().repeat(10, 1)
    mu[:5, 3] = (2 * torch.tensor(0.2)).sqrt()
    logvar = torch.zeros(10, 4)
    assert active_units(mu, logvar) == 2
    assert active_units(mu, logvar, threshold=0.01) == 3
    assert active_units(mu, logvar, threshold=0.2) == 0
    assert isinstance(active_units(mu, logvar), int)


def test_the_width_of_a_cloud_counts_too():
    assert active_units(torch.zeros(10, 1), torch.full((10, 1), -3.0)) == 1


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), "0.05"])
def test_a_threshold_must_be_above_zero(threshold):
    with pytest.raises(ValueError, match="threshold is"):
        active_units(torch.zeros(2, 3), torch.zeros(2, 3), threshold)


# --- the importance-weighted bound ------------------------------------------------------------------------------------


@pytest.fixture
def known():
    """One unit, four pixels; log p(x) from a fine sum over the code, as no closed form exists."""
    slope = torch.tensor([[3.0, -2.0, 1.0, 0.5]])

    def decode(z):
        return torch.sigmoid(z @ slope.to(z)).reshape(-1, 1, 2, 2)

    x = torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 1]]).reshape(2, 1, 2, 2)
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)[:, None]
    x_hat = decode(z)[:, None]  # (20001, 1, 1, 2, 2)
    log_likelihood = Bernoulli(probs=x_hat, validate_args=False).log_prob(x.double()[None]).flatten(2).sum(2)
    log_p = (log_likelihood + Normal(0.0, 1.0).log_prob(z)).logsumexp(0) + log(20 / 20_000)
    return decode, x, log_p


def test_one_sample_is_the_elbo_on_average(known):
    decode, x, _ = known
    model = Fixed(torch.tensor([[0.3]]), torch.tensor([[-0.5]]), decode)
    many = x[:1].repeat(100_000, 1, 1, 1)
    torch.manual_seed(0)
    bound = importance_weighted_bound(model, many, 1)
    torch.manual_seed(1)
    elbo = -negative_elbo()(model, many)["loss"]
    assert bound.shape == (100_000,)
    assert bound.mean().item() == pytest.approx(elbo.item(), abs=10 * bound.std().item() / sqrt(100_000))


def test_the_bound_rises_with_the_samples_towards_the_truth(known):
    decode, x, log_p = known
    model = Fixed(torch.tensor([[0.0]]), torch.tensor([[0.0]]), decode)
    torch.manual_seed(0)
    means = [
        importance_weighted_bound(model, x.repeat(2000, 1, 1, 1), k).reshape(-1, 2).mean(0) for k in (1, 4, 16, 256)
    ]
    for lower, higher in pairwise(means):
        assert (higher > lower).all()
    assert (means[-1] < log_p + 0.01).all()
    assert torch.allclose(means[-1].double(), log_p, atol=0.01)


def test_a_perfect_cloud_needs_one_sample(known):
    """If nothing depends on the code, the posterior is the prior: every weight is p(x), and no draw scatters."""
    _, x, _ = known
    model = Fixed(torch.zeros(1, 3), torch.zeros(1, 3), lambda z: torch.full((len(z), 1, 2, 2), 0.3))
    exact = -torch.stack([bce(torch.full_like(image, 0.3), image) for image in x.split(1)])
    for samples in (1, 7):
        assert torch.allclose(importance_weighted_bound(model, x, samples), exact, atol=1e-5)


@pytest.mark.parametrize("logvar", [-40.0, -104.0, -200.0])
def test_a_cloud_narrower_than_its_place_is_exact_costs_no_nats(known, logvar):
    """mu + sigma * eps rounds to mu: the noise is lost in z, so it must be kept."""
    _, x, _ = known
    model = Fixed(torch.tensor([[2.0, -1.0]]), torch.full((1, 2), logvar), lambda z: torch.full((len(z), 1, 2, 2), 0.3))
    torch.manual_seed(0)
    bound = importance_weighted_bound(model, x, 1)
    torch.manual_seed(0)
    eps = torch.randn(2, 2, dtype=torch.float32).double()
    log_p = -torch.stack([bce(torch.full_like(image, 0.3), image) for image in x.split(1)]).double()
    expected = log_p + (logvar + eps.square() - torch.tensor([4.0, 1.0])).sum(1) / 2
    torch.testing.assert_close(bound.double(), expected, atol=1e-3, rtol=1e-5)


def test_the_bound_is_that_of_the_formula_with_z(images):
    """At usual widths, keeping the noise and recovering it are the same."""
    torch.manual_seed(0)
    model = VAE(3)
    torch.manual_seed(1)
    bound = importance_weighted_bound(model, images, 1)
    torch.manual_seed(1)
    mu, logvar = model.encode(images)
    z = reparameterize(mu, logvar)
    ratio = Normal(0.0, 1.0).log_prob(z) - Normal(mu, (logvar / 2).exp()).log_prob(z)
    likelihood = Independent(Bernoulli(probs=model.decode(z), validate_args=False), 3).log_prob(images)
    torch.testing.assert_close(bound, (likelihood + ratio.sum(1)).detach(), atol=1e-2, rtol=1e-5)


def test_improbable_images_do_not_underflow():
    """e^-1000 is 0 in float32; the bound works with logarithms."""
    x = torch.ones(1, 1, 28, 28)
    model = Fixed(torch.zeros(1, 2), torch.zeros(1, 2), lambda z: torch.full((len(z), 1, 28, 28), 0.01))
    assert importance_weighted_bound(model, x, 5).item() == pytest.approx(784 * log(0.01), rel=1e-4)


def test_the_bound_keeps_no_gradient_and_refuses_bad_input(images):
    model = VAE(3)
    assert not importance_weighted_bound(model, images, 2).requires_grad
    for samples in (0, 2.5, True):
        with pytest.raises(ValueError, match="samples is"):
            importance_weighted_bound(model, images, samples)
    with pytest.raises(ValueError, match=r"Use x / 255\."):
        importance_weighted_bound(model, images * 255, 2)
