"""scripts/package: the zip that Lambda gets."""

import importlib.util
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from telegram_bot_aws.local.project import LAMBDA, ROOT, SCRIPTS
from telegram_bot_aws.local.terraform import terraform_command

from tests.support.needs import needs_terraform
from tests.support.programs import run

PACKAGE = SCRIPTS / "package"
FILES = sorted(  # not types.pyi
    str(path.relative_to(LAMBDA))
    for path in LAMBDA.rglob("*.py")
    if path.name != "testing.py" and path.parent.name != "fakes"
)
THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag
DIGEST = "botkit/release/digest"


def ran(file, runtime, *folder):
    """Run the script in this process, which is faster."""
    script = ModuleType("package")
    script.__file__ = str(PACKAGE)
    exec(compile(PACKAGE.read_text(), PACKAGE, "exec"), vars(script))
    return run(script.main, "--architecture=arm64", str(file), runtime, *map(str, folder))


def package(file, runtime=THIS, *folder):
    """Write a package, and return the script's output."""
    done = ran(file, runtime, *folder)
    assert not done.code, done.code
    return done.output


def refusal(file, *folder):
    """Return why there is no package."""
    said = str(ran(file, THIS, *folder).code)
    assert re.fullmatch(r"scripts/package: [^\n]*", said)
    assert not file.exists()
    return said


def names(file):
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def fill(folder, *files):
    """Write files into a folder, each with its name as content, and return the folder."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    return folder


def test_package_holds_only_the_modules_and_their_unchecked_byte_code(tmp_path):
    assert package(tmp_path / "a.zip") == ""
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        paths = map(Path, FILES)
        codes = [str(path.parent / "__pycache__" / f"{path.stem}.{TAG}.pyc") for path in paths]
        assert archive.namelist() == sorted([*FILES, *codes, DIGEST])
        for name, code in zip(FILES, codes, strict=True):
            assert archive.read(name) == (LAMBDA / name).read_bytes()
            data = archive.read(code)
            assert data[:4] == importlib.util.MAGIC_NUMBER
            assert data[4:8] == b"\x01\0\0\0"  # a hash, and unchecked
            assert marshal.loads(data[16:]).co_filename == "/var/task/" + name
        for entry in archive.infolist():
            assert entry.external_attr == 0o100755 << 16  # all of Lambda may read and run it
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        digest = archive.read(DIGEST).decode()
    assert terraform_of(None) == {"names": FILES, "digest": digest}


def test_same_sources_give_the_same_bytes_whatever_their_permissions(tmp_path):
    bot = fill(tmp_path / "bot", "bot.py", "run.sh")
    package(tmp_path / "a.zip", THIS, bot)
    (bot / "run.sh").chmod(0o755)
    package(tmp_path / "new folder" / "b.zip", THIS, shutil.copytree(bot, tmp_path / "copy"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "new folder" / "b.zip").read_bytes()


def test_package_is_complete_without_the_runtimes_python(tmp_path):
    said = package(tmp_path / "a.zip", "python3.99")
    assert said == "no python3.99 on this machine: the package has no byte code\n"
    assert not any(name.endswith(".pyc") for name in names(tmp_path / "a.zip"))


def test_module_that_does_not_compile_is_refused(tmp_path):
    bot = fill(tmp_path / "bot", "bot.py", "menu/dishes.py")
    (bot / "menu/dishes.py").write_text("x = 1\ndef reply(\n")
    said = refusal(tmp_path / "a.zip", bot)
    assert said == "scripts/package: menu/dishes.py doesn't compile: line 2: '(' was never closed"
    # A package that the author has put there may have templates, or modules for another Python.
    (bot / "menu-1.0.dist-info").mkdir()
    package(tmp_path / "a.zip", THIS, bot)
    assert f"menu/__pycache__/dishes.{TAG}.pyc" not in names(tmp_path / "a.zip")


@pytest.mark.parametrize("folder", [".build", "releases"])
def test_terraforms_older_packages_are_removed_after_a_day(tmp_path, folder):
    (place := tmp_path / folder).mkdir()

    def zip(name, days):
        file = place / f"{name}.zip"
        file.touch()
        os.utime(file, (0, time.time() - days * 86400))
        return file

    digest = "0123456789abcde"
    stay = {
        *(zip(f"bot-python3.13-{digest}1", 0.9), zip(f"other-bot-python3.13-{digest}1", 2)),
        *(zip("bot-python3.13-notes", 2), zip(f"bot-python3.12-{digest}1", 2)),
    }
    old = zip(f"bot-python3.13-{digest}2", 1.1)
    package(new := place / f"bot-python3.13-{digest}0.zip")
    assert {*place.iterdir()} == stay | {new} | ({old} if folder == "releases" else set())


# Files that are packed, and files that are left out: Terraform and the script must agree.
FOLDER = (
    *("bot.py", "data/[x].txt", "data/queue.py", "data/é ü$`'.json", "queue.txt"),
    *("app/index.html", "app/x.py", "ssl/texts.json", "vendored/__init__.py", "x.pyc/y", "z..txt"),
)
LEFT_OUT = (
    *(".env", ".git/config", ".venv/lib/bot.py", "__pycache__/bot.cpython-313.pyc"),
    *("data/.hidden/x.json", "vendored/__pycache__/x.txt", "vendored/old.pyc"),
)


def test_folder_is_packed_whole(tmp_path):
    bot = fill(tmp_path / "bot", *FOLDER, *LEFT_OUT)
    (bot / ".#bot.py").symlink_to("nowhere")  # as Emacs locks a file
    (bot / ".venv" / "python").symlink_to("nowhere")
    os.mkfifo(bot / "pipe")
    fill(tmp_path, "shared/texts/en.json")
    for name in ("texts", "data/texts"):
        (bot / name).symlink_to(tmp_path / "shared/texts")
    assert package(tmp_path / "a.zip", THIS, bot) == ""
    own = [name for name in FILES if name != "bot.py"]
    packed = sorted([*FOLDER, *own, "data/texts/en.json", "texts/en.json"])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        code = {name for name in archive.namelist() if name.endswith(".pyc")}
        assert {*archive.namelist()} - code == {*packed, DIGEST}
        assert f"vendored/__pycache__/__init__.{TAG}.pyc" in code
        assert not any(name.startswith("app/") for name in code)  # which is public
        assert archive.read("bot.py") == b"# bot.py\n"
        digest = archive.read(DIGEST).decode()
    assert terraform_of(bot) == {"names": packed, "digest": digest}


def test_name_is_packed_in_its_composed_form(tmp_path):
    package(tmp_path / "a.zip", THIS, fill(tmp_path / "bot", "bot.py", "e\u0301.txt"))
    assert "\xe9.txt" in names(tmp_path / "a.zip")


# Files and links of a bot's folder, and why it isn't packed.
REFUSED = {
    "nothing": ((), {}, "there is no bot.py in "),
    "handler.py": (("bot.py", "handler.py"), {}, "must not contain handler.py: the module adds"),
    "botkit": (("bot.py", "botkit/x.py"), {}, "must not contain botkit/x.py: the module adds"),
    "a module": (("bot.py", "queue.py"), {}, "must not contain queue.py, which would hide a mod"),
    "a package": (("bot.py", "ssl/__init__.py"), {}, "must not contain ssl/__init__.py, which"),
    "bot": (("bot.py", "bot/x/y.py"), {}, "must not contain a package bot/, since bot.py"),
    "a page's API": (("bot.py", "app/index.html", "app/api/x"), {}, "app/api/x can't be served"),
    "nowhere": (("bot.py",), {"x.json": "nowhere"}, "project/bot/x.json is a broken link to "),
    "itself": (("bot.py",), {"again": "."}, "again must not be a link to a parent folder"),
    "around": (("data/x.txt",), {"data/up": "../../bot"}, "up must not be a link to a parent"),
    "secrets": (("bot.py",), {"x": "../../secrets"}, "x must not be a link that leads out of"),
    "a page's secrets": (
        *(("bot.py", "app/index.html", "key.json"), {"app/x": "../key.json"}),
        "app/x must not be a link that leads out of app/",
    ),
}


@pytest.mark.parametrize(("files", "links", "said"), REFUSED.values(), ids=REFUSED)
def test_folder_that_cannot_be_packed_is_refused(tmp_path, files, links, said):
    fill(tmp_path / "secrets", "key")
    (bot := tmp_path / "project" / "bot").mkdir(parents=True)
    fill(bot, *files)
    for link, target in links.items():
        (bot / link).symlink_to(target)
    assert said in refusal(tmp_path / "a.zip", bot)


def test_folder_that_is_not_there_is_named(tmp_path):
    assert f"{tmp_path}/nowhere can't be read" in refusal(tmp_path / "a.zip", tmp_path / "nowhere")


def test_file_of_a_page_that_is_too_large_is_refused(tmp_path):
    bot = fill(tmp_path / "bot", "bot.py", "app/index.html")
    (bot / "app" / "x").write_bytes(bytes(4717167))
    package(tmp_path / "a.zip", THIS, bot)
    (bot / "app" / "x").write_bytes(bytes(4717168))
    assert "app/x must have at most 4,717,167 bytes" in refusal(tmp_path / "b.zip", bot)


# ── The packages of requirements.txt


def needing(folder, *lines):
    """Make a bot's folder with a requirements.txt."""
    fill(folder, "bot.py")
    (folder / "requirements.txt").write_text("\n".join(lines))
    return folder


def test_packages_are_packed_without_their_commands(tmp_path, index):
    files = {"pure/__init__.py": "x = 1\n", "pure/old.py": "print 'x'\n"}
    index.wheel("pure", "1.0", {**files, "pure-1.0.data/scripts/pure": "#!python\n"})
    bot = needing(tmp_path / "bot", "pure==1.0")
    package(tmp_path / "a.zip", "python3.13", bot)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("pure/__init__.py") == b"x = 1\n"
        assert "pure-1.0.dist-info/METADATA" in archive.namelist()
        assert not any(name.startswith(("bin/", ".")) for name in archive.namelist())
        digest = archive.read(DIGEST).decode()
    assert terraform_of(bot)["digest"] == digest, "what they bring may float"
    assert sorted(path.name for path in bot.iterdir()) == ["bot.py", "requirements.txt"]


def test_packages_for_the_demo_are_those_of_this_machine(tmp_path, index, monkeypatch):
    built = f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}"
    platform = re.sub(r"\W", "_", sysconfig.get_platform())
    index.wheel("built", "2.0", {"built.txt": "here"}, f"{built}-{platform}")
    monkeypatch.setenv("TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE", str(tmp_path / "cache"))
    package(tmp_path / "a.zip", THIS, needing(tmp_path / "bot", "built==2.0"))
    assert "built.txt" in names(tmp_path / "a.zip")


def test_packages_in_the_folder_are_packed_as_they_are(tmp_path):
    bot = fill(needing(tmp_path / "bot", "mine==1.0"), "mine/x.txt", "mine-1.0.dist-info/WHEEL")
    package(tmp_path / "a.zip", THIS, bot)
    assert {"mine/x.txt", "mine-1.0.dist-info/WHEEL"} < set(names(tmp_path / "a.zip"))


BROUGHT = {
    "the bot's": ("shop/x.py", "brings shop, which the bot or the module also has"),
    "the module's": ("botkit/x.py", "brings botkit, which the bot or the module also has"),
    "the standard library's": ("queue.py", "must not contain queue.py, which would hide a module"),
}


@pytest.mark.parametrize(("file", "said"), BROUGHT.values(), ids=BROUGHT)
def test_packages_bring_nothing_that_hides_something(tmp_path, index, file, said):
    index.wheel("pure", "1.0", {file: ""})
    bot = fill(needing(tmp_path / "bot", "pure==1.0"), "shop/y.py")
    assert said in refusal(tmp_path / "a.zip", bot)


def test_line_that_is_not_pinned_is_refused(tmp_path):
    bot = needing(tmp_path / "bot", "x @ https://user:secret@host")
    said = refusal(tmp_path / "a.zip", bot)
    assert f"{bot}/requirements.txt: each line of requirements.txt must be NAME==VERSION" in said
    assert "secret" not in said


# ── Terraform


def terraform_of(source_dir):
    """Return the names of the files that package.tf packs, and their digest."""
    needs_terraform()
    values = {"architecture": "arm64", "module": ROOT, "name": "bot", "runtime": THIS}
    with tempfile.TemporaryDirectory() as folder:
        source = (ROOT / "package.tf").read_text()
        (block,) = re.findall(r"^locals {\n.*?^}\n", source, re.M | re.S)
        (Path(folder) / "main.tf").write_text(
            block.replace("path.module", "var.module")
            + "".join(f'variable "{name}" {{}}\n' for name in values)
            + 'variable "source_dir" { default = null }\n'
        )
        if source_dir:
            values["source_dir"] = source_dir
        result = subprocess.run(
            [*terraform_command(), "console"],
            input="jsonencode({names = keys(local.hashes), digest = local.sources_digest})\n",
            cwd=folder,
            env={
                **os.environ,
                "TF_CLI_CONFIG_FILE": "",  # of a missing one, OpenTofu warns on stdout
                "GOGC": "off",  # it takes more time than the rest
                **{f"TF_VAR_{name}": str(value) for name, value in values.items()},
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 0, result.stderr
    return json.loads(json.loads(result.stdout))
