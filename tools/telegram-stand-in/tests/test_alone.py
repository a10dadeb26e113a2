"""python -m telegram_stand_in: tests in any language, and how it ends."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from telegram_stand_in import post
from telegram_stand_in.__main__ import Alone, main
from telegram_stand_in.testing import TOKEN

FOLDER = Path(__file__).resolve().parent.parent
KEYBOARD = {"inline_keyboard": [[{"text": "Buy", "callback_data": "3"}]]}


def ask(url, **params):
    """POST parameters, and return the result."""
    status, _, answer = post(url, {}, json.dumps(params).encode())
    assert status == 200, answer
    return json.loads(answer)["result"]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_server_runs_until_a_signal(kind):
    command = [sys.executable, "-m", "telegram_stand_in"]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"TELEGRAM_API_URL=(\S+) TELEGRAM_BOT_TOKEN=(\S+)\n", line)
            assert found[2] == TOKEN
            assert ask(f"{found[1]}/people/Ada/send", text="Hi")["text"] == "Hi"
            process.send_signal(kind)
            assert process.wait(60) == 0
        finally:
            process.kill()
    with pytest.raises(OSError, match="refused"):
        post(found[1], {}, b"")


def test_methods_are_listed(capsys):
    assert main(["--methods"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "sendMessage" in told and "getStickerSet" not in told


@pytest.fixture
def alone():
    with Alone() as alone:
        yield alone


def refused(alone, path, **params):
    """POST parameters that are refused, and return why."""
    status, _, answer = post(f"{alone.url}{path}", {}, json.dumps(params).encode())
    assert status == 400, answer
    return str(json.loads(answer)["description"])


def bot_sends(alone, chat, text, **more):
    return ask(f"{alone.url}/bot{TOKEN}/sendMessage", chat_id=chat, text=text, **more)


def test_people_act_by_http(alone):
    ada, grace = (f"{alone.url}/people/{name}" for name in ("Ada", "Grace%20H."))
    sent = ask(f"{ada}/send", text="/price 3")
    chat = sent["chat"]["id"]
    bot_sends(alone, chat, "12 €", reply_markup=KEYBOARD)
    received = ask(f"{ada}/receive")
    assert (received["text"], received["buttons"]) == ("12 €", ["Buy"])
    assert ask(f"{ada}/press", label="Buy") is True
    ask(f"{ada}/edit", message_id=sent["message_id"], text="/price 4")
    ask(f"{ada}/react", message_id=received["message_id"], emoji="👍")
    ask(f"{grace}/join", group="Engines", admin=True)
    engines = ask(f"{grace}/send", group="Engines", photo=[])["chat"]
    assert bot_sends(alone, engines["id"], "Welcome")["chat"]["title"] == "Engines"
    assert ask(f"{ada}/receive", group="Engines")["text"] == "Welcome"
    kinds = [next(k for k in each if k != "update_id") for each in alone._waiting()]
    asked = "message callback_query edited_message message message".split()
    assert kinds == asked  # Telegram sends chat_member and message_reaction to those who ask
    assert ask(f"{alone.url}/transcript").splitlines()[-2:] == [
        "Grace H. in Engines: (photo)",
        "  Bot in Engines: Welcome",
    ]


def test_a_form_does_as_well_as_json(alone):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, answer = post(f"{alone.url}/people/Ada/send", headers, b"text=5")
    assert status == 200, answer
    assert json.loads(answer)["result"]["text"] == "5"
    assert "Ada got no edited" in refused(alone, "/people/Ada/receive?kind=edited&timeout=0")


def test_a_mistake_of_the_bot_is_told_once(alone):
    chat = ask(f"{alone.url}/people/Ada/send", text="1")["chat"]["id"]
    bot_sends(alone, chat, "2", parse_moed="HTML")
    assert "sendMessage has no parameter parse_moed" in refused(alone, "/people/Ada/receive")
    assert ask(f"{alone.url}/people/Ada/receive")["text"] == "2"


@pytest.mark.parametrize(
    ("path", "params", "told"),
    [
        ("/people/Ada/receive", {"timeout": 0}, "no call at all"),
        ("/people/Ada/receive", {"timeout": "soon"}, "could not convert string to float"),
        ("/people/Ada/receive", {"wait": 1}, "unexpected keyword argument 'wait'"),
        ("/people/Ada/edit", {"message_id": 77, "text": ""}, "there is no message 77"),
        ("/people/Ada/send", {"text": 5}, "people send a text, a path or a dict, not 5"),
        ("/people/Ada/send", {"reply_to": 1}, "AttributeError: 'int' object has no attribute"),
        ("/fails", {"kind": "402"}, "a fault must be one of 429"),
    ],
)
def test_invalid_request_is_refused_without_effect(alone, path, params, told):
    assert told in refused(alone, path, **params)
    assert alone.transcript == ""
    ask(f"{alone.url}/people/Ada/send", text="1")


def test_next_call_fails_as_told(alone):
    chat = ask(f"{alone.url}/people/Ada/send", text="1")["chat"]["id"]
    ask(f"{alone.url}/fails?kind=403")
    url = f"{alone.url}/bot{TOKEN}/sendMessage?chat_id={chat}&text=2"
    assert [post(url, {}, b"")[0] for _ in range(2)] == [403, 200]


def test_only_a_post_from_this_machine_acts(alone):
    url = f"{alone.url}/people/Ada/send"
    body = b'{"text": "1"}'
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert post(url, headers, body)[0] == 403
    for path in ("/people/Ada/become", "/people/Ada", "/mistakes", "/", "/people/Ada/__init__"):
        assert post(f"{alone.url}{path}", {}, body)[0] == 404
    with pytest.raises(urllib.error.HTTPError, match="404"):  # a GET may be a page's picture
        urllib.request.urlopen(f"{url}?text=1")  # noqa: S310
    assert alone.transcript == ""
