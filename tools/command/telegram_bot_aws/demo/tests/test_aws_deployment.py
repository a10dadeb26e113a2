"""aws_deployment.py: the invocations on the emulated AWS, as their workers write them to a file."""

import json
from dataclasses import asdict
from types import SimpleNamespace

from telegram_bot_aws.demo import aws_deployment
from telegram_bot_aws.demo.aws_deployment import AwsDeployment
from telegram_bot_aws.local.container import Invocation

EVENT = {"Records": []}
QUEUED = {"update_id": 1, "outcome": "answered", "source": "queue"}
ANSWERED = {"outcome": "answered"}


def test_each_invocation_is_told_once_where_it_belongs(tmp_path, monkeypatch):
    deployment = AwsDeployment(None, tmp_path, {})
    deployment.emulator = SimpleNamespace(invocations=tmp_path / "invocations")
    logged, queued, events = [], [], []
    deployment.on_log = logged.append
    deployment.from_queue, deployment.on_event = queued.append, events.append
    made = [
        Invocation(output=[ANSWERED], delivery="one"),
        Invocation(output=[QUEUED]),
        Invocation(event=EVENT, output=[QUEUED]),
        Invocation(event={"tf": {"action": "warm"}}),
        Invocation(event=EVENT, error="EventFailed: x"),
        Invocation(event={"mine": 1}, output=[ANSWERED]),
        Invocation(event=EVENT, output=[ANSWERED]),
    ]
    lines = "\n".join(json.dumps(asdict(each)) for each in made)

    def post(url, headers, body):
        deployment.emulator.invocations.write_text(lines)  # the last one isn't whole yet
        return 200, {"apigw-requestid": "id"}, ""

    def invoke(bot, event):
        deployment.emulator.invocations.write_text(f"{lines}\n")
        return {}

    monkeypatch.setattr(aws_deployment, "post", post)
    monkeypatch.setattr(aws_deployment.uuid, "uuid4", lambda: "one")
    monkeypatch.setattr(deployment, "_invoke", invoke)
    deployment.deliver("http://x", {}, b"")
    assert (deployment.details("id"), logged) == (made[0], made[:-1])
    assert (queued, events) == (made[1:3], made[4:6])
    assert deployment.send_event(deployment.bots[0], EVENT) == made[6]
    assert (queued, events, logged) == (made[1:3], made[4:6], made)
