"""People, who act by words, and see what a bot answers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import payments
from .bot_api import MEDIA, TYPES, Json, did_you_mean
from .content import GIVEN, inline_content, media_content
from .entities import add_entities
from .files import image_type
from .request import Request
from .state import deep_copy
from .words import buttons_of, labels, latest, lines, title_of

if TYPE_CHECKING:
    from .testing import Stage

LOCATION = {"latitude": 51.4779, "longitude": -0.0015}  # that a keyboard's button shares
MAX_WEB_APP_DATA = 4096  # bytes that a page can send
# The kinds of changes, as `Call` lists them.
KINDS = "action answer commands deleted draft edited menu_button message reaction results".split()


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


# What people send.


def contact(person: Json) -> Json:
    """Return a person's own contact, as a keyboard's button shares it."""
    about = {"first_name": person["first_name"], "user_id": person["id"]}
    return {"contact": {"phone_number": "+15550100", **about}}


# What people can tap.


class Button(NamedTuple):
    """A button or the like: `kind` is "press", "text" (of the keyboard), "pay", "vote", "choose"
    (a result of an inline query) or "page", `value` its data, content, number or id. The larger
    `at`, the later it came."""

    label: str
    kind: str
    message: Json
    value: Any
    at: float


def button_of(text: str, buttons: list[Button]) -> Button | None:
    """Return the latest button with a label, with or without emoji."""
    words = [re.sub(r"^\W+|\W+$", "", each.label) for each in buttons]
    same = [each for each, said in zip(buttons, words, strict=True) if text in (each.label, said)]
    return max(same, key=lambda each: (each.at, each.label == text), default=None)


class Group:
    """A group, or a topic of one."""

    def __init__(self, stage: Stage, chat: Json, thread: Json | None = None) -> None:
        self.stage, self.chat, self._thread = stage, chat, thread or {}

    def user(self, name: str, *, status: str = "member", **about: Any) -> Person:
        """Return somebody in the group. `status` is that of a ChatMember."""
        user = self.stage.known_user(name, about)
        self.stage.telegram.people[user["id"]] = user
        person = self.stage.person(user, self.chat, **self._thread)
        if status != "member":
            person.become(status)
        return person

    def topic(self, name: str) -> Group:
        """Return a new topic of the group."""
        self.chat["is_forum"] = True
        id = int(self.stage.telegram.new_id())
        thread = {"message_thread_id": id, "is_topic_message": True}
        return Group(self.stage, self.chat, thread)


class Business:
    """Somebody's business account, for which the bot answers by a BusinessConnection."""

    def __init__(self, stage: Stage, owner: Json) -> None:
        self.stage = stage
        self.connection = stage.telegram.connection(owner)
        with stage.telegram.changed:
            stage.bot.businesses[self.connection["id"]] = self.connection
            stage.bot.me["can_connect_to_business"] = True
        stage.telegram.send({"business_connection": {**self.connection}}, stage.bot)
        stage.settle()

    def user(self, name: str, **about: Any) -> Person:
        """Return somebody in a private chat with the account."""
        user = self.stage.known_user(name, about)
        return self.stage.person(user, business_connection_id=self.connection["id"])

    def owner(self, name: str) -> Person:
        """Return the account's owner, in the chat with somebody."""
        owner, chat = self.connection["user"], self.user(name).chat
        return self.stage.person(owner, chat, business_connection_id=self.connection["id"])


class Person:
    """Somebody in a chat with the bot: `user` and `chat`, as objects of the Bot API.

    `place` are fields of their messages: the topic, or the business account.
    """

    def __init__(self, stage: Stage, chat: Json, user: Json, place: Json) -> None:
        self.stage, self.chat, self.user = stage, chat, user
        self._place = place
        self._at: dict[str, int] = {}  # by kind: how many of all changes were received
        self._query = ""  # the inline query whose results are shown
        self._since = 0  # the last action, in the transcript

    @property
    def name(self) -> str:
        return str(self.user["first_name"])

    # A person's actions.

    def send(
        self,
        *contents: str | Path | Json,
        album: bool = False,
        reply_to: Json | None = None,
        **fields: Any,
    ) -> Received:
        """Send texts, files or other content, all at once, and return the last message.

        A Path becomes a photo or a document; a string is a text. Of `fields`, and of a dict, a Path
        or bytes become a file of that kind: `voice=Path("hello.ogg")`; others are fields of the
        message.
        """
        telegram = self.stage.telegram
        made = [*map(self._content, contents)] or [{}]
        made[0] = {**made[0], **self._content(fields)}
        made = [*map(add_entities, made)]
        for name in itertools.chain(*made) if self.stage.strict else ():
            if name not in TYPES["Message"]:
                told = did_you_mean(name, TYPES["Message"])
                raise TypeError(f"a message has no field {name}{told}")
        if album:
            group = {"media_group_id": telegram.new_id()}
            made = [{**each, **group} for each in made]
        if reply_to:
            within = {k: v for k, v in reply_to.items() if k != "reply_to_message"}
            made[0]["reply_to_message"] = within
        self._query = ""
        return Received(self._act(lambda: self._send(made)))

    def _send(self, contents: list[Json]) -> Json:
        """Send messages, and return the last one."""
        message: Json = {}
        for content in contents:
            about = {**self._place, **content}
            update = self.stage.telegram.message(chat=self.chat, user=self.user, **about)
            message = update["message"]
            if "business_connection_id" in message:
                update = {"business_message": message}
            self._tell(update)
        return message

    def _tell(self, update: Json) -> None:
        self.stage.telegram.send(update, self.stage.bot)

    def _content(self, content: str | Path | Json) -> Json:
        """Return a content as fields of a message, with the file that one of them gives."""
        if isinstance(content, str):
            return {"text": content}
        if isinstance(content, Path):
            content = {"photo" if image_type(content.read_bytes()) else "document": content}
        if not isinstance(content, dict):
            raise TypeError(f"people send a text, a path or a dict, not {content!r}")
        for kind in MEDIA:
            file, telegram = content.get(kind), self.stage.telegram
            if isinstance(file, str):
                raise TypeError(f"{kind} must be a Path or bytes, not {file!r}")
            if isinstance(file, (bytes, Path)):
                name = file.name if isinstance(file, Path) else ""
                data = file.read_bytes() if isinstance(file, Path) else file
                kept = telegram.files.add(kind, data, name)
                about = {n: content[n] for n in GIVEN if n in content}
                request = Request(telegram, self.stage.bot, "", {}, {})
                others = {n: v for n, v in content.items() if n not in (kind, *about)}
                return {**media_content(request, kind, kept.id, about), **others}
        return content

    def edit(self, message: Json, text: str) -> None:
        """Edit the text of one's own message."""
        telegram = self.stage.telegram
        kept = telegram.messages[_ids(message)]
        edited = {name: value for name, value in kept.items() if name != "entities"}
        edited |= add_entities({"text": text, "edit_date": int(telegram.now())})
        is_business = "business_connection_id" in message
        kind = "edited_business_message" if is_business else "edited_message"
        self._act(lambda: self._tell({kind: edited}))

    def react(self, message: Json, emoji: str) -> None:
        """Put a reaction on a message, or remove it (no emoji)."""
        telegram, key = self.stage.telegram, (*_ids(message), self.user["id"])
        new = [{"type": "emoji", "emoji": emoji}] if emoji else []
        with telegram.changed:
            old, telegram.reactions[key] = telegram.reactions.get(key, []), new
        about = {"chat": message["chat"], "message_id": key[1], "user": self.user}
        about |= {"date": int(telegram.now()), "old_reaction": old, "new_reaction": new}
        self._act(lambda: self._tell({"message_reaction": about}))

    def vote(self, message: Json, options: list[int]) -> None:
        """Vote in the bot's poll, or take the vote back (no options)."""
        telegram, user = self.stage.telegram, self.user
        poll = telegram.messages[_ids(message)]["poll"]

        def vote() -> None:
            with telegram.changed:
                telegram.votes[poll["id"], user["id"]] = options
                votes = [each for (id, _), each in telegram.votes.items() if id == poll["id"]]
                for number, option in enumerate(poll["options"]):
                    option["voter_count"] = sum(number in chosen for chosen in votes)
                poll["total_voter_count"] = sum(map(bool, votes))
            if not poll["is_anonymous"]:
                ids = [poll["options"][number]["persistent_id"] for number in options]
                about = {"poll_id": poll["id"], "user": user, "option_ids": options}
                self._tell({"poll_answer": {**about, "option_persistent_ids": ids}})
            self._tell({"poll": deep_copy(poll)})

        self._act(vote)

    def press(self, label: str, timeout: float | None = None) -> None:
        """Tap the latest button with a label, once there is one; its emoji may be left out.

        An option of a poll votes, the button of an invoice pays, a result of an inline query is
        sent, and a key of the keyboard sends its text.
        """
        button = self.stage.wait_for(lambda: self.button(label), timeout)
        if not button:
            there = " ".join(f"[{each.label}]" for each in self.buttons()) or "none"
            told = f'there is no button "{label}". The buttons: {there}'
            raise AssertionError(f"{told}{self._told()}")
        telegram, message, value = self.stage.telegram, button.message, button.value
        match button.kind:
            case "text":
                is_group = self.chat["type"] != "private"  # whose members' keys reply
                self.send(value, reply_to=message if is_group else None)
            case "page":
                raise ValueError(f'"{label}" opens a page or a link')
            case "choose":
                self.choose(value)
            case "pay":
                self.pay(message)
            case "vote":
                before = telegram.votes.get((message["poll"]["id"], self.user["id"]), [])
                several = message["poll"]["allows_multiple_answers"]
                votes = sorted({*before, value}) if several else [value]
                self.vote(message, votes)
            case _:
                self._act(lambda: telegram.press(*_ids(message), value, self.user))

    def button(self, label: str) -> Button | None:
        """Return the button that `press` taps, if it is there."""
        return button_of(label, self.buttons())

    def buttons(self) -> list[Button]:
        """Return what the person can tap, the earliest first. Of a label there is the latest."""
        telegram, bot, found = self.stage.telegram, self.stage.bot, dict[str, Button]()
        for change in self._changes():
            if not change.get("keyboard") or change["message"]["chat"]["id"] != self.chat["id"]:
                continue
            found.clear()
            for key in itertools.chain(*change["keyboard"].get("keyboard", [])):
                text, content = key["text"], self._content_of(key)
                found[text] = Button(text, "text", change["message"], content, 0)
        with telegram.changed:
            messages = [m for (chat, _), m in telegram.messages.items() if chat == self.chat["id"]]
        for message in sorted(messages, key=lambda message: int(message["message_id"])):
            sender = message.get("sender_business_bot") or message.get("via_bot")
            id = message["message_id"]
            if (sender or message.get("from", {})).get("id") != bot.id:
                continue
            if "invoice" in message and not buttons_of(message):
                found["Pay"] = Button("Pay", "pay", message, "", id)  # Telegram's apps show it
            poll = message.get("poll", {"options": [], "is_closed": True})
            for number, option in enumerate(poll["options"]):
                if not poll["is_closed"]:
                    text = option["text"]
                    found[text] = Button(text, "vote", message, number, id)
            for key in buttons_of(message):
                data = key.get("callback_data", "")
                kind = "press" if data else "pay" if "invoice" in message else "page"
                text = key["text"]
                found[text] = Button(text, kind, message, data, id)
        for result in bot.inline_answers.get(self._query, {}).get("results", []):
            text = title_of(result)
            found[text] = Button(text, "choose", {}, result["id"], math.inf)
        return [*found.values()]

    def _content_of(self, key: Json) -> Json:
        """Return the content of the message that a key of the keyboard sends."""
        if key.get("request_contact"):
            return contact(self.user)
        return {"location": LOCATION} if key.get("request_location") else {"text": key["text"]}

    def ask(self, query: str = "") -> None:
        """Write an inline query. `receive("results")` gives its answer."""
        self._query = self.stage.telegram.new_id()
        about = {"id": self._query, "from": self.user, "query": query, "offset": ""}
        self._act(lambda: self._tell({"inline_query": {**about, "chat_type": "private"}}))

    def choose(self, result_id: str, query_id: str = "") -> Json:
        """Send one of the results of an inline query to the chat, and return the message."""
        telegram, bot, user = self.stage.telegram, self.stage.bot, self.user
        answer, self._query = bot.inline_answers[query_id or self._query], ""
        result = next(result for result in answer["results"] if result["id"] == result_id)
        markup = {"reply_markup": result["reply_markup"]} if "reply_markup" in result else {}
        content = inline_content(Request(telegram, bot, "", markup, {}), result) | markup
        update = telegram.message(chat=self.chat, user=user, via_bot=bot.user, **content)
        message: Json = update["message"]
        inline_id = telegram.new_id()
        telegram.inline_messages[inline_id] = _ids(message)
        chosen = {"result_id": result_id, "from": user, "query": answer["query"]["query"]}
        chosen |= {"inline_message_id": inline_id} if markup else {}

        def choose() -> None:
            if self.chat["id"] in bot.chats:
                self._tell(update)
            else:
                telegram.keep(message)
            self._tell({"chosen_inline_result": chosen})

        self._act(choose)
        return message

    def send_data(self, button: str, data: str) -> None:
        """Send data from a Mini App that was opened by a keyboard's button of that text."""
        if not 1 <= len(data.encode()) <= MAX_WEB_APP_DATA:
            told = f"sendData takes 1 to {MAX_WEB_APP_DATA} bytes, not {len(data.encode())}"
            raise ValueError(told)
        self.send(web_app_data={"data": data, "button_text": button})

    def join(self) -> None:
        """Join the group."""
        self._act(lambda: self._change("left", "member", new_chat_members=[self.user]))

    def leave(self) -> None:
        """Leave the group."""
        self._act(lambda: self._change("member", "left", left_chat_member=self.user))

    def pay(self, invoice: Json) -> None:
        """Pay an invoice."""
        self._act(lambda: payments.begin(self.stage.telegram, *_ids(invoice), self.user))

    def become(self, status: str) -> None:
        """Have a status in the group, such as "creator" or "administrator". Nobody is told."""
        member = self.stage.telegram.member_as(status, self.user)
        self.stage.telegram.members[self.chat["id"], self.user["id"]] = member

    def block(self) -> None:
        """Block the bot: what it sends is refused."""
        self.stage.bot.blocked.add(self.chat["id"])
        user = self.stage.bot.user
        was, now = (self.stage.telegram.member_as(each, user) for each in ("member", "kicked"))
        self._act(lambda: self._tell({"my_chat_member": self._about(was, now)}))

    def _act(self, act: Callable[[], Any]) -> Any:
        """Do something, and have the bot answer it if it is in this process."""
        self.stage.check()
        self.stage.before_action()
        self._since = len(self.stage.telegram.events)
        done = act()
        self.stage.settle()
        return done

    def _change(self, old: str, new: str, **told: Any) -> None:
        telegram = self.stage.telegram
        was = telegram.member_as(old, self.user)
        self.become(new)
        self._tell({"chat_member": self._about(was, telegram.member(self.chat, self.user))})
        self._tell(telegram.message(chat=self.chat, user=self.user, **told))

    def _about(self, was: Json, now: Json) -> Json:
        about = {"chat": self.chat, "from": self.user, "date": int(self.stage.telegram.now())}
        return {**about, "old_chat_member": was, "new_chat_member": now}

    # A person's view.

    def receive(self, kind: str = "message", timeout: float | None = None) -> Received:
        """Return the next message in the chat from the bot, once it comes.

        Or the next of another kind: "edited" (a message), "deleted", "reaction",
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

    def _changes(self) -> list[Json]:
        """Return all that the bot's calls changed."""
        with self.stage.telegram.changed:
            return [change for call in self.stage.telegram.calls for change in call.changes]

    def _seen(self, kind: str) -> list[tuple[int, Received]]:
        """Return what wasn't received yet, each with how many changes came until then."""
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind}{did_you_mean(kind, KINDS)}")
        found = []
        for number, change in enumerate(self._changes(), 1):
            is_new = number > self._at.get(kind, 0) and change["kind"] == kind
            if is_new and self._sees(change):
                about = {name: value for name, value in change.items() if name != "kind"}
                rows = [*itertools.chain.from_iterable(labels(change))]
                found.append((number, Received(change.get("message", about), rows)))
        return found

    def _sees(self, change: Json) -> bool:
        if "id" in change:  # an answer to a query
            return bool(self.stage.bot.askers.get(change["id"]) == self.user["id"])
        message = change.get("message", {})
        thread = self._place.get("message_thread_id")
        if message and thread and message.get("message_thread_id") != thread:
            return False
        business = "business_connection_id"
        if message and message.get(business) != self._place.get(business):
            return False
        return bool((message.get("chat", {}).get("id") or change.get("chat_id")) == self.chat["id"])

    def _told(self) -> str:
        """Return what came instead, as the end of a sentence."""
        telegram = self.stage.telegram
        told = [line for event in telegram.events[self._since :] for line in lines(event)]
        if failed := self.stage.failed():
            told.append(f"  {failed}")
        elif not telegram.calls:
            told.append("  the bot has made no call at all")
        elif telegram.pending():
            told.append(f"  {telegram.pending()} updates wait: the bot hasn't taken them")
        return f". What came instead:\n{latest(told)}"


def _ids(message: Json) -> tuple[int, int]:
    return message["chat"]["id"], message["message_id"]
