"""Checks of the exercises of chapter 10."""

from math import cos, pi, sin

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from companion.exercises._verdict import (
    Verdict,
    Wrong,
    about,
    as_tensor,
    call,
    check,
    judge,
    number,
    right,
    run,
    same,
    slopes,
)


@check
def check_fooled_judge(answer) -> Verdict:
    """Exercise 10.1: the best judge's D on a perfect 3, where the generator draws only the digits 0 to 4."""
    return judge(
        answer,
        right=(
            about(1 / 3, 0.004),
            "1/3: a 3 comes from the generator twice as often as from the data. So even perfect digits are "
            "recognised as forged: by being too many of a kind. That is how a good judge punishes collapse.",
        ),
        wrong=[
            (0.5, "That would be so if the generator made each digit as often as the data does. It makes only five."),
            (about(2 / 3, 0.004), "That is the probability of the other case: D is the probability of being real."),
            (1, "That is D on a 7, which the generator never draws. The question is about a 3."),
            (0, "A real 3 exists too, so the judge cannot be sure that it is forged."),
            (about(100 / 3, 0.4), "As a probability, please, not in per cent."),
            ([0.1, 0.2], "That is how often one of the two players draws a 3. D compares both."),
        ],
        otherwise="How often does a 3 come from the data, and how often from the generator?",
        expected="a number from 0 to 1",
    )


@check
def check_two_losses(two_losses) -> Verdict:
    """Exercise 10.2: (generator, judge, real, z) -> the judge's loss, which leaves the generator alone, and the forger's."""
    torch.default_generator.manual_seed(0)
    generator, judge_net = nn.Linear(3, 4), nn.Linear(4, 1)
    real, z = torch.randn(5, 4), torch.randn(5, 3)
    forger, scales = list(generator.parameters()), list(judge_net.parameters())
    result = run(two_losses, generator, judge_net, real, z)
    both = [as_tensor(loss) for loss in result] if isinstance(result, tuple | list) else []
    pair = [loss for loss in both if loss is not None and loss.is_floating_point() and loss.numel() == 1]
    if not len(both) == len(pair) == 2:
        raise Wrong(
            "Your function returned something else than two losses, one number each: return judge_loss, forger_loss."
        )
    fake = generator(z)
    on_real, on_fake = judge_net(real), judge_net(fake)
    judge_loss = softplus(-on_real).mean() + softplus(on_fake).mean()
    forger_loss = softplus(-on_fake).mean()
    if same(pair[0], forger_loss) and same(pair[1], judge_loss):
        raise Wrong("The two are exchanged: the judge's loss comes first.")
    if not same(pair[0], judge_loss):
        raise Wrong("The judge's loss is not the discriminator_loss of its logits on real and on forged pictures.")
    if same(pair[1], -judge_loss) or same(pair[1], -softplus(on_fake).mean()):
        raise Wrong("The forger's loss is the judge's turned round. Where is that flat? Take -log D.")
    if same(pair[1], softplus(on_fake).mean()):
        raise Wrong("The forger pays for what the judge believes. It should pay for what the judge sees through.")
    if not same(pair[1], forger_loss):
        raise Wrong("The forger's loss is not the generator_loss of the judge's logits on forged pictures.")
    if any(g is not None and g.any() for g in slopes(pair[0], forger)):
        raise Wrong("The judge's loss still reaches the generator's weights. The forgeries should count as given.")
    reached = slopes(pair[1], forger)
    if any(g is None for g in reached):
        raise Wrong("The forger's loss does not reach the generator's weights. Which of the two losses needs detach?")
    expected = [*slopes(judge_loss, scales), *slopes(forger_loss, forger)]
    found = [*slopes(pair[0], scales), *reached]
    if any(g is None or e is None or not same(g, e) for g, e in zip(found, expected, strict=True)):
        raise Wrong("Both values are right, but a part of a gradient is lost. Detach the forgeries alone, and once.")
    return right("The judge's loss stops at the forgeries; the forger's runs through the judge.")


@check
def check_amounts(amounts) -> Verdict:
    """Exercise 10.3: betas (T,) -> a (T,), s (T,): signal and noise after each step of the chain."""
    for betas in (torch.tensor([0.1, 0.2, 0.4, 0.5]), torch.tensor([0.3, 0.05, 0.6])):
        verdict = _judge_amounts(run(amounts, betas), betas)
    return verdict


def _judge_amounts(result, betas: Tensor) -> Verdict:
    """The verdict on what the learner's function returned for one list of betas."""
    several = isinstance(result, tuple | list) or (isinstance(result, Tensor | np.ndarray) and result.ndim > 0)
    pair = list(result) if several else []
    both = [as_tensor(r) for r in pair if number(r) is None] if len(pair) == 2 else []
    a, s = both if len(both) == 2 else (None, None)
    if a is None or s is None:
        raise Wrong("Your function returned something else than two tensors; expected a and s: return a, s.")
    a, s = a.detach(), s.detach()
    for name, value in (("a", a), ("s", s)):
        if value.shape != betas.shape or not value.is_floating_point():
            raise Wrong(
                f"For {len(betas)} betas, {name} has shape {tuple(value.shape)} and type {value.dtype}; "
                f"expected ({len(betas)},), floats."
            )
    keep = (1 - betas).cumprod(0)
    if same(a, keep.sqrt()) and same(s, (1 - keep).sqrt()):
        return right("Signal shrinks by sqrt(1 - beta) at every step, and the squares of the two always add up to 1.")
    if same(a, (1 - keep).sqrt()) and same(s, keep.sqrt()):
        raise Wrong("The two are exchanged: a is the signal, which shrinks.")
    if same(a, keep):
        raise Wrong("You return the product of the 1 - beta. That is the square of the signal.")
    if same(a, (1 - betas).sqrt()):
        raise Wrong("That is what one step does. Each step works on the result of the one before.")
    if same(a, betas.cumprod(0).sqrt()) or same(a, betas.cumprod(0)):
        raise Wrong("You multiplied the betas. What a step keeps of the signal is sqrt(1 - beta).")
    added = (1 - betas.cumsum(0)).sqrt()  # NaN as soon as the sum is above 1
    if same(a, added.nan_to_num(0)) or torch.allclose(a.float(), added, atol=1e-4, equal_nan=True):
        raise Wrong("You added the betas up. A step takes its share of what is left, so the shares multiply.")
    if same(a, keep.sqrt()) and same(s, 1 - keep):
        raise Wrong("The signal is right. For the noise you return its variance; s is its standard deviation.")
    if same(a, keep.sqrt()) and same(s, betas.cumsum(0).sqrt()):
        raise Wrong("The signal is right. Old noise shrinks with the signal before new noise is added.")
    if not (a.isfinite().all() and s.isfinite().all()):
        raise Wrong("Some of your amounts are not finite numbers. Is there a root of something below 0?")
    if same(a, keep.sqrt()):
        raise Wrong("The signal is right. What is left for the noise, if the variance stays 1?")
    raise Wrong(
        f"After the first step, with beta {betas[0]:g}, you have a = {a[0]:.3f} and s = {s[0]:.3f}. "
        "Apply x_t = sqrt(1 - beta) x + sqrt(beta) eps once, then again."
    )


@check
def check_gaussian_denoiser(denoiser) -> Verdict:
    """Exercise 10.4: (x_t, a, s) -> E[x | x_t] for x from N(3, 0.5^2)."""
    mean, std = 3.0, 0.5
    x_t = torch.linspace(-3, 5, 9)
    v = std**2
    # The last two: exactly no signal, and amounts whose squares do not add up to 1.
    for a, s in ((cos(0.15 * pi), sin(0.15 * pi)), (cos(0.35 * pi), sin(0.35 * pi)), (0.0, 1.0), (0.5, 2.0)):
        x_hat = call(denoiser, x_t, torch.tensor(a), torch.tensor(s))
        if x_hat.numel() == 1 and a == 0:
            x_hat = x_hat.expand(9)
        if x_hat.shape != x_t.shape:
            raise Wrong(f"For the shape (9,) you return {tuple(x_hat.shape)}; expected the same shape.")
        if not x_hat.isfinite().all():
            raise Wrong(f"At a = {a:g} your answer is not a finite number. Do you divide by a?")
        gain = a * v / (a * a * v + s * s)
        otherwise = (
            f"At a = {a:.2f}, s = {s:.2f} and x_t = {x_t[6]:g} you answer {x_hat[6]:.3f}. x and x_t are jointly Gaussian: "
            "the mean of one given the other is a straight line, mean + Cov / Var times the deviation."
        )
        if a**2 + s**2 > 1.5:
            otherwise = f"Right as long as a^2 + s^2 = 1, but not at a = {a:g}, s = {s:g}. Use s itself."
        verdict = judge(
            x_hat,
            right=(
                mean + gain * (x_t - a * mean),
                "m + a v (x_t - a m) / (a^2 v + s^2): with this denoiser the sampler turns noise into N(3, 0.5^2).",
            ),
            wrong=[
                (
                    x_t / max(a, 1e-9),
                    "You divide by a, as if there were no noise. At a = 0 that is a division by zero.",
                ),
                (x_t, "You hand x_t back."),
                (
                    torch.full_like(x_t, mean),
                    "You answer with the mean, whatever x_t is. How far should x_t move you from it?",
                ),
                (gain * x_t, "The weight is right, but the data's mean is 3, not 0."),
                (mean + gain * (x_t - mean), "Nearly: if x = 3, where does x_t lie on average? Not at 3."),
                (
                    mean + v / (a * a * v + s * s) * (x_t - a * mean),
                    "Nearly: the weight is Cov(x, x_t) / Var(x_t), and the covariance has a factor a.",
                ),
                (
                    mean + a * std / (a * a * std + s * s) * (x_t - a * mean),
                    "The form is right, with the standard deviation 0.5 where the variance belongs.",
                ),
            ],
            otherwise=otherwise,
        )
    return verdict


@check
def check_guided_odds(answer) -> Verdict:
    """Exercise 10.5: how much denser guidance of strength 2 makes the picture to which a classifier gives twice as much."""
    return judge(
        answer,
        right=(
            8,
            "(0.8 / 0.4)^3: the classifier's opinion counts three times. Nobody trained one; it is in the difference of the "
            "two guesses.",
        ),
        wrong=[
            (2, "That is strength 0, where the opinion counts once."),
            (4, "Nearly. At strength 0 the opinion already counts once; how often at strength 2?"),
            (6, "The opinion counts three times, but as a factor: densities multiply."),
            (
                about(0.512, 0.002),
                "That is the opinion on the first picture, counted three times. Compare it with the second.",
            ),
            (about(1 / 8, 0.001), "Upside down: the first picture looks more like a 7."),
        ],
        otherwise="Write q(x_t | 7) with Bayes' rule as q(x_t) p(7 | x_t), up to a factor, and put it in.",
    )


@check
def check_strength(answer) -> Verdict:
    """Exercise 10.6: the strength for many different sevens where misread ones are thrown away: A 0, B 1, C 4."""
    return judge(
        answer,
        right=(
            "A",
            "A draw that fails costs nothing: about one in five is thrown away. But the kinds of sevens that a stronger wish "
            "leaves out, no filter brings back.",
        ),
        wrong=[
            (
                "B",
                "What does strength 1 buy that your classifier does not give you for nothing? And what does it cost?",
            ),
            ("C", "The cleanest sevens, and the most alike. Your reader will meet others."),
        ],
    )
