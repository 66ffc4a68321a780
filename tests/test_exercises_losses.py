"""The checks of chapter 2 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import functools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from companion.exercises import losses as exercises
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize("kind", [torch.tensor, np.float32, np.float64])
def test_a_tensor_or_numpy_number_answers_too(kind):
    assert exercises.check_reduction(kind(0.01)).ok
    assert exercises.check_doubt(kind(0.46), kind(0.3), kind(0.46)).ok
    assert exercises.check_laplace(kind(0.03)).ok
    assert "slope is zero" in exercises.check_laplace(kind(1)).message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.01, True, "better than yours"),
        (30.72 / 3072, True, "better than yours"),
        (0.03, False, "one channel"),
        (0.0392, False, "784 belongs to the digits"),
        (0.012, False, "your own mse"),
        (30.72, False, "sum over an image"),
        (30.72 * 3072, False, "divides"),
        (0.5, False, "You answered 0.5"),
        (math.nan, False, "You answered nan"),
        (math.inf, False, "divides"),
        ("0.01", False, "expected a number"),
        (True, False, "expected a number"),
        (None, False, "None"),
        (torch.zeros(2), False, "expected a number"),
    ],
)
def test_check_reduction(answer, ok, hint):
    verdict = exercises.check_reduction(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answers", "ok", "hint"),
    [
        ((0.46, 0.3, 0.46), True, "mean, the median, the mean"),
        ((0.46, 0.30000001192092896, 0.46), True, "agree"),
        ((0.3, 0.46, 0.46), False, "wrong way round"),
        ((0.4, 0.3, 0.46), False, "MSE: that is the share of white"),
        ((0.46, 0.3, 0.4), False, "BCE: that is the share of white"),
        ((1.3 / 3, 0.3, 0.46), False, "equally frequent"),
        ((0.3, 0.3, 0.46), False, "slope of the expected square"),
        ((0.46, 0.46, 0.46), False, "L1: sort"),
        ((0.46, 0.0, 0.46), False, "L1: sort"),
        ((0.46, 0.3, 0.3), False, "BCE: that is the median"),
        ((0.46, 0.3, 0.7), False, "linear in the true value"),
        ((0.46, 3, 0.46), False, "from 0 to 1"),
        ((math.nan, 0.3, 0.46), False, "from 0 to 1"),
        ((0.46, "0", 0.46), False, "expected a number"),
        ((0.46, 0.3, None), False, "Your answer for BCE is None"),
        ((True, 0.3, 0.46), False, "expected a number"),
    ],
)
def test_check_doubt(answers, ok, hint):
    verdict = exercises.check_doubt(*answers)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_answers_in_doubt_are_the_best_ones():
    values = torch.tensor([0.0] * 4 + [0.3] * 2 + [1.0] * 4)
    grid = torch.linspace(0, 1, 1001)[:, None].expand(-1, 10)
    for cost, best in (
        ((grid - values).square(), 0.46),
        ((grid - values).abs(), 0.3),
        (F.binary_cross_entropy(grid, values.expand_as(grid), reduction="none"), 0.46),
    ):
        assert grid[cost.mean(1).argmin(), 0].item() == pytest.approx(best)


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (0.03, True, "mean absolute error: 23.52 / 784"),
        (33.33, False, "upside down"),
        (0.0009, False, "squared it"),
        (0.1732, False, "root"),
        (0.06, False, "factor of 2"),
        (0.015, False, "factor of 2"),
        (0.0424, False, "standard deviation"),
        (23.52, False, "sum over 784"),
        (1, False, "slope is zero"),
        (math.nan, False, "slope is zero"),
        ("b", False, "expected a number"),
        ([0.03], False, "expected a number"),
    ],
)
def test_check_laplace(answer, ok, hint):
    verdict = exercises.check_laplace(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_best_laplace_width_is_the_mean_absolute_error():
    errors = torch.randn(10_000)
    widths = torch.linspace(0.5, 1.2, 701)
    nll = [-torch.distributions.Laplace(0.0, b).log_prob(errors).mean() for b in widths]
    assert widths[torch.stack(nll).argmin()].item() == pytest.approx(errors.abs().mean().item(), abs=0.001)


def terms(error=None, penalty=None, weight=0.5):
    """An objective with one part replaced."""

    def objective(model, x):
        z = model.encode(x)
        x_hat = model.decode(z)
        e = (error or (lambda a, b: (a - b).square().sum((1, 2, 3)).mean()))(x_hat, x)
        p = (penalty or (lambda z: z.abs().sum(1).mean()))(z)
        return {"loss": e + weight * p, "error": e, "penalty": p}

    return objective


def broken(model, x):  # as in the exercise
    z = model.encode(x)
    x_hat = model.decode(z)
    error = ((x_hat - x[:, 0]) ** 2).mean()
    penalty = z.abs().sum()
    return {"loss": error + 0.5 * penalty, "error": error, "penalty": penalty}


def without_gradient(model, x):
    with torch.no_grad():
        return terms()(model, x)


def cut_off(model, x):
    z = model.encode(x).detach()
    error, penalty = (model.decode(z) - x).square().sum((1, 2, 3)).mean(), z.abs().sum(1).mean()
    return {"loss": error + penalty / 2, "error": error, "penalty": penalty}


def half_cut_off(model, x):
    """The value is right, but the penalty pulls at nothing."""
    result = terms()(model, x)
    return result | {"loss": result["error"] + 0.5 * result["penalty"].detach()}


def renamed(model, x):
    result = terms()(model, x)
    return {"loss": result["loss"], "reconstruction": result["error"], "penalty": result["penalty"]}


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (terms(), True, "means what it says"),
        (terms(error=lambda a, b: F.mse_loss(a, b, reduction="sum") / len(b)), True, "means what it says"),
        (broken, False, "stretch"),
        (terms(error=lambda a, b: (a - b[:, 0]).square().flatten(1).sum(1).mean()), False, "stretch"),
        (terms(error=F.mse_loss), False, "error: that is the mean over the pixels"),
        (terms(error=lambda a, b: (a - b).square().sum()), False, "error: you summed over the images"),
        (terms(error=lambda a, b: (a - b).square().mean((1, 2, 3)).sum()), False, "wrong way round"),
        (terms(error=lambda a, b: (a - b).square().flatten(1).sum(1).mean() / 2), False, "half"),
        (terms(error=lambda a, b: (a - b).abs().flatten(1).sum(1).mean()), False, "error: the value is not"),
        (terms(penalty=lambda z: z.abs().sum()), False, "penalty: you summed over the images"),
        (terms(penalty=lambda z: z.abs().mean()), False, "penalty: that is the mean over the numbers"),
        (terms(penalty=lambda z: z.square().sum(1).mean()), False, "square of the code"),
        (terms(penalty=lambda z: z.sum(1).mean()), False, "penalty: the value is not"),
        (terms(penalty=lambda z: z.abs().sum(1).mean() / 2, weight=1), False, "penalty: it is half"),
        (terms(weight=1), False, "counts in full"),
        (terms(weight=0.1), False, "error plus half"),
        (without_gradient, False, "No gradient"),
        (cut_off, False, "No gradient"),
        (half_cut_off, False, "its gradient is not"),
        (renamed, False, 'under "error"'),
        (lambda m, x: terms()(m, x)["loss"], False, "returned a Tensor"),
        (lambda m, x: {"loss": 1.0}, False, 'under "loss"'),
        (terms(error=lambda a, b: (a - b).square().sum((1, 2, 3))), False, "expected one number"),
        (terms(error=lambda a, b: (a - b).square().mean() * float("nan")), False, "error: the value is not"),
        (lambda m, x: m.encode(x) @ torch.zeros(3, 3), False, "RuntimeError"),
        (lambda x: x, False, "TypeError"),
        (3, False, "expected your function"),
        (None, False, "expected your function"),
    ],
)
def test_check_objective(function, ok, hint):
    verdict = exercises.check_objective(function)
    assert hint in verdict.message
    assert verdict.ok is ok


def stable(a, x):
    return torch.maximum(a, torch.zeros_like(a)) - a * x + torch.log1p(torch.exp(-a.abs()))


def cornered(a, x):
    """Right everywhere but in the slope at a = 0."""
    return a.clamp(min=0) - a * x + torch.log1p(torch.exp(-a.abs()))


def clipped(a, x):
    p = torch.sigmoid(a).clamp(1e-7, 1 - 1e-7)
    return -(x * p.log() + (1 - x) * (1 - p).log())


def naive(a, x):
    p = torch.sigmoid(a)
    return -(x * p.log() + (1 - x) * (1 - p).log())


def where(a, x):
    """Right in value, but the gradient of the branch not taken is infinity times 0."""
    return torch.where(a > 0, a + torch.log1p(torch.exp(-a)), torch.log1p(torch.exp(a))) - a * x


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (stable, True, "never positive"),
        (lambda a, x: F.softplus(a) - a * x, True, "never positive"),
        (lambda a, x: torch.logaddexp(a, torch.zeros_like(a)) - a * x, True, "never positive"),
        (lambda a, x: -(x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)), True, "never positive"),
        (cornered, False, "Only at a = 0"),
        (lambda a, x: torch.relu(a) - a * x + torch.log1p(torch.exp(-a.abs())), False, "Only at a = 0"),
        (naive, False, "overflows there, or takes log(0)"),
        (lambda a, x: torch.log(1 + torch.exp(a)) - a * x, False, "overflows"),
        (clipped, False, "clipped or rounded"),
        (where, False, "infinity times 0"),
        (lambda a, x: -stable(a, x), False, "sign"),
        (lambda a, x: stable(a, 1 - x), False, "exchanged"),
        (lambda a, x: stable(a, x) + 1, False, "moderate logit first"),
        (lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="none"), False, "PyTorch's own"),
        (lambda a, x: F.binary_cross_entropy(torch.sigmoid(a), x, reduction="none"), False, "PyTorch's own"),
        (lambda a, x: stable(a, x).mean(), False, "one number a pixel"),
        (lambda a, x: stable(a, x).detach(), False, "no gradient"),
        (lambda a, x: stable(a, x).long(), False, "torch.int64"),
        (lambda a, x: 0.0, False, "one number a pixel"),
        (lambda a, x: "bce", False, "str"),
        (lambda a: a, False, "TypeError"),
        (5, False, "expected your function"),
    ],
)
def test_check_stable_bce(function, ok, hint):
    verdict = exercises.check_stable_bce(function)
    assert hint in verdict.message
    assert verdict.ok is ok


SHIFTS = [(r, d) for r in (-1, 0, 1) for d in (-1, 0, 1)]


def shifted(x, right, down):
    return F.pad(x, (right, -right, down, -down))


def costs(x_hat, x, shifts=SHIFTS, move=shifted):
    return torch.stack([(move(x_hat, *by) - x).square().mean((1, 2, 3)) for by in shifts])


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda a, b: costs(a, b).amin(0).mean(), True, "forgiven"),
        (lambda a, b: costs(a, b).min(0).values.mean().item(), True, "forgiven"),
        (lambda a, b: costs(a, b).mean(1).min(), False, "for the whole batch"),
        (lambda a, b: costs(a, b).min(), False, "single image"),
        (lambda a, b: F.mse_loss(a, b), False, "plain mse"),
        (lambda a, b: costs(a, b).mean(), False, "mean over the shifts"),
        (lambda a, b: costs(a, b).amax(0).mean(), False, "largest"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if 0 in s]).amin(0).mean(), False, "not five"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s[1] == 0]).amin(0).mean(), False, "one direction"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s[0] == 0]).amin(0).mean(), False, "one direction"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s != (0, 0)]).amin(0).mean(), False, "(0, 0) is missing"),
        (lambda a, b: costs(a, b, move=lambda x, r, d: x.roll((d, r), (2, 3))).amin(0).mean(), False, "roll"),
        (lambda a, b: costs(b, a).amin(0).mean(), False, "You shift x."),
        (lambda a, b: 784 * costs(a, b).amin(0).mean(), False, "summed over the pixels"),
        (lambda a, b: costs(a, b).amin(0).sum(), False, "summed over the images"),
        (lambda a, b: costs(a, b).amin(0), False, "expected one number"),
        (lambda a, b: a.mean(), False, "(9, B)"),
        (lambda a, b: a.mean() * float("nan"), False, "you return nan"),
        (lambda a, b: "small", False, "str"),
        (lambda a: a, False, "TypeError"),
        (nn.Linear(3, 3), False, "TypeError"),
        (None, False, "expected your function"),
    ],
)
def test_check_forgiving(function, ok, hint):
    verdict = exercises.check_forgiving(function)
    assert hint in verdict.message
    assert verdict.ok is ok


@pytest.mark.parametrize("check", [exercises.check_reduction, exercises.check_laplace])
def test_open_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize("answers", [(..., ..., ...), (0.46, ..., 0.46), (0.1, 0.2, ...)])
def test_open_answers(answers):
    assert exercises.check_doubt(*answers) == NO_ANSWER


@pytest.mark.parametrize("check", [exercises.check_objective, exercises.check_stable_bce, exercises.check_forgiving])
@pytest.mark.parametrize("result", [None, ...])
def test_open_function(check, result):
    assert check(lambda *args: result) == NO_ANSWER


def test_checks_leave_the_random_state_as_it_was():
    before = torch.random.get_rng_state()
    exercises.check_objective(terms())
    exercises.check_stable_bce(stable)
    exercises.check_forgiving(lambda a, b: costs(a, b).amin(0).mean())
    assert torch.equal(before, torch.random.get_rng_state())


# Mutants of the right answers


def objective_with_gradient(change):
    """The right values, with a changed way back."""

    def objective(model, x):
        result = terms()(model, x)
        return result | {"loss": change(result["loss"], result["error"], result["penalty"])}

    return objective


def value_of(truth, slope_of):
    return truth.detach() + slope_of - slope_of.detach()


MUTANTS = {
    "check_objective": {
        "weight -1/2": terms(weight=-0.5),
        "weight 2": terms(weight=2),
        "without penalty": terms(weight=0),
        "error's root": terms(error=lambda a, b: (a - b).square().sum((1, 2, 3)).sqrt().mean()),
        "mean over images less one": terms(error=lambda a, b: (a - b).square().sum() / (len(b) - 1)),
        "mean over the code less one": terms(penalty=lambda z: z.abs().sum() / (len(z) - 1)),
        "positive part": terms(penalty=lambda z: z.relu().sum(1).mean()),
        "norm": terms(penalty=lambda z: z.norm(dim=1).mean()),
        "largest": terms(penalty=lambda z: z.abs().amax(1).mean()),
        "negative": terms(penalty=lambda z: -z.abs().sum(1).mean()),
        "first image": terms(error=lambda a, b: (a - b)[0].square().sum()),
        "error detached": objective_with_gradient(lambda loss, e, p: e.detach() + p / 2),
        "penalty detached": objective_with_gradient(lambda loss, e, p: e + p.detach() / 2),
        "half of the gradient": objective_with_gradient(lambda loss, e, p: (loss + loss.detach()) / 2),
        "gradient reversed": objective_with_gradient(lambda loss, e, p: 2 * loss.detach() - loss),
        "gradient of weight 1": objective_with_gradient(lambda loss, e, p: value_of(loss, e + p)),
        "penalty's gradient reversed": objective_with_gradient(lambda loss, e, p: value_of(loss, e - p / 2)),
        "detached": objective_with_gradient(lambda loss, e, p: loss.detach()),
    },
    "check_stable_bce": {
        "sign of x": lambda a, x: F.softplus(a) + a * x,
        "twice": lambda a, x: 2 * (F.softplus(a) - a * x),
        "half": lambda a, x: (F.softplus(a) - a * x) / 2,
        "x rounded": lambda a, x: F.softplus(a) - a * x.round(),
        "x squared": lambda a, x: F.softplus(a) - a * x**2,
        "x left out": lambda a, x: F.softplus(a),
        "base 2": lambda a, x: (F.softplus(a) - a * x) / math.log(2),
        "without the entropy": lambda a, x: F.softplus(a) - a * x - (torch.special.entr(x) + torch.special.entr(1 - x)),
        "hinge": lambda a, x: a.relu() - a * x,
        "clamped at 100": lambda a, x: F.softplus(a.clamp(-100, 100)) - a.clamp(-100, 100) * x,
        "slope detached": lambda a, x: F.softplus(a.detach()) - a * x,
        "gradient to a copy": lambda a, x: F.softplus(a.detach().requires_grad_()) - a.detach() * x,
        "half of the gradient": lambda a, x: (stable(a, x) + stable(a, x).detach()) / 2,
        "transposed": lambda a, x: stable(a, x).T,
        "sum": lambda a, x: stable(a, x).sum(),
        "mean": lambda a, x: stable(a, x).mean().expand_as(a),
    },
    "check_forgiving": {
        "mean error": lambda a, b: (
            torch.stack([(shifted(a, *by) - b).abs().mean((1, 2, 3)) for by in SHIFTS]).amin(0).mean()
        ),
        "root": lambda a, b: costs(a, b).amin(0).sqrt().mean(),
        "half": lambda a, b: costs(a, b).amin(0).mean() / 2,
        "sign": lambda a, b: -costs(a, b).amin(0).mean(),
        "median": lambda a, b: costs(a, b).median(0).values.mean(),
        "two pixels": lambda a, b: costs(a, b, [(r, d) for r in range(-2, 3) for d in range(-2, 3)]).amin(0).mean(),
        "filled with white": lambda a, b: (
            costs(a, b, move=lambda x, r, d: F.pad(x, (r, -r, d, -d), value=1.0)).amin(0).mean()
        ),
        "edge repeated": lambda a, b: (
            costs(
                a, b, move=lambda x, r, d: F.pad(x, (1, 1, 1, 1), mode="replicate")[..., 1 - d : 29 - d, 1 - r : 29 - r]
            )
            .amin(0)
            .mean()
        ),
        "edge left out": lambda a, b: (
            torch.stack([(shifted(a, *by) - b)[..., 1:-1, 1:-1].square().mean((1, 2, 3)) for by in SHIFTS])
            .amin(0)
            .mean()
        ),
        "eight of nine": lambda a, b: costs(a, b, SHIFTS[:-1]).amin(0).mean(),
        "worst image": lambda a, b: costs(a, b).amin(0).max(),
        "last image left out": lambda a, b: costs(a, b).amin(0)[:-1].mean(),
        "both shifted": lambda a, b: torch.minimum(costs(a, b).amin(0), costs(b, a).amin(0)).mean(),
        "in place": lambda a, b: costs(a.mul_(1.0).add_(0.001), b).amin(0).mean(),
    },
}
OTHER_WAYS = {
    "check_objective": {
        "norms": terms(
            error=lambda a, b: (a - b).flatten(1).norm(dim=1).square().mean(),
            penalty=lambda z: z.norm(p=1, dim=1).mean(),
        ),
        "sums over len": terms(
            error=lambda a, b: ((a - b) ** 2).sum() / len(b), penalty=lambda z: z.abs().sum() / len(z)
        ),
        "report detached": lambda m, x: (
            (r := terms()(m, x)) | {"error": r["error"].detach(), "penalty": r["penalty"].item()}
        ),
    },
    "check_stable_bce": {
        "relu by halves": lambda a, x: (a + a.abs()) / 2 - a * x + torch.log1p(torch.exp(-a.abs())),
        "in double": lambda a, x: F.softplus(a.double()) - a.double() * x,
        "logsumexp": lambda a, x: torch.stack([a, torch.zeros_like(a)]).logsumexp(0) - a * x,
    },
    "check_forgiving": {
        "running minimum": lambda a, b: functools.reduce(torch.minimum, costs(a, b)).mean(),
        "one image at a time": lambda a, b: torch.stack(
            [costs(a[i : i + 1], b[i : i + 1]).min() for i in range(len(a))]
        ).mean(),
    },
}
