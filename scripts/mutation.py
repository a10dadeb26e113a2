#!/usr/bin/env python3
"""Break lambda/ in every small way, one at a time, and see that a test fails for each.

It works in a temporary copy, takes half an hour, and is no part of scripts/test.
Every survivor is printed, as a diff; the score counts all mutants but those listed as equivalent.

    .venv/bin/pip install cosmic-ray==8.7.0
    .venv/bin/python scripts/mutants [MODULE …]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
SECONDS = 60  # for the tests of a mutant: one that hangs has been noticed

# The tests of each module, those that fail soonest first.
TESTS = {
    "api": [
        "function/test_api",
        "function/test_webhook",
        "function/test_handler",
        "promises/test_faults",
    ],
    "aws": ["function/test_aws", "function/test_api"],
    "bot": ["function/test_bot", "promises/test_hostile"],
    "connection": [
        "function/test_connection",
        "promises/test_certificates",
        "promises/test_faults",
    ],
    "errors": ["function/test_telegram", "function/test_handler", "promises/test_runtime"],
    "exchange": ["function/test_exchange", "function/test_connection", "promises/test_faults"],
    "handler": [
        "function/test_handler",
        "function/test_webhook",
        "promises/test_faults",
        "promises/test_hostile",
        "promises/test_runtime",
    ],
    "settings": ["function/test_settings"],
    "telegram": ["function/test_telegram", "function/test_handler", "promises/test_faults"],
    "webhook": ["function/test_webhook"],
}

# Annotations are never evaluated, and hold the only `|` of lambda/.
NOT_RUN = "core/ReplaceBinaryOperator_BitOr_.*"

# Mutants that no test can tell from the original: the line that they put in, and why.
SAME_TYPE = "types are equal if they are the same"
ONE_SECOND = "the pause is of one second"
TWO_MODES = "main.tf takes these two alone"
UNREAD = "it isn't read before it is set"
EQUIVALENT = {
    "*": {
        "TYPE_CHECKING = True": "it imports what is loaded already, or test_startup would fail",
        "if not TYPE_CHECKING:  # `typing` and its kind would cost 2 ms of every cold start": (
            "it imports what is loaded already, or test_startup would fail"
        ),
    },
    "api": {
        "fetched_at = 1.0  # time.monotonic()": UNREAD,
        "fetched_at = -1.0  # time.monotonic()": UNREAD,
        "if refusal.code > 400 or refusal.migrate_to_chat_id is None:": "no code is lower",
    },
    "aws": {
        "if status <= 200 and isinstance(result, dict):": "http.client returns no lower one",
    },
    "bot": {
        'first_word = text.split(maxsplit= 2)[0] if text.strip() else ""': "the first is the first",
        "if type(value) != kind:": SAME_TYPE,
    },
    "connection": {
        "connection.recv( 2)": "how much is asked for doesn't matter",
        "self._last_used = -1.0": UNREAD,
        "self._last_used = 1.0": UNREAD,
        'self._is_secure = scheme.lower() >= "https"': "main.tf takes http and https alone",
        "self.join(max(deadline - time.monotonic(), -1))": "join takes both for no time at all",
    },
    "handler": {
        'if OUTCOMES[outcome][1] > 200 or outcome == "incomplete":': "they are 200 and 503",
        'if not isinstance(update, dict) or type(update.get("update_id")) != int:': SAME_TYPE,
        'if settings.reply_mode <= "api":': TWO_MODES,
        "if error == broken and isinstance(error, SyntaxError):  # a file that can't be run": (
            "exceptions are equal if they are the same"
        ),
        "if len(given) != 1 or not isinstance(given[ -1], str):": "there is one by then",
        "if status >= 503 and retry_after is not None and retry_after >= 0:": "none is higher",
        'return compare_digest(given[ -1].encode("utf-8", "surrogatepass"), secret)': "as above",
        'return settings.reply_mode >= "webhook" and not never': TWO_MODES,
    },
    "telegram": {
        "code = code if type(code) == int else status": SAME_TYPE,
        "return {name: value for name, value in parameters.items() if type(value) == int}": (
            SAME_TYPE
        ),
    },
    "webhook": {
        "if not _may_mend_itself(error) or time.monotonic() + 2 // PAUSE_SECONDS > deadline:": (
            ONE_SECOND
        ),
        "if not _may_mend_itself(error) or time.monotonic() + 2 ** PAUSE_SECONDS > deadline:": (
            ONE_SECOND
        ),
        "if not _may_mend_itself(error) or time.monotonic() + 2 / PAUSE_SECONDS > deadline:": (
            ONE_SECOND
        ),
    },
}


def run(folder: Path, *command: str) -> str:
    """Run a program of this Python's, and return what it prints."""
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    return subprocess.run(
        program, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout  # fmt: skip


def mutate(module: str) -> list[dict[str, Any]]:
    """Test all mutants of a module, and return what became of each."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        for name in ("lambda", "scripts", "tests"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "pyproject.toml", folder)
        files = " ".join(f"tests/{name}.py" for name in [*TESTS[module], "promises/test_startup"])
        pytest = f"{sys.executable} -B -m pytest -x -q -p no:cacheprovider"
        (folder / "config.toml").write_text(
            "[cosmic-ray]\n"
            f'module-path = "{path(module)}"\n'
            f"timeout = {SECONDS}.0\n"
            "excluded-modules = []\n"
            f'test-command = "{pytest} {files}"\n'
            '[cosmic-ray.distributor]\nname = "local"\n'
            f'[cosmic-ray.filters.operators-filter]\nexclude-operators = ["{NOT_RUN}"]\n'
        )
        run(folder, "cosmic-ray", "init", "config.toml", "session.sqlite")
        run(folder, "cr-filter-operators", "session.sqlite", "config.toml")
        run(folder, "cosmic-ray", "baseline", "config.toml")
        print(f"{module}.py …", flush=True)
        run(folder, "cosmic-ray", "exec", "config.toml", "session.sqlite")
        pairs = map(json.loads, run(folder, "cosmic-ray", "dump", "session.sqlite").splitlines())
        results = [result for _, result in pairs if result]
    return [result for result in results if result["diff"]]  # else skipped, or not to be made


def lines(result: dict[str, Any]) -> list[str]:
    """Return the changed lines of a mutant's diff."""
    changed = [line for line in result["diff"].splitlines() if line[:1] in "-+"]
    return [line for line in changed if not line.startswith(("---", "+++"))]


def path(module: str) -> str:
    folder = "lambda" if module in ("bot", "handler") else "lambda/botkit"
    return f"{folder}/{module}.py"


def size(module: str) -> int:
    return (ROOT / path(module)).stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="bot, handler … (all of them)")
    modules = parser.parse_args().modules or sorted(TESTS, key=size, reverse=True)
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for module, results in zip(modules, pool.map(mutate, modules), strict=True):
            counts: Counter[str] = Counter()
            for result in results:
                outcome = result["test_outcome"]
                if outcome not in ("killed", "survived") or not result["output"].strip():
                    sys.exit("\n".join([f"{module}.py: its tests did not run", *lines(result)]))
                survived = outcome == "survived"
                added = [line[1:].strip() for line in lines(result) if line.startswith("+")]
                known = EQUIVALENT["*"] | EQUIVALENT.get(module, {})
                equivalent = survived and any(line in known for line in added)
                counts["equivalent" if equivalent else "survived" if survived else "killed"] += 1
                if survived and not equivalent:
                    print(f"\n{module}.py: survived", *lines(result), sep="\n")
            print(f"\n{module}.py: {dict(counts)}", flush=True)
            total += counts
    tried = total["killed"] + total["survived"]
    print(f"\n{total['killed']} of {tried} mutants killed ({total['killed'] / tried:.1%})")
    print(f"{total['equivalent']} more are equivalent")
    sys.exit(bool(total["survived"]))


if __name__ == "__main__":
    main()
