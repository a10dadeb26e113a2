"""scripts/dev accept around its steps: before it begins, when it is stopped, and what it writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT

from acceptance import accept, costs, report, starts
from acceptance.report import PAGE, Report, Tried
from acceptance.steps import STEPS, Step
from acceptance.tests.double import LEFT, Double
from acceptance.world import Account, World
from tests.support.programs import run

ACCOUNT = {"TELEGRAM_BOT_TOKEN": "123:secret", "AWS_REGION": "eu-central-1"}
BROKEN = Tried(STEPS[4], "differs", "answers: [], not ['first: hello']")
REPORT = Report("Today.", [Tried(STEPS[0], "ok"), BROKEN], {}, [])


@pytest.mark.parametrize(("arguments", "code"), [(["--dry-run"], 0), ([], 2)])
def test_before_it_begins_it_says_what_it_does_and_costs(arguments: list[str], code: int) -> None:
    ran = run(accept.main, *arguments, **ACCOUNT, TELEGRAM_CHAT_ID="42")
    assert ran.code == code
    assert f"about {costs.cents()} cents" in ran.output
    assert [step.name for step in STEPS if step.name not in ran.output] == []
    assert ("add --yes" in ran.output) == (code == 2)


def test_it_says_what_is_missing() -> None:
    ran = run(accept.main, "--yes", **ACCOUNT, TELEGRAM_CHAT_ID="")
    assert (ran.code, ran.output[:37]) == (2, "scripts/dev accept: TELEGRAM_CHAT_ID must")
    ran = run(accept.main, "--yes", **ACCOUNT, TELEGRAM_CHAT_ID="-100123")
    assert (ran.code, "private chat" in ran.output) == (2, True)
    ran = run(accept.main, "--yes", "--subnet", "subnet-1", **ACCOUNT, TELEGRAM_CHAT_ID="42")
    assert (ran.code, "--security-group" in ran.output) == (2, True)


def test_nobodys_bot_is_taken(tmp_path: Path) -> None:
    """Neither its webhook, nor resources that have the name."""
    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        world.call("setWebhook", url="https://example.org/other")
        with pytest.raises(ToolError, match="in use, with a webhook at example.org:"):
            accept.check(world)
        world.call("deleteWebhook")
        vars(world)["left"] = lambda: [LEFT]
        with pytest.raises(ToolError, match="role the-bot already"):
            accept.check(world)


@pytest.mark.parametrize("flag", ["--yes", "--clean-up"])
def test_what_is_left_elsewhere_is_not_forgotten(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform drops from its state what it doesn't find in this region."""
    monkeypatch.setattr("sys.argv", ["accept", flag])
    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        vars(world)["place"] = lambda: ("us-east-1", "123456789012")
        vars(world.module)["init"] = lambda: None
        arn = "arn:aws:lambda:eu-central-1:123456789012:function:the-bot"
        (world.module.folder / "terraform.tfstate").write_text(f'"arn": "{arn}"')
        with pytest.raises(ToolError, match="in eu-central-1, in the account 123456789012, and"):
            accept.accept(world, accept.parsed())


def test_without_aws_credentials_it_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["accept", "--yes"])
    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        vars(world.module)["init"] = lambda: None

        def place() -> Any:
            raise NoCredentialsError

        vars(world)["place"] = place
        with pytest.raises(ToolError, match="^AWS says: Unable to locate credentials"):
            accept.accept(world, accept.parsed())


def test_no_state_stays_once_nothing_is_left(tmp_path: Path) -> None:
    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        states = [world.module.folder / f"terraform.tfstate{end}" for end in ("", ".backup")]
        for path in states:
            path.write_text(account.token)
        vars(world).update(destroy=lambda: None, left=lambda: [LEFT])
        assert accept.clean_up(world, lambda text: None) == ["role the-bot"]
        assert all(path.exists() for path in states)
        vars(world).update(left=list)
        assert accept.clean_up(world, lambda text: None) == []
        assert not any(path.exists() for path in states)


def test_an_apply_that_is_to_be_killed_ends_at_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would hold the state's lock, and nothing could be removed."""
    terraform = tmp_path / "terraform"
    terraform.write_text("#!/bin/sh\necho begun\nexec sleep 600\n")
    terraform.chmod(0o700)
    monkeypatch.setenv("TERRAFORM", str(terraform))
    began = []

    def stopped() -> Iterator[str]:
        raise KeyboardInterrupt
        yield

    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        start = world.module.start

        def started(*arguments: str) -> Any:
            process: Any = start(*arguments)
            process.stdout.close()
            process.stdout = stopped()
            began.append(process)
            return process

        vars(world.module)["start"] = started
        with pytest.raises(KeyboardInterrupt):
            world.kill_apply("never")
    [process] = began
    assert process.poll() is not None


def test_an_answer_that_comes_while_others_are_read_is_heard_next(tmp_path: Path) -> None:
    with accept.emulated("http://127.0.0.1:9") as account:
        world = World(account, tmp_path, "the-bot")
        call_once, late = world.call_once, ["late"]

        def say(text: str) -> None:
            call_once("sendMessage", chat_id=account.chat, text=text)

        def call(method: str, **params: Any) -> Any:
            if method == "forwardMessage" and late:
                say(late.pop())
            return call_once(method, **params)

        assert world.heard() == []
        vars(world)["call_once"] = call
        for text in ("first", "second"):
            say(text)
        assert [world.heard(), world.heard(), world.heard()] == [["first", "second"], ["late"], []]


def test_a_real_account_gets_the_module_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("TF_VAR_name", "another")
    module = World(Account("123:token", 42, region="eu-west-1"), tmp_path, "the-bot").module
    copies = [path for path in module.folder.rglob("*") if path.is_file()]
    assert len(copies) > 50
    for path in copies:
        assert path.read_bytes() == (ROOT / path.relative_to(module.folder)).read_bytes()
    assert module.environment["AWS_PROFILE"] == "mine"
    assert module.environment["AWS_REGION"] == "eu-west-1"
    assert not {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "TF_VAR_name"} & {*module.environment}


def test_a_run_that_can_not_clean_up_says_how_to() -> None:
    """Also if a step is stopped. The token is in no line."""
    world, said = Double(), list[str]()

    def stop(world: World) -> None:
        raise KeyboardInterrupt

    def fail() -> None:
        raise ToolError("terraform destroy failed: 123:token")

    vars(world).update(destroy=fail, left=lambda: [LEFT])
    with pytest.raises(KeyboardInterrupt):
        accept.run(world, "", [Step("stopped", "", "", stop)], said.append)
    text = "\n".join(said)
    assert "failed: ToolError: terraform destroy failed: …\nLeft: role the-bot\n" in text
    assert LEFT.command in text and "scripts/dev accept --clean-up" in text


def test_without_a_deployment_there_is_nothing_else_to_try() -> None:
    world = Double()
    vars(world)["apply"] = lambda *arguments, **inputs: 1 / 0
    found = accept.run(world, "", say=lambda text: None)
    assert [f"{each}" for each in found.tried] == [
        "differs defaults are applied: ZeroDivisionError: division by zero"
    ]


def test_the_report_has_each_step_and_each_difference() -> None:
    text = f"{REPORT}"
    assert "| [defaults are applied](first-bot.md) | the webhook is" in text
    assert "Differences from the pages:\n\n- a broken release is refused: answers: []" in text
    assert "Nothing is left" in text
    assert "Left in the account:\n\n- role the-bot" in f"{REPORT._replace(left=['role the-bot'])}"


def test_a_figure_stands_beside_that_of_the_emulated_aws() -> None:
    first = "this bot, api, with a session, 128 MB: first answer, ms"
    page = report.PERFORMANCE.read_text()
    [row] = re.findall(r"^\| this bot, api, with a session +\| +(\d+) \|", page, re.MULTILINE)
    assert f"| {first} | 90 | {row} |" in f"{REPORT._replace(figures={first: '90'})}"


def test_a_start_is_what_lambda_reports() -> None:
    """A median of them. Init Duration is only in the first report of a container."""
    report = "START …\nREPORT RequestId: 1\tDuration: {} ms\tBilled Duration: 99 ms{}\t\n"
    logs = [
        [report.format(first, f"\tInit Duration: {init} ms"), report.format("3.4", "")]
        for init, first in (("90.25", "20.00"), ("100.25", "21.00"), ("400.00", "22.00"))
    ]
    world = Double()
    starts.note(world, "this bot", logs)
    assert world.figures == {
        "this bot: Init Duration, ms": "100",
        "this bot: first answer, ms": "121",
        "this bot: warm answer, ms": "3",
    }


def test_only_the_page_keeps_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "on-aws.md"
    page.write_text(PAGE.read_text())
    report.write("new", tmp_path / "other.md")
    assert (tmp_path / "other.md").read_text() == "new\n"
    monkeypatch.setattr(report, "PAGE", page)
    for text in ("first", "second"):
        report.write(text, page)
    assert page.read_text() == PAGE.read_text().replace("Not run yet.", "second")


def test_the_page_says_the_cost_and_the_steps_lead_to_pages() -> None:
    workflow = (ROOT / ".github/workflows/acceptance.yml").read_text()
    assert f"about {costs.cents()} cents" in PAGE.read_text()
    assert f"about {costs.cents()} cents" in workflow
    pages = {step.page.partition("#")[0] for step in STEPS}
    assert [page for page in pages if not (PAGE.parent / page).exists()] == []


def test_the_prices_are_those_of_the_page_of_costs() -> None:
    page = (ROOT / "docs/costs.md").read_text()
    prices = ["$1.60", "cost 1.50 more", "0.33 more", "cost $0.75"]
    prices += ["to $9.70", "costs 0.32", "13.33"]
    assert [price for price in prices if price not in page] == []
