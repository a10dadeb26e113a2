"""Patches for MiniStack where it differs from AWS: one module each, with the reason.

`apply` of each changes MiniStack where this process has it. Nothing else of the project is needed
to try one, but for `containers` and `runtimes`. tests/test_patches.py shows each difference.
"""
