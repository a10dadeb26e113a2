"""The module's DynamoDB table: an item for each key, with a dict and what has changed it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate
from operator import sub

from . import aws, context
from .aws import to_json
from .errors import JSON_VALUES, Misconfigured, UsageError
from .settings import settings
from .types import Any, Json

# Of the keys of items that aren't sessions: middleware/rate_limit.py and stream.py write these.
OWN_PREFIXES = ("limit:", "stream:")

MAX_UPDATES = 100  # whose ids are kept: many people may share a session
MAX_CALL_BYTES = 1024  # of their calls. Each KB of an item costs a write unit
MAX_ONCE = 100  # changes with `once` whose results are kept
MAX_RESULT_BYTES = 1024  # of one in JSON
MAP_BYTES = 30  # besides the JSON of each update's calls: an id, and DynamoDB's overhead
EMPTY = {
    "session": {"S": "{}"},
    "updates": {"S": "[]"},
    "calls": {"M": {}},
    "once": {"S": "{}"},
}

# The states of an update. An item stores each update as one number, 4 × its id + its state, written
# as the difference from the number before it (a third of the bytes). [401, 7] means 401, which is
# update 100 NO_CALLS, and then 408, which is update 102 ANSWERED.
ANSWERED = 0  # its calls are in the item, unless they had to make room for newer ones
NO_CALLS = 1  # it was answered without calls
IN_PROGRESS = 2  # its calls in the item still have to be made

# The exceptions of parsing an item that another program has written.
CORRUPT_ITEM = (AttributeError, KeyError, RecursionError, TypeError, ValueError)

MAX_KEY_BYTES = 2048
MAX_ITEM_BYTES = (400 << 10) - 200  # without an item's small attributes
DAY_SECONDS = 24 * 3600


def check_key(key: Any) -> None:
    """Raise UsageError if a session can't have this key."""
    is_text = isinstance(key, str) and _encode(key).decode() == key  # no half of a surrogate pair
    if not is_text or not 0 < len(_encode(key)) <= MAX_KEY_BYTES or key.startswith(OWN_PREFIXES):
        raise UsageError(
            f"the key of a session must be a string of 1 to {MAX_KEY_BYTES:,} bytes that doesn't "
            f"begin with {' or '.join(OWN_PREFIXES)}"
        )


def change(
    key: str,
    function: Callable[[Json], Any],
    *,
    days: int | None = None,
    once: str | None = None,
) -> Any:
    """Call `function` with the dict of a key, as session.change() does.

    With `once`, a unique name, it isn't called again after it has succeeded: its first result is
    returned.
    """
    changing = context.current.changing
    if key in changing:
        raise UsageError("session.change() must not run inside of a change of the same session")
    changing.add(key)
    try:
        while True:
            item = Item(key)
            if once in item.once:
                return item.once[once]
            result = function(item.session)
            if once is not None:
                item.once[once] = checked_copy(result)
                if len(to_json(result).encode()) > MAX_RESULT_BYTES:
                    limit = f"{MAX_RESULT_BYTES:,} bytes of JSON"
                    raise UsageError(f"with once, a result must have at most {limit}")
            if item.save(days=days, always=once is not None):
                return result
    finally:
        changing.discard(key)


class Item:
    """The item of a key, as it was read.

    Change `session`, then call `save`. `text` is its JSON as it was read. `updates` contains the
    ids of the last updates that changed it, the newest last, each with its state. `once` contains
    the results of changes with a name, by that name and the id of their update or event. Raises
    Misconfigured, or Unreachable if DynamoDB can't be used.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        item = call("GetItem", Key={"id": {"S": key}}, ConsistentRead=True).get("Item", {})
        self._version = item.get("version")
        self._expires_at = item.get("expires_at")
        try:
            # DynamoDB may take days to delete an expired item.
            if "expires_at" in item and int(item["expires_at"]["N"]) <= time.time():
                item = {}
            item = {**EMPTY, **item}
            self.text: str = item["session"]["S"]
            self.session: Json = {**_parse(self.text)}
            numbers = accumulate(json.loads(item["updates"]["S"]))
            self.updates = {number >> 2: number & 3 for number in numbers}
            self.once: Json = {**_parse(item["once"]["S"])}
            self._calls = {int(name): text["S"] for name, text in item["calls"]["M"].items()}
        except CORRUPT_ITEM as error:
            raise Misconfigured(
                f"the item {key} of the sessions' table can't be read, because another program has "
                f"written it: repair or delete it ({type(error).__name__})"
            ) from None

    def calls(self, update_id: int) -> list[Json] | None:
        """Return the calls that answer an update, or None if they aren't kept.

        They are parsed only here, since few updates are redelivered.
        """
        if self.updates.get(update_id) == NO_CALLS:
            return []
        calls: list[Json] | None = json.loads(self._calls.get(update_id, "null"))
        return calls

    def save(
        self,
        update_id: int | None = None,
        calls: list[Json] | None = None,
        *,
        days: int | None = None,
        always: bool = False,
    ) -> bool:
        """Write the session, with the calls that answer an update, if it has changed.

        With `always`, write it in any case. It is kept for `days`, or session_retention_in_days if
        they are None. Returns False if another container has written since it was read. Raises
        UsageError.
        """
        text = _checked_json(self.session)
        if text == self.text and not always:
            return True
        if days is None:
            days = int(settings.session_retention_in_days or 0)
        return self._write(text, update_id, calls, ANSWERED, days and _expires_at(days))

    def save_progress(self, update_id: int, calls: list[Json], state: int) -> bool:
        """Write which calls of an update remain, and its state, with the session as it was.

        Returns and raises what `save` does.
        """
        return self._write(self.text, update_id, calls, state, self._expires_at)

    def _write(
        self,
        text: str,
        update_id: int | None,
        new: list[Json] | None,
        state: int,
        expires_at: Any,
    ) -> bool:
        if text == "{}":
            expires_at = _expires_at(1)
        updates, calls = {**self.updates}, {**self._calls}
        if update_id is not None:
            updates[update_id] = state if new else NO_CALLS
            calls[update_id] = to_json(new)
        updates = _trim_updates(updates)
        # With an empty session, only the newest calls are kept, until the next update.
        calls = _trim_calls(updates, calls, 0 if "{}" in (text, self.text) else MAX_CALL_BYTES)
        numbers = [4 * update_id + state for update_id, state in updates.items()]
        # The JSON of a list of numbers, in a third of json's time.
        ids = str([*map(sub, numbers, [0, *numbers])]).replace(" ", "")
        once = to_json(dict([*self.once.items()][-MAX_ONCE:])) if self.once else ""
        size = sum(len(_encode(part)) for part in (self.key, text, ids, once, *calls.values()))
        if size + MAP_BYTES * len(calls) > MAX_ITEM_BYTES:
            raise UsageError(
                f"a session and the calls kept with it ({size:,} bytes) must fit into a DynamoDB "
                "item (400 KB): keep less, or use a table of your own"
            )
        # The time in hex, which tells operators an item's age, and a random number.
        version = {"S": f"{int(time.time()):08x}{os.urandom(4).hex()}"}
        item: Json = {"id": {"S": self.key}, "version": version, "session": {"S": text}}
        item["updates"] = {"S": ids}
        item["calls"] = {"M": {str(update_id): {"S": call} for update_id, call in calls.items()}}
        if once:
            item["once"] = {"S": once}
        if expires_at:
            item["expires_at"] = expires_at
        condition: Json = {"ConditionExpression": "attribute_not_exists(version)"}
        if self._version:
            condition = {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": {":read": self._version},
            }
        if call("PutItem", Item=item, **condition) is None:
            return False
        self.text, self.updates, self._calls = text, updates, calls
        self._version, self._expires_at = version, expires_at
        return True


def checked_copy(data: Any) -> Any:
    """Return a copy of a part of a session. Raises UsageError if JSON would change it."""
    return json.loads(_checked_json(data))


def _checked_json(data: Any) -> str:
    """Return a session in JSON. Raises UsageError if JSON would change it."""
    try:
        with suppress(TypeError):  # a value that JSON doesn't have
            text = to_json(data)
            if json.loads(text) == data:
                return text
        reason = _not_json(data)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise UsageError(f"a session must contain only {JSON_VALUES}: {reason}")


def _not_json(data: Any, at: str = "the session") -> str:
    """Return the first part of a session that doesn't fit into JSON: the key before it, and its
    type. Returns "" if all fits.

    A key is quoted only if it could be a name in Python: others may be people's words.
    """
    if isinstance(data, dict):
        for key, value in data.items():
            if not isinstance(key, str):
                return f"{at}: a key of type {type(key).__name__}"
            name = key if key.isidentifier() else at
            if found := _not_json(key, at) or _not_json(value, name):
                return found
    if isinstance(data, list):
        return next(filter(None, (_not_json(part, at) for part in data)), "")
    if isinstance(data, str):
        return f"{at}: half a surrogate pair" if data != _encode(data).decode() else ""
    is_json = data is None or isinstance(data, (dict, int, float))  # a dict's parts fit
    return "" if is_json else f"{at}: a {type(data).__name__}"


def _trim_updates(updates: dict[int, int]) -> dict[int, int]:
    """Return the updates to keep: the last that are done, and as many that are in progress.

    Telegram may redeliver those however many others come in between.
    """
    done = [each for each, state in updates.items() if state != IN_PROGRESS]
    in_progress = [each for each, state in updates.items() if state == IN_PROGRESS]
    for update_id in done[:-MAX_UPDATES] + in_progress[:-MAX_UPDATES]:
        del updates[update_id]
    return updates


def _trim_calls(updates: dict[int, int], calls: dict[int, str], room: int) -> dict[int, str]:
    """Return the calls to keep: those of the newest update and of unfinished ones, and of earlier
    ones, the newest first, as many as fit into `room` bytes.
    """
    newest = next(reversed(updates), None)
    kept = {}
    for update_id in reversed([each for each in updates if each in calls]):
        state = updates[update_id]
        if state != NO_CALLS:
            room -= len(_encode(calls[update_id]))
            if room >= 0 or update_id == newest or state == IN_PROGRESS:
                kept[update_id] = calls[update_id]
    return kept


def _expires_at(days: int) -> Json:
    """Return the time in so many days, in DynamoDB's form."""
    return {"N": str(int(time.time()) + days * DAY_SECONDS)}


def _parse(text: str) -> Any:
    """Parse the JSON of an item. Raises ValueError, also for NaN, which no session can contain."""
    return json.loads(text, parse_constant=int)


def _encode(text: str) -> bytes:
    return text.encode(errors="replace")


def call(action: str, **params: Any) -> Any:
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
        raise Misconfigured(f"the sessions' table can't be used: {error}") from None
