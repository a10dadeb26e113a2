"""mini_app.py: Telegram's signature, and the fields that have it."""

import hmac
import importlib
import json
import time
from urllib.parse import urlencode

import pytest

from tests.support.init_data import ADA, SIGNATURE, USER, launch, sign
from tests.support.stubs import TOKEN, load
from tests.support.telegram import TOKEN as OTHER_TOKEN


def hashed(change):
    """Return initData whose hash a function changes."""
    data, _, own = sign(launch()).rpartition("=")
    return f"{data}={change(own)}"


def merged(fields):
    """Return initData of these fields, with the hash of a page that was opened in a group."""
    group = launch(chat_instance="42", chat_type="group", start_param="room_7", signature="")
    hash = sign(group).rpartition("=")[2]
    return urlencode({**launch(signature=""), **fields, "hash": hash})


def ours(init_data, *seconds):
    module = importlib.import_module("botkit.mini_app")
    try:
        module.verify(init_data, TOKEN, *seconds)
    except module.HTTPException as error:
        return json.loads(error.response["body"])["error"]
    return ""


# What Telegram signed for this bot.
SIGNED = {
    "menu button": lambda: sign(launch(query_id="AAE")),
    "attachment menu": lambda: sign(
        launch(
            chat='{"id":-1,"type":"group","title":"T"}',
            receiver='{"id":7,"first_name":"B"}',
            can_send_after="1",
        )
    ),
    "any character": lambda: sign(launch(user='{"id":42,"first_name":"\\u0410\\/ 👩‍💻+&=%41"}')),
    "spaces as plus": lambda: sign(launch(user=json.dumps(ADA))).replace("%20", "+"),
    "a field of tomorrow": lambda: sign(launch(new_field="x")),
}
# What is refused.
REFUSED = {
    "90 s early": lambda: sign(launch(-90)),  # no clock is so wrong
    "a changed byte": lambda: sign(launch()).replace("Ada", "Bda"),
    "a hash in upper case": lambda: hashed(str.upper),  # never Telegram's
    "a hash that is not ASCII": lambda: hashed(lambda own: "é" * 64),
    "no hash": lambda: urlencode(launch()),
    "another bot's token": lambda: sign(launch(), OTHER_TOKEN),
    "signature left out": lambda: f"signature={SIGNATURE}&" + sign(launch(signature="")),
    "a field added": lambda: sign(launch()) + "&start_param=x",
    # With a repeated field, the check might see one value and the bot the other.
    "hash twice": lambda: "hash=0&" + sign(launch()),
    "user twice": lambda: "user=%7B%22id%22%3A1%7D&" + sign(launch()),
    # The hash is of lines "name=value": these fields give the same lines as others.
    "three fields in one value": lambda: merged(
        {"chat_instance": "42\nchat_type=group\nstart_param=room_7"}
    ),
    "three fields in one name": lambda: merged(
        {"chat_instance=42\nchat_type=group\nstart_param": "room_7"}
    ),
    "an equals sign in a name": lambda: sign({**launch(), "a=b": "c"}),
    "no auth_date": lambda: sign(launch(auth_date="")),
    # Python's int() takes it.
    "auth_date with an underscore": lambda: sign(launch(auth_date=f"{time.time():_.0f}")),
    "no user": lambda: sign(launch(user="")),  # the bot must know who asks
    "a user that is not JSON": lambda: sign(launch(user="Ada")),
    "a user without an id": lambda: sign(launch(user='{"first_name":"x"}')),
    "a user with a text for an id": lambda: sign(launch(user='{"id":"42","first_name":"x"}')),
    "brackets without end": lambda: sign(launch(user="[" * 100_000)),
    "half a surrogate pair": lambda: "hash=\ud800&auth_date=1",
    "no UTF-8": lambda: sign(launch()).replace("Ada", "%ff"),
    "an empty pair": lambda: sign(launch()) + "&",
}


@pytest.mark.parametrize("init_data", SIGNED.values(), ids=SIGNED)
def test_signed_data_is_accepted(init_data):
    assert ours(init_data()) == ""


@pytest.mark.parametrize("init_data", REFUSED.values(), ids=REFUSED)
def test_other_data_is_refused(init_data):
    assert ours(init_data()) == "unauthorized"


# ── What the bot gets


def test_the_fields_have_their_types():
    module = load("botkit.mini_app")
    chat = {"id": -1, "type": "group", "title": "T"}
    fields = launch(chat=json.dumps(chat), receiver=USER, can_send_after="7", start_param="5")
    assert module.verify(sign(fields), TOKEN) == {
        "auth_date": int(fields["auth_date"]),
        "can_send_after": 7,
        "chat": chat,
        "receiver": ADA,
        "start_param": "5",
        "user": ADA,
    }


@pytest.mark.parametrize(
    ("age", "said"), [(100, ""), (101, "expired"), (-60, ""), (-61, "unauthorized")]
)
def test_age_is_limited_to_the_second(monkeypatch, age, said):
    fields = launch()
    now = int(fields["auth_date"]) + age
    monkeypatch.setattr(time, "time", lambda: float(now))
    assert ours(sign(fields), 100) == said


def test_the_comparison_takes_the_same_time_whatever_is_wrong(monkeypatch):
    compared, compare = [], hmac.compare_digest
    spy = lambda *both: compared.append(both) or compare(*both)  # noqa: E731
    monkeypatch.setattr(hmac, "compare_digest", spy)
    load("botkit.mini_app").verify(sign(launch()), TOKEN)
    assert len(compared) == 1
