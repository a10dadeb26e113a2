"""bot_module.py: code that runs too long is interrupted, and nothing else."""

import importlib
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.stubs import (
    message,
)


def test_a_bot_that_catches_everything_is_ended_too(container, monkeypatch):
    caught = []

    def reply(update):
        for _ in range(2):
            try:
                threading.Event().wait(5)
            except BaseException as error:  # like a bare `except:`
                caught.append(error)
        return []

    monkeypatch.setattr(container.bot, "reply", reply)
    assert container.deliver(message(), milliseconds=700) == (200, None)
    assert [type(error).__name__ for error in caught] == ["DeadlineExceeded", "DeadlineExceeded"]


def test_in_another_thread_there_is_no_interrupt(container):
    bot_module = container.module("bot_module")

    def in_time():
        with bot_module.interrupt_after(9):  # signals can't be set there
            return "done"

    with ThreadPoolExecutor(1) as pool, bot_module.interrupt_after(60):
        assert pool.submit(in_time).result() == "done"
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 9, "the main thread's stays"


def test_an_import_is_not_interrupted(container, monkeypatch):
    """Python's own part of it, which may hold the lock that all threads share."""
    bot_module = container.module("bot_module")

    class Finder:
        @staticmethod
        def find_spec(*about):
            bot_module._interrupt(14, sys._getframe(1))

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("there_is_none")


def test_an_interrupt_may_come_while_it_is_switched_off(container, monkeypatch):
    bot_module = container.module("bot_module")
    frames = []

    def setitimer(*arguments):
        frames.append(sys._getframe(1))

    monkeypatch.setattr("_signal.setitimer", setitimer)
    with bot_module.interrupt_after(9):
        with pytest.raises(bot_module.DeadlineExceeded):
            bot_module._interrupt(14, sys._getframe())
    for frame in frames:
        bot_module._interrupt(14, frame)
    assert [frame.f_code.co_name for frame in frames] == ["__enter__", "__exit__"]
