"""How many cores this process is lent, which is not how many the machine has: a container sees its host's."""

import os
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

CGROUP = Path("/sys/fs/cgroup")


def lent_cores(cgroup: Path = CGROUP) -> int:
    """Cores that this process may use: those it is bound to, and no more than its container's quota pays for.

    On Binder, and in most containers, many cores are seen and one or two are lent; threads beyond those wait for each
    other, and small products take several times as long.
    """
    # Not os.cpu_count(): a batch system or `taskset` binds a process to some of the cores. Only Linux can tell.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(cores, _quota(cgroup))))  # of a core and a half, one: half a thread would be waited for


def _quota(cgroup: Path) -> float:
    """Cores that the container's quota pays for; infinite where there is none."""
    try:  # version 2 of control groups: "max 100000" or "150000 100000", in microseconds
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:  # version 1: -1 where there is no limit
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return float("inf")
    return int(limit) / int(period) if limit.isdigit() and int(limit) > 0 else float("inf")


def take_no_more_threads_than_lent() -> None:
    """Bound the threads of torch, and of the BLAS that NumPy and SciPy have loaded, by :func:`lent_cores`.

    A smaller number that the user has set, say by OMP_NUM_THREADS, stays.
    """
    lent = lent_cores()
    if torch.get_num_threads() > lent:
        torch.set_num_threads(lent)
    # Only where it is needed, for it takes a hundredth of a second to look through the loaded libraries.
    if (os.cpu_count() or 1) > lent:
        threadpool_limits(lent)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):  # libraries not yet loaded
            os.environ.setdefault(name, str(lent))
