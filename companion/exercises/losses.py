"""Checks of the exercises of chapter 2."""

from math import exp, inf, log

import torch
import torch.nn.functional as F
from torch import Tensor

from companion.exercises._verdict import (
    Probe,
    Target,
    Verdict,
    Wrong,
    about,
    call,
    check,
    judge,
    judge_gradient,
    near,
    number,
    right,
    shown,
    slopes,
    terms_of,
)


@check
def check_reduction(answer) -> Verdict:
    """Exercise 2.1: the mse of a squared error of 30.72 an image of 3 x 32 x 32 numbers."""
    return judge(
        answer,
        right=(
            about(0.01, 1e-5),
            "30.72 / 3072: the colleague's network is better than yours, though its number looked far worse.",
        ),
        wrong=[
            (about(0.03, 1e-4), "You divided by the pixels of one channel. How many numbers has a colour image?"),
            (
                about(30.72 / 784, 1e-4),
                "784 belongs to the digits. Count the numbers of a colour image of 32 by 32 pixels.",
            ),
            (about(0.012, 1e-5), "That is your own mse. Bring the colleague's figure to the same reduction."),
            (about(30.72, 1e-3), "That is the sum over an image. The mse is a mean over its numbers."),
            ((1000, inf), "From a sum to a mean one divides."),
        ],
        otherwise="Count the numbers that the sum runs over, and divide by them.",
    )


@check
def check_doubt(with_mse, with_l1, with_bce) -> Verdict:
    """Exercise 2.2: the best answers to the values 0 (4 of 10), 0.3 (2 of 10) and 1 (4 of 10)."""
    answers = {}
    for name, answer in {"MSE": with_mse, "L1": with_l1, "BCE": with_bce}.items():
        value = number(answer)
        if value is None:
            raise Wrong(f"Your answer for {name} is {shown(answer)}; expected a number.")
        if not 0 <= value <= 1:
            raise Wrong(f"Your answer for {name} is {value:g}; expected a number from 0 to 1.")
        answers[name] = value
    if near(answers["MSE"], 0.3) and near(answers["L1"], 0.46):
        raise Wrong("You have the two kinds of average the wrong way round. Which of them does squaring ask for?")
    for name in ("MSE", "BCE"):
        if near(answers[name], 0.4):
            raise Wrong(f"{name}: that is the share of white. The cases of 0.3 count as well.")
        if near(answers[name], 1.3 / 3, 0.002):
            raise Wrong(f"{name}: you averaged the three values as if they were equally frequent.")
    if not near(answers["MSE"], 0.46):
        raise Wrong("MSE: ask for the value at which the slope of the expected square is zero.")
    if not near(answers["L1"], 0.3):
        raise Wrong("L1: sort the ten values, and look in the middle.")
    if near(answers["BCE"], 0.3):
        raise Wrong("BCE: that is the median. Is its expected slope zero there?")
    if not near(answers["BCE"], 0.46):
        raise Wrong("BCE: it is linear in the true value. What does its expectation depend on, then?")
    return right("The mean, the median, the mean. Squared error and cross-entropy agree on what is best.")


@check
def check_second_sigmoid(answer) -> Verdict:
    """Exercise 2.3: the least that a black pixel costs, where BCE with logits is given a sigmoid's answer."""
    return judge(
        answer,
        right=(
            about(log(2), 2e-3),
            "log 2, what a fair coin costs: the second sigmoid can never be surer of black than that.",
        ),
        wrong=[
            (about(0, 1e-3), "That would need a bet of 0 on white. What is the sigmoid of the smallest x_hat?"),
            (about(0.5, 1e-3), "That is the probability. What does an event of probability one half cost?"),
            (about(1, 1e-3), "That is in bits, or the slope. The question is for nats: the natural logarithm."),
            (about(-log(2), 2e-3), "The sign is reversed: a surprise is minus the logarithm of a probability."),
            (about(log(1 + exp(-1)), 2e-3), "That is the least that a white pixel costs, at x_hat = 1."),
            (
                about(log(1 + exp(1)), 2e-3),
                "That is the most that a black pixel costs, at x_hat = 1. Which x_hat is best?",
            ),
        ],
        otherwise="The bet on white is s(x_hat), with x_hat between 0 and 1. Which x_hat suits a black pixel best?",
    )


@check
def check_objective(objective) -> Verdict:
    """Exercise 2.4: (model, x) -> squared error + 0.5 * L1 of the code, sums per image, mean over images."""
    torch.default_generator.manual_seed(0)
    model, x = Probe(), torch.rand(6, 1, 28, 28)
    terms = terms_of(objective, model, x, names=("loss", "error", "penalty"))
    z = model.encode(x)
    x_hat = model.answer(z)
    each = (x_hat - x).square().flatten(1).sum(1)
    stretched = (x_hat - x[:, 0]).square()
    stretch = (
        "error: the shapes (B, 1, H, W) and (B, H, W) stretch to (B, B, H, W). Compare each answer with its own image."
    )
    error, penalty = each.mean(), z.abs().sum(1).mean()
    not_the_sum = "the value is not the sum over one image's numbers, averaged over images."
    judge(
        terms["error"],
        right=(error, ""),
        wrong=[
            ([stretched.mean(), stretched.flatten(1).sum(1).mean(), stretched.sum()], stretch),
            *_reductions(each, "error", "pixels", 784),
        ],
        otherwise=f"error: {not_the_sum}",
        tol=1e-4,
    )
    judge(
        terms["penalty"],
        right=(penalty, ""),
        wrong=[
            *_reductions(z.abs().sum(1), "penalty", "numbers of the code", 4),
            (
                z.square().sum(1).mean(),
                "penalty: that is the square of the code. The exercise asks for absolute values.",
            ),
        ],
        otherwise=f"penalty: {not_the_sum}",
        tol=1e-4,
    )
    verdict = judge(
        terms["loss"],
        right=(
            error + penalty / 2,
            "Both terms are sums over one image's numbers and means over images, so the weight means what it says.",
        ),
        wrong=[(error + penalty, "loss: the penalty counts in full. It should count half.")],
        otherwise="loss: it is not the error plus half of the penalty.",
        tol=1e-4,
    )
    if any(slope is None for slope in slopes(terms["loss"], list(model.parameters()))):
        raise Wrong("No gradient reaches the whole model: something cuts the graph, such as detach() or no_grad().")
    judge_gradient(
        terms["loss"],
        error + penalty / 2,
        model,
        otherwise="The value of the loss is right, its gradient is not: one of its terms is cut off, as by detach().",
    )
    return verdict


def _reductions(each: Tensor, name: str, what: str, count: int) -> list[tuple[Target, str]]:
    """What typical wrong reductions of a term give, from its sum over each image's so many numbers."""
    return [
        (each.mean() / count, f"{name}: that is the mean over the {what}. Sum over them."),
        (each.sum(), f"{name}: you summed over the images too. Take the mean over images."),
        (each.sum() / count, f"{name}: sum and mean are the wrong way round: sum over {what}, mean over images."),
        (each.mean() / 2, f"{name}: it is half of what it should be. The weight belongs into the loss only."),
    ]


@check
def check_stable_bce(stable_bce) -> Verdict:
    """Exercise 2.5: (a, x) -> BCE of each pixel from logits, right in value and slope from -200 to 200."""
    a = torch.tensor([-200.0, -90.0, -20.0, -3.0, 0.0, 0.5, 4.0, 17.0, 20.0, 100.0, 200.0]).repeat(3, 1)  # (3, 11)
    x = torch.tensor([0.0, 0.3, 1.0])[:, None].expand(3, 11).clone()
    leaf = a.clone().requires_grad_()
    cost = call(stable_bce, leaf, x)
    if cost.shape != a.shape:
        raise Wrong(f"For the shape (3, 11) you return {tuple(cost.shape)}; expected one number a pixel.")
    if not cost.is_floating_point():
        raise Wrong(f"You return numbers of type {cost.dtype}; expected floating point, like a.")
    if _uses(cost.grad_fn, "BinaryCrossEntropy", "Softplus", "LogSigmoid"):
        raise Wrong("That calls PyTorch's own BCE, softplus or logsigmoid. Write it with max, exp and log.")
    truth = F.binary_cross_entropy_with_logits(a, x, reduction="none")
    found = cost.detach().float()
    at = "At a = {:g} and x = {:g} "
    if not found.isfinite().all():
        i = (~found.isfinite()).nonzero()[0].tolist()
        where = at.format(a[*i].item(), x[*i].item())
        raise Wrong(
            where + f"you return {found[*i].item():g}. Which part of the formula overflows there, or takes log(0)?"
        )
    wrong_at = (found - truth).abs() > 1e-3 + 1e-5 * truth
    if wrong_at.any():
        raise Wrong(_bce_hint(found, truth, a, x, wrong_at))
    (slope,) = slopes(cost, [leaf])
    if slope is None:
        raise Wrong("The values are right, but no gradient reaches a: something cuts the graph, such as detach().")
    expected = torch.sigmoid(a) - x
    if not torch.allclose(slope, expected, atol=1e-3):
        off = ~torch.isclose(slope, expected, atol=1e-3)
        if (a[off] == 0).all():
            raise Wrong(
                "Only at a = 0 the slope is off: max and |a| have a corner there. Together they must give 1/2 - x."
            )
        i = off.nonzero()[0].tolist()
        raise Wrong(
            at.format(a[*i].item(), x[*i].item())
            + f"the slope is {slope[*i].item():g}, and should be {expected[*i].item():g}. A clamp, or infinity times 0, does that."
        )
    return right("Value and slope hold from -200 to 200: the exponent is never positive, so nothing overflows.")


def _bce_hint(found: Tensor, truth: Tensor, a: Tensor, x: Tensor, wrong_at: Tensor) -> str:
    """What a typical wrong value in exercise 2.5 should be told."""
    moderate = a.abs() < 10
    swapped = F.binary_cross_entropy_with_logits(a, 1 - x, reduction="none")
    if torch.allclose(found[moderate], -truth[moderate], atol=1e-3):
        return "The sign is reversed: a loss is smallest where the answer is right."
    if torch.allclose(found[moderate], swapped[moderate], atol=1e-3):
        return "Black and white are exchanged. At x = 1 a large logit should cost nothing."
    if not wrong_at[moderate].any():
        i = wrong_at.nonzero()[0].tolist()
        return (
            f"Right for moderate logits, but at a = {a[*i].item():g} and x = {x[*i].item():g} you return "
            f"{found[*i].item():g}; expected {truth[*i].item():g}. Something is clipped or rounded: avoid the sigmoid."
        )
    i = (wrong_at & moderate).nonzero()[0].tolist()
    return (
        f"At a = {a[*i].item():g} and x = {x[*i].item():g} you return {found[*i].item():g}; expected "
        f"{truth[*i].item():g}. Check the formula for a moderate logit first: log(1 + e^a) - a x."
    )


def _uses(node, *functions: str) -> bool:
    """Whether one of PyTorch's functions stands anywhere in the graph that leads to this node."""
    todo = [node]
    while todo:
        node = todo.pop()
        if node is not None:
            if any(function in node.name() for function in functions):
                return True
            todo += [parent for parent, _ in node.next_functions]
    return False


@check
def check_forgiving(forgiving_mse) -> Verdict:
    """Exercise 2.6: (x_hat, x) -> mean over images of the smallest mse over nine shifts of x_hat."""
    generator = torch.Generator().manual_seed(0)
    # Each of the nine shifts is the best for an image, one of them for most, and for one image none is good.
    away = [(1, 1), (1, 1), (1, 1), *((r, d) for r in (-1, 0, 1) for d in (-1, 0, 1)), (2, 0)]
    x = torch.rand(len(away), 1, 28, 28, generator=generator)
    x_hat = torch.cat([_shift(x[i : i + 1], *by) for i, by in enumerate(away)])
    x_hat = (0.8 * x_hat + 0.2 * torch.rand(x.shape, generator=generator)).clone()
    found = call(forgiving_mse, x_hat, x)
    if found.numel() != 1:
        raise Wrong(
            f"Your function returned the shape {tuple(found.shape)}; expected one number, the mean over images."
        )
    moved = {(r, d): _shift(x_hat, r, d) for r in (-1, 0, 1) for d in (-1, 0, 1)}
    costs = {by: (m - x).square().mean((1, 2, 3)) for by, m in moved.items()}
    every = torch.stack(list(costs.values()))  # (9, 13)
    cross = torch.stack([c for (r, d), c in costs.items() if r == 0 or d == 0])
    rows = torch.stack([c for (r, d), c in costs.items() if d == 0])
    columns = torch.stack([c for (r, d), c in costs.items() if r == 0])
    no_zero = torch.stack([c for by, c in costs.items() if by != (0, 0)])
    rolled = torch.stack([(x_hat.roll((d, r), (2, 3)) - x).square().mean((1, 2, 3)) for r, d in costs])
    of_x = torch.stack([(x_hat - _shift(x, r, d)).square().mean((1, 2, 3)) for r, d in costs])
    return judge(
        found,
        right=(
            every.amin(0).mean(),
            "The smallest of nine for each image, then the mean: a small shift is forgiven.",
        ),
        wrong=[
            (
                every.mean(1).min(),
                "You chose one shift for the whole batch. Take the minimum for each image, then the mean.",
            ),
            (every.min(), "That is the smallest cost of a single image. Take the mean over images last."),
            (costs[0, 0].mean(), "That is the plain mse. Compare all nine shifts."),
            (every.mean(), "That is the mean over the shifts. Take the smallest."),
            (every.amax(0).mean(), "That is the largest of the nine. Take the smallest."),
            (cross.amin(0).mean(), "The diagonal shifts are missing: there are nine, not five."),
            (
                [rows.amin(0).mean(), columns.amin(0).mean()],
                "You shift in one direction only. There are nine shifts.",
            ),
            (no_zero.amin(0).mean(), "The shift by (0, 0) is missing: an answer in its place must be free."),
            (rolled.amin(0).mean(), "What leaves the image comes back on the other side (roll). Fill with black."),
            (of_x.amin(0).mean(), "You shift x. Shift x_hat: at the edges it is not the same."),
            (784 * every.amin(0).mean(), "You summed over the pixels. The mse is a mean over pixels."),
            (every.amin(0).sum(), "You summed over the images. Take their mean."),
        ],
        otherwise=f"On the check's images you return {found.item():.4f}; expected {every.amin(0).mean():.4f}. Compute the mse of "
        "each image at each of the nine shifts, (9, B), and look at it.",
        tol=1e-4,
    )


def _shift(x: Tensor, right: int, down: int) -> Tensor:
    return F.pad(x, (right, -right, down, -down))
