"""Which variants are measured, and for which table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from benchmark.experiments import EXPERIMENTS, HTTP_BY_HAND, MEMORY
from benchmark.measure import Variant
from benchmark.variants import Builder, interpreter, node_functions

OTHERS = ("3.12", "3.14")  # Pythons, beside the one that the function is deployed with


class Plan(NamedTuple):
    """The variants to measure, by the tables that they go into. One may go into several.

    The main ones begin with the empty function, the webhook mode, the api mode and the textbook's.
    """

    main: list[Variant]
    distances: list[dict[int, Variant]]
    experiments: dict[str, Variant]
    others: list[Variant]

    @property
    def variants(self) -> list[Variant]:
        distances = (each.values() for each in self.distances)
        tables = chain(self.main, *distances, self.experiments.values(), self.others)
        return list({each.name: each for each in tables}.values())


def make_plan(builder: Builder, quick: bool, round_trips: Sequence[int]) -> Plan:
    """Build all variants. `round_trips` are the distances (in ms) that this machine can have."""
    empty = builder.function("empty function", "empty")
    webhook = builder.bot("this bot, webhook", "webhook")
    api = builder.bot("this bot, api", "api")
    textbook = builder.function("textbook urllib", "textbook")
    plan = Plan([empty, webhook, api, textbook], [], {}, [])
    distant = [api]
    if not quick:
        plan.main.extend(
            [
                builder.function("requests", "with_requests", "requests"),
                builder.function("pyTelegramBotAPI", "with_telebot", "pyTelegramBotAPI"),
                builder.function(
                    "python-telegram-bot", "with_python_telegram_bot", "python-telegram-bot"
                ),
                builder.function("aiogram", "with_aiogram", "aiogram"),
                *node_functions(builder.root),
            ]
        )
        for experiment in EXPERIMENTS + MEMORY:
            if experiment.away in (0, *round_trips):
                plan.experiments[experiment.name] = builder.experiment(experiment)
        distant += [plan.experiments[HTTP_BY_HAND.name], textbook]
        for version in OTHERS:
            other = interpreter(version)
            if other:
                builds = Builder(other, version, builder.root)
                plan.others.extend(
                    [
                        builds.function(f"{version}, empty function", "empty"),
                        builds.bot(f"{version}, webhook", "webhook"),
                        builds.bot(f"{version}, api", "api"),
                    ]
                )
    for each in distant:
        plan.distances.append({0: each, **{away: each.at(away) for away in round_trips}})
    return plan
