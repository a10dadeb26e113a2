"""Write a release's version and its repository's owner into all files that name them.

CHANGELOG.md gets the version and today's date below an empty Unreleased, pyproject.toml the
version, and the pages and examples get both in the module's address. README's links and pictures
become absolute, since the Terraform Registry resolves no relative ones.

Exit code: 0 if the files are written, 2 if none is: an argument or CHANGELOG.md is wrong.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from telegram_bot_aws.local.project import ROOT

NAME = "terraform-aws-telegram-bot"
VERSION = r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}"
# https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
OWNER = r"(?!OWNER$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(github\.com/)[\w-]+(/{NAME}\b)(\?ref=[\w.-]+)?")
WHERE_OWNER_IS = re.compile(
    r"\s+Replace\s+`OWNER`\s+with\s+the\s+account\s+in\s+this\s+page's\s+URL\."
)
LINK = re.compile(r"""(\]\(|src(?:set)?=")(?![a-z]+:|#)([^)#"]+)""")  # also of a picture
OWN_LINK = re.compile(
    rf"https://(?:github\.com/[\w-]+/{NAME}/(?:blob|tree)|raw\.githubusercontent\.com/[\w-]+/{NAME})"
    r"/[^/]+/"
)
PICTURES = (".png", ".svg", ".webp")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/dev release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("version", metavar="VERSION", help="such as 1.2.3")
    parser.add_argument("owner", metavar="OWNER", help="the repository's owner on GitHub")
    chosen = parser.parse_args()
    try:
        texts = changes(chosen.version, chosen.owner)
    except ValueError as error:
        print(f"scripts/dev release: {error}", file=sys.stderr)
        return 2
    for path, text in texts.items():
        path.write_text(text)
    tag = f"v{chosen.version}"
    print(f"{len(texts)} files have {tag} of {chosen.owner}. Next:\n")
    print("  scripts/test tests/docs/test_release.py tests/docs/test_pages.py")
    print(f'  git commit -a -m "Release {chosen.version}"')
    print(f"  git tag -s {tag} -m {tag}")
    print(f"  git push origin {tag}")
    return 0


def changes(version: str, owner: str) -> dict[Path, str]:
    """Return the new texts of the files that a release changes. Raises ValueError."""
    if not re.fullmatch(VERSION, version):
        raise ValueError(f"VERSION must be three numbers, such as 1.2.3, not {version!r}")
    if not re.fullmatch(OWNER, owner):
        raise ValueError(f"OWNER must be the repository's owner on GitHub, not {owner!r}")
    texts = {path: path.read_text() for path in files()}
    new = {path: named(text, version, owner) for path, text in texts.items()}
    changelog, project, readme = (
        ROOT / name for name in ("CHANGELOG.md", "pyproject.toml", "README.md")
    )
    new[changelog] = dated(new[changelog], version)
    new[project] = re.sub(r'(?m)^(version = )".*"$', rf'\1"{version}"', project.read_text())
    new[readme] = absolute(new[readme], version, owner)
    return {path: text for path, text in new.items() if text != texts.get(path)}


def files() -> Iterator[Path]:
    """Yield the pages and the sources that may name the module's address."""
    for parent, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each[0] != "." and each != "tests"]
        yield from (Path(parent, name) for name in names if name.endswith((".md", ".py", ".tf")))


def named(text: str, version: str, owner: str) -> str:
    """Return a text with the version and the owner in the module's address."""

    def address(found: re.Match[str]) -> str:
        return f"{found[1]}{owner}{found[2]}" + (f"?ref=v{version}" if found[3] else "")

    return WHERE_OWNER_IS.sub("", ADDRESS.sub(address, text))


def dated(changelog: str, version: str) -> str:
    """Return the changelog with a version in place of Unreleased. Raises ValueError."""
    released = re.findall(rf"^## ({VERSION}) - ", changelog, re.MULTILINE)
    if released and numbers(version) <= numbers(released[0]):
        raise ValueError(f"VERSION must be above {released[0]}, the last one in CHANGELOG.md")
    heading = "## Unreleased\n"
    if not changelog.partition(heading)[2].partition("\n## ")[0].strip():
        raise ValueError("CHANGELOG.md must say below Unreleased what is new")
    today = datetime.datetime.now(datetime.UTC).date()
    return changelog.replace(heading, f"{heading}\n## {version} - {today}\n", 1)


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def absolute(readme: str, version: str, owner: str) -> str:
    """Return README's text with links and pictures as they are at a version's tag."""

    def link(found: re.Match[str]) -> str:
        path = found[2]
        if path.endswith(PICTURES):
            base = f"https://raw.githubusercontent.com/{owner}/{NAME}"
        else:
            kind = "tree" if (ROOT / path).is_dir() else "blob"
            base = f"https://github.com/{owner}/{NAME}/{kind}"
        return f"{found[1]}{base}/v{version}/{path}"

    return LINK.sub(link, relative(readme))


def relative(readme: str) -> str:
    """Return README's text with links into the same folder, as before its release."""
    return OWN_LINK.sub("", readme)


if __name__ == "__main__":
    sys.exit(main())
