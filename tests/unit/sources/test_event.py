"""event.py: events of other services, which are calls or go to the bot."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botkit.fakes.services import Table

from tests.conftest import BotApi, Start, StartBot
from tests.support.stubs import (
    CALL,
    TEXT,
    UPDATE,
    Container,
    Context,
    Json,
    failure,
    message,
    with_clock,
    with_timeouts,
)

OTHERS: dict[str, tuple[Any, str]] = {
    "null": (None, "NoneType ()"),
    "an empty list": ([], "list ()"),
    "a list": ([UPDATE], "list ()"),
    "text": (UPDATE, "str ()"),
    "a number": (7, "int ()"),
    "an empty object": ({}, "dict ()"),
    "an update": (message(), "dict (update_id, message)"),
    "S3": ({"Records": [{"eventSource": "aws:s3"}]}, "dict (Records)"),
    "EventBridge": ({"source": "aws.ec2", "detail-type": "x"}, "dict (source, detail-type)"),
    "tf without url": ({"tf": {"action": "register"}}, "dict (tf)"),
    "tf not an object": ({"tf": "register", "url": "https://x"}, "dict (tf, url)"),
    "tf null": ({"tf": None, "url": "https://x"}, "dict (tf, url)"),
    "url not text": ({"tf": {}, "url": None}, "dict (tf, url)"),
    "another action": ({"tf": {"action": "x"}, "url": "https://x"}, "dict (tf, url)"),
    "an invalid action": ({"tf": {"action": 7}, "url": "https://x"}, "dict (tf, url)"),
    "half a surrogate pair": ({"\ud800": 1}, "dict (\\ud800)"),
}


@pytest.mark.parametrize(("event", "what"), OTHERS.values(), ids=OTHERS)
def test_an_event_that_nobody_answers_is_named(container: Container, event: Any, what: str) -> None:
    assert failure(container, event) == f"bot.py has no on_event() for {what}"


def test_the_name_of_an_event_is_cut_short(container: Container) -> None:
    assert len(failure(container, {"x" * 100_000: 1})) < 1_100


@pytest.mark.parametrize("mode", ["api", "webhook"])
@pytest.mark.parametrize("event", [CALL, [CALL], [CALL, CALL]], ids=["a call", "one", "two"])
def test_an_event_that_is_calls_is_carried_out(
    start: Start, bot_api: BotApi, mode: str, event: Any
) -> None:
    container = start(bot_api.url, REPLY_MODE=mode)
    bot_api.expects(*(event if isinstance(event, list) else [event]))
    assert container.invoke(event) is None
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "event",
        "methods": ["sendMessage"] * (len(event) if isinstance(event, list) else 1),
        "outcome": "answered",
    }


def test_calls_that_were_made_before_are_not_the_events(
    container: Container, bot_api: BotApi
) -> None:
    container.module("current").carried_out("setWebhook", {})
    bot_api.expects(CALL)
    container.invoke(CALL)
    assert container.line["methods"] == ["sendMessage"]


EVENTS: dict[str, tuple[Json, str]] = {
    "EventBridge": ({"source": "aws.s3", "detail-type": "Object Created"}, "aws.s3"),
    "SNS": ({"Records": [{"EventSource": "aws:sns"}]}, "aws:sns"),
    "a stream": ({"Records": [{"eventSource": "aws:dynamodb"}, {}]}, "aws:dynamodb"),
}


@pytest.mark.parametrize(("event", "source"), EVENTS.values(), ids=EVENTS)
def test_another_event_is_the_bots(
    container: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    event: Json,
    source: str,
) -> None:
    seen: list[Any] = []

    def on_event(event: Json) -> list[Json]:
        seen.append(event)
        return [CALL]

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    bot_api.expects(CALL)
    container.invoke(event)
    assert seen == [event]
    assert (container.line["outcome"], container.line["source"]) == ("answered", source)


@pytest.mark.parametrize(
    "event",
    [{"Records": []}, {"Records": [None]}, {"Records": "x"}, {"source": 7}, [1]],
    ids=str,
)
def test_an_event_needs_no_source(
    container: Container, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    monkeypatch.setattr(container.bot, "on_event", lambda event: [], raising=False)
    assert container.invoke(event) is None
    assert container.line["outcome"] == "ignored"
    assert "source" not in container.line


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ([403], "refused"),
        ([200, 429], "incomplete"),
        ([429], None),
        ([500], None),
        ([401], None),
    ],
    ids=["refused", "incomplete", "throttled", "broken", "token"],
)
def test_an_event_fails_only_while_people_saw_nothing_of_it(
    container: Container, bot_api: BotApi, codes: list[int], outcome: str | None
) -> None:
    for code in codes:
        if code == 200:
            bot_api.expects(CALL)
        else:
            bot_api.refuses(CALL, code, "no")
    event = [CALL] * len(codes)
    if outcome:
        assert container.invoke(event) is None
        assert container.line["outcome"] == outcome
    else:
        assert failure(container, event).partition(": ")[0] == container.line["outcome"]


def test_an_event_for_a_destination_goes_to_the_bot(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(container.bot, "on_event", seen.append, raising=False)
    context = {"functionArn": "arn:aws:lambda:x", "condition": "RetriesExhausted"}
    event = {"version": "1.0", "requestContext": context, "requestPayload": {"x": 1}}
    assert failure(container, event).startswith("bot_failed: on_event() must return a list")
    assert seen == [event]


def test_an_event_with_an_invalid_call_fails(container: Container) -> None:
    event = {"method": "send message"}
    error = 'each call of the event must have a "method", such as "sendMessage"'
    assert failure(container, event) == f"bot_failed: {error}"


def test_an_exception_in_on_event_fails(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_event(event: Json) -> list[Json]:
        raise KeyError(TEXT)

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    assert failure(container, {"x": 1}).startswith("bot_failed: KeyError at test_event.py:")


def test_an_exception_after_what_people_saw_is_only_logged(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_event(event: Json) -> list[Json]:
        container.telegram.call("sendMessage", chat_id=42, text="x")
        raise KeyError(TEXT)

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    bot_api.expects(CALL)
    assert container.invoke({"x": 1}) is None
    assert container.line["outcome"] == "bot_failed"


# Again, with the input `later`

BOT = "def reply(update):\n    return []"
NOW = 1767225600
RETRY = "retry.8476a536-e9f4-11e8-9739-2dfe598c3fcd"


@pytest.fixture
def later(start_with_schedules: StartBot, monkeypatch: pytest.MonkeyPatch) -> Container:
    """A container with schedules, whose clock stands still, and which adds nothing at random."""
    container = start_with_schedules(BOT)
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr(random, "uniform", lambda least, most: least)
    return container


def scheduler_is_away(container: Container) -> None:
    def request(*about: Any, **content: Any) -> Any:
        raise container.module("errors").Unreachable("no network")

    container.answer_requests(request)


def again(tries: int, since: int = NOW, calls: Any = (CALL,)) -> Json:
    return {"later": {"since": since, "tries": tries}, "calls": [*calls]}


@pytest.mark.parametrize(
    ("event", "minutes"),
    [(CALL, 1), ([CALL], 1), (again(1), 2), (again(3), 8), (again(4), 15), (again(99), 15)],
    ids=["a call", "calls", "second", "fourth", "fifth", "hundredth"],
)
def test_a_call_that_may_succeed_later_is_scheduled_again(
    later: Container, bot_api: BotApi, event: Any, minutes: int
) -> None:
    bot_api.refuses(CALL, 500, "no")
    assert later.invoke(event) is None
    tries = event["later"]["tries"] if "later" in event else 0
    at = NOW + minutes * 60
    assert later.schedules.items == {RETRY: {"at": at, "event": again(tries + 1)}}
    assert (later.line["outcome"], later.line["retry_after"]) == ("unreachable", minutes * 60)


def test_a_scheduled_call_is_made(later: Container, bot_api: BotApi) -> None:
    bot_api.expects(CALL, CALL)
    assert later.invoke(again(1, calls=[CALL, CALL])) is None
    assert later.line["outcome"] == "answered"
    assert later.schedules.items == {}


def test_the_pause_is_at_least_as_long_as_telegram_says(later: Container, bot_api: BotApi) -> None:
    for seconds in (1, 61):
        bot_api.refuses(CALL, 429, "slower", retry_after=seconds)
        later.schedules.items.clear()
        later.invoke(CALL)
        assert later.schedules.items[RETRY]["at"] == NOW + 60 + seconds


def test_only_the_calls_that_remain_are_scheduled(later: Container, bot_api: BotApi) -> None:
    calls = [{**CALL, "text": text} for text in "abcd"]
    bot_api.expects(calls[0])
    bot_api.refuses(calls[1], 400, "no")
    bot_api.refuses(calls[2], 429, "slower")
    assert later.invoke(calls) is None
    event = again(1, calls=calls[2:])
    event["later"]["is_part"] = True
    assert later.schedules.items[RETRY]["event"] == event
    assert later.line["outcome"] == "throttled"


def test_a_call_that_was_made_before_its_answer_got_lost_is_no_failure(
    later: Container, bot_api: BotApi
) -> None:
    answer = {"method": "answerShippingQuery", "shipping_query_id": "1", "ok": True}
    for tries, outcome in ((0, "refused"), (1, "answered")):
        bot_api.refuses(answer, 400, "Bad Request: query is too old")
        assert later.invoke(again(tries, calls=[answer])) is None
        assert later.line["outcome"] == outcome


def test_where_scheduler_is_away_what_people_saw_is_not_repeated(
    later: Container, bot_api: BotApi
) -> None:
    scheduler_is_away(later)
    bot_api.expects(CALL)
    bot_api.refuses(CALL, 500, "no")
    assert later.invoke([CALL, CALL]) is None
    assert later.line["outcome"] == "incomplete"


def test_pauses_differ(
    start_with_schedules: StartBot, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start_with_schedules(BOT)
    asked: list[tuple[float, ...]] = []

    def uniform(*limits: float) -> float:
        asked.append(limits)
        return 1.25

    monkeypatch.setattr(random, "uniform", uniform)
    bot_api.refuses(CALL, 500, "no")
    container.invoke(CALL)
    assert asked == [(1, 1.5)]
    assert container.line["retry_after"] == 75


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(61_000, 3.0), (2_500, 0.5)], ids=["3 s", "a third"]
)
def test_a_silent_telegram_leaves_time_to_schedule_the_call_again(
    later: Container, milliseconds: int, seconds: float
) -> None:
    with_clock(later)
    ends = note_ends(later)
    assert later.invoke(CALL, milliseconds) is None
    assert list(later.schedules.items) == [RETRY]
    assert later.module("deadline").deadline.at - ends[0] == seconds


@pytest.mark.parametrize("event", [CALL, {"source": "aws.s3"}], ids=["no input", "on_event"])
def test_a_call_that_is_not_scheduled_again_has_all_the_time(
    later: Container, monkeypatch: pytest.MonkeyPatch, event: Json
) -> None:
    ends = note_ends(later)
    if event is CALL:
        monkeypatch.setattr(later.module("settings").settings, "schedule_group", "")
    monkeypatch.setattr(later.bot, "on_event", lambda event: [CALL], raising=False)
    assert failure(later, event).startswith("unreachable")
    assert later.module("deadline").deadline.at == ends[0]


def note_ends(container: Container) -> list[float]:
    """Have Telegram fail, and return the list in which it notes by when each call must end."""
    ends: list[float] = []

    def post(method: str, params: Json, timeout: float) -> None:
        ends.append(container.module("deadline").deadline.at)
        raise container.module("errors").Unreachable("no answer")

    container.answer_telegram(post)
    return ends


def test_an_event_that_lambda_delivers_again_is_scheduled_once(
    later: Container, bot_api: BotApi
) -> None:
    for _ in range(2):
        bot_api.refuses(CALL, 500, "no")
        later.invoke(CALL)
    assert list(later.schedules.items) == [RETRY]


def fail(container: Container, bot_api: BotApi, event: Any, id: str) -> None:
    """Answer an event whose call Telegram doesn't take now, in an invocation with this id."""
    bot_api.refuses(CALL, 500, "no")
    context = Context(10_000)
    context.aws_request_id = id
    assert container.handler.handler(event, context) is None


def send(container: Container, name: str = "tea") -> Any:
    """Schedule a call, and return the event when its time comes."""
    container.module("schedule").schedule(CALL, NOW, name)
    return container.schedules.items.pop(name)["event"]


def test_a_call_is_cancelled_while_its_retry_waits(later: Container, bot_api: BotApi) -> None:
    fail(later, bot_api, send(later), "a")
    send_, cancel = later.module("schedule").send, later.module("schedule").cancel
    [retry] = later.schedules.items.values()
    event = again(1)
    assert retry == {
        "at": NOW + 60,
        "event": {**event, "later": {**event["later"], "name": "tea", "id": "a"}},
    }
    send_(CALL, datetime(2099, 1, 1, tzinfo=UTC), "cake")
    assert [cancel("tea"), cancel("tea")] == [True, False]
    assert list(later.schedules.items) == ["cake"]


def test_a_retry_fails_before_its_schedule_is_deleted(later: Container, bot_api: BotApi) -> None:
    event = send(later)
    for id in "abcd":
        fail(later, bot_api, event, id)
        items = later.schedules.items
        [name] = [each for each in items if items[each]["event"]["later"]["id"] == id]
        event = items[name]["event"]
        for old in [each for each in items if each != name]:  # the one before goes only now
            del items[old]
    assert event["later"]["tries"] == 4
    assert later.module("schedule").cancel("tea") is True
    assert later.schedules.items == {}


def test_a_retry_of_an_invocation_that_lambda_repeats_is_scheduled_once(
    later: Container, bot_api: BotApi
) -> None:
    event = send(later)
    for _ in range(2):
        fail(later, bot_api, event, "a")
    assert len(later.schedules.items) == 1


def test_calls_of_one_name_are_all_retried(later: Container, bot_api: BotApi) -> None:
    """The bot has scheduled one more after each, while Telegram couldn't be reached."""
    for id in "abcab":
        fail(later, bot_api, send(later), id)
    ids = [each["event"]["later"]["id"] for each in later.schedules.items.values()]
    assert sorted(ids) == ["a", "b", "c"]
    assert "retry.c" in later.schedules.items


def test_a_first_try_that_is_late_has_its_day(later: Container, bot_api: BotApi) -> None:
    event = send(later)
    event["later"]["since"] -= 24 * 3600
    fail(later, bot_api, event, "a")
    [retry] = later.schedules.items.values()
    assert retry["event"]["later"]["since"] == NOW


@pytest.mark.parametrize(
    ("age", "outcome"), [(24 * 3600 - 60, "unreachable"), (24 * 3600 - 59, "lost")], ids=str
)
def test_after_a_day_a_call_is_lost(
    later: Container, bot_api: BotApi, age: int, outcome: str
) -> None:
    bot_api.refuses(CALL, 500, "no")
    event = again(0, NOW - age)
    assert later.invoke(event) is None
    assert (later.line["outcome"], later.line["level"]) == (outcome, "ERROR")
    assert len(later.schedules.items) == (outcome != "lost")
    assert later.line["error"].startswith("sendMessage: HTTP 500")


@pytest.mark.parametrize("code", [400, 403])
def test_a_refused_call_is_not_scheduled_again(
    later: Container, bot_api: BotApi, code: int
) -> None:
    bot_api.refuses(CALL, code, "no")
    assert later.invoke(CALL) is None
    assert (later.line["outcome"], later.schedules.items) == ("refused", {})


def test_what_on_event_returns_is_left_to_lambda(
    later: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later.bot, "on_event", lambda event: [CALL], raising=False)
    bot_api.refuses(CALL, 500, "no")
    assert failure(later, {"source": "aws.s3"}).startswith("unreachable: ")
    assert later.schedules.items == {}


def test_where_scheduler_cant_be_used_either_lambda_tries_again(
    later: Container, bot_api: BotApi
) -> None:
    scheduler_is_away(later)
    bot_api.refuses(CALL, 500, "no")
    assert failure(later, CALL).startswith("unreachable: sendMessage: HTTP 500")
    assert later.log[-2]["message"] == "the calls were not scheduled again"
    assert later.log[-2]["error"] == "no network"


def test_without_the_input_lambda_tries_again(container: Container, bot_api: BotApi) -> None:
    bot_api.refuses(CALL, 500, "no")
    assert failure(container, CALL).startswith("unreachable: ")
    assert [line["message"] for line in container.log] == ["event"]


@pytest.mark.parametrize(
    "event",
    [{"later": 1, "calls": [CALL]}, again(1, calls=[]), {"later": {"since": NOW}, "calls": [CALL]}],
    ids=["no object", "no calls", "no tries"],
)
def test_what_looks_like_a_retry_is_the_bots(later: Container, event: Any) -> None:
    assert failure(later, event).startswith("bot.py has no on_event() for ")


# Calls that recur

AT = "2026-01-01T16:00:00Z"


def due(at: str = AT, call: Json = CALL, name: str = "tea") -> Json:
    return {"every": {"name": name, "at": at}, "calls": [call]}


def invoke(container: Container, event: Json, id: str) -> Any:
    """Invoke a function with an event that recurs, in the invocation of this id."""
    container.module("sources.event").receive(json.loads(json.dumps(event)), id)
    return container.line["outcome"]


@pytest.fixture(params=[False, True], ids=["no table", "table"])
def recurs(
    request: pytest.FixtureRequest, later: Container, monkeypatch: pytest.MonkeyPatch
) -> Container:
    """A container with schedules, with a table of sessions and without."""
    if request.param:
        monkeypatch.setattr(later.module("settings").settings, "session_table", "sessions")
        later.table = Table(later.module("aws"), "sessions")
        later.answer_calls(later.table.call)
    later.module("deadline").deadline.start(300)
    return later


def test_a_call_that_recurs_is_made_each_time_once(recurs: Container, bot_api: BotApi) -> None:
    """Whether Scheduler delivers the time twice (another id), or Lambda does (the same id)."""
    bot_api.expects(CALL)
    assert invoke(recurs, due(), "a") == "answered"
    assert [invoke(recurs, due(), id) for id in ("b", "a")] == ["repeated", "repeated"]
    bot_api.expects(CALL, CALL)
    assert invoke(recurs, due("2026-01-02T16:00:00Z"), "c") == "answered"
    assert invoke(recurs, due(name="cake"), "d") == "answered"
    assert recurs.line["methods"] == ["sendMessage"]


def test_lambda_tries_a_call_that_recurs_again(recurs: Container, bot_api: BotApi) -> None:
    """Its container ended, or it failed: then it has the same id. Another id is a second one."""

    scheduler_is_away(recurs)
    bot_api.refuses(CALL, 500, "no")
    with pytest.raises(recurs.module("sources.event").EventFailed):
        invoke(recurs, due(), "one-id")
    for other in ("another", "other"):  # which sorts before it, or after it
        assert invoke(recurs, due(), other) == "repeated"
    bot_api.expects(CALL)
    assert invoke(recurs, due(), "one-id") == "answered"


def test_what_lambda_gave_up_is_made_when_it_is_replayed(
    recurs: Container, bot_api: BotApi
) -> None:
    """A replay has another id. Calls that were made aren't made once more."""
    current, ways = recurs.module("current"), recurs.module("ways")
    scheduler_is_away(recurs)
    bot_api.refuses(CALL, 500, "no")
    with pytest.raises(recurs.module("sources.event").EventFailed):
        invoke(recurs, due(), "a")
    bot_api.expects(CALL)
    for id, outcome in (("message", "answered"), ("another", "repeated")):
        run = current.begin(current.Run.of_event("replay", due(), id, "replay"))
        assert ways.take(run, "replayed event").name == outcome


def test_a_call_that_recurs_is_given_up_once(recurs: Container, bot_api: BotApi) -> None:
    """Lambda may repeat an invocation, and people have seen a call of it."""
    scheduler_is_away(recurs)
    event = {**due(), "calls": [CALL, CALL]}
    bot_api.expects(CALL)
    bot_api.refuses(CALL, 500, "no")
    assert [invoke(recurs, event, "a") for _ in range(2)] == ["incomplete", "repeated"]


def test_a_call_that_recurs_is_scheduled_again_once(recurs: Container, bot_api: BotApi) -> None:
    bot_api.refuses(CALL, 500, "no")
    assert invoke(recurs, due(), "a") == "unreachable"
    assert retries(recurs) == [again(1)]
    assert [invoke(recurs, due(), id) for id in ("b", "a")] == ["repeated", "repeated"]


def retries(container: Container) -> list[Json]:
    """Return the events of calls that are scheduled again, without what cancels them."""
    events: list[Json] = []
    for name, item in container.schedules.items.items():
        if name.startswith("retry."):
            about = {**item["event"]["later"]}
            del about["name"], about["id"]
            events.append({**item["event"], "later": about})
    return events


def test_a_call_recurs_no_more_while_its_retries_wait(recurs: Container, bot_api: BotApi) -> None:
    """Of two times, at which Telegram couldn't be reached. Another call's retry stays."""
    later = recurs.module("schedule")
    schedule.cron(CALL, "0 9 ? * * *", "UTC", "tea")
    fail(recurs, bot_api, send(recurs), "c")  # of a call with that name, once
    for day, id in ((1, "a"), (2, "b")):
        bot_api.refuses(CALL, 500, "no")
        assert invoke(recurs, due(f"2026-01-0{day}T16:00:00Z"), id) == "unreachable"
    assert len(retries(recurs)) == 3
    assert [schedule.cancel("tea"), schedule.cancel("tea")] == [True, False]
    assert [item["event"]["later"]["id"] for item in recurs.schedules.items.values()] == ["c"]


@pytest.mark.parametrize(("code", "stays"), [(403, []), (400, ["every tea"])], ids=str)
def test_a_call_recurs_no_more_when_the_bot_may_not_write(
    recurs: Container, bot_api: BotApi, code: int, stays: list[str]
) -> None:
    recurs.module("schedule").every(CALL, "0 9 ? * * *", "UTC", "tea")
    bot_api.refuses(CALL, code, "Forbidden: bot was blocked by the user")
    assert invoke(recurs, due(), "a") == "refused"
    assert list(recurs.schedules.items) == stays
    told = [] if stays else ["a recurring call was cancelled: the bot may not write to the chat"]
    assert [line["message"] for line in recurs.log[:-1]] == told


@pytest.mark.parametrize(
    ("others", "stays"), [([], []), ([{**CALL, "chat_id": 7}], ["every tea"])], ids=["all", "rest"]
)
def test_that_also_holds_for_a_retry_unless_it_is_a_part(
    recurs: Container, bot_api: BotApi, others: list[Json], stays: list[str]
) -> None:
    """Calls that are over may have been for another chat, which wants the next ones."""
    recurs.module("schedule").every(CALL, "0 9 ? * * *", "UTC", "tea")
    bot_api.expects(*others)
    bot_api.refuses(CALL, 429, "slower", retry_after=1)
    assert invoke(recurs, {**due(), "calls": [*others, CALL]}, "a") == "throttled"
    [name] = [each for each in recurs.schedules.items if each.startswith("retry.")]
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    assert invoke(recurs, recurs.schedules.items.pop(name)["event"], "b") == "refused"
    assert list(recurs.schedules.items) == stays


def test_a_refused_call_of_the_same_name_cancels_nothing(
    recurs: Container, bot_api: BotApi
) -> None:
    recurs.module("schedule").every(CALL, "0 9 ? * * *", "UTC", "tea")
    fail(recurs, bot_api, send(recurs), "a")
    [name] = [each for each in recurs.schedules.items if each.startswith("retry.")]
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    assert invoke(recurs, recurs.schedules.items.pop(name)["event"], "b") == "refused"
    assert "every tea" in recurs.schedules.items


def test_a_call_that_was_cancelled_meanwhile_is_not_told_of(
    recurs: Container, bot_api: BotApi
) -> None:
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    assert invoke(recurs, due(), "a") == "refused"
    assert [line["message"] for line in recurs.log] == ["event"]


def test_a_call_that_recurs_is_made_though_it_cant_be_noted(
    later: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When DynamoDB is away after the call; before it, the call is made after a pause."""
    settings = later.module("settings").settings
    monkeypatch.setattr(settings, "session_table", "sessions")
    written: list[str] = []

    def fail(service: str, target: str, params: Json) -> None:
        if target.endswith(".PutItem"):
            written.append(target)
            if len(written) > 1:
                raise later.module("errors").Unreachable("no network")

    later.answer_calls(Table(later.module("aws"), "sessions").call, "dynamodb")
    later.watch_calls(fail)
    later.module("deadline").deadline.start(300)
    bot_api.expects(CALL)
    assert invoke(later, due(), "a") == "answered"
    told = later.log[-2]
    assert (told["message"], told["error"]) == (
        "a recurring call was not noted as over",
        "no network",
    )
    assert invoke(later, due("2026-01-02T16:00:00Z"), "b") == "unreachable"
    assert retries(later) == [again(1)]


def test_a_time_is_over_also_after_many_newer_ones(recurs: Container, bot_api: BotApi) -> None:
    times = [f"2026-01-01T16:{minute:02}:00Z" for minute in range(12)]
    for at in times:
        bot_api.expects(CALL)
        assert invoke(recurs, due(at), at) == "answered"
    assert invoke(recurs, due(times[0]), "again") == "repeated"
    bot_api.expects(CALL)
    late = "2026-01-01T15:59:00Z"  # which comes only now
    assert invoke(recurs, due(late), late) == "answered"


def test_a_time_is_kept_for_two_days(recurs: Container, bot_api: BotApi) -> None:
    bot_api.expects(CALL)
    at = "2026-01-01T16:00:00Z"
    invoke(recurs, due(at), "a")
    key = f"tea:{at}"
    if recurs.module("settings").settings.session_table:
        item = recurs.table.items[f"every:{key}"]
        assert int(item["expires_at"]["N"]) == NOW + 2 * 24 * 3600
        assert json.loads(item["session"]["S"]) == {"by": "over"}
    else:
        assert recurs.module("steps.due").recent == {key: {"by": "over"}}


def test_a_container_remembers_so_many_times(
    later: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_timeouts(later)
    later.module("deadline").deadline.start(300)
    monkeypatch.setattr(later.module("steps.due"), "REMEMBERED", 10)
    for number in range(11):
        invoke(later, due(name=f"{number}"), "a")
    kept = later.module("steps.due").recent
    assert (len(kept), next(iter(kept)).split(":")[0]) == (10, "1")


def test_what_looks_like_a_call_that_recurs_is_the_bots(later: Container) -> None:
    for event in ({"every": 1, "calls": [CALL]}, {"every": {"name": "x"}, "calls": [CALL]}):
        assert failure(later, event).startswith("bot.py has no on_event() for dict (every, calls)")


# Events of botkit.schedule

OWN = {"debts of": 42}
ONCE = {"later": {"since": NOW, "tries": 0, "name": "tea"}, "event": OWN}
WEEKLY = {"every": {"name": "tea", "at": AT}, "event": OWN}


def answer_events(container: Container, monkeypatch: pytest.MonkeyPatch, *results: Any) -> Any:
    """Have on_event() give these results, in order. Returns the list of events that it got."""
    seen: list[Any] = []

    def on_event(event: Json) -> Any:
        seen.append({**event})
        event.clear()  # what the bot changes is nothing to a retry
        result = results[len(seen) - 1]
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    return seen


def the_retry(container: Container) -> Json:
    """Return the event of the only retry, as Scheduler delivers it."""
    [name] = container.schedules.items
    event: Json = container.schedules.items.pop(name)["event"]
    return event


@pytest.mark.parametrize("event", [ONCE, WEEKLY], ids=["once", "weekly"])
def test_on_event_gets_an_event_without_its_envelope(
    recurs: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, event: Json
) -> None:
    seen = answer_events(recurs, monkeypatch, [CALL])
    bot_api.expects(CALL)
    assert invoke(recurs, event, "a") == "answered"
    assert seen == [OWN]


@pytest.mark.parametrize(("event", "name"), [(ONCE, "tea"), (WEEKLY, "every:tea")], ids=str)
@pytest.mark.parametrize("failure", [KeyError(TEXT), None, [CALL]], ids=["raises", "None", "500"])
def test_an_event_at_which_on_event_fails_is_scheduled_again(
    recurs: Container,
    bot_api: BotApi,
    monkeypatch: pytest.MonkeyPatch,
    event: Json,
    name: str,
    failure: Any,
) -> None:
    """It is asked again: what it says is as things are then. Nobody keeps the event meanwhile."""
    monkeypatch.setattr(recurs.module("settings").settings, "failed_queue_url", "https://no")
    seen = answer_events(recurs, monkeypatch, failure, [CALL])
    if failure == [CALL]:
        bot_api.refuses(CALL, 500, "no")
    outcome = "unreachable" if failure == [CALL] else "bot_failed"
    assert invoke(recurs, event, "a") == outcome
    assert recurs.line["retry_after"] == 60
    retry = the_retry(recurs)
    about = {"since": NOW, "tries": 1, "name": name, "id": "a"}
    assert retry == {"later": about, "event": OWN}
    bot_api.expects(CALL)
    assert invoke(recurs, retry, "b") == "answered"
    assert seen == [OWN, OWN]


def test_after_people_saw_a_call_only_those_that_remain_are_made(
    recurs: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = answer_events(recurs, monkeypatch, [CALL, CALL])
    bot_api.expects(CALL)
    bot_api.refuses(CALL, 500, "no")
    assert invoke(recurs, WEEKLY, "a") == "unreachable"
    retry = the_retry(recurs)
    assert retry["calls"] == [CALL]
    bot_api.expects(CALL)
    assert invoke(recurs, retry, "b") == "answered"
    assert len(seen) == 1


def test_after_on_events_own_call_nothing_is_repeated(
    recurs: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have made a call that people saw, and AWS was away then: what is left is unknown."""

    def on_event(event: Json) -> None:
        recurs.telegram.call("sendMessage", chat_id=42, text="x")
        raise recurs.module("errors").Unreachable("no network")

    monkeypatch.setattr(recurs.bot, "on_event", on_event, raising=False)
    bot_api.expects(CALL)
    assert invoke(recurs, WEEKLY, "a") == "incomplete"
    assert recurs.schedules.items == {}


def test_each_time_of_an_event_is_taken_once(
    recurs: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = answer_events(recurs, monkeypatch, [CALL])
    bot_api.expects(CALL)
    outcomes = [invoke(recurs, WEEKLY, id) for id in ("a", "b", "a")]
    assert outcomes == ["answered", "repeated", "repeated"]
    assert len(seen) == 1


def test_without_on_event_an_event_waits_for_a_version_with_it(recurs: Container) -> None:
    assert invoke(recurs, ONCE, "a") == "bot_failed"
    assert recurs.line["error"] == "bot.py has no on_event() for dict (debts of)"
    assert the_retry(recurs)["event"] == OWN


def test_after_a_day_an_event_is_lost(recurs: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_events(recurs, monkeypatch, KeyError(TEXT))
    about = {"since": NOW - 24 * 3600, "tries": 9, "name": "tea"}
    assert invoke(recurs, {"later": about, "event": OWN}, "a") == "lost"
    assert recurs.line["error"].startswith("KeyError at test_event.py:")
    assert recurs.schedules.items == {}


@pytest.mark.parametrize(
    ("chats", "stays"), [((42, 42), []), ((42, "42"), []), ((7, 42), ["every tea"])], ids=str
)
def test_an_event_recurs_no_more_if_its_only_chat_blocked_the_bot(
    recurs: Container, monkeypatch: pytest.MonkeyPatch, chats: Any, stays: list[str]
) -> None:
    calls = [{**CALL, "chat_id": chat} for chat in chats]
    answer_events(recurs, monkeypatch, calls)
    recurs.module("schedule").every(OWN, "0 9 ? * * *", "UTC", "tea")

    def post(method: str, params: Json, timeout: float) -> bool:
        if params["chat_id"] == 7:
            return True
        blocked = "Forbidden: bot was blocked by the user"
        raise recurs.module("errors").Refused(method, 403, blocked, {})

    recurs.answer_telegram(post)
    assert invoke(recurs, WEEKLY, "a") == "refused"
    assert list(recurs.schedules.items) == stays


@pytest.mark.parametrize(
    "event", [{**ONCE, "more": 1}, {**WEEKLY, "event": 7}], ids=["more", "no dict"]
)
def test_what_looks_like_an_event_of_later_is_another_services(
    later: Container, event: Json
) -> None:
    assert failure(later, event).startswith("bot.py has no on_event() for dict (")
