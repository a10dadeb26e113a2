"""Try the module on your own AWS account, step by step.

It deploys your test bot, and posts messages in your private chat with it. Each step says whether
all is as the pages of docs/ say. At the end, or if you stop it, all that it made is
removed: CONTRIBUTING.md says what it does, costs and leaves.

Set TELEGRAM_BOT_TOKEN (of a bot that nobody uses: its webhook is set), TELEGRAM_CHAT_ID (of your
private chat with it, in which you have tapped Start), AWS_REGION, and AWS credentials as for
terraform apply. TELEGRAM_API_URL is the Bot API's server (default: https://api.telegram.org). With
--emulated it runs here, without any of these.

Exit code: 0 if no step differs from the pages, 1 if one does, or if something is left, 2 if it
can't begin, 130 if it was stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from botkit.errors import TelegramError
from telegram_bot_aws.emulated_aws.emulator import Emulator
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import parser_of
from telegram_bot_aws.local.project import BUILD
from telegram_stand_in import ADA, Server, Telegram, private_chat

from acceptance.deployment import Account, Deployment
from acceptance.steps import STEPS, Differs, Step

NAME = "telegram-bot-acceptance"
FOLDER = BUILD / "acceptance"  # it stays if something is left, with the state
STAND_IN_TOKEN = "1234567890:" + "A" * 35
AGAIN = "if an earlier run left that, scripts/dev accept --clean-up"
Say = Callable[[str], object]


class Tried(NamedTuple):
    """A step, and how it differs from the pages, if it does."""

    step: Step
    differs: str = ""

    def __str__(self) -> str:
        if self.differs:
            return f"differs {self.step.name}: {self.differs}"
        return f"ok      {self.step.name}"


def say_at_once(text: str) -> None:
    print(text, flush=True)


def run(
    deployment: Deployment, steps: Sequence[Step] = STEPS, say: Say = say_at_once
) -> tuple[list[Tried], list[str]]:
    """Try the steps, one after the other, and clean up at the end or if it is stopped.

    Without a deployment, which the first step makes, there is nothing else to try. Returns the
    outcomes, and what is left.
    """
    tried: list[Tried] = []
    left: list[str] = []
    try:
        for step in steps:
            if step.is_real and not deployment.account.is_real:
                continue
            say(f"…       {step.name}")
            tried.append(outcome(step, deployment))
            say(str(tried[-1]))
            if tried[-1].differs:
                if len(tried) == 1:
                    break
                with contextlib.suppress(Exception):
                    deployment.heard()  # the next step is to hear only its own answers
    finally:
        left = clean_up(deployment, say)
    return tried, left


def outcome(step: Step, deployment: Deployment) -> Tried:
    """Try a step. What it doesn't expect is a difference, too."""
    try:
        step.run(deployment)
    except Exception as error:
        kind = "" if isinstance(error, Differs | ToolError) else f"{type(error).__name__}: "
        text = f"{kind}{error}".replace(deployment.account.token, "…")
        return Tried(step, " ".join(text.split()))
    return Tried(step)


def clean_up(deployment: Deployment, say: Say) -> list[str]:
    """Remove all that is there, and return what is left."""
    say("…       cleaning up")
    try:
        deployment.destroy()
    except (Exception, KeyboardInterrupt) as error:
        text = f"The clean-up failed: {type(error).__name__}: {error}"
        say(text.replace(deployment.account.token, "…"))
    try:
        names = [f"{each}" for each in deployment.left()]
    except (Exception, KeyboardInterrupt) as error:  # as after an hour, when credentials expire
        names = [f"what there is isn't known: {error}"]
    if names:
        say(f"Left: {', '.join(names)}")
        say("Remove it by scripts/dev accept --clean-up, which has the state, or by hand.")
    else:
        deployment.forget()
        say("Nothing is left in the account.")
    return names


# Where it runs.


def real(options: argparse.Namespace) -> Account:
    """Return the operator's account. Raises ToolError, which says what is missing."""
    names = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "AWS_REGION")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise ToolError(f"{' and '.join(missing)} must be set: see scripts/dev accept --help")
    token, chat, region = (os.environ[name] for name in names)
    api_url = os.environ.get("TELEGRAM_API_URL") or Account.api_url
    if not chat.isdecimal():
        raise ToolError("TELEGRAM_CHAT_ID must be the id of your private chat: a number above 0")
    inputs = {"permissions_boundary": options.boundary or None}
    return Account(token, int(chat), api_url, region=region, inputs=inputs)


@contextlib.contextmanager
def emulated(aws_url: str = "") -> Iterator[Account]:
    """Yield an emulated account, with the stand-in for Telegram."""
    telegram = Telegram(STAND_IN_TOKEN, pace=0.01)
    telegram.bot.chats[ADA["id"]] = private_chat(ADA)
    with contextlib.ExitStack() as opened:
        opened.enter_context(Server(telegram))
        aws_url = aws_url or opened.enter_context(Emulator(auth=True, patient=True)).url
        yield Account(STAND_IN_TOKEN, ADA["id"], telegram.url, aws_url=aws_url, patience=120)


def check(deployment: Deployment) -> None:
    """Raise ToolError unless the bot is free, the chat is there and the account has no such bot."""
    try:
        url = deployment.webhook()["url"]
        chat = deployment.call("getChat", chat_id=deployment.account.chat)
    except (TelegramError, OSError) as error:
        raise ToolError(f"Telegram says: {error}. Tap Start in the bot's chat first") from None
    if url:  # its path may be a secret
        host = url.split("/")[2]
        raise ToolError(f"the bot is in use, with a webhook at {host}: take another, or {AGAIN}")
    if chat["type"] != "private":
        raise ToolError("TELEGRAM_CHAT_ID must be the id of a private chat")
    if left := deployment.left():
        raise ToolError(f"the account has {', '.join(map(str, left))} already: {AGAIN}")


def about(deployment: Deployment) -> str:
    """Say when, where and with which provider it ran."""
    where = deployment.account.region if deployment.account.is_real else "the emulated AWS"
    found = json.loads(deployment.module.terraform("version", "-json").stdout)
    provider = ", ".join(found["provider_selections"].values())
    date = time.strftime("%d %B %Y", time.gmtime())
    return f"{date}, {where}, Terraform {found['terraform_version']}, AWS provider {provider}."


@contextlib.contextmanager
def working_folder(account: Account) -> Iterator[Path]:
    """Yield the folder of the state: on a real account one that outlives us.

    Each bot and region has its own: in another region, Terraform would find nothing of a state, and
    forget it.
    """
    if not account.is_real:
        with tempfile.TemporaryDirectory(prefix="acceptance-") as temporary:
            yield Path(temporary)
        return
    folder = FOLDER / f"{account.region}-{account.token.partition(':')[0]}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield folder


def interrupted(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def parsed() -> argparse.Namespace:
    parser = parser_of("scripts/dev accept", __doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--emulated", action="store_true", help="run here, on the emulated AWS")
    where.add_argument("--yes", action="store_true", help="begin, on your AWS account")
    where.add_argument("--clean-up", action="store_true", help="remove what an earlier run left")
    parser.add_argument("--boundary", metavar="ARN", help="permissions boundary of the roles")
    return parser.parse_args()


def main() -> int:
    options = parsed()
    if not (options.emulated or options.yes or options.clean_up):
        for number, each in enumerate(STEPS, 1):
            print(f"{number}. {each.name}: {each.expects} (docs/{each.page})")
        print("scripts/dev accept: add --yes to begin, or --emulated", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, interrupted)
    try:
        with contextlib.ExitStack() as opened:
            place = opened.enter_context(emulated()) if options.emulated else real(options)
            folder = opened.enter_context(working_folder(place))
            deployment = opened.enter_context(contextlib.closing(Deployment(place, folder, NAME)))
            return accept(deployment, options)
    except ToolError as error:
        print(f"scripts/dev accept: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def accept(deployment: Deployment, options: argparse.Namespace) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    deployment.module.init()
    try:
        if options.clean_up:
            return 1 if clean_up(deployment, say_at_once) else 0
        check(deployment)
    except (BotoCoreError, ClientError) as error:  # no credentials, or no permission
        raise ToolError(f"AWS says: {error}") from None
    print(about(deployment))
    tried, left = run(deployment)
    return 1 if left or any(each.differs for each in tried) else 0
