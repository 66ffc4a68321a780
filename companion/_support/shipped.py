"""The files that ship with the package: read, checked by SHA-256, and the weights among them put into a model."""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parents[1] / "data"
# name -> SHA-256; what made each file stands in data/README.md
SHIPPED = {
    "digits.npz": "bbe2f0f7ba51aaf766c97e62b2316a027e91502a842c8abdbe45fde632c8f756",
    "digit_classifier.npz": "08843960971751783fcaa7dc0007a11b1d3b3960566e4b5df680e22ea8fce565",
    "gan_generator.npz": "cd3721e8f3c49bc56b26650dd591479f9c5e14388983924bc7beb34ad1e653d2",
    "pixel_diffusion.npz": "248e171aea62f97a63e8c5dc99135e45927cc473d5fe6e721ad215b91ff1f25f",
    "latent_diffusion.npz": "c819efb89f7ac4d27f47027113517b6a66709396e9d9ead6f205fadb8004ada2",
    "digit_labels.npz": "c3de2c343b1529be179d8ed673aeafe8ba33f726f0451b64d14ff188046ef748",
}

Model = TypeVar("Model", bound=nn.Module)


def read_shipped(name: str) -> BytesIO:
    """A file that ships with the package, checked: its name -> its content, to be read like a file.

    Raises:
        ValueError: the file is damaged (its SHA-256 is not the recorded one).
        FileNotFoundError: the file is missing.
    """
    path = FOLDER / name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"A file that ships with the package is missing: expected {path}. Install the package again, "
            "or restore the file with 'git checkout companion/data'."
        ) from None
    found, expected = hashlib.sha256(content).hexdigest(), SHIPPED[name]
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., expected {expected[:12]}.... "
            "Install the package again, or restore the file with 'git checkout companion/data'."
        )
    return BytesIO(content)


def load_weights(model: Model, name: str) -> Model:
    """Fill ``model`` with the weights of a shipped file: -> the model, in eval mode. Errors as for :func:`read_shipped`."""
    with np.load(read_shipped(name)) as arrays:
        state = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    # Half precision in the file, single in the model; whole numbers, such as a batch normalisation's count, stay whole.
    model.load_state_dict({name: w.float() if w.is_floating_point() else w for name, w in state.items()})
    return model.eval()


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the weights of ``model`` for :func:`load_weights`, in half precision."""
    state = {name: w.half() if w.is_floating_point() else w for name, w in model.state_dict().items()}
    np.savez_compressed(path, **{name: w.numpy() for name, w in state.items()})
