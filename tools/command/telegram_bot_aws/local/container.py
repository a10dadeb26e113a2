"""The function in a process on this machine, kept between invocations like a Lambda container."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bot_files import sources
from botkit.fakes.services import ENVIRONMENT, Poller, Scheduler, Services, alone, write

from telegram_bot_aws.local.packages import command
from telegram_bot_aws.local.processes import (
    end_at_once,
    minimal_environment,
    signal_group,
    too_much_memory,
)
from telegram_bot_aws.local.project import LAMBDA, ROOT
from telegram_bot_aws.local.sources import Sources, read_sources

Json = dict[str, Any]

TIMEOUT = 10.0  # seconds, as variables.tf has it
INIT_TIMEOUT = 30.0  # Lambda's is 10, but a busy machine is slower
LOOK_SECONDS = 30.0  # between two looks: a machine that sleeps stops the clock of a pause
RECORD = "\x1e"  # begins a log line in the output
# Advice on exceptions that surprise people, by a pattern of a traceback's last lines.
ADVICE = {
    r'File "<frozen os>", line \d+, in __getitem__\nKeyError: (.+)': "the environment has no {0}. "
    "On AWS and in the whole demo, environment = {{ … }} in main.tf sets it, and in demo --direct "
    "and poll --env-file FILE, such as a .env, which isn't packed",
    "ModuleNotFoundError: No module named '(boto3|botocore|urllib3)'": "Lambda has {0}. Here it "
    "comes with scripts/bootstrap terraform",
    "ModuleNotFoundError: .+": "a package that it imports must be in the bot's requirements.txt",
    ".+(?:Read-only file system|readonly database|unable to open database file).*": "a bot can "
    "only write to /tmp, which ends with its container: keep lasting data in a session, or "
    "in a database elsewhere",
    ".+DeadlineExceeded: .+": "raise timeout in main.tf, which demo --direct and poll don't read: "
    "they have 10 s, and a queue (docs/reference.md#limits)",
    r".*\bCancelledError\n[\s\S]+\nTimeoutError": "a task ran until the time was over, and nothing "
    "runs after the answer. For what comes later, use botkit.schedule",
    ".+no such table: .+": "a database in /tmp ends with its container, and each new one begins "
    "without it",
}
DELIVERY = "x-demo-delivery"  # the header with a delivery's id
EXCEPTION = "exception in bot.py"  # the message of the debug line that has the traceback
NO_END = (
    "bot.py can't be imported: its import didn't end within {:g} s (Lambda's limit is 10). Move "
    "code that "
    'polls under `if __name__ == "__main__":` (docs/migrate.md). If it only takes long, '
    "raise memory_size, which also gives it more CPU, and timeout"
)

# Runs in the process: imports the handler, then answers each line with a line.
CONTAINER = """
import json, logging, os, sys, time, traceback

answers = os.fdopen(int(sys.argv[1]), "w")
known = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

class Collect(logging.Handler):
    def emit(self, record):
        fields = {k: v for k, v in vars(record).items() if k not in known}
        if record.exc_info:
            fields["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        line = {"level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= fields
        os.write(2, f"\\x1e{json.dumps(line, default=str)}\\n".encode())

logging.basicConfig(level=logging.INFO, handlers=[Collect()])
logging.getLogger("botkit").setLevel(logging.DEBUG)  # the traceback's level

class Context:
    function_name = "telegram-bot"
    memory_limit_in_mb = 128
    def __init__(self, timeout, request_id):
        self.ends, self.aws_request_id = time.monotonic() + timeout, request_id
    def get_remaining_time_in_millis(self):
        return max(0, int((self.ends - time.monotonic()) * 1000))

def say(**answer):
    print(json.dumps(answer, default=str), file=answers, flush=True)

try:
    sessions, start_seconds, patience = sys.argv[4], float(sys.argv[5]), int(sys.argv[6])
    from botkit.deadline import TIMES, deadline
    deadline.start(start_seconds)
    TIMES.update({kind: (most * patience, spare) for kind, (most, spare) in TIMES.items()})
    if sessions:
        from pathlib import Path
        from botkit import aws
        from botkit.fakes.services import Services
        Services(aws, Path(sessions)).install()
    from handler import handler
except BaseException:
    say(error=traceback.format_exc())
    sys.exit(1)
say()
for line in sys.stdin:
    call = json.loads(line)
    try:
        if call["has"] is not None:
            from botkit import bot_module
            from botkit.release import check, registration
            bot, kinds = bot_module.load(), registration.allowed_updates()
            say(result=[kinds, check.missing_inputs(bot, check.imports(bot), *call["has"])])
        else:
            say(result=handler(call["event"], Context(call["timeout"], call["request_id"])))
    except Exception as error:
        say(error=f"{type(error).__name__}: {error}")
"""

# The frames of a traceback before the first one of bot.py.
BEFORE_BOT = re.compile(
    r"""^(Traceback .*\n)(?:  File (?!.*/bot\.py").*\n(?:    .*\n)*)+(?=  File .*/bot\.py")""", re.M
)


@dataclass
class Invocation:
    """One invocation of the handler. Unknown values are None.

    `error` is the exception that it raised, or how else it ended. `output` has the log lines that
    Lambda would keep, and the text that was printed before, between and after them. `traceback` is
    that of an exception in bot.py. `cold` tells whether it started a container, which took
    `start_milliseconds`. `delivery` is the demo's id of a delivery to an emulated AWS.
    """

    event: Json | None = None
    delivery: str = ""
    result: Any = None
    error: str = ""
    traceback: str = ""
    output: list[str | Json] = field(default_factory=list)
    cold: bool | None = None
    start_milliseconds: float | None = None
    milliseconds: float | None = None

    def take_output(self, text: str) -> None:
        """Keep output in order, and the traceback from the debug lines, which Lambda wouldn't keep.

        RECORD begins a log line, as in https://www.rfc-editor.org/rfc/rfc7464
        """
        printed, *records = text.split(RECORD)
        self.output += [printed] if printed else []
        for record in records:
            text, _, printed = record.partition("\n")
            try:
                line = json.loads(text)
            except ValueError:  # the bot printed it
                line, printed = {"level": "DEBUG"}, record
            if line["level"] != "DEBUG":
                self.output.append(line)
            elif line.get("message") == EXCEPTION and "traceback" in line:
                self.traceback = advised(BEFORE_BOT.sub(r"\1", line["traceback"]))
            self.output += [printed] if printed else []

    @property
    def logs(self) -> list[Json]:
        """The log lines."""
        return [part for part in self.output if not isinstance(part, str)]

    @property
    def printed(self) -> str:
        """The other output."""
        return "".join(part for part in self.output if isinstance(part, str))

    @property
    def outcome(self) -> Json:
        """The handler's log line about the update or event."""
        return next((line for line in self.logs if "outcome" in line), {})

    @property
    def problem(self) -> str:
        """Why bot.py can't be used, after a check of it, with its traceback and what it printed."""
        told = re.sub(r"^(ReleaseFailed|Misconfigured): ", "", self.error.strip())
        if self.traceback:  # its advice also says where a module must be
            told = told.partition(". Modules that bot.py imports must be")[0]
        return "\n".join(filter(None, (told, self.traceback, self.printed)))

    @property
    def failure(self) -> str:
        """The failure of bot.py, if any: the traceback, or a sentence and the line of bot.py."""
        line = self.outcome
        if line.get("outcome") not in ("bot_error", "mini_app_error", "misconfigured"):
            return ""
        places = [place for place in line.get("stack_trace", []) if place.startswith("bot.py:")]
        return self.traceback or "\n  at ".join([str(line.get("error", "")), *places[-1:]])


class Look(NamedTuple):
    """What bot.py tells of itself: the update types that it handles, and in sentences which inputs
    of the module it needs that aren't set."""

    kinds: list[str]
    missing: list[str]


@dataclass(eq=False)
class Container:
    """The handler in a process.

    `bot` is the folder with bot.py, `sessions` the file that keeps its sessions: then AWS has
    stand-ins, and the process is restarted when a source changes. Without the file, `bot` is a
    package for an emulated AWS, and `runtime` that of its function. There is one invocation at a
    time. The process gets only this environment, PATH, and what Python needs, and is frozen between
    invocations. One that takes surely more than `memory_size` MB, if given, prints that. It ends
    with the `with` block. `patience` is by how much a busy machine may need more time.
    """

    bot: Path
    environment: dict[str, str]
    sessions: Path | None
    timeout: float = TIMEOUT
    memory_size: int = 0
    runtime: str = ""
    patience: int = 1

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._folder = tempfile.mkdtemp(prefix="telegram-bot-function-")
        self._output = Path(self._folder, "output")
        self._is_over = False
        self._process: subprocess.Popen[str] | None = None
        self._answers: Any = None
        self._started_from: Sources = {}

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over = True
        with self._lock:
            self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def look(self, *, has_table: bool = False, has_queue: bool = False) -> Look:
        """Return what bot.py tells of itself. Raises ValueError if it can't be used."""
        asked = self.invoke(None, has=(has_table, has_queue))
        if asked.error:
            raise ValueError(asked.problem)
        return Look(*asked.result)

    def invoke(
        self, event: Any, request_id: str = "", *, has: tuple[bool, bool] | None = None
    ) -> Invocation:
        """Invoke the handler with an event, in a process that starts if none is running.

        `has`: in place of the handler, look at bot.py.
        """
        with self._lock:
            if self._is_over:  # this invocation waited for the last one to end
                return Invocation(error="the function has ended")
            if self._process and self._started_from != self._sources():
                self._stop()
            start: Invocation | None = None
            if self._process is None:
                start = self._start()
                if start.error:
                    return start
            timeout = self.timeout * self.patience
            call = {
                "event": event,
                "timeout": timeout,
                "request_id": request_id or str(uuid.uuid4()),
                "has": has,
            }
            invocation = self._ask(call, timeout)
            invocation.event, invocation.cold = event, start is not None
            if start:
                invocation.start_milliseconds = start.milliseconds
                invocation.output = [*start.output, *invocation.output]
                invocation.traceback = invocation.traceback or start.traceback
            return invocation

    def _sources(self) -> Sources:
        return read_sources(self.bot) if self.sessions else {}

    def _start(self) -> Invocation:
        """Start the process. `error` is the exception of the handler's import, if any."""
        self._started_from = self._sources()
        temporary, libraries = Path(self._folder, "tmp"), Path(self._folder, "runtime")
        for folder in (temporary, libraries):  # a container's own
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        seconds = INIT_TIMEOUT * self.patience
        about = map(str, (self.sessions or "", seconds, self.patience))
        reading, writing = os.pipe()
        began = time.monotonic()
        self._answers = os.fdopen(reading)
        try:
            if self.sessions:
                with alone(self.sessions):
                    if not self.sessions.exists():
                        write(self.sessions, {})
            program = command(self.bot, CONTAINER, str(writing), libraries, self.runtime)
            with self._output.open("ab") as output:
                self._process = subprocess.Popen(
                    [*program, *about],
                    cwd=self.bot,  # as in /var/task
                    env={
                        **minimal_environment(str(temporary)),
                        **self.environment,
                        **(ENVIRONMENT if self.sessions else {}),
                    },
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    text=True,
                    process_group=0,
                    pass_fds=(writing,),
                )
        except ValueError as error:
            self._answers.close()
            return Invocation(error=str(error), cold=True)
        finally:
            os.close(writing)
        start = self._ask(None, seconds)
        start.cold, start.milliseconds = True, (time.monotonic() - began) * 1000
        start.start_milliseconds = start.milliseconds
        return start

    def _ask(self, call: Json | None, timeout: float) -> Invocation:
        assert self._process and self._process.stdin
        started = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            if call:
                signal_group(self._process, signal.SIGCONT)
                self._process.stdin.write(json.dumps(call) + "\n")
                self._process.stdin.flush()
        readable = bool(select.select([self._answers], [], [], timeout)[0])
        milliseconds = (time.monotonic() - started) * 1000
        memory = ""
        if call and self.memory_size:
            memory = too_much_memory(self._process.pid, self.memory_size)
        line = self._answers.readline() if readable else ""
        if call:  # as Lambda does between events; after the start the first one follows at once
            signal_group(self._process, signal.SIGSTOP)
        try:
            answer = json.loads(line) if line else {}
        except ValueError:  # it ended while it wrote this, or the bot wrote it
            line, answer = "", {}
        if not line:
            timed_out = f"Task timed out after {timeout:.2f} seconds"
            late = timed_out if call else NO_END.format(timeout)
            answer["error"] = "the function ended by itself" if readable else late
        invocation = Invocation(
            result=answer.get("result"),
            error=answer.get("error", ""),
            milliseconds=milliseconds,
        )
        with self._output.open("r+b") as output:
            invocation.take_output(output.read().decode(errors="replace") + memory)
            output.truncate(0)
        if not line or (call is None and invocation.error):
            self._stop()  # like Lambda: the next invocation starts another one
        return invocation

    def _stop(self) -> None:
        if self._process:
            end_at_once(self._process)
            with contextlib.suppress(BrokenPipeError):
                assert self._process.stdin
                self._process.stdin.close()
            self._answers.close()
            self._process = None


class Function:
    """The handler in two containers, one for requests and events, one for what is in the queue.

    The queue and the schedules are files next to that of the sessions; all are gone at the end if
    none is given. `on_queued` is called with each invocation by the queue. Schedules run until the
    `with` block ends.
    """

    def __init__(
        self,
        bot: Path,
        environment: dict[str, str],
        *,
        sessions: Path | None = None,
        memory_size: int = 0,
    ) -> None:
        self.bot = bot
        self.environment = environment
        self.on_queued: Callable[[Invocation], None] = lambda invocation: None
        self._temporary = tempfile.TemporaryDirectory(prefix="telegram-bot-sessions-")
        self.sessions = sessions or Path(self._temporary.name, "kept", "sessions.json")
        about = (bot, environment, self.sessions, TIMEOUT, memory_size)
        self._containers = self._container, self._of_queue = Container(*about), Container(*about)
        services = Services(None, self.sessions)
        services.schedules.now = self._now
        self._scheduler = Scheduler(services.schedules, services.queue)
        self._poller = Poller(services.queue, self._answer_queued)
        self._advanced = 0.0  # seconds by which schedules are due earlier
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Function:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._notify(is_over=True)
        self._thread.join()
        for container in self._containers:
            container.__exit__()
        self._temporary.cleanup()

    def invoke(self, event: Any) -> Invocation:
        """Invoke the handler with an event."""
        try:
            return self._container.invoke(event)
        finally:
            self._notify()

    def look(self) -> Look:
        """Return what bot.py tells of itself. Raises ValueError if it can't be used."""
        return self._container.look()

    def advance(self, seconds: float) -> int:
        """Have done what is scheduled for the next `seconds`, and return how many times it is.

        The bot's own clock doesn't change.
        """
        until, count = self._now() + seconds, 0
        while (due := self._scheduler.next_time()) is not None and due <= until:
            self._advanced += max(0.0, due - self._now())
            self._scheduler.run_next()
            count += 1
        self._advanced += until - self._now()
        self._notify()
        return count

    def _now(self) -> float:
        return time.time() + self._advanced

    def _notify(self, *, is_over: bool = False) -> None:
        """Have the thread look again for what is due."""
        with self._changed:
            self._is_over |= is_over
            self._changed.notify()

    def _follow(self) -> None:
        """Send what is scheduled to the queue, and answer what is there, when it is due."""
        hosts = ((self._scheduler, self._now), (self._poller, time.time))
        while True:
            with self._changed:
                if self._is_over:
                    return
                times = [(host.next_time(), now(), host) for host, now in hosts]
                due = [(at - now, host) for at, now, host in times if at is not None]
                if not due:
                    self._changed.wait()
                    continue
                seconds, host = min(due, key=lambda each: each[0])
                if seconds > 0:
                    self._changed.wait(min(seconds, LOOK_SECONDS))
                    continue
            host.run_next()

    def _answer_queued(self, event: Json) -> Any:
        """Answer a message of the queue. Returns the result."""
        invocation = self._of_queue.invoke(event)
        self.on_queued(invocation)
        return invocation.result


def advised(traceback: str) -> str:
    """Return a traceback with advice on its exception, if there is any."""
    traceback = traceback.rstrip()
    for pattern, advice in ADVICE.items():
        if found := re.search(f"(?:^|\n) *{pattern}$", traceback):
            return f"{traceback}\n({advice.format(*found.groups())})"
    return traceback


def bot_folder(name: str | None) -> Path:
    """Return the folder of the bot in a folder, or in the folder bot in it.

    Without a name it is that of the current folder, or else the module's own. Raises ValueError if
    there is no usable bot.
    """
    folder = Path(name or ".").resolve()
    if folder.is_file():
        raise ValueError(f"{name} is a file: give its folder")
    if not folder.is_dir():
        raise ValueError(f"there is no folder {name}")
    for found in (folder, folder / "bot"):
        if (found / "bot.py").is_file():
            sources(found)
            return found
    if name and folder != ROOT:
        raise ValueError(f"there is no bot.py in {name}, nor in its folder bot")
    return LAMBDA


def look_at(bot: Path, variables: dict[str, str] | None = None, **has: bool) -> Look:
    """Return what bot.py tells of itself. Raises ValueError if it can't be used.

    `variables` are the bot's environment.
    """
    with (
        tempfile.TemporaryDirectory(prefix="telegram-bot-sessions-") as folder,
        Container(bot, variables or {}, Path(folder, "sessions.json")) as container,
    ):
        return container.look(**has)


def unknown_kinds(kinds: list[str]) -> str:
    """Return a warning about update types that the known Bot API doesn't have, if any."""
    head, _, update = (LAMBDA / "botkit/types.pyi").read_text().partition("class Update(")
    known = re.findall(r"^    (\w+): NotRequired", update.partition("\n\n")[0], re.MULTILINE)
    unknown = ", ".join(kind for kind in kinds if kind not in known)
    version = re.findall(r"Bot API [0-9.]*[0-9]", head)[0]
    return (
        f"ALLOWED_UPDATES lists {unknown}, which {version} doesn't have. Check the spelling. If "
        "Telegram has added it since, ignore this"
        if unknown
        else ""
    )
