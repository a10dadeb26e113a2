"""A function runs on the Python of its runtime.

MiniStack runs all functions on its own Python, whose libraries they then see.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import requirements
from ministack.core import lambda_runtime


class Pythons:
    """The Pythons that run functions, by runtime. `own` runs those that this machine lacks.

    They see the libraries that `own` does, which are links.
    """

    def __init__(self, own: Path) -> None:
        self._own = own
        self._made: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, runtime: str) -> str:
        with self._lock:
            if runtime not in self._made:
                self._made[runtime] = str(self._make(runtime))
            return self._made[runtime]

    def _make(self, runtime: str) -> Path:
        found = requirements.find_python(runtime)
        if found in (None, sys.executable):
            return self._own
        own = self._own.parent.parent
        folder = own.with_name(runtime)
        subprocess.run([found, "-I", "-m", "venv", "--without-pip", folder], check=True)
        [source] = own.glob("lib/python*/site-packages")
        [target] = folder.glob("lib/python*/site-packages")
        for path in source.iterdir():
            if path.is_symlink():
                (target / path.name).symlink_to(path.readlink())
        return folder / "bin" / "python"


def apply(own: Path) -> None:
    """Have MiniStack run its functions so. On a machine without that Python, `own` runs them."""
    pythons = Pythons(own)
    lambda_runtime._detect_runtime_binary = lambda runtime: (
        pythons.of(runtime),
        lambda_runtime._PYTHON_WORKER_SCRIPT,
    )
