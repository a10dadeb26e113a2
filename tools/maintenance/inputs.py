"""Write docs/inputs.md from variables.tf and outputs.tf.

Its descriptions are those of the module, whole. Change them there, and run this.

Exit code: 0 if the page is written.
"""

from __future__ import annotations

import argparse
import json
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import hcl2
from telegram_bot_aws.local.project import ROOT

PAGE = ROOT / "docs" / "inputs.md"
WIDTH = 150
HEAD = """\
# Inputs and outputs

`scripts/dev inputs` writes this page from [variables.tf](../variables.tf) and
[outputs.tf](../outputs.tf). One input is required, the token: set `telegram_bot_token` or
`telegram_bot_token_parameter`. `null` switches a feature off. Without `source_dir`, the bot is
[the echo](../lambda/bot.py). [What isn't an input](architecture.md#not-an-input), and why.
"""
# The page that says more about an input, and where in it.
MORE = {
    "alarm_actions": "how-to/alarms.md",
    "allowed_ids": "how-to/restrict.md",
    "architecture": "how-to/packages.md",
    "environment": "how-to/apis.md#secrets",
    "kms_key_arn": "how-to/keys.md",
    "layers": "how-to/logs.md#a-monitoring-tools-extension",
    "log_level": "reference.md#the-log",
    "log_retention_in_days": "how-to/logs.md",
    "max_connections": "performance.md#limits",
    "memory_size": "performance.md",
    "mini_app": "how-to/mini-apps.md",
    "name": "how-to/several-bots.md",
    "permissions_boundary": "deploy-from-ci.md",
    "policy": "how-to/apis.md",
    "queue": "how-to/queue.md",
    "reply_mode": "performance.md#make-it-faster",
    "reserved_concurrency": "performance.md#limits",
    "session_backup_in_days": "user-data.md",
    "session_retention_in_days": "how-to/sessions.md",
    "source_dir": "first-bot.md",
    "telegram_bot_token": "security.md#where-each-secret-is",
    "telegram_bot_token_parameter": "how-to/token.md",
    "telegram_proxy": "how-to/vpc.md#a-proxy",
    "throttling_limit": "security.md#what-strangers-can-cost",
    "timeout": "how-to/queue.md",
    "tracing": "how-to/logs.md#traces",
    "vpc": "how-to/vpc.md",
    "warm_schedule": "performance.md#make-it-faster",
}


def blocks(file: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of a file's variables or outputs, by their names."""
    parsed = hcl2.loads((ROOT / file).read_text())
    return {name.strip('"'): arguments for each in parsed[kind] for name, arguments in each.items()}


def text(value: str) -> str:
    """Return a string, in quotes or a heredoc, on one line."""
    heredoc = re.fullmatch(r'"<<-EOT\n(.*)\n *EOT"', value, re.DOTALL)
    return " ".join((heredoc[1] if heredoc else str(json.loads(value))).split())


def literal(value: Any) -> str:
    """Return a default as Terraform has it."""
    return value if isinstance(value, str) else json.dumps(value)


def title(target: str) -> str:
    """Return the title of a page in docs/."""
    text = (PAGE.parent / target.partition("#")[0]).read_text()
    return text.partition("\n")[0].removeprefix("# ")


def table(rows: Sequence[tuple[str, ...]], *headings: str) -> str:
    """Return a table in Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page() -> str:
    """Return the page."""
    inputs, outputs = blocks("variables.tf", "variable"), blocks("outputs.tf", "output")
    named = re.compile(rf"\b({'|'.join(name for name in {**inputs, **outputs} if '_' in name)})\b")

    def described(arguments: dict[str, Any]) -> str:
        description = named.sub(r"`\1`", text(arguments["description"]))
        return textwrap.fill(description, WIDTH, break_on_hyphens=False, break_long_words=False)

    rows, sections = [], []
    for name, arguments in inputs.items():
        kind = arguments["type"].removeprefix("${").removesuffix("}")
        default = f"`{literal(arguments['default'])}`" if "default" in arguments else "required"
        rows.append((f"[`{name}`](#{name})", f"`{kind.partition('({')[0]}`", default))
        facts = [f"Type: `{kind}`", f"default: {default}"]
        facts += ["sensitive"] if arguments.get("sensitive") else []
        more = f" More: [{title(MORE[name])}]({MORE[name]})" if name in MORE else ""
        sections.append(f"### {name}\n\n{described(arguments)}\n\n{', '.join(facts)}.{more}\n")
    told = [f"### {name}\n\n{described(arguments)}\n" for name, arguments in outputs.items()]
    overview = table(rows, "input", "type", "default")
    return "\n".join([HEAD, "## Inputs\n", overview, *sections, "## Outputs\n", *told])


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(
        prog="scripts/dev inputs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    PAGE.write_text(page())
    return 0
