"""TOGETHER in bot.py: albums, and messages in quick succession from a person, are one turn.

    TOGETHER = "albums"
    TOGETHER = {"albums": 1.5, "bursts": 1.5}  # seconds without another message that end a turn

The webhook lists messages in an item of the sessions' table, and puts each of them into the queue.
The first one waits until the turn is over, and is answered with all that the list has by then. The
session is written once, with the ids of them all: the others then find themselves known. The list
is a hint. A message that isn't in it in time is a turn by itself, and nothing is lost.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial

from . import bot_module, session_key, store
from .aws import to_json
from .deadline import LIMITS, deadline
from .errors import Misconfigured
from .place import Place
from .types import Any, Json

MESSAGES = ("message", "business_message", "channel_post")  # the kinds that have albums
QUIET_SECONDS = 1.5  # by default
LONGEST_QUIET = 60  # seconds
LIST_SECONDS = 900.0  # an answer takes as long at most, and its session's next messages wait
LARGEST_LIST = 128 << 10  # bytes: each message costs a write of all of it
MOST_MESSAGES = 100  # of a turn: a session knows the ids of 300
LONG_TEXT = 4000  # UTF-16 units. The apps cut at 4,096, or a little before


def seconds() -> dict[str, float]:
    """Return the seconds of quiet that end "albums" and "bursts", as far as they are wanted.

    Raises Misconfigured.
    """
    wanted = bot_module.load().TOGETHER
    if wanted == "albums":
        return {"albums": QUIET_SECONDS}
    if (
        not isinstance(wanted, dict)
        or not {"albums", "bursts"}.issuperset(wanted)
        or not all(isinstance(quiet, (int, float)) for quiet in wanted.values())
        or not all(0 < quiet <= LONGEST_QUIET for quiet in wanted.values())
    ):
        raise Misconfigured(
            f'TOGETHER in bot.py must be "albums", or seconds, {LONGEST_QUIET} at most: '
            '{"albums": 1.5, "bursts": 1.5}'
        )
    return wanted


def enlist(update: Json) -> None:
    """List an update if it could begin, join or end a turn. Raises what `key_of` and `change` do.

    A plain message only looks whether a turn is going on, which is a read and no write.
    """
    quiet = seconds()
    if "bursts" not in quiet and not _begins(update, quiet):
        return
    key = session_key.key_of(update)
    if key is not None:
        with deadline.within(LIMITS["list"]):
            store.change("turn", key, partial(_add, update, quiet, time.time()), days=1)


def turn(update: Json, key: str, known: Collection[int]) -> tuple[Json, list[int]]:
    """Wait until an update's turn is over. Return the update as reply() gets it, and all ids.

    `known` are the ids of those that the session has answered. Raises what `store.read` raises.
    """
    parts, quiet = [update], seconds()
    if _begins(update, quiet) and update["update_id"] not in known:
        for_answer = deadline.left() / 2
        while True:
            parts, ends = _parts(update, store.read("turn", key), known, quiet)
            pause = min(ends - time.time(), deadline.left() - for_answer)
            if pause <= 0 or len(parts) == MOST_MESSAGES:
                break
            time.sleep(pause)
    return joined(parts), [part["update_id"] for part in parts]


def parts_of(update: Json, ids: list[int]) -> list[Json]:
    """Return the updates that were joined in one, as if each had come by itself."""
    kind = Place(update).kind
    return [
        {"update_id": each, kind: part} for each, part in zip(ids, update["together"], strict=True)
    ]


def joined(parts: list[Json]) -> Json:
    """Return the first update with the messages of them all, if it is a message."""
    first = parts[0]
    kind = Place(first).kind
    if kind not in MESSAGES or "together" in first:  # a replay has them
        return first
    return {**first, "together": [part[kind] for part in parts]}


def is_listed(update: Json) -> bool:
    """Tell whether the list may have this update as a part of a turn."""
    quiet = seconds()
    return _is_part(update) and ("bursts" in quiet or _begins(update, quiet))


def _add(update: Json, quiet: dict[str, float], at: float, listed: Json) -> None:
    """Add an update to a list: `{"101": {"at": seconds since 1970, "update": {…}}, …}`.

    One that isn't a part of any turn has no "update", and ends one.
    """
    last: Json = max(listed.values(), key=lambda entry: entry["at"], default={})
    is_open = "update" in last and at - last["at"] <= max(quiet.values())
    if str(update["update_id"]) in listed or not (is_open or _begins(update, quiet)):
        return
    for update_id, entry in [*listed.items()]:
        if entry["at"] < at - LIST_SECONDS:
            del listed[update_id]
    entry = {"at": at, "update": update} if _is_part(update) else {"at": at}
    if sum(len(to_json(each).encode()) for each in (listed, entry)) > LARGEST_LIST:
        if is_open:
            return
        listed.clear()
    listed[str(update["update_id"])] = entry


def _parts(
    update: Json, listed: Json, known: Collection[int], quiet: dict[str, float]
) -> tuple[list[Json], float]:
    """Return the updates of the turn that an update begins, and when it ends if no other comes.

    Only later ones join: an earlier one has been answered, though the session may not know it.
    """
    if str(update["update_id"]) not in listed:
        return [update], 0.0
    parts: dict[int, Json] = {}
    album = burst = listed[str(update["update_id"])]["at"]
    in_album, in_burst = "albums" in quiet and bool(_album(update)), _announces(update, quiet)
    is_over = not in_burst
    for update_id in sorted(map(int, listed)):
        entry = listed[str(update_id)]
        if update_id < update["update_id"] or update_id in known:
            continue
        other = entry.get("update", {})
        is_ours = _who(other) == _who(update)
        is_over |= not is_ours or entry["at"] - burst > quiet.get("bursts", 0)
        if not is_over:
            burst = max(burst, entry["at"])
            parts[update_id] = other
        if in_album and is_ours and _album(other) == _album(update):
            album = max(album, entry["at"])
            parts[update_id] = other
    ends = [0.0]
    if in_album:
        ends.append(album + quiet["albums"])
    if not is_over:
        ends.append(burst + quiet["bursts"])
    return [parts[each] for each in sorted(parts)][:MOST_MESSAGES], max(ends)


def _begins(update: Json, quiet: dict[str, float]) -> bool:
    """Tell whether an update announces others."""
    return ("albums" in quiet and bool(_album(update))) or _announces(update, quiet)


def _announces(update: Json, quiet: dict[str, float]) -> bool:
    """Tell whether somebody who sends this is likely to send more at once: cut or forwarded."""
    message = Place(update).content
    text = message.get("text", "")
    is_long = len(text.encode("utf-16-le", "replace")) >= 2 * LONG_TEXT
    return "bursts" in quiet and _is_part(update) and ("forward_origin" in message or is_long)


def _album(update: Json) -> Any:
    return Place(update).content.get("media_group_id") if _is_part(update) else None


def _is_part(update: Json) -> bool:
    """Tell whether an update is a message, and no command."""
    place = Place(update)
    return place.kind in MESSAGES and not any(
        entity["type"] == "bot_command" and entity["offset"] == 0
        for entity in place.content.get("entities", [])
    )


def _who(update: Json) -> Any:
    """Return who sent an update, and where."""
    place = Place(update)
    return place.kind, place.room, place.topic, place.person
