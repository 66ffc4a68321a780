"""Do the book's claims and stored outputs hold away from home? Every notebook again, on stand-ins for other machines.

Usage: python tools/claims.py [--runs "NAME; NAME"] [NOTEBOOK ...]   (default: everything, then the committed table)

Another processor adds up in another order, and training carries the last digits into the first. You cannot borrow one,
but settings make this machine compute as others do: MKL's and oneDNN's kernels for older processors, ATen's without
vectors, OpenBLAS's for two other processors, one thread or two. And since what a shifted seed moves another machine may
move too, every seed of a notebook is shifted, three times. On a stand-in the stored outputs must hold as well; with
shifted seeds only the claims must.

Each run is kept in _build/claims until the notebook's code, the package or a committed result changes: a run that was stopped
goes on where it was. The table, benchmarks/results/claims.json, holds the notebooks that list their claims at the end, since
there every conclusion is one; the rows of a notebook are written once all of its runs are done, and not with --runs. The
whole takes an hour on two cores. Exit status 1 if anything did
not hold.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from record import save  # noqa: E402 (found only now)
from tools.agreement import disagreements  # noqa: E402
from tools.notebooks import digest, environment, execute, is_complete, lent_cores, name_of, notebooks, side_by_side  # noqa: E402

KEPT = ROOT / "_build" / "claims"
TABLE = ROOT / "benchmarks" / "results" / "claims.json"
PROCESSORS = {
    "as here": {},
    "avx2": {"MKL_CBWR": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "compatible": {"MKL_CBWR": "COMPATIBLE", "OPENBLAS_CORETYPE": "Sandybridge"},
    "sse": {"MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
}
# name of a run -> (threads, environment, shift of all seeds)
RUNS = (
    {f"{name}, 1 thread": (1, settings, 0) for name, settings in PROCESSORS.items()}
    | {f"{name}, 2 threads": (2, PROCESSORS[name], 0) for name in ("as here", "avx2")}  # the others take twice as long
    | {f"seeds + {shift}": (1, {}, shift) for shift in (1, 2, 3)}
)
# The tour and the lessons run in all; a study, and a chapter with its first claims only, where it costs least.
SHORT = ("as here, 1 thread", "compatible, 1 thread", "seeds + 1", "seeds + 2", "seeds + 3")

SHIFT_SEEDS = """
import numpy, torch

def _shifted(seed):
    return seed + {shift} if isinstance(seed, int) else seed

class _Generator(torch.Generator):
    def manual_seed(self, seed):
        return super().manual_seed(_shifted(seed))

class _DefaultGenerator:
    def __getattr__(self, name, real=torch.default_generator):
        return getattr(real, name)
    def manual_seed(self, seed, real=torch.default_generator):
        return real.manual_seed(_shifted(seed))

class _RandomState(numpy.random.RandomState):
    def __init__(self, seed=None):
        super().__init__(_shifted(seed))

torch.manual_seed = lambda seed, _real=torch.manual_seed: _real(_shifted(seed))
torch.Generator, torch.default_generator = _Generator, _DefaultGenerator()
numpy.random.default_rng = lambda seed=None, _real=numpy.random.default_rng: _real(_shifted(seed))
numpy.random.RandomState = _RandomState
"""
LIST_CLAIMS = """
import dataclasses, json
from companion.claims import claims_made
print(json.dumps([dataclasses.asdict(claim) for claim in claims_made()]))
"""


def runs_of(path: Path) -> tuple[str, ...]:
    """The names of the runs that a notebook's claims must survive."""
    return tuple(RUNS) if is_complete(path) and path.parent.name != "studies" else SHORT


def run(path: Path, name: str) -> dict:
    """One notebook in one run: -> its claims, the cells whose outputs do not agree, or the error that ended it."""
    threads, settings, shift = RUNS[name]
    committed = nbformat.read(path, as_version=4)
    nb = nbformat.read(path, as_version=4)
    before = [new_code_cell(SHIFT_SEEDS.format(shift=shift))] if shift else []
    nb.cells = [*before, *nb.cells, new_code_cell(LIST_CLAIMS)]
    start = time.perf_counter()
    try:
        # Not strict: a claim that does not hold is recorded, and the notebook goes on.
        execute(nb, path.parent, environment(threads, **settings, COMPANION_CLAIMS="report", COMPANION_PICTURES=""))
    except CellExecutionError as error:
        seconds = round(time.perf_counter() - start, 1)
        return {"claims": [], "moved": [], "error": str(error)[-1500:], "seconds": seconds}
    found = json.loads(nb.cells.pop().outputs[0].text)
    nb.cells = nb.cells[len(before) :]
    return {
        "claims": found,
        "moved": disagreements(committed, nb),
        "error": None,
        "seconds": round(time.perf_counter() - start, 1),
    }


def kept(path: Path, name: str) -> dict:
    """The run's result, from an earlier one if nothing that it depends on has changed."""
    file = KEPT / f"{path.stem} {name}.json"
    # Not the exercises and the sliders: no claim depends on those, and the tests compare what they say.
    models = [f"companion/{p.name}" for p in sorted((ROOT / "companion").glob("*.py")) if p.name != "explore.py"]
    depends_on = [*models, "companion/_support", "companion/data", "benchmarks/results"]
    now = digest(path, *depends_on, prose=False)
    if file.exists() and (result := json.loads(file.read_text()))["digest"] == now:
        return result
    result = {"digest": now, **run(path, name)}
    if result["error"]:  # perhaps of the machine: not kept
        return result
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(json.dumps(result))
    unfinished.replace(file)
    return result


def table(results: dict[tuple[str, str], dict]) -> list[dict]:
    """One row a claim: chapter, statement, what was expected, found at home, the smallest margin, and where it held."""
    rows: dict[tuple[str, str], dict] = {}
    for (notebook, name), result in results.items():
        for claim in result["claims"]:
            row = rows.setdefault(
                (notebook, claim["statement"]),
                {"notebook": notebook, "statement": claim["statement"], "expected": claim["expected"]}
                | {"found": claim["value"], "margin": claim["margin"], "held": 0, "runs": 0, "failed_in": []},
            )
            row["runs"] += 1
            row["held"] += claim["holds"]
            if not claim["holds"]:
                row["failed_in"].append(name)
            if claim["margin"] is not None:
                row["margin"] = min(row["margin"], claim["margin"])
    return list(rows.values())


def report(path: Path, name: str, result: dict) -> bool:
    """Print one line a run, and one for each thing that did not hold: -> whether all did, moved outputs of seeds aside."""
    failed = [claim for claim in result["claims"] if not claim["holds"]]
    held = len(result["claims"]) - len(failed)
    print(
        f"{name_of(path):30} {name:22} {held} of {len(result['claims'])} claims hold, {result['seconds']:.0f} s",
        flush=True,
    )
    for claim in failed:
        print(f"    does not hold: {claim['statement']} (found {claim['value']}, expected {claim['expected']})")
    for problem in result["moved"]:
        print(f"    moved: {problem}")
    if result["error"]:
        print(f"    ended in an error: {result['error']}")
    return not failed and not result["error"] and (bool(RUNS[name][2]) or not result["moved"])


def main(given: list[str], names: list[str]) -> int:
    started = time.perf_counter()
    paths = [Path(name).resolve() for name in given] or notebooks()
    wanted = [(path, name) for path in paths for name in names or runs_of(path)]
    results, well = {}, True
    for threads in sorted({RUNS[name][0] for _, name in wanted}):
        jobs = [(path, name) for path, name in wanted if RUNS[name][0] == threads]
        # No more threads than cores: on shared cores two of them take several times as long as one.
        workers = max(1, lent_cores() // threads)
        for job, result in zip(jobs, side_by_side(lambda job: kept(*job), jobs, workers), strict=True):
            results[name_of(job[0]), job[1]] = result
            print(f"[{len(results)}/{len(wanted)}] ", end="")
            well &= report(*job, result)
    complete = [name_of(path) for path in notebooks() if is_complete(path)]
    if not names:
        settings = {name: {"threads": t, "environment": e, "seeds_shifted_by": s} for name, (t, e, s) in RUNS.items()}
        fresh = {name_of(path) for path in paths}
        earlier = [row for row in json.loads(TABLE.read_text())["claims"] if row["notebook"] not in fresh]
        rows = earlier + table(results)
        rows = [row for name in complete for row in rows if row["notebook"] == name]
        save("claims", {"runs": settings, "claims": rows}, data="what ships with the package", started=started)
        print(f"{sum(row['held'] == row['runs'] for row in rows)} of {len(rows)} claims held in every run.")
    return 0 if well else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK")
    parser.add_argument("--runs", default="", help=f"some of: {'; '.join(RUNS)} (separated by ';')")
    arguments = parser.parse_args()
    chosen = [name.strip() for name in arguments.runs.split(";") if name.strip()]
    if unknown := set(chosen) - set(RUNS):
        parser.error(f"no such run: {', '.join(sorted(unknown))}; expected some of {'; '.join(RUNS)}")
    sys.exit(main(arguments.notebooks, chosen))
