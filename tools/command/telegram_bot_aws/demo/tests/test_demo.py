"""scripts/demo: one command shows the bot at work, and leaves nothing behind."""

import json
import re
import runpy
import signal
import sys

import pytest

from telegram_bot_aws.demo import demo, deployments
from telegram_bot_aws.demo.deployments import TOKENS_BEGIN, token
from telegram_bot_aws.local.project import LAMBDA, ROOT
from tests.support.needs import needs_terraform
from tests.support.programs import (
    Script,
    contents,
    copy_of_the_project,
    nothing_is_left,
    processes_that_know,
    run,
    save,
)
from tests.support.stubs import BOT

PLAIN = str(BOT.parent)


@pytest.fixture
def project(tmp_path):
    return copy_of_the_project(tmp_path / "project")


@pytest.mark.slow
def test_a_read_only_checkout_with_a_strange_path_works(tmp_path, temporary):
    """The path has blanks, a dollar and non-ASCII letters, and there are no dependencies."""
    project = copy_of_the_project(tmp_path / "my $HOME's `bots` größer")
    (project / ".venv").unlink()
    save(project / "lambda" / "bot.py", "Heard: ", "Gesagt: ")
    for path in [*project.rglob("*"), project]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    before = contents(project)
    arguments = ("--direct", "--send", "hello", "--send", "good bye")
    with Script(project, "demo", *arguments, TMPDIR=str(temporary)) as demo:
        assert demo.end() == 0, demo.output
    lines = demo.output.splitlines()
    assert lines.index("Gesagt: hello") < lines.index("Gesagt: good bye")
    assert contents(project) == before
    assert not (project / ".venv").exists()
    nothing_is_left(temporary)


LIVE = "A saved change to lambda/bot.py is live at the next message. Ctrl-C ends the demo."


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
@pytest.mark.parametrize(
    ("arguments", "moment", "kind", "code"),
    [
        (["--direct"], LIVE, signal.SIGINT, 0),
        (["--direct"], LIVE, signal.SIGKILL, -signal.SIGKILL),
        ([], "terraform init … ", signal.SIGKILL, -signal.SIGKILL),
        ([], "terraform apply … ", signal.SIGTERM, 130),
    ],
    ids=["Ctrl-C", "killed", "killed in the set-up", "ended in the set-up"],
)
def test_a_signal_ends_the_demo_and_all_it_started(
    project, temporary, monkeypatch, arguments, moment, kind, code
):
    monkeypatch.chdir(project)
    with Script(project, "demo", *arguments, TMPDIR=str(temporary)) as demo:
        demo.wait_for(moment)
        assert processes_that_know(f"TMPDIR={temporary}")
        assert demo.end(kind) == code
    assert ("Stopped and cleaned up." in demo.output) == (code == 130)
    nothing_is_left(temporary, is_killed=kind == signal.SIGKILL)


def test_each_start_has_a_token_of_its_own():
    other = runpy.run_path(deployments.__file__)["token"](1)
    for each in (token(1), other):
        assert each.startswith(f"1234567890:{TOKENS_BEGIN}")
    assert token(1) != other


@pytest.mark.slow
@pytest.mark.usefixtures("quick_terraform")
def test_a_failed_apply_is_reported_and_taken_down(project, temporary):
    with (project / "main.tf").open("a") as main:  # where the plan fails, which is sooner
        main.write('output "fails" {\n  value = file("nowhere")\n}\n')
    with Script(project, "demo", "--send", "hello", TMPDIR=str(temporary)) as demo:
        assert demo.end() == 1
    assert "scripts/demo: terraform apply failed:" in demo.output
    assert "no file exists at " in demo.output
    assert "Traceback" not in demo.output
    assert TOKENS_BEGIN not in demo.output
    nothing_is_left(temporary)


DIRECT = "Without AWS and Terraform the bot runs by --direct.\n"
MIRROR = f"copy DIR to ~/.terraform.d/mirror.\n{DIRECT}"


@pytest.mark.slow
def test_missing_provider_is_reported(project, tmp_path):
    needs_terraform()
    settings = tmp_path / "settings"
    settings.write_text(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{tmp_path}" }}\n}}\n'
    )
    ran = run(demo.main, "--send", "hello", TF_CLI_CONFIG_FILE=str(settings))
    assert "scripts/demo: terraform init failed:" in ran.output
    assert (ran.code, ran.output[-len(MIRROR) :]) == (1, MIRROR)
    ran = run(demo.main, "--send", "hello", TERRAFORM="nowhere")
    told = "scripts/demo: TERRAFORM is nowhere, but there is no such program\n"
    assert (ran.code, ran.output) == (1, told + DIRECT)
    (project / ".venv").unlink()
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(sys.executable)
    (project / "scripts/bootstrap").write_text("#!/bin/sh\necho 'Setting up .venv …'\n")
    with Script(project, "demo", "--send", "hello") as script:
        assert script.end() == 1
    assert ".venv is broken: remove it" in script.output
    assert DIRECT in script.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--direct", "--send", " "], "a message needs some text"),
        (["--direct", "--send", "@nowhere.jpg"], "there is no file nowhere.jpg"),
        (["--direct", "--advance", "long"], "a time is expected, such as 30s, 20m, 2h or 1d"),
        (["--direct", "--as", " "], "a name has 1 to 64 characters"),
        (["--direct", "--env-file", "/nowhere"], "/nowhere can't be read: No such file"),
        (["--direct", "--update", "/nowhere"], "/nowhere can't be read: No such file"),
        (["--direct", "--update", str(BOT)], f"{BOT}: an update or event is JSON"),
        (["--advance", "1d"], "--advance needs --direct"),
        (["--as", "Bob"], "--as is for the actions after it: add a --send"),
        (["--json"], "--json prints calls after --send"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_an_explicit_option_that_cannot_be_met_is_refused(arguments, sentence):
    sent = [] if {"--as", "--json"} & {*arguments} else ["--send", "hello"]
    ran = run(demo.main, PLAIN, *arguments, *sent)
    assert ran.code == 2
    assert sentence in ran.output


def test_the_folder_says_what_runs(tmp_path, monkeypatch):
    hello = ROOT / "examples" / "hello"
    for here, name, direct, found in (
        (ROOT, f"{hello}", False, (hello, None)),
        (ROOT, f"{hello}", True, (None, hello / "bot")),
        (ROOT, f"{hello}/bot", False, (None, hello / "bot")),
        (hello, None, False, (hello, None)),
        (tmp_path, None, False, (None, LAMBDA)),
        (ROOT, None, False, (None, LAMBDA)),
    ):
        monkeypatch.chdir(here)
        assert demo.target(name, direct=direct) == found
    (tmp_path / "main.tf").touch()
    for name, direct, problem in (
        (f"{tmp_path}", True, "there is no bot.py in .*, nor in its folder bot"),
        (f"{ROOT}/docs", False, "there is no bot.py in .*, nor in its folder bot"),
        (f"{tmp_path}/nowhere", False, "there is no folder "),
        (f"{hello}/bot/bot.py", False, "is a file: give its folder"),
    ):
        with pytest.raises(ValueError, match=problem):
            demo.target(name, direct=direct)


ECHO = BOT.read_text()
FAILURES = {
    "an exception": (ECHO.replace('["text"]', '["txt"]'), [], True, "KeyError: 'txt'"),
    "no package": ("import no_such_package\n", [], False, "No module named"),
    "no AWS": (
        "from botkit import aws\nALLOWED_UPDATES = ['message']\n"
        "def reply(update): aws.call('dynamodb', 'DynamoDB_20120810.ListTables', {})\n",
        [],
        True,
        "there is no AWS here: leave the call out",
    ),
    "no messages": (
        "ALLOWED_UPDATES = ['mesage', 'poll']\ndef reply(update): return []\n",
        [],
        False,
        'add "message" to ALLOWED_UPDATES in bot.py, which lists only mesage, poll',
    ),
    "a menu": (ECHO + "COMMANDS['a b'] = ''", [], False, "the bot can't start:\nReleaseFailed: "),
    "privacy mode": (
        ECHO,
        ["--chat", "group"],
        False,
        'the bot doesn\'t get "hello": in privacy mode it gets only commands',
    ),
    "half an update": (
        ECHO,
        ["--update", "post"],
        False,
        "scripts/demo: post: Telegram sends no such channel_post: KeyError('chat')",
    ),
}


@pytest.mark.parametrize(
    ("source", "flags", "is_delivered", "sentence"), FAILURES.values(), ids=FAILURES
)
def test_a_failure_is_explained(tmp_path, monkeypatch, source, flags, is_delivered, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot.py").write_text(source)
    (tmp_path / "post").write_text('{"channel_post": {"text": "hi"}}')
    ran = run(demo.main, "--direct", *flags, "--send", "hello", AWS_ACCESS_KEY_ID="planted")
    assert ran.code == 1
    assert sentence in ran.output
    assert ('" delivered' in ran.output) is is_delivered
    assert ran.output.count("requirements.txt") == (sentence == "No module named")
    warning = "scripts/demo: ALLOWED_UPDATES lists mesage, which Bot API 10.4 does"
    assert (warning in ran.output) == ("mesage" in source)


PEOPLE = """
import logging
from datetime import UTC, datetime, timedelta
from botkit import schedule, telegram
from botkit.errors import TelegramError

log = logging.getLogger("bot")
YES_NO = [{"text": "Yes"}, {"text": "No"}]
POLL = {"is_anonymous": False, "allows_multiple_answers": True, "options": YES_NO}
MORE = {
    "menu": {"reply_markup": {"inline_keyboard": [[{"text": "➕ Add", "callback_data": "add"}]]}},
    "ask": {"reply_markup": {"keyboard": [YES_NO]}},
    "poll": {"method": "sendPoll", "question": "Well?", **POLL},
    "refused": {"chat_id": 4343},
    "later to nobody": {"chat_id": 77},
}

def reply(update):
    [kind] = update.keys() - {"update_id"}
    about = update[kind]
    if kind == "callback_query":
        try:
            telegram.call("sendMessage", chat_id=4242, text="")
        except TelegramError:
            log.info("refused", extra={"data": about["data"]})
        return []
    if kind == "inline_query":
        content = {"message_text": about["query"]}
        result = {"type": "article", "id": "1", "title": "🍕 Yes", "input_message_content": content}
        answer = {"inline_query_id": about["id"], "results": [result]}
        return [{"method": "answerInlineQuery", **answer}]
    chat = about.get("chat") or about["user"]
    word = f"{about.get('text', about.get('option_ids', [*about][-1]))}"
    who = about.get("from", {}).get("first_name")
    text = f"{who} in {chat.get('type')}: {word}"
    call = {"method": "sendMessage", "chat_id": chat["id"], "text": text, **MORE.get(word, {})}
    if word.startswith("later"):
        schedule.once(call, datetime.now(UTC) + timedelta(hours=1), f"{len(word)}")
        return []
    if word == "log":
        print("printed before")
        try:
            [][0]
        except IndexError:
            log.exception("an error that is only logged")
        print("printed after")
        return []
    return [call]

def on_event(event):
    text = event["Records"][0]["Sns"]["Message"]
    return [{"method": "sendMessage", "chat_id": 4242, "text": text}] if text else []

QUEUED_UPDATES = ["channel_post"]
ALLOWED_UPDATES = ["message", "callback_query", "poll_answer", "inline_query", *QUEUED_UPDATES]
"""


@pytest.fixture
def people(tmp_path):
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "bot.py").write_text(PEOPLE)
    return tmp_path / "people"


def of_people(output):
    """Return the lines of an output after the set-up and the bot's needs, without times."""
    return re.sub(r" … [\d.]+ s$", "", output, flags=re.MULTILINE).splitlines()[3:]


def test_people_talk_vote_ask_choose_and_send_files(people, tmp_path):
    post = {"chat": {"id": -5, "type": "channel", "title": "News"}}
    (tmp_path / "post").write_text(json.dumps({"update_id": 1, "channel_post": post}))
    (tmp_path / "photo.gif").write_bytes(b"GIF89a")
    (tmp_path / "list.txt").write_text("one")
    talk = ("--send", "hi", "--as", "Bob", "--send", "hi", "--chat", "group", "--send", "hi")
    vote = ("--as", "ADA", "--send", "poll", "--press", "No", "--press", "Yes")
    ask = ("--chat", "private", "--send", "@bot pizza?", "--press", "Yes")
    files = ("--send", f"@{tmp_path}/photo.gif", "--send", f"@{tmp_path}/list.txt")
    caught = ("--send", "menu", "--press", "Add")
    ran = run(
        demo.main, "--direct", "--admin", str(people),
        *talk, *vote, *ask, *files, *caught, "--chat", "topic",
        "--as", "Grace", "--update", str(tmp_path / "post"),
        "--send", "ask", "--press", "No", "--press", "Stop",
    )  # fmt: skip
    assert of_people(ran.output) == [
        '"hi" delivered',
        "Ada in private: hi",
        'Bob: "hi" delivered',
        "Bob in private: hi",
        'Bob in Book club: "hi" delivered',
        "Bob in supergroup: hi",
        'Ada in Book club: "poll" delivered',
        "(sendPoll) Well?",
        "[Yes]",
        "[No]",
        'Ada in Book club: "No" tapped',
        "(to Ada) None in None: [1]",
        'Ada in Book club: "Yes" tapped',
        "(to Ada) None in None: [0, 1]",
        '"@bot pizza?" asked',
        "(answerInlineQuery)",
        "[🍕 Yes]",
        '"🍕 Yes" tapped',
        "pizza?",
        "Ada in private: pizza?",
        f'"@{tmp_path}/photo.gif" delivered',
        "Ada in private: photo",
        f'"@{tmp_path}/list.txt" delivered',
        "Ada in private: document",
        '"menu" delivered',
        "Ada in private: menu",
        "[➕ Add]",
        '"➕ Add" tapped',
        "sendMessage was refused: Bad Request: message text is empty",
        "(no answer)",
        f'Grace in Workshop: "{tmp_path}/post" delivered',
        "answered by way of the queue",
        "(to News) None in channel: date",
        'Grace in Workshop: "ask" delivered',
        "Grace in supergroup: ask",
        "[Yes] [No]",
        'Grace in Workshop: "No" delivered',
        "Grace in supergroup: No",
        'scripts/demo: there is no button "Stop" to tap. The buttons: [Yes] [No]',
    ]
    assert "To deploy the bot, set these inputs of the module: queue = true." in ran.output
    assert ran.code == 1


def test_an_event_of_aws_comes_from_a_file(people, tmp_path):
    files = {
        "call": {"method": "sendMessage", "chat_id": 4242, "text": "Tea"},
        "news": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "Open again"}}]},
        "none": {"Records": [{"Sns": {"Message": ""}}]},
    }
    flags = ["--send", "later"]
    for name, event in files.items():
        (tmp_path / name).write_text(json.dumps(event))
        flags += ["--update", str(tmp_path / name)]
    ran = run(demo.main, "--direct", str(people), *flags, "--json")
    assert ran.code == 0, ran.output
    lines = [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]
    assert [line["params"]["text"] for line in lines] == ["Tea", "Open again"]
    assert f'event "{tmp_path}/none" sent' in ran.output


def test_refused_answer_says_what_a_person_must_do(people):
    flags = ("--json", "--send", "refused", "--send", "hi")
    ran = run(demo.main, "--direct", str(people), *flags)
    [delivered, call, refused, hint, failed] = of_people(ran.output)
    assert json.loads(call) == {
        "method": "sendMessage",
        "params": {"chat_id": 4343, "text": "Ada in private: refused"},
        "files": {},
        "bot": "people_bot",
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: chat not found",
    }
    assert refused == "sendMessage was refused: Bad Request: chat not found"
    assert "write /start there" in hint
    assert failed.startswith(
        "scripts/demo: the update was not answered, but refused: sendMessage: "
    )
    assert ran.code == 1


def test_time_passes_and_what_fails_then_fails_the_run(people):
    flags = ("--send", "later", "--advance", "2h", "--advance", "0.1s")
    ran = run(demo.main, "--direct", str(people), *flags)
    assert of_people(ran.output)[-3:] == [
        "Ada in private: later",
        "letting time pass",
        "scripts/demo: nothing came in this time",
    ]
    assert ran.code == 1
    flags = ("--send", "later", "--send", "later to nobody", "--advance", "2h")
    ran = run(demo.main, "--direct", str(people), *flags)
    assert "An event failed: refused: sendMessage: 400 Bad Request: chat not found" in ran.output
    assert (ran.code, "nothing came" in ran.output) == (1, False)


def test_an_update_beyond_the_rate_limit_fails_no_run(tmp_path):
    source = "RATE_LIMIT = (1, 60)\nALLOWED_UPDATES = ['message']\ndef reply(update): return []\n"
    (tmp_path / "bot.py").write_text(source)
    ran = run(demo.main, "--direct", str(tmp_path), "--send", "one", "--send", "two")
    assert ran.code == 0, ran.output


def test_the_log_is_printed_in_its_place(people):
    flags = ("--send", "log", "--send", "menu", "--press", "Add")
    ran = run(demo.main, "--direct", str(people), *flags)
    said = of_people(ran.output)
    assert said[1:4] == [
        "printed before",
        "ERROR: an error that is only logged",
        "Traceback (most recent call last):",
    ]
    assert said[said.index('"menu" delivered') - 3 :][:3] == [
        "IndexError: list index out of range",
        "printed after",
        "(no answer)",
    ]
    assert "INFO" not in ran.output, "is less than a warning"
    ran = run(demo.main, "--direct", "--log", "--json", str(people), *flags[2:])
    lines = [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]
    assert {"level": "INFO", "logger": "bot", "message": "refused", "data": "add"} in lines
    assert [line["outcome"] for line in lines if "outcome" in line][-2:] == ["answered", "ignored"]
    assert [line["ok"] for line in lines if "method" in line] == [True, False]
