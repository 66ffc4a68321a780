"""Checks of the exercises of the study on scores."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, must_be_one_number, right, same


@check
def check_two_intervals(answer) -> Verdict:
    """Exercise S18.1: what overlapping intervals and an interval of the difference allow you to say."""
    return judge(
        answer,
        right=(
            "C",
            "Both AUCs rise and fall with the same test images, so the difference is known better than either. But one "
            "training set and one seed stand behind each of them.",
        ),
        wrong=[
            (
                "A",
                "The two intervals share their luck: a lucky draw of test images lifts both. Look at the interval of the "
                "difference.",
            ),
            ("B", "The test images were drawn anew. Was the training set, or the seed?"),
            (
                "D",
                "An interval of test images that nobody drew anew says nothing of single images. Read what it is of.",
            ),
        ],
    )


@check
def check_blank_nats(answer) -> Verdict:
    """Exercise S18.2: log p of the middle of N(0, I) in 784 dimensions, above the mean log p of a draw, in nats."""
    return judge(
        answer,
        right=(
            about(392, 0.5),
            "Half a nat for each of 784 pixels. The likeliest picture of all is one that is never drawn.",
        ),
        wrong=[
            (about(784, 1), "The mean of the squares is 784. Which factor stands before it in the logarithm?"),
            (0.5, "That is for one pixel. How many are there?"),
            (about(-392, 0.5), "Which of the two is denser? The question asks for how much the middle lies above."),
            (
                about(720.4, 1.5),
                "The factor in front, with its log of 2 pi, is the same in both densities: it cancels.",
            ),
            (14, "That is half of 28. A picture has 28 times 28 pixels."),
            (28, "That is the distance of a draw from the middle. Put its square into the logarithm of the density."),
            (0, "The middle is the densest point, and a draw lies far from it: each pixel's square is 1 on average."),
        ],
        otherwise="log p(x) is a constant less half the sum of the squares. What is that sum at 0, and on average?",
    )


@check
def check_auc_variance(auc_variance) -> Verdict:
    """Exercise S18.3: (normal (N,), anomalous (M,)) -> DeLong's variance of the AUC."""
    draw = torch.Generator().manual_seed(0)
    cases = (
        (torch.randn(12, generator=draw), 1 + torch.randn(30, generator=draw)),
        (2 * torch.randn(40, generator=draw), 1 + torch.randn(9, generator=draw)),
        (torch.randint(6, (15,), generator=draw).float(), torch.randint(2, 9, (11,), generator=draw).float()),  # ties
    )
    for normal, anomalous in cases:
        found = call(auc_variance, normal, anomalous)
        must_be_one_number(found, ", the variance of the AUC")
        of_anomaly, of_normal = _shares(normal, anomalous)
        n, m = len(normal), len(anomalous)
        truth = of_anomaly.var() / m + of_normal.var() / n
        without_ties = (anomalous.double()[:, None] > normal.double()).double()
        auc = of_anomaly.mean()
        for mistake, hint in (
            (truth.sqrt(), "That is the standard error. Asked is its square."),
            (of_anomaly.var() / m, "Half of it: chance is in the draw of the normal cases, too."),
            (of_normal.var() / n, "Half of it: chance is in the draw of the anomalies, too."),
            (of_anomaly.var() + of_normal.var(), "Divide each variance by how many cases it was counted on."),
            (
                of_anomaly.var() / n + of_normal.var() / m,
                "The two counts are exchanged: there are M shares of anomalies.",
            ),
            (
                of_anomaly.var(correction=0) / m + of_normal.var(correction=0) / n,
                "Nearly: these variances divide by the count. Divide by the count less 1.",
            ),
            (
                auc * (1 - auc) / (n * m),
                "That would hold for N times M independent pairs. But each case is in many pairs.",
            ),
            (auc * (1 - auc) / n, "An AUC is a share of pairs, not of cases: the two variances come from the shares."),
            (
                without_ties.mean(1).var() / m + without_ties.mean(0).var() / n,
                "Right without ties. An equal pair counts one half.",
            ),
        ):
            if not same(truth, mistake) and same(found, mistake):
                raise Wrong(hint)
        if not same(found, truth):
            raise Wrong(
                f"For {n} normal cases and {m} anomalies you return {found.item():.5f}; expected {truth:.5f}. For each "
                "anomaly, take the share of normal cases below it, and for each normal case the share of anomalies above."
            )
    return right("Two variances, each over its own count: how much the AUC would move with other test images.")


def _shares(normal: Tensor, anomalous: Tensor) -> tuple[Tensor, Tensor]:
    """Of each anomaly the share of normal cases below it, (M,), of each normal case that of anomalies above it, (N,)."""
    pairs = (anomalous.double()[:, None] > normal.double()).double()
    pairs += (anomalous.double()[:, None] == normal.double()).double() / 2
    return pairs.mean(1), pairs.mean(0)
