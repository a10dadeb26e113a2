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
# The tests that the oldest Python runs: each method, texts, uploads, people, the plugin. mypy
# knows the rest.
NAMES = ("methods", "texts", "server", "testing", "pytest_plugin")
TESTS = tuple(f"test_{name}.py" for name in NAMES)


def run(*command: object, folder: Path = HERE) -> str:
    """Run a command, and return its output. Raises CalledProcessError, whose output says why."""
    environment = {**os.environ, **index(), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("UV_HTTP_RETRIES", "1")
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
    if "UV_DEFAULT_INDEX" in os.environ:
        return {}
    pip = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    told = subprocess.run(pip, capture_output=True, text=True)
    url = os.environ.get("PIP_INDEX_URL") or told.stdout.strip()
    return {"UV_DEFAULT_INDEX": url} if url else {}


def uv() -> str:
    """Return uv's path: that of this Python's environment, or of the machine."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        sys.exit("uv is needed: pip install uv")
    return found


def oldest() -> str:
    """Return the path of the oldest Python, or nothing if it isn't here and can't be downloaded."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for path in (f"python{OLDEST}", *pyenv.glob(f"versions/{OLDEST}.*/bin/python{OLDEST}")):
        try:
            return run(path, "-c", "import sys; print(sys.executable)")
        except (OSError, subprocess.CalledProcessError):
            continue  # pyenv puts a program of that name on the PATH, which may find none
    try:
        run(uv(), "python", "install", "--quiet", OLDEST)
        return run(uv(), "python", "find", "--managed-python", OLDEST)
    except subprocess.CalledProcessError:
        return ""


def example(folder: Path) -> None:
    """Write the files of the README's example: its blocks of Python that begin with a name."""
    text = (HERE / "README.md").read_text()
    for name, code in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", text, re.M | re.S):
        (folder / name).write_text(code)


def use(python: str, wheel: Path, source: Path, folder: Path, *more: str) -> None:
    """Install the wheel, and `more`, for a Python, and run the example's test with them.

    With `more`, the tests in `source` run, too.
    """
    run(uv(), "venv", "--quiet", "--python", python, folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    run(uv(), "pip", "install", "--quiet", "--python", interpreter, wheel)
    known = run(uv(), "pip", "freeze", "--quiet", "--python", interpreter)
    if len(known.splitlines()) != 1:
        raise SystemExit(f"it must need nothing else, and needs:\n{known}")
    run(uv(), "pip", "install", "--quiet", "--python", interpreter, "pytest", *more)
    (folder / "example").mkdir()
    example(folder / "example")
    passed(interpreter, folder / "example")
    if more:
        shutil.rmtree(source / "telegram_stand_in")  # so that the wheel's is tested
        passed(interpreter, source, *(f"tests/{name}" for name in TESTS))


def passed(python: Path, folder: Path, *tests: str) -> None:
    """Run pytest. Raises CalledProcessError if a test fails, or if there is none."""
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, folder=folder)
    version = run(python, "-c", "import sys; print(sys.version.split()[0])")
    print(f"Python {version}: {said.splitlines()[-1].strip('= ')}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dist", type=Path, metavar="DIR", help="keep the built files here")
    chosen = parser.parse_args()
    python = oldest()
    if not python:
        print(f"Python {OLDEST} isn't here, and uv can't download it. Install it")
        return 2
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run(uv(), "build", "--quiet", "--out-dir", folder, HERE)  # the wheel from the source
            [wheel], [archive] = folder.glob("*.whl"), folder.glob("*.tar.gz")
            shutil.unpack_archive(archive, folder, filter="data")
            source = folder / archive.name.removesuffix(".tar.gz")
            for each, more in (
                (python, ("pytest-httpserver",)),
                (sys.executable, ()),
            ):
                place = folder / ("oldest" if more else "this")
                place.mkdir()
                use(each, wheel, source, place, *more)
            if chosen.dist:
                chosen.dist.mkdir(parents=True, exist_ok=True)
                for built in (wheel, archive):
                    shutil.copy(built, chosen.dist)
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))}:\n{error.output}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
