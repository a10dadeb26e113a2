"""conversation.py: conversations as generators, which run again at each answer."""

import json
import sys
import time

import pytest

EMPTY = """
SESSION = "chat_user"
ALLOWED_UPDATES = ["message"]
def reply(update, session):
    return []
"""
ADA = {"id": 5_000_000_001, "first_name": "Ada"}
BOB, EVE = {"id": 7_000_000_002, "first_name": "Bob"}, {"id": 3, "first_name": "Eve"}
CHAT = {"id": -7, "type": "supergroup"}


@pytest.fixture
def container(start_with_sessions):
    return start_with_sessions(EMPTY)


@pytest.fixture
def talk(container):
    container.telegram.default_client.username = "a_bot"
    return container.module("conversation")


class Person:
    """Somebody who writes to a bot with these conversations, and reads its texts."""

    def __init__(self, talk, starts, **about):
        self.session = {}
        self.count = 0
        self.calls = []
        self.reply = talk.handler(starts, self._otherwise, **about)

    def _otherwise(self, update, session):
        assert update["update_id"] == self.count, "it is the update as it came"
        return say({"chat": CHAT}, "otherwise")

    def get(self, kind, content):
        self.count += 1
        self.session = json.loads(json.dumps(self.session))  # another container
        update = {"update_id": self.count, kind: content}
        self.calls = self.reply(update, self.session)
        return " | ".join(call["text"] if "text" in call else call["method"] for call in self.calls)

    def send(self, text=None, person=ADA, **content):
        message = {"message_id": 9, "chat": CHAT, "from": person, **content}
        message |= {} if text is None else {"text": text}
        return self.get("message", message)

    def press(self, data):
        message = {"message_id": 9, "chat": CHAT, "from": {"id": 42}, "text": "Sure?"}
        press = {"id": "p", "from": ADA, "message": message, "data": data}
        return self.get("callback_query", press)

    def buttons(self):
        rows = self.calls[-1]["reply_markup"]["inline_keyboard"]
        return [button["callback_data"] for row in rows for button in row]


def say(message, text, *buttons):
    row = [{"text": data, "callback_data": data} for data in buttons]
    markup = {"reply_markup": {"inline_keyboard": [row]}} if buttons else {}
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text, **markup}]


def asking(talk, *names):
    """Return a conversation that asks for these, and says all of them."""

    def order(message):
        answers = []
        for name in names:
            if name.startswith("external "):
                yield talk.external(name.removeprefix("external "), list)
            else:
                answers.append((yield talk.ask(name, say(message, f"Which {name}?"))))
        return say(message, " on ".join(answers))

    return order


def choosing(talk, **about):
    """Return a conversation with a question, whose call has more parameters, about S or M."""

    def order(message):
        calls = [{**say(message, "Which size?")[0], **about}]
        size = yield talk.ask("size", calls, retry_text="S or M?", choices=["S", "M"])
        return say(message, size)

    return order


@pytest.fixture
def person(talk, monkeypatch):
    """Give the module of the bot a conversation, and return somebody who can begin it by /go."""

    def make(conversation, **about):
        conversation.__module__, conversation.__qualname__ = "bot", "conversation"
        bot = sys.modules["bot"]
        monkeypatch.setattr(bot, "conversation", conversation, raising=False)
        return Person(talk, {"/go": conversation}, **about)

    return make


def test_session_holds_what_the_conversation_needs(person, talk, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.9)
    ada = person(asking(talk, "size", "day"))
    ada.send("/go@a_bot now", reply_to_message={"text": "long"}, message_thread_id=3)
    ada.send("S")
    message = {"message_id": 9, "chat": CHAT, "from": ADA, "message_thread_id": 3}
    assert ada.session == {
        "conversation": {
            "of": "bot:conversation",
            "id": 1,
            "person": 5_000_000_001,
            "last_message_id": 9,
            "message": {**message, "text": "/go@a_bot now"},
            "steps": [["size", "S"]],
            "question": "day",
            "at": 1000,
        }
    }


@pytest.mark.parametrize("text", ["M", "/go"])
def test_message_older_than_the_last_answer_is_no_answer(person, talk, text):
    """A redrive brings it. The id of its update says nothing."""
    ada = person(asking(talk, "size", "day"))
    assert ada.send("/go", message_id=30) == "Which size?"
    assert ada.send(text, message_id=29) == "otherwise"
    assert ada.send("L", message_id=32) == "Which day?"
    assert ada.send(text, message_id=31) == "otherwise"
    assert ada.send(" Friday ", message_id=34) == "L on Friday"
    assert ada.session == {}


def test_message_in_another_chat_is_not_older(person, talk):
    ada = person(asking(talk, "size"))
    ada.send("/go", message_id=30)
    private = {"id": ADA["id"], "type": "private"}
    assert ada.send("/go", message_id=5, chat=private) == "Which size?"


def test_answer_must_be_among_the_choices(person, talk):
    where = {"message_thread_id": 3, "reply_markup": {"keyboard": [["S"]]}}
    ada = person(choosing(talk, **where))
    ada.send("/go")
    assert ada.send("XL") == "S or M?"
    assert ada.calls == [{**say({"chat": CHAT}, "S or M?")[0], **where}]
    assert ada.send(photo=[]) == "S or M?"
    assert ada.send("M") == "M"


def test_ask_photo_and_ask_message_take_their_kinds(person, talk):
    def order(message):
        photo = yield talk.ask_photo("photo", say(message, "A photo?"), retry_text="No photo.")
        any_message = yield talk.ask_message("any", say(message, "Anything?"))
        any_message["poll"]["id"] += photo  # what it gets is its own
        yield talk.ask("last", say(message, any_message["poll"]["id"]))

    ada = person(order)
    ada.send("/go")
    assert ada.send("text") == "No photo."
    assert ada.send(photo=[{"file_id": "small"}, {"file_id": "large"}]) == "Anything?"
    assert ada.send(poll={"id": "p"}) == "plarge"
    assert ada.send(photo=[]) == "plarge"


def test_only_the_questions_own_buttons_answer_it(person, talk):
    calls = say({"chat": CHAT}, "Sure?", "yes", "no")

    def order(message):
        first = yield talk.ask_button(
            "first", say(message, "Wait") + calls, retry_text="Press one."
        )
        second = yield talk.ask_button("second", calls)
        return say(message, f"{first} {second}")

    ada = person(order)
    assert ada.send("/go") == "Wait | Sure?"
    yes, _ = ada.buttons()
    assert ada.press("yes") == ada.press(yes[:-3] + "never") == "otherwise"
    assert ada.send("yes") == "Press one."
    assert ada.buttons()[0] == yes
    assert ada.press(yes) == "answerCallbackQuery | Sure?"
    assert ada.calls[0] == {"method": "answerCallbackQuery", "callback_query_id": "p"}
    assert ada.press(yes) == "otherwise"  # of the question before
    assert ada.press(yes.replace(".0.", ".1.")) == "answerCallbackQuery | yes yes"
    ada.send("/go")
    assert ada.press(yes) == "otherwise"  # of the conversation before


def test_buttons_without_callback_data_stay(person, talk):
    def order(message):
        markup = {"inline_keyboard": [[{"text": "t", "url": "https://example.com"}]]}
        [call] = say(message, "Sure?")
        photo, link = {**call, "photo": b"data"}, {**call, "reply_markup": markup}
        yield talk.ask_button("sure", [photo, link])

    ada = person(order)
    ada.send("/go")
    assert ada.calls[0]["photo"] == b"data"
    assert ada.calls[1]["reply_markup"]["inline_keyboard"][0][0]["url"] == "https://example.com"


def test_callback_data_has_room_for_the_mark(person, talk):
    def order(message):
        more = message["text"].removeprefix("/go ")
        yield talk.ask_button("sure", say(message, "Sure?", "ü" * 29 + more))

    ada = person(order)
    ada.send("/go xx")
    assert len(ada.buttons()[0].encode()) == 64
    with pytest.raises(ValueError, match="callback_data of sure must have at most 60 bytes"):
        ada.send("/go xxx")


def test_command_ends_the_conversation(person, talk):
    ada = person(asking(talk, "size", "day"))
    for command in ("/cancel", "/HELP@a_bot", "/x y"):
        ada.send("/go")
        assert ada.send(command) == "otherwise"
        assert ada.session == {}
    ada.send("/go")
    ada.send("S")
    assert ada.send("/Go") == "Which size?"
    assert ada.send("/usr/bin") == "Which day?"


def test_updates_for_others_leave_the_conversation_waiting(person, talk):
    ada = person(asking(talk, "size"))
    assert ada.send("/go@another_bot") == "otherwise"
    assert ada.session == {}
    ada.send("/go@A_Bot")
    for text in ("/go@another_bot", "/help@another_bot"):
        assert ada.send(text) == "otherwise"
    message = {"message_id": 9, "chat": CHAT, "from": ADA, "text": "/go"}
    assert ada.get("edited_message", message) == "otherwise"
    assert ada.get("my_chat_member", {"chat": CHAT, "from": ADA}) == "otherwise"
    assert ada.send("S", person=BOB) == ada.send("/go", person=EVE) == "otherwise"
    assert ada.send("S") == "S"


TEA, BREAD = ({"message_thread_id": id, "is_topic_message": True} for id in (3000, 4000))
ELSEWHERE = [(TEA, BREAD), (TEA, {}), ({}, TEA), ({}, {"chat": {"id": -8, "type": "group"}})]


@pytest.mark.parametrize(("here", "elsewhere"), ELSEWHERE)
def test_message_in_another_chat_or_topic_is_no_answer(person, talk, here, elsewhere):
    ada = person(asking(talk, "size"))  # with SESSION = "user", her session is that of all chats
    ada.send("/go", **here)
    assert ada.send("lunch?", **elsewhere) == "otherwise"
    assert ada.send("S", **here) == "S"


def test_external_result_is_kept_once(person, talk):
    charged = []

    def order(message):
        size = yield talk.ask("size", say(message, "Which size?"))
        receipt = yield talk.external("charge", lambda: charged.append(size) or {"no": 1})
        receipt["no"] += 10  # of its own copy
        day = yield talk.ask("day", say(message, f"Receipt {receipt['no']}. Which day?"))
        yield talk.ask("more", say(message, f"{receipt['no']} on {day}. More?"))

    ada = person(order)
    ada.send("/go")
    assert ada.send("S") == "Receipt 11. Which day?"
    assert ada.send("Friday") == "11 on Friday. More?"
    assert ada.send(photo=[]) == "11 on Friday. More?"
    assert charged == ["S"]


def test_end_changes_the_session_once(person, talk):
    def order(message):
        size = yield talk.ask("size", say(message, "Which size?"))
        return talk.done(
            say(message, "Done"), lambda own: own.setdefault("orders", []).append(size)
        )

    ada = person(order)
    for size in ("S", "M"):
        ada.send("/go")
        assert ada.send(size) == "Done"
    assert ada.session == {"orders": ["S", "M"]}


@pytest.mark.parametrize(
    ("effect", "place"),
    [
        ("telegram.call('getMe')", "before"),
        ("telegram.download('f')", "before"),
        ("aws.call('dynamodb', 'T.GetItem', {})", "before"),
        ("schedule.cancel('tea')", "before"),
        ("telegram.call('getMe')", "at its end"),
    ],
)
def test_conversation_has_no_effects_of_its_own(person, talk, container, effect, place):
    names = {name: container.module(name) for name in ("telegram", "aws", "schedule")}
    settings = container.module("settings").settings
    settings.queue_url, settings.scheduler_role_arn = "https://sqs/1/bot.fifo", "a role"

    def order(message):
        try:
            if place == "before":
                eval(effect, names)  # noqa: S307
            yield talk.ask("size", say(message, "Which size?"))
        finally:
            if place != "before":
                eval(effect, names)  # noqa: S307

    with pytest.raises(ValueError, match=r"belong in `yield external\(…\)`"):
        person(order).send("/go")
    assert container.module("context").current.replaying is None


CHANGED = {
    "day comes instead of size": ["day", "size"],
    "its end comes instead of day": ["size"],
    "external day comes instead of day": ["size", "external day"],
    "it is gone": None,
}


@pytest.mark.parametrize(("reason", "names"), CHANGED.items(), ids=CHANGED)
def test_release_with_other_questions_ends_it(person, talk, caplog, reason, names):
    ada = person(asking(talk, "size", "day"))
    ada.send("/go")
    ada.send("secret")
    sys.modules["bot"].conversation = names and asking(talk, *names)
    assert ada.send("Friday") == "otherwise"
    assert ada.session == {}
    [record] = [*map(vars, caplog.records)]
    assert (record["message"], record["levelname"]) == ("a conversation has ended", "WARNING")
    assert (record["conversation"], record["reason"]) == ("bot:conversation", reason)


@pytest.mark.parametrize("source", [None, "import nothing_like_this"], ids=["removed", "broken"])
def test_only_a_removed_module_ends_its_conversation(person, talk, tmp_path, monkeypatch, source):
    """Containers import it when they need it."""
    monkeypatch.syspath_prepend(tmp_path)
    ada = person(asking(talk, "size"))
    ada.send("/go")
    ada.session["conversation"]["of"] = "tour:trip"
    if source:
        (tmp_path / "tour.py").write_text(source)
        with pytest.raises(ModuleNotFoundError, match="nothing_like_this"):
            ada.send("S")
    else:
        assert ada.send("S") == "otherwise"
    assert ("conversation" in ada.session) == bool(source)


def test_conversation_of_too_many_steps_ends(person, talk, caplog):
    ada = person(asking(talk, *["next"] * 99))
    ada.send("/go")
    assert [ada.send("x") for _ in range(50)] == ["Which next?"] * 50
    assert ada.send("x") == "otherwise"
    assert ada.session == {}
    assert vars(caplog.records[0])["reason"] == "it has more than 50 answers"


@pytest.mark.parametrize("timeout", [0, 60])
def test_expired_conversation_makes_room_for_another(person, talk, monkeypatch, timeout):
    now = 1000
    monkeypatch.setattr(time, "time", lambda: now)
    ada = person(asking(talk, "size"), timeout=timeout)
    ada.send("/go")
    now += timeout
    assert ada.send("/go", person=BOB) == "otherwise"
    now += 1
    assert ada.send("/go", person=BOB) == "Which size?"
    assert ada.session["conversation"]["person"] == BOB["id"]


def test_press_begins_a_conversation(person, talk):
    def order(message):
        yield talk.ask("size", say(message, f"{message['from']['first_name']}, which size?"))

    ada = person(order)
    press = {"from": ADA, "message": {"chat": CHAT, "from": {"id": 42}}}
    [call] = talk.start(order, {"callback_query": press}, ada.session)
    assert call["text"] == "Ada, which size?"
    assert ada.session["conversation"]["id"] == 0  # a test may leave out the update's
    assert ada.send("") == "Ada, which size?"


@pytest.mark.parametrize(
    "update", [{"poll": {}}, {"inline_query": {"from": ADA}}, {"message": {"chat": CHAT}}]
)
def test_conversation_needs_a_person_in_a_chat(talk, update):
    with pytest.raises(ValueError, match="must begin with an update of a person in a chat"):
        talk.start(nothing, update, {})


def test_conversation_needs_a_session_that_is_kept(person, talk, container):
    ada = person(asking(talk, "size"))
    container.module("context").current.session_key = ""
    with pytest.raises(ValueError, match="SESSION in bot.py gives this update no session"):
        ada.send("/go")


@pytest.mark.parametrize("own", ["words", {"size": "S"}])
def test_session_must_not_use_the_name_of_conversations(person, talk, own):
    ada = person(asking(talk, "size"))
    ada.session["conversation"] = own
    with pytest.raises(ValueError, match="use another name for your own data"):
        ada.send("hi")


def nothing(message):
    return []


def test_invalid_conversation_is_rejected(person, talk):
    def wrong(message):
        yield "Which size?"

    def no_calls(message):
        yield talk.ask("size", "Which size?")

    def none(message):
        yield talk.ask("size", [])

    def ends(message):
        yield talk.external("one", int)

    def forgets(message):
        talk.ask("size", say(message, "Which size?"))
        yield talk.ask("day", say(message, "Which day?"))

    def forgets_external(message):
        yield talk.ask("day", say(message, "Which day?"))
        talk.external("size", int)
        return []

    for conversation, words in [
        (nothing, r"conversation\(\) must be a generator, which has a yield"),
        (wrong, r"must yield ask\(…\) or external\(…\)"),
        (no_calls, "the question size must have a list of calls"),
        (none, "the question size must have a list of calls"),
        (ends, "must return a list of calls"),
        (forgets, r"external\(…\): size has no yield"),
        (forgets_external, r"external\(…\): external size has no yield"),
    ]:
        with pytest.raises(ValueError, match=words):
            [*map(person(conversation).send, ("/go", "Friday"))]


def test_question_may_be_made_before_it_is_asked(person, talk):
    size = talk.ask("size", say({"chat": CHAT}, "Which size?"))

    def order(message):
        return say(message, (yield size))

    ada = person(order)
    assert [ada.send("/go"), ada.send("S")] == ["Which size?", "S"]


@pytest.mark.parametrize(
    ("command", "function", "words"),
    [
        *((name, nothing, f'"/order", not {name}') for name in ("go", "/Go", "/go now", "/")),
        ("/go", lambda message: [], "must be a function at the top level of a module"),
    ],
)
def test_conversation_needs_a_command_and_a_name(talk, command, function, words):
    with pytest.raises(ValueError, match=words):
        talk.handler({command: function}, nothing)


SELECTIVE = {"force_reply": True, "selective": True}


def test_question_in_a_group_has_its_person_reply(person, talk):
    """In privacy mode, the bot gets no other answer."""
    ada = person(choosing(talk))
    ada.send("/go", message_id=8)
    to_her = {"message_id": 8, "allow_sending_without_reply": True}
    offer = {"reply_markup": SELECTIVE, "reply_parameters": to_her}
    assert ada.calls == [{**say({"chat": CHAT}, "Which size?")[0], **offer}]
    ada.send("L", message_id=9)
    assert ada.calls == [{**say({"chat": CHAT}, "S or M?")[0], **offer}]
    assert ada.send("s", message_id=10) == "S"
    assert "reply_markup" not in ada.calls[0]
    ada.send("/go", chat={"id": 5, "type": "private"})
    assert "reply_markup" not in ada.calls[0]


# Parameters of a question's call, and what is added to them.
OWN_PARAMETERS = {
    "a keyboard": ({"reply_markup": {"keyboard": [["S", "M"]]}}, {}),
    "another chat": ({"chat_id": 5}, {}),
    "no message": ({"method": "sendChatAction"}, {}),
    "a game, which takes only buttons": ({"method": "sendGame"}, {}),
    "an edit": ({"method": "editMessageText"}, {}),
    "a reply": (
        {"reply_parameters": {"message_id": 3}},
        {"reply_markup": {"force_reply": True}},  # everyone may answer
    ),
}


@pytest.mark.parametrize(("about", "added"), OWN_PARAMETERS.values(), ids=OWN_PARAMETERS)
def test_explicit_parameters_of_a_question_stay(person, talk, about, added):
    ada = person(choosing(talk, **about))
    ada.send("/go")
    assert ada.calls == [{**say({"chat": CHAT}, "Which size?")[0], **about, **added}]
