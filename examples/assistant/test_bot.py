"""Tests of the assistant: what it asks the model, what people see, and what it keeps."""

import itertools
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from botkit.aws import ClientError
from botkit.deadline import RESERVES
from botkit.errors import Unreachable

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


def answered(text):
    """Return the calls that leave an answer: as Markdown, and as text if Telegram refuses that."""
    rich = {"chat_id": 42, "rich_message": {"markdown": text}, "instead_of": 1}
    return [{"method": "sendRichMessage", **rich}, said(text)]


def markdown_of(calls):
    return [call["rich_message"]["markdown"] for call in calls]


def throttled():
    return Unreachable("bedrock-runtime: ThrottlingException: slow")


class Model:
    """Bedrock: it answers in chunks, and raises `error` after them if there is one.

    A chunk that is None is a second of silence.
    """

    def __init__(self):
        self.chunks = ["Hello", ", Ada."]
        self.thoughts = []
        self.stop = "end_turn"
        self.error = None

    def events(self, body):
        yield {"messageStart": {"role": "assistant"}}
        for thought in self.thoughts:
            delta = {"reasoningContent": {"text": thought}}
            yield {"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}}
        for chunk in self.chunks:
            word = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": chunk}}}
            yield {} if chunk is None else word
        if self.error:
            raise self.error
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": self.stop}}
        yield {"metadata": {"usage": {}}}


@pytest.fixture
def model(aws):
    model = Model()
    aws.results["/model/a-model%3A0/converse-stream"] = model.events
    return model


@pytest.fixture(autouse=True)
def environment(monkeypatch, calls, model, no_pauses):
    """No test meets AWS, Telegram or a pause."""
    monkeypatch.setenv("MODEL", "a-model:0")
    monkeypatch.setenv("QUESTIONS", "3")


@pytest.fixture(autouse=True)
def clock(environment, bot, monkeypatch):
    """The bot's clock, which stands still: `clock.now` is its time."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    standing = SimpleNamespace(
        gmtime=time.gmtime,
        monotonic=lambda: clock.now,
        sleep=lambda seconds: None,
        strftime=time.strftime,
    )
    monkeypatch.setattr(bot, "time", standing)
    return clock


@pytest.fixture
def reply(bot, sessions):
    """Have the bot answer an update, with the session of its chat or topic."""

    def reply(update):
        message = update["message"]
        key = f"{message['chat']['id']}"
        if message.get("is_topic_message"):
            key += f"/{message['message_thread_id']}"
        session = sessions.read(key)
        answer = bot.reply(update, session)
        sessions[key] = session
        return answer

    return reply


# An answer.


def test_an_answer_grows_as_a_draft_and_ends_as_a_message(calls, reply):
    question = update("Hi")
    assert reply(question) == answered("Hello, Ada.")
    first, *drafts = calls
    assert (first["method"], first["text"]) == ("sendMessageDraft", "")
    assert markdown_of(drafts) == ["Hello …", "Hello, Ada. …"]
    assert all(draft["can_stop"] for draft in calls)


def test_what_the_model_thinks_is_shown_until_it_speaks(calls, model, reply):
    model.thoughts = ["A greeting"]
    reply(update("Hi"))
    thought, *answer = markdown_of(calls.of("sendRichMessageDraft"))
    assert thought == "<tg-thinking>A greeting</tg-thinking>"
    assert "greeting" not in "".join(answer)


def test_an_answer_in_a_group_is_a_post_that_is_edited(calls, reply):
    question = update("/ask@a_bot Hi", GROUP)
    assert reply(question) == []
    assert markdown_of(calls.of("sendRichMessage")) == ["Hello …"]
    assert markdown_of(calls.of("editMessageText")) == ["Hello, Ada. …", "Hello, Ada."]


def test_an_answer_stays_in_its_topic(calls, reply):
    topic = {"is_topic_message": True, "message_thread_id": 5}
    reply(update("/ask Hi", GROUP, **topic))
    assert {params.get("message_thread_id") for params in calls[:2]} == {5}
    assert reply(update("/help", GROUP, **topic))[0]["message_thread_id"] == 5


def test_a_long_answer_is_several_messages(model, reply):
    model.chunks = ["word " * 10_000]
    texts = markdown_of(call for call in reply(update("Hi")) if "rich_message" in call)
    assert len(texts) == 2
    assert " ".join(texts).split() == ["word"] * 10_000


# Stop.


@pytest.fixture
def press(bot, model):
    """Have Stop be pressed after so many chunks of the next answer."""

    def press(question, after):
        stopped = {"chat": PRIVATE, "draft_id": question["message"]["message_id"]}
        chunks = model.chunks

        def until_pressed():
            yield from chunks[:after]
            update = {"update_id": 1, "stopped_message_generation": stopped}
            assert bot.reply(update, session := {}) == []
            assert session == {}
            yield from chunks[after:]

        model.chunks = until_pressed()

    return press


def test_stop_ends_an_answer_and_what_was_said_is_known(model, sessions, press, reply):
    model.chunks = ["Once", " upon", " a", " time"]
    press(question := update("Tell me"), after=1)
    assert reply(question) == answered("Once upon")
    assert sessions["42"]["texts"] == ["Tell me", "Once upon"]
    assert sessions[TODAY]["asked"] == [question["update_id"]]


def test_stop_before_the_first_word_leaves_nothing_and_counts(model, sessions, press, reply):
    model.chunks = ["", "Once"]
    press(question := update("Tell me"), after=0)
    assert reply(question) == []
    assert sessions["42"] == {}
    assert sessions[TODAY]["asked"] == [question["update_id"]]


# The requests to the model.


def asked(aws):
    """Return the last conversation that the model got."""
    _, body = aws.asked[-1]
    return [(each["role"], each["content"][0]["text"]) for each in body["messages"]]


def test_the_model_gets_what_was_said(bot, aws, reply):
    reply(update("I am Ada"))
    reply(update("Who am I?"))
    assert asked(aws) == [
        ("user", "I am Ada"),
        ("assistant", "Hello, Ada."),
        ("user", "Who am I?"),
    ]
    path, body = aws.asked[-1]
    assert path == "/model/a-model%3A0/converse-stream"
    assert body["system"] == [{"text": bot.SYSTEM}]


def test_only_the_last_texts_are_remembered(bot, aws, sessions, reply):
    for number in range(30):
        bot.QUESTIONS = 100
        reply(update(f"{number}"))
    assert len(sessions["42"]["texts"]) == bot.REMEMBERED
    assert asked(aws)[0] == ("user", "19")


def test_new_begins_again(bot, aws, reply):
    reply(update("I am Ada"))
    assert reply(update("/new")) == [said(bot.NEW)]
    reply(update("Who am I?"))
    assert asked(aws) == [("user", "Who am I?")]


def test_another_bots_command_is_not_the_bots(aws, reply):
    reply(update("/ask I am Ada", GROUP))
    for text in ("/new@another_bot", "/ask@another_bot Hi"):
        assert reply(update(text, GROUP)) == []
    reply(update("/ask Who am I?", GROUP))
    assert ("user", "I am Ada") in asked(aws)


def test_chats_and_topics_have_their_own_conversations(aws, sessions, reply):
    reply(update("Hi"))
    reply(update("/ask Hi", GROUP))
    reply(update("/ask Hi", GROUP, is_topic_message=True, message_thread_id=5))
    assert {"42", "-7", "-7/5"} <= set(sessions)
    assert asked(aws) == [("user", "Hi")]


# A model elsewhere: its form of stream is that of the documentation.

# https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
OPENAI = """\
data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,\
"model":"a-model:0","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,\
"finish_reason":null}]}

data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,\
"model":"a-model:0","choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}]}

data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,\
"model":"a-model:0","choices":[{"index":0,"delta":{"content":", Ada."},"logprobs":null,\
"finish_reason":null}]}

data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,\
"model":"a-model:0","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}

data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,\
"model":"a-model:0","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}

data: [DONE]

"""
# https://openrouter.ai/docs/api/reference/streaming and …/docs/use-cases/reasoning-tokens
OPENROUTER = """\
: OPENROUTER PROCESSING

data: {"id":"gen-1","choices":[{"index":0,"delta":{"role":"assistant","content":"",\
"reasoning":"A greeting"},"finish_reason":null}]}

: OPENROUTER PROCESSING

data: {"id":"gen-1","choices":[{"index":0,"delta":{"content":"Hello, Ada."},\
"finish_reason":"stop"}]}

data: [DONE]

"""
# https://api-docs.deepseek.com/guides/thinking_mode
DEEPSEEK = """\
data: {"id":"1","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"A greeting"},\
"finish_reason":null}]}

data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hello, Ada.","reasoning_content":null},\
"finish_reason":null}]}

data: {"id":"1","choices":[{"index":0,"delta":{"content":"","reasoning_content":null},\
"finish_reason":"stop"}],"usage":{"completion_tokens":9}}

data: [DONE]

"""
# https://platform.claude.com/docs/en/build-with-claude/streaming
ANTHROPIC = """\
event: message_start
data: {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", \
"content": [], "model": "a-model:0", "stop_reason": null, "stop_sequence": null, \
"usage": {"input_tokens": 25, "output_tokens": 1}}}

event: content_block_start
data: {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", \
"thinking": "", "signature": ""}}

event: content_block_delta
data: {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", \
"thinking": "A greeting"}}

event: content_block_delta
data: {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", \
"signature": "EqQBCgIYAhIM"}}

event: content_block_stop
data: {"type": "content_block_stop", "index": 0}

event: content_block_start
data: {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello"}}

event: content_block_delta
data: {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": ", Ada."}}

event: content_block_stop
data: {"type": "content_block_stop", "index": 1}

event: message_delta
data: {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, \
"usage": {"output_tokens": 15}}

event: message_stop
data: {"type": "message_stop"}

"""
CHAT = "https://api.example.com/v1/chat/completions"
MESSAGES = "https://api.example.com/v1/messages"
FORMS = {
    "OpenAI": (CHAT, OPENAI),
    "OpenRouter": (CHAT, OPENROUTER),
    "DeepSeek": (CHAT, DEEPSEEK),
    "Anthropic": (MESSAGES, ANTHROPIC),
}


@pytest.fixture
def elsewhere(bot, aws, sse, monkeypatch):
    """Have the model be at a URL, and answer with a stream."""

    def elsewhere(url, stream):
        monkeypatch.setattr(bot.models, "URL", url)
        monkeypatch.setenv("MODEL_KEY", "/assistant-bot/model-key")
        aws.results["GetParameter"] = {"Parameter": {"Value": "a-key"}}
        sse.results[url] = stream

    return elsewhere


@pytest.mark.parametrize("form", FORMS)
def test_a_model_elsewhere_answers(calls, elsewhere, form, reply):
    elsewhere(*FORMS[form])
    assert reply(update("Hi")) == answered("Hello, Ada.")
    thoughts = "<tg-thinking>A greeting</tg-thinking>"
    assert (thoughts in markdown_of(calls.of("sendRichMessageDraft"))) == (form != "OpenAI")


def test_a_model_like_openais_gets_what_was_said(bot, elsewhere, sse, reply):
    elsewhere(CHAT, OPENAI)
    reply(update("I am Ada"))
    reply(update("Who am I?"))
    said = ["I am Ada", "Hello, Ada.", "Who am I?"]
    roles = ["system", "user", "assistant", "user"]
    pairs = zip(roles, [bot.SYSTEM, *said], strict=True)
    body = {
        "model": "a-model:0",
        "messages": [{"role": role, "content": text} for role, text in pairs],
        "max_completion_tokens": bot.models.MAX_TOKENS,
        "stream": True,
    }
    assert sse.asked[-1] == (CHAT, body, {"Authorization": "Bearer a-key"})


def test_a_model_like_anthropics_gets_what_was_said(bot, elsewhere, sse, reply):
    elsewhere(MESSAGES, ANTHROPIC)
    reply(update("I am Ada"))
    reply(update("Who am I?"))
    said = ["I am Ada", "Hello, Ada.", "Who am I?"]
    pairs = zip(["user", "assistant", "user"], said, strict=True)
    body = {
        "model": "a-model:0",
        "system": bot.SYSTEM,
        "messages": [{"role": role, "content": text} for role, text in pairs],
        "max_tokens": bot.models.MAX_TOKENS,
        "stream": True,
    }
    headers = {"X-Api-Key": "a-key", "Anthropic-Version": "2023-06-01"}
    assert sse.asked[-1] == (MESSAGES, body, headers)


def test_the_key_is_fetched_once_unless_the_model_fails(aws, elsewhere, sse, reply):
    elsewhere(CHAT, OPENAI)
    for _ in range(2):
        reply(update("Hi"))
    [(name, params)] = aws.asked
    assert name == "GetParameter"
    assert params == {"Name": "/assistant-bot/model-key", "WithDecryption": True}
    sse.results[CHAT] = Unreachable("api.example.com: HTTP 401")
    reply(update("Hi"))
    assert len(aws.asked) == 2, "the retry fetches it again"


HELLO = 'data: {"choices":[{"delta":{"content":"Hello, Ada."}}]}\n\n'
# Each answer ends too early. Errors are those of OpenRouter and Anthropic, from the same pages.
CUT = {
    "length": HELLO
    + 'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
    "error": HELLO + 'data: {"error":{"code":502,"message":"no"},"choices":[]}\n\n',
    "overloaded": HELLO
    + 'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
    "a text": HELLO + 'data: {"error":"no"}\n\n',
    "not JSON": HELLO + "data: {\n\n",
    "no end": HELLO,
}


@pytest.mark.parametrize("stream", CUT.values(), ids=CUT)
def test_a_model_elsewhere_may_break_off(bot, elsewhere, stream, reply):
    elsewhere(CHAT, stream)
    assert reply(update("Hi")) == answered("Hello, Ada." + bot.BREAKS_OFF)


def test_an_empty_account_elsewhere_ends_in_a_sentence(bot, elsewhere, sse, caplog, reply):
    elsewhere(MESSAGES, Unreachable("api.example.com: HTTP 402"))
    assert reply(update("Hi")) == answered(bot.NO_ANSWER)
    assert len(sse.asked) == 2
    assert "HTTP 402" in caplog.text


# Messages that get no answer of the model's.


@pytest.mark.parametrize(
    "content",
    [
        update("/start"),
        update("/help@a_bot"),
        update("/ask"),
        update("/ask  \n", GROUP),
        update("", photo=[]),
        update(" "),
    ],
    ids=lambda content: repr(content["message"]["text"]),
)
def test_who_asks_nothing_is_told_how(bot, aws, content, reply):
    assert [call["text"] for call in reply(content)] == [bot.HELP]
    assert aws.asked == []


def test_a_question_may_begin_on_the_next_line(aws, reply):
    reply(update("/ask\nWho are you?", GROUP))
    assert asked(aws) == [("user", "Who are you?")]


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
def test_what_is_for_others_gets_no_answer(calls, content, reply):
    assert reply(content) == []
    assert calls == []


# The limit.


def test_a_person_may_ask_so_often_a_day(bot, aws, reply):
    for _ in range(2):
        reply(update("Hi"))
    reply(update("/ask Hi", GROUP))
    assert reply(update("Hi")) == [said(bot.ENOUGH)]
    assert len(aws.asked) == 3
    # Another person, and another day.
    assert reply(update("Hi", **{"from": {"id": 43}})) == answered("Hello, Ada.")
    assert reply(update("Hi", date=DATE + 24 * 3600)) == answered("Hello, Ada.")


def test_an_anonymous_admin_is_the_group(sessions, reply):
    reply(update("/ask Hi", GROUP, sender_chat={"id": -7}, **{"from": {"id": 1, "is_bot": True}}))
    assert "questions of -7 on 2027-01-15" in sessions


def test_a_question_without_an_answer_doesnt_count(model, sessions, reply):
    model.chunks, model.error = [], throttled()
    reply(update("Hi"))
    assert sessions[TODAY]["asked"] == []


# A model that fails.


@pytest.mark.parametrize(
    "error",
    [throttled(), ClientError("ValidationException", "Hello is no model")],
    ids=["not now", "not at all"],
)
def test_a_model_that_fails_ends_in_a_sentence(bot, model, sessions, error, caplog, reply):
    model.error = error
    assert reply(update("Hi")) == answered("Hello, Ada." + bot.BREAKS_OFF)
    assert sessions["42"]["texts"] == ["Hi", "Hello, Ada." + bot.BREAKS_OFF]
    model.chunks = []
    assert reply(update("Hello?")) == answered(bot.NO_ANSWER)
    assert sessions["42"]["texts"][:1] == ["Hi"], "what was said before is kept"
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert "Hello" not in caplog.text


def test_a_model_that_is_busy_is_asked_once_more(bot, aws, model, reply):
    model.chunks, model.error = [], throttled()
    assert reply(update("Hi")) == answered(bot.NO_ANSWER)
    assert len(aws.asked) == 2
    model.error = ClientError("ValidationException", "no")
    assert reply(update("Hi")) == answered(bot.NO_ANSWER)
    assert len(aws.asked) == 3


@pytest.mark.parametrize("chunks", [[], ["", " \n"]])
def test_an_empty_answer_ends_in_a_sentence(bot, calls, model, sessions, chunks, reply):
    model.chunks = chunks
    assert reply(update("Hi")) == answered(bot.NO_ANSWER)
    assert {*calls.texts("sendMessageDraft")} == {""}
    assert {*markdown_of(calls.of("sendRichMessageDraft"))} <= {bot.NO_ANSWER + " …"}
    assert sessions["42"] == {}
    assert sessions[TODAY]["asked"] == []


def test_an_answer_that_is_too_long_for_the_model_says_so(bot, model, reply):
    model.stop = "max_tokens"
    assert reply(update("Hi")) == answered("Hello, Ada." + bot.BREAKS_OFF)


def test_an_answer_that_takes_minutes_breaks_off(bot, model, clock, reply):
    def chunks():
        for number in range(10):
            yield f" {number}"
            clock.now += 40

    model.chunks = chunks()
    assert reply(update("Hi")) == answered("0 1 2 3" + bot.BREAKS_OFF)


def test_a_model_that_says_nothing_for_a_minute_breaks_off(bot, model, clock, reply):
    def chunks():
        for word in ("Hello", None, None, ", Ada", *[None] * 5, " and too late"):
            yield word
            clock.now += 15

    model.chunks = chunks()
    assert reply(update("Hi")) == answered("Hello, Ada" + bot.BREAKS_OFF)


def test_all_of_it_is_over_before_the_function_times_out(bot):
    configuration = (Path(__file__).parent / "main.tf").read_text()
    limit = int(re.search(r"\btimeout += (\d+)", configuration)[1])
    first = bot.SILENCE + 1  # without a word, and the pause before the retry
    assert first + bot.LONGEST + RESERVES["stream"] < limit


# An update that comes twice.


def test_a_post_that_is_there_is_edited_by_the_second_try(calls, model, sessions, reply):
    question = update("/ask Hi", GROUP)
    model.error = KeyboardInterrupt()  # as when the container is ended
    with pytest.raises(KeyboardInterrupt):
        reply(question)
    model.error = None
    reply(question)
    post = {"chat_id": -7, "message_id": 900, "rich_message": {"markdown": "Hello, Ada."}}
    assert calls[-1] == {"method": "editMessageText", **post}
    assert len(calls.of("sendRichMessage")) == 1
    assert sessions[TODAY]["asked"] == [question["update_id"]]
    # The next question gets its own post.
    reply(update("/ask Hi", GROUP))
    assert calls[-1]["message_id"] == 901


def test_a_limit_that_is_reached_by_this_question_stays_open_for_it(model, reply):
    for _ in range(2):
        reply(update("Hi"))
    last = update("Hi")
    model.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        reply(last)
    model.error = None
    assert reply(last) == answered("Hello, Ada.")


def test_people_hear_of_a_failure(bot):
    assert bot.on_failure(update("Hi")) == [said(bot.FAILED)]
    assert bot.on_failure({"stopped_message_generation": {}}) == []
