"""Asks a language model: on Amazon Bedrock, or at an address in OpenAI's or Anthropic's form.

Each form has a function that sends the request, and one that reads an event of the stream: it
returns the words, the thoughts, and why the answer ends, or "" for each that isn't in the event.
"""

import json
import os
from functools import cache
from urllib.parse import quote

from botkit import aws, sse
from botkit.errors import Unreachable

MODEL = os.environ["MODEL"]
URL = os.environ.get("MODEL_URL", "")  # none: Bedrock

MAX_TOKENS = 2000  # of an answer
CUT = ("content_filter", "length", "max_tokens", "model_context_window_exceeded")  # not whole


def answer(system, texts):
    """Yield (words, thoughts, reason) of the answer to the last text of a conversation.

    All are "" while the model is silent, at least once a second. Raises ClientError or Unreachable.
    """
    roles = [("user", "assistant")[number % 2] for number in range(len(texts))]
    if not URL:
        ask, read = ask_bedrock, of_bedrock
    elif URL.endswith("/messages"):
        ask, read = ask_anthropic, of_anthropic
    else:
        ask, read = ask_openai, of_openai
    return map(read, ask(system, zip(roles, texts, strict=True)))


# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
def ask_bedrock(system, said):
    body = {
        "system": [{"text": system}],
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in said],
        "inferenceConfig": {"maxTokens": MAX_TOKENS},
    }
    return aws.events("bedrock-runtime", f"/model/{quote(MODEL, '')}/converse-stream", body)


def of_bedrock(event):
    delta = event.get("contentBlockDelta", {}).get("delta", {})
    thoughts = delta.get("reasoningContent", {}).get("text", "")
    return delta.get("text", ""), thoughts, event.get("messageStop", {}).get("stopReason", "")


# https://developers.openai.com/api/reference/resources/chat
# Others call the limit `max_tokens`, the thoughts `reasoning_content` or `reasoning`, and may send
# null for what is empty.
def ask_openai(system, said):
    messages = [{"role": role, "content": text} for role, text in [("system", system), *said]]
    body = {"model": MODEL, "messages": messages, "max_completion_tokens": MAX_TOKENS}
    return events(body, {"Authorization": f"Bearer {key()}"})


def of_openai(event):
    choice = (event.get("choices") or [{}])[0]
    delta = choice.get("delta") or {}
    thoughts = delta.get("reasoning_content") or delta.get("reasoning") or ""
    return delta.get("content") or "", thoughts, choice.get("finish_reason") or ""


# https://platform.claude.com/docs/en/build-with-claude/streaming
def ask_anthropic(system, said):
    messages = [{"role": role, "content": text} for role, text in said]
    body = {"model": MODEL, "system": system, "messages": messages, "max_tokens": MAX_TOKENS}
    return events(body, {"X-Api-Key": key(), "Anthropic-Version": "2023-06-01"})


def of_anthropic(event):
    delta = event.get("delta", {})
    return delta.get("text", ""), delta.get("thinking", ""), delta.get("stop_reason") or ""


def events(body, headers):
    """Yield the events of a stream, each a dict, which is empty while nothing comes."""
    for data in sse.events(URL, {**body, "stream": True}, headers):
        if data in ("", "[DONE]"):
            yield {}
            continue
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            raise Unreachable("an event of the model's isn't JSON") from None
        match event:
            case {"error": {"type": kind} | {"code": kind}}:
                raise Unreachable(f"the model's stream has an error: {kind}")
            case {"error": str()}:
                raise Unreachable("the model's stream has an error")
            case dict():
                yield event


@cache
def key():
    """Fetch the key for the address, once per container."""
    params = {"Name": os.environ["MODEL_KEY"], "WithDecryption": True}
    return aws.call("ssm", "AmazonSSM.GetParameter", params)["Parameter"]["Value"]
