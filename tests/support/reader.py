"""docs/your-own-bot.md, followed by a reader: the files that it shows, in their order."""

from __future__ import annotations

import re
from pathlib import Path

from local.project import ROOT
from starter import new

TEXT = (ROOT / "docs" / "your-own-bot.md").read_text()
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
SOURCE = '"git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"'
TABLE = 'main.tf, in module "telegram_bot"'
SECRET = 'main.tf, in module "telegram_bot", with the secret'


def begin(folder: Path) -> None:
    """Follow the page up to its tests, after scripts/new."""
    new.write(folder, new.files(ROOT / "examples" / new.FIRST, "dice-bot"))
    for name in ("bot/bot.py", "test_bot.py"):
        (folder / name).write_text(FILES[name])


def add_table(folder: Path) -> None:
    """Follow the section on a table."""
    for name in ("table.tf", "bot/counts.py"):
        (folder / name).write_text(FILES[name])
    in_the_module(folder, CHANGES[TABLE])
    bot = folder / "bot" / "bot.py"
    imports, *functions = re.split(r"\n\n\n(?=def )", CHANGES["bot/bot.py, with the table"])
    text = bot.read_text().replace("\n\nCOMMANDS", f"\n{imports}\n\nCOMMANDS", 1)
    for function in map(str.strip, functions):
        name = function.partition("(")[0]
        old = re.search(rf"(?ms)^{re.escape(name)}\(.*?(?=\n\n\ndef |\Z)", text)
        text = text.replace(old[0], function) if old else f"{text}\n\n{function}\n"
    bot.write_text(text)


def add_secret(folder: Path) -> None:
    """Follow the section on a secret, after that on a table."""
    (folder / "bot" / "keys.py").write_text(FILES["bot/keys.py"])
    [statement] = re.findall(r"(?ms)^  statement .*?^  }\n", FILES["secret.tf"])
    table, main = folder / "table.tf", folder / "main.tf"
    document = re.compile(r'(?ms)^(data "aws_iam_policy_document" "bot" .*?^)}')
    table.write_text(document.sub(rf"\1\n{statement}}}", table.read_text()))
    [variable] = re.findall(r"environment = { (.*?) }", CHANGES[SECRET])
    text = re.sub(r"(environment = { .*?) }", rf"\1, {variable} }}", main.read_text())
    main.write_text(text)


def in_the_module(folder: Path, lines: str) -> None:
    """Add arguments to the module's call."""
    main = folder / "main.tf"
    main.write_text(re.sub(r"(  source_dir .*\n)", rf"\1\n{lines}", main.read_text()))
