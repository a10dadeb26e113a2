"""rate_limit.py: a person's updates are counted, and too many get no answer."""

import time
from types import SimpleNamespace

import pytest

from tests.support.stubs import QUEUE, message, queue_event

BOT = """
RATE_LIMIT = (2, 60)

def reply(update):
    return [{"method": "sendMessage", "chat_id": 42, "text": "Heard"}]
"""
TELLS = """
def on_rate_limit(update):
    who = update["message"]["from"]["id"]
    return [{"method": "sendMessage", "chat_id": who, "text": "Too fast"}]
"""
ONE = BOT.replace("(2,", "(1,") + TELLS
HEARD = {"method": "sendMessage", "chat_id": 42, "text": "Heard"}
TOO_FAST = {"method": "sendMessage", "chat_id": 42, "text": "Too fast"}
AT = 1767225600  # the date of the tests' message, at which a window begins
ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
BEA = {"id": 43, "is_bot": False, "first_name": "Bea"}
GROUP = {"id": -100, "type": "supergroup"}


@pytest.fixture
def now(monkeypatch):
    """The clock, which stands still."""
    clock = SimpleNamespace(now=float(AT))
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


@pytest.fixture
def begin(start_with_sessions, now):
    """Start a container with RATE_LIMIT, which goes by that clock: `begin(source)`."""
    return lambda source=BOT, **environment: start_with_sessions(source, **environment)


def asked(container, error=None):
    """Let a container's AWS note its requests, and raise an error, if any."""
    names = []

    def note(service, target, params):
        names.append(params.get("UpdateExpression", target)[:3])
        if error:
            raise error

    container.spy_on_aws(note)
    return names


def outcomes(container):
    return [line["outcome"] for line in container.log if "outcome" in line]


def said(update_id, kind="message", by=ADA, **fields):
    """Return an update in a group, of Ada's."""
    return {"update_id": update_id, kind: {"chat": GROUP, "from": by, **fields}}


def test_excess_updates_are_rate_limited_until_the_window_ends(begin, bot_api):
    bot_api.expects(HEARD, HEARD, HEARD, HEARD)
    container = begin()
    writes = asked(container)
    for number in range(1, 5):
        container.deliver(message(number))
    container.deliver(said(5, date=AT, by=BEA))
    container.deliver(said(6, date=AT + 59))
    container.deliver(said(7, date=AT + 60))
    assert outcomes(container) == [
        *("answered", "answered", "rate_limited", "rate_limited"),
        *("answered", "rate_limited", "answered"),
    ]
    # A window that is full is written once more, and then no more.
    assert writes == ["ADD", "ADD", "ADD", "SET", "ADD", "ADD"]
    item = container.table.items[f"limit:42:{AT}"]
    assert sorted(item["ids"]["NS"]) == ["1", "2"]
    assert item["expires_at"] == {"N": str(AT + 60 + 24 * 3600)}


def test_redelivered_update_counts_once_in_any_container(begin, bot_api):
    container = begin()
    for number in (1, 2, 1, 2):
        bot_api.refuses(HEARD, 500, "no")
        assert container.deliver(message(number))[0] == 503
    container.deliver(message(3))
    bot_api.expects(HEARD)
    container.deliver(message(1))
    container = begin()
    container.deliver(message(4))  # it learns that the window is full, and who is in it
    bot_api.expects(HEARD)
    container.deliver(message(2))
    assert outcomes(container) == ["unreachable"] * 4 + ["rate_limited", "answered"] * 2


def test_album_counts_once(begin, bot_api):
    """All of it is answered, or nothing but a word by on_rate_limit()."""
    container = begin(BOT + TELLS)
    for number, album in enumerate("aaabbbaccc", 1):
        bot_api.expects(*([HEARD] if album in "ab" else [TOO_FAST] if number == 8 else []))
        container.deliver(said(number, date=AT, media_group_id=album))
    assert outcomes(container) == ["answered"] * 7 + ["rate_limited"] * 3
    item = container.table.items[f"limit:42:{AT}"]
    assert (len(item["ids"]["NS"]), item["beyond"]["N"]) == (2, "8")
    assert all(number.startswith("-") for number in item["ids"]["NS"])  # like no update's id


def test_update_without_a_date_counts_by_the_clock(begin, bot_api, now):
    now.now = AT + 90.5
    container = begin()
    bot_api.expects(HEARD, HEARD, HEARD)
    container.deliver(said(1, "callback_query", message={"chat": GROUP, "date": AT - 7200}))
    container.deliver(said(2, date=AT - 30))
    container.deliver(said(3, "edited_message", date=AT - 7200, edit_date=AT + 61))
    items = container.table.items
    assert {key: sorted(item["ids"]["NS"]) for key, item in items.items()} == {
        f"limit:42:{AT + 60}": ["1", "3"],
        f"limit:42:{AT - 60}": ["2"],
    }


def test_only_the_first_beyond_goes_to_on_rate_limit(begin, bot_api):
    bot_api.expects(HEARD, HEARD, TOO_FAST)
    container = begin(BOT + TELLS)
    for number in (1, 2, 3, 4, 3):
        container.deliver(message(number))
    assert outcomes(container) == [*["answered"] * 2, *["rate_limited"] * 2, "duplicate"]
    assert [line["methods"] for line in container.log[2:4]] == [["sendMessage"], []]
    begin(BOT + TELLS).deliver(message(5))  # another container tells nobody again
    assert container.log[-1]["methods"] == []


def test_on_rate_limit_runs_again_if_its_call_is_throttled(begin, bot_api):
    container = begin(ONE)
    bot_api.expects(HEARD)
    container.deliver(message(1))
    bot_api.refuses(TOO_FAST, 429, "no", retry_after=5)
    assert container.deliver(message(2)) == (503, "5")
    container.deliver(message(3))
    bot_api.expects(TOO_FAST)
    assert container.deliver(message(2)) == (200, None)
    assert outcomes(container) == ["answered", "throttled", "rate_limited", "rate_limited"]


def test_failed_hint_is_neither_redelivered_nor_a_dead_letter(begin, bot_api):
    fails = "\n    if update['update_id'] == 2: 1 / 0\n    return 2 * "
    container = begin(ONE.replace(TELLS, TELLS.replace("\n    return ", fails)), QUEUE_URL=QUEUE)
    bot_api.expects(HEARD, HEARD, TOO_FAST)
    container.deliver(message(1))
    assert container.deliver(message(2)) == (200, None)
    container.deliver(said(3, date=AT + 60))
    bot_api.refuses(TOO_FAST, 429, "no", retry_after=5)
    assert container.deliver(said(4, date=AT + 60)) == (200, None)
    assert outcomes(container) == ["answered", "bot_error", "answered", "incomplete"]
    assert container.queues.items == {}


# ── Who and what is limited

PAYMENTS = "successful_payment refunded_payment suggested_post_paid suggested_post_refunded".split()
EXEMPT = [
    {"pre_checkout_query": {"from": ADA}},
    {"purchased_paid_media": {"from": ADA}},
    {"shipping_query": {"from": ADA}},
    {"subscription": {"from": ADA}},
    *({"message": {"chat": GROUP, "from": ADA, name: {}}} for name in PAYMENTS),
    {"stopped_message_generation": {"chat": {"id": 42}}},
    {"channel_post": {"chat": GROUP}},  # without its author's name
]


def test_payments_and_what_names_nobody_always_pass(begin, bot_api):
    container = begin(ONE)
    bot_api.expects(HEARD, *[HEARD] * 2 * len(EXEMPT))
    container.deliver(said(1, "callback_query"))
    for number, update in enumerate(EXEMPT * 2, 2):
        container.deliver({"update_id": number, **update})
    assert {*outcomes(container)} == {"answered"}
    assert len(container.table.items) == 1


# ── The queue


def test_flood_stays_out_of_the_queue(begin, bot_api):
    container = begin(BOT + TELLS + '\nQUEUED_UPDATES = ["message"]\n', QUEUE_URL=QUEUE)
    bot_api.expects(TOO_FAST)
    for number in range(1, 5):
        container.deliver(message(number))
    assert outcomes(container) == ["queued", "queued", "rate_limited", "rate_limited"]


def test_queued_updates_are_not_counted_twice(begin, bot_api):
    container = begin(BOT, QUEUE_URL=QUEUE)
    bot_api.expects(*[HEARD] * 3)
    for number in range(1, 4):
        container.invoke(queue_event(message(number)))
    assert container.table.items == {}


# ── When something fails


def test_update_is_redelivered_if_it_cannot_be_counted(begin):
    container = begin()
    asked(container, container.module("errors").Unreachable("dynamodb: HTTP 500"))
    assert container.deliver(message())[0] == 503
    assert container.line["outcome"] == "unreachable"


def test_update_passes_if_its_window_was_just_deleted(begin, bot_api):
    """It isn't written again: an item without a time to expire would stay for ever."""
    bot_api.expects(HEARD, HEARD)
    container = begin(ONE)
    container.deliver(message(1))

    def forget(service, target, params):
        if params["UpdateExpression"].startswith("SET"):
            container.table.items.clear()

    container.spy_on_aws(forget)
    container.deliver(message(2))
    assert outcomes(container) == ["answered", "answered"]
    assert container.table.items == {}


WRONG = [
    *("20", "(20,)", "(20, 60, 1)", "(2.5, 60)"),
    *("(0, 60)", "(1001, 60)", "(20, 0)", "(20, 86401)"),
]


@pytest.mark.parametrize("limit", [*WRONG, "(1, 1)", "[1000, 86400]"])
def test_rate_limit_must_be_a_number_and_seconds(begin, limit):
    container = begin(BOT.replace("(2, 60)", limit))
    check = container.module("release.check").check_bot
    if limit not in WRONG:
        check(container.bot)
        return
    with pytest.raises(Exception, match=r"must be two numbers, .* such as \(20, 60\)"):
        check(container.bot)
    assert container.deliver(message())[0] == 503
    assert container.line["outcome"] == "misconfigured"
