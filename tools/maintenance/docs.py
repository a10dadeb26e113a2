"""Write docs/inputs.md, and the tables of docs/reference.md that come from the source.

The descriptions of inputs are those of variables.tf and outputs.tf, the signatures and sentences on
botkit those of lambda/botkit. Change them there, and run this.

Exit code: 0 if the pages are written.
"""

from __future__ import annotations

import ast
import json
import logging
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import hcl2
from telegram_bot_aws.local.program import parser_of
from telegram_bot_aws.local.project import LAMBDA, ROOT

PAGE = ROOT / "docs" / "inputs.md"
WIDTH = 150
HEAD = """\
# Inputs and outputs

`scripts/dev docs` writes this page from [variables.tf](../variables.tf) and
[outputs.tf](../outputs.tf). One input is required, the token: set `telegram_bot_token` or
`telegram_bot_token_parameter`. `null` switches a feature off.
[What isn't an input](../CONTRIBUTING.md#design-decisions), and why.
"""
REFERENCE = ROOT / "docs" / "reference.md"
BOTKIT = ("telegram", "aws", "commands", "session", "conversation", "stream", "schedule", "errors")
WITH_CLASSES = ("errors", "stream")  # that a bot uses by name
# Names in botkit that bots don't use.
OF_HOSTS = set(
    "delete encodable forget_token key_of outcome_of rule "
    "start_connecting to_json token username "
    "InvalidReply Misconfigured UsageError".split()
)
OUTCOME_MEANINGS = {
    "answered": "the calls were made",
    "queued": "it, or the rest of its answer, waits in [the queue](how-to/queue.md)",
    "ignored": "the bot returned `[]`, or the sender isn't in "
    "[`allowed_ids`](#which-ids-allowed_ids-checks)",
    "rate_limited": "the person is over [`RATE_LIMIT`](how-to/restrict.md#rate-limit)",
    "duplicate": "a second delivery of an update that was answered, if only by `on_error`",
    "refused": "Telegram refused a call: the bot was blocked, or a parameter is wrong",
    "bot_error": "`bot.py` raised an exception, took too long or returned no list of calls",
    "mini_app_error": "the same in `on_request`",
    "webhook_lost": "the bot has no webhook, or another one: with `alarm_actions` looked at hourly",
    "incomplete": "a call failed temporarily, and [a retry would show](delivery.md) an earlier one "
    "twice",
    "throttled": "Telegram [limits the rate](performance.md#limits)",
    "unreachable": "Telegram, the proxy or AWS gave no usable answer, or a permission is missing",
    "misconfigured": "the token, an input, the queue or the table is missing or refused, or "
    "`bot.py` can't be imported",
}
# The page that says more about an input, and where in it.
MORE = {
    "alarm_actions": "monitoring.md#alarms",
    "allowed_ids": "how-to/restrict.md",
    "architecture": "how-to/packages.md",
    "environment": "how-to/apis.md#secrets",
    "kms_key_arn": "networking.md#kms-key",
    "layers": "monitoring.md#extensions",
    "log_level": "reference.md#the-log",
    "log_retention_in_days": "monitoring.md",
    "max_connections": "performance.md#limits",
    "memory_size": "performance.md",
    "mini_app": "how-to/mini-apps.md",
    "name": "deploy.md#several-bots",
    "permissions_boundary": "deploy.md#github-actions",
    "policy": "how-to/apis.md",
    "queue": "how-to/queue.md",
    "reply_mode": "performance.md#make-it-faster",
    "reserved_concurrency": "performance.md#limits",
    "session_backup_in_days": "user-data.md",
    "session_retention_in_days": "how-to/sessions.md",
    "source_dir": "first-bot.md",
    "telegram_bot_token": "security.md#where-each-secret-is",
    "telegram_bot_token_parameter": "deploy.md#the-token",
    "telegram_proxy": "networking.md#proxy",
    "throttling_limit": "performance.md#worst-case-monthly-cost",
    "timeout": "how-to/queue.md",
    "tracing": "monitoring.md#traces",
    "vpc": "networking.md#vpc",
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


def table(rows: Sequence[tuple[str, ...]], *headings: str) -> str:
    """Return a table in Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def bullets(rows: Iterable[tuple[str, str]]) -> str:
    """Return a list in Markdown, with a name in each line."""
    return "".join(f"- {name}: {about}\n" for name, about in rows)


def page() -> str:
    """Return the page."""
    inputs, outputs = blocks("variables.tf", "variable"), blocks("outputs.tf", "output")
    named = re.compile(rf"\b({'|'.join(name for name in {**inputs, **outputs} if '_' in name)})\b")

    def described(arguments: dict[str, Any]) -> str:
        return named.sub(r"`\1`", text(arguments["description"]))

    sections = []
    for name, arguments in inputs.items():
        kind = arguments["type"].removeprefix("${").removesuffix("}")
        default = f"default `{literal(arguments['default'])}`"
        facts = [f"`{kind}`", default] + ["sensitive"] * arguments.get("sensitive", False)
        more = f" [More]({MORE[name]})" if name in MORE else ""
        about = textwrap.fill(described(arguments), WIDTH, break_on_hyphens=False)
        sections.append(f"### {name}\n\n{about}\n\n{', '.join(facts)}.{more}\n")
    told = [(f"`{name}`", described(arguments)) for name, arguments in outputs.items()]
    return "\n".join([HEAD, "## Inputs\n", *sections, "## Outputs\n", bullets(told)])


def reference() -> str:
    """Return docs/reference.md with the generated tables of today."""
    text = REFERENCE.read_text()
    for name, rows in tables().items():
        begin, end = f"<!-- scripts/dev docs writes {name} -->\n", "<!-- end -->\n"
        before, found, after = text.partition(begin)
        assert found, begin
        text = f"{before}{begin}{rows}{end}{after.partition(end)[2]}"
    return text


def tables() -> dict[str, str]:
    """Return the generated tables of the reference, by their names."""
    sys.path.append(str(LAMBDA))
    from botkit.middleware.allowlist import CHAT_COUNTS
    from botkit.outcome import OUTCOMES

    outcomes = [
        (f"`{name}`", logging.getLevelName(level), "" if status == 500 else str(status), about)
        for name, (level, status, *_) in OUTCOMES.items()
        for about in [OUTCOME_MEANINGS[name]]
    ]
    ids = [
        (", ".join(f"`{name}`" for name in sorted(CHAT_COUNTS)), "the sender, or the chat"),
        ("types of a business account", "its owner"),
        ("`poll`", "nobody's: it is let in"),
        ("all others", "the sender"),
    ]
    names = [row for module in BOTKIT for row in public(module)]
    return {
        "outcomes": table(outcomes, "outcome", "level", "Telegram gets", "meaning"),
        "ids": table(ids, "update type", "whose id"),
        "botkit": bullets(names),
        "fixtures": bullets(public("testing")),
    }


def public(module: str) -> Iterator[tuple[str, str]]:
    """Yield the signature of each name that a bot uses, and the first sentences about it."""
    for each in ast.parse((LAMBDA / "botkit" / f"{module}.py").read_text()).body:
        if not isinstance(each, ast.FunctionDef | ast.ClassDef) or each.name[0] == "_":
            continue
        decorators = " ".join(map(ast.unparse, each.decorator_list))
        if module == "testing" and "fixture" not in decorators or each.name in OF_HOSTS:
            continue
        about = " ".join((ast.get_docstring(each) or "").partition("\n\n")[0].split())
        if module == "testing":
            yield f"`{each.name}`", about
        elif isinstance(each, ast.FunctionDef):
            yield f"`{module}.{each.name}({parameters(each.args)})`", about
        elif module in WITH_CLASSES:
            yield f"`{module}.{each.name}`", about
        elif each.name.islower():  # a class that is called as if it were a function
            [init] = [part for part in each.body if isinstance(part, ast.FunctionDef)]
            del init.args.args[0]
            yield f"`{module}.{each.name}({parameters(init.args)})`", about


def parameters(arguments: ast.arguments) -> str:
    """Return the parameters of a function without their types."""
    for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        each.annotation = None
    if arguments.kwarg:
        arguments.kwarg.annotation = None
    arguments.posonlyargs, arguments.args = [], [*arguments.posonlyargs, *arguments.args]
    return ast.unparse(arguments).replace("'", '"')


def main() -> int:
    """Write the pages."""
    parser = parser_of("scripts/dev docs", __doc__)
    parser.parse_args()
    PAGE.write_text(page())
    REFERENCE.write_text(reference())
    return 0
