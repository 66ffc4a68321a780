"""Checks of the exercises of the study on two true colours."""

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same, shown


@check
def check_cost_of_drawing(answer) -> Verdict:
    """Exercise S20.1: the expected squared error of a drawn colour, divided by that of the mean."""
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
def check_annealed(anneal) -> Verdict:
    """Exercise S20.2: probabilities (K,), temperature -> the sharpened probabilities (K,)."""
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
    """Exercise S20.3: probabilities (K,), share of the uniform -> weights (K,) whose mean under p is 1."""
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
