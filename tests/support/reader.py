"""The pages, followed by a reader: the files that they show, and the commands that they print."""

import ast
import re

from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.starter import new

DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for pattern in ("*.md", ".github/*.md", "docs/**/*.md", "examples/**/*.md", "tools/**/*.md")
    for page in ROOT.glob(pattern)
    if "/." not in f"{page.relative_to(ROOT)}"  # such as a cache of pytest's
)
SOURCE = re.compile(r'"git::https://github\.com/[^"]+"')  # the module's, as pages have it
# A block of a file begins with its name, and says which of several bots on a page it belongs to.
BLOCK = re.compile(
    r"^```\w+\n(?:# |<!-- )(?P<path>[\w./-]+\.\w+)(?:, (?P<bot>.*?))?(?: -->)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PROGRAMS = r"(?:terraform|aws|curl|git|sed|\S*scripts/\w+)"
PRINTED = re.compile(
    rf"^ *```sh\n(?P<block>.*?)^ *```$|`(?P<sentence>(?:[A-Za-z_]+=\S+ )*{PROGRAMS} [^`]+)`",
    re.MULTILINE | re.DOTALL,
)
BOT, TEST, MAIN = "bot/bot.py", "test_bot.py", "main.tf"
IN_THE_MODULE = 'in module "telegram_bot"'


def blocks(page):
    """Return the blocks of a page that are files, by path and bot: "" for all of them."""
    found = BLOCK.finditer((DOCS / page).read_text())
    return {(each["path"], each["bot"] or ""): each["text"] for each in found}


def bots(page):
    """Return the bots that a page shows, each with its files by their paths.

    Where a page has none, its files are for any bot.
    """
    shown = blocks(page)
    common = {path: text for (path, bot), text in shown.items() if not bot}
    names = [bot for path, bot in shown if path == BOT] or [""]
    return {
        name: common | {path: text for (path, bot), text in shown.items() if bot == name}
        for name in names
    }


def printed(page):
    """Return the commands of a page's shell blocks and sentences, in their order, each as a line.

    Comments are left out.
    """
    printed = []
    for found in PRINTED.finditer(page.read_text()):
        block = (found["block"] or found["sentence"]).replace("\\\n", " ")
        lines = block.splitlines() if found["block"] else [" ".join(block.split())]
        for line in lines:
            if line.strip() and not line.strip().startswith("#"):
                printed.append(re.sub(" +# .*", "", line).strip())
    return printed


def begin(folder):
    """Follow the first page up to the end of its change, after scripts/new."""
    new.write(folder, new.files(ROOT / "examples" / new.FIRST, "dice-bot", new.address(str(ROOT))))
    change_the_first_bot(folder)


def change_the_first_bot(folder):
    """Make the first page's change of the bot and its test."""
    for path in (BOT, TEST):
        _change(folder / path, blocks("first-bot.md")[path, "with a die"])


def add_services(folder):
    """Follow the page on APIs, which has a bot with a table and a secret, in a begun folder."""
    page = "how-to/apis.md"
    [files] = bots(page).values()
    for path, text in files.items():
        (folder / path).write_text(text)
    main, lines = folder / MAIN, blocks(page)[MAIN, IN_THE_MODULE]
    call = re.compile(r'(module "telegram_bot" \{\n.*?\n)\}', re.DOTALL)
    main.write_text(call.sub(rf"\1\n{lines}}}", main.read_text()))


def _change(file, new_text):
    """Make a page's change of a Python file: statements that replace those of the same name."""
    statements = {}
    for text in (file.read_text(), new_text):
        for each in ast.parse(text).body:
            source = ast.unparse(each)
            statements[getattr(each, "name", source.partition(" = ")[0])] = source
    file.write_text("\n".join(statements.values()) + "\n")
