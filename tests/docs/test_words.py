"""The pages are short, have the words that people type, and keep to one word for a thing."""

import re

import pytest
from telegram_bot_aws.local.project import ROOT

from tests.support.reader import PAGES

MAX_WORDS = {
    "CONTRIBUTING.md": 1300,
    "README.md": 720,
    "docs/delivery.md": 800,
    "docs/deploy.md": 800,
    "docs/how-to/queue.md": 680,
    "docs/inputs.md": 1000,
    "docs/migrate.md": 800,
    "docs/performance.md": 950,
    "docs/reference.md": 1700,
    "docs/runbook.md": 1200,
    "docs/security.md": 680,
    "tools/telegram-stand-in/README.md": 1100,
}
MAX_OTHER = 650
MAX_ALL = 27_000  # words of all pages, as wc counts them
MAX_BLOCK_LINES = 50
MAX_DETAILS = 6
# What people type, and the page whose title or first paragraphs have it.
SEARCHED = {
    "how-to/apis": "DynamoDB, S3, secret",
    "how-to/aws-events": "EventBridge, SNS, S3, alarm",
    "how-to/broadcast": "broadcast",
    "how-to/buttons": "inline keyboard, callback quer",
    "how-to/deep-links": "deep link",
    "how-to/errors": "Sentry, on_error",
    "how-to/files": "media group, album",
    "how-to/groups": "privacy mode, topic",
    "how-to/language-models": "streaming, OpenAI, Markdown",
    "how-to/mini-apps": "Mini App, Web App",
    "how-to/packages": "requirements.txt",
    "how-to/payments": "Stars",
    "how-to/profile": "menu, localisation",
    "how-to/queue": "dead-letter queue, timeout",
    "how-to/restrict": "rate-limit, allowed_ids",
    "how-to/schedule": "reminder, cron",
    "how-to/sessions": "session",
    "how-to/test": "pytest, demo",
    "delivery": "at least once, idempotent",
    "deploy": "GitHub Actions, staging, token, permissions, state, destroy",
    "migrate": "aiogram, python-telegram-bot, telebot, Flask, polling",
    "monitoring": "CloudWatch, X-Ray, logs, alarms",
    "networking": "VPC, KMS, proxy",
    "performance": "cold start, costs, limits, throughput",
    "runbook": "rollback, alarm",
    "user-data": "GDPR, back up, export",
}
NOT_OURS = {
    r"\bdialogues?\b": "conversation",
    r"\bkinds? of update|update's kind": "update type",
    r"\bha(?:ve|s) to wait\b": "fails temporarily",
    r"\bgrowing answers?|answers? that grows?": "streaming answer",
    r"\bmov(?:ed|ing) in\b": "migrate",
    r"\breplay(?:s|ed)?\b": "redrive",
    r"\bstrangers?\b": "other users",
    r"\.terraform/modules/telegram_bot/scripts/": "scripts/",
}


def test_all_pages_together_are_short():
    assert sum(len(page.read_text().split()) for page in PAGES) <= MAX_ALL


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_short_with_short_examples_and_few_details(page):
    text = page.read_text()
    words = len(re.findall(r"\S*\w\S*", text))
    assert words <= MAX_WORDS.get(str(page.relative_to(ROOT)), MAX_OTHER)
    blocks = re.findall(r"^```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [block for block in blocks if block.count("\n") > MAX_BLOCK_LINES] == []
    details = text.partition("\n## Details\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^(?:\*\*|- )", details, re.MULTILINE)) <= MAX_DETAILS


@pytest.mark.parametrize("page", SEARCHED)
def test_a_page_is_found_by_the_words_that_people_type(page):
    text = re.sub(r"```.*?```", "", (ROOT / "docs" / f"{page}.md").read_text(), flags=re.DOTALL)
    begins = " ".join(" ".join(text.split("\n\n")[:5]).split()).lower()
    assert [word for word in SEARCHED[page].split(", ") if word.lower() not in begins] == []


def test_the_pages_keep_to_the_words_of_the_field():
    found = {
        f"{page.relative_to(ROOT)}: {match[0]}, say {NOT_OURS[pattern]}"
        for page in PAGES
        if page.name != "CONTRIBUTING.md"  # which lists them
        for pattern in NOT_OURS
        for match in re.finditer(pattern, page.read_text())
    }
    assert found == set()
