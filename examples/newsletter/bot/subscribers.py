"""The subscribers, in a table: an item for each person."""

import os

from botkit import aws


def add(person):
    _table("PutItem", Item=_key(person))


def remove(person):
    _table("DeleteItem", Key=_key(person))


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
    params["TableName"] = os.environ["TABLE"]
    return aws.call("dynamodb", f"DynamoDB_20120810.{action}", params)
