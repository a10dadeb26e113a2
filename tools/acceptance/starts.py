"""How long the function starts, and how long a version of it is Pending.

The version without a number is measured, $LATEST: nobody gets its answers but us, and the bot goes
on with its own. Each change of it starts a new container.
"""

from __future__ import annotations

import contextlib
import io
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from telegram_bot_aws.local.events import webhook_event
from telegram_bot_aws.local.project import ROOT, SCRIPTS

from acceptance.world import BOTS, World

TIMES = 20
MEMORY = (128, 256)
EMPTY = 'def handler(event, context):\n    return {"statusCode": 200}\n'
FOLDERS = {
    "this bot, api": BOTS / "plain.py",
    "this bot, api, with a session": BOTS / "everything.py",
    "aiogram": ROOT / "examples" / "moved" / "aiogram" / "bot",
}
LATEST = "$LATEST"


def measure(world: World) -> None:
    """Note the medians of first and warm answers: of four bots, with little memory and with more.

    On the emulated AWS only that they answer is tried, once and without aiogram.
    """
    functions = world.aws("lambda")
    about = functions.get_function_configuration(FunctionName=world.name)
    variables = about["Environment"]["Variables"]
    logging = {"LogFormat": "Text", "LogGroup": about["LoggingConfig"]["LogGroup"]}  # with REPORT
    for bot, code in packages(world, about["Runtime"]).items():
        functions.update_function_code(FunctionName=world.name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=world.name)
        for memory in MEMORY if world.account.is_real else MEMORY[:1]:
            reports = []
            for number in range(TIMES if world.account.is_real else 1):
                # Another value, so that the next invocation starts a container.
                environment = {"Variables": {**variables, "START": f"{memory} {number}"}}
                changed = {
                    "FunctionName": world.name,
                    "MemorySize": memory,
                    "Environment": environment,
                }
                functions.update_function_configuration(**changed, LoggingConfig=logging)
                functions.get_waiter("function_updated_v2").wait(FunctionName=world.name)
                reports.append([answered(world) for _ in ("first", "warm")])
            note(world, f"{bot}, {memory} MB", reports)


def packages(world: World, runtime: str) -> dict[str, bytes]:
    """Return the zips of the bots, by the names that docs/performance.md has for them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", EMPTY)
    found = {"empty function": buffer.getvalue()}
    for name, source in FOLDERS.items():
        if name == "aiogram" and not world.account.is_real:
            continue
        with tempfile.TemporaryDirectory() as folder:
            bot = source
            if source.is_file():
                bot = Path(folder, "bot")
                bot.mkdir()
                (bot / "bot.py").write_bytes(source.read_bytes())
            target = Path(folder, "package.zip")
            package = [sys.executable, str(SCRIPTS / "package"), str(target), runtime, str(bot)]
            subprocess.run(package, check=True)
            found[name] = target.read_bytes()
    return found


def answered(world: World) -> str:
    """Have $LATEST answer a message, and return the end of its log: nothing if it fails."""
    update, body = world.message("/start")
    headers = {"X-Telegram-Bot-Api-Secret-Token": world.secret}
    done = world.invoke(webhook_event(body, headers), LATEST)
    return "" if done["error"] else str(done["log"])


def note(world: World, name: str, reports: list[list[str]]) -> None:
    """Note what Lambda's REPORT lines say, if there are any, in milliseconds."""
    inits = [number("Init Duration", first) for first, _ in reports]
    firsts = [number("Duration", first) for first, _ in reports]
    warms = [number("Duration", warm) for _, warm in reports]
    starts = [init + first for init, first in zip(inits, firsts, strict=True) if init and first]
    if starts:
        world.figures[f"{name}: Init Duration, ms"] = middle(inits)
        world.figures[f"{name}: first answer, ms"] = middle(starts)
        world.figures[f"{name}: warm answer, ms"] = middle(warms)
    elif world.account.is_real:
        world.figures[f"{name}: first answer, ms"] = "none"


def number(field: str, log: str) -> float:
    """Return a field of a REPORT line, or 0: "Duration: 12.34 ms"."""
    found = re.search(rf"\t{field}: ([0-9.]+) ms", log)
    return float(found[1]) if found else 0


def middle(values: list[float]) -> str:
    return f"{statistics.median(values):.0f}"


@contextlib.contextmanager
def pending(world: World) -> Iterator[list[float]]:
    """Yield a list whose one number is how many seconds the newest version is Pending meanwhile."""
    seconds = [0.0]
    over = threading.Event()
    functions = world.aws("lambda")

    def look() -> None:
        while not over.wait(1):
            pages = functions.get_paginator("list_versions_by_function")
            versions = [
                each
                for page in pages.paginate(FunctionName=world.name)
                for each in page["Versions"]
            ]
            seconds[0] += versions[-1].get("State") == "Pending"

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seconds
    finally:
        over.set()
        thread.join()
