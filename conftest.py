"""nbval, fitted to this book: numbers compare within a declared tolerance, and each notebook's peak memory is checked.

The tolerance stands in a notebook's metadata, ``{"nbval_tol": {"rtol": 0.02, "atol": 0}}``; a cell's own overrides it.
Only numbers with a point or an exponent are compared so. Words, integers and everything else stay exact.

nbval offers no hook for either, and its classes call ``super(IPyNbCell, self)``, so single methods are replaced.
Pictures and HTML are not compared: they are not stored.
"""

import math
import os
import re
import sys
from pathlib import Path

import pytest
from nbval import plugin as nbval

os.environ["COMPANION_PROGRESS"] = "off"
# Where tests run side by side, each has one thread: threads that wait for a core keep it from the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

PEAK_MB = 1000
FLOAT = re.compile(r"(?<![\w.])[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|nan|inf)(?![\w.]*\w)")


def close_text(reference: str, found: str, rtol: float = 0.0, atol: float = 0.0) -> bool:
    """Whether two texts are equal, but for decimal numbers that may differ within the tolerance.

    Runs of blanks count as one, since a number that grows by a digit shifts the columns of a table.
    """

    def words(text):
        return re.sub(r"[ \t]+", " ", FLOAT.sub(" <number> ", text))

    def numbers(text):
        return [float(number) for number in FLOAT.findall(text)]

    return words(reference) == words(found) and all(
        (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol, abs_tol=atol)
        for a, b in zip(numbers(reference), numbers(found), strict=True)
    )


class TolerantText(str):
    """A text whose ``!=``, which nbval uses, allows for the tolerance."""

    rtol = atol = 0.0

    def __ne__(self, other):
        return not close_text(self, other, self.rtol, self.atol)

    __hash__ = str.__hash__


exact_sanitize = nbval.IPyNbCell.sanitize
exact_file_init = nbval.IPyNbFile.__init__
exact_collect = nbval.IPyNbFile.collect


def tolerant_sanitize(self, text):
    text = exact_sanitize(self, text)
    tolerance = {**self.parent.nb.metadata.get("nbval_tol", {}), **self.cell.metadata.get("nbval_tol", {})}
    if tolerance and isinstance(text, str):
        text = TolerantText(text)
        text.rtol, text.atol = tolerance.get("rtol", 0.0), tolerance.get("atol", 0.0)
    return text


def file_init_without_html(self, *args, **kwargs):
    exact_file_init(self, *args, **kwargs)
    self.skip_compare += ("text/html",)


class PeakMemory(pytest.Item):
    """After a notebook's last cell: its kernel's peak memory is under the limit."""

    def runtest(self):
        # Not the kernel's own ru_maxrss: a process starts with that of the one that started it, here the tests'.
        status = Path(f"/proc/{self.parent.kernel.km.provisioner.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 2**10
        assert peak < PEAK_MB, f"the kernel used {peak:.0f} MB at its peak; expected under {PEAK_MB} MB"

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}: peak memory"


def collect_with_peak_memory(self):
    yield from exact_collect(self)
    if sys.platform == "linux":  # only there is /proc
        yield PeakMemory.from_parent(self, name="peak memory")


nbval.IPyNbCell.sanitize = tolerant_sanitize
nbval.IPyNbFile.__init__ = file_init_without_html
nbval.IPyNbFile.collect = collect_with_peak_memory
