"""What a bot remembers between updates: a dict for each key, in the module's DynamoDB table.

    from botkit import session

    person = session.read("42")
    session.change("42", lambda person: person.update(paid=True))

The keys are those of SESSION in bot.py. reply() gets its session as an argument, and doesn't need
these functions, which are for on_event() and on_request().
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from . import aws
from .errors import BadSession, Misconfigured
from .settings import settings
from .types import Any, Json

MOST_UPDATES = 32  # whose ids are kept
MOST_CALLS = 4096  # bytes of their calls. Each KB of an item costs a write unit
LARGEST_KEY = 2048  # bytes
LARGEST_ITEM = (400 << 10) - 200  # bytes, without what else an item has
DAY = 24 * 3600  # seconds

# The key of the session that reply() has as its argument: "" if that isn't kept.
current: str | None = None


def read(key: str) -> Json:
    """Return a copy of the session with this key, empty if there is none.

    Raises BadSession for an impossible key, and Unreachable if DynamoDB can't be used.
    """
    data: Json = json.loads(Item(key).text)
    return data


def change(key: str, function: Callable[[Json], Any], *, days: int | None = None) -> Any:
    """Call `function` with the session as a dict, keep what it changes, and return its result.

    It is called again if somebody else changed the session meanwhile. An event that is delivered
    twice changes the session twice. What is changed is kept for `days`, if they are given, instead
    of session_retention_in_days. Raises BadSession, also for the session that reply() has as
    its argument, Unreachable if DynamoDB can't be used or there is no time left, and what
    `function` raises.
    """
    if key == current:  # reply() would then find its session changed, and be asked again for ever
        raise BadSession("reply() must change its own session by its argument")
    while True:
        item = Item(key)
        data = json.loads(item.text)
        result = function(data)
        if item.keep(data, item.updates, days):
            return result


class Item:
    """The item of a key, as it was read.

    `text` is the session in JSON. `updates` has a pair for each of the last updates that changed
    it, the newest last: its id, and the calls that answered it, or None if they weren't kept.
    """

    def __init__(self, key: str) -> None:
        data = _bytes(key) if isinstance(key, str) else b""
        if not 0 < len(data) <= LARGEST_KEY or data.decode() != key:  # half a surrogate pair
            raise BadSession(f"the key of a session must be a string of 1 to {LARGEST_KEY:,} bytes")
        self._id = {"id": {"S": key}}
        item = _dynamodb("GetItem", Key=self._id, ConsistentRead=True).get("Item", {})
        self._version = item.get("version")
        # DynamoDB may take days to delete what has expired.
        if "expires_at" in item and int(item["expires_at"]["N"]) <= time.time():
            item = {}
        self.text: str = item["session"]["S"] if item else "{}"
        self.updates: list[Any] = json.loads(item["updates"]["S"]) if item else []

    def keep(self, data: Json, updates: list[Any], days: int | None = None) -> bool:
        """Write a session and its updates, unless the session is as it was.

        It is kept for `days`, or session_retention_in_days if they are None. Returns False if
        somebody else has written since it was read. Raises BadSession.
        """
        text = _text(data)
        if text == self.text:
            return True
        if not data:  # it is to be forgotten: nothing that people said stays
            updates = [[update_id, None] for update_id, _ in updates]
        kept = to_json(_newest(updates))
        sizes = len(_bytes(text)), len(_bytes(kept))
        if sum(sizes) + len(_bytes(self._id["id"]["S"])) > LARGEST_ITEM:
            raise BadSession(
                f"a session ({sizes[0]:,} bytes) with the calls of its updates ({sizes[1]:,} bytes)"
                " must fit into an item of DynamoDB, which has 400 KB"
            )
        item: Json = {**self._id, "version": {"S": os.urandom(8).hex()}}
        item |= {"session": {"S": text}, "updates": {"S": kept}}
        if days is None:
            days = int(settings.session_retention_in_days or 0)
        if not data:
            days = 1
        if days:
            item["expires_at"] = {"N": str(int(time.time()) + days * DAY)}
        condition: Json = {"ConditionExpression": "attribute_not_exists(id)"}
        if self._version:
            condition = {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": {":read": self._version},
            }
        return _dynamodb("PutItem", Item=item, **condition) is not None


def to_json(value: Any) -> str:
    """Return a value in short JSON. Raises what json.dumps raises, and ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _bytes(text).decode()


def checked_copy(data: Json) -> Json:
    """Return a copy of a part of a session. Raises BadSession if JSON would change it."""
    copy: Json = json.loads(_text(data))
    return copy


def _text(data: Json) -> str:
    """Return a session in JSON. Raises BadSession if JSON would give it back changed."""
    try:
        text = to_json(data)
        if json.loads(text) != data:
            raise ValueError("it has a tuple, a key that isn't a string, or half a surrogate pair")
    except (TypeError, ValueError, RecursionError) as error:
        raise BadSession(f"a session must have only what JSON gives back: {error}") from None
    return text


def _newest(updates: list[Any]) -> list[Any]:
    """Return the newest updates, with the newest calls as long as there is room for them."""
    newest: list[Any] = []
    room = MOST_CALLS
    for update_id, calls in reversed(updates[-MOST_UPDATES:]):
        room -= len(_bytes(to_json(calls)))
        newest.append([update_id, calls if room >= 0 or not newest else None])
    return newest[::-1]


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _dynamodb(action: str, **params: Any) -> Any:
    """Call DynamoDB and return its answer, or None if the condition isn't met.

    Raises Unreachable, or Misconfigured if the table can't be used.
    """
    if not settings.session_table:
        raise Misconfigured("there is no table for sessions: set session_retention_in_days")
    params = {"TableName": settings.session_table, **params}
    try:
        return aws.call("dynamodb", f"DynamoDB_20120810.{action}", params)
    except aws.ClientError as error:
        if error.code == "ConditionalCheckFailedException":
            return None
        raise Misconfigured(f"the table of the sessions can't be used: {error}") from None
