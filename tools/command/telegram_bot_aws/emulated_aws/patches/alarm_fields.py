"""An alarm is described with all of its settings, in each of AWS's protocols.

MiniStack leaves out most of them in XML, which version 5 of the provider asks for. Terraform then
sees a change of each alarm in each plan.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

OF_A_METRIC = ("Period", "Statistic")  # an alarm of an expression has none


def xml(value: Any) -> str:
    """Return a value of JSON as AWS writes it in XML."""
    if isinstance(value, dict):
        filled = {name: each for name, each in value.items() if each not in (None, [])}
        return "".join(f"<{name}>{xml(each)}</{name}>" for name, each in filled.items())
    if isinstance(value, list):
        return "".join(f"<member>{xml(each)}</member>" for each in value)
    return escape(json.dumps(value) if isinstance(value, bool) else str(value))


def with_all_fields(describe: Any) -> Any:
    """Return MiniStack's function that describes alarms, which does so in XML as in JSON."""

    def described(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)
        names = [params[key][0] for key in params if key.startswith("AlarmNames.member.")]
        _, _, body = describe({}, {"AlarmNames": names}, False, True)
        alarms = json.loads(body)["MetricAlarms"]
        for alarm in alarms:
            for name in [*alarm]:
                of_none = not alarm["MetricName"] and name in OF_A_METRIC
                if of_none or name.endswith("Timestamp"):
                    del alarm[name]
        result = {"DescribeAlarmsResult": {"MetricAlarms": alarms}}
        return cloudwatch._xml(200, "DescribeAlarmsResponse", xml(result))

    return described


def apply() -> None:
    """Have MiniStack's CloudWatch do so."""
    cloudwatch._describe_alarms = with_all_fields(cloudwatch._describe_alarms)
