"""What MiniStack has other than AWS, changed: a module for each, with the reason and the change.

`apply` of each changes MiniStack where this process has it. Nothing else of the project is needed
to try one, but for `containers` and `runtimes`. tests/test_patches.py shows each difference.
"""
