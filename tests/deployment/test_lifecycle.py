"""Deployments: from a refusal to the end, and with a version, a secret and a token replaced."""

import json
import shutil

import pytest
from telegram_stand_in import Call, Fault, post

from tests.support.deployment import (
    FUNCTION,
    SECRET,
    answer_to,
    change,
    client,
    texts,
)
from tests.support.recorder import LaggingAlias
from tests.support.stubs import BOT
from tests.support.telegram import OTHER_TOKEN, TOKEN

# Has the tests' bot answer an edited message as a new one.
EDITED = """    if "edited_message" in update:
        update = {"message": update["edited_message"]}
"""


def request(url, secret):
    """Send an update to a URL, as anybody could, and return the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    return post(url, headers, b'{"update_id": 1}')[0]


def release_edits(module):
    """Have the bot notice messages, and edited ones too."""
    change(module, "Heard: ", "Noted: ")
    change(module, '    if "message" not in', EDITED + '    if "message" not in')
    change(module, '"callback_query": reply}', '"callback_query": reply, "edited_message": reply}')


def registrations(telegram, aws, name):
    """Return a list that grows: the kinds of each registration, and the version live then."""
    registered = []

    def watch(call):
        if isinstance(call, Call) and call.method == "setWebhook":
            live = client(aws, "lambda").get_alias(FunctionName=name, Name="live")
            registered.append((telegram.webhook["allowed_updates"], live["FunctionVersion"]))

    telegram.watch = watch
    return registered


def what_is_shown(module, aws):
    """Return what a deployment shows: its outputs, the events that Terraform sends it, its log."""
    module.terraform("show", "-no-color")
    state = json.loads((module.folder / "terraform.tfstate").read_text())
    invocations = [each for each in state["resources"] if each["type"] == "aws_lambda_invocation"]
    assert len(invocations) == 3
    group = module.outputs()["log_group_name"]
    events = client(aws, "logs").filter_log_events(logGroupName=group)["events"]
    assert any("START" in event["message"] for event in events), "the logs can't be read"
    return [json.dumps(each) for each in (module.outputs(), invocations, events)]


def check_hidden(said, *hidden):
    """Check that nothing has these, or a token."""
    for each in (TOKEN.partition(":")[2], OTHER_TOKEN.partition(":")[2], *hidden):
        assert not any(each in text for text in said), each


def test_from_a_refused_token_to_a_refused_end(deploy, over_tls, authority, aws, tmp_path):
    telegram = over_tls
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    module = deploy(
        "life",
        apply=False,
        environment={"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "SSL_CERT_DIR": str(tmp_path)},
        telegram_api_url=telegram.url,
        telegram_bot_token="123:planted-token",
        timeout=5,
    )
    # A malformed token is refused before anything is created.
    assert "digits, a colon, and at least 30 letters" in module.refused()
    assert not module.has_state()

    # A registration that failed is tried again, and fails again with a token that Telegram refuses.
    module.variables["telegram_bot_token"] = OTHER_TOKEN
    for _ in range(2):
        assert "Unauthorized" in module.refused()
    module.variables["telegram_bot_token"] = TOKEN
    module.apply()
    assert answer_to(telegram, "a private word") == "Heard: a private word"
    [delivery] = telegram.deliveries
    assert (delivery.status, delivery.attempt) == (200, 1)
    outputs = module.outputs()
    url = outputs["webhook_url"]
    assert url.endswith("/telegram")
    apis = client(aws, "apigatewayv2").get_apis()["Items"]
    live = client(aws, "lambda").get_alias(FunctionName="life", Name="live")
    [api] = [each["ApiId"] for each in apis if each["Name"] == "life"]
    assert outputs == {
        "alias_arn": "arn:aws:lambda:us-east-1:000000000000:function:life:live",
        "api_id": api,
        "function_alias": "live",
        "function_arn": "arn:aws:lambda:us-east-1:000000000000:function:life",
        "function_name": "life",
        "live_version": live["FunctionVersion"],
        "log_group_name": "/aws/lambda/life",
        "logs_command": "aws logs tail /aws/lambda/life --follow --region us-east-1",
        "role_name": "life",
        "webhook": {"url": url, "pending_updates": 0, "last_error": None},
        "webhook_url": url,
    }
    assert telegram.webhook["url"] == url
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    assert module.is_up_to_date()

    # Only Telegram gets in, and only by the one route.
    calls, secret = len(telegram.calls), telegram.secret
    assert request(url, secret + "x") == 401
    assert request(url, None) == 401
    assert request(url.replace("/telegram", "/other"), secret) == 404
    assert request(url + "/more", secret) == 404
    assert len(telegram.calls) == calls
    assert request(url, secret) == 200

    # A release that fails stops nobody: the previous version keeps answering.
    change(module, "def reply(", "1 / 0\n\n\ndef reply(")
    assert (
        "bot.py can't be imported: ZeroDivisionError: division by zero at bot.py:1"
        in module.refused()
    )
    assert answer_to(telegram, "hello") == "Heard: hello"
    change(module, "1 / 0\n\n\n", "")

    # A change is live after an apply, and registered.
    module.variables["max_connections"] = 9
    # One that handles another kind is live before Telegram sends that kind.
    release_edits(module)
    module.variables["runtime"] = "python3.12"
    registered = registrations(telegram, aws, "life")
    module.apply()
    assert telegram.webhook["max_connections"] == 9
    versions = client(aws, "lambda").list_versions_by_function(FunctionName="life")["Versions"]
    newest = versions[-1]["Version"]
    assert registered == [(["message", "callback_query", "edited_message"], newest)]
    assert answer_to(telegram, "hello") == "Noted: hello"
    assert telegram.secret == secret

    # No output shows a secret, and no log shows what people write.
    shown = what_is_shown(module, aws)

    # A token that Telegram refuses doesn't hold up a destroy, but the webhook stays.
    telegram.bot.token = OTHER_TOKEN
    module.destroy()
    assert telegram.webhook["url"] == url
    planted = ("planted-token", "a private word")
    check_hidden([*module.said, *shown], secret, *planted)


@pytest.mark.slow
def test_a_version_a_secret_and_a_token_are_replaced_and_no_update_is_lost(deploy, telegram, aws):
    module = deploy("turns", timeout=5)
    secret, registered = telegram.secret, registrations(telegram, aws, "turns")

    # Another alias gets new permissions, since AWS deletes them with the old one. The new version
    # registers itself, also while AWS still invokes the previous one by the alias.
    release_edits(module)
    with LaggingAlias(aws, module.outputs()["live_version"]) as lagging:
        module.environment["AWS_ENDPOINT_URL"] = lagging.url
        said = module.apply("-replace=aws_lambda_alias.live").stdout
    module.environment["AWS_ENDPOINT_URL"] = aws.url
    assert registered[-1][0] == ["message", "callback_query", "edited_message"]
    assert "# aws_lambda_permission.webhook must be replaced" in said
    assert answer_to(telegram, "hello") == "Noted: hello"

    # At night: the alias goes back, and the previous version answers until somebody applies.
    # Telegram still sends the kinds of the newer one, whose updates are over without a call.
    newer, older = module.outputs()["live_version"], str(int(module.outputs()["live_version"]) - 1)
    functions, live = client(aws, "lambda"), {"FunctionName": "turns", "Name": "live"}
    functions.update_alias(**live, FunctionVersion=older)
    assert answer_to(telegram, "hello") == "Heard: hello"
    telegram.send({"edited_message": telegram.message("an edit")["message"]})
    telegram.wait(lambda: not telegram.pending())
    assert telegram.deliveries[-1].status == 200
    assert registered[-1][0] == ["message", "callback_query", "edited_message"]
    # The plan shows both numbers. An apply goes on with the configuration: here, as it was before.
    said = module.terraform("plan", "-no-color").stdout
    assert f'function_version = "{older}" -> "{newer}"' in " ".join(said.split())
    bot = module.folder / "lambda" / "bot.py"
    released = bot.read_text()
    shutil.copy(BOT, bot)
    module.apply()
    assert registered[-1] == (["message", "callback_query"], module.outputs()["live_version"])
    assert answer_to(telegram, "hello") == "Heard: hello"
    bot.write_text(released)
    module.apply()

    # Rotating the secret, and then the token, loses no message.
    before, written = len(texts(telegram)), []

    def write(count):
        for _ in range(count):
            written.append(f"message {len(written)}")
            telegram.send(telegram.message(written[-1]))

    def nothing_is_lost():
        telegram.wait(lambda: telegram.pending() == 0)
        return texts(telegram)[before:] == [f"Noted: {text}" for text in written]

    telegram.faults.append(Fault("refuse", 1_000_000, 500, methods=("sendMessage",)))
    write(20)
    module.apply(f"-replace={SECRET}")
    assert telegram.secret not in ("", secret)
    secrets = secret, telegram.secret
    assert telegram.pending() == 20
    telegram.faults.clear()
    write(5)
    assert nothing_is_lost()
    write(10)
    telegram.revoke(OTHER_TOKEN)
    write(5)
    module.variables["telegram_bot_token"] = OTHER_TOKEN
    module.apply()
    assert nothing_is_lost()

    # No apply took the webhook away: not a refused one, nor one that replaces the function.
    module.variables["telegram_bot_token"] = TOKEN
    assert "Unauthorized" in module.refused()
    module.variables |= {"telegram_bot_token": OTHER_TOKEN, "reply_mode": "webhook"}
    module.apply(f"-replace={FUNCTION}")
    assert answer_to(telegram, "hello") == "Noted: hello"
    assert "deleteWebhook" not in [call.method for call in telegram.calls]
    shown = what_is_shown(module, aws)
    module.destroy()
    check_hidden([*module.said, *shown], *secrets)
