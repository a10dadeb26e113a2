"""Failed updates and events wait in a queue (SQS), until somebody repairs the bot and replays them.

    {"tf": {"action": "replay"}}

A message in the queue contains the update or event, and the reason:

    {"failed": {"outcome": "incomplete", "error": …, "version": "41", "at": 1767225600},
     "update": …, "calls": […]}

`calls` are those that remain, if that is known; instead of `update` there may be an `event`. Lambda
itself writes the events that it gives up, with the event in "requestPayload". An update alone, as
in the queue's dead letters, is one that failed too often. This module is loaded only with
failed_retention_in_days.
"""

from __future__ import annotations

import logging
import marshal
import time
from collections.abc import Callable

from .. import aws
from ..deadline import deadline
from ..errors import Failure, Misconfigured, Unreachable
from ..host import bot_module, webhook
from ..host.calls import checked, make_or_respond
from ..host.outcome import Outcome, outcome_of
from ..invocation import kind_of
from ..invocation.journal import journal
from ..invocation.settings import settings
from ..types import Any, Json
from . import sqs
from .held import held, released

logger = logging.getLogger("botkit")

KEPT = ("bot_failed", "incomplete", "lost")
HOPELESS = ("misconfigured", "unreachable")  # so would be what comes next
KEEP_SECONDS = 2.0  # before the deadline: to keep a failed update, over a new connection
# Seconds after which nothing more is begun: a NAT gateway drops a connection that is silent.
LONGEST_REPLAY = 60
HIDDEN = 60  # seconds beyond the replay's time, for which others don't get its messages


def answer(update: Json) -> Outcome:
    """Answer an update, and keep it if it failed."""
    as_sent = marshal.dumps(update)  # the bot may change it
    outcome: Outcome = with_reserve(webhook.answer_once, update)
    if outcome.name in KEPT:
        keep(outcome, {"update": marshal.loads(journal.turn or as_sent)})
    return outcome


def answer_event(event: Any, request_id: str) -> tuple[Outcome, bool]:
    """Do as `on_event.answer`, and keep a failed event if Lambda has nothing to try again."""
    from . import on_event

    as_sent = marshal.dumps(event)
    outcome, again = with_reserve(on_event.answer, event, request_id)
    if outcome.name in KEPT and not again:
        keep(outcome, {} if outcome.remaining else {"event": marshal.loads(as_sent)})
        again = outcome.status != 200
    return outcome, again


def with_reserve(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, and return its result while there is time to keep a failed update."""
    with deadline.sparing(KEEP_SECONDS):
        result = function(*arguments)
    deadline.at += bot_module.GRACE_SECONDS  # an interrupt may come that late
    return result


def keep(outcome: Outcome, subject: Json, **how: int) -> bool:
    """Put what failed into the queue. Returns whether it is there.

    `subject` is its update or event, and `how` are parameters of SendMessage. If SQS can't be used,
    the outcome becomes one after which the subject is delivered again, unless people would then see
    a call twice.
    """
    error = outcome.error or outcome.refusal
    about = {"outcome": outcome.name, "error": error, "version": settings.function_version}
    content = {"failed": {**about, "at": int(time.time())}, **subject}
    if outcome.remaining:
        content["calls"] = held(outcome.remaining)
    try:
        sqs.send(settings.failed_queue_url, content, **how)
        return True
    except sqs.NotTaken as refusal:
        logger.error("what failed can't be kept", extra={"error": str(refusal)})
    except Unreachable as failure:
        logger.error("what failed was not kept", extra={"error": str(failure)})
        if not journal.is_seen:
            outcome.name = failure.outcome
    return False


def replay(is_event: Callable[[Any], bool]) -> Json:
    """Take once more what failed, and delete what succeeds. The rest stays.

    `is_event` tells whether an event is neither Telegram's nor Terraform's. Returns how many are
    "done" and how many "failed", with the "error" of the last one (or null), and whether there
    is "more", for which there was no time. None is taken twice. Raises Misconfigured, Unreachable
    or aws.ClientError if a queue can't be used.
    """
    if not settings.failed_queue_url:
        raise Misconfigured("nothing is kept: set failed_retention_in_days")
    mode, settings.reply_mode = settings.reply_mode, "api"  # there is no response to Telegram
    try:
        return _Replay(is_event).run()
    finally:
        settings.reply_mode = mode


class _Replay:
    def __init__(self, is_event: Callable[[Any], bool]) -> None:
        self._is_event = is_event
        self._end, self._whole = deadline.at, deadline.left()
        self._done = self._failed = 0
        self._error: str | None = None
        # The queues and handles of messages that failed again.
        self._stay: list[tuple[str, str]] = []
        self._has_time = self._is_hopeful = True

    def run(self) -> Json:
        for url in filter(None, (settings.failed_queue_url, settings.dead_letters_url)):
            while self._has_time and self._is_hopeful and (message := _receive(url)):
                self._take(url, message)
                deadline.at = self._end
                gone = self._whole - deadline.left()
                self._has_time &= gone <= min(LONGEST_REPLAY, self._whole / 3)
        if self._has_time:  # else they stay hidden for now, so that the next replay gets others
            self._show(self._stay)
        more = not self._has_time and self._done > 0  # or it might go on for ever
        counts = {"done": self._done, "failed": self._failed}
        return {**counts, "error": self._error, "more": more}

    def _take(self, url: str, message: Json) -> None:
        place, reserve = (url, message["ReceiptHandle"]), min(KEEP_SECONDS, deadline.left() / 3)
        outcome, subject = _retry(message, self._is_event)
        if outcome is None:
            sqs.call("DeleteMessage", url, ReceiptHandle=place[1])
            self._done += 1
        elif deadline.left() <= reserve and (self._done or self._failed):
            self._show([place])  # it was interrupted because others came before it
        else:
            self._failed += 1
            self._error = outcome.error or outcome.refusal
            self._is_hopeful = outcome.name not in HOPELESS
            is_shorter = outcome.name in KEPT and outcome.remaining
            if is_shorter and keep(outcome, subject, DelaySeconds=round(self._whole)):
                sqs.call("DeleteMessage", url, ReceiptHandle=place[1])
            else:
                self._stay.append(place)

    def _show(self, places: list[tuple[str, str]]) -> None:
        """Let others get messages, which would stay hidden for a while."""
        for url, handle in places:
            try:
                sqs.call("ChangeMessageVisibility", url, ReceiptHandle=handle, VisibilityTimeout=0)
            except (aws.ClientError, Unreachable) as error:
                logger.warning("a message stays hidden", extra={"error": str(error)})


def _receive(url: str) -> Json | None:
    """Return a message that nobody else gets during this replay, if there is one."""
    messages = sqs.call(
        "ReceiveMessage",
        url,
        AttributeNames=["ApproximateReceiveCount"],
        MaxNumberOfMessages=1,
        VisibilityTimeout=round(deadline.left()) + HIDDEN,
        WaitTimeSeconds=1,  # without it, SQS asks only some of its servers
    ).get("Messages")
    message: Json | None = messages[0] if messages else None
    return message


def _retry(message: Json, is_event: Callable[[Any], bool]) -> tuple[Outcome | None, Json]:
    """Try again the update or event in a message.

    Returns how it failed, or None if it succeeded, and its update or event, as `subject` of `keep`.
    """
    started = time.monotonic()
    journal.begin()
    journal.is_repeat = journal.is_counted = True
    try:
        content = _parsed(message["Body"])
    except (AttributeError, KeyError, TypeError, ValueError, Failure) as error:
        id_ = {"message_id": message["MessageId"], "error": type(error).__name__}
        logger.error("a message in the queue of failed updates can't be read", extra=id_)
        return Outcome("bot_failed", f"message {message['MessageId']} can't be read"), {}
    # Then no replay of it has ended half-way: what its session knows, another delivery answers. A
    # dead letter has no other.
    is_first = message["Attributes"]["ApproximateReceiveCount"] == "1"
    journal.trusts_session = is_first and "failed" in content
    update = content.get("update")
    if "calls" not in content and update is None:
        return _retry_event(content["event"], message["MessageId"], is_event), {}
    about: Json = {"source": "replay"}
    if update is not None:
        journal.update_id = update["update_id"]
        about |= webhook.described(update)
    if "calls" in content:
        outcome = with_reserve(make_or_respond, content["calls"])
        outcome.give_up_if_seen()
    else:
        # A copy, since the bot may change it.
        outcome = with_reserve(_answer_again, marshal.loads(marshal.dumps(update)))
    outcome.log("event" if update is None else "update", started, **about)
    is_over = outcome.status == 200 and outcome.name not in KEPT
    return None if is_over else outcome, {"update": update} if update else {}


def _parsed(body: str) -> Json:
    """Return the content of a message: an update or an event, and the calls that remain if known.

    Raises AttributeError, KeyError, TypeError, ValueError or Failure if another program wrote it.
    """
    content: Json = webhook.parse_json(body)
    if "requestPayload" in content:
        return {"event": content["requestPayload"]}
    if "failed" not in content:
        content = {"update": content}
    if "update" in content and type(content["update"]["update_id"]) is not int:
        raise TypeError
    if "calls" in content:
        content["calls"] = checked(released(content["calls"]), "the message")
    elif not content.keys() & {"update", "event"}:
        raise ValueError
    return content


def _answer_again(update: Json) -> Outcome:
    """Answer an update as if Telegram had delivered it now."""
    try:
        handled = bot_module.load().HANDLED
    except Misconfigured as error:
        return outcome_of(error)
    if kind_of(update) not in handled:
        return Outcome("ignored")  # Telegram wouldn't deliver it any more
    before = webhook.recent.get(update["update_id"])
    if before and before.name in KEPT:
        del webhook.recent[update["update_id"]]
    return webhook.let_in(update, webhook.answer_once)


def _retry_event(event: Any, id_: str, is_event: Callable[[Any], bool]) -> Outcome | None:
    """Answer an event again. Returns how it failed, or None if it succeeded."""
    from . import on_event

    if not is_event(event):  # such as a schedule's, which has come since
        return None
    started = time.monotonic()
    try:
        outcome, again = with_reserve(on_event.answer, event, id_)
    except on_event.EventFailed as error:
        outcome, again = Outcome("bot_failed", str(error)), True
    outcome.log("event", started, source="replay")
    return outcome if again or outcome.name in KEPT else None
