"""Where a token and a password are, what is replaced or deleted, and another bot.

One deployment for all tests, which change it in their order.
"""

import json
import shutil

import pytest
from telegram_stand_in import Fault

from tests.support.deployment import answer_to, change, client, logged, release_edits, texts
from tests.support.stubs import BOT
from tests.support.telegram import OTHER_TOKEN, TOKEN

PARAMETER = "/bots/echo/token"
PASSWORD = "p@ss w:rd/%é"
ESCAPED = "p%40ss%20w%3Ard%2F%25%C3%A9"


def live_version(aws):
    return client(aws, "lambda").get_alias(FunctionName="repaired", Name="live")["FunctionVersion"]


def keep(aws, token):
    """Put a token into Parameter Store, as the README tells operators to."""
    client(aws, "ssm").put_parameter(
        Name=PARAMETER, Value=token, Type="SecureString", Overwrite=True
    )


@pytest.fixture(scope="module")
def module(deploy, aws):
    keep(aws, TOKEN)
    of_store = {"telegram_bot_token": None, "telegram_bot_token_parameter": PARAMETER}
    return deploy("repaired", timeout=5, **of_store)


def test_token_in_parameter_store_is_nowhere_else(module, telegram, aws):
    assert answer_to(telegram, "first") == "Heard: first"
    module.terraform("plan", "-out=plan", "-replace=aws_lambda_function.this")
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="repaired")
    places = {
        "state": (module.folder / "terraform.tfstate").read_text(),
        "plan": module.terraform("show", "-json", "plan").stdout,
        "environment": json.dumps(configuration["Environment"]),
    }
    assert [place for place, text in places.items() if PARAMETER not in text] == []
    places["log"] = logged(aws, "repaired")
    assert [place for place, text in places.items() if TOKEN.partition(":")[2] in text] == []


def test_password_of_a_proxy_is_not_shown(module, aws):
    """The check fails, since there is no proxy. Terraform shows the password only in JSON."""
    module.variables["telegram_proxy"] = f"http://bot:{ESCAPED}@127.0.0.1:9"
    assert "ConnectionRefusedError" in module.refused()
    del module.variables["telegram_proxy"]
    shown = [logged(aws, "repaired"), *module.said]
    shown = [said for said in shown if not said.startswith('{"format_version"')]
    for password in (ESCAPED, PASSWORD):
        assert not any(password in said for said in shown)


def test_previous_version_answers_after_a_rollback_until_an_apply(module, telegram, aws):
    # Another alias gets new permissions, since AWS deletes them with the old one.
    older = live_version(aws)
    release_edits(module)
    said = module.apply("-replace=aws_lambda_alias.live").stdout
    newer = live_version(aws)
    assert '# aws_lambda_permission.this["webhook"] must be replaced' in said
    assert answer_to(telegram, "hello") == "Noted: hello"

    # At night: the alias goes back. Telegram still sends the kinds of the newer version, whose
    # updates are over without a call.
    client(aws, "lambda").update_alias(FunctionName="repaired", Name="live", FunctionVersion=older)
    assert answer_to(telegram, "hello") == "Heard: hello"
    telegram.send({"edited_message": telegram.message("an edit")["message"]})
    telegram.wait(lambda: not telegram.pending())
    assert telegram.deliveries[-1].status == 200
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query", "edited_message"]

    # The plan shows both numbers. An apply goes on with the configuration: here, as it was before.
    said = module.terraform("plan", "-no-color").stdout
    assert f'function_version = "{older}" -> "{newer}"' in " ".join(said.split())
    shutil.copy(BOT, module.folder / "lambda" / "bot.py")
    module.apply()
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    assert answer_to(telegram, "hello") == "Heard: hello"


def test_no_message_is_lost_while_secret_and_token_are_replaced(module, telegram, aws):
    secret, before, written = telegram.secret, len(texts(telegram)), []

    def write(count):
        for _ in range(count):
            written.append(f"message {len(written)}")
            telegram.send(telegram.message(written[-1]))

    def nothing_is_lost():
        telegram.wait(lambda: telegram.pending() == 0)
        return texts(telegram)[before:] == [f"Heard: {text}" for text in written]

    telegram.faults.append(Fault("refuse", 1_000_000, 500, methods=("sendMessage",)))
    write(20)
    module.apply("-replace=terraform_data.webhook_secret")
    assert telegram.secret not in ("", secret)
    assert telegram.pending() == 20
    telegram.faults.clear()
    write(5)
    assert nothing_is_lost()

    # A token in Parameter Store is replaced by one command, one in a variable by an apply.
    write(10)
    telegram.revoke(OTHER_TOKEN)
    write(5)
    keep(aws, OTHER_TOKEN)
    module.apply("-replace=aws_lambda_invocation.register_webhook")
    assert nothing_is_lost()
    telegram.revoke(TOKEN)
    write(5)
    module.variables |= {"telegram_bot_token": TOKEN, "telegram_bot_token_parameter": None}
    module.apply()
    assert nothing_is_lost()


def test_deleted_function_and_api_return_and_the_webhook_follows(module, telegram, aws):
    gateway = client(aws, "apigatewayv2")
    client(aws, "lambda").delete_function(FunctionName="repaired")
    [api] = [api for api in gateway.get_apis()["Items"] if api["Name"] == "repaired"]
    gateway.delete_api(ApiId=api["ApiId"])
    before = telegram.webhook["url"]
    module.apply()
    assert telegram.webhook["url"] == module.outputs()["webhook_url"] != before
    assert answer_to(telegram, "again") == "Heard: again"


def test_webhook_moves_to_another_bot_once_the_check_accepts_it(module, telegram, aws):
    # Tokens that the check refuses take no webhook away: one with a slip, and another bot's, with
    # which bot.py can't start.
    another = telegram.add_bot(TOKEN.replace("1234567890", "987654321"))
    before = len(telegram.calls)
    module.variables["telegram_bot_token"] = f"9{OTHER_TOKEN}"
    assert "Unauthorized" in module.refused()
    module.variables["telegram_bot_token"] = another.token
    change(module, "def reply(", "1 / 0\ndef reply(")
    assert "ZeroDivisionError" in module.refused()
    assert answer_to(telegram, "again") == "Heard: again"
    assert [call.method for call in telegram.calls[before:]] == ["sendMessage"]

    # An alias that was deleted by hand comes back. The other bot gets the webhook, and what the
    # first one gets is refused: its webhook has another secret.
    client(aws, "lambda").delete_alias(FunctionName="repaired", Name="live")
    change(module, "1 / 0\n", "")
    before = len(telegram.calls)
    module.apply()
    live = {"FunctionName": "repaired", "Qualifier": "live"}
    assert "/*/POST/telegram" in client(aws, "lambda").get_policy(**live)["Policy"]
    assert [(call.method, call.bot) for call in telegram.calls[before:]] == [
        *((method, another.id) for method in ("getMe", "setMyCommands", "setWebhook")),
        ("getWebhookInfo", another.id),
    ]
    assert another.outbox.info["url"] == module.outputs()["webhook_url"]
    telegram.send(telegram.message("too late"))
    telegram.wait(lambda: telegram.deliveries[-1].status == 401)
    module.destroy()
    assert another.outbox.info["url"] == ""
