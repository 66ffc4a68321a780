"""nbval, fitted to this book: outputs agree as tools/agreement.py says, and each notebook's peak memory is checked.

The tolerance for decimal numbers stands in a notebook's metadata, ``{"nbval_tol": {"rtol": 0.02}}``; a cell's own
overrides it.

nbval offers no hook for either, and its classes call ``super(IPyNbCell, self)``, so single methods are replaced.
Pictures, HTML and Markdown are not compared: they are not stored (a table is, as text).
"""

import os
import re
import sys
from pathlib import Path

import pytest
from nbval import plugin as nbval

from tools.agreement import moved, tolerance
from tools.notebooks import STRICT, THREADS

# One thread each, whatever runs side by side: threads that wait for a core keep it from the others.
os.environ.update(STRICT | dict.fromkeys(THREADS, "1"))

PEAK_MB = 1000


class TolerantText(str):
    """A text whose ``!=``, which nbval uses, allows for the tolerance."""

    rtol = 0.0

    def __ne__(self, other):
        return moved(self, other, self.rtol) is not None

    __hash__ = str.__hash__


exact_sanitize = nbval.IPyNbCell.sanitize
exact_file_init = nbval.IPyNbFile.__init__
exact_collect = nbval.IPyNbFile.collect


def tolerant_sanitize(self, text):
    text = exact_sanitize(self, text)
    if isinstance(text, str):
        text = TolerantText(text)
        text.rtol = tolerance(self.parent.nb, self.cell)
    return text


def file_init_without_markup(self, *args, **kwargs):
    exact_file_init(self, *args, **kwargs)
    self.skip_compare += ("text/html", "text/markdown")


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
nbval.IPyNbFile.__init__ = file_init_without_markup
nbval.IPyNbFile.collect = collect_with_peak_memory
