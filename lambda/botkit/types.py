"""The Bot API's objects and calls, for type checkers (types.pyi). At run time each is a dict.

So `from botkit.types import Update` costs a function no start-up time.
"""


def __getattr__(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return dict
