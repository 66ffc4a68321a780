"""Checks of the exercises of chapter 8."""

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same, shown


@check
def check_car(answer) -> Verdict:
    """Exercise 8.1: what squared error paints a car that is red or green: A one of them, B grey, C yellow, D patches."""
    return judge(
        answer,
        right=(
            "C",
            "The mean is (0, 40), a yellow that no car had. Squared error answers with the mean; it is grey only "
            "where the colours are opposite.",
        ),
        wrong=[
            ("A", "A choice of one costs nothing half the time and very much otherwise. Is a point between cheaper?"),
            ("B", "That is so for opposite colours. Take the mean of (60, 40) and (-60, 40), number by number."),
            ("D", "The same input gives the same answer: a network trained by squared error does not draw lots."),
        ],
    )


@check
def check_cost_of_drawing(answer) -> Verdict:
    """Exercise 8.2: the expected squared error of a drawn colour, divided by that of the mean."""
    return judge(
        answer,
        right=(
            2,
            "2, whatever the distribution: the draw and the truth each stray from the mean by one variance, and being "
            "independent, their variances add.",
        ),
        wrong=[
            (1, "That holds for the mean distance of two opposite colours. The question is about its square."),
            (4, "Twice the distance is four times the square, but how often does the draw miss?"),
            (0.5, "Upside down: can anything beat the mean in squared error?"),
            (
                about(2**0.5, 0.02),
                "That is the ratio of the roots. The question is about the squared errors themselves.",
            ),
            (0, "The draw has the right probabilities, yet it does not know which colour this picture had."),
        ],
        otherwise="Write Y - Y' as (Y - m) - (Y' - m), square it, and take the expectation.",
    )


@check
def check_claim(answer) -> Verdict:
    """Exercise 8.3: what network 9, grey 10, mean colour 12, table 7 supports: A works, B context, C one pixel, D none."""
    return judge(
        answer,
        right=(
            "C",
            "A function of one pixel's lightness does better, so nothing shows that the neighbourhood helps here, or "
            "that the network uses it. More training might show it; these numbers do not.",
        ),
        wrong=[
            ("A", "It beats grey, but a rival beats it, without looking at a single neighbour."),
            ("B", "The table does not use the neighbourhood, and is better. What does that say about B?"),
            ("D", "The table predicts from lightness alone and is well below grey. So something can be predicted."),
        ],
    )


@check
def check_distance(distance) -> Verdict:
    """Exercise 8.4: stored Lab (B, 3, H, W) twice -> (B, H, W), the straight distance in Lab units."""
    g = torch.Generator().manual_seed(0)
    x_hat, x = torch.rand(2, 2, 3, 4, 5, generator=g)
    x_hat, x = x_hat - 0.3, x - 0.2  # a and b lie on both sides of 0
    d = call(distance, x_hat, x)
    units = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)
    squares = ((x_hat - x) * units).square()  # (2, 3, 4, 5)
    exact = squares.sum(1).sqrt()
    if d.ndim == 0:
        raise Wrong(
            "You return a single number; expected one distance for each pixel, (B, H, W): sum over channels only."
        )
    if d.shape == x.shape:
        raise Wrong("You return one number a channel. Add the squares of L, a and b, which are dimension 1.")
    if d.shape == (2, 1, 4, 5):
        raise Wrong("Your result has shape (B, 1, H, W); expected (B, H, W).")
    if d.shape != exact.shape:
        raise Wrong(f"For pictures of shape (2, 3, 4, 5) you return {tuple(d.shape)}; expected (2, 4, 5).")
    stored = (x_hat - x).square().sum(1).sqrt()
    return judge(
        d,
        right=(
            exact,
            "One distance a pixel, in Lab units. Small differences of pale colours are about as large in CIEDE2000.",
        ),
        wrong=[
            (squares.sum(1), "That is the squared distance. Take the root of each pixel's sum."),
            (stored, "That is the distance of the stored numbers. Undo the scale: 100, 256, 256."),
            (100 * stored, "L is stored as L / 100, but a and b are stored divided by 256."),
            (256 * stored, "a and b are stored divided by 256, but L is stored as L / 100."),
            (squares[:, 1:].sum(1).sqrt(), "You left out the lightness. A distance in Lab counts all three."),
            (squares.mean(1).sqrt(), "You took the mean of the three squares. A distance takes their sum."),
            (squares.sqrt().sum(1), "You added the three absolute differences. Add the squares, then take the root."),
        ],
        otherwise=f"At the first pixel you have {d[0, 0, 0].item():.2f}; it should be {exact[0, 0, 0].item():.2f}.",
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
        q = q.detach().float()
        if q.shape != p.shape:
            raise Wrong(f"For {len(p)} probabilities you return the shape {tuple(q.shape)}; expected ({len(p)},).")
        power = p ** (1 / temperature)
        exact = (p / p.max()) ** (1 / temperature)
        exact = exact / exact.sum()
        if power.sum() == 0 and not q.sum() > 0:  # nan is not above 0 either
            raise Wrong(
                "With 313 equally likely colours and T = 0.05 every power is too small for float32, and 0 / 0 is not a "
                "number. Divide p by its largest value first."
            )
        if not q.isfinite().all():
            raise Wrong("Some of your probabilities are not finite. A probability of 0 should stay 0.")
        if q[p == 0].any() and same(q, exact, tol=1e-2):
            raise Wrong("Nearly right, but a probability of 0 should stay 0, exactly. Did you add a small number?")
        other = p**temperature
        verdict = judge(
            q,
            right=(
                exact,
                "p to the power of 1 / T, over the sum. Below 1 it sharpens, above 1 it flattens, at 1 nothing happens.",
            ),
            wrong=[
                (p, "You return the probabilities as they came."),
                (power, "They no longer add up to 1: divide by their sum."),
                (other / other.sum(), "You raised to the power of T. A small T should sharpen: the power is 1 / T."),
                (other, "You raised to the power of T, and did not divide by the sum."),
                (
                    (p / temperature).softmax(0),
                    "That is a softmax of the probabilities. The softmax takes log p, divided by T.",
                ),
                (torch.eye(len(p))[p.argmax()], "That is the likeliest colour alone, the limit of T near 0."),
            ],
            otherwise=f"At T = {temperature:g} and p = {shown([round(v, 3) for v in p.tolist()])} you have {q[0].item():.3f} first; "
            f"it should be {exact[0].item():.3f}.",
        )
    return verdict


@check
def check_rare_weights(weights) -> Verdict:
    """Exercise 8.6: probabilities (K,), share of the uniform -> weights (K,) whose mean under p is 1."""
    for p, share in (
        (torch.tensor([0.9, 0.09, 0.01]), 0.5),
        (torch.tensor([0.6, 0.4, 0.0, 0.0]), 0.25),
        (torch.tensor([0.25, 0.75]), 1.0),
    ):
        w = call(weights, p, share)
        w = w.detach().float()
        k = len(p)
        if w.shape != p.shape:
            raise Wrong(f"For {k} colours you return the shape {tuple(w.shape)}; expected ({k},).")
        raw = 1 / ((1 - share) * p + share / k)
        exact = raw / (p * raw).sum()
        if not w.isfinite().all():
            raise Wrong("A colour that does not occur gets an infinite weight. The uniform share should prevent that.")
        swapped = 1 / (share * p + (1 - share) / k)
        verdict = judge(
            w,
            right=(
                exact,
                "Rare colours count more, absent ones stay finite, and a plain mean of the weighted losses keeps its size, "
                "since the mean weight is 1.",
            ),
            wrong=[
                (raw, "Your weights are right up to a factor: scale them so that the sum of p times weight is 1."),
                (
                    raw / raw.sum(),
                    "You scaled the weights to sum to 1. Scale their mean under p, the sum of p times weight, to 1.",
                ),
                (raw / raw.mean(), "You scaled the plain mean to 1. Weigh by p: rare colours are seen rarely."),
                (
                    swapped / (p * swapped).sum(),
                    "You exchanged the shares: the uniform distribution has the share given.",
                ),
                (1 / raw / (p / raw).sum(), "Upside down: frequent colours get the large weights."),
                ((1 / p) / k, "You divided by p alone. Mix p with the uniform distribution first."),
            ],
            otherwise=f"For p = {[round(v, 3) for v in p.tolist()]} and a share of {share:g} the first weight is "
            f"{w[0].item():.3f}; it should be {exact[0].item():.3f}.",
        )
    return verdict
