"""Streams an answer into a chat while it is being generated, for example by a language model.

    from botkit import stream

    return stream.answer(message, chunks, markdown=True)

Both functions are for reply().
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from . import context, telegram
from .deadline import LIMITS, RESERVES, deadline
from .errors import Misconfigured, TelegramError, Unreachable
from .settings import settings
from .types import Any, Call, Json, Message, MessageGenerationStopped
from .update_info import UpdateInfo

STOPPED = "stopped_message_generation"  # the update type
MAX_TEXT = 4096  # of a message, in UTF-16 code units
ELLIPSIS = " …"

# Seconds between two calls that show an answer.
DRAFT_PAUSE = 1.25
EDIT_PAUSE = 5.0
LOOK_PAUSE = 1.0  # between two looks whether Stop was tapped
RENEWAL = 20.0  # of a draft, which vanishes after 30

MAX_THOUGHT = 200  # characters that people see of it
DAYS = 1  # for which notes on an answer are kept: Telegram redelivers a message for a day


class Thinking(str):
    """A chunk that names the model's current work, or a part of its reasoning.

    People see the last line of these chunks, until the next word of the answer comes.
    """


def answer(
    message: Message, chunks: Iterable[str], *, can_stop: bool = False, markdown: bool = False
) -> list[Call]:
    """Show a text while it grows, and return the calls that send all of it.

    `chunks` yields its parts. The calls are [] if there is no text, or if a message already shows
    all of it. In a private chat the text grows in a draft, elsewhere in a message that is edited.
    Empty chunks keep the draft of a slow answer from vanishing. With `can_stop` the draft has a
    Stop button, if the update was queued, there are sessions, and ALLOWED_UPDATES has
    "stopped_message_generation". When it is tapped, or when time is almost up, `chunks` is closed,
    and the text ends there. An answer that was stopped stays so if its update is redelivered. Half
    a surrogate pair is left out, unless the next chunk has the other half.

    With `markdown` the text is Markdown, as language models write it, and becomes a rich message.
    HTML in it is shown as text, and an image as a link. Links work only if they lead to the web, to
    a mailbox or to a phone. If Telegram refuses the markup, people see plain text.

    If Telegram can't show the text now, a later call shows it. Raises the errors of `chunks`,
    TelegramError if the bot may not write to the chat (403), and Unreachable if DynamoDB can't be
    used. If time is almost up before the first word, raises Unreachable if Telegram didn't answer,
    and TimeoutError otherwise.
    """
    growing = _Growing(message, can_stop, markdown)
    text = thinking = tail = ""
    is_whole = True
    try:
        if growing.is_stopped():  # during an earlier delivery
            return []
        growing.show(text)
        for chunk in chunks:
            if isinstance(chunk, Thinking):
                thinking += chunk
            elif chunk:
                text, thinking = text + chunk, ""
            is_whole = not growing.is_stopped()
            if not is_whole:
                break
            if deadline.left() < RESERVES["stream"]:
                if not text.strip():
                    raise growing.no_word()
                is_whole, tail = False, ELLIPSIS
                break
            growing.show(text, thinking)
    except Exception as error:
        if not text.strip() and not isinstance(error, (Misconfigured, Unreachable)):
            growing.take_back()
        raise
    finally:
        if close := getattr(chunks, "close", None):
            close()
    return growing.whole(text, is_whole, tail)


def stop(stopped: MessageGenerationStopped) -> None:
    """End the answer whose Stop button was tapped, in any container.

    Raises Unreachable if DynamoDB can't be used.
    """

    key = _key(stopped["chat"]["id"], stopped["draft_id"])
    _store().change("stream", key, lambda notes: notes.update(stopped=True), days=DAYS)


class _Growing:
    """An answer that grows in a chat.

    Notes on it have an item of their own: in the chat's session, each would make reply() run again.
    """

    def __init__(self, message: Message, can_stop: bool, markdown: bool) -> None:
        info, ctx = UpdateInfo({"message": message}), context.current
        self._message = message
        connection = info.business_connection_id
        self._chat = _given(chat_id=info.chat_id, business_connection_id=connection)
        self._topic = _given(message_thread_id=info.message_thread_id)
        self._direct_topic = _given(direct_messages_topic_id=info.direct_messages_topic_id)
        # Drafts don't exist in the chats of a business account.
        self._is_draft = message["chat"]["type"] == "private" and connection is None
        # Stop ends the answers to this update, at any delivery, and no others below the same
        # message. In an author's tests that call reply() themselves, nothing has an id.
        self._draft_id = ctx.id if ctx.is_update else message["message_id"]
        self._key = _key(info.chat_key, self._draft_id if self._is_draft else message["message_id"])
        self._pause = DRAFT_PAUSE if self._is_draft else EDIT_PAUSE
        has_notes = bool(settings.session_table)
        # An author's tests may have no bot.py.
        handled = getattr(sys.modules.get("bot"), "ALLOWED_UPDATES", [STOPPED])
        # Otherwise Telegram delivers the press only after the answer.
        is_queued = bool(settings.queue_url) and ctx.source != "webhook"
        has_button = has_notes and is_queued and STOPPED in handled
        self._can_stop = can_stop and self._is_draft and has_button
        self._notes_post = has_notes and not self._is_draft
        if self._notes_post:  # several taps below one message may be answered
            self._key += f"/{ctx.id}.{ctx.stream_count}"
            ctx.stream_count += bool(ctx.id)
        # The id of the message that grows, if an earlier delivery of the update has sent it.
        self._post: int | None = (
            _store().read("stream", self._key).get("post") if self._notes_post else None
        )
        self._post_content: Json = {}  # as far as Telegram has confirmed it
        self._is_silent = False  # Telegram, at the last call
        self._is_business = connection is not None
        self._is_markdown = markdown
        self._is_plain = not markdown  # until the end, also once Telegram has refused Markdown
        self._shown: Json = {}
        self._shown_at = self._looks_at = float("-inf")
        self._is_deleted = False  # the message that grew
        self._is_stopped = False

    def no_word(self) -> Exception:
        """Return the error of an answer that has no word in time.

        Unreachable, so that the update is redelivered, only if Telegram didn't answer. Otherwise
        the bot itself was too slow, and would be again: TimeoutError.
        """
        kind = Unreachable if self._is_silent else TimeoutError
        return kind("time was up before the first word of the answer")

    def is_stopped(self) -> bool:
        """Tell whether Stop was tapped. It looks at most once a second."""
        if self._can_stop and time.monotonic() >= self._looks_at:
            with _briefly():
                self._is_stopped = _store().read("stream", self._key).get("stopped", False)
            self._looks_at = time.monotonic() + LOOK_PAUSE
        return self._is_stopped

    def take_back(self) -> None:
        """Delete the message that grows, which has shown only thinking."""
        if self._post and not self._is_business:
            self._try({"method": "deleteMessage", "message_id": self._post, **self._chat})

    def show(self, text: str, thinking: str = "") -> None:
        """Show the end of a text, and the current thought, unless it is too soon."""
        now = time.monotonic()
        # This check comes first, since a model may write thousands of chunks.
        if self._is_deleted or now < self._shown_at + (self._pause if self._shown else 0):
            return
        contents = self._end(text, thinking)
        end = contents[0] if contents else {}
        if self._post and end == self._post_content:
            return  # Telegram would refuse it, and a message needs no renewal
        if end == self._shown and now < self._shown_at + RENEWAL:
            return
        self._shown = end
        calls = context.current.calls
        was_visible = calls.visible
        if self._is_draft:
            keeps = bool(text.strip())
            stop = {"can_stop": True, "keep_on_stop": keeps} if self._can_stop else {}
            self._try_each(self._draft, [{**each, **stop} for each in contents or [{"text": ""}]])
        elif not end:
            typing = {"method": "sendChatAction", "action": "typing"}
            self._try({**typing, **self._chat, **self._topic})
        elif self._post:
            self._grow(contents)
        elif sent := self._try_each(self._send, contents):
            self._post_content, post = sent
            self._post = post["message_id"]
            if self._notes_post:
                with _briefly():
                    notes = {"post": self._post}
                    _store().change("stream", self._key, lambda kept: kept.update(notes), days=DAYS)
                    calls.visible = was_visible

    def whole(self, text: str, is_whole: bool, tail: str) -> list[Call]:
        """Return the calls that show all of a text, and its tail, for good."""
        calls: list[Any] = []
        parts = self._parts(text, is_whole, tail)
        if not parts:
            self.take_back()
        elif self._post:
            calls += self._end_post(*parts.pop(0))
        for part in parts:
            calls += self._calls(self._send, *part)
        return calls

    def _end_post(self, rich: list[Json], texts: list[Json]) -> list[Json]:
        """Show a part of the text in the message that grows, and return the calls that remain."""
        self._is_plain = not rich
        self._grow([*rich, texts[0]])  # now, since somebody may have deleted the message
        if not self._post:
            return self._calls(self._send, rich, texts)
        if self._post_content in rich:
            return []
        if self._post_content == texts[0]:
            return [*map(self._send, texts[1:])]
        return self._calls(self._edit, rich, texts)

    def _calls(
        self, first: Callable[[Json], Json], rich: list[Json], texts: list[Json]
    ) -> list[Json]:
        """Return the calls that show a part: as Markdown, if there is any, or else as texts."""
        calls = [{**first(content), "instead_of": len(texts)} for content in rich]
        return [*calls, first(texts[0]), *map(self._send, texts[1:])]

    def _end(self, text: str, thinking: str) -> list[Json]:
        """Return the ways to show the end of a text, the best first. [] if there is no text."""
        lines = thinking.split("\n") if text.strip() or not self._is_business else []
        thought = next((line for each in reversed(lines) if (line := each.strip())), "")
        thought = thought[-MAX_THOUGHT:]
        parts = _split(f"{text}\n\n{thought}", MAX_TEXT - len(ELLIPSIS))
        contents = [{"text": parts[-1] + ELLIPSIS}] if parts else []
        if not contents or self._is_plain:
            return contents
        rich = _rich()
        messages = rich.messages(text, is_half=True, tail="" if thought else ELLIPSIS.strip())
        shown = [messages[-1][0]] if messages else []
        if thought:
            thought = rich.by_number(thought)
            thought = (
                f"<tg-thinking>{thought}</tg-thinking>" if self._is_draft else thought + ELLIPSIS
            )
            shown.append(thought)
        return [_markdown("\n\n".join(shown)), *contents] if shown else contents

    def _parts(self, text: str, is_whole: bool, tail: str) -> list[tuple[list[Json], list[Json]]]:
        """Return the messages that show a text, each as Markdown, if there is any, and as texts.

        One message of Markdown may become several of text, which has a lower limit.
        """
        found = []
        if self._is_markdown:
            found = _rich().messages(text, is_half=not is_whole, tail=tail.strip())
        *found, (last, end) = found or [(None, text)]
        parts = []
        for markdown, source in [*found, (last, end + tail)]:
            if texts := [{"text": part} for part in _split(source, MAX_TEXT)]:
                parts.append(([_markdown(markdown)] if markdown else [], texts))
        return parts

    def _grow(self, contents: list[Json]) -> None:
        """Show the first of these contents that Telegram accepts in the message that grows."""
        # The next delivery continues with the same message. If its id wasn't saved, sending it has
        # already counted as visible.
        with context.current.calls.invisible():
            if edited := self._try_each(self._edit, contents):
                self._post_content, _ = edited

    def _try_each(
        self, make: Callable[[Json], Json], contents: list[Json]
    ) -> tuple[Json, Any] | None:
        """Try contents until Telegram doesn't refuse one, and return it with the result.

        Stop at one that the message already shows.
        """
        for content in contents:
            if content == self._post_content:
                return None
            if result := self._try(make(content)):
                return content, result
            if not self._is_plain:  # it failed for another reason than its markup
                return None
        return None

    def _try(self, call: Json) -> Any:
        """Make a call that may fail, and return its result, or None.

        Raises TelegramError if the bot may not write to the chat: nobody would see the answer.
        """
        params = {**call}
        self._is_silent = True
        with _briefly():
            try:
                result = telegram.call(params.pop("method"), **params)
                self._is_silent = False
                return result
            except TelegramError as refusal:
                self._is_silent = False
                if refusal.error_code == 403:
                    raise
                if refusal.error_code == 429:  # telegram.call leaves the chat alone meanwhile
                    return None
                if "rich_message" in call:
                    self._is_plain = True
                elif refusal.error_code == 400 and call["method"] == "editMessageText":
                    # The message was deleted: the whole answer is sent at the end.
                    self._post, self._is_deleted = None, True
            finally:  # not before the call: after one that hangs, chunks must be taken for a while
                self._shown_at = time.monotonic()
        return None

    def _draft(self, content: Json) -> Json:
        method = "sendRichMessageDraft" if "rich_message" in content else "sendMessageDraft"
        place = {**self._chat, **self._topic, "draft_id": self._draft_id}
        return {"method": method, **place, **content}

    def _edit(self, content: Json) -> Json:
        return {
            "method": "editMessageText",
            "message_id": self._post,
            **content,
            **self._chat,
        }

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
def _briefly() -> Iterator[None]:
    """Leave time for the end of the answer, which matters more, and ignore Unreachable."""
    spare = deadline.left() - RESERVES["stream"]
    failures = context.current.calls.failures
    noted = [*failures]
    with deadline.within(min(LIMITS["show"], spare)), suppress(Misconfigured, Unreachable):
        yield
    failures[:] = noted  # a later call shows the answer


def _given(**params: Any) -> Json:
    """Return the parameters that aren't None."""
    return {name: value for name, value in params.items() if value is not None}


def _store() -> Any:
    """Return botkit.store, which only a bot with a table loads."""
    from . import store

    return store


def _rich() -> Any:
    """Return botkit.rich.markdown, which only a bot with Markdown loads."""
    from .rich import markdown

    return markdown


def _markdown(text: str) -> Json:
    return {"rich_message": {"markdown": text}}


def _key(room: Any, question: int) -> str:
    return f"{room}/{question}"


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
