"""docs/first-bot.md and docs/how-to work: what a reader copies from them runs, as it is."""

import ast
import gzip
import json
import os
import re
import struct
import subprocess
import sys
import time

import pytest
from botkit.fakes.services import Schedules, Table
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new
from telegram_stand_in import file_content
from werkzeug import Response

from tests.support import reader
from tests.support.deployment import Deployment
from tests.support.printed import printed
from tests.support.reader import BLOCKS, CHANGES, FILES
from tests.support.sample import one_in
from tests.support.stubs import TOKEN, frame

HANDLED = "\nHANDLED = "  # in a whole bot.py


@pytest.fixture
def folder(tmp_path):
    """The reader's folder after the first page, and the module where init puts it."""
    reader.begin(tmp_path / "dice-bot")
    modules = tmp_path / "dice-bot" / ".terraform" / "modules"
    modules.mkdir(parents=True)
    (modules / "telegram_bot").symlink_to(ROOT)
    return tmp_path / "dice-bot"


@pytest.fixture
def further(folder):
    """The same folder, with each file of the pages that follow."""
    for name, content in FILES.items():
        if name.startswith("bot/") and name != "bot/bot.py":
            (folder / name).write_text(content)
    return folder


def run(folder, *arguments, **environment):
    """Run Python in the reader's folder. There, pytest has no plugins."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
    )


def python(folder, *arguments, **environment):
    """Run Python in the reader's folder, without an error, and return its output."""
    result = run(folder, *arguments, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def evaluate(folder, module, expression, **environment):
    """Return the repr of an expression with one of the bot's modules."""
    path = os.pathsep.join((str(folder / "bot"), str(ROOT / "lambda")))
    code = f"import {module}; print(repr({module}.{expression}))"
    return python(folder, "-c", code, PYTHONPATH=path, **environment).strip()


def aws(server):
    """Return the environment in which AWS is a stub."""
    return {
        "AWS_ENDPOINT_URL": server.url_for("").rstrip("/"),
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


COUNTS = {
    "TableName": "dice-bot",
    "Key": {"chat": {"S": "4242"}},
    "UpdateExpression": "ADD reached :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
    "ReturnValues": "UPDATED_NEW",
}


def bot_of(telegram):
    """Return the environment in which Telegram is the stand-in."""
    return {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}


def photo(telegram, data, **about):
    """Return a message with a photo, in two sizes: the data are the large one's."""
    [large] = file_content(telegram, data, kind="photo")["photo"]
    return {"chat": {"id": 42}, "photo": [{"file_id": "small"}, large], **about}


def answer(server, target, params, result):
    server.expect_oneshot_request(
        "/", method="POST", headers={"X-Amz-Target": target}, json=params
    ).respond_with_json(result)


def test_the_page_shows_what_scripts_new_writes():
    written = new.files(ROOT / "examples" / new.FIRST, "dice-bot")
    picture = next(block for language, block in BLOCKS if language == "text")
    assert {*re.findall(r"── (\S+)", picture)} == set(written)


def test_the_readers_tests_pass(further):
    tests = [name for name in FILES if name.startswith("test_")]
    for name in tests:
        (further / name).write_text(FILES[name])
    assert len(tests) > 4
    assert f"{5 + len(tests)} passed" in python(
        further, "-m", "pytest", "-q", "-p", "no:cacheprovider"
    )


@pytest.mark.parametrize("add", [lambda folder: None, reader.add_table], ids=["die", "table"])
def test_the_readers_bot_leaves_another_bots_commands_alone(folder, telegram, add):
    add(folder)
    chat = {"id": -7, "type": "group", "title": "Lunch"}
    update = {"message": {"chat": chat, "text": "/roll@another_bot"}}
    environment = {"TABLE": "dice-bot", **bot_of(telegram)}
    assert evaluate(folder, "bot", f"reply({update})", **environment) == "[]"


@pytest.mark.slow
def test_the_types_fit_and_find_a_wrong_key(further):
    reader.add_table(further)
    bot = further / "bot" / "bot.py"
    whole = [text for name, text in CHANGES.items() if name.startswith("bot/") and HANDLED in text]
    assert len(whole) > 1
    for number, text in enumerate(whole):
        (further / "bot" / f"whole_{number}.py").write_text(text)
    (further / "bot" / "limited.py").write_text(bot.read_text())
    reader.change(further, "bot/bot.py, with a limit", "bot/limited.py")
    wrong = bot.read_text().replace('"chat_id": chat_id', '"chatid": chat_id')
    (further / "bot" / "wrong.py").write_text(wrong)
    # A separate cache, since the project's has other options; the next run is 10 s shorter.
    options = ("--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "reader"))
    output = run(further, "-m", "mypy", *options, "bot").stdout
    errors = re.findall(r"(\S+):\d+: error: (.*)", output)
    assert {file for file, _ in errors} == {"bot/wrong.py"}
    assert any("chatid" in text for _, text in errors)


def test_the_tests_still_pass_with_the_table_the_secret_and_all_other_files(further, httpserver):
    reader.add_table(further)
    reader.add_secret(further)
    assert "5 passed" in python(further, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    update = {"message": {"chat": {"id": 4242}, "text": "/count"}}
    result = {"Attributes": {"reached": {"N": "3"}}}
    answer(httpserver, "DynamoDB_20120810.UpdateItem", COUNTS, result)
    calls = evaluate(further, "bot", f"reply({update})", TABLE="dice-bot", **aws(httpserver))
    assert "That makes 3." in calls
    httpserver.check()


@pytest.mark.slow
def test_the_configuration_is_valid_at_each_step(folder, providers, tmp_path):
    """The pages' files are also formatted. tests/deployment/test_examples.py applies the last."""
    module = Deployment(providers, "http://127.0.0.1:9", tmp_path / "module")
    module.root = folder
    (folder / ".terraform" / "modules" / "telegram_bot").unlink()
    main = folder / "main.tf"
    source = re.compile(r'source = "git.*')
    assert len(source.findall(main.read_text())) == 1
    main.write_text(source.sub('source = "../module"', main.read_text()))
    module.init()
    module.terraform("validate", "-no-color")
    (folder / "secret.tf").write_text(FILES["secret.tf"])
    reader.in_the_module(folder, reader.CHANGES[reader.SECRET])
    module.terraform("validate", "-no-color")
    (folder / "secret.tf").unlink()
    main.write_text(main.read_text().replace(f"\n{reader.CHANGES[reader.SECRET]}", ""))
    reader.add_table(folder)
    reader.add_secret(folder)
    topic = '\nresource "aws_sns_topic" "news" {}\n'
    (folder / "events.tf").write_text(FILES["events.tf"] + topic)
    (folder / "schedule.tf").write_text(FILES["schedule.tf"])
    module.terraform("validate", "-no-color")
    formatted = module.terraform("fmt", "-check", "-diff", check=False)
    assert formatted.returncode == 0, formatted.stdout


def test_a_bot_remembers(folder):
    """By the lines that the page begins with, then in a conversation, which has its own test."""
    (folder / "bot" / "remembers.py").write_text(CHANGES["bot/bot.py, which remembers"])
    update = {"message": {"chat": {"id": 42}}}
    calls = evaluate(folder, "remembers", f"reply({update}, {{'rolls': 2}})")
    assert calls == repr([{"method": "sendMessage", "chat_id": 42, "text": "3 rolls"}])


@pytest.mark.parametrize(
    ("bot", "test"),
    one_in(
        3,
        [
            (CHANGES["bot/bot.py, a conversation"], "of the conversation"),
            (FILES["bot/album.py"], "of the album"),
            (FILES["bot/words.py"], "of a growing answer"),
            (FILES["bot/model.py"], "of a model"),
            (CHANGES["bot/bot.py, with buttons"], "of the buttons"),
            (CHANGES["bot/bot.py, in a group"], "in a group"),
            (CHANGES["bot/bot.py, for a shop"], "for a shop"),
            (CHANGES["bot/bot.py, with payments"], "with payments"),
            (CHANGES["bot/bot.py, with links"], "with links"),
            (CHANGES["bot/bot.py, in inline mode"], "in inline mode"),
        ],
    ),
    ids=[
        *("dialogues", "albums", "stream", "model", "buttons", "groups"),
        *("business", "payments", "links", "inline"),
    ],
)
def test_the_test_of_another_bot_passes(bot, test, folder):
    (folder / "bot" / "bot.py").write_text(bot)
    (folder / "test_bot.py").write_text(tests := CHANGES[f"test_bot.py, {test}"])
    done = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert int(re.findall(r"(\d+) passed", done)[0]) >= tests.count("def test_")


def test_the_limit_is_told_by_a_message_or_a_tap(folder):
    reader.change(folder, "bot/bot.py, with a limit")
    message, tap = {"message": {"chat": {"id": 42}}}, {"callback_query": {"id": "7"}}
    told = [f"bot.on_limit({update})" for update in (message, tap, {})]
    said = {"text": "Please wait a minute."}
    calls = [
        {"method": "sendMessage", "chat_id": 42, **said},
        {"method": "answerCallbackQuery", "callback_query_id": "7", **said},
    ]
    expression = f"LIMIT == (20, 60) and {' + '.join(told)}"
    assert evaluate(folder, "bot", expression) == repr(calls)


def test_a_slow_answer_is_queued(folder):
    reader.change(folder, "bot/bot.py, with a queue")
    (folder / "test_bot.py").write_text(CHANGES["test_bot.py, with a queue"])
    assert "1 passed" in python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_people_are_told_of_a_failure(folder):
    reader.change(folder, "bot/bot.py, with a word when it fails")
    (folder / "test_bot.py").write_text(CHANGES["test_bot.py, of a failure"])
    assert "1 passed" in python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert evaluate(folder, "bot", "on_failure({})") == "[]"


def test_files_are_sent(further):
    sent = ast.literal_eval(evaluate(further, "sending", "album(42, b'1', b'2')"))
    assert [sent[each["media"].removeprefix("attach://")] for each in sent["media"]] == [b"1", b"2"]
    sent = ast.literal_eval(evaluate(further, "sending", "table(42)"))
    assert sent["document"] == ("rolls.csv", b"1,2,3\n")


def test_a_session_is_changed_by_its_key(further, httpserver):
    kept = {"42": '{"visits":5}', "shared": '{"orders":7}'}
    items = {key: {"version": {"S": "x"}, "session": {"S": kept[key]}} for key in kept}
    table = Table(None, "sessions", items=items)

    def dynamodb(request):
        target = request.headers["X-Amz-Target"]
        return Response(json.dumps(table.call("dynamodb", target, json.loads(request.data))))

    httpserver.expect_request("/").respond_with_handler(dynamodb)
    environment = {"SESSION_TABLE": "sessions", **aws(httpserver)}
    assert evaluate(further, "visits", "visited(42)", **environment) == "6"
    assert evaluate(further, "shared", "number()", **environment) == "8"
    sessions = [item["session"]["S"] for item in items.values()]
    assert sessions == ['{"visits":6}', '{"orders":8}']
    httpserver.check()


def test_a_profile_is_set_as_the_page_says(telegram):
    lines = printed(ROOT / "docs" / "how-to" / "profile.md")
    for line in [each for each in lines if each.startswith("curl")]:
        typed = line.replace("https://api.telegram.org", telegram.url)
        environment = {**os.environ, "TELEGRAM_BOT_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
        subprocess.run(["sh", "-c", typed], env=environment, check=True, capture_output=True)
    assert [(call.method, call.status) for call in telegram.calls] == [
        ("setMyName", 200),
        ("setMyDescription", 200),
        ("setMyShortDescription", 200),
    ]


def test_what_fails_is_in_sentry_before_the_answer_and_without_words(further, httpserver):
    httpserver.expect_request("/api/1/envelope/").respond_with_json({})
    fail = """
import os, sentry
words = os.environ["WORDS"]
for error in (sentry.Refused("sendMessage", 400, "Bad Request", {}), ValueError(words)):
    try:
        with sentry.watched():
            raise error
    except type(error):
        print("raised", flush=True)
os._exit(0)  # as Lambda freezes it
"""
    environment = {
        "PYTHONPATH": os.pathsep.join((str(further / "bot"), str(ROOT / "lambda"))),
        "SENTRY_DSN": httpserver.url_for("/1").replace("://", "://key@"),
        "NO_PROXY": "127.0.0.1",
        "WORDS": "my secret",
    }
    assert python(further, "-c", fail, **environment) == "raised\nraised\n"
    [(request, _)] = httpserver.log
    sent = gzip.decompress(request.data).decode()
    assert '"type":"ValueError"' in sent
    assert "my secret" not in sent


def test_the_menu_is_fetched(further, httpserver):
    httpserver.expect_oneshot_request("/my-bucket/menu.pdf", "GET").respond_with_data(b"%PDF")
    assert evaluate(further, "menu", "menu()", **aws(httpserver)) == repr(b"%PDF")
    httpserver.check()


MESSAGE = {"chat": {"id": 42}, "message_id": 7}
EVENT = {"chat": 42, "step": 1}
SCHEDULER = {
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/dice-bot.fifo",
    "SCHEDULE_GROUP": "dice-bot",
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/x",
}


def scheduled(httpserver, name):
    """Stand in for Scheduler, and return the schedules."""
    schedules = Schedules(None)

    def scheduler(request):
        schedules.request("scheduler", request.method, request.path, body=request.get_json())
        return Response("{}", content_type="application/json")

    httpserver.expect_oneshot_request(f"/schedules/{name}", "POST").respond_with_handler(scheduler)
    return schedules.items


@pytest.mark.parametrize(
    "module, expression, name, seconds, event",
    [
        ("remind", f"in_an_hour({MESSAGE})", "once.42.7", 3600, "An hour has passed."),
        ("steps", f"on_event({EVENT})", "once.42.2", 60, {"chat": 42, "step": 2}),
    ],
)
def test_something_is_scheduled(
    module,
    expression,
    name,
    seconds,
    event,
    further,
    httpserver,
):
    schedules = scheduled(httpserver, name)
    began = int(time.time())
    evaluate(further, module, expression, **SCHEDULER, **aws(httpserver))
    at, found = schedules[name]["at"], schedules[name]["event"]
    assert began + seconds <= at <= time.time() + seconds
    if isinstance(event, str):
        assert found["calls"] == [{"method": "sendMessage", "chat_id": 42, "text": event}]
    else:
        assert found["event"] == event


def test_a_chat_is_greeted_on_working_days(further, httpserver):
    schedules = scheduled(httpserver, "cron.42.morning")
    message = {"chat": {"id": 42}, "message_id": 7}
    evaluate(further, "mornings", f"on_working_days({message})", **SCHEDULER, **aws(httpserver))
    assert schedules["cron.42.morning"]["cron"] == "0 9 ? * MON-FRI *"


def test_a_bot_speaks_the_language_of_a_person(further):
    translated = {
        "Roll a die": "Würfeln",
        "One roll\0{count} rolls": "Ein Wurf\0{count} Würfe",
        "": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n",
    }
    folder = further / "bot" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "bot.mo").write_bytes(compiled(translated))
    menus = {"": {"roll": "Roll a die"}, "de": {"roll": "Würfeln"}}
    assert evaluate(further, "language", "COMMANDS") == repr(menus)
    for code, texts in (("de-AT", ("Ein Wurf", "3 Würfe")), ("fr", ("One roll", "3 rolls"))):
        message = {"from": {"language_code": code}}
        for count, text in zip((1, 3), texts, strict=True):
            assert evaluate(further, "language", f"rolled({message}, {count})") == repr(text)
    assert evaluate(further, "language", "rolled({}, 1)") == repr("One roll")


def compiled(translated):
    """Return texts as msgfmt compiles them.

    Source: https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
    """
    tables = [[], []]
    start, data = 28 + 16 * len(translated), b""
    for original in sorted(translated):
        for table, text in zip(tables, (original, translated[original]), strict=True):
            table += [len(text.encode()), start + len(data)]
            data += text.encode() + b"\0"
    count = len(translated)
    head = [0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0]
    numbers = [*head, *tables[0], *tables[1]]
    return struct.pack(f"<{len(numbers)}I", *numbers) + data


def test_the_secret_is_fetched_once(further, httpserver):
    params = {"Name": "/dice-bot/weather-key", "WithDecryption": True}
    result = {"Parameter": {"Value": "sunny"}}
    answer(httpserver, "AmazonSSM.GetParameter", params, result)
    environment = {"WEATHER_KEY": "/dice-bot/weather-key", **aws(httpserver)}
    assert evaluate(further, "keys", "weather_key() * 2 + keys.weather_key()", **environment) == (
        repr("sunny" * 3)
    )
    httpserver.check()


def test_a_model_answers_over_urllib(further, httpserver):
    event = 'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n'
    stream = ": a comment\n\n" + event % "Hello" + event % ", Ada." + "data: [DONE]\n\n"
    params = {"Name": "/dice-bot/model-key", "WithDecryption": True}
    answer(httpserver, "AmazonSSM.GetParameter", params, {"Parameter": {"Value": "a-key"}})
    headers = {"Authorization": "Bearer a-key"}
    httpserver.expect_oneshot_request("/v1/chat", "POST", headers=headers).respond_with_data(stream)
    environment = {"MODEL": "m", "MODEL_KEY": "/dice-bot/model-key", **aws(httpserver)}
    environment["MODEL_URL"] = httpserver.url_for("/v1/chat")
    expression = "__name__ and [*model.words('Hi')]"
    assert evaluate(further, "model", expression, **environment) == "['Hello', ', Ada.']"
    httpserver.check()


def test_a_model_of_bedrock_answers_by_boto3(further, httpserver):
    body = b"".join(
        frame({":event-type": "contentBlockDelta", ":message-type": "event"}, each.encode())
        for each in ('{"delta":{"text":"Hello"}}', '{"delta":{"text":", Ada."}}')
    )
    asked = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    httpserver.expect_oneshot_request(
        "/model/nova:0/converse-stream", method="POST", json=asked
    ).respond_with_data(body)
    environment = {"MODEL": "nova:0", **aws(httpserver)}
    environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"]
    expression = "__name__ and [*bedrock.words('Hi')]"
    assert evaluate(further, "bedrock", expression, **environment) == "['Hello', ', Ada.']"
    httpserver.check()


def test_the_weather_is_told(further):
    (further / "test_weather.py").write_text(CHANGES["test_weather.py, with a server"])
    plugin = "pytest_httpserver.pytest_plugin"
    options = ("-q", "-p", "no:cacheprovider", "-p", plugin, "test_weather.py")
    assert "1 passed" in python(further, "-m", "pytest", *options)


def test_a_press_of_stop_is_noted(further, httpserver):
    httpserver.expect_request("/").respond_with_json({})
    stopped = {"chat": {"id": 42, "type": "private"}, "draft_id": 7}
    environment = {"SESSION_TABLE": "sessions", **aws(httpserver)}
    expression = f"reply({ {'stopped_message_generation': stopped} })"
    assert evaluate(further, "model", expression, **environment) == "[]"
    put = json.loads(httpserver.log[-1][0].data)
    assert put["Item"]["session"] == {"S": '{"stopped":true}'}


def test_a_photo_comes_back_as_a_file(further, telegram):
    message = photo(telegram, b"jpeg")
    calls = evaluate(further, "photos", f"as_document({message!r})", **bot_of(telegram))
    assert calls == repr(
        [{"method": "sendDocument", "chat_id": 42, "document": ("photo.jpg", b"jpeg")}]
    )


def test_the_page_is_answered_what_it_asks(further):
    [html] = [block for language, block in BLOCKS if language == "html"]
    [asked] = re.findall(r'fetch\("api(/\w+)"', html)
    request = {"method": "POST", "path": asked, "user": {"id": 42, "first_name": "Ada"}}
    answer = evaluate(further, "page", f"on_request({request!r})")
    assert re.fullmatch(r"\{'name': 'Ada', 'die': [1-6]\}", answer)
    request["method"] = "GET"
    assert evaluate(further, "page", f"on_request({request!r})").startswith("(404, ")


def test_messages_of_a_topic_are_sent_to_the_chat(further):
    event = {"Records": [{"Sns": {"Message": "a"}}, {"Sns": {"Message": "b"}}]}
    calls = [{"method": "sendMessage", "chat_id": 4242, "text": text} for text in "ab"]
    assert evaluate(further, "events", f"on_event({event})") == repr(calls)
