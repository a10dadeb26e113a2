"""botkit.fakes.services: its table behaves as that of the emulated AWS."""

import copy

from botkit.fakes.services import Table
from telegram_bot_aws.local.terraform import REGION

from tests.support.deployment import client

BOT = 'SESSION = "chat"\ndef reply(update, session):\n    return []'
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
