"""The actions of one alias have permissions of their own.

MiniStack checks all of them as if they were to list a function's aliases.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.core import iam_actions

ALIAS = re.compile(r"/functions/[^/]+/aliases/[^/]+$")  # in a path of Lambda's API


def with_alias_actions(action: Any) -> Any:
    """Return MiniStack's function that finds an action of Lambda, with those of aliases."""

    def found(method: str, path: str) -> Any:
        known = {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}
        return known[method] if ALIAS.search(path) else action(method, path)

    return found


def apply() -> None:
    """Have MiniStack's IAM check those that AWS does."""
    iam_actions._lambda_action = with_alias_actions(iam_actions._lambda_action)
