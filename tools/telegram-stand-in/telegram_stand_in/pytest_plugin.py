"""The fixture `bot_api` of pytest: a Telegram for one test. `telegram_stand_in.testing` has it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import BotApi

STAGES: pytest.StashKey[list[BotApi]] = pytest.StashKey()


@pytest.fixture
def bot_api(request: pytest.FixtureRequest) -> Iterator[BotApi]:
    """A Bot API server on loopback, for this test alone: `bot_api.url`, for `bot_api.token`."""
    from .testing import BotApi  # lazy: most tests of a project need none

    with BotApi() as stage:
        request.node.stash.setdefault(STAGES, []).append(stage)
        yield stage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose bot made a call that isn't as documented, though it didn't notice."""
    result = yield
    for stage in item.stash.get(STAGES, []):
        stage.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the transcript of a test that fails."""
    report = yield
    for stage in item.stash.get(STAGES, []):
        if report.failed and stage.transcript:
            report.sections.append(("Telegram", stage.transcript))
    return report
