"""scripts/bench --stack, whose rates docs/limits.md tells, and the pace of the newsletter."""

from __future__ import annotations

import re

from bench import stack
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import Telegram


def test_the_answers_to_so_many_chats_are_counted() -> None:
    under_way: list[int] = []
    most = 0

    def answer(*request: object) -> tuple[int, dict[str, str], str]:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        telegram.answer("sendMessage", {"chat_id": 1000, "text": "hi"})
        under_way.pop()
        return 200, {}, ""

    telegram = Telegram(stack.TOKEN, deliver=answer)
    telegram.answer("setWebhook", {"url": "https://bot.example.org/"})
    try:
        rate = stack.measure(telegram, 4, 40)
    finally:
        telegram.stop()
    assert rate.chats == 4
    assert len(telegram.deliveries) == 40
    assert {delivery.update["message"]["chat"]["id"] for delivery in telegram.deliveries} == {
        1000, 1001, 1002, 1003,
    }  # fmt: skip
    assert 1 <= most <= 4


def test_the_newsletters_tables_are_of_its_pace() -> None:
    """Its README's tables were made with these: copies a second, threads, people in a batch."""
    folder = ROOT / "examples/newsletter/bot"
    text = "".join((folder / file).read_text() for file in ("copies.py", "newsletter.py"))
    of_example = dict(re.findall(r"^([A-Z]+) = ([0-9]+)\b", text, re.MULTILINE))
    assert [of_example[name] for name in ("RATE", "THREADS", "BATCH", "SPARE")] == [
        "25", "5", "25", "20",
    ]  # fmt: skip
