"""Anomaly detection: scores of normal data -> a threshold with a known false-alarm rate, and what it catches."""

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import beta
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.svm import OneClassSVM
from torch import Tensor, nn

from companion._support.checks import check_fraction, check_images, check_positive
from companion.pca import PCA


class Standardize:
    """Rows of numbers as images that ``fit`` accepts: features (N, D) -> x (N, 1, 1, D), 0.5 plus a tenth of the z-score.

    Mean and standard deviation are those of the rows given at the start. A value 5 standard deviations from the mean
    lands on 0 or 1; what lies farther out is not cut off, so clamp the images that you train on.

    Args:
        features: training rows (N, D), normal ones only.

    Raises:
        ValueError: not a matrix of at least two rows of finite numbers, or another number of columns later.
    """

    def __init__(self, features: Tensor):
        _check_rows(features)
        self.mean, self.std = features.mean(0), features.std(0).clamp(min=1e-6)

    def __call__(self, features: Tensor) -> Tensor:
        _check_rows(features)
        if features.shape[1] != len(self.mean):
            raise ValueError(f"features has {features.shape[1]} columns; expected {len(self.mean)}, as at the start.")
        return (0.5 + 0.1 * (features - self.mean) / self.std)[:, None, None]  # (N, D) -> (N, 1, 1, D)


@torch.no_grad()
def reconstruction_error(model: nn.Module, x: Tensor) -> Tensor:
    """How badly a model redraws each image: x (B, C, H, W) -> (B,). Reduction: mean over pixels, none over images."""
    return (model(x) - x).square().flatten(1).mean(1)  # (B, C, H, W) -> (B, C*H*W) -> (B,)


def rivals(x: Tensor, code_size: int = 32, seed: int = 0) -> dict[str, Callable[[Tensor], Tensor]]:
    """Three detectors that are no networks, fitted to normal images x (N, C, H, W): name -> (B, C, H, W) -> scores (B,).

    A higher score is stranger. PCA scores by its reconstruction error.

    Args:
        x: training images, normal ones only; values outside [0, 1] are accepted.
        code_size: of PCA.
        seed: of the forest; the other two are deterministic.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or ``code_size`` is not from 1 to min(N, C*H*W).

    Source: Liu, Ting and Zhou, Isolation forest, 2008; Schoelkopf et al., Estimating the support of a
    high-dimensional distribution, 2001 (the one-class SVM). Both by scikit-learn, its settings but for nu.
    """
    pca = PCA(x, code_size)
    flat = _rows(x)  # (N, C, H, W) -> (N, C*H*W)
    forest = IsolationForest(random_state=seed).fit(flat)
    svm = OneClassSVM(nu=0.1).fit(flat)
    return {
        "PCA": lambda x: reconstruction_error(pca, x),
        "forest": lambda x: -torch.from_numpy(forest.score_samples(_rows(x))),
        "SVM": lambda x: -torch.from_numpy(svm.decision_function(_rows(x))),
    }


def _rows(x: Tensor) -> np.ndarray:
    return check_images(x, unit_range=False).flatten(1).detach().cpu().numpy()  # (B, C, H, W) -> (B, C*H*W)


def alarm_threshold(normal_scores: Tensor, false_alarm_rate: float = 0.01) -> float:
    """The threshold above which a score is an alarm: scores of held-out normal data (N,) -> a number.

    A new normal case, drawn like those, exceeds it with a probability of at most ``false_alarm_rate``, on average over
    the draw of the N. It is the k-th smallest score, k = ceil((N + 1) (1 - rate)).

    Raises:
        ValueError: the scores are not (N,) finite numbers, the rate is not between 0 and 1, or N is too small for it.

    Source: Vovk, Gammerman and Shafer, Algorithmic learning in a random world, 2005 (the split-conformal quantile).
    """
    _check_scores(normal_scores, "normal_scores")
    k = threshold_rank(len(normal_scores), false_alarm_rate)
    return float(normal_scores.sort().values[k - 1])


def false_alarm_interval(n: int, false_alarm_rate=0.01, level=0.9) -> tuple[float, float]:
    """Where the true false-alarm rate of an ``alarm_threshold`` lies: n held-out scores -> (low, high).

    With probability ``level`` over the draw of the n scores, equally often above as below. Whatever the scores'
    distribution, if it is continuous, the true rate has the law Beta(n + 1 - k, k).

    Raises:
        ValueError: a number is out of range, or n is too small for the rate.

    Source: Wilks, Determination of sample sizes for setting tolerance limits, 1941.
    """
    check_positive(n, "n", whole=True)
    check_fraction(level, "level")
    k = threshold_rank(n, false_alarm_rate)
    low, high = beta.ppf([(1 - level) / 2, (1 + level) / 2], n + 1 - k, k)
    return float(low), float(high)


class Report(NamedTuple):
    """What scores are worth: ``auc`` and ``ap`` without a threshold, shares ``caught`` and ``false_alarms`` at one."""

    auc: float
    ap: float
    caught: float
    false_alarms: float


def report(normal: Tensor, anomalous: Tensor, threshold: float) -> Report:
    """Scores of normal (N,) and of anomalous test cases (M,), and a threshold -> :class:`Report`.

    "auc" is the area under the ROC curve: the probability that an anomaly scores above a normal case. "ap" is the average
    precision at the test set's own share of anomalies, M / (N + M).

    Raises:
        ValueError: the scores are not finite numbers, or there are none.
    """
    _check_scores(normal, "normal")
    _check_scores(anomalous, "anomalous")
    normal, anomalous = normal.detach().cpu(), anomalous.detach().cpu()  # Apple's GPUs know no doubles
    scores = torch.cat([normal.double(), anomalous.double()])
    is_anomaly = torch.cat([torch.zeros(len(normal)), torch.ones(len(anomalous))])
    return Report(
        auc=float(roc_auc_score(is_anomaly, scores)),
        ap=float(average_precision_score(is_anomaly, scores)),
        caught=(anomalous > threshold).double().mean().item(),
        false_alarms=(normal > threshold).double().mean().item(),
    )


def precision(caught: float, false_alarms: float, base_rate: float) -> float:
    """The share of alarms that are real, by Bayes' rule: shares caught and falsely alarmed, base rate -> a number.

    Args:
        caught: P(alarm | anomaly).
        false_alarms: P(alarm | normal).
        base_rate: P(anomaly), where the detector will be used.

    Raises:
        ValueError: a share is outside [0, 1], the base rate is not inside, or there would be no alarm at all.
    """
    _check_shares(caught, false_alarms, base_rate)
    real, false = caught * base_rate, false_alarms * (1 - base_rate)
    if real + false == 0:
        raise ValueError("caught and false_alarms are both 0: there is no alarm to judge.")
    return real / (real + false)


def cost(caught: float, false_alarms: float, base_rate: float, miss: float, check: float) -> float:
    """What a case costs on average: shares caught and falsely alarmed, base rate, two prices -> a number.

    Args:
        caught, false_alarms, base_rate: as for :func:`precision`.
        miss: the price of an anomaly that slips through.
        check: the price of looking into one alarm, real or false.

    Raises:
        ValueError: a share is outside [0, 1], or the base rate is not inside.
    """
    _check_shares(caught, false_alarms, base_rate)
    alarms = caught * base_rate + false_alarms * (1 - base_rate)
    return miss * (1 - caught) * base_rate + check * alarms


def first_alarm(scores: Tensor, threshold: float, needed: int = 5, of: int = 8) -> int | None:
    """When the alarm goes off: scores in order of time (N,) -> index of the window at which it does, or None.

    It goes off once ``needed`` of the last ``of`` scores lie above the threshold: a single score may be bad luck.

    Raises:
        ValueError: the scores are not (N,) finite numbers, or not 1 <= needed <= of.
    """
    _check_scores(scores, "scores")
    if not 1 <= needed <= of:
        raise ValueError(f"needed is {needed} and of is {of}; expected 1 <= needed <= of.")
    above = (scores > threshold).long().cumsum(0)
    recent = above - torch.cat([above.new_zeros(of), above])[: len(above)]
    when = (recent >= needed).nonzero()
    return int(when[0]) if len(when) else None


def threshold_rank(n: int, false_alarm_rate: float) -> int:
    """Which of n sorted scores is the threshold, counted from 1."""
    check_fraction(false_alarm_rate, "false_alarm_rate")
    # Rounded first, or (99 + 1) * (1 - 0.05) = 95.00000000000001 would count as 96.
    k = ceil(round((n + 1) * (1 - false_alarm_rate), 9))
    if k > n:
        raise ValueError(
            f"{n} normal scores are too few for a false-alarm rate of {false_alarm_rate:g}; "
            f"expected at least {ceil(round(1 / false_alarm_rate - 1, 9))}. "
            "Hold more normal data out, or accept more false alarms."
        )
    return k


def _check_scores(scores: Tensor, name: str) -> None:
    if not isinstance(scores, Tensor) or scores.ndim != 1 or not len(scores):
        given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"{name} is {given}; expected a tensor (N,), one score for each case.")
    if not scores.isfinite().all():
        raise ValueError(f"{name} contains NaN or infinity; expected finite scores.")


def _check_rows(features: Tensor) -> None:
    if not isinstance(features, Tensor) or features.ndim != 2 or not features.numel():
        given = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(f"features is {given}; expected a tensor (N, D), one row for each case.")
    if not features.isfinite().all():
        raise ValueError("features contains NaN or infinity; expected finite numbers. Repair or drop those rows.")


def _check_shares(caught: float, false_alarms: float, base_rate: float) -> None:
    for name, share in (("caught", caught), ("false_alarms", false_alarms)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share!r}; expected a share from 0 to 1.")
    check_fraction(base_rate, "base_rate")
