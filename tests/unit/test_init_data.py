"""init_data.py: Telegram's signature, which three other libraries check too."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from init_data_py import errors, validate_by_hash
from telegram_bot_aws.local.project import VENV

from tests.support.init_data import ADA, DAY, USER, Fields, hash_of, key_of, launch, sign
from tests.support.needs import needs_npm
from tests.support.stubs import TOKEN, counting, load
from tests.support.telegram import TOKEN as OTHER_TOKEN


def wrongly(**options: Any) -> str:
    """Return initData with a hash that a step done wrongly makes."""
    fields = launch()
    return urlencode({**fields, "hash": hash_of(fields, **options)}, quote_via=quote)


def with_hash(change: Callable[[str], str]) -> str:
    """Return initData whose hash is changed."""
    fields = launch()
    return urlencode({**fields, "hash": change(hash_of(fields))}, quote_via=quote)


def merged(fields: Fields) -> str:
    """Return initData of these fields, with the hash of a page that was opened in a group."""
    group = launch(chat_instance="42", chat_type="group", start_param="room_7", signature="")
    return urlencode({**launch(signature=""), **fields, "hash": hash_of(group)}, quote_via=quote)


class Node:
    """A process of Node.js that checks initData with @tma.js/init-data-node."""

    def __init__(self) -> None:
        script = "tests/support/init_data.mjs"
        self._process = subprocess.Popen(
            ["node", script, str(VENV.resolve() / "npm")],
            cwd=VENV.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def check(self, init_data: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([TOKEN, init_data]) + "\n")
        self._process.stdin.flush()
        answer: str = json.loads(self._process.stdout.readline())
        return answer

    def stop(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    needs_npm("@tma.js/init-data-node")
    node = Node()
    yield node
    node.stop()


def ours(init_data: str) -> str:
    module = importlib.import_module("botkit.init_data")
    try:
        module.verify(init_data, TOKEN)
    except module.Unauthorized as error:
        return str(error.error)
    return ""


def init_data_py(init_data: str) -> str:
    try:
        validate_by_hash(init_data, TOKEN)
    except (errors.InvalidInitDataError, RecursionError, UnicodeError) as error:
        return type(error).__name__
    return ""


def aiogram(init_data: str) -> bool:
    from aiogram.utils.web_app import check_webapp_signature  # the fixture "aiogram" imports it

    try:
        return check_webapp_signature(TOKEN, init_data)
    except TypeError:  # a hash that isn't ASCII
        return False


# initData, our error ("": it is accepted), and the libraries that accept it: a(iogram),
# p(init-data-py), n(@tma.js/init-data-node). Where only ours refuses, a comment may say why.
NOBODY, ALL = "", "apn"
Case = tuple[Callable[[], str], str, str]
CASES: dict[str, Case] = {
    "menu button": (lambda: sign(launch(query_id="AAE")), "", ALL),
    "link in a group": (
        lambda: sign(launch(chat_type="supergroup", chat_instance="-12", start_param="menu_7")),
        "",
        ALL,
    ),
    "attachment menu": (
        lambda: sign(
            launch(
                chat='{"id":-1,"type":"group","title":"T"}',
                receiver='{"id":7,"first_name":"B"}',
                can_send_after="1",
            )
        ),
        "",
        ALL,
    ),
    "any character": (
        lambda: sign(launch(user='{"id":42,"first_name":"\\u0410\\/ 👩‍💻+&=%41"}')),
        "",
        ALL,
    ),
    "spaces as plus": (
        lambda: sign(launch(user=json.dumps(ADA))).replace("%20", "+"),
        "",
        ALL,
    ),
    "a field of tomorrow": (lambda: sign(launch(new_field="x")), "", ALL),
    "an empty field": (lambda: sign({**launch(), "start_param": ""}), "", "pn"),  # a drops it
    "no signature": (lambda: sign(launch(signature="")), "", ALL),
    "nearly a day old": (lambda: sign(launch(DAY - 15)), "", ALL),
    "30 s early": (lambda: sign(launch(-30)), "", ALL),
    "90 s early": (lambda: sign(launch(-90)), "unauthorized", ALL),  # no clock is so wrong
    "a day old": (lambda: sign(launch(DAY + 5)), "expired", "a"),  # a checks no dates
    "a changed byte": (lambda: sign(launch()).replace("Ada", "Bda"), "unauthorized", NOBODY),
    "a changed hash": (
        lambda: with_hash(lambda it: ("1" if it[0] == "0" else "0") + it[1:]),
        "unauthorized",
        NOBODY,
    ),
    "a short hash": (lambda: with_hash(lambda it: it[:-1]), "unauthorized", NOBODY),
    "a longer hash": (lambda: with_hash(lambda it: it + "0"), "unauthorized", NOBODY),
    "an empty hash": (lambda: with_hash(lambda it: ""), "unauthorized", NOBODY),
    "a hash in upper case": (lambda: with_hash(str.upper), "unauthorized", "p"),  # never Telegram's
    "a hash that is not ASCII": (lambda: with_hash(lambda it: "é" * 64), "unauthorized", NOBODY),
    "no hash": (lambda: urlencode(launch()), "unauthorized", NOBODY),
    "another bot's token": (lambda: wrongly(key=key_of(OTHER_TOKEN)), "unauthorized", NOBODY),
    "key and text swapped": (
        lambda: wrongly(key=hmac.digest(TOKEN.encode(), b"WebAppData", "sha256")),
        "unauthorized",
        NOBODY,
    ),
    "the login widget's key": (
        lambda: wrongly(key=hashlib.sha256(TOKEN.encode()).digest()),
        "unauthorized",
        NOBODY,
    ),
    "joined by &": (lambda: wrongly(separator="&"), "unauthorized", NOBODY),
    "backwards": (lambda: wrongly(backwards=True), "unauthorized", NOBODY),
    "values not decoded": (lambda: wrongly(value=quote), "unauthorized", NOBODY),
    "signature left out": (lambda: wrongly(less="signature"), "unauthorized", NOBODY),
    "a field added": (lambda: sign(launch()) + "&start_param=x", "unauthorized", NOBODY),
    "a field removed": (
        lambda: sign(launch(start_param="x")).replace("&start_param=x", ""),
        "unauthorized",
        NOBODY,
    ),
    # With a repeated field, the check might see one value and the bot the other.
    "hash twice": (lambda: "hash=0&" + sign(launch()), "unauthorized", "an"),
    "user twice": (lambda: "user=%7B%22id%22%3A1%7D&" + sign(launch()), "unauthorized", "a"),
    "user twice, in disguise": (
        lambda: "us%65r=%7B%22id%22%3A1%7D&" + sign(launch()),
        "unauthorized",
        "a",
    ),
    # The hash is of lines "name=value": these fields give the same lines as others.
    "three fields in one value": (
        lambda: merged({"chat_instance": "42\nchat_type=group\nstart_param=room_7"}),
        "unauthorized",
        "apn",
    ),
    "three fields in one name": (
        lambda: merged({"chat_instance=42\nchat_type=group\nstart_param": "room_7"}),
        "unauthorized",
        "apn",
    ),
    "an equals sign in a name": (
        lambda: sign({**launch(), "a=b": "c"}),
        "unauthorized",
        "apn",
    ),
    "no auth_date": (lambda: sign(launch(auth_date="")), "unauthorized", "a"),
    "auth_date a text": (lambda: sign(launch(auth_date="now")), "unauthorized", "a"),
    "auth_date negative": (lambda: sign(launch(auth_date="-1")), "unauthorized", "a"),
    "auth_date a fraction": (
        lambda: sign(launch(auth_date=str(time.time()))),
        "unauthorized",
        "an",
    ),
    "auth_date with a space": (
        lambda: sign(launch(auth_date=f" {time.time():.0f}")),
        "unauthorized",
        "an",
    ),
    "auth_date with an underscore": (  # which Python's int() takes
        lambda: sign(launch(auth_date=f"{time.time():_.0f}")),
        "unauthorized",
        "a",
    ),
    "auth_date in other digits": (
        lambda: sign(launch(auth_date=f"{time.time():.0f}".replace("1", "\u0661"))),
        "unauthorized",
        "a",
    ),
    # The bot must know who asks.
    "no user": (lambda: sign(launch(user="")), "unauthorized", ALL),
    "a user that is not JSON": (lambda: sign(launch(user="Ada")), "unauthorized", "an"),
    "a user that is a list": (lambda: sign(launch(user="[1]")), "unauthorized", "an"),
    "a user without an id": (lambda: sign(launch(user='{"first_name":"x"}')), "unauthorized", "an"),
    "a user with a text for an id": (
        lambda: sign(launch(user='{"id":"42","first_name":"x"}')),
        "unauthorized",
        "an",
    ),
    "brackets without end": (lambda: sign(launch(user="[" * 100_000)), "unauthorized", "an"),
    "no fields": (lambda: "abc", "unauthorized", NOBODY),
    "nothing": (lambda: "", "unauthorized", NOBODY),
    "half a surrogate pair": (lambda: "hash=\ud800&auth_date=1", "unauthorized", NOBODY),
    "no UTF-8": (lambda: sign(launch()).replace("Ada", "%ff"), "unauthorized", NOBODY),
    "an empty pair": (lambda: sign(launch()) + "&", "unauthorized", "n"),  # never Telegram's
    "semicolons": (lambda: sign(launch()).replace("&", ";"), "unauthorized", NOBODY),
}


@pytest.mark.parametrize(("init_data", "said", "_"), CASES.values(), ids=CASES)
def test_what_telegram_signed_for_this_bot_is_accepted_and_nothing_else(
    init_data: Callable[[], str], said: str, _: str
) -> None:
    assert ours(init_data()) == said


def accepted_by(letter: str, accepts: Callable[[str], bool]) -> None:
    found = {name: accepts(init_data()) for name, (init_data, _, _) in CASES.items()}
    assert found == {name: letter in libraries for name, (_, _, libraries) in CASES.items()}


@pytest.mark.usefixtures("aiogram")
def test_aiogram_accepts_it_too() -> None:
    accepted_by("a", aiogram)


def test_init_data_py_accepts_it_too() -> None:
    accepted_by("p", lambda init_data: not init_data_py(init_data))


@pytest.mark.slow
def test_the_library_for_node_accepts_it_too(node: Node) -> None:
    accepted_by("n", lambda init_data: not node.check(init_data))


# Names that have the same order alone and as whole lines, since libraries sort either.
NAMES = st.from_regex("x_[a-z_]{1,9}", fullmatch=True)
# Raw values, with characters that libraries may decode differently.
RAW = st.text('%+=;#?aF08é\u2028\0\n 👩"\\', max_size=12)
ENCODED = st.text(max_size=12).map(quote) | st.text(max_size=12).map(quote_plus)
CHANGES = st.sampled_from(
    [str, str.swapcase, str.strip, lambda it: it[:-1], lambda it: it + "&", lambda it: "?" + it]
)


@pytest.mark.slow
@pytest.mark.usefixtures("aiogram")
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(NAMES, RAW | ENCODED, max_size=4), CHANGES)
@example({"x_a": "%zz+"}, str)
@example({"x_a": "é%80"}, str)  # which Python and Node.js decode to different texts
def test_they_accept_what_ours_accepts(
    node: Node, values: Fields, change: Callable[[str], str]
) -> None:
    raw = "&".join(f"{name}={value}" for name, value in values.items())
    fields = launch()
    known = dict(parse_qsl(raw, keep_blank_values=True)) | fields
    signed = urlencode({**fields, "hash": hash_of(known)}, quote_via=quote)
    init_data = change(f"{raw}&{signed}".lstrip("&"))
    if not ours(init_data):
        assert not init_data_py(init_data)
        assert not node.check(init_data)
        assert aiogram(init_data) or "" in known.values()
    else:
        assert change is not str or set("\n\ufffd") & set("".join(known.values()))


# ── What the bot gets


def test_the_fields_have_their_types() -> None:
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
def test_the_limits_are_kept_to_the_second(
    monkeypatch: pytest.MonkeyPatch, age: int, said: str
) -> None:
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


def test_the_comparison_takes_the_same_time_whatever_is_wrong() -> None:
    module = load("botkit.init_data")
    with counting(hmac.compare_digest) as compared:
        module.verify(sign(launch()), TOKEN)
    assert len(compared) == 1
