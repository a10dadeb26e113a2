"""Break lambda/ in every small way, one at a time, and see that a test fails for each.

It works in a temporary copy, takes more than an hour, and is no part of scripts/test.
Every survivor is printed, as a diff; the score counts all mutants but those listed as equivalent.
"""

from __future__ import annotations

import argparse
import io
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.project import LAMBDA, ROOT

WORKERS = 2
SECONDS = 60  # for the tests of a mutant: one that hangs has been noticed

# The tests of each module, those that fail soonest first.
TESTS = {
    "bot": ["echo/test_bot"],
    "botkit/aws": ["unit/test_aws", "unit/test_telegram_call"],
    "botkit/host/calls": [
        "unit/test_handler",
        "unit/host/test_webhook",
        "integration/test_faults",
        "integration/test_hostile",
    ],
    "botkit/http/connection": [
        "unit/http/test_connection",
        "integration/test_certificates",
        "integration/test_faults",
    ],
    "botkit/deadline": [
        "unit/test_deadline",
        "unit/host/test_webhook",
    ],
    "botkit/errors": ["unit/test_telegram", "unit/test_handler", "integration/test_runtime"],
    "botkit/http/exchange": [
        "unit/http/test_exchange",
        "unit/http/test_connection",
        "integration/test_faults",
    ],
    "botkit/host/init_data": ["unit/host/test_init_data"],
    "botkit/host/mini_app": ["unit/host/test_mini_app", "integration/test_hostile"],
    "botkit/http/multipart": ["unit/http/test_multipart"],
    "botkit/host/outcome": [
        "unit/test_handler",
        "unit/host/test_mini_app",
        "unit/host/test_queue",
        "integration/test_faults",
        "integration/test_runtime",
    ],
    "botkit/host/queue": ["unit/host/test_queue"],
    "botkit/settings": ["unit/test_settings"],
    "botkit/host/strict_json": ["unit/test_handler", "unit/host/test_mini_app"],
    "botkit/telegram": [
        "unit/test_telegram",
        "unit/test_telegram_call",
        "unit/host/test_mini_app",
        "unit/test_handler",
        "integration/test_faults",
    ],
    "botkit/types": ["unit/test_types"],
    "botkit/host/webhook": ["unit/host/test_webhook"],
    "handler": [
        "unit/test_handler",
        "unit/host/test_queue",
        "unit/host/test_webhook",
        "unit/host/test_mini_app",
        "integration/test_faults",
        "integration/test_hostile",
        "integration/test_runtime",
    ],
}

# Annotations are never evaluated, and hold the only `|` of lambda/.
NOT_RUN = "core/ReplaceBinaryOperator_BitOr_.*"

# Mutants that no test can tell from the original: the line that they put in, and why.
SAME_TYPE = "types are equal if they are the same"
ONE_SECOND = "the pause is of one second"
TWO_MODES = "main.tf takes only these two"
UNREAD = "it isn't read before it is set"
TOO_LONG = "a test would have to wait as long"
LOWEST = "http.client returns no lower one"
NOT_EQUAL = "it isn't equal"
NO_BODY = "it is the limit of a proxy's answer, whose body isn't read"
EQUIVALENT = {
    "*": {
        "TYPE_CHECKING = True": "it imports what is loaded already, or test_startup would fail",
        "if not TYPE_CHECKING:": "as above",
    },
    "bot": {
        'if is_from_a_bot(message) or message["message_id"] <= 0:': "no id is lower",
    },
    "botkit/aws": {
        "if status <= 200 and isinstance(result, dict):": LOWEST,
    },
    "botkit/host/calls": {
        "if threading.current_thread() == threading.main_thread():": "there is one main thread",
        "had_time = deadline.left() >= 0": NOT_EQUAL,
        "if calls and had_time and deadline.left() < 0:": NOT_EQUAL,
    },
    "botkit/http/connection": {
        "connection.recv(2)": "how much is asked for doesn't matter",
        "self._last_used = -1.0": UNREAD,
        "self._last_used = 1.0": UNREAD,
        'self._is_secure = scheme.lower() >= "https"': "main.tf takes only http and https",
        "self.join(max(deadline - time.monotonic(), -1))": "join takes both for no time at all",
        "connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 2)": "any but 0 is on",
        "CONNECT_SECONDS = 11": TOO_LONG,
        "CONNECT_SECONDS = 9": TOO_LONG,
    },
    "botkit/http/exchange": {
        "if self._received > self.limit ^ HEAD_LIMIT:": "the two have no bit in common",
        "if self._received > self.limit | HEAD_LIMIT:": "as above",
        "def __init__(self, connection: socket, deadline: float, limit: int = 1) -> None:": NO_BODY,
        "def __init__(self, connection: socket, deadline: float, limit: int = -1) -> None:": (
            NO_BODY
        ),
    },
    "botkit/host/init_data": {
        "if len(fields) != len(pairs):": "there are never more",
        "if len(fields) is not len(pairs):": "as above, and the numbers are small",
        'if type(fields["user"]["id"]) != int:': SAME_TYPE,
    },
    "botkit/host/mini_app": {
        "if outcome.status <= 500:": "the other one is 503",
        "status, value = answer if type(answer) == tuple and len(answer) == 2 else (200, answer)": (
            SAME_TYPE
        ),
    },
    "botkit/http/multipart": {
        f"boundary = os.urandom({length}).hex()": "as unlikely in a file" for length in (15, 17)
    },
    "botkit/host/outcome": {
        "def where_raised(error: BaseException, /, at_import: bool = False) -> str:": (
            "callers name it"
        ),
    },
    "botkit/host/queue": {"if outcome.status <= 200:": "no status is lower"},
    "botkit/telegram": {
        "if status <= 200:": LOWEST,
        "if 400 <= status < 500:": "the line above raises at 400",
        "if 399 < status < 500:": "as above",
        "_fetched_at = 1.0": UNREAD,
        "_fetched_at = -1.0": UNREAD,
        "code = code if type(code) == int else status": SAME_TYPE,
        "if refusal.code > 400 or refusal.migrate_to_chat_id is None:": "no code is lower",
        "return {name: value for name, value in parameters.items() if type(value) == int}": (
            SAME_TYPE
        ),
    },
    "botkit/host/webhook": {
        f"if not _may_pass(error) or deadline.left() < 2 {operator} PAUSE_SECONDS:": ONE_SECOND
        for operator in ("/", "//", "**")
    }
    | {
        "thread.join(min(RESOLVE_SECONDS, deadline.left() - 2))": TOO_LONG,
        "if not _may_pass(error) or deadline.left() <= 2 * PAUSE_SECONDS:": NOT_EQUAL,
        'if not isinstance(getattr(bot, "INIT_DATA_SECONDS", 1), (int, float)):': "a number, too",
        'if not isinstance(getattr(bot, "INIT_DATA_SECONDS", -1), (int, float)):': "as above",
        **{
            f'f"COMMANDS: {{str(name)[:{length}]!r}} must have 1 to 32 lowercase letters, '
            'digits and "': "a name of that length is cut anywhere"
            for length in (98, 100)
        },
        'info["pending_update_count"] != 0': "no number is lower",
        'and now - info.get("last_error_date", -1) < FAILING_SECONDS': "all are long ago",
        'and now - info.get("last_error_date", 1) < FAILING_SECONDS': "as above",
        'if button["type"] >= "web_app" and button["web_app"]["url"] == event["url"]:': (
            "no type sorts after it"
        ),
        'if scheme >= "https":': "the URL is API Gateway's, or an emulator's with http",
    },
    "handler": {
        "CONNECT_SECONDS = 4.0": TOO_LONG,
        "CONNECT_SECONDS = 2.0": TOO_LONG,
        'if outcome.status > 200 or outcome.name == "bot_failed":': "no status is lower",
        "if outcome.status <= 200:": "no status is lower",
        'if not isinstance(update, dict) or type(update.get("update_id")) != int:': SAME_TYPE,
        'connects = settings.reply_mode <= "api"': TWO_MODES,
        'if settings.reply_mode < "webhook":': TWO_MODES,
    },
}


def run(folder: Path, *command: str) -> str:
    """Run a program that is installed beside this Python, and return what it prints."""
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    return subprocess.run(
        program, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout  # fmt: skip


def mutate(module: str) -> list[dict[str, Any]] | None:
    """Test all mutants of a module, and return what became of each.

    Returns None if its tests fail without a mutant.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        for name in ("lambda", "scripts", "tests"):
            shutil.copytree(ROOT / name, folder / name)
        for file in (ROOT / "pyproject.toml", *ROOT.glob("*.tf")):
            shutil.copy(file, folder)
        files = " ".join(
            f"tests/{name}.py" for name in [*TESTS[module], "integration/test_startup"]
        )
        pytest = f"{shlex.quote(sys.executable)} -B -m pytest -x -q -p no:cacheprovider"
        (folder / "config.toml").write_text(
            "[cosmic-ray]\n"
            f'module-path = "{path(module).relative_to(ROOT)}"\n'
            f"timeout = {SECONDS}.0\n"
            "excluded-modules = []\n"
            f"test-command = {json.dumps(f'{pytest} {files}')}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f'[cosmic-ray.filters.operators-filter]\nexclude-operators = ["{NOT_RUN}"]\n'
        )
        run(folder, "cosmic-ray", "init", "config.toml", "session.sqlite")
        run(folder, "cr-filter-operators", "session.sqlite", "config.toml")
        try:
            run(folder, "cosmic-ray", "baseline", "config.toml")
        except subprocess.CalledProcessError:
            return None
        print(f"{module}.py …", flush=True)
        run(folder, "cosmic-ray", "exec", "config.toml", "session.sqlite")
        pairs = map(json.loads, run(folder, "cosmic-ray", "dump", "session.sqlite").splitlines())
        results = [result for _, result in pairs if result]
    return [result for result in results if result["diff"]]  # else skipped, or not to be made


def is_equivalent(module: str, result: dict[str, Any]) -> bool:
    """Tell whether a mutant is listed as equivalent. Comments and spaces don't count."""
    known = {code(line) for line in EQUIVALENT["*"] | EQUIVALENT.get(module, {})}
    return any(code(line[1:]) in known for line in lines(result) if line.startswith("+"))


def code(line: str) -> tuple[str, ...]:
    """Return the tokens of a line, which may be a part of a statement, less its comment."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.type != tokenize.COMMENT and token.string.strip():
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass  # the rest of the statement is on other lines
    return tuple(found)


def lines(result: dict[str, Any]) -> list[str]:
    """Return the changed lines of a mutant's diff."""
    changed = [line for line in result["diff"].splitlines() if line[:1] in "-+"]
    return [line for line in changed if not line.startswith(("---", "+++"))]


def path(module: str) -> Path:
    return LAMBDA / f"{module}.py"


def size(module: str) -> int:
    return path(module).stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="bot, botkit/aws … (default: all)"
    )
    modules = parser.parse_args().modules or sorted(TESTS, key=size, reverse=True)
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for module, results in zip(modules, pool.map(mutate, modules), strict=True):
            if results is None:
                print(f"\n{module}.py: its tests fail without a mutant", flush=True)
                total["not tried"] += 1
                continue
            counts: Counter[str] = Counter()
            for result in results:
                outcome = result["test_outcome"]
                if outcome not in ("killed", "survived") or not result["output"].strip():
                    sys.exit("\n".join([f"{module}.py: its tests did not run", *lines(result)]))
                survived = outcome == "survived"
                equivalent = survived and is_equivalent(module, result)
                counts["equivalent" if equivalent else "survived" if survived else "killed"] += 1
                if survived and not equivalent:
                    print(f"\n{module}.py: survived", *lines(result), sep="\n")
            print(f"\n{module}.py: {dict(counts)}", flush=True)
            total += counts
    tried = total["killed"] + total["survived"]
    if tried:
        print(f"\n{total['killed']} of {tried} mutants killed ({total['killed'] / tried:.1%})")
        print(f"{total['equivalent']} more are equivalent")
    return int(total["survived"] + total["not tried"] > 0)


if __name__ == "__main__":
    sys.exit(main())
