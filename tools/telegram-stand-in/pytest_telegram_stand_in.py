"""The fixture `bot_api` of pytest: a Telegram for one test. `telegram_stand_in.testing` has it.

The mark `telegram_crashes` runs a test again with each crash: `telegram_stand_in.crashes` does.

This is no module of that package: pytest imports it whenever it starts, and the package only for a
test that asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from telegram_stand_in import BotApi
    from telegram_stand_in.crashes import Run

STAGE: pytest.StashKey[BotApi] = pytest.StashKey()
RUN: pytest.StashKey[Run] = pytest.StashKey()
MARK = "telegram_crashes"


def pytest_configure(config: pytest.Config) -> None:
    what = "run the test again with a crash of its bot before and after each call"
    config.addinivalue_line("markers", f"{MARK}: {what}")


@pytest.fixture
def bot_api(request: pytest.FixtureRequest) -> Iterator[BotApi]:
    """A Bot API server on loopback, for this test alone: `bot_api.url`, for `bot_api.token`."""
    from telegram_stand_in import BotApi

    stage: BotApi
    if run := request.node.stash.get(RUN, None):
        from telegram_stand_in.crashes import CrashingBotApi

        stage = CrashingBotApi(run)
    else:
        stage = BotApi()
    with stage:
        request.node.stash[STAGE] = stage  # instead of the one of an earlier try
        yield stage


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not item.get_closest_marker(MARK):
        return None
    from telegram_stand_in import crashes

    return crashes.play(item, nextitem, RUN)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose bot made a call that isn't as documented, though it didn't notice."""
    stage = item.stash.get(STAGE, None)
    try:
        result = yield
    finally:
        if stage:
            stage.finish()
    if stage:
        stage.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the transcript of a test that fails."""
    report = yield
    stage = item.stash.get(STAGE, None)
    if report.failed and stage and stage.transcript:
        from telegram_stand_in.words import latest

        report.sections.append(("Telegram", latest([stage.transcript])))
    return report
