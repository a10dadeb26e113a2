"""docs/runbook.md, and the how-tos beside it: each alarm finds its heading."""

import json
import logging
import math
import re

from botkit.outcome import OUTCOMES
from telegram_bot_aws.local.project import ROOT

DOCS = ROOT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text()
ALARMS = (ROOT / "alarms.tf").read_text()


def test_each_alarm_has_its_heading():
    section = RUNBOOK.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    alarms = ALARMS.partition("  alarms = {\n")[2].partition("\n  }\n")[0]
    keys = re.findall(r"^    (\w+) = {$", alarms, re.MULTILINE)
    assert len(keys) > 5
    assert sorted(keys) == sorted(re.findall(r"^### (.*)$", section, re.MULTILINE))
    assert '${each.value.sentence} docs/runbook.md#${each.key}"\n' in ALARMS


def test_error_outcomes_have_an_alarm_and_an_explanation():
    found = re.findall(r"    (\w+) = {\n +outcomes = (\[.*\])\n", ALARMS)
    counted = {name: json.loads(outcomes) for name, outcomes in found}
    errors = [name for name, (level, *_) in OUTCOMES.items() if level == logging.ERROR]
    assert sorted(errors) == sorted(sum(counted.values(), []))
    section = RUNBOOK.partition("\n### failures\n")[2].partition("\n### ")[0]
    explained = re.findall(r"^\| `(\w+)` \| ", section, re.MULTILINE)[1:]
    assert sorted(counted["failures"]) == sorted(explained)


def test_hours_of_retries_follow_from_the_backoff():
    """Each pause is up to half as long again."""
    [tries] = re.findall(r"maxReceiveCount += (\d+)", (ROOT / "queue.tf").read_text())
    queue = (ROOT / "lambda/botkit/queue.py").read_text()
    [longest] = re.findall(r"^MAX_BACKOFF_SECONDS = (\d+)", queue, re.MULTILINE)
    least = sum(min(2**count, int(longest)) for count in range(1, int(tries) + 1)) / 3600
    assert (tries, int(least), math.ceil(1.5 * least)) == ("20", 3, 5)
    told = RUNBOOK + (DOCS / "how-to/queue.md").read_text()
    assert set(re.findall(r"three (?:to five )?hours", told)) == {"three to five hours"}
