"""Ways in which our function could have been written: each a change to its unpacked package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

ALTERNATIVES = Path(__file__).resolve().parent / "alternatives"
KEPT_FROM = "def _address("  # what an alternative to connection.py keeps of it

MODULES = 20  # that are added to see what one costs

COMPILE = """
import pathlib, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for source in pathlib.Path().rglob("*.py"):
    py_compile.compile(source, doraise=True, optimize=int(sys.argv[1]), invalidation_mode=mode,
        cfile=source.parent / f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc")
"""


class Experiment(NamedTuple):
    """A change to our function, the question that it answers, and what was decided, and why.

    In `file`, texts are replaced, or else the alternatives of these names take its place.
    """

    name: str
    question: str = ""
    decision: str = ""
    mode: str = "api"
    file: str = "botkit/connection.py"
    replace: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[str, ...] = ()
    modules: int = 0
    byte_code: bool = True
    optimize: int = -1
    memory: int = 128
    capath: bool = False


EXPERIMENTS = [
    Experiment(
        "all CAs",
        "What does it cost to load all CAs that the system trusts?",
        "Left out: the one CA that Telegram's certificate comes from is loaded, out of the "
        "system's store; all of them only where that one doesn't do.",
        replace=(("if not roots:", "if True:"),),
    ),
    Experiment(
        "hashed CA directory",
        "What would a directory of CAs, looked up by hash, win over that?",
        "Left out: a second way, which not every image has, for less than a tenth.",
        replace=(
            ("if not roots:", "if True:"),
            (
                "create_default_context()",
                "create_default_context(capath=os.environ['SSL_CERT_DIR'])",
            ),
            ("import socket\n", "import os\nimport socket\n"),
        ),
        capath=True,
    ),
    Experiment(
        "http.client",
        "What does the standard library's HTTP cost?",
        "Left out: `http1.py` does in its place what a POST needs, and keeps a deadline without "
        "a thread.",
        alternatives=("http_client.py",),
    ),
    Experiment(
        "urllib.request's opener",
        "And urllib's, with a handler that keeps the connection?",
        "Left out: it is slower still.",
        alternatives=("http_client.py", "opener.py"),
    ),
    Experiment(
        "connection at the first call",
        "Where is the connection best opened?",
        "At start-up, where the CPU is not limited.",
        file="handler.py",
        replace=(("        api.prepare(STARTUP_SECONDS)\n", "        pass\n"),),
    ),
    Experiment(
        "imports at the first call, too",
        "And what the connection needs loaded?",
        "At start-up, for the same reason.",
        file="handler.py",
        replace=(('if settings.reply_mode == "api":', 'if settings.reply_mode == "never":'),),
    ),
    Experiment(
        "no byte code",
        "What does byte code in the package win?",
        "Adopted: Lambda's folder is read-only, so Python would compile at every start.",
        byte_code=False,
    ),
    Experiment("no byte code, webhook", mode="webhook", byte_code=False),
    Experiment(
        "byte code without docstrings",
        "Does it start sooner without its docstrings?",
        "Left out: it wins little or nothing, and isn't the byte code that Python makes.",
        optimize=2,
    ),
    Experiment(
        f"{MODULES} more modules",
        f"One module or several? {MODULES} empty ones more show what they cost.",
        "Several: to put all into one would win little, and cost every reader much.",
        file="handler.py",
        modules=MODULES,
    ),
]
MEMORY = [
    Experiment(f"{mode}, {memory} MB", mode=mode, memory=memory)
    for mode in ("webhook", "api")
    for memory in (256, 512)
]


def apply(experiment: Experiment, folder: Path, python: str) -> None:
    """Change a package that is unpacked in a folder. Raises ValueError if it can't be found how."""
    source = folder / experiment.file
    text = source.read_text()
    for old, new in experiment.replace:
        if text.count(old) != 1:
            raise ValueError(f"{experiment.file}: {old!r} isn't there once ({experiment.name})")
        text = text.replace(old, new)
    if experiment.alternatives:
        before, found, after = text.partition(KEPT_FROM)
        if not found:
            raise ValueError(f"{experiment.file}: {KEPT_FROM!r} isn't there ({experiment.name})")
        parts = [(ALTERNATIVES / name).read_text() for name in experiment.alternatives]
        text = "\n\n".join([parts[0], found + after, *parts[1:]])
    for number in range(experiment.modules):
        (folder / f"empty_{number}.py").write_text("")
        text += f"import empty_{number}\n"
    source.write_text(text)
    for compiled in [*folder.rglob("__pycache__")]:
        shutil.rmtree(compiled)
    if experiment.byte_code:
        command = [python, "-I", "-c", COMPILE, str(experiment.optimize)]
        subprocess.run(command, cwd=folder, check=True)
