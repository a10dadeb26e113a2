"""Tests of the assistant: what people see and decide, and what the model is asked."""

import json
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

TEA = {"minutes": 20, "text": "tea"}


class Host(BaseHTTPRequestHandler):
    """A host of a model: it answers with the lines of `answers`, and notes what it is `asked`."""

    answers = []
    asked = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((body, self.headers["Authorization"]))
        answer = self.answers.pop(0)
        self.send_response(200 if answer else 401)
        self.end_headers()
        self.wfile.write("\n\n".join(["", *answer]).encode())

    def log_message(self, *about):
        pass


def words(*texts, end="stop"):
    """Return the lines of an answer."""
    deltas = [{"delta": {"content": text}} for text in texts]
    choices = [*deltas, {"delta": {}, "finish_reason": end}]
    lines = [f"data: {json.dumps({'choices': [choice]})}" for choice in choices]
    return [": a comment", *lines, "data: [DONE]"]


def use(arguments):
    """Return the lines of an answer that uses the tool: its arguments come in two parts."""
    text = json.dumps(arguments)
    calls = [{"tool_calls": [{"function": {"arguments": part}}]} for part in (text[:9], text[9:])]
    lines = [f"data: {json.dumps({'choices': [{'delta': call}]})}" for call in calls]
    return [*lines, *words(end="tool_calls")]


@pytest.fixture(autouse=True)
def host(monkeypatch):
    """The model's host, on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(Host, "answers", [])
    monkeypatch.setattr(Host, "asked", [])
    monkeypatch.setenv("MODEL", "a-model")
    monkeypatch.setenv("MODEL_URL", f"http://127.0.0.1:{server.server_port}/v1/chat/completions")
    yield Host
    server.shutdown()
    server.server_close()


def texts(person):
    """Return what somebody hasn't read yet: texts, and the first paragraphs of rich messages."""
    return [
        message.rich_message.blocks[0].text if hasattr(message, "rich_message") else message.text
        for message in person.unread()
    ]


def test_the_model_answers_and_remembers_the_conversation(chat, host):
    host.answers += [words("Hello", ", Ada."), words("Ada."), words("Who knows?")]
    ada = chat.user("Ada")
    for text in ("I am Ada", "Who am I?", "/new", "Who am I?"):
        ada.send(text)
    assert texts(ada) == ["Hello, Ada.", "Ada.", "I forgot what we said.", "Who knows?"]
    asked = [[message["content"] for message in body["messages"][1:]] for body, _ in host.asked]
    assert asked == [["I am Ada"], ["I am Ada", "Hello, Ada.", "Who am I?"], ["Who am I?"]]


def test_the_host_gets_the_key(chat, aws, host, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", "/assistant-bot/model-key")
    aws.results["GetParameter"] = {"Parameter": {"Value": "a-key"}}
    host.answers += [words("Hi")]
    chat.user("Ada").send("Hi")
    [(body, authorization)] = host.asked
    assert (body["model"], body["stream"], authorization) == ("a-model", True, "Bearer a-key")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([], ["The model gave no answer."]),
        (["data: {"], ["The model gave no answer."]),
        (words("Once", end="length"), ["Once", "(The answer breaks off here."]),
    ],
    ids=["a refusal", "no JSON", "breaks off"],
)
def test_a_failure_ends_in_a_sentence(chat, host, answer, told):
    host.answers += [answer]
    ada = chat.user("Ada")
    ada.send("Hi")
    blocks = ada.receive().rich_message.blocks
    assert [block.text.partition(" Please")[0] for block in blocks] == told


def test_a_group_asks_with_a_command(chat, host):
    host.answers += [words("Hi")]
    ada = chat.group("Workshop").user("Ada")
    for text in ("hello", "/ask", "/ask Hi"):
        ada.send(text)
    assert texts(ada)[0].startswith("Ask me anything.")
    assert len(host.asked) == 1


def test_a_reminder_is_set_after_a_press(chat, host, schedules):
    host.answers += [use(TEA)]
    ada = chat.user("Ada")
    ada.send("Remind me of tea")
    asked = ada.receive()
    assert (asked.text, asked.buttons) == ("A reminder in 20 minutes: tea?", ["Yes", "No"])
    assert len(schedules) == 0
    ada.press("Yes")
    assert ada.receive("edited").text == "I will remind you in 20 minutes: tea"
    assert len(schedules) == 1
    chat.advance(timedelta(minutes=21).total_seconds())
    assert texts(ada) == ["⏰ tea"]


def test_a_reminder_is_decided_about_by_its_person(chat, host, schedules):
    host.answers += [use(TEA)]
    group = chat.group("Workshop")
    ada, bob = group.user("Ada"), group.user("Bob")
    ada.send("/ask Remind me of tea")
    bob.press("Yes")
    ada.press("No")
    assert ada.receive("edited").text == "No reminder."
    assert len(schedules) == 0


@pytest.mark.parametrize("wish", [{**TEA, "minutes": 0}, {**TEA, "minutes": "20"}, {}, [TEA]])
def test_a_reminder_that_makes_no_sense_is_left_out(chat, host, wish):
    host.answers += [use(wish)]
    ada = chat.user("Ada")
    ada.send("Remind me")
    assert texts(ada) == []


def test_stop_is_taken(chat, bot, sessions):
    pressed = {"chat": {"id": 42, "type": "private"}, "draft_id": 7}
    assert bot.reply({"update_id": 1, "stopped_message_generation": pressed}, {}) == []


def test_bedrock_has_another_form(monkeypatch, bot):
    events = [
        {"contentBlockDelta": {"delta": {"text": "Of course."}}},
        *({"contentBlockDelta": {"delta": {"toolUse": {"input": each}}}} for each in ("{", "}")),
        {"messageStop": {"stopReason": "tool_use"}},
    ]
    asked = []

    class Client:
        def converse_stream(self, **about):
            asked.append(about)
            return {"stream": events}

    class Failure(Exception):
        pass

    boto3 = SimpleNamespace(client=lambda *about, **more: Client())
    exceptions = SimpleNamespace(BotoCoreError=Failure, ClientError=Failure, HTTPError=Failure)
    for name, module in {
        "boto3": boto3,
        "botocore.config": SimpleNamespace(Config=dict),
        "botocore.exceptions": exceptions,
        "urllib3.exceptions": exceptions,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    import bedrock

    assert [*bedrock.answer("Be brief.", ["Hi", "Hello", "Tea"], bot.REMIND)] == [
        *("Of course.", "", "", ""),
        {},
    ]
    assert [message["role"] for message in asked[0]["messages"]] == ["user", "assistant", "user"]
    events[-1] = {"messageStop": {"stopReason": "max_tokens"}}
    with pytest.raises(OSError, match="ends early: max_tokens"):
        [*bedrock.answer("Be brief.", ["Hi"], bot.REMIND)]
