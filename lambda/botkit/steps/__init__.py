"""The steps of a way, a file for each. A step doesn't know those before and after it.

A step is a function of a run. It returns the outcome if the way ends there, and None if the run
goes on. A step that also acts afterwards is a generator, like a pytest fixture: it waits for the
outcome, `outcome = yield`, and returns the same or another one. ways.py has their order.
"""

from __future__ import annotations

from collections.abc import Generator

from ..outcome import Outcome

Waiting = Generator[None, Outcome, Outcome]  # what a step that also acts afterwards returns
