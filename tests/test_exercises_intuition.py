"""The checks of chapter 1 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import math

import pytest
import torch
from torch import nn

from companion import PCA, DenseAutoencoder, mse
from companion.exercises import intuition
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        ("D", True, "background"),
        (" d ", True, "background"),
        ("A", False, "mirrored"),
        ("B", False, "Dimmed"),
        ("C", False, "Count pixels"),
        ("E", False, "'E'"),
        (3, False, "You answered 3"),
        (None, False, "None"),
        (torch.zeros(3), False, "expected one of"),
    ],
)
def test_check_unseen(answer, ok, hint):
    verdict = intuition.check_unseen(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (21, True, "about 20"),
        (20.5, True, "about 20"),
        (8, False, "Too few"),
        (16, False, "Too few"),
        (3, False, "fewer than the autoencoder"),
        (30, False, "near 16"),
        (32, False, "near 16"),
        (128, False, "already below"),
        (math.nan, False, "Too many"),
        ("21", False, "expected a number"),
        (True, False, "expected a number"),
        (None, False, "expected a number"),
    ],
)
def test_check_matching_pca(answer, ok, hint):
    verdict = intuition.check_matching_pca(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_stated_range_holds_pcas_true_answer(data):
    """The autoencoder's test error with 8 numbers, as printed in the chapter, lies between PCA's with 17 and with 24, cut off at 0 and 1."""
    pca = PCA(data.x_train, 24)
    z = pca.encode(data.x_test)
    z_17 = z.clone()
    z_17[:, 17:] = 0
    assert mse(pca.decode(z).clamp(0, 1), data.x_test) < 0.0239 < mse(pca.decode(z_17).clamp(0, 1), data.x_test)


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (2485, True, "2,485"),
        (2485.0, True, "2,485"),
        (math.ceil(442_176 / 178), True, "2,485"),
        (442_176 / 178, False, "round up"),
        (2484, False, "round up"),
        (2484.9999, False, "round up"),
        (2485.1, False, "round up"),
        (2486, False, "You answered 2486"),
        (622, False, "four"),
        (4952, False, "encoder"),
        (2463, False, "biases"),
        (2280, False, "its own 16 bytes"),
        (576, False, "raw 784 bytes"),
        (1, False, "Divide"),
        (-5, False, "Divide"),
        (math.inf, False, "Divide"),
        ("many", False, "'many'"),
        (None, False, "None"),
    ],
)
def test_check_break_even(answer, ok, hint):
    verdict = intuition.check_break_even(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_counted_decoder_is_the_packages():
    parameters = sum(p.numel() for p in DenseAutoencoder(16).decoder.parameters())
    assert f"{4 * parameters:,}" in intuition.check_break_even(2485).message


def per_image(x_hat, x):
    return (x_hat - x).square().mean((1, 2, 3))


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda x_hat, x: 10 * torch.log10(1 / per_image(x_hat, x)), True, "decibels"),
        (lambda x_hat, x: -20 * torch.log10(per_image(x_hat, x).sqrt()), True, "decibels"),
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square().mean()), False, "whole batch"),
        (lambda x_hat, x: float(10 * torch.log10(1 / (x_hat - x).square().mean())), False, "whole batch"),
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square().mean((2, 3))), False, "(B, 1)"),
        (lambda x_hat, x: 10 * torch.log10(1 / (x_hat - x).square()), False, "(3, 1, 28, 28)"),
        (lambda x_hat, x: 10 * torch.log10(per_image(x_hat, x)), False, "sign"),
        (lambda x_hat, x: -20 * torch.log10(per_image(x_hat, x)), False, "Twice"),
        (lambda x_hat, x: -10 * torch.log(per_image(x_hat, x)), False, "natural"),
        (lambda x_hat, x: -10 * torch.log10(784 * per_image(x_hat, x)), False, "summed"),
        (lambda x_hat, x: -10 * torch.log10((x_hat - x).abs().mean((1, 2, 3))), False, "square the differences"),
        (lambda x_hat, x: -10 * torch.log10((x_hat - x).mean((1, 2, 3))), False, "expected 10 * log10"),
        (lambda x_hat, x: per_image(x_hat, x), False, "expected 10 * log10"),
        (lambda x_hat, x: torch.zeros(3, dtype=torch.bool), False, "expected 10 * log10"),
        (lambda x_hat, x: 1 / 0, False, "ZeroDivisionError"),
        (lambda x_hat: 1, False, "TypeError"),
        (lambda x_hat, x: [1, 2, 3], False, "you get 2;"),
        (lambda x_hat, x: ["1", 2, 3], False, "list"),
        (7, False, "expected your function"),
    ],
)
def test_check_psnr(function, ok, hint):
    verdict = intuition.check_psnr(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def weights(steps, stop=1.0):
    return torch.linspace(0, stop, steps)[:, None]


def morph(model, x_a, x_b, steps, stop=1.0):
    t = weights(steps, stop)
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def loop(model, x_a, x_b, steps):
    with torch.no_grad():
        z_a, z_b = model.encode(x_a), model.encode(x_b)
        return torch.cat([model.decode(z_a + i / (steps - 1) * (z_b - z_a)) for i in range(steps)])


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (morph, True, "straight line"),
        (loop, True, "straight line"),
        (lambda m, a, b, n: morph(m, b, a, n), False, "from b to a"),
        (lambda m, a, b, n: morph(m, a, b, n, 1 - 1 / n), False, "0 to 1 inclusive"),
        (lambda m, a, b, n: morph(m, a, b, n + 1), False, "6 images"),
        (lambda m, a, b, n: torch.lerp(a, b, weights(n)[..., None, None]), False, "Blend their codes"),
        (lambda m, a, b, n: torch.lerp(m(a), m(b), weights(n)[..., None, None]), False, "Blend the codes first"),
        (lambda m, a, b, n: torch.lerp(m.encode(a), m.encode(b), weights(n)), False, "model.decode"),
        (lambda m, a, b, n: morph(m, a, b, n)[:, 0], False, "(5, 28, 28)"),
        (lambda m, a, b, n: morph(m, a, b, n) * 0, False, "shape is right"),
        (lambda m, a, b, n: torch.full((n, 1, 28, 28), float("nan")), False, "shape is right"),
        (lambda m, a, b, n: torch.zeros(n, 1, 28, 28, dtype=torch.bool), False, "shape is right"),
        (lambda m, a, b, n: a @ torch.zeros(3, 3), False, "RuntimeError"),
        (lambda m, a, b, n: "morph", False, "str"),
        (None, False, "expected your function"),
    ],
)
def test_check_morph(function, ok, hint):
    verdict = intuition.check_morph(function)
    assert verdict.ok is ok
    assert hint in verdict.message


def test_checks_leave_the_random_state_as_it_was():
    before = torch.random.get_rng_state()
    intuition.check_morph(morph)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("check", [intuition.check_unseen, intuition.check_matching_pca, intuition.check_break_even])
def test_open_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize("check", [intuition.check_psnr, intuition.check_morph])
def test_open_function(check):
    assert check(lambda *args: None) == NO_ANSWER


# Mutants of the right answers


def psnr_by(error):
    return lambda x_hat, x: -10 * torch.log10(error(x_hat, x))


def slerp(model, x_a, x_b, steps):
    a, b = model.encode(x_a), model.encode(x_b)
    angle = torch.acos((a * b).sum() / a.norm() / b.norm())
    t = weights(steps)
    return model.decode((torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle))


def bent(model, x_a, x_b, steps):
    t = weights(steps) ** 2
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def dotted(model, x_a, x_b, steps):
    """The right pictures at both ends and halfway, where three steps would look."""
    t = (4 * weights(steps)).round() / 4
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


MUTANTS = {
    "check_psnr": {
        "largest error": psnr_by(lambda x_hat, x: (x_hat - x).abs().amax((1, 2, 3)) ** 2),
        "mean error squared": psnr_by(lambda x_hat, x: (x_hat - x).abs().mean((1, 2, 3)) ** 2),
        "median": psnr_by(lambda x_hat, x: (x_hat - x).square().flatten(1).median(1).values),
        "first pixel": psnr_by(lambda x_hat, x: (x_hat - x)[:, 0, 0, 0] ** 2),
        "peak of x": lambda x_hat, x: 10 * torch.log10(x.max() ** 2 / per_image(x_hat, x)),
        "peak of x_hat": lambda x_hat, x: 10 * torch.log10(x_hat.max() ** 2 / per_image(x_hat, x)),
        "peak 255": lambda x_hat, x: 10 * torch.log10(255**2 / per_image(x_hat, x)),
        "batch's mean for all": psnr_by(lambda x_hat, x: (x_hat - x).square().mean().expand(len(x))),
        "base 2": lambda x_hat, x: -10 * torch.log2(per_image(x_hat, x)),
        "one less": psnr_by(lambda x_hat, x: (x_hat - x).square().sum((1, 2, 3)) / 750),
        "mean of decibels": lambda x_hat, x: -10 * torch.log10((x_hat - x).square() + 1e-9).mean((1, 2, 3)),
        "three images": lambda x_hat, x: -10 * torch.log10(per_image(x_hat, x)[:3]),
        "last dimension kept": lambda x_hat, x: -10 * torch.log10(per_image(x_hat, x)[:, None]),
        "in place": lambda x_hat, x: -10 * torch.log10(x_hat.sub_(x).square_().mean((1, 2, 3))),
    },
    "check_morph": {
        "5 steps always": lambda m, a, b, n: morph(m, a, b, 5),
        "on a sphere": slerp,
        "unevenly": bent,
        "in quarters": dotted,
        "first image only": lambda m, a, b, n: morph(m, a, a, n),
        "half the way": lambda m, a, b, n: morph(m, a, b, n, 0.5),
        "one too far": lambda m, a, b, n: morph(m, a, b, n, n / (n - 1)),
        "without the first": lambda m, a, b, n: morph(m, a, b, n + 1)[1:],
        "rounded": lambda m, a, b, n: morph(m, a, b, n).round(),
        "logits": lambda m, a, b, n: morph(m, a, b, n).logit(),
        "upright": lambda m, a, b, n: morph(m, a, b, n).transpose(2, 3),
        "codes of unit length": lambda m, a, b, n: m.decode(
            torch.lerp(nn.functional.normalize(m.encode(a)), nn.functional.normalize(m.encode(b)), weights(n))
        ),
    },
}
OTHER_WAYS = {
    "check_psnr": {
        "natural logarithm": lambda x_hat, x: -10 * per_image(x_hat, x).log() / math.log(10),
        "a little in the denominator": lambda x_hat, x: 10 * torch.log10(1 / (per_image(x_hat, x) + 1e-10)),
        "loop": lambda x_hat, x: torch.stack(
            [-10 * torch.log10((a - b).square().mean()) for a, b in zip(x_hat, x, strict=True)]
        ),
    },
    "check_morph": {
        "lerp": lambda m, a, b, n: m.decode(torch.lerp(m.encode(a), m.encode(b), weights(n))),
        "from the start": lambda m, a, b, n: m.decode(m.encode(a) + weights(n) * (m.encode(b) - m.encode(a))),
        "steps by division": lambda m, a, b, n: m.decode(
            m.encode(a) + torch.arange(n)[:, None] / (n - 1) * (m.encode(b) - m.encode(a))
        ),
    },
}
