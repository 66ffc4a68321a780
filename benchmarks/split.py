"""Are the shipped test digits as hard as a random hundred of each class? The split is by file order: measured, not assumed.

Usage: python benchmarks/split.py

The shipped split (tools/make_digits.py: the last 100 digits of each class in the source's order are the test set)
beside random splits of the same 5,000. Two numbers for each: the error of PCA with 32 numbers on test against training
digits; and the chance that a test digit scores above a held-out training digit, with a PCA of 16 numbers fitted to 300
others of its class: one half if the two are exchangeable.
"""

import sys
import time

import torch
from torch import Tensor

from companion import PCA, digits, mse
from record import save

RANDOM_SPLITS = 60


def random_split(y: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places of 400 training and 100 test digits of each class."""
    places = [(y == digit).nonzero().ravel() for digit in range(10)]
    shuffled = [p[torch.randperm(len(p), generator=draw)] for p in places]
    return torch.cat([p[:-100] for p in shuffled]), torch.cat([p[-100:] for p in shuffled])


def test_over_training_error(x: Tensor, train: Tensor, test: Tensor) -> float:
    pca = PCA(x[train], 32)
    return (mse(pca(x[test]), x[test]) / mse(pca(x[train]), x[train])).item()


def chance_above_held_out(x: Tensor, y: Tensor, train: Tensor, test: Tensor, draw: torch.Generator) -> float:
    """P(a test digit's score > a held-out training digit's), mean over the ten classes."""
    chances = []
    for digit in range(10):
        own = train[y[train] == digit]
        own = own[torch.randperm(len(own), generator=draw)]
        pca = PCA(x[own[:300]], 16)
        held_out, new = (
            (pca(x[places]) - x[places]).square().mean((1, 2, 3)) for places in (own[300:], test[y[test] == digit])
        )
        chances.append((new[:, None] > held_out).float().mean())
    return torch.stack(chances).mean().item()


def numbers(x: Tensor, y: Tensor, splits: list[tuple[Tensor, Tensor]]) -> dict[str, list[float]]:
    draws = [torch.Generator().manual_seed(seed) for seed in range(len(splits))]
    return {
        "test_over_training_error": [test_over_training_error(x, *split) for split in splits],
        "chance_above_held_out": [
            chance_above_held_out(x, y, *split, draw) for split, draw in zip(splits, draws, strict=True)
        ],
    }


@torch.no_grad()
def main():
    started = time.perf_counter()
    x_train, y_train, x_test, y_test = digits()
    x, y = torch.cat([x_train, x_test]), torch.cat([y_train, y_test])
    shipped = torch.arange(4000), torch.arange(4000, 5000)
    found = {
        # Its test digits are always the same, but the held-out training digits are drawn twenty times.
        "shipped": numbers(x, y, [shipped] * 20),
        "random": numbers(x, y, [random_split(y, torch.Generator().manual_seed(s)) for s in range(RANDOM_SPLITS)]),
    }
    summary = {
        split: {
            name: {"mean": round(torch.tensor(v).mean().item(), 4), "sd": round(torch.tensor(v).std().item(), 4)}
            for name, v in of_split.items()
        }
        for split, of_split in found.items()
    }
    for split, of_split in summary.items():
        print(split, of_split)
    save("split", {"splits": summary}, data="the shipped digits", started=started)


if __name__ == "__main__":
    sys.exit(main())
