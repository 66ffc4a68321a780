"""How long each notebook runs from a clean kernel on one thread, and its peak memory: to keep within 45 seconds and 1,000 MB.

Usage: python benchmarks/notebook_seconds.py

Beside the seconds stands their ratio to a fixed job (2,000 products of 512 x 512 matrices), measured before each
notebook, since seconds from two machines cannot be compared.
"""

import sys
import time
from pathlib import Path

import nbformat
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from record import save
from tools.notebooks import environment, execute, name_of, notebooks

PEAK = "import resource, sys\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (20 if sys.platform == 'darwin' else 10))"


def reference_seconds() -> float:
    # Orthogonal, so that the products neither grow nor shrink: numbers near 0 take some processors ten times as long.
    a = torch.linalg.qr(torch.randn(512, 512, generator=torch.Generator().manual_seed(0))).Q
    start = time.perf_counter()
    b = a
    for _ in range(2000):
        b = a @ b
    return time.perf_counter() - start


def main():
    torch.set_num_threads(1)
    started = time.perf_counter()
    numbers = {}
    for path in notebooks():
        reference = reference_seconds()
        nb = nbformat.read(path, as_version=4)
        nb.cells.append(nbformat.v4.new_code_cell(PEAK))
        start = time.perf_counter()
        execute(nb, path.parent, environment())
        seconds = time.perf_counter() - start
        numbers[name_of(path)] = {
            "seconds": round(seconds, 1),
            "times_the_reference": round(seconds / reference, 1),
            "peak_mb": round(float(nb.cells[-1].outputs[0].text)),
        }
        print(name_of(path), numbers[name_of(path)], flush=True)
    save("notebook_seconds", {"notebooks": numbers}, data="the shipped digits", started=started)


if __name__ == "__main__":
    sys.exit(main())
