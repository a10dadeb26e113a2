"""init_data.py: Telegram's signature, which another library checks too."""

import hmac
import importlib
import json
import time
from urllib.parse import quote, urlencode

import pytest
from init_data_py import errors, validate_by_hash

from tests.support.init_data import ADA, DAY, USER, hash_of, key_of, launch, sign
from tests.support.stubs import TOKEN, counting, load
from tests.support.telegram import TOKEN as OTHER_TOKEN


def wrongly(**options):
    """Return initData with a hash that a step done wrongly makes."""
    fields = launch()
    return urlencode({**fields, "hash": hash_of(fields, **options)}, quote_via=quote)


def with_hash(change):
    """Return initData whose hash is changed."""
    fields = launch()
    return urlencode({**fields, "hash": change(hash_of(fields))}, quote_via=quote)


def merged(fields):
    """Return initData of these fields, with the hash of a page that was opened in a group."""
    group = launch(chat_instance="42", chat_type="group", start_param="room_7", signature="")
    return urlencode({**launch(signature=""), **fields, "hash": hash_of(group)}, quote_via=quote)


def ours(init_data):
    module = importlib.import_module("botkit.init_data")
    try:
        module.verify(init_data, TOKEN)
    except module.Unauthorized as error:
        return str(error.error)
    return ""


def init_data_py(init_data):
    try:
        validate_by_hash(init_data, TOKEN)
    except (errors.InvalidInitDataError, RecursionError, UnicodeError) as error:
        return type(error).__name__
    return ""


# initData, our error ("": it is accepted), and whether init-data-py accepts it. Where only ours
# refuses, a comment may say why.
CASES = {
    "menu button": (lambda: sign(launch(query_id="AAE")), "", True),
    "attachment menu": (
        lambda: sign(
            launch(
                chat='{"id":-1,"type":"group","title":"T"}',
                receiver='{"id":7,"first_name":"B"}',
                can_send_after="1",
            )
        ),
        "",
        True,
    ),
    "any character": (
        lambda: sign(launch(user='{"id":42,"first_name":"\\u0410\\/ 👩‍💻+&=%41"}')),
        "",
        True,
    ),
    "spaces as plus": (
        lambda: sign(launch(user=json.dumps(ADA))).replace("%20", "+"),
        "",
        True,
    ),
    "a field of tomorrow": (lambda: sign(launch(new_field="x")), "", True),
    "90 s early": (lambda: sign(launch(-90)), "unauthorized", True),  # no clock is so wrong
    "a day old": (lambda: sign(launch(DAY + 5)), "expired", False),
    "a changed byte": (lambda: sign(launch()).replace("Ada", "Bda"), "unauthorized", False),
    "a changed hash": (
        lambda: with_hash(lambda it: ("1" if it[0] == "0" else "0") + it[1:]),
        "unauthorized",
        False,
    ),
    "an empty hash": (lambda: with_hash(lambda it: ""), "unauthorized", False),
    "a hash in upper case": (
        lambda: with_hash(str.upper),
        "unauthorized",
        True,
    ),  # never Telegram's
    "a hash that is not ASCII": (lambda: with_hash(lambda it: "é" * 64), "unauthorized", False),
    "no hash": (lambda: urlencode(launch()), "unauthorized", False),
    "another bot's token": (lambda: wrongly(key=key_of(OTHER_TOKEN)), "unauthorized", False),
    "signature left out": (lambda: wrongly(less="signature"), "unauthorized", False),
    "a field added": (lambda: sign(launch()) + "&start_param=x", "unauthorized", False),
    # With a repeated field, the check might see one value and the bot the other.
    "hash twice": (lambda: "hash=0&" + sign(launch()), "unauthorized", False),
    "user twice": (lambda: "user=%7B%22id%22%3A1%7D&" + sign(launch()), "unauthorized", False),
    "user twice, in disguise": (
        lambda: "us%65r=%7B%22id%22%3A1%7D&" + sign(launch()),
        "unauthorized",
        False,
    ),
    # The hash is of lines "name=value": these fields give the same lines as others.
    "three fields in one value": (
        lambda: merged({"chat_instance": "42\nchat_type=group\nstart_param=room_7"}),
        "unauthorized",
        True,
    ),
    "three fields in one name": (
        lambda: merged({"chat_instance=42\nchat_type=group\nstart_param": "room_7"}),
        "unauthorized",
        True,
    ),
    "no auth_date": (lambda: sign(launch(auth_date="")), "unauthorized", False),
    "auth_date a text": (lambda: sign(launch(auth_date="now")), "unauthorized", False),
    "auth_date a fraction": (
        lambda: sign(launch(auth_date=str(time.time()))),
        "unauthorized",
        False,
    ),
    "auth_date with an underscore": (  # which Python's int() takes
        lambda: sign(launch(auth_date=f"{time.time():_.0f}")),
        "unauthorized",
        False,
    ),
    # The bot must know who asks.
    "no user": (lambda: sign(launch(user="")), "unauthorized", True),
    "a user that is not JSON": (lambda: sign(launch(user="Ada")), "unauthorized", False),
    "a user without an id": (
        lambda: sign(launch(user='{"first_name":"x"}')),
        "unauthorized",
        False,
    ),
    "a user with a text for an id": (
        lambda: sign(launch(user='{"id":"42","first_name":"x"}')),
        "unauthorized",
        False,
    ),
    "brackets without end": (lambda: sign(launch(user="[" * 100_000)), "unauthorized", False),
    "nothing": (lambda: "", "unauthorized", False),
    "half a surrogate pair": (lambda: "hash=\ud800&auth_date=1", "unauthorized", False),
    "no UTF-8": (lambda: sign(launch()).replace("Ada", "%ff"), "unauthorized", False),
    "an empty pair": (lambda: sign(launch()) + "&", "unauthorized", False),  # never Telegram's
}


@pytest.mark.parametrize(("init_data", "said", "_"), CASES.values(), ids=CASES)
def test_only_data_that_telegram_signed_is_accepted(init_data, said, _):
    assert ours(init_data()) == said


def test_another_library_accepts_it_too():
    found = {name: init_data_py(init_data()) == "" for name, (init_data, _, _) in CASES.items()}
    assert found == {name: accepted for name, (_, _, accepted) in CASES.items()}


# ── What the bot gets


def test_the_fields_have_their_types():
    module = load("botkit.init_data")
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


LIMITS = {
    "as old as may be": (100, ""),
    "a second older": (101, "expired"),
    "as early as may be": (-60, ""),
    "a second earlier": (-61, "unauthorized"),
}


@pytest.mark.parametrize(("age", "said"), LIMITS.values(), ids=LIMITS)
def test_the_limits_are_kept_to_the_second(monkeypatch, age, said):
    module = load("botkit.init_data")
    fields = launch()
    now = int(fields["auth_date"]) + age
    monkeypatch.setattr(time, "time", lambda: float(now))
    try:
        module.verify(sign(fields), TOKEN, 100)
        error = ""
    except module.Unauthorized as raised:
        error = raised.error
    assert error == said


def test_the_comparison_takes_the_same_time_whatever_is_wrong():
    module = load("botkit.init_data")
    with counting(hmac.compare_digest) as compared:
        module.verify(sign(launch()), TOKEN)
    assert len(compared) == 1
