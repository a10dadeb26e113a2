"""Update what this project knows of the Bot API from a machine-readable description.

The description is api.json of https://github.com/PaulSonOfLars/telegram-bot-api-spec (MIT), made
from Telegram's own page: a file or an https address. This writes bot_api.json, with which the
stand-in checks calls, and lambda/botkit/types.pyi, the types for editors and type checkers, and
prints what changed.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulators.telegram.bot_api import TABLE, array_of
from local.project import ROOT

STUB = ROOT / "lambda/botkit/types.pyi"
SOURCE = "https://github.com/PaulSonOfLars/telegram-bot-api-spec"
TIMEOUT = 30.0  # seconds
LINE = 100  # characters, as in pyproject.toml

Json = dict[str, Any]

# A field's only value, at the end of its description: `always "creator"`, `must be article`.
LITERAL = re.compile(r'(?:always "(\w+)"|must be (?:"(\w+)"|(\w+)))\.?$')

PYTHON = {
    "Boolean": "bool",
    "Float": "float",
    "InputFile": "InputFile",
    "Integer": "int",
    "String": "str",
}
STUB_HEAD = '''\
"""The objects and the calls of the Bot API, for editors and type checkers.

Written by scripts/update-bot-api from {version} ({released}).
"""

from typing import Any as Any
from typing import Literal, NotRequired, TypedDict

Json = dict[str, Any]
"""An object of JSON, where no type of this file is known."""

InputFile = bytes | tuple[str, bytes]
"""What a file holds, or its name and that: https://core.telegram.org/bots/api#sending-files"""
'''


def table_of(description: Json) -> Json:
    """Return the table: the fields of each method and type, and their types.

    `name?` is optional, `A | B` is either, `[A]` an array, `"x"` only that string.
    Raises ValueError if this is no description of the Bot API.
    """
    try:
        methods = {
            name: {"returns": " | ".join(map(_type, method["returns"])), "params": _fields(method)}
            for name, method in description["methods"].items()
        }
        types = {
            name: _union(kind) if "subtypes" in kind else _fields(kind)
            for name, kind in description["types"].items()
        }
        about = {"version": description["version"], "released": description["release_date"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no description of the Bot API: {type(error).__name__} {error}") from None
    return {**about, "source": SOURCE, "methods": methods, "types": types}


def _type(name: str) -> str:
    inner = name.removeprefix("Array of ")
    return name if inner == name else f"[{_type(inner)}]"


def _union(kind: Json) -> str:
    return " | ".join(map(_type, kind["subtypes"]))


def _fields(described: Json) -> dict[str, str]:
    fields = {}
    for field in described.get("fields", []):
        types = " | ".join(map(_type, field["types"]))
        literal = LITERAL.search(field["description"])
        if types == "String" and literal:
            types = f'"{literal[1] or literal[2] or literal[3]}"'
        fields[field["name"] + ("" if field["required"] else "?")] = types
    return fields


def table_text(table: Json) -> str:
    """Return the table as text, with a line for each method and each type."""
    lines = [f" {json.dumps(key)}: {json.dumps(table[key])}" for key in list(table)[:3]]
    for part in ("methods", "types"):
        entries = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table[part].items()]
        lines.append(f' "{part}": {{\n' + ",\n".join(entries) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def stub_text(table: Json) -> str:
    """Return the types: a TypedDict for each object and for each method's call."""
    parts = [STUB_HEAD.format(**table)]
    for name, fields in table["types"].items():
        if name == "InputFile":
            continue
        if isinstance(fields, str):
            parts.append(_alias(name, _python(fields)))
        else:
            parts.append(_typed_dict(name, fields))
    calls = []
    for method, about in table["methods"].items():
        name = method[0].upper() + method[1:]
        if name in table["types"]:
            raise ValueError(f"{name} is both a type and the name of {method}'s call")
        calls.append(name)
        parts.append(_typed_dict(name, {"method": f'"{method}"', **about["params"]}))
    parts.append(_alias("Call", " | ".join(calls)))
    return "\n".join(parts)


def _alias(name: str, union: str) -> str:
    """Return an alias in ruff's format."""
    if len(f"{name} = {union}") <= LINE:
        return f"{name} = {union}\n"
    if len(union) > LINE - 4:
        union = union.replace(" | ", "\n    | ")
    return f"{name} = (\n    {union}\n)\n"


def _typed_dict(name: str, fields: dict[str, str]) -> str:
    if not fields:
        return f"class {name}(TypedDict): ...\n"
    types = {}
    for field, kind in fields.items():
        python = _python(kind)
        types[field.rstrip("?")] = f"NotRequired[{python}]" if field.endswith("?") else python
    if any(map(keyword.iskeyword, types)):  # such as "from", which can't be an attribute
        body = "".join(f'        "{field}": {kind},\n' for field, kind in types.items())
        return f'{name} = TypedDict(\n    "{name}",\n    {{\n{body}    }},\n)\n'
    body = "".join(f"    {field}: {kind}\n" for field, kind in types.items())
    return f"class {name}(TypedDict):\n{body}"


def _python(kind: str) -> str:
    names = []
    for name in kind.split(" | "):
        if name.startswith('"'):
            names.append(f"Literal[{name}]")
        elif inner := array_of(name):
            names.append(f"list[{_python(inner)}]")
        else:
            names.append(PYTHON.get(name, name))
    return " | ".join(names)


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


def read(source: str) -> Json:
    """Read a description from a file or an https address. Raises OSError or ValueError."""
    if source.startswith("https://"):
        with urllib.request.urlopen(source, timeout=TIMEOUT) as answer:  # noqa: S310
            text = answer.read()
    else:
        text = Path(source).read_bytes()
    description = json.loads(text)
    if not isinstance(description, dict):
        raise ValueError("no description of the Bot API: an object is expected")
    return description


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/update-bot-api",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="FILE-OR-URL", help="api.json, or its https address")
    source = parser.parse_args().source
    try:
        new = table_of(read(source))
        stub = stub_text(new)
    except (OSError, ValueError) as error:
        print(f"scripts/update-bot-api: {source}: {error}", file=sys.stderr)
        return 1
    old: Json = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    TABLE.write_text(table_text(new))
    STUB.write_text(stub)
    changed = list(changes(old, new))
    print("\n".join(changed) or f"Nothing changed: {new['version']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
