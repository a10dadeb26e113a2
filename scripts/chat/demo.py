"""Try the bot without an account, a token or a public address.

A stand-in for Telegram delivers messages to it and shows its answers. Terraform applies a copy of
the module to an emulated AWS on this machine, and everything is removed at the end. Your state,
backend, profile, credentials and variables are neither used nor changed; only the files that you
name are read.

The emulated AWS listens on loopback only, on a new port each time, and runs code for anyone who
finds it: other users of this machine, or a web page in your browser. --direct starts none.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from emulators.telegram import Call, Delivery, Server, Telegram
from local.container import Invocation, bot_folder, handled_kinds, unknown_kinds
from local.processes import ToolError, end, read_env_file, signals_held, watched
from local.project import LAMBDA, SCRIPTS, VENV
from local.providers import REMEDY
from local.terraform import check_names, provider_missing

from chat.aws_deployment import AwsDeployment
from chat.chat import Chat
from chat.configuration import ConfigurationDeployment, configuration_folder
from chat.deployments import Deployment, Hosted, Unavailable, token
from chat.local_deployment import LocalDeployment
from chat.page_server import BotPageServer
from chat.people import check_text
from chat.server import PageServer

PATIENCE = 30.0  # seconds, for an answer
PASSING = ("action", "draft")  # visible for a moment only, so no answer
LOOK_SECONDS = 0.3  # between two checks for a changed bot


steps: list[tuple[str, float]] = []  # what was done, and its seconds


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Tell what is being done, and how long it took."""
    tell(f"{name} … ", end="")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        tell(f"stopped after {time.monotonic() - started:.1f} s")
        raise
    steps.append((name, time.monotonic() - started))
    tell(f"{steps[-1][1]:.1f} s")


class OutputClosed(Exception):
    """Nobody reads the output any more."""


def tell(text: str, *, end: str = "\n") -> None:
    """Print progress. Raises OutputClosed, once."""
    say(text, end=end, file=sys.stderr)


def say(text: str, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print an answer. Raises OutputClosed, once: later output is dropped silently."""
    try:
        print(text, end=end, file=file or sys.stdout, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (file or sys.stdout).fileno())
        os.close(nowhere)
        raise OutputClosed from None


def options() -> argparse.Namespace:
    about = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description=f"{about[0]}\n\n{about[2]}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--send",
        action="append",
        metavar="TEXT",
        type=argument(message),
        help="send this message, print the bot's answer (buttons go to standard error), and end; "
        "can be given more than once",
    )
    parser.add_argument(
        "--direct",
        action="store_true",
        help="without AWS and Terraform: the handler behind an HTTP server, up in a second "
        "(the fallback where Terraform or its provider is missing)",
    )
    parser.add_argument("--open", action="store_true", help="open the chat page in the browser")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--bot",
        metavar="DIR",
        type=argument(bot_folder),
        default=LAMBDA,
        help="folder with the bot's bot.py and all that it needs (default: the module's own); with "
        "an app/index.html in it, the chat has a menu button that opens this page",
    )
    chosen.add_argument(
        "--config",
        metavar="DIR",
        type=argument(configuration_folder),
        help="apply this Terraform configuration, which uses the module: in a copy, with its "
        "tables and queues and all of its bots",
    )
    parser.add_argument(
        "--env-file",
        metavar="FILE",
        type=argument(read_env_file),
        default={},
        dest="variables",
        help="file with variables for the bot, as lines of NAME=VALUE; with --config for "
        "Terraform: TF_VAR_name=value",
    )
    options = parser.parse_args()
    if options.config and options.direct:
        parser.error("--config needs Terraform and the emulated AWS: leave out --direct")
    if options.open and options.send is not None:
        parser.error("--send ends without a chat page: leave out --open")
    try:
        if not options.direct:
            check_names()
        if not options.config:
            handled_kinds(options.bot, options.variables)
    except (ToolError, ValueError) as error:
        parser.exit(2, f"scripts/demo: {error}\n")
    return options


def argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function that reads an argument, and whose ValueErrors argparse shows."""

    def read_argument(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def message(text: str) -> str:
    check_text(text)
    return text


def set_up() -> None:
    """Make .venv, with what the emulated AWS needs, and go on in it. Raises Unavailable."""
    lines: list[str] = []
    with contextlib.ExitStack() as opened:
        with signals_held():
            bootstrap = subprocess.Popen(
                [SCRIPTS / "bootstrap", "terraform"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            watched("group", bootstrap.pid)
            opened.callback(watched, "group", bootstrap.pid, over=True)
            opened.enter_context(bootstrap)
            opened.callback(end, bootstrap)  # if it is interrupted here
        assert bootstrap.stdout
        for line in bootstrap.stdout:
            if not lines:  # it says what it installs, and is silent if that is nothing
                opened.enter_context(step("set-up, only once (--direct needs none)"))
            lines += [line.strip()] if line.strip() else []
        bootstrap.wait()
    if bootstrap.returncode:
        raise Unavailable(lines[-1] if lines else "scripts/bootstrap failed")
    python = str(VENV / "bin/python")
    prefix = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True
    )
    if prefix.stdout.strip() != str(VENV):  # it would come here again, for ever
        raise Unavailable(f"{VENV} is broken: remove it, and it is made when it is needed")
    os.execv(python, [python, str(SCRIPTS), "demo", *sys.argv[1:]])


@contextlib.contextmanager
def running(options: argparse.Namespace, telegram: Telegram) -> Iterator[Deployment]:
    """Run the bot: on an emulated AWS where that can be had, else in a process."""
    about = (telegram.url, step, options.bot, options.variables)
    with contextlib.ExitStack() as opened:
        deployment: Deployment | None = None
        if not options.direct:
            try:
                if not options.config and (reason := provider_missing()):
                    raise Unavailable(reason, REMEDY)
                if Path(sys.prefix) != VENV:
                    set_up()
                if options.config:
                    configured = ConfigurationDeployment(*about, options.config, telegram.add_bot)
                    deployment = opened.enter_context(configured)
                else:
                    deployment = opened.enter_context(AwsDeployment(*about))
            except Unavailable as error:
                if options.config:
                    raise
                tell(f"No emulated AWS here: {error}.")
                tell(
                    "So the bot runs as with --direct: messages, answers and its page work. "
                    "Terraform, its permissions and the queue are left out."
                )
                if error.remedy:
                    tell(error.remedy)
        if deployment is None:
            deployment = opened.enter_context(LocalDeployment(*about))
        tell(deployment.way)
        telegram.deliver = deployment.deliver
        for bot in telegram.bots:
            if warning := unknown_kinds(bot.outbox.info.get("allowed_updates", [])):
                tell(f"scripts/demo: {warning}")
        yield deployment


def send(telegram: Telegram, deployment: Deployment, hosted: Hosted, text: str) -> None:
    """Deliver a message and print the bot's answer. Raises ToolError if the bot can't answer."""
    before = len(telegram.calls)
    update_id = 0
    by_queue: list[Invocation] = []
    bot = next(bot for bot in telegram.bots if bot.token == hosted.token)
    to = f" to {hosted.name}" if len(deployment.bots) > 1 else ""
    if not bot.outbox.wants({"message": {}}):
        kinds = ", ".join(bot.outbox.info["allowed_updates"])
        raise ToolError(f"the bot gets no messages: its HANDLED has no message, but {kinds}")

    def tries() -> list[Delivery]:
        return [d for d in telegram.deliveries if d.update["update_id"] == update_id]

    def from_queue(invocation: Invocation) -> None:
        with telegram.changed:
            by_queue.append(invocation)
            telegram.changed.notify_all()

    deployment.from_queue = from_queue
    with step(f'"{text}" delivered{to}'):
        update_id = telegram.send(telegram.message(text), bot)
        telegram.wait(
            lambda: not telegram.pending() or any(d.next_try_in is not None for d in tries()),
            PATIENCE,
        )
    delivery = [d for d in tries() if d.status or d.error][-1]  # the next one may be under way
    invocation = deployment.details(delivery.headers.get("apigw-requestid", ""))
    if invocation.outcome.get("outcome") == "queued":
        with step("answered by way of the queue"):
            telegram.wait(lambda: by_queue, PATIENCE + hosted.timeout)
        [invocation] = by_queue
    if invocation.printed:
        tell(invocation.printed.rstrip("\n"))
    if invocation.failure:
        raise ToolError(f"bot.py failed:\n{invocation.failure}")
    if not 200 <= delivery.status < 300:
        line = invocation.outcome
        reasons = (line.get("error"), line.get("refusal"), invocation.error, delivery.error)
        reason = next(filter(None, reasons), f"HTTP {delivery.status}")
        raise ToolError(f"the webhook did not take the message: {reason}")
    answered = bool(delivery.body)  # webhook mode: the call is in the response
    for call in telegram.calls[before:]:
        if call.status != 200:
            raise ToolError(f"{call.method} was refused: {call.answer.get('description')}")
        if call.changes and all(each["kind"] in PASSING for each in call.changes):
            continue
        copied = text if call.method == "copyMessage" else f"({call.method})"
        say(str(call.params.get("text", copied)))
        for row in buttons(call):
            tell(row)
        answered = True
    if not answered:
        say("(no answer)")


def buttons(call: Call) -> list[str]:
    """Return the rows of buttons of a call, below the message or the input."""
    keyboards = [
        keyboard
        for change in call.changes
        for keyboard in (change.get("message", {}).get("reply_markup"), change.get("keyboard"))
        if keyboard
    ]
    return [
        " ".join(f"[{key['text'] if isinstance(key, dict) else key}]" for key in row)
        for keyboard in keyboards
        for row in keyboard.get("inline_keyboard", keyboard.get("keyboard", []))
    ]


def show(telegram: Telegram, chat: Chat, deployment: Deployment, open_browser: bool) -> None:
    """Serve the chat page until Ctrl-C."""
    for name, seconds in steps:
        chat.setup.step(name, seconds)
    deployment.from_queue = chat.traces.from_queue
    with (
        PageServer(chat) as page,
        contextlib.ExitStack() as opened,
        contextlib.suppress(KeyboardInterrupt),
    ):
        for bot in telegram.bots:
            if chat.setup.page_of(bot):
                opened.enter_context(BotPageServer(chat.pages, bot.id, page.url))
        say(f"\nChat with the bot: {page.url}/")
        say("A saved change of the bot is live at the next message. Ctrl-C ends the demo.")
        say("To check the bot, in another terminal:")
        for hosted in deployment.bots:
            folder = "" if hosted.folder == LAMBDA else f" --bot {shlex.quote(str(hosted.folder))}"
            if hosted.address:
                say(f"  # {hosted.address}")
            doctor = SCRIPTS / "doctor"
            if doctor.is_relative_to(Path.cwd()):
                doctor = doctor.relative_to(Path.cwd())
            say(
                f"  TELEGRAM_API_URL={telegram.url} TELEGRAM_BOT_TOKEN={hosted.token} "
                f"{shlex.quote(str(doctor))}{folder}"
            )
        say("")
        if open_browser:
            webbrowser.open(page.url)
        while True:
            time.sleep(LOOK_SECONDS)
            chat.setup.refresh()
    tell("Taking all down …")


def stop(number: int, frame: object) -> None:
    """End at the first signal, and ignore later ones, which would interrupt the cleaning up."""
    for kind in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    chosen = options()
    for kind in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, stop)
    telegram = Telegram(token(1))
    chat = Chat(telegram)
    try:
        with Server(telegram), running(chosen, telegram) as deployment:
            chat.setup.deployment = deployment
            if chosen.send is None:
                show(telegram, chat, deployment, chosen.open)
            for text in chosen.send or []:
                for bot in deployment.bots:
                    send(telegram, deployment, bot, text)
    except KeyboardInterrupt:
        with contextlib.suppress(OutputClosed):
            tell("\nStopped, and all taken down.")
        return 130
    except OutputClosed:
        return 1
    except (ToolError, TimeoutError) as error:
        with contextlib.suppress(OutputClosed):
            tell(f"scripts/demo: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
