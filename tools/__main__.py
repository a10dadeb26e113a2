"""Run a tool for maintainers by its name: `scripts/python tools bench`, as scripts/bench does."""

import sys
from pathlib import Path

TOOLS = {
    "accept": "acceptance.accept",
    "bench": "bench.bench",
    "compare-texts": "maintenance.texts",
    "inputs": "maintenance.inputs",
    "mutants": "maintenance.mutants",
    "release": "maintenance.release",
    "screenshot": "telegram_bot_aws.demo.screenshot",
    "site": "maintenance.site",
    "update-bot-api": "maintenance.update_bot_api",
}

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:1] = [str(here), str(here / "command")]
    from telegram_bot_aws.command import run

    sys.exit(run(sys.argv.pop(1), TOOLS))
