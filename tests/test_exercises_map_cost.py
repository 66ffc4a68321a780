"""Study 22: right answers to each exercise, hints for typical mistakes, mutants."""

from math import log

import numpy as np
import pytest
import torch


def test_three_over_the_share_misses_one_time_in_twenty():
    assert log(0.05) / log(1 - 1e-4) == pytest.approx(29_956, abs=1)


def entropy(shares):
    return -torch.xlogy(shares, shares).sum(1)


def perplexity_by(base):
    return lambda s: base ** (entropy(s) / np.log(base))


EXERCISES = {}

EXERCISES["check_hours"] = {
    "right": 10,
    "says": "n squared",
    "hints": [
        (36_000, "in seconds"),
        (600, "in minutes"),
        (0.167, "grow like n"),
        (0.667, "belong to 2,000"),
        (40, "started from 40"),
        (60, "60 squared"),
        (3, "By what factor"),
    ],
}

EXERCISES["check_subsample"] = {
    "right": 30,
    "says": "three over the share",
    "other ways": {"to a point": 29.956},
    "hints": [
        (30_000, "In thousands"),
        (10, "How often will you have none"),
        (0.5, "all draws miss"),
        (9.5, "multiply"),
        (0.513, "wrong way round"),
        (1_000_000, "only misses"),
    ],
}

EXERCISES["check_perplexity"] = {
    "right": lambda s: entropy(s).exp(),
    "says": "count as 4 neighbours",
    "other ways": {
        "base 2": perplexity_by(2),
        "where": lambda s: torch.exp(-torch.where(s > 0, s * s.clamp(min=1e-30).log(), 0.0).sum(1)),
        "nansum": lambda s: torch.exp(-(s * s.log()).nansum(1)),
        "product": lambda s: 1 / (s**s).prod(1),
        "Categorical": lambda s: torch.distributions.Categorical(probs=s).entropy().exp(),
    },
    "hints": [
        (lambda s: (-4 * torch.xlogy(s, s).mean(1)).exp(), "not for rows of 6"),
        (lambda s: entropy(s), "That is the entropy"),
        (lambda s: -entropy(s), "minus the entropy"),
        (lambda s: (-entropy(s)).exp(), "sign of the entropy"),
        (lambda s: 2 ** entropy(s), "The base of the two"),
        (lambda s: (entropy(s) / np.log(2)).exp(), "in bits"),
        (lambda s: (s > 0).sum(1), "count the shares above 0"),
        (lambda s: 1 / s.square().sum(1), "another effective number"),
        (lambda s: (-(s * s.log()).sum(1)).exp(), "torch.xlogy"),
        (lambda s: entropy(s).exp()[:, None], "(5, 1)"),
        (lambda s: entropy(s).exp().mean(), "expected (5,), one a row"),
        (lambda s: 7 * s.sum(1), "expected 4"),
    ],
    "mutants": {
        "twice": lambda s: 2 * entropy(s).exp(),
        "half": lambda s: entropy(s).exp() / 2,
        "one more": lambda s: entropy(s).exp() + 1,
        "sign": lambda s: -entropy(s).exp(),
        "mean for sum": lambda s: (-torch.xlogy(s, s).mean(1)).exp(),
        "over the columns": lambda s: entropy(s.T).exp(),
        "largest share": lambda s: 1 / s.amax(1),
        "base 10": lambda s: 10 ** entropy(s),
        "Renyi of order 3": lambda s: s.pow(3).sum(1) ** -0.5,
        "a tenth is nothing": lambda s: entropy(s * (s > 0.1)).exp(),
        "small numbers added": lambda s: entropy(s + 1e-2).exp(),
        "first row for all": lambda s: entropy(s).exp()[:1].expand(len(s)),
        "rounded": lambda s: entropy(s).exp().round(),
        "in place": lambda s: entropy(s.mul_(0.5).mul_(2.5)).exp(),
    },
}
