"""A bot's requirements.txt: which lines it may contain, and how its packages are installed.

uv installs them if this machine has it, since it evaluates markers for the function's Python; pip
evaluates them for the one that runs it. Both install wheels only, so no package's code runs here.

It and scripts/package run on any python3, with nothing but the standard library.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path

FILE = "requirements.txt"
NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
MARKER, HASH = r"(?: ?;(?:(?! -).)+)?", r"(?: --hash=\w+:\w+)*"
LINE = re.compile(rf"{NAME} ?(?:\[[\w., -]+\])? ?== ?[A-Za-z0-9][\w.!+-]*{MARKER}{HASH}", re.ASCII)
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}  # names of wheels, by architecture
GLIBC = 34  # Amazon Linux 2023 has glibc 2.34, which runs wheels for 2.17 and all between
SECRETS = re.compile("AWS_|TELEGRAM_|TF_VAR_")  # names of variables that no installer needs
LAST_LINES = 12  # of the installer's output

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"  # of this machine

# Names the folder that keeps the packages for this machine. With it, scripts/package packs those:
# the functions of the demo's emulated AWS run here.
THIS_MACHINE = "TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE"


class NotInstallable(Exception):
    """The packages of a requirements.txt can't be installed; the text says why."""


def find_python(runtime: str) -> "str | None":
    """Return a Python of the runtime's version ("python3.13"), or None."""
    if runtime == PYTHON:
        return sys.executable
    found = shutil.which(runtime)
    if not found:
        return None
    # pyenv's program is there for versions that aren't chosen, too: then it fails.
    asked = subprocess.run(
        [found, "-c", "import sys; print(sys.executable)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return asked.stdout.strip() or None


def runs_on(runtime: str) -> str:
    """Return which Python runs a function of this runtime here: its own, or else this one."""
    return runtime if find_python(runtime) else PYTHON


def parse(text: str) -> "list[str]":
    """Return the lines of a requirements.txt, without comments. Raises NotInstallable."""
    lines, wrong = [], []
    begun, first = "", 0
    for number, row in enumerate([*text.splitlines(), ""], 1):
        first = first or number
        begun += " " + re.sub(r"(^|\s)#.*", "", row)  # a comment ends with its line
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        line = " ".join(begun.split())
        if LINE.fullmatch(line):
            lines.append(line)
        elif line:
            wrong.append(str(first))  # without the line: a URL may contain a password
        begun, first = "", 0
    if wrong:
        raise NotInstallable(
            f"each line of {FILE} must be NAME==VERSION: change line {', '.join(wrong)}. Extras, "
            "markers and hashes are allowed; options such as -r, URLs and paths are not. "
            f"To pin a looser list: uv pip compile requirements.in -o bot/{FILE}"
        )
    return lines


def required_packages(bot: Path) -> "list[str]":
    """Return what has to be installed for a bot: nothing if its folder contains its packages.

    Raises NotInstallable.
    """
    file = bot / FILE
    if not file.is_file() or any(bot.glob("*.dist-info")):
        return []
    try:
        return parse(file.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotInstallable(f"{file} can't be read: save it as UTF-8") from None
    except NotInstallable as error:
        raise NotInstallable(f"{file}: {error}") from None


def install(
    wanted: "list[str]",
    listed_in: str,
    target: Path,
    runtime: str = PYTHON,
    architecture: str = "",
) -> None:
    """Install packages into a folder: for Lambda, or for this machine. Raises NotInstallable.

    `architecture` may be empty, for this machine: then they are for the Python that runs the
    function here.
    """
    python = (not architecture and find_python(runtime)) or sys.executable
    version = runtime[len("python") :]
    machine = MACHINES.get(architecture, "")
    own = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "uv"
    uv = shutil.which("uv") or (own.exists() and str(own))
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", python]
        if architecture:
            command += ["--python-version", version]
            command += ["--python-platform", f"{machine}-manylinux_2_{GLIBC}"]
    elif python != sys.executable or find_spec("pip"):
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if architecture:
            command += ["--implementation", "cp", "--python-version", version]
            for glibc in range(GLIBC, 16, -1):
                command += ["--platform", f"manylinux_2_{glibc}_{machine}"]
            command += ["--platform", f"manylinux2014_{machine}"]
    else:
        raise NotInstallable(
            f"to install the packages of {FILE}, this machine needs uv on the PATH, or pip for "
            f"{sys.executable}. Install one of them"
        )
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, FILE)
        file.write_text("".join(f"{each}\n" for each in wanted), encoding="utf-8")
        command += ["--only-binary", ":all:", "--target", str(target), "--requirement", str(file)]
        # There, no folder around has settings for uv, and no name in a line is a path.
        ran = subprocess.run(
            command,
            cwd=temporary,
            env={name: value for name, value in os.environ.items() if not SECRETS.match(name)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    if ran.returncode:
        said = [line.rstrip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        where = f"{runtime} on {architecture or 'this machine'}"
        raise NotInstallable(
            f"the packages of {listed_in} can't be installed for {where}:\n"
            + "\n".join(said[-LAST_LINES:])
            + "\nOnly wheels are installed. If there is none for this Python and architecture, "
            "choose another version, runtime or architecture, or install the package into the "
            "bot's folder."
        )


def installed(wanted: "list[str]", listed_in: str, runtime: str = PYTHON) -> Path:
    """Return the folder with these packages, for a runtime on this machine. It is made once.

    `listed_in` is named if that fails. Raises NotInstallable.
    """
    folder = folder_of(wanted, runtime)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(folder.parent)) as temporary:
            made = Path(temporary, "made")
            made.mkdir()
            install(wanted, listed_in, made, runtime)
            try:
                made.rename(folder)  # it is there only when it is whole
            except OSError:
                if not folder.is_dir():  # another process was faster
                    raise
    return folder


def folder_of(wanted: "list[str]", runtime: str = PYTHON) -> Path:
    """Return the folder for these packages, by all that decides what is in it."""
    what = [runs_on(runtime), sysconfig.get_platform(), *wanted]
    return cache() / "packages" / hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]


def cache() -> Path:
    """Return the folder that keeps the packages for this machine."""
    if THIS_MACHINE in os.environ:
        return Path(os.environ[THIS_MACHINE])
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(caches, "terraform-aws-telegram-bot")
