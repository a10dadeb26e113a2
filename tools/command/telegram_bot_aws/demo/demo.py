"""Try the bot without an account, a token or a public address.

A stand-in for Telegram delivers messages to it and shows its answers. Terraform applies a copy of
the module to an emulated AWS on this machine, and everything is removed at the end. Your state,
backend, profile, credentials and variables are neither used nor changed; only the files that you
name are read.

The emulated AWS listens on loopback only, on a new port each time, and runs code for anyone who
finds it: other users of this machine, or a web page in your browser. --direct starts none.

Exit code: 0 if all was done and taken down, 1 if an update or event failed (a refusal that the bot
caught is no failure), or the set-up or Terraform, 2 if an argument or bot.py is wrong, 130 if
Ctrl-C came before the bot ran.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from telegram_stand_in import Limits, Server, Telegram

from telegram_bot_aws.demo import web_app_script
from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.configuration import ConfigurationDeployment, configuration_folder
from telegram_bot_aws.demo.deployments import (
    PAGE,
    Deployment,
    Hosted,
    Unavailable,
    UnusableBot,
    environment,
    has_page,
    identity,
    token,
)
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.logs import tell_log
from telegram_bot_aws.demo.own_apply import OwnApply
from telegram_bot_aws.demo.page_server import BotPageServer
from telegram_bot_aws.demo.progress import OutputClosed, aside, say, step, steps, tell
from telegram_bot_aws.demo.script import (
    Script,
    check,
    check_name,
    error_of_event,
    read_event_file,
    read_file,
)
from telegram_bot_aws.demo.server import PageServer
from telegram_bot_aws.demo.web_app_script import WebAppScript
from telegram_bot_aws.local import program
from telegram_bot_aws.local.container import Invocation, bot_folder, handled_kinds, unknown_kinds
from telegram_bot_aws.local.http_server import LocalServer
from telegram_bot_aws.local.processes import ToolError, end, read_env_file, signals_held, watched
from telegram_bot_aws.local.project import COMMAND, LAMBDA, ROOT, SCRIPTS, VENV
from telegram_bot_aws.local.providers import REMEDY
from telegram_bot_aws.local.sources import has_sessions, uses_later
from telegram_bot_aws.local.terminal import shown
from telegram_bot_aws.local.terraform import check_names, provider_missing

PLACES = ("private", "group", "topic")
LOOK_SECONDS = 0.3  # between two checks for a changed bot


def options() -> argparse.Namespace:
    about = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog=program.name("demo"),
        description=f"{about[0]}\n\n{about[2]}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_argument_group(
        "what people do", "In the order of these flags; each can be given more than once."
    )
    acts.add_argument(
        "--as",
        action=Act,
        metavar="NAME",
        type=argument(check_name),
        help="the person who acts from here on: Ada (the default; her id, and that of her private "
        "chat, is 4242), Grace (4343), or any other name",
    )
    acts.add_argument(
        "--chat",
        action=Act,
        choices=PLACES,
        help="where: in the person's private chat with the bot (the default), in a group, or in "
        "a topic of a group",
    )
    acts.add_argument(
        "--send",
        action=Act,
        metavar="TEXT",
        type=argument(check),
        help="send this message, print the bot's answer (buttons go to standard error), and end "
        'after the last flag; @FILE sends a file, "@bot TEXT" is an inline query',
    )
    acts.add_argument(
        "--press",
        action=Act,
        metavar="LABEL",
        help="tap the latest button, result of an inline query or option of a poll with this "
        "text, or the only one that begins with it, with or without its emoji",
    )
    acts.add_argument(
        "--update",
        action=Act,
        metavar="FILE",
        type=argument(read_file),
        help='send the update in this file, such as {"channel_post": {…}}, with new ids',
    )
    acts.add_argument(
        "--event",
        action=Act,
        metavar="FILE",
        type=argument(read_event_file),
        help="invoke the bot with the event in this file, as S3, SNS or a schedule does, such as "
        '{"method": "sendMessage", "chat_id": 4242, "text": "Tea"}',
    )
    acts.add_argument(
        "--wait",
        action=Act,
        metavar="SECONDS",
        type=argument(seconds),
        help="wait until the bot says more, at most so long, and print it; exit code 1 if it "
        "says nothing",
    )
    parser.set_defaults(actions=[])
    prints = parser.add_argument_group("what is printed")
    prints.add_argument(
        "--json",
        action="store_true",
        help="each call of the bot as a line of JSON: method, params, files, bot, and Telegram's "
        "answer, ok and result",
    )
    prints.add_argument(
        "--log",
        action="store_true",
        help="all that the bot logs, with the outcome of each update, not only warnings and "
        "errors; with --json as lines of JSON",
    )
    where = parser.add_argument_group("where the bot runs")
    where.add_argument(
        "--direct",
        action="store_true",
        help="without AWS and Terraform: the handler behind an HTTP server, up in a second "
        "(the fallback where Terraform or its provider is missing)",
    )
    where.add_argument(
        "--aws",
        action="store_true",
        help="start the emulated AWS and the chat page alone, and print the variables with which "
        "you apply any configuration to it yourself",
    )
    chosen = where.add_mutually_exclusive_group()
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
    where.add_argument(
        "--env-file",
        metavar="FILE",
        type=argument(lambda path: read_env_file(path, parameters=True)),
        default={},
        dest="variables",
        help="file with variables for the bot, as lines of NAME=VALUE; with --config for "
        "Terraform: TF_VAR_name=value; and with secrets for the emulated Parameter Store: "
        "/name/of/parameter=value",
    )
    where.add_argument(
        "--admin",
        action="store_true",
        help="the bot is an administrator of the groups, and gets every message; as a member, in "
        "privacy mode, it gets commands and replies to it",
    )
    where.add_argument(
        "--fresh",
        action="store_true",
        help="a new container for each update, so that nothing stays in memory",
    )
    page = parser.add_argument_group("the chat page")
    page.add_argument("--open", action="store_true", help="open it in the browser")
    page.add_argument(
        "--port",
        type=argument(free_port),
        default=0,
        help="its port (default: a free one); a tab that is still open on it goes on",
    )
    options = parser.parse_args()
    options.parameters = {name: options.variables.pop(name) for name in parameters(options)}
    if problem := impossible(options):
        parser.error(problem)
    try:
        if not options.direct:
            check_names()
    except (ToolError, ValueError) as error:
        parser.exit(2, f"{program.name('demo')}: {error}\n")
    return options


def impossible(options: argparse.Namespace) -> str:
    """Return which options contradict each other, and the remedy, or nothing."""
    if options.aws:
        if options.direct:
            return "--aws starts an emulated AWS, and --direct runs without one: leave out one"
        if options.config or options.bot != LAMBDA:
            flag = "--config" if options.config else "--bot"
            return f"with --aws you apply the bot yourself: leave out {flag}"
        if options.variables:
            return "with --aws, --env-file must contain only parameters, as lines of /name=value"
        if options.actions or options.json:
            return "--aws runs until Ctrl-C, and you chat on its page: leave out " + (
                f"--{options.actions[0][0]}" if options.actions else "--json"
            )
    if options.parameters and options.direct:
        return "with --direct there is no Parameter Store: leave out --direct"
    if options.config and options.direct:
        return "--config needs Terraform and the emulated AWS: leave out --direct"
    if (options.open or options.port) and options.actions:
        flag = "--open" if options.open else "--port"
        return (
            f"{flag} is for the chat page, but --send, --press, --update, --event and --wait play "
            f"a conversation and end: leave out {flag}"
        )
    if options.actions and options.actions[-1][0] in ("as", "chat"):
        return f"--{options.actions[-1][0]} is for the actions after it: add a --send"
    if options.json and not options.actions:
        return "--json prints calls after --send, --press, --update, --event or --wait: add one"
    return ""


def parameters(options: argparse.Namespace) -> list[str]:
    """Return which names of the file are parameters."""
    return [name for name in options.variables if name.startswith("/")]


def argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function that reads an argument, and whose ValueErrors argparse shows."""

    def read_argument(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def free_port(text: str) -> int:
    """Return a port that nothing uses now: before the set-up, not after it."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < (port := int(text)) < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    try:
        LocalServer(BaseHTTPRequestHandler, port=port).server_close()
    except OSError as error:
        raise ValueError(f"port {port} can't be used: {error.strerror}") from None
    return port


def seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text):
        raise ValueError("a number of seconds is expected")
    return float(text)


class Act(argparse.Action):
    """Adds to the actions, which are done in the order of their flags."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: Any, option: object = None
    ) -> None:
        namespace.actions = [*namespace.actions, (self.dest, values)]


def set_up() -> None:
    """Make .venv, with the packages of the emulated AWS, and go on in it. Raises Unavailable."""
    lines: list[str] = []
    with contextlib.ExitStack() as opened:
        with signals_held():
            bootstrap = subprocess.Popen(
                [SCRIPTS / "bootstrap", "terraform"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # In a terminal, the installer shows there how much is left.
                stderr=None if sys.stderr.isatty() else subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            watched("group", bootstrap.pid)
            opened.callback(watched, "group", bootstrap.pid, over=True)
            opened.enter_context(bootstrap)
            opened.callback(end, bootstrap)  # if it is interrupted here
        assert bootstrap.stdout
        for line in bootstrap.stdout:
            if not lines:  # it names its packages, and is silent if it installs none
                # As in scripts/bootstrap: Terraform's copies of the module share it.
                of = "all bots" if "/.terraform/modules/" in str(ROOT) else "this clone"
                opened.enter_context(step(f"set-up, once for {of} (--direct needs none)"))
                if sys.stderr.isatty():
                    tell("")
            if sys.stderr.isatty():
                tell(line.rstrip())
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
    os.execv(python, [python, str(COMMAND / "telegram_bot_aws"), "demo", *sys.argv[1:]])


@contextlib.contextmanager
def running(options: argparse.Namespace, telegram: Telegram) -> Iterator[Deployment]:
    """Run the bot: on an emulated AWS where that can be had, else in a process."""
    about = (telegram.url, step, options.bot, options.variables)
    on_log = partial(tell_log, everything=options.log, as_json=options.json)
    with contextlib.ExitStack() as opened:
        deployment: Deployment | None = None
        if not options.direct:
            try:
                if not (options.config or options.aws) and (reason := provider_missing()):
                    raise Unavailable(reason, REMEDY)
                if Path(sys.prefix) != VENV:
                    set_up()
                aws = (OwnApply if options.aws else AwsDeployment)(*about)
                if options.config:
                    aws = ConfigurationDeployment(*about, options.config, telegram.add_bot)
                aws.fresh, aws.parameters = options.fresh, options.parameters
                aws.on_log = on_log
                deployment = opened.enter_context(aws)
            except Unavailable as error:
                if options.config or options.aws:
                    raise
                tell(f"No emulated AWS here: {error}.", colour="yellow")
                tell(
                    "So the bot runs as with --direct: messages, answers and its page work. "
                    "Terraform, its permissions and the queue are left out."
                )
                if error.remedy:
                    tell(error.remedy)
        if deployment is None:
            direct = LocalDeployment(*about)
            direct.fresh, direct.on_log = options.fresh, on_log
            deployment = opened.enter_context(direct)
        tell(deployment.way)
        for hosted in deployment.bots:
            if bot := telegram.bot_of(hosted.token):
                bot.me = {**bot.me, **identity(hosted.title)}
        telegram.deliver = deployment.deliver
        for bot in telegram.bots:
            if warning := unknown_kinds(bot.outbox.info.get("allowed_updates", [])):
                tell(f"{program.name('demo')}: {warning}")
        yield deployment


def tell_failed_event(bot: Hosted, invocation: Invocation) -> bool:
    """Tell why an event failed, if it did, and return whether it did."""
    error = error_of_event(invocation)
    if error:
        aside(f"An event failed: {error}", colour="red")
        aside(f"{json.dumps(invocation.event)}\n{invocation.traceback}".rstrip())
    return bool(error)


def show(
    telegram: Telegram, chat: Chat, deployment: Deployment, port: int, open_browser: bool
) -> None:
    """Serve the chat page until Ctrl-C."""
    for name, seconds in steps:
        chat.setup.step(name, seconds)
    deployment.from_queue = chat.traces.from_queue

    def on_event(bot: Hosted, invocation: Invocation) -> None:
        tell_failed_event(bot, invocation)

    deployment.on_event = on_event
    with (
        PageServer(chat, port) as page,
        contextlib.ExitStack() as opened,
        contextlib.suppress(KeyboardInterrupt),
    ):
        with_page = [bot for bot in telegram.bots if chat.setup.page_of(bot)]
        script = WebAppScript(web_app_script.URL if with_page else "")
        for bot in with_page:
            opened.enter_context(BotPageServer(chat.pages, bot.id, page.url, script))
        say("\nChat with the bot: ", end="")
        say(f"{page.url}/", colour="blue")
        saved = " or ".join(dict.fromkeys(shown(bot.folder / "bot.py") for bot in deployment.bots))
        live = f"A saved change to {saved} is live at the next message. " if saved else ""
        say(f"{live}Ctrl-C ends the demo.")
        for line in other_commands(deployment, telegram.url):
            say(line)
        say("")
        if open_browser:
            webbrowser.open(page.url)
        while True:
            time.sleep(LOOK_SECONDS)
            chat.setup.refresh()
    tell("Stopping and cleaning up …")


def other_commands(deployment: Deployment, api_url: str) -> list[str]:
    """Return the commands that check the bots, and show what they remember, with a heading."""
    lines = []
    remembering = False
    for hosted in deployment.bots:
        if hosted.address:
            lines.append(f"  # {hosted.address}")
        state = deployment.state_folder
        doctor = (
            f"TELEGRAM_API_URL={api_url} TELEGRAM_BOT_TOKEN={hosted.token} "
            f"{program.typed('doctor', anywhere=state is not None)}"
        )
        if hosted.folder != LAMBDA:
            doctor += f" --bot {shlex.quote(str(hosted.folder))}"
        lines.append(f"  (cd {shlex.quote(str(state))} && {doctor})" if state else f"  {doctor}")
        if has_sessions(hosted.folder) or uses_later(hosted.folder):
            remembering = True
            variables, flags = deployment.sessions(hosted)
            assigned = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
            words = [*assigned, program.typed("sessions"), "list", *map(shlex.quote, flags)]
            lines.append(f"  {' '.join(words)}")
    purpose = "To check the bot" + (", and see what it remembers" if remembering else "")
    return [f"{purpose}, in another terminal:", *lines] if lines else []


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
    telegram.limits = Limits(telegram.now)
    telegram.bots_in_groups = "administrator" if chosen.admin else "member"
    chat = None if chosen.actions else Chat(telegram)
    failed_events: list[Invocation] = []

    def on_event(bot: Hosted, invocation: Invocation) -> None:
        if tell_failed_event(bot, invocation):
            failed_events.append(invocation)

    try:
        with contextlib.ExitStack() as opened:
            opened.enter_context(Server(telegram))
            # Before the minute of an apply. Directly, the function itself says so at once, and a
            # framework takes seconds to import.
            if not (chosen.config or chosen.aws or chosen.direct):
                try:
                    variables = environment(telegram.url, chosen.variables)
                    if has_page(chosen.bot):
                        variables["MINI_APP_URL"] = telegram.url + PAGE
                    handled_kinds(chosen.bot, variables)
                except ValueError as error:
                    tell(f"{program.name('demo')}: {error}")
                    return 2
            deployment = opened.enter_context(running(chosen, telegram))
            if chat:
                chat.setup.deployment = deployment
                show(telegram, chat, deployment, chosen.port, chosen.open)
            else:
                deployment.on_event = on_event
                script = Script(telegram, deployment, as_json=chosen.json)
                for kind, value in chosen.actions:
                    script.run(kind, value)
    except KeyboardInterrupt:
        with contextlib.suppress(OutputClosed):
            tell("\nStopped and cleaned up.")
        return 130
    except OutputClosed:
        return 1
    except UnusableBot as error:
        with contextlib.suppress(OutputClosed):
            tell(f"{program.name('demo')}: {error}")
        return 2
    except (ToolError, TimeoutError) as error:
        with contextlib.suppress(OutputClosed):
            tell(f"{program.name('demo')}: {error}", colour="red")
        return 1
    return 1 if failed_events else 0


if __name__ == "__main__":
    sys.exit(main())
