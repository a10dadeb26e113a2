"""The commands that pages print."""

import re

PROGRAMS = r"(?:terraform|aws|curl|git|sed|\S*scripts/\w+)"
PRINTED = re.compile(
    rf"^ *```sh\n(?P<block>.*?)^ *```$|`(?P<sentence>(?:[A-Za-z_]+=\S+ )*{PROGRAMS} [^`]+)`",
    re.MULTILINE | re.DOTALL,
)


def printed(page):
    """Return the commands of a page's shell blocks and sentences, in their order, each as a line.

    Comments are left out.
    """
    return [*_lines(page.read_text())]


def _lines(text):
    for found in PRINTED.finditer(text):
        block = (found["block"] or found["sentence"]).replace("\\\n", " ")
        lines = block.splitlines() if found["block"] else [" ".join(block.split())]
        for line in lines:
            if line.strip() and not line.strip().startswith("#"):
                yield re.sub(" +# .*", "", line).strip()
