"""nbval, fitted to this book: outputs agree as tools/agreement.py says, each notebook's peak memory is checked, and
what has run is kept for the build, which would run it again.

The tolerance for decimal numbers stands in a notebook's metadata, ``{"nbval_tol": {"rtol": 0.02}}``; a cell's own
overrides it.

nbval offers no hook for these, and its classes call ``super(IPyNbCell, self)``, so single methods are replaced.
Pictures (in either theme), HTML and Markdown are not compared: they are not stored (a table is, as text).
"""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import output_from_msg
from nbval import plugin as nbval

from companion._support.themes import MIME
from companion.elements import PAGE_TYPE
from tools.agreement import moved, tolerance
from tools.executed import KEPT, keep, kept_file
from tools.notebooks import STRICT, THREADS, merge_streams

# One thread each, whatever runs side by side: threads that wait for a core keep it from the others.
os.environ.update(STRICT | dict.fromkeys(THREADS, "1"))

PEAK_MB = 1000
SHOWN = {"stream", "display_data", "execute_result"}
SILENT = {"status", "execute_input", "comm_open", "comm_msg", "comm_close"}


class TolerantText(str):
    """A text whose ``!=``, which nbval uses, allows for the tolerance."""

    rtol = 0.0

    def __ne__(self, other):
        return moved(self, other, self.rtol) is not None

    __hash__ = str.__hash__


exact_sanitize = nbval.IPyNbCell.sanitize
exact_file_init = nbval.IPyNbFile.__init__
exact_collect = nbval.IPyNbFile.collect
exact_message = nbval.IPyNbFile.get_kernel_message
exact_teardown = nbval.IPyNbFile.teardown
exact_runtest = nbval.IPyNbCell.runtest


def tolerant_sanitize(self, text):
    text = exact_sanitize(self, text)
    if isinstance(text, str):
        text = TolerantText(text)
        text.rtol = tolerance(self.parent.nb, self.cell)
    return text


def file_init_without_markup(self, *args, **kwargs):
    exact_file_init(self, *args, **kwargs)
    self.skip_compare += ("text/html", "text/markdown", MIME, PAGE_TYPE)
    self.messages, self.fresh = [], {}


def noted_message(self, *args, **kwargs):
    self.messages.append(exact_message(self, *args, **kwargs))
    return self.messages[-1]


def runtest_with_outputs(self):
    """The cell's outputs, as the kernel sent them: nbval puts all printed text before all that is shown."""
    messages = self.parent.messages = []
    exact_runtest(self)
    own = messages[-1]["parent_header"]["msg_id"]  # the last message says that this cell is done
    messages = [m for m in messages if m["parent_header"].get("msg_id") == own and m["msg_type"] not in SILENT]
    if {m["msg_type"] for m in messages} <= SHOWN:  # no output that was changed later: nbval does not follow those
        self.parent.fresh[self.cell_num] = merge_streams([output_from_msg(m) for m in messages])


def teardown_with_kept_outputs(self):
    exact_teardown(self)
    root = self.config.rootpath
    nb = nbformat.read(self.path, as_version=4)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if self.path.is_relative_to(root / "book") and len(self.fresh) == len(code):
        for number, cell in enumerate(code):
            cell.outputs = self.fresh[number]
        folder = root / KEPT / self.path.relative_to(root / "book").parent
        keep(self.path, nb, kept_file(self.path, folder))


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
nbval.IPyNbFile.get_kernel_message = noted_message
nbval.IPyNbFile.teardown = teardown_with_kept_outputs
nbval.IPyNbCell.runtest = runtest_with_outputs


def pytest_collection_modifyitems(items):
    """What takes long starts first, so that two workers end together: notebooks, the book built from them, the slow rest."""
    items.sort(
        key=lambda item: (
            not isinstance(item.parent, nbval.IPyNbFile),
            "html" not in getattr(item, "fixturenames", ()),
            item.get_closest_marker("slow") is None,
        )
    )
