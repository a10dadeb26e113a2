"""A copy of an author's own Terraform configuration, which uses the module, for the demo."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from telegram_bot_aws.demo.deployments import Hosted, token
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import repository
from telegram_bot_aws.local.project import LAMBDA, ROOT
from telegram_bot_aws.local.terraform import Module

OVERRIDE = "zz_demo_override.tf"  # the last override file wins
TOKENS = "demo_tokens.tf.json"
TOKEN_INPUTS = ("telegram_bot_token", "telegram_bot_token_parameter")
NOT_COPIED = (
    ".git",
    ".terraform",
    ".venv",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    "*.tfvars.json",
)

# Where the module is published: a repository with its name, or its address in a registry.
PUBLISHED = re.compile(
    r"(^|[/:])terraform-aws-telegram-bot(\.git)?(//)?(\?.*)?$|^([\w.-]+/)?[\w-]+/telegram-bot/aws$"
)

# The arguments and blocks of a provider that use or need an account.
ACCOUNT = (
    "access_key",
    "allowed_account_ids",
    "assume_role",
    "assume_role_with_web_identity",
    "endpoints",
    "forbidden_account_ids",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_files",
    "token",
)


@dataclass
class Block:
    """A block of a configuration file, with its arguments as they are written."""

    file: Path
    kind: str
    labels: list[str]
    arguments: dict[str, str] = field(default_factory=dict)
    places: list[tuple[str, int, int]] = field(default_factory=list)  # of arguments and blocks

    def text(self, name: str) -> str:
        """Return an argument that is a plain string, or nothing."""
        found = re.fullmatch(r'"((?:[^"$%\\]|[$%](?!\{))*)"', self.arguments.get(name, ""))
        return found[1] if found else ""


def files(folder: Path) -> list[Path]:
    """Return the files that Terraform reads in a folder. It skips hidden files, such as locks."""
    found = (file for file in folder.glob("*.tf") if not file.name.startswith("."))
    return sorted(file for file in found if not file.is_dir())


def read(file: Path) -> str:
    """Return the text of a configuration's file. Raises ToolError."""
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ToolError(f"{file.name} can't be read: save it as UTF-8") from None
    except OSError as error:
        raise ToolError(f"{file.name} can't be read: {error.strerror}") from None


def blocks(folder: Path) -> list[Block]:
    """Return the blocks at the top of a folder's configuration. Raises ToolError."""
    return [block for file in files(folder) for block in _blocks_of(file)]


def _blocks_of(file: Path) -> Iterator[Block]:
    import hcl2  # imported here: it is slow, and only a configuration needs it
    from lark.exceptions import LarkError

    text = read(file)
    try:
        # It can't read letters beyond ASCII in an identifier.
        tree = hcl2.parses_to_tree(re.sub(r"[^\x00-\x7f]", "x", text))
    except LarkError as error:
        where = getattr(error, "line", "?")
        raise ToolError(f"{file.name} can't be read: line {where} isn't valid HCL") from None
    for node in _children(_children(tree, "body")[0], "block"):
        words = [
            text[part.meta.start_pos : part.meta.end_pos].strip('"')
            for part in node.children
            if getattr(part, "data", None) in ("identifier", "string")
        ]
        block = Block(file, words[0], words[1:])
        for body in _children(node, "body"):
            for argument in _children(body, "attribute"):
                place = argument.meta.start_pos, argument.meta.end_pos
                name, _, value = text[slice(*place)].partition("=")
                block.arguments[name.strip()] = value.strip()
                block.places.append((name.strip(), *place))
            for inner in _children(body, "block"):
                place = inner.meta.start_pos, inner.meta.end_pos
                block.places.append((text[slice(*place)].split()[0], *place))
        yield block


def _children(node: Any, kind: str) -> list[Any]:
    return [child for child in node.children if getattr(child, "data", None) == kind]


def is_the_module(block: Block) -> bool:
    """Tell whether a module block calls this module."""
    source = block.text("source")
    if source.startswith(("./", "../", "/")):
        return Path(block.file.parent, source).resolve() == ROOT
    if source.partition("?")[0] == f"git::{repository()[0]}":
        return True
    clone = re.fullmatch(r"git::file://(/.*?)(\?.*)?", source)
    if clone and Path(unquote(clone[1])).resolve() == ROOT:
        return True
    installed = Path(block.file.parent, ".terraform/modules", block.labels[0]).resolve()
    return bool(PUBLISHED.search(source)) or installed in (ROOT, *ROOT.parents)


def calls(everything: list[Block], folder: Path) -> list[Block]:
    """Return a configuration's calls of the module. Raises ToolError if there is none."""
    modules = [block for block in everything if block.kind == "module"]
    found = [block for block in modules if is_the_module(block)]
    if not found:
        sources = ", ".join(block.arguments.get("source", "none") for block in modules)
        raise ToolError(
            f"{folder} doesn't call the module: no module block there has a source that leads to "
            f"{ROOT}, or ends in terraform-aws-telegram-bot, or is telegram-bot/aws of a registry. "
            f"The sources there: {sources or 'none'}"
        )
    return found


def copy(folder: Path, target: Path) -> Path:
    """Copy a configuration below a folder, and return its new place.

    Links provide what it refers to outside of itself ("../bot").
    """
    up = max(
        (
            text.count("../")
            for file in files(folder)
            for text in re.findall(r"(?:\.\./)+", read(file))
        ),
        default=0,
    )
    up = min(up, len(folder.parents) - 1)
    copied = target
    for parent in reversed(folder.parents[:up]):
        copied.mkdir(parents=True, exist_ok=True)
        below = folder.relative_to(parent).parts[0]
        for sibling in parent.iterdir():
            if sibling.name != below:
                (copied / sibling.name).symlink_to(sibling)
        copied /= below
    if not up:
        copied /= folder.name or "root"
    try:
        shutil.copytree(folder, copied, ignore=_not_copied)
    except shutil.Error as error:
        path, _, reason = error.args[0][0]
        raise ToolError(f"{path} can't be copied: {reason}") from None
    return copied


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """Return which names in a folder aren't copied; neither are sockets, nor links to nowhere."""
    paths = {name: Path(folder, name) for name in names}
    special = {name for name, path in paths.items() if not (path.is_file() or path.is_dir())}
    return special | shutil.ignore_patterns(*NOT_COPIED)(folder, names)


class Configuration:
    """A copy of a configuration below the folder `target`, for an emulated AWS.

    It has no account and no backend, and its calls of the module get this checkout and tokens of
    the stand-in. What else is written in a call stays, on its line, and so does what Terraform
    says of it. `variables` are Terraform's.
    """

    def __init__(
        self, folder: Path, target: Path, module: Module, api_url: str, variables: dict[str, str]
    ) -> None:
        strange = sorted(name for name in variables if not name.startswith("TF_VAR_"))
        if strange:
            raise ToolError(
                f"for a configuration, --env-file must contain Terraform's variables, "
                f"TF_VAR_name=value, not {strange[0]}: the bot's own belong in the input "
                "environment"
            )
        self.folder = folder
        everything = blocks(folder)
        self.calls = calls(everything, folder)
        providers = [b for b in everything if b.kind == "provider" and b.labels == ["aws"]]
        self.regions = {block.text("region") for block in providers} - {""}
        self._module = module
        module.variables = self._values(everything, variables)
        module.root = copy(folder, target)
        if not (module.root / ".terraform.lock.hcl").exists():
            shutil.copy(ROOT / ".terraform.lock.hcl", module.root)
        url = json.dumps(api_url)
        own = f'variable "telegram_api_url" {{\n  default = {url}\n}}\n'
        (module.folder / OVERRIDE).write_text(own)
        (module.root / OVERRIDE).write_text('terraform {\n  backend "local" {}\n}\n')
        self._edit(providers)
        self._write_tokens({})

    def _values(self, everything: list[Block], variables: dict[str, str]) -> dict[str, Any]:
        """Return the values of the configuration's variables. Raises ToolError if some are missing.

        A variable for the bot's token, or for its parameter's name, may have any value here.
        """
        given = {name.removeprefix("TF_VAR_"): value for name, value in variables.items()}
        for block in self.calls:
            for name in TOKEN_INPUTS:
                if found := re.fullmatch(r"var\.(\w+)", block.arguments.get(name, "")):
                    given.setdefault(found[1], token(1) if name.endswith("token") else "demo")
        missing = [
            block.labels[0]
            for block in everything
            if block.kind == "variable" and "default" not in block.arguments
            if block.labels[0] not in given
        ]
        if missing:
            raise ToolError(
                f"the configuration needs a value for {', '.join(missing)}. The demo reads no "
                f"*.tfvars: put TF_VAR_{missing[0]}=… into a file, and name it by --env-file"
            )
        return given

    def _edit(self, providers: list[Block]) -> None:
        """Write other arguments into the calls in the copy, and take accounts from providers.

        All others stay on their lines.
        """
        source = json.dumps(os.path.relpath(self._module.folder, self._module.root))
        news = [(block, dict.fromkeys(ACCOUNT, "")) for block in providers]
        for block in self.calls:
            tokens = [name for name in TOKEN_INPUTS if name in block.arguments]
            new = {"source": f"source = {source}", "version": "", "telegram_api_url": ""}
            new |= dict.fromkeys(tokens, "")
            new |= {name: f"telegram_bot_token = {token_of(block)}" for name in tokens[:1]}
            news.append((block, new))
        edits = [
            (block.file, start, end, new[name])
            for block, new in news
            for name, start, end in block.places
            if name in new
        ]
        for file, start, end, text in sorted(edits, reverse=True):
            copied = self._module.root / file.name
            before = read(copied)
            lines = "\n" * before.count("\n", start, end)
            copied.write_text(before[:start] + text + lines + before[end:])

    def _write_tokens(self, tokens: dict[str, Any]) -> None:
        content = json.dumps({"locals": {"demo_tokens": tokens}})
        (self._module.root / TOKENS).write_text(content)

    def bots(self) -> list[Hosted]:
        """Return the bots of all calls, each with a token, after Terraform's init."""
        found: list[Hosted] = []
        tokens: dict[str, Any] = {}
        names = re.findall(r"(\w+)\s*=", "\n".join(map(read, files(self.folder))))
        for block in self.calls:
            name = block.labels[0]
            tokens[name] = {}
            for each in self._instances(block):
                key = each["key"]
                index = "" if key is None else f"[{json.dumps(key)}]"
                bot = Hosted(token(len(found) + 1), LAMBDA, address=f"module.{name}{index}")
                if each["folder"]:
                    bot.folder = Path(os.path.normpath(Path(self.folder, each["folder"])))
                if each["runtime"]:
                    bot.runtime = each["runtime"]
                given = block.arguments
                bot.inputs = {
                    "has_table": given.get("session_retention_in_days", "null") != "null",
                    "has_queue": given.get("queue", "false") != "false",
                }
                bot.variables = names  # those of its environment may be in a local value
                found.append(bot)
                tokens[name][str(key or 0)] = bot.token
        if not found:
            raise ToolError("the configuration calls the module for no bot: its for_each is empty")
        self._write_tokens(tokens)
        return found

    def _instances(self, block: Block) -> list[dict[str, Any]]:
        """Return the key of each of a call's instances, its folder (source_dir) and its runtime.

        A key is None without for_each and count, and the others are if the call has none. All are
        expressions, so Terraform evaluates them.
        """
        folder = block.arguments.get("source_dir", "null")
        runtime = block.arguments.get("runtime", "null")
        each, count = block.arguments.get("for_each"), block.arguments.get("count")
        inputs = f"folder = {folder}, runtime = {runtime}"
        asked = f"[{{key = null, {inputs}}}]"
        if each is not None:
            pairs = f"[for k, v in ({each}) : {{key = k, value = v}}]"
            asked = f"[for each in {pairs} : {{key = each.key, {inputs}}}]"
        elif count is not None:
            numbers = f"[for i in range({count}) : {{index = i}}]"
            asked = f"[for count in {numbers} : {{key = count.index, {inputs}}}]"
        question = f"jsonencode(nonsensitive({asked}))".replace("\n", " ")
        said = self._module.terraform("console", "-no-color", input=f"{question}\n")
        try:
            instances: list[dict[str, Any]] = json.loads(json.loads(said.stdout))
        except ValueError:
            raise ToolError(
                f"module.{block.labels[0]} can't be evaluated before an apply:\n"
                f"{said.stderr or said.stdout}"
            ) from None
        return instances


def token_of(block: Block) -> str:
    """Return the expression for a call's token, null before the tokens are written."""
    name = json.dumps(block.labels[0])
    index = "each.key" if "for_each" in block.arguments else "0"
    if "count" in block.arguments:
        index = "count.index"
    return f"try(local.demo_tokens[{name}][{index}], null)"
