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
from botkit.fakes.services import read, write

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.live import sessions
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import Ran, Script, run

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


class Files:
    """Sessions in a file, and the flags that name it."""

    def __init__(self, folder, items=ITEMS):
        self._file = folder / "sessions.json"
        self.flags = ("--file", str(self._file))
        write(self._file, {each["id"]["S"]: each for each in items})
        waits = {name: {"at": NOW + DAY, "event": event} for name, event in EVENTS.items()}
        write(self._file.with_suffix(".schedules.json"), waits)

    @property
    def items(self):
        return read(self._file)

    @property
    def events(self):
        waits = read(self._file.with_suffix(".schedules.json"))
        return {name: about["event"] for name, about in waits.items()}


class Table:
    """A table, and a group of schedules, on the emulated AWS."""

    def __init__(self, name):
        self._name = f"{name}_sessions"
        self.flags = ("--table", self._name, "--region", REGION)
        session = botocore.session.Session()
        self._dynamodb = session.create_client("dynamodb", REGION)
        self._scheduler = session.create_client("scheduler", REGION)
        key = (
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "id", "KeyType": "HASH"},
        )
        self._dynamodb.create_table(
            TableName=self._name,
            AttributeDefinitions=key[:1],
            KeySchema=key[1:],
            BillingMode="PAY_PER_REQUEST",
        )
        for each in ITEMS:
            self._dynamodb.put_item(TableName=self._name, Item=each)
        self._group = {"GroupName": name}
        self._scheduler.create_schedule_group(Name=name)
        for event in EVENTS:
            self._scheduler.create_schedule(
                **self._group,
                Name=event,
                ScheduleExpression="at(2099-01-01T12:00:00)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": "arn", "RoleArn": "arn", "Input": json.dumps(EVENTS[event])},
            )

    @property
    def items(self):
        found = self._dynamodb.scan(TableName=self._name)["Items"]
        return {each["id"]["S"]: each for each in found}

    def drop(self):
        self._dynamodb.delete_table(TableName=self._name)

    @property
    def events(self):
        return [each["Name"] for each in self._scheduler.list_schedules(**self._group)["Schedules"]]


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def aws(emulator, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(params=["file", "table"])
def there(request, tmp_path):
    if request.param == "file":
        return Files(tmp_path)
    request.getfixturevalue("aws")
    return Table(f"bot-{uuid.uuid4().hex[:8]}")


def ask(kept, *arguments):
    return run(sessions.main, *arguments, *kept.flags)


def lines(ran):
    assert ran.code == 0, ran.output
    return [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]


OF_A_PERSON = "42 -100/42 42/7 guest:42 cart-42 business:c-7:42 debts.-100.42 user.42".split()
OF_OTHERS = "-42 -100/-42 142 421 a42 42a".split()


def test_person_is_found_in_keys_and_nested_json(tmp_path):
    held = {"a": {"members": "7\n42"}, "b": {"votes": {"42": 1}}, "c": {"kept": '{"by":42}'}}
    kept = {**dict.fromkeys([*OF_A_PERSON, *OF_OTHERS], {}), **held, "d": {"chat": -42}}
    items = [item(key, session, calls={"M": {}}) for key, session in kept.items()]
    ran = ask(Files(tmp_path, items), "export", "--person", "42")
    assert [line["id"]["S"] for line in lines(ran) if "id" in line] == OF_A_PERSON
    assert re.search(r"^Other sessions that contain 42; .*\n  a\n  b\n  c$", ran.output, re.M)
    assert "\n  d" not in ran.output


def test_list_shows_keys_sizes_and_ages_only(there):
    code, output = ask(there, "list")
    assert code == 0
    [line] = [line for line in output.splitlines() if line.endswith(" 42")]
    assert re.search(r"^ +\d\d\d bytes  changed 3 days ago +expires in 27 days +42$", line)
    [odd] = [line for line in output.splitlines() if line.endswith("limit:42:7")]
    assert "age not known" in odd and "kept forever" in odd
    assert output.count(" bytes ") == len(ITEMS)
    assert re.search(r"^4 scheduled events:$", output, re.M)
    assert re.search(r"^in all +2 +1$", output, re.M)
    assert WORDS not in output and "pizza" not in output


def test_export_finds_all_of_a_person(there):
    code, output = ask(there, "export", "--person", "42")
    found = lines(Ran(code, output))
    items = {line["id"]["S"]: line for line in found if "id" in line}
    assert items == {key: there.items[key] for key in OF_42}
    waits = {line["schedule"]: line["event"] for line in found if "schedule" in line}
    assert waits == {name: EVENTS[name] for name in ("once.42.tea", "once.a1", "cron.debts")}
    assert re.search(r"^Other sessions that contain 42; .*\n  -100$", output, re.M)


@pytest.mark.slow
def test_delete_of_a_person_asks_first(there, monkeypatch):
    before = there.items
    ran = ask(there, "delete", "--person", "42")
    assert ran.code == 1
    assert "Nothing was changed: there is no terminal to ask in. Add --yes." in ran.output
    lines = [line for line in ran.output.splitlines() if " bytes " in line]
    assert {line.partition("(")[0].split()[-1] for line in lines} == OF_42
    assert WORDS not in ran.output
    assert (there.items, set(there.events)) == (before, set(EVENTS))

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\nyes\n"))
    ran = ask(there, "delete", "--person", "42")
    assert (ran.code, there.items) == (1, before)
    ran = ask(there, "delete", "--person", "42")
    assert ran.code == 0
    assert "Delete 4 sessions and 3 scheduled events? Type yes: " in ran.output
    assert set(there.items) == {"-100", "142"}
    assert set(there.events) == {"cron.lunch"}
    assert "Nothing to delete" in ask(there, "delete", "--person", "42").output


def test_list_counts_people_and_groups_once(tmp_path):
    people = [item("42", {}, days=0), item("42/42", {}, days=3), item("43", {}, days=20)]
    groups = [item("-100", {}, days=3), item("-100/42", {}, days=3), item("-200/44", {}, days=50)]
    others = [item("business:c-7:45/9", {}, days=0), item("guest:-300/46", {}, days=0)]
    expired = item("47", {}, expires_at={"N": str(NOW - 1)})
    nobodys = [item("cart:42", {}), item("basket:a", {}), ITEMS[-1]]  # the last is botkit's
    items = [*people, *groups, *others, expired, *nobodys]
    code, output = ask(Files(tmp_path, items), "list")
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


def test_one_session_is_exported_and_deleted(there):
    assert json.loads(ask(there, "export", "142").output) == there.items["142"]
    assert ask(there, "delete", "142", "--yes").code == 0
    assert "142" not in there.items
    code, output = ask(there, "export", "142")
    assert code == 1
    assert "there is no session 142 in " in output


def test_import_restores_an_export(there, tmp_path):
    before = dict(there.items)
    export = tmp_path / "export.jsonl"
    export.write_text("\n".join(map(json.dumps, lines(ask(there, "export")))))
    assert ask(there, "delete", *OF_42, "--yes").code == 0
    code, output = ask(there, "import", str(export))
    assert (code, "Imported 4. 2 stay as they are" in output) == (0, True), output
    after = there.items
    assert after.keys() == before.keys()
    for key, found in after.items():
        assert {**found, "version": None} == {**before[key], "version": None}
    # A bot that has read the old item must notice.
    assert after["42"]["version"] != before["42"]["version"]
    assert "version" not in after["limit:42:7"]


def test_import_replaces_only_on_demand(there, tmp_path):
    file = tmp_path / "one.jsonl"
    new = item("142", {"about": "new"})
    file.write_text(json.dumps(new) + '\n{"schedule": "once.42.tea"}\n')
    before = dict(there.items)
    for arguments in (), ("--replace",):
        ask(there, "import", str(file), *arguments)
        assert there.items == before
    code, output = ask(there, "import", str(file), "--replace", "--yes")
    assert code == 0
    assert {**there.items["142"], "version": new["version"]} == new
    assert there.items["142"]["version"] != new["version"]


@pytest.mark.parametrize("line", ["[]", "nonsense", '{"id": {}}', '{"id": {"S": 42}}'])
def test_import_rejects_other_lines(tmp_path, monkeypatch, line):
    there = Files(tmp_path)
    before = dict(there.items)
    text = json.dumps(item("9", {})) + "\n\n" + line
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code, output = ask(there, "import", "--yes")
    assert code == 1
    assert "line 3 is not of an export" in output
    assert there.items == before


ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/x"


@pytest.mark.parametrize(
    "resource",
    [
        ("aws_dynamodb_table", "sessions", "{}_sessions"),
        ("aws_scheduler_schedule_group", "this", "{}"),
    ],
    ids=["table", "group"],
)
def test_table_is_read_from_the_state(aws, deployed, resource):
    bot = f"bot-{uuid.uuid4().hex[:8]}"
    table = Table(bot)
    deployed(
        *(
            {"type": kind, "name": name, "instances": [{"attributes": {"name": of, "arn": ARN}}]}
            for kind, name, of in (
                (*resource[:2], resource[2].format(bot)),
                ("aws_dynamodb_table", "votes", "votes"),
            )
        )
    )
    output = run(sessions.main, "list").output
    assert output.startswith(f"Sessions in table {bot}_sessions in {REGION}:")
    assert "42.tea" in output
    table.drop()
    assert "42.tea" in run(sessions.main, "list").output, "a bot may have only scheduled calls"


@pytest.mark.parametrize(
    ("arguments", "unset", "words"),
    [
        (("--table", "other_sessions"), "", "there is no table other_sessions in eu-central-1"),
        (("--table", "x_sessions"), "AWS_ACCESS_KEY_ID", "there are no AWS credentials: set them"),
        (("--table", "x_sessions"), "AWS_REGION", "no region is known: give --region"),
        (("--file", "none.json"), "", "there is no none.json: the demo has ended"),
        ((), "", "Terraform wasn't used in FOLDER: give --table NAME_sessions, or --file"),
    ],
)
def test_sessions_names_what_is_missing(
    aws, deployed, tmp_path, monkeypatch, arguments, unset, words
):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    if unset:
        monkeypatch.delenv(unset)
    code, output = run(sessions.main, "list", *arguments)
    assert code == 1
    assert words.replace("FOLDER", str(tmp_path)) in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the following arguments are required: command\n"),
        (("delete",), "delete needs a KEY, or --person"),
        (("list", "--person", "Ada"), "--person must be a Telegram id"),
        (("list", "--person", "42a"), "--person must be a Telegram id"),
        (("delete", "7", "--person", "42"), "leave out the keys"),
        (("import", "a", "b"), "import takes one file"),
        (("list", "--replace"), "--replace is for import"),
        (("list", "--al"), "unrecognized argument: --al"),
    ],
)
def test_sessions_rejects_contradicting_arguments(arguments, words):
    code, output = run(sessions.main, *arguments)
    assert code == 2
    assert words in output


def test_demo_prints_the_command_that_lists_sessions(tmp_path):
    (tmp_path / "bot.py").write_text(
        'ALLOWED_UPDATES = ["message"]\nSESSION = "chat"\n'
        "def reply(update, session):\n    return []\n"
    )
    with Script(ROOT, "demo", "--direct", str(tmp_path)) as demo:
        demo.wait_for("sessions.json\n")
        [line] = [each for each in demo.output.splitlines() if "scripts/sessions" in each]
        _, *arguments = line.split()
        code, output = run(sessions.main, *arguments)
        assert code == 0
        assert output.startswith(f"Sessions in {arguments[-1]}:\n")
