"""Imports go one way: no arrow between the folders of tools/, or of lambda/, goes back."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import telegram_stand_in
from telegram_bot_aws.local.project import COMMAND, LAMBDA, ROOT, SCRIPTS, STAND_IN, TOOLS

# A component is a folder of tools/ or of the command, or a module there: what it may import beside
# itself. `requirements` is that of scripts/, which Terraform runs too.
COMPONENTS: dict[str, set[str]] = {
    "__main__": {"telegram_bot_aws.command"},
    "acceptance": {
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "bench": {"telegram_bot_aws.emulated_aws", "telegram_bot_aws.local"},
    "maintenance": {"bot_api_table", "telegram_bot_aws.local", "telegram_stand_in"},
    "telegram_bot_aws.__init__": {"telegram_bot_aws.local"},
    "telegram_bot_aws.__main__": {"telegram_bot_aws.command"},
    "telegram_bot_aws.command": {"telegram_bot_aws.local"},
    "telegram_bot_aws.demo": {
        "requirements",
        "telegram_bot_aws.emulated_aws",
        "telegram_bot_aws.local",
        "telegram_stand_in",
    },
    "telegram_bot_aws.emulated_aws": {"requirements", "telegram_bot_aws.local"},
    "telegram_bot_aws.live": {"telegram_bot_aws.local"},
    "telegram_bot_aws.local": {"requirements"},
    "telegram_bot_aws.starter": {"telegram_bot_aws.local"},
    "telegram_stand_in": set(),
}
OURS = {*COMPONENTS, "bot_api_table", "requirements", "tests"}
# The modules of each product that others may import, tests too. Its README lists the command's.
PUBLIC = (
    "acceptance.accept.",
    "acceptance.left.",
    "acceptance.steps.",
    "acceptance.world.",
    "maintenance.inputs.",
    "maintenance.release.",
    "telegram_bot_aws.command.",
    "telegram_bot_aws.demo.screenshot.",
    "telegram_bot_aws.emulated_aws.emulator.",
    "telegram_bot_aws.emulated_aws.runtime_api.",
    "telegram_bot_aws.live.sessions.",
    "telegram_bot_aws.local.container.",
    "telegram_bot_aws.local.events.",
    "telegram_bot_aws.local.http_server.",
    "telegram_bot_aws.local.packages.",
    "telegram_bot_aws.local.processes.",
    "telegram_bot_aws.local.project.",
    "telegram_bot_aws.local.terraform.",
    "telegram_bot_aws.starter.new.",
    "tests.support.",
)
# These files run inside a function's package, and import its modules.
FUNCTIONS = TOOLS / "bench" / "functions"


def names_imported(path: Path) -> Iterator[str]:
    """Yield the full names of all imports in a module, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level names of all imports in a module, and of the command those of parts."""
    for name in names_imported(path):
        parts = name.split(".")
        yield ".".join(parts[: 2 if parts[0] == "telegram_bot_aws" else 1])


def modules(component: str) -> list[Path]:
    """Return the modules of a component, without its tests."""
    if component == "telegram_stand_in":
        return [STAND_IN / f"pytest_{component}.py", *(STAND_IN / component).rglob("*.py")]
    folder = (COMMAND if component.startswith("telegram_bot_aws") else TOOLS).joinpath(
        *component.split(".")
    )
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    found = folder.rglob("*.py")
    return [p for p in found if not {FUNCTIONS, folder / "tests"} & {*p.parents}]


def test_every_component_is_listed() -> None:
    package = COMMAND / "telegram_bot_aws"
    names = set()
    for path in TOOLS.rglob("*.py"):
        if package in path.parents:
            names.add(f"{package.name}.{path.relative_to(package).parts[0]}")
        elif COMMAND not in path.parents:  # beside the package, what builds it
            names.add(path.relative_to(TOOLS).parts[0].replace("-", "_"))
    names.remove(f"{package.name}.tests")
    assert {name.removesuffix(".py") for name in names} == set(COMPONENTS)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_imports_only_what_it_may(component: str) -> None:
    paths = modules(component)
    assert paths
    found = {(path.name, name) for path in paths for name in imported(path)}
    allowed = COMPONENTS[component] | {component}
    assert {(file, name) for file, name in found if name in OURS - allowed} == set()


def test_no_product_imports_anothers_insides() -> None:
    """The products are the module, whose tests are in tests/, the command and each other tool."""
    folders = {name: TOOLS / name for name in ("acceptance", "bench", "maintenance")}
    folders["telegram_bot_aws"] = COMMAND
    found = set()
    paths = (ROOT / "conftest.py", *(ROOT / "tests").rglob("*.py"), *TOOLS.rglob("*.py"))
    for path in paths:
        folders["tests"] = STAND_IN if STAND_IN in path.parents else ROOT / "tests"
        for name in names_imported(path):
            folder = folders.get(name.partition(".")[0])
            if folder and folder not in path.parents:
                found.add((path.name, name))
    assert len(found) > 100
    insides = {(file, name) for file, name in found if not f"{name}.".startswith(PUBLIC)}
    assert insides == set()


# Words of what the stand-in needn't know: it plays Telegram for any bot.
OF_THIS_PROJECT = re.compile(r"aws|amazon|botkit|\bdemo\b|ministack|terraform", re.I)


def test_the_stand_in_knows_nothing_of_this_project() -> None:
    found = {p.name: OF_THIS_PROJECT.findall(p.read_text()) for p in modules("telegram_stand_in")}
    assert {name: words for name, words in found.items() if words} == {}


def test_nobody_imports_more_of_the_stand_in_than_it_exports() -> None:
    """It names there what a user may rely on. Its own tests and maintainers may look inside."""
    folders = (ROOT / "tests", TOOLS, ROOT / "examples")
    files = [ROOT / "conftest.py", *(path for each in folders for path in each.rglob("*.py"))]
    inside = {STAND_IN, TOOLS / "maintenance"}
    texts = {path: path.read_text() for path in files if inside.isdisjoint(path.parents)}
    used = set()
    for path, text in texts.items():
        if "telegram_stand_in" not in text:
            continue  # to parse all takes a second
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                used |= {(path.name, f"{alias.name}.") for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                used |= {(path.name, f"{node.module}.{alias.name}") for alias in node.names}
    used = {(file, name) for file, name in used if name.partition(".")[0] == "telegram_stand_in"}
    exported = {f"telegram_stand_in.{name}" for name in ("", *telegram_stand_in.__all__)}
    assert len(used) > 50
    assert {(file, name) for file, name in used if name not in exported} == set()


def test_the_stand_in_needs_only_the_standard_library() -> None:
    """It starts without pytest."""
    names = {name for path in modules("telegram_stand_in") for name in imported(path)}
    others = names - sys.stdlib_module_names - {"telegram_stand_in"}
    assert others == {"_pytest", "pytest"}
    program = "import sys; sys.modules |= dict.fromkeys(sys.argv[1:]); import telegram_stand_in"
    command = [sys.executable, "-c", program, "pytest"]
    subprocess.run(command, check=True, cwd=STAND_IN)


def test_what_terraform_runs_imports_no_tool() -> None:
    for path in (SCRIPTS / "package", SCRIPTS / "requirements.py"):
        assert set(imported(path)) & set(COMPONENTS) == set(), path


@pytest.mark.parametrize("folder", ["lambda", "tests/bots/plain"])
def test_the_function_imports_no_tool(folder: str) -> None:
    paths = list((ROOT / folder).rglob("*.py"))
    assert paths
    assert {name for path in paths for name in imported(path)} & OURS == set()


def test_only_the_echos_tests_read_its_bot() -> None:
    """conftest.py and tests/support/programs.py check this while tests run."""
    folders = (ROOT / "tests", TOOLS, ROOT / "examples")
    files = [ROOT / "conftest.py", *(path for each in folders for path in each.rglob("*.py"))]
    own = re.compile(r'(LAMBDA|ROOT / "lambda") / "bot\.py"|load_file\(LAMBDA')
    found = {path for path in files if own.search(path.read_text())}
    assert {str(path.relative_to(ROOT)) for path in found} == {
        "conftest.py",
        "tests/echo/test_bot.py",
    }


# A package of lambda/: what it may import beside itself. `bot` is the author's.
MAY_IMPORT: dict[str, set[str]] = {
    "bot": {"botkit"},
    "botkit": {"botkit.frameworks", "botkit.http", "botkit.rich"},  # ways.py finds steps by name
    "botkit.fakes": {"botkit", "botkit.sources"},
    "botkit.frameworks": {"botkit"},
    "botkit.http": {"botkit"},  # and there only the deadline and the errors
    "botkit.release": {"botkit"},
    "botkit.rich": {"botkit"},
    "botkit.sources": {"botkit", "botkit.release"},
    "botkit.steps": {"botkit"},
    "handler": {"botkit", "botkit.sources"},
}


def package_of(path: Path) -> str:
    """Return the package of a module, or of a folder."""
    parts = path.relative_to(LAMBDA).with_suffix("").parts
    return ".".join(parts[:-1] if path.suffix and parts[1:] else parts)


def packages_imported(path: Path) -> Iterator[str]:
    """Yield the packages that a module of lambda/ imports, for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        folder = path.parents[node.level - 1] if node.level else LAMBDA
        for alias in node.names:
            found = folder.joinpath(*(node.module or "").split("."))
            if (found / alias.name).is_dir():
                found /= alias.name
            if found.is_dir():
                yield package_of(found)
            elif found.with_suffix(".py").is_file():
                yield package_of(found.with_suffix(".py"))


def test_within_the_function_no_import_goes_back() -> None:
    files = list(LAMBDA.rglob("*.py"))
    assert {package_of(path) for path in files} == set(MAY_IMPORT)
    for path in files:
        package = package_of(path)
        assert set(packages_imported(path)) - {package} <= MAY_IMPORT[package], path
        if package == "botkit.http":
            assert set(re.findall(r"from \.\.(\S*) import", path.read_text())) <= {
                "deadline",
                "errors",
            }
    assert "botkit.http" in set(packages_imported(LAMBDA / "botkit" / "telegram.py"))
    assert "botkit" in set(packages_imported(LAMBDA / "botkit" / "bot_module.py"))


def modules_imported(path: Path) -> Iterator[Path]:
    """Yield the modules of lambda/ that one of them imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1] if node.level else LAMBDA
            found = folder.joinpath(*(node.module or "").split("."))
            names = (found / f"{alias.name}.py" for alias in node.names)
            yield from filter(Path.is_file, (found.with_suffix(".py"), *names))


def test_within_the_function_no_two_modules_import_each_other() -> None:
    """Nor in a longer circle: what can't be reached from itself is left out, time and again."""
    imports = {path: {*modules_imported(path)} for path in LAMBDA.rglob("*.py")}
    assert sum(map(len, imports.values())) > 200
    while ends := [path for path, others in imports.items() if not others & imports.keys()]:
        for path in ends:
            del imports[path]
    assert {str(path.relative_to(LAMBDA)) for path in imports} == set()


# What a module remembers beyond an update: caches, and what holds for the whole container.
REMEMBERED = {
    "allowed.strangers",
    "aws.connections",
    "current.asking",  # these two are of the update: its one place
    "current.run",
    "deadline.deadline",
    "frameworks.adapter.checks",
    "frameworks.aiogram_types.building",  # a lock
    "frameworks.event_loop._loop",
    "http.connection.contexts",
    "http.exchange.opener",
    "on_aiogram.name_of",  # a function
    "settings.settings",
    "sse.connections",
    "steps.allow.accounts",
    "steps.due.recent",
    "steps.limit.full",
    "steps.on_failure.told",
    "steps.once.recent",
    "stored_token.fetched_at",
    "telegram.limited",
    "telegram.own",
    "ways.imported",
}


def test_no_module_remembers_an_update() -> None:
    found = set()
    for path in (LAMBDA / "botkit").rglob("*.py"):
        module = ".".join(path.relative_to(LAMBDA / "botkit").with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            found |= {f"{module}.{name}" for name in names if name.islower() and name != "logger"}
    assert found == REMEMBERED
