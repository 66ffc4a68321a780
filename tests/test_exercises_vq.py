"""The study on codes of whole numbers: right answers, hints for typical mistakes, mutants; what they rest on."""

import math

import torch

EXERCISES = {}

EXERCISES["check_bits"] = {
    "right": 42.0802,
    "says": "next to nothing",
    "other ways": {"in nats, divided": (-40 * math.log(0.9) + 9 * math.log(16)) / math.log(2)},
    "hints": [
        (29.168, "Those are nats"),
        (196, "without any prior"),
        (36, "the price of the nine"),
        (6.08, "the price of the forty"),
        (4.152, "one place of each kind"),
        (-42.08, "not negative"),
        (161.368, "exchanged the two"),
        (50, "-log2 p"),
    ],
}


def through(value, slope):
    """Forwards the one, backwards the other."""
    return lambda z: value(z).detach() + slope(z) - slope(z).detach()


EXERCISES["check_round_through"] = {
    "right": lambda z: z + (z.round() - z).detach(),
    "strict": True,
    "says": "codebook",
    "other ways": {
        "the other way round": lambda z: z.round().detach() - z.detach() + z,
        "in double": lambda z: z.double() + (z.round() - z).detach().double(),
        "where": lambda z: z - (z - z.round()).detach(),
    },
    "hints": [
        (lambda z: z, "not rounded"),
        (lambda z: z.floor() + (z - z.detach()), "what torch.round gives"),
        (lambda z: z.round(), "torch.round is flat"),
        (lambda z: z.round().detach(), "No gradient reaches z"),
        (lambda z: (z + z.round() - z).detach(), "No gradient reaches z"),
        (lambda z: 2 * z + (z.round() - 2 * z).detach(), "expected 1"),
        (lambda z: (z + (z.round() - z).detach()).sum(), "same shape"),
    ],
    "mutants": {
        "half up": through(lambda z: (z + 0.5).floor(), lambda z: z),
        "half away from 0": through(lambda z: z.sign() * (z.abs() + 0.5).floor(), lambda z: z),
        "cut off": through(torch.trunc, lambda z: z),
        "up": through(torch.ceil, lambda z: z),
        "to one decimal": through(lambda z: (10 * z).round() / 10, lambda z: z),
        "clamped": through(lambda z: z.round().clamp(-10, 10), lambda z: z),
        "gradient within 1": through(torch.round, lambda z: z.clamp(-1, 1)),
        "gradient of tanh": through(torch.round, torch.tanh),
        "gradient twice": through(torch.round, lambda z: 2 * z),
        "gradient half": through(torch.round, lambda z: z / 2),
        "gradient reversed": through(torch.round, lambda z: -z),
        "gradient of the sum": through(torch.round, lambda z: z.sum().expand_as(z)),
        "gradient of the transpose": through(torch.round, lambda z: z.flip(0)),
        "gradient of a copy": lambda z: z.round().detach().requires_grad_(),
        "gradient of the distance": through(torch.round, lambda z: (z - z.round()) ** 2),
        "transposed": lambda z: (z + (z.round() - z).detach()).T,
        "sign": lambda z: -(z + (z.round() - z).detach()),
    },
}


def nats_by_kind(prior, codes):
    kinds = range(prior.kind.num_embeddings)
    with torch.no_grad():
        return torch.stack([prior.nats(codes, torch.full((len(codes),), kind)) for kind in kinds])


def which_kind(prior, codes):
    return nats_by_kind(prior, codes).argmin(0)


def one_by_one(prior, codes):
    return [int(nats_by_kind(prior, code[None])[:, 0].argmin()) for code in codes]


def with_gradient(prior, codes):
    n = prior.kind.num_embeddings
    every = torch.arange(n).repeat_interleave(len(codes))
    return prior.nats(codes.repeat(n, 1, 1), every).reshape(n, -1).argmin(0)


EXERCISES["check_which_kind"] = {
    "right": which_kind,
    "says": "Bayes",
    "other ways": {"one by one": one_by_one, "all at once": with_gradient},
    "hints": [
        (lambda p, c: nats_by_kind(p, c), "a kind for each code"),
        (lambda p, c: nats_by_kind(p, c).argmin(1), "a kind for each code"),
        (lambda p, c: nats_by_kind(p, c).min(0).values, "argmin says"),
        (lambda p, c: nats_by_kind(p, c).argmax(0), "least likely"),
        (lambda p, c: nats_by_kind(p, c).sum(1).argmin().expand(len(c)), "one kind for all"),
        (lambda p, c: which_kind(p, c) + 1, "this prior knows"),
        (lambda p, c: which_kind(p, c).flip(0), "once for each kind"),
    ],
    "mutants": {
        "without the first kind": lambda p, c: nats_by_kind(p, c)[1:].argmin(0) + 1,
        "without the last kind": lambda p, c: nats_by_kind(p, c)[:-1].argmin(0),
        "by the first row": lambda p, c: nats_by_kind(p, c * (torch.arange(7) < 1)[:, None]).argmin(0),
        "transposed codes": lambda p, c: which_kind(p, c.transpose(1, 2)),
        "all kinds but ten": lambda p, c: which_kind(p, c) % 2,
    },
}
