"""Checks a new version before it goes live. Terraform invokes the version with this event:

    {"tf": {"action": "check"}, "sources": …, "names": ["QUEUE_URL", …], "variables": …,
     "queues": ["https://sqs.…/telegram-bot-failed"], "in_vpc": false}

`sources` is the digest of the package that the version should have. An older version is checked
without it. `variables` is the digest that the variables with these `names` should have. `queues`
are those of failed updates that this release deletes. `hidden_seconds` comes only for an older
version and if there is a queue: for how long it hides an update that is being answered.
"""

from __future__ import annotations

import logging
import os
import re
from hashlib import sha256

from .. import bot_module, start_error, telegram, ways
from ..deadline import deadline
from ..errors import BadAnswer, Misconfigured, Unreachable
from ..settings import settings
from ..signature import RENAME, check_function
from ..types import Any, Json
from .registration import ADDRESS, RegistrationFailed, call, handled_kinds, menus

logger = logging.getLogger("botkit")

COUNT_SECONDS = 3.0  # at most, for each queue that will be deleted
NO_RIGHT = "AccessDenied|InvalidAccessKeyId|UnrecognizedClient"  # the last two of a new role
MISSING = "Modules that bot.py imports must be in its folder, or in the requirements.txt there"
BEFORE = "it is called without arguments before a version goes live"


class CheckFailed(Exception):
    """The version must not go live. The text says why, in Telegram's words if possible."""


def check(event: Json) -> Json:
    """Check the code, bot.py and the token, and then call check() of bot.py, if there is one.

    Raises CheckFailed, which fails the apply: the previous version stays live.
    Source: https://core.telegram.org/bots/api#getme
    """
    seconds = deadline.left()  # the function's timeout, less one
    secrets = {settings.webhook_secret, telegram.own.token}
    telegram.forget_token()  # it may have changed
    try:
        _check_release(event)
        _check_time(event, seconds)
        bot = bot_module.load()
        _check_bot(bot)
        _warn_of_events(event, bot)
        handled_kinds()
        call("getMe", "accept the token")
        _check_queues(event)
        if callable(getattr(bot, "check", None)):
            bot_module.ask("check")
        return {}
    except BadAnswer as error:
        told = f"{error}: {BEFORE}. {RENAME}"
    except (Misconfigured, RegistrationFailed) as error:
        told = str(error)
        if "ModuleNotFoundError" in told:
            told += f". {MISSING}"
    except BaseException as error:  # sys.exit() too
        told = f"check() of bot.py failed: {start_error.described(error)}"
    for secret in filter(None, {*secrets, telegram.own.token}):
        told = told.replace(secret, "…")  # the bot may quote it, and Terraform would print it
    raise CheckFailed(told)


def _check_release(event: Json) -> None:
    """Raise Misconfigured if the version has other code or variables than were planned."""
    packed = digest()
    if packed and event.get("sources", packed) != packed:
        # If an upload fails, Terraform saves it as done all the same.
        raise Misconfigured(
            "The function runs other code than was planned. If the newest version was deleted, "
            "publish it again: terraform apply "
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {ADDRESS}. "
            "If that ends with this message again, an upload failed: terraform apply "
            "-replace=module.telegram_bot.terraform_data.package "
            "-replace=module.telegram_bot.aws_lambda_function.this"
        )
    if "variables" not in event:
        return
    values = "\n".join(os.environ.get(name, "") for name in event["names"])
    if sha256(values.encode()).hexdigest() == event["variables"]:
        return
    if "sources" in event:  # publishing the version failed, which Terraform also saves as done
        raise Misconfigured(
            "The function has other variables than were planned: terraform apply "
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {ADDRESS}"
        )
    raise Misconfigured(
        "later, mini_app, queue or the sessions were switched on or off since this version, or "
        "failed_retention_in_days off: set them as they were, or choose another release"
    )


def _check_time(event: Json, seconds: float) -> None:
    """Raise Misconfigured if the queue might deliver an update that is still being answered."""
    hidden = event.get("hidden_seconds")
    if hidden and seconds > hidden - 1:
        raise Misconfigured(
            "The timeout of this version is longer than the queue hides an update that it answers "
            f"({hidden} seconds): set timeout as it was, or choose another release"
        )


def digest() -> str:
    """Return the digest that scripts/package wrote into the package, or "" in a checkout."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "digest")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _check_queues(event: Json) -> None:
    """Raise Misconfigured if failed updates or events would be deleted with their queue.

    Most bots never had such a queue. Then it doesn't exist, or the role has no right to count its
    messages, since that right comes with the queue, or the bot is in a VPC that can't reach SQS.
    In earlier versions of the module, the right didn't come with the queue.
    """
    if not event.get("queues"):
        return
    from .. import aws, sqs

    for url in event["queues"]:
        name = url.rpartition("/")[2]
        try:
            with deadline.within(min(COUNT_SECONDS, deadline.left() / 3)):
                many = sqs.waiting(url)
        except aws.ClientError:
            continue
        except Unreachable as error:
            told = str(error)
            if event["in_vpc"] and not told.startswith("sqs: "):
                continue
            if re.search(NO_RIGHT, told):
                if not _is_used(url):
                    continue
                raise Misconfigured(
                    f"{name} would be deleted, and the function has no right yet to count its "
                    "messages, as after an upgrade: set failed_retention_in_days and queue as they "
                    f"were, apply, and then change them ({told})"
                ) from None
            raise Misconfigured(
                f"{name} would be deleted, and SQS doesn't say whether failed updates or events "
                f"wait in it ({told}): apply again"
            ) from None
        if many:
            raise Misconfigured(
                f"Failed updates or events wait in {name}, and would be deleted with it: {many}. "
                "Set failed_retention_in_days and queue as they were, apply, and replay them "
                f"(docs/how-to/replay.md), or give them up: aws sqs purge-queue --queue-url {url}"
            )


def _is_used(url: str) -> bool:
    """Tell whether the live version may use a queue whose messages it may not count.

    SQS tells by accepting or refusing a call. A dead-letter queue isn't called by the function, but
    the queue of updates beside it is. If that is deleted already, SQS says so only to a role that
    has the right.
    """
    from .. import aws, sqs

    name, is_dead, _ = url.partition("-dead.fifo")
    try:
        with deadline.within(min(COUNT_SECONDS, deadline.left() / 3)):
            if is_dead:
                sqs.waiting(f"{name}.fifo")
            else:  # without an effect
                sqs.call("ChangeMessageVisibility", url, ReceiptHandle="-", VisibilityTimeout=0)
    except aws.ClientError as error:
        return bool(is_dead) or "QueueDoesNotExist" not in error.code
    except Unreachable as error:
        return not re.search(NO_RIGHT, str(error))
    return True


def _check_bot(bot: Any) -> None:
    """Raise Misconfigured if bot.py can't work, or needs an input of the module that isn't set."""
    check_function(bot, "check", "", f"{BEFORE}. {RENAME}")
    if not hasattr(bot, "SESSION"):  # the step `session` checks the others
        check_function(bot, "reply", "update")
    check_function(bot, "on_event", "event", f"it answers events of other services. {RENAME}")
    check_function(bot, "on_failure", "update", "it answers when the bot failed")
    if hasattr(bot, "LIMIT"):
        check_function(bot, "on_limit", "update", "it answers the first update beyond LIMIT")
    for part in ways.parts():
        if check_bot := vars(part).get("check_bot"):  # hasattr is true for any name in botkit.types
            check_bot(bot)
    menus(bot)


def _warn_of_events(event: Json, bot: Any) -> None:
    """Warn of a version at which events that an earlier one has scheduled would fail.

    Scheduler doesn't tell the function what waits. But nothing does when the first version goes
    live, unless it comes back. A demo's function may have no number.
    """
    is_older = "variables" in event and "sources" not in event
    is_first = settings.function_version in ("", "1") and not is_older
    if settings.later_group and not is_first and not hasattr(bot, "on_event"):
        logger.warning("bot.py has no on_event(): waiting events of an earlier version will fail")
