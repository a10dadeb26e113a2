"""See, delete and move a bot's sessions (SESSION in bot.py) and scheduled calls.

  list     the keys, how large each session is, when it changed, and when it expires, and how many
           people and groups have sessions, in all and lately
  export   sessions as JSON Lines, to standard output, as DynamoDB has them
  import   reads JSON Lines from standard input, or from a file
  delete   lists sessions, asks, and deletes them

KEY is a session's key, as SESSION chooses it. --person ID is for a person who asks to see or delete
their data: all sessions whose keys have the number, and all schedules that have it. Of sessions
that have it only in their content, which others share, delete names the keys: they stay, until you
delete them by KEY.

Without --table and --file, the table is that of the Terraform state in the current folder, or in
the module's folder. It is read and changed with your AWS credentials. Only export prints what
people wrote.

Exit code: 0 if all was done, 1 if nothing or not all was, 2 for a wrong argument.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.live.state import folder, pull
from telegram_bot_aws.live.stores import TABLE_ENDS, FileStore, Item, Store, TableStore, Waiting
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import go_on_in_venv, name, parser_of
from telegram_bot_aws.local.terminal import ago, visible

COMMANDS = ("list", "export", "import", "delete")
NUMBER = r"(?<![0-9A-Za-z])(?:(?<![0-9A-Za-z])-)?[0-9]+(?![0-9A-Za-z])"
# The keys that SESSION makes: of a chat, a person, a person in a chat, or a topic of one.
OF_SESSION = re.compile(r"(?:guest:|business:[^:]*:)?(-?[0-9]+)(?:/(-?[0-9]+))?", re.ASCII)
OF_BOTKIT = ("limit:", "stream:")  # ids of items that botkit keeps for itself
DAY = 24 * 3600  # seconds
PERIODS = {"in all": None, "last 30 days": 30, "last 7 days": 7, "last day": 1}


class Found(NamedTuple):
    """The result of a search: items, schedules, and keys of others that contain the person's id."""

    items: list[Item]
    waiting: list[Waiting]
    mention: list[str]


def read_lines(lines: Iterable[str]) -> Iterator[Item]:
    """Yield the sessions of an export. Raises ToolError, with the number of a line that isn't one.

    Each gets another version, so that a bot that has read the old one notices.
    """
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if "schedule" in line:  # only the bot can schedule
                continue
            if not isinstance(line["id"]["S"], str):
                raise ValueError("the id must be a text")
        except (KeyError, TypeError, ValueError) as error:
            raise ToolError(f"line {number} is not of an export: {error}") from None
        if "version" in line:
            line["version"] = {"S": f"{int(time.time()):08x}{secrets.token_hex(4)}"}
        yield line


def changed(item: Item) -> float | None:
    """Return when an item was changed, if its version tells: botkit's begins with the time."""
    version = item.get("version", {}).get("S", "")
    return int(version[:8], 16) if re.fullmatch("[0-9a-f]{16}", version) else None


def about(item: Item) -> str:
    """Return a session's size, age and end in words, and its key: nothing that people wrote."""
    at = changed(item)
    age = "age not known" if at is None else f"changed {ago(max(0.0, time.time() - at))}"
    expires = int(item["expires_at"]["N"]) - time.time() if "expires_at" in item else None
    if expires is None:
        end = "kept forever"
    else:
        end = f"expires in {count(round(expires / DAY), 'day')}" if expires > 0 else "expired"
    size = len(json.dumps(item))
    return f"{size:>9,} bytes  {age:20}  {end:20}  {shown(item['id']['S'])}"


def shown(key: str) -> str:
    """Return a key on one line, with line breaks and tabs as JSON writes them."""
    return key.replace("\n", "\\n").replace("\t", "\\t")


# People.


def numbers(text: str) -> set[str]:
    """Return the numbers in a key, a name or JSON that stand alone: 42 in -100/42, not in a42."""
    return set(re.findall(NUMBER, text))


def mentions(value: Any, person: str) -> bool:
    """Tell whether an item or an event has a person's id. A session is JSON in a text of JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return person in numbers(re.sub(r"\\+.", " ", text))


def ids_in_key(key: str) -> set[str] | None:
    """Return the ids that a key names: people's are positive. None if SESSION doesn't make it.

    In the key of a private chat, what follows is the same person, or a topic.
    """
    found = OF_SESSION.fullmatch(key)
    if not found:
        return None
    chat, other = found.groups()
    return {chat, other} if other and chat[0] == "-" else {chat}


def is_session(item: Item) -> bool:
    """Tell whether an item is a session that hasn't expired: botkit keeps others beside them."""
    ends = float(item["expires_at"]["N"]) if "expires_at" in item else float("inf")
    return "session" in item and not item["id"]["S"].startswith(OF_BOTKIT) and ends > time.time()


def find(store: Store, keys: list[str], person: str) -> Found:
    """Return what keys or a person name. Raises ToolError for an unknown key."""
    if keys:
        items = {key: store.get(key) for key in dict.fromkeys(keys)}
        if unknown := [key for key, item in items.items() if item is None]:
            named = ", ".join(map(shown, unknown))
            raise ToolError(f"there is no session {named} in {store.place}: list shows all")
        return Found([item for item in items.values() if item], [], [])
    waiting = [each for each in store.waiting() if mentions([each.name, each.event], person)]
    found = Found([], waiting, [])
    for item in store.items():
        if person in numbers(item["id"]["S"]):
            found.items.append(item)
        elif mentions(item, person):
            found.mention.append(item["id"]["S"])
    return found


# Commands.


def tell(text: str = "") -> None:
    """Say something about the data, which only standard output has."""
    print(visible(text), file=sys.stderr, flush=True)


def write(text: str) -> None:
    """Write data."""
    print(visible(text))


def count(many: int, of: str) -> str:
    return f"{many} {of}" if many == 1 else f"{many} {of}s"


def summarize(say: Callable[[str], None], found: Found, person: str = "") -> None:
    """Name what was found, in lines."""
    for item in found.items:
        say(about(item))
    if found.waiting:
        say(f"{count(len(found.waiting), 'scheduled event')}:")
    for each in found.waiting:
        say(f"  {each.when}  {each.name}")
    if found.mention:
        say(f"Other sessions that contain {person}; only bot.py understands them:")
    for key in found.mention:
        say(f"  {shown(key)}")


def show_list(store: Store, keys: list[str], person: str) -> int:
    write(f"Sessions in {store.place}:")
    if keys or person:
        summarize(write, find(store, keys, person), person)
        return 0
    counted: list[Item] = []
    for item in store.items():  # there may be more than fit into memory
        write(about(item))
        if is_session(item):
            counted.append({name: item[name] for name in ("id", "version") if name in item})
    summarize(write, Found([], [*store.waiting()], []))
    for line in counts(counted):
        write(line)
    return 0


def counts(items: Iterable[Item]) -> Iterator[str]:
    """Yield lines on how many people and groups have sessions, and how many changed lately."""
    ids: dict[str, set[str]] = {period: set() for period in PERIODS}
    others = 0
    for item in items:
        named = ids_in_key(item["id"]["S"])
        if named is None:
            others += 1
            continue
        age = (time.time() - (changed(item) or 0)) / DAY
        for period, days in PERIODS.items():
            if days is None or age <= days:
                ids[period] |= named
    yield f"{'changed':14}{'people':>10}{'groups':>10}"
    for period, found in ids.items():
        groups = sum(id[0] == "-" for id in found)
        yield f"{period:14}{len(found) - groups:>10,}{groups:>10,}"
    if others:
        yield f"{count(others, 'session')} more, whose keys name nobody"


def export(store: Store, keys: list[str], person: str) -> int:
    """Write what sessions hold, and with a person what waits for them, as lines of JSON."""
    found = find(store, keys, person) if keys or person else Found([], [], [])
    waiting = [{"schedule": at.name, "when": at.when, "event": at.event} for at in found.waiting]
    for line in chain(found.items if keys or person else store.items(), waiting):
        write(json.dumps(line, ensure_ascii=False))
    if person and not found.items and not found.waiting:
        tell(f"No session in {store.place} has {person} in its key, and no scheduled event does.")
    summarize(tell, Found([], [], found.mention), person)
    return 0


def agrees(question: str, options: argparse.Namespace) -> bool:
    """Ask, unless --yes has answered."""
    if options.yes:
        return True
    if not sys.stdin.isatty():
        tell("Nothing was changed: there is no terminal to ask in. Add --yes.")
        return False
    print(f"{question} Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() == "yes":
        return True
    tell("Nothing was changed.")
    return False


def delete(store: Store, options: argparse.Namespace) -> int:
    found = find(store, options.keys, options.person)
    if not found.items and not found.waiting:
        tell(f"Nothing to delete in {store.place}.")
        summarize(tell, found, options.person)
        return 0
    tell(f"To delete from {store.place}:")
    summarize(tell, found, options.person)
    what = count(len(found.items), "session")
    if found.waiting:
        what += f" and {count(len(found.waiting), 'scheduled event')}"
    if not agrees(f"Delete {what}?", options):
        return 1
    for each in found.waiting:  # first: what runs may make a session again
        store.cancel(each)
    for item in found.items:
        store.delete(item["id"]["S"])
    tell(f"Deleted {what}.")
    return 0


def take(store: Store, items: list[Item], options: argparse.Namespace) -> int:
    """Import the sessions of an export."""
    there = [item for item in items if store.get(item["id"]["S"])]
    tell(f"{count(len(items), 'session')} to import into {store.place}, which has {len(there)}")
    summarize(tell, Found(there, [], []))
    if options.replace and there and not agrees("Replace those?", options):
        return 1
    written = sum(store.put(item, replace=options.replace) for item in items)
    kept = len(items) - written
    tell(
        f"Imported {written}."
        + (f" {kept} stay as they are: --replace overwrites them." if kept else "")
    )
    return 0


# The table.

OF_A_BOT = (("aws_dynamodb_table", "sessions"), ("aws_scheduler_schedule_group", "this"))


def deployed() -> tuple[str, str]:
    """Return the table of the Terraform state, and its region. Raises ToolError.

    A bot without sessions may have scheduled calls: the table then has the name that it would have.
    """
    pulled, why_not = pull()
    hint = "give --table NAME_sessions, or --file for the demo's and poll's"
    if why_not:
        raise ToolError(f"{why_not}: {hint}")
    found = {}
    for resource in pulled.get("resources", []):
        if (resource["type"], resource["name"]) in OF_A_BOT:
            for instance in resource["instances"]:
                about = instance["attributes"]
                table = about["name"].removesuffix(TABLE_ENDS) + TABLE_ENDS
                found[table] = about["arn"].split(":")[3]
    if not found:
        raise ToolError(f"the state of {folder()} has no sessions and no schedules: {hint}")
    if len(found) > 1:
        raise ToolError(f"there are several bots: give --table {' or '.join(sorted(found))}")
    [(table, region)] = found.items()
    return table, region


def open_store(options: argparse.Namespace) -> Store:
    """Return where the sessions are. Raises ToolError."""
    if options.file:
        return FileStore(Path(options.file))
    table, region = options.table, None
    if not table:
        table, region = deployed()
    elif not table.endswith(TABLE_ENDS):
        tell(f"The name doesn't end with {TABLE_ENDS}, so scheduled events aren't looked for.")
    return TableStore(table, options.region or region)


def arguments() -> argparse.Namespace:
    parser = parser_of(name("sessions"), __doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "keys",
        nargs="*",
        metavar="KEY",
        default=[],  # or argparse calls it required
        help="keys of sessions; for import a file (default: -)",
    )
    parser.add_argument("--person", metavar="ID", default="", help="what a person's id names")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--table", help="name of the table, such as telegram-bot_sessions")
    where.add_argument("--file", help="file in which demo --direct or poll keeps sessions")
    parser.add_argument("--region", help="region of the table (default: the state's, or AWS's own)")
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument(
        "--replace", action="store_true", help="let import overwrite sessions in the table"
    )
    options, others = parser.parse_known_intermixed_args()
    for key in others:  # such as a group's: argparse takes -100/42 for an option
        if re.match("-[^0-9]", key):
            parser.error(f"unrecognized argument: {key}")
    options.keys += others
    if options.person and not re.fullmatch("-?[1-9][0-9]*", options.person):
        parser.error("--person must be a Telegram id, a number such as 42")
    if options.person and options.keys:
        parser.error("--person names the sessions itself: leave out the keys")
    if options.command == "delete" and not (options.keys or options.person):
        parser.error("delete needs a KEY, or --person: list shows all")
    if options.command == "import" and (options.person or len(options.keys) > 1):
        parser.error("import takes one file, without --person or keys")
    if (options.command != "import") and options.replace:
        parser.error("--replace is for import")
    return options


def run(options: argparse.Namespace) -> int:
    """Do a command. Raises ToolError."""
    if options.command == "import":
        file = options.keys[0] if options.keys else "-"
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"{file} can't be read: {error}") from None
        items = [*read_lines(text.split("\n"))]
        return take(open_store(options), items, options)
    store = open_store(options)
    if options.command == "delete":
        return delete(store, options)
    if options.command == "list":
        return show_list(store, options.keys, options.person)
    return export(store, options.keys, options.person)


def main() -> int:
    options = arguments()
    try:
        if not options.file:
            go_on_in_venv("sessions")  # which has botocore
        return run(options)
    except ToolError as error:
        tell(f"{name('sessions')}: {error}")
        return 1
    except KeyboardInterrupt:
        tell(f"\n{name('sessions')}: interrupted")
        return 130
