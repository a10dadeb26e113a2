"""Runs a command of the AWS CLI with botocore: `aws_cli.py lambda get-alias --name live …`."""

import json
import os
import sys

import botocore.config
import botocore.session
import jmespath

KINDS = {"integer": int, "long": int, "string": str}  # of what the pages' commands are given


def main(service, operation, *arguments):
    session = botocore.session.get_session()
    names = {"region": "", "query": "", "output": "json"}
    words = [*arguments]
    if tails := (service, operation) == ("logs", "tail"):
        operation = "filter-log-events"
        words = ["--log-group-name", words[0], *(word for word in words[1:] if word != "--follow")]
    model = session.get_service_model(service.removesuffix("api"))
    name = "".join(part.title() for part in operation.split("-"))
    shape = model.operation_model(name).input_shape
    members = {dashed(member): member for member in (shape.members if shape else {})}
    given = {}
    while words and words[0].startswith("--"):
        flag = words.pop(0)[2:]
        if flag in names:
            names[flag] = words.pop(0)
            continue
        kind = shape.members[members[flag]].type_name
        given[members[flag]] = kind == "boolean" or KINDS[kind](words.pop(0))
    client = session.create_client(
        service.removesuffix("api"),
        region_name=names["region"] or os.environ["AWS_REGION"],
        config=botocore.config.Config(read_timeout=300, retries={"max_attempts": 0}),
    )
    answer = client._make_api_call(name, given)
    answer.pop("ResponseMetadata")
    assert not words, words
    if tails:
        names |= {"query": "events[].[message]", "output": "text"}
    show(jmespath.search(names["query"], answer) if names["query"] else answer, names["output"])


def dashed(member):
    """Return the flag of a parameter: "FunctionName" is "function-name"."""
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in member).lstrip("-")


def show(found, output):
    """Print an answer, as JSON or as text."""
    if output == "json":
        print(json.dumps(found, indent=4, default=str))
        return
    for row in found if isinstance(found, list) else [found]:
        print(*(row if isinstance(row, list) else [row]), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
