"""The measured variants: this function, an empty one, and the same bot written in other ways."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import BUILD, ROOT, SCRIPTS

from bench import measure
from bench.fake_bot_api import FakeBotApi
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


def requirement(package: str) -> str:
    """Return the pinned requirement for a package: "requests==2.34.2"."""
    [found] = re.findall(rf'"({re.escape(package)}==[^"]+)"', (ROOT / "pyproject.toml").read_text())
    return str(found)


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
    """Builds variants that run on `python`, and whose system trusts the fake Bot API's CA."""

    def __init__(self, python: str, bot_api: FakeBotApi) -> None:
        self._python = python
        self._root = bot_api.root
        client = _install(python, f"client-{RUNTIME}", [requirement(RUNTIME_CLIENT)])
        # With byte code of it, garbage is collected elsewhere, which moves the counts by millions.
        shutil.rmtree(measure.CLIENT / "__pycache__", ignore_errors=True)
        # As large as Debian's: the size of a machine's own store moves the counts by some per cent.
        store = FOLDER / "store.pem"
        store.write_text(bot_api.certificate * 140 + bot_api.root)
        self._environment = {
            **measure.environment(bot_api),
            "PYTHONPATH": f"{measure.CLIENT}{os.pathsep}{client}",
            "SSL_CERT_FILE": str(store),
            "SSL_CERT_DIR": os.devnull,
        }

    def empty(self) -> Variant:
        """Build a function that does nothing."""
        return self._function("empty function", "empty")

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
        """Build the same bot in other ways."""
        return [
            self._function("textbook urllib", "textbook"),
            *(self._function(name, module, name) for name, module in LIBRARIES.items()),
        ]

    def _bot(self, name: str, mode: str, bot: str = "", **environment: str) -> Variant:
        """Return this project's function as it is deployed, with its own bot or another one."""
        folder = _empty_folder(f"task-{name}")
        package = Path(f"{folder}.zip")
        script = SCRIPTS / "package"
        folders = [FUNCTIONS / bot] if bot else []
        subprocess.run([self._python, script, package, f"python{RUNTIME}", *folders], check=True)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        environment |= self._environment | {"REPLY_MODE": mode}
        return Variant(
            name, folder, self._python, "handler.handler", environment, calls=mode == "api"
        )

    def _function(self, name: str, module: str, library: str = "") -> Variant:
        """Return another function, with the library that it needs."""
        folder = _empty_folder(f"task-{name}")
        if library:
            installed = _install(self._python, library, [requirement(library)])
            shutil.copytree(installed, folder, dirs_exist_ok=True)
        shutil.copy(FUNCTIONS / f"{module}.py", folder)
        for bundle in folder.glob("certifi/cacert.pem"):  # the CAs that most libraries trust
            bundle.write_text(bundle.read_text() + self._root)
        handler, calls = f"{module}.handler", module != "empty"
        return Variant(name, folder, self._python, handler, self._environment, calls)


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
