"""Reads the .tf files, for tests that compare them with something."""

import json
import re

from telegram_bot_aws.local.project import ROOT

HEREDOC = re.compile(r"<<-EOT\n(.*?)\n +EOT$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def blocks(file, kind):
    """Return a file's variables or outputs, with their arguments as written, on one line."""
    text = HEREDOC.sub(
        lambda found: json.dumps(" ".join(found[1].split())), (ROOT / file).read_text()
    )
    found = {}
    for block, name, body in BLOCK.findall(text):
        assert block == kind
        found[name] = dict(re.findall(r"^  (\w+) += (.*)$", body, re.MULTILINE))
    return found
