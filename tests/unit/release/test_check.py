"""check.py: a new version goes live only if it can work."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BotApi, Start, StartBot
from tests.support.stubs import (
    AWS,
    TOKEN,
    Container,
    Json,
    Part,
    Serve,
    answers,
    http,
    load,
    parameter,
    resets_at_once,
    with_pauses,
)

CHECK = {"tf": {"action": "check"}}
ME = {"id": 1234567890, "is_bot": True, "username": "tea_bot"}


def test_a_version_that_can_work_is_checked_without_a_word(
    container: Container, bot_api: BotApi
) -> None:
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    assert container.log == []


def test_other_code_than_was_planned_goes_not_live(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def variables(**values: str) -> str:
    """Return the digest of these variables' values, as Terraform makes it."""
    return hashlib.sha256("\n".join(values.values()).encode()).hexdigest()


OTHER = r"other variables than .*=module\.telegram_bot\.terraform_data\.webhook_secret "


def test_a_version_with_other_variables_goes_not_live(start: Start, bot_api: BotApi) -> None:
    container = start(bot_api.url, TABLE="vötes")
    for other in (variables(a="https://x", b="vötes"), variables(a="", b="votes")):
        with pytest.raises(Exception, match=OTHER) as caught:
            container.invoke({**CHECK, **VARIABLES, "variables": other})
        assert type(caught.value).__name__ == "CheckFailed"
    bot_api.answers("getMe", {}, ME)
    equal = variables(a="", b="vötes")
    assert container.invoke({**CHECK, **VARIABLES, "variables": equal}) == {}


QUEUES = [f"https://sqs.eu-central-1.amazonaws.com/1/bot{end}" for end in ("-failed", "-dead.fifo")]


def counted(visible: int, hidden: int = 0, delayed: int = 0) -> bytes:
    """Return SQS's answer to GetQueueAttributes."""
    numbers = {"": visible, "Delayed": delayed, "NotVisible": hidden}
    named = {f"ApproximateNumberOfMessages{name}": str(n) for name, n in numbers.items()}
    return http({"Attributes": named})


def refused(code: str, status: str = "400 Bad Request") -> bytes:
    return http({"__type": f"com.amazonaws.sqs#{code}", "message": "no"}, status)


DENIED = refused("AccessDeniedException", "403 Forbidden")
NO_RIGHT = "would be deleted, and the function has no right yet .* apply, and then change them "
BUSY = answers(http(b"", "503 Service Unavailable"))
NOT_TOLD = "bot-failed would be deleted, and SQS doesn't say .* apply again$"
WAIT = "^Failed updates or events wait in bot-dead.fifo, .*: 7. .* purge-queue --queue-url "


@pytest.mark.parametrize(
    ("sqs", "in_vpc", "error"),
    [
        (answers(counted(0), counted(0)), False, ""),
        (answers(counted(0), counted(4, 2, 1)), True, f"{WAIT}{QUEUES[1]}$"),
        (answers(refused("QueueDoesNotExist"), refused("QueueDoesNotExist")), False, ""),
        (answers(refused("QueueDoesNotExist"), counted(7)), False, f"{WAIT}{QUEUES[1]}$"),
        (answers(*[DENIED] * 4), False, ""),
        (answers(*[refused("UnrecognizedClientException", "403 Forbidden")] * 4), False, ""),
        (answers(DENIED, refused("ReceiptHandleIsInvalid")), False, f"^bot-failed {NO_RIGHT}"),
        (answers(DENIED, http(b"", "503 Service Unavailable")), False, f"^bot-failed {NO_RIGHT}"),
        (answers(DENIED, refused("QueueDoesNotExist"), DENIED, DENIED), False, ""),
        (answers(DENIED, DENIED, DENIED, counted(0)), False, f"^bot-dead.fifo {NO_RIGHT}"),
        (
            answers(DENIED, DENIED, DENIED, refused("QueueDoesNotExist")),
            False,
            f"^bot-dead.fifo {NO_RIGHT}",
        ),
        (BUSY, False, NOT_TOLD),
        (BUSY, True, NOT_TOLD),
        (resets_at_once, False, NOT_TOLD),
        (resets_at_once, True, ""),
    ],
    ids=[
        "empty",
        "dead letters",
        "none",
        "dead letters alone",
        "no right",
        "new role",
        "used, but no right to count",
        "perhaps used, but no right to count",
        "a policy for all queues",
        "dead letters, but no right to count",
        "dead letters of a queue that is gone",
        "busy",
        "busy in a VPC",
        "away",
        "no way",
    ],
)
def test_what_failed_is_not_deleted_unasked(
    start: Start, serve: Serve, bot_api: BotApi, sqs: Part, in_vpc: bool, error: str
) -> None:
    bot_api.answers("getMe", {}, ME)
    peer = serve(sqs, resets_at_once)
    container = start(bot_api.url, AWS_ENDPOINT_URL=peer.url, **AWS)
    event = {**CHECK, "queues": QUEUES, "in_vpc": in_vpc}
    if not error:
        assert container.invoke(event) == {}
        return
    with pytest.raises(Exception, match=error) as caught:
        container.invoke(event)
    assert type(caught.value).__name__ == "CheckFailed"


def test_in_a_vpc_each_queue_is_asked(start: Start, serve: Serve, bot_api: BotApi) -> None:
    bot_api.answers("getMe", {}, ME)
    peer = serve(resets_at_once, answers(counted(7)))
    container = start(bot_api.url, AWS_ENDPOINT_URL=peer.url, **AWS)
    with pytest.raises(Exception, match=WAIT):
        container.invoke({**CHECK, "queues": QUEUES, "in_vpc": True})


def test_rights_are_tried_on_a_queue_and_then_on_its_source(
    start: Start, serve: Serve, bot_api: BotApi
) -> None:
    bot_api.answers("getMe", {}, ME)
    peer = serve(answers(*[DENIED] * 4))
    container = start(bot_api.url, AWS_ENDPOINT_URL=peer.url, **AWS)
    container.invoke({**CHECK, "queues": QUEUES, "in_vpc": False})
    asked = [request.partition(b"AmazonSQS.")[2].split()[0].decode() for request in peer.requests]
    urls = [body["QueueUrl"].rpartition("/")[2] for body in peer.bodies]
    assert [*zip(asked, urls, strict=True)] == [
        ("GetQueueAttributes", "bot-failed"),
        ("ChangeMessageVisibility", "bot-failed"),
        ("GetQueueAttributes", "bot-dead.fifo"),
        ("GetQueueAttributes", "bot.fifo"),
    ]


def test_an_older_version_may_have_as_much_time_as_the_queue_hides_an_update(
    container: Container, bot_api: BotApi
) -> None:
    bot_api.answers("getMe", {}, ME)
    assert container.invoke({**CHECK, "hidden_seconds": 60}, 60_000) == {}


def test_with_more_time_an_update_that_is_still_being_answered_would_come_again(
    container: Container,
) -> None:
    error = r"^The timeout of this version is longer .* \(60 seconds\): set timeout as it was"
    with pytest.raises(Exception, match=error):
        container.invoke({**CHECK, "hidden_seconds": 60}, 61_000)


def test_the_digest_is_in_a_file_of_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = load("botkit.release.check")
    assert module.digest() == "", "a checkout has no digest"
    (tmp_path / "digest").write_text("f" * 64)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "check.py"))
    assert module.digest() == "f" * 64


def test_a_token_that_telegram_refuses_goes_not_live(container: Container, bot_api: BotApi) -> None:
    bot_api.refuses({"method": "getMe"}, 401, "Unauthorized")
    with pytest.raises(Exception, match="^Telegram did not accept the token: getMe: 401 Unauth"):
        container.invoke(CHECK)


def test_while_telegram_is_away_nothing_goes_live(
    start: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = start(serve(answers(*[http(b"", "502 Bad Gateway")] * 3)).url)
    pauses = with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="^Telegram could not be reached: getMe: HTTP 502"):
        container.invoke(CHECK, milliseconds=4_500)
    assert pauses == [1.0] * 2


def test_a_token_that_was_rotated_in_the_parameter_is_fetched_again(
    start_with_parameter: Start, serve: Serve, bot_api: BotApi
) -> None:
    store = serve(answers(parameter("1:" + "x" * 30), parameter(TOKEN)))
    bot_api.answers("getMe", {}, ME)
    assert start_with_parameter(bot_api.url, store).invoke(CHECK) == {}


def test_a_bot_that_could_not_be_imported_at_start_up_is_imported_now(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bot")  # as after an import that failed
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


# ── check() of bot.py

BOT = 'HANDLED = ["message"]\ndef reply(update): ...\n'
NOT_ASYNC = "with def, not async def (docs/moving-in shows async frameworks)"
RENAME = (
    "it is called without arguments before a version goes live. If yours is for something else, "
    "rename it"
)
# What bot.py says beside: with what the check ends then.
CHECKS: dict[str, tuple[str, str]] = {
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
    "it quotes the secret, which could be a name": (
        "import os\ndef check():\n    raise NameError(os.environ['TELEGRAM_WEBHOOK_SECRET'])",
        r"check() of bot.py failed: NameError: … at bot.py:5",
    ),
    "it is refused": (
        "from botkit import telegram\ndef check():\n    telegram.call('getChat', chat_id=1)",
        r"check() of bot.py failed: Refused: getChat: 400 Bad Request: no at bot.py:5",
    ),
    "it returns something to wait for": (
        "def check():\n    return wait()\nasync def wait(): ...",
        f"check() must be written {NOT_ASYNC}: {RENAME}",
    ),
    "it wants something, and has no signature": (
        "check = iter",
        f"check() must take no argument: {RENAME}",
    ),
}


@pytest.mark.parametrize(("source", "error"), CHECKS.values(), ids=CHECKS)
def test_the_bots_own_check_keeps_a_version_from_going_live(
    start_bot: StartBot, bot_api: BotApi, source: str, error: str
) -> None:
    bot_api.answers("getMe", {}, ME)
    if "getChat" in source:
        bot_api.refuses({"method": "getChat", "chat_id": 1}, 400, "Bad Request: no")
    with pytest.raises(Exception, match=f"^{re.escape(error)}$") as caught:
        start_bot(BOT + source, TELEGRAM_WEBHOOK_SECRET="planted_name").invoke(CHECK)
    assert type(caught.value).__name__ == "CheckFailed"
    assert caught.value.__context__ is None, "Lambda would also log it"


def test_the_bots_own_check_is_interrupted(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(BOT + "import time\ndef check():\n    while True: time.sleep(0.01)")
    bot_api.answers("getMe", {}, ME)
    with pytest.raises(Exception, match=r"^check\(\) of bot\.py failed: TimeIsUp: .* at bot\.py:5"):
        container.invoke(CHECK, milliseconds=1_300)


@pytest.mark.parametrize("source", ["def check(): noted.append(1)", "check = [1]"])
def test_the_bots_own_check_is_called_once(
    start_bot: StartBot, bot_api: BotApi, source: str
) -> None:
    container = start_bot(f"{BOT}noted = []\n{source}")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    assert container.bot.noted == ([] if "[1]" in source else [1])


# ── Functions that could never be called

AS_EVENTS = "it answers events of other services. If yours is for something else, rename it"
# What bot.py says beside LIMIT, with a Mini App: with what the check ends then.
UNUSABLE: dict[str, tuple[str, str]] = {
    "async": ("async def reply(update): ...", f"reply() must be written {NOT_ASYNC}"),
    "an asynchronous generator": (
        "async def reply(update):\n    yield",
        f"reply() must be written {NOT_ASYNC}",
    ),
    "an asynchronous object": (
        "class Bot:\n    async def __call__(self, update): ...\nreply = Bot()",
        f"reply() must be written {NOT_ASYNC}",
    ),
    "a generator": (
        "def reply(update):\n    yield",
        "reply() must be written with return, not yield",
    ),
    "no argument": ("def reply(): ...", "reply() must be written as def reply(update)"),
    "two arguments": (
        "def reply(update, context): ...",
        "reply() must be written as def reply(update)",
    ),
    "an argument with a name": (
        "def reply(*, update): ...",
        "reply() must be written as def reply(update)",
    ),
    "a choice of sessions": (
        "async def SESSION(update): ...\ndef reply(update, session): ...",
        f"SESSION() must be written {NOT_ASYNC}",
    ),
    "a choice without an update": (
        "def SESSION(): ...\ndef reply(update, session): ...",
        "SESSION() must be written as def SESSION(update)",
    ),
    "a check that waits": (
        "async def check(): ...",
        f"check() must be written {NOT_ASYNC}: {RENAME}",
    ),
    "a check that would do nothing": (
        "def check():\n    yield",
        f"check() must be written with return, not yield: {RENAME}",
    ),
    "a check of something": (
        "def check(update): ...",
        f"check() must be written as def check(): {RENAME}",
    ),
    "an event": (
        "async def on_event(event): ...",
        f"on_event() must be written {NOT_ASYNC}: {AS_EVENTS}",
    ),
    "two of an event": (
        "def on_event(event, context): ...",
        f"on_event() must be written as def on_event(event): {AS_EVENTS}",
    ),
    "a limit": (
        "def on_limit(): ...",
        "on_limit() must be written as def on_limit(update): "
        "it answers the first update beyond LIMIT",
    ),
    "a failure": (
        "def on_failure(): ...",
        "on_failure() must be written as def on_failure(update): it answers when the bot failed",
    ),
    "a request": (
        "def on_request(): ...",
        "on_request() must be written as def on_request(request): it answers the Mini App",
    ),
}


@pytest.mark.parametrize(("source", "error"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_function_that_could_never_be_called_goes_not_live(
    start_with_sessions: StartBot, source: str, error: str
) -> None:
    container = start_with_sessions(
        f"{BOT}LIMIT = (1, 60)\n{source}", MINI_APP_URL="https://api.example/app/index.html"
    )
    with pytest.raises(Exception, match=f"^{re.escape(error)}$"):
        container.invoke(CHECK)


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
        "def on_limit(): ...\nasync def on_request(): ...",
        "def reply(update): ...\non_event = 'tea'",
    ],
    ids=["an optional one", "any number", "no signature", "decorated", "never called", "a string"],
)
def test_a_function_that_can_be_called_goes_live(
    start_bot: StartBot, bot_api: BotApi, source: str
) -> None:
    bot_api.answers("getMe", {}, ME)
    assert start_bot(BOT + source).invoke(CHECK) == {}


# ── What bot.py needs, and says about itself

NAME = "^COMMANDS must have names of 1 to 32 lowercase .*, without a slash: not {}$"
SHAPE = r'^COMMANDS must be a dict of names .* for each language: \{"": \{…\}, "de": \{…\}\}$'
LANGUAGE = '^COMMANDS by language must have keys of two letters, such as "de", and "" for all other'
MENUS: dict[str, tuple[Any, str]] = {
    "a list": (["start"], SHAPE),
    "an empty list": ([], SHAPE),
    "mixed": ({"": {"start": "x"}, "help": "x"}, SHAPE),
    "a locale": ({"de-AT": {"start": "x"}}, LANGUAGE),
    "no text for a language": ({7: {"start": "x"}}, LANGUAGE),
    "commands": ({"start": {}, "help": {}}, LANGUAGE),
    "a slash in a language": (
        {"": {"help": "x"}, "de": {"/help": "x"}},
        NAME.format("'/help'"),
    ),
    "a slash": ({"help": "x", "/start": "x"}, NAME.format("'/start'")),
    "a capital letter": ({"help": "x", "Start": "x"}, NAME.format("'Start'")),
    "a hyphen": ({"": {"buy-tea": "x"}}, NAME.format("'buy-tea'")),
    "a letter of another language": ({"über": "x"}, NAME.format("'über'")),
    "33 letters": ({"a" * 33: "x"}, NAME.format("'a+'")),
    "no letter": ({"": {"": "x"}}, NAME.format("''")),
    "a name that is not text": ({7: "x"}, NAME.format("7")),
}


@pytest.mark.parametrize(("commands", "error"), MENUS.values(), ids=MENUS)
def test_a_menu_that_telegram_would_change_goes_not_live(
    container: Container, monkeypatch: pytest.MonkeyPatch, commands: Any, error: str
) -> None:
    monkeypatch.setattr(container.bot, "COMMANDS", commands)
    with pytest.raises(Exception, match=error):
        container.invoke(CHECK)


@pytest.mark.parametrize("seconds", [3600, 0.5])
def test_init_data_seconds_may_be_any_number(
    container: Container, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, seconds: Any
) -> None:
    monkeypatch.setattr(container.module("settings").settings, "mini_app_url", "https://x/app/")
    monkeypatch.setattr(container.bot, "INIT_DATA_SECONDS", seconds, raising=False)
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


def test_init_data_seconds_must_be_a_number(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container.module("settings").settings, "mini_app_url", "https://x/app/")
    monkeypatch.setattr(container.bot, "INIT_DATA_SECONDS", "60", raising=False)
    with pytest.raises(Exception, match=r"^INIT_DATA_SECONDS in bot\.py must be a number"):
        container.invoke(CHECK)


WITH_SESSION = 'SESSION = "chat"\nHANDLED = ["message"]\ndef reply(update, session): ...'


@pytest.mark.parametrize(
    ("source", "table", "error"),
    [
        (WITH_SESSION, "", "SESSION in bot.py needs a table: set session_retention_in_days"),
        (
            WITH_SESSION.replace('"chat"', '"chats"'),
            "x",
            'SESSION in bot.py must be "chat", "topic"',
        ),
        (
            WITH_SESSION.replace(", session", ""),
            "x",
            r"^reply\(\) must be written as def reply\(update, session\)$",
        ),
    ],
    ids=["no table", "no such choice", "one argument"],
)
def test_a_session_that_cant_be_kept_fails_the_apply(
    start_with_sessions: StartBot, bot_api: BotApi, source: str, table: str, error: str
) -> None:
    container = start_with_sessions(source, SESSION_TABLE=table)
    with pytest.raises(Exception, match=error):
        container.invoke(CHECK)


WITHOUT = 'HANDLED = ["message"]\ndef reply(update): ...\n'


def test_a_dialogue_needs_a_session(start_with_sessions: StartBot) -> None:
    container = start_with_sessions(WITHOUT + "from botkit import conversation")
    with pytest.raises(
        Exception,
        match=r'^bot\.py uses botkit\.conversation: it must have SESSION, such as "chat_user"$',
    ):
        container.invoke(CHECK)


def test_sessions_of_events_need_a_table(start_bot: StartBot) -> None:
    """An apply without one would delete the one that there was."""
    container = start_bot(WITHOUT + "from botkit import session")
    with pytest.raises(Exception, match=r"^bot\.py uses botkit\.session: set session_retention"):
        container.invoke(CHECK)


def test_sessions_of_events_may_have_a_table(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    bot_api.answers("getMe", {}, ME)
    container = start_with_sessions(WITHOUT + "from botkit import session")
    assert container.invoke(CHECK) == {}


def test_a_bot_with_dialogues_and_a_table_may_go_live(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    container = start_with_sessions(WITH_SESSION + "\nfrom botkit import conversation, session\n")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


def test_an_answer_that_grows_needs_no_table(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot(WITHOUT + "from botkit import stream")
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


def test_a_bot_with_sessions_may_go_live(start_with_sessions: StartBot, bot_api: BotApi) -> None:
    container = start_with_sessions(WITH_SESSION)
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


def test_a_failed_import_never_tells_the_token_of_the_parameter(
    start_with_parameter: Start,
    serve: Serve,
    bot_api: BotApi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = "from botkit import telegram\nraise RuntimeError(f'no {telegram.token()}')\n"
    (tmp_path / "bot.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    container = start_with_parameter(bot_api.url, serve(answers(*[parameter(TOKEN)] * 3)))
    with pytest.raises(
        Exception, match=r"^bot\.py can't be imported: RuntimeError: no … at bot.py:2$"
    ):
        container.invoke(CHECK)


WITH_LATER = """
HANDLED = ["message"]
from botkit import schedule
def reply(update): ...
"""


def test_a_bot_that_imports_later_needs_the_input(
    start_with_schedules: StartBot, start_bot: StartBot, bot_api: BotApi
) -> None:
    with pytest.raises(Exception, match=r"^bot\.py uses botkit\.later: set later = true$"):
        start_bot(WITH_LATER).invoke(CHECK)
    container = start_with_schedules(WITH_LATER)
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}


PLANNED = {"sources": "1" * 64}  # of the newest version alone
NO_EVENTS = "bot.py has no on_event(): waiting events of an earlier version will fail"


@pytest.mark.parametrize(
    ("version", "more", "source", "warned"),
    [
        ("2", PLANNED, WITH_LATER, [NO_EVENTS]),
        ("2", PLANNED, WITHOUT, [NO_EVENTS]),
        ("1", {}, WITH_LATER, [NO_EVENTS]),
        ("1", PLANNED, WITH_LATER, []),
        ("2", PLANNED, f"{WITH_LATER}\ndef on_event(event): ...\n", []),
    ],
    ids=["a second", "without later too", "the first again", "the first", "with on_event"],
)
def test_a_version_without_on_event_is_warned_of_earlier_ones(
    start_with_schedules: StartBot,
    bot_api: BotApi,
    version: str,
    more: Json,
    source: str,
    warned: list[str],
) -> None:
    """Whose events may wait."""
    container = start_with_schedules(source, AWS_LAMBDA_FUNCTION_VERSION=version)
    bot_api.answers("getMe", {}, ME)
    container.invoke({**CHECK, **VARIABLES, "variables": variables(queue="", table=""), **more})
    told = [line["message"] for line in container.log if line["level"] == "WARNING"]
    assert told == warned


@pytest.mark.parametrize("handled", ["message", {}, set(), None, {7: 1}], ids=repr)
def test_a_bot_must_say_what_it_handles(
    container: Container, monkeypatch: pytest.MonkeyPatch, handled: Any
) -> None:
    monkeypatch.setattr(container.bot, "HANDLED", handled)
    with pytest.raises(Exception, match=r"^bot\.py must have HANDLED"):
        container.invoke(CHECK)


@pytest.mark.parametrize("at_once", ["message", None, 7, ["message", 7], ["mesage"]], ids=repr)
def test_what_is_answered_at_once_must_be_a_list_of_what_is_handled(
    container: Container, monkeypatch: pytest.MonkeyPatch, at_once: Any
) -> None:
    monkeypatch.setattr(container.bot, "AT_ONCE", at_once, raising=False)
    with pytest.raises(Exception, match=r"^AT_ONCE in bot\.py must be a list of kinds of update"):
        container.invoke(CHECK)


def test_a_part_that_is_switched_off_is_not_asked(start_bot: StartBot, bot_api: BotApi) -> None:
    """ways.py says which are on: without a Mini App, on_request is any function of the bot's."""
    wrong = "INIT_DATA_SECONDS = 'a day'\ndef on_request(): ...\n"
    container = start_bot(WITHOUT + wrong)
    bot_api.answers("getMe", {}, ME)
    assert container.invoke(CHECK) == {}
    on = start_bot(WITHOUT + wrong, MINI_APP_URL="https://example.com/app/")
    with pytest.raises(Exception, match=r"^on_request\(\) must be written as def on_request\("):
        on.invoke(CHECK)


def test_each_part_says_what_it_needs(start_with_sessions: StartBot) -> None:
    source = WITH_SESSION + "\nLIMIT = (1, 1)\nfrom botkit import schedule\n"
    container = start_with_sessions(source, MINI_APP_URL="https://example.com/app/")
    parts = {
        part.__name__ for part in container.module("ways").parts() if "check_bot" in vars(part)
    }
    assert parts == {
        *("botkit.schedule", "botkit.sources.page"),
        *("botkit.steps.answer", "botkit.steps.limit", "botkit.steps.on_event"),
        *("botkit.steps.on_limit", "botkit.steps.session"),
    }
