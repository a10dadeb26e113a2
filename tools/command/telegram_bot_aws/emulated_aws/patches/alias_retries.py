"""A failed asynchronous invocation of an alias is handled by the alias's configuration.

MiniStack takes the function's, even then. Here all invocations name the alias "live".
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc


def as_the_alias_says(invoke: Any, functions: Any) -> Any:
    """Return MiniStack's asynchronous invocation, by the configuration of the alias "live".

    It gets a version, which has none, and `functions` have them by name.
    """

    def invoke_async(version: dict[str, Any], event: Any) -> None:
        function = functions.get(version["config"]["FunctionName"]) or {}
        if of_alias := (function.get("event_invoke_configs") or {}).get("live"):
            version = {**version, "event_invoke_config": of_alias}
        invoke(version, event)

    return invoke_async


def apply() -> None:
    """Have MiniStack's Lambda take it."""
    lambda_svc.invoke_async_with_retry = as_the_alias_says(
        lambda_svc.invoke_async_with_retry, lambda_svc._functions
    )
