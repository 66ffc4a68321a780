"""The elementary losses: formulas, likelihoods, reductions, gradients, errors."""

import re
from math import e, log, pi

import pytest
import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal

from companion import bce, mse, squared_error
from companion.losses import bce_with_logits, bernoulli_entropy, continuous_bernoulli_nll, gaussian_nll

SUMMED = [squared_error, bce, gaussian_nll, bce_with_logits, continuous_bernoulli_nll]
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


@pytest.mark.parametrize(("loss", "factor"), [(mse, 1), *((loss, 6) for loss in SUMMED)])
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


def summed(log_prob):
    """The negative log-likelihood of an image, mean over images."""
    return -log_prob.sum(dim=(1, 2, 3)).mean()


@pytest.mark.parametrize("sigma", [0.1, 1, 3.0, torch.tensor(0.3)])
def test_gaussian_nll_is_the_gaussians(sigma, pair):
    x_hat, x = pair
    torch.testing.assert_close(gaussian_nll(x_hat, x, sigma), summed(Normal(x_hat, sigma).log_prob(x)))


@pytest.mark.parametrize("shape", [(1, 3, 4, 6), (5, 1, 1, 1), (5, 3, 4, 6), (1, 1, 1, 1)])
def test_gaussian_nll_takes_a_sigma_for_each_pixel_or_image(shape, pair):
    x_hat, x = pair
    sigma = torch.rand(shape, dtype=torch.float64) + 0.1
    torch.testing.assert_close(gaussian_nll(x_hat, x, sigma), summed(Normal(x_hat, sigma.expand_as(x)).log_prob(x)))


def test_the_best_variance_is_the_mse(pair):
    x_hat, x = pair
    error = mse(x_hat, x)
    sigma = error.sqrt().requires_grad_()
    (slope,) = torch.autograd.grad(gaussian_nll(x_hat, x, sigma), sigma)
    assert slope.abs() < 1e-9
    torch.testing.assert_close(gaussian_nll(x_hat, x, sigma.detach()), 36 * torch.log(2 * pi * e * error))
    assert all(gaussian_nll(x_hat, x, sigma.item() * f) > gaussian_nll(x_hat, x, sigma.item()) for f in (0.9, 1.1))


def test_at_sigma_one_a_perfect_copy_costs_its_constant(pair):
    torch.testing.assert_close(gaussian_nll(pair[1], pair[1]).item(), 72 * log(2 * pi) / 2)


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (0, "from 0 to 0; expected numbers above 0"),
        (-1.0, "expected numbers above 0"),
        (float("nan"), "log_sigma.exp"),
        (float("inf"), "expected numbers above 0"),
        (torch.tensor([[[[0.1]], [[0.0]], [[1.0]]]]), "from 0 to 1; expected"),
        (torch.ones(6), "sigma has shape (6,) and x has shape (5, 3, 4, 6)"),
        (torch.ones(1), "sigma has shape (1,)"),
        (torch.ones(5, 3, 4, 5), "each of size 1 or of x's size"),
        (torch.ones(1, 1, 1, 1, 1), "as many dimensions as x"),
    ],
)
def test_gaussian_nll_refuses_such_a_sigma(sigma, message, pair):
    with pytest.raises(ValueError, match=re.escape(message)):
        gaussian_nll(*pair, sigma)


def test_bce_with_logits_is_bce_after_a_sigmoid(pair):
    a, x = 4 * torch.randn_like(pair[0]), pair[1]
    torch.testing.assert_close(bce_with_logits(a, x), bce(torch.sigmoid(a), x))
    torch.testing.assert_close(bce_with_logits(a, x.round()), summed(Bernoulli(logits=a).log_prob(x.round())))


@pytest.mark.parametrize("a", [-200.0, -20.0, 16.0, 17.0, 200.0])
@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_bce_with_logits_is_exact_where_a_sigmoid_rounds(a, x):
    """In 32 bits; the truth in 64, where softplus does not round at these logits."""
    logits = torch.full((1, 1, 1, 1), a, requires_grad=True)
    value = bce_with_logits(logits, torch.full((1, 1, 1, 1), x))
    (slope,) = torch.autograd.grad(value, logits)
    exact = torch.nn.functional.softplus(torch.tensor(a, dtype=torch.float64)) - a * x
    torch.testing.assert_close(value.double(), exact, atol=1e-6, rtol=1e-6)
    assert slope.item() == pytest.approx(torch.sigmoid(torch.tensor(a)).item() - x)


def test_what_the_chapter_says_about_rounding():
    """In 32 bits, s(20) is 1: BCE is cut off at 100, and its slope is lost."""
    a = torch.full((1, 1, 1, 1), 20.0, requires_grad=True)
    value = bce(torch.sigmoid(a), torch.zeros(1, 1, 1, 1))
    assert value == 100
    assert torch.autograd.grad(value, a)[0] == 0


def test_what_the_chapter_says_about_the_black_side():
    """The value stays right; the slope, divided by at least 1e-12, does not."""
    a = torch.full((1, 1, 1, 1), -35.0, requires_grad=True)
    value = bce(torch.sigmoid(a), torch.ones(1, 1, 1, 1))
    assert value.item() == pytest.approx(35)
    assert torch.autograd.grad(value, a)[0].item() == pytest.approx(-0.00063, abs=1e-5)
    exact = bce_with_logits(a, torch.ones(1, 1, 1, 1))
    assert torch.autograd.grad(exact, a)[0].item() == pytest.approx(-1)


def test_the_expected_slopes_of_l1_and_bce_are_the_chapters():
    """P(x < a) - P(x > a), and (a - E x) / (a (1 - a)): for values that are no answer themselves."""
    values = torch.tensor([0.0, 0.2, 0.2, 0.6, 1.0], dtype=torch.float64)
    for answer in (0.1, 0.3, 0.7):
        a = torch.full((5,), answer, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad((a - values).abs().mean(), a)
        below, above = (values < answer).double().mean(), (values > answer).double().mean()
        torch.testing.assert_close(slope.sum(), below - above)
        (slope,) = torch.autograd.grad(bce(a.reshape(5, 1, 1, 1), values.reshape(5, 1, 1, 1)), a)
        torch.testing.assert_close(slope.sum(), (answer - values.mean()) / (answer * (1 - answer)))


def test_bce_in_logits_is_the_formula_of_exercise_2_5(pair):
    a, x = 8 * torch.randn_like(pair[0]), pair[1]
    formula = a.clamp(min=0) - a * x + torch.log1p(torch.exp(-a.abs()))
    torch.testing.assert_close(bce_with_logits(a, x), formula.sum() / 5)
    torch.testing.assert_close(bce_with_logits(a, x), (torch.log1p(torch.exp(a)) - a * x).sum() / 5)


def test_the_laplace_likelihood_of_exercise_2_3(pair):
    """A / b + D log(2 b), with its minimum at b = A / D."""
    x_hat, x = pair
    a = (x_hat - x).abs().sum() / 5
    b = (a / 72).requires_grad_()
    nll = summed(torch.distributions.Laplace(x_hat, b).log_prob(x))
    torch.testing.assert_close(nll, a / b + 72 * torch.log(2 * b))
    assert torch.autograd.grad(nll, b)[0].abs() < 1e-9


def test_bernoulli_entropy_is_the_floor_of_bce(pair):
    x = pair[1]
    torch.testing.assert_close(bernoulli_entropy(x), bce(x, x))
    torch.testing.assert_close(bernoulli_entropy(x), Bernoulli(probs=x).entropy().sum(dim=(1, 2, 3)).mean())
    assert bernoulli_entropy(x.round()) == 0
    half = torch.full((2, 1, 3, 1), 0.5)
    assert bernoulli_entropy(half).item() == pytest.approx(3 * log(2))


def test_bce_of_grey_pixels_is_the_mean_bce_of_random_black_and_white_ones(pair):
    x_hat, x = pair
    draws = torch.stack([bce(x_hat, torch.bernoulli(x)) for _ in range(3000)])
    assert draws.mean().item() == pytest.approx(bce(x_hat, x).item(), abs=4 * draws.std().item() / 3000**0.5)


def test_continuous_bernoulli_nll_is_torchs(pair):
    x_hat, x = pair
    torch.testing.assert_close(continuous_bernoulli_nll(x_hat, x), summed(ContinuousBernoulli(probs=x_hat).log_prob(x)))


def test_continuous_bernoulli_nll_from_logits_in_64_bits(pair):
    """C = a / tanh(a / 2), where nothing is clipped; and what clipping at 1e-6 does further out."""
    a, x = 4 * torch.randn_like(pair[0]), pair[1]
    exact = bce_with_logits(a, x) - (a / (a / 2).tanh()).log().sum() / 5
    torch.testing.assert_close(continuous_bernoulli_nll(torch.sigmoid(a), x), exact)
    far = torch.full((1, 1, 1, 1), -30.0, dtype=torch.float64)
    clipped = continuous_bernoulli_nll(torch.sigmoid(far), torch.zeros_like(far))
    assert clipped.item() == pytest.approx(-log(log((1 - 1e-6) / 1e-6)), abs=1e-5)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.3, 0.4901, 0.5, 0.9])
def test_the_continuous_bernoulli_integrates_to_one(p):
    grid = torch.linspace(0, 1, 1001, dtype=torch.float64)
    densities = [torch.exp(-continuous_bernoulli_nll(torch.full_like(x, p), x)) for x in grid.reshape(-1, 1, 1, 1, 1)]
    assert torch.trapezoid(torch.stack(densities), grid).item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("p", [0.0, 1e-8, 0.49, 0.5, 0.51, 1.0])
def test_the_continuous_bernoulli_has_a_finite_gradient_everywhere(p):
    x_hat = torch.full((1, 1, 1, 3), p, requires_grad=True)
    (slope,) = torch.autograd.grad(continuous_bernoulli_nll(x_hat, torch.tensor([[[[0.0, 0.5, 1.0]]]])), x_hat)
    assert slope.isfinite().all()


def test_the_series_meets_the_formula():
    for p in (0.49 - 1e-9, 0.49 + 1e-9, 0.51 - 1e-9, 0.51 + 1e-9):
        x_hat = torch.full((1, 1, 1, 1), p, dtype=torch.float64)
        formula = log((2 * p - 1) / (log(p) - log(1 - p)))
        nll = continuous_bernoulli_nll(x_hat, torch.zeros_like(x_hat))
        assert nll.item() == pytest.approx(-log(1 - p) + formula, abs=1e-9)


@pytest.mark.parametrize(
    ("loss", "names"),
    [(bce, ("x_hat", "x")), (continuous_bernoulli_nll, ("x_hat", "x")), (bce_with_logits, (None, "x"))],
)
@pytest.mark.parametrize("bad", [-0.1, 1.1, 255.0, float("nan")])
def test_values_outside_0_to_1_are_refused_by_name(loss, names, bad):
    for position, name in enumerate(names):
        if name:
            pair = [torch.full((2, 1, 2, 2), 0.5) for _ in range(2)]
            pair[position][0, 0, 0, 0] = bad
            with pytest.raises(ValueError, match=rf"^{name} (has values from .*expects \[0, 1\]|contains NaN)"):
                loss(*pair)
    with pytest.raises(ValueError, match=r"^x (has values from|contains NaN)"):
        bernoulli_entropy(torch.full((1, 1, 1, 1), bad))


def test_an_empty_batch_is_refused():
    empty = torch.zeros(0, 1, 28, 28)
    for loss in LOSSES:
        with pytest.raises(ValueError, match="empty"):
            loss(empty, empty)
    with pytest.raises(ValueError, match="empty"):
        bernoulli_entropy(empty)
