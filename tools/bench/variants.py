"""The measured variants: this function, an empty one, and the same bot written in other ways."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import BUILD, SCRIPTS, requirement

from bench.measure import Variant

FOLDER = BUILD / "bench"
FUNCTIONS = Path(__file__).resolve().parent / "functions"

RUNTIME = "3.13"
RUNTIME_CLIENT = "awslambdaric"
# Each with its bot in functions/. Their versions are pinned in pyproject.toml.
LIBRARIES = {
    "python-telegram-bot": "with_python_telegram_bot",
    "aiogram": "with_aiogram",
}


def interpreter() -> str:
    """Return the Python of the function's runtime. Raises ToolError if there is none.

    It is the interpreter itself: a virtual environment or a shim of pyenv would slow each start.
    """
    path = ""
    if found := shutil.which(f"python{RUNTIME}"):
        done = subprocess.run(
            [found, "-c", "import sys; print(sys._base_executable)"],
            env={**os.environ, "PYENV_VERSION": RUNTIME},
            capture_output=True,
            text=True,
            check=False,
        )
        path = done.stdout.strip()
    if not path:
        raise ToolError(f"Python {RUNTIME} is needed: the function is deployed with it")
    return path


class Builder:
    """Builds variants that run on `python`, and whose system trusts the CA `root`."""

    def __init__(self, python: str, root: Path) -> None:
        self._python = python
        self._root = root
        self._client = _install(python, f"client-{RUNTIME}", [requirement(RUNTIME_CLIENT)])
        self._store = _store(root)

    def bounds(self) -> list[Variant]:
        """Build an empty function, and a textbook's."""
        return [
            self._function("empty function", "empty"),
            self._function("textbook urllib", "textbook"),
        ]

    def own(self) -> list[Variant]:
        """Build this bot: in both reply modes, and with a session."""
        return [
            self._bot("this bot, webhook", "webhook"),
            self._bot("this bot, api", "api"),
            self._bot(
                "this bot, api, with a session", "api", "remembers", SESSION_TABLE="sessions"
            ),
        ]

    def others(self) -> list[Variant]:
        """Build bots that use only a library."""
        return [self._function(name, module, name) for name, module in LIBRARIES.items()]

    def _bot(self, name: str, mode: str, bot: str = "", **environment: str) -> Variant:
        """Return this project's function as it is deployed, with its own bot or another one."""
        folder = _empty_folder(f"task-{name}")
        package = Path(f"{folder}.zip")
        script = SCRIPTS / "package"
        folders = [FUNCTIONS / bot] if bot else []
        subprocess.run([self._python, script, package, f"python{RUNTIME}", *folders], check=True)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        variant = self._variant(name, folder, "handler.handler")
        variant.environment.update(environment, REPLY_MODE=mode)
        return variant._replace(calls=mode == "api")

    def _function(self, name: str, module: str, library: str = "") -> Variant:
        """Return another function, with the library that it needs."""
        folder = _empty_folder(f"task-{name}")
        if library:
            installed = _install(self._python, library, [requirement(library)])
            shutil.copytree(installed, folder, dirs_exist_ok=True)
        shutil.copy(FUNCTIONS / f"{module}.py", folder)
        for bundle in folder.glob("certifi/cacert.pem"):  # the CAs that most libraries trust
            bundle.write_text(bundle.read_text() + self._root.read_text())
        variant = self._variant(name, folder, f"{module}.handler")
        return variant._replace(calls=module != "empty")

    def _variant(self, name: str, folder: Path, handler: str) -> Variant:
        environment = {
            "PYTHONPATH": str(self._client),
            "SSL_CERT_FILE": str(self._store),
            "SSL_CERT_DIR": os.devnull,
        }
        command = [self._python, "-m", "awslambdaric", handler]
        return Variant(name, folder, command, environment)


def _store(root: Path) -> Path:
    """Write a store of CAs that has the root, and is always as large as Debian's.

    The size of a machine's own store moves the counts by some per cent.
    """
    store = FOLDER / "store.pem"
    store.write_text(root.with_name("server.pem").read_text() * 140 + root.read_text())
    return store


def _install(python: str, name: str, requirements: list[str]) -> Path:
    """Install packages into their own folder, unless that is done."""
    folder = FOLDER / name
    done = folder / "installed.json"
    if not done.exists() or json.loads(done.read_text()) != requirements:
        print(f"  installing {' '.join(requirements)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            + ["--root-user-action=ignore", "--target", str(folder), *requirements],
            check=True,
        )
        done.write_text(json.dumps(requirements))
    return folder


def _empty_folder(name: str) -> Path:
    folder = FOLDER / name.replace(" ", "-").replace(",", "")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
