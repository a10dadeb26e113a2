"""Resources deleted by hand come back, and the webhook follows a deployment that moves.

Until it has moved, the previous version keeps answering.
"""

from telegram_stand_in import Server, Telegram

from tests.support.deployment import FUNCTION, answer_to, change, client
from tests.support.telegram import TOKEN


def test_deleted_resources_come_back_and_the_webhook_follows_a_move(deploy, telegram, aws):
    module = deploy("repaired")
    functions, gateway, iam = (client(aws, name) for name in ("lambda", "apigatewayv2", "iam"))

    def revision():
        return functions.get_function_configuration(FunctionName="repaired")["RevisionId"]

    # A role that was deleted by hand comes back with a new function, from a clone without packages.
    before = revision()
    for policy in ("repaired", "repaired-live"):
        iam.delete_role_policy(RoleName="repaired", PolicyName=policy)
    iam.delete_role(RoleName="repaired")
    for package in (module.folder / ".build").iterdir():
        package.unlink()
    module.apply()
    assert revision() != before
    assert iam.get_role(RoleName="repaired")["Role"]["RoleName"] == "repaired"
    assert answer_to(telegram, "hello") == "Heard: hello"

    # So does a deleted function, also when the webhook must be registered again.
    functions.delete_function(FunctionName="repaired")
    module.variables["max_connections"] = 7
    module.apply()
    assert telegram.webhook["max_connections"] == 7
    # So does a deleted API, with another URL.
    functions.delete_function(FunctionName="repaired")
    [api] = [api for api in gateway.get_apis()["Items"] if api["Name"] == "repaired"]
    gateway.delete_api(ApiId=api["ApiId"])
    module.apply()
    assert telegram.webhook["url"] == module.outputs()["webhook_url"]
    assert answer_to(telegram, "again") == "Heard: again"
    assert "deleteWebhook" not in [call.method for call in telegram.calls]

    other = Telegram(TOKEN, pace=0.01)
    with Server(other):
        # Another Bot API gets the webhook, even with a new function. The first one's is refused.
        module.variables["telegram_api_url"] = other.url
        module.apply(f"-replace={FUNCTION}")
        assert answer_to(other, "hello") == "Heard: hello"
        telegram.send(telegram.message("too late"))
        telegram.wait(lambda: telegram.deliveries[-1].status == 401)
        telegram.answer("deleteWebhook", {})
        alias = {"FunctionName": "repaired", "Qualifier": "live"}
        policy = functions.get_policy(**alias)["Policy"]
        assert "/*/POST/telegram" in policy, "the new function must also let API Gateway in"
        limits = functions.get_function_event_invoke_config(**alias)
        assert (limits["MaximumEventAgeInSeconds"], limits["MaximumRetryAttempts"]) == (3600, 2)

        # Tokens that the check refuses take no webhook away: one with a slip, one that is to be in
        # a parameter that doesn't exist, and another bot's, with which bot.py can't start.
        another = other.add_bot(TOKEN.replace("1234567890", "987654321"))
        before = len(other.calls)
        module.variables["telegram_bot_token"] = f"9{TOKEN}"
        assert "Unauthorized" in module.refused()
        module.variables |= {"telegram_bot_token": None, "telegram_bot_token_parameter": "/b/tokn"}
        assert "/b/tokn" in module.refused()
        module.variables |= {"telegram_bot_token": another.token}
        del module.variables["telegram_bot_token_parameter"]
        change(module, "def reply(", "1 / 0\ndef reply(")
        assert "ZeroDivisionError" in module.refused()
        assert answer_to(other, "again") == "Heard: again"
        assert [call.method for call in other.calls[before:]] == ["sendMessage"]

        # An alias that was deleted by hand comes back. The other bot gets the webhook, and what the
        # first one gets is refused: its webhook has another secret.
        functions.delete_alias(FunctionName="repaired", Name="live")
        change(module, "1 / 0\n", "")
        before = len(other.calls)
        module.apply()
        assert "/*/POST/telegram" in functions.get_policy(**alias)["Policy"]
        assert [(call.method, call.bot) for call in other.calls[before:]] == [
            *((method, another.id) for method in ("getMe", "setMyCommands", "setWebhook")),
            ("getWebhookInfo", another.id),
        ]
        assert another.outbox.info["url"] == module.outputs()["webhook_url"]
        other.send(other.message("too late"))
        other.wait(lambda: other.deliveries[-1].status == 401)
        module.destroy()
        assert another.outbox.info["url"] == ""
