"""Study 10: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import math

import pytest
import torch
import torch.nn.functional as F

from companion.exercises import conditional as exercises
from companion.vae import kl_to_standard_normal, reparameterize


def test_a_label_is_worth_log_10():
    """Ten kinds of pictures that share none: p(x) is a tenth of p(x | y)."""
    each = torch.full((10, 4), 0.25).unsqueeze(1) * torch.eye(10)[:, :, None]  # p(x | y) over 40 pictures
    p = each.flatten(1)
    gain = (p * (p / p.mean(0)).clamp(min=1e-30).log()).sum(1).mean()
    assert gain == pytest.approx(math.log(10))
    assert exercises.check_label_worth(gain.item()).ok


def both(model, x, *, middle=lambda mu, logvar: mu, pixels=torch.sum, units=torch.sum):
    """The two terms of the loss under each label: (B, 10) each."""
    terms = []
    for label in range(10):
        y = torch.full((len(x),), label)
        mu, logvar = model.encode(x, y)
        x_hat = model.decode(middle(mu, logvar), y)
        cost = F.binary_cross_entropy(x_hat, x, reduction="none").flatten(1)
        terms.append((pixels(cost, 1), units(kl_to_standard_normal(mu, logvar), 1)))
    reconstruction, kl = zip(*terms, strict=True)
    return torch.stack(reconstruction, 1), torch.stack(kl, 1)


def read(model, x):
    return sum(both(model, x)).argmin(1)


def with_terms(choose, **how):
    return lambda model, x: choose(*both(model, x, **how))


def one_at_a_time(model, x):
    return [int(read(model, one[None])) for one in x]


EXERCISES = {}

EXERCISES["check_kept"] = {
    "right": 8 / 11,
    "says": "8 of 11",
    "hints": [
        (0.9, "Count 100 draws"),
        (0.2105, "one tenth"),
        (0.11, "all draws that is kept"),
        (0.2727, "mistakes"),
        (0.08, "among all draws"),
        (2.667, "part of the whole"),
        (72.7, "between 0 and 1"),
        (0.5, "Take 100 draws"),
    ],
}

EXERCISES["check_label_worth"] = {
    "right": math.log(10),
    "says": "Nine of the ten",
    "hints": [
        (-2.3026, "positive"),
        (3.3219, "bits"),
        (1.0, "base 10"),
        (10, "ratio"),
        (2.1972, "not nine"),
        (0, "mean of p(x | y)"),
        (5, "mean of p(x | y)"),
    ],
}

EXERCISES["check_read"] = {
    "right": read,
    "says": "cheapest explanation",
    "other ways": {
        "topk": with_terms(lambda r, k: (r + k).topk(1, largest=False).indices[:, 0]),
        "largest bound": with_terms(lambda r, k: (-r - k).argmax(1)),
        "one at a time": one_at_a_time,
        "means times pixels": with_terms(lambda r, k: (784 * r + k).argmin(1), pixels=torch.mean),
    },
    "hints": [
        (with_terms(lambda r, k: r.argmin(1)), "price of the cloud"),
        (with_terms(lambda r, k: k.argmin(1)), "anything but the price"),
        (with_terms(lambda r, k: (r + k).argmax(1)), "largest loss"),
        (with_terms(lambda r, k: (r + k).argmin(1), pixels=torch.mean), "anything but the price"),
        (with_terms(lambda r, k: (r + k).argmin(1), units=torch.mean), "over the units"),
        (with_terms(lambda r, k: (r - k).argmin(1)), "subtract"),
        (with_terms(lambda r, k: r + k), "ten numbers"),
        (with_terms(lambda r, k: (r + k).mean(0).argmin()), "(200,)"),
        (with_terms(lambda r, k: (r + k).argmin(1), middle=reparameterize), "without a draw"),
        (lambda model, x: torch.zeros(len(x), dtype=torch.long), "not the labels"),
        (lambda model, x: torch.zeros(len(x), dtype=torch.bool), "True and False"),
    ],
    "mutants": {
        "one label for all": with_terms(lambda r, k: (r + k).sum(0).argmin().expand(len(r))),
        "counted from one": with_terms(lambda r, k: (r + k).argmin(1) + 1),
        "nine labels": with_terms(lambda r, k: (r + k)[:, :9].argmin(1)),
        "half of the price": with_terms(lambda r, k: (r + k / 2).argmin(1)),
        "next picture's": with_terms(lambda r, k: (r + k).argmin(1).roll(1)),
        "in place": lambda model, x: read(model, x.mul_(0.9)),
    },
}
