"""scripts/package: the zip that Lambda gets."""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requirements
from pytest_httpserver import HTTPServer
from telegram_bot_aws.local.container import bot_folder
from telegram_bot_aws.local.processes import free_port
from telegram_bot_aws.local.project import LAMBDA, ROOT, SCRIPTS, VENV
from telegram_bot_aws.local.terraform import is_opentofu, terraform_command

from tests.support.needs import needs_terraform
from tests.support.programs import run
from tests.support.stubs import BOT
from tests.support.wheels import Index

PACKAGE = SCRIPTS / "package"
FILES = sorted(  # not types.pyi
    str(path.relative_to(LAMBDA))
    for path in LAMBDA.rglob("*.py")
    if path.name != "testing.py" and path.parent.name != "fakes"
)
THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"


TAG = sys.implementation.cache_tag
DIGEST = "botkit/release/digest"


def loaded(script: Path) -> ModuleType:
    """Return the script as a module, which is faster than running it."""
    module = ModuleType("package")
    module.__file__ = str(script)
    exec(compile(script.read_text(), script, "exec"), vars(module))
    return module


def with_little() -> ModuleType:
    """Return the script with one file in place of lambda/, which takes 0.1 s to compile."""
    script = loaded(PACKAGE)
    vars(script)["OWN"] = BOT.parent
    return script


def package(
    file: Path,
    runtime: str = THIS,
    *folder: Path,
    architecture: str = "arm64",
    script: ModuleType | None = None,
) -> str:
    """Write a package, and return the script's output. With a folder, it has only its files."""
    script = script or (with_little() if folder else loaded(PACKAGE))
    flag = f"--architecture={architecture}"
    ran = run(script.main, flag, str(file), runtime, *map(str, folder))
    if ran.code:
        raise Refused(ran.code)
    return ran.output


class Refused(Exception):
    """The script's exit, instead of a package."""


def refusal(file: Path, *folder: Path, script: ModuleType | None = None) -> str:
    """Return why there is no package."""
    with pytest.raises(Refused, match=r"^scripts/package: [^\n]*$") as caught:
        package(file, THIS, *folder, script=script)
    return str(caught.value)


def names(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def fill(folder: Path, *files: str) -> Path:
    """Write files into a folder, each with its name as content, and return the folder."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    return folder


def copy(to: Path, **modules: str) -> ModuleType:
    """Copy the script beside a lambda/ with these modules, and load it."""
    (to / "lambda").mkdir(parents=True)
    (to / "scripts").mkdir()
    for name, source in modules.items():
        (to / "lambda" / f"{name}.py").write_text(source)
    script = to / "scripts" / "package"
    script.write_bytes(PACKAGE.read_bytes())
    shutil.copy(SCRIPTS / "packaging.json", script.parent)
    return loaded(script)


def test_it_holds_only_the_modules_and_their_byte_code(tmp_path: Path) -> None:
    assert package(tmp_path / "a.zip") == ""
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        paths = map(Path, FILES)
        byte_code = [str(path.parent / "__pycache__" / f"{path.stem}.{TAG}.pyc") for path in paths]
        assert archive.namelist() == [*FILES, *byte_code, DIGEST]
        assert archive.testzip() is None
        for name in FILES:
            assert archive.read(name) == (LAMBDA / name).read_bytes()
        for entry in archive.infolist():
            assert entry.external_attr == 0o100755 << 16  # all of Lambda may read and run it
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)


def test_the_byte_code_is_never_checked_against_its_source(tmp_path: Path) -> None:
    package(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        byte_code = [name for name in archive.namelist() if name.endswith(".pyc")]
        for name, module in zip(byte_code, FILES, strict=True):
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
    assert names(tmp_path / "a.zip") == [*FILES, DIGEST]


@pytest.mark.parametrize("name", ["bot.py", "menu/dishes.py"])
def test_a_module_that_does_not_compile_is_refused(tmp_path: Path, name: str) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "menu/dishes.py")
    (bot / name).write_text("x = 1\ndef reply(\n")
    said = refusal(tmp_path / "a.zip", bot)
    assert said == f"scripts/package: {name} doesn't compile: line 2: '(' was never closed"
    (bot / name).write_bytes(b"\xff")
    assert f"{name} doesn't compile: line 1: (unicode error)" in refusal(tmp_path / "a.zip", bot)
    assert not (tmp_path / "a.zip").exists()


def test_a_package_in_the_folder_may_have_modules_that_do_not_compile(tmp_path: Path) -> None:
    """Such as templates, or modules for another Python."""
    bot = fill(tmp_path / "bot", "bot.py", "brought/old.py", "brought-1.0.dist-info/RECORD")
    (bot / "brought" / "old.py").write_text("print 'x'\n")
    (bot / "brought-1.0.dist-info" / "RECORD").write_text("brought/old.py,sha256=x,10\n")
    package(tmp_path / "a.zip", THIS, bot)
    assert f"brought/__pycache__/old.{TAG}.pyc" not in names(tmp_path / "a.zip")


@pytest.mark.parametrize("folder", [".build", "releases"])
def test_terraforms_older_packages_are_removed_after_a_day(tmp_path: Path, folder: str) -> None:
    (place := tmp_path / folder).mkdir()

    def zip(name: str, days: float) -> Path:
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
    package(new := place / f"bot-python3.13-{digest}0.zip", script=with_little())
    assert {*place.iterdir()} == stay | {new} | ({old} if folder == "releases" else set())


# Files that are packed, and files that are left out: Terraform and the script must agree.
FOLDER = (
    "bot.py",
    "data/queue.py",
    "data/é ü$`'.json",
    "queue.txt",
    "requirements.txt",
    "ssl/texts.json",
    "vendored/__init__.py",
    "vendored/py.typed",
    "vendored-1.0.dist-info/METADATA",
    "x.pyc/y",
    "z..txt",
)
LEFT_OUT = (
    ".env",
    ".git/config",
    ".venv/lib/bot.py",
    "__pycache__/bot.cpython-313.pyc",
    "data/.hidden/x.json",
    "vendored/__pycache__/x.txt",
    "vendored/old.pyc",
)


def test_a_folder_is_packed_whole(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", *FOLDER, *LEFT_OUT)
    (bot / ".#bot.py").symlink_to("nowhere")  # as Emacs locks a file
    (bot / ".venv" / "python").symlink_to("nowhere")
    (bot / "__pycache__" / "z").symlink_to("nowhere")
    os.mkfifo(bot / "pipe")
    fill(tmp_path, "shared/texts/en.json")
    (bot / "texts").symlink_to("../shared/texts")
    (bot / "data" / "run.sh").touch(mode=0o755)
    assert package(tmp_path / "a.zip", THIS, bot, script=loaded(PACKAGE)) == ""
    own = [name for name in FILES if name != "bot.py"]
    packed = sorted([*FOLDER, *own, "data/run.sh", "texts/en.json"])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist()[: len(packed)] == packed
        byte_code = {name for name in archive.namelist() if name.endswith(".pyc")}
        assert {
            f"__pycache__/bot.{TAG}.pyc",
            f"vendored/__pycache__/__init__.{TAG}.pyc",
        } < byte_code
        assert len(byte_code) == len([name for name in packed if name.endswith(".py")])
        assert archive.read("bot.py") == b"# bot.py\n"
        digest = archive.read(DIGEST).decode()
    if is_opentofu():  # it fails at a link that leads nowhere, unless it is hidden
        (bot / "__pycache__" / "z").unlink()
    in_terraform = terraform_of(bot)
    assert in_terraform == {"names": packed, "digest": digest}
    # Another name gives another digest.
    (bot / "z..txt").rename(bot / "y..txt")
    assert terraform_of(bot)["digest"] != digest


PATTERN = "must not contain any of [ ] { } * ? \\, since Terraform takes them for a pattern: "


@pytest.mark.parametrize("name", ["[draft]", "{a,b}", "back\\slash", "*", "a?", "x[", "y]/z"])
def test_a_path_that_terraform_takes_for_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    bot = fill(tmp_path / name, "bot.py")
    assert f"{PATTERN}{bot}. Rename the folder." in plan(bot)


def test_the_modules_own_path_may_not_be_a_pattern_either(tmp_path: Path) -> None:
    (tmp_path / "[x]").symlink_to(ROOT)
    refused = plan(fill(tmp_path / "bot", "bot.py"), tmp_path / "[x]")
    assert f"{PATTERN}{tmp_path}/[x]/lambda. Rename the folder." in refused


def test_names_in_a_folder_are_not_taken_for_patterns(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "data/[x].txt", "data/{y}/\\*.txt")
    package(tmp_path / "a.zip", THIS, bot, script=loaded(PACKAGE))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        digest = archive.read(DIGEST).decode()
    assert terraform_of(bot)["digest"] == digest
    assert "data/[x].txt" in names(tmp_path / "a.zip")


def test_file_permissions_make_no_difference(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "run.sh")
    package(tmp_path / "a.zip", THIS, bot)
    (bot / "run.sh").chmod(0o755)
    package(tmp_path / "b.zip", THIS, bot)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_name_is_packed_in_its_composed_form(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "e\u0301.txt")
    package(tmp_path / "a.zip", THIS, bot)
    assert "\xe9.txt" in names(tmp_path / "a.zip")
    fill(bot, "\xe9.txt")
    assert "must not contain two files named \xe9.txt" in refusal(tmp_path / "a.zip", bot)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py")
    (bot / "\udce9.txt").touch()  # é in Latin-1, as from an old zip
    assert "names in UTF-8: rename '\\udce9.txt'" in refusal(tmp_path / "a.zip", bot)


AROUND = {
    "itself": ("again", "."),
    "a folder around": ("data/up", ".."),
    "far around": ("data/far/up", "../../../bot"),
}


@pytest.mark.parametrize(("link", "target"), AROUND.values(), ids=AROUND)
def test_a_link_to_a_folder_around_it_is_refused(tmp_path: Path, link: str, target: str) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "data/far/x.txt")
    for name in (link, f"{link}2"):
        (bot / name).symlink_to(target)
    assert "must not be a link to a parent folder" in refusal(tmp_path / "a.zip", bot)
    assert "must not contain a link to a parent folder" in plan(bot)
    with pytest.raises(ValueError, match=f"{link}2? must not be a link to a parent folder"):
        bot_folder(str(bot))


@pytest.mark.parametrize("target", ["/proc/self/environ", "../../secrets", "../../secrets/key"])
def test_a_link_that_leads_to_others_files_is_refused(tmp_path: Path, target: str) -> None:
    fill(tmp_path / "secrets", "key")
    bot = fill(tmp_path / "project/bot", "bot.py")
    (bot / "x").symlink_to(target)
    assert "x must not be a link that leads out of" in refusal(tmp_path / "a.zip", bot)
    assert not (tmp_path / "a.zip").exists()


def test_two_links_to_one_folder_are_followed(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "data/x.txt")
    for name in ("a", "data/b"):
        (bot / name).symlink_to(fill(tmp_path / "shared", "y.txt"))
    package(tmp_path / "a.zip", THIS, bot)
    assert {"a/y.txt", "data/b/y.txt"} < set(names(tmp_path / "a.zip"))
    assert bot_folder(str(bot)) == bot
    assert "a/y.txt" in terraform_of(bot)["names"]


def test_a_plan_names_a_file_that_terraform_cannot_read(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "data/e\u0301.txt")
    assert "can't read data/\xe9.txt in" in plan(bot)
    (bot / "data" / "e\u0301.txt").rename(bot / "data" / "\xe9.txt")
    assert plan(bot) == ""


def test_terraform_agrees_on_the_modules_own_bot(tmp_path: Path) -> None:
    package(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        digest = archive.read(DIGEST).decode()
    assert terraform_of(None) == {"names": FILES, "digest": digest}


def terraform_of(source_dir: Path | None) -> Any:
    """Return the names of the files that package.tf packs, and their digest."""
    question = "jsonencode({names = keys(local.hashes), digest = local.sources_digest})\n"
    result = terraform(source_dir, "console", question)
    assert result.returncode == 0, result.stderr
    return json.loads(json.loads(result.stdout))


def plan(source_dir: Path, module: Path = ROOT) -> str:
    """Return why a plan refuses a bot's folder, or the module's; empty if it accepts them."""
    result = terraform(source_dir, "plan", "", module)
    return " ".join(re.sub("[│╷╵]", "", result.stderr).split()) if result.returncode else ""


VARIABLES = ("architecture", "module", "name", "runtime")
OPTIONAL = ("source_dir",)
FLAGS = {"console": [], "plan": ["-no-color"], "apply": ["-no-color", "-auto-approve"]}


def terraform(
    source_dir: Path | None, command: str, question: str, module: Path = ROOT, more: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Terraform with only the package's definition and conditions, which needs no provider."""
    needs_terraform()
    with tempfile.TemporaryDirectory() as folder:
        source = (ROOT / "package.tf").read_text()
        (block,) = re.findall(r"^locals {\n.*?^}\n", source, re.M | re.S)
        inputs = (ROOT / "inputs.tf").read_text()
        found = re.findall(r"^    precondition {\n.*?^    }\n", inputs, re.M | re.S)
        about_folder = [rule for rule in found if re.search("bot_folder|local.patterns", rule)]
        rules = "".join(rule for rule in about_folder if "mini_app" not in rule)
        (Path(folder) / "main.tf").write_text(
            block.replace("path.module", "var.module")
            + f'resource "terraform_data" "inputs" {{\nlifecycle {{\n{rules}}}\n}}\n'
            + "".join(f'variable "{name}" {{}}\n' for name in VARIABLES)
            + "".join(f'variable "{name}" {{ default = null }}\n' for name in OPTIONAL)
            + 'variable "memory_size" { default = 128 }\n'
            + more.replace("path.module", "var.module")
        )
        values = {"architecture": "arm64", "module": module, "name": "bot", "runtime": THIS}
        if source_dir:
            values["source_dir"] = source_dir
        return subprocess.run(
            [*terraform_command(), command, *FLAGS[command]],
            input=question,
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


def test_an_apply_that_packs_nothing_names_the_folder(tmp_path: Path) -> None:
    """Terraform begins its error with the command, which is the provisioner's last argument."""
    bot = fill(tmp_path / "bot", "bot.py")
    (bot / "bot.py").write_text("def reply(:\n")
    source = (ROOT / "package.tf").read_text().partition('"terraform_data" "package" {')[2]
    [provisioner] = re.findall(r"^  provisioner .*?^  }\n", source, re.M | re.S)
    resource = f'resource "terraform_data" "package" {{\n{provisioner}}}\n'
    ran = terraform(bot, "apply", "", more=resource)
    said = " ".join(ran.stderr.split())
    assert f"Error running command '{bot}': exit status 1" in said
    assert "scripts/package: bot.py doesn't compile: line 1" in said


REFUSED = {
    "nothing": ((), "there is no bot.py in "),
    "a bot elsewhere": (("src/bot.py",), "there is no bot.py in "),
    "handler.py": (("bot.py", "handler.py"), "must not contain handler.py: the module adds"),
    "handler": (("bot.py", "handler/x"), "must not contain handler/x: the module adds"),
    "botkit": (("bot.py", "botkit/x.py"), "must not contain botkit/x.py: the module adds"),
    "a module": (("bot.py", "queue.py"), "must not contain queue.py, which would hide a module"),
    "a package": (("bot.py", "ssl/__init__.py"), "must not contain ssl/__init__.py, which"),
    "bot": (("bot.py", "bot/__init__.py"), "must not contain a package bot/, since bot.py"),
    "bot without __init__.py": (("bot.py", "bot/x/y.py"), "must not contain a package bot/, since"),
}


@pytest.mark.parametrize(("files", "said"), REFUSED.values(), ids=REFUSED)
def test_a_folder_without_a_valid_bot_is_refused(
    tmp_path: Path, files: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bot").mkdir()
    assert said in refusal(tmp_path / "a.zip", fill(tmp_path / "bot", *files))
    assert [path.name for path in tmp_path.iterdir()] == ["bot"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"'{tmp_path}/nowhere'" in refusal(tmp_path / "a.zip", tmp_path / "nowhere")


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py")
    (bot / "texts.json").symlink_to("nowhere")
    assert f"'{bot}/texts.json'" in refusal(tmp_path / "a.zip", bot)


# ── A page

PAGE = ROOT / "tests" / "bots" / "bundle"


def page(folder: Path, **files: bytes) -> Path:
    """Make a bot's folder with a page."""
    fill(folder, "bot.py", "app/index.html")
    for name, data in files.items():
        (folder / "app" / name.replace("_", ".")).write_bytes(data)
    return folder


def test_a_page_is_packed_as_it_is(tmp_path: Path) -> None:
    bot = page(tmp_path / "bot", large_js=b"x" * 2000)
    (bot / "app" / "module.py").write_text("x = 1\n")  # for a Python in the browser
    assert package(tmp_path / "a.zip", THIS, bot, script=loaded(PACKAGE)) == ""
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        found = {name: archive.read(name) for name in archive.namelist() if "app/" in name}
    files = (path for path in (bot / "app").rglob("*") if path.is_file())
    assert found == {str(path.relative_to(bot)): path.read_bytes() for path in files}


def test_what_vite_has_built_is_packed(tmp_path: Path) -> None:
    package(tmp_path / "a.zip", THIS, PAGE)
    built = {str(path.relative_to(PAGE)) for path in (PAGE / "app").rglob("*") if path.is_file()}
    packed = {name for name in names(tmp_path / "a.zip") if name.startswith("app/")}
    assert packed == built


NOT_SERVED = {
    "too large": (
        lambda app: (app / "film.mp4").write_bytes(bytes(4_717_168)),
        "app/film.mp4 must have at most 4,717,167 bytes, which fill Lambda's largest response, not "
        "4,717,168. Make it smaller, or serve it from elsewhere",
    ),
    "the bot's path": (
        lambda app: fill(app, "api/x.json"),
        "app/api/x.json can't be served: bot.py answers requests below app/api/",
    ),
    "a link that leads out": (
        lambda app: (app / "x.txt").symlink_to("../bot.py"),
        "app/x.txt must not be a link that leads out of app/, where everything is public",
    ),
    "a folder that leads out": (
        lambda app: (app / "x").symlink_to(app.parent.parent / "secrets"),
        "app/x/key must not be a link that leads out of app/, where everything is public",
    ),
}


@pytest.mark.parametrize(("make", "said"), NOT_SERVED.values(), ids=NOT_SERVED)
def test_what_cannot_be_served_is_refused(
    tmp_path: Path, make: Callable[[Path], Any], said: str
) -> None:
    bot = page(tmp_path / "bot")
    fill(tmp_path, "secrets/key")
    make(bot / "app")
    assert said in refusal(tmp_path / "a.zip", bot)


def test_the_largest_file_is_packed_and_the_folder_may_be_a_link(tmp_path: Path) -> None:
    bot = page(tmp_path / "bot")
    with (bot / "app" / "film.mp4").open("wb") as file:
        file.truncate(4_717_167)
    (bot / "app").rename(tmp_path / "dist")
    (bot / "app").symlink_to("../dist")
    package(tmp_path / "a.zip", THIS, bot)
    assert {"app/film.mp4", "app/index.html"} < set(names(tmp_path / "a.zip"))


def test_a_python_package_app_is_not_a_page(tmp_path: Path) -> None:
    bot = fill(tmp_path / "bot", "bot.py", "app/__init__.py", "app/api/x.py")
    package(tmp_path / "a.zip", THIS, bot)
    assert f"app/__pycache__/__init__.{TAG}.pyc" in names(tmp_path / "a.zip")


def test_a_package_too_large_for_lambda_is_refused(tmp_path: Path) -> None:
    script = loaded(PACKAGE)
    bot = fill(tmp_path / "bot", "bot.py")
    with (bot / "large").open("wb") as file:
        file.truncate(250 << 20)
    assert "unzipped, it has 250 MB, but Lambda takes at most 250 MB" in refusal(
        tmp_path / "a.zip", bot
    )
    with (bot / "large").open("wb") as file:
        file.truncate(1 << 40)  # more than memory holds
    assert "unzipped, it has 1048576 MB" in refusal(tmp_path / "a.zip", bot)
    assert script.ZIPPED_LIMIT == 50 << 20
    vars(script)["ZIPPED_LIMIT"] = 1 << 20
    (bot / "large").write_bytes(random.Random(0).randbytes(1 << 20))
    said = refusal(tmp_path / "a.zip", bot, script=script)
    assert "zipped, it has 1 MB, but Lambda takes at most 50 MB" in said
    assert [path.name for path in tmp_path.iterdir()] == ["bot"]


# ── The packages of requirements.txt


def needing(folder: Path, *lines: str) -> Path:
    """Make a bot's folder with a requirements.txt."""
    fill(folder, "bot.py")
    (folder / "requirements.txt").write_text("\n".join(lines))
    return folder


def told(file: Path, *arguments: Path | str) -> str:
    """Return why there is no package, in the installer's words and ours."""
    with pytest.raises(Refused) as caught:
        package(file, "python3.13", *arguments)  # type: ignore[arg-type]
    assert not file.exists()
    return str(caught.value)


def test_they_are_packed_for_the_runtime_and_the_architecture(tmp_path: Path, index: Index) -> None:
    """On any machine; and nothing is left in the bot's folder."""
    index.wheel(
        "pure", "1.0", {"pure/__init__.py": "x = 1\n", "pure-1.0.data/scripts/pure": "#!python\n"}
    )
    for python in ("cp312", "cp313"):
        for machine in ("aarch64", "x86_64"):
            tag = f"{python}-{python}-manylinux_2_34_{machine}"
            index.wheel("built", "2.0", {"built.txt": tag}, tag)
    bot = needing(tmp_path / "bot", "pure==1.0", 'built == 2.0 ; python_version > "3.11"  # C')
    package(tmp_path / "a.zip", "python3.13", bot, script=loaded(PACKAGE))
    package(tmp_path / "b.zip", "python3.12", bot, architecture="x86_64", script=loaded(PACKAGE))
    for file, version, machine in (("a", 313, "aarch64"), ("b", 312, "x86_64")):
        tag = f"cp{version}-cp{version}-manylinux_2_34_{machine}"
        with zipfile.ZipFile(tmp_path / f"{file}.zip") as archive:
            assert archive.read("built.txt").decode() == tag
            assert archive.read("pure/__init__.py") == b"x = 1\n"
            assert "pure-1.0.dist-info/METADATA" in archive.namelist()
            assert not any(name.startswith(("bin/", ".")) for name in archive.namelist())
            digest = archive.read(DIGEST).decode()
    assert f"pure/__pycache__/__init__.{TAG}.pyc" in names(tmp_path / "a.zip")
    assert terraform_of(bot)["digest"] == digest, "what they bring may float"
    assert sorted(path.name for path in bot.iterdir()) == ["bot.py", "requirements.txt"]


def test_for_the_demo_they_are_those_of_this_machine(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}"
    platform = re.sub(r"\W", "_", sysconfig.get_platform())
    index.wheel("built", "2.0", {"built.txt": "here"}, f"{built}-{platform}")
    bot = needing(tmp_path / "bot", "built==2.0")
    monkeypatch.setenv("TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE", str(tmp_path / "cache"))
    package(tmp_path / "a.zip", THIS, bot)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("built.txt") == b"here"
    (bot / "requirements.txt").write_text("")
    (bot / "built-2.0.dist-info").mkdir()
    (bot / "built-2.0.dist-info" / "WHEEL").write_text(f"Tag: {built}-{platform}\n")
    package(tmp_path / "b.zip", THIS, bot)
    assert "built-2.0.dist-info/WHEEL" in names(tmp_path / "b.zip")


def test_for_the_demo_they_must_exist_for_a_runtime_that_is_not_here(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}"
    index.wheel("built", "2.0", {}, f"{this}-{re.sub('[.-]', '_', sysconfig.get_platform())}")
    index.wheel("pure", "1.0", {"pure.py": ""})
    monkeypatch.setenv("TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE", str(tmp_path / "cache"))
    bot = needing(tmp_path / "bot", "pure==1.0")
    package(tmp_path / "a.zip", "python3.99", bot)
    assert "pure.py" in names(tmp_path / "a.zip")
    with pytest.raises(Refused, match="can't be installed for python3.99:"):
        package(tmp_path / "b.zip", "python3.99", needing(bot, "pure==1.0", "built==2.0"))


NOT_INSTALLED = {
    "no wheel": ("late==1.0", ["late==1.0 has no wheels with", "Only wheels are installed"]),
    "no version": ("pure==9", ["no version of pure==9", "Correct the name or the version"]),
    "no package": ("nothing==1", ["nothing was not found", "Correct the name or the version"]),
    "another hash": (
        f"pure==1.0 --hash=sha256:{'0' * 64}",
        ["Hash mismatch for `pure==1.0`", "Find out why before you change the hash."],
    ),
    "an option": ("-r other.txt", ['change line 1 ("-r …")']),
    "a URL": ("x @ https://user:secret@host", ['change line 1 ("x …")']),
}  # fmt: skip


@pytest.mark.parametrize(("line", "sentences"), NOT_INSTALLED.values(), ids=NOT_INSTALLED)
def test_what_cannot_be_installed_is_told_with_what_to_do(
    tmp_path: Path, index: Index, line: str, sentences: list[str]
) -> None:
    index.wheel("pure", "1.0", {"pure.py": ""})
    index.wheel("late", "1.0", {"late.py": ""}, "cp313-cp313-manylinux_2_35_aarch64")
    said = told(tmp_path / "a.zip", needing(tmp_path / "bot", line))
    for sentence in (*sentences, f"{tmp_path}/bot/requirements.txt"):
        assert sentence in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "The index needs credentials"), (0, "The index can't be reached")],
    ids=["credentials", "network"],
)
def test_an_index_that_gives_nothing_is_told(
    tmp_path: Path,
    index: Index,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    sentence: str,
) -> None:
    """Also as pip's users name it."""
    httpserver.expect_request("/pure/").respond_with_data(status=status or 200)
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    url = httpserver.url_for("") if status else f"http://127.0.0.1:{free_port()}/"
    monkeypatch.setenv("PIP_INDEX_URL", url)
    assert sentence in told(tmp_path / "a.zip", needing(tmp_path / "bot", "pure==1.0"))


@pytest.mark.slow
def test_uv_is_fetched_once_where_there_is_none(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere" / "scripts" / "requirements.py"  # without a .venv
    monkeypatch.setattr(requirements, "__file__", str(elsewhere))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.folder))
    bot = needing(tmp_path / "bot", "pure==1.0")
    (bot / "pip.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(bot)
    said = told(tmp_path / "a.zip", bot)
    assert "from versions: none" in said and "The index can't be reached" in said
    index.wheel("pure", "1.0", {"pure.py": ""})
    own = str(VENV / "bin" / "uv")
    program = f"#!python\nimport os, sys\nos.execv({own!r}, [{own!r}, *sys.argv[1:]])\n"
    name, _, version = requirements.UV.partition("==")
    fetched = index.wheel(name, version, {f"{name}-{version}.data/scripts/uv": program})
    package(tmp_path / "a.zip", "python3.13", bot)
    fetched.unlink()
    package(tmp_path / "b.zip", "python3.13", bot)
    assert "pure.py" in names(tmp_path / "b.zip")


def test_a_machine_without_uv_and_pip_is_told_what_to_install(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere" / "scripts" / "requirements.py"
    monkeypatch.setattr(requirements, "__file__", str(elsewhere))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    said = told(tmp_path / "a.zip", needing(tmp_path / "bot", "pure==1.0"))
    assert "needs pip, which fetches uv, or a uv on the PATH. Install one of them" in said


TAGS = {
    "pure": ("py3-none-any", True),
    "this": ("cp313-cp313-manylinux_2_17_aarch64", True),
    "old name": ("cp313-cp313-manylinux2014_aarch64", True),
    "stable": ("cp39-abi3-manylinux_2_34_aarch64", True),
    "older Python": ("cp312-cp312-manylinux_2_17_aarch64", False),
    "newer Python": ("cp314-abi3-manylinux_2_17_aarch64", False),
    "newer glibc": ("cp313-cp313-manylinux_2_35_aarch64", False),
    "other processor": ("cp313-cp313-manylinux_2_17_x86_64", False),
    "other system": ("cp313-cp313-macosx_11_0_arm64", False),
    "Python 2": ("py2-none-any", False),
}


@pytest.mark.parametrize(("tag", "fits"), TAGS.values(), ids=TAGS)
def test_a_package_in_the_folder_must_be_for_the_function(
    tmp_path: Path, tag: str, fits: bool
) -> None:
    bot = needing(tmp_path / "bot", "My.Package==1.0")  # with no index: nothing is installed
    fill(bot, "my_package/__init__.py")
    (bot / "my_package-1.0.dist-info").mkdir()
    (bot / "my_package-1.0.dist-info" / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
    if fits:
        package(tmp_path / "a.zip", "python3.13", bot)
        assert "my_package/__init__.py" in names(tmp_path / "a.zip")
    else:
        said = told(tmp_path / "a.zip", bot)
        assert f"must be for python3.13 on arm64, and these are not: my_package-1.0 ({tag})" in said


def test_an_older_package_in_the_folder_is_named(tmp_path: Path) -> None:
    """pip leaves it there when it is told to install another version."""
    bot = fill(needing(tmp_path / "bot", "pure==2.0"), "pure-1.0.dist-info/METADATA")
    assert "(*.dist-info), but not pure 2.0 of its requirements.txt" in told(
        tmp_path / "a.zip", bot
    )


@pytest.mark.parametrize(
    ("brought", "sentence"),
    [
        ("texts/__init__.py", "brings texts, which the bot or the module also has"),
        ("botkit/__init__.py", "brings botkit, which the bot or the module also has"),
        ("ssl.py", "brings ssl.py, which would hide a module of Python's"),
    ],
    ids=["the bot's", "the module's", "Python's"],
)
def test_what_would_hide_something_is_refused(
    tmp_path: Path, index: Index, brought: str, sentence: str
) -> None:
    index.wheel("pure", "1.0", {brought: ""})
    bot = fill(needing(tmp_path / "bot", "pure==1.0"), "texts/en.json")
    assert sentence in told(tmp_path / "a.zip", bot)


@pytest.mark.parametrize("runtime", ["python3.9", "python3.11", "nodejs24.x"])
def test_a_runtime_that_the_module_does_not_run_on_is_refused(
    tmp_path: Path, runtime: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(loaded(PACKAGE).main, str(tmp_path / "a.zip"), runtime)
    assert ran.code == 2
    assert f"RUNTIME must be python3.12 or later, such as python3.13, not {runtime}" in ran.output


# ── How it ends


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(tmp_path: Path, kind: signal.Signals) -> None:
    (tmp_path / "temporary").mkdir()
    os.mkfifo(tmp_path / "begun")
    python = tmp_path / "python3.99"  # the script waits for its byte code
    python.write_text(f"#!/bin/sh\necho >'{tmp_path}/begun'\nexec sleep 90\n")
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": f"{tmp_path}/temporary"}
    with subprocess.Popen(
        [sys.executable, PACKAGE, tmp_path / "a.zip", "python3.99"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        (tmp_path / "begun").read_text()
        process.send_signal(kind)
        assert process.communicate()[1] == "scripts/package: stopped\n"
    assert process.returncode == 1
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "a.zip").exists()


def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        assert "must be a regular file" in refusal(tmp_path / name, script=with_little())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]


def test_a_persons_python_settings_change_nothing(tmp_path: Path) -> None:
    """In a separate process, as Terraform runs it."""
    package(tmp_path / "a.zip")
    settings = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    settings |= {"PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(PACKAGE), str(tmp_path / "b.zip"), THIS]
    subprocess.run(command, check=True, env={**os.environ, **settings})
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_it_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("old")
    package(tmp_path / "a.zip", script=with_little())
    assert zipfile.is_zipfile(tmp_path / "a.zip")
    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
