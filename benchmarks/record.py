"""Write a benchmark's numbers, with what is needed to repeat them, to benchmarks/results/<name>.json."""

import json
import platform
import sys
import time
from pathlib import Path

import torch

RESULTS = Path(__file__).resolve().parent / "results"


def save(name: str, numbers: dict, *, data: str, started: float) -> Path:
    """``numbers`` plus command, data, device, versions and seconds -> the file's path. Replaced only when complete."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    record = {
        "command": f"python {Path(sys.argv[0]).resolve().relative_to(RESULTS.parents[1]).as_posix()}",
        "data": data,
        "device": torch.cuda.get_device_name() if device == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seconds": round(time.perf_counter() - started, 1),
        **numbers,
    }
    path = RESULTS / f"{name}.json"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(record, indent=2) + "\n")
    return unfinished.replace(path)
