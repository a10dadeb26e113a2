"""scripts/bench --stack and docs/limits.md: how much the stack takes, how long a burst waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from bench import model, stack
from bench.model import DOLLARS_PER_GB_SECOND
from local.project import ROOT
from telegram_stand_in import Telegram

PAGE = (ROOT / "docs" / "limits.md").read_text()


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


def pauses() -> Iterator[float]:
    return iter((2.0, 4.0))


def stage(**changes: Any) -> model.Stage:
    return model.Stage(2, 1.0, pauses, 1e6)._replace(**changes)


@pytest.mark.parametrize(
    ("changes", "arrivals", "done", "tries"),
    [
        ({}, [0, 0, 0, 0], [1, 1, 2, 2], 4),
        ({}, [5, 0, 0.5], [1, 1.5, 6], 3),
        # The second is refused, and comes again after its first pause.
        ({"limit": 1}, [0, 0], [1, 2 + model.REFUSED + 1], 3),
        ({"answers": 1}, [0, 0], [1, 2 + model.REFUSED + 1], 3),
        # Tries at 0, 3 and 8, each of a second and with a pause of 2 or 4 seconds after it.
        ({"until": 8, "failing": 1}, [0], [9], 3),
        ({"until": 9, "failing": 1}, [0], [], 3),
    ],
    ids=[
        "as many as there are servers",
        "in the order of arrival",
        "API Gateway's limit",
        "Telegram's limit",
        "an outage",
        "an outage after which there are no more tries",
    ],
)
def test_updates_wait(
    changes: dict[str, float], arrivals: list[float], done: list[float], tries: int
) -> None:
    result = model.run(stage(**changes), arrivals)
    assert result.done == pytest.approx(done)
    assert result.tries == tries
    assert result.given_up == len(arrivals) - len(done)


def test_each_try_costs() -> None:
    second = model.GIGABYTES * DOLLARS_PER_GB_SECOND
    assert model.run(stage(), [0, 0]).dollars == pytest.approx(2 + 2 * second)
    assert model.run(stage(limit=1), [0, 0]).dollars == pytest.approx(
        2 + 2 * second + model.API / 1e6
    )


def test_the_pauses_are_telegrams_and_the_queues() -> None:
    first = list(islice(model.telegram(), 12))
    assert first[:6] == [0, 2, 4, 8, 16, 32]
    assert all(60 <= pause <= 120 for pause in first[7:])
    least = [2, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * 10]
    queues = zip(model.queue(), least, strict=True)
    assert all(seconds <= pause <= 1.5 * seconds for pause, seconds in queues)


def test_no_message_of_a_burst_is_given_up_when_telegram_limits_its_answers() -> None:
    into, out_of = model.queued(100, 1000, answers=model.ANSWERS)
    assert model.run(out_of, model.run(into, [0.0] * 10_000).done).given_up == 0


def test_the_newsletter_of_the_model_is_the_examples() -> None:
    folder = ROOT / "examples/newsletter/bot"
    text = "".join((folder / file).read_text() for file in ("copies.py", "newsletter.py"))
    of_example = dict(re.findall(r"^([A-Z]+) = ([0-9]+)\b", text, re.MULTILINE))
    for name in ("RATE", "THREADS", "BATCH", "SPARE"):
        assert int(of_example[name]) == getattr(model, name)


def test_the_page_has_the_models_figures() -> None:
    assert model.outage() in PAGE
    assert model.newsletter() in PAGE
    arrivals = [0.0] * model.BURST
    cells = model.row("the defaults", model.direct(), arrivals)
    [line] = [line for line in PAGE.splitlines() if line.startswith("| the defaults")]
    assert [cell.strip() for cell in line.strip("|").split("|")] == cells
