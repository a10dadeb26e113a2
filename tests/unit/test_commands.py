"""commands.py: whether a text begins with a command for this bot."""

import pytest

from tests.support.stubs import TOKEN, parameter

ME = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "A_Bot"}

COMMANDS = {
    "/start now": "start",
    "/start\nnow": "start",
    " /start": "start",
    "/Start": "start",
    "/a_1": "a_1",
    "/" + "x" * 32: "x" * 32,
    "/start@a_bot": "start",
    "/start@A_BOT now": "start",
    "/start@another_bot": "",
    "/start@a_bot2": "",
    "/" + "x" * 33: "",
    "/été": "",
    "/_": "_",
    "//start": "",
    "/": "",
    "/@a_bot": "",
    "x /start": "",
    "!start": "",
    "": "",
    None: "",
}


@pytest.mark.parametrize(("text", "command"), COMMANDS.items(), ids=str)
def test_command_is_this_bots_unless_it_names_another(container, bot_api, text, command):
    commands = container.module("commands")
    container.module("telegram").default_client.username = ME["username"]
    assert commands.command_in(text) == command
    is_anothers = text in ("/start@another_bot", "/start@a_bot2")
    assert commands.is_for_another_bot(text) is is_anothers


def test_username_is_asked_until_telegram_answers(container, bot_api):
    commands = container.module("commands")
    assert commands.command_in("/start") == "start"  # without a question
    bot_api.refuses({"method": "getMe"}, 500, "no")
    with pytest.raises(container.module("errors").Unreachable):
        commands.command_in("/start@a_bot")
    bot_api.answers("getMe", {}, ME)
    assert [commands.command_in("/start@a_bot") for _ in range(2)] == ["start", "start"]
    assert commands.is_for_another_bot("/start@another_bot") is True


def test_username_is_asked_again_after_a_token_change(start_with_parameter, bot_api):
    container = start_with_parameter(bot_api.url, *[parameter(TOKEN)] * 2)
    commands = container.module("commands")
    bot_api.answers("getMe", {}, {**ME, "username": "old_bot"})
    assert commands.command_in("/start@old_bot") == "start"
    container.module("telegram").forget_token()
    bot_api.answers("getMe", {}, ME)
    container.module("telegram").call("getMe")  # as the check does
    bot_api.answers("getMe", {}, ME)
    assert commands.command_in("/start@old_bot") == ""
