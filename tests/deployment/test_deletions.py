"""An apply deletes sessions, scheduled calls and what failed only if the operator wants it."""

from __future__ import annotations

from typing import Any

from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_stand_in import Telegram

from tests.support.deployment import NAME, SECRET, Deploy, answer_to, change, client, everything

# A bot with SESSION, which no pattern finds in bot.py.
ANSWER = "def reply(update: Json) -> list[Json]:"
COUNTED = """\
def reply(update: Json, session: Json) -> list[Json]:
    session["answers"] = session.get("answers", 0) + 1
    return [{**call, "text": f"{session['answers']}. {call['text']}"} for call in heard(update)]


def heard(update: Json) -> list[Json]:"""
HAS_SESSIONS = "from conf import *\nfrom botkit.types import Json\n"


def test_sessions_and_what_waits_go_only_when_the_bot_has_no_use_for_them(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    on: dict[str, Any] = {"later": True, "session_retention_in_days": 30}
    module = deploy("remembers", apply=False, session_backup_in_days=7, **on)
    (module.folder / "lambda" / "conf.py").write_text('SESSION = "chat"\n')
    change(module, "from botkit.types import Json\n", HAS_SESSIONS)
    change(module, ANSWER, COUNTED)

    def kept(name: str = "remembers") -> set[str]:
        kinds = {f"table {name}-sessions", f"role {name}-later"}
        kinds |= {f"schedule group {name}{end}" for end in ("", "-every")}
        return kinds.intersection(everything(aws))

    module.apply()
    assert module.is_up_to_date()
    assert answer_to(telegram, "one") == "1. Heard: one"

    # As long as the bot has sessions, the apply fails before anything is deleted, however often,
    # and the previous version keeps answering with them.
    module.variables |= {"later": False, "session_retention_in_days": None}
    module.variables["session_backup_in_days"] = None
    for _ in range(2):
        assert "SESSION in bot.py needs a table: set session_retention_in_days" in module.refused()
        assert len(kept()) == 4
    assert client(aws, "iam").list_role_policies(RoleName="remembers-later")["PolicyNames"]
    assert answer_to(telegram, "two") == "2. Heard: two"
    module.variables |= on
    module.apply()
    assert answer_to(telegram, "three") == "3. Heard: three"
    backups = client(aws, "dynamodb").describe_continuous_backups(TableName="remembers-sessions")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "DISABLED"
    assert module.is_up_to_date()

    # So would another name, until the operator says so.
    module.variables["name"] = "forgets"
    assert "would delete the bot remembers, with any sessions" in module.refused()
    assert len(kept()) == 4
    # A bot without SESSION has no use for the table.
    module.variables["session_retention_in_days"] = None
    change(module, HAS_SESSIONS, "from botkit.types import Json\n")
    change(module, COUNTED, ANSWER)
    module.apply(f"-replace={NAME}")
    assert answer_to(telegram, "four") == "Heard: four"
    assert kept() == set()
    groups = {"schedule group forgets", "schedule group forgets-every"}
    assert kept("forgets") == {*groups, "role forgets-later"}
    module.destroy()
    assert [thing for thing in everything(aws) if "forgets" in thing] == []


def test_what_failed_goes_only_after_a_replay_or_a_purge(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("keeps", failed_retention_in_days=1, queue=True)
    sqs, functions = client(aws, "sqs"), client(aws, "lambda")
    urls = [
        sqs.get_queue_url(QueueName=f"keeps{end}")["QueueUrl"] for end in ("-failed", "-dead.fifo")
    ]
    failed, dead = urls
    for url, fifo in (
        (failed, {}),
        (failed, {}),
        (dead, {"MessageGroupId": "42", "MessageDeduplicationId": "1"}),
    ):
        sqs.send_message(QueueUrl=url, MessageBody="{}", **fifo)

    def kept() -> set[str]:
        queues = {"queue keeps-failed", "queue keeps-dead.fifo"}
        return queues.intersection(everything(aws))

    # An apply that would delete a queue fails before that, however often.
    module.variables["failed_retention_in_days"] = None
    for _ in range(2):
        assert "wait in keeps-failed, and would be deleted with it: 2." in module.refused()
        assert len(kept()) == 2
    assert answer_to(telegram, "one") == "Heard: one"
    # So would another name, also together with that, until the operator says so.
    module.variables["name"] = "loses"
    assert "would delete the bot keeps, with any sessions" in module.refused()
    module.variables |= {"failed_retention_in_days": 1, "name": "keeps"}

    # Without the newest version, whose code is still the function's, nothing has to be replaced.
    change(module, "Heard: ", "Noted: ")
    module.apply()
    [_, first, *_, newest] = functions.list_versions_by_function(FunctionName="keeps")["Versions"]
    module.variables["release"] = int(first["Version"])
    module.apply()
    functions.delete_function(FunctionName="keeps", Qualifier=newest["Version"])
    module.variables["release"] = None
    advice = f"publish it again: terraform apply -replace=module.telegram_bot.{SECRET} "
    assert advice in module.refused()
    assert answer_to(telegram, "two") == "Heard: two"
    module.apply(f"-replace={SECRET}")
    assert answer_to(telegram, "three") == "Noted: three"

    # Dead letters stay, too, even where nothing else is kept.
    sqs.purge_queue(QueueUrl=failed)
    module.variables |= {"failed_retention_in_days": None, "queue": False}
    assert "wait in keeps-dead.fifo, and would be deleted with it: 1." in module.refused()
    assert len(kept()) == 2
    sqs.purge_queue(QueueUrl=dead)
    module.apply()
    assert answer_to(telegram, "four") == "Noted: four"
    assert kept() == set()
    assert module.is_up_to_date()
