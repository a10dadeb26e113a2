"""docs/deployer-policy.json, the deployer's policy, with each action by its name."""

import functools
import json
from fnmatch import fnmatchcase

import botocore.session
from telegram_bot_aws.local.project import ROOT

TEXT = (ROOT / "docs" / "deployer-policy.json").read_text()
POLICY = json.loads(TEXT)


def actions(statement):
    """Return the actions that a statement allows."""
    named = statement["Action"]
    return {
        name for each in ([named] if isinstance(named, str) else named) for name in matched(each)
    }


@functools.cache
def matched(action):
    """Return the operations that an action with a wildcard names, or the action itself."""
    service, _, pattern = action.partition(":")
    if "*" not in pattern:
        return [action]
    botocores = {"apigateway": "apigatewayv2"}.get(service, service)
    names = botocore.session.get_session().get_service_model(botocores).operation_names
    return sorted(f"{service}:{name}" for name in names if fnmatchcase(name, pattern))
