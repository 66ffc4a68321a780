"""One training run in one process or in several, as ``torchrun`` starts them: which part of every batch each takes."""

import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """The number of this process, from 0; 0 where there is only one."""
    return dist.get_rank() if _several() else 0


def joined(step: nn.Module, compile: bool = False) -> nn.Module:
    """The step, with its gradients averaged over all processes, and compiled if so asked."""
    step = DistributedDataParallel(step) if _several() else step
    if compile:
        step.compile()
    return step


def share(batch: Tensor) -> tuple[Tensor, float]:
    """The part of a batch's indices (B,) that this process takes, and its weight in a mean over processes.

    One process takes all, with weight 1; each of several takes every world-th index. In a last batch with fewer images than
    processes, those left over compute one with them, at weight 0.
    """
    if not _several():
        return batch, 1.0
    world = dist.get_world_size()
    mine = batch[rank() :: world]
    return (mine if len(mine) else batch[:1]), len(mine) * world / len(batch)


def average(totals: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of each number over the processes."""
    if _several():
        for total in totals.values():
            dist.all_reduce(total)
        return {name: total / dist.get_world_size() for name, total in totals.items()}
    return totals
