"""Examples and the bot of two pages, in one apply: what they may do and reach beside the module."""

import json
import re
import shutil

import pytest
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import ADA

from tests.support import reader
from tests.support.deployment import Deployment, client, create_user, everything
from tests.support.policy import POLICY

# Each of them, with the variables that it needs.
EXAMPLES = {
    "assistant": '  model = "a-model"\n  model_url = "http://127.0.0.1:9"\n',
    "lunch": "",
    "newsletter": f"  owner_id = {ADA['id']}\n",
    "notify": f"  chat_id = {ADA['id']}\n",
}
NAMES = ("assistant-bot", "dice-bot", "lunch-bot", "newsletter-bot", "notify-bot")

# The bot of docs/how-to/apis.md, with a table and a secret, which is the weather here.
READER = "dice-bot"
SECRET = "/dice-bot/weather-key"
TELLS = """
weather.weather = lambda city: f"{weather.key()} in {city}."
"""


# Each example is unchanged, except for the URL of its Telegram and its provider.
OVERRIDE = 'module "telegram_bot" {{\n  telegram_api_url = "{}"\n}}\n'
CALL = 'module "{0}" {{\n  source = "./module/examples/{0}"\n{1}}}\n'


class World:
    """The examples' bots, applied: their Telegram, and the emulated AWS that they run on."""

    def __init__(self, aws, telegram, module):
        self.aws = aws
        self.telegram = telegram
        self.module = module
        self.bots = {}
        self.seen = {}  # how many texts of each bot `told` returned

    def say(self, name, text, **content):
        """Write to a bot, and return what it answers."""
        before = len(self.telegram.calls)
        self.send(name, self.telegram.message(text, **content))
        calls = self.telegram.calls[before:]
        [answer] = [call for call in calls if call.method == "sendMessage"]
        assert (answer.status, answer.bot) == (200, self.bots[name].id)
        return str(answer.params["text"])

    def send(self, name, update):
        """Send a bot an update, and wait until all are answered."""
        self.telegram.send(update, self.bots[name])
        self.telegram.wait(lambda: not self.telegram.pending())

    def told(self, name, texts=1):
        """Wait until a bot has sent Ada so many texts since the last call, and return them."""
        id, seen = self.bots[name].id, self.seen.get(name, 0)

        def sent():
            calls = [each for each in self.telegram.calls if (each.bot, each.status) == (id, 200)]
            to_her = [call for call in calls if call.params.get("chat_id") == ADA["id"]]
            return [str(call.params["text"]) for call in to_her][seen:]

        self.telegram.wait(lambda: len(sent()) >= texts)
        self.seen[name] = seen + len(sent())
        return sent()


def deployer(aws):
    """Create a user who may do only what bots need, and what examples add to it."""
    services = ("apigateway", "iam", "kms", "lambda", "logs", "sqs", "ssm", "sts")
    # The emulator asks for these without a name.
    nameless = ("dynamodb:ListTagsOfResource", "scheduler:ListTagsForResource")
    [table] = [each["Action"] for each in POLICY["Statement"] if each["Sid"] == "Sessions"]
    allowed = {
        "*": [*(f"{service}:*" for service in services), *nameless],
        "arn:aws:dynamodb:*:*:table/*-bot_sessions": ["dynamodb:*"],
        f"arn:aws:dynamodb:*:*:table/{READER}": ["dynamodb:*"],
        "arn:aws:dynamodb:*:*:table/newsletter-bot": table,
        "arn:aws:scheduler:*:*:schedule-group/*-bot": ["scheduler:*"],
    }
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource}
        for resource, actions in allowed.items()
    ]
    added = json.loads((ROOT / "examples/notify/deployer-policy.json").read_text())
    # The emulator checks some actions against "*", AWS against the resource.
    statements += [each | {"Resource": "*"} for each in added["Statement"]]
    return create_user(aws, "deployer", statements)


def without_provider(main):
    """Return an example's main.tf for a configuration that calls it, and has one provider."""
    text = main.read_text()
    changed = re.sub(r'(?ms)^provider "aws" \{\n.*?^\}\n\n', "", text)
    assert changed != text
    return changed


def follow_the_page(folder, telegram_url):
    """Do what docs/first-bot.md says, and then the page on APIs."""
    reader.begin(folder)
    reader.add_services(folder)
    bot = folder / "bot" / "bot.py"
    bot.write_text(bot.read_text() + TELLS)
    main = folder / "main.tf"
    main.write_text(without_provider(main))
    override = OVERRIDE.format(telegram_url).replace("{\n", '{\n  source = "../.."\n')
    (folder / "telegram_override.tf").write_text(override)


@pytest.fixture(scope="module")
def world(tmp_path_factory, aws, providers, telegram):
    """Apply the examples, as modules of one configuration; at the end they are destroyed."""
    folder = tmp_path_factory.mktemp("examples")
    examples = folder / "module" / "examples"
    for example in EXAMPLES:
        copy = shutil.copytree(ROOT / "examples" / example, examples / example)
        (copy / "main.tf").write_text(without_provider(copy / "main.tf"))
        (copy / "telegram_override.tf").write_text(OVERRIDE.format(telegram.url))
    follow_the_page(examples / READER, telegram.url)
    calls = "".join(CALL.format(*each) for each in {**EXAMPLES, READER: ""}.items())
    options = {"configuration": calls, "user": deployer(aws)}
    with Deployment(providers, aws.url, folder / "module", **options) as module:
        world = World(aws, telegram, module)
        tokens = {f"/{name}/token": f"{id}:{'A' * 35}" for id, name in enumerate(NAMES, 1000000001)}
        world.bots = {name: telegram.add_bot(tokens[f"/{name}/token"]) for name in NAMES}
        parameters = {**tokens, SECRET: "sunny", "/assistant-bot/model-key": "a-key"}
        for name, value in parameters.items():
            client(aws, "ssm").put_parameter(Name=name, Value=value, Type="SecureString")
        module.apply()
        world.say("notify-bot", "/start")  # a bot can't write to people who never did
        world.told("notify-bot")
        yield world
    assert [thing for thing in everything(aws) for name in NAMES if name in thing] == []
    assert client(aws, "dynamodb").list_tables()["TableNames"] == []
    assert [bot.outbox.info["url"] for bot in world.bots.values()] == [""] * len(NAMES)


def test_second_plan_is_empty(world):
    assert world.module.planned() == {}


def test_bots_share_no_webhook(world):
    """AWS refuses a second function, role or log group of a name."""
    outboxes = [bot.outbox for bot in world.bots.values()]
    assert len({outbox.info["url"] for outbox in outboxes}) == len(NAMES)
    assert len({outbox.secret for outbox in outboxes}) == len(NAMES)


def test_bot_of_the_page_on_apis_reads_its_secret(world):
    assert [world.say(READER, "Oslo") for _ in range(2)] == [
        "sunny in Oslo. That makes 1.",
        "sunny in Oslo. That makes 2.",
    ]


def test_newsletter_is_begun(world):
    """The bot may use its table, its session and its group of schedules."""
    name, telegram = "newsletter-bot", world.telegram
    assert world.say(name, "/subscribe").startswith("You get the newsletter")
    news = telegram.message("News!")
    world.send(name, news)
    world.say(name, "/send", reply_to_message=news["message"])
    question = max(id for chat, id in telegram.messages if chat == ADA["id"])
    [[button]] = telegram.messages[ADA["id"], question]["reply_markup"]["inline_keyboard"]
    assert button["text"] == "Send it to 1"
    telegram.press(ADA["id"], question, button["callback_data"])
    telegram.wait(lambda: not telegram.pending())
    first = {"GroupName": name, "Name": f"once.newsletter.{question}.0"}
    client(world.aws, "scheduler").delete_schedule(**first)


def test_schedule_sends_the_call_in_its_input(world):
    scheduler = client(world.aws, "scheduler")
    schedule = scheduler.get_schedule(Name="notify-bot")
    assert schedule["ScheduleExpression"] == "cron(0 9 ? * MON-FRI *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    # Now, with the same target: the emulator's clock can't be set to nine.
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression="at(2026-01-01T09:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=schedule["Target"],
    )
    assert world.told("notify-bot") == ["Good morning! What will you do today?"]
    scheduler.delete_schedule(Name="now")


def test_rule_reports_new_object(world):
    s3 = client(world.aws, "s3")
    [bucket] = [
        bucket["Name"]
        for bucket in s3.list_buckets()["Buckets"]
        if bucket["Name"].startswith("notify-bot-")
    ]
    told = {
        'x", "chat_id": 4343, "text": "y': "an object with a quote or a backslash in its name",
        "in box/ä <b>.txt": "in box/ä <b>.txt",
    }
    for key, name in told.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"hello")
        assert world.told("notify-bot") == [f"New in {bucket}: {name} (5 bytes)"]
        s3.delete_object(Bucket=bucket, Key=key)
    calls = [call for call in world.telegram.calls if call.bot == world.bots["notify-bot"].id]
    chats = {call.params["chat_id"] for call in calls if "chat_id" in call.params}
    assert chats == {ADA["id"]}, "a name is no call"


def test_topic_reports_alarm(world):
    cloudwatch = client(world.aws, "cloudwatch")
    topics = client(world.aws, "sns").list_topics()["Topics"]
    [topic] = [topic["TopicArn"] for topic in topics if topic["TopicArn"].endswith("-alarms")]
    cloudwatch.put_metric_alarm(
        AlarmName="Pumps",
        AlarmActions=[topic],
        Namespace="Works",
        MetricName="Stopped",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudwatch.put_metric_data(
        Namespace="Works", MetricData=[{"MetricName": "Stopped", "Value": 3.0}]
    )
    [text] = world.told("notify-bot")
    assert text.startswith("Pumps: ALARM\nThreshold Crossed")
    cloudwatch.delete_alarms(AlarmNames=["Pumps"])


def test_stream_reports_changed_items_and_discards_a_failing_one(world):
    functions, dynamodb = client(world.aws, "lambda"), client(world.aws, "dynamodb")
    live = functions.list_event_source_mappings(FunctionName="notify-bot:live")
    [mapping] = live["EventSourceMappings"]
    assert (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]) == (3, 3600)
    # The emulator ignores the number of attempts, and heeds only the age.
    functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=1)
    for order in ({"state": {"S": "new"}}, {"unexpected": {"S": "x"}}, {"state": {"S": "paid"}}):
        dynamodb.put_item(TableName="notify-bot", Item={"order": {"S": "17"}, **order})
    dynamodb.delete_item(TableName="notify-bot", Key={"order": {"S": "17"}})
    expected = ["Order 17 is new.", "Order 17 is paid.", "Order 17 is deleted."]
    assert world.told("notify-bot", len(expected)) == expected
    functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=3600)
