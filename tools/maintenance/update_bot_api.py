"""Write lambda/botkit/types.pyi, the types of the Bot API for editors and type checkers.

They are those of the table by which the stand-in for Telegram checks calls, bot_api.json: for a
newer Bot API, change that first.

Exit code: 0 if the types are up to date now.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterator
from typing import Any

from telegram_bot_aws.local.program import parser_of
from telegram_bot_aws.local.project import ROOT

TABLE = ROOT / "tools/telegram-stand-in/telegram_stand_in/bot_api.json"
STUB = ROOT / "lambda/botkit/types.pyi"
LINE = 100  # characters, as in pyproject.toml

Json = dict[str, Any]

PYTHON = {
    "Boolean": "bool",
    "Float": "float",
    "InputFile": "InputFile",
    "Integer": "int",
    "String": "str",
}
# How the methods begin whose calls are in `Call` one by one. At each list of calls, mypy compares
# every two items of that union. With all methods in it, that takes 2 s or more.
ANSWERS = tuple("answer copy deleteMessage editMessage forward send setMessageReaction".split())
STUB_HEAD = '''\
"""The objects and the calls of the Bot API, for editors and type checkers.

Written by scripts/dev update-bot-api for {version}, from the stand-in's bot_api.json.
"""

from typing import Any as Any
from typing import Literal, NotRequired, TypedDict

from typing_extensions import ReadOnly

Json = dict[str, Any]
"""An object of JSON, where no type of this file is known."""

InputFile = bytes | tuple[str, bytes]
"""The content of a file, or its name and content: https://core.telegram.org/bots/api#sending-files"""
'''


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
    for method, about in table["methods"].items():
        name = _call_name(method)
        if name in table["types"]:
            raise ValueError(f"{name} is both a type and the name of {method}'s call")
        parts.append(_typed_dict(name, {"method": f'"{method}"', **about["params"]}))
    parts += _call(table["methods"])
    return "\n".join(parts)


def _call(methods: Json) -> Iterator[str]:
    """Yield `Call`, and the two types in it that stand for all calls but answers."""
    names = [_call_name(method) for method in methods if method.startswith(ANSWERS)]
    others = {name: about for name, about in methods.items() if not name.startswith(ANSWERS)}
    fields: dict[str, list[str]] = {}
    for about in others.values():
        for field, kind in about["params"].items():
            kinds = fields.setdefault(f"{field.rstrip('?')}?", [])
            named = [_python(kind)] if array_of(kind) else _python(kind).split(" | ")
            kinds += [each for each in named if each not in kinds]
    joined = {field: " | ".join(kinds) for field, kinds in fields.items()}
    yield _alias("OtherMethod", _python(" | ".join(f'"{method}"' for method in others)))
    # Every call of a method's own type fits this one. A dict that is written where a Call is
    # expected has further keys. It fits the next one, which has the keys of all methods.
    yield _typed_dict("TypedCall", {"method": "ReadOnly[OtherMethod]"})
    # "" is no method. Without it, mypy would drop OtherCall from the union, as a kind of TypedCall.
    yield _typed_dict("OtherCall", {"method": 'OtherMethod | ""', **joined})
    yield _alias("Call", " | ".join([*names, "OtherCall", "TypedCall"]))


def _call_name(method: str) -> str:
    return method[0].upper() + method[1:]


def array_of(kind: str) -> str:
    """Return the kind of an array's items, or nothing for another kind."""
    return kind[1:-1] if kind.startswith("[") else ""


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
    if inner := array_of(kind):
        return f"list[{_python(inner)}]"
    names = []
    for name in kind.split(" | "):
        if name.startswith('"'):
            names.append(f"Literal[{name}]")
        elif inner := array_of(name):
            names.append(f"list[{_python(inner)}]")
        else:
            names.append(PYTHON.get(name, name))
    return " | ".join(names)


def main() -> int:
    parser_of("scripts/dev update-bot-api", __doc__).parse_args()
    STUB.write_text(stub_text(json.loads(TABLE.read_text())))
    return 0
