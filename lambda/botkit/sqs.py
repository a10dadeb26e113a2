"""JSON in SQS messages."""

from __future__ import annotations

from . import aws
from .errors import Misconfigured
from .types import Any

LARGEST = 256 * 1024  # bytes of a message, in UTF-8: the AWS provider sets a queue to that


class NotTaken(Exception):
    """A queue can never take this message. The text says why, and quotes nothing of it."""


def send(queue_url: str, content: Any, **params: Any) -> None:
    """Put JSON into a queue.

    Raises NotTaken, Unreachable, or Misconfigured if the queue can't be used.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    # SQS takes neither of these, nor half a surrogate pair, which to_json replaces.
    body = aws.to_json(content).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    size = len(body.encode())
    # Not left to SQS: it answers a request of over 1.6 MB as if it were a fault, without a code.
    if size > LARGEST:
        raise NotTaken(f"an SQS message must have at most {LARGEST:,} bytes, not {size:,}")
    try:
        call("SendMessage", queue_url, MessageBody=body, **params)
    except aws.ClientError as error:
        if error.code.startswith(("InvalidParameterValue", "InvalidMessage")):
            raise NotTaken(str(error)) from None
        raise Misconfigured(f"the queue can't be used: {error}") from None


def waiting(queue_url: str) -> int:
    """Return about how many messages a queue has. Raises aws.ClientError or Unreachable.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "Delayed", "NotVisible")]
    counts = call("GetQueueAttributes", queue_url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def call(action: str, queue_url: str, **params: Any) -> Any:
    """Call SQS. Raises aws.ClientError or Unreachable."""
    return aws.call("sqs", f"AmazonSQS.{action}", {"QueueUrl": queue_url, **params})
