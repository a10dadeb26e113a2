"""Begin your own bot: a folder with the bot, its tests, its configuration and a workflow.

The bot's name is the folder's. Files that are there already are never overwritten. In the new
main.tf the module's source is --source, or else the repository that this copy of it comes from.

Exit code: 0 if the folder was written, 2 if it can't be: its name, or a file that is in the way.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote

from telegram_bot_aws.local import program
from telegram_bot_aws.local.project import IS_INSTALLED, ROOT

EXAMPLES = ROOT / "examples"
TEMPLATE = Path(__file__).with_name("template")
FIRST = "hello"  # the example that is copied unless another one is named
OF_THE_EXAMPLE = ("README.md", "*.webp", "__pycache__", ".terraform", ".terraform.lock.hcl")
SOURCE = re.compile(r'(?<=  source = )"\.\./.*')  # an example's, with a comment
UNKNOWN = "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"
MODULE = Path(".terraform/modules/telegram_bot")  # where terraform init puts the module


def main() -> int:
    chosen = options()
    folder = Path(chosen.dir).resolve()
    try:
        name = bot_name(folder)
        source = address(chosen.source) if chosen.source else default_source()
        here = local_module(source)
        home = here if here and (here / "scripts").is_dir() else MODULE
        written = files(EXAMPLES / chosen.example, name, source)
        write(folder, written, home / "scripts")
    except ValueError as error:
        print(f"{program.name('new')}: {error}", file=sys.stderr)
        return 2
    print(f"{folder} has the bot {name}. Next, in that folder:\n")
    for command in commands(chosen.example, written, folder):
        print(f"  {command}")
    print()
    if here or source == UNKNOWN:
        print(
            f"Before the first push, replace the source in main.tf: nobody else has {source}.\n"
            "The address of a commit is git::https://HOST/REPOSITORY?ref=COMMIT\n"
        )
    if chosen.example != FIRST:
        print(f"About the example: {home / 'examples' / chosen.example / 'README.md'}")
    print(f"To deploy the bot: {home / 'docs' / 'first-bot.md'}")
    print(f"To do more: {home / 'docs' / 'README.md'}")
    return 0


def options() -> argparse.Namespace:
    parser = program.parser_of(program.name("new"), __doc__)
    parser.add_argument("dir", metavar="DIR", help="the new folder, such as ../hello-bot")
    parser.add_argument(
        "--example",
        choices=examples(),
        default=FIRST,
        help="what the bot does at first, as in examples/ (default: %(default)s). Those in moved/ "
        "are written with aiogram, python-telegram-bot (ptb) and pyTelegramBotAPI (telebot)",
    )
    parser.add_argument(
        "--source",
        metavar="ADDRESS",
        help="the module's source: a folder, or what Terraform takes, such as git::https://…?ref=v1.0.0",
    )
    return parser.parse_args()


def examples() -> list[str]:
    """Return the names of the examples, as their paths in examples/."""
    mains = [*EXAMPLES.glob("*/main.tf"), *EXAMPLES.glob("moved/*/main.tf")]
    return sorted(path.parent.relative_to(EXAMPLES).as_posix() for path in mains)


def bot_name(folder: Path) -> str:
    """Return the name of a folder's bot, by the module's rule. Raises ValueError."""
    name = folder.name
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name):
        raise ValueError(
            f"the bot gets its name from the folder, which must have 1 to 64 letters (a to z), "
            f"digits or hyphens, such as hello-bot, not {name!r}"
        )
    return name


def files(example: Path, name: str, source: str) -> dict[str, bytes]:
    """Return the files of a new folder, by their paths in it."""
    ignored = shutil.ignore_patterns(*OF_THE_EXAMPLE)
    found: dict[str, bytes] = {}
    for parent, folders, names in os.walk(example):
        left_out = ignored(parent, [*folders, *names])
        folders[:] = [each for each in folders if each not in left_out]
        for each in set(names) - left_out:
            path = Path(parent, each)
            found[path.relative_to(example).as_posix()] = path.read_bytes()
    main = found["main.tf"].decode()
    own, *_ = re.findall(r'^  name += "([\w-]+)"', main, re.MULTILINE)
    for place in (each for each in found if each.endswith((".tf", ".hcl", ".json"))):
        found[place] = found[place].replace(own.encode(), name.encode())
    main = found["main.tf"].decode()
    found["main.tf"] = SOURCE.sub(lambda _: f'"{source}"', main).encode()
    found["conftest.py"] = (EXAMPLES / "conftest.py").read_bytes()
    for path in TEMPLATE.rglob("*"):
        if path.is_file():
            place = path.relative_to(TEMPLATE).as_posix().replace("dot-", ".")
            found[place] = path.read_bytes()
    return found


def default_source() -> str:
    """Return the address of the repository that this copy of the module comes from.

    It is this folder's own if that has commits, or no repository, that others can't fetch.
    """
    if IS_INSTALLED:
        url, revision = program.repository()
        return pinned(url, revision) if url else UNKNOWN
    if Path(git("rev-parse", "--show-toplevel")) == ROOT:
        origin = git("remote", "get-url", "origin")
        if re.match("https://[^/@]+/|ssh://", origin):  # what is before an @ may be a token
            for tag in git("tag", "--points-at", "HEAD").split():
                if program.is_release(tag):
                    return pinned(origin, tag)
            if git("branch", "--remotes", "--contains", "HEAD"):
                return pinned(origin, git("rev-parse", "HEAD"))
    return address(str(ROOT))


def pinned(url: str, revision: str) -> str:
    """Return the address of a repository's tag or commit."""
    depth = "&depth=1" if program.is_release(revision) else ""  # no commit can have it
    return f"git::{url}?ref={revision}{depth}"


def address(module: str) -> str:
    """Return what Terraform takes for a folder: its last commit, if it is a repository's.

    What isn't a path stays as it is. Raises ValueError if there is no folder at a path.
    """
    folder = Path(module).resolve()
    if not folder.is_dir():
        if re.match(r"\.?\.?/", module):  # as Terraform tells a path from other addresses
            raise ValueError(f"--source: there is no folder {folder}")
        return module
    return f"git::file://{quote(str(folder))}" if (folder / ".git").exists() else str(folder)


def local_module(source: str) -> Path | None:
    """Return the folder of a source that is on this machine."""
    found = re.fullmatch(r"(git::file://)?(/[^?]*)(\?.*)?", source)
    return Path(unquote(found[2]) if found[1] else found[2]) if found else None


def git(*arguments: str) -> str:
    """Return what a command of Git prints about this clone, or nothing if it fails."""
    try:
        asked = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    except OSError:
        return ""
    return asked.stdout.strip()


def write(folder: Path, written: dict[str, bytes], scripts: Path = MODULE / "scripts") -> None:
    """Write the files into a folder, with a link to the module's scripts.

    Raises ValueError, before the first, if one can't be written.
    """
    if folder.is_relative_to(ROOT):
        raise ValueError(f"{folder} is in {ROOT}, which is the module's: choose a folder outside")
    for path in (*written, "scripts"):
        for place in (folder / path, *(folder / path).parents):
            if not os.path.lexists(place):  # a link to nothing is also there
                continue
            if place == folder / path:
                raise ValueError(f"{place} exists already, and nothing is overwritten")
            if not place.is_dir():
                raise ValueError(f"{place} must be a folder, but is a file")
    try:
        for path, content in sorted(written.items()):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        (folder / "scripts").symlink_to(os.path.relpath(folder / scripts, folder))
    except OSError as error:
        raise ValueError(f"{error.filename} can't be written: {error.strerror}") from None


def commands(example: str, written: dict[str, bytes], folder: Path) -> list[str]:
    """Return the commands that follow: from the tests' virtual environment to the demo."""
    python = f"python3.{sys.version_info.minor}"
    if not runs(python, folder):
        python = shlex.quote(sys.executable)
    terraform = "tofu" if not shutil.which("terraform") and shutil.which("tofu") else "terraform"
    packages = ["pytest"]
    if not example.startswith("moved/"):  # mypy can't follow a framework's types
        packages.append("mypy")
    if "bot/requirements.txt" in written:
        packages += ["-r", "bot/requirements.txt"]
    uses_aws = re.search(rb"^  policy +=", written["main.tf"], re.MULTILINE)
    return [
        f"{python} -m venv .venv && .venv/bin/pip install {' '.join(packages)}",
        f"{terraform} init",
        ".venv/bin/python -m pytest",
        "scripts/demo" if uses_aws else "scripts/demo --direct",
    ]


def runs(python: str, folder: Path) -> bool:
    """Tell whether a Python runs in a folder: pyenv's, for example, may only do so in the clone."""
    try:
        return not subprocess.run([python, "-c", ""], cwd=folder, capture_output=True).returncode
    except OSError:
        return False
