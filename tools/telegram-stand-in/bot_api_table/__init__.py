"""Update bot_api.json, the table of the Bot API by which telegram_stand_in checks calls.

It also lists the methods in docs/methods.md.

The Bot API is read from aiogram, a library on PyPI that follows Telegram within weeks: for a newer
one, raise its version first. Telegram's newer methods and fields may be in
bot_api_ahead.json, next to this file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from telegram_stand_in.bot_api import TABLE, array_of

from . import methods

__all__ = ["AHEAD", "TABLE", "array_of", "changes", "known", "table_text", "update", "with_ahead"]

AHEAD = Path(__file__).with_name("bot_api_ahead.json")

Json = dict[str, Any]


def update() -> tuple[Json, list[str]]:
    """Write the table, and return it with lines about changes, and about needless entries."""
    new, told = known()
    old: Json = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    TABLE.write_text(table_text(new))
    methods.PAGE.write_text(methods.text(new["methods"]))
    changed = list(changes(old, new)) or [f"Nothing changed: {new['version']}."]
    return new, [*changed, *([told] if told else [])]


def known() -> tuple[Json, str]:
    """Return the table, and a sentence about entries ahead of the library, if there are any."""
    from . import aiogram_api  # lazy: help needs no aiogram

    table = aiogram_api.table()
    if not AHEAD.exists():
        return table, ""
    ahead = json.loads(AHEAD.read_text())
    if number(ahead) > number(table):
        return with_ahead(table, ahead), ""
    return table, f"{table['source']} has {table['version']}: delete {AHEAD.name}, it is needless."


def with_ahead(table: Json, ahead: Json) -> Json:
    """Return a table with the entries ahead of it, which are a table of differences.

    Its fields replace those of the same name, `name` or `name?`. Those that are null are removed.
    """
    return {
        "version": ahead["version"],
        "source": f"{table['source']} and {AHEAD.name}",
        "methods": _merged(table["methods"], ahead["methods"]),
        "types": _merged(table["types"], ahead["types"]),
    }


def _merged(old: Json, new: Json) -> Json:
    merged = dict(old)
    for name, entry in new.items():
        before = old.get(name)
        if entry is None:
            del merged[name]
        elif not isinstance(entry, dict) or not isinstance(before, dict):
            merged[name] = entry
        elif "params" in before:
            merged[name] = before | entry | {"params": _replaced(before["params"], entry["params"])}
        else:
            merged[name] = _replaced(before, entry)
    return merged


def _replaced(fields: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    names = {name.rstrip("?") for name in new}
    return {name: kind for name, kind in fields.items() if name.rstrip("?") not in names} | new


def number(table: Json) -> tuple[int, ...]:
    """Return the version of a table as numbers."""
    return tuple(int(part) for part in table["version"].removeprefix("Bot API ").split("."))


def table_text(table: Json) -> str:
    """Return the table as text, with a line for each method and each type."""
    lines = [f" {json.dumps(key)}: {json.dumps(table[key])}" for key in ("version", "source")]
    for part in ("methods", "types"):
        entries = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table[part].items()]
        lines.append(f' "{part}": {{\n' + ",\n".join(entries) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def changes(old: Json, new: Json) -> Iterator[str]:
    """Yield the differences between two tables, a line each."""
    if old.get("version") != new["version"]:
        yield f"{old.get('version', 'nothing')} → {new['version']}"
    for part, word in (("methods", "method"), ("types", "type")):
        before, after = old.get(part, {}), new[part]
        yield from (f"+ {word} {name}" for name in after if name not in before)
        yield from (f"- {word} {name}" for name in before if name not in after)
        for name in (name for name in after if name in before):
            for sign, one, other in (("-", before, after), ("+", after, before)):
                lines = _lines(one[name])
                others = _lines(other[name])
                yield from (f"{sign} {name}{line}" for line in lines if line not in others)


def _lines(entry: Json | str) -> list[str]:
    if isinstance(entry, str):
        return [f" is {kind}" for kind in entry.split(" | ")]
    fields = entry.get("params", entry) if "returns" in entry else entry
    returns = [f" returns {entry['returns']}"] if fields is not entry else []
    return returns + [f".{field}: {kind}" for field, kind in fields.items()]
