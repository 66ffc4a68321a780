"""Weights that ship with the package: half precision in the file, single in the model."""

from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from companion.datasets import read_shipped

Model = TypeVar("Model", bound=nn.Module)


def load_shipped(model: Model, path: Path, sha256: str) -> Model:
    """Fill ``model`` with the weights of a shipped file, checked by SHA-256: -> the model, in eval mode.

    Raises:
        ValueError: the file is damaged (its SHA-256 is another).
        FileNotFoundError: the file is missing.
    """
    with np.load(read_shipped(path, sha256)) as arrays:
        state = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    # Whole numbers, such as a batch normalisation's count of batches, stay whole.
    model.load_state_dict({name: w.float() if w.is_floating_point() else w for name, w in state.items()})
    return model.eval()


def save_shipped(model: nn.Module, path: Path) -> None:
    """Write the weights of ``model`` for :func:`load_shipped`, in half precision."""
    state = {name: w.half() if w.is_floating_point() else w for name, w in model.state_dict().items()}
    np.savez_compressed(path, **{name: w.numpy() for name, w in state.items()})
