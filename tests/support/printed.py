"""The commands that pages and scripts print, and a shell that runs them as a reader does."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from telegram_bot_aws.local.project import ROOT

PROGRAMS = r"(?:terraform|aws|curl|git|sed|\S*scripts/\w+)"
PRINTED = re.compile(
    rf"^ *```sh\n(?P<block>.*?)^ *```$|`(?P<sentence>(?:[A-Za-z_]+=\S+ )*{PROGRAMS} [^`]+)`",
    re.MULTILINE | re.DOTALL,
)
ENDLESS = "Ctrl-C ends the demo."  # what it prints when it is ready
DOCS = ROOT / "docs"
# The pages that tests/deployment/test_printed_commands.py follows. Operators' pages come in an
# order in which nothing needed is gone.
FIRST_BOT = (DOCS / "first-bot.md", DOCS / "how-to" / "test.md")
MIGRATE = DOCS / "migrate.md"
OPERATORS = [
    DOCS / f"{name}.md"
    for name in (
        *("runbook", "monitoring", "how-to/queue", "how-to/schedule", "how-to/apis"),
        *("user-data", "deploy"),
    )
]
AWS = ROOT / "tests" / "support" / "aws_cli.py"

# Commands of these pages that aren't typed there, and why, or which test runs them.
NOT_RUN = {
    r".* -m venv .*": "downloads packages, which .venv has here",
    r".* pip install .*": "downloads packages, which .venv has here",
    r"git (?:fetch --tags|show v.*|-c gpg.* verify-tag .*)": (
        "needs two releases: tests/docs/test_release.py verifies the tag of one"
    ),
    r"terraform (?:import|state rm)|aws dynamodb batch-write-item|scripts/new --example": "a name",
    r"terraform force-unlock": "needs a lock that an apply left",
    r"terraform workspace (?:new|select) .*": "with another state, the next commands find nothing",
    r"terraform init -migrate-state": "asks, and needs a backend: tests/deployment/test_ci.py",
    r"terraform state list \|.*": "tests/deployment/test_clones.py",
    r"terraform state push errored.tfstate": "needs the file of an apply whose rights expired",
    r"aws dynamodb (?:list-backups|restore-table-.*) .*": "the emulated AWS has no backups",
    r"uvx .*": "needs GitHub: tools/command has a test with a local repository",
    r".*scripts/poll .*": "ends with Ctrl-C: test_poll.py in tools/command",
}


def printed(page):
    """Return the commands of a page's shell blocks and sentences, in their order, each as a line.

    Comments are left out.
    """
    return [*_lines(page.read_text())]


def _lines(text):
    for found in PRINTED.finditer(text):
        block = (found["block"] or found["sentence"]).replace("\\\n", " ")
        lines = block.splitlines() if found["block"] else [" ".join(block.split())]
        for line in lines:
            if line.strip() and not line.strip().startswith("#"):
                yield re.sub(" +# .*", "", line).strip()


def is_run(line):
    """Tell whether tests run a command, or rather there is a reason why none can."""
    return not any(re.fullmatch(pattern, line) for pattern in NOT_RUN)


class Shell:
    """Runs commands one after the other, as in one terminal: folder and variables stay.

    `programs` is a folder that comes first on the PATH, for which this writes `aws`, without the
    AWS CLI's own commands but `aws logs tail`, which ends here.
    """

    def __init__(self, folder, programs, environment):
        self._programs = programs
        self._state = programs / "state"
        self._state.write_text(f"cd {shlex.quote(str(folder))}\n")
        self._environment = environment
        self._environment["PATH"] = f"{programs}:{environment['PATH']}"
        (programs / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -P {AWS} "$@"\n')
        (programs / "aws").chmod(0o755)

    def run(self, line):
        """Run a line, which must succeed, and return its output. The demo's page gets a Ctrl-C."""
        state = shlex.quote(str(self._state))
        process = subprocess.Popen(
            ["sh", "-ec", f". {state}\n{line}\nexport -p >{state}\necho 'cd \"$PWD\"' >>{state}"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output = ""
        with process:
            assert process.stdout
            for text in process.stdout:
                output += text
                if ENDLESS in text:
                    os.killpg(process.pid, signal.SIGINT)
        expected = (0, 130, -signal.SIGINT) if ENDLESS in output else (0,)
        assert process.returncode in expected, f"{line}: {process.returncode}\n{output}"
        return output

    @property
    def folder(self):
        """The current folder."""
        return Path(self.run("pwd").strip())
