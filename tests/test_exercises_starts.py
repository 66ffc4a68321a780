"""The study of starts: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import pytest
import torch
from torch import nn


def test_a_layer_with_the_stated_bound_and_a_relu_keep_the_mean_square():
    layer = nn.Linear(150, 40_000, bias=False)
    nn.init.uniform_(layer.weight, -0.2, 0.2)
    x = torch.randn(100, 150)
    assert layer(x).relu().square().mean().item() == pytest.approx(x.square().mean().item(), rel=0.02)


def he(layer):
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


@torch.no_grad()
def drawn(layer, variance, draw=torch.randn_like, bias=0.0):
    layer.weight.copy_(draw(layer.weight) * variance(layer.in_features, layer.out_features) ** 0.5)
    layer.bias.fill_(bias)
    return layer


def with_variance(variance, **settings):
    return lambda layer: drawn(layer, variance, **settings)


def two(n_in, n_out):
    return 2 / n_in


def uniform(w):
    return 3**0.5 * (2 * torch.rand_like(w) - 1)


def without_biases(layer):
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def new_weights(layer):
    layer.weight = nn.Parameter(torch.randn(3, layer.in_features))
    return layer


def mean_image(x):
    return x.mean(0).flatten().clamp(0.01, 0.99)


EXERCISES = {}

EXERCISES["check_uniform"] = {
    "right": 0.2,
    "says": "square root of 6",
    "other ways": {"computed": (6 / 150) ** 0.5},
    "hints": [
        (150**-0.5, "one sixth"),
        ((2 / 150) ** 0.5, "deviation"),
        ((3 / 150) ** 0.5, "drops half"),
        (0.4, "whole width"),
        (0.04, "a squared"),
        (2 / 150, "What bound"),
        (1, "which variance"),
    ],
}

EXERCISES["check_he"] = {
    "right": he,
    "says": "layer by layer",
    "other ways": {
        "by hand": with_variance(two),
        "uniform": with_variance(two, draw=uniform),
        "PyTorch's": lambda layer: (
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu"),
            nn.init.zeros_(layer.bias),
        ),
    },
    "hints": [
        (with_variance(lambda i, o: 1 / i), "1 / n_in"),
        (with_variance(lambda i, o: 1 / (3 * i)), "PyTorch's own"),
        (with_variance(lambda i, o: 2 / o), "2 / n_out"),
        (with_variance(lambda i, o: 1 / o), "1 / n_out"),
        (with_variance(lambda i, o: (2 / i) ** 2), "deviation is 2"),
        (with_variance(lambda i, o: 2 / (i + o)), "n_in + n_out"),
        (with_variance(lambda i, o: 3 / i), "expected 2 / 100"),
        (with_variance(two, bias=0.1), "not 0"),
        (without_biases, "as they were"),
        (with_variance(two, draw=torch.rand_like), "mean of the weights"),
        (new_weights, "in place"),
        (lambda layer: nn.Linear(layer.in_features, layer.out_features), "as they were"),
    ],
    "mutants": {
        "one row": with_variance(two, draw=lambda w: torch.randn(1, w.shape[1]).expand_as(w)),
        "one column": with_variance(two, draw=lambda w: torch.randn(w.shape[0], 1).expand_as(w)),
        "a fixed seed": with_variance(
            two, draw=lambda w: torch.randn(w.shape, generator=torch.Generator().manual_seed(0))
        ),
        "all alike": with_variance(two, draw=torch.ones_like),
        "larger by a fifth": with_variance(lambda i, o: 2.4 / i),
        "frozen": lambda layer: he(layer).requires_grad_(False),
    },
    "strict": True,
}

EXERCISES["check_average"] = {
    "right": lambda x: torch.logit(mean_image(x)),
    "says": "best single picture",
    "other ways": {
        "logarithms": lambda x: mean_image(x).log() - (1 - mean_image(x)).log(),
        "logit's own bound": lambda x: torch.logit(x.mean(0).flatten(), eps=0.01),
        "flat first": lambda x: torch.special.logit(x.flatten(1).mean(0).clamp(0.01, 0.99)),
    },
    "hints": [
        (lambda x: torch.logit(x.mean()), "grey of all pixels"),
        (lambda x: torch.logit(x.mean(0).clamp(0.01, 0.99)), "(1, 28, 28)"),
        (lambda x: torch.logit(x.mean(0).flatten()), "infinite"),
        (mean_image, "answer itself"),
        (lambda x: -torch.logit(mean_image(x)), "sign"),
        (lambda x: torch.logit(x.clamp(0.01, 0.99)).mean(0).flatten(), "average the logits"),
        (lambda x: mean_image(x).log(), "log(m / (1 - m))"),
        (lambda x: torch.zeros(784), "torch.sigmoid"),
    ],
    "mutants": {
        "the median": lambda x: torch.logit(x.median(0).values.flatten().clamp(0.01, 0.99)),
        "kept in [0.1, 0.9]": lambda x: torch.logit(mean_image(x).clamp(0.1, 0.9)),
        "the first image": lambda x: torch.logit(x[0].flatten().clamp(0.01, 0.99)),
        "upright": lambda x: torch.logit(x.mean(0)[0].T.flatten().clamp(0.01, 0.99)),
    },
}
