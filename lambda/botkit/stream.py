"""Streams an answer into a chat while it is being generated, for example by a language model.

    from botkit import stream

    return stream.answer(message, chunks, markdown=True)

Both functions are for reply().
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from . import context, telegram
from .deadline import LIMITS, RESERVES, deadline
from .errors import Misconfigured, TelegramError, Unreachable
from .settings import settings
from .types import Any, Call, Json, Message, MessageGenerationStopped
from .update_info import UpdateInfo

MAX_TEXT = 4096  # of a message, in UTF-16 code units
ELLIPSIS = " …"

# Between two calls that show an answer.
DRAFT_PAUSE_SECONDS = 1.25
EDIT_PAUSE_SECONDS = 5.0
LOOK_PAUSE_SECONDS = 1.0  # between two looks whether Stop was pressed
RENEWAL_SECONDS = 20.0  # of a draft, which vanishes after 30

MAX_THOUGHT_CHARACTERS = 200  # of a model's thought, that people see
NOTES_DAYS = 1  # for which notes on an answer are kept: Telegram redelivers that long


class Thinking(str):
    """A chunk that names the model's current work, or a part of its reasoning.

    People see the last line of these chunks, until the next word of the answer comes. Outside of
    private chats, only an answer that has words shows it.
    """


def answer(
    message: Message, chunks: Iterable[str], *, can_stop: bool = False, markdown: bool = False
) -> list[Call]:
    """Show a text while it grows, and return the calls that send all of it.

    `chunks` yields its parts. The calls are [] if there is no text. In a private chat the text
    grows in a draft, elsewhere in a message that is edited. Empty chunks keep the draft of a slow
    answer from vanishing. With `can_stop` the draft has a Stop button, if the update was queued and
    there are sessions: its update, "stopped_message_generation", is for `stop`. When it is pressed,
    or when time is almost up, `chunks` is closed, and the text ends there. An answer that was
    stopped stays so if its update is redelivered. Half a surrogate pair is left out, unless the
    next chunk has the other half.

    With `markdown` the text is Markdown, as language models write it, and becomes a rich message
    when it is finished. HTML in it is shown as text, and an image as a link. Links work only if
    they lead to the web, to a mailbox or to a phone. If Telegram refuses the markup, people see
    plain text.

    If Telegram can't show the text now, a later call shows it. Raises the errors of `chunks`,
    TelegramError if the bot may not write to the chat (403), and Unreachable if DynamoDB can't be
    used. If time is almost up before the first word, raises Unreachable if Telegram didn't answer,
    so that the update is redelivered, and otherwise TimeoutError: the bot would be too slow again.
    """
    streamed = _StreamedMessage(message, can_stop)
    text = thinking = ""
    try:
        if streamed.is_stopped():  # during an earlier delivery
            return []
        streamed.show(text)
        for chunk in chunks:
            if isinstance(chunk, Thinking):
                thinking += chunk
            elif chunk:
                text, thinking = text + chunk, ""
            if streamed.is_stopped():
                break
            if deadline.left() < RESERVES["stream"]:
                if not text.strip():
                    kind = Unreachable if streamed.is_telegram_silent else TimeoutError
                    raise kind("time was up before the first word of the answer")
                text += f"\n{ELLIPSIS}" if markdown else ELLIPSIS
                break
            streamed.show(text, thinking)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    return streamed.final_calls(text, markdown)


def stop(stopped: MessageGenerationStopped) -> None:
    """End the answer whose Stop button was pressed, in any container.

    Raises Unreachable if DynamoDB can't be used.
    """
    key = f"stream:{stopped['chat']['id']}/{stopped['draft_id']}"
    _store().change(key, lambda notes: notes.update(stopped=True), days=NOTES_DAYS)


class _StreamedMessage:
    """An answer that grows in a chat.

    Notes on it are in an item of their own, because a change of the chat's session would make
    reply() run again.
    """

    def __init__(self, message: Message, can_stop: bool) -> None:
        info, ctx = UpdateInfo({"message": message}), context.current
        self._message = message
        connection = info.business_connection_id
        self._chat = _without_none(chat_id=info.chat_id, business_connection_id=connection)
        self._topic = _without_none(message_thread_id=info.message_thread_id)
        self._direct_topic = _without_none(direct_messages_topic_id=info.direct_messages_topic_id)
        # Drafts don't exist in the chats of a business account.
        self._is_draft = message["chat"]["type"] == "private" and connection is None
        # Stop ends the answers to this update, at any delivery, and no others below the same
        # message. In an author's tests that call reply() themselves, nothing has an id.
        self._draft_id = ctx.id if ctx.is_update else message["message_id"]
        self._key = f"stream:{info.chat_key}/{self._draft_id}"
        self._pause = DRAFT_PAUSE_SECONDS if self._is_draft else EDIT_PAUSE_SECONDS
        has_notes = bool(settings.session_table)
        # Otherwise Telegram delivers the press only after the answer.
        is_queued = bool(settings.queue_url) and ctx.source != "webhook"
        self._can_stop = can_stop and self._is_draft and has_notes and is_queued
        self._notes_post = has_notes and not self._is_draft
        if self._notes_post:  # an update or event may have several answers
            self._key = f"stream:{info.chat_key}/{ctx.id or self._draft_id}.{ctx.stream_count}"
            ctx.stream_count += bool(ctx.id)
        # The id of the message that grows, if an earlier delivery of the update has sent it.
        self._post: int | None = (
            _store().Item(self._key).session.get("post") if self._notes_post else None
        )
        self.is_telegram_silent = False  # at the last call
        self._shown = ""
        self._shown_at = self._looks_at = float("-inf")
        self._is_stopped = False

    def is_stopped(self) -> bool:
        """Tell whether Stop was pressed. It looks at most once a second."""
        if self._can_stop and time.monotonic() >= self._looks_at:
            with _best_effort():
                self._is_stopped = _store().Item(self._key).session.get("stopped", False)
            self._looks_at = time.monotonic() + LOOK_PAUSE_SECONDS
        return self._is_stopped

    def show(self, text: str, thinking: str = "") -> None:
        """Show the end of a text, and the current thought, unless it is too soon."""
        now = time.monotonic()
        # This check comes first, since a model may write thousands of chunks.
        if self._shown and now < self._shown_at + self._pause:
            return
        end = self._end(text, thinking)
        if end == self._shown and (self._post or now < self._shown_at + RENEWAL_SECONDS):
            return
        self._shown = end
        calls = context.current.calls
        if self._is_draft:
            draft = {**self._chat, **self._topic, "draft_id": self._draft_id, "text": end}
            keeps = bool(text.strip())
            stop = {"can_stop": True, "keep_on_stop": keeps} if self._can_stop else {}
            self._try({"method": "sendMessageDraft", **draft, **stop})
        elif not end:
            typing = {"method": "sendChatAction", "action": "typing"}
            self._try({**typing, **self._chat, **self._topic})
        elif self._post:
            with calls.invisible():
                self._try(self._edit({"text": end}))
        elif self._notes_post:
            # Once its id is saved, the next delivery continues with the same message.
            with _best_effort(), calls.invisible():
                if self._begin(end):
                    notes = {"post": self._post}
                    _store().change(self._key, lambda kept: kept.update(notes), days=NOTES_DAYS)
        else:
            self._begin(end)

    def _begin(self, text: str) -> bool:
        """Send the message that grows. Returns whether Telegram took it."""
        if post := self._try(self._send({"text": text})):
            self._post = post["message_id"]
        return bool(post)

    def final_calls(self, text: str, is_markdown: bool) -> list[Call]:
        """Return the calls that show a text for good: as Markdown, or as texts if it is refused."""
        texts = [{"text": part} for part in _split(text, MAX_TEXT)]
        calls: list[Any] = [*map(self._send, texts)]
        if not calls:
            return []
        show = self._edit if self._post else self._send
        if self._post:
            # If somebody has deleted the message, the text is sent.
            calls.insert(0, {**self._edit(texts[0]), "fallback_count": 1})
        if is_markdown:
            from .markdown import render  # which only a bot with Markdown loads

            if markdown := render(text):
                rich = show({"rich_message": {"markdown": markdown}})
                calls.insert(0, {**rich, "fallback_count": len(calls)})
        return calls

    def _end(self, text: str, thinking: str) -> str:
        """Return the end of a text with the current thought, or "" if there is nothing to show."""
        if not self._is_draft and not text.strip():
            return ""
        thought = thinking.strip().rpartition("\n")[2][-MAX_THOUGHT_CHARACTERS:]
        parts = _split(f"{text}\n\n{thought}", MAX_TEXT - len(ELLIPSIS))
        return parts[-1] + ELLIPSIS if parts else ""

    def _try(self, call: Json) -> Any:
        """Make a call that may fail, and return its result, or None.

        Raises TelegramError if the bot may not write to the chat: nobody would see the answer.
        """
        params = {**call}
        self.is_telegram_silent = True
        with _best_effort():
            try:
                result = telegram.call(params.pop("method"), **params)
            except TelegramError as refusal:  # telegram.call obeys a 429
                if refusal.error_code == 403:
                    raise
                result = None
            finally:  # after the call: even if it hung, chunks are taken before the next one
                self._shown_at = time.monotonic()
            self.is_telegram_silent = False
            return result
        return None

    def _edit(self, content: Json) -> Json:
        return {"method": "editMessageText", "message_id": self._post, **content, **self._chat}

    def _send(self, content: Json) -> Json:
        method = "sendRichMessage" if "rich_message" in content else "sendMessage"
        call = {"method": method, **self._chat, **self._topic, **content}
        call |= self._direct_topic
        if self._message.get("has_protected_content"):
            call["protect_content"] = True
        if not self._is_draft:
            question = {"message_id": self._message["message_id"]}
            call["reply_parameters"] = {**question, "allow_sending_without_reply": True}
        return call


@contextmanager
def _best_effort() -> Iterator[None]:
    """Leave time for the end of the answer, which matters more, and ignore Unreachable."""
    spare = deadline.left() - RESERVES["stream"]
    failures = context.current.calls.retryable_failures
    noted = [*failures]
    with deadline.within(min(LIMITS["show"], spare)), suppress(Misconfigured, Unreachable):
        yield
    failures[:] = noted  # a later call shows the answer


def _without_none(**params: Any) -> Json:
    """Return the parameters that aren't None."""
    return {name: value for name, value in params.items() if value is not None}


def _store() -> Any:
    """Return botkit.store, which only a bot with a table loads."""
    from . import store

    return store


def _split(text: str, most: int) -> list[str]:
    """Return a text as parts of at most so many UTF-16 code units, cut between lines or words."""
    # Join surrogate pairs that chunks have cut in two.
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
