"""Build the package, and run its tests with the built wheel.

They run with the oldest Python that it supports, and with the one that runs this. It needs uv, and
an index such as PyPI. With --dist, the built files are kept in that folder.

Exit code: 0 if all passed, 1 if something failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MIN_PYTHON = "3.10"  # as in pyproject.toml


def uv(*arguments: object, folder: Path = HERE) -> None:
    """Run uv. Raises CalledProcessError."""
    beside = Path(sys.executable).parent / "uv"
    command = [beside if beside.exists() else "uv", *arguments]
    subprocess.run([str(each) for each in command], cwd=folder, check=True)


def use_the_index_of_pip() -> None:
    """Let uv know pip's index, which it doesn't read by itself."""
    pip = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    url = subprocess.run(pip, capture_output=True, text=True).stdout.strip()
    if url := os.environ.get("PIP_INDEX_URL", url):
        os.environ.setdefault("UV_DEFAULT_INDEX", url)


def pythons() -> list[Path | str]:
    """Return the oldest Python, which pyenv may have where uv doesn't look, and this one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    there = [*pyenv.glob(f"versions/{MIN_PYTHON}.*/bin/python{MIN_PYTHON}")]
    return [there[0] if there else MIN_PYTHON, sys.executable]


def check(folder: Path) -> None:
    uv("build", "--quiet", "--out-dir", folder, HERE)  # the wheel from the source
    [wheel], [archive] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    for python in pythons():
        tests = folder / Path(python).name
        shutil.unpack_archive(archive, tests, filter="data")
        tests /= archive.name.removesuffix(".tar.gz")
        shutil.rmtree(tests / "telegram_stand_in")  # so that the wheel's is tested
        run = "run", "--quiet", "--no-project", "--isolated", "--python", python
        pytest = "python", "-m", "pytest", "-q", "-m", "not slow"
        uv(*run, "--with", f"{wheel}[tests]", *pytest, folder=tests)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dist", type=Path, metavar="DIR", help="keep the built files here")
    chosen = parser.parse_args()
    use_the_index_of_pip()
    with tempfile.TemporaryDirectory() as name:
        try:
            check(Path(name))
        except subprocess.CalledProcessError:
            return 1
        if chosen.dist:
            chosen.dist.mkdir(parents=True, exist_ok=True)
            for built in Path(name).glob("telegram_stand_in-*.*"):
                shutil.copy(built, chosen.dist)
    return 0


if __name__ == "__main__":
    sys.exit(main())
