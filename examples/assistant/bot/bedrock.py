"""Asks a model of Amazon Bedrock, with boto3, which Lambda has.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import json
import os
from itertools import cycle

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

SILENCE = 60  # seconds without a word, after which the model has failed
# Made now, not in reply(): it takes a tenth of a second of a whole CPU, which start-up has.
CLIENT = boto3.client("bedrock-runtime", config=Config(read_timeout=SILENCE))


def answer(system, texts, tool):
    """Yield the words that answer the last text, and at the end a dict if the model uses the tool.

    The texts are the person's and the model's, in turn. Raises OSError.
    """
    said = zip(cycle(["user", "assistant"]), texts, strict=False)
    schema = {"json": tool["parameters"]}
    spec = {"name": tool["name"], "description": tool["description"], "inputSchema": schema}
    arguments, reason = "", ""
    try:
        asked = CLIENT.converse_stream(
            modelId=os.environ["MODEL"],
            system=[{"text": system}],
            messages=[{"role": role, "content": [{"text": text}]} for role, text in said],
            toolConfig={"tools": [{"toolSpec": spec}]},
        )
        for event in asked["stream"]:
            delta = event.get("contentBlockDelta", {}).get("delta", {})
            yield delta.get("text", "")
            arguments += delta.get("toolUse", {}).get("input", "")
            reason = event.get("messageStop", {}).get("stopReason", reason)
        if reason not in ("end_turn", "tool_use"):
            raise OSError(f"the answer ends early: {reason or 'Bedrock broke off'}")
        if arguments:
            yield json.loads(arguments)
    except (BotoCoreError, ClientError, HTTPError, ValueError) as error:
        raise OSError(f"Bedrock: {error}") from None
