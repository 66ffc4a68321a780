"""Study 5: right answers to each exercise, hints for typical mistakes, and mutants of the right answer."""

import math

import torch
from torch import nn


def lifetime_top(a, share):
    k = max(1, round(share * len(a)))
    values, where = a.topk(k, dim=0)
    return torch.zeros_like(a).scatter(0, where, values)


def by_threshold(a, share):
    k = max(1, round(share * len(a)))
    return a * (a >= a.sort(0, descending=True).values[k - 1])


def in_place_top(a, share):
    a[a < a.topk(max(1, round(share * len(a))), dim=0).values[-1]] = 0
    return a


def cut_to(count):
    def top(a, share):
        values, where = a.topk(max(1, count(share * len(a))), dim=0)
        return torch.zeros_like(a).scatter(0, where, values)

    return top


def by_size(a, share):
    where = a.abs().topk(max(1, round(share * len(a))), dim=0).indices
    return torch.zeros_like(a).scatter(0, where, a.gather(0, where))


def kept_by(k_of):
    return lambda a, share: lifetime_top(a, min(max(k_of(a, share) / len(a), 0), 1))


def cosine(a, b):
    return nn.functional.normalize(a) @ nn.functional.normalize(b).T


def mutual(likeness):
    there, back = likeness.argmax(1), likeness.argmax(0)
    return (back[there] == torch.arange(len(likeness))).float().mean()


def by_loop(a, b):
    likeness, count = cosine(a, b), 0
    for i, row in enumerate(likeness):
        count += int(likeness[:, row.argmax()].argmax()) == i
    return count / len(a)


EXERCISES = {}

EXERCISES["check_lifetime_top"] = {
    "right": lifetime_top,
    "strict": True,
    "says": "gets a gradient",
    "other ways": {
        "mask": lambda a, share: a * (lifetime_top(a, share) != 0),
        "where": lambda a, share: torch.where(a >= a.topk(max(1, round(share * len(a))), dim=0).values[-1], a, 0.0),
        "sort": lambda a, share: a * (a.argsort(0, descending=True).argsort(0) < max(1, round(share * len(a)))),
        "threshold": by_threshold,
    },
    "hints": [
        (cut_to(int), "do not cut off"),
        (cut_to(math.ceil), "not up"),
        (by_size, "without the sign"),
        (lambda a, share: lifetime_top(a, share).relu(), "negative numbers"),
        (lambda a, share: a * 0 + lifetime_top(a, share).detach(), "gradient of 1"),
        (lambda a, share: lifetime_top(a.T, share).T, "other dim"),
        (lambda a, share: (lifetime_top(a, share) != 0).float(), "ones"),
        (lambda a, share: a - lifetime_top(a, share), "removed the largest"),
        (lambda a, share: a * (a <= a.sort(0).values[1]), "smallest"),
        (lambda a, share: a * (a >= a.flatten().sort().values[-16]), "One threshold"),
        (lambda a, share: lifetime_top(a, share).detach(), "no gradient"),
        (lambda a, share: a * (a >= a.topk(round(share * len(a)) or 2, dim=0).values[-1]), "rounds to 0"),
        (lambda a, share: a.topk(round(share * len(a)), dim=0).values, "(2, 8)"),
        (lambda a, share: lifetime_top(a, 2 * share), "keeps 4 on average"),
        (lambda a, share: a * 1, "Nothing was set to 0"),
    ],
    "mutants": {
        "share of the units": lambda a, share: lifetime_top(a, round(share * a.shape[1]) / len(a)),
        "half up": kept_by(lambda a, share: int(share * len(a) + 0.5)),
        "one more": kept_by(lambda a, share: round(share * len(a)) + 1),
        "one less": kept_by(lambda a, share: round(share * len(a)) - 1),
        "two always": kept_by(lambda a, share: 2),
        "up to two": kept_by(lambda a, share: min(2, round(share * len(a)))),
        "sign": lambda a, share: -lifetime_top(a, share),
        "twice": lambda a, share: 2 * lifetime_top(a, share),
        "smallest": lambda a, share: -lifetime_top(-a, share),
        "minus infinity for 0": lambda a, share: torch.where(lifetime_top(a, share) == 0, -math.inf, a),
        "shifted": lambda a, share: lifetime_top(a, share).roll(1, 0),
        "transposed": lambda a, share: lifetime_top(a, share).T,
        "detached": lambda a, share: lifetime_top(a, share).detach(),
        "passes to all": lambda a, share: a + (lifetime_top(a, share) - a).detach(),
        "half of the gradient": lambda a, share: (lifetime_top(a, share) + lifetime_top(a, share).detach()) / 2,
        "gradient of a copy": lambda a, share: lifetime_top(a.detach().requires_grad_(), share),
        "in place": in_place_top,
    },
}

EXERCISES["check_mutual_share"] = {
    "right": lambda a, b: mutual(cosine(a, b)),
    "says": "No match is claimed twice",
    "other ways": {
        "loop": by_loop,
        "largest in row and column": lambda a, b: (
            ((cosine(a, b) == cosine(a, b).amax(1, True)) & (cosine(a, b) == cosine(a, b).amax(0, True))).sum() / len(a)
        ),
    },
    "hints": [
        (lambda a, b: mutual(cosine(a, b)) * len(a), "their number"),
        (lambda a, b: mutual(cosine(b, a)), "rows of b"),
        (lambda a, b: mutual(a @ b.T), "by the product"),
        (lambda a, b: mutual(-torch.cdist(a, b)), "by distance"),
        (lambda a, b: mutual(cosine(a, b).abs()), "leave out the sign"),
        (lambda a, b: 1.0, "Every row has a best match"),
        (lambda a, b: len(cosine(a, b).argmax(1).unique()) / len(b), "want that row back"),
        (lambda a, b: cosine(a, b).amax(1), "(30,)"),
        (lambda a, b: 0.123, "where they agree"),
        (lambda a, b: mutual(cosine(a, b)) if len(a) == 30 and not torch.equal(a.flip(0), b) else 0.5, "another order"),
        (lambda a, b: mutual(cosine(a, b)) if len(a) >= len(b) else 0.5, "with 30 and 20"),
    ],
    "mutants": {
        "of those above 0.9": lambda a, b: mutual(cosine(a, b)) * (cosine(a, b).amax(1) > 0.9).float().mean(),
        "centred rows": lambda a, b: mutual(cosine(a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True))),
        "only b is scaled": lambda a, b: mutual(a @ nn.functional.normalize(b).T),
        "columns scaled": lambda a, b: mutual(nn.functional.normalize(a, dim=0) @ nn.functional.normalize(b, dim=0).T),
        "twice": lambda a, b: 2 * mutual(cosine(a, b)),
        "worst match": lambda a, b: mutual(-cosine(a, b)),
        "in place": lambda a, b: mutual(cosine(a.mul_(2), b)),
    },
}

EXERCISES["check_two_thresholds"] = {
    "right": "A",
    "says": "can only shrink",
    "hints": [
        ("B", "higher one"),
        ("C", "Which way"),
    ],
}
