"""Asks a model at any address in OpenAI's form, which most hosts and servers have.

Source: https://developers.openai.com/api/reference/resources/chat
"""

import json
import os
from functools import cache
from http.client import HTTPException
from itertools import cycle
from urllib.request import Request, build_opener

from botkit import aws

SILENCE = 60  # seconds without a word, after which the model has failed
OPENER = build_opener()  # now, since it loads the certificates, and start-up has a whole CPU


def answer(system, texts, tool):
    """Yield the words that answer the last text, and at the end a dict if the model uses the tool.

    The texts are the person's and the model's, in turn. Raises OSError.
    """
    said = zip(cycle(["user", "assistant"]), texts, strict=False)
    messages = [{"role": role, "content": text} for role, text in [("system", system), *said]]
    tools = [{"type": "function", "function": tool}]
    body = {"model": os.environ["MODEL"], "messages": messages, "tools": tools, "stream": True}
    request = Request(os.environ["MODEL_URL"], json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if os.environ.get("MODEL_KEY"):
        request.add_unredirected_header("Authorization", f"Bearer {key()}")
    arguments, reason = "", ""
    try:
        with OPENER.open(request, timeout=SILENCE) as lines:
            for line in lines:
                event = json.loads(line[len("data:") :]) if line.startswith(b"data: {") else {}
                for choice in event.get("choices", []):
                    yield choice["delta"].get("content") or ""
                    for use in choice["delta"].get("tool_calls") or []:
                        arguments += use["function"].get("arguments") or ""
                    reason = choice.get("finish_reason") or reason
        if reason not in ("stop", "tool_calls"):
            raise OSError(f"the answer ends early: {reason or 'the host broke off'}")
        if arguments:
            yield json.loads(arguments)
    except (HTTPException, ValueError) as error:
        raise OSError(f"the answer can't be read: {type(error).__name__}") from None


@cache
def key():
    """Fetch the key for the address, once per container."""
    params = {"Name": os.environ["MODEL_KEY"], "WithDecryption": True}
    return aws.call("ssm", "AmazonSSM.GetParameter", params)["Parameter"]["Value"]
