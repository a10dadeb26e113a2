"""rate_limit.py: a person's updates are counted, and what is too many gets silence."""

import time
from types import SimpleNamespace

import pytest
from telegram_stand_in import TYPES

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

    def start(source=BOT, **environment):
        return start_with_sessions(source, **environment)

    return start


def asked(container, error=None):
    """Let a container's AWS note its requests, and raise an error, if any."""
    names = []

    def note(service, target, params):
        names.append(params.get("UpdateExpression", target)[:3])
        if error:
            raise error

    container.watch_calls(note)
    return names


def outcomes(container):
    return [line["outcome"] for line in container.log if "outcome" in line]


def said(update_id, kind="message", by=ADA, **fields):
    """Return an update in a group, of Ada's."""
    return {"update_id": update_id, kind: {"chat": GROUP, "from": by, **fields}}


def test_excess_updates_are_rate_limited_until_the_window_ends(begin, bot_api, now):
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
    assert container.log[2]["level"] == "INFO"
    assert container.log[2]["methods"] == []
    # A window that is full is written once more, and then no more.
    assert writes == ["ADD", "ADD", "ADD", "SET", "ADD", "ADD"]


def test_item_of_a_window_expires_a_day_later(begin, bot_api):
    bot_api.expects(HEARD, HEARD)
    container = begin()
    for number in range(1, 4):
        container.deliver(message(number))
    item = container.table.items[f"limit:42:{AT}"]
    assert sorted(item["ids"]["NS"]) == ["1", "2"]
    assert item == {
        "id": {"S": f"limit:42:{AT}"},
        "ids": item["ids"],
        "beyond": {"N": "3"},
        "expires_at": {"N": str(AT + 60 + 24 * 3600)},
    }


def test_an_update_that_comes_again_counts_once(begin, bot_api):
    """In the same container and in another, which knows nothing of it."""
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
    assert outcomes(container) == [
        *["unreachable"] * 4,
        *("rate_limited", "answered"),
        *("rate_limited", "answered"),
    ]


def test_an_album_counts_once(begin, bot_api):
    """All of it is answered, or nothing but a word by on_rate_limit()."""
    container = begin(BOT + TELLS)
    for number, album in enumerate("aaabbbaccc", 1):
        bot_api.expects(*([HEARD] if album in "ab" else [TOO_FAST] if number == 8 else []))
        container.deliver(said(number, date=AT, media_group_id=album))
    assert outcomes(container) == ["answered"] * 7 + ["rate_limited"] * 3
    item = container.table.items[f"limit:42:{AT}"]
    assert (len(item["ids"]["NS"]), item["beyond"]["N"]) == (2, "8")
    assert all(number.startswith("-") for number in item["ids"]["NS"])  # like no update's id
    container = begin(BOT + TELLS)  # the table knows who was told
    bot_api.expects(HEARD)
    for number in (5, 8, 9):
        container.deliver(said(number, date=AT, media_group_id="b" if number == 5 else "c"))
    assert outcomes(container)[-3:] == ["answered", "rate_limited", "rate_limited"]


@pytest.mark.parametrize("first", [AT + 59, AT + 60], ids=["before the end", "after it"])
def test_album_across_two_windows_counts_once(begin, bot_api, first):
    """In that of the part which comes first, in any container."""
    bot_api.expects(*[HEARD] * 4)
    for number, date in enumerate((AT + 59, AT + 60, first, 2 * AT + 119 - first), 1):
        album = {"media_group_id": "a"} if number > 2 else {}
        begin().deliver(said(number, date=date, **album))
    items = begin().table.items
    counted = {key: len(item["ids"]["NS"]) for key, item in items.items() if "ids" in item}
    own = first - first % 60
    assert counted == {f"limit:42:{at}": 1 + (at == own) for at in (AT, AT + 60)}
    [decided] = [item for item in items.values() if "starts" in item]
    assert (decided["starts"]["N"], "expires_at" in decided) == (str(own), True)


def test_album_amid_a_window_takes_no_further_write(begin, bot_api):
    bot_api.expects(HEARD, HEARD)
    container = begin()
    writes = asked(container)
    for number in (1, 2):
        container.deliver(said(number, date=AT + 30, media_group_id="a"))
    assert writes == ["ADD", "ADD"]


def test_press_counts_by_the_clock_message_by_its_date(begin, bot_api, now):
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


# ── on_rate_limit()


def test_the_first_beyond_goes_to_on_rate_limit(begin, bot_api):
    bot_api.expects(HEARD, HEARD, TOO_FAST)
    container = begin(BOT + TELLS)
    for number in range(1, 5):
        container.deliver(message(number))
    container.deliver(message(0))
    container.deliver(message(3))
    assert outcomes(container) == [*["answered"] * 2, *["rate_limited"] * 3, "duplicate"]
    assert [line["methods"] for line in container.log[2:5]] == [["sendMessage"], [], []]
    begin(BOT + TELLS).deliver(message(5))  # another container tells nobody again
    assert container.log[-1]["methods"] == []


def test_a_window_that_is_gone_stays_gone(begin, bot_api):
    """An item without a time to expire would stay for ever."""
    container = begin(BOT.replace("(2,", "(1,") + TELLS)
    bot_api.expects(HEARD)
    container.deliver(message(1))
    bot_api.refuses(TOO_FAST, 429, "no", retry_after=5)
    container.deliver(message(2))
    container.table.items.clear()  # as DynamoDB does a day later
    assert container.deliver(message(2)) == (200, None)
    assert (outcomes(container)[-1], container.table.items) == ("rate_limited", {})


def test_on_rate_limit_runs_again_if_its_call_is_throttled(begin, bot_api):
    container = begin(BOT.replace("(2,", "(1,") + TELLS)
    bot_api.expects(HEARD)
    container.deliver(message(1))
    bot_api.refuses(TOO_FAST, 429, "no", retry_after=5)
    assert container.deliver(message(2)) == (503, "5")
    container.deliver(message(3))
    bot_api.expects(TOO_FAST)
    assert container.deliver(message(2)) == (200, None)
    assert outcomes(container) == ["answered", "throttled", "rate_limited", "rate_limited"]


def test_incomplete_hint_is_not_redelivered(begin, bot_api):
    container = begin(BOT.replace("(2,", "(1,") + TELLS.replace("}]", "}] * 2"))
    bot_api.expects(HEARD, TOO_FAST)
    container.deliver(message(1))
    bot_api.refuses(TOO_FAST, 429, "no", retry_after=5)
    assert container.deliver(message(2)) == (200, None)
    assert outcomes(container) == ["answered", "incomplete"]


def test_on_rate_limit_may_say_nothing_or_fail(begin, bot_api):
    once = BOT.replace("(2,", "(1,")
    bot_api.expects(HEARD)
    source = once + "\ndef on_rate_limit(update): return 1 / (update['update_id'] % 2) and []"
    container = begin(source)
    for number in range(1, 4):
        container.deliver(message(number))
    container = begin(source)
    container.deliver(message(2))  # its 200 was lost: on_rate_limit() isn't asked again
    bot_api.expects(HEARD)
    container.deliver(said(4, date=AT + 60))
    container.deliver(said(5, date=AT + 60))
    assert outcomes(container) == [
        *("answered", "bot_error", "rate_limited", "rate_limited"),
        *("answered", "rate_limited"),
    ]


# ── Who and what is limited

PAID = {"chat": GROUP, "from": ADA}
EXEMPT = {
    **{
        kind: {kind: {"from": ADA}}
        for kind in ("pre_checkout_query", "purchased_paid_media", "shipping_query")
    },
    "subscription": {"subscription": {"user": ADA}},
    "stopped_message_generation": {"stopped_message_generation": {"chat": {"id": 42}}},
    **{
        name: {"message": {**PAID, name: {}}}
        for name in (
            *("successful_payment", "refunded_payment"),
            *("suggested_post_paid", "suggested_post_refunded"),
        )
    },
    "a poll's count": {"poll": {"id": "1"}},
    "a count of reactions": {"message_reaction_count": {"chat": GROUP}},
    "a channel's post without its name": {"channel_post": {"chat": GROUP}},
    "a boost": {"chat_boost": {"chat": GROUP, "boost": {"source": {"user": ADA}}}},
}


@pytest.mark.parametrize("update", EXEMPT.values(), ids=EXEMPT)
def test_payments_and_what_names_nobody_always_pass(begin, bot_api, update):
    container = begin(BOT.replace("(2,", "(1,"))
    bot_api.expects(HEARD, HEARD, HEARD)
    container.deliver(said(1, "callback_query"))
    for number in (2, 3):
        container.deliver({"update_id": number, **update})
    assert outcomes(container) == ["answered"] * 3
    assert len(container.table.items) == 1


NAMED = {
    *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection"),
    *("business_message", "edited_business_message", "guest_message", "message_reaction"),
    *("inline_query", "chosen_inline_result", "callback_query", "poll_answer", "my_chat_member"),
    *("chat_member", "chat_join_request", "managed_bot", "widget_query", "shared_widget_query"),
}
UNNAMED = {
    *("deleted_business_messages", "message_reaction_count", "poll", "chat_boost"),
    "removed_chat_boost",
}


def test_all_other_kinds_count(begin, bot_api):
    exempt = {kind for kind in EXEMPT if kind in TYPES["Update"]}
    assert NAMED | UNNAMED | exempt == set(TYPES["Update"]) - {"update_id"}
    container = begin(BOT.replace("(2,", "(100,"))
    bot_api.expects(*[HEARD] * len(NAMED))
    for number, kind in enumerate(NAMED):
        container.deliver(said(number, kind, date=AT))
    [item] = container.table.items.values()
    assert len(item["ids"]["NS"]) == len(NAMED)


# ── The queue

QUEUED = '\nQUEUED_UPDATES = ["message"]\n'


def test_a_flood_stays_out_of_the_queue(begin, bot_api):
    container = begin(BOT + TELLS + QUEUED, QUEUE_URL=QUEUE)
    names = asked(container)
    bot_api.expects(TOO_FAST)
    for number in range(1, 5):
        container.deliver(message(number))
    assert outcomes(container) == ["queued", "queued", "rate_limited", "rate_limited"]
    assert names == ["ADD", "Ama", "ADD", "Ama", "ADD", "SET", "SET"]


def test_queued_updates_are_not_counted_twice(begin, bot_api):
    container = begin(BOT, QUEUE_URL=QUEUE)
    bot_api.expects(*[HEARD] * 3)
    for number in range(1, 4):
        container.invoke(queue_event(message(number)))
    assert outcomes(container) == ["answered"] * 3
    assert container.table.items == {}


def test_update_that_sqs_rejects_counts_once(begin, bot_api):
    bot_api.expects(HEARD, HEARD)
    container = begin(BOT + QUEUED, QUEUE_URL=QUEUE)
    names = asked(container)
    container.deliver(said(1, text="x" * 300_000, date=AT))

    def refuse(service, target, params):
        if service == "sqs":
            raise container.module("aws").ClientError("InvalidParameterValue", "no")

    container.watch_calls(refuse)
    container.deliver(message(2))
    assert outcomes(container) == ["answered", "answered"]
    assert names == ["ADD"] * 2
    [item] = container.table.items.values()
    assert sorted(item["ids"]["NS"]) == ["1", "2"]


# ── When something fails


@pytest.mark.parametrize("queue", ["", QUEUE], ids=["webhook", "queue"])
def test_while_nothing_can_be_counted_updates_come_again(begin, queue):
    container = begin(BOT + QUEUED, QUEUE_URL=queue)
    asked(container, container.module("errors").Unreachable("dynamodb: HTTP 500"))
    assert container.deliver(message())[0] == 503
    assert container.line["outcome"] == "unreachable"


def test_an_item_that_was_deleted_meanwhile_counts_for_nobody(begin, bot_api):
    bot_api.expects(HEARD, HEARD)
    container = begin(BOT.replace("(2,", "(1,"))
    container.deliver(message(1))

    def forget(service, target, params):
        if params["UpdateExpression"].startswith("SET"):
            container.table.items.clear()

    container.watch_calls(forget)
    container.deliver(message(2))
    assert outcomes(container) == ["answered", "answered"]
    assert container.table.items == {}


def test_a_container_forgets_the_windows_that_it_has_known_longest(begin):
    container = begin(BOT.replace("(2,", "(1,"))
    container.answer_telegram(lambda method, params, timeout: True)
    for number in range(101):
        container.deliver(said(number, date=AT, by={"id": 1000 + number}))
        container.deliver(said(200, date=AT, by={"id": 1000 + number}))
    names = asked(container)
    for number in (1, 100, 0):
        container.deliver(said(200, date=AT, by={"id": 1000 + number}))
    assert names == ["ADD", "SET"]


WRONG = [
    "20",
    "(20,)",
    "(20, 60, 1)",
    "(0, 60)",
    "(1001, 60)",
    "(20, 0)",
    "(20, 86401)",
    "(2.5, 60)",
]


@pytest.mark.parametrize("limit", [*WRONG, "(1, 1)", "[1000, 86400]"])
def test_rate_limit_has_a_number_and_seconds(begin, limit):
    container = begin(BOT.replace("(2, 60)", limit))
    check = container.module("release.check")._check_bot
    if limit not in WRONG:
        check(container.bot)
        return
    told = (
        "RATE_LIMIT in bot.py must be two numbers, of updates (1 to 1000) and of seconds (up to a "
    )
    with pytest.raises(Exception) as raised:
        check(container.bot)
    assert type(raised.value).__name__ == "Misconfigured"
    assert str(raised.value) == told + "day), such as (20, 60)"
    assert container.deliver(message())[0] == 503
    assert container.line["outcome"] == "misconfigured"


def test_a_limit_needs_a_table(start_bot):
    container = start_bot(BOT)
    told = "RATE_LIMIT in bot.py needs a table: set session_retention_in_days"
    with pytest.raises(Exception, match=told):
        container.module("release.check")._check_bot(container.bot)
