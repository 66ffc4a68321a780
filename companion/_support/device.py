"""Where a model computes, and from which random numbers: the device asked for, and a state that is put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the best there is: CUDA, then MPS, then CPU.

    Raises:
        RuntimeError: the device's name is unknown, or this machine has no such device.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        torch.zeros(1, device=device).item()  # reading it back refuses "meta", which holds no numbers
    # torch raises AssertionError where it was built without CUDA, and NotImplementedError for other accelerators.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise RuntimeError(
            f"device is {str(device)!r}, which this machine or this build of torch does not have; expected 'cpu', "
            f"'cuda' or 'mps'. Leave it out to use the best there is ({pick_device()})."
        ) from error
    return torch.device(device)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Within, the CPU and ``device`` draw from ``seed``; afterwards every random state is as it was."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type=device.type if others else "cuda"):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed, and leave seeded, every GPU
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield


@contextmanager
def at_work(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Within, the model is on ``device``; afterwards, whatever happened, where it came from, in eval mode."""
    home = _device_of(model)
    try:
        model.to(device)
        yield
    finally:
        model.to(home).eval()


def _device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter or buffer lives; the CPU for a model that has none."""
    return next((t.device for t in (*model.parameters(), *model.buffers())), torch.device("cpu"))
