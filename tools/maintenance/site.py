"""Build the docs as a site, with Material for MkDocs and, as a check, with Zensical.

Both read mkdocs.yml, and fail at any warning, such as a page that isn't in `nav`, or a link that
leads nowhere. They get a copy of docs/ in which

- links out of docs/ lead to GitHub: of GITHUB_REPOSITORY, or else of the project's owner;
- what belongs to an item of a list is indented by four columns, as Python's Markdown needs it.

The site is then in .build/site.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from pathlib import Path

from telegram_bot_aws.local.project import ROOT

DOCS = ROOT / "docs"
BUILD = ROOT / ".build"
COPY, SITE = BUILD / "site-source", BUILD / "site"
PROGRAMS = ROOT / ".venv-docs" / "bin"
GITHUB = "https://github.com/OWNER/terraform-aws-telegram-bot"
LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)]*)?\))")
ITEM = re.compile(r"(?:[-*]|\d+\.) +")


def absolute(text: str, page: Path, github: str) -> str:
    """Return a page's text in which links out of docs/ lead to GitHub."""

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found[2]).resolve()
        if target.is_relative_to(DOCS):
            return found[0]
        kind = "tree" if target.is_dir() else "blob"
        path = f"{github}/{kind}/main/{target.relative_to(ROOT)}"
        return f"{found[1]}{path.removesuffix('/.')}{found[3]}"

    return LINK.sub(link, text)


def indented(text: str) -> str:
    """Return a text whose lists have their parts indented by four columns.

    An item after one of several paragraphs has an empty line before it.
    """
    lines: list[str] = []
    by, has_paragraphs, is_code = 0, False, False
    for line in text.split("\n"):
        item = ITEM.match(line)
        if line and line[0] != " " and not is_code:
            if item and by and has_paragraphs and lines[-1]:
                lines.append("")
            by, has_paragraphs = 4 - min(4, len(item[0])) if item else 0, False
        if line.startswith("```"):
            is_code = not is_code
        is_part = by and line.startswith("  ") and not is_code
        has_paragraphs |= bool(is_part) and not lines[-1]
        lines.append(" " * by + line if is_part else line)
    return "\n".join(lines)


def write_copy(github: str) -> None:
    """Write the copy of docs/, and the configuration beside it."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(DOCS, COPY / "docs")
    for page in DOCS.rglob("*.md"):
        text = indented(absolute(page.read_text(), page, github))
        (COPY / "docs" / page.relative_to(DOCS)).write_text(text)
    settings = (ROOT / "mkdocs.yml").read_text()
    (COPY / "mkdocs.yml").write_text(f"{settings}repo_url: {github}\nsite_dir: site\n")


def main() -> int:
    """Build the site. Returns 1 if a builder warns of something."""
    parser = argparse.ArgumentParser(
        prog="scripts/site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    repository = os.environ.get("GITHUB_REPOSITORY")
    write_copy(f"https://github.com/{repository}" if repository else GITHUB)
    code = 0
    for builder in ("zensical", "mkdocs"):  # the last one's site stays
        print(f"{builder} …", flush=True)
        command = [str(PROGRAMS / builder), "build", "--clean", "--strict"]
        done = subprocess.run(command, cwd=COPY, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
        code = code or min(done.returncode, 1)
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.move(COPY / "site", SITE)
    return code
