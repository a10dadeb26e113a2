"""Build the package, install its wheel into empty environments, and use it there.

The environments have the oldest Python that the package supports, and the one that runs this. In
each, the test of the README passes; with the oldest, also tests of the source distribution. It
needs uv, and an index such as PyPI. With --dist, the built files are kept in that folder.

Exit code: 0 if all passed, 1 if something failed, 2 if there is no such Python.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = "3.10"  # as in pyproject.toml
# The tests that the oldest Python runs. mypy knows the rest.
TESTS = [f"tests/test_{name}.py" for name in ("methods", "texts", "server", "testing")]


def run(*command: object, folder: Path = HERE) -> str:
    """Run a command, and return its output. Raises CalledProcessError, whose output says why."""
    environment = {**os.environ, **index(), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


@functools.cache
def index() -> dict[str, str]:
    """Return the variable by which uv gets pip's index, which it doesn't read by itself."""
    pip = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    told = subprocess.run(pip, capture_output=True, text=True).stdout.strip()
    url = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or told
    return {"UV_DEFAULT_INDEX": url} if url else {}


def oldest() -> str:
    """Return the path of the oldest Python: pyenv's, which uv doesn't see, or another."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for path in pyenv.glob(f"versions/{OLDEST}.*/bin/python{OLDEST}"):
        return str(path)
    return run(uv(), "python", "find", OLDEST)


def uv() -> str:
    """Return uv's path: that of this Python's environment, or of the machine."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        sys.exit("uv is needed: pip install uv")
    return found


def example(folder: Path) -> None:
    """Write the files of the README's example: its blocks of Python that begin with a name."""
    text = (HERE / "README.md").read_text()
    for name, code in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", text, re.M | re.S):
        (folder / name).write_text(code)


def use(python: str, wheel: Path, folder: Path) -> Path:
    """Install the wheel for a Python, run the example's test, and return the environment's Python.

    Raises SystemExit if the wheel needs something else.
    """
    run(uv(), "venv", "--quiet", "--python", python, folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    install = uv(), "pip", "install", "--quiet", "--python", interpreter
    run(*install, wheel)
    known = run(uv(), "pip", "freeze", "--quiet", "--python", interpreter)
    if len(known.splitlines()) != 1:
        raise SystemExit(f"it must need nothing else, and needs:\n{known}")
    run(*install, "pytest")
    (folder / "example").mkdir()
    example(folder / "example")
    passed(interpreter, folder / "example")
    return interpreter


def passed(python: Path, folder: Path, *tests: str) -> None:
    """Run pytest. Raises CalledProcessError if a test fails, or if there is none."""
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, folder=folder)
    version = run(python, "-c", "import sys; print(sys.version.split()[0])")
    print(f"Python {version}: {said.splitlines()[-1].strip('= ')}", flush=True)


def check(folder: Path, old: str, dist: Path | None) -> None:
    run(uv(), "build", "--quiet", "--out-dir", folder, HERE)  # the wheel from the source
    [wheel], [archive] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder, filter="data")
    source = folder / archive.name.removesuffix(".tar.gz")
    shutil.rmtree(source / "telegram_stand_in")  # so that the wheel's is tested
    for name, python in (("oldest", old), ("this", sys.executable)):
        (folder / name).mkdir()
        interpreter = use(python, wheel, folder / name)
        if name == "oldest":
            passed(interpreter, source, *TESTS)
    if dist:
        dist.mkdir(parents=True, exist_ok=True)
        for built in (wheel, archive):
            shutil.copy(built, dist)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dist", type=Path, metavar="DIR", help="keep the built files here")
    chosen = parser.parse_args()
    try:
        old = oldest()
    except subprocess.CalledProcessError:
        print(f"Python {OLDEST} isn't here: install it, or run uv python install {OLDEST}")
        return 2
    try:
        with tempfile.TemporaryDirectory() as name:
            check(Path(name), old, chosen.dist)
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))}:\n{error.output}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
