"""What a bot's requirements.txt lists: which lines it may have, and how it is installed.

uv installs them, since it resolves for another Python and another platform than this machine's;
pip evaluates markers for the Python that runs it. scripts/package needs this module, so that it
runs on any python3, with nothing but the standard library.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

UV = "uv==0.13.9"
FILE = "requirements.txt"
# main.tf reads the rule here.
LINE = re.compile(r"^\w[\w.-]*(\[[\w., -]*\])? *== *\w[\w.!+-]*( *;.*)?( +--hash=\w+:\w+)*$", re.A)
GLIBC = 34  # Amazon Linux 2023 has glibc 2.34, which runs wheels for 2.17 and all between
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}  # names of wheels, by architecture
LAST_LINES = 12  # of what uv says

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"  # of this machine

# Names the folder that keeps the packages for this machine. With it, scripts/package packs those:
# the functions of the demo's emulated AWS run here.
THIS_MACHINE = "TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE"

# What to do, by what uv says.
ADVICE = (
    (
        r"no usable wheels|no wheels with a matching|not compatible|no wheels are available",
        "Only wheels are installed, and there is none for this Python and architecture. Choose "
        "another version, runtime or architecture, or install the package into the bot's folder.",
    ),
    (
        r"Hash mismatch|[Hh]ashes? ",
        "The file isn't the one that was pinned. Find out why before you change the hash.",
    ),
    (
        r"40[13] |credentials|Unauthorized|Forbidden",
        "The index needs credentials: put them into UV_DEFAULT_INDEX, as in "
        "https://USER:PASSWORD@HOST/simple, or into ~/.netrc.",
    ),
    (
        r"error sending request|Failed to fetch|timed out|dns error|from versions: none",
        "The index can't be reached. Look at the network and the proxy (HTTPS_PROXY), or set "
        "UV_DEFAULT_INDEX to an index that can be.",
    ),
    (
        r"no version of|not found in|unsatisfiable|No solution",
        "Correct the name or the version, or pin other versions of what doesn't go together.",
    ),
)  # fmt: skip


class NotInstallable(Exception):
    """The packages of a requirements.txt can't be installed; the text says why."""


def lines(text: str) -> "list[str]":
    """Return the requirements of a file, without comments. Raises NotInstallable."""
    joined = re.sub(r"\\\r?\n", " ", text)
    found = (" ".join(re.sub(r"(^|\s)#.*", "", line).split()) for line in joined.split("\n"))
    kept = [line for line in found if line]
    for line in kept:
        if not LINE.search(line):
            begins = re.split(r"[^\w./-]", line)[0]  # the rest may be a URL with a password
            raise NotInstallable(
                f"each line of {FILE} must be NAME==VERSION, with extras, markers and hashes where "
                f'they are needed: change the one that begins with "{begins}". Options such as -r, '
                "URLs and paths are refused. `uv pip compile` makes such a file of any other"
            )
    return kept


def name_of(requirement: str) -> str:
    """Return the normalized name of a package, of its requirement or its *.dist-info."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=; ]", requirement)[0]).lower()


def to_install(bot: Path) -> "Path | None":
    """Return the requirements.txt to install for a bot, if any.

    There is none to install if its packages are in the bot's folder. Raises NotInstallable if only
    some of them are, or another version.
    """
    file = bot / FILE
    if not file.is_file():
        return None
    try:
        wanted = lines(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise NotInstallable(f"{file} can't be read: save it as UTF-8") from None
    there = vendored(bot)
    if not wanted or not there:
        return file if wanted else None
    for line in wanted:
        version = re.split(r"==|[; ]", line.replace(" ", ""))[1].partition("--hash")[0]
        is_needed = ";" not in line  # a marker may say that it isn't
        if is_needed and there.get(name_of(line)) != version:
            raise NotInstallable(
                f"the bot's folder has installed packages (*.dist-info), but not {name_of(line)} "
                f"{version} of its {FILE}. Remove what pip installed there: the packages are "
                "installed when the function is packed"
            )
    return None


def vendored(bot: Path) -> "dict[str, str]":
    """Return the packages that are installed in a bot's folder: versions by normalized names."""
    found = {}
    for folder in sorted(bot.glob("*.dist-info")):
        name, _, version = folder.name[: -len(".dist-info")].rpartition("-")
        found[name_of(name)] = version
    return found


def check_vendored(bot: Path, runtime: str, architecture: str) -> None:
    """Raise NotInstallable if a package in a bot's folder was built for another Python or platform.

    `architecture` may be empty, for this machine.
    """
    unfit = []
    for file in sorted(bot.glob("*.dist-info/WHEEL")):
        tags = re.findall(r"^Tag: (\w+-\w+-\w+)", file.read_text("utf-8", "replace"), re.M)
        if tags and not any(fits(tag, runtime, architecture) for tag in tags):
            unfit.append(f"{file.parent.name[: -len('.dist-info')]} ({tags[0]})")
    if unfit:
        where = f"{runtime} on {architecture or 'this machine'}"
        raise NotInstallable(
            f"the packages in the bot's folder must be for {where}, and these are not: "
            f"{', '.join(unfit)}. Remove them, and list them in {FILE}: then the right ones are "
            "installed when the function is packed"
        )


def fits(tag: str, runtime: str, architecture: str) -> bool:
    """Tell whether a wheel with this tag runs there.

    https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    python, abi, platforms = tag.split("-")
    minor = int(runtime.rpartition(".")[2])
    version = re.match(r"(?:cp|py)3(\d*)$", python)
    if not version:
        return False
    built_for = int(version[1] or 0)
    exactly = python.startswith("cp") and abi != "abi3"
    if built_for > minor or (exactly and built_for != minor):
        return False
    machine = MACHINES.get(architecture or platform.machine(), platform.machine())
    if sys.platform == "darwin" and not architecture:
        return bool(re.match(f"any$|macosx_.*_({platform.machine()}|universal2)$", platforms))
    linux = re.match(rf"(?:linux|manylinux(?:_2_(\d+)|\w*))_{machine}$", platforms)
    return platforms == "any" or bool(linux and int(linux[1] or 0) <= GLIBC)


def install(file: Path, target: Path, runtime: str = "", architecture: str = "") -> None:
    """Install what a requirements.txt lists into a folder: for Lambda, or for this machine.

    Raises NotInstallable.
    """
    options = ["--only-binary", ":all:", "--target", str(target), "--requirement", str(file)]
    if not runtime:
        options += ["--compile-bytecode"]
    else:
        options += ["--python-version", runtime[len("python") :]]
        options += ["--python-platform", f"{MACHINES[architecture]}-manylinux_2_{GLIBC}"]
    _run([uv(), "pip", "install", "--quiet", "--python", sys.executable, *options])


def installed(file: Path) -> Path:
    """Return the folder with what a requirements.txt lists, for this machine. It is made once.

    Raises NotInstallable.
    """
    folder = folder_of(file)
    _make(folder, lambda made: install(file, made))
    return folder


def _make(folder: Path, make: "Callable[[Path], object]") -> None:
    """Make a folder that is kept, unless it is there. It is there only when it is whole."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(folder.parent)) as temporary:
        made = Path(temporary, "made")
        make(made)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was faster
                raise


def folder_of(file: Path) -> Path:
    """Return the folder for what a requirements.txt lists, by all that decides what is in it."""
    what = [UV, PYTHON, sysconfig.get_platform(), *lines(file.read_text(encoding="utf-8"))]
    return cache() / "packages" / hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]


def cache() -> Path:
    """Return the folder that keeps what was downloaded, and the packages for this machine."""
    if THIS_MACHINE in os.environ:
        return Path(os.environ[THIS_MACHINE])
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(caches, "terraform-aws-telegram-bot")


def uv() -> str:
    """Return the path of uv, which is fetched if this machine lacks it. Raises NotInstallable.

    It always has the same version, which is part of the package's digest.
    """
    own = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "uv"
    others = [found for found in (shutil.which("uv"), str(own)) if found and Path(found).exists()]
    for found in others:
        said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if said.split()[1:2] == [UV.partition("==")[2]]:
            return found
    folder = cache() / UV.replace("==", "-")
    if not folder.is_dir():
        pip = [sys.executable, "-m", "pip"] if find_spec("pip") else []
        tools = [pip] if pip else [[found, "pip"] for found in others]
        if not tools:
            raise NotInstallable(
                f"to install the packages of {FILE}, {sys.executable} needs pip, which fetches uv, "
                "or a uv on the PATH. Install one of them"
            )
        options = ["--quiet", "--no-deps", "--only-binary=:all:"]
        _make(folder, lambda made: _run([*tools[0], "install", *options, f"--target={made}", UV]))
    return str(folder / "bin" / "uv")


def _run(command: "list[str]") -> None:
    """Run an installer. Raises NotInstallable with its last lines, and what to do."""
    environment = dict(os.environ)
    # What pip is told about the index holds for uv, too.
    for name, pips in {
        "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
        "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    }.items():
        if pips in environment:
            environment.setdefault(name, environment[pips])
    ran = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if ran.returncode:
        said = [line.rstrip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        found = [advice for pattern, advice in ADVICE if re.search(pattern, "\n".join(said))]
        raise NotInstallable("\n".join([*said[-LAST_LINES:], *found[:1]]))
