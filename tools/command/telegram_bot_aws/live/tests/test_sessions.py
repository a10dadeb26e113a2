"""scripts/sessions, over files and over a table of the emulated AWS."""

import io
import json
import os
import re
import sys
import time
import uuid

import botocore.session
import pytest
from botkit.fakes.services import write

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.live import sessions
from telegram_bot_aws.live.stores import FileStore
from telegram_bot_aws.local.processes import minimal_environment
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Script, run

REGION = "eu-central-1"
NOW = int(time.time())
DAY = 24 * 3600
WORDS = "my secret"


def item(key, session, *, days=3, **more):
    """Return an item that botkit wrote so many days ago."""
    return {
        "id": {"S": key},
        "version": {"S": f"{NOW - days * DAY:08x}0badcafe"},
        "session": {"S": json.dumps(session)},
        "updates": {"S": "[401,4]"},
        "calls": {"M": {"101": {"S": '[{"method":"sendMessage","chat_id":42}]'}}},
        "expires_at": {"N": str(NOW + 27 * DAY + 600)},
        **more,
    }


ITEMS = [
    item("42", {"about": WORDS}),
    item("-100/42", {"vote": WORDS}),
    item("-100/7/42", {"draft": WORDS}),
    item("-100", {"votes": {"42": "pizza"}}, calls={"M": {}}),
    item("142", {"about": "another"}, calls={"M": {}}),
    {"id": {"S": "limit:42:7"}, "ids": {"NS": ["1", "2"]}},
]
REMINDER = {"method": "sendMessage", "chat_id": 42, "text": WORDS}
EVENTS = {
    "once.42.tea": {"event": {"remind": WORDS}},
    "once.a1": [{"method": "sendMessage", "chat_id": -100, "text": "Lunch"}, REMINDER],
    "cron.debts": {"event": {"debts of": 42}},
    "cron.lunch": {"method": "sendMessage", "chat_id": -100, "text": "142 soups"},
}
OF_42 = {"42", "-100/42", "-100/7/42", "limit:42:7"}


def in_files(folder, items=ITEMS):
    """Keep sessions and schedules in files, and return the flags that name them."""
    file = folder / "sessions.json"
    write(file, {each["id"]["S"]: each for each in items})
    waits = {name: {"at": NOW + DAY, "event": event} for name, event in EVENTS.items()}
    write(file.with_suffix(".schedules.json"), waits)
    return "--file", str(file)


def in_a_table(bot):
    """Keep sessions in a bot's table on the emulated AWS, and return the flags that name it."""
    table = f"{bot}_sessions"
    dynamodb = botocore.session.Session().create_client("dynamodb", REGION)
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for each in ITEMS:
        dynamodb.put_item(TableName=table, Item=each)
    return "--table", table, "--region", REGION


def in_a_group(bot):
    """Keep schedules in a bot's group on the emulated AWS."""
    scheduler = botocore.session.Session().create_client("scheduler", REGION)
    scheduler.create_schedule_group(Name=bot)
    for name, event in EVENTS.items():
        scheduler.create_schedule(
            GroupName=bot,
            Name=name,
            ScheduleExpression="at(2099-01-01T12:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn", "RoleArn": "arn", "Input": json.dumps(event)},
        )


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def aws(emulator, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    key = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    ours = {**minimal_environment(str(tmp_path)), **key, "AWS_ENDPOINT_URL": emulator.url}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bot(aws):
    """The name of a bot on the emulated AWS."""
    return f"bot-{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["file", "table"])
def flags(request, tmp_path):
    if request.param == "file":
        return in_files(tmp_path)
    bot = request.getfixturevalue("bot")
    in_a_group(bot)
    return in_a_table(bot)


def ask(flags, *arguments):
    return run(sessions.main, *arguments, *flags)


def lines(ran):
    assert ran.code == 0, ran.output
    return [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]


def kept(flags):
    """Return the sessions by their keys."""
    return {line["id"]["S"]: line for line in lines(ask(flags, "export"))}


def waiting(flags):
    """Return the names of what is scheduled."""
    return re.findall(r"^  at\(.*\) UTC  (.*)$", ask(flags, "list").output, re.MULTILINE)


OF_A_PERSON = "42 -100/42 42/7 guest:42 cart-42 business:c-7:42 debts.-100.42 user.42".split()
OF_OTHERS = "-42 -100/-42 142 421 a42 42a".split()


def test_person_is_found_in_keys_and_nested_json(tmp_path):
    held = {"a": {"members": "7\n42"}, "b": {"votes": {"42": 1}}, "c": {"kept": '{"by":42}'}}
    others = {**dict.fromkeys(OF_OTHERS, {}), **held, "d": {"chat": -42}}
    all_held = {**dict.fromkeys(OF_A_PERSON, {}), **others}
    items = [item(key, session, calls={"M": {}}) for key, session in all_held.items()]
    ran = ask(in_files(tmp_path, items), "export", "--person", "42")
    assert [line["id"]["S"] for line in lines(ran) if "id" in line] == OF_A_PERSON
    assert re.search(r"^Other sessions that contain 42; .*\n  a\n  b\n  c$", ran.output, re.M)
    assert "\n  d" not in ran.output


def test_list_shows_keys_sizes_and_ages_only(flags):
    code, output = ask(flags, "list")
    assert code == 0
    [line] = [line for line in output.splitlines() if line.endswith(" 42")]
    assert re.search(r"^ +\d\d\d bytes  changed 3 days ago +expires in 27 days +42$", line)
    [odd] = [line for line in output.splitlines() if line.endswith("limit:42:7")]
    assert "age not known" in odd and "kept forever" in odd
    assert output.count(" bytes ") == len(ITEMS)
    assert re.search(r"^4 scheduled events:$", output, re.M)
    assert re.search(r"^in all +2 +1$", output, re.M)
    assert WORDS not in output and "pizza" not in output


def test_export_finds_all_of_a_person(flags):
    ran = ask(flags, "export", "--person", "42")
    found = lines(ran)
    items = [line for line in found if "id" in line]
    assert sorted(items, key=ITEMS.index) == [*ITEMS[:3], ITEMS[-1]]
    waits = {line["schedule"]: line["event"] for line in found if "schedule" in line}
    assert waits == {name: EVENTS[name] for name in ("once.42.tea", "once.a1", "cron.debts")}
    assert re.search(r"^Other sessions that contain 42; .*\n  -100$", ran.output, re.M)


@pytest.mark.slow
def test_delete_of_a_person_asks_first(flags, monkeypatch):
    before = kept(flags)
    ran = ask(flags, "delete", "--person", "42")
    assert ran.code == 1
    assert "Nothing was changed: there is no terminal to ask in. Add --yes." in ran.output
    lines = [line for line in ran.output.splitlines() if " bytes " in line]
    assert {line.partition("(")[0].split()[-1] for line in lines} == OF_42
    assert WORDS not in ran.output
    assert (kept(flags), set(waiting(flags))) == (before, set(EVENTS))
    terminal = io.StringIO("no\nyes\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    ran = ask(flags, "delete", "--person", "42")
    assert (ran.code, kept(flags)) == (1, before)
    ran = ask(flags, "delete", "--person", "42")
    assert ran.code == 0
    assert "Delete 4 sessions and 3 scheduled events? Type yes: " in ran.output
    assert set(kept(flags)) == {"-100", "142"}
    assert set(waiting(flags)) == {"cron.lunch"}
    assert "Nothing to delete" in ask(flags, "delete", "--person", "42").output


def test_schedules_are_cancelled_before_sessions_are_deleted(tmp_path, monkeypatch):
    """What runs meanwhile may make a session again."""
    done = []
    monkeypatch.setattr(FileStore, "cancel", lambda *named: done.append("cancelled"))
    monkeypatch.setattr(FileStore, "delete", lambda *named: done.append("deleted"))
    ask(in_files(tmp_path), "delete", "--person", "42", "--yes")
    assert done == [*["cancelled"] * 3, *["deleted"] * 4]


def test_list_counts_people_and_groups_once(tmp_path):
    people = [item("42", {}, days=0), item("42/42", {}, days=3), item("43", {}, days=20)]
    groups = [item("-100", {}, days=3), item("-100/42", {}, days=3), item("-200/44", {}, days=50)]
    others = [item("business:c-7:45/9", {}, days=0), item("guest:-300/46", {}, days=0)]
    expired = item("47", {}, expires_at={"N": str(NOW - 1)})
    nobodys = [item("cart:42", {}), item("basket:a", {}), ITEMS[-1]]  # the last is botkit's
    items = [*people, *groups, *others, expired, *nobodys]
    code, output = ask(in_files(tmp_path, items), "list")
    assert code == 0
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert lines[lines.index("changed people groups") :] == [
        "changed people groups",
        "in all 5 3",
        "last 30 days 4 2",
        "last 7 days 3 2",
        "last day 3 1",
        "2 sessions more, whose keys name nobody",
    ]


def test_export_of_a_key_has_that_session(flags):
    assert lines(ask(flags, "export", "142")) == [ITEMS[4]]
    code, output = ask(flags, "export", "143")
    assert code == 1
    assert "there is no session 143 in " in output


def test_import_restores_an_export(flags, tmp_path):
    before = kept(flags)
    export = tmp_path / "export.jsonl"
    export.write_text("\n".join(map(json.dumps, lines(ask(flags, "export")))))
    assert ask(flags, "delete", *OF_42, "--yes").code == 0
    code, output = ask(flags, "import", str(export))
    assert (code, "Imported 4. 2 stay as they are" in output) == (0, True), output
    after = kept(flags)
    for key in OF_42 - {"limit:42:7"}:  # a bot that has read the old item must notice
        assert after[key].pop("version") != before[key].pop("version")
    assert after == before


def test_import_replaces_only_on_demand(flags, tmp_path):
    file = tmp_path / "one.jsonl"
    new = item("142", {"about": "new"})
    file.write_text(json.dumps(new) + '\n{"schedule": "once.42.tea"}\n')
    before = kept(flags)
    for arguments in (), ("--replace",):
        ask(flags, "import", str(file), *arguments)
        assert kept(flags) == before
    code, output = ask(flags, "import", str(file), "--replace", "--yes")
    assert code == 0
    assert {**kept(flags)["142"], "version": new["version"]} == new
    assert kept(flags)["142"]["version"] != new["version"]


@pytest.mark.parametrize("line", ["[]", "nonsense", '{"id": {}}', '{"id": {"S": 42}}'])
def test_import_rejects_other_lines(tmp_path, monkeypatch, line):
    flags = in_files(tmp_path)
    before = kept(flags)
    text = json.dumps(item("9", {})) + "\n\n" + line
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code, output = ask(flags, "import", "--yes")
    assert code == 1
    assert "line 3 is not of an export" in output
    assert kept(flags) == before


@pytest.mark.parametrize(
    ("kind", "name", "ending"),
    [
        ("aws_dynamodb_table", "sessions", "_sessions"),
        ("aws_scheduler_schedule_group", "this", ""),  # a bot may have only scheduled calls
    ],
)
def test_table_is_read_from_the_state(bot, deployed, monkeypatch, kind, name, ending):
    def resource(kind, name, of):
        about = {"name": of, "arn": f"arn:aws:dynamodb:{REGION}:123456789012:table/x"}
        return {"type": kind, "name": name, "instances": [{"attributes": about}]}

    in_a_group(bot)
    if ending:
        in_a_table(bot)
    votes = resource("aws_dynamodb_table", "votes", "votes")
    deployed(resource(kind, name, f"{bot}{ending}"), votes)
    monkeypatch.chdir("/")  # so that it is that of the module's folder
    ran = run(sessions.main, "list")
    assert ran.output.startswith(f"Sessions in table {bot}_sessions in {REGION}:")
    assert ("limit:42:7" in ran.output, "42.tea" in ran.output) == (bool(ending), True)


# A command line, which variable isn't set, the exit code and why.
REFUSED = [
    ("", "", 2, "the following arguments are required: command\n"),
    ("delete", "", 2, "delete needs a KEY, or --person"),
    ("list --person Ada", "", 2, "--person must be a Telegram id"),
    ("list --person 42a", "", 2, "--person must be a Telegram id"),
    ("delete 7 --person 42", "", 2, "leave out the keys"),
    ("import a b", "", 2, "import takes one file"),
    ("list --replace", "", 2, "--replace is for import"),
    ("list --al", "", 2, "unrecognized argument: --al"),
    ("list --table other_sessions", "", 1, "there is no table other_sessions in eu-central-1"),
    ("list --table x_sessions", "AWS_ACCESS_KEY_ID", 1, "there are no AWS credentials: set them"),
    ("list --table x_sessions", "AWS_REGION", 1, "no region is known: give --region"),
    ("list --file none.json", "", 1, "there is no none.json: the demo has ended"),
    ("list", "", 1, "Terraform wasn't used in FOLDER: give --table NAME_sessions, or --file"),
]


@pytest.mark.parametrize(("line", "unset", "code", "words"), REFUSED)
def test_refusal_is_explained(aws, deployed, tmp_path, monkeypatch, line, unset, code, words):
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.delenv(unset, raising=False)
    ran = run(sessions.main, *line.split())
    assert ran.code == code
    assert words.replace("FOLDER", str(tmp_path)) in ran.output


def test_demo_prints_the_command_that_lists_sessions():
    with Script(ROOT, "demo", "--direct", str(ROOT / "examples" / "form")) as demo:
        demo.wait_for("sessions.json\n")
        [line] = [each for each in demo.output.splitlines() if "scripts/sessions" in each]
        _, *arguments = line.split()
        code, output = run(sessions.main, *arguments)
        assert code == 0
        assert output.startswith(f"Sessions in {arguments[-1]}:\n")
