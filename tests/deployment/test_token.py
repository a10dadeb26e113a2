"""A token in Parameter Store is nowhere else, and is replaced while messages wait.

The password of a proxy isn't shown either.
"""

import json

from tests.support.deployment import FUNCTION, REGISTRATION, answer_to, client, texts
from tests.support.telegram import OTHER_TOKEN, TOKEN

PARAMETER = "/bots/echo/token"
PASSWORD = "p@ss w:rd/%é"
ESCAPED = "p%40ss%20w%3Ard%2F%25%C3%A9"


def keep(aws, token):
    """Put a token into Parameter Store, as the README tells operators to."""
    client(aws, "ssm").put_parameter(
        Name=PARAMETER, Value=token, Type="SecureString", Overwrite=True
    )


def logged(aws, name):
    """Return all that a function logged: the emulated AWS keeps texts without their fields."""
    events = client(aws, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "\n".join(event["message"] for event in events)


def test_token_in_parameter_store_is_nowhere_else_and_is_replaced(deploy, telegram, aws):
    keep(aws, TOKEN)
    module = deploy("kept", telegram_bot_token=None, telegram_bot_token_parameter=PARAMETER)
    assert answer_to(telegram, "first") == "Heard: first"
    module.terraform("plan", "-out=plan", f"-replace={FUNCTION}")
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="kept")
    places = {
        "state": (module.folder / "terraform.tfstate").read_text(),
        "plan": module.terraform("show", "-json", "plan").stdout,
        "environment": json.dumps(configuration["Environment"]),
    }
    assert [place for place, text in places.items() if PARAMETER not in text] == []
    places["log"] = logged(aws, "kept")
    assert [place for place, text in places.items() if TOKEN.partition(":")[2] in text] == []

    # It is rotated by one command, and no message is lost.
    for number in range(10):
        telegram.send(telegram.message(f"during {number}"))
    telegram.revoke(OTHER_TOKEN)
    for number in range(10, 15):
        telegram.send(telegram.message(f"during {number}"))
    keep(aws, OTHER_TOKEN)
    module.apply(f"-replace={REGISTRATION}")
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[1:] == [f"Heard: during {number}" for number in range(15)]

    # Through a proxy that isn't there, the check fails: the password is in no log, and Terraform
    # shows it only in JSON, to programs.
    module.variables["telegram_proxy"] = f"http://bot:{ESCAPED}@127.0.0.1:9"
    assert "ConnectionRefusedError" in module.refused()
    shown = [logged(aws, "kept"), *module.said]
    shown = [said for said in shown if not said.startswith('{"format_version"')]
    for password in (ESCAPED, PASSWORD):
        assert not any(password in said for said in shown)
