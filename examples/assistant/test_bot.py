"""Tests of the assistant: what it asks the model, what people see, and what it keeps."""

import itertools
import re
from pathlib import Path

import pytest
from botkit.errors import Refused, Unreachable
from botocore.exceptions import ClientError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
PRIVATE = {"id": 42, "type": "private"}
GROUP = {"id": -7, "type": "supergroup"}
DATE = 1_800_000_000  # 15 January 2027, 8:00 UTC
TODAY = "questions of 42 on 2027-01-15"

numbers = itertools.count(1)


def update(text, chat=PRIVATE, **content):
    number = next(numbers)
    message = {"message_id": number, "date": DATE, "from": ADA, "chat": chat, "text": text}
    return {"update_id": 1000 + number, "message": message | content}


def said(text, chat=PRIVATE):
    """Return the call that says a text in a private chat."""
    return {"method": "sendMessage", "chat_id": chat["id"], "text": text}


def busy(retry_after=9):
    description = f"Too Many Requests: retry after {retry_after}"
    return Refused("a method", 429, description, {"retry_after": retry_after})


def throttled():
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "Converse")


@pytest.fixture(autouse=True)
def stubbed(kept, chat, model, clock):
    """No test meets AWS, Telegram or the time of day."""


# An answer.


def test_an_answer_grows_as_a_draft_and_ends_as_a_message(chat, reply):
    question = update("Hi")
    assert reply(question) == [said("Hello, Ada.")]
    draft = {"chat_id": 42, "draft_id": question["message"]["message_id"]}
    assert chat.calls == [
        ("sendChatAction", {"chat_id": 42, "action": "typing"}),
        ("sendMessageDraft", {**draft, "text": "Hello …"}),
        ("sendMessageDraft", {**draft, "text": "Hello, Ada. …"}),
    ]


def test_an_answer_in_a_group_is_a_post_that_is_edited(chat, reply):
    question = update("/ask@my_bot Hi", GROUP)
    post = {"method": "editMessageText", "chat_id": -7, "message_id": 900}
    assert reply(question) == [{**post, "text": "Hello, Ada."}]
    reply = {
        "message_id": question["message"]["message_id"],
        "allow_sending_without_reply": True,
    }
    assert chat.calls == [
        ("sendChatAction", {"chat_id": -7, "action": "typing"}),
        ("sendMessage", {"chat_id": -7, "text": "Hello …", "reply_parameters": reply}),
        ("editMessageText", {"chat_id": -7, "message_id": 900, "text": "Hello, Ada. …"}),
    ]


def test_an_answer_stays_in_its_topic(chat, reply):
    topic = {"is_topic_message": True, "message_thread_id": 5}
    reply(update("/ask Hi", GROUP, **topic))
    assert {params.get("message_thread_id") for name, params in chat.calls[:2]} == {5}


@pytest.mark.parametrize("chat_type, pause", [("private", 1.0), ("supergroup", 4.0)])
def test_an_answer_is_shown_at_telegrams_pace(bot, chat, model, clock, chat_type, pause, reply):
    bot.PACE |= {"private": 1.0, "supergroup": 4.0}

    def pieces():
        for piece in "abcdefghi":
            yield piece
            clock.now += pause / 4

    model.pieces = pieces()
    reply(update("/ask Hi", {"id": -7, "type": chat_type}))
    shown = [params["text"] for name, params in chat.calls if "text" in params]
    assert shown == ["a …", "abcde …", "abcdefghi …"]


def test_a_busy_telegram_is_left_alone_until_the_answer_is_whole(chat, model, clock, reply):
    chat.fails["sendMessageDraft"] = busy(retry_after=9)
    assert reply(update("Hi")) == [said("Hello, Ada.")]
    assert chat.texts("sendMessageDraft") == ["Hello …"]


def test_what_fails_to_show_is_shown_in_the_end(chat, reply):
    chat.fails |= {"sendChatAction": Unreachable("x"), "sendMessage": Unreachable("x")}
    reply(update("/ask Hi", GROUP))
    assert chat.texts("sendMessage") == ["Hello …", "Hello, Ada. …"]


# A long answer.

LONG = "\n".join(["An emoji is two units: 🤖 and so on."] * 400)


def test_a_long_answer_is_several_messages(chat, model, reply):
    model.pieces = [LONG]
    texts = [call["text"] for call in reply(update("Hi"))]
    assert len(texts) == 4
    assert "\n".join(texts) == LONG
    assert all(len(text.encode("utf-16-le")) <= 2 * 4096 for text in texts)
    assert len(chat.texts("sendMessageDraft")[0].encode("utf-16-le")) <= 2 * 4096


def test_a_long_answer_in_a_group_begins_in_the_post(chat, model, reply):
    model.pieces = ["a", "b" * 4999]
    first, last = reply(update("/ask Hi", GROUP))
    assert (first["method"], first["text"]) == ("editMessageText", "a" + "b" * 4093)
    assert (last["method"], last["text"]) == ("sendMessage", "b" * 906)


def test_parts_end_with_a_line_or_else_a_word(bot):
    bot.MAX_TEXT = 10
    assert bot.split("one two\nthree four") == ["one two", "three four"]
    assert bot.split("one two three") == ["one two", "three"]
    assert bot.split("a bcdefghijklm") == ["a bcdefghi", "jklm"]
    assert bot.split("") == []


# What the model is asked.


def asked(model):
    """Return the last conversation that the model was asked to go on with."""
    return [(each["role"], each["content"][0]["text"]) for each in model.asked[-1]["messages"]]


def test_the_model_gets_what_was_said(bot, model, reply):
    reply(update("I am Ada"))
    reply(update("Who am I?"))
    assert asked(model) == [
        ("user", "I am Ada"),
        ("assistant", "Hello, Ada."),
        ("user", "Who am I?"),
    ]
    assert model.asked[-1]["modelId"] == "a-model"
    assert model.asked[-1]["system"] == [{"text": bot.SYSTEM}]


def test_only_the_last_texts_are_remembered(bot, model, kept, reply):
    for number in range(30):
        bot.QUESTIONS = 100
        reply(update(f"{number}"))
    assert len(kept.texts("42")) == bot.REMEMBERED
    assert asked(model)[0] == ("user", "19")


def test_new_begins_again(bot, model, reply):
    reply(update("I am Ada"))
    assert reply(update("/new")) == [said(bot.NEW)]
    reply(update("Who am I?"))
    assert asked(model) == [("user", "Who am I?")]


def test_chats_and_topics_have_their_own_conversations(model, kept, reply):
    reply(update("Hi"))
    reply(update("/ask Hi", GROUP))
    reply(update("/ask Hi", GROUP, is_topic_message=True, message_thread_id=5))
    assert {"42", "-7", "-7/5"} <= set(kept)
    assert asked(model) == [("user", "Hi")]


# What gets no answer of the model's.


@pytest.mark.parametrize(
    "content",
    [
        update("/start"),
        update("/help@my_bot"),
        update("/ask"),
        update("/ask  \n", GROUP),
        update("", photo=[]),
        update(" "),
    ],
    ids=lambda content: repr(content["message"]["text"]),
)
def test_who_asks_nothing_is_told_how(bot, model, content, reply):
    assert [call["text"] for call in reply(content)] == [bot.HELP]
    assert model.asked == []


def test_a_question_may_begin_on_the_next_line(model, reply):
    reply(update("/ask\nWho are you?", GROUP))
    assert asked(model) == [("user", "Who are you?")]


@pytest.mark.parametrize(
    "content",
    [
        update("Hi", GROUP),
        update("/other", GROUP),
        update("/ask Hi", GROUP, **{"from": {"id": 1, "is_bot": True}}),
        update("/ask Hi", GROUP, sender_chat={"id": -9}, is_automatic_forward=True),
    ],
    ids=["talk", "another bot's command", "a bot", "a channel's post"],
)
def test_what_is_for_others_gets_no_answer(chat, content, reply):
    assert reply(content) == []
    assert chat.calls == []


# The limit.


def test_a_person_may_ask_so_often_a_day(bot, model, reply):
    for _ in range(2):
        reply(update("Hi"))
    reply(update("/ask Hi", GROUP))
    assert reply(update("Hi")) == [said(bot.ENOUGH)]
    assert len(model.asked) == 3
    # Another person, and another day.
    assert reply(update("Hi", **{"from": {"id": 43}})) == [said("Hello, Ada.")]
    assert reply(update("Hi", date=DATE + 24 * 3600)) == [said("Hello, Ada.")]


def test_an_anonymous_admin_is_the_group(kept, reply):
    reply(update("/ask Hi", GROUP, sender_chat={"id": -7}, **{"from": {"id": 1, "is_bot": True}}))
    assert "questions of -7 on 2027-01-15" in kept


def test_a_question_without_an_answer_doesnt_count(model, kept, reply):
    model.pieces, model.error = [], throttled()
    reply(update("Hi"))
    assert kept[TODAY]["asked"] == []


# A model that fails.


@pytest.mark.parametrize(
    "error",
    [
        throttled(),
        EventStreamError({"Error": {"Code": "modelStreamErrorException"}}, "ConverseStream"),
        ReadTimeoutError(endpoint_url="https://bedrock"),
        ProtocolError("Connection broken"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_model_that_fails_ends_in_a_sentence(bot, model, kept, error, caplog, reply):
    model.error = error
    assert reply(update("Hi")) == [said("Hello, Ada." + bot.BREAKS_OFF)]
    assert kept.texts("42") == ["Hi", "Hello, Ada." + bot.BREAKS_OFF]
    model.pieces = []
    assert reply(update("Hello?")) == [said(bot.NO_ANSWER)]
    assert kept.texts("42")[:1] == ["Hi"], "what was said before is kept"
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
    assert "Hello" not in caplog.text


@pytest.mark.parametrize("pieces", [[], ["", " \n"]])
def test_an_empty_answer_ends_in_a_sentence(bot, chat, model, kept, pieces, reply):
    model.pieces = pieces
    assert reply(update("Hi")) == [said(bot.NO_ANSWER)]
    assert chat.texts("sendMessageDraft") == []
    assert kept["42"] == {}


def test_an_answer_that_is_too_long_for_the_model_says_so(bot, model, reply):
    model.stop = "max_tokens"
    assert reply(update("Hi")) == [said("Hello, Ada." + bot.BREAKS_OFF)]


def test_an_answer_that_takes_minutes_breaks_off(bot, model, clock, reply):
    def pieces():
        for number in range(10):
            yield f"{number} "
            clock.now += 40

    model.pieces = pieces()
    assert reply(update("Hi")) == [said("0 1 2 3" + bot.BREAKS_OFF)]


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "closes"])
def test_a_model_that_falls_silent_breaks_off(bot, client, hangs, reply):
    client(hangs)
    assert reply(update("Hi")) == [said("Hello" + bot.BREAKS_OFF)]


def test_all_of_it_is_over_before_the_function_times_out(bot):
    configuration = (Path(__file__).parent / "main.tf").read_text()
    limit = int(re.search(r"\btimeout += (\d+)", configuration)[1])
    until_the_first_word = 2 * (5 + bot.SILENCE) + 20  # two attempts, and boto3's longest pause
    assert max(until_the_first_word, bot.LONGEST) + bot.SILENCE < limit


# An update that comes twice.


def test_a_post_that_is_there_is_edited_by_the_second_try(chat, model, kept, reply):
    question = update("/ask Hi", GROUP)
    model.error = KeyboardInterrupt()  # as when the container is ended
    with pytest.raises(KeyboardInterrupt):
        reply(question)
    model.error = None
    [call] = reply(question)
    assert (call["message_id"], call["text"]) == (900, "Hello, Ada.")
    assert len(chat.texts("sendMessage")) == 1
    assert kept[TODAY]["asked"] == [question["update_id"]]
    # The next question gets its own post.
    [call] = reply(update("/ask Hi", GROUP))
    assert call["message_id"] == 901


def test_a_limit_that_is_reached_by_this_question_stays_open_for_it(model, reply):
    for _ in range(2):
        reply(update("Hi"))
    last = update("Hi")
    model.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        reply(last)
    model.error = None
    assert reply(last) == [said("Hello, Ada.")]
