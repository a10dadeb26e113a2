"""Run what maintainers need by its name: `scripts/python tools bench`, as scripts/dev does."""

import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:1] = [str(here), str(here / "command")]
    from telegram_bot_aws.command import Command, run

    COMMANDS = {
        "docs": Command("maintenance.docs", "write docs/inputs.md and tables of the reference"),
        "bench": Command("bench.bench", "measure how fast the function starts and answers"),
        "accept": Command("acceptance.accept", "try the module on an AWS account, or here"),
        "release": Command("maintenance.release", "write a version and the owner into all files"),
        "update-bot-api": Command("maintenance.update_bot_api", "write the next Bot API's types"),
    }
    sys.exit(run("scripts/dev", "What maintainers of this project run.", COMMANDS))
