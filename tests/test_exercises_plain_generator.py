"""The study on generating with a plain autoencoder: right answers, hints for typical mistakes, mutants; what they rest on."""

import pytest
import torch

from companion.generation import frechet_distance


def test_frechet_distances_of_one_feature_by_hand():
    """The numbers of exercise S07.3, from sets with exactly these means and standard deviations."""
    scores = torch.randn(50, 1, dtype=torch.double)
    scores = (scores - scores.mean()) / scores.std()
    real, made = 10 + 5 * scores, 4 + 3 * scores
    for a, b, distance in ((real, made, 40), (real, 2.2 * made, 4), (2 * real, 2 * made, 160)):
        assert frechet_distance(a, b) == pytest.approx(distance)
    for factor in (2.1, 2.3):
        assert frechet_distance(real, factor * made) > 4.1


def reach(x, k):
    return torch.cdist(x, x).kthvalue(k + 1, dim=1).values


def precision(real, generated, k=3):
    return (torch.cdist(generated, real) <= reach(real, k)).any(1).float().mean()


def one_by_one(real, generated, k=3):
    reaches = [sorted((a - b).norm().item() for b in real)[k] for a in real]
    within = [any((g - a).norm().item() <= r for a, r in zip(real, reaches, strict=True)) for g in generated]
    return sum(within) / len(within)


def by_topk(real, generated, k=3):
    near = torch.cdist(real, real).topk(k + 1, largest=False).values[:, -1]
    return torch.count_nonzero((torch.cdist(generated, real) <= near).sum(1)) / len(generated)


def test_precision_of_a_line():
    """Reaches of 1 around 0, 1, 2, 3 and of 97 around 100, with one neighbour."""
    real = torch.tensor([[0.0], [1.0], [2.0], [3.0], [100.0]])
    assert precision(real, torch.tensor([[-0.5], [3.5], [60.0], [-5.0]]), k=1) == pytest.approx(0.75)


def within(real, generated, reaches):
    return (torch.cdist(generated, real) <= reaches).any(1).float().mean()


EXERCISES = {}

EXERCISES["check_two_reports"] = {
    "right": "C",
    "says": "as large as the lead",
    "hints": [("A", "differ in size"), ("B", "off both sets"), ("D", "ruler is the same"), ("E", "letters")],
}

EXERCISES["check_precision"] = {
    "right": precision,
    "says": "it is recall",
    "other ways": {"one by one": one_by_one, "by topk": by_topk},
    "hints": [
        (lambda a, b, k: precision(a, b, k - 1), "you counted it"),
        (lambda a, b, k: precision(a, b, k + 1), "One neighbour too many"),
        (lambda a, b, k: precision(b, a, k), "That is the recall"),
        (lambda a, b, k: (torch.cdist(b, a) <= reach(b, k)[:, None]).any(1).float().mean(), "belongs to the real"),
        (lambda a, b, k: (torch.cdist(b, a) <= reach(a, k)).any(0).float().mean(), "Count the generated"),
        (lambda a, b, k: (torch.cdist(b, a) <= reach(a, k)).float().mean(), "counted pairs"),
        (lambda a, b, k: (torch.cdist(b, a) <= reach(a, k)).all(1).float().mean(), "all of them"),
        (lambda a, b, k: within(a, b, reach(a, k).mean()), "mean reach"),
        (lambda a, b, k: within(a, b, reach(a, k).amax()), "largest reach"),
        (lambda *args: 100 * precision(*args), "per cent"),
        (lambda a, b, k: precision(a, b, k) * len(b), "how many"),
        (lambda *args: 1 - precision(*args), "out of reach"),
        (lambda a, b, k: precision(a, b, 3), "not for k = 1"),
        (lambda a, b, k: precision(a, b, k) * 80 / len(b), "80 real and 60"),
        (lambda a, b, k: (torch.cdist(b, a) <= reach(a, k)).any(1), "torch.bool"),
        (lambda *args: 0.123, "you get 0.123"),
    ],
    "mutants": {
        "squared": lambda a, b, k: (torch.cdist(b, a) <= reach(a, k) ** 2).any(1).float().mean(),
        "half the reach": lambda a, b, k: within(a, b, reach(a, k) / 2),
        "median reach": lambda a, b, k: within(a, b, reach(a, k).median()),
        "city blocks": lambda a, b, k: (torch.cdist(b, a, p=1) <= reach(a, k)).any(1).float().mean(),
        "of all": lambda a, b, k: precision(a, torch.cat([a, b]), k),
        "in place": lambda a, b, k: precision(a, b.mul_(1.1), k),
    },
}

EXERCISES["check_best_factor"] = {
    "right": 2.2,
    "says": "4 are left",
    "other ways": {"as a fraction": 55 / 25},
    "hints": [
        (2.5, "means together"),
        (5 / 3, "deviations together"),
        (25 / 12, "A mean of the two"),
        (0.4545, "Upside down"),
        (4.4, "comes down with the square"),
        (4, "At which c"),
        (160, "both sides doubled"),
        (3, "slope 0"),
    ],
}
