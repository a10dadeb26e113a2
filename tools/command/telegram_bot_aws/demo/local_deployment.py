"""The demo's bot in a process on this machine, without AWS."""

from __future__ import annotations

import shlex
from typing import Any

from telegram_stand_in import Json

from telegram_bot_aws.demo.deployments import (
    CHECK,
    MENU_BUTTON,
    PAGE,
    Deployment,
    Hosted,
    has_page,
    memory_size,
    notes,
    registration,
)
from telegram_bot_aws.demo.progress import step
from telegram_bot_aws.emulated_aws.gateway import Gateway
from telegram_bot_aws.local.container import Function, Invocation
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import typed


class LocalDeployment(Deployment):
    """The handler in a process, behind an HTTP server in place of API Gateway."""

    way = "The bot runs directly, without AWS and Terraform."

    def open(self) -> None:
        [bot] = self.bots
        with step("the handler behind a local HTTP server"):
            variables = self.environment(self.variables)
            function = Function(bot.folder, variables, memory_size=memory_size(bot.folder))
            self.function = self.opened.enter_context(function)
            function.on_queued = self._on_queued
            gateway = self.opened.enter_context(Gateway(self._invoke))
            bot.webhook_url = gateway.webhook_url
            if has_page(bot.folder):
                bot.page_url = variables["MINI_APP_URL"] = gateway.url + PAGE
            error = self.replace(bot)
        look = self.function.look()
        bot.remembers = bool(look.missing)
        self.way = "\n".join([self.way, *notes(bot.folder, look)])
        if error:
            raise ToolError(f"the bot can't start:\n{error}")

    def _invoke(self, event: Json) -> Any:
        invocation = self.send_event(self.bots[0], event)
        self.invocations[event["requestContext"]["requestId"]] = invocation
        return invocation.result

    def _on_queued(self, invocation: Invocation) -> None:
        self.on_log(invocation)
        self.came(invocation)

    def replace(self, bot: Hosted) -> str:
        checked = self.function.invoke(CHECK)  # which starts a container of the new code
        if checked.error:
            raise ToolError(checked.problem)
        self.on_log(checked)
        event = registration(bot.webhook_url)
        if bot.page_url:
            event["menu_button"] = {"text": MENU_BUTTON, "url": bot.page_url}
        return self.send_event(bot, event).error.strip()

    def commands(self) -> list[str]:
        if not self.bots[0].remembers:
            return []
        command = f"{typed('sessions')} list --file {shlex.quote(str(self.function.sessions))}"
        return ["To see what the bot remembers, in another terminal:", f"  {command}"]

    def advance(self, seconds: float) -> int:
        return self.function.advance(seconds)

    def answer(self, bot: Hosted, event: Any) -> Any:
        return self.send_event(bot, event).result

    def send_event(self, bot: Hosted, event: Any) -> Invocation:
        invocation = self.function.invoke(event)
        self.on_log(invocation)
        return invocation
