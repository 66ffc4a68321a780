"""Checks of the exercises of chapter 8."""

import torch

from companion.exercises._verdict import Verdict, about, call, check, hint_for, judge, letter, right, same, wrong


@check
def check_car(answer) -> Verdict:
    """Exercise 8.1: what squared error paints a car that is red or green: A one of them, B grey, C yellow, D patches."""
    return letter(
        answer,
        {
            "A": wrong(
                "A choice of one costs nothing half the time and very much otherwise. Is a point between cheaper?"
            ),
            "B": wrong("That is so for opposite colours. Take the mean of (60, 40) and (-60, 40), number by number."),
            "C": right(
                "The mean is (0, 40), a yellow that no car had. Squared error answers with the mean; it is grey only "
                "where the colours are opposite."
            ),
            "D": wrong("The same input gives the same answer: a network trained by squared error does not draw lots."),
        },
    )


@check
def check_cost_of_drawing(answer) -> Verdict:
    """Exercise 8.2: the expected squared error of a drawn colour, divided by that of the mean."""
    return judge(
        answer,
        (
            2,
            "2, whatever the distribution: the draw and the truth each stray from the mean by one variance, and being "
            "independent, their variances add.",
        ),
        [
            (1, "That holds for the mean distance of two opposite colours. The question is about its square."),
            (4, "Twice the distance is four times the square, but how often does the draw miss?"),
            (0.5, "Upside down: can anything beat the mean in squared error?"),
            (
                about(2**0.5, 0.02),
                "That is the ratio of the roots. The question is about the squared errors themselves.",
            ),
            (0, "The draw has the right probabilities, yet it does not know which colour this picture had."),
        ],
        "Write Y - Y' as (Y - m) - (Y' - m), square it, and take the expectation.",
    )


@check
def check_claim(answer) -> Verdict:
    """Exercise 8.3: what network 9, grey 10, mean colour 12, table 7 supports: A works, B context, C one pixel, D none."""
    return letter(
        answer,
        {
            "A": wrong("It beats grey, but a rival beats it, without looking at a single neighbour."),
            "B": wrong("The table does not use the neighbourhood, and is better. What does that say about B?"),
            "C": right(
                "A function of one pixel's lightness does better, so nothing shows that the neighbourhood helps here, or "
                "that the network uses it. More training might show it; these numbers do not."
            ),
            "D": wrong(
                "The table predicts from lightness alone and is well below grey. So something can be predicted."
            ),
        },
    )


@check
def check_distance(distance) -> Verdict:
    """Exercise 8.4: stored Lab (B, 3, H, W) twice -> (B, H, W), the straight distance in Lab units."""
    g = torch.Generator().manual_seed(0)
    x_hat, x = torch.rand(2, 2, 3, 4, 5, generator=g)
    x_hat, x = x_hat - 0.3, x - 0.2  # a and b lie on both sides of 0
    d = call(distance, x_hat, x)
    if isinstance(d, Verdict):
        return d
    units = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)
    squares = ((x_hat - x) * units).square()  # (2, 3, 4, 5)
    exact = squares.sum(1).sqrt()
    if same(d, exact, atol=1e-3):
        return right(
            "One distance a pixel, in Lab units. Small differences of pale colours are about as large in CIEDE2000."
        )
    if d.ndim == 0:
        return wrong(
            "You return a single number; expected one distance for each pixel, (B, H, W): sum over channels only."
        )
    if d.shape == x.shape:
        return wrong("You return one number a channel. Add the squares of L, a and b, which are dimension 1.")
    if d.shape == (2, 1, 4, 5):
        return wrong("Your result has shape (B, 1, H, W); expected (B, H, W).")
    if d.shape != exact.shape:
        return wrong(f"For pictures of shape (2, 3, 4, 5) you return {tuple(d.shape)}; expected (2, 4, 5).")
    mistakes = [
        (squares.sum(1), "That is the squared distance. Take the root of each pixel's sum."),
        (
            (x_hat - x).square().sum(1).sqrt(),
            "That is the distance of the stored numbers. Undo the scale: 100, 256, 256.",
        ),
        (100 * (x_hat - x).square().sum(1).sqrt(), "L is stored as L / 100, but a and b are stored divided by 256."),
        (256 * (x_hat - x).square().sum(1).sqrt(), "a and b are stored divided by 256, but L is stored as L / 100."),
        (squares[:, 1:].sum(1).sqrt(), "You left out the lightness. A distance in Lab counts all three."),
        (squares.mean(1).sqrt(), "You took the mean of the three squares. A distance takes their sum."),
        (squares.sqrt().sum(1), "You added the three absolute differences. Add the squares, then take the root."),
    ]
    return wrong(
        hint_for(d, mistakes, atol=1e-3)
        or f"At the first pixel you have {d[0, 0, 0].item():.2f}; it should be {exact[0, 0, 0].item():.2f}."
    )


@check
def check_annealed(anneal) -> Verdict:
    """Exercise 8.5: probabilities (K,), temperature -> the sharpened probabilities (K,)."""
    for p, temperature in (
        (torch.tensor([0.7, 0.3]), 0.5),
        (torch.tensor([0.5, 0.25, 0.125, 0.125]), 0.38),
        (torch.tensor([0.2, 0.8, 0.0]), 2.0),
        (torch.tensor([0.3, 0.6, 0.1]), 1.0),
        (torch.full((313,), 1 / 313), 0.05),  # its 20th power is 0 in float32
    ):
        q = call(anneal, p, temperature)
        if isinstance(q, Verdict):
            return q
        q = q.detach().float()
        if q.shape != p.shape:
            return wrong(f"For {len(p)} probabilities you return the shape {tuple(q.shape)}; expected ({len(p)},).")
        power = p ** (1 / temperature)
        exact = (p / p.max()) ** (1 / temperature)
        exact = exact / exact.sum()
        if power.sum() == 0 and not q.sum() > 0:  # nan is not above 0 either
            return wrong(
                "With 313 equally likely colours and T = 0.05 every power is too small for float32, and 0 / 0 is not a "
                "number. Divide p by its largest value first."
            )
        if not q.isfinite().all():
            return wrong("Some of your probabilities are not finite. A probability of 0 should stay 0.")
        if same(q, exact, atol=1e-3) and q[p == 0].any():
            return wrong("Nearly right, but a probability of 0 should stay 0, exactly. Did you add a small number?")
        if same(q, exact, atol=1e-5):
            continue
        other = p**temperature
        mistakes = [
            (p, "You return the probabilities as they came."),
            (power, "They no longer add up to 1: divide by their sum."),
            (other / other.sum(), "You raised to the power of T. A small T should sharpen: the power is 1 / T."),
            (other, "You raised to the power of T, and did not divide by the sum."),
            (
                (p / temperature).softmax(0),
                "That is a softmax of the probabilities. The softmax takes log p, divided by T.",
            ),
            (torch.eye(len(p))[p.argmax()], "That is the likeliest colour alone, the limit of T near 0."),
        ]
        return wrong(
            hint_for(q, mistakes, rtol=0, atol=1e-3)
            or f"At T = {temperature:g} and p = {[round(v, 3) for v in p.tolist()]} you have {q[0].item():.3f} first; "
            f"it should be {exact[0].item():.3f}."
        )
    return right(
        "p to the power of 1 / T, over the sum. Below 1 it sharpens, above 1 it flattens, at 1 nothing happens."
    )


@check
def check_rare_weights(weights) -> Verdict:
    """Exercise 8.6: probabilities (K,), share of the uniform -> weights (K,) whose mean under p is 1."""
    for p, share in (
        (torch.tensor([0.9, 0.09, 0.01]), 0.5),
        (torch.tensor([0.6, 0.4, 0.0, 0.0]), 0.25),
        (torch.tensor([0.25, 0.75]), 1.0),
    ):
        w = call(weights, p, share)
        if isinstance(w, Verdict):
            return w
        w = w.detach().float()
        k = len(p)
        if w.shape != p.shape:
            return wrong(f"For {k} colours you return the shape {tuple(w.shape)}; expected ({k},).")
        raw = 1 / ((1 - share) * p + share / k)
        exact = raw / (p * raw).sum()
        if same(w, exact):
            continue
        if not w.isfinite().all():
            return wrong("A colour that does not occur gets an infinite weight. The uniform share should prevent that.")
        swapped = 1 / (share * p + (1 - share) / k)
        mistakes = [
            (raw, "Your weights are right up to a factor: scale them so that the sum of p times weight is 1."),
            (
                raw / raw.sum(),
                "You scaled the weights to sum to 1. Scale their mean under p, the sum of p times weight, to 1.",
            ),
            (raw / raw.mean(), "You scaled the plain mean to 1. Weigh by p: rare colours are seen rarely."),
            (swapped / (p * swapped).sum(), "You exchanged the shares: the uniform distribution has the share given."),
            (1 / raw / (p / raw).sum(), "Upside down: frequent colours get the large weights."),
            ((1 / p) / k, "You divided by p alone. Mix p with the uniform distribution first."),
        ]
        return wrong(
            hint_for(w, [(value, hint) for value, hint in mistakes if value.isfinite().all()])
            or f"For p = {[round(v, 3) for v in p.tolist()]} and a share of {share:g} the first weight is {w[0].item():.3f}; "
            f"it should be {exact[0].item():.3f}."
        )
    return right(
        "Rare colours count more, absent ones stay finite, and a plain mean of the weighted losses keeps its size, since the "
        "mean weight is 1."
    )
