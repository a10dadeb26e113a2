"""traces.py: which delivery a call answers, while several are under way."""

from types import SimpleNamespace

import pytest
from telegram_stand_in import Telegram

from telegram_bot_aws.demo.traces import Traces

MESSAGE = {"message": {"chat": {"id": 42}}}
TAP = {"callback_query": {"id": "7", "message": {"chat": {"id": 42}}}}


@pytest.mark.parametrize(
    ("params", "place"),
    [({"callback_query_id": "7"}, 1), ({"chat_id": 42}, 0), ({"chat_id": [43]}, None)],
    ids=["a tap", "the chat", "another chat"],
)
def test_a_call_answers_the_delivery_of_its_query_or_chat(params, place):
    traces = Traces(Telegram("1:x"), feed=None)
    under_way = [SimpleNamespace(bot=1, update=update) for update in (MESSAGE, TAP)]
    traces._under_way = dict(enumerate(under_way))
    call = SimpleNamespace(delivery=None, method="sendMessage", bot=1, params=params)
    assert traces.cause(call) == (None if place is None else under_way[place])
    del traces._under_way[1]
    assert traces.cause(call) == under_way[0], "the only one: a call may be for any chat"
