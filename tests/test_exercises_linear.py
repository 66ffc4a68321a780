"""Study 11: right answers to each exercise, hints for typical mistakes; and what the answers rest on."""

import numpy as np
import pytest
import torch

from companion.exercises import linear as exercises


@pytest.fixture(scope="module")
def eigenvalues(data):
    flat = data.x_train.flatten(1).double()
    return torch.linalg.eigvalsh(torch.cov(flat.T, correction=0)).flip(0)


def test_check_gap_accepts_what_the_spectrum_says(eigenvalues):
    ratios = {k: eigenvalues[k] / eigenvalues[k - 1] for k in (5, 6, 8, 10)}
    best = min(ratios, key=ratios.get)
    assert exercises.check_gap(best).ok
    assert ratios[6] < 0.76
    assert min(ratios[k] for k in (5, 8, 10)) > 0.9
    assert max(ratios, key=ratios.get) == 8


@pytest.mark.parametrize(
    ("drop", "ok", "hint"),
    [(2, True, "narrowest layer"), (8, False, "code of 8"), (64, False, "64 numbers"), (0, False, "average digit")],
)
def test_check_narrowest_by_the_spectrum(drop, ok, hint, eigenvalues):
    verdict = exercises.check_narrowest(eigenvalues[drop:].sum().item())
    assert verdict.ok is ok
    assert hint in verdict.message


def test_the_tilted_direction_has_that_error():
    covariance = np.array([[3.0, 1], [1, 3]])
    angle = np.pi / 4 + np.pi / 6
    q = np.array([np.cos(angle), np.sin(angle)])
    assert exercises.check_tilted(float(np.trace(covariance) - q @ covariance @ q)).ok


EXERCISES = {}

EXERCISES["check_gap"] = {
    "right": 6,
    "says": "widest relative gap",
    "hints": [(5, "close neighbours"), (8, "narrowest gap"), (10, "larger code"), (7, "Choose one")],
}

EXERCISES["check_narrowest"] = {
    "right": 43.544,
    "says": "narrowest layer",
    "hints": [(8.94, "kept"), (0.0555, "per pixel"), (100, "rank")],
}

EXERCISES["check_tilted"] = {
    "right": 2.5,
    "says": "sin^2",
    "hints": [
        (2, "best direction"),
        (3.5, "kept"),
        (3, "square"),
        (0.5, "on top"),
        (4, "larger variance"),
        (1.25, "two coordinates"),
        (9, "q'Cq"),
    ],
}
