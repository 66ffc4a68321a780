"""The elementary losses: formulas, likelihoods, reductions, gradients."""

from math import log, pi

import pytest
import torch
from torch.distributions import Bernoulli, Normal

from companion import bce, mse, squared_error

SUMMED = [squared_error, bce]
LOSSES = [mse, *SUMMED]


@pytest.fixture
def pair():
    """x_hat and x in (0, 1), float64."""
    x_hat = torch.rand(5, 3, 4, 6, dtype=torch.float64) * 0.98 + 0.01
    return x_hat, torch.rand_like(x_hat)


def test_each_loss_is_its_formula(pair):
    x_hat, x = pair
    squares = (x_hat - x) ** 2
    entropies = -(x * torch.log(x_hat) + (1 - x) * torch.log(1 - x_hat))
    torch.testing.assert_close(mse(x_hat, x), squares.sum() / (5 * 3 * 4 * 6))
    torch.testing.assert_close(squared_error(x_hat, x), squares.sum() / 5)
    torch.testing.assert_close(bce(x_hat, x), entropies.sum() / 5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_a_scalar_of_its_inputs_type(loss, pair):
    for dtype in (torch.float32, torch.float64):
        value = loss(*(t.to(dtype) for t in pair))
        assert value.shape == ()
        assert value.dtype == dtype


def test_bce_is_the_negative_log_likelihood_of_bernoulli_pixels(pair):
    x_hat, x = pair
    x = (x > 0.5).double()
    expected = -Bernoulli(probs=x_hat).log_prob(x).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(bce(x_hat, x), expected)


def test_half_the_squared_error_is_the_negative_log_likelihood_of_a_unit_gaussian(pair):
    x_hat, x = pair
    expected = -Normal(x_hat, 1.0).log_prob(x).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(squared_error(x_hat, x) / 2 + 72 * log(2 * pi) / 2, expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_no_loss_depends_on_the_batch_size(loss, pair):
    """Every image twice: the mean over images stays."""
    x_hat, x = pair
    torch.testing.assert_close(loss(torch.cat([x_hat] * 2), torch.cat([x] * 2)), loss(x_hat, x))


@pytest.mark.parametrize(("loss", "factor"), [(mse, 1), (squared_error, 6), (bce, 6)])
def test_only_the_summed_losses_grow_with_the_number_of_pixels(loss, factor, pair):
    """The classic bug of the book: a mean over pixels where a sum was meant."""
    x_hat, x = (torch.tile(t, (1, 1, 2, 3)) for t in pair)
    torch.testing.assert_close(loss(x_hat, x), factor * loss(*pair))


def test_the_best_answer_costs_nothing_but_bce_keeps_its_floor(pair):
    """BCE's floor for grey pixels is their entropy: it is lowest, not zero, at x_hat = x."""
    x = pair[1] * 0.98 + 0.01
    assert mse(x, x) == squared_error(x, x) == 0
    floor = Bernoulli(probs=x).entropy().sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(bce(x, x), floor)
    assert bce((x + 0.001).clamp(0, 1), x) > floor
    assert bce((x - 0.001).clamp(0, 1), x) > floor


def test_bce_stays_finite_where_the_answer_is_certain():
    """log(0) would turn one saturated pixel into an infinite loss."""
    x = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    assert bce(x, x) == 0
    assert torch.isfinite(bce(1 - x, x))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_match_finite_differences(loss, pair):
    x_hat, x = (t[:2, :1, :2, :2] for t in pair)
    assert torch.autograd.gradcheck(loss, (x_hat.clone().requires_grad_(), x))


def test_gradients_are_the_formulas(pair):
    """The chapter's formulas: 2 (x_hat - x) / pixels, and (x_hat - x) / (x_hat (1 - x_hat)), over images."""
    x_hat, x = pair
    x_hat.requires_grad_()
    for loss, expected in (
        (mse, 2 * (x_hat - x) / 360),
        (squared_error, 2 * (x_hat - x) / 5),
        (bce, (x_hat - x) / (x_hat * (1 - x_hat)) / 5),
    ):
        (gradient,) = torch.autograd.grad(loss(x_hat, x), x_hat)
        torch.testing.assert_close(gradient, expected.detach())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", [(5, 1, 4, 6), (1, 3, 4, 6), (5, 72), (3, 4, 6), (6,)])
def test_shapes_that_would_broadcast_are_refused(loss, shape, pair):
    """PyTorch would stretch the smaller tensor and return a plausible number."""
    other = torch.full(shape, 0.5, dtype=torch.float64)
    for a, b in ((pair[0], other), (other, pair[1])):
        with pytest.raises(ValueError, match="expected the same shape"):
            loss(a, b)
