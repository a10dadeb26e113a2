"""The pages (Mini Apps) that people open in the demo's chats, and what each asks of its bot."""

from __future__ import annotations

import dataclasses
import itertools
import re
import time
import urllib.parse
from typing import TYPE_CHECKING

from emulators.telegram import Bot, Call, Json
from local.request import Answer

from chat.deployments import PAGE, Hosted
from chat.errors import InvalidRequest
from chat.samples import CHATS

if TYPE_CHECKING:
    from chat.chat import Chat

MOST_SHOWN = 4000  # characters of a body
# What concerns one connection only, or is written for the next one.
OF_A_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
OF_A_SERVER = {"date", "server"}
FRAMES = re.compile(r"frame-ancestors[^;]*")
FRAMES_HEADER = "content-security-policy"


class Pages:
    """The launches of the bots' pages, as the chat's page shows them, and their requests.

    A launch has an id ("page 1"), how the page was opened ("menu", "inline", "keyboard", or "link":
    outside of Telegram), and its requests in order.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.launches: dict[str, Json] = {}  # by id
        self.addresses: dict[int, str] = {}  # by bot: where the demo serves its page
        self._numbers = itertools.count(1)
        self._signed: dict[str, Json] = {}  # by initData: the launch that it was made for
        self._queries: dict[str, Json] = {}  # by query id
        self._under_way: list[tuple[Json, Json]] = []  # launches, and their requests

    def hosted(self, bot: Bot) -> Hosted | None:
        """Return where a bot runs, if it has a page."""
        bots = self.chat.deployment.bots if self.chat.deployment else []
        return next((each for each in bots if each.token == bot.token and each.page_url), None)

    def about(self, bot: Bot) -> Json:
        """Return what the chat's page knows of a bot's page: its button in each private chat."""
        buttons = {
            key: bot.menu_buttons.get(known["chat"]["id"]) or bot.menu_buttons.get(0)
            for key, known in CHATS.items()
            if known["chat"]["type"] == "private"
        }
        menu = {k: b for k, b in buttons.items() if b and b["type"] == "web_app"}
        hosted = self.hosted(bot)
        return {
            "menu": menu,
            "inline": bot.me["supports_inline_queries"],
            "page": self.addresses.get(bot.id, ""),
            "page_known_as": hosted.page_url.removesuffix(PAGE) if hosted else "",
        }

    def serves(self, bot: int, address: str) -> None:
        """Note where the demo serves a bot's page."""
        self.addresses[bot] = address
        self.chat.tell_bots()

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
        """Open a page by a button that a person sees: "menu", "inline" (of a message), "keyboard".

        Returns the launch's id, the address to show, and the initData, which is empty for a
        keyboard's button.
        """
        user, of = self.chat.person(chat, person), self.chat.bot(bot)
        if CHATS[chat]["chat"]["type"] != "private":
            raise InvalidRequest("Telegram opens pages in private chats only.")
        buttons = self._buttons(chat, how, key, of)
        if not any(b["text"] == label and b.get("web_app") == {"url": url} for b in buttons):
            raise InvalidRequest("there is no such button")
        address = self._address(of, url)
        self.chat.refresh()
        data = "" if how == "keyboard" else self.chat.telegram.open_page(user, of)
        who = user["first_name"]
        with self.chat.lock:
            launch = self._launch(of, how, chat=chat, who=who, label=label, init_data=data)
            if data:
                self._signed[data] = launch
                self._queries[dict(urllib.parse.parse_qsl(data))["query_id"]] = launch
            about = {"bot": of.id, "who": who, "update_id": launch["id"]}
            self.chat.add(chat, "note", kind="page", label=label, **about)
        return {"id": launch["id"], "url": address, "init_data": data}

    def _buttons(self, chat: str, how: str, key: int, bot: Bot) -> list[Json]:
        if how == "menu":
            return [button for where, button in self.about(bot)["menu"].items() if where == chat]
        if how == "inline":
            markup = self.chat.message(key)["message"].get("reply_markup", {})
            return list(itertools.chain(*markup.get("inline_keyboard", [])))
        keyboard = self.chat.keyboards.get(f"{bot.id}:{chat}", {})
        rows = keyboard.get("keyboard", []) if how == "keyboard" else []
        return [button for button in itertools.chain(*rows) if isinstance(button, dict)]

    def _address(self, bot: Bot, url: str) -> str:
        """Return where the demo serves an address of a bot's page. Raises InvalidRequest."""
        hosted = self.hosted(bot)
        if not hosted:
            raise InvalidRequest(
                "The bot has no page: the demo serves one from app/index.html beside bot.py."
            )
        base = hosted.page_url.removesuffix(PAGE)
        if not url.startswith(f"{base}/app/"):
            raise InvalidRequest(f"The demo opens the bot's own page only, MINI_APP_URL: not {url}")
        return self.addresses[bot.id] + url.removeprefix(base)

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
        with self.chat.lock:
            self.launches[launch["id"]] = launch
            self.chat.tell("page", launch)
        return launch

    def close(self, id: str) -> None:
        """Note that a page was closed."""
        self._end(self._known(id))

    def _known(self, id: str) -> Json:
        if id not in self.launches:
            raise InvalidRequest("there is no such page")
        return self.launches[id]

    def _end(self, launch: Json) -> None:
        with self.chat.lock:
            launch["open"] = False
            self.chat.tell("page", launch)

    def send_data(self, id: str, data: str) -> None:
        """Send a page's data to the bot and close the page, which a keyboard's button opened."""
        launch = self._known(id)
        if launch["how"] != "keyboard" or not launch["open"]:
            raise InvalidRequest(
                "sendData works only in a page that a keyboard's button opened: Telegram ignores it"
            )
        self.chat.refresh()
        user, bot = self.chat.person(launch["chat"], ""), self.chat.bot(launch["bot"])
        self.chat.telegram.send_data(launch["label"], data, user, bot)
        self.chat.keyboard_used(bot.id, launch["chat"])
        self._end(launch)

    def answered(self, query_id: str) -> None:
        """Close the page whose query a bot answered, as Telegram does."""
        if launch := self._queries.get(query_id):
            self._end(launch)

    # Requests.

    def serve(
        self, bot: int, method: str, target: str, headers: dict[str, str], body: bytes, chat: str
    ) -> Answer:
        """Have a bot answer a request for its page, which the page at `chat` may show in a frame.

        Raises OSError.
        """
        of = self.chat.bot(bot)
        hosted = self.hosted(of)
        assert hosted
        self.chat.refresh()
        kept = {n: v for n, v in headers.items() if n.lower() not in OF_A_CONNECTION}
        launch, request = self._begin(of, method, target, kept, body)
        started = time.monotonic()
        try:
            answer, invocation = self.chat.deployment.ask_page(  # type: ignore[union-attr]
                hosted, method, target, kept, body
            )
        except OSError as error:
            self._over(launch, request, {"error": str(error), "milliseconds": since(started)})
            raise
        details = dataclasses.asdict(invocation)
        of_api = request["is_api"]
        about = {
            "status": answer.status,
            "headers": dict(answer.headers),
            "answer": answer.body.decode(errors="replace")[:MOST_SHOWN] if of_api else "",
            "size": len(answer.body),
            "milliseconds": since(started),
            "details": details,
            "failure": invocation.failure,
        }
        self._over(launch, request, about)
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
    ) -> tuple[Json, Json]:
        named = {name.lower(): value for name, value in headers.items()}
        path = target.partition("?")[0]
        with self.chat.lock:
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
            self._under_way.append((launch, request))
        self._tell(launch, request)
        return launch, request

    def _over(self, launch: Json, request: Json, about: Json) -> None:
        with self.chat.lock:
            request |= {**about, "over": True}
            self._under_way.remove((launch, request))
        self._tell(launch, request)

    def _tell(self, launch: Json, request: Json) -> None:
        with self.chat.lock:
            self.chat.tell("request", {"launch": launch["id"], "request": request})

    def cause(self, call: Call) -> Json | None:
        """Return the launch, a request of which a bot's call was made for, and note the call."""
        with self.chat.lock:
            known = [each for each in self._under_way if each[0]["bot"] == call.bot]
            known = [each for each in known if each[1]["is_api"]]
        return {"launch": known[-1][0], "request": known[-1][1]} if known else None

    def note(self, cause: Json, shown: Json) -> None:
        """Note a call that was made for a request."""
        cause["request"]["calls"].append(shown)
        self._tell(cause["launch"], cause["request"])


def since(started: float) -> float:
    """Return the milliseconds since a time of time.monotonic()."""
    return (time.monotonic() - started) * 1000
