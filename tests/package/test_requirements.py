"""requirements.txt: which lines are understood, and what else an installer learns."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import requirements
from requirements import NotInstallable, install, parse
from telegram_bot_aws.local.project import SCRIPTS

from tests.support.wheels import Index

HASHES = [f"sha256:{character * 64}" for character in "ab"]

UNDERSTOOD = {
    "nothing": ("", []),
    "comments": ("# one\n\n  # two \\\n\t# three\n", []),
    "a package": ("qrcode==8.0.post1", ["qrcode==8.0.post1"]),
    "spaces": ("  My_Pack.age == 1!2.0+local \t# C\r\n", ["My_Pack.age==1!2.0+local"]),
    "extras": ("a [ b , c-d ]==1\n", ["a[b,c-d]==1"]),
    "hashes": (
        f"a==1 \\\r\n    --hash={HASHES[0]} \\\r\n    --hash={HASHES[1]}\r\nb==2\r\n",
        [f"a==1 --hash={HASHES[0]} --hash={HASHES[1]}", "b==2"],
    ),
    "a marker": (
        """a==1;python_version<'4' and (os.name == "posix" or "arm" not in platform_machine)""",
        [
            "a==1 ; python_version<'4' and "
            '(os.name == "posix" or "arm" not in platform_machine)'
        ],
    ),
    "a byte order mark": ("\ufeffa==1", ["a==1"]),
    # As for uv. pip takes the second line for the comment's, and b for none.
    "a comment ends with its line": ("a==1 # pinned \\\nb==2", ["a==1", "b==2"]),
    "a comment in a continued line": ("a==1 \\\n# C \\\nb==2", ["a==1", "b==2"]),
    "a backslash at the end": ("a==1 \\", ["a==1"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_line_is_understood(tmp_path: Path, text: str, lines: list[str]) -> None:
    (tmp_path / "requirements.txt").write_bytes(text.encode())
    assert [str(each) for each in requirements.listed(tmp_path)] == lines


REFUSED = {
    "no version": ("pillow>=12  # or later", '1 ("pillow …")'),
    "any version": ("a==1.*", '1 ("a …")'),
    "an option": ("-r other.txt", '1 ("-r …")'),
    "an option behind": ("a==1\n\ny==1 \\\n  --index-url=https://host", '3 ("y …")'),
    "an option after a comment": ("# pinned by a tool \\\n-e ./evil", '2 ("-e …")'),
    "an option in a marker": ("a==1 ; os_name == 'x' -e ./evil", '1 ("a …")'),
    "a path": ("./x.whl", '1 ("./x.whl …")'),
    "a URL": ("x @ https://user:secret@host/x.whl", '1 ("x …")'),
    "a bare URL": ("git+https://secret@host/x", '1 ("git …")'),
    "a token": ("secret@host/x", "1"),
    "a URL without a scheme": ("//secret@host/x", "1"),
    "a variable": ("a==${SECRET}", '1 ("a …")'),
    "a variable in a marker": ("a==1 ; os_name == '${SECRET}'", '1 ("a …")'),
    "no marker": ("a==1 ;", '1 ("a …")'),
    "half a marker": ("a==1 ; os_name == 'x' and", '1 ("a …")'),
    "an open parenthesis": ("a==1 ; (os_name == 'x'", '1 ("a …")'),
    "a hash in two parts": ("a==1 --hash=sha256: ab", '1 ("a …")'),
    "no ASCII": ("ä==1\na==1\u00a0", '1, line 2 ("a …")'),
}


@pytest.mark.parametrize(("text", "where"), REFUSED.values(), ids=REFUSED)
def test_any_other_line_is_named_without_its_secrets(text: str, where: str) -> None:
    with pytest.raises(NotInstallable) as caught:
        parse(text)
    said = str(caught.value)
    assert said.startswith("each line of requirements.txt must be NAME==VERSION: change ")
    assert f": change line {where}. Extras, markers and hashes are" in said
    assert "secret" not in said.lower()


@pytest.mark.parametrize("character", "\r\f\v\0\x1b\x1c\x85\u2028\u2029")
def test_what_may_end_a_line_for_others_is_refused(tmp_path: Path, character: str) -> None:
    """Also in a comment: uv ends it at a CR, pip at most of these."""
    text = f"a==1\n# C{character}-e ./evil\n"
    (tmp_path / "requirements.txt").write_bytes(text.encode())
    with pytest.raises(NotInstallable, match=f": remove U\\+{ord(character):04X} from line 2$"):
        requirements.listed(tmp_path)


RECORDER = """#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print("uv {version}")
else:
    file = sys.argv[sys.argv.index("--requirement") + 1]
    seen = {{"environment": dict(os.environ), "lines": open(file).read(), "file": file}}
    seen["arguments"] = sys.argv[1:]
    json.dump(seen, open(os.environ["UV_CACHE_DIR"], "w"))
"""


def recorder(folder: Path) -> Path:
    """Make a uv that notes what it gets, and return its path."""
    program = folder / "uv"
    folder.mkdir()
    version = requirements.UV.partition("==")[2]
    program.write_text(RECORDER.format(python=sys.executable, version=version))
    program.chmod(0o755)
    return program


def test_the_runtimes_python_is_looked_for_from_the_scripts_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyenv's python3.99 is another one, or none, in the folder in which Terraform runs."""
    shim = tmp_path / "python3.99"
    shim.write_text(f'#!/bin/sh\n[ "$PWD" = "{SCRIPTS}" ] && echo /usr/bin/python3.99\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.chdir(tmp_path)
    assert requirements.find_python("python3.99") == "/usr/bin/python3.99"


def test_a_python_of_pyenvs_is_found_where_pyenv_chooses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, line in (("shims", "exit 1"), ("versions/3.99.10/bin", "echo $0")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "python3.99").write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / place / "python3.99").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "shims"), prepend=":")
    own = str(tmp_path / "versions/3.99.10/bin/python3.99")
    assert requirements.find_python("python3.99") == own


def test_this_machines_python_of_the_runtime_gets_its_own_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = recorder(tmp_path / "bin").with_name("python3.99")
    shim.write_text("#!/bin/sh\necho /usr/bin/python3.99\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "seen"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folders = {requirements.folder_of([]), requirements.folder_of([], "python3.99")}
    assert len(folders) == 2
    install(parse("a==1"), "file", tmp_path / "to", "python3.99")
    arguments = json.loads((tmp_path / "seen").read_text())["arguments"]
    assert arguments[arguments.index("--python") + 1] == "/usr/bin/python3.99"


def test_uv_gets_what_was_understood_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = recorder(tmp_path / "bin")
    passed = {
        "HOME": "/home/x",
        "HTTPS_PROXY": "http://proxy",
        "no_proxy": "host",
        "PATH": f"{program.parent}:/usr/bin",
        "PIP_INDEX_URL": "https://index",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_CACHE_DIR": str(tmp_path / "seen"),
    }
    secrets = {"AWS_SECRET_ACCESS_KEY": "s", "TF_VAR_token": "s", "PYTHONPATH": "/x", "MY_UV_": "s"}
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in (passed | secrets).items():
        monkeypatch.setenv(name, value)
    install(parse("a == 1 # C\n\nb[c]==2;os_name=='x'"), "file", tmp_path / "to")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["lines"] == "a==1\nb[c]==2 ; os_name=='x'\n"
    assert not Path(seen["file"]).exists()
    added = {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}  # by Python and macOS
    got = {name: value for name, value in seen["environment"].items() if name not in added}
    assert got == {**passed, "UV_DEFAULT_INDEX": "https://index"}


def test_a_folder_sets_nothing_for_uv_and_the_persons_own_settings_hold(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.wheel("pure", "1.0", {"pure.py": "# the person's\n"})
    own = tmp_path / "config" / "uv" / "uv.toml"
    own.parent.mkdir(parents=True)
    own.write_text((index.folder.parent / "uv.toml").read_text())
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    current = tmp_path / "around" / "current"
    current.mkdir(parents=True)
    settings = f"no-index = true\nfind-links = [{json.dumps(str(tmp_path / 'none'))}]\n"
    (current.parent / "uv.toml").write_text(settings)
    monkeypatch.chdir(current)
    install(parse("pure==1.0"), "file", tmp_path / "a")
    project = '[project]\nname = "x"\nversion = "1"\n'
    (current / "pyproject.toml").write_text(f"{project}[tool.uv]\n{settings}")
    install(parse("pure==1.0"), "file", tmp_path / "b")
    for folder in ("a", "b"):
        assert (tmp_path / folder / "pure.py").read_text() == "# the person's\n"


def test_a_name_like_an_archives_is_no_path(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = index.wheel("evil", "1", {"evil.py": ""})
    name = wheel.rename(tmp_path / wheel.name).name
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotInstallable, match="was not found"):
        install(parse(f"{name} == 1"), "file", tmp_path / "to")
