"""An apply deletes sessions and scheduled calls only if the operator wants it."""

from __future__ import annotations

from typing import Any

from emulated_aws.emulator import Emulator
from telegram_stand_in import Telegram

from tests.support.deployment import Deploy, answer_to, change, client, everything

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
    # and the version before goes on with them.
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
    said = module.refused()
    assert said.count("keep the name") == 2 and len(kept()) == 4
    # A bot without SESSION has no use for the table.
    module.variables["session_retention_in_days"] = None
    change(module, HAS_SESSIONS, "from botkit.types import Json\n")
    change(module, COUNTED, ANSWER)
    module.apply("-replace=terraform_data.later_name[0]")
    assert answer_to(telegram, "four") == "Heard: four"
    assert kept() == set()
    groups = {"schedule group forgets", "schedule group forgets-every"}
    assert kept("forgets") == {*groups, "role forgets-later"}
    module.destroy()
    assert [thing for thing in everything(aws) if "forgets" in thing] == []
