"""docs/your-own-bot.md works: what a reader copies from it runs, as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from local.project import ROOT
from local.terraform import Module
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.needs import needs_provider, needs_terraform
from tests.support.stubs import TOKEN, Json

TEXT = (ROOT / "docs" / "your-own-bot.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
# A file's block begins with its name.
FILES = {
    found[1]: block
    for _, block in BLOCKS
    if (found := re.match(r"# (\S+\.(?:py|tf|toml))\n", block))
}
[IN_THE_MODULE] = [block for _, block in BLOCKS if block.startswith("# main.tf, in module")]
SOURCE = "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder, with each file of the page, and the module where init puts it."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    modules = tmp_path / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "telegram_bot").symlink_to(ROOT)
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the reader's folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
    )


def python(folder: Path, *arguments: str, **environment: str) -> str:
    """Run Python in the reader's folder, without an error, and return its output."""
    result = run(folder, *arguments, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def evaluate(folder: Path, module: str, expression: str, **environment: str) -> str:
    """Return the repr of an expression with one of the bot's modules."""
    path = os.pathsep.join((str(folder / "bot"), str(ROOT / "lambda")))
    code = f"import {module}; print(repr({module}.{expression}))"
    return python(folder, "-c", code, PYTHONPATH=path, **environment).strip()


def aws(server: HTTPServer) -> dict[str, str]:
    """Return the environment in which AWS is a stub."""
    return {
        "AWS_ENDPOINT_URL": server.url_for("").rstrip("/"),
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def answer(server: HTTPServer, target: str, params: Json, result: Json) -> None:
    server.expect_oneshot_request(
        "/", method="POST", headers={"X-Amz-Target": target}, json=params
    ).respond_with_json(result)


def test_the_page_has_each_file_of_its_picture() -> None:
    [picture] = [block for language, block in BLOCKS if language == "text"]
    named = set(re.findall(r"── (\S+)", picture))
    assert len(named) == 4
    assert named <= set(FILES)


def test_the_readers_tests_pass(folder: Path) -> None:
    assert "2 passed" in python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_the_types_fit_and_find_a_wrong_key(folder: Path) -> None:
    bot = folder / "bot" / "bot.py"
    wrong = bot.read_text().replace('"chat_id": chat_id', '"chatid": chat_id')
    (folder / "bot" / "wrong.py").write_text(wrong)
    # A cache of its own, since the project's has other options; the next run is 10 s shorter.
    options = ("--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "reader"))
    output = run(folder, "-m", "mypy", *options, "bot").stdout
    errors = re.findall(r"(\S+):\d+: error: (.*)", output)
    assert {file for file, _ in errors} == {"bot/wrong.py"}
    assert any("chatid" in text for _, text in errors)


def test_the_configuration_is_valid_without_the_table_and_with_it(
    folder: Path, tmp_path: Path
) -> None:
    needs_terraform()
    needs_provider()
    module = Module("http://127.0.0.1:9", tmp_path / "module")
    module.root = folder
    (folder / ".terraform" / "modules" / "telegram_bot").unlink()
    main, table = folder / "main.tf", folder / "table.tf"
    first, tables = main.read_text(), table.read_text()
    lines = IN_THE_MODULE.partition("\n")[2]
    second = re.sub(r"(  source_dir .*\n)", rf"\1\n{lines}", first)
    assert SOURCE in first and lines in second
    main.write_text(first.replace(SOURCE, "./module"))
    table.unlink()
    module.init()
    module.terraform("validate", "-no-color")
    for text in (first, second):  # formatted as the page has them
        main.write_text(text)
        table.write_text(tables)
        formatted = module.terraform("fmt", "-check", "-diff", check=False)
        assert formatted.returncode == 0, formatted.stdout
    main.write_text(second.replace(SOURCE, "./module"))
    module.terraform("validate", "-no-color")


def test_a_bot_remembers(folder: Path) -> None:
    """By the lines that the page begins with, then in a conversation, which has its own test."""
    about, conversation, test = (
        next(text for _, text in BLOCKS if text.startswith(f"# {file}\n"))
        for file in (
            "bot/bot.py, which remembers",
            "bot/bot.py, a conversation",
            "test_bot.py, of the conversation",
        )
    )
    (folder / "bot" / "remembers.py").write_text(about)
    update = {"message": {"chat": {"id": 42}}}
    calls = evaluate(folder, "remembers", f"reply({update}, {{'rolls': 2}})")
    assert calls == repr([{"method": "sendMessage", "chat_id": 42, "text": "3 rolls"}])
    (folder / "bot" / "bot.py").write_text(conversation)
    (folder / "test_bot.py").write_text(test)
    assert "1 passed" in python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_a_payment_is_kept_with_the_person(folder: Path, httpserver: HTTPServer) -> None:
    def dynamodb(request: Request) -> Response:
        asked = json.loads(request.data)
        if "Key" in asked:
            return Response(json.dumps({"Item": {**item, "session": {"S": '{"paid":5}'}}}))
        assert (asked["Item"]["id"], asked["Item"]["session"]) == (item["id"], {"S": '{"paid":12}'})
        return Response("{}")

    item = {"id": {"S": "42"}, "version": {"S": "x"}, "updates": {"S": "[]"}}
    httpserver.expect_request("/").respond_with_handler(dynamodb)
    environment = {"SESSION_TABLE": "sessions", **aws(httpserver)}
    assert evaluate(folder, "payments", "paid(42, 7)", **environment) == "12"
    httpserver.check()


def test_the_table_counts(folder: Path, httpserver: HTTPServer) -> None:
    params = {
        "TableName": "dice-bot",
        "Key": {"chat": {"S": "42"}},
        "UpdateExpression": "ADD rolls :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "UPDATED_NEW",
    }
    result = {"Attributes": {"rolls": {"N": "3"}}}
    answer(httpserver, "DynamoDB_20120810.UpdateItem", params, result)
    assert evaluate(folder, "rolls", "count(42)", TABLE="dice-bot", **aws(httpserver)) == "3"
    httpserver.check()


def test_the_secret_is_fetched_once(folder: Path, httpserver: HTTPServer) -> None:
    params = {"Name": "/dice-bot/weather-key", "WithDecryption": True}
    result = {"Parameter": {"Value": "sunny"}}
    answer(httpserver, "AmazonSSM.GetParameter", params, result)
    environment = {"WEATHER_KEY": "/dice-bot/weather-key", **aws(httpserver)}
    assert evaluate(folder, "keys", "weather_key() * 2 + keys.weather_key()", **environment) == (
        repr("sunny" * 3)
    )
    httpserver.check()


def test_a_photo_comes_back_as_a_file(folder: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request(
        f"/bot{TOKEN}/getFile", method="POST", json={"file_id": "large"}
    ).respond_with_json({"ok": True, "result": {"file_path": "photos/1.jpg"}})
    httpserver.expect_oneshot_request(f"/file/bot{TOKEN}/photos/1.jpg").respond_with_data(b"jpeg")
    message = {"chat": {"id": 42}, "photo": [{"file_id": "small"}, {"file_id": "large"}]}
    calls = evaluate(
        folder,
        "photos",
        f"as_document({message!r})",
        TELEGRAM_API_URL=httpserver.url_for("").rstrip("/"),
        TELEGRAM_BOT_TOKEN=TOKEN,
    )
    assert calls == repr(
        [{"method": "sendDocument", "chat_id": 42, "document": ("photo.jpg", b"jpeg")}]
    )
    httpserver.check()


def test_the_page_is_answered_what_it_asks(folder: Path) -> None:
    [html] = [block for language, block in BLOCKS if language == "html"]
    [asked] = re.findall(r'fetch\("api(/\w+)"', html)
    request = {"method": "POST", "path": asked, "user": {"id": 42, "first_name": "Ada"}}
    answer = evaluate(folder, "page", f"on_request({request!r})")
    assert re.fullmatch(r"\{'name': 'Ada', 'die': [1-6]\}", answer)
    request["method"] = "GET"
    assert evaluate(folder, "page", f"on_request({request!r})").startswith("(404, ")


def test_messages_of_a_topic_are_sent_to_the_chat(folder: Path) -> None:
    event = {"Records": [{"Sns": {"Message": "a"}}, {"Sns": {"Message": "b"}}]}
    calls = [{"method": "sendMessage", "chat_id": 42, "text": text} for text in "ab"]
    assert evaluate(folder, "events", f"on_event({event})") == repr(calls)


@pytest.mark.parametrize(
    ("sender", "may"),
    [({"from": {"id": 111}}, True), ({"from": {"id": 333}}, False), ({}, False)],
    ids=["listed", "another", "a channel"],
)
def test_only_listed_people_may_use_it(folder: Path, sender: Json, may: bool) -> None:
    message = json.dumps(sender)
    assert evaluate(folder, "people", f"may_use({message})", ALLOWED="111,222") == str(may)


def test_nobody_is_listed_without_the_variable(folder: Path) -> None:
    assert evaluate(folder, "people", "ALLOWED") == "set()"
