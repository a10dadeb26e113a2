"""A function starts without a library that it doesn't ask for.

MiniStack's functions import botocore at their start, to count how deeply they invoke each other,
and so take twice as long.
"""

from __future__ import annotations

from ministack.core import lambda_runtime


def without_botocore(script: str, bootstrap: str) -> str:
    """Return MiniStack's program of a function's process without its first part."""
    return f"def _ms_install_invoke_depth(): pass\n{script.removeprefix(bootstrap)}"


def apply() -> None:
    """Have MiniStack's functions run that program."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = without_botocore(
        lambda_runtime._PYTHON_WORKER_SCRIPT, lambda_runtime.INVOKE_DEPTH_BOOTSTRAP
    )
