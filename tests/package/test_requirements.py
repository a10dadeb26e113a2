"""requirements.py: which lines are understood, and how packages are installed."""

import os
import sys

import pytest
import requirements
from requirements import NotInstallable, install, parse

HASHES = [f"sha256:{character * 64}" for character in "ab"]

UNDERSTOOD = {
    "nothing": ("", []),
    "comments": ("# one\n\n  # two \\\n\t# three\n", []),
    "spaces": ("  My_Pack.age == 1.2+local \t# C\r\n", ["My_Pack.age == 1.2+local"]),
    "extras": ("a[ b , c-d ]==1\n", ["a[ b , c-d ]==1"]),
    "hashes": (
        f"a==1 \\\r\n    --hash={HASHES[0]} \\\r\n    --hash={HASHES[1]}\r\nb==2\r\n",
        [f"a==1 --hash={HASHES[0]} --hash={HASHES[1]}", "b==2"],
    ),
    "a marker": ("a==1 ; python_version < '4'", ["a==1 ; python_version < '4'"]),
    "a byte order mark": ("\ufeffa==1", ["a==1"]),
    "a comment ends with its line": ("a==1 # pinned \\\nb==2", ["a==1", "b==2"]),
    "a backslash at the end": ("a==1 \\", ["a==1"]),
}


@pytest.mark.parametrize(("text", "lines"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_lines_are_understood(tmp_path, text, lines):
    (tmp_path / "requirements.txt").write_bytes(text.encode())
    assert requirements.required_packages(tmp_path) == lines


REFUSED = {
    "no version": ("a==1\n\npillow>=12  # or later", "3"),
    "any version": ("a==1.*", "1"),
    "an option": ("-r other.txt", "1"),
    "an option behind": ("y==1 \\\n  --index-url=https://host", "1"),
    "an option in a marker": ("a==1 ; os_name == 'x' -e ./evil", "1"),
    "a path and a URL": ("./x.whl\nx @ https://user:secret@host/x.whl", "1, 2"),
}


@pytest.mark.parametrize(("text", "where"), REFUSED.values(), ids=REFUSED)
def test_other_lines_are_named_without_their_secrets(text, where):
    with pytest.raises(NotInstallable, match=f"NAME==VERSION: change line {where}. ") as caught:
        parse(text)
    assert "secret" not in str(caught.value)


def test_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfea")
    with pytest.raises(NotInstallable, match="save it as UTF-8"):
        requirements.required_packages(tmp_path)


@pytest.mark.parametrize("has_uv", [True, False], ids=["uv", "pip"])
def test_wheels_are_installed_for_lambda(tmp_path, index, monkeypatch, has_uv):
    if not has_uv:
        pytest.importorskip("pip")
        monkeypatch.setattr(requirements, "__file__", str(tmp_path / "scripts" / "x.py"))
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for python in ("cp312", "cp313"):
        for machine in ("aarch64", "x86_64"):
            tag = f"{python}-{python}-manylinux_2_34_{machine}"
            index.wheel("built", "2.0", {"built.txt": tag}, tag)
    index.wheel("late", "1.0", {"late.py": ""}, "cp312-cp312-manylinux_2_35_aarch64")
    install(["built==2.0"], "file", tmp_path / "to", "python3.12", "arm64")
    assert (tmp_path / "to" / "built.txt").read_text() == "cp312-cp312-manylinux_2_34_aarch64"
    with pytest.raises(NotInstallable, match=r"(?s)of file can't .*3\.12 on arm64:.*late.*Only wh"):
        install(["late==1.0"], "file", tmp_path / "other", "python3.12", "arm64")


def test_machine_without_uv_and_pip_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(requirements, "__file__", str(tmp_path / "scripts" / "x.py"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    with pytest.raises(NotInstallable, match="needs uv on the PATH, or pip for"):
        install(["a==1"], "file", tmp_path / "to")


def test_installer_gets_no_secrets(tmp_path, monkeypatch):
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\nenv\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("TF_VAR_telegram_bot_token", "AWS_SECRET_ACCESS_KEY", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.setenv(name, "planted")
    for name in set(os.environ) - {"PATH"}:
        if os.environ[name] != "planted":
            monkeypatch.delenv(name)
    with pytest.raises(NotInstallable, match="PATH=") as caught:
        install(["a==1"], "file", tmp_path / "to")
    assert "planted" not in str(caught.value)


def test_packages_for_this_machine_are_installed_once(tmp_path, index):
    wheel = index.wheel("pure", "1.0", {"pure.py": "x = 1\n"})
    folder = requirements.installed(["pure==1.0"], "file")
    assert (folder / "pure.py").read_text() == "x = 1\n"
    wheel.unlink()
    assert requirements.installed(["pure==1.0"], "file") == folder
    assert requirements.folder_of(["pure==1.1"]) != folder
    assert requirements.folder_of(["pure==1.0"], requirements.PYTHON) == folder


def test_runtimes_python_is_found_if_it_runs(tmp_path, monkeypatch):
    program = tmp_path / "python3.99"
    program.write_text("#!/bin/sh\nexit 1\n")  # as pyenv's, for a version that isn't chosen
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert requirements.find_python("python3.99") is None
    assert requirements.runs_on("python3.99") == requirements.PYTHON
    program.write_text("#!/bin/sh\necho /usr/bin/python3.99\n")
    assert requirements.find_python("python3.99") == "/usr/bin/python3.99"
    assert requirements.find_python(requirements.PYTHON) == sys.executable
