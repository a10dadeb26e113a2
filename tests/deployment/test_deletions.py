"""An apply deletes sessions only if the bot has no use for them, or if the operator wants it."""

from tests.support.deployment import answer_to, change, client, everything

# A bot with SESSION, which no pattern finds in bot.py.
ANSWER = "def reply(update: Json) -> list[Json]:"
COUNTED = """\
def reply(update: Json, session: Json) -> list[Json]:
    session["answers"] = session.get("answers", 0) + 1
    return [{**call, "text": f"{session['answers']}. {call['text']}"} for call in heard(update)]


def heard(update: Json) -> list[Json]:"""
HAS_SESSIONS = "from conf import *\nfrom botkit.types import Json\n"


def test_sessions_are_deleted_only_if_unused_or_confirmed(deploy, telegram, aws):
    module = deploy(
        "remembers", apply=False, session_backup_in_days=7, session_retention_in_days=30
    )
    (module.folder / "lambda" / "conf.py").write_text('SESSION = "chat"\n')
    change(module, "from botkit.types import Json\n", HAS_SESSIONS)
    change(module, ANSWER, COUNTED)
    module.apply()
    assert module.planned() == {}
    assert answer_to(telegram, "one") == "1. Heard: one"

    # As long as the bot has sessions, the apply fails before anything is deleted, however often,
    # and the previous version keeps answering with them.
    module.variables["session_backup_in_days"] = None
    module.variables["session_retention_in_days"] = None
    for _ in range(2):
        assert "SESSION in bot.py needs a table: set session_retention_in_days" in module.refused()
        assert "table remembers_sessions" in everything(aws)
    assert answer_to(telegram, "two") == "2. Heard: two"
    module.variables["session_retention_in_days"] = 30
    module.apply()
    backups = client(aws, "dynamodb").describe_continuous_backups(TableName="remembers_sessions")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "DISABLED"
    expiry = client(aws, "dynamodb").describe_time_to_live(TableName="remembers_sessions")
    assert expiry["TimeToLiveDescription"] == {
        "AttributeName": "expires_at",
        "TimeToLiveStatus": "ENABLED",
    }

    # So would another name, until the operator says so.
    module.variables["name"] = "forgets"
    assert "would delete the bot remembers with its sessions" in module.refused()
    assert "table remembers_sessions" in everything(aws)
    module.apply("-replace=terraform_data.name[0]")
    assert answer_to(telegram, "four") == "1. Heard: four"
    assert [thing for thing in everything(aws) if "remembers" in thing] == []

    # A bot without SESSION has no use for the table.
    module.variables["session_retention_in_days"] = None
    change(module, HAS_SESSIONS, "from botkit.types import Json\n")
    change(module, COUNTED, ANSWER)
    module.apply()
    assert answer_to(telegram, "five") == "Heard: five"
    assert "table forgets_sessions" not in everything(aws)
