"""The demo of an author's own Terraform configuration, which uses the module."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from telegram_bot_aws.demo.aws_deployment import AwsDeployment, why_not_installed
from telegram_bot_aws.demo.deployments import Hosted, Step, Unavailable, token
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import repository
from telegram_bot_aws.local.project import LAMBDA, ROOT
from telegram_bot_aws.local.terraform import Module

OVERRIDE = "zz_demo_override.tf"  # the last override file wins
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
    "forbidden_account_ids",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_files",
    "token",
)
ACCOUNT_BLOCKS = ("assume_role", "assume_role_with_web_identity", "endpoints")


@dataclass
class Block:
    """A block of a configuration file, with its arguments as they are written."""

    file: Path
    kind: str
    labels: list[str]
    arguments: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # of the arguments

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
        tree = hcl2.parses_to_tree(simplified(text))
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
                block.places[name.strip()] = place
        yield block


def simplified(text: str) -> str:
    """Return HCL of the same shape, without what python-hcl2 can't read.

    That is letters beyond ASCII in an identifier, and ~ in "${~ … ~}".
    """
    text = re.sub(r"[^\x00-\x7f]", "x", text)
    return re.sub(r"(?<=[$%]\{)~|~(?=\})", " ", text)


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


def calls(folder: Path) -> list[Block]:
    """Return a configuration's calls of the module. Raises ToolError if none can be used."""
    modules = [block for block in blocks(folder) if block.kind == "module"]
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


def without_version(block: Block) -> None:
    """Remove a call's version from its file: an overridden source can't have one."""
    if "version" in block.places:
        start, end = block.places["version"]
        text = read(block.file)
        block.file.write_text(text[:start] + " " * (end - start) + text[end:])


class ConfigurationDeployment(AwsDeployment):
    """A configuration that uses the module, applied to an emulated AWS in a copy, with its bots.

    `add_bot` makes a token known to the stand-in.
    """

    is_configured = True

    def __init__(
        self,
        api_url: str,
        step: Step,
        bot: Path,
        variables: dict[str, str],
        folder: Path,
        add_bot: Callable[..., Any],
    ) -> None:
        super().__init__(api_url, step, bot, variables)
        self.folder = folder
        self.add_bot = add_bot
        strange = sorted(name for name in variables if not name.startswith("TF_VAR_"))
        if strange:
            raise ToolError(
                f"for a configuration, --env-file must contain Terraform's variables, "
                f"TF_VAR_name=value, not {strange[0]}: the bot's own belong in the input "
                "environment"
            )

    def configuration(self, folder: Path) -> Module:
        with self.step("configuration"):
            calls(self.folder)
            module = Module(self.emulator.url, folder / "module")
            module.root = copy(self.folder, folder / "configuration")
            if not (module.root / ".terraform.lock.hcl").exists():
                shutil.copy(ROOT / ".terraform.lock.hcl", module.root)
            everything = blocks(module.root)
            names = {block.labels[0] for block in calls(self.folder)}
            self.calls = [
                block
                for block in everything
                if block.kind == "module" and block.labels[0] in names and "source" in block.places
            ]
            self.providers = [
                block
                for block in everything
                if block.kind == "provider" and block.labels == ["aws"]
            ]
            module.variables = self._values(everything)
            for block in self.calls:
                without_version(block)
            self._source = os.path.relpath(module.folder, module.root)
        return module

    def regions(self) -> set[str]:
        return super().regions() | {block.text("region") for block in self.providers} - {""}

    def _values(self, everything: list[Block]) -> dict[str, Any]:
        """Return the values of the configuration's variables. Raises ToolError if some are missing.

        A variable for the bot's token, or for its parameter's name, may have any value here.
        """
        given = {name.removeprefix("TF_VAR_"): value for name, value in self.variables.items()}
        for block in self.calls:
            for name in ("telegram_bot_token", "telegram_bot_token_parameter"):
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

    def init(self) -> None:
        self._override({})
        try:
            self.module.init()
        except ToolError as error:
            found = re.search(r"provider[\s│]+(?:registry\.\S+?/)?([\w-]+/[\w-]+)", str(error))
            needs = f"the configuration needs the provider {found[1]}: " if found else ""
            raise Unavailable(f"{needs}{why_not_installed(error)}") from None
        self.bots = []
        tokens: dict[str, str] = {}
        for block in self.calls:
            instances = self._instances(block)
            keys = [each["key"] for each in instances]
            of_call = []
            for each in instances:
                key, source_dir, runtime = each["key"], each["folder"], each["runtime"]
                number = len(self.bots) + 1
                index = "" if key is None else f"[{json.dumps(key)}]"
                bot = Hosted(token(number), LAMBDA, address=f"module.{block.labels[0]}{index}")
                if source_dir:
                    bot.folder = Path(os.path.normpath(Path(self.folder, source_dir)))
                if runtime:
                    bot.runtime = runtime
                if number > 1:
                    self.add_bot(bot.token)
                self.bots.append(bot)
                of_call.append(bot.token)
            tokens[block.labels[0]] = token_expression(keys, of_call)
        if not self.bots:
            raise ToolError("the configuration calls the module for no bot: its for_each is empty")
        self._override(tokens)

    def _instances(self, block: Block) -> list[dict[str, Any]]:
        """Return the key of each of a call's instances, its folder (source_dir) and its runtime.

        A key is None without for_each and count, and the others are if the call has none. All are
        expressions, so Terraform evaluates them.
        """
        folder = block.arguments.get("source_dir", "null")
        runtime = block.arguments.get("runtime", "null")
        each, count = block.arguments.get("for_each"), block.arguments.get("count")
        if each is None and count is None and folder == runtime == "null":
            return [{"key": None, "folder": None, "runtime": None}]
        inputs = f"folder = {folder}, runtime = {runtime}"
        asked = f"{{key = null, {inputs}}}"
        if each is not None:
            pairs = f"[for k, v in ({each}) : {{key = k, value = v}}]"
            asked = f"[for each in {pairs} : {{key = each.key, {inputs}}}]"
        elif count is not None:
            numbers = f"[for i in range({count}) : {{index = i}}]"
            asked = f"[for count in {numbers} : {{key = count.index, {inputs}}}]"
        question = f"jsonencode(nonsensitive({asked}))".replace("\n", " ")
        said = self.module.terraform("console", input=f"{question}\n", check=False)
        try:
            answer = json.loads(json.loads(said.stdout))
        except ValueError:
            raise ToolError(
                f"the instances of module.{block.labels[0]} are only known after an apply:\n"
                f"{said.stderr or said.stdout}"
            ) from None
        return answer if isinstance(answer, list) else [answer]

    def _override(self, tokens: dict[str, str]) -> None:
        """Write the override file: no account, no backend, this checkout, and the stand-in."""
        lines = ['terraform {\n  backend "local" {}\n}\n']
        for block in self.providers:
            alias = block.arguments.get("alias")
            lines.append('provider "aws" {')
            lines += [f"  alias = {alias}"] if alias else []
            lines += [f"  {name} = null" for name in ACCOUNT]
            for name in ACCOUNT_BLOCKS:
                lines.append(f'  dynamic "{name}" {{\n    for_each = []\n    content {{}}\n  }}')
            lines.append("}\n")
        for block in self.calls:
            name = block.labels[0]
            lines += [
                f'module "{name}" {{',
                f"  source                       = {json.dumps(self._source)}",
                f"  telegram_api_url             = {json.dumps(self.api_url)}",
                f"  telegram_bot_token           = {tokens.get(name, 'null')}",
                "  telegram_bot_token_parameter = null",
                "}\n",
            ]
        (self.module.root / OVERRIDE).write_text("\n".join(lines))


def token_expression(keys: list[Any], tokens: list[str]) -> str:
    """Return the expression for a call's token, which differs between its instances."""
    if keys in ([], [None]):
        return json.dumps(tokens[0]) if tokens else "null"
    by_key = dict(zip(map(str, keys), tokens, strict=True))
    index = "count.index" if isinstance(keys[0], int) else "each.key"
    return f"{json.dumps(by_key)}[{index}]"
