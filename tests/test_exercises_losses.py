"""Chapter 2: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F


def test_the_answers_in_doubt_are_the_best_ones():
    values = torch.tensor([0.0] * 4 + [0.3] * 2 + [1.0] * 4)
    grid = torch.linspace(0, 1, 1001)[:, None].expand(-1, 10)
    for cost, best in (
        ((grid - values).square(), 0.46),
        ((grid - values).abs(), 0.3),
        (F.binary_cross_entropy(grid, values.expand_as(grid), reduction="none"), 0.46),
    ):
        assert grid[cost.mean(1).argmin(), 0].item() == pytest.approx(best)


def test_the_second_sigmoid_costs_a_black_pixel_at_least_a_fair_coin():
    x_hat = torch.linspace(0, 1, 1001)
    cost = F.binary_cross_entropy_with_logits(x_hat, torch.zeros(1001), reduction="none")
    assert cost.min().item() == pytest.approx(math.log(2), abs=1e-6)


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


SHIFTS = [(r, d) for r in (-1, 0, 1) for d in (-1, 0, 1)]


def shifted(x, right, down):
    return F.pad(x, (right, -right, down, -down))


def costs(x_hat, x, shifts=SHIFTS, move=shifted):
    return torch.stack([(move(x_hat, *by) - x).square().mean((1, 2, 3)) for by in shifts])


def objective_with_gradient(change):
    """The right values, with a changed way back."""

    def objective(model, x):
        result = terms()(model, x)
        return result | {"loss": change(result["loss"], result["error"], result["penalty"])}

    return objective


def value_of(truth, slope_of):
    return truth.detach() + slope_of - slope_of.detach()


EXERCISES = {}

EXERCISES["check_reduction"] = {
    "right": 0.01,
    "says": "better than yours",
    "hints": [
        (0.03, "one channel"),
        (0.0392, "784 belongs to the digits"),
        (0.012, "your own mse"),
        (30.72, "sum over an image"),
        (30.72 * 3072, "divides"),
        (0.5, "You answered 0.5"),
        (math.inf, "divides"),
    ],
}

EXERCISES["check_doubt"] = {
    "right": (0.46, 0.3, 0.46),
    "says": "mean, the median, the mean",
    "other ways": {"rounded to float32": (0.46, 0.30000001192092896, 0.46)},
    "hints": [
        ((0.3, 0.46, 0.46), "wrong way round"),
        ((0.4, 0.3, 0.46), "MSE: that is the share of white"),
        ((0.46, 0.3, 0.4), "BCE: that is the share of white"),
        ((1.3 / 3, 0.3, 0.46), "equally frequent"),
        ((0.3, 0.3, 0.46), "slope of the expected square"),
        ((0.46, 0.46, 0.46), "L1: sort"),
        ((0.46, 0.0, 0.46), "L1: sort"),
        ((0.46, 0.3, 0.3), "BCE: that is the median"),
        ((0.46, 0.3, 0.7), "linear in the true value"),
        ((0.46, 3, 0.46), "from 0 to 1"),
        ((0.46, 0.3, None), "Your answer for BCE is None"),
    ],
}

EXERCISES["check_second_sigmoid"] = {
    "right": math.log(2),
    "says": "a fair coin costs",
    "other ways": {"three digits": 0.693},
    "hints": [
        (0, "smallest x_hat"),
        (0.5, "That is the probability"),
        (1, "in bits"),
        (-0.693, "sign is reversed"),
        (0.313, "a white pixel costs"),
        (1.313, "the most that a black pixel costs"),
        (0.25, "suits a black pixel best"),
    ],
}

EXERCISES["check_objective"] = {
    "right": terms(),
    "strict": True,
    "says": "means what it says",
    "other ways": {
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
        "mse_loss": terms(error=lambda a, b: F.mse_loss(a, b, reduction="sum") / len(b)),
    },
    "hints": [
        (broken, "stretch"),
        (terms(error=lambda a, b: (a - b[:, 0]).square().flatten(1).sum(1).mean()), "stretch"),
        (terms(error=F.mse_loss), "error: that is the mean over the pixels"),
        (terms(error=lambda a, b: (a - b).square().sum()), "error: you summed over the images"),
        (terms(error=lambda a, b: (a - b).square().mean((1, 2, 3)).sum()), "wrong way round"),
        (terms(error=lambda a, b: (a - b).square().flatten(1).sum(1).mean() / 2), "half"),
        (terms(error=lambda a, b: (a - b).abs().flatten(1).sum(1).mean()), "error: the value is not"),
        (terms(penalty=lambda z: z.abs().sum()), "penalty: you summed over the images"),
        (terms(penalty=lambda z: z.abs().mean()), "penalty: that is the mean over the numbers"),
        (terms(penalty=lambda z: z.abs().mean(1).sum()), "penalty: sum and mean are the wrong way round"),
        (terms(penalty=lambda z: z.square().sum(1).mean()), "square of the code"),
        (terms(penalty=lambda z: z.sum(1).mean()), "penalty: the value is not"),
        (terms(penalty=lambda z: z.abs().sum(1).mean() / 2, weight=1), "penalty: it is half"),
        (terms(weight=1), "counts in full"),
        (terms(weight=0.1), "error plus half"),
        (without_gradient, "No gradient"),
        (cut_off, "No gradient"),
        (half_cut_off, "its gradient is not"),
        (terms(error=lambda a, b: (a - b).square().sum((1, 2, 3))), "expected one number"),
    ],
    "mutants": {
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
}

EXERCISES["check_stable_bce"] = {
    "right": stable,
    "strict": True,
    "says": "never positive",
    "other ways": {
        "relu by halves": lambda a, x: (a + a.abs()) / 2 - a * x + torch.log1p(torch.exp(-a.abs())),
        "in double": lambda a, x: stable(a.double(), x),
        "logsumexp": lambda a, x: torch.stack([a, torch.zeros_like(a)]).logsumexp(0) - a * x,
        "logaddexp": lambda a, x: torch.logaddexp(a, torch.zeros_like(a)) - a * x,
    },
    "hints": [
        (cornered, "Only at a = 0"),
        (lambda a, x: torch.relu(a) - a * x + torch.log1p(torch.exp(-a.abs())), "Only at a = 0"),
        (naive, "overflows there, or takes log(0)"),
        (lambda a, x: torch.log(1 + torch.exp(a)) - a * x, "overflows"),
        (clipped, "clipped or rounded"),
        (where, "infinity times 0"),
        (lambda a, x: -stable(a, x), "sign"),
        (lambda a, x: stable(a, 1 - x), "exchanged"),
        (lambda a, x: stable(a, x) + 1, "moderate logit first"),
        (lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="none"), "PyTorch's own"),
        (lambda a, x: F.binary_cross_entropy(torch.sigmoid(a), x, reduction="none"), "PyTorch's own"),
        (lambda a, x: F.softplus(a) - a * x, "PyTorch's own"),
        (lambda a, x: -(x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)), "PyTorch's own"),
        (lambda a, x: stable(a, x).mean(), "one number a pixel"),
        (lambda a, x: stable(a, x).detach(), "no gradient"),
        (lambda a, x: stable(a, x).long(), "torch.int64"),
        (lambda a, x: 0.0, "one number a pixel"),
    ],
    "mutants": {
        "sign of x": lambda a, x: stable(a, x) + 2 * a * x,
        "twice": lambda a, x: 2 * stable(a, x),
        "half": lambda a, x: stable(a, x) / 2,
        "x rounded": lambda a, x: stable(a, x.round()),
        "x squared": lambda a, x: stable(a, x**2),
        "x left out": lambda a, x: stable(a, 0 * x),
        "base 2": lambda a, x: stable(a, x) / math.log(2),
        "without the entropy": lambda a, x: stable(a, x) - (torch.special.entr(x) + torch.special.entr(1 - x)),
        "hinge": lambda a, x: a.relu() - a * x,
        "clamped at 100": lambda a, x: stable(a.clamp(-100, 100), x),
        "slope detached": lambda a, x: stable(a.detach(), 0 * x) - a * x,
        "gradient to a copy": lambda a, x: stable(a.detach().requires_grad_(), x),
        "half of the gradient": lambda a, x: (stable(a, x) + stable(a, x).detach()) / 2,
        "transposed": lambda a, x: stable(a, x).T,
        "sum": lambda a, x: stable(a, x).sum(),
        "mean": lambda a, x: stable(a, x).mean().expand_as(a),
    },
}

EXERCISES["check_forgiving"] = {
    "right": lambda a, b: costs(a, b).amin(0).mean(),
    "says": "forgiven",
    "other ways": {
        "running minimum": lambda a, b: functools.reduce(torch.minimum, costs(a, b)).mean(),
        "one image at a time": lambda a, b: torch.stack(
            [costs(a[i : i + 1], b[i : i + 1]).min() for i in range(len(a))]
        ).mean(),
        "a number": lambda a, b: costs(a, b).min(0).values.mean().item(),
    },
    "hints": [
        (lambda a, b: costs(a, b).mean(1).min(), "for the whole batch"),
        (lambda a, b: costs(a, b).min(), "single image"),
        (lambda a, b: F.mse_loss(a, b), "plain mse"),
        (lambda a, b: costs(a, b).mean(), "mean over the shifts"),
        (lambda a, b: costs(a, b).amax(0).mean(), "largest"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if 0 in s]).amin(0).mean(), "not five"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s[1] == 0]).amin(0).mean(), "one direction"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s[0] == 0]).amin(0).mean(), "one direction"),
        (lambda a, b: costs(a, b, [s for s in SHIFTS if s != (0, 0)]).amin(0).mean(), "(0, 0) is missing"),
        (lambda a, b: costs(a, b, move=lambda x, r, d: x.roll((d, r), (2, 3))).amin(0).mean(), "roll"),
        (lambda a, b: costs(b, a).amin(0).mean(), "You shift x."),
        (lambda a, b: 784 * costs(a, b).amin(0).mean(), "summed over the pixels"),
        (lambda a, b: costs(a, b).amin(0).sum(), "summed over the images"),
        (lambda a, b: costs(a, b).amin(0), "expected one number"),
        (lambda a, b: a.mean(), "(9, B)"),
    ],
    "mutants": {
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
