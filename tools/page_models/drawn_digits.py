"""Five small autoencoders, with codes of 2 to 32 numbers, and PCA beside them, for the figure on which readers draw a digit."""

import torch
from torch import nn

from companion import PCA, ConvAutoencoder, digits, fit, reconstruction, redraw
from companion.elements.draw_digit import with_facts
from companion.elements.export import export, round_weights

SIZES = (2, 4, 8, 16, 32)


class Sizes(nn.Module):
    """An autoencoder and PCA for each size, as one module."""

    def __init__(self, x: torch.Tensor):
        super().__init__()
        self.networks = nn.ModuleDict({str(k): ConvAutoencoder(k, channels=(8, 16)) for k in SIZES})
        self.pca = PCA(x, max(SIZES))  # its first k components are PCA with k numbers


def module() -> Sizes:
    """As it is before training: the tests fill it with the shipped weights."""
    return Sizes(digits().x_train)


def programs(model: Sizes) -> dict:
    x = torch.zeros(1, 1, 28, 28)
    made = {"pca encode": (model.pca.encode, (x,)), "pca decode": (model.pca.decode, (torch.zeros(1, max(SIZES)),))}
    for k, network in model.networks.items():
        made |= {f"encode {k}": (network.encode, (x,)), f"decode {k}": (network.decode, (torch.zeros(1, int(k)),))}
    return made


def make() -> dict:
    data = digits()
    torch.manual_seed(0)
    model = Sizes(data.x_train)
    for network in model.networks.values():
        fit(network, data.x_train, reconstruction(), epochs=40, lr=7e-3, seed=0)
    round_weights(model, 8)
    some = torch.cat([(data.y_test == d).nonzero()[:2, 0] for d in (3, 5, 8, 4, 7, 2, 9, 0, 6, 1)])
    x = data.x_test[some]
    shown = [x[:8:2], *(redraw(model.networks[str(k)], x[:8:2]) for k in (2, 8, 32))]
    edged = nn.functional.pad(torch.stack(shown), (1, 1, 1, 1), value=0.4)  # (4, 4, 1, 30, 30), a grey line around each
    still = edged[:, :, 0].permute(0, 2, 1, 3).reshape(4 * 30, 4 * 30)  # rows of digits side by side
    pictures = {"digits": x[:, 0], "still": still}
    return export(
        model,
        programs(model),
        {name: (p * 255).byte() for name, p in pictures.items()},
        with_facts(model.networks.values()),
    )
