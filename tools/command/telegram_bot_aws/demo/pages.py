"""The pages (Mini Apps) that people open in the demo's chats, and their requests to the bots."""

from __future__ import annotations

import itertools
import re
import time
import urllib.parse
from typing import NamedTuple

from telegram_stand_in import Bot, Call, Json, Telegram, buttons_of

from telegram_bot_aws.demo.bots import Bots, menu_buttons
from telegram_bot_aws.demo.deployments import PAGE
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.errors import InvalidRequest
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import CHATS, person_in
from telegram_bot_aws.demo.setup import Setup
from telegram_bot_aws.local.request import Answer

MOST_SHOWN = 4000  # characters of a body
# Headers that belong to one connection.
OF_A_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
OF_A_SERVER = {"date", "server"}
FRAMES = re.compile(r"frame-ancestors[^;]*")
FRAMES_HEADER = "content-security-policy"


class Request(NamedTuple):
    """A request of a page, and the launch that it belongs to."""

    launch: Json
    request: Json


class Pages:
    """The launches of the bots' pages, as the chat page shows them, and their requests.

    A launch has an id ("page 1"), how the page was opened ("menu", "inline", "keyboard", or "link":
    outside of Telegram), and its requests in order.
    """

    def __init__(
        self, telegram: Telegram, feed: Feed, setup: Setup, bots: Bots, entries: Entries
    ) -> None:
        self.launches: dict[str, Json] = {}  # by id
        self.bots = bots
        self._telegram = telegram
        self._feed = feed
        self._setup = setup
        self._entries = entries
        self._numbers = itertools.count(1)
        self._signed: dict[str, Json] = {}  # by initData: the launch that it was made for
        self._queries: dict[str, Json] = {}  # by query id
        self._under_way: list[Request] = []

    # Opening and closing.

    def open(
        self,
        chat: str,
        how: str,
        label: str,
        url: str,
        key: int = 0,
        person: str = "",
        bot: int = 0,
    ) -> Json:
        """Open a page by a visible button: "menu", "inline" (of a message), or "keyboard".

        Returns the launch's id, the address to show, and the initData, which is empty for a
        keyboard's button.
        """
        user, of = person_in(chat, person), self.bots.get(bot)
        if CHATS[chat]["chat"]["type"] != "private":
            raise InvalidRequest("Telegram opens pages in private chats only.")
        buttons = self._buttons(chat, how, key, of)
        if not any(b["text"] == label and b.get("web_app") == {"url": url} for b in buttons):
            raise InvalidRequest("there is no such button")
        address = self._address(of, url)
        self._setup.refresh()
        data = "" if how == "keyboard" else self._telegram.open_page(user, of)
        who = user["first_name"]
        with self._feed.lock:
            launch = self._launch(of, how, chat=chat, who=who, label=label, init_data=data)
            if data:
                self._signed[data] = launch
                self._queries[dict(urllib.parse.parse_qsl(data))["query_id"]] = launch
            about = {"bot": of.id, "who": who, "update_id": launch["id"]}
            self._entries.add(chat, "note", kind="page", label=label, **about)
        return {"id": launch["id"], "url": address, "init_data": data}

    def _buttons(self, chat: str, how: str, key: int, bot: Bot) -> list[Json]:
        if how == "menu":
            return [button for where, button in menu_buttons(bot).items() if where == chat]
        if how == "inline":
            return buttons_of(self._entries.message(key)["message"])
        keyboard = self._entries.keyboards.get(f"{bot.id}:{chat}", {})
        rows = keyboard.get("keyboard", []) if how == "keyboard" else []
        return [button for button in itertools.chain(*rows) if isinstance(button, dict)]

    def _address(self, bot: Bot, url: str) -> str:
        """Return where the demo serves an address of a bot's page. Raises InvalidRequest."""
        hosted = self._setup.page_of(bot)
        if not hosted:
            raise InvalidRequest(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise InvalidRequest(f"The demo opens only the bot's own page, MINI_APP_URL: not {url}")
        return self.bots.addresses[bot.id] + url.removeprefix(base)

    def _launch(self, bot: Bot, how: str, **about: str) -> Json:
        launch: Json = {
            **dict.fromkeys(("chat", "who", "label", "init_data"), ""),
            **about,
            "id": f"page {next(self._numbers)}",
            "bot": bot.id,
            "how": how,
            "at": time.time(),
            "open": how != "link",
            "requests": [],
        }
        with self._feed.lock:
            self.launches[launch["id"]] = launch
            self._feed.tell("page", launch)
        return launch

    def close(self, id: str) -> None:
        """Note that a person closed a page."""
        self._end(self._known(id))

    def _known(self, id: str) -> Json:
        if id not in self.launches:
            raise InvalidRequest("there is no such page")
        return self.launches[id]

    def _end(self, launch: Json) -> None:
        with self._feed.lock:
            launch["open"] = False
            self._feed.tell("page", launch)

    def send_data(self, id: str, data: str) -> None:
        """Send a page's data to the bot and close the page, which a keyboard's button opened."""
        launch = self._known(id)
        if launch["how"] != "keyboard" or not launch["open"]:
            raise InvalidRequest(
                "sendData works only in a page that a keyboard's button opened: Telegram ignores it"
            )
        self._setup.refresh()
        user, bot = person_in(launch["chat"], ""), self.bots.get(launch["bot"])
        self._telegram.send_data(launch["label"], data, user, bot)
        self._entries.keyboard_used(bot.id, launch["chat"])
        self._end(launch)

    def answered(self, query_id: str) -> None:
        """Close a page when the bot answers its query, as Telegram does."""
        if launch := self._queries.get(query_id):
            self._end(launch)

    # Requests.

    def serve(
        self, bot: int, method: str, target: str, headers: dict[str, str], body: bytes, chat: str
    ) -> Answer:
        """Let a bot answer a request for its page, which `chat` (an origin) may frame.

        Raises OSError.
        """
        of = self.bots.get(bot)
        hosted = self._setup.page_of(of)
        assert hosted and self._setup.deployment
        self._setup.refresh()
        kept = {n: v for n, v in headers.items() if n.lower() not in OF_A_CONNECTION}
        under_way = self._begin(of, method, target, kept, body)
        started = time.monotonic()
        try:
            answer, invocation = self._setup.deployment.ask_page(hosted, method, target, kept, body)
        except OSError as error:
            self._over(under_way, {"error": str(error), "milliseconds": since(started)})
            raise
        details = invocation.as_json()
        of_api = under_way.request["is_api"]
        about = {
            "status": answer.status,
            "headers": dict(answer.headers),
            "answer": answer.body.decode(errors="replace")[:MOST_SHOWN] if of_api else "",
            "size": len(answer.body),
            "milliseconds": since(started),
            "details": details,
            "failure": invocation.failure,
        }
        self._over(under_way, about)
        unwanted = OF_A_CONNECTION | OF_A_SERVER
        answer.headers = [
            (
                n,
                FRAMES.sub(f"frame-ancestors 'self' {chat}", v)
                if n.lower() == FRAMES_HEADER
                else v,
            )
            for n, v in answer.headers
            if n.lower() not in unwanted
        ]
        return answer

    def _begin(
        self, bot: Bot, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Request:
        named = {name.lower(): value for name, value in headers.items()}
        path = target.partition("?")[0]
        with self._feed.lock:
            launch = self._signed.get(named.get("authorization", "").partition(" ")[2])
            if not launch and named.get("sec-fetch-dest") != "document":
                found = [each for each in self.launches.values() if each["bot"] == bot.id]
                launch = found[-1] if found else None
            launch = launch or self._launch(bot, "link")
            request = {
                "number": len(launch["requests"]),
                "attempt": f"{launch['id']} {len(launch['requests'])}",
                "method": method,
                "target": target,
                "is_api": bool(re.match("/app/api(/|$)", path)),
                "is_signed": "authorization" in named,
                "body": body.decode(errors="replace")[:MOST_SHOWN],
                "at": time.time(),
                "over": False,
                "calls": [],
            }
            launch["requests"].append(request)
            self._under_way.append(begun := Request(launch, request))
            self._tell(begun)  # in the order of their numbers: the page counts on that
        return begun

    def _over(self, this: Request, about: Json) -> None:
        with self._feed.lock:
            this.request.update(about, over=True)
            self._under_way.remove(this)
        self._tell(this)

    def _tell(self, this: Request) -> None:
        self._feed.tell("request", {"launch": this.launch["id"], "request": this.request})

    def cause(self, call: Call) -> Request | None:
        """Return the request that a bot's call was made for, if a page waits for one."""
        with self._feed.lock:
            known = [each for each in self._under_way if each.launch["bot"] == call.bot]
            known = [each for each in known if each.request["is_api"]]
        return known[-1] if known else None

    def on_call(self, cause: Request, shown: Json) -> None:
        """Note a call that was made for a request."""
        cause.request["calls"].append(shown)
        self._tell(cause)


def since(started: float) -> float:
    """Return the milliseconds since a time of time.monotonic()."""
    return (time.monotonic() - started) * 1000
