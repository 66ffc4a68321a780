"""The lesson on colorization: right answers to each exercise, hints for typical mistakes, mutants."""

import numpy as np
import torch

UNITS = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)


def squares(x_hat, x):
    return ((x_hat - x) * UNITS).square()


EXERCISES = {}

EXERCISES["check_car"] = {
    "right": "C",
    "says": "no car had",
    "hints": [
        ("A", "between cheaper"),
        ("B", "number by number"),
        ("D", "draw lots"),
    ],
}

EXERCISES["check_claim"] = {
    "right": "C",
    "says": "nothing shows",
    "hints": [
        ("A", "a rival beats it"),
        ("B", "does not use the neighbourhood"),
        ("D", "well below grey"),
    ],
}

EXERCISES["check_distance"] = {
    "right": lambda p, q: squares(p, q).sum(1).sqrt(),
    "says": "One distance a pixel",
    "other ways": {
        "a little under the root": lambda p, q: (squares(p, q).sum(1) + 1e-9).sqrt(),
        "channel by channel": lambda p, q: (
            ((100 * (p - q)[:, 0]) ** 2 + (256 * (p - q)[:, 1]) ** 2 + (256 * (p - q)[:, 2]) ** 2) ** 0.5
        ),
        "NumPy": lambda p, q: np.sqrt((((p - q).numpy() * UNITS.numpy()) ** 2).sum(1)),
        "scaled first": lambda p, q: (p * UNITS - q * UNITS).square().sum(1).sqrt(),
        "norm": lambda p, q: ((p - q) * UNITS).norm(dim=1),
    },
    "hints": [
        (lambda p, q: squares(p, q).sum(1).sqrt().mean(), "single number"),
        (lambda p, q: squares(p, q).sqrt(), "one number a channel"),
        (lambda p, q: squares(p, q).sum(1, keepdim=True).sqrt(), "(B, 1, H, W)"),
        (lambda p, q: squares(p, q).sum(2), "expected (2, 4, 5)"),
        (lambda p, q: squares(p, q).sum(1), "squared distance"),
        (lambda p, q: (p - q).norm(dim=1), "stored numbers"),
        (lambda p, q: 100 * (p - q).norm(dim=1), "a and b are stored divided"),
        (lambda p, q: 256 * (p - q).norm(dim=1), "L is stored as"),
        (lambda p, q: squares(p, q)[:, 1:].sum(1).sqrt(), "left out the lightness"),
        (lambda p, q: squares(p, q).mean(1).sqrt(), "mean of the three"),
        (lambda p, q: squares(p, q).sqrt().sum(1), "absolute differences"),
        (lambda p, q: p[:, 0], "At the first pixel"),
    ],
    "mutants": {
        "sign": lambda p, q: -((p - q) * UNITS).norm(dim=1),
        "twice": lambda p, q: 2 * ((p - q) * UNITS).norm(dim=1),
        "half": lambda p, q: ((p - q) * UNITS).norm(dim=1) / 2,
        "sum for difference": lambda p, q: ((p + q) * UNITS).norm(dim=1),
        "second left out": lambda p, q: (p * UNITS).norm(dim=1),
        "units 100, 255, 255": lambda p, q: ((p - q) * torch.tensor([100.0, 255, 255]).view(3, 1, 1)).norm(dim=1),
        "units 100, 128, 128": lambda p, q: ((p - q) * torch.tensor([100.0, 128, 128]).view(3, 1, 1)).norm(dim=1),
        "units exchanged": lambda p, q: ((p - q) * torch.tensor([256.0, 256, 100]).view(3, 1, 1)).norm(dim=1),
        "a alone": lambda p, q: ((p - q) * UNITS)[:, 1].abs(),
        "largest": lambda p, q: ((p - q) * UNITS).abs().amax(1),
        "of the absolute values": lambda p, q: ((p.abs() - q.abs()) * UNITS).norm(dim=1),
        "rows and columns exchanged": lambda p, q: ((p - q) * UNITS).norm(dim=1).transpose(1, 2),
        "over rows": lambda p, q: ((p - q) * UNITS).norm(dim=2),
        "mean of the batch": lambda p, q: ((p - q) * UNITS).norm(dim=1).mean(0).expand(2, 4, 5),
        "rounded": lambda p, q: ((p - q) * UNITS).norm(dim=1).round(),
        "in place": lambda p, q: p.sub_(q).mul_(UNITS).norm(dim=1),
    },
}

EXERCISES["check_star"] = {
    "right": 0.625,
    "says": "five are orange",
    "other ways": {"rounded": 0.63, "as a fraction": 5 / 8},
    "hints": [
        (0.25, "share of the chroma"),
        (0.375, "probability of blue"),
        (0.75, "has lost"),
        (62.5, "from 0 to 1"),
        (0.9, "You answered 0.9"),
    ],
}

EXERCISES["check_deletion"] = {
    "right": "B",
    "says": "not the two suspects",
    "hints": [
        ("A", "luck from effect"),
        ("C", "as few as before"),
        ("D", "suit both"),
    ],
}


def right_draw(p, u):
    return (p.cumsum(1) <= u[:, None]).sum(1).clamp(max=p.shape[1] - 1)


EXERCISES["check_draw"] = {
    "right": right_draw,
    "says": "ends that u has passed",
    "other ways": {
        "searchsorted": lambda p, u: torch.searchsorted(p.cumsum(1), u[:, None], right=True)[:, 0].clamp(
            max=p.shape[1] - 1
        ),
        "last end set to 1": lambda p, u: (p.cumsum(1)[:, :-1] <= u[:, None]).sum(1),
        "divided by the last end": lambda p, u: ((e := p.double().cumsum(1)) / e[:, -1:] <= u[:, None]).sum(1),
        "row by row": lambda p, u: [min(int((r.cumsum(0) <= v).sum()), len(r) - 1) for r, v in zip(p, u, strict=True)],
    },
    "hints": [
        (lambda p, u: (p.cumsum(1) < u[:, None]).sum(1), "the next piece begins"),
        (lambda p, u: right_draw(p, u) + 1, "from 0"),
        (lambda p, u: p.argmax(1), "likeliest colour"),
        (lambda p, u: (p <= u[:, None]).sum(1), "end to end"),
        (lambda p, u: torch.multinomial(p, 1)[:, 0], "u is the throw"),
        (lambda p, u: (p.cumsum(1) <= u[:, None]).sum(1), "last piece, 2"),
        (lambda p, u: (p.cumsum(1) > u[:, None]).int().argmax(1), "last piece, 2"),
        (lambda p, u: right_draw(p, u)[:, None], "expected (6,)"),
        (lambda p, u: 2 - right_draw(p, u), "expected 2"),
    ],
    "mutants": {
        "one throw for all": lambda p, u: right_draw(p, u[:1].expand_as(u)),
        "from the other end": lambda p, u: right_draw(p, 1 - u),
        "pieces in reverse": lambda p, u: right_draw(p.flip(1), u),
        "ends of all rows in one": lambda p, u: right_draw(p.cumsum(0), u),
        "equal pieces": lambda p, u: (u * p.shape[1]).long(),
        "the first row's pieces": lambda p, u: right_draw(p[:1].expand_as(p), u),
        "probability of the piece": lambda p, u: p.gather(1, right_draw(p, u)[:, None])[:, 0],
        "one less": lambda p, u: (right_draw(p, u) - 1).clamp(min=0),
        "in place": lambda p, u: (p.cumsum_(1) <= u[:, None]).sum(1).clamp(max=p.shape[1] - 1),
    },
}
