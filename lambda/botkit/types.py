"""Types for type checkers, which read types.pyi. At run time, each name is just `dict`.

So `from botkit.types import Update` takes almost no start-up time, unlike `typing`.
"""


def __getattr__(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return dict
