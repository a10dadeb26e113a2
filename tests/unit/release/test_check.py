"""check.py: a new version goes live only if it can work."""

import hashlib
import importlib
import re
from types import SimpleNamespace

import pytest
from telegram_stand_in import TYPES

from tests.support.stubs import (
    QUEUE,
    TOKEN,
    answers,
    http,
    load,
    parameter,
    with_pauses,
)

CHECK = {"tf": {"action": "check"}}
ME = {"id": 1234567890, "is_bot": True, "username": "tea_bot"}


def test_a_version_that_can_work_is_checked_without_a_word(container, bot_api):
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    assert container.log == []


def test_check_rejects_unplanned_code(container, bot_api, monkeypatch):
    module = importlib.import_module("botkit.release.check")
    monkeypatch.setattr(module, "digest", lambda: "1" * 64)
    for planned in ("0", "2"):
        with pytest.raises(module.CheckFailed, match="other code than ") as caught:
            container.invoke({**CHECK, "sources": planned * 64})
        # First what makes a version of the newest code, and only then what makes a new function.
        replaced = re.findall(r"-replace=module\.telegram_bot\.([\w.]+)", str(caught.value))
        function = ["terraform_data.package", "aws_lambda_function.this"]
        assert replaced == ["terraform_data.webhook_secret", *function]
    equal = "".join("1" for _ in range(64))  # equal, but not identical
    bot_api.answers("getMe", {}, ME)
    assert container.invoke({**CHECK, "sources": equal}) == {}


VARIABLES = {"names": ["QUEUE_URL", "TABLE"]}


def variables(**values):
    """Return the digest of these variables' values, as Terraform makes it."""
    return hashlib.sha256("\n".join(values.values()).encode()).hexdigest()


OTHER = r"other variables than .*=module\.telegram_bot\.terraform_data\.webhook_secret "


def test_check_rejects_unplanned_variables(start, bot_api):
    container = start(bot_api.url, TABLE="vötes")
    for other in (variables(a="https://x", b="vötes"), variables(a="", b="votes")):
        with pytest.raises(Exception, match=OTHER) as caught:
            container.invoke({**CHECK, **VARIABLES, "variables": other})
        assert type(caught.value).__name__ == "CheckFailed"
    bot_api.answers("getMe", {}, ME)
    equal = variables(a="", b="vötes")
    assert container.invoke({**CHECK, **VARIABLES, "variables": equal}) == {}


def test_the_digest_is_in_a_file_of_the_package(monkeypatch, tmp_path):
    module = load("botkit.release.check")
    assert module.digest() == "", "a checkout has no digest"
    (tmp_path / "digest").write_text("f" * 64)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "check.py"))
    assert module.digest() == "f" * 64


def test_check_rejects_an_invalid_token(container, bot_api):
    bot_api.refuses({"method": "getMe"}, 401, "Unauthorized")
    with pytest.raises(Exception, match="^Telegram did not accept the token: getMe: 401 Unauth"):
        container.invoke(CHECK)


def test_check_fails_if_telegram_is_unreachable(start, serve, monkeypatch):
    container = start(serve(answers(*[http(b"", "502 Bad Gateway")] * 3)).url)
    pauses = with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="^Telegram did not accept the token: getMe: HTTP 502"):
        container.invoke(CHECK, milliseconds=4_500)
    assert pauses == [1.0] * 2


# ── check() of bot.py

BOT = 'ALLOWED_UPDATES = ["message"]\ndef reply(update): ...\n'
NOT_ASYNC = "with def, not async def"
RENAME = "If yours is for something else, rename it"
# What bot.py says beside: with what the check ends then.
CHECKS = {
    "it raises": (
        "def check():\n    raise RuntimeError('no table')",
        r"check() of bot.py failed: RuntimeError: no table at bot.py:4",
    ),
    "it exits": (
        "import sys\ndef check():\n    sys.exit('over')",
        r"check() of bot.py failed: SystemExit: over at bot.py:5",
    ),
    "it quotes the token": (
        "from botkit import telegram\ndef check():\n    raise ValueError(telegram.token())",
        r"check() of bot.py failed: ValueError: … at bot.py:5",
    ),
    "it quotes the secret": (
        "import os\ndef check():\n    raise ValueError(os.environ['TELEGRAM_WEBHOOK_SECRET'])",
        r"check() of bot.py failed: ValueError: … at bot.py:5",
    ),
    "it is refused": (
        "from botkit import telegram\ndef check():\n    telegram.call('getChat', chat_id=1)",
        r"check() of bot.py failed: TelegramError: getChat: 400 Bad Request: no at bot.py:5",
    ),
    "it returns something to wait for": (
        "def check():\n    return wait()\nasync def wait(): ...",
        f"check() must be written {NOT_ASYNC}",
    ),
}


@pytest.mark.parametrize(("source", "error"), CHECKS.values(), ids=CHECKS)
def test_the_bots_own_check_keeps_a_version_from_going_live(start_bot, bot_api, source, error):
    bot_api.answers("getMe", {}, ME)
    if "getChat" in source:
        bot_api.refuses({"method": "getChat", "chat_id": 1}, 400, "Bad Request: no")
    with pytest.raises(Exception, match=f"^{re.escape(error)}$") as caught:
        start_bot(BOT + source, TELEGRAM_WEBHOOK_SECRET="planted_name").invoke(CHECK)
    assert type(caught.value).__name__ == "CheckFailed"
    assert caught.value.__context__ is None, "Lambda would also log it"


def test_the_bots_own_check_is_interrupted(start_bot, bot_api):
    container = start_bot(BOT + "import time\ndef check():\n    while True: time.sleep(0.01)")
    bot_api.answers("getMe", {}, ME)
    with pytest.raises(
        Exception, match=r"^check\(\) of bot\.py failed: DeadlineExceeded: .* at bot\.py:5"
    ):
        container.invoke(CHECK, milliseconds=1_300)


@pytest.mark.parametrize("source", ["def check(): noted.append(1)", "check = [1]"])
def test_the_bots_own_check_is_called_once(start_bot, bot_api, source):
    container = start_bot(f"{BOT}noted = []\n{source}")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    assert container.bot.noted == ([] if "[1]" in source else [1])


# ── Functions that could never be called

# What bot.py says: with what the check ends then.
UNUSABLE = {
    "async": ("async def reply(update): ...", f"reply() must be written {NOT_ASYNC}"),
    "a generator": (
        "def reply(update):\n    yield",
        "reply() must be written with return, not yield",
    ),
    "no argument": ("def reply(): ...", "reply() must be written as def reply(update)"),
    "two arguments": (
        "def reply(update, context): ...",
        "reply() must be written as def reply(update)",
    ),
    "no session": (
        "SESSION = 'chat'\ndef reply(update): ...",
        "reply() must be written as def reply(update, session)",
    ),
    "a check of something": ("def check(update): ...", "check() must be written as def check()"),
    "a request": (
        "def on_request(): ...",
        "on_request() must be written as def on_request(request)",
    ),
}


@pytest.mark.parametrize(("source", "error"), UNUSABLE.values(), ids=UNUSABLE)
def test_check_rejects_a_function_that_cannot_be_called(start_with_sessions, source, error):
    with pytest.raises(Exception, match=f"^{re.escape(error)}. {RENAME}$"):
        start_with_sessions(BOT + source).invoke(CHECK)


@pytest.mark.parametrize(
    "source",
    [
        "def reply(update, session=None): ...",
        "def reply(*updates): ...",
        "reply = iter",
        "import functools\n"
        "def with_more(reply):\n"
        "    return functools.wraps(reply)(lambda update: reply(update, 7))\n"
        "@with_more\n"
        "def reply(update, more): ...",
        "def reply(update): ...\non_event = 'tea'",
    ],
    ids=["an optional one", "any number", "no signature", "decorated", "a string"],
)
def test_check_accepts_a_function_that_can_be_called(start_bot, bot_api, source):
    bot_api.answers("getMe", {}, ME)
    assert start_bot(BOT + source).invoke(CHECK) == {}


# ── What bot.py needs, and says about itself

SHAPE = r'^COMMANDS must be a dict of names .* for each language: \{"": \{…\}, "de": \{…\}\}$'
MENUS = {"a list": ["start"], "mixed": {"": {"start": "x"}, "help": "x"}}


@pytest.mark.parametrize("commands", MENUS.values(), ids=MENUS)
def test_check_rejects_a_menu_that_is_no_table(container, monkeypatch, commands):
    monkeypatch.setattr(container.bot, "COMMANDS", commands)
    with pytest.raises(Exception, match=SHAPE):
        container.invoke(CHECK)


WITH_SESSION = 'SESSION = "chat"\nALLOWED_UPDATES = ["message"]\ndef reply(update, session): ...'


@pytest.mark.parametrize(
    ("source", "table", "error"),
    [
        (WITH_SESSION, "", "SESSION in bot.py needs a table: set session_retention_in_days"),
        (
            WITH_SESSION.replace('"chat"', '"chats"'),
            "x",
            'SESSION in bot.py must be "chat", "topic"',
        ),
    ],
    ids=["no table", "no such choice"],
)
def test_a_session_that_cant_be_kept_fails_the_apply(
    start_with_sessions, bot_api, source, table, error
):
    container = start_with_sessions(source, SESSION_TABLE=table)
    with pytest.raises(Exception, match=error):
        container.invoke(CHECK)


WITHOUT = 'ALLOWED_UPDATES = ["message"]\ndef reply(update): ...\n'


@pytest.fixture
def written(tmp_path):
    """Write the bot.py of a container, whose imports the check reads."""

    def write(container, source):
        (tmp_path / "bot.py").write_text(source)
        container.bot.__file__ = str(tmp_path / "bot.py")
        return container

    return write


def test_a_conversation_needs_a_session(start_with_sessions, written):
    source = WITHOUT + "from botkit import conversation"
    container = written(start_with_sessions(source), source)
    with pytest.raises(
        Exception,
        match=r'^bot\.py uses botkit\.conversation: it must have SESSION, such as "chat_user"$',
    ):
        container.invoke(CHECK)


def test_a_bot_with_conversations_and_a_table_may_go_live(start_with_sessions, written, bot_api):
    source = WITH_SESSION + "\nfrom botkit import conversation, session\n"
    bot_api.answers("getMe", {}, ME)
    assert written(start_with_sessions(source), source).invoke(CHECK) == {}


def test_a_failed_import_never_tells_the_token_of_the_parameter(
    start_with_parameter, serve, bot_api, tmp_path, monkeypatch
):
    source = "from botkit import telegram\nraise RuntimeError(f'no {telegram.token()}')\n"
    (tmp_path / "bot.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    container = start_with_parameter(bot_api.url, serve(answers(*[parameter(TOKEN)] * 3)))
    with pytest.raises(
        Exception, match=r"^bot\.py can't be imported: RuntimeError: no … at bot.py:2$"
    ):
        container.invoke(CHECK)


USES_SCHEDULE = WITHOUT + "from botkit import schedule\n"


def test_a_bot_that_schedules_needs_a_queue(start_with_queue, start_bot, written, bot_api):
    with pytest.raises(Exception, match=r"^bot\.py uses botkit\.schedule: set queue = true$"):
        written(start_bot(USES_SCHEDULE), USES_SCHEDULE).invoke(CHECK)
    bot_api.answers("getMe", {}, ME)
    assert written(start_with_queue(USES_SCHEDULE), USES_SCHEDULE).invoke(CHECK) == {}


@pytest.mark.parametrize("handled", ["message", [], None], ids=repr)
def test_a_bot_must_say_what_it_handles(container, monkeypatch, handled):
    monkeypatch.setattr(container.bot, "ALLOWED_UPDATES", handled)
    with pytest.raises(Exception, match=r"^bot\.py must have ALLOWED_UPDATES"):
        container.invoke(CHECK)


NO_LIST = "must be a list of update types that are also in ALLOWED_UPDATES"
CANT_WAIT = "can't have inline_query: late answers are refused"


@pytest.mark.parametrize(
    ("queued", "handled", "error"),
    [
        ("message", ["message"], NO_LIST),
        (None, ["message"], NO_LIST),
        (["mesage"], ["message"], NO_LIST),
        (["inline_query"], ["message", "inline_query"], CANT_WAIT),
    ],
    ids=repr,
)
def test_queued_updates_are_allowed_ones_that_can_wait(start_with_queue, queued, handled, error):
    source = f"ALLOWED_UPDATES = {handled}\nQUEUED_UPDATES = {queued!r}\ndef reply(update): ...\n"
    with pytest.raises(Exception, match=f"^QUEUED_UPDATES in bot.py {error}"):
        start_with_queue(source).invoke(CHECK)


def test_each_kind_of_update_can_wait_or_not():
    """Read in Telegram's documentation whether a new kind has a deadline."""
    never = load("botkit.release.registration").NEVER_QUEUED
    assert len(set(TYPES["Update"]) - {"update_id"} - never) == 21


FILES = {
    "bot.py": "def reply(update):\n    from botkit import conversation",
    "more/orders.py": "import botkit.schedule\nfrom botkit.session import change",
    "more/words.py": "SAY = 'nothing'",
    "draft.py": "from botkit import stream\nif",
    "notes.txt": "from botkit import telegram",
    "fast.py": "from botkit import aws",
    "fast-1.0.dist-info/RECORD": "fast.py,sha256=x,1\n",
}


def test_imports_are_seen_wherever_they_stand(tmp_path):
    """In all files that the author wrote: neither a package's, nor what isn't Python."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    bot = SimpleNamespace(__file__=str(tmp_path / "bot.py"))
    used = load("botkit.release.check").used_modules(bot)
    assert used == {"conversation", "schedule", "session"}


def test_all_missing_inputs_are_named_at_once(start_bot, written):
    source = WITHOUT + "RATE_LIMIT = (1, 60)\nQUEUED_UPDATES = ['message']\n"
    source += "from botkit import schedule, session\n"
    container = written(start_bot(source), source)
    with pytest.raises(Exception, match="RATE_LIMIT") as caught:
        container.invoke(CHECK)
    assert str(caught.value) == (
        "RATE_LIMIT in bot.py needs a table; bot.py uses botkit.session: set "
        "session_retention_in_days; bot.py has QUEUED_UPDATES: set queue = true; "
        "bot.py uses botkit.schedule: set queue = true"
    )


OVERTAKES = "QUEUED_UPDATES in bot.py doesn't have callback_query: such an update overtakes"
TOO_SLOW = "An answer may take 24 seconds, whatever the timeout"


@pytest.mark.parametrize(
    ("session", "queued", "more", "seconds", "warning"),
    [
        (True, ["message"], "", 25, OVERTAKES),
        (True, ["message", "callback_query"], "", 25, None),
        (True, [], "", 25, None),
        (False, ["message"], "", 900, None),
        (False, [], "", 26, TOO_SLOW),
        (False, [], "def on_event(event): ...", 900, None),
    ],
)
def test_the_check_warns_of_a_queue_that_helps_little(
    start_with_sessions, bot_api, session, queued, more, seconds, warning
):
    source = f"""
ALLOWED_UPDATES = ["message", "callback_query", "inline_query"]
QUEUED_UPDATES = {queued}
def reply(update, session=None): ...
{'SESSION = "chat"' * session}
{more}
"""
    bot_api.answers("getMe", {}, ME)
    container = start_with_sessions(source, QUEUE_URL=QUEUE)
    warnings = container.invoke(CHECK, seconds * 1000).get("warnings", [])
    assert [each.startswith(warning) for each in warnings] == [True] * bool(warning)
