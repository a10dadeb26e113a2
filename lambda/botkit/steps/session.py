"""The end of the way for a bot with SESSION: reply() gets a session.

Telegram delivers an update at least once, and several containers answer at the same time. The
session's item contains the ids of its last updates, and the calls that answered them. So each
update changes the session once, and its answer never contradicts the saved session.
"""

from __future__ import annotations

import json
import logging
import marshal

from .. import bot_module, current, session_key, store
from ..calls import make, outcome_of
from ..current import Run
from ..deadline import deadline
from ..errors import BadAnswer, FailedForGood, Failure, Misconfigured, Unreachable
from ..outcome import Outcome
from ..packed import packed, unpacked
from ..settings import settings
from ..types import Any, Json

logger = logging.getLogger("botkit")


def step(run: Run) -> Outcome:
    """Answer an update with its session, and keep reply()'s changes of it.

    If others have changed the session meanwhile, reply() is called again, while there is time.
    """
    key = session_key.key_of(run.subject)
    if key is None:
        return make(run, ask(run, joined(run.subject)))
    run.keep_copy()
    whole = run
    while True:
        item = store.Item("session", key)
        if whole.source == "replay" and whole.others:
            run = rest_of(whole, item)
        is_failed = item.updates.get(run.id) == store.FAILED
        run.known = run.id in item.updates and not is_failed
        if is_failed and may_not_be_kept(run):
            return Outcome("bot_failed", "it failed before, and may not have been kept")
        calls = recall(run, item)
        if calls is not None:
            return finish(run, item, calls) if calls else Outcome("repeated")
        update, others = turn_of(run, item)
        run.others = tuple(others)
        run.turn = marshal.loads(marshal.dumps(update)) if others else None
        try:
            calls, failure = ask(run, update, item), None
        except FailedForGood as failed:  # by a framework, whose changes are kept
            calls, failure = [], failed
        is_open = failure and outcome_of(failure).is_kept
        if save(run, item, calls, store.FAILED if is_open else store.KEPT):
            run.turn = None
            if failure:
                raise failure
            return finish(run, item, calls)
        run.was_asked = whole.was_asked = True
        run.made.forgive()


def rest_of(run: Run, item: store.Item) -> Run:
    """Return the run of the rest of a replayed turn: some messages may have been answered.

    A turn may have been kept twice, or a message may have left the queue before it was noted.
    """
    from .. import turns

    ids = [run.id, *run.others]
    states = {each: state for each, state in item.updates.items() if each in ids}
    left = [each for each in ids if states.get(each, store.FAILED) == store.FAILED]
    if not left:  # a replay may have ended half-way: the newest update with calls may need them
        newest = [each for each, state in states.items() if state != store.SILENT][-1:]
        left = ids[ids.index(newest[0]) :] if newest else ids
    parts = turns.parts_of(run.as_sent(), ids)
    rest = Run.of_update("replay", turns.joined([p for p in parts if p["update_id"] in left]))
    rest.made, rest.attempt, rest.was_asked = run.made, run.attempt, run.was_asked
    rest.others = tuple(left[1:])
    rest.keep_copy()
    return rest


def recall(run: Run, item: store.Item) -> list[Json] | None:
    """Return the calls with which the session answers an update that it knows: [] if it is over.

    These are the remaining ones if they are noted, or else all. None if the bot has to be asked.
    """
    if item.updates.get(run.id) == store.FAILED:  # it is kept, alone or with its turn
        return None if run.source == "replay" else []
    if run.known and run.source == "replay" and run.attempt == "first":
        return []  # no replay of it has ended half-way, so another delivery has answered it
    calls = item.calls(run.id)
    return None if calls is None else unpacked(calls)


def may_not_be_kept(run: Run) -> bool:
    """Tell whether an update that the session knows as failed may still have to be kept.

    A framework's failure is noted in the session before the update is kept, so it may have been
    redelivered because that failed. A turn's failure is noted only afterwards. An update that is
    kept twice is answered once: the second replay finds it answered.
    """
    return bool(settings.failed_queue_url) and run.source != "replay" and not has_turns()


def turn_of(run: Run, item: store.Item) -> tuple[Json, list[int]]:
    """Return an update with all messages of its turn, and the ids of the other messages."""
    if not (run.may_wait and has_turns()):
        return joined(run.as_sent()), [*run.others]
    from .. import turns

    # If a failed turn's first message is redelivered, its other messages belong to it again.
    known = {each for each, state in item.updates.items() if state != store.FAILED}
    update, ids = turns.turn(run.as_sent(), item.key, known)
    return update, ids[1:]


def joined(update: Json) -> Json:
    """Return an update as a turn by itself, if bot.py has TOGETHER."""
    if not has_turns():
        return update
    from .. import turns

    return turns.joined([update])


def has_turns() -> bool:
    """Tell whether bot.py has TOGETHER."""
    return hasattr(bot_module.load(), "TOGETHER")


def ask(run: Run, update: Json, item: store.Item | None = None) -> list[Json]:
    """Return the calls with which reply() answers an update. Raises what it raises.

    Without an item, reply() gets a session that isn't kept. If no time is left because others kept
    changing the session, this raises Unreachable, so that the update is redelivered.
    """
    had_time = deadline.left() > 0
    current.asking.session = item.key if item else ""
    try:
        calls = bot_module.ask_for_calls("reply", update, item.session if item else {})
        if item and had_time and deadline.left() <= 0 and item.session != json.loads(item.text):
            raise BadAnswer("reply() left no time to keep its session")
    except BaseException as error:
        if isinstance(error, FailedForGood) or not run.was_asked or deadline.left() > 0:
            raise
        run.made.forgive()
        raise Unreachable(
            "other updates changed the session, and no time was left to run reply() again (with "
            "queue = true, updates of a session wait for each other)"
        ) from None
    finally:
        current.asking.session = None
    return calls


def save(run: Run, item: store.Item, calls: list[Json], state: int) -> bool:
    """Keep the session with the calls. Returns False if somebody was faster.

    Raises BadSession or Unreachable.
    """
    if run.known:  # the session has its changes already: only its calls were dropped
        return True
    # This update goes last, as the newest: the newest update's calls are always kept.
    answers = {**{each: [] for each in run.others}, run.id: packed(calls)}
    always = run.id in item.updates or (has_turns() and is_listed(run.subject))
    try:
        return item.keep(answers, always=always, state=state)
    except Unreachable:
        run.made.forgive()
        raise


def is_listed(update: Json) -> bool:
    """Tell whether a turn may have this update, so that the session must know it."""
    from .. import turns

    return turns.is_listed(update)


def finish(run: Run, item: store.Item, calls: list[Json]) -> Outcome:
    """Make the calls. If one has to wait, the next delivery continues with it."""
    with deadline.reserve("note"):
        outcome = make(run, calls)
    state = item.updates.get(run.id)
    if not outcome.is_retried:
        if state == store.UNFINISHED:  # the rest, if any, is in the response
            note(run, item, calls, outcome.done, store.KEPT)
    elif run.made.seen or state == store.KEPT:
        if note(run, item, calls, outcome.done, store.UNFINISHED):
            run.made.forgive()
    return outcome


def note(run: Run, item: store.Item, calls: list[Json], done: int, state: int) -> bool:
    """Note in an update's session which calls remain after the first `done` ones, and its state.

    Returns False if they are too large for a session. If DynamoDB can't be used, the update is
    redelivered all the same, and repeats calls: better twice than lost.
    """
    all_calls = packed(calls)
    remaining = all_calls[done:]
    try:
        while True:
            known = item.calls(run.id)
            # Another container answers the same update, and is ahead or has other calls: leave its
            # note.
            if known is not None and (
                len(known) < len(remaining) or known != all_calls[len(all_calls) - len(known) :]
            ):
                return True
            if item.note(run.id, remaining, state):
                return True
            item = store.Item("session", item.key)
    except Failure as error:
        logger.warning("the remaining calls can't be noted", extra={"error": str(error)})
        return error.may_pass


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if updates can't be answered with a session."""
    from ..signature import check_function

    check_function(bot, "reply", "update, session")
    check_function(bot, "SESSION", "update")  # if it is one
    session_key.choice(bot)
    if not settings.session_table:
        raise Misconfigured("SESSION in bot.py needs a table: set session_retention_in_days")
