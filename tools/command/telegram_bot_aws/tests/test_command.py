"""command.py: which subcommands there are."""

from telegram_bot_aws import command
from telegram_bot_aws.local.project import SCRIPTS
from tests.support.programs import run


def test_each_subcommand_has_help_and_a_script():
    told = run(command.main, "--help")
    assert told.code == 0
    for name in command.COMMANDS:
        assert f"\n  {name:8}  " in told.output
        assert (
            f'"$scripts/../tools/command/telegram_bot_aws" {name} "$@"'
            in (SCRIPTS / name).read_text()
        )
