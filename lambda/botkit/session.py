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
from itertools import accumulate, pairwise

from . import aws
from .errors import BadSession, Misconfigured
from .settings import settings
from .types import Any, Json

MOST_UPDATES = 300  # whose ids are kept: many people may share a session
MOST_CALLS = 4096  # bytes of their calls. Each KB of an item costs a write unit
MAP_BYTES = 30  # that each of the kept calls takes more than its JSON: an id, and DynamoDB's own
EMPTY = {"session": {"S": "{}"}, "updates": {"S": "[]"}, "calls": {"M": {}}}

# The state of an update whose calls aren't just kept, or no longer: it was answered without calls,
# or some of them remain.
SILENT, UNFINISHED = 1, 2
LARGEST_KEY = 2048  # bytes
LARGEST_ITEM = (400 << 10) - 200  # bytes, without what else an item has
DAY = 24 * 3600  # seconds

# The key of the session that reply() has as its argument: "" if that isn't kept.
current: str | None = None

changing: set[str] = set()  # keys of sessions that change() changes

# Changes of other sessions, by their keys: they are made once that of `current` is kept.
waiting: list[tuple[str, Callable[[Json], Any]]] = []


def read(key: str) -> Json:
    """Return a copy of the session with this key, empty if there is none.

    Raises BadSession for an impossible key, and Unreachable if DynamoDB can't be used.
    """
    return Item(key).session


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
    if key in changing:
        raise BadSession("session.change() must not change a session while it changes that one")
    changing.add(key)
    try:
        while True:
            item = Item(key)
            result = function(item.session)
            if item.keep(days=days):
                return result
    finally:
        changing.discard(key)


class Item:
    """The item of a key, as it was read.

    `session` is to be changed, and `text` is its JSON as it was. `updates` has the ids of the last
    updates that changed it, the newest last, each with the JSON of the calls that answer it, or
    None if they aren't kept. Those of `unfinished` have to be completed.
    """

    def __init__(self, key: str) -> None:
        data = _bytes(key) if isinstance(key, str) else b""
        if not 0 < len(data) <= LARGEST_KEY or data.decode() != key:  # half a surrogate pair
            raise BadSession(f"the key of a session must be a string of 1 to {LARGEST_KEY:,} bytes")
        self.key = key
        item = _dynamodb("GetItem", Key={"id": {"S": key}}, ConsistentRead=True).get("Item", {})
        self._version = item.get("version")
        self.updates: dict[int, str | None] = {}
        self.unfinished: set[int] = set()
        try:
            # DynamoDB may take days to delete what has expired.
            if "expires_at" in item and int(item["expires_at"]["N"]) <= time.time():
                item = {}
            item = {**EMPTY, **item}
            self.text: str = item["session"]["S"]
            self.session: Json = {**json.loads(self.text)}
            for number in accumulate(json.loads(item["updates"]["S"])):
                update_id, state = divmod(number, 4)
                self.updates[update_id] = "[]" if state == SILENT else None
                if state == UNFINISHED:
                    self.unfinished.add(update_id)
            for name, value in item["calls"]["M"].items():
                self.updates[int(name)] = value["S"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Misconfigured(
                f"the item {key} of the sessions' table can't be read, since something else has "
                f"written it: repair or delete it ({type(error).__name__})"
            ) from None

    def calls(self, update_id: int) -> list[Json] | None:
        """Return the calls that answer an update, or None if they aren't kept."""
        text = self.updates.get(update_id)
        return None if text is None else json.loads(text)

    def keep(
        self, update_id: int | None = None, calls: list[Json] | None = None, days: int | None = None
    ) -> bool:
        """Write the session, unless it is as it was, with the calls that answer an update.

        It is kept for `days`, or session_retention_in_days if they are None. Returns False if
        somebody else has written since it was read. Raises BadSession.
        """
        text = _text(self.session)
        if text == self.text:
            return True
        updates = {**self.updates}
        if update_id is not None:
            updates[update_id] = to_json(calls)
        return self._write(text, updates, self.unfinished, days)

    def note(self, update_id: int, calls: list[Json]) -> bool:
        """Write which calls of an update remain, with the session as it was.

        Returns and raises what `keep` does.
        """
        updates = {**self.updates, update_id: to_json(calls)}
        unfinished = self.unfinished | {update_id} if calls else self.unfinished - {update_id}
        return self._write(self.text, updates, unfinished)

    def _write(
        self, text: str, updates: dict[int, Any], unfinished: set[int], days: int | None = None
    ) -> bool:
        is_empty = text == "{}"
        numbers, kept = _newest(updates, unfinished, 0 if is_empty else MOST_CALLS)
        sizes = len(_bytes(text)), sum(len(_bytes(part)) for part in (numbers, *kept.values()))
        if sum(sizes) + len(_bytes(self.key)) + MAP_BYTES * len(kept) > LARGEST_ITEM:
            raise BadSession(
                f"a session ({sizes[0]:,} bytes) with the calls of its updates ({sizes[1]:,} bytes)"
                " must fit into an item of DynamoDB, which has 400 KB"
            )
        version = {"S": os.urandom(8).hex()}
        item: Json = {"id": {"S": self.key}, "version": version, "session": {"S": text}}
        item["updates"] = {"S": numbers}
        item["calls"] = {"M": {str(update_id): {"S": calls} for update_id, calls in kept.items()}}
        if days is None:
            days = int(settings.session_retention_in_days or 0)
        if is_empty:
            days = 1
        if days:
            item["expires_at"] = {"N": str(int(time.time()) + days * DAY)}
        condition: Json = {"ConditionExpression": "attribute_not_exists(version)"}
        if self._version:
            condition = {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": {":read": self._version},
            }
        if _dynamodb("PutItem", Item=item, **condition) is None:
            return False
        self.text, self.updates, self.unfinished, self._version = text, updates, unfinished, version
        return True


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


def _newest(updates: dict[int, Any], unfinished: set[int], room: int) -> tuple[str, dict[int, str]]:
    """Return the ids of the newest updates in JSON, and those calls that are kept.

    They are the calls that fit into `room` bytes, those of the newest update, and the unfinished
    ones. The ids are written as differences, which takes a third of the bytes. Each is multiplied
    by 4, to hold a state.
    """
    newest = list(updates.items())[-MOST_UPDATES:]
    numbers = [0]
    for update_id, calls in newest:
        state = UNFINISHED if update_id in unfinished else SILENT if calls == "[]" else 0
        numbers.append(4 * update_id + state)
    kept = {}
    for update_id, calls in reversed(newest):
        if calls and calls != "[]":
            room -= len(_bytes(calls))
            if room >= 0 or update_id == newest[-1][0] or update_id in unfinished:
                kept[update_id] = calls
    return to_json([after - before for before, after in pairwise(numbers)]), kept


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
