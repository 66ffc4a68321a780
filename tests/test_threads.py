"""A process takes no more threads than it is lent."""

import os
import subprocess
import sys

import pytest

from companion._support.threads import lent_cores

MANY = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@pytest.mark.parametrize(
    ("files", "lent"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "350000 100000\n"}, 3),
        ({"cpu.max": "max 100000\n"}, 64),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ({}, 64),
    ],
    ids=["one", "half", "three_and_a_half", "no_limit", "version_1", "version_1_no_limit", "no_control_groups"],
)
def test_a_containers_quota_counts(tmp_path, monkeypatch, files, lent):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(64), raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert lent_cores(tmp_path) == lent


@pytest.mark.skipif(len(MANY) < 2, reason="one core, or a system that binds no process to a core")
def test_a_process_bound_to_one_core_computes_on_one_thread():
    code = f"""
import os; os.sched_setaffinity(0, {{{MANY[0]}}})
import torch, numpy
torch.set_num_threads(8)  # as torch does by itself where the host has eight cores
import companion
from threadpoolctl import threadpool_info
print(torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info()))
"""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert set(run.stdout.split()) == {"1"}


def test_a_smaller_number_of_ones_own_stays():
    code = "import torch, companion; print(torch.get_num_threads())"
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert run.stdout.strip() == "1"
