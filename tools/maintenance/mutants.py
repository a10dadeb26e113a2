"""Break lambda/ in many small ways, one at a time, and see that a test fails for each.

It works in a temporary copy, takes up to three hours, and isn't part of scripts/test. First it
measures which tests reach which lines. Every survivor is printed, as a diff. A line that ends with
`# pragma: no mutate` isn't broken: it holds a mutant that no test can tell from the original.

Exit code: 0 if none survived, 1 if one did or was not tried, 2 if an argument is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from telegram_bot_aws.local.project import LAMBDA, ROOT

WORKERS = 2
SECONDS = 900  # for the tests of a mutant that no fork noticed: other programs also use the machine
PYTEST = (sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider")
FOLDERS = ("tests/unit", "tests/echo", "tests/integration")  # those that break soonest first
# It counts what is loaded in processes of its own, which the coverage of lines doesn't see.
OF_ALL_MODULES = "tests/integration/test_startup.py"

# Other operators break less than these or ours in maintenance_operators.py, or mostly nothing: `1`
# becomes `2` where any number will do, `==` becomes `is`.
NOT_RUN = [
    "core/AddNot",
    "core/NumberReplacer",
    "core/ReplaceBinaryOperator_.*",
    "core/ReplaceComparisonOperator_.*",
    "core/ReplaceUnaryOperator_(Invert|UAdd|USub)_.*",
]


def run(folder: Path, *command: str, stdout: int = subprocess.PIPE) -> str:
    """Run a program that is installed next to this Python, and return its output."""
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, check=True, stdout=stdout, text=True).stdout


def copied(folder: Path) -> Path:
    """Copy the project into a folder, and return it. The tests read nothing that is hidden."""
    ignore = shutil.ignore_patterns(".*", "__pycache__")
    return Path(shutil.copytree(ROOT, folder, ignore=ignore))


def cover(folder: Path) -> Path:
    """Run all tests, and return the file that tells which of them reach which lines."""
    print("Which tests reach which lines …", flush=True)
    os.environ["COVERAGE_BRANCHES"] = "false"
    options = ("--cov", "--cov-context=test", "--cov-report=", "--cov-fail-under=0")
    processes = ("--numprocesses", str(WORKERS))
    run(
        folder,
        *PYTEST,
        *FOLDERS,
        "-m",
        "not slow",
        *options,
        *processes,
        stdout=sys.stderr.fileno(),
    )
    return folder / ".coverage"


def reached(coverage: Path, module: str) -> dict[int, set[str]]:
    """Return the ids of the tests that reach each line of a module."""
    from coverage import CoverageData  # lazy: only a whole set-up has it

    data = CoverageData(str(coverage))
    data.read()
    [file] = [each for each in data.measured_files() if each.endswith(f"/lambda/{module}.py")]
    return {
        line: {context.rpartition("|")[0] for context in contexts if context}
        for line, contexts in data.contexts_by_lineno(file).items()
    }


def files(tests: dict[int, set[str]]) -> list[str]:
    """Return the files of tests in the order of FOLDERS, those that reach most lines first."""
    counts = Counter(test.partition("::")[0] for line in tests.values() for test in line)
    by_count = [name for name, _ in counts.most_common()]
    return [name for folder in FOLDERS for name in by_count if name.startswith(folder)]


def mutate(module: str, coverage: Path) -> list[dict[str, Any]] | None:
    """Test all mutants of a module, and return the result of each.

    Returns None if its tests fail without a mutant.
    """
    every = files(reached(coverage, module))
    slow = [file for file in every if file.startswith(FOLDERS[-1])]
    quick = [file for file in every if file not in slow]
    last = shlex.join([*PYTEST, "-x", *dict.fromkeys([*every, OF_ALL_MODULES])])
    with tempfile.TemporaryDirectory() as temporary:
        # Not from ROOT: the lines are those of this copy.
        folder = shutil.copytree(coverage.parent, Path(temporary, "project"))
        (folder / "config.toml").write_text(
            "[cosmic-ray]\n"
            f'module-path = "{path(module).relative_to(ROOT)}"\n'
            f"timeout = {SECONDS}.0\n"
            "excluded-modules = []\n"
            f"test-command = {json.dumps(last)}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(NOT_RUN)}\n"
        )
        run(folder, "cosmic-ray", "init", "config.toml", "session.sqlite")
        run(folder, "cr-filter-operators", "session.sqlite", "config.toml")
        run(folder, "cr-filter-pragma", "session.sqlite")
        print(f"{module}.py …", flush=True)
        forks = ("-m", "not slow", "-p", "tools.maintenance.forks", f"--mutated={module}")
        try:
            for some in filter(None, (quick, slow)):
                run(folder, *PYTEST, "-x", *forks, *some)
        except subprocess.CalledProcessError as error:
            print(error.stdout[-2000:], file=sys.stderr)
            return None
        # A survivor in a fork is tried again in a separate process, by all tests.
        run(folder, "cosmic-ray", "exec", "config.toml", "session.sqlite")
        dump = run(folder, "cosmic-ray", "dump", "session.sqlite")
    results = [json.loads(line)[1] for line in dump.splitlines()]
    return [
        each for each in results if each and each.get("diff")
    ]  # else left out, or can't be made


def lines(result: dict[str, Any]) -> list[str]:
    """Return the changed lines of a mutant's diff, and where they are."""
    changed = [line for line in result["diff"].splitlines() if line[:1] in ("-", "+", "@")]
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
    known = [str(file.relative_to(LAMBDA).with_suffix("")) for file in LAMBDA.rglob("*.py")]
    modules = parser.parse_args().modules or sorted(filter(size, known), key=size, reverse=True)
    for module in modules:
        if module not in known:
            parser.error(f"there is no module {module}: name some of {', '.join(sorted(known))}")
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(WORKERS) as pool:
        coverage = cover(copied(Path(temporary, "project")))
        tried = {pool.submit(mutate, module, coverage): module for module in modules}
        for each in as_completed(tried):
            module, results = tried[each], each.result()
            if results is None:
                print(f"\n{module}.py: its tests fail without a mutant", flush=True)
                total["not tried"] += 1
                continue
            counts: Counter[str] = Counter()
            for result in results:
                outcome = result["test_outcome"]
                if outcome not in ("killed", "survived") or not result["output"].strip():
                    sys.exit("\n".join([f"{module}.py: its tests did not run", *lines(result)]))
                counts[outcome] += 1
                if outcome == "survived":
                    print(f"\n{module}.py: a survivor", *lines(result), sep="\n")
            print(f"\n{module}.py: {dict(counts)}", flush=True)
            total += counts
    count = total["killed"] + total["survived"]
    if count:
        print(f"\n{total['killed']} of {count} mutants killed ({total['killed'] / count:.1%})")
    return int(total["survived"] + total["not tried"] > 0)


if __name__ == "__main__":
    sys.exit(main())
