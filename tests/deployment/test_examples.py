"""The examples, all in one apply: what their bots answer, and what is in their tables then."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from emulators.aws import Emulator
from emulators.telegram import ADA, GRACE, Bot, Fault, Json, Server, Telegram
from project import ROOT
from terraform import Module

from tests.support.deployment import client, everything
from tests.support.needs import needs_provider
from tests.support.telegram import TOKEN

EXAMPLES = ("form", "two-bots", "votes")
NAMES = ("form-bot", "sales-bot", "support-bot", "votes-bot")
GROUP: Json = {"id": -1000000000042, "type": "supergroup", "title": "Lunch"}

# Each example as it stands, but for the URL of its Telegram.
OVERRIDE = 'module "bot" {{\n  telegram_api_url = "{}"\n}}\n'
CALL = 'module "{0}" {{\n  source = "../examples/{0}"\n}}\n'


class World:
    """The examples' bots, applied: their Telegram, and the emulated AWS that they run on."""

    def __init__(self, aws: Emulator, telegram: Telegram, module: Module) -> None:
        self.aws = aws
        self.telegram = telegram
        self.module = module
        self.bots: dict[str, Bot] = {}

    def say(self, name: str, text: str, **content: Any) -> str:
        """Write to a bot, and return what it answers."""
        telegram, bot = self.telegram, self.bots[name]
        before = len(telegram.calls)
        telegram.send(telegram.message(text, **content), bot)
        self.wait()
        [answer] = [call for call in telegram.calls[before:] if call.method == "sendMessage"]
        assert (answer.status, answer.bot) == (200, bot.id)
        return str(answer.params["text"])

    def wait(self) -> None:
        """Wait until every update is answered."""
        self.telegram.wait(lambda: not self.telegram.pending(), 60)

    def items(self, table: str) -> list[Json]:
        """Return a table's items."""
        found: list[Json] = client(self.aws, "dynamodb").scan(TableName=table)["Items"]
        return found


def deployer(aws: Emulator) -> Json:
    """Make a user who may do to tables only what the README of an example says."""
    services = ("apigateway", "iam", "kms", "lambda", "logs", "ssm", "sts")
    allowed = [("*", [f"{service}:*" for service in services])]
    for example in EXAMPLES:
        readme = (ROOT / "examples" / example / "README.md").read_text()
        for action in re.findall("`(dynamodb:[A-Za-z]+)`", readme):
            # The emulator asks for this one without the table's name; AWS with it.
            nameless = action == "dynamodb:ListTagsOfResource"
            resource = "*" if nameless else f"arn:aws:dynamodb:*:*:table/{example}-bot"
            allowed.append((resource, [action]))
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource}
        for resource, actions in allowed
    ]
    iam = client(aws, "iam")
    iam.create_user(UserName="deployer")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    policy = iam.create_policy(PolicyName="deployer", PolicyDocument=document)["Policy"]
    iam.attach_user_policy(UserName="deployer", PolicyArn=policy["Arn"])
    key: Json = iam.create_access_key(UserName="deployer")["AccessKey"]
    return key


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Apply the examples, as three modules of one configuration; at the end they are destroyed."""
    needs_provider()
    folder = tmp_path_factory.mktemp("examples")
    telegram = Telegram(TOKEN, pace=0.01)
    with Emulator(auth=True) as aws, Server(telegram):
        module = Module(aws.url, folder)
        world = World(aws, telegram, module)
        for number, name in enumerate(NAMES):
            token = f"{1000000001 + number}:{'A' * 35}"
            world.bots[name] = telegram.add_bot(token)
            client(aws, "ssm").put_parameter(
                Name=f"/{name}/token", Value=token, Type="SecureString"
            )
        for example in EXAMPLES:
            copy = folder / "examples" / example
            shutil.copytree(ROOT / "examples" / example, copy)
            (copy / "telegram_override.tf").write_text(OVERRIDE.format(telegram.url))
        key = deployer(aws)
        module.environment["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
        module.environment["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
        module.root = folder / "root"
        module.root.mkdir()
        (module.root / "main.tf").write_text("".join(map(CALL.format, EXAMPLES)))
        shutil.copy(ROOT / ".terraform.lock.hcl", module.root)
        module.init()
        assert "Warning: " not in module.apply().stdout
        yield world
        module.destroy()
        assert [thing for thing in everything(aws) for name in NAMES if name in thing] == []
        assert client(aws, "dynamodb").list_tables()["TableNames"] == []
        assert [bot.outbox.info["url"] for bot in world.bots.values()] == [""] * len(NAMES)


@pytest.fixture
def poll(world: World) -> Json:
    """Return a post of the bot for votes in a group: a new one for each test."""
    bot = world.bots["votes-bot"]
    message = world.telegram.message("/poll Lunch? | Pizza | Soup", chat=GROUP)
    world.telegram.send(message, bot)
    world.wait()
    return max(
        (m for m in world.telegram.messages.values() if m["from"]["id"] == bot.id),
        key=lambda m: int(m["message_id"]),
    )


def press(world: World, post: Json, answer: int, user: Json = ADA) -> str:
    return world.telegram.press(GROUP["id"], post["message_id"], str(answer), user)


def buttons(world: World, post: Json) -> list[str]:
    """Return what the buttons of a post say."""
    message = world.telegram.messages[GROUP["id"], post["message_id"]]
    return [button["text"] for [button] in message["reply_markup"]["inline_keyboard"]]


def votes(world: World, post: Json) -> dict[str, str]:
    """Return the answers that people have chosen, from the table."""
    [item] = [
        item
        for item in world.items("votes-bot")
        if item["post"]["S"] == f"{GROUP['id']}/{post['message_id']}"
    ]
    return {name: vote["M"]["answer"]["S"] for name, vote in item.items() if name != "post"}


def test_a_second_plan_is_empty(world: World) -> None:
    plan = world.module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout


def test_each_bot_has_its_own_resources_webhook_and_menu(world: World) -> None:
    made = everything(world.aws)
    for name in NAMES:
        assert sorted(thing for thing in made if name in thing) == [
            f"API {name}",
            f"function {name}",
            f"log group /aws/lambda/{name}",
            f"log group /aws/vendedlogs/{name}",
            f"role {name}",
        ]
    menus = {
        name: [command["command"] for command in bot.commands.get(("default", ""), [])]
        for name, bot in world.bots.items()
    }
    assert menus == {
        "form-bot": ["start", "cancel"],
        "sales-bot": [],
        "support-bot": ["start"],
        "votes-bot": ["poll"],
    }
    outboxes = [bot.outbox for bot in world.bots.values()]
    assert len({outbox.info["url"] for outbox in outboxes}) == len(NAMES)
    assert len({outbox.secret for outbox in outboxes}) == len(NAMES)


def test_two_bots_answer_differently(world: World) -> None:
    prices = json.loads((ROOT / "examples/two-bots/sales-bot/prices.json").read_text())
    thing, price = next(iter(prices.items()))
    assert world.say("sales-bot", thing) == price
    assert world.say("support-bot", thing) == "Thank you. Somebody will look at it."


def test_a_vote_is_counted_changed_and_taken_back(world: World, poll: Json) -> None:
    assert (poll["text"], buttons(world, poll)) == ("Lunch?", ["Pizza · 0", "Soup · 0"])
    for user, answer, expected in (
        (ADA, 0, ["Pizza · 1", "Soup · 0"]),
        (GRACE, 0, ["Pizza · 2", "Soup · 0"]),
        (ADA, 1, ["Pizza · 1", "Soup · 1"]),
        (ADA, 1, ["Pizza · 1", "Soup · 0"]),
        (ADA, 0, ["Pizza · 2", "Soup · 0"]),
    ):
        query = press(world, poll, answer, user)
        world.wait()
        assert buttons(world, poll) == expected
        answers = [call for call in world.telegram.calls if call.method == "answerCallbackQuery"]
        assert (answers[-1].params["callback_query_id"], answers[-1].status) == (query, 200)
    assert votes(world, poll) == {str(ADA["id"]): "0", str(GRACE["id"]): "0"}


def test_many_people_press_at_the_same_time(world: World, poll: Json) -> None:
    people: list[Json] = [
        {"id": 7000 + n, "is_bot": False, "first_name": f"P{n}"} for n in range(12)
    ]
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda person: press(world, poll, person["id"] % 3 % 2, person), people))
    world.wait()
    expected = {str(person["id"]): str(person["id"] % 3 % 2) for person in people}
    assert votes(world, poll) == expected
    counts = [list(expected.values()).count(answer) for answer in ("0", "1")]
    assert buttons(world, poll) == [f"Pizza · {counts[0]}", f"Soup · {counts[1]}"]


@pytest.mark.parametrize("kind", ["500", "lost"])
def test_a_press_that_is_delivered_twice_counts_once(world: World, poll: Json, kind: str) -> None:
    faults = {
        "500": Fault("refuse", 1, 500, "Internal Server Error"),
        "lost": Fault("lost", 1),
    }
    before = len(world.telegram.deliveries)
    world.telegram.faults.append(faults[kind])
    press(world, poll, 0)
    world.wait()
    statuses = [delivery.status for delivery in world.telegram.deliveries[before:]]
    assert statuses == [503, 200]
    assert buttons(world, poll) == ["Pizza · 1", "Soup · 0"]


def test_a_form_survives_a_new_container(world: World) -> None:
    assert world.say("form-bot", "hello") == "Send /start to book a table."
    assert world.say("form-bot", "/start") == "What is your name?"
    assert world.say("form-bot", "Ada") == "Which day?"
    client(world.aws, "lambda").update_function_configuration(FunctionName="form-bot", Timeout=9)
    assert world.say("form-bot", "Friday") == "How many people?"
    assert world.say("form-bot", "/start", user=GRACE) == "What is your name?"
    assert world.say("form-bot", "four") == "Thank you, Ada: a table on Friday for four."
    [item] = [i for i in world.items("form-bot") if i["chat"]["N"] == str(ADA["id"])]
    assert [answer["S"] for answer in item["answers"]["L"]] == ["Ada", "Friday", "four"]
    settings = client(world.aws, "dynamodb").describe_time_to_live(TableName="form-bot")
    assert settings["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    assert settings["TimeToLiveDescription"]["AttributeName"] == "expires_at"


def test_a_form_that_has_expired_is_gone(world: World) -> None:
    user = {"id": 8001, "is_bot": False, "first_name": "Late"}
    assert world.say("form-bot", "/start", user=user) == "What is your name?"
    client(world.aws, "dynamodb").update_item(
        TableName="form-bot",
        Key={"chat": {"N": "8001"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1700000000"}},
    )
    assert world.say("form-bot", "Ada", user=user) == "Send /start to book a table."


def test_a_message_that_is_delivered_twice_is_one_answer(world: World) -> None:
    user = {"id": 8002, "is_bot": False, "first_name": "Twice"}
    assert world.say("form-bot", "/start", user=user) == "What is your name?"
    world.telegram.faults.append(Fault("refuse", 1, 500, "Internal Server Error"))
    telegram, bot = world.telegram, world.bots["form-bot"]
    before = len(telegram.calls)
    telegram.send(telegram.message("Ada", user=user), bot)
    world.wait()
    asked = [call.params["text"] for call in telegram.calls[before:]]
    assert asked == ["Which day?", "Which day?"]
    assert world.say("form-bot", "/cancel", user=user).startswith("I forgot your answers.")
    assert [i for i in world.items("form-bot") if i["chat"]["N"] == "8002"] == []
