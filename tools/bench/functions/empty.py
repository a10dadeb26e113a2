"""The lower bound: a function that does nothing."""


def handler(event, context):
    return {"statusCode": 200}
