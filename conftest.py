"""Tests of the product and of its tools share how they run, and fixtures."""

pytest_plugins = ["tests.plugin"]
