"""Write requirements.lock: the exact versions of everything that pyproject.toml's extras ask for, from a clean install.

Usage: python tools/lock.py

torch and torchvision stay at the pair that is tested together. The packages that only the CUDA build of torch needs
are left out: with that build, torch itself asks for them.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED = ["torch==2.13.0", "torchvision==0.28.0"]
LEFT_OUT = re.compile(r"(?i)^(nvidia|cuda|triton|companion|pip|setuptools|-e)")


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", *PINNED, f"{ROOT}[book,dev]"], check=True)
        freeze = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    # A local version such as 2.13.0+cpu names one build; the plain version fits all of them.
    lines = [line.split("+")[0] for line in freeze.splitlines() if not LEFT_OUT.match(line)]
    header = "# Exact versions, written by tools/lock.py from pyproject.toml. Do not edit.\n"
    (ROOT / "requirements.lock").write_text(header + "\n".join(lines) + "\n")
    print(f"requirements.lock: {len(lines)} packages")


if __name__ == "__main__":
    main()
