"""The whole stack: real Terraform and the real provider apply the module to an emulated AWS."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from emulators.aws import Emulator
from emulators.telegram import Fault, Server, Telegram, post

from tests.support.deployment import Deploy, answer_to, change, client, texts
from tests.support.telegram import OTHER_TOKEN, TOKEN


def request(url: str, secret: str | None) -> int:
    """Send an update to a URL, as anybody could, and return the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    return post(url, headers, b'{"update_id": 1}')[0]


def test_a_message_comes_back(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("echo")
    assert answer_to(telegram, "hello") == "Heard: hello"
    [delivery] = telegram.deliveries
    assert (delivery.status, delivery.attempt) == (200, 1)
    outputs = module.outputs()
    assert outputs["webhook_url"].endswith("/telegram")
    assert outputs == {
        "function_arn": "arn:aws:lambda:us-east-1:000000000000:function:echo",
        "function_name": "echo",
        "log_group_name": "/aws/lambda/echo",
        "logs_command": "aws logs tail /aws/lambda/echo --follow --region us-east-1",
        "role_name": "echo",
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
    change(module, "Heard: ", "Noted: ")
    module.apply()
    assert answer_to(telegram, "hello") == "Noted: hello"
    secret = telegram.secret
    module.variables["max_connections"] = 9
    module.apply()
    assert telegram.webhook["max_connections"] == 9
    assert telegram.secret == secret


def test_a_bad_token_fails_the_apply_and_not_the_destroy(
    deploy: Deploy, telegram: Telegram
) -> None:
    module = deploy("token", apply=False, telegram_bot_token="123:too-short")
    malformed = module.apply(check=False)
    assert malformed.returncode == 1
    assert "digits, a colon, and at least 30 letters" in " ".join(malformed.stderr.split())
    assert "too-short" not in malformed.stdout + malformed.stderr
    assert not module.has_state(), "it is refused before anything is made"

    module.variables["telegram_bot_token"] = OTHER_TOKEN
    for _ in range(2):  # a refused registration is not saved as done
        refused = module.apply(check=False)
        assert refused.returncode == 1
        assert "Unauthorized" in refused.stderr
        assert OTHER_TOKEN not in refused.stdout + refused.stderr
    module.variables["telegram_bot_token"] = TOKEN
    module.apply()
    assert answer_to(telegram, "hello") == "Heard: hello"

    telegram.bot.token = OTHER_TOKEN
    module.destroy()
    assert telegram.webhook["url"] != ""


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


def test_a_fresh_clone_applies_a_renamed_bot(
    deploy: Deploy, telegram: Telegram, tmp_path: Path
) -> None:
    module = deploy("before")
    clone = deploy("after", apply=False)
    shutil.move(module.folder / "terraform.tfstate", clone.folder / "terraform.tfstate")
    clone.apply()
    assert answer_to(telegram, "hello") == "Heard: hello"
    assert clone.outputs()["function_name"] == "after"


def test_another_deployment_on_the_token_keeps_its_webhook(
    deploy: Deploy, telegram: Telegram
) -> None:
    first, second = deploy("first"), deploy("second")
    theirs = second.outputs()["webhook_url"]
    first.destroy()
    assert telegram.webhook["url"] == theirs
    assert answer_to(telegram, "hello") == "Heard: hello"
    second.destroy()
    assert telegram.webhook["url"] == ""


def test_a_rotation_loses_no_message(deploy: Deploy, telegram: Telegram) -> None:
    module = deploy("rotates")
    written: list[str] = []

    def write(count: int) -> None:
        for _ in range(count):
            written.append(f"message {len(written)}")
            telegram.send(telegram.message(written[-1]))

    def nothing_is_lost() -> None:
        telegram.wait(lambda: telegram.pending() == 0)
        assert texts(telegram) == [f"Heard: {text}" for text in written]

    old = telegram.secret
    telegram.faults.append(Fault("refuse", 1_000_000, 500, methods=("sendMessage",)))
    write(20)
    module.apply("-replace=terraform_data.webhook_secret")
    assert telegram.secret not in ("", old)
    assert telegram.pending() == 20
    telegram.faults.clear()
    write(5)
    nothing_is_lost()

    write(10)
    telegram.revoke(OTHER_TOKEN)
    write(5)
    module.variables["telegram_bot_token"] = OTHER_TOKEN
    module.apply()
    nothing_is_lost()


def test_another_bot_api_gets_the_webhook_that_the_first_loses(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("moves")
    other = Telegram(TOKEN, pace=0.01)
    with Server(other):
        module.variables["telegram_api_url"] = other.url
        module.apply("-replace=aws_lambda_function.this")
        assert telegram.webhook["url"] == ""
        assert answer_to(other, "hello") == "Heard: hello"
        policy = client(aws, "lambda").get_policy(FunctionName="moves")["Policy"]
        assert "/*/POST/telegram" in policy, "the new function lets API Gateway in, too"
        limits = client(aws, "lambda").get_function_event_invoke_config(FunctionName="moves")
        assert (limits["MaximumEventAgeInSeconds"], limits["MaximumRetryAttempts"]) == (3600, 2)
        module.destroy()
        assert other.webhook["url"] == ""


def test_no_secret_is_shown(deploy: Deploy, telegram: Telegram, aws: Emulator) -> None:
    module = deploy("quiet")
    assert answer_to(telegram, "a private word") == "Heard: a private word"
    shown = [
        module.terraform("plan", "-no-color", *arguments).stdout
        for arguments in (
            ("-replace=terraform_data.webhook_secret", "-replace=aws_lambda_function.this"),
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
