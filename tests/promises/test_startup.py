"""What start-up loads: each module has its price, and the table is in docs/performance.md."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark.imports import loaded
from project import ROOT

OURS = ("calls", "deadline", "errors", "outcome", "settings")
WEBHOOK = {"bot", "botkit", "handler"} | {f"botkit.{name}" for name in OURS}
API = WEBHOOK | {f"botkit.{name}" for name in ("connection", "http1", "telegram")}
TLS = {"_socket", "_ssl", "_struct", "array", "base64", "binascii", "errno", "select", "selectors"}
TLS |= {"socket", "ssl", "struct"}


@pytest.mark.parametrize(
    ("mode", "allowed"), [("webhook", WEBHOOK), ("api", API | TLS)], ids=["webhook", "api"]
)
def test_start_up_loads_only_what_is_on_its_list(mode: str, allowed: set[str]) -> None:
    client = importlib.util.find_spec("awslambdaric")
    assert client and client.origin
    path = str(Path(client.origin).parent.parent)
    modules, took = loaded(sys.executable, ROOT / "lambda", mode, path)
    assert modules - allowed == set()
    assert {"handler", "bot"} <= modules & set(took)


def test_no_module_loads_typing() -> None:
    names = ", ".join(
        [
            "bot",
            "handler",
            *sorted(f"botkit.{file.stem}" for file in (ROOT / "lambda/botkit").glob("*.py")),
        ]
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys, {names}; print('typing' in sys.modules)"],
        cwd=ROOT / "lambda",
        env={"TELEGRAM_API_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
