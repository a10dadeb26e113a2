"""docs/first-bot.md and the authors' pages of docs/how-to, followed by a reader.

They show files, and changes of files, in the order of the pages.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new

DOCS = ROOT / "docs"
# In the order in which the reader follows them. The other pages of how-to are for operators.
AUTHORS = (
    *("sessions", "conversations", "payments", "apis", "packages"),
    *("files", "aws-events", "schedule", "queue", "language-models"),
    *("profile", "restrict", "errors", "mini-apps", "buttons", "groups", "broadcast", "no-answer"),
    *("test", "business", "deep-links", "inline"),
)
PAGES = (
    DOCS / "first-bot.md",
    *(DOCS / "how-to" / f"{name}.md" for name in AUTHORS),
    DOCS / "migrate.md",
)
TEXT = "\n".join(page.read_text() for page in PAGES)
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
# A file's block begins with its name.
FILES = {
    found[1]: found[2]
    for _, block in BLOCKS
    if (found := re.fullmatch(r"# (\S+\.(?:py|tf|toml))\n(.*)", block, re.DOTALL))
}
# A change of a file begins with the file's name, and then says which one.
CHANGES = {
    found[1]: found[2]
    for _, block in BLOCKS
    if (found := re.fullmatch(r"# (\S+\.(?:py|tf), .*?)\n(.*)", block, re.DOTALL))
}
SOURCE = re.compile(r'"git::https://github\.com/[^"]+"')  # the module's, as pages have it
DIE = ("bot/bot.py, with a die", "test_bot.py, with a die")
TABLE = 'main.tf, in module "telegram_bot"'
SECRET = 'main.tf, in module "telegram_bot", with the secret'


def begin(folder: Path) -> None:
    """Follow the first page up to the end of its change, after scripts/new."""
    new.write(folder, new.files(ROOT / "examples" / new.FIRST, "dice-bot"))
    for name in DIE:
        change(folder, name)


def add_table(folder: Path) -> None:
    """Follow the page on a table."""
    for name in ("table.tf", "bot/counts.py"):
        (folder / name).write_text(FILES[name])
    in_the_module(folder, CHANGES[TABLE])
    change(folder, "bot/bot.py, with the table")
    change(folder, "test_bot.py, with the table")


def add_secret(folder: Path) -> None:
    """Follow the page on a secret, after that on a table."""
    (folder / "bot" / "keys.py").write_text(FILES["bot/keys.py"])
    [statement] = re.findall(r"(?ms)^  statement .*?^  }\n", FILES["secret.tf"])
    table, main = folder / "table.tf", folder / "main.tf"
    document = re.compile(r'(?ms)^(data "aws_iam_policy_document" "bot" .*?^)}')
    table.write_text(document.sub(rf"\1\n{statement}}}", table.read_text()))
    [variable] = re.findall(r"environment = { (.*?) }", CHANGES[SECRET])
    text = re.sub(r"(environment = { .*?) }", rf"\1, {variable} }}", main.read_text())
    main.write_text(text)


def change(folder: Path, name: str, of: str = "") -> None:
    """Make a page's change of a Python file: imports, constants and functions, new or not."""
    file, new_text = folder / (of or name.partition(",")[0]), CHANGES[name]
    text = file.read_text()
    for wanted in ast.parse(new_text).body:
        lines = "\n".join(new_text.splitlines()[wanted.lineno - 1 : wanted.end_lineno])
        there = text.splitlines()
        statements = ast.parse(text).body
        old = [each for each in statements if defined(each) == defined(wanted) != ""]
        if old:
            there[old[0].lineno - 1 : old[0].end_lineno] = [lines]
        elif isinstance(wanted, ast.Import | ast.ImportFrom):
            there.insert(statements[0].end_lineno or 0, lines)  # below the docstring
        else:
            there += ["", "", lines]
        text = "\n".join(there) + "\n"
    file.write_text(text)


def defined(statement: ast.stmt) -> str:
    """Return the name that a statement gives to a function or constant, or nothing."""
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0])
    return getattr(statement, "name", "")


def in_the_module(folder: Path, lines: str) -> None:
    """Add arguments to the module's call."""
    main = folder / "main.tf"
    main.write_text(re.sub(r"(  source_dir .*\n)", rf"\1\n{lines}", main.read_text()))
