"""Other ways to write the function: each a change to its unpacked package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

ALTERNATIVES = Path(__file__).resolve().parent / "alternatives"
MODULES = 20  # that are added to see what one costs

COMPILE = """
import pathlib, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for source in pathlib.Path().rglob("*.py"):
    py_compile.compile(source, doraise=True, optimize=int(sys.argv[1]), invalidation_mode=mode,
        cfile=source.parent / f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc")
"""


class Experiment(NamedTuple):
    """A change to the function, the question that it answers, and the decision that came of it.

    In `file`, texts are replaced, or the alternative of this name takes its place.
    """

    name: str
    question: str = ""
    decision: str = ""
    mode: str = "api"
    file: str = "botkit/connection.py"
    replace: tuple[tuple[str, str], ...] = ()
    alternative: str = ""
    modules: int = 0
    byte_code: bool = True
    optimize: int = -1
    memory: int = 128
    away: int = 0


HTTP_BY_HAND = Experiment(
    "HTTP by hand",
    "What would HTTP over a bare socket win over urllib?",
    "Left out: at a distance urllib loads while the network is waited for, and HTTP by hand is a "
    "parser to maintain.",
    alternative="http_by_hand.py",
)
EXPERIMENTS = [
    HTTP_BY_HAND,
    Experiment(
        "urllib loaded first",
        "What does it win to load urllib while the network is waited for?",
        "Adopted: the wait is there anyway.",
        replace=(
            (
                "from .errors import Unreachable\n",
                "from . import exchange\nfrom .errors import Unreachable\n",
            ),
        ),
        away=30,
    ),
    Experiment(
        "without TCP_NODELAY",
        "What does TCP_NODELAY win?",
        "Adopted: without it, the first request waits for one more round trip.",
        replace=(("socket.TCP_NODELAY, 1", "socket.TCP_NODELAY, 0"),),
        away=30,
    ),
    Experiment(
        "all CAs",
        "What does it cost to load all CAs that the system trusts?",
        "Left out: the CAs that Telegram's certificate is expected from are loaded, and all of "
        "them only where those don't do.",
        replace=(("_context(self._roots)", "_context(())"),),
    ),
    Experiment(
        "connection at the first call",
        "Where is the connection best opened?",
        "At start-up, where the CPU is not limited.",
        file="handler.py",
        replace=(
            ("    telegram.prepare()", "    pass"),
            ("        telegram.connect()\n", "        pass\n"),
        ),
    ),
    Experiment(
        "imports at the first call, too",
        "And where are its modules best loaded?",
        "At start-up, for the same reason.",
        file="handler.py",
        replace=(('connects = settings.reply_mode == "api"', "connects = False"),),
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
        "Several: one module would win little, and be harder to read.",
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
    """Change a package that is unpacked in a folder. Raises ValueError if it doesn't fit."""
    source = folder / experiment.file
    text = source.read_text()
    if experiment.alternative:
        text = (ALTERNATIVES / experiment.alternative).read_text()
    for old, new in experiment.replace:
        if text.count(old) != 1:
            raise ValueError(f"{experiment.name}: {experiment.file} must have {old!r} once")
        text = text.replace(old, new)
    for number in range(experiment.modules):
        (folder / f"empty_{number}.py").write_text("")
        text += f"import empty_{number}\n"
    source.write_text(text)
    for compiled in [*folder.rglob("__pycache__")]:
        shutil.rmtree(compiled)
    if experiment.byte_code:
        command = [python, "-I", "-c", COMPILE, str(experiment.optimize)]
        subprocess.run(command, cwd=folder, check=True)
