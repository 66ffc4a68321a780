"""Some digits and the average one, for the figure on which readers shift a digit."""

import torch
from torch import nn
from torch.nn import functional as F

from companion import digits
from companion.elements.export import export


def module() -> nn.Module:
    """What is shipped is no network: the average digit, and the pictures."""
    model = nn.Module()
    model.register_buffer("average", torch.zeros(784))
    return model


def programs(model: nn.Module) -> dict:
    return {}


def make() -> dict:
    """Two test digits of each kind; the average is that of the training digits."""
    data = digits()
    some = torch.stack([(data.y_test == d).nonzero()[i, 0] for i in range(2) for d in (4, 9, 5, 8, 3, 7, 2, 0, 6, 1)])
    x = data.x_test[some, 0]
    still = F.pad(
        torch.cat([x[:1], F.pad(x[:1], (2, -2))]), (1, 1, 1, 1), value=0.4
    )  # (2, 30, 30), a grey line around each
    pictures = {"digits": x, "still": still.permute(1, 0, 2).reshape(30, 60)}
    average = {"average": data.x_train.mean(0).flatten()}
    return export(module(), {}, average | {name: (p * 255).round().byte() for name, p in pictures.items()})
