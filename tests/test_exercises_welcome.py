"""The checks of chapter 0 accept a right answer, refuse the typical wrong ones with a hint of their own, and never crash."""

import pytest
import torch

from companion.exercises import welcome
from companion.exercises._verdict import NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [(784_000, True, "multiply"), (784, False, "one image"), (1057, False, "multiply"), ("many", False, "'many'")],
)
def test_check_count(answer, ok, hint):
    verdict = welcome.check_count(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda p: p.unsqueeze(1).float() / 255, True, "float32"),
        (lambda p: p.float() / 255, False, "channel is missing"),
        (lambda p: p.reshape(1, 2, 28, 28).float() / 255, False, "(1, 2, 28, 28)"),
        (lambda p: p.unsqueeze(1).double() / 255, False, "torch.float64"),
        (lambda p: p.unsqueeze(1).float(), False, "Divide"),
        (lambda p: p.unsqueeze(1).float() / 256, False, "255, not 256"),
        (lambda p: 1 - p.unsqueeze(1).float() / 255, False, "values"),
        (lambda p: 1 / 0, False, "ZeroDivisionError"),
        (lambda p: [1, 2], False, "(2,)"),
        (lambda p: [1, [2]], False, "list"),
        (3, False, "expected your function"),
    ],
)
def test_check_scale_pixels(function, ok, hint):
    verdict = welcome.check_scale_pixels(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda x_hat, x: (x_hat - x).square().mean(), True, "averaged"),
        (lambda x_hat, x: (x_hat - x).square().sum(), False, "You summed"),
        (lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1).mean(), False, "averaged over the images"),
        (lambda x_hat, x: (x_hat - x).mean(), False, "Square"),
        (lambda x_hat, x: (x_hat - x).abs().mean(), False, "absolute"),
        (lambda x_hat, x: (x_hat - x) ** 2, False, "one number"),
        (lambda x_hat, x: x_hat.mean() * 0 + 7, False, "expected 0.25 / 3"),
    ],
)
def test_check_mse(function, ok, hint):
    verdict = welcome.check_mse(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize(
    ("answer", "ok", "hint"),
    [
        (30, True, "30"),
        (10, False, "chain"),
        (15, False, "factor 2"),
        (40, False, "with respect to x"),
        (25, False, "the loss itself"),
        (-30, False, "sign"),
        (2 * 3, False, "Where is the error"),
        (4 * 3, False, "Where is the error"),
        (2 * 4 * 3, False, "Where is the error"),
        (7, False, "You answered 7"),
        ("six", False, "'six'"),
    ],
)
def test_check_gradient(answer, ok, hint):
    verdict = welcome.check_gradient(answer)
    assert verdict.ok is ok
    assert hint in verdict.message


def gradient(w, x, t):
    return torch.autograd.grad((w * x - t) ** 2, w)[0]


@pytest.mark.parametrize(
    ("function", "ok", "hint"),
    [
        (lambda w, x, t, lr: w - lr * gradient(w, x, t), True, "1.4"),
        (lambda w, x, t, lr: w + lr * gradient(w, x, t), False, "uphill"),
        (lambda w, x, t, lr: w - gradient(w, x, t), False, "learning rate"),
        (lambda w, x, t, lr: w, False, "did not move"),
        (lambda w, x, t, lr: torch.zeros(3), False, "one number"),
        (lambda w, x, t, lr: w * 100, False, "From w = 2"),
    ],
)
def test_check_descend(function, ok, hint):
    verdict = welcome.check_descend(function)
    assert verdict.ok is ok
    assert hint in verdict.message


@pytest.mark.parametrize("check", [welcome.check_count, welcome.check_gradient])
def test_open_answer(check):
    assert check(...) == NO_ANSWER


@pytest.mark.parametrize("check", [welcome.check_scale_pixels, welcome.check_mse, welcome.check_descend])
def test_open_function(check):
    assert check(lambda *args: None) == NO_ANSWER
