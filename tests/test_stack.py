"""The whole stack: real Terraform and the real provider apply the module to an emulated AWS."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from deployment import (
    OTHER_TOKEN,
    TOKEN,
    Deploy,
    answer_to,
    aws,
    change,
    client,
    deploy,
    telegram,
    texts,
)
from stack import Emulator
from stand_in import Server, Telegram, post

__all__ = ["aws", "deploy", "telegram"]  # fixtures


def request(url: str, secret: str | None) -> int:
    """Send an update to a URL, as anybody could, and return the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    return post(url, headers, b'{"update_id": 1}')[0]


def test_a_message_comes_back(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("echo")
    assert answer_to(telegram, "hello") == "You said: hello"
    [delivery] = telegram.deliveries
    assert (delivery.status, delivery.attempt) == (200, 1)
    outputs = module.outputs()
    assert outputs["webhook_url"].endswith("/telegram")
    assert outputs == {
        "function_name": "echo",
        "log_group_name": "/aws/lambda/echo",
        "logs_command": "aws logs tail /aws/lambda/echo --follow --region us-east-1",
        "webhook": {"url": outputs["webhook_url"], "pending_updates": 0, "last_error": None},
        "webhook_url": outputs["webhook_url"],
    }
    assert telegram.webhook["url"] == outputs["webhook_url"]
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    # Nobody but Telegram gets in, and by no other way.
    url = outputs["webhook_url"]
    calls = len(telegram.calls)
    assert request(url, telegram.secret + "x") == 401
    assert request(url, None) == 401
    assert request(url.replace("/telegram", "/other"), telegram.secret) == 404
    assert request(url + "/more", telegram.secret) == 404
    assert len(telegram.calls) == calls
    assert request(url, telegram.secret) == 200
    # There is nothing left to do.
    plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout


def test_a_changed_line_is_live_after_an_apply(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("changed", max_connections=7)
    assert telegram.webhook["max_connections"] == 7
    change(module, '"You said: "', '"You wrote: "')
    module.apply()
    assert answer_to(telegram, "hello") == "You wrote: hello"
    secret = telegram.secret
    module.variables["max_connections"] = 9
    module.apply()
    assert telegram.webhook["max_connections"] == 9
    assert telegram.secret == secret


def test_a_refused_token_fails_the_apply_and_the_right_one_mends_it(
    deploy: Deploy, telegram: Telegram
) -> None:
    module = deploy("refused", apply=False, telegram_bot_token=OTHER_TOKEN)
    failed = module.apply(check=False)
    assert failed.returncode == 1
    assert "Unauthorized" in failed.stderr
    assert OTHER_TOKEN not in failed.stdout + failed.stderr
    again = module.apply(check=False)
    assert again.returncode == 1, "a refused registration was saved as done"
    module.variables["telegram_bot_token"] = TOKEN
    module.apply()
    assert answer_to(telegram, "hello") == "You said: hello"


def test_a_malformed_token_is_refused_and_not_shown(deploy: Deploy) -> None:
    module = deploy("malformed", apply=False, telegram_bot_token="123:too-short")
    plan = module.terraform("plan", "-no-color", "-input=false", check=False)
    assert plan.returncode == 1
    assert "digits, a colon, and at least 30 letters" in " ".join(plan.stderr.split())
    assert "too-short" not in plan.stdout + plan.stderr
    module.variables["telegram_bot_token"] = TOKEN


def test_a_broken_bot_fails_the_apply_and_not_the_destroy(
    deploy: Deploy, telegram: Telegram
) -> None:
    module = deploy("broken")
    change(module, "def reply(", "def reply((")
    failed = module.apply(check=False)
    assert failed.returncode == 1
    assert "SyntaxError" in failed.stderr
    module.destroy()
    assert telegram.webhook["url"] == ""


def test_a_dead_token_does_not_hold_up_a_destroy(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("dead")
    telegram.tokens = {OTHER_TOKEN}
    module.destroy()
    assert telegram.webhook["url"] != ""


def test_a_fresh_clone_applies_a_renamed_bot(
    deploy: Deploy, telegram: Telegram, tmp_path: Path
) -> None:
    module = deploy("before")
    clone = deploy("after", apply=False)
    shutil.move(module.folder / "terraform.tfstate", clone.folder / "terraform.tfstate")
    clone.apply()
    assert answer_to(telegram, "hello") == "You said: hello"
    assert clone.outputs()["function_name"] == "after"


def test_another_deployment_on_the_token_keeps_its_webhook(
    deploy: Deploy, telegram: Telegram
) -> None:
    first, second = deploy("first"), deploy("second")
    theirs = second.outputs()["webhook_url"]
    first.destroy()
    assert telegram.webhook["url"] == theirs
    assert answer_to(telegram, "hello") == "You said: hello"
    second.destroy()
    assert telegram.webhook["url"] == ""


def test_a_rotated_secret_loses_no_message(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("secret")
    old = telegram.secret
    assert answer_to(telegram, "before") == "You said: before"
    for number in range(20):
        telegram.send(telegram.message(f"during {number}"))
    module.apply("-replace=terraform_data.webhook_secret")
    assert telegram.secret not in ("", old)
    for number in range(20, 25):
        telegram.send(telegram.message(f"during {number}"))
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[1:] == [f"You said: during {number}" for number in range(25)]


def test_another_bot_api_gets_the_webhook_that_the_first_loses(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("moves")
    other = Telegram(TOKEN, pace=0.01)
    with Server(other):
        module.variables["telegram_api_url"] = other.url
        module.apply("-replace=aws_lambda_function.this")
        assert telegram.webhook["url"] == ""
        assert answer_to(other, "hello") == "You said: hello"
        policy = client(aws, "lambda").get_policy(FunctionName="moves")["Policy"]
        assert "/*/POST/telegram" in policy, "the new function lets API Gateway in, too"
        module.destroy()
        assert other.webhook["url"] == ""


def test_no_secret_is_shown(deploy: Deploy, telegram: Telegram, aws: Emulator) -> None:
    module = deploy("quiet")
    assert answer_to(telegram, "a private word") == "You said: a private word"
    shown = [
        module.terraform("plan", "-no-color", *arguments).stdout
        for arguments in (
            (),
            ("-replace=terraform_data.webhook_secret",),
            ("-replace=aws_lambda_function.this",),
            ("-destroy",),
        )
    ]
    shown.append(module.terraform("show", "-no-color").stdout)
    shown.append(module.terraform("output", "-json").stdout)
    state = json.loads((module.folder / "terraform.tfstate").read_text())
    resources = {resource["type"]: resource for resource in state["resources"]}
    shown.append(json.dumps(resources["aws_lambda_invocation"]))
    events = client(aws, "logs").filter_log_events(logGroupName="/aws/lambda/quiet")["events"]
    shown.append(json.dumps(events))
    assert any("START" in event["message"] for event in events), "the logs are seen"
    for secret in (TOKEN, TOKEN.partition(":")[2], telegram.secret, "a private word"):
        assert not any(secret in text for text in shown), secret


def test_the_emulator_is_bound_to_loopback(aws: Emulator) -> None:
    """It runs code without asking who sends it."""
    assert aws._process
    its_own = set()
    for file in Path(f"/proc/{aws._process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since
            its_own.add(str(file.readlink()))
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in its_own
    ]
    assert listening == [f"0100007F:{aws.port:04X}"]
