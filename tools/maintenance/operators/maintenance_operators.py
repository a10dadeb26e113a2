"""What scripts/mutants does to lambda/ beside some of cosmic-ray's own operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Keyword, Name

# Types of statements that aren't dropped. An `assert` only tells mypy what is known, and no test
# reaches the line of a `global`.
KEPT = (
    "assert_stmt",
    "global_stmt",
    "import_from",
    "import_name",
    "keyword",
    "return_stmt",
    "string",
)


class DropStatement(Operator):  # type: ignore[misc]
    """Replace a statement of a function by `pass`, unless it returns, imports or asserts."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type == "simple_stmt" and node.search_ancestor("funcdef"):
            first = node.children[0]
            if first.type not in KEPT:
                yield first.start_pos, first.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.get_first_leaf()
        node.children[0] = Keyword("pass", first.start_pos, first.prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("def f():\n    a = 1\n", "def f():\n    pass\n"),)


class ForceCondition(Operator):  # type: ignore[misc]
    """Have `if`, `elif` and `… if … else …` always, or never, be true, and `while` never."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        for condition, _, _ in self._conditions(node):
            yield condition.start_pos, condition.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        condition, place, value = [*self._conditions(node)][index]
        prefix = condition.get_first_leaf().prefix
        node.children[place] = Name(value, condition.start_pos, prefix)
        return node

    def _conditions(self, node: Any) -> Iterator[tuple[Any, int, str]]:
        if node.type == "test":  # … if … else …
            keywords = [1]
        elif node.type in ("if_stmt", "while_stmt"):
            words = [getattr(child, "value", "") for child in node.children]
            keywords = [
                place for place, word in enumerate(words) if word in ("if", "elif", "while")
            ]
        else:
            keywords = []
        for place in keywords:
            values = ["False"] if node.type == "while_stmt" else ["True", "False"]
            for value in values:
                yield node.children[place + 1], place + 1, value

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("if a: pass", "if True: pass"),
            Example("if a: pass\nelif b: pass", "if a: pass\nelif False: pass", 3),
            Example("while a: pass", "while False: pass"),
            Example("a if b else c", "a if False else c", 1),
        )


class ReturnNone(Operator):  # type: ignore[misc]
    """Return None instead of a result, unless it is False, from which `if` can't tell it."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type != "return_stmt":
            return
        result = node.children[1]
        if result.get_code(False) not in ("None", "False"):
            yield result.start_pos, result.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.children[1] = Name("None", node.children[1].start_pos, " ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("return a", "return None"),)


OPERATORS = {each.__name__: each for each in (DropStatement, ForceCondition, ReturnNone)}


class Operators:
    """What the entry point in pyproject.toml provides."""

    def __iter__(self) -> Iterator[str]:
        return iter(OPERATORS)

    def __getitem__(self, name: str) -> type[Operator]:
        return OPERATORS[name]
