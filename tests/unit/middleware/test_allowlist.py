"""allowlist.py: whom the bot answers, where allowed_ids lists people, groups and channels."""

import json

import pytest
from telegram_bot_aws.local.events import app_event

from tests.support.init_data import launch, sign
from tests.support.stubs import QUEUE, message, queue_event
from tests.support.updates import ADMIN, BUSINESS, OWNER, UPDATES

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
UPDATE = {"update_id": 1, "business_message": BUSINESS}


@pytest.mark.parametrize(("update", "where", "ids"), UPDATES.values(), ids=UPDATES)
def test_only_these_ids_let_an_update_in(start_bot, bot_api, update, where, ids):
    """At first all the others are listed, then each of these alone."""
    everyone = {7, 8, ADMIN["id"], OWNER, -100, -200}
    lists = [everyone - {*(ids or [])}, *({each} for each in ids or [])]
    for listed in lists:
        container = start_bot(BOT, ALLOWED_IDS=",".join(map(str, listed)))
        if ids == [OWNER]:
            bot_api.answers("getBusinessConnection", ASK, CONNECTED)
        is_in = ids is None or not listed.isdisjoint(ids)
        if is_in:
            bot_api.expects(HELLO)
        assert container.deliver({"update_id": 1, **update}) == (200, None)
        found = [container.line.get(name) for name in ("outcome", "sender_ids")]
        assert found == (["answered", None] if is_in else ["ignored", ids])


def test_strangers_are_ignored_in_the_queue_too(start_bot):
    container = start_bot(BOT, ALLOWED_IDS="7", QUEUE_URL=QUEUE, AWS_ENDPOINT_URL="http://[::1]:1")
    container.deliver(message())
    assert container.invoke(queue_event(message(2))) == {"batchItemFailures": []}
    told = [(line["outcome"], line.get("source")) for line in container.log if "outcome" in line]
    assert told == [("ignored", None), ("ignored", "queue")]


def test_events_are_answered_whoever_is_listed(start_bot, bot_api):
    bot_api.expects(HELLO)
    start_bot(BOT, ALLOWED_IDS="7").invoke({"source": "aws.s3"})


# ── Business accounts


def test_account_is_looked_up_until_telegram_answers(start_bot, bot_api):
    container = start_bot(BOT, ALLOWED_IDS=str(OWNER))
    call = {"method": "getBusinessConnection", **ASK}
    bot_api.refuses(call, 429, "Too Many Requests", retry_after=5)
    bot_api.refuses(call, 500, "Internal Server Error")
    bot_api.answers("getBusinessConnection", ASK, CONNECTED)
    bot_api.expects(HELLO, HELLO)
    assert container.deliver(UPDATE) == (503, "5")
    assert container.deliver(UPDATE) == (503, None)
    assert container.deliver(UPDATE) == (200, None)
    assert container.line["methods"] == ["getBusinessConnection", "sendMessage"]
    container.deliver({**UPDATE, "update_id": 2})
    assert container.line["methods"] == ["sendMessage"]


def test_account_that_is_no_longer_connected_is_a_stranger(start_bot, bot_api):
    container = start_bot(BOT, ALLOWED_IDS=f"{OWNER},7")
    call = {"method": "getBusinessConnection", **ASK}
    bot_api.refuses(call, 400, "Bad Request: business connection not found")
    assert container.deliver(UPDATE) == (200, None)
    assert (container.line["outcome"], container.line["sender_ids"]) == ("ignored", [])


# ── A group that becomes a supergroup


@pytest.mark.parametrize(("allowed", "is_told"), [("-5", True), ("13", False)])
def test_new_id_of_a_listed_group_is_logged(start_bot, bot_api, allowed, is_told):
    container = start_bot(BOT, ALLOWED_IDS=allowed)
    bot_api.expects(HELLO)
    chat, person = {"id": -5, "type": "group"}, {"id": 13}
    moved = {"chat": chat, "from": person, "migrate_to_chat_id": -1005}
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
def test_page_is_for_those_whom_telegram_signed_for(page, fields, ids):
    headers = {"Authorization": "tma " + sign(launch(1, **fields))}
    answer = page.invoke(app_event("GET", "/app/api/x", headers=headers))
    if ids is None:
        assert (answer["statusCode"], page.line["outcome"]) == (200, "answered")
        return
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (403, "forbidden")
    assert (page.line["outcome"], page.line["sender_ids"]) == ("ignored", ids)
