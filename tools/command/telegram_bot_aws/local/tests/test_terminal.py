"""terminal.py: words for people."""

import pytest

from telegram_bot_aws.local.terminal import ago

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-7, "moments ago"),
        (59.9, "moments ago"),
        (60, "1 min ago"),
        (HOUR - 0.1, "59 min ago"),
        (HOUR, "1 h ago"),
        (DAY - 1, "23 h ago"),
        (DAY, "1 day ago"),
        (3.9 * DAY, "3 days ago"),
    ],
)
def test_age_has_its_largest_unit(seconds, words):
    assert ago(seconds) == words
