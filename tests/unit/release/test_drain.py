"""drain.py: a queue is removed when it is empty, or not at all."""

import botocore.session
import pytest

from tests.support.stubs import QUEUE, with_pauses

URL = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com/telegram"
DEAD_LETTERS = QUEUE.replace(".fifo", "_dlq.fifo")
DRAIN = {"tf": {"action": "delete"}, "url": URL, "hook": "drain_queue"}
UNQUEUED = 'ALLOWED_UPDATES = ["message"]\nreply = print\n'
QUEUES = UNQUEUED + 'QUEUED_UPDATES = ["message"]\n'
EMPTY = (0, 0)


def drain(container, bot_api, monkeypatch, *readings, url=URL):
    """Drain a queue with so many messages at each reading. Returns the pauses.

    A reading is what is in the queue and then in the dead letters, or an error. Without the
    webhook, the dead letters are read first. It has `url`, or the token is revoked.
    """
    ahead = iter(readings)
    left = []

    def count(service, target, params):
        if not left:
            left[:] = next(ahead)
        number = left.pop(0)
        if isinstance(number, Exception):
            raise number
        *others, last = params["AttributeNames"]
        return {"Attributes": {**dict.fromkeys(others, "0"), last: f"{number}"}}

    if url is None:
        bot_api.refuses({"method": "getWebhookInfo"}, 401, "Unauthorized")
    else:
        bot_api.answers("getWebhookInfo", {}, {"url": url})
    container.stub_aws(count, "sqs")
    pauses = with_pauses(monkeypatch, container.stop_clock())
    assert container.invoke(DRAIN, 5_000) == {}
    assert next(ahead, None) is None
    return pauses


@pytest.fixture
def container(start_with_queue):
    return start_with_queue(UNQUEUED)


def test_drain_waits_until_two_readings_find_the_queue_empty(container, bot_api, monkeypatch):
    readings = (2, 0), EMPTY, (1, 0), EMPTY, EMPTY
    assert drain(container, bot_api, monkeypatch, *readings) == [1.0] * 4


def test_drain_counts_messages_in_any_state(container):
    states = enumerate(("", "Delayed", "NotVisible"), 1)
    counts = {f"ApproximateNumberOfMessages{state}": f"{number}" for number, state in states}
    container.stub_aws(lambda *call: {"Attributes": counts}, "sqs")
    assert container.module("release.drain").waiting(QUEUE) == 1 + 2 + 3


def test_drain_fails_while_updates_come_into_the_queue(start_with_queue, bot_api, monkeypatch):
    with pytest.raises(Exception, match="first remove QUEUED_UPDATES from bot.py, apply"):
        drain(start_with_queue(QUEUES), bot_api, monkeypatch)


LOST = {
    "messages": (URL, [(2, 0)] * 4, "2 messages and 0 dead letters", QUEUE),
    "dead letters": (URL, [(1, 1), (0, 1)], "0 messages and 1 dead letters", DEAD_LETTERS),
    "a destroy": ("", [(3,), (1, 3), (0, 4)], "0 messages and 1 dead letters", DEAD_LETTERS),
}


@pytest.mark.parametrize(("url", "readings", "words", "queue"), LOST.values(), ids=LOST)
def test_drain_loses_no_message(container, bot_api, monkeypatch, url, readings, words, queue):
    with pytest.raises(Exception, match=f"{words}.* redrive_command") as caught:
        drain(container, bot_api, monkeypatch, *readings, url=url)
    assert str(caught.value).endswith(f"discard them: aws sqs purge-queue --queue-url {queue}")


def test_a_destroy_deletes_old_dead_letters(start_with_queue, bot_api, monkeypatch):
    """The webhook is removed before."""
    readings = (3,), (1, 3), (0, 3), (0, 2)
    drain(start_with_queue(QUEUES), bot_api, monkeypatch, *readings, url="")


def test_drain_of_a_revoked_token_expects_no_updates(start_with_queue, bot_api, monkeypatch):
    readings = (0,), EMPTY, EMPTY
    drain(start_with_queue(QUEUES), bot_api, monkeypatch, *readings, url=None)


def test_drain_fails_while_telegram_is_away(container, bot_api):
    bot_api.refuses({"method": "getWebhookInfo"}, 502, "Bad Gateway")
    with pytest.raises(Exception, match="502"):
        container.invoke(DRAIN)


def error_codes():
    """Return the codes of SQS's errors, and one of those that any service has."""
    model = botocore.session.get_session().get_service_model("sqs")
    return [*(shape.name for shape in model.error_shapes), "InvalidClientTokenId"]


@pytest.mark.parametrize("code", error_codes())
def test_drain_ignores_only_that_a_queue_does_not_exist(container, bot_api, monkeypatch, code):
    error = container.module("aws").ClientError(code, "no")
    if code == "QueueDoesNotExist":
        assert drain(container, bot_api, monkeypatch, (error, error), (error, error)) == [1.0]
    else:
        with pytest.raises(Exception, match=code):
            drain(container, bot_api, monkeypatch, (error, error))
