"""Chapter 10: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from companion.diffusion import Guided, sample, signal_and_noise
from companion.gan import discriminator_loss, generator_loss


def right_amounts(betas):
    keep = torch.cumprod(1 - betas, 0)
    return keep.sqrt(), (1 - keep).sqrt()


def by_loop(betas):
    a, v, amounts = 1.0, 0.0, []
    for beta in betas.tolist():
        a, v = a * math.sqrt(1 - beta), (1 - beta) * v + beta
        amounts.append((a, math.sqrt(v)))
    return list(torch.tensor(amounts).T)


V = 0.25


def right_denoiser(x_t, a, s):
    return 3 + a * V / (a**2 * V + s**2) * (x_t - a * 3)


def test_what_the_solution_of_exercise_4_says_holds():
    z = sample(lambda x_t, t: right_denoiser(x_t, *signal_and_noise(t, 2)), torch.randn(20_000, 1), steps=100)
    assert z.mean().item() == pytest.approx(3, abs=0.03)
    assert z.std().item() == pytest.approx(0.5, rel=0.05)


def keeps(change):
    """The amounts from another product."""
    return lambda b: (change(b).sqrt(), (1 - change(b)).clamp(min=0).sqrt())


def test_guidance_counts_the_opinion_as_often_as_exercise_5_says():
    """Two kinds of bell curves: the guided guess is that for the density q(x_t | y)^(1 + w) / q(x_t)^w, by its slope."""
    kinds = torch.tensor([-1.0, 2.0])  # data: one number of the two, with equal chance

    class Perfect(nn.Module):
        def forward(self, x_t, t, y=None):
            return kinds[y] if y is not None else self.log_densities(x_t, t).softmax(1) @ kinds

        def log_densities(self, x_t, t):
            a, s = (v[:, None] for v in signal_and_noise(t, 1))
            return -((x_t[:, None] - a * kinds) ** 2) / (2 * s**2)

    x_t, t = torch.linspace(-1, 1, 7).requires_grad_(), torch.full((7,), 0.6)
    y, w, model = torch.ones(7, dtype=torch.long), 2, Perfect()
    log_q, opinion = model.log_densities(x_t, t).logsumexp(1), model.log_densities(x_t, t).log_softmax(1)[:, 1]
    (slope,) = torch.autograd.grad((log_q + (1 + w) * opinion).sum(), x_t)
    a, s = signal_and_noise(t, 1)
    guided = (a * Guided(model, y, w)(x_t, t) - x_t) / s**2
    torch.testing.assert_close(guided, slope)


def right_losses(generator, judge, real, z):
    fake = generator(z)
    return discriminator_loss(judge(real), judge(fake.detach())), generator_loss(judge(fake))


def losses(of_judge, of_forger):
    """Two losses from the judge's logits: on real, on forged and detached, on forged pictures."""

    def answer(generator, judge, real, z):
        fake = generator(z)
        logits = judge(real), judge(fake.detach()), judge(fake)
        return of_judge(*logits), of_forger(*logits)

    return answer


def judges(real, given, fake):
    return discriminator_loss(real, given)


def forgers(real, given, fake):
    return generator_loss(fake)


def by_no_grad(generator, judge, real, z):
    with torch.no_grad():
        given = generator(z)
    return discriminator_loss(judge(real), judge(given)), generator_loss(judge(generator(z)))


def broken_losses(generator, judge, real, z):
    fake = generator(z)
    return discriminator_loss(judge(real), judge(fake)), -nn.functional.softplus(judge(fake.detach())).mean()


EXERCISES = {}

EXERCISES["check_fooled_judge"] = {
    "right": 1 / 3,
    "says": "too many of a",
    "other ways": {"two digits": 0.33},
    "hints": [
        (0.5, "makes only five"),
        (2 / 3, "probability of being real"),
        (1, "D on a 7"),
        (0, "cannot be sure"),
        (0.1, "D compares both"),
        (0.2, "D compares both"),
        (33.3, "not in per cent"),
        (0.8, "You answered 0.8"),
    ],
}

EXERCISES["check_two_losses"] = {
    "right": right_losses,
    "strict": True,
    "says": "runs through the judge",
    "other ways": {
        "without a graph": by_no_grad,
        "a list": lambda *given: list(right_losses(*given)),
        "logarithms": losses(
            lambda r, g, f: -torch.sigmoid(r).log().mean() - (1 - torch.sigmoid(g)).log().mean(),
            lambda r, g, f: -torch.sigmoid(f).log().mean(),
        ),
        "PyTorch's cross-entropy": losses(
            lambda r, g, f: (
                nn.functional.binary_cross_entropy_with_logits(r, torch.ones_like(r))
                + nn.functional.binary_cross_entropy_with_logits(g, torch.zeros_like(g))
            ),
            lambda r, g, f: nn.functional.binary_cross_entropy_with_logits(f, torch.ones_like(f)),
        ),
    },
    "hints": [
        (broken_losses, "turned round"),
        (losses(lambda r, g, f: discriminator_loss(r, f), forgers), "still reaches"),
        (lambda *given: right_losses(*given)[::-1], "exchanged"),
        (losses(judges, lambda r, g, f: -discriminator_loss(r, f)), "turned round"),
        (losses(judges, lambda r, g, f: nn.functional.softplus(f).mean()), "sees through"),
        (losses(judges, lambda r, g, f: f.mean()), "not the generator_loss"),
        (losses(judges, lambda r, g, f: generator_loss(g)), "does not reach"),
        (losses(lambda r, g, f: discriminator_loss(g, r), forgers), "not the discriminator_loss"),
        (losses(lambda r, g, f: nn.functional.softplus(g).mean(), forgers), "not the discriminator_loss"),
        (losses(lambda r, g, f: judges(r, g, f).detach(), forgers), "part of a gradient"),
        (lambda *given: right_losses(*given)[0], "something else than two losses"),
        (losses(lambda r, g, f: nn.functional.softplus(-r) + nn.functional.softplus(g), forgers), "one number each"),
    ],
    "mutants": {
        "sums": losses(
            lambda r, g, f: nn.functional.softplus(-r).sum() + nn.functional.softplus(g).sum(),
            lambda r, g, f: nn.functional.softplus(-f).sum(),
        ),
        "half": losses(lambda r, g, f: judges(r, g, f) / 2, forgers),
        "real pictures detached": lambda g, j, real, z: (
            discriminator_loss(j(real).detach(), j(g(z).detach())),
            generator_loss(j(g(z))),
        ),
        "real alone": losses(lambda r, g, f: nn.functional.softplus(-r).mean(), forgers),
        "least squares": losses(lambda r, g, f: ((r - 1) ** 2 + g**2).mean(), lambda r, g, f: ((f - 1) ** 2).mean()),
        "as numbers": lambda *given: tuple(loss.item() for loss in right_losses(*given)),
        "forger's without a gradient": lambda *given: (
            right_losses(*given)[0],
            right_losses(*given)[1].detach(),
        ),
        "other noise": lambda g, j, real, z: right_losses(g, j, real, torch.randn_like(z)),
        "forger's gradient reversed": losses(judges, lambda r, g, f: 2 * forgers(r, g, f).detach() - forgers(r, g, f)),
    },
}

EXERCISES["check_amounts"] = {
    "right": right_amounts,
    "strict": True,
    "says": "add up to 1",
    "other ways": {
        "logarithms": keeps(lambda b: torch.log1p(-b).cumsum(0).exp()),
        "product of roots": lambda b: ((a := (1 - b).sqrt().cumprod(0)), (1 - a**2).sqrt()),
        "by steps": by_loop,
        "NumPy": lambda b: (
            np.sqrt(np.cumprod(1 - b.numpy())),
            np.sqrt(1 - np.cumprod(1 - b.numpy())),
        ),
        "in double": lambda b: right_amounts(b.double()),
    },
    "hints": [
        (lambda b: right_amounts(b)[::-1], "exchanged"),
        (lambda b: ((1 - b).cumprod(0), 1 - (1 - b).cumprod(0)), "square of the signal"),
        (lambda b: ((1 - b).sqrt(), b.sqrt()), "one step does"),
        (lambda b: (b.cumprod(0).sqrt(), (1 - b.cumprod(0)).sqrt()), "multiplied the betas"),
        (lambda b: ((1 - b.cumsum(0)).sqrt(), b.cumsum(0).sqrt()), "shares multiply"),
        (lambda b: (right_amounts(b)[0], right_amounts(b)[1] ** 2), "its variance"),
        (lambda b: (right_amounts(b)[0], b.cumsum(0).sqrt()), "Old noise shrinks"),
        (lambda b: (right_amounts(b)[0], b), "if the variance stays 1"),
        (lambda b: (0.5 * b, b), "After the first step"),
        (lambda b: ((1 - b.cumsum(0)).clamp(min=0).sqrt(), b), "shares multiply"),
        (lambda b: (right_amounts(b)[0], torch.full_like(b, math.nan)), "not finite"),
        (lambda b: (torch.full_like(b, math.nan), b), "not finite"),
        (lambda b: right_amounts(torch.tensor([0.1, 0.2, 0.4, 0.5])), "For 3 betas"),
        (lambda b: right_amounts(b)[0], "two tensors"),
        (lambda b: (1, 2), "two tensors"),
        (lambda b: (b[:2], b), "shape (2,)"),
        (lambda b: (b.long(), b), "torch.int64"),
    ],
    "mutants": {
        "one step late": keeps(lambda b: torch.cat([torch.ones(1), (1 - b).cumprod(0)[:-1]])),
        "from the end": keeps(lambda b: (1 - b).flip(0).cumprod(0).flip(0)),
        "whole product": keeps(lambda b: (1 - b).prod().expand(len(b))),
        "powers of the first": keeps(lambda b: (1 - b[0]) ** torch.arange(1, len(b) + 1)),
        "exponential": keeps(lambda b: torch.exp(-b.cumsum(0))),
        "roots of roots": lambda b: tuple(v.sqrt() for v in right_amounts(b)),
        "s = 1 - a": lambda b: (right_amounts(b)[0], 1 - right_amounts(b)[0]),
        "s of one step": lambda b: (right_amounts(b)[0], b.sqrt()),
        "sign of a": lambda b: (-right_amounts(b)[0], right_amounts(b)[1]),
        "sign of s": lambda b: (right_amounts(b)[0], -right_amounts(b)[1]),
        "twice": lambda b: tuple(2 * v for v in right_amounts(b)),
        "products of the betas' roots": lambda b: ((1 - b.sqrt()).cumprod(0), (1 - (1 - b.sqrt()).cumprod(0))),
        "last alone": lambda b: tuple(v[-1:] for v in right_amounts(b)),
        "as columns": lambda b: tuple(v[:, None] for v in right_amounts(b)),
        "in place": lambda b: right_amounts(b.mul_(0.5)),
    },
}

EXERCISES["check_gaussian_denoiser"] = {
    "right": right_denoiser,
    "says": "the sampler turns noise",
    "other ways": {
        "precisions": lambda x, a, s: (3 * s**2 + a * V * x) / (a**2 * V + s**2),
        "in double": lambda x, a, s: right_denoiser(x.double(), a.double(), s.double()),
        "NumPy": lambda x, a, s: right_denoiser(x.numpy(), float(a), float(s)),
        "product of precisions": lambda x, a, s: (3 / V + a * x / s**2) / (1 / V + a * a / s**2),
    },
    "hints": [
        (lambda x, a, s: x / a, "as if there were no noise"),
        (lambda x, a, s: 3 + a * a * V / (a * a * V + s * s) * (x / a - 3), "Do you divide by a?"),
        (lambda x, a, s: 3 + a * V / (a**2 * V + 1 - a**2) * (x - a * 3), "Use s itself"),
        (lambda x, a, s: x, "hand x_t back"),
        (lambda x, a, s: 3 + 0 * x, "answer with the mean"),
        (lambda x, a, s: a * V / (a**2 * V + s**2) * x, "mean is 3, not 0"),
        (lambda x, a, s: 3 + a * V / (a**2 * V + s**2) * (x - 3), "Not at 3"),
        (lambda x, a, s: 3 + V / (a**2 * V + s**2) * (x - 3 * a), "factor a"),
        (lambda x, a, s: 3 + a * 0.5 / (a**2 * 0.5 + s**2) * (x - 3 * a), "where the variance belongs"),
        (lambda x, a, s: x + 1, "jointly Gaussian"),
        (lambda x, a, s: x[:2], "same shape"),
    ],
    "mutants": {
        "weight without a": lambda x, a, s: 3 + V / (a**2 * V + s**2) * (x - 3 * a),
        "variance 1/2": lambda x, a, s: 3 + a * 0.5 / (a**2 * 0.5 + s**2) * (x - 3 * a),
        "s without a square": lambda x, a, s: 3 + a * V / (a**2 * V + s) * (x - 3 * a),
        "a without a square": lambda x, a, s: 3 + a * V / (a * V + s**2) * (x - 3 * a),
        "noise's weight": lambda x, a, s: 3 + s**2 / (a**2 * V + s**2) * (x - 3 * a),
        "sign": lambda x, a, s: -right_denoiser(x, a, s),
        "deviation's sign": lambda x, a, s: 6 - right_denoiser(x, a, s),
        "twice": lambda x, a, s: 2 * right_denoiser(x, a, s),
        "without the mean": lambda x, a, s: right_denoiser(x, a, s) - 3,
        "a^2 + s^2 = 1 by a": lambda x, a, s: right_denoiser(x, a, (1 - a**2).clamp(min=0).sqrt()),
        "a^2 + s^2 = 1 by s": lambda x, a, s: right_denoiser(x, (1 - s**2).clamp(min=0).sqrt(), s),
        "the mode's side": lambda x, a, s: right_denoiser(x, a, s).clamp(min=1.5),
        "mean of the batch": lambda x, a, s: right_denoiser(x, a, s).mean().expand_as(x),
        "in reverse": lambda x, a, s: right_denoiser(x, a, s).flip(0),
        "in place": lambda x, a, s: right_denoiser(x.sub_(0.1), a, s),
    },
}

EXERCISES["check_guided_odds"] = {
    "right": 8,
    "says": "counts three times",
    "hints": [
        (2, "counts once"),
        (4, "already counts once"),
        (6, "densities multiply"),
        (0.512, "Compare it with the second"),
        (0.125, "Upside down"),
        (16, "Bayes' rule"),
    ],
}

EXERCISES["check_strength"] = {
    "right": "A",
    "says": "no filter brings back",
    "hints": [
        ("B", "does not give you for nothing"),
        ("C", "the most alike"),
    ],
}
