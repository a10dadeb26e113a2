"""The most updates a second that the whole stack handles on this machine.

The module, applied to the emulated AWS, answers messages from the stand-in for Telegram. All of it
shares this machine's processors; the real Lambda and Telegram handle far more.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.terraform import Module, from_mirrors
from telegram_stand_in import Server, Telegram

from bench.report import markdown

TOKEN = f"12345:{secrets.token_hex(20)}"
CHATS = (1, 4, 16, 40)  # that write at the same time
UPDATES = 400  # of each measurement
ROUNDS = 3  # the best one counts, since other programs can only disturb
PATIENCE = 300.0  # seconds


class Rate(NamedTuple):
    """Answers a second, and the median duration of a delivery in ms, for a number of chats."""

    chats: int
    a_second: float
    milliseconds: float


def measure(telegram: Telegram, chats: int, updates: int) -> Rate:
    """Send messages at once, spread over the chats, and wait for all answers.

    Telegram delivers the updates of one chat in order, and different chats at the same time.
    """
    deliveries, calls = len(telegram.deliveries), len(telegram.calls)
    started = time.perf_counter()
    for number in range(updates):
        person = {"id": 1000 + number % chats, "is_bot": False, "first_name": "Ada"}
        telegram.send(telegram.message("hello", user=person))
    wanted = calls + updates
    telegram.wait(lambda: len(telegram.calls) >= wanted and not telegram.pending(), PATIENCE)
    took = time.perf_counter() - started
    times = [delivery.milliseconds for delivery in telegram.deliveries[deliveries:]]
    return Rate(chats, updates / took, statistics.median(times))


def rates(queue: bool) -> Iterator[Rate]:
    """Apply the module, and yield the best round for each number of chats."""
    print(f"terraform apply {from_mirrors()}".rstrip(), file=sys.stderr)
    telegram = Telegram(TOKEN)
    variables: dict[str, Any] = {"queue": True} if queue else {}
    with (
        tempfile.TemporaryDirectory(prefix="telegram-bot-stack-") as folder,
        Emulator() as emulator,
        Server(telegram),
    ):
        module = Module(
            emulator.url,
            Path(folder),
            telegram_bot_token=TOKEN,
            telegram_api_url=telegram.url,
            **variables,
        )
        module.init()
        module.apply()
        for chats in CHATS:
            how = "with a queue" if queue else "without a queue"
            print(f"{how}, {chats} chats at once", file=sys.stderr)
            measure(telegram, chats, chats * 2)  # starts the containers
            rounds = [measure(telegram, chats, UPDATES) for _ in range(ROUNDS)]
            yield max(rounds, key=lambda rate: rate.a_second)


def table() -> str:
    """Measure with and without a queue, and return the table."""
    rows = [
        [name, f"{rate.chats}", f"{rate.a_second:.0f}", f"{rate.milliseconds:.0f}"]
        for name, queue in (("without a queue", False), ("with `queue = true`", True))
        for rate in rates(queue)
    ]
    return markdown(["", "chats at once", "updates a second", "a delivery, ms"], rows)
