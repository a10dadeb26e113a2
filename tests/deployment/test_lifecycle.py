"""A deployment, from a refused token to a refused end."""

import json

from telegram_stand_in import Call, post

from tests.support.deployment import answer_to, change, client, logged, release_edits
from tests.support.telegram import OTHER_TOKEN, TOKEN


def request(url, secret):
    """Send an update to a URL, as anybody could, and return the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    return post(url, headers, b'{"update_id": 1}')[0]


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
    log = logged(aws, "life")
    assert "START" in log, "the logs can't be read"
    return [log, json.dumps(module.outputs()), json.dumps(invocations)]


def check_hidden(said, *hidden):
    """Check that nothing has these, or a token."""
    for each in (TOKEN.partition(":")[2], OTHER_TOKEN.partition(":")[2], *hidden):
        assert not any(each in text for text in said), each


def test_deployment_from_a_refused_token_to_a_refused_end(deploy, telegram, aws):
    module = deploy("life", apply=False, telegram_bot_token="123:planted-token", timeout=5)
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
    [api] = [each["ApiId"] for each in apis if each["Name"] == "life"]
    assert outputs == {
        "function_alias_arn": "arn:aws:lambda:us-east-1:000000000000:function:life:live",
        "api_id": api,
        "function_alias_name": "live",
        "function_name": "life",
        "log_group_name": "/aws/lambda/life",
        "logs_command": "aws logs tail /aws/lambda/life --follow --region us-east-1",
        "role_name": "life",
        "webhook_info": {"url": url, "pending_update_count": 0, "last_error_message": None},
        "webhook_url": url,
    }
    assert telegram.webhook["url"] == url
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    assert module.planned() == {}

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
