"""One story, with the same answers in the fixture `chat`, in demo --direct and in demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botkit.fakes.cron import next_time
from botkit.testing import bot, chat, schedules, sessions
from telegram_stand_in import Server, Stage

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.deployments import TOKEN
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from tests.support.programs import MAX_SECONDS

__all__ = ["bot", "chat", "sessions", "schedules"]

HERE = Path(__file__).parent
DAY = 86_400
PEOPLE = {"Ada": 1001, "Bob": 1002, "Cleo": 1003, "Eve": 1004}
ANSWERS = {
    "Ada": ["1", "S or M?", "M. Thank you!", "Tomorrow!"],
    "Bob": ["1", "2"],
    "Cleo": ["1", "2", "Tea", "Happy new year"],
    "Eve": [],
}


class Way(NamedTuple):
    """A way to play: the people's stage, and what lets the time come of all that is scheduled.

    On an emulated AWS that takes as long as on AWS.
    """

    stage: Any
    come_due: Callable[[], object] | None = None


def in_a_chat(request):
    chat, schedules = map(request.getfixturevalue, ("chat", "schedules"))
    chat.allowed_ids = {id_ for name, id_ in PEOPLE.items() if name != "Eve"}

    def come_due():
        chat.advance(schedules["tea"].at.timestamp() - chat.telegram.now())
        year = schedules.recurring["year"]
        at = next_time(year.cron, year.zone, chat.telegram.now())
        assert at
        chat.advance(at - chat.telegram.now())

    return Way(chat, come_due)


@pytest.fixture(params=["chat", "direct", "config"])
def way(request):
    if request.param == "chat":
        yield in_a_chat(request)
        return
    stage = Stage(token=TOKEN)
    stage.patience = MAX_SECONDS
    allowed = ",".join(f"{id_}" for name, id_ in PEOPLE.items() if name != "Eve")
    with Server(stage.telegram):
        about = (stage.telegram, HERE / "bot")
        if request.param == "direct":
            with LocalDeployment(*about, {"ALLOWED_IDS": allowed}) as deployment:
                yield Way(stage, lambda: deployment.advance(365 * DAY))
        else:
            request.getfixturevalue("quick_terraform")
            with AwsDeployment(*about, {}, HERE):
                yield Way(stage)


@pytest.mark.slow
def test_all_ways_give_the_same_answers(way):
    stage = way.stage
    # Noon of a day, by which the bot counts: no new day begins meanwhile.
    stage.advance(DAY * 1.5 - stage.telegram.now() % DAY)
    people = {name: stage.user(name, id=id_) for name, id_ in PEOPLE.items()}
    heard = {name: [] for name in PEOPLE}

    def hear(name):
        heard[name].append(people[name].receive().text)

    def send(name, *contents, **how):
        people[name].send(*contents, **how)
        hear(name)

    people["Eve"].send("Hi")
    for text in ("Hi", "/order", "M", "Hi"):
        send("Ada", text)
    people["Ada"].send("Hi")  # she was told
    send("Bob", {"photo": [{"file_id": "x"}]})
    send("Bob", "Hi")
    for text in ("later", "every"):
        send("Cleo", text)
    expected = {**ANSWERS, "Cleo": ANSWERS["Cleo"][:2]}
    if way.come_due:
        way.come_due()
        for _ in range(2):
            hear("Cleo")
        expected = ANSWERS
    stage.telegram.wait(lambda: not stage.telegram.pending())
    assert heard == expected
    assert [name for name in people if people[name].unread()] == []
