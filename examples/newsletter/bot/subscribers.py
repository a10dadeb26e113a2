"""The subscribers, in a table: an item for each person."""

import os
import time

from botkit import aws
from botkit.errors import Unreachable

TRIES = 6  # of a batch, when DynamoDB is too busy for all of it


def add(person):
    _table("PutItem", Item=_key(person))


def remove(*people):
    """Remove up to 25 people, also if they aren't there. Raises Unreachable if some are left.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """
    requests = [{"DeleteRequest": {"Key": _key(person)}} for person in people]
    left = {os.environ["TABLE"]: requests} if requests else {}
    for number in range(TRIES):
        if left and number:
            time.sleep(0.1 * 2**number)
        if left:
            left = _dynamodb("BatchWriteItem", RequestItems=left).get("UnprocessedItems")
    if left:
        raise Unreachable("DynamoDB is too busy to remove people")


def count():
    total, place = 0, {}
    while place is not None:
        page = _table("Scan", Select="COUNT", **place)
        total, place = total + page["Count"], _next(page)
    return total


def page(place, size):
    """Return so many people or fewer, and the place of those who follow, None at the end.

    The first place is {}. A place stays valid when people are added or removed.
    """
    page = _table("Scan", Limit=size, ConsistentRead=True, **place)
    return [int(item["person"]["N"]) for item in page["Items"]], _next(page)


def _next(page):
    last = page.get("LastEvaluatedKey")
    return {"ExclusiveStartKey": last} if last else None


def _key(person):
    return {"person": {"N": str(person)}}


def _table(action, **params):
    return _dynamodb(action, TableName=os.environ["TABLE"], **params)


def _dynamodb(action, **params):
    return aws.call("dynamodb", f"DynamoDB_20120810.{action}", params)
