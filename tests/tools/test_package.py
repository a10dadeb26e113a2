"""scripts/package: the zip that Lambda gets."""

from __future__ import annotations

import importlib.util
import marshal
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.stubs import LAMBDA

PACKAGE = LAMBDA.parent / "scripts" / "package"
MODULES = [str(path.relative_to(LAMBDA)) for path in sorted(LAMBDA.rglob("*.py"))]
THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"


def package(file: Path, runtime: str = THIS, script: Path = PACKAGE) -> str:
    """Write a package, and return what was said about it."""
    command = [sys.executable, str(script), str(file), runtime]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == ""
    return result.stderr


def copy(to: Path, **modules: str) -> Path:
    """Copy the script beside a lambda/ of other modules, and return it."""
    (to / "lambda").mkdir(parents=True)
    (to / "scripts").mkdir()
    for name, source in modules.items():
        (to / "lambda" / f"{name}.py").write_text(source)
    script = to / "scripts" / "package"
    script.write_bytes(PACKAGE.read_bytes())
    return script


def test_it_holds_the_modules_and_their_byte_code_alone(tmp_path: Path) -> None:
    assert package(tmp_path / "a.zip") == ""
    tag = sys.implementation.cache_tag
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        paths = map(Path, MODULES)
        byte_code = [str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in paths]
        assert archive.namelist() == MODULES + byte_code
        assert archive.testzip() is None
        for name in MODULES:
            assert archive.read(name) == (LAMBDA / name).read_bytes()
        for entry in archive.infolist():
            assert entry.external_attr == 0o100644 << 16  # all of Lambda may read it
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)


def test_the_byte_code_is_never_checked_against_its_source(tmp_path: Path) -> None:
    package(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for name, module in zip(archive.namelist()[len(MODULES) :], MODULES, strict=True):
            data = archive.read(name)
            assert data[:4] == importlib.util.MAGIC_NUMBER
            assert data[4:8] == b"\x01\0\0\0"  # a hash, and unchecked
            assert marshal.loads(data[16:]).co_filename == "/var/task/" + module


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    script = copy(tmp_path / "elsewhere")
    shutil.copytree(LAMBDA, tmp_path / "elsewhere/lambda", dirs_exist_ok=True)
    package(tmp_path / "a.zip")
    package(tmp_path / "new folder" / "b.zip", script=script)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "new folder" / "b.zip").read_bytes()


def test_a_changed_line_gives_other_bytes(tmp_path: Path) -> None:
    for name, source in (("a", "x = 1\n"), ("b", "x = 2\n")):
        package(tmp_path / f"{name}.zip", script=copy(tmp_path / name, bot=source))
    assert (tmp_path / "a.zip").read_bytes() != (tmp_path / "b.zip").read_bytes()


def test_it_is_complete_without_the_runtimes_python(tmp_path: Path) -> None:
    said = package(tmp_path / "a.zip", "python3.99")
    assert said == "no python3.99 on this machine: the package has no byte code\n"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == MODULES


def test_a_module_that_does_not_compile_is_packed_and_named(tmp_path: Path) -> None:
    script = copy(tmp_path / "x", bot="def reply(\n", handler="x = 1\n")
    assert package(tmp_path / "a.zip", script=script).startswith("bot.py does not compile:\n")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        tag = sys.implementation.cache_tag
        assert archive.namelist() == ["bot.py", "handler.py", f"__pycache__/handler.{tag}.pyc"]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.zip").mkdir()  # which no file can take the place of
    with pytest.raises(subprocess.CalledProcessError):
        package(tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_it_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("old")
    package(tmp_path / "a.zip")
    assert zipfile.is_zipfile(tmp_path / "a.zip")
    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
