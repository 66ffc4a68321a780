"""Study 12: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.linear_model import LinearRegression

from companion.exercises import swiss_roll as exercises
from companion.manifold import arc_length, distance_penalty, graph_distances


def test_a_belt_of_three_points_is_laid_out_with_two_thirds():
    steps = torch.linspace(0.3, 1.2, 901)
    penalties = [distance_penalty(torch.tensor([[-a], [0.0], [a]]), 1 - torch.eye(3)) for a in steps]
    assert exercises.check_belt(steps[torch.stack(penalties).argmin()].item()).ok


@pytest.mark.parametrize(("spacing", "spoiled"), [(1, False), (0.25, True)])
def test_a_tighter_roll_spoils_the_distances(spacing, spoiled):
    """Of one sheet, rolled up from the same inner angle with layers near or far from each other."""
    rng = np.random.default_rng(0)
    sheet = rng.uniform(0, [85, 21], (800, 2))
    angles = torch.linspace(4.7, 40, 10_000)
    t = np.interp(sheet[:, 0], spacing * (arc_length(angles) - arc_length(angles[:1])), angles)
    points = np.stack([spacing * t * np.cos(t), sheet[:, 1], spacing * t * np.sin(t)], 1)
    found = graph_distances(torch.from_numpy(points))
    agree = np.corrcoef(found.flatten(), cdist(sheet, sheet).flatten())[0, 1]
    assert agree < 0.9 if spoiled else agree > 0.99


def line(z, s):
    return LinearRegression().fit(z.numpy(), s.numpy()).score(z.numpy(), s.numpy())


def centred(x):
    return x - x.mean(0)


def by_lstsq(z, s):
    z, s = centred(z).double(), centred(s).double()
    return 1 - (s - z @ torch.linalg.lstsq(z, s[:, None]).solution[:, 0]).square().sum() / s.square().sum()


def through_zero(z, s):
    z, s = z.double(), s.double()
    return 1 - (s - z @ torch.linalg.lstsq(z, s[:, None]).solution[:, 0]).square().mean() / s.var(correction=0)


def correlation(z, s, i):
    return torch.corrcoef(torch.stack([z[:, i], s]))[0, 1]


EXERCISES = {}

EXERCISES["check_spoiled"] = {
    "right": "C",
    "says": "shortcuts",
    "hints": [("A", "turned"), ("B", "densely"), ("D", "steps shorter")],
}

EXERCISES["check_belt"] = {
    "right": 2 / 3,
    "says": "cannot be laid",
    "hints": [
        (1, "a penalty of 1"),
        (0.5, "a half"),
        (4 / 3, "the ends are"),
        (1 / 3, "is wrong"),
        (0.75, "once too little"),
        (0.9, "-a, 0 and a"),
    ],
}

EXERCISES["check_straightness"] = {
    "right": by_lstsq,
    "says": "the best line",
    "other ways": {
        "scikit-learn": line,
        "a column of ones": lambda z, s: by_lstsq(torch.cat([z, torch.ones(len(z), 1)], 1)[:, :-1], s),
        "squared correlation with the fit": lambda z, s: (
            torch.corrcoef(
                torch.stack(
                    [
                        z.double() @ torch.linalg.lstsq(centred(z), centred(s)[:, None]).solution[:, 0].double(),
                        s.double(),
                    ]
                )
            )[0, 1]
            ** 2
        ),
        "NumPy": lambda z, s: np.float64(line(z, s)),
    },
    "hints": [
        (through_zero, "through 0"),
        (lambda z, s: 1 - by_lstsq(z, s), "unexplained"),
        (lambda z, s: correlation(z, s, 0) ** 2, "first number"),
        (lambda z, s: max(correlation(z, s, i) ** 2 for i in range(z.shape[1])), "one number at a time"),
        (lambda z, s: by_lstsq(z, s).sqrt(), "correlation"),
        (lambda z, s: 1.0, "the best line explains"),
        (lambda z, s: z, "expected one number"),
    ],
    "mutants": {
        "two columns only": lambda z, s: by_lstsq(z[:, :2], s) if z.shape[1] == 3 else by_lstsq(z, s),
        "adjusted": lambda z, s: 1 - (1 - by_lstsq(z, s)) * (len(z) - 1) / (len(z) - z.shape[1] - 1),
        "swapped": lambda z, s: line(s[:, None], z[:, 0]),
        "variance of the rest": lambda z, s: by_lstsq(z, s) * s.var(),
        "sign": lambda z, s: -by_lstsq(z, s),
        "in place": lambda z, s: by_lstsq(z.sub_(z.mean(0)), s),
    },
}
