"""A deployment without AWS, Telegram or Terraform, in which a test plants faults."""

from __future__ import annotations

import threading
from typing import Any

from telegram_bot_aws.local.processes import ToolError

from acceptance.left import Left
from acceptance.world import Account, Json, World

URL = "https://example.org/telegram"
LEFT = Left("role", "the-bot", "aws iam delete-role --role-name the-bot")


class Double(World):
    """A deployment as the pages say, without AWS, Telegram or Terraform."""

    def __init__(self) -> None:
        self.account = Account("123:token", 42, aws_url="http://127.0.0.1", press=lambda chat: None)
        self.parameter = "/the-bot/token"
        self.figures = {}
        self.inputs: Json = {}
        self.versions: list[str] = []
        self.next, self.broken = "", False
        self.live = 0
        self.url, self.registered, self.secret = URL, "", "secret"
        self.updates = 0
        self.said: list[str] = []
        self.kept: list[str] = []
        self.log: dict[int, list[str]] = {}
        self.count = 0
        self.pressed = False
        self.written = threading.Condition()

    @property
    def says(self) -> str:
        return self.versions[self.live - 1]

    def write_bot(self, bot: str, says: str, broken: bool = False) -> None:
        self.next, self.broken = says, broken

    def apply(self, *arguments: str, **inputs: Any) -> None:
        if self.broken:
            raise ToolError("ZeroDivisionError: division by zero at bot.py:1")
        self.inputs |= inputs
        self.secret += "x" * len(arguments)
        if self.next == "third" and not self.inputs.get("release"):  # updates come meanwhile
            self.await_update()
            self.release()
            self.await_update()
        else:
            self.release()

    def release(self) -> None:
        if self.next not in self.versions:
            self.versions.append(self.next)
        self.live = self.inputs.get("release") or len(self.versions)
        self.registered = self.url

    def await_update(self) -> None:
        with self.written:
            before = self.updates
            assert self.written.wait_for(lambda: self.updates >= before + 2, 60)

    def planned(self) -> list[str]:
        return []

    def kill_apply(self, line: str, **inputs: Any) -> bool:
        return True

    def output(self, name: str) -> str:
        return "arn:aws:lambda:us-east-1:000000000000:function:the-bot"

    def state(self) -> str:
        return str(self.inputs.get("telegram_bot_token", self.account.token))

    def write(self, text: str, secret: str | None = None) -> tuple[int, int]:
        with self.written:
            self.updates += 1
            self.written.notify_all()
            return self.updates, 200 if self.take(text, secret) else 401

    def take(self, text: str, secret: str | None) -> bool:
        if secret not in (None, self.secret):
            return False
        through = ["queued"] if self.inputs.get("queue") else []
        fails = text == "fail" and self.says != "repaired"
        self.log[self.updates] = [*through, "bot_failed" if fails else "answered"]
        if fails:
            self.kept.append(text)
        else:
            self.answer(text)
        return True

    def answer(self, text: str) -> None:
        self.count += text == "count"
        self.said.append(f"{self.says}: {text}" + f" {self.count}" * (text == "count"))
        if text == "later":
            self.said.append(f"{self.says}: it is later")

    def heard(self, least: int = 0) -> list[str]:
        said, self.said = self.said, []
        return said

    def webhook(self) -> Json:
        return {"url": self.registered}

    def set_webhook(self, secret: str) -> None:
        if secret == self.secret and self.pressed:
            self.answer("pressed")

    def await_press(self) -> bool:
        self.pressed = True
        return True

    def outcomes(self, update: int, least: int = 1) -> list[str]:
        return self.log[update]

    def refused_at(self) -> list[int]:
        return []

    def live_version(self) -> int:
        return self.live

    def waiting(self, queue: str, number: int) -> float:
        if len(self.kept) != number:
            raise ToolError(f"SQS counts {len(self.kept)} messages in {queue}, not {number}")
        return 0

    def replay(self) -> Json:
        done = len(self.kept)
        for text in self.kept:
            self.answer(text)
        self.kept = []
        return {"done": done, "failed": 0, "error": None, "more": False}

    def alarms(self) -> dict[str, str]:
        return {"bot_failed": "ALARM", "queue_waits": "OK"}

    def store_token(self) -> None:
        pass

    def delete_role(self) -> None:
        pass

    def left(self) -> list[Left]:
        return []

    def destroy(self) -> None:
        self.registered = ""

    def forget(self) -> None:
        pass
