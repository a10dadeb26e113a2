"""allowlist.py: whom the bot answers, where allowed_ids lists people, groups and channels."""

import json

import pytest
from telegram_bot_aws.local.events import app_event
from telegram_stand_in import TYPES

from tests.support.init_data import launch, sign
from tests.support.stubs import QUEUE, load, message, queue_event

STRANGER = {"id": 13, "is_bot": False, "first_name": "Eve"}
ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group"}  # of all anonymous ones
GROUP = {"id": -100, "type": "supergroup"}
CHANNEL = {"id": -200, "type": "channel"}
PRIVATE = {"id": 13, "type": "private"}
SAID = {"chat": GROUP, "from": STRANGER}
OWNED = {"chat": PRIVATE, "from": STRANGER, "business_connection_id": "b1"}
OWNER = 7  # of that business account

# Each update type: its content, and the ids that let it in.
KINDS = {
    "message": (SAID, [13, -100]),
    "edited_message": (SAID, [13, -100]),
    "channel_post": ({"chat": CHANNEL, "sender_chat": CHANNEL}, [-200]),
    "edited_channel_post": ({"chat": CHANNEL}, [-200]),
    "business_connection": ({"id": "b1", "user": STRANGER}, [13]),
    "business_message": (OWNED, [OWNER]),
    "edited_business_message": (OWNED, [OWNER]),
    "deleted_business_messages": ({"chat": PRIVATE, "business_connection_id": "b1"}, [OWNER]),
    "guest_message": ({**SAID, "guest_query_id": "1"}, [13]),
    "message_reaction": ({"chat": GROUP, "user": STRANGER}, [13, -100]),
    "message_reaction_count": ({"chat": GROUP}, [-100]),
    "inline_query": ({"from": STRANGER}, [13]),
    "chosen_inline_result": ({"from": STRANGER}, [13]),
    "callback_query": ({"from": STRANGER, "message": {"chat": GROUP, "from": ADMIN}}, [13, -100]),
    "shipping_query": ({"from": STRANGER}, [13]),
    "pre_checkout_query": ({"from": STRANGER}, [13]),
    "purchased_paid_media": ({"from": STRANGER}, [13]),
    "poll": ({"id": "1"}, None),
    "poll_answer": ({"user": STRANGER}, [13]),
    "my_chat_member": (SAID, [13, -100]),
    "chat_member": ({**SAID, "new_chat_member": {"user": ADMIN}}, [13, -100]),
    "chat_join_request": ({**SAID, "user_chat_id": 13}, [13, -100]),
    "chat_boost": ({"chat": GROUP, "boost": {"source": {"user": STRANGER}}}, [-100]),
    "removed_chat_boost": ({"chat": GROUP, "source": {"user": STRANGER}}, [-100]),
    "managed_bot": ({"user": STRANGER, "bot": ADMIN}, [13]),
    "subscription": ({"user": STRANGER}, [13]),
    "stopped_message_generation": ({"chat": PRIVATE, "draft_id": 1}, [13]),
    "widget_query": (SAID, [13, -100]),
    "shared_widget_query": ({"from": STRANGER, "widget_id": "1"}, [13]),
}
OTHERS = {
    "a private chat": ({"message": {"chat": PRIVATE, "from": STRANGER, "text": "/start"}}, [13]),
    "an anonymous admin": (
        {"message": {"chat": GROUP, "from": ADMIN, "sender_chat": GROUP}},
        [-100],
    ),
    "who writes as a channel": (
        {"message": {"chat": GROUP, "from": ADMIN, "sender_chat": CHANNEL}},
        [-200, -100],
    ),
    "a channel's vote": ({"poll_answer": {"user": ADMIN, "voter_chat": CHANNEL}}, [-200]),
    "a press in an account's chat": (
        {"callback_query": {"from": STRANGER, "message": OWNED}},
        [OWNER],
    ),
    "a press below an inline message": (
        {"callback_query": {"from": STRANGER, "inline_message_id": "x"}},
        [13],
    ),
    "a kind of tomorrow": ({"whistle": {"user": STRANGER, "chat": GROUP}}, [13]),
    "a kind of tomorrow, from nobody": ({"whistle": {}}, []),
}
ALL = {
    **{kind: ({kind: content}, ids) for kind, (content, ids) in KINDS.items()},
    **OTHERS,
}
ASK = {"business_connection_id": "b1"}
CONNECTED = {"id": "b1", "user": {"id": OWNER}, "is_enabled": True}
BOT = """
def reply(update):
    return [{"method": "sendMessage", "chat_id": 1, "text": "Hello"}]

def on_request(request):
    return request["user"]["id"]

def on_event(event):
    return reply(event)
"""
HELLO = {"method": "sendMessage", "chat_id": 1, "text": "Hello"}
BUSINESS = {"update_id": 1, "business_message": OWNED}


@pytest.mark.parametrize(("update", "ids"), ALL.values(), ids=ALL)
def test_only_these_ids_let_an_update_in(start_bot, bot_api, update, ids):
    """At first all the others are listed, then each of these alone."""
    everyone = {13, ADMIN["id"], OWNER, -100, -200}
    kind = next(iter(update))
    lists = [everyone - {*(ids or [])}, *({each} for each in ids or [])]
    for listed in lists:
        container = start_bot(BOT, ALLOWED_IDS=",".join(map(str, listed)))
        if ids == [OWNER]:
            bot_api.answers("getBusinessConnection", ASK, CONNECTED)
        is_in = ids is None or not listed.isdisjoint(ids)
        if is_in:
            bot_api.expects(HELLO)
        assert container.deliver({"update_id": 1, **update}) == (200, None)
        found = {
            name: container.line.get(name)
            for name in ("update_type", "outcome", "sender_ids", "blocked_count")
        }
        assert found == {
            "update_type": kind,
            "outcome": "answered" if is_in else "ignored",
            "sender_ids": None if is_in else ids,
            "blocked_count": None if is_in else 1,
        }


def test_each_kind_of_the_bot_api_is_listed():
    """Read in Telegram's documentation whom its updates name, then add it above."""
    whose = load("botkit.middleware.allowlist").WHOSE
    assert set(KINDS) == set(whose) == set(TYPES["Update"]) - {"update_id"}


def test_strangers_are_counted(start_bot):
    container = start_bot(BOT, ALLOWED_IDS="7,-100")
    for number in range(1, 4):
        container.deliver(message(number))
    assert [line["blocked_count"] for line in container.log] == [1, 2, 3]


def test_strangers_are_ignored_by_the_webhook_and_the_queue(start_bot):
    container = start_bot(BOT, ALLOWED_IDS="7", QUEUE_URL=QUEUE, AWS_ENDPOINT_URL="http://[::1]:1")
    container.deliver(message())
    assert container.invoke(queue_event(message(2))) == {"batchItemFailures": []}
    lines = [line for line in container.log if line.get("outcome")]
    assert [(line["outcome"], line.get("source")) for line in lines] == [
        ("ignored", None),
        ("ignored", "queue"),
    ]


def test_events_are_for_everyone(start_bot, bot_api):
    bot_api.expects(HELLO)
    start_bot(BOT, ALLOWED_IDS="7").invoke({"source": "aws.s3"})


# ── Business accounts


def test_an_account_is_looked_up_once(start_bot, bot_api):
    container = start_bot(BOT, ALLOWED_IDS=str(OWNER))
    bot_api.answers("getBusinessConnection", ASK, CONNECTED)
    bot_api.expects(HELLO, HELLO)
    container.deliver(BUSINESS)
    assert container.line["methods"] == ["getBusinessConnection", "sendMessage"]
    container.deliver({**BUSINESS, "update_id": 2})
    assert container.line["methods"] == ["sendMessage"]


def test_an_account_that_is_connected_no_more_is_a_stranger(start_bot, bot_api):
    container = start_bot(BOT, ALLOWED_IDS=f"{OWNER},13")
    call = {"method": "getBusinessConnection", **ASK}
    bot_api.refuses(call, 400, "Bad Request: business connection not found")
    assert container.deliver(BUSINESS) == (200, None)
    assert (container.line["outcome"], container.line["sender_ids"]) == ("ignored", [])


def test_update_is_redelivered_if_the_account_cannot_be_looked_up(start_bot, bot_api):
    container = start_bot(BOT, ALLOWED_IDS=str(OWNER))
    call = {"method": "getBusinessConnection", **ASK}
    bot_api.refuses(call, 429, "Too Many Requests", retry_after=5)
    bot_api.refuses(call, 500, "Internal Server Error")
    bot_api.answers("getBusinessConnection", ASK, CONNECTED)
    bot_api.expects(HELLO)
    assert container.deliver(BUSINESS) == (503, "5")
    assert container.deliver(BUSINESS) == (503, None)
    assert container.deliver(BUSINESS) == (200, None)
    assert container.line["outcome"] == "answered"


def test_a_container_forgets_the_accounts_that_it_has_known_longest(start_bot):
    container, asked = start_bot(BOT, ALLOWED_IDS=str(OWNER)), []

    def post(method, params, timeout):
        asked.append(int(params["business_connection_id"]))
        return {"user": {"id": 13}}

    container.answer_telegram(post)
    for update_id, number in enumerate((*range(101), 1, 100, 0)):
        content = {**OWNED, "business_connection_id": str(number)}
        container.deliver({"update_id": update_id, "business_message": content})
    assert asked == [*range(101), 0]


# ── A group that becomes a supergroup


@pytest.mark.parametrize(("allowed", "is_told"), [("-5", True), ("13", False)])
def test_the_new_id_of_a_group_is_logged(start_bot, bot_api, allowed, is_told):
    container = start_bot(BOT, ALLOWED_IDS=allowed)
    bot_api.expects(HELLO)
    group = {"id": -5, "type": "group"}
    moved = {"chat": group, "from": STRANGER, "migrate_to_chat_id": -1005}
    container.deliver({"update_id": 1, "message": moved})
    warnings = [line for line in container.log if line["level"] == "WARNING"]
    assert [(line["id"], line["new_id"]) for line in warnings] == [(-5, -1005)] * is_told


# ── The page

MEMBER = json.dumps({"id": -100, "type": "supergroup", "title": "Team"})


@pytest.fixture
def page(start_bot):
    url = "https://bot.example/app/index.html"
    return start_bot(BOT, ALLOWED_IDS="42,-100", MINI_APP_URL=url)


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, None),
        ({"user": '{"id": 13}'}, [13]),
        ({"user": '{"id": 13}', "chat": MEMBER}, None),
        ({"user": '{"id": 13}', "receiver": '{"id": 42}'}, [13]),
        ({"user": '{"id": 13}', "chat": '{"id": -5}'}, [13, -5]),
    ],
    ids=["listed", "a stranger", "in a listed group", "beside a listed one", "in another group"],
)
def test_a_page_asks_for_those_whom_telegram_signed_for(page, fields, ids):
    headers = {"Authorization": "tma " + sign(launch(1, **fields))}
    answer = page.invoke(app_event("GET", "/app/api/x", headers=headers))
    if ids is None:
        assert (answer["statusCode"], page.line["outcome"]) == (200, "answered")
        return
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (403, "forbidden")
    assert page.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "request",
        "method": "GET",
        "methods": [],
        "status": 403,
        "outcome": "ignored",
        "sender_ids": ids,
        "blocked_count": 1,
    }
