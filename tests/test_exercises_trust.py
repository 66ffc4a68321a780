"""Study 21: right answers to each exercise, hints for typical mistakes, mutants."""

import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness


def test_the_exercise_on_paper_agrees_with_scikit_learn():
    data = np.array([[0.0], [1], [3], [7], [15]])
    places = np.array([[0.0], [5], [1], [12], [13]])
    assert trustworthiness(places, data, n_neighbors=1) == pytest.approx(1 - 5 / 15)


def by_columns(rearranged):
    return lambda x: torch.stack([rearranged(i, column) for i, column in enumerate(x.T)], 1)


def shuffled(i, column):
    return column[torch.randperm(len(column))]


def seeded(x):
    order = torch.stack([torch.randperm(len(x), generator=torch.Generator().manual_seed(i)) for i in range(x.shape[1])])
    return x.gather(0, order.T)


def in_place(x):
    for column in x.T:
        column.copy_(shuffled(0, column))
    return x


EXERCISES = {}

EXERCISES["check_continuity"] = {
    "right": 2 / 3,
    "says": "1 - 5 / 15",
    "hints": [
        (0.6, "the trustworthiness"),
        (5, "sum of the charges"),
        (0.333, "leave of 1"),
        (0.2, "Ranks count"),
        (0.833, "a 2 above the line"),
        (0.8, "2 N - 3 k - 1"),
        (0.733, "costs more than 1"),
        (1.5, "between 0 and 1"),
    ],
}

EXERCISES["check_shuffle"] = {
    "right": lambda x: x.gather(0, torch.rand(x.shape).argsort(0)),
    "says": "nothing that joins them",
    "other ways": {
        "column by column": by_columns(shuffled),
        "in numpy": lambda x: np.random.default_rng().permuted(x.numpy(), axis=0),
        "in double": lambda x: by_columns(shuffled)(x).double(),
    },
    "hints": [
        (lambda x: x[torch.randperm(len(x))], "Columns move together"),
        (lambda x: x.sort(0).values, "You sort each column"),
        (lambda x: x.gather(1, torch.rand(x.shape).argsort(1)), "within each row"),
        (lambda x: x.flatten()[torch.randperm(x.numel())].view(x.shape), "change columns"),
        (lambda x: x[torch.randint(len(x), (len(x),))], "each once"),
        (seeded, "Two calls return the same"),
        (lambda x: by_columns(lambda i, c: c.roll(int(torch.randint(1, 59, ())) + i))(x), "keep their order"),
        (lambda x: by_columns(lambda i, c: shuffled(i, c) if i else c)(x), "stands as it was"),
        (lambda x: x.T, "expected (60, 4)"),
    ],
    "mutants": {
        "as it was": lambda x: x.clone(),
        "turned upside down": lambda x: x.flip(0),
        "two columns together": lambda x: torch.cat(
            [x[torch.randperm(len(x))][:, :2], by_columns(shuffled)(x)[:, 2:]], 1
        ),
        "one row too few": lambda x: by_columns(shuffled)(x)[1:],
        "a little noise": lambda x: by_columns(shuffled)(x) + 0.01 * torch.randn(x.shape),
        "last column left": lambda x: torch.cat([by_columns(shuffled)(x)[:, :-1], x[:, -1:]], 1),
        "in place": in_place,
    },
}
