"""botkit.fakes.services: its table and schedules behave as those of the emulated AWS."""

import copy
import json
from datetime import UTC, datetime

from botkit.fakes.services import Schedules, Table, seconds_of
from telegram_bot_aws.local.terraform import REGION

from tests.support.deployment import client
from tests.support.stubs import CALL, session_environment

BOT = 'SESSION = "chat"\ndef reply(update, session):\n    return []'
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SCHEDULER = {
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/tea-bot.fifo",
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::000000000000:role/tea-bot_scheduler",
}
NEW = "attribute_not_exists(version)"
AS_READ = "version = :read"


def item(key, version, **more):
    return {"id": {"S": key}, "version": {"S": version}, "session": {"S": "{}"}, **more}


def get(key):
    return "GetItem", {"Key": {"id": {"S": key}}, "ConsistentRead": True}


def put(new, read=""):
    if not read:
        return "PutItem", {"Item": new, "ConditionExpression": NEW}
    values = {":read": {"S": read}}
    return "PutItem", {
        "Item": new,
        "ConditionExpression": AS_READ,
        "ExpressionAttributeValues": values,
    }


CALLS = [
    get("42"),
    put(item("42", "a"), read="a"),  # there is none yet
    put(item("42", "a")),
    put(item("42", "b")),  # there is one
    put(item("42", "b"), read="x"),
    put(item("42", "b", expires_at={"N": "1"}), read="a"),
    get("42"),
]


def counted(limit):
    """Yield what rate_limit.py asks for a window of two: updates that come once and twice."""
    about = {"Key": {"id": {"S": "limit:42:0"}}}
    closing = {**about, **limit.CLOSE, "ExpressionAttributeValues": {":id": {"N": "3"}}}
    yield "UpdateItem", closing  # there is none yet
    for update_id in ("1", "2", "1", "3", "2"):
        values = {":id": {"N": update_id}, ":ids": {"NS": [update_id]}}
        values |= {":most": {"N": "2"}, ":end": {"N": "99"}}
        yield "UpdateItem", {**about, **limit.COUNT, "ExpressionAttributeValues": values}
    yield "UpdateItem", closing
    yield "UpdateItem", {**closing, "ExpressionAttributeValues": {":id": {"N": "4"}}}


def test_table_of_memory_answers_as_the_emulated_aws(aws, start_with_sessions):
    table = client(aws, "dynamodb")
    key = {"AttributeName": "id"}
    table.create_table(
        TableName="sessions",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
    )
    of_aws = {"AWS_ENDPOINT_URL": aws.url, "AWS_ACCESS_KEY_ID": "test", "AWS_REGION": REGION}
    container = start_with_sessions(BOT, **of_aws)
    module = container.module("aws")
    del module.connections["dynamodb"]  # the fake of the fixture
    asked = [*CALLS, *counted(container.module("middleware.rate_limit"))]

    def answers(call):
        for action, params in copy.deepcopy(asked):
            module.deadline.start(60)
            params["TableName"] = "sessions"
            try:
                answer = call("dynamodb", f"DynamoDB_20120810.{action}", params)
                for ids in answer.get("Attributes", {}).get("ids", {}).values():
                    ids.sort()
                yield answer
            except module.ClientError as error:
                yield error.code

    got = [*answers(Table(module).call)]
    assert got == [*answers(module.call)]
    failed = "ConditionalCheckFailedException"
    assert got[1:3] == [failed, {}]
    assert got.count(failed) == 5
    table.delete_table(TableName="sessions")


def test_schedules_of_memory_behave_as_on_the_emulated_aws(aws, start_bot):
    scheduler = client(aws, "scheduler")
    scheduler.create_schedule_group(Name="tea-bot")
    about = {**session_environment(aws.url), **dict.fromkeys(KEYS, "test"), **SCHEDULER}
    about |= {"AWS_REGION": REGION, "SCHEDULE_GROUP": "tea-bot"}
    container = start_bot("def reply(update):\n    return []", **about)
    module, schedule = container.module("aws"), container.module("schedule")
    noon = datetime(2099, 1, 1, 12, tzinfo=UTC)

    def results():
        module.deadline.start(60)
        made = [schedule.cron(CALL, f"0 {hour} ? * MON *", "Asia/Tokyo", "tea") for hour in (8, 9)]
        made += [schedule.once({**CALL, "text": text}, noon, "tea") for text in ("one", "two")]
        made += [schedule.cancel(name) for name in ("cake", "tea", "tea")]
        made.append(schedule.once({**CALL, "text": "three"}, noon, "tea"))
        made.append(schedule.cron(CALL, "0 9 ? * MON *", "Asia/Tokyo", "tea"))
        return made

    found = results()
    schedules = Schedules(module)
    container.stub_scheduler(schedules.request)
    assert results() == found == [True, False, True, False, False, True, False, True, True]
    listed = scheduler.list_schedules(GroupName="tea-bot")["Schedules"]
    assert {each["Name"] for each in listed} == set(schedules.items) == {"once.tea", "cron.tea"}
    one = scheduler.get_schedule(GroupName="tea-bot", Name="once.tea")
    event, at = json.loads(one["Target"]["Input"]), seconds_of(one["ScheduleExpression"])
    assert schedules.items["once.tea"] == {"at": at, "event": event}
    assert (at, event["calls"][0]["text"]) == (noon.timestamp(), "three")
    again = scheduler.get_schedule(GroupName="tea-bot", Name="cron.tea")
    item = schedules.items["cron.tea"]
    assert again["ScheduleExpression"] == f"cron({item['cron']})"
    assert again["ScheduleExpressionTimezone"] == item["zone"] == "Asia/Tokyo"
    assert json.loads(again["Target"]["Input"]) == item["event"]
    scheduler.delete_schedule_group(Name="tea-bot")
