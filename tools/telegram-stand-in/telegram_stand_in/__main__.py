"""Run Telegram's Bot API alone, on this machine, for a bot in any language.

The first line of the output has the URL and the token, as variables for the bot.

A test in any language acts by HTTP: a POST with JSON, a form (also with files), or a query.

  /people/NAME/send     text="/start", photo=(a file), or other fields of a message
  /people/NAME/press    label="Buy"
  /people/NAME/receive  waits for the next message: {"text": …, "buttons": ["Buy"], …}. Others are
                        kind="edited", "answer" (to a tap), "results" …; timeout=5 is in seconds
  /people/NAME/ACTION   edit (message_id, text), react (message_id, emoji), ask (query), join,
                        leave, block. With group=TITLE, all of them happen in a group; in
                        a new one with admin=true the bot is an administrator
  /fails                kind="429": the bot's next call fails. Also 403, 500, silence, lost
  /transcript           what people and the bot have done

The answer is the Bot API's: {"ok": true, "result": …}, or {"ok": false, "description": …} with
status 400. Status 400 also answers a wait in vain, and the first action after a
call that isn't as documented.

Exit code: 0 after Ctrl-C or SIGTERM, 2 if an argument is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import urllib.parse
from typing import Any

from .bot_api import Json, Refusal
from .people import Group, Person
from .request import PLAYED
from .testing import BotApi

ACTIONS = "ask block edit join leave press react receive send".split()


class Alone(BotApi):
    """A Bot API server whose people act by HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self._server.act = self.act
        self._groups: dict[str, Group] = {}

    def act(self, path: str, params: Json) -> Json | None:
        """Carry out what a test asks for, and return the answer, or None for an unknown path."""
        try:
            match path.strip("/").split("/"):
                case ["people", name, action] if action in ACTIONS:
                    with self.telegram.changed:  # or two who come at once make two of them
                        title, name = params.pop("group", ""), urllib.parse.unquote(name)
                        admin = params.pop("admin", False) in (True, "true")
                        person = self._person_in(title, name, admin)
                    result = _done(person, action, params)
                case ["fails"]:
                    self.fails(f"{params.get('kind')}")
                    result = True
                case ["transcript"]:
                    result = self.transcript
                case _:
                    return None
        except Exception as error:  # fields that no message has may break anything
            is_told = isinstance(error, (AssertionError, TypeError, ValueError))
            told = f"{error}" if is_told else f"{type(error).__name__}: {error}"
            return Refusal(400, told).answer
        return {"ok": True, "result": result if isinstance(result, (dict, str)) else True}

    def _person_in(self, title: str, name: str, admin: bool) -> Person:
        if not title:
            return self.user(name)
        if title not in self._groups:
            self._groups[title] = self.group(title, admin=admin)
        return self._groups[title].user(name)


def _done(person: Person, action: str, params: Json) -> Any:
    if "message_id" in params:
        key = person.chat["id"], int(params.pop("message_id"))
        if key not in person.stage.telegram.messages:
            raise ValueError(f"there is no message {key[1]} in this chat")
        params["message"] = person.stage.telegram.messages[key]
    if "timeout" in params:
        params["timeout"] = float(params["timeout"])  # a form has strings
    texts = [params.pop("text")] if action == "send" and "text" in params else []
    result = getattr(person, action)(*texts, **params)
    return {**result, "buttons": result.buttons} if action == "receive" else result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m telegram_stand_in",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--methods", action="store_true", help="only list those that are played")
    chosen = parser.parse_args(arguments)
    if chosen.methods:
        print(*sorted(PLAYED), sep="\n")
        return 0
    for kind in (signal.SIGINT, signal.SIGTERM):  # a shell lets its background jobs ignore Ctrl-C
        signal.signal(kind, signal.default_int_handler)
    with Alone() as alone, contextlib.suppress(KeyboardInterrupt):
        print(f"TELEGRAM_API_URL={alone.url} TELEGRAM_BOT_TOKEN={alone.token}", flush=True)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
