"""Six small VAEs that differ in beta only, for the figure with beta as a dial and for the one that morphs digits (beta 1)."""

import warnings

import torch
from torch import nn

from companion import TrainingWarning, digits, evaluate, fit, redraw
from companion.elements.export import export, round_weights
from companion.elements.morph import morph_programs
from companion.vae import ConvVAE, active_units, negative_elbo

BETAS = (0.1, 0.3, 1, 3, 10, 30)
UNITS = 8


def module() -> nn.ModuleDict:
    """As it is before training: the tests fill it with the shipped weights. No name of a module may hold a full stop."""
    made = {}
    for i in range(len(BETAS)):
        torch.manual_seed(0)
        made[str(i)] = ConvVAE(UNITS, channels=(8, 16))
    return nn.ModuleDict(made)


def programs(model: nn.ModuleDict) -> dict:
    made = {}
    for beta, network in zip(BETAS, model.values(), strict=True):
        made |= {f"{name} {beta:g}": p for name, p in morph_programs(network).items()}
    return made


def make() -> dict:
    warnings.simplefilter("ignore", TrainingWarning)  # the highest beta silences the code, as it should here
    data = digits()
    model = module()
    for beta, network in zip(BETAS, model.values(), strict=True):
        fit(network, data.x_train, negative_elbo(beta), epochs=15, lr=7e-3, seed=0, device="cpu")
    round_weights(model, 8)
    measured = []
    for network in model.values():
        torch.manual_seed(0)
        terms = evaluate(network, data.x_test, negative_elbo())
        clouds = redraw(network.encode, data.x_test)
        measured.append(
            {name: round(float(terms[name]), 2) for name in ("reconstruction", "kl")}
            | {"active": active_units(*clouds)}
        )
    one_each = torch.cat([(data.y_test == d).nonzero()[:4, 0] for d in (3, 7, 8, 0, 2, 9, 5, 1, 4, 6)])
    x = data.x_test[one_each].unflatten(0, (10, 4)).transpose(0, 1).flatten(0, 1)[:, 0]  # four rounds of ten digits
    stills = {}
    ten = x[:10, None]
    rows = [ten, *(redraw(model[str(BETAS.index(beta))], ten) for beta in (0.1, 1, 10, 30))]
    stills["still dial"] = _grid(rows)
    one = model[str(BETAS.index(1))]
    zero, four = ten[3], ten[8]
    start, end = redraw(one.encode, torch.stack([zero, four]))[0]
    shares = torch.linspace(0, 1, 7)
    faded = torch.lerp(zero, four, shares[:, None, None])[:, None]
    stills["still morph"] = _grid([redraw(one.decode, torch.lerp(start, end, shares[:, None])), faded])
    pictures = {name: (p * 255).byte() for name, p in {"digits": x, **stills}.items()}
    facts = {"betas": BETAS, "units": UNITS, "measured": measured}
    return export(model, programs(model), pictures, facts)


def _grid(rows: list[torch.Tensor]) -> torch.Tensor:
    """Rows of pictures (N, 1, 28, 28) -> one picture, a grey line around each."""
    edged = nn.functional.pad(torch.stack(rows), (1, 1, 1, 1), value=0.4)[:, :, 0]  # (rows, N, 30, 30)
    return edged.permute(0, 2, 1, 3).reshape(30 * len(rows), -1)
