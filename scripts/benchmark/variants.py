"""What is measured: this project's function, experiments with it, and other functions."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmark.experiments import Experiment, apply
from benchmark.measure import Variant
from local.project import BUILD, SCRIPTS, requirement

FOLDER = BUILD / "bench"
FUNCTIONS = Path(__file__).resolve().parent / "functions"

RUNTIME_CLIENT = "awslambdaric"
GRAMMY = "grammy@1.46.0"
# Node gives up an address after 250 ms, which is too short at 128 MB.
NODE_OPTIONS = ["--no-network-family-autoselection", "--dns-result-order=ipv4first"]


def interpreter(version: str) -> str | None:
    """Return the Python of a version ("3.13"), or None.

    It is the interpreter itself: a virtual environment or a shim of pyenv would slow each start.
    """
    found = shutil.which(f"python{version}")
    if not found:
        return None
    done = subprocess.run(
        [found, "-c", "import sys; print(sys._base_executable)"],
        env={**os.environ, "PYENV_VERSION": version},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or None


class Builder:
    """Builds variants for one Python, whose system trusts the fake Bot API's CA, `root`."""

    def __init__(self, python: str, version: str, root: Path) -> None:
        self.python = python
        self.version = version
        self.root = root
        self.client = _install(python, f"client-{version}", [requirement(RUNTIME_CLIENT)])
        self.store = _system_store(root)

    def bot(self, name: str, mode: str, experiment: Experiment | None = None) -> Variant:
        """Return this project's function as it is deployed, or as an experiment has it."""
        folder = _empty_folder(f"task-{self.version}-{name}")
        package = Path(f"{folder}.zip")
        script = SCRIPTS / "package"
        subprocess.run([self.python, script, package, f"python{self.version}"], check=True)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        if experiment:
            apply(experiment, folder, self.python)
        _make_read_only(folder)
        variant = self._variant(name, folder, "handler.handler", package)
        variant.environment["REPLY_MODE"] = mode
        return variant._replace(calls=mode == "api")

    def experiment(self, experiment: Experiment) -> Variant:
        """Return an experiment's variant, at its distance and with its memory."""
        variant = self.bot(experiment.name, experiment.mode, experiment)
        variant = variant._replace(memory=experiment.memory)
        return variant.at(experiment.away) if experiment.away else variant

    def function(self, name: str, module: str, library: str = "") -> Variant:
        """Return another function, with the library that it needs."""
        folder = _empty_folder(f"task-{name}")
        if library:
            installed = _install(self.python, library, [requirement(library)])
            shutil.copytree(installed, folder, dirs_exist_ok=True)
        shutil.copy(FUNCTIONS / f"{module}.py", folder)
        package = _zip(folder)
        for bundle in folder.glob("certifi/cacert.pem"):  # the CAs that most libraries trust
            bundle.write_text(bundle.read_text() + self.root.read_text())
        _make_read_only(folder)
        variant = self._variant(name, folder, f"{module}.handler", package)
        return variant._replace(calls=module != "empty")

    def _variant(self, name: str, folder: Path, handler: str, package: Path) -> Variant:
        environment = {
            "PYTHONPATH": str(self.client),
            "SSL_CERT_FILE": str(self.store),
            "SSL_CERT_DIR": "/nowhere",
        }
        command = [self.python, "-m", "awslambdaric", handler]
        size = package.stat().st_size
        return Variant(name, folder, command, environment, package=size)


def node_functions(root: Path) -> Iterator[Variant]:
    """Return the functions on Node, none where there is no Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return
    for name, module, library in [
        ("Node, empty", "empty", ""),
        ("Node, fetch", "fetch", ""),
        ("Node, grammY", "grammy", GRAMMY),
    ]:
        folder = _empty_folder(f"task-{name}")
        if library:
            installed = FOLDER / library
            if not installed.exists():
                print(f"  installing {library}", file=sys.stderr)
                partial = _empty_folder("partial")
                command = [npm, "install", "--silent", "--prefix", str(partial), library]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                partial.rename(installed)
            shutil.copytree(installed / "node_modules", folder / "node_modules", symlinks=True)
        shutil.copy(FUNCTIONS / f"{module}.mjs", folder)
        package = _zip(folder)
        _make_read_only(folder)
        yield Variant(
            name,
            folder,
            [
                node,
                *NODE_OPTIONS,
                str(FUNCTIONS.parent / "node_runtime.mjs"),
                str(folder / f"{module}.mjs"),
            ],
            {"NODE_EXTRA_CA_CERTS": str(root)},
            package=package.stat().st_size,
            calls=module != "empty",
        )


def _system_store(root: Path) -> Path:
    """Write this machine's certificates, and one more, to a file as Amazon Linux has it."""
    system = ssl.get_default_verify_paths().cafile
    if not system:
        raise SystemExit("this machine has no file of CA certificates: install ca-certificates")
    store = FOLDER / "store.pem"
    store.write_text(Path(system).read_text() + root.read_text())
    return store


def _install(python: str, name: str, requirements: list[str]) -> Path:
    """Install packages into a folder of their own, unless they are there."""
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
    if folder.exists():
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _make_read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)


def _zip(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))
