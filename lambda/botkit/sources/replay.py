"""A replay of failed updates and events, which an operator starts:

{"tf": {"action": "replay"}}
"""

from __future__ import annotations

import logging

from .. import aws, current, failed_queue, sqs, ways
from ..calls import checked
from ..current import Run
from ..deadline import deadline
from ..errors import Failure, Misconfigured, Unreachable
from ..outcome import Outcome
from ..packed import unpacked
from ..settings import settings
from ..types import Json
from . import parse_json, source_of

logger = logging.getLogger("botkit")

MOST_HOPELESS = 3  # in a row, without a success between: then the replay stops
# Seconds after which the replay begins no other message: a NAT gateway drops a silent connection.
LONGEST_REPLAY = 60
HIDDEN = 60  # seconds beyond the replay's time for which its messages stay hidden
HOPELESS_HIDDEN = 300  # seconds for which hopeless messages stay hidden from the next replays


def replay() -> Json:
    """Answer failed updates and events again, and delete those that succeed. The rest stays.

    Returns how many are "done" and how many "failed", with the "error" of the last one (or null),
    and whether there is "more", for which there was no time. None is tried twice. Raises
    Misconfigured, Unreachable or aws.ClientError if a queue can't be used.
    """
    if not settings.failed_queue_url:
        raise Misconfigured("failed updates aren't kept: set failed_retention_in_days")
    return _Replay().run()


class _Replay:
    def __init__(self) -> None:
        self._whole = deadline.left()
        self._done = self._failed = 0
        self._error: str | None = None
        # The queues and handles of messages that failed again.
        self._stay: list[tuple[str, str]] = []
        self._hopeless: list[tuple[str, str]] = []  # in a row
        self._has_time = True

    def __repr__(self) -> str:
        return f"<_Replay: {self._done} done, {self._failed} failed>"

    def run(self) -> Json:
        for url in filter(None, (settings.failed_queue_url, settings.dead_letters_url)):
            while self._goes_on and (message := _receive(url)):
                with deadline.within(deadline.left()):  # GRACE is for this message only
                    self._take(url, message)
                gone = self._whole - deadline.left()
                self._has_time &= gone <= min(LONGEST_REPLAY, self._whole / 3)
        if self._has_time:  # otherwise they stay hidden, so that the next replay gets others
            self._hide(self._stay, 0)
            self._hide(self._hopeless, 0 if self._goes_on else HOPELESS_HIDDEN)
        more = not self._has_time and self._done > 0  # without progress, it might never end
        counts = {"done": self._done, "failed": self._failed}
        return {**counts, "error": self._error, "more": more}

    @property
    def _goes_on(self) -> bool:
        return self._has_time and len(self._hopeless) < MOST_HOPELESS

    def _take(self, url: str, message: Json) -> None:
        place, reserve = (url, message["ReceiptHandle"]), deadline.reserved("keep")
        outcome, run = _retry(message)
        if outcome is None or not (outcome.is_retried or outcome.is_kept):
            sqs.call("DeleteMessage", url, ReceiptHandle=place[1])
            self._done += 1
            self._stay += self._hopeless
            self._hopeless = []
        elif deadline.left() <= reserve and (self._done or self._failed):
            self._hide([place], 0)  # it had too little time, because others came before it
        else:
            self._failed += 1
            self._error = outcome.error or outcome.refusal
            if outcome.is_general:  # while it is hidden, its group in the dead-letter queue waits
                self._hopeless.append(place)
                return
            subject = {"update": run.as_sent()} if run and run.is_update else {}
            is_shorter = outcome.is_kept and outcome.remaining
            if is_shorter and not failed_queue.put(
                outcome, subject, DelaySeconds=round(self._whole)
            ):
                sqs.call("DeleteMessage", url, ReceiptHandle=place[1])
            else:
                self._stay.append(place)

    def _hide(self, places: list[tuple[str, str]], seconds: int) -> None:
        """Hide messages for exactly so many seconds from now."""
        for url, handle in places:
            how = {"ReceiptHandle": handle, "VisibilityTimeout": seconds}
            try:
                sqs.call("ChangeMessageVisibility", url, **how)
            except (aws.ClientError, Unreachable) as error:
                logger.warning("a message stays hidden", extra={"error": str(error)})


def _receive(url: str) -> Json | None:
    """Return a message, if there is one, and hide it from others during this replay."""
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


def _retry(message: Json) -> tuple[Outcome | None, Run | None]:
    """Send the update or event in a message its way again.

    Returns the outcome, None if there is nothing to do, and the run.
    """
    try:
        content = _parsed(message["Body"])
    except (AttributeError, KeyError, TypeError, ValueError, Failure) as error:
        id_ = {"message_id": message["MessageId"], "error": type(error).__name__}
        logger.error("a message in the queue of failed updates can't be read", extra=id_)
        return Outcome("bot_failed", f"message {message['MessageId']} can't be read"), None
    if "event" in content and "calls" not in content:
        if source_of(content["event"]) != "event":  # such as a schedule's, which has recurred since
            return None, None
        own_id = str(content.get("id", message["MessageId"]))  # for session.change(…, once=…)
        run = Run.of_event("replay", content["event"], own_id, "replay")
        way = "replayed event"
    elif "update" in content:
        run, way = Run.of_update("replay", content["update"], source="replay"), "replay"
        run.asked = content.get("asked", run.asked)
    else:
        run, way = Run("replay", None, message["MessageId"], {"source": "replay"}), "remaining"
    if "calls" in content:
        run.calls, way = content["calls"], "remaining"
    # At its first receipt, no replay of it can have ended half-way. So if its session knows the
    # update, another delivery has answered it. A dead letter has no other delivery.
    is_first = message["Attributes"]["ApproximateReceiveCount"] == "1" and "failed" in content
    run.attempt = "first" if is_first else "again"
    run.keep_copy()
    with deadline.reserve("keep"):
        return ways.take(current.begin(run), way), run


def _parsed(body: str) -> Json:
    """Return the content of a message: an update or an event, and the calls that remain if known.

    Raises AttributeError, KeyError, TypeError, ValueError or Failure if another program wrote it.
    """
    content: Json = parse_json(body)
    if "requestPayload" in content:
        about = content.get("requestContext", {})
        known = {"id": about["requestId"]} if "requestId" in about else {}
        return {"event": content["requestPayload"], **known}
    if "failed" not in content:
        content = {"update": content}
    if "update" in content and type(content["update"]["update_id"]) is not int:
        raise TypeError
    if "calls" in content:
        content["calls"] = checked(unpacked(content["calls"]), "the message")
    elif not content.keys() & {"update", "event"}:
        raise ValueError
    return content
