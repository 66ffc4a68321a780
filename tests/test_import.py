"""What `import companion` loads, and what it offers."""

import subprocess
import sys

import companion

HEAVY = ("IPython", "ipywidgets", "matplotlib", "scipy", "skimage", "sklearn", "torchvision")


def test_import_loads_nothing_heavy():
    """What takes seconds to load, on Binder many, loads where it is used."""
    code = f"import sys, companion; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_name_of_the_package_can_be_imported():
    for name in companion.__all__:
        assert getattr(companion, name) is not None
    assert dir(companion) == sorted(companion.__all__)


def test_an_unknown_name_is_no_attribute():
    assert not hasattr(companion, "show_everything")
