"""The checks of chapter 3 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import itertools
import math

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
