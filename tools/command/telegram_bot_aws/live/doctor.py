"""Check a deployed bot: name each problem, and how to fix it.

Set TELEGRAM_BOT_TOKEN. The outputs webhook_url, logs_command and mini_app_url are read from the
Terraform state in the current folder, or in the module's folder. Nothing is changed.
✓ is good, ✗ is wrong, – could not be checked.

TELEGRAM_API_URL is the Bot API's server (default: https://api.telegram.org), TELEGRAM_PROXY a proxy
for it (http://HOST:PORT).

Exit code: 0 if nothing is wrong, 1 if something is wrong or Telegram can't be reached, 2 for a
wrong argument.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botkit.errors import TelegramError, Unreachable
from botkit.telegram import Client
from telegram_stand_in import http_request

from telegram_bot_aws.live.client import CALL_SECONDS, about, client, environment
from telegram_bot_aws.live.state import REGISTER, folder, pull, register_command
from telegram_bot_aws.local.container import bot_folder, look_at, unknown_kinds
from telegram_bot_aws.local.program import name, parser_of
from telegram_bot_aws.local.sources import has_word
from telegram_bot_aws.local.terminal import ago, coloured, reason, visible

Json = dict[str, Any]

MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "yellow")}
RECENT_SECONDS = 300.0  # an older error is over if no update waits

# The meaning of Telegram's words about the last failed delivery, and advice.
# https://core.telegram.org/bots/webhooks
ERRORS = (
    (r"\b401\b", "the function refused Telegram's secret", REGISTER),
    (r"\b403\b", "API Gateway turned Telegram away", "terraform apply"),
    (r"\b404\b", "nothing is at that address", REGISTER),
    (
        r"\b429\b",
        "API Gateway refused it: there were more requests than throttling_limit allows",
        "raise throttling_limit",
    ),
    (r"\b50[024]\b", "the function failed or took too long", "look at its logs"),
    (
        r"\b503\b",
        "the function asked for another delivery, for example because it can't reach Telegram or "
        "its token is refused; or all its containers were busy",
        "look at its logs",
    ),
    (r"resolve", "Telegram doesn't find the webhook's host", REGISTER),
    (r"timed? ?out", "the webhook took too long", "look at the function's logs"),
    (r"refused|reset|closed", "nothing accepts connections at that address", REGISTER),
    (r"SSL|certificate|TLS", "Telegram rejects the webhook's certificate", REGISTER),
)


@dataclass
class Check:
    """The result of one check. `ok` is None if it could not be made."""

    name: str
    ok: bool | None
    text: str
    advice: str = ""


def outputs(pulled: Json) -> tuple[Json, str]:
    """Return the outputs of a state, or why there are none."""
    found = {name: output["value"] for name, output in pulled.get("outputs", {}).items()}
    if not found:
        why_not = f"{folder()} has no outputs: nothing is applied yet, or none are declared"
        return {}, why_not
    missing = " and ".join(name for name in ("webhook_url", "logs_command") if name not in found)
    return found, f"the state of {folder()} has no output {missing}" if missing else ""


def look(telegram: Client, bot_dir: Path) -> list[Check]:
    """Make all checks, in the order in which to fix things."""
    pulled, why_not = pull()
    deployed, no_outputs = outputs(pulled)
    checks = run_checks(telegram, bot_dir, deployed, why_not or no_outputs)
    command = register_command(pulled, deployed.get("webhook_url", ""))
    for each in checks:
        each.advice = each.advice.replace(REGISTER, command)
    return checks


def run_checks(telegram: Client, bot_dir: Path, deployed: Json, why_not: str) -> list[Check]:
    checks = []
    try:
        bot, info = about(telegram)
    except TelegramError as refusal:
        if not refusal.is_unauthorized:
            return [Check("token", False, f"Telegram says: {refusal}")]
        advice = "ask @BotFather for it with /token"
        return [Check("token", False, "Telegram doesn't know this token", advice)]
    except Unreachable as error:
        advice = "look at the network, and at TELEGRAM_API_URL and TELEGRAM_PROXY if they are set"
        return [Check("token", None, f"Telegram can't be reached: {reason(error)}", advice)]
    checks.append(Check("token", True, f"valid, of @{bot['username']} ({bot['first_name']})"))
    checks.append(webhook(info["url"], deployed, why_not))
    checks.append(deliveries(info))
    checks.append(pending(info))
    checks.append(allowed(info, bot_dir))
    checks.append(groups(bot))
    checks += payments(info, bot_dir)
    checks.append(secret(info["url"]))
    checks += mini_app(telegram, deployed)
    if "logs_command" in deployed:
        checks.append(Check("logs", True, deployed["logs_command"]))
    else:
        checks.append(Check("logs", None, f"the log group isn't known: {why_not}"))
    return checks


def webhook(url: str, deployed: Json, why_not: str) -> Check:
    if not url:
        return Check("webhook", False, "none is set, so no update is delivered", REGISTER)
    if not deployed.get("webhook_url"):
        text = f"{url} (whether that is your deployment isn't known: {why_not})"
        return Check("webhook", None, text)
    if url != deployed["webhook_url"]:
        text = f"{url} is another deployment's; this one's is {deployed['webhook_url']}"
        return Check("webhook", False, text, f"to have the updates here: {REGISTER}")
    return Check("webhook", True, f"{url}, this deployment's")


def deliveries(info: Json) -> Check:
    message = info.get("last_error_message")
    if not message:
        return Check("deliveries", True, "none failed")
    age = time.time() - info["last_error_date"]
    meaning, advice = next(
        ((text, advice) for pattern, text, advice in ERRORS if re.search(pattern, message, re.I)),
        ("", "look at the function's logs"),
    )
    text = f"one failed {ago(age)}: {message}" + (f" ({meaning})" if meaning else "")
    if not info.get("pending_update_count") and age > RECENT_SECONDS:
        return Check("deliveries", True, f"{text}; nothing waits, so that is over")
    return Check("deliveries", False, text, advice)


def pending(info: Json) -> Check:
    count = info.get("pending_update_count", 0)
    under_way = count <= info.get("max_connections", 40) and not info.get("last_error_message")
    text = "none" if not count else f"{count}, {'under way' if under_way else 'not delivered yet'}"
    advice = "" if under_way or not count else "they come by themselves when deliveries succeed"
    return Check("waiting updates", not count or under_way, text, advice)


def allowed(info: Json, bot_dir: Path) -> Check:
    name = "update types"
    try:
        wanted = look_at(bot_dir, variables := environment()).kinds
    except ValueError as error:
        # A bot that gets its token at import may quote it.
        lines = str(error).replace(variables["TELEGRAM_BOT_TOKEN"], "…").splitlines()
        more = [] if lines[-1] in lines[0] else [lines[-1]]
        return Check(name, False, " ".join([lines[0], *more]), "fix bot.py")
    warning = unknown_kinds(wanted)
    asked = info.get("allowed_updates")
    if asked is None:
        return Check(name, None, "Telegram delivers its default kinds", REGISTER)
    if sorted(asked) != sorted(wanted):
        text = f"Telegram delivers {', '.join(asked)}; bot.py handles {', '.join(wanted)}"
        return Check(name, False, text, warning or "terraform apply")
    if warning:
        return Check(name, None, warning)
    return Check(name, True, ", ".join(wanted))


def groups(bot: Json) -> Check:
    if not bot.get("can_join_groups"):
        return Check("groups", True, "the bot can't be added to any (/setjoingroups of @BotFather)")
    if bot.get("can_read_all_group_messages"):
        return Check("groups", True, "privacy mode is off: the bot gets every message")
    return Check(
        "groups",
        True,
        "privacy mode is on: the bot gets commands and replies to it, unless it is an admin "
        "(/setprivacy of @BotFather)",
    )


def payments(info: Json, bot_dir: Path) -> list[Check]:
    """Look for /paysupport, if Telegram asks the bot before somebody pays.

    Its terms want it of a bot that sells digital goods: https://telegram.org/tos/bot-developers.
    """
    if "pre_checkout_query" not in info.get("allowed_updates", []):
        return []
    if has_word(bot_dir, "paysupport"):
        return [Check("payments", True, "the bot's files contain /paysupport")]
    text = "the bot takes payments, but its Python files don't contain /paysupport"
    advice = "answer that command, which Telegram's terms require: docs/how-to/payments.md"
    return [Check("payments", None, text, advice)]


def secret(url: str) -> Check:
    """Send an update with a wrong secret: the function must refuse it."""
    if not url:
        return Check("secret", None, "not checked: there is no webhook")
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "wrong"}
    try:
        status, *_ = http_request("POST", url, headers, b'{"update_id": 0}')
    except OSError as error:
        return Check(
            "secret", False, f"the function can't be reached: {reason(error)}", "terraform apply"
        )
    if status == 401:
        return Check("secret", True, "the function is up, and refuses a wrong one")
    if 200 <= status < 300:
        text = f"the function accepted an update with a wrong secret (HTTP {status})"
        return Check("secret", False, text, "terraform apply: this is not the module's function")
    return Check(
        "secret", False, f"the function answered HTTP {status}, not 401", "look at its logs"
    )


def mini_app(telegram: Client, deployed: Json) -> list[Check]:
    """Check the bot's page, if it has one: its file, its button and a forged request."""
    try:
        button = telegram.post("getChatMenuButton", {}, CALL_SECONDS)
    except (TelegramError, Unreachable) as error:
        return [Check("page", None, f"the menu button can't be read: {reason(error)}")]
    opens = button["web_app"]["url"] if button["type"] == "web_app" else ""
    url = deployed.get("mini_app_url") or opens
    if not url.endswith("/app/index.html"):
        return []  # no page, or not one of the module's
    forged = {"Authorization": "tma user=%7B%22id%22%3A1%7D&auth_date=1&hash=0"}
    try:
        status, headers, _ = http_request("GET", url, {})
        api = url.rpartition("/")[0] + "/api/"
        refusal, *_ = http_request("POST", api, forged)
    except OSError as error:
        return [Check("page", False, f"{url} can't be reached: {reason(error)}", "terraform apply")]
    kind = headers.get("content-type", "no content type")
    well = (status, kind.partition(";")[0]) == (200, "text/html")
    page = Check("page", well, f"{url} answers HTTP {status}, {kind}")
    if not well:
        page.advice = "set mini_app, put index.html into app/ beside bot.py, then: terraform apply"
    elif opens != url:
        page.ok = False
        page.text += f", but the menu button opens {opens or 'no page'}"
        page.advice = REGISTER
    text = f"a forged one gets HTTP {refusal}"
    advice = "" if refusal == 401 else "check initData before anything else, as botkit does"
    return [page, Check("page's requests", refusal == 401, text, advice)]


def shown(check: Check, width: int) -> str:
    mark = coloured(*MARKS[check.ok], sys.stdout)
    advice = f"\n  {'':{width}}  → {check.advice}" if check.advice else ""
    return f"{mark} {check.name:{width}}  {visible(check.text + advice)}"


def main() -> int:
    parser = parser_of(name("doctor"), __doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--bot",
        metavar="DIR",
        help="folder with bot.py, or with bot/bot.py (default: the current one if it is such a "
        "folder, or else the module's own bot)",
    )
    options = parser.parse_args()
    try:
        bot_dir = bot_folder(options.bot)
    except ValueError as error:
        parser.exit(2, f"{name('doctor')}: {error}\n")
    try:
        checks = look(client(), bot_dir)
    except ValueError as error:
        checks = [Check("token", False, str(error))]
    well = all(check.ok is not False for check in checks) and checks[0].ok is True
    if options.json:
        print(json.dumps({"ok": well, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        width = max(len(check.name) for check in checks)
        print("\n".join(shown(check, width) for check in checks))
    return 0 if well else 1
