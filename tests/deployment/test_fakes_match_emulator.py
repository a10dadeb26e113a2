"""botkit.fakes.services: its table behaves as that of the emulated AWS."""

import copy

from botkit.fakes.services import Table
from telegram_bot_aws.local.terraform import REGION

from tests.support.deployment import client

BOT = 'SESSION = "chat"\ndef reply(update, session):\n    return []'
KEY = {"Key": {"id": {"S": "42"}}}
NEW = {"ConditionExpression": "attribute_not_exists(version)"}


def item(version, **more):
    return {"Item": {**KEY["Key"], "version": {"S": version}, "session": {"S": "{}"}, **more}}


def as_read(version):
    read = {":read": {"S": version}}
    return {"ConditionExpression": "version = :read", "ExpressionAttributeValues": read}


CALLS = [
    ("GetItem", {**KEY, "ConsistentRead": True}),
    ("PutItem", {**item("a"), **as_read("a")}),  # there is none yet
    ("PutItem", {**item("a"), **NEW}),
    ("PutItem", {**item("b"), **NEW}),  # there is one
    ("PutItem", {**item("b"), **as_read("x")}),
    ("PutItem", {**item("b", expires_at={"N": "1"}), **as_read("a")}),
    ("GetItem", {**KEY, "ConsistentRead": True}),
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
