"""A Telegram for one test: people act by words, and wait for the bot's answers.

    with BotApi() as bot_api:
        start_my_bot(bot_api.url, bot_api.token)
        ada = bot_api.user("Ada")
        ada.send("/price 3")
        assert ada.receive().text == "3 × 4 € = 12 €"

pytest_telegram_stand_in makes it the fixture `bot_api`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from . import business, payments, people, stars
from .bot_api import METHODS, TYPES, did_you_mean, method_named
from .content import LONGEST_TEXT, MEDIA
from .delivery import Delivery, kind_of
from .found import marked
from .limits import Limits
from .request import copied
from .sending import ENVELOPE
from .server import Server, Unreadable, params_of
from .stand_in import FAULTS, Call, Telegram
from .state import Bot, Json, private_chat

TOKEN = "1234567890:AAstandInForTelegramInTestsAAAAAAAA"
PATIENCE = 30.0  # seconds: what never comes fails a test after so long
OF_FILES = ("duration", "emoji", "height", "length", "performer", "title", "width")
# The kinds of changes, as `Call` lists them.
KINDS = (
    "action answer chat commands deleted draft edited gift left member menu_button message pinned "
    "profile reaction read results story story_deleted unpinned web_app_answer widget_answer"
).split()
# A refusal that only the bot's author sees: the call isn't as documented.
MISTAKE = re.compile("has no (parameter|field) |^no such method")
LONGEST_LINE = 500  # characters
MOST_LINES = 200  # of a transcript, when a test fails: a bot may have written for ever
ROUTINE = ("get", "setwebhook", "deletewebhook")  # calls that begin so aren't in the transcript


class Received(dict[str, Any]):
    """An object of the Bot API, whose fields are also attributes: `message.text`.

    `buttons` are the labels of the buttons below a message.
    """

    def __init__(self, fields: Json, buttons: list[str] | None = None) -> None:
        super().__init__(fields)
        self.buttons = buttons or []

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(f"there is no {name}, but {', '.join(self) or 'nothing'}")
        value = self[name]
        if isinstance(value, list):
            return [Received(each) if isinstance(each, dict) else each for each in value]
        return Received(value) if isinstance(value, dict) else value


class Stage:
    """The people, the chats and the time of a test, and `telegram`, which knows all of them.

    With `answer`, the bot is in this process and needs no server: `answer` gets the updates that
    wait, after each action. `strict`: what isn't documented fails the test. `patience` is how many
    seconds `receive` waits.
    """

    def __init__(
        self, answer: Callable[[list[Json]], object] | None = None, token: str = TOKEN
    ) -> None:
        self.strict = True
        self.patience = 0.0 if answer else PATIENCE
        self.token = token
        self.telegram = Telegram(token, watch=self._watch)
        self.telegram.watch_updates = self._watch_update
        about = {"first_name": "Bot", "username": "test_bot", "supports_inline_queries": True}
        self.telegram.bot.me.update(about)
        self.askers: dict[str, int] = {}  # who asked, by the ids of queries
        # Lines of the transcript besides the calls, each with how many calls came before.
        self._noted: list[tuple[int, str]] = []
        self._answer = answer
        self._offset = 0  # of the updates that were answered
        self._users: dict[str, Json] = {}
        self._persons: dict[Any, Person] = {}
        self._ids = itertools.count(1001)

    # People and chats.

    def user(self, name: str, **about: Any) -> Person:
        """Return somebody in a private chat with the bot. `about` are fields of a User."""
        user = self._user(name, about)
        chat = private_chat(user)
        chat.update({n: user[n] for n in ("last_name", "username") if n in user})
        return self._person(chat, user)

    def group(
        self,
        title: str,
        *,
        privacy: bool = True,
        admin: bool = False,
        **about: Any,
    ) -> Group:
        """Return a new group. `about` are fields of a Chat. As a `guest`, the bot isn't in it, and
        gets only the messages that name it.

        In it the bot gets what privacy mode lets through, such as commands and replies to it: all
        messages only without `privacy`, as /setprivacy of @BotFather does, or as an administrator.
        """
        chat = self._chat({"type": "supergroup", "title": title, **about})
        bot = self.telegram.bot
        member = self.telegram.member_as("administrator" if admin else "member", bot.user)
        self.telegram.members[chat["id"], bot.id] = member
        if not privacy:
            bot.me["can_read_all_group_messages"] = True
            bot.open_groups.add(chat["id"])
        return Group(self, chat)

    def business(self, name: str, **rights: bool) -> Business:
        """Return somebody's business account, for which the bot answers.

        It has all rights of BusinessBotRights, unless `rights` say `can_reply=False` ….
        """
        user = self._user(name, {})
        connection = business.connect(self.telegram, self.telegram.bot, user, rights)
        self.settle()
        return Business(self, connection)

    def channel(self, title: str, **about: Any) -> Person:
        """Return a new channel, which sends its posts itself."""
        return self._person(self._chat({"type": "channel", "title": title, **about}))

    def _user(self, name: str, about: Json) -> Json:
        if name not in self._users:
            id = next(self._ids)
            self._users[name] = {"id": id, "is_bot": False, "first_name": name}
            self._users[name]["language_code"] = "en"
        self._users[name].update(about)
        return self._users[name]

    def _chat(self, about: Json) -> Json:
        chat = {"id": -1000000000000 - next(self._ids), **about}
        self.telegram.bot.chats[chat["id"]] = chat
        return chat

    def _person(self, chat: Json, user: Json | None = None, thread: Json | None = None) -> Person:
        key = chat["id"], user and user["id"], tuple((thread or {}).items())
        return self._persons.setdefault(key, Person(self, chat, user, thread))

    @property
    def stars(self) -> int:
        """The bot's Telegram Stars. A test that sets them makes a deposit from Fragment."""
        return stars.balance(self.telegram.bot)

    @stars.setter
    def stars(self, wanted: int) -> None:
        bot = self.telegram.bot
        missing = wanted - stars.balance(bot)
        if missing < 0:
            raise ValueError(f"the bot has {wanted - missing} Telegram Stars already")
        stars.move(self.telegram, bot, missing, source={"type": "fragment"})

    # Faults and time.

    def fails(self, kind: str, times: int = 1, *, method: str = "", retry_after: int = 1) -> None:
        """Let the next calls fail: "429", "403", "500", "silence" (no answer), or "lost" (carried
        out, but the answer is lost).

        `retry_after` is in seconds. Without a method, getUpdates never fails.
        """
        if kind not in FAULTS:
            raise ValueError(f"a fault must be one of {', '.join(FAULTS)}, not {kind!r}")
        for name, number in (("times", times), ("retry_after", retry_after)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{name} must be a whole number from 1, not {number!r}")
        named = method_named(method)
        if method and not named:
            raise ValueError(f"there is no method {method}{did_you_mean(method, METHODS)}")
        fault = FAULTS[kind](times)
        if kind == "429":
            fault.parameters = {"retry_after": retry_after}
            fault.description = f"Too Many Requests: retry after {retry_after}"
        others = tuple(name for name in METHODS if name != "getUpdates")
        fault.methods = (named,) if named else others
        with self.telegram.changed:
            self.telegram.faults.append(fault)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass for Telegram: its dates, its retries, ends of polls.

        A bot in another process has its own clock.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds must be from 0, not {seconds}")
        self.telegram.advance(seconds)
        self.settle()

    def limits(self) -> None:
        """Let Telegram limit how often the bot writes, from now on: 429 with a `retry_after`.

        A bot in this process lives in Telegram's time, which only `advance` lets pass here. One in
        another process has its own clock, so that its seconds count as well.
        """
        telegram = self.telegram
        telegram.limits = Limits((lambda: telegram.moved) if self._answer else telegram.now)

    # The bot's actions.

    def settle(self) -> None:
        """Have a bot in this process answer the updates that wait."""
        if self._answer:
            while updates := self._waiting():
                self._offset = updates[-1]["update_id"] + 1
                self._answer(updates)
        self.check()

    def _waiting(self) -> list[Json]:
        with self.telegram.changed:
            return [copied(each) for each in self.telegram.bot.outbox.waiting(self._offset)]

    def request(self, path: str, content_type: str, body: bytes | None) -> tuple[int, bytes]:
        """Carry out a request to the Bot API without a server; None as the body gets a file.

        Returns the status and the body of the answer. Status 0: there is no answer.
        """
        if body is None:
            file = self.telegram.files.at(unquote(path.partition(f"/file/bot{self.token}/")[2]))
            return (200, file.data) if file else (404, b"")
        method = path.rpartition("/")[2]
        try:
            params, uploads = params_of(method, "", content_type, body)
        except Unreadable as error:
            return error.status, error.description.encode()
        call = self.telegram.answer(method, params, uploads=uploads)
        if call.fault in ("silence", "lost"):
            return 0, b""
        return call.status, json.dumps(call.answer).encode()

    # For a subclass.

    def before_action(self) -> None:
        """Called before a person acts."""

    def finish(self) -> None:
        """Called when a test's function has ended, by the plugin of pytest."""

    def _failed(self) -> str:
        """Tell that the bot is no more, if it is known."""
        return ""

    def mistakes(self) -> list[str]:
        """Return what the bot's calls had that isn't documented, if the stage is strict."""
        calls = [*self.telegram.calls] if self.strict else []
        hints = ((call.method, hint) for call in calls for hint in call.hints)
        return [f"{method}: {hint}" for method, hint in hints if MISTAKE.search(hint)]

    def check(self) -> None:
        """Fail if there are mistakes."""
        if mistakes := self.mistakes():
            told = "\n".join(latest([*dict.fromkeys(mistakes)]))
            raise AssertionError(f"this isn't in the Bot API (strict = False allows it):\n{told}")

    def wait_for(self, found: Callable[[], Any], timeout: float | None) -> Any:
        """Wait until something is found, and return it, or None if time is up."""
        wait = self.patience if timeout is None else timeout
        with self.telegram.changed:
            self.telegram.changed.wait_for(
                lambda: found() or self.mistakes() or self._failed(), wait
            )
            self.check()
            return found()

    # The transcript.

    @property
    def transcript(self) -> str:
        """The actions of people and the bot, a line each."""
        return "\n".join(self.since((0, 0)))

    def since(self, start: tuple[int, int]) -> list[str]:
        """Return the lines of the transcript since a time, which `here` gave."""
        noted, calls = start
        lines: list[str] = []
        end = len(self.telegram.calls), ""
        for before, line in [*self._noted[noted:], end]:
            for call in self.telegram.calls[calls:before]:
                lines += _called(call)
            calls = max(calls, before)
            lines += [line] if line else []
        return lines

    def here(self) -> tuple[int, int]:
        """Return how many lines and calls there are."""
        return len(self._noted), len(self.telegram.calls)

    def _note(self, line: str) -> None:
        self._noted.append((len(self.telegram.calls), line))

    def _watch_update(self, update: Json, bot: Bot) -> None:
        content = update[kind_of(update)]
        if isinstance(content.get("id"), str) and "from" in content:
            self.askers[content["id"]] = content["from"]["id"]
        line = _said(update)
        if not bot.outbox.wants(update):
            wanted = ", ".join(bot.outbox.info.get("allowed_updates", ["what Telegram chooses"]))
            line += f" (the bot doesn't get this {kind_of(update)}: it asked for {wanted})"
        elif why := self.telegram.kept_back(update, bot):
            line += f" (kept from the bot: {why})"
        self._note(line)

    def _watch(self, event: Delivery | Call) -> None:
        if isinstance(event, Delivery) and event.error:
            self._note(f"  the webhook failed: {event.error}")


class Group:
    """A group, or a topic of one."""

    def __init__(self, stage: Stage, chat: Json, thread: Json | None = None) -> None:
        self.stage, self.chat, self._thread = stage, chat, thread

    def user(self, name: str, *, status: str = "member", **about: Any) -> Person:
        """Return somebody in the group. `status` is that of a ChatMember."""
        user = self.stage._user(name, about)
        self.stage.telegram.people[user["id"]] = user
        person = self.stage._person(self.chat, user, self._thread)
        if status != "member":
            person.become(status)
        return person

    def topic(self, name: str) -> Group:
        """Return a new topic of the group."""
        self.chat["is_forum"] = True
        thread = {"message_thread_id": next(self.stage._ids), "is_topic_message": True}
        return Group(self.stage, self.chat, thread)


class Business:
    """Somebody's business account, for which the bot answers by a BusinessConnection."""

    def __init__(self, stage: Stage, connection: Json) -> None:
        self.stage, self.connection = stage, connection

    def user(self, name: str, **about: Any) -> Person:
        """Return somebody in a private chat with the account."""
        user = self.stage._user(name, about)
        return self._in_chat_with(user, user)

    def owner(self, name: str) -> Person:
        """Return the account's owner, in the chat with somebody."""
        return self._in_chat_with(self.stage._user(name, {}), self.connection["user"])

    def _in_chat_with(self, customer: Json, who: Json) -> Person:
        place = {"business_connection_id": self.connection["id"]}
        return self.stage._person(private_chat(customer), who, place)

    @property
    def stars(self) -> int:
        """The account's Telegram Stars, which a test may set."""
        return self.stage.telegram.stars[self.connection["user"]["id"]]

    @stars.setter
    def stars(self, stars: int) -> None:
        self.stage.telegram.stars[self.connection["user"]["id"]] = stars

    def disconnect(self) -> None:
        """End the connection."""
        telegram = self.stage.telegram
        business.disconnect(telegram, telegram.bot, self.connection)
        self.stage.settle()


class Person:
    """Somebody in a chat with the bot: `user` and `chat`. In a channel, it is the channel."""

    def __init__(self, stage: Stage, chat: Json, user: Json | None, thread: Json | None) -> None:
        self.stage, self.chat = stage, chat
        self._user = user
        self._thread = thread or {}
        self._at: dict[str, int] = {}  # by kind: how many of all changes were received
        self._query = ""  # the inline query whose results are shown
        self._since = (0, 0)  # the last action, in the transcript
        self._replied = 0  # how many calls there were when the person last wrote

    @property
    def name(self) -> str:
        return str((self._user or self.chat).get("first_name") or self.chat["title"])

    @property
    def user(self) -> Json:
        """The person, as a User."""
        if not self._user:
            raise TypeError("a channel only sends, edits and receives")
        return self._user

    # A person's actions.

    def send(
        self,
        *contents: str | Path | Json,
        album: bool = False,
        reply_to: Json | None = None,
        **fields: Any,
    ) -> Received:
        """Send texts, files or other content, all at once, and return the last message.

        It replies to `reply_to`, or to a message whose `force_reply` the person's app obeys.
        A Path becomes a photo or a document; a string is a text. Of `fields`, and of a dict, a Path
        or bytes become a file of that kind: `voice=Path("hello.ogg")`; others are fields of the
        message. A long text is cut, as the apps do.
        """
        telegram = self.stage.telegram
        made = [*itertools.chain.from_iterable(map(self._contents, contents))] or [{}]
        made[0] = {**made[0], **self._file_in(fields)}
        made = [*map(marked, made)]
        for name in itertools.chain(*made) if self.stage.strict else ():
            if name not in TYPES["Message"]:
                told = did_you_mean(name, TYPES["Message"])
                raise TypeError(f"a message has no field {name}{told}")
        if album:
            group = {"media_group_id": telegram.new_id()}
            made = [{**each, **group} for each in made]
        reply_to = reply_to or self._forced_reply()
        if reply_to:
            within = {k: v for k, v in reply_to.items() if k != "reply_to_message"}
            made[0]["reply_to_message"] = within
        return Received(self._act(lambda: self._send(made)))

    def _send(self, contents: list[Json]) -> Json:
        """Send messages, and return the last one."""
        message: Json = {}
        for content in contents:
            update = self.stage.telegram.message(
                chat=self.chat, user=self._user, **self._thread, **content
            )
            message = update["message"]
            if not self._user:
                del message["from"]
                message["sender_chat"] = self.chat
                update = {"channel_post": message}
            elif "business_connection_id" in message:
                update = {"business_message": message}
            self.stage.telegram.send(update)
        return message

    def _forced_reply(self) -> Json:
        """Return the message that the person's app has them reply to, once, or {}."""
        telegram, since = self.stage.telegram, self._replied
        self._replied = len(telegram.calls)
        thread = self._thread.get("message_thread_id")
        return people.forced_reply(telegram, self._user or {}, self.chat, thread, since)

    def _contents(self, content: str | Path | Json) -> list[Json]:
        """Return the contents of the messages that the apps send for a content."""
        if isinstance(content, Path):
            data = content.read_bytes()
            return [people.file_content(self.stage.telegram, data, content.name)]
        if isinstance(content, str):
            parts = range(0, len(content), LONGEST_TEXT)
            return [{"text": content[i : i + LONGEST_TEXT]} for i in parts]
        if not isinstance(content, dict):
            raise TypeError(f"people send a text, a path or a dict, not {content!r}")
        return [self._file_in(content)]

    def _file_in(self, fields: Json) -> Json:
        """Return fields with the file that one of them gives."""
        for kind in MEDIA:
            file = fields.get(kind)
            if isinstance(file, str):
                raise TypeError(f"{kind} must be a Path or bytes, not {file!r}")
            if isinstance(file, (bytes, Path)):
                name = file.name if isinstance(file, Path) else ""
                data = file.read_bytes() if isinstance(file, Path) else file
                about = {n: fields[n] for n in OF_FILES if n in fields}
                content = people.file_content(self.stage.telegram, data, name, kind, **about)
                others = {n: v for n, v in fields.items() if n not in (kind, *about)}
                return {**content, **others}
        return fields

    def delete(self, message: Json) -> None:
        """Delete a message. A bot is told only as it answers for a business account."""
        telegram = self.stage.telegram
        place, id = _ids(message)

        def delete() -> None:
            telegram.messages.pop((place, id), None)
            if "business_connection_id" in message:
                names = ("business_connection_id", "chat")
                about = {name: message[name] for name in names}
                telegram.send({"deleted_business_messages": {**about, "message_ids": [id]}})

        self._act(delete)

    def edit(self, message: Json, text: str) -> None:
        """Edit the text of one's own message."""
        self._act(lambda: self.stage.telegram.edit(*_ids(message), text))

    def react(self, message: Json, emoji: str) -> None:
        """Put a reaction on a message, or remove it (no emoji)."""
        user = self.user
        self._act(lambda: self.stage.telegram.react(*_ids(message), emoji, user))

    def press(self, label: str, timeout: float | None = None) -> None:
        """Tap the latest button with a label, once there is one; its emoji may be left out.

        An option of a poll votes, the button of an invoice pays, a result of an inline query is
        sent, and a key of the keyboard sends its text.
        """
        button = self.stage.wait_for(lambda: self._button(label), timeout)
        if not button:
            there = " ".join(f"[{each}]" for each in self._buttons()) or "none"
            told = f'there is no button "{label}". The buttons: {there}'
            raise AssertionError(f"{told}{self._told()}")
        if button.kind == "text":
            is_group = self.chat["type"] != "private"  # whose members' keys reply
            self.send(button.value, reply_to=button.message if is_group else None)
            return
        if button.kind == "page":
            raise ValueError(f'"{label}" opens a page or a link')
        telegram = self.stage.telegram
        _, act = people.pressing(telegram, button, self.user, self.chat, self._query)
        self._act(act)

    def ask(self, query: str = "", offset: str = "") -> None:
        """Write an inline query. `receive("results")` gives its answer."""
        user = self.user
        self._query = self._act(lambda: self.stage.telegram.ask(query, user, offset=offset))

    def join(self) -> None:
        """Join the group."""
        self._act(lambda: self._change("left", "member", {}, new_chat_members=[self.user]))

    def pay(self, what: Json | str) -> None:
        """Pay an invoice, a link to one, or the media of a message that cost Telegram Stars."""
        telegram, user = self.stage.telegram, self.user
        if not self.can_pay:
            raise ValueError(f"{self.name} can't pay")
        if isinstance(what, str):
            self._act(lambda: payments.begin_by_link(telegram, what, self.chat, user))
        elif "paid_media" in what:
            self._act(lambda: payments.buy_media(telegram, *_ids(what), user))
        else:
            self._act(lambda: telegram.pay(*_ids(what), user))

    @property
    def can_pay(self) -> bool:
        """Whether the person has the money, also for the next month of a subscription."""
        return self.user["id"] not in self.stage.telegram.poor

    @can_pay.setter
    def can_pay(self, can: bool) -> None:
        poor = self.stage.telegram.poor
        (poor.discard if can else poor.add)(self.user["id"])

    def unsubscribe(self, link: str) -> None:
        """Cancel the subscription that was paid by a link. It lasts until its month is over."""
        self._change_subscription(link, "canceled")

    def resubscribe(self, link: str) -> None:
        """Continue a subscription that was canceled, before its month is over."""
        self._change_subscription(link, "active")

    def _change_subscription(self, link: str, state: str) -> None:
        telegram, user = self.stage.telegram, self.user
        self._act(lambda: payments.change_subscription(telegram, link, user, state))

    def leave(self) -> None:
        """Leave the group."""
        self._act(lambda: self._change("member", "left", {}, left_chat_member=self.user))

    def become(self, status: str) -> None:
        """Have a status in the group, such as "creator" or "administrator". Nobody is told."""
        member = self.stage.telegram.member_as(status, self.user)
        self.stage.telegram.members[self.chat["id"], self.user["id"]] = member

    def block(self) -> None:
        """Block the bot: what it sends is refused until `unblock`."""
        self.stage.telegram.bot.blocked.add(self.chat["id"])
        self._act(lambda: self._change_bot("member", "kicked"))

    def unblock(self) -> None:
        """Let the bot write again."""
        self.stage.telegram.bot.blocked.discard(self.chat["id"])
        self._act(lambda: self._change_bot("kicked", "member"))

    def _act(self, act: Callable[[], Any]) -> Any:
        """Do something, and have the bot answer it if it is in this process."""
        self.stage.check()
        self.stage.before_action()
        self._since = self.stage.here()
        done = act()
        self.stage.settle()
        return done

    def _change(self, old: str, new: str, more: Json, **told: Any) -> None:
        telegram = self.stage.telegram
        was = telegram.member_as(old, self.user)
        self.become(new)
        about = self._about(was, telegram.member(self.chat, self.user))
        telegram.send({"chat_member": {**about, **more}})
        telegram.send(telegram.message(chat=self.chat, user=self.user, **told))

    def _change_bot(self, old: str, new: str) -> None:
        telegram = self.stage.telegram
        was, now = (telegram.member_as(each, telegram.bot.user) for each in (old, new))
        telegram.send({"my_chat_member": self._about(was, now)})

    def _about(self, was: Json, now: Json) -> Json:
        date = int(self.stage.telegram.now())
        return {
            "chat": self.chat,
            "from": self.user,
            "date": date,
            "old_chat_member": was,
            "new_chat_member": now,
        }

    # A person's view.

    def receive(self, kind: str = "message", timeout: float | None = None) -> Received:
        """Return the next message in the chat from the bot, once it comes.

        Or the next of another kind: "edited" (a message), "deleted", "pinned", "reaction",
        "answer" (to a tap: `text`, `show_alert`), "results" (of an inline query), "action",
        "draft" … as in `Call.changes`. Each is received once.
        """
        seen = self.stage.wait_for(lambda: self._seen(kind), timeout)
        if not seen:
            wait = self.stage.patience if timeout is None else timeout
            within = f" within {wait:g} s" if wait else ""
            raise AssertionError(f"{self.name} got no {kind}{within}{self._told()}")
        first: tuple[int, Received] = seen[0]
        self._at[kind] = first[0]
        return first[1]

    def unread(self, kind: str = "message") -> list[Received]:
        """Return what has come of a kind, and wasn't received yet."""
        return [received for _, received in self._seen(kind)]

    def _seen(self, kind: str) -> list[tuple[int, Received]]:
        """Return what wasn't received yet, each with how many changes came until then."""
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind}{did_you_mean(kind, KINDS)}")
        with self.stage.telegram.changed:
            changes = [change for call in self.stage.telegram.calls for change in call.changes]
        found = []
        for number, change in enumerate(changes, 1):
            is_new = number > self._at.get(kind, 0) and change["kind"] == kind
            if is_new and self._sees(change):
                about = {name: value for name, value in change.items() if name != "kind"}
                labels = [*itertools.chain.from_iterable(people.labels(change))]
                found.append((number, Received(change.get("message", about), labels)))
        return found

    def _sees(self, change: Json) -> bool:
        if "id" in change:  # an answer to a query
            return bool(self._user and self.stage.askers.get(change["id"]) == self._user["id"])
        message = change.get("message", {})
        if message.get("receiver_user", self._user) != self._user:  # an ephemeral message
            return False
        thread = self._thread.get("message_thread_id")
        if message and thread and message.get("message_thread_id") != thread:
            return False
        business = "business_connection_id"
        if message and message.get(business) != self._thread.get(business):
            return False
        return bool((message.get("chat", {}).get("id") or change.get("chat_id")) == self.chat["id"])

    def _buttons(self) -> dict[str, people.Button]:
        telegram = self.stage.telegram
        return people.buttons_for(telegram, telegram.bot, self.user, self.chat, self._query)

    def _button(self, label: str) -> people.Button | None:
        buttons = self._buttons()
        return buttons.get(people.label_of(label, buttons))

    def _told(self) -> str:
        """Return what came instead, as the end of a sentence."""
        telegram = self.stage.telegram
        lines = self.stage.since(self._since)
        if failed := self.stage._failed():
            lines.append(f"  {failed}")
        elif not telegram.calls:
            lines.append("  the bot has made no call at all")
        elif telegram.pending():
            lines.append(f"  {telegram.pending()} updates wait: the bot hasn't taken them")
        return "\n".join([". What came instead:", *latest(lines)])


class BotApi(Stage):
    """A Bot API server on loopback, until its `with` block ends: `url`, for `token`.

    Port 0 is a free one.
    """

    def __init__(self, token: str = TOKEN, port: int = 0) -> None:
        super().__init__(token=token)
        self._server = Server(self.telegram, port=port)
        self._at_end = contextlib.ExitStack()
        self._started: list[subprocess.Popen[bytes]] = []
        self.url = self._server.url

    def __enter__(self) -> BotApi:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._at_end.close()
        self._server.__exit__(*exception)

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a bot, which ends with the server, and so do the programs that it started.

        It gets this process's environment, TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN, and `environment`.
        Raises OSError if there is no such program.
        """
        direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        direct = f"{direct},127.0.0.1".lstrip(",")  # a proxy would be asked for this machine
        told = {"TELEGRAM_API_URL": self.url, "TELEGRAM_BOT_TOKEN": self.token}
        told |= {"NO_PROXY": direct, "no_proxy": direct, **environment}
        process = subprocess.Popen(command, env={**os.environ, **told}, start_new_session=True)
        self._started.append(process)
        self._at_end.callback(process.wait)
        self._at_end.callback(_kill, process)
        threading.Thread(target=self._wake_after, args=(process,), daemon=True).start()
        return process

    def _wake_after(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        with self.telegram.changed:
            self.telegram.changed.notify_all()

    def _failed(self) -> str:
        # Killed by a test, it may be about to start again; and with 0, it may run elsewhere.
        code = self._started[-1].poll() if self._started else None
        return f"the bot has ended, with exit code {code}" if code and code > 0 else ""

    def webhook(self, url: str, **params: Any) -> None:
        """Set the webhook, for a bot that doesn't: `params` are those of setWebhook."""
        call = self.telegram.answer("setWebhook", {"url": url, **params})
        if call.status != 200:
            raise ValueError(call.answer["description"])

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the bot has taken all updates: a webhook accepts them, a bot that polls asks
        for those that follow."""
        done = self.wait_for(lambda: not self.telegram.pending(), timeout)
        if not done:
            why = self._failed() or "is the bot running?"
            raise AssertionError(f"{self.telegram.pending()} updates wait: {why}")


def latest(lines: list[str]) -> list[str]:
    """Return the last lines, as many as somebody reads, and say how many came before."""
    text = "\n".join(lines).encode(errors="backslashreplace").decode()  # as xdist must send it
    lines = text.split("\n") if lines else []
    lines = [f"{line[:LONGEST_LINE]}…" if len(line) > LONGEST_LINE else line for line in lines]
    before = len(lines) - MOST_LINES
    return [f"… {before} lines before", *lines[before:]] if before > 0 else lines


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and those that it started: npm and uv don't end theirs."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _said(update: Json) -> str:
    """Return a line about a person's action."""
    kind = kind_of(update)
    content: Json = update[kind]
    sender = content.get("from") or content.get("user") or content.get("chat") or {}
    who = sender.get("first_name") or sender.get("title") or "Telegram"
    chat = content.get("chat", {}).get("title")
    where = f" in {chat}" if chat and chat != who else ""
    if kind in ("message", "channel_post"):
        other = next((name for name in content if name not in ENVELOPE), "nothing")
        return f"{who}{where}: {people.text_of(content) or f'({other})'}"
    if kind in ("edited_message", "edited_channel_post"):
        return f"{who}{where} edits: {people.text_of(content)}"
    if kind == "callback_query":
        return f"{who} presses [{people.label_pressed(content)}]"
    if kind == "inline_query":
        return f"{who} asks: {content.get('query', '')}"
    if kind == "message_reaction":
        reactions = content.get("new_reaction", [])
        emoji = " ".join(each.get("emoji", f"({each.get('type')})") for each in reactions)
        return f"{who}{where} reacts: {emoji or 'no more'}"
    return f"{who}{where}: ({kind})"


def _called(call: Call) -> list[str]:
    """Return lines about the bot's call."""
    if call.fault or call.status != 200:
        told = call.answer.get("description", call.fault)
        return [f"  {call.method} failed: {told}", *(f"    ({hint})" for hint in call.hints)]
    if call.method.lower().startswith(ROUTINE):
        return []
    lines = [f"  Bot{_to(call)}: {people.seen(call)}"]
    more = [*people.buttons(call), *(f"({hint})" for hint in call.hints)]
    return [*lines, *(f"    {line}" for line in more)]


def _to(call: Call) -> str:
    """Name the group or channel in which a call shows something."""
    chats = [change.get("message", {}).get("chat", {}) for change in call.changes]
    return next((f" in {chat['title']}" for chat in chats if "title" in chat), "")


def _ids(message: Json) -> tuple[int, int]:
    return message["chat"]["id"], message["message_id"]
