"""Try the bot without an account, a token or a public address.

A stand-in for Telegram delivers messages to it and shows its answers. Terraform applies a copy of
the module to an emulated AWS on this machine, and everything is removed at the end. Your state,
backend, profile and credentials are neither used nor changed.

The emulated AWS listens on loopback only, on a new port each time, and runs code for anyone who
finds it: other users of this machine, or a web page in your browser. --direct starts none.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from container import explain_failure
from emulators.telegram import Delivery, Server, Telegram
from processes import ToolError
from project import LAMBDA, SCRIPTS, VENV

from chat.chat import Chat, InvalidRequest, check_text
from chat.deployments import TOKEN, AwsDeployment, Deployment, LocalDeployment, Unavailable
from chat.server import PageServer

PATIENCE = 30.0  # seconds, for an answer
LOOK_SECONDS = 0.3  # between two looks at whether lambda/ was changed


steps: list[tuple[str, float]] = []  # what was done, and the seconds that it took


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Print what is done, and when it is done the time that it took."""
    print(f"{name} … ", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"stopped after {time.monotonic() - started:.1f} s", flush=True)
        raise
    steps.append((name, time.monotonic() - started))
    print(f"{steps[-1][1]:.1f} s", flush=True)


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
        type=message,
        help="send this message, print the bot's answer, and end; can be given more than once",
    )
    parser.add_argument(
        "--direct",
        action="store_true",
        help="without AWS and Terraform: the handler behind an HTTP server, up in a second "
        "(chosen by itself where Terraform or its provider can't be had)",
    )
    parser.add_argument("--open", action="store_true", help="open the chat page in the browser")
    return parser.parse_args()


def message(text: str) -> str:
    try:
        check_text(text)
    except InvalidRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def set_up() -> None:
    """Make .venv, with what the emulated AWS needs, and go on in it. Raises Unavailable."""
    with step("set-up"):
        result = subprocess.run(
            [SCRIPTS / "bootstrap", "terraform"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        raise Unavailable(lines[-1] if lines else "scripts/bootstrap failed")
    os.execv(
        VENV / "bin/python",
        [str(VENV / "bin/python"), str(SCRIPTS), "demo", *sys.argv[1:]],
    )


@contextlib.contextmanager
def running(direct: bool, telegram: Telegram, api_url: str) -> Iterator[Deployment]:
    """Run the bot: on an emulated AWS where that can be had, else in a process."""
    with contextlib.ExitStack() as opened:
        deployment: Deployment | None = None
        if not direct:
            try:
                if Path(sys.prefix) != VENV:
                    set_up()
                deployment = opened.enter_context(AwsDeployment(api_url, step))
            except Unavailable as reason:
                print(f"An emulated AWS can't be had here: {reason}", flush=True)
                print("So this is --direct: the handler behind a local HTTP server.", flush=True)
        if deployment is None:
            deployment = opened.enter_context(LocalDeployment(api_url, step))
        telegram.deliver = deployment.deliver
        yield deployment


def send(telegram: Telegram, text: str) -> None:
    """Deliver a message and print the bot's answer. Raises ToolError if there is none to be."""
    before = len(telegram.calls)
    update_id = 0

    def tries() -> list[Delivery]:
        return [d for d in telegram.deliveries if d.update["update_id"] == update_id]

    with step(f'"{text}" delivered'):
        update_id = telegram.send(telegram.message(text))
        telegram.wait(
            lambda: not telegram.pending() or any(d.next_try_in is not None for d in tries()),
            PATIENCE,
        )
    delivery = tries()[-1]
    if not 200 <= delivery.status < 300:
        raise ToolError(f"the webhook did not take the message: {delivery.error} {delivery.body}")
    answered = bool(delivery.body)  # webhook mode: the call is in the response
    for call in telegram.calls[before:]:
        if call.status != 200:
            raise ToolError(f"{call.method} was refused: {call.answer.get('description')}")
        if call.method in ("sendMessage", "copyMessage"):
            print(call.params.get("text", text), flush=True)
            answered = True
    if not answered and (failure := explain_failure(LAMBDA, delivery.update)):
        raise ToolError(f"bot.py failed:\n{failure}")
    if not answered:
        print("(no answer)", flush=True)


def show(telegram: Telegram, chat: Chat, open_browser: bool) -> None:
    """Serve the chat page until Ctrl-C."""
    for name, seconds in steps:
        chat.step(name, seconds)
    with PageServer(chat) as page, contextlib.suppress(KeyboardInterrupt):
        print(f"\nChat with the bot: {page.url}")
        print("A saved change in lambda/ is live at the next message. Ctrl-C ends the demo.")
        print("To have the bot looked over, in another terminal:")
        print(
            f"  TELEGRAM_API_URL={telegram.url} TELEGRAM_BOT_TOKEN={TOKEN} scripts/doctor\n",
            flush=True,
        )
        if open_browser:
            webbrowser.open(page.url)
        while True:
            time.sleep(LOOK_SECONDS)
            chat.refresh()
    print("Taking all down …", flush=True)


def stop(number: int, frame: object) -> None:
    """End at the first signal; later ones would only end the taking down before its time."""
    for kind in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    chosen = options()
    for kind in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, stop)
    telegram = Telegram(TOKEN)
    chat = Chat(telegram)
    try:
        with (
            Server(telegram) as server,
            running(chosen.direct, telegram, server.url) as deployment,
        ):
            chat.deployment = deployment
            if chosen.send is None:
                show(telegram, chat, chosen.open)
            for text in chosen.send or []:
                send(telegram, text)
    except KeyboardInterrupt:
        print("\nStopped, and all taken down.", flush=True)
        return 130
    except (ToolError, TimeoutError) as error:
        print(f"scripts/demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
