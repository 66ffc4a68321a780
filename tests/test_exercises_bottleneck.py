"""The checks of chapter 3 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import itertools
import math

import numpy as np
import pytest
import torch

from companion.exercises import bottleneck
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (129 / 784 / 3, True, "129 of 784"),
        (0.055, True, "129 of 784"),
        (1 / 3, False, "at a border pixel"),
        (0.1645, False, "share of border pixels"),
        (0.0823, False, "averaged the noise"),
        (0.0411, False, "squared the average"),
        (0.0137, False, "variance"),
        (0.2785, False, "lit pixels be wrong"),
        (0, False, "what happens to the noise"),
        (7, False, "Multiply"),
        (math.nan, False, "Multiply"),
        (True, False, "expected a number"),
        ("x", False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_border_noise(answer, ok, hint):
    verdict = bottleneck.check_border_noise(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_border_is_the_datas(data):
    assert (data.x_train > 0).any(0).sum() == 784 - 129


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("D", True, "average"),
        (" d", True, "average"),
        ("D.", True, "average"),
        ("A", False, "sparsest"),
        ("B", False, "single images"),
        ("C", False, "average over all images"),
        ("E", False, "expected one of"),
        (0.01, False, "expected one of"),
        (None, False, "expected one of"),
        (torch.zeros(2), False, "expected one of"),
    ],
)
def test_check_same_average(answer, ok, hint):
    verdict = bottleneck.check_same_average(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (1.75, True, "weight / 2"),
        (1.5, False, "factor 2"),
        (2.25, False, "sign"),
        (2.5, False, "sign"),
        (2, False, "without the penalty"),
        (0, False, "a^2 = 4"),
        (4 / 3, False, "z squared"),
        (1.6, False, "z squared"),
        (-8, False, "derivative"),
        (math.inf, False, "derivative"),
        ("1.75", False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_soft_threshold(answer, ok, hint):
    verdict = bottleneck.check_soft_threshold(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_soft_threshold_minimises_the_loss():
    z = torch.linspace(0, 3, 30_001)
    assert z[((2 - z).square() + 0.5 * z).argmin()] == pytest.approx(1.75, abs=1e-3)


def shuffled(x):
    return x.gather(0, torch.rand(x.shape).argsort(0))


def by_loop(x):
    x = x.clone()
    for c, i, j in itertools.product(*map(range, x.shape[1:])):
        x[:, c, i, j] = x[torch.randperm(len(x)), c, i, j]
    return x


def rows_together(x):
    x = x.clone()
    for i in range(x.shape[2]):
        x[:, :, i] = x[torch.randperm(len(x)), :, i]
    return x


def channels_together(x):
    order = torch.rand(x[:, :1].shape).argsort(0)
    return x.gather(0, order.expand_as(x))


def cyclic(x):
    y = x.clone().flatten(1)
    for i in range(y.shape[1]):
        # 40 images have 40 shifts; the remaining pixels run backwards, so that all 60 orders differ
        y[:, i] = y[:, i].roll(i, 0) if i < 40 else y[:, i].flip(0).roll(i, 0)
    return y.reshape(x.shape)


def within_images(x):
    flat = x.flatten(1)
    return flat.gather(1, torch.rand(flat.shape).argsort(1)).reshape(x.shape)


def in_place(x):
    x[:] = shuffled(x)
    return x


def with_replacement(x):
    return x.gather(0, torch.randint(len(x), x.shape))


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (shuffled, True, "histogram"),
        (by_loop, True, "histogram"),
        (lambda x: x[torch.randperm(len(x))], False, "whole images"),
        (rows_together, False, "6 different orders for 60"),
        (channels_together, False, "30 different orders for 60"),
        (cyclic, False, "the same order twice"),
        (within_images, False, "within each image"),
        (in_place, False, "Work on a copy"),
        (with_replacement, False, "with replacement"),
        (lambda x: torch.bernoulli(x.mean(0).expand_as(x)), False, "draws of 0 and 1"),
        (lambda x: x + torch.randn_like(x), False, "do not occur"),
        (lambda x: x.clone(), False, "Nothing was moved"),
        (lambda x: x[:5], False, "(5, 2, 6, 5)"),
        (lambda x: x.flatten(1), False, "(40, 60)"),
        (lambda x: torch.full_like(x, math.nan), False, "do not occur"),
        (lambda x: torch.ones(x.shape, dtype=torch.bool), False, "draws of 0 and 1"),
        (lambda x: x @ torch.zeros(2, 2), False, "RuntimeError"),
        (lambda x: "x", False, "str"),
        (3, False, "expected your function"),
    ],
)
def test_check_shuffled(function, ok, hint):
    verdict = bottleneck.check_shuffled(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def effective(s):
    return s.sum(1) ** 2 / s.square().sum(1).clamp(min=1e-12)


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (effective, True, "No threshold"),
        (lambda s: effective(s).double(), True, "No threshold"),
        (lambda s: s.sum(1) ** 2 / s.square().sum(1), False, "0 / 0"),
        (lambda s: s.sum(1) ** 2 / s.square().sum(1).clamp(min=0.05), False, "same count"),
        (lambda s: s.square().sum(1) / s.sum(1) ** 2, False, "upside down"),
        (lambda s: (s > 0).sum(1), False, "weak unit"),
        (lambda s: s.sum(1) / s.square().sum(1), False, "not squared"),
        (lambda s: effective(s).sqrt(), False, "root"),
        (lambda s: effective(s).mean(), False, "whole batch"),
        (lambda s: effective(s.T), False, "over the images"),
        (lambda s: effective(s)[:, None], False, "(4, 1)"),
        (lambda s: s.sum(1), False, "(3 + 1)^2"),
        (lambda s: torch.full((4,), math.nan), False, "(3 + 1)^2"),
        (lambda s: torch.ones(4, dtype=torch.bool), False, "(3 + 1)^2"),
        (lambda s: s @ s, False, "RuntimeError"),
        (lambda s: [1, 2], False, "(2,)"),
        (lambda s: [1, "2"], False, "list"),
        (None, False, "expected your function"),
    ],
)
def test_check_effective_units(function, ok, hint):
    verdict = bottleneck.check_effective_units(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def lifetime_top(a, share):
    k = max(1, round(share * len(a)))
    values, where = a.topk(k, dim=0)
    return torch.zeros_like(a).scatter(0, where, values)


def by_threshold(a, share):
    k = max(1, round(share * len(a)))
    return a * (a >= a.sort(0, descending=True).values[k - 1])


def in_place_top(a, share):
    a[a < a.topk(max(1, round(share * len(a))), dim=0).values[-1]] = 0
    return a


def cut_to(count):
    def top(a, share):
        values, where = a.topk(max(1, count(share * len(a))), dim=0)
        return torch.zeros_like(a).scatter(0, where, values)

    return top


def by_size(a, share):
    where = a.abs().topk(max(1, round(share * len(a))), dim=0).indices
    return torch.zeros_like(a).scatter(0, where, a.gather(0, where))


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lifetime_top, True, "gets a gradient"),
        (by_threshold, True, "gets a gradient"),
        (cut_to(int), False, "do not cut off"),
        (cut_to(math.ceil), False, "not up"),
        (by_size, False, "without the sign"),
        (lambda a, share: lifetime_top(a, share).relu(), False, "negative numbers"),
        (lambda a, share: a * 0 + lifetime_top(a, share).detach(), False, "gradient of 1"),
        (lambda a, share: lifetime_top(a.T, share).T, False, "other dim"),
        (lambda a, share: (lifetime_top(a, share) != 0).float(), False, "ones"),
        (lambda a, share: a - lifetime_top(a, share), False, "removed the largest"),
        (lambda a, share: a * (a <= a.sort(0).values[1]), False, "smallest"),
        (lambda a, share: a * (a >= a.flatten().sort().values[-16]), False, "One threshold"),
        (lambda a, share: lifetime_top(a, share).detach(), False, "no gradient"),
        (lambda a, share: a * (a >= a.topk(round(share * len(a)) or 2, dim=0).values[-1]), False, "rounds to 0"),
        (lambda a, share: a.topk(round(share * len(a)), dim=0).values, False, "(2, 8)"),
        (lambda a, share: lifetime_top(a, 2 * share), False, "keeps 4 on average"),
        (lambda a, share: a * 1, False, "Nothing was set to 0"),
        (in_place_top, False, "build a new one"),
        (lambda a, share: a * math.nan, False, "expected its 2 largest"),
        (lambda a, share: a @ a, False, "RuntimeError"),
        (lambda a: a, False, "TypeError"),
        (lambda a, share: "a", False, "str"),
        (7, False, "expected your function"),
    ],
)
def test_check_lifetime_top(function, ok, hint):
    verdict = bottleneck.check_lifetime_top(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_checks_leave_the_random_state_as_it_was():
    before = torch.random.get_rng_state()
    bottleneck.check_shuffled(shuffled)
    bottleneck.check_lifetime_top(lifetime_top)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    "check", [bottleneck.check_border_noise, bottleneck.check_same_average, bottleneck.check_soft_threshold]
)
def test_open_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize(
    "check", [bottleneck.check_shuffled, bottleneck.check_effective_units, bottleneck.check_lifetime_top]
)
def test_open_function(check):
    assert check(lambda *args: None) == NO_ANSWER


# Mutants of the right answers


def swapped(x):
    """Two images change places at each pixel, no more."""
    y = x.clone().flatten(1)
    for i in range(y.shape[1]):
        a, b = torch.randperm(len(y))[:2]
        y[[a, b], i] = y[[b, a], i]
    return y.reshape(x.shape)


def rolled(x):
    order = (torch.arange(len(x)).reshape(-1, 1, 1, 1) + torch.randint(len(x), x[:1].shape)) % len(x)
    return x.gather(0, order)


def within_halves(x):
    return torch.cat([shuffled(half) for half in x.chunk(2)])


def mostly_sorted(x):
    """Sorts by noisy ranks, so that values move a few places only."""
    rank = torch.arange(len(x)).reshape(-1, 1, 1, 1) + 1.5 * torch.rand(x.shape)
    return x.gather(0, rank.argsort(0))


def a_few_swapped(x):
    """Another few images change places at each pixel, and most keep theirs."""
    for _ in range(3):
        x = swapped(x)
    return x


def every_second_stays(x):
    y = x.clone()
    y[::2] = shuffled(x[::2])
    return y


def rolled_and_swapped(x):
    """Shifted by a random number, with a few values exchanged, so that no two pixels have one order."""
    return a_few_swapped(rolled(x))


def none_stays(x):
    """One of the orders in which no image keeps its value: a ring of all images in random order."""
    ring = torch.rand(x.shape).argsort(0)
    return torch.empty_like(x).scatter(0, ring, x.gather(0, ring.roll(1, 0)))


def fixed(x):
    order = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)).argsort(0)
    return x.gather(0, order)


def one_channel(x):
    return torch.cat([shuffled(x[:, :1]), x[:, 1:]], 1)


def kept_by(k_of):
    return lambda a, share: lifetime_top(a, min(max(k_of(a, share) / len(a), 0), 1))


MUTANTS = {
    "check_shuffled": {
        "two change places": swapped,
        "six change places": a_few_swapped,
        "every second stays": every_second_stays,
        "shift, and six change places": rolled_and_swapped,
        "backwards, and six change places": lambda x: a_few_swapped(rolled(x.flip(0))),
        "shift by a random number": rolled,
        "backwards from a random place": lambda x: rolled(x.flip(0)),
        "a few places only": mostly_sorted,
        "none stays": none_stays,
        "fixed": fixed,
        "one channel only": one_channel,
        "columns together": lambda x: rows_together(x.transpose(2, 3)).transpose(2, 3),
        "sorted": lambda x: x.sort(0, descending=True).values,
        "twice as bright": lambda x: 2 * shuffled(x),
        "negative": lambda x: 1 - shuffled(x),
        "in place": in_place,
        "transposed": lambda x: shuffled(x).transpose(2, 3),
        "Gaussian": lambda x: x.mean(0) + x.std(0) * torch.randn_like(x),
        "one order for all calls": lambda x, kept=[]: x.gather(
            0, kept[0] if kept else kept.append(torch.rand(x.shape).argsort(0)) or kept[0]
        ),
    },
    "check_effective_units": {
        "sign": lambda s: -effective(s),
        "twice": lambda s: 2 * effective(s),
        "half": lambda s: effective(s) / 2,
        "one more": lambda s: effective(s) + 1,
        "exp of the entropy": lambda s: (
            torch.exp(torch.special.entr(s / s.sum(1, True).clamp(min=1e-12)).sum(1)) * (s.sum(1) > 0)
        ),
        "sum over largest": lambda s: s.sum(1) / s.amax(1).clamp(min=1e-12),
        "largest left out": lambda s: (s.sum(1) - s.amax(1)) ** 2 / s.square().sum(1).clamp(min=1e-12),
        "mean for sum": lambda s: s.mean(1) ** 2 / s.square().mean(1).clamp(min=1e-12),
        "5 units known": lambda s: 5 * s.mean(1) ** 2 / s.square().mean(1).clamp(min=1e-12),
        "an empty one counts 1": lambda s: effective(s) + (s.sum(1) == 0),
        "whole numbers": lambda s: effective(s).round(),
        "of the batch's strengths": lambda s: effective(s / s.sum()).clamp(max=3.6),
        "kept dimension": lambda s: effective(s)[:, None],
        "in place": lambda s: effective(s.add_(0.0).mul_(2)),
        "threshold": lambda s: effective(s * (s > 0.05)),
    },
    "check_lifetime_top": {
        "share of the units": lambda a, share: lifetime_top(a, round(share * a.shape[1]) / len(a)),
        "half up": kept_by(lambda a, share: int(share * len(a) + 0.5)),
        "one more": kept_by(lambda a, share: round(share * len(a)) + 1),
        "one less": kept_by(lambda a, share: round(share * len(a)) - 1),
        "two always": kept_by(lambda a, share: 2),
        "up to two": kept_by(lambda a, share: min(2, round(share * len(a)))),
        "sign": lambda a, share: -lifetime_top(a, share),
        "twice": lambda a, share: 2 * lifetime_top(a, share),
        "smallest": lambda a, share: -lifetime_top(-a, share),
        "minus infinity for 0": lambda a, share: torch.where(lifetime_top(a, share) == 0, -math.inf, a),
        "shifted": lambda a, share: lifetime_top(a, share).roll(1, 0),
        "transposed": lambda a, share: lifetime_top(a, share).T,
        "detached": lambda a, share: lifetime_top(a, share).detach(),
        "passes to all": lambda a, share: a + (lifetime_top(a, share) - a).detach(),
        "half of the gradient": lambda a, share: (lifetime_top(a, share) + lifetime_top(a, share).detach()) / 2,
        "gradient of a copy": lambda a, share: lifetime_top(a.detach().requires_grad_(), share),
        "in place": in_place_top,
    },
}
OTHER_WAYS = {
    "check_shuffled": {
        "randperm for each pixel": by_loop,
        "NumPy": lambda x: np.random.default_rng().permuted(x.numpy(), axis=0),
        "flat": lambda x: torch.stack([c[torch.randperm(len(x))] for c in x.flatten(1).T], 1).reshape(x.shape),
    },
    "check_effective_units": {
        "nan_to_num": lambda s: (s.sum(1) ** 2 / (s**2).sum(1)).nan_to_num(0),
        "where": lambda s: torch.where(s.sum(1) > 0, s.sum(1) ** 2 / (s**2).sum(1), 0.0),
        "a little in the denominator": lambda s: s.sum(1) ** 2 / ((s**2).sum(1) + 1e-10),
        "shares": lambda s: 1 / (s / s.sum(1, True)).square().sum(1).nan_to_num(math.inf),
    },
    "check_lifetime_top": {
        "mask": lambda a, share: a * (lifetime_top(a, share) != 0),
        "where": lambda a, share: torch.where(a >= a.topk(max(1, round(share * len(a))), dim=0).values[-1], a, 0.0),
        "sort": lambda a, share: a * (a.argsort(0, descending=True).argsort(0) < max(1, round(share * len(a)))),
    },
}
