"""The fixture `bot_api` of pytest: a Telegram for one test. `telegram_stand_in.testing` has it.

This is no module of that package: pytest imports it whenever it starts, and the package only for a
test that asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from telegram_stand_in import BotApi

STAGE: pytest.StashKey[BotApi] = pytest.StashKey()


@pytest.fixture
def bot_api(request: pytest.FixtureRequest) -> Iterator[BotApi]:
    """A Bot API server on loopback, for this test alone: `bot_api.url`, for `bot_api.token`."""
    from telegram_stand_in import BotApi

    with BotApi() as stage:
        request.node.stash[STAGE] = stage  # instead of the one of an earlier try
        yield stage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose bot made a call that isn't as documented, though it didn't notice."""
    result = yield
    if stage := item.stash.get(STAGE, None):
        stage.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the transcript of a test that fails."""
    report = yield
    stage = item.stash.get(STAGE, None)
    if report.failed and stage and (lines := stage.since((0, 0))):
        from telegram_stand_in.testing import latest

        report.sections.append(("Telegram", "\n".join(latest(lines))))
    return report
