"""Imports go one way: no arrow between the folders of tools/, or of lambda/, goes back."""

import ast
import sys

import pytest
from telegram_bot_aws.local.project import COMMAND, LAMBDA, ROOT, SCRIPTS, STAND_IN, TOOLS

# A component is a folder of tools/ or of the command, or a module there: what it may import beside
# itself. `requirements` is that of scripts/, which Terraform runs too.
COMPONENTS = {
    "__main__": {"telegram_bot_aws.command"},
    "acceptance": {
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "bench": {"telegram_bot_aws.local"},
    "maintenance": {"telegram_bot_aws.local"},
    "telegram_bot_aws.__init__": {"telegram_bot_aws.local"},
    "telegram_bot_aws.__main__": {"telegram_bot_aws.command"},
    "telegram_bot_aws.command": {"telegram_bot_aws.local"},
    "telegram_bot_aws.demo": {
        "requirements",
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "telegram_bot_aws.emulated_aws": {"telegram_bot_aws.local"},
    "telegram_bot_aws.live": {"telegram_bot_aws.local"},
    "telegram_bot_aws.local": {"requirements"},
    "telegram_bot_aws.starter": {"telegram_bot_aws.local"},
    "telegram_stand_in": set(),
}
OURS = {*COMPONENTS, "requirements", "tests"}
# These files run inside a function's package, and import its modules.
FUNCTIONS = TOOLS / "bench" / "functions"


def components_imported(path):
    """Return the top-level names of all imports in a module, and of the command those of parts."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    return {".".join(each[: 2 if each[0] == "telegram_bot_aws" else 1]) for each in parts}


def modules(component):
    """Return the modules of a component, without its tests."""
    if component == "telegram_stand_in":
        return [STAND_IN / f"pytest_{component}.py", *(STAND_IN / component).rglob("*.py")]
    top = COMMAND if component.startswith("telegram_bot_aws") else TOOLS
    folder = top.joinpath(*component.split("."))
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    found = folder.rglob("*.py")
    return [path for path in found if not {FUNCTIONS, folder / "tests"} & {*path.parents}]


def test_every_component_is_listed():
    package = COMMAND / "telegram_bot_aws"
    names = set()
    for path in TOOLS.rglob("*.py"):
        if package in path.parents:
            names.add(f"{package.name}.{path.relative_to(package).parts[0]}")
        elif COMMAND not in path.parents:  # beside the package, what builds it
            names.add(path.relative_to(TOOLS).parts[0].replace("-", "_"))
    names.remove(f"{package.name}.tests")
    assert {name.removesuffix(".py") for name in names} == {*COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS)
def test_component_imports_only_what_it_may(component):
    paths = modules(component)
    assert paths
    found = {(path.name, name) for path in paths for name in components_imported(path)}
    allowed = COMPONENTS[component] | {component}
    assert {(file, name) for file, name in found if name in OURS - allowed} == set()


def test_terraform_and_the_function_import_no_tool():
    scripts = [SCRIPTS / name for name in ("bot_files.py", "package", "requirements.py")]
    for path in [*LAMBDA.rglob("*.py"), *(ROOT / "tests/bots/plain").rglob("*.py"), *scripts]:
        assert components_imported(path) & OURS <= {"requirements"}, path


# What an author's tests have, and no function.
FOR_AUTHORS = {"testing.py": {"pytest"}}


def test_the_function_imports_only_the_standard_library():
    allowed = {*sys.stdlib_module_names, "bot", "botkit", "handler"}
    for path in LAMBDA.rglob("*.py"):
        assert components_imported(path) - allowed <= FOR_AUTHORS.get(path.name, set()), path


# A package of lambda/: what it may import beside itself. `bot` is the author's.
MAY_IMPORT = {
    "bot": {"botkit"},
    "botkit": {"botkit.middleware"},
    "botkit.fakes": {"botkit"},
    "botkit.middleware": {"botkit"},
    "botkit.release": {"botkit", "botkit.middleware"},
    "handler": {"botkit", "botkit.release"},
}


def modules_imported(path):
    """Return the modules of lambda/ that one of them imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1] if node.level else LAMBDA
            folder = folder.joinpath(*(node.module or "").split("."))
            names = [folder / f"{alias.name}.py" for alias in node.names]
            found |= {each for each in [folder.with_suffix(".py"), *names] if each.is_file()}
    return found


def package_of(path):
    parts = path.relative_to(LAMBDA).with_suffix("").parts
    return ".".join(parts[:-1] or parts)


def test_within_the_function_packages_import_only_what_they_may():
    files = [*LAMBDA.rglob("*.py")]
    assert {package_of(path) for path in files} == {*MAY_IMPORT}
    for path in files:
        found = {package_of(each) for each in modules_imported(path)}
        assert found - {package_of(path)} <= MAY_IMPORT[package_of(path)], path


# What a module remembers beyond an update: caches, and what holds for the whole container.
REMEMBERED = {
    "aws.connections",
    "context.current",  # of the update: its one place
    "deadline.deadline",
    "fakes.clock.clock",
    "exchange.opener",
    "middleware.allowlist.accounts",
    "middleware.rate_limit.full_windows",
    "pipeline.enabled",
    "pipeline.recent",
    "pipeline.reported",
    "settings.settings",
    "telegram.blocked_until",
    "telegram.default_client",
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
