"""A bot's requirements.txt: which lines it may contain, and how its packages are installed.

uv installs them, since it resolves for another Python and another platform than this machine's;
pip evaluates markers for the Python that runs it. uv never sees the file itself: an option, a path
or a URL in it could run code and send away what this machine keeps. It gets another one, with what
was understood here and nothing else.

An apply runs this as a program, before it makes anything: `requirements.py FOLDER` checks the file
of a bot's folder. It and scripts/package run on any python3, with nothing but the standard library.
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
from typing import NamedTuple

UV = "uv==0.13.9"
FILE = "requirements.txt"

# The parts of a line, as in https://packaging.python.org/en/latest/specifications/dependency-specifiers/
NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
PACKAGE = re.compile(
    rf"({NAME}) ?(\[ ?{NAME}(?: ?, ?{NAME})* ?\])? ?== ?([A-Za-z0-9][\w.!+-]*)", re.A
)
HASH = re.compile(r"\w+:\w+", re.A)
VALUE = r"""(?:\b[a-z_.]{1,40}\b|"[ !#%&(-\[\]-~]*"|'[ !#%&(-\[\]-~]*')"""
COMPARISON = re.compile(rf"{VALUE} ?(?:[=~!<>]=|===|<|>|\b(?:not )?in\b) ?{VALUE}", re.A)
DEEPEST = 16  # parentheses in a marker

COMMENT = re.compile(r"(?:^|[ \t])#.*")
# Programs disagree on which of these end a line, and a terminal may hide what is around them.
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

# Those of our variables that an installer gets, since others are secrets. Only pip reads PIP_….
PASSED = re.compile(
    "HOME|LANG|LC_ALL|LD_LIBRARY_PATH|NETRC|PATH|REQUESTS_CA_BUNDLE|SSL_CERT_(DIR|FILE)|TMPDIR|"
    "XDG_(CACHE|CONFIG|DATA)_HOME|(ALL|HTTPS?|NO)_PROXY|(all|https?|no)_proxy|(PIP|UV)_.*"
)

GLIBC = 34  # Amazon Linux 2023 has glibc 2.34, which runs wheels for 2.17 and all between
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}  # names of wheels, by architecture
LAST_LINES = 12  # of uv's output
MOST_NAMED = 10  # lines that are wrong

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"  # of this machine

# Names the folder that keeps the packages for this machine. With it, scripts/package packs those:
# the functions of the demo's emulated AWS run here.
THIS_MACHINE = "TELEGRAM_BOT_PACKAGES_FOR_THIS_MACHINE"

# Advice, by uv's message.
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
        "Correct the name or the version, or pin other versions of packages that conflict.",
    ),
)  # fmt: skip


class NotInstallable(Exception):
    """The packages of a requirements.txt can't be installed; the text says why."""


class Requirement(NamedTuple):
    """A package that a requirements.txt lists; as a string, the line for uv."""

    name: str
    extras: str  # "[a,b]", or nothing
    version: str
    marker: str
    hashes: "tuple[str, ...]"  # each "sha256:…"

    def __str__(self) -> str:
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" --hash={each}" for each in self.hashes)
        return f"{self.name}{self.extras}=={self.version}{marker}{hashes}"


def find_python(runtime: str) -> "str | None":
    """Return a Python of the runtime's version ("python3.13"), or None."""
    if runtime == PYTHON:
        return sys.executable
    found = shutil.which(runtime)
    if not found:
        return None
    # pyenv's program may choose another version in each folder, or none. So this asks it for
    # the program itself, and the versions beside it are tried.
    versions = Path(found).parent.parent.glob(
        f"versions/{runtime[len('python') :]}.*/bin/{runtime}"
    )
    for program in (found, *sorted(map(str, versions))):
        asked = subprocess.run(
            [program, "-c", "import sys; print(sys.executable)"],
            cwd=str(Path(__file__).resolve().parent),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if asked.stdout.strip():
            return asked.stdout.strip()
    return None


def runs_on(runtime: str) -> str:
    """Return which Python runs a function of this runtime here: its own, or else this one."""
    return runtime if find_python(runtime) else PYTHON


def parse(text: str) -> "list[Requirement]":
    """Return what the text of a requirements.txt lists. Raises NotInstallable."""
    rows = text.replace("\r\n", "\n").split("\n")
    found, wrong = [], []
    begun, begins_at = "", 0
    for number, row in enumerate(rows, 1):
        if control := CONTROL.search(row):
            raise NotInstallable(
                f"{FILE} must not contain control characters, and its lines must end with LF or "
                f"CR LF: remove U+{ord(control[0]):04X} from line {number}"
            )
        begins_at = begins_at or number
        # As for uv, a comment ends with its line, even after a backslash.
        code = COMMENT.sub("", row)
        goes_on = code == row and row.endswith("\\")
        begun += f"{code[:-1]} " if goes_on else code
        if goes_on and number < len(rows):
            continue
        line = re.sub(r"[ \t]+", " ", begun).strip(" ")
        requirement = parse_line(line)
        if requirement:
            found.append(requirement)
        elif line:
            # The rest may be a URL with a password, and the part before an @ a token.
            begins = re.match(r"(?![\w./-]*@)[\w.-]*(?:/[\w.-]+)*", line, re.A)
            shown = f' ("{begins[0]} …")' if begins and begins[0] else ""
            wrong.append(f"line {begins_at}{shown}")
        begun, begins_at = "", 0
    if wrong:
        raise NotInstallable(
            f"each line of {FILE} must be NAME==VERSION: change {', '.join(wrong[:MOST_NAMED])}. "
            "Extras, markers and hashes are allowed; options such as -r, URLs and paths are not. "
            f"To pin a looser list: uv pip compile requirements.in -o bot/{FILE}"
        )
    return found


def parse_line(line: str) -> "Requirement | None":
    """Return the requirement in a line with single spaces, or None."""
    before, *hashes = line.split(" --hash=")
    package, has_marker, marker = before.partition(";")
    found = PACKAGE.fullmatch(package.strip(" "))
    if not found or (has_marker and not is_marker(marker.strip(" "))):
        return None
    if not all(map(HASH.fullmatch, hashes)):
        return None
    extras = (found[2] or "").replace(" ", "")
    return Requirement(found[1], extras, found[3], marker.strip(" "), tuple(hashes))


def is_marker(text: str) -> bool:
    """Tell whether comparisons, "and", "or" and parentheses are all that a text has."""
    text = COMPARISON.sub("\0", text)
    for _ in range(DEEPEST):
        text = re.sub(r"\( ?\0 ?\)|\0 ?(?:and|or) ?\0", "\0", text)
    return text == "\0"


def name_of(name: str) -> str:
    """Return the normalized name of a package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(bot: Path) -> "list[Requirement]":
    """Return what a bot's requirements.txt lists, if it has one. Raises NotInstallable."""
    file = bot / FILE
    if not file.is_file():
        return []
    try:
        # Not read_text, which takes each CR for the end of a line.
        return parse(file.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotInstallable(f"{file} can't be read: save it as UTF-8") from None
    except NotInstallable as error:
        raise NotInstallable(f"{file}: {error}") from None


def to_install(bot: Path) -> "list[Requirement]":
    """Return what has to be installed for a bot.

    That is nothing if its packages are in the bot's folder. Raises NotInstallable if only some of
    them are, or another version.
    """
    wanted = listed(bot)
    there = vendored(bot)
    if not there:
        return wanted
    for each in wanted:
        # A marker may say that it isn't needed.
        if not each.marker and there.get(name_of(each.name)) != each.version:
            raise NotInstallable(
                f"the bot's folder contains installed packages (*.dist-info), but not "
                f"{name_of(each.name)} {each.version} of its {FILE}. Remove these packages: the "
                "right ones are installed when the function is packed"
            )
    return []


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


def install(
    wanted: "list[Requirement]",
    listed_in: str,
    target: Path,
    runtime: str = PYTHON,
    architecture: str = "",
) -> None:
    """Install packages into a folder: for Lambda, or for this machine. Raises NotInstallable.

    `architecture` may be empty, for this machine. If it lacks the runtime's Python, the packages
    must exist for that, and are installed for the one that runs this.
    """
    python = sys.executable if architecture else find_python(runtime)
    # Without --project, uv would take settings from the current folder and those around it.
    options = ["--only-binary", ":all:", "--target", str(target), "--project", os.sep]
    options += ["--python", python or sys.executable]
    of_runtime = ["--python-version", runtime[len("python") :]]
    if architecture:
        options += of_runtime
        options += ["--python-platform", f"{MACHINES[architecture]}-manylinux_2_{GLIBC}"]
    else:
        options += ["--compile-bytecode"]
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, FILE)
        file.write_text("".join(f"{each}\n" for each in wanted), encoding="ascii")
        command = [uv(), "pip", "install", "--quiet", *options, "--requirement", str(file)]
        where = f"{runtime} on {architecture}" if architecture else f"this machine's {runtime}"
        try:
            if not python:
                where = runtime
                _run([*command, "--dry-run", *of_runtime])
                where = f"this machine's {PYTHON}"
            _run(command)
        except NotInstallable as error:
            raise NotInstallable(
                f"the packages of {listed_in} can't be installed for {where}:\n{error}"
            ) from None


def installed(wanted: "list[Requirement]", listed_in: str, runtime: str = PYTHON) -> Path:
    """Return the folder with these packages, for a runtime on this machine. It is made once.

    `listed_in` is named if that fails. Raises NotInstallable.
    """
    folder = folder_of(wanted, runtime)
    _make(folder, lambda made: install(wanted, listed_in, made, runtime))
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


def folder_of(wanted: "list[Requirement]", runtime: str = PYTHON) -> Path:
    """Return the folder for these packages, by all that decides what is in it."""
    pythons = dict.fromkeys([runs_on(runtime), runtime])
    what = [UV, *pythons, sysconfig.get_platform(), *map(str, wanted)]
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
        command = [found, "--version"]
        said = subprocess.run(
            command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
        ).stdout
        if said.split()[1:2] == [UV.partition("==")[2]]:
            return found
    folder = cache() / UV.replace("==", "-")
    if not folder.is_dir():
        # By its folder: with -m, Python would take a pip.py of the current folder.
        spec = find_spec("pip")
        pip = [sys.executable, *(spec.submodule_search_locations or ())] if spec else []
        tools = [pip] if pip else [[found, "pip"] for found in others]
        if not tools:
            raise NotInstallable(
                f"to install the packages of {FILE}, {sys.executable} needs pip, which fetches uv, "
                "or a uv on the PATH. Install one of them"
            )
        options = ["--quiet", "--no-deps", "--only-binary=:all:"]
        _make(folder, lambda made: _run([*tools[0], "install", *options, f"--target={made}", UV]))
    return str(folder / "bin" / "uv")


def _environment() -> "dict[str, str]":
    """Return the environment of an installer."""
    passed = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    # pip's settings of the index also count for uv.
    for name, pips in {
        "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
        "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    }.items():
        if pips in passed:
            passed.setdefault(name, passed[pips])
    return passed


def _run(command: "list[str]") -> None:
    """Run an installer. Raises NotInstallable with its last lines, and advice."""
    ran = subprocess.run(
        command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if ran.returncode:
        said = [line.rstrip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        found = [advice for pattern, advice in ADVICE if re.search(pattern, "\n".join(said))]
        raise NotInstallable("\n".join([*said[-LAST_LINES:], *found[:1]]))


if __name__ == "__main__":
    try:
        to_install(Path(sys.argv[1]))
    except (NotInstallable, OSError) as error:
        sys.exit(str(error))
