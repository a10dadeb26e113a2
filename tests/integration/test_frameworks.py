"""Bots of frameworks: what they do in the function is what they do when the framework polls.

Polled, the framework itself asks the stand-in for updates. In the function, each update may meet
another container, and a container may end at any step.
"""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from emulators.telegram import FAULTS, Fault, Json, Server, Telegram, delivery

from tests.conftest import StartBot
from tests.support import frameworks
from tests.support.frameworks import BOTS, FRAMEWORKS, restored, without_repetitions
from tests.support.stubs import SECRET, TOKEN, Container, request

PACE = 0.001  # of Telegram's seconds
HOUR = 3_600_000  # milliseconds


class Ended(BaseException):
    """The container has ended: it must not do anything any more."""


class Function:
    """The function behind the webhook: each delivery starts a container.

    With `ends`, the container of an update's first delivery ends after its first step, that of the
    second delivery after its second one, and so on. A step is a call to Telegram or DynamoDB.
    """

    def __init__(self, start: Callable[[], Container], *, ends: bool = False) -> None:
        self.ended = 0  # containers
        self._start, self._ends = start, ends
        self._deliveries: Counter[int] = Counter()  # by update
        self._steps_left: float = 0

    def deliver(
        self, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], str]:
        """Take a delivery as API Gateway does. Raises OSError if the container has ended."""
        update_id = json.loads(body)["update_id"]
        self._deliveries[update_id] += 1
        self._steps_left = float("inf")
        sys.modules.pop("handlers", None)
        container = self._start()
        container.handler.TIMES["webhook"] = (HOUR / 1000, 1.0)
        aws, client = container.module("aws"), container.telegram._client
        aws.call, client.request = self._step(aws.call), self._step(client.request)
        self._steps_left = self._deliveries[update_id] if self._ends else float("inf")
        lower = {name.lower(): value for name, value in headers.items()}
        answer = container.invoke(request(body.decode(), headers=lower), HOUR)
        if self._steps_left <= 0:
            self.ended += 1
            raise OSError("the container ended")
        return answer["statusCode"], answer["headers"], answer["body"]

    def _step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of which each call is a step."""

        def step(*arguments: Any) -> Any:
            if self._steps_left <= 0:
                raise Ended
            answer = function(*arguments)
            self._steps_left -= 1
            if self._steps_left <= 0:
                raise Ended
            return answer

        return step


pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    restored(monkeypatch)


@pytest.fixture(scope="module")
def as_polled() -> Callable[[str], list[Json]]:
    """Return what a bot does when its framework polls."""

    @functools.cache
    def transcript(framework: str) -> list[Json]:
        telegram = Telegram(TOKEN)
        with Server(telegram), frameworks.polled(framework, telegram):
            return frameworks.talk(telegram, framework)

    return transcript


@pytest.fixture
def in_function(
    start_with_sessions: StartBot, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[list[Json], Function]]:
    """Return what a bot does in the function: `in_function(framework, *faults, ends=True)`."""

    def run(framework: str, *faults: Fault, ends: bool = False) -> tuple[list[Json], Function]:
        monkeypatch.syspath_prepend(BOTS / framework)
        monkeypatch.setattr(delivery, "KEPT", float("inf"))  # whatever the machine is busy with
        monkeypatch.setattr(delivery, "KEPT_BY_KIND", {})
        telegram = Telegram(TOKEN, pace=PACE)
        with Server(telegram):
            source = (BOTS / framework / "bot.py").read_text()
            function = Function(
                lambda: start_with_sessions(source, TELEGRAM_API_URL=telegram.url), ends=ends
            )
            telegram.deliver = function.deliver
            hook = {"url": "https://bot.example/telegram", "secret_token": SECRET}
            assert telegram.answer("setWebhook", hook).status == 200
            return frameworks.talk(telegram, framework, *faults), function

    return run


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_in_new_containers_a_bot_does_what_it_does_when_it_is_polled(
    framework: str, as_polled: Any, in_function: Any
) -> None:
    transcript, _ = in_function(framework)
    assert transcript == as_polled(framework)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_update_is_handled_again_after_a_fault(
    framework: str, as_polled: Any, in_function: Any
) -> None:
    faults = (FAULTS["429"](1), FAULTS["500"](1))
    transcript, _ = in_function(framework, *faults)
    assert transcript == as_polled(framework)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_container_may_end_at_every_step(
    framework: str, as_polled: Any, in_function: Any
) -> None:
    transcript, function = in_function(framework, ends=True)
    expected = as_polled(framework)
    assert without_repetitions(transcript) == without_repetitions(expected)
    print(f"{framework}: {function.ended} containers ended, {len(expected)} calls,", end=" ")
    print(f"{len(transcript) - len(expected)} repetitions")
