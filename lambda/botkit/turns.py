"""TOGETHER in bot.py: the messages of an album are one turn.

    TOGETHER = "albums"
    TOGETHER = {"albums": 1.5}  # seconds without another message that end a turn

The webhook lists messages in an item of the sessions' table, and puts each of them into the queue.
The first one waits until the turn is over. It is then answered together with all messages listed by
then, and the session records all of their ids, so that the others are skipped. The list is only a
hint: a message that is listed too late becomes a turn of its own, and nothing is lost.
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
LIST_SECONDS = 900.0  # the longest answer, for which the session's next messages have to wait
LARGEST_LIST = 128 << 10  # bytes: each message costs a write of the whole list
MOST_MESSAGES = 100  # of a turn: a session records the ids of 300


def seconds() -> float:
    """Return the seconds of quiet that end an album. Raises Misconfigured."""
    wanted = bot_module.load().TOGETHER
    if wanted == "albums":
        return QUIET_SECONDS
    quiet = wanted.get("albums") if isinstance(wanted, dict) and len(wanted) == 1 else None
    if not isinstance(quiet, (int, float)) or not 0 < quiet <= LONGEST_QUIET:
        raise Misconfigured(
            'TOGETHER in bot.py must be "albums", or the seconds of quiet that end an album, '
            f'at most {LONGEST_QUIET}: {{"albums": 1.5}}'
        )
    return quiet


def enlist(update: Json) -> None:
    """List a message of an album. Raises what `key_of` and `change` do."""
    key = session_key.key_of(update) if is_listed(update) else None
    if key is not None:
        add = partial(_add, update, seconds(), time.time())
        with deadline.within(LIMITS["list"]):
            store.change("turn", key, add, days=1)


def turn(update: Json, key: str, known: Collection[int]) -> tuple[Json, list[int]]:
    """Wait until an update's turn is over. Return the update as reply() gets it, and all ids.

    `known` are the ids of updates that the session has answered. Raises what `store.read` raises.
    """
    parts, quiet = [update], seconds()
    if is_listed(update) and update["update_id"] not in known:
        for_answer = deadline.left() / 2
        while True:
            parts, ends = _parts(update, store.read("turn", key), known, quiet)
            pause = min(ends - time.time(), deadline.left() - for_answer)
            if pause <= 0 or len(parts) == MOST_MESSAGES:
                break
            time.sleep(pause)
    return joined(parts), [part["update_id"] for part in parts]


def parts_of(update: Json, ids: list[int]) -> list[Json]:
    """Return the updates that were joined into one, as if each had come separately."""
    kind = Place(update).kind
    parts = zip(ids, update["together"], strict=True)  # pragma: no mutate: a replay compares them
    return [{"update_id": each, kind: part} for each, part in parts]


def joined(parts: list[Json]) -> Json:
    """Return the first update, with the messages of all of them if it is a message."""
    first = parts[0]
    kind = Place(first).kind
    if kind not in MESSAGES or "together" in first:  # a replay has them
        return first
    return {**first, "together": [part[kind] for part in parts]}


def is_listed(update: Json) -> bool:
    """Tell whether the list may have this update as a part of a turn."""
    return bool(_album(update))


def _add(update: Json, quiet: float, at: float, listed: Json) -> None:
    """Add an update to a list: `{"101": {"at": seconds since 1970, "update": {…}}, …}`."""
    if str(update["update_id"]) in listed:
        return
    last = max((entry["at"] for entry in listed.values()), default=0)
    for update_id, entry in [*listed.items()]:
        if entry["at"] < at - LIST_SECONDS:
            del listed[update_id]
    entry = {"at": at, "update": update}
    if sum(len(to_json(each).encode()) for each in (listed, entry)) > LARGEST_LIST:
        if at - last <= quiet:  # a turn is going on
            return
        listed.clear()
    listed[str(update["update_id"])] = entry


def _parts(
    update: Json, listed: Json, known: Collection[int], quiet: float
) -> tuple[list[Json], float]:
    """Return the updates of the turn that an update begins, and when it ends if no other comes.

    Only later updates join: an earlier one has been answered, even if the session doesn't know it.
    """
    if str(update["update_id"]) not in listed:
        return [update], 0.0
    parts: dict[int, Json] = {}
    for update_id in sorted(map(int, listed)):
        entry = listed[str(update_id)]
        if update_id < update["update_id"] or update_id in known:
            continue
        if _turn_of(entry["update"]) == _turn_of(update):
            parts[update_id] = entry
    last = max(entry["at"] for entry in parts.values())
    return [entry["update"] for entry in parts.values()][:MOST_MESSAGES], last + quiet


def _turn_of(update: Json) -> Any:
    """Return the album of an update, and who sent it where."""
    place = Place(update)
    return place.kind, place.room, place.topic, place.person, _album(update)


def _album(update: Json) -> Any:
    place = Place(update)
    return place.content.get("media_group_id") if place.kind in MESSAGES else None
