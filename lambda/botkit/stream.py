"""Shows an answer while it is made, word by word, as a language model makes it.

    from botkit import stream

    return stream.answer(message, pieces)

Both functions are for reply().
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from . import telegram
from .deadline import deadline
from .errors import Refused, Unreachable
from .invocation.journal import journal
from .invocation.place import Place
from .invocation.settings import settings
from .types import Any, Call, Json, Message, MessageGenerationStopped

PRESS = "stopped_message_generation"  # the kind of update
MAX_TEXT = 4096  # of a message, in UTF-16 code units
GROWS = " …"

# Seconds. Telegram takes about 20 messages a minute in a group, edits included:
# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
DRAFT_PAUSE = 1.0
EDIT_PAUSE = 4.0
LOOK_PAUSE = 1.0  # between two looks whether Stop was pressed
RENEWAL = 20.0  # of a draft, which is gone after 30
PATIENCE = 5.0  # with what only shows the answer on its way
SPARE = 2.0  # before the deadline: for what is under way, and what reply() does afterwards

DAYS = 1  # for which notes on an answer are kept: Telegram delivers a message no longer


def answer(message: Message, pieces: Iterable[str], *, can_stop: bool = False) -> list[Call]:
    """Show a text while it grows, and return the calls that leave all of it.

    They are [] without a text, or if a message shows all of it already.
    In a private chat it grows in a draft, elsewhere in a message that is edited. Empty pieces keep
    the draft of a slow answer from vanishing. With `can_stop` the draft has a Stop button, if the
    bot has a queue and sessions, and HANDLED has "stopped_message_generation". When it is pressed,
    or when time is almost up, `pieces` is closed, and the text ends there. Half a surrogate pair is
    left out, unless the next piece has the other half.

    What Telegram doesn't show now is shown later. Raises what `pieces` raises, Refused if the bot
    may not write to the chat (403), and Unreachable if DynamoDB can't be used. If time is almost up
    before the first word, raises TimeoutError, or Unreachable if Telegram is silent, too.
    """
    growing = _Growing(message, can_stop)
    text = ""
    try:
        growing.show(text)
        for piece in pieces:
            text += piece
            if growing.is_stopped():
                break
            if deadline.left() < SPARE:
                if not text.strip():
                    raise growing.no_word()
                text += GROWS
                break
            growing.show(text)
    finally:
        if close := getattr(pieces, "close", None):
            close()
    return growing.whole(text)


def stop(stopped: MessageGenerationStopped) -> None:
    """End the answer whose Stop button was pressed, whichever container makes it.

    Raises Unreachable if DynamoDB can't be used.
    """

    def count(notes: Json) -> None:
        notes["presses"] = notes.get("presses", 0) + 1

    _sessions().change(_key(stopped["chat"]["id"], stopped["draft_id"]), count, days=DAYS)


class _Growing:
    """An answer that a chat sees grow.

    The notes on it are a session of their own: in the chat's, each would have reply() asked again.
    """

    def __init__(self, message: Message, can_stop: bool) -> None:
        place = Place({"message": message})
        self._message = message
        self._chat = _given(chat_id=place.chat, business_connection_id=place.business)
        self._key = _key(place.room, message["message_id"])
        self._topic = _given(message_thread_id=place.thread)
        self._direct_topic = _given(direct_messages_topic_id=place.direct_topic)
        # A business account takes no drafts.
        self._is_draft = message["chat"]["type"] == "private" and place.business is None
        self._pause = DRAFT_PAUSE if self._is_draft else EDIT_PAUSE
        has_notes = bool(settings.session_table)
        # An author's tests may have no bot.py.
        handled = getattr(sys.modules.get("bot"), "HANDLED", [PRESS])
        has_button = has_notes and bool(settings.queue_url) and PRESS in handled
        self._can_stop = can_stop and self._is_draft and has_button
        self._notes_post = has_notes and not self._is_draft
        if self._notes_post:  # several presses may be answered below one message
            self._key += f"/{journal.update_id}.{journal.streams}"
            journal.streams += bool(journal.update_id)  # an author's tests call reply() themselves
        # The id of the message that grows, if an earlier delivery of the update has begun it.
        self._post: int | None = (
            _sessions().read(self._key).get("post") if self._notes_post else None
        )
        self._is_noted = self._post is not None
        self._post_text = ""  # as far as Telegram has confirmed it
        self._is_silent = False  # Telegram, at the last call
        self._shown = ""
        self._shown_at = self._waits_until = self._looks_at = float("-inf")
        self._presses: int | None = None
        self.is_stopped()  # what was pressed before was for an earlier try

    def no_word(self) -> Exception:
        """Return the error of an answer that has no word in time.

        It is made again only if Telegram was silent: otherwise the bot is too slow, and would be
        again.
        """
        kind = Unreachable if self._is_silent else TimeoutError
        return kind("time was up before the first word of the answer")

    def is_stopped(self) -> bool:
        """Tell whether Stop was pressed since the last look. It looks at most once a second."""
        if not self._can_stop or time.monotonic() < self._looks_at:
            return False
        seen = self._presses
        with _briefly():
            self._presses = _sessions().read(self._key).get("presses", 0)
        self._looks_at = time.monotonic() + LOOK_PAUSE
        return seen is not None and seen != self._presses

    def show(self, text: str) -> None:
        """Show the end of a text, unless it is too soon."""
        now = time.monotonic()
        # First, since a model may write thousands of pieces.
        if now < max(self._shown_at + (self._pause if self._shown else 0), self._waits_until):
            return
        parts = _split(text, MAX_TEXT - len(GROWS))
        end = parts[-1] + GROWS if parts else ""
        if self._post and end == self._post_text:
            return  # Telegram would refuse it: only drafts vanish
        if end == self._shown and now < self._shown_at + RENEWAL:
            return
        self._shown = end
        is_seen = journal.is_seen
        if self._is_draft:
            stop = {"can_stop": True, "keep_on_stop": bool(end)} if self._can_stop else {}
            draft = {"draft_id": self._message["message_id"], "text": end, **stop}
            self._try({"method": "sendMessageDraft", **self._chat, **self._topic, **draft})
        elif not end:
            typing = {"method": "sendChatAction", "action": "typing"}
            self._try({**typing, **self._chat, **self._topic})
        elif self._post:
            self._grow(end)
        elif post := self._try(self._send(end)):
            self._post, self._post_text = post["message_id"], end
            if self._notes_post:
                with _briefly():
                    notes = {"post": self._post}
                    _sessions().change(self._key, lambda kept: kept.update(notes), days=DAYS)
                    self._is_noted = True
                    journal.is_seen = is_seen

    def whole(self, text: str) -> list[Call]:
        """Return the calls that leave all of a text."""
        calls: list[Any] = [self._send(part) for part in _split(text, MAX_TEXT)]
        if calls and self._post:
            self._grow(calls[0]["text"])  # now, since somebody may have deleted the message
        if calls and self._post:
            first = self._edit(calls[0]["text"])
            calls[:1] = [] if first["text"] == self._post_text else [first]
        return calls

    def _grow(self, text: str) -> None:
        """Have the message that grows show a text, unless it does or Telegram is busy."""
        if text == self._post_text or time.monotonic() < self._waits_until:
            return
        is_seen = journal.is_seen
        if self._try(self._edit(text)):
            self._post_text = text
        if self._is_noted:  # nobody sees it twice: the next delivery goes on in this message
            journal.is_seen = is_seen

    def _try(self, call: Json) -> Any:
        """Make a call that may fail, and return its result, or None.

        Raises Refused if the bot may not write to the chat: nobody would see the answer.
        """
        params = {**call}
        self._is_silent = True
        with _briefly():
            try:
                result = telegram.call(params.pop("method"), **params)
                self._is_silent = False
                return result
            except Refused as refusal:
                self._is_silent = False
                if refusal.code == 403:
                    raise
                if refusal.retry_after:
                    self._waits_until = time.monotonic() + refusal.retry_after
                elif refusal.code == 400 and call["method"] == "editMessageText":
                    if "not modified" in refusal.description:  # an answer of Telegram's was lost
                        return True
                    # It was deleted: all of the answer is sent at the end, and nothing before.
                    self._post, self._waits_until = None, float("inf")
            finally:  # not before the call: between two that hang, pieces are taken
                self._shown_at = time.monotonic()
        return None

    def _edit(self, text: str) -> Json:
        post = {"method": "editMessageText", "message_id": self._post, "text": text}
        return {**post, **self._chat}

    def _send(self, text: str) -> Json:
        call = {"method": "sendMessage", **self._chat, **self._topic, "text": text}
        call |= self._direct_topic
        if self._message.get("has_protected_content"):
            call["protect_content"] = True
        if not self._is_draft:
            question = {"message_id": self._message["message_id"]}
            call["reply_parameters"] = {**question, "allow_sending_without_reply": True}
        return call


@contextmanager
def _briefly() -> Iterator[None]:
    """Leave time for the whole answer, which is what matters, and let Unreachable pass."""
    with deadline.within(min(PATIENCE, deadline.left() - SPARE)), suppress(Unreachable):
        yield


def _given(**params: Any) -> Json:
    """Return those parameters that there are."""
    return {name: value for name, value in params.items() if value is not None}


def _sessions() -> Any:
    """Return botkit.session. A bot that imports it at its start needs a table; this one may not."""
    from . import session

    return session


def _key(room: Any, question: int) -> str:
    return f"stream:{room}/{question}"


def _split(text: str, most: int) -> list[str]:
    """Return a text as parts of at most so many UTF-16 code units, cut between lines or words."""
    # Pieces may cut a surrogate pair in two, which Python keeps apart.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    parts = []
    while text := text.strip():
        part = text[:most].encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
        if len(part) < len(text):
            places = (part.rfind(mark) for mark in ("\n", " "))
            part = part[: next((at for at in places if at > len(part) / 2), len(part))]
        parts.append(part.rstrip())
        text = text[len(part) :]
    return parts
