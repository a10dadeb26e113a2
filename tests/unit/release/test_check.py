"""check.py: a new version goes live only if it can work."""

import re
from types import SimpleNamespace

import pytest
from telegram_stand_in import TYPES

from tests.support.stubs import QUEUE, load

CHECK = {"tf": {"action": "check"}}
ME = {"id": 1234567890, "is_bot": True, "username": "tea_bot"}
BOT = 'ALLOWED_UPDATES = ["message"]\ndef reply(update, session=None): ...\n'


def refused(container, event=CHECK):
    """Return why a version must not go live."""
    with pytest.raises(container.module("release").ReleaseFailed) as caught:
        container.invoke(event)
    assert caught.value.__context__ is None, "Lambda would also log it"
    return str(caught.value)


@pytest.fixture
def written(tmp_path):
    """Write the bot.py of a container, whose imports the check reads."""

    def write(container, source):
        (tmp_path / "bot.py").write_text(source)
        container.bot.__file__ = str(tmp_path / "bot.py")
        return container

    return write


def test_check_rejects_unplanned_code(container, bot_api):
    container.module("release.check").digest = lambda: "1" * 64
    for planned in ("0", "2"):
        said = refused(container, {**CHECK, "sources": planned * 64})
        assert said.startswith("The function runs other code than was planned.")
        # First what makes a version of the newest code, and only then what makes a new function.
        replaced = re.findall(r"-replace=module\.telegram_bot\.([\w.]+)", said)
        function = ["terraform_data.package", "aws_lambda_function.this"]
        assert replaced == ["terraform_data.webhook_secret", *function]
    bot_api.answers("getMe", {}, ME)
    assert container.invoke({**CHECK, "sources": "1" * 64}) == {}


def test_check_rejects_unplanned_settings(start, bot_api):
    container = start(bot_api.url, CONFIGURATION_DIGEST="1")
    said = refused(container, {**CHECK, "configuration": "2"})
    assert said.startswith("The function has other settings than were planned: terraform apply ")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke({**CHECK, "configuration": "1"}) == {}


def test_digest_is_in_a_file_of_the_package(monkeypatch, tmp_path):
    module = load("botkit.release.check")
    assert module.digest() == "", "a checkout has no digest"
    (tmp_path / "digest").write_text("f" * 64)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "check.py"))
    assert module.digest() == "f" * 64


def test_check_rejects_an_invalid_token(container, bot_api):
    bot_api.refuses({"method": "getMe"}, 401, "Unauthorized")
    said = refused(container)
    assert said == "Telegram did not accept the token: getMe: 401 Unauthorized"


# ── check() of bot.py


def test_check_of_bot_py_is_interrupted(start_bot, bot_api):
    container = start_bot(BOT + "import time\ndef check():\n    while True: time.sleep(0.01)")
    bot_api.answers("getMe", {}, ME)
    with pytest.raises(
        Exception, match=r"^check\(\) of bot\.py failed: DeadlineExceeded: .* at bot\.py:5"
    ):
        container.invoke(CHECK, milliseconds=1_300)


def test_check_of_bot_py_is_called_once(start_bot, bot_api):
    container = start_bot(f"{BOT}noted = []\ndef check(): noted.append(1)")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    assert container.bot.noted == [1]


# ── What bot.py says about itself

NOT_ASYNC = "with def, not async def"
RENAME = "If yours is for something else, rename it"
ALLOWED = 'bot.py must have ALLOWED_UPDATES, the update types that it answers: ["message"]'
QUEUED = (
    "QUEUED_UPDATES in bot.py must be a list of update types that are also in ALLOWED_UPDATES: "
    '["message"]'
)
MENU = (
    "COMMANDS must be a dict of names and their descriptions, or have such a dict for each "
    'language: {"": {…}, "de": {…}}'
)
OTHER_FUNCTIONS = [
    *("check()", "SESSION(update)", "on_rate_limit(update)"),
    *("on_error(update)", "on_event(event)", "on_request(request)"),
]
# What bot.py says: why it is refused.
UNUSABLE = {
    **{
        written: (
            f"def {written.partition('(')[0]}(a, b, c): ...",
            f"{written.partition('(')[0]}() must be written as def {written}. {RENAME}",
        )
        for written in OTHER_FUNCTIONS
    },
    "async": ("async def reply(update): ...", f"reply() must be written {NOT_ASYNC}. {RENAME}"),
    "a generator": (
        "def reply(update):\n    yield",
        f"reply() must be written with return, not yield. {RENAME}",
    ),
    "no session": (
        "SESSION = 'chat'\ndef reply(update): ...",
        f"reply() must be written as def reply(update, session). {RENAME}",
    ),
    "no reply": ("del reply", "bot.py must have a function reply(update)"),
    "no reply, but SESSION": (
        "SESSION = 'chat'\ndel reply",
        "bot.py must have a function reply(update, session)",
    ),
    "a session without SESSION": (
        "def reply(update, session): ...",
        'reply() must be written as def reply(update). If it needs a session, add SESSION = "chat"',
    ),
    "no update types": ("del ALLOWED_UPDATES", ALLOWED),
    "an empty list": ("ALLOWED_UPDATES = []", ALLOWED),
    "text": ("ALLOWED_UPDATES = 'message'", ALLOWED),
    "text to queue": ("QUEUED_UPDATES = 'message'", QUEUED),
    "nothing to queue": ("QUEUED_UPDATES = None", QUEUED),
    "a slip": ("QUEUED_UPDATES = ['mesage']", QUEUED),
    "an urgent type": (
        "ALLOWED_UPDATES = QUEUED_UPDATES = ['message', 'inline_query']",
        "QUEUED_UPDATES in bot.py can't have inline_query: late answers are refused",
    ),
    "a list of commands": ("COMMANDS = ['start']", MENU),
    "commands and a language": ("COMMANDS = {'': {'start': 'x'}, 'help': 'x'}", MENU),
    "another scope": (
        "SESSION = 'chats'",
        'SESSION in bot.py must be "chat", "topic", "user", "chat_user" or a function of an update',
    ),
    "a conversation": (
        "from botkit import conversation",
        'bot.py uses botkit.conversation: it must have SESSION, such as "chat_user"',
    ),
}
CHECKS = {
    "check() raises": (
        "def check():\n    raise RuntimeError('no table')",
        "check() of bot.py failed: RuntimeError: no table at bot.py:4",
    ),
    "check() exits": (
        "import sys\ndef check():\n    sys.exit('over')",
        "check() of bot.py failed: SystemExit: over at bot.py:5",
    ),
    "check() quotes the token": (
        "from botkit import telegram\ndef check():\n    raise ValueError(telegram.token())",
        "check() of bot.py failed: ValueError: … at bot.py:5",
    ),
    "check() returns something to wait for": (
        "def check():\n    return wait()\nasync def wait(): ...",
        f"check() must be written {NOT_ASYNC}",
    ),
}
UNUSABLE |= CHECKS


@pytest.mark.parametrize(("source", "error"), UNUSABLE.values(), ids=UNUSABLE)
def test_check_rejects_a_bot_that_cannot_work(start_with_sessions, bot_api, written, source, error):
    if (source, error) in CHECKS.values():
        bot_api.answers("getMe", {}, ME)
    container = written(start_with_sessions(BOT + source, QUEUE_URL=QUEUE), BOT + source)
    assert refused(container) == error


USABLE = {
    "any arguments": "def reply(*updates): ...",
    "no signature": "reply = iter",
    "decorated": "import functools\n"
    "def with_more(reply):\n"
    "    return functools.wraps(reply)(lambda update: reply(update, 7))\n"
    "@with_more\n"
    "def reply(update, more): ...",
    "no function": "on_event = check = 'tea'",
    "conversations": "SESSION = 'chat'\nfrom botkit import conversation, session",
    "schedules": "from botkit import schedule",
}


@pytest.mark.parametrize("source", USABLE.values(), ids=USABLE)
def test_check_accepts_a_bot_that_can_work(start_with_sessions, bot_api, written, source):
    bot_api.answers("getMe", {}, ME)
    container = written(start_with_sessions(BOT + source, QUEUE_URL=QUEUE), BOT + source)
    assert container.invoke(CHECK) == {}


def test_each_update_type_is_queued_or_urgent():
    """Read in Telegram's documentation whether a new type has a deadline."""
    never = load("botkit.release.registration").NEVER_QUEUED
    assert len(set(TYPES["Update"]) - {"update_id"} - never) == 21


# ── What bot.py needs

FILES = {
    "bot.py": "import schedule\ndef reply(update):\n    from botkit import conversation",
    "more/orders.py": "import botkit.stream\nfrom botkit.session import change",
    "draft.py": "from botkit import telegram\nif",
    "notes.txt": "from botkit import telegram",
    "botkit/queue.py": "from botkit import aws",
}


def test_imports_are_seen_in_every_file_of_the_folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    bot = SimpleNamespace(__file__=str(tmp_path / "bot.py"))
    found = load("botkit.release.check").imports(bot)
    modules = {name for name in found if name.count(".") == 1 and name.startswith("botkit.")}
    assert modules == {"botkit.conversation", "botkit.session", "botkit.stream"}
    assert "schedule" in found, "a module of the bot's own"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "SESSION = 'chat'\nRATE_LIMIT = (1, 60)\nfrom botkit import session",
            "SESSION in bot.py needs a table; RATE_LIMIT in bot.py needs a table: set "
            "session_retention_in_days",
        ),
        (
            "QUEUED_UPDATES = ['message']\nfrom botkit import schedule, session",
            "bot.py uses botkit.session: set session_retention_in_days; bot.py has "
            "QUEUED_UPDATES: set queue = true; bot.py uses botkit.schedule: set queue = true",
        ),
    ],
    ids=["names", "modules"],
)
def test_check_names_all_missing_inputs_at_once(start_bot, written, source, error):
    container = written(start_bot(BOT + source), BOT + source)
    assert refused(container) == error


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
def test_check_warns_of_a_queue_that_helps_little(
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
