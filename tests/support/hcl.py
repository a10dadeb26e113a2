"""Reads the .tf files, for tests that compare them with something."""

from __future__ import annotations

import re

from local.project import ROOT

BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def blocks(file: str, kind: str) -> dict[str, dict[str, str]]:
    """Return a file's variables or outputs, with their arguments as written."""
    found = {}
    for block, name, body in BLOCK.findall((ROOT / file).read_text()):
        assert block == kind
        found[name] = dict(re.findall(r"^  (\w+) += (.*)$", body, re.MULTILINE))
    return found
