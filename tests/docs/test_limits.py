"""The pace of the newsletter, whose tables its README has."""

import re

from telegram_bot_aws.local.project import ROOT


def test_the_newsletters_tables_are_of_its_pace():
    """Its README's tables were made with these: copies a second, threads, people in a batch."""
    folder = ROOT / "examples/newsletter/bot"
    text = "".join((folder / file).read_text() for file in ("copies.py", "newsletter.py"))
    of_example = dict(re.findall(r"^([A-Z]+) = ([0-9]+)\b", text, re.MULTILINE))
    assert [of_example[name] for name in ("RATE", "THREADS", "BATCH", "SPARE")] == [
        "25", "5", "25", "20",
    ]  # fmt: skip
