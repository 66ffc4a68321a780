"""Checks of the exercises of the study "Which denoiser knows what?"."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, about, call, check, judge, must_be_one_number


@check
def check_leak(answer) -> Verdict:
    """Exercise S14.1: why a loss of 0.02 on hidden pixels with noise of sigma 0.2 is too good to be true."""
    return judge(
        answer,
        right=(
            "B",
            "A pixel that is nowhere to be seen costs at least its own noise, 0.04. What lies below was seen.",
        ),
        wrong=[
            ("A", "The loss is that error plus the variance of the noise. What would a perfect denoiser pay?"),
            ("C", "These digits were not trained on, and neither was their noise. Nobody knows those by heart."),
            ("D", "A blurred answer has a larger error, and a larger loss. This one is too small."),
        ],
    )


@check
def check_blend(answer) -> Verdict:
    """Exercise S14.2: the weight of a noisy pixel (error 0.04) beside an answer that has not seen it (error 0.02)."""
    v, noise = 0.02, 0.04
    return judge(
        answer,
        right=(
            about(v / (v + noise), 0.005),
            "w = v / (v + sigma^2): each is trusted by the other's error, and the blend is better than either.",
        ),
        wrong=[
            (
                about(noise / (v + noise), 0.005),
                "That is the weight of the network's answer. The question is for the pixel's.",
            ),
            (
                about(v**0.5 / (v**0.5 + noise**0.5), 0.005),
                "You used standard deviations. Of independent errors, the squares add up.",
            ),
            (about(v / (v + 0.2), 0.002), "You added sigma to a squared error. Square it first."),
            (about(v * noise / (v + noise), 0.0005), "That is the error of the best blend. Which weight leads to it?"),
            (0.5, "Half and half would be best if both were equally wrong. The pixel's error is twice the answer's."),
            (0, "The noisy pixel is worse than the answer, but it knows something else. A little of it helps."),
            (1, "That hands the noisy pixel back."),
        ],
        otherwise="The error of the blend is w^2 sigma^2 + (1 - w)^2 v. Where is its slope 0?",
        expected="a number from 0 to 1",
    )


@check
def check_threshold_risk(sure_of_threshold) -> Verdict:
    """Exercise S14.3: (y, t, sigma) -> SURE, per number, of moving each number of y towards 0 by t, and no further."""
    y = torch.linspace(-1.9, 2.5, 60).reshape(3, 20)  # more of them positive, so that a missing abs shows
    for t, sigma in ((0.7, 0.5), (1.2, 0.3)):
        found = call(sure_of_threshold, y, t, sigma)
        must_be_one_number(found, ", a mean over y")
        verdict = judge(
            found.reshape(()),
            right=(
                _risk(y, t, sigma),
                "What survives moves with its noisy number, so the divergence counts the survivors. No clean number was needed.",
            ),
            wrong=_threshold_mistakes(y, t, sigma),
            otherwise=f"With t = {t} and sigma = {sigma} you return {found.reshape(()):.4g}; expected {_risk(y, t, sigma):.4g}. "
            "Take the three terms one by one.",
        )
    return verdict


def _risk(y: Tensor, t: float, sigma: float) -> Tensor:
    moved = y.abs().clamp(max=t)
    return moved.square().mean() - sigma**2 + 2 * sigma**2 * (y.abs() > t).float().mean()


def _threshold_mistakes(y: Tensor, t: float, sigma: float) -> list[tuple[Tensor, str]]:
    """What typical wrong answers to exercise S14.3 return, with what each should be told."""
    right, survive = _risk(y, t, sigma), (y.abs() > t).float()
    reward = sigma**2 * survive.mean()
    kept = (y.square() * (1 - survive)).mean()  # a hard threshold leaves the survivors where they are
    return [
        (right + sigma**2, "The term -sigma^2 is missing: what any answer pays for the noise in its target."),
        (right - reward, "The divergence counts twice: 2 sigma^2 times it."),
        (right - 2 * reward, "The divergence is missing. Without it, handing the noise back is best."),
        (right * y.numel(), "You summed. Take the mean over the numbers."),
        (
            kept - sigma**2 + 2 * reward,
            "You left the survivors where they are. This threshold is soft: it moves them by t, too.",
        ),
        (
            right + 2 * sigma**2 * (1 - 2 * survive.mean()),
            "You count the numbers that become 0. Those stay put when y moves a little; the others move along.",
        ),
        (
            right - 2 * sigma**2 * (y < -t).float().mean(),
            "Negative numbers survive as well, if they are far enough from 0.",
        ),
        (
            right + sigma**2 - sigma + 2 * (sigma - sigma**2) * survive.mean(),
            "sigma is a standard deviation: square it.",
        ),
    ]
