"""Fixtures: the browser that the demo's page is tested in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.needs import skip_or_fail

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    # Here: the tests that use it are skipped where Playwright is missing.
    from chat.screenshot import browser
    from local.processes import ToolError

    with contextlib.ExitStack() as opened:
        try:
            found = opened.enter_context(browser())
        except ToolError as error:
            skip_or_fail(str(error))
        yield found
