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
TODAY = "42/2027-01-15"

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
def stubbed(table, chat, model, clock):
    """No test meets AWS, Telegram or the time of day."""


# An answer.


def test_an_answer_grows_as_a_draft_and_ends_as_a_message(bot, chat):
    question = update("Hi")
    assert bot.reply(question) == [said("Hello, Ada.")]
    draft = {"chat_id": 42, "draft_id": question["message"]["message_id"]}
    assert chat.calls == [
        ("sendChatAction", {"chat_id": 42, "action": "typing"}),
        ("sendMessageDraft", {**draft, "text": "Hello …"}),
        ("sendMessageDraft", {**draft, "text": "Hello, Ada. …"}),
    ]


def test_an_answer_in_a_group_is_a_post_that_is_edited(bot, chat):
    question = update("/ask@my_bot Hi", GROUP)
    post = {"method": "editMessageText", "chat_id": -7, "message_id": 900}
    assert bot.reply(question) == [{**post, "text": "Hello, Ada."}]
    reply = {
        "message_id": question["message"]["message_id"],
        "allow_sending_without_reply": True,
    }
    assert chat.calls == [
        ("sendChatAction", {"chat_id": -7, "action": "typing"}),
        ("sendMessage", {"chat_id": -7, "text": "Hello …", "reply_parameters": reply}),
        ("editMessageText", {"chat_id": -7, "message_id": 900, "text": "Hello, Ada. …"}),
    ]


def test_an_answer_stays_in_its_topic(bot, chat):
    topic = {"is_topic_message": True, "message_thread_id": 5}
    bot.reply(update("/ask Hi", GROUP, **topic))
    assert {params.get("message_thread_id") for name, params in chat.calls[:2]} == {5}


@pytest.mark.parametrize("chat_type, pause", [("private", 1.0), ("supergroup", 4.0)])
def test_an_answer_is_shown_at_telegrams_pace(bot, chat, model, clock, chat_type, pause):
    bot.PACE |= {"private": 1.0, "supergroup": 4.0}

    def pieces():
        for piece in "abcdefghi":
            yield piece
            clock.now += pause / 4

    model.pieces = pieces()
    bot.reply(update("/ask Hi", {"id": -7, "type": chat_type}))
    shown = [params["text"] for name, params in chat.calls if "text" in params]
    assert shown == ["a …", "abcde …", "abcdefghi …"]


def test_a_busy_telegram_is_left_alone_until_the_answer_is_whole(bot, chat, model, clock):
    chat.fails["sendMessageDraft"] = busy(retry_after=9)
    assert bot.reply(update("Hi")) == [said("Hello, Ada.")]
    assert chat.texts("sendMessageDraft") == ["Hello …"]


def test_what_fails_to_show_is_shown_in_the_end(bot, chat):
    chat.fails |= {"sendChatAction": Unreachable("x"), "sendMessage": Unreachable("x")}
    bot.reply(update("/ask Hi", GROUP))
    assert chat.texts("sendMessage") == ["Hello …", "Hello, Ada. …"]


# A long answer.

LONG = "\n".join(["An emoji is two units: 🤖 and so on."] * 400)


def test_a_long_answer_is_several_messages(bot, chat, model):
    model.pieces = [LONG]
    [last] = bot.reply(update("Hi"))
    texts = [*chat.texts("sendMessage"), last["text"]]
    assert len(texts) == 4
    assert "\n".join(texts) == LONG
    assert all(len(text.encode("utf-16-le")) <= 2 * 4096 for text in texts)
    assert len(chat.texts("sendMessageDraft")[0].encode("utf-16-le")) <= 2 * 4096


def test_a_long_answer_in_a_group_begins_in_the_post(bot, chat, model):
    model.pieces = ["a", "b" * 4999]
    [last] = bot.reply(update("/ask Hi", GROUP))
    assert chat.texts("editMessageText")[-1] == "a" + "b" * 4093
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


def test_the_model_gets_what_was_said(bot, model, table):
    bot.reply(update("I am Ada"))
    bot.reply(update("Who am I?"))
    assert asked(model) == [
        ("user", "I am Ada"),
        ("assistant", "Hello, Ada."),
        ("user", "Who am I?"),
    ]
    assert model.asked[-1]["modelId"] == "a-model"
    assert model.asked[-1]["system"] == [{"text": bot.SYSTEM}]


def test_only_the_last_texts_are_remembered(bot, model, table):
    for number in range(30):
        bot.QUESTIONS = 100
        bot.reply(update(f"{number}"))
    assert len(table.texts("42")) == bot.REMEMBERED
    assert asked(model)[0] == ("user", "19")


def test_a_conversation_that_has_expired_is_forgotten(bot, model, clock, table):
    bot.reply(update("I am Ada"))
    assert int(table.items["42"]["expires_at"]["N"]) == clock.now + bot.KEPT
    clock.now += bot.KEPT
    bot.reply(update("Who am I?"))
    assert asked(model) == [("user", "Who am I?")]


def test_new_begins_again(bot, model):
    bot.reply(update("I am Ada"))
    assert bot.reply(update("/new")) == [said(bot.NEW)]
    bot.reply(update("Who am I?"))
    assert asked(model) == [("user", "Who am I?")]


def test_chats_and_topics_have_their_own_conversations(bot, model, table):
    bot.reply(update("Hi"))
    bot.reply(update("/ask Hi", GROUP))
    bot.reply(update("/ask Hi", GROUP, is_topic_message=True, message_thread_id=5))
    assert {"42", "-7", "-7/5"} <= set(table.items)
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
def test_who_asks_nothing_is_told_how(bot, model, content):
    assert [call["text"] for call in bot.reply(content)] == [bot.HELP]
    assert model.asked == []


def test_a_question_may_begin_on_the_next_line(bot, model):
    bot.reply(update("/ask\nWho are you?", GROUP))
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
def test_what_is_for_others_gets_no_answer(bot, chat, content):
    assert bot.reply(content) == []
    assert chat.calls == []


# The limit.


def test_a_person_may_ask_so_often_a_day(bot, model, table):
    for _ in range(2):
        bot.reply(update("Hi"))
    bot.reply(update("/ask Hi", GROUP))
    assert bot.reply(update("Hi")) == [said(bot.ENOUGH)]
    assert len(model.asked) == 3
    assert int(table.items[TODAY]["expires_at"]["N"]) > DATE + 24 * 3600
    # Another person, and another day.
    assert bot.reply(update("Hi", **{"from": {"id": 43}})) == [said("Hello, Ada.")]
    assert bot.reply(update("Hi", date=DATE + 24 * 3600)) == [said("Hello, Ada.")]


def test_an_anonymous_admin_is_the_group(bot, table):
    bot.reply(
        update("/ask Hi", GROUP, sender_chat={"id": -7}, **{"from": {"id": 1, "is_bot": True}})
    )
    assert "-7/2027-01-15" in table.items


def test_a_question_without_an_answer_doesnt_count(bot, model, table):
    model.pieces, model.error = [], throttled()
    bot.reply(update("Hi"))
    assert table.items[TODAY]["asked"] == set()


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
def test_a_model_that_fails_ends_in_a_sentence(bot, model, table, error, caplog):
    model.error = error
    assert bot.reply(update("Hi")) == [said("Hello, Ada." + bot.BREAKS_OFF)]
    assert table.texts("42") == ["Hi", "Hello, Ada." + bot.BREAKS_OFF]
    model.pieces = []
    assert bot.reply(update("Hello?")) == [said(bot.NO_ANSWER)]
    assert table.texts("42")[:1] == ["Hi"], "what was said before is kept"
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
    assert "Hello" not in caplog.text


@pytest.mark.parametrize("pieces", [[], ["", " \n"]])
def test_an_empty_answer_ends_in_a_sentence(bot, chat, model, table, pieces):
    model.pieces = pieces
    assert bot.reply(update("Hi")) == [said(bot.NO_ANSWER)]
    assert chat.texts("sendMessageDraft") == []
    assert "42" not in table.items


def test_an_answer_that_is_too_long_for_the_model_says_so(bot, model):
    model.stop = "max_tokens"
    assert bot.reply(update("Hi")) == [said("Hello, Ada." + bot.BREAKS_OFF)]


def test_an_answer_that_takes_minutes_breaks_off(bot, model, clock):
    def pieces():
        for number in range(10):
            yield f"{number} "
            clock.now += 40

    model.pieces = pieces()
    assert bot.reply(update("Hi")) == [said("0 1 2 3" + bot.BREAKS_OFF)]


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "closes"])
def test_a_model_that_falls_silent_breaks_off(bot, client, hangs):
    client(hangs)
    assert bot.reply(update("Hi")) == [said("Hello" + bot.BREAKS_OFF)]


def test_all_of_it_is_over_before_the_function_times_out(bot):
    configuration = (Path(__file__).parent / "main.tf").read_text()
    limit = int(re.search(r"\btimeout += (\d+)", configuration)[1])
    until_the_first_word = 2 * (5 + bot.SILENCE) + 20  # two attempts, and boto3's longest pause
    assert max(until_the_first_word, bot.LONGEST) + bot.SILENCE < limit


# An update that comes twice.


def test_an_answer_that_did_not_arrive_is_sent_again_and_not_made_again(bot, chat, model, table):
    question = update("Hi")
    assert bot.reply(question) == [said("Hello, Ada.")]
    kept, calls = str(table.items), len(chat.calls)
    assert bot.reply(question) == [said("Hello, Ada.")]
    assert (len(model.asked), len(chat.calls), str(table.items)) == (1, calls, kept)


def test_a_post_that_is_there_is_edited_by_the_second_try(bot, chat, model, table):
    question = update("/ask Hi", GROUP)
    model.error = KeyboardInterrupt()  # as when the container is ended
    with pytest.raises(KeyboardInterrupt):
        bot.reply(question)
    model.error = None
    [call] = bot.reply(question)
    assert (call["message_id"], call["text"]) == (900, "Hello, Ada.")
    assert len(chat.texts("sendMessage")) == 1
    assert table.items["42/2027-01-15"]["asked"] == {str(question["update_id"])}
    # The next question gets its own post.
    [call] = bot.reply(update("/ask Hi", GROUP))
    assert call["message_id"] == 901


def test_a_part_that_is_refused_for_now_comes_again(bot, chat, model):
    model.pieces = [LONG]
    chat.fails["sendMessage"] = busy()
    question = update("Hi")
    with pytest.raises(Refused):
        bot.reply(question)
    [last] = bot.reply(question)
    assert "\n".join([*chat.texts("sendMessage")[1:], last["text"]]) == LONG
    assert len(model.asked) == 1


def test_a_part_that_is_shown_already_is_no_error(bot, chat, model):
    model.pieces = ["a", "b" * 4999]
    question = update("/ask Hi", GROUP)
    bot.reply(question)
    chat.fails["editMessageText"] = Refused("x", 400, "Bad Request: message is not modified", {})
    assert [call["text"] for call in bot.reply(question)] == ["b" * 906]


def test_a_limit_that_is_reached_by_this_question_stays_open_for_it(bot, model):
    for _ in range(2):
        bot.reply(update("Hi"))
    last = update("Hi")
    model.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        bot.reply(last)
    model.error = None
    assert bot.reply(last) == [said("Hello, Ada.")]
