"""Imports go one way: no arrow between the components of the project goes back."""

import ast
import sys

from telegram_bot_aws.local.project import COMMAND, LAMBDA, SCRIPTS, STAND_IN, TOOLS

FOLDERS = (LAMBDA, SCRIPTS, COMMAND, STAND_IN, TOOLS)  # in which Python finds modules
# A component is a package or a module, less what has a row of its own: what it may import beside
# itself and libraries. `bot` is the author's; what is in scripts/ is run by Terraform, too.
COMPONENTS = {
    "__main__": {"telegram_bot_aws.command"},
    "acceptance": {
        "botkit",
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "bench": {"botkit", "handler", "telegram_bot_aws.local", "telegram_stand_in"},
    "bot": {"botkit"},
    "bot_files": set(),
    "botkit": {"botkit.middleware"},
    "botkit.fakes": {"botkit"},
    "botkit.middleware": {"botkit"},
    "botkit.release": {"botkit", "botkit.middleware"},
    "handler": {"botkit", "botkit.release"},
    "hatch_build": set(),
    "maintenance": {"botkit", "botkit.middleware", "telegram_bot_aws.local"},
    "package": {"bot_files", "requirements"},
    "pytest_telegram_stand_in": {"telegram_stand_in"},
    "requirements": set(),
    "telegram_bot_aws": {"telegram_bot_aws.local"},
    "telegram_bot_aws.__main__": {"telegram_bot_aws.command"},
    "telegram_bot_aws.command": {"telegram_bot_aws.local"},
    "telegram_bot_aws.demo": {
        "botkit.release",
        "requirements",
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "telegram_bot_aws.emulated_aws": {"telegram_bot_aws.local", "telegram_stand_in"},
    "telegram_bot_aws.live": {
        "botkit",
        "botkit.fakes",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "telegram_bot_aws.local": {
        "bot_files",
        "botkit",
        "botkit.fakes",
        "botkit.release",
        "handler",
        "requirements",
    },
    "telegram_bot_aws.starter": {"telegram_bot_aws.local"},
    "telegram_stand_in": set(),
    "tests": set(),
}
# What runs inside a function's package, and tests.
OTHERS = {TOOLS / "acceptance" / "bots", TOOLS / "bench" / "functions"}


def modules():
    """Yield each module as its file and its name's parts."""
    for path in (SCRIPTS / "package", *(p for folder in FOLDERS for p in folder.rglob("*.py"))):
        folder = next(each for each in FOLDERS if each in path.parents)
        if "tests" not in path.parts and OTHERS.isdisjoint(path.parents):
            yield path, path.relative_to(folder).with_suffix("").parts


def imported(path, parts):
    """Yield the full names of what a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = parts[: -node.level] if node.level else ()
            module = [node.module] if node.module else []
            yield from (".".join([*package, *module, alias.name]) for alias in node.names)


def component_of(parts):
    """Return the innermost component that has a module, or nothing for that of a library."""
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if name in COMPONENTS), None)


def test_components_import_only_what_they_may():
    for path, parts in modules():
        component = component_of(parts)
        assert component, f"{path} is of no component"
        others = {component_of(name.split(".")) for name in imported(path, parts)}
        assert others - {component, None} <= COMPONENTS[component], path


def test_the_function_imports_only_the_standard_library():
    allowed = {*sys.stdlib_module_names, "bot", "botkit", "handler"}
    for path, parts in modules():
        if LAMBDA in path.parents:
            libraries = {name.partition(".")[0] for name in imported(path, parts)} - allowed
            assert libraries <= ({"pytest"} if path.stem == "testing" else set()), path


# What a module remembers beyond an update: caches, and what holds for the whole container.
REMEMBERED = {
    "context.current",  # of the update: its one place
    *("aws.connections", "deadline.deadline", "exchange.opener", "fakes.clock.clock"),
    *("middleware.allowlist.accounts", "middleware.rate_limit.full_windows"),
    *("pipeline.enabled", "pipeline.recent", "settings.settings"),
    *("telegram.blocked_until", "telegram.default_client"),
}


def test_no_module_remembers_an_update():
    found = set()
    for path in (LAMBDA / "botkit").rglob("*.py"):
        module = ".".join(path.relative_to(LAMBDA / "botkit").with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            found |= {f"{module}.{name}" for name in names if name.islower() and name != "logger"}
    assert found == REMEMBERED
