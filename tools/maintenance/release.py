"""Check that a release can be trusted: the workflow of releases does this, and so can you.

CONTRIBUTING.md says how a release is made.

Exit code: 0 if all is well, 1 if something disagrees or a signature isn't good, 2 for wrong
arguments.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

from local.project import ROOT

SIGNERS = ".github/allowed_signers"
HEADING = re.compile(r"^## (\d+\.\d+\.\d+) - (\S+)$", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument(
        "--check",
        metavar="VERSION",
        nargs="?",
        const="",
        help="check that CHANGELOG.md, pyproject.toml and every ?ref= name this version (default: "
        "that of pyproject.toml)",
    )
    chosen.add_argument(
        "--verify",
        metavar="TAG",
        help=f"check that a key in {SIGNERS} signed this tag, and that it is what is checked out",
    )
    chosen.add_argument("--notes", action="store_true", help="print the changelog's newest section")
    options = parser.parse_args()
    if options.notes:
        print(notes())
        return 0
    found = list(verify(options.verify) if options.verify else check(options.check))
    for problem in found:
        print(f"scripts/release: {problem}", file=sys.stderr)
    if not found:
        print("The signature is good." if options.verify else f"{version()} can be released.")
    return 1 if found else 0


def version() -> str:
    """Return the version in pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def check(wanted: str) -> Iterator[str]:
    """Yield what names another version than the wanted one."""
    own = version()
    wanted = wanted.removeprefix("v") or own
    if own != wanted:
        yield f"pyproject.toml has the version {own}, not {wanted}"
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = HEADING.search(changelog)
    if not released or released[1] != wanted:
        newest = released[1] if released else "none"
        yield f"the newest version in CHANGELOG.md is {newest}, not {wanted}"
    elif not is_date(released[2]):
        yield f"CHANGELOG.md has {released[2]} as the date of {wanted}: write it as 2026-11-26"
    unreleased = section(changelog, "Unreleased")
    if re.search(r"^- ", unreleased, re.MULTILINE):
        yield f"CHANGELOG.md has changes in Unreleased: move them to {wanted}"
    for path in files():
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            for ref in re.findall(r"\?ref=v(\d[\w.-]*)", line):
                if ref != wanted:
                    yield f"{path}, line {number}, has ?ref=v{ref}, not v{wanted}"


def files() -> list[str]:
    """Return the files whose ?ref= users copy."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.tf")]
    found += ROOT.glob("examples/*/*.md")
    kept = (path.relative_to(ROOT).as_posix() for path in found)
    return sorted(path for path in kept if ".terraform/" not in path)


def is_date(text: str) -> bool:
    try:
        return str(datetime.date.fromisoformat(text)) == text
    except ValueError:
        return False


def section(changelog: str, heading: str) -> str:
    """Return what stands below a version's heading, or nothing."""
    found = re.search(rf"(?ms)^## {re.escape(heading)}\b.*?\n(.*?)(?=^## |\Z)", changelog)
    return found[1].strip() if found else ""


def notes() -> str:
    """Return the changelog's section about this version."""
    return section((ROOT / "CHANGELOG.md").read_text(), version())


def verify(tag: str) -> Iterator[str]:
    """Yield why a tag can't be trusted. Only a signature by SSH counts, of a key that is listed."""
    signed = git("-c", f"gpg.ssh.allowedSignersFile={SIGNERS}", "verify-tag", "--raw", tag)
    said = (signed.stdout + signed.stderr).strip()
    if signed.returncode or not re.search(r'^Good "git" signature for ', said, re.MULTILINE):
        yield f"no key in {SIGNERS} signed the tag {tag}: {said or 'it has no signature'}"
    elif git("rev-parse", f"{tag}^{{commit}}").stdout != git("rev-parse", "HEAD").stdout:
        yield f"the tag {tag} isn't what is checked out"


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
