"""Chapter 9: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from companion.exercises import visualisation as exercises
from companion.visualisation import neighbour_accuracy


def test_the_exercise_on_paper_agrees_with_scikit_learn():
    data = np.array([[0.0], [1], [3], [7], [15]])
    places = np.array([[0.0], [5], [1], [12], [13]])
    assert trustworthiness(data, places, n_neighbors=1) == pytest.approx(0.6)
    assert trustworthiness(places, data, n_neighbors=1) == pytest.approx(1 - 5 / 15)


def neighbours(z, k, skip=1, largest=False):
    return torch.tensor(lists(z, k, 0 if largest else skip, largest))


def voted(z, y, k, skip=1, largest=False):
    votes = torch.nn.functional.one_hot(y[neighbours(z, k, skip, largest)]).sum(1)
    return (votes.argmax(1) == y).float().mean()


def neighbour_accuracy_of_all(z, y, k):
    return neighbour_accuracy(z, y, neighbours=k)


def lists(z, k, skip=1, largest=False):
    order = torch.cdist(z, z).argsort(1, descending=largest)
    return order[:, skip : skip + k].tolist()


def by_sets(a, b, k, **kwargs):
    pairs = zip(lists(a, k, **kwargs), lists(b, k, **kwargs), strict=True)
    return sum(len(set(p) & set(q)) for p, q in pairs) / (k * len(a))


def by_union(a, b, k):
    pairs = zip(lists(a, k), lists(b, k), strict=True)
    return sum(len(set(p) & set(q)) / len(set(p) | set(q)) for p, q in pairs) / len(a)


def near(x, x_new, k, **kwargs):
    return torch.cdist(x_new, x).topk(k, **({"largest": False} | kwargs)).indices


def by_distance(power, k_more=0, skip=0):
    """Places by the nearest in another distance, or with some left out."""

    def place(z, x, x_new, k):
        order = torch.cdist(x_new, x, p=power).argsort(1)
        return z[order[:, skip : skip + k + k_more]].mean(1)

    return place


def by_cosine(z, x, x_new, k):
    a, b = (torch.nn.functional.normalize(v, dim=1) for v in (x_new, x))
    return z[(a @ b.T).topk(k).indices].mean(1)


def weighted(z, x, x_new, k):
    d, nearest = torch.cdist(x_new, x).topk(k, largest=False)
    return ((1 / d).unsqueeze(2) * z[nearest]).sum(1) / (1 / d).sum(1, keepdim=True)


def gap(q, p, k, itself=False):
    """How much farther the next neighbour is than the k-th, as a share, for the point where that is least."""
    d = (q.double()[:, None] - p.double()).square().sum(2).sqrt().sort(1).values[:, int(itself) :]
    return (d[:, k] / d[:, k - 1] - 1).min()


def test_rounding_cannot_change_a_list_of_neighbours():
    """torch.cdist multiplies matrices and is off by some 1e-5 of a distance; so is every other way."""
    for a, b, k in exercises._pairs_of_maps():
        assert min(gap(a, a, k, itself=True), gap(b, b, k, itself=True)) > 1e-3
    for seed, k in ((1192, 5), (1265, 2), (172, 1)):
        z, _ = exercises._labelled(seed)
        assert min(gap(z, z, k, itself=True), gap(z, z, k + 1, itself=True)) > 1e-3
    _, x, x_new = exercises._map_and_data()
    assert min(gap(x_new, x, k) for k in (1, 4)) > 1e-3


EXERCISES = {}

EXERCISES["check_ten_times"] = {
    "right": "C",
    "says": "the number of points",
    "hints": [
        ("A", "what PCA shows"),
        ("B", "as many points in both"),
        ("D", "turns the widths round"),
    ],
}

EXERCISES["check_reports"] = {
    "right": "B",
    "says": "neither map was fitted",
    "hints": [
        ("A", "fitted to"),
        ("C", "nine to one"),
        ("D", "pure noise"),
    ],
}

EXERCISES["check_trust_by_hand"] = {
    "right": 0.6,
    "says": "1 - 6 / 15",
    "hints": [
        (0.667, "the continuity"),
        (0.333, "less k"),
        (0.4, "what is left of 1"),
        (0.2, "nearest neighbour is right"),
        (6, "sum of the charges"),
        (0.8, "a 2 above the line"),
        (0.76, "2 N - 3 k - 1"),
        (0.733, "costs more than 1"),
        (1.5, "between 0 and 1"),
        (0.1, "who is nearest"),
    ],
}

EXERCISES["check_vote"] = {
    "right": voted,
    "says": "anything beyond k",
    "other ways": {
        "the package's": neighbour_accuracy_of_all,
        "scikit-learn": lambda z, y, k: np.mean(
            [
                KNeighborsClassifier(k).fit(np.delete(z.numpy(), i, 0), np.delete(y.numpy(), i)).predict(z[i : i + 1])
                == y[i].item()
                for i in range(len(z))
            ]
        ),
        "in double": lambda z, y, k: voted(z.double(), y, k),
        "mode": lambda z, y, k: (y[neighbours(z, k)].mode(1).values == y).double().mean(),
    },
    "hints": [
        (lambda z, y, k: voted(z, y, k, skip=0), "Leave it out"),
        (lambda z, y, k: voted(z, y, k + 1, skip=0), "Leave it out"),
        (lambda z, y, k: voted(z, y, k, largest=True), "largest=False"),
        (lambda z, y, k: (y[neighbours(z, k)] == y[:, None]).float().mean(), "Let the majority decide"),
        (lambda z, y, k: len(z) * voted(z, y, k), "Divide by the number"),
        (lambda z, y, k: 100 * voted(z, y, k), "not in per cent"),
        (lambda z, y, k: ((y[neighbours(z, k)] == y[:, None]).sum(1) > k / 2).float().mean(), "most votes wins"),
        (lambda z, y, k: (y[neighbours(z, k)] == y[:, None]).any(1).float().mean(), "not enough"),
        (lambda z, y, k: 1 - voted(z, y, k), "share of wrong votes"),
        (lambda z, y, k: torch.ones(70), "expected one number"),
        (lambda z, y, k: 0.123, "you return 0.123"),
    ],
    "mutants": {
        "k = 5 always": lambda z, y, k: voted(z, y, 5),
        "one more": lambda z, y, k: voted(z, y, k + 1),
        "one less": lambda z, y, k: voted(z, y, max(k - 1, 1)),
        "ties to the larger label": lambda z, y, k: voted(z, 5 - y, k),
        "the nearest decides": lambda z, y, k: voted(z, y, 1),
        "by absolute differences": lambda z, y, k: (
            (y[torch.cdist(z, z, p=1).argsort(1)[:, 1 : k + 1]].mode(1).values == y).float().mean()
        ),
        "first number only": lambda z, y, k: voted(z[:, :1], y, k),
        "in place": lambda z, y, k: voted(z.mul_(2), y, k),
    },
}

EXERCISES["check_shared_neighbours"] = {
    "right": by_sets,
    "says": "only the order of distances",
    "other ways": {
        "exact distances": lambda a, b, k: (
            sum(
                len(set(p) & set(q))
                for p, q in zip(
                    *((z[:, None] - z).square().sum(2).argsort(1)[:, 1 : k + 1].tolist() for z in (a, b)), strict=True
                )
            )
            / (k * len(a))
        ),
        "in double": lambda a, b, k: by_sets(a.double(), b.double(), k),
        "expanded squares": lambda a, b, k: (
            sum(
                len(set(p) & set(q))
                for p, q in zip(
                    *(
                        ((z**2).sum(1) - 2 * z @ z.T).fill_diagonal_(-math.inf).argsort(1)[:, 1 : k + 1].tolist()
                        for z in (a, b)
                    ),
                    strict=True,
                )
            )
            / (k * len(a))
        ),
        "scikit-learn": lambda a, b, k: np.mean(
            [
                len(set(p) & set(q)) / k
                for p, q in zip(
                    *(NearestNeighbors(n_neighbors=k).fit(z.numpy()).kneighbors(return_distance=False) for z in (a, b)),
                    strict=True,
                )
            ]
        ),
    },
    "hints": [
        (lambda a, b, k: by_sets(a, b, k, skip=0), "finds itself"),
        (lambda a, b, k: by_sets(a, b, k + 1, skip=0), "and divide by k"),
        (lambda a, b, k: by_sets(a, b, k + 1, skip=0) * (k + 1) / k, "out of both lists."),
        (lambda a, b, k: k * by_sets(a, b, k), "Divide by k"),
        (lambda a, b, k: 40 * k * by_sets(a, b, k), "all points together"),
        (lambda a, b, k: 100 * by_sets(a, b, k), "not in per cent"),
        (lambda a, b, k: 1 - by_sets(a, b, k), "not have in common"),
        (lambda a, b, k: by_sets(a, b, k, skip=0, largest=True), "largest=False"),
        (by_union, "on either map"),
        (lambda a, b, k: (torch.tensor(lists(a, k)) == torch.tensor(lists(b, k))).float().mean(), "place by place"),
        (lambda a, b, k: 0.0, "expected"),
        (lambda a, b, k: torch.ones(40), "expected one number"),
    ],
    "mutants": {
        "k = 5 always": lambda a, b, k: by_sets(a, b, 5),
        "40 points known": lambda a, b, k: by_sets(a, b, k) * len(a) / 40,
        "first map alone": lambda a, b, k: by_sets(a, a, k),
        "one less": lambda a, b, k: by_sets(a, b, max(k - 1, 1)),
        "one more": lambda a, b, k: by_sets(a, b, k + 1),
        "twice": lambda a, b, k: 2 * by_sets(a, b, k),
        "half": lambda a, b, k: by_sets(a, b, k) / 2,
        "root": lambda a, b, k: by_sets(a, b, k) ** 0.5,
        "squared": lambda a, b, k: by_sets(a, b, k) ** 2,
        "by absolute differences": lambda a, b, k: (
            sum(
                len(set(p) & set(q))
                for p, q in zip(
                    *(torch.cdist(z, z, p=1).argsort(1)[:, 1 : k + 1].tolist() for z in (a, b)), strict=True
                )
            )
            / (k * len(a))
        ),
        "share of points with any": lambda a, b, k: (
            sum(bool(set(p) & set(q)) for p, q in zip(lists(a, k), lists(b, k), strict=True)) / len(a)
        ),
        "of the first point": lambda a, b, k: len(set(lists(a, k)[0]) & set(lists(b, k)[0])) / k,
        "correlation of distances": lambda a, b, k: torch.corrcoef(
            torch.stack([torch.cdist(a, a).flatten(), torch.cdist(b, b).flatten()])
        )[0, 1],
        "in place": lambda a, b, k: by_sets(a.mul_(2), b, k),
    },
}

EXERCISES["check_place"] = {
    "right": lambda z, x, x_new, k: z[near(x, x_new, k)].mean(1),
    "says": "needs all the data",
    "other ways": {
        "sort": by_distance(2),
        "in double": lambda z, x, x_new, k: by_distance(2)(z.double(), x.double(), x_new.double(), k),
        "scikit-learn": lambda z, x, x_new, k: z.numpy()[
            NearestNeighbors(n_neighbors=k).fit(x.numpy()).kneighbors(x_new.numpy())[1]
        ].mean(1),
        "squares": lambda z, x, x_new, k: z[(x_new[:, None] - x).square().sum(2).argsort(1)[:, :k]].mean(1),
    },
    "hints": [
        (lambda z, x, x_new, k: z[near(x, x_new, k)].sum(1), "Take their mean"),
        (lambda z, x, x_new, k: z[near(x, x_new, k)].median(1).values, "That is the median"),
        (lambda z, x, x_new, k: z[near(x, x_new, k, largest=True)].mean(1), "farthest"),
        (lambda z, x, x_new, k: z[near(x, x_new, k)[:, 0]], "nearest point only"),
        (lambda z, x, x_new, k: z.mean(0).expand(7, 2), "middle of the map"),
        (lambda z, x, x_new, k: x[near(x, x_new, k)].mean(1)[:, :2], "Average their places"),
        (lambda z, x, x_new, k: z[near(z, x_new[:, :2], k)].mean(1), "in the data"),
        (lambda z, x, x_new, k: z[near(x, x_new, k)], "expected (7, 2)"),
    ],
    "mutants": {
        "k = 4 always": lambda z, x, x_new, k: by_distance(2)(z, x, x_new, 4),
        "one more": by_distance(2, k_more=1),
        "one less": lambda z, x, x_new, k: by_distance(2)(z, x, x_new, max(k - 1, 1)),
        "nearest left out": by_distance(2, skip=1),
        "absolute differences": by_distance(1),
        "largest difference": by_distance(math.inf),
        "cosine": by_cosine,
        "weighted": weighted,
        "sign": lambda z, x, x_new, k: -by_distance(2)(z, x, x_new, k),
        "twice": lambda z, x, x_new, k: 2 * by_distance(2)(z, x, x_new, k),
        "half": lambda z, x, x_new, k: by_distance(2)(z, x, x_new, k) / 2,
        "axes exchanged": lambda z, x, x_new, k: by_distance(2)(z, x, x_new, k).flip(1),
        "mean over new points": lambda z, x, x_new, k: by_distance(2)(z, x, x_new, k).mean(0).expand(len(x_new), 2),
        "first two features": lambda z, x, x_new, k: by_distance(2)(z, x[:, :2], x_new[:, :2], k),
        "in place": lambda z, x, x_new, k: by_distance(2)(z, x.add_(0.1), x_new, k),
    },
}
