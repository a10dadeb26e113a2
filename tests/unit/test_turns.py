"""turns.py: an album is one turn. tests/integration/test_together.py plays faults."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import BotApi, StartBot
from tests.support.stubs import (
    QUEUE,
    Container,
    Json,
    queue_event,
    replace_sleep,
    request,
    with_clock,
)

TIMED = '{"albums": 1.5}'
BOT = """
HANDLED = ["message", "callback_query"]
SESSION = "chat"
TOGETHER = {"albums": 1.5}
ASKED = []


def reply(update, session):
    ASKED.append(update)
    return []
"""
ALBUM: Json = {"media_group_id": "10", "photo": [{"file_id": "x"}]}
OTHER_ALBUM: Json = {**ALBUM, "media_group_id": "20"}
PLAIN: Json = {"text": "x"}
BOB: Json = {"from": {"id": 8}}


def sent(fields: Json, kind: str = "message") -> Json:
    """Return an update without its id: a message of Ada's in a group, unless told otherwise."""
    chat = {"id": -7, "type": "supergroup"}
    return {kind: {"chat": chat, "from": {"id": 7}, **fields}}


class Line:
    """Updates that arrive at the webhook, and come out of the queue. Its clock moves by pauses.

    `coming` are updates that arrive in the next pauses, each after so many seconds of one.
    """

    def __init__(self, container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
        self.container, self.pauses = container, list[float]()
        self.coming: list[tuple[float, Json]] = []
        self.calls: list[str] = []  # of the table
        self.now = 1767225600.0
        self.together = container.module("turns")
        monkeypatch.setattr(time, "time", lambda: self.now)
        replace_sleep(monkeypatch, self._sleep)
        container.watch_calls(self._note)

    def _note(self, service: str, target: str, params: Json) -> None:
        if service == "dynamodb":
            self.calls.append(target.partition(".")[2])

    @property
    def queued(self) -> list[Json]:
        """What was sent to a queue, in order."""
        messages = self.container.queues.messages.values()
        return [json.loads(message["body"]) for message in messages]

    def loses(self, is_lost: Callable[[str, Json], bool]) -> None:
        """Have some of AWS's calls get no answer, by their targets and parameters."""

        def lose(service: str, target: str, params: Json) -> None:
            if is_lost(target, params):
                raise self.container.module("errors").Unreachable(f"{service}: HTTP 500")

        self.container.watch_calls(lose)

    def _sleep(self, seconds: float) -> None:
        assert seconds > 0, "it would never end"
        ends = self.now + seconds
        self.pauses.append(round(seconds, 3))
        if self.coming:
            after, update = self.coming.pop(0)
            self.now += after
            self.together.enlist(update)
        self.now = ends

    def arrive(self, *updates: Json, seconds: float = 0.1) -> None:
        """Have updates arrive at the webhook, with so many seconds after each."""
        for update in updates:
            self.container.deliver(update)
            assert self.container.line["outcome"] == "queued"
            self.now += seconds

    def answer(self, update: Json) -> str:
        """Answer an update that comes out of the queue. Returns the outcome."""
        self.container.invoke(queue_event(update), 61_000)
        return str(self.container.line["outcome"])

    @property
    def turns(self) -> list[list[int]]:
        """The ids of the messages that reply() has got, or that of an update."""
        return [
            [each["message_id"] for each in update.get("together", [])] or [update["update_id"]]
            for update in self.container.bot.ASKED
        ]


Lined = Callable[..., Line]


@pytest.fixture
def lined(start_with_sessions: StartBot, monkeypatch: pytest.MonkeyPatch) -> Lined:
    def start(source: str = BOT, **more: str) -> Line:
        return Line(start_with_sessions(source, QUEUE_URL=QUEUE, **more), monkeypatch)

    return start


def replay(container: Container, update: Json, *others: int, attempt: str = "first") -> str:
    """Answer an update as a replay does, with the ids of the others of its turn.

    Returns the outcome.
    """
    current = container.module("current")
    run = current.begin(current.Run.of_update("replay", update))
    run.others, run.attempt = others, attempt
    container.module("deadline").deadline.start(60)
    return str(container.module("ways").take(run, "replay").name)


def numbered(*updates: Json) -> list[Json]:
    """Give updates their ids, and messages the same."""
    for number, update in enumerate(updates, 1):
        [content] = update.values()
        content["message_id"] = number
    return [{"update_id": number, **update} for number, update in enumerate(updates, 1)]


def album(*others: Json) -> list[Json]:
    return numbered(sent(ALBUM), sent(ALBUM), *others)


# ── What is one turn

EDIT, POST, BUSINESS = "edited_message", "channel_post", "business_message"
TURNS: dict[str, tuple[list[Json], list[list[int]]]] = {
    "an album": ([sent(ALBUM), sent(ALBUM), sent(PLAIN)], [[1, 2], [3]]),
    "two albums": ([sent(ALBUM), sent(ALBUM), sent(OTHER_ALBUM)], [[1, 2], [3]]),
    "an album in a channel": ([sent(ALBUM, POST), sent(ALBUM, POST)], [[1, 2]]),
    "an album of an account": ([sent(ALBUM, BUSINESS), sent(ALBUM, BUSINESS)], [[1, 2]]),
    "its edit": ([sent(ALBUM), sent(ALBUM, EDIT), sent(ALBUM)], [[1, 3], [2]]),
    "another person's": ([sent(ALBUM), sent({**ALBUM, **BOB}), sent(ALBUM)], [[1, 3], [2]]),
    "texts": ([sent(PLAIN), sent(PLAIN)], [[1], [2]]),
    "a text within it": ([sent(ALBUM), sent(PLAIN), sent(ALBUM)], [[1, 3], [2]]),
    "a press within it": ([sent(ALBUM), sent({}, "callback_query"), sent(ALBUM)], [[1, 3], [2]]),
    "in another topic": (
        [sent(ALBUM), sent({**ALBUM, "is_topic_message": True, "message_thread_id": 2})],
        [[1], [2]],
    ),
}


@pytest.mark.parametrize(("updates", "turns"), TURNS.values(), ids=TURNS)
def test_what_is_one_turn(lined: Lined, updates: list[Json], turns: list[list[int]]) -> None:
    line = lined()
    line.arrive(*numbered(*updates))
    line.now += 60  # its session was busy
    for update in line.queued:
        assert line.answer(update) in ("ignored", "repeated")
    assert line.turns == turns
    assert line.pauses == []


def test_a_container_whose_clock_is_behind_lists_what_joins(lined: Lined) -> None:
    line = lined()
    first, *others = album(sent(ALBUM))
    line.arrive(first, seconds=-0.5)
    line.arrive(*others, seconds=2)
    for update in line.queued:
        line.answer(update)
    assert line.turns == [[1, 2, 3]]


def test_what_is_answered_while_its_turn_is_asked_for_is_no_part_of_it(lined: Lined) -> None:
    line = lined()
    first, second = album()
    line.arrive(first, second)
    store = line.container.module("store")

    def answered() -> None:
        assert len(line.turns) == 1
        store.Item("session", "-7").keep({2: []}, always=True)

    line.container.meanwhile(answered)
    assert line.answer(first) == "ignored"
    assert line.turns == [[1, 2], [1]]


def test_a_turn_costs_one_read_more_than_another_update(lined: Lined) -> None:
    line, parts = lined(), album()
    line.arrive(*parts, seconds=2)
    line.calls.clear()
    line.answer(parts[0])
    assert line.calls == ["GetItem", "GetItem", "PutItem"]


def test_albums_cost_other_updates_nothing(lined: Lined) -> None:
    line = lined(BOT.replace(TIMED, '"albums"'))
    line.arrive(*numbered(sent(PLAIN), sent({}, "callback_query"), sent(ALBUM, EDIT)))
    assert line.calls == []
    for update in line.queued:
        line.answer(update)
    assert line.turns == [[1], [2], [3]]
    assert {each["level"] for each in line.container.log} == {"INFO"}
    assert line.calls == ["GetItem"] * 3
    assert line.pauses == []
    assert line.together.seconds() == 1.5


@pytest.mark.parametrize(
    "choice", ['"user"', "lambda update: str(update['message']['message_id'])"]
)
def test_what_has_different_sessions_or_chats_is_not_together(lined: Lined, choice: str) -> None:
    line = lined(BOT.replace('"chat"', choice))
    line.arrive(*album(sent({**ALBUM, "chat": {"id": -9, "type": "supergroup"}})))
    for update in line.queued:
        line.answer(update)
    assert line.turns == ([[1, 2], [3]] if choice == '"user"' else [[1], [2], [3]])


def test_without_a_session_each_message_is_a_turn(lined: Lined) -> None:
    line = lined(BOT.replace('"chat"', "lambda update: None"))
    line.arrive(*album())
    for update in line.queued:
        line.answer(update)
    assert line.turns == [[1], [2]]
    assert line.calls == []


# ── How long it waits


def test_a_turn_waits_until_it_is_quiet(lined: Lined) -> None:
    line, parts = lined(), album(sent(ALBUM))
    line.arrive(parts[0], seconds=0)
    line.coming = [(1.0, parts[1]), (0.25, parts[2])]
    assert line.answer(parts[0]) == "ignored"
    assert line.pauses == [1.5, 1.0, 0.75]
    assert line.turns == [[1, 2, 3]]
    assert [line.answer(part) for part in parts[1:]] == ["repeated"] * 2
    assert len(line.pauses) == 3


def test_a_late_message_is_a_turn_by_itself(lined: Lined) -> None:
    line, parts = lined(), album(sent(ALBUM))
    line.arrive(parts[0])
    line.answer(parts[0])
    line.arrive(*parts[1:])
    for part in parts[1:]:
        line.answer(part)
    assert line.turns == [[1], [2, 3]]


def test_half_of_the_time_is_for_the_answer(lined: Lined, monkeypatch: pytest.MonkeyPatch) -> None:
    line = lined(BOT.replace(TIMED, '{"albums": 60}'))
    clock = with_clock(line.container)
    replace_sleep(monkeypatch, lambda s: setattr(clock, "now", clock.now + s))
    [part, _] = album()
    line.arrive(part)
    line.answer(part)
    assert line.turns == [[1]]
    assert clock.now == 29.25  # of 58.5


def test_a_turn_has_a_hundred_messages(lined: Lined) -> None:
    line = lined()
    line.arrive(*numbered(*(sent({**ALBUM}) for _ in range(102))), seconds=0)
    line.answer(line.queued[0])
    assert line.pauses == []
    for update in line.queued[1:]:
        line.answer(update)
    assert line.turns == [[*range(1, 101)], [101, 102]]


# ── The list


def test_a_list_keeps_what_the_longest_answer_holds_up(lined: Lined) -> None:
    line, parts = lined(), album(sent(OTHER_ALBUM), sent(OTHER_ALBUM))
    line.arrive(parts[0], seconds=0)
    line.now += 900
    listed = []
    for part in parts[1:]:
        line.arrive(part, seconds=1)
        listed.append([*json.loads(line.container.table.items["together/-7"]["session"]["S"])])
    assert listed == [["1", "2"], ["2", "3"], ["2", "3", "4"]]


def test_a_list_is_gone_after_a_day(lined: Lined) -> None:
    line = lined()
    line.arrive(*album())
    item = line.container.table.items["together/-7"]
    assert int(item["expires_at"]["N"]) == 1767225600 + 86_400


def test_a_full_list_begins_again_with_a_turn_and_never_within_one(lined: Lined) -> None:
    line = lined()
    large = {**ALBUM, "caption": "x" * 40_000}
    updates = numbered(*(sent({**large}) for _ in range(5)))
    line.arrive(*updates[:4])
    line.now += 10
    line.arrive(updates[4])
    listed = json.loads(line.container.table.items["together/-7"]["session"]["S"])
    assert [*listed] == ["5"]
    for update in line.queued:
        line.answer(update)
    assert line.turns == [[1], [2], [3], [4], [5]]


def test_a_full_list_takes_what_fits(lined: Lined) -> None:
    line = lined()
    updates = numbered(*(sent({**ALBUM, "caption": ""}) for _ in range(4)))
    line.arrive(*updates[:2], seconds=1)
    full = line.container.table.items["together/-7"]["session"]["S"]
    third = json.dumps(json.loads(full)["2"], separators=(",", ":"))
    updates[2]["message"]["caption"] += "x" * (128 * 1024 - len(full) - len(third))
    line.arrive(*updates[2:], seconds=1)
    for update in line.queued:
        line.answer(update)
    assert line.turns == [[1, 2, 3], [4]]


def test_what_comes_again_is_listed_as_it_came_first(lined: Lined) -> None:
    line, parts = lined(), album()
    line.arrive(parts[0], seconds=1)
    line.calls.clear()
    line.arrive(parts[0])
    assert line.calls == ["GetItem"]


def test_telegram_delivers_again_what_cant_be_listed(lined: Lined) -> None:
    line = lined()
    line.loses(lambda target, params: target.startswith("DynamoDB"))
    assert line.container.deliver(album()[0]) == (503, None)
    assert line.queued == []


def test_what_can_never_be_listed_is_queued_all_the_same(lined: Lined) -> None:
    line = lined(BOT.replace('"chat"', "lambda update: 1 / 0"))
    [part, _] = album()
    line.arrive(part)
    assert line.queued == [part]
    [warning] = [each for each in line.container.log if each["level"] == "WARNING"]
    said = warning["message"], warning["error"]
    assert said == ("a message becomes a turn of its own", "ZeroDivisionError")


def test_what_is_wrong_is_told_when_the_update_is_answered(lined: Lined) -> None:
    line = lined(BOT.replace(TIMED, "1.5"))
    [part, _] = album()
    line.arrive(part)
    assert line.answer(part) == "misconfigured"


def test_a_list_may_take_two_seconds(lined: Lined) -> None:
    line = lined()
    with_clock(line.container)
    deadline, left = line.container.module("deadline").deadline, list[float]()

    line.container.watch_calls(lambda *asked: left.append(deadline.left()))
    line.arrive(album()[0])
    assert left == [2, 2, 9]


# ── Each once


def test_what_the_queue_cant_take_doesnt_wait(lined: Lined, bot_api: BotApi) -> None:
    line = lined(BOT.replace("TOGETHER", 'AT_ONCE = ["message"]\nTOGETHER'))
    for part in album():
        line.container.invoke(request(json.dumps(part)))
    assert line.turns == [[1], [2]]
    assert line.pauses == []


@pytest.mark.parametrize(
    "ends", ["return None", "session['x'] = {1}\n    return []"], ids=["no list", "no session"]
)
def test_what_fails_for_good_fails_for_the_turn(lined: Lined, ends: str) -> None:
    line, parts = lined(BOT.replace("return []", ends)), album(sent(ALBUM))
    line.arrive(*parts)
    assert [line.answer(part) for part in parts] == ["bot_failed", "repeated", "repeated"]
    assert line.turns == [[1, 2, 3]]


def test_an_answer_that_may_succeed_later_is_asked_for_again(lined: Lined) -> None:
    source = "from botkit.errors import Unreachable" + BOT.replace(
        "return []", "if len(ASKED) < 2:\n        raise Unreachable('AWS')\n    return []"
    )
    line, parts = lined(source), album()
    line.arrive(*parts)
    assert line.answer(parts[0]) == "unreachable"
    assert [line.answer(part) for part in parts] == ["ignored", "repeated"]
    assert line.turns == [[1, 2], [1, 2]]


def test_a_turn_that_cant_be_given_up_leaves_the_others(lined: Lined) -> None:
    line, parts = lined(BOT.replace("return []", "return None")), album()
    line.arrive(*parts)
    line.loses(lambda target, params: target.endswith("PutItem"))
    assert [line.answer(part) for part in parts] == ["bot_failed", "bot_failed"]
    assert line.turns == [[1, 2], [2]]
    [warning] = [each for each in line.container.log if each["level"] == "WARNING"]
    assert warning["message"] == "messages of a failed turn will be answered one by one"


def test_calls_that_had_no_room_are_asked_for_without_the_others(lined: Lined) -> None:
    """The session knows the first one, but its calls had to make room."""
    line, parts = lined(), album(sent(ALBUM))
    line.arrive(*parts)
    store = line.container.module("store")
    item = store.Item("session", "-7")
    assert item.keep({1: [{"method": "x"}]}, always=True)
    line.container.table.items["-7"]["calls"]["M"].clear()
    assert line.answer(parts[0]) == "ignored"
    assert line.turns == [[1]]


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_turn_that_failed_is_replayed_as_a_whole(
    lined: Lined, monkeypatch: pytest.MonkeyPatch, is_noted: bool
) -> None:
    """If its session can't be written, its other messages are also turns by themselves."""
    failed = "https://sqs.eu-central-1.amazonaws.com/1/failed"
    line = lined(BOT.replace("return []", "update.clear()"), FAILED_QUEUE_URL=failed)
    parts = album()
    line.arrive(*parts)
    assert line.queued == parts  # none of them is kept as a failed one yet
    store = line.container.module("store")
    with monkeypatch.context() as patch:
        if not is_noted:
            patch.setattr(store, "LARGEST_ITEM", 0)
        line.answer(parts[0])
    kept = line.queued[-1]["update"]
    assert line.queued[-1]["ids"] == [1, 2]
    assert kept == {**parts[0], "together": [part["message"] for part in parts]}
    assert line.answer(parts[1]) == ("repeated" if is_noted else "bot_failed")
    asked = line.container.bot.ASKED
    monkeypatch.setattr(line.container.bot, "reply", lambda update, _: asked.append(update) or [])
    replay(line.container, kept)
    assert len(asked[-1]["together"]) == 2


def test_a_turn_that_cant_be_kept_is_not_given_up(lined: Lined) -> None:
    """It comes again. If it never does, its other messages do, by themselves."""
    failed = "https://sqs.eu-central-1.amazonaws.com/1/failed"
    line = lined(BOT.replace("return []", "return None"), FAILED_QUEUE_URL=failed)
    parts = album()
    line.arrive(*parts)
    line.loses(lambda target, params: params.get("QueueUrl") == failed)
    assert line.answer(parts[0]) == "unreachable"
    assert line.container.module("store").Item("session", "-7").updates == {}


def test_a_message_whose_turn_failed_is_a_part_again(lined: Lined) -> None:
    """The container has ended between the note of it and its answer to Lambda."""
    line, parts = lined(), album()
    line.arrive(*parts)
    store = line.container.module("store")
    assert store.Item("session", "-7").keep({2: []}, always=True, state=store.FAILED)
    line.answer(parts[0])
    assert line.turns == [[1, 2]]


def whole(parts: list[Json]) -> Json:
    return {**parts[0], "together": [part["message"] for part in parts]}


def test_a_replayed_turn_leaves_out_what_was_answered_by_itself(lined: Lined) -> None:
    line, parts = lined(), album(sent(ALBUM))
    line.answer(parts[1])
    outcomes = [replay(line.container, whole(parts), 2, 3) for _ in range(2)]
    assert outcomes == ["ignored", "repeated"]
    assert line.turns == [[2], [1, 3]]


@pytest.mark.parametrize("is_silent", [False, True], ids=["answered", "ignored"])
def test_a_turn_that_was_kept_twice_is_answered_once(
    lined: Lined, bot_api: BotApi, is_silent: bool
) -> None:
    """The second time with one message more, at whose answer the replay ends half-way."""
    call = {"method": "sendMessage", "chat_id": 7, "text": "Well"}
    answer = f"return [] if {is_silent} and len(ASKED) == 1 else [{call}]"
    line, parts = lined(BOT.replace("return []", answer)), album(sent(ALBUM))
    if not is_silent:
        bot_api.expects(call)
    first = replay(line.container, whole(parts[:2]), 2)
    assert first == ("ignored" if is_silent else "answered")
    bot_api.refuses(call, 500, "no")
    assert replay(line.container, whole(parts), 2, 3) == "unreachable"
    bot_api.expects(call)
    assert replay(line.container, whole(parts), 2, 3, attempt="again") == "answered"
    assert line.turns == [[1, 2], [3]]


# ── The check of a release


WRONG = (
    *("None", "1.5", "{}", '"bursts"', '{"album": 1.5}', '{"albums": 1.5, "bursts": 1.5}'),
    *('{"albums": "1.5"}', '{"albums": 0}', '{"albums": -1}', '{"albums": 60.5}'),
)
MUST_BE = 'must be "albums", or the seconds of quiet that end an album, at most 60'
NO_SESSION = BOT.replace('SESSION = "chat"', "").replace(", session", "")
# A bot, its queue, and what the apply says of TOGETHER.
CANT_WORK: dict[str, tuple[str, str, str]] = {
    **{wanted: (BOT.replace(TIMED, wanted), QUEUE, MUST_BE) for wanted in WRONG},
    "no queue": (BOT, "", "needs a queue: set queue = true$"),
    "no session": (NO_SESSION, QUEUE, 'needs SESSION, such as SESSION = "chat"$'),
    "a framework, whose handlers would lose messages": (
        *(f"from botkit.frameworks import adapter\n{BOT}", QUEUE),
        "doesn't work with a framework",
    ),
}


@pytest.mark.parametrize(("source", "queue", "message"), CANT_WORK.values(), ids=CANT_WORK)
def test_what_cant_work_fails_the_apply(
    start_with_sessions: StartBot, source: str, queue: str, message: str
) -> None:
    container = start_with_sessions(source, QUEUE_URL=queue)
    check: Any = container.module("release.check")
    with pytest.raises(Exception, match=f"^TOGETHER in bot.py {message}"):
        check._check_bot(container.bot)


@pytest.mark.parametrize("wanted", ['"albums"', '{"albums": 60}', '{"albums": 0.5}'])
def test_what_works(start_with_sessions: StartBot, wanted: str) -> None:
    container = start_with_sessions(BOT.replace(TIMED, wanted), QUEUE_URL=QUEUE)
    check: Any = container.module("release.check")
    check._check_bot(container.bot)


def test_only_a_bot_that_has_it_loads_it(start_with_sessions: StartBot) -> None:
    container = start_with_sessions(BOT.replace("TOGETHER", "APART"), QUEUE_URL=QUEUE)
    container.answer_calls(lambda *call: {})
    container.deliver(album()[0])
    assert "botkit.turns" not in sys.modules
    start_with_sessions(BOT, QUEUE_URL=QUEUE)
    assert "botkit.turns" in sys.modules


DIALOGUE = """
from botkit import conversation

SESSION = "chat_user"
TOGETHER = "albums"
HANDLED = ["message"]


def say(text):
    return [{"method": "sendMessage", "chat_id": -7, "text": text}]


def trip(message):
    photos = yield conversation.ask_message("photos", say("Photos?"))
    return say(str([each["message_id"] for each in photos["together"]]))


reply = conversation.reply_with({"/trip": trip}, lambda update, session: say("otherwise"))
"""


def test_a_dialogue_gets_a_whole_album(lined: Lined, bot_api: BotApi) -> None:
    line = lined(DIALOGUE)
    begins = {"text": "/trip", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}
    command, *album = numbered(sent(begins), sent(ALBUM), sent(ALBUM), sent(ALBUM))
    say = {"method": "sendMessage", "chat_id": -7}
    offer = {
        "reply_markup": {"force_reply": True, "selective": True},
        "reply_parameters": {"message_id": 1, "allow_sending_without_reply": True},
    }
    bot_api.expects({**say, "text": "Photos?", **offer}, {**say, "text": "[2, 3, 4]"})
    line.arrive(command)
    line.answer(command)
    line.arrive(*album)
    assert [line.answer(each) for each in album] == ["answered", "repeated", "repeated"]
