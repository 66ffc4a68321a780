"""The scores of lesson 7, of unseen eights and of all other digits, for the figure on which readers drag a threshold."""

import torch
from torch import nn

from companion import DenseAutoencoder, digits, fit, reconstruction
from companion.anomaly import reconstruction_error
from companion.elements.threshold import KINDS, scores_export


def module() -> nn.Module:
    """What is shipped of it is no network: the scores alone."""
    scores = nn.Module()
    for kind, n in zip(KINDS, (200, 900), strict=True):
        scores.register_buffer(kind, torch.zeros(n))
    return scores


def programs(model: nn.Module) -> dict:
    return {}


def make() -> dict:
    """As in the lesson: the same eights, the same network, the same seeds."""
    x_train, y_train, x_test, y_test = digits()
    eights = torch.cat([x_train[y_train == 8], x_test[y_test == 8]])
    eights = eights[torch.randperm(500, generator=torch.Generator().manual_seed(0))]
    train, unseen = eights.split((300, 200))
    strange = x_test[y_test != 8]
    torch.manual_seed(0)
    model = DenseAutoencoder(code_size=32)
    fit(model, train, reconstruction(), epochs=60)
    usual, unusual = reconstruction_error(model, unseen), reconstruction_error(model, strange)
    return scores_export(usual, unusual, (unseen, strange), ("eights", "strangers"), each=4)
