"""Write a release's version and its repository's owner into the files that name them.

pyproject.toml and the adapters of frameworks get the version, and the pages and examples get both
in the module's address.
README's links and pictures become absolute, since the Terraform Registry resolves no relative ones.
CHANGELOG.md is yours to edit.

Exit code: 0 if the files are written, 2 if the version isn't one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from telegram_bot_aws.local.program import parser_of
from telegram_bot_aws.local.project import ROOT

NAME = "terraform-aws-telegram-bot"
WRITTEN_FOR = re.compile(rf"( on {NAME} )\d+\.\d+\.\d+")  # an adapter's first line
ADDRESS = re.compile(rf"(github\.com/)[\w-]+(/{NAME}\b)(\?ref=[\w.-]+)?")
WHERE_OWNER_IS = re.compile(
    r"\s+Replace\s+`OWNER`\s+with\s+the\s+account\s+in\s+this\s+page's\s+URL\."
)
LINK = re.compile(r"""(\]\(|src(?:set)?=")(?![a-z]+:|#)([^)#"]+)""")  # also of a picture
OWN_LINK = re.compile(
    rf"https://(?:github\.com/[\w-]+/{NAME}/(?:blob|tree)|raw\.githubusercontent\.com/[\w-]+/{NAME})"
    r"/[^/]+/"
)


def main() -> int:
    parser = parser_of("scripts/dev release", __doc__)
    parser.add_argument("version", metavar="VERSION", help="such as 1.2.3")
    parser.add_argument("owner", metavar="OWNER", help="the repository's owner on GitHub")
    chosen = parser.parse_args()
    if not re.fullmatch(r"\d+\.\d+\.\d+", chosen.version):
        parser.error(f"VERSION must be three numbers, such as 1.2.3, not {chosen.version!r}")
    for path in files():
        path.write_text(named(path.read_text(), chosen.version, chosen.owner))
    project, readme = ROOT / "pyproject.toml", ROOT / "README.md"
    version = rf'\1"{chosen.version}"'
    project.write_text(re.sub(r'(?m)^(version = )".*"$', version, project.read_text()))
    readme.write_text(absolute(readme.read_text(), chosen.version, chosen.owner))
    return 0


def files() -> Iterator[Path]:
    """Yield the pages and the sources that may name the module's address."""
    for parent, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each[0] != "." and each != "tests"]
        yield from (Path(parent, name) for name in names if name.endswith((".md", ".py", ".tf")))


def named(text: str, version: str, owner: str) -> str:
    """Return a text with the version, and with the owner in the module's address."""

    def address(found: re.Match[str]) -> str:
        return f"{found[1]}{owner}{found[2]}" + (f"?ref=v{version}" if found[3] else "")

    text = WRITTEN_FOR.sub(rf"\g<1>{version}", text)
    return WHERE_OWNER_IS.sub("", ADDRESS.sub(address, text))


def absolute(readme: str, version: str, owner: str) -> str:
    """Return README's text with links and pictures as they are at a version's tag."""

    def link(found: re.Match[str]) -> str:
        path = found[2]
        if path.endswith((".png", ".svg", ".webp")):
            base = f"https://raw.githubusercontent.com/{owner}/{NAME}"
        else:
            kind = "tree" if (ROOT / path).is_dir() else "blob"
            base = f"https://github.com/{owner}/{NAME}/{kind}"
        return f"{found[1]}{base}/v{version}/{path}"

    return LINK.sub(link, relative(readme))


def relative(readme: str) -> str:
    """Return README's text with links into the same folder, as before its release."""
    return OWN_LINK.sub("", readme)
