"""Try a bot without an account, a token or a public address.

A stand-in for Telegram delivers messages to it and shows its answers. Terraform applies a copy of
the configuration to an emulated AWS on this machine, and everything is removed at the end. Your
state, backend, profile, credentials and variables are neither used nor changed; only the files that
you name are read.

The emulated AWS listens on loopback only, on a new port each time, and runs code for anyone who
finds it: other users of this machine, or a web page in your browser. --direct starts none.

Without --send and its like, a chat page opens at the address that is printed, until Ctrl-C.

Exit code: 0 if all was done and taken down, 1 if an update or event failed (a refusal that the bot
caught is no failure), or bot.py, the set-up or Terraform, 2 if an argument is wrong, 130 if Ctrl-C
came before the bot ran.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from telegram_stand_in import Limits, Server, Telegram

from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.configuration import files
from telegram_bot_aws.demo.deployments import Deployment, Unavailable, identity, token
from telegram_bot_aws.demo.local_deployment import LocalDeployment
from telegram_bot_aws.demo.progress import say, tell, tell_log
from telegram_bot_aws.demo.script import Script, check, check_name, read_file, tell_failed_event
from telegram_bot_aws.demo.server import PageServer
from telegram_bot_aws.local import program
from telegram_bot_aws.local.container import bot_folder, unknown_kinds
from telegram_bot_aws.local.processes import ToolError, read_env_file
from telegram_bot_aws.local.project import LAMBDA
from telegram_bot_aws.local.terminal import shown

PLACES = ("private", "group", "topic")
PORT = 8642  # of the chat page, if it is free: a tab that is still open goes on
LOOK_SECONDS = 0.3  # between two checks for a changed bot
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def options() -> argparse.Namespace:
    parser = program.parser_of(program.name("demo"), __doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="DIR",
        help="folder of a Terraform configuration that uses the module, or of a bot, with its "
        "bot.py (default: the current one if it is such a folder, or else the module's own bot). "
        "A configuration is applied with its tables and queues and all of its bots. With "
        "--direct, the bot in DIR or DIR/bot runs. With an app/index.html beside bot.py, the chat "
        "has a menu button that opens this page",
    )
    acts = parser.add_argument_group(
        "what people do", "In the order of these flags; each can be given more than once."
    )
    acts.add_argument(
        "--as",
        action=Act,
        metavar="NAME",
        type=check_name,
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
        type=check,
        help="send this message, print the bot's answer (buttons go to standard error), and end "
        'after the last flag; @FILE sends a file, "@bot TEXT" is an inline query',
    )
    acts.add_argument(
        "--press",
        action=Act,
        metavar="LABEL",
        help="tap the latest button, result of an inline query or option of a poll with this "
        "text, with or without its emoji",
    )
    acts.add_argument(
        "--update",
        action=Act,
        metavar="FILE",
        type=read_file,
        help='send the update in this file, such as {"channel_post": {…}}, with new ids. Any '
        "other JSON is an event, with which the bot is invoked as S3, SNS or a schedule does, "
        'such as {"method": "sendMessage", "chat_id": 4242, "text": "Tea"}',
    )
    acts.add_argument(
        "--advance",
        action=Act,
        metavar="TIME",
        type=seconds,
        help="with --direct: let so much time pass, such as 30s, 20m, 2h or 1d: what is scheduled "
        "until then is done at once. If nothing is, wait so long at most for more of the bot. What "
        "it says is printed; exit code 1 if it says nothing",
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
        help="without AWS and Terraform: the handler behind an HTTP server, up in a second",
    )
    where.add_argument(
        "--env-file",
        metavar="FILE",
        help="file with variables for the bot, as lines of NAME=VALUE; for a configuration "
        "Terraform's: TF_VAR_name=value; and with secrets for the emulated Parameter Store: "
        "/name/of/parameter=value",
    )
    where.add_argument(
        "--admin",
        action="store_true",
        help="the bot is an administrator of the groups, and gets every message; as a member, in "
        "privacy mode, it gets commands and replies to it",
    )
    options = parser.parse_args()
    try:
        found = read_env_file(options.env_file, parameters=True) if options.env_file else {}
        options.target = target(options.folder, direct=options.direct)
    except (ToolError, ValueError) as error:
        parser.exit(2, f"{program.name('demo')}: {error}\n")
    options.parameters = {name: found.pop(name) for name in [*found] if name.startswith("/")}
    options.variables = found
    if problem := impossible(options):
        parser.error(problem)
    return options


def target(name: str | None, *, direct: bool) -> tuple[Path | None, Path | None]:
    """Return what runs: the configuration in a folder, or the bot in one. The other one is None.

    Raises ValueError if there is nothing to run in the folder.
    """
    folder = Path(name or ".").resolve()
    is_module = (folder / "lambda" / "botkit").is_dir()  # and no configuration that uses it
    has_configuration = bool(files(folder)) and not is_module
    if has_configuration and not direct:
        return folder, None
    return None, bot_folder(str(folder) if has_configuration else name)


def impossible(options: argparse.Namespace) -> str:
    """Return which options contradict each other, and the remedy, or nothing."""
    if options.parameters and options.direct:
        return "with --direct there is no Parameter Store: leave out --direct"
    if not options.direct and any(kind == "advance" for kind, _ in options.actions):
        return "--advance needs --direct: the emulated AWS has its own clock"
    if options.actions and options.actions[-1][0] in ("as", "chat"):
        return f"--{options.actions[-1][0]} is for the actions after it: add a --send"
    if options.json and not options.actions:
        return "--json prints calls after --send, --press, --update or --advance: add one"
    return ""


def seconds(text: str) -> float:
    """Return the seconds of a time such as 20m."""
    if not (found := re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]+)?)([smhd])", text)):
        raise argparse.ArgumentTypeError("a time is expected, such as 30s, 20m, 2h or 1d")
    return float(found[1]) * UNITS[found[2]]


class Act(argparse.Action):
    """Adds to the actions, which are done in the order of their flags."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: Any, option: object = None
    ) -> None:
        namespace.actions = [*namespace.actions, (self.dest, values)]


def show(telegram: Telegram, chat: Chat, deployment: Deployment) -> None:
    """Serve the chat page until Ctrl-C."""
    deployment.from_queue = chat.traces.from_queue
    deployment.on_event = tell_failed_event
    try:
        page = PageServer(chat, PORT)
    except OSError:  # another program has this port
        page = PageServer(chat)
    with page, contextlib.ExitStack() as opened, contextlib.suppress(KeyboardInterrupt):
        chat.serve_pages(opened, page.url)
        say("\nChat with the bot: ", end="")
        say(f"{page.url}/", colour="blue")
        saved = " or ".join(dict.fromkeys(shown(bot.folder / "bot.py") for bot in deployment.bots))
        live = f"A saved change to {saved} is live at the next message. " if saved else ""
        say(f"{live}Ctrl-C ends the demo.")
        for line in deployment.commands():
            say(line)
        say("")
        while True:
            time.sleep(LOOK_SECONDS)
            chat.refresh()
    tell("Stopping and cleaning up …")


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
    try:
        with Server(telegram):
            return run(chosen, telegram)
    except KeyboardInterrupt:
        tell("\nStopped and cleaned up.")
        return 130
    except (ToolError, TimeoutError) as error:
        tell(f"{program.name('demo')}: {error}", colour="red")
        return 1


def run(chosen: argparse.Namespace, telegram: Telegram) -> int:
    """Run the bot, on an emulated AWS or with --direct in a process, and act as chosen."""
    configuration, bot = chosen.target
    about = (telegram, bot or LAMBDA, chosen.variables)
    deployment: Deployment
    if chosen.direct:
        deployment = LocalDeployment(*about)
    else:
        try:
            program.go_on_in_venv("demo", "terraform")
        except ToolError as error:
            raise Unavailable(str(error)) from None
        deployment = AwsDeployment(*about, configuration)
        deployment.parameters = chosen.parameters
    deployment.on_log = partial(tell_log, everything=chosen.log, as_json=chosen.json)
    chat = None if chosen.actions else Chat(telegram)
    with deployment:
        tell(deployment.way)
        for hosted in deployment.bots:
            if known := telegram.bot_of(hosted.token):
                known.me = {**known.me, **identity(hosted.title)}
        telegram.deliver = deployment.deliver
        for known in telegram.bots:
            if warning := unknown_kinds(known.outbox.info.get("allowed_updates", [])):
                tell(f"{program.name('demo')}: {warning}")
        if chat:
            chat.deployment = deployment
            show(telegram, chat, deployment)
            return 0
        script = Script(telegram, deployment, as_json=chosen.json)
        for kind, value in chosen.actions:
            script.run(kind, value)
    return 1 if script.event_failed else 0
