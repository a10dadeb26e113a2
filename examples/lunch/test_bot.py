"""Tests of the bot: updates, requests and sessions in, calls out."""

import copy
import time

import pytest
from botkit import session
from botkit.errors import TelegramError, Unreachable

GROUP = {"id": -42, "type": "supergroup", "title": "Workshop"}
ID = "-42_8"
ADA = {"id": 7, "first_name": "Ada"}
GRACE = {"id": 8, "first_name": "Grace"}
LINK = f"https://t.me/lunch_bot?start={ID}"
BUTTON = {"inline_keyboard": [[{"text": "Order", "url": LINK}]]}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("MINI_APP_URL", "https://example.org/app/index.html")


@pytest.fixture
def say(bot, sessions):
    """Send the bot a message, with its session, and return the calls."""

    def say(update):
        key = bot.SESSION(update)
        return bot.reply(update, {} if key is None else sessions[key])

    return say


@pytest.fixture
def members(calls):
    """The results of getChatMember, by people's ids, or its refusal."""
    members = {7: {"status": "member"}, 8: {"status": "creator"}}

    def member(params):
        assert params["chat_id"] == GROUP["id"]
        member = members.get(params["user_id"], {"status": "left"})
        if isinstance(member, Exception):
            raise member
        return member

    calls.results |= {"getChatMember": member, "getMe": {"username": "lunch_bot"}}
    return members


@pytest.fixture
def lunch(say, sessions, members):
    """A lunch that a group can order."""
    assert say(message("/lunch")) == []
    return sessions[ID]


def message(text, chat=GROUP, **content):
    return {"message": {"message_id": 8, "chat": chat, "text": text, **content}}


def ask(bot, method="GET", path="/menu", body=None, user=ADA, lunch=ID):
    """Return what the page is answered, with its status."""
    request = {"method": method, "path": path, "query": {"lunch": lunch}, "body": body}
    answer = bot.on_request({**request, "user": user})
    return answer if isinstance(answer, tuple) else (200, answer)


def order(bot, user=ADA, **dishes):
    return ask(bot, "POST", "/order", dishes, user)


def test_a_list_is_posted_with_a_link(bot, say, sessions, members, calls):
    assert say(message("/lunch@Lunch_Bot today")) == []
    text = "Lunch! What would you like?"
    assert calls.of("sendMessage") == [
        {"method": "sendMessage", "chat_id": -42, "text": text, "reply_markup": BUTTON}
    ]
    lunch = sessions[ID]
    assert (lunch["chat"], lunch["post"], lunch["group"]) == (-42, 900, "Workshop")
    assert lunch["until"] - time.time() == pytest.approx(bot.OPEN, abs=5)


def test_a_list_stays_in_its_topic(say, members, calls):
    say(message("/lunch", is_topic_message=True, message_thread_id=5))
    assert calls[-1]["message_thread_id"] == 5


@pytest.mark.parametrize("text", ["Soup, please", "/lunch@other_bot", "/lunches", "/start"])
def test_other_messages_in_a_group_get_no_answer(say, sessions, members, calls, text):
    assert say(message(text)) == []
    assert say({"message": {"message_id": 8, "chat": GROUP, "photo": []}}) == []
    assert not any(sessions.values()) and calls.texts() == []


def test_the_link_leads_to_the_pages_button(bot, say):
    private = {"id": 7, "type": "private"}
    url = f"https://example.org/app/index.html?lunch={ID}"
    keyboard = {"inline_keyboard": [[{"text": "Order", "web_app": {"url": url}}]]}
    call = {"method": "sendMessage", "chat_id": 7, "text": bot.HERE, "reply_markup": keyboard}
    assert say(message(f"/start {ID}", private)) == [call]
    help = {"method": "sendMessage", "chat_id": 7, "text": bot.HELP}
    for text in ("/start", "/start x", f"/start {ID}&x=", f"hello {ID}", "/lunch"):
        assert say(message(text, private)) == [help]


def test_the_page_shows_the_menu_and_what_is_ordered(bot, lunch):
    order(bot, GRACE, diavola=1)
    status, answer = order(bot, ADA, margherita=2, salad=0)
    mine = {"name": "Ada", "dishes": {"margherita": 2}}
    graces = {"name": "Grace", "dishes": {"diavola": 1}}
    assert (status, answer) == (200, ask(bot)[1])
    assert (answer["mine"], answer["orders"]) == (mine, [mine, graces])
    assert (answer["menu"], answer["most"], answer["listed"]) == (bot.MENU, 9, True)


def test_order_replaces_the_last_one_and_is_cancelled(bot, lunch, calls):
    order(bot, GRACE, lemonade=1)
    order(bot, ADA, diavola=1)
    order(bot, ADA, margherita=2)
    assert order(bot, ADA)[1]["mine"] == {"dishes": {}}
    assert calls.texts("editMessageText") == [
        "Lunch for 1, €3.20\n\n1× Lemonade\n\nGrace, €3.20: 1× Lemonade",
        "Lunch for 2, €14.70\n\n1× Pizza Diavola\n1× Lemonade\n\n"
        "Ada, €11.50: 1× Pizza Diavola\nGrace, €3.20: 1× Lemonade",
        "Lunch for 2, €22.20\n\n2× Pizza Margherita\n1× Lemonade\n\n"
        "Ada, €19.00: 2× Pizza Margherita\nGrace, €3.20: 1× Lemonade",
        "Lunch for 1, €3.20\n\n1× Lemonade\n\nGrace, €3.20: 1× Lemonade",
    ]
    edit = calls.of("editMessageText")[-1]
    assert (edit["chat_id"], edit["message_id"], edit["reply_markup"]) == (-42, 900, BUTTON)


def test_an_order_in_the_meantime_is_listed_too(bot, lunch, calls, monkeypatch):
    change_session = session.change

    def change(key, function):
        result = change_session(key, function)
        monkeypatch.setattr(session, "change", change_session)
        lunch["orders"]["8"] = {"name": "Grace", "dishes": {"lemonade": 1}}
        return result

    monkeypatch.setattr(session, "change", change)
    order(bot, ADA, lemonade=1)
    assert [text.partition(",")[0] for text in calls.texts("editMessageText")] == [
        "Lunch for 1",
        "Lunch for 2",
    ]


@pytest.mark.parametrize(
    "member",
    [
        {"status": "left"},
        {"status": "restricted", "is_member": False},
        TelegramError("getChatMember", 403, "Forbidden: bot was kicked from the group chat", {}),
    ],
    ids=str,
)
def test_only_members_of_the_group_see_the_page_and_order(bot, lunch, members, calls, member):
    before = copy.deepcopy(lunch)
    members[7] = member
    stranger = (403, {"message": bot.STRANGER})
    assert ask(bot) == order(bot, lemonade=1) == stranger
    assert lunch == before and calls.texts("editMessageText") == []


@pytest.mark.parametrize(
    "member", [{"status": "administrator"}, {"status": "restricted", "is_member": True}], ids=str
)
def test_members_with_more_or_fewer_rights_are_members(bot, lunch, members, member):
    members[7] = member
    assert ask(bot)[0] == 200


@pytest.mark.parametrize(
    "error", [TelegramError("x", 429, "Too Many Requests", {}), Unreachable("x")]
)
def test_nobody_is_a_stranger_because_telegram_gave_no_answer(bot, lunch, members, error):
    members[7] = error
    with pytest.raises(type(error)):
        ask(bot)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "An order is"),
        ([], "An order is"),
        ({"gold": 1}, "'gold' isn't on the menu."),
        ({"salad": -1}, "Order 0 to 9 of Green salad."),
        ({"salad": 10}, "Order 0 to 9 of Green salad."),
        ({"salad": True}, "Order 0 to 9 of Green salad."),
    ],
)
def test_invalid_order_is_refused_with_a_sentence(bot, lunch, body, message):
    before = copy.deepcopy(lunch)
    status, answer = ask(bot, "POST", "/order", body)
    assert (status, answer["message"].startswith(message)) == (400, True)
    assert lunch == before


@pytest.mark.parametrize("asked", [("GET", "/"), ("POST", "/menu"), ("GET", "/order")], ids=str)
def test_there_is_nothing_else(bot, lunch, asked):
    assert ask(bot, *asked)[0] == 404


@pytest.mark.parametrize("id", ["", "-42_8\n"])
def test_invalid_id_of_a_lunch_isnt_looked_up(bot, lunch, id):
    assert ask(bot, lunch=id) == (404, {"message": bot.NONE})


def test_a_lunch_ends(bot, lunch):
    assert ask(bot, lunch="-42_9") == (404, {"message": bot.OVER})
    read = bot.read(ID)
    lunch["until"] = int(time.time())
    assert ask(bot) == order(bot, salad=1) == (404, {"message": bot.OVER})
    # Between the look and the order.
    bot.read = lambda id: read
    assert order(bot, salad=1) == (404, {"message": bot.OVER})
    assert lunch["orders"] == {}


@pytest.mark.parametrize(
    ("error", "listed"),
    [
        (None, True),
        (TelegramError("x", 429, "Too Many Requests: retry after 3", {"retry_after": 3}), False),
        (Unreachable("timed out"), False),
    ],
    ids=str,
)
def test_order_is_taken_if_the_list_cannot_be_edited(bot, lunch, calls, error, listed):
    calls.results["editMessageText"] = error
    status, answer = order(bot, salad=1)
    assert (status, answer["listed"], "7" in lunch["orders"]) == (200, listed, True)


def test_people_hear_of_a_failure(bot):
    call = {"method": "sendMessage", "chat_id": -42, "text": bot.FAILED}
    assert bot.on_error(message("/lunch")) == [call]
