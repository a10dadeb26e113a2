"""The fixture of a deployment's folder."""

import json

import pytest

from telegram_bot_aws.live import state


@pytest.fixture
def deployed(tmp_path, monkeypatch):
    """Go to a folder, also the module's, and return a function that puts a deployment there.

    A fake Terraform prints its state.
    """
    monkeypatch.setattr(state, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)

    def put(*resources, **outputs):
        values = {name: {"value": value} for name, value in outputs.items()}
        file, program = tmp_path / "state", tmp_path / "terraform"
        file.write_text(json.dumps({"outputs": values, "resources": resources}))
        program.write_text(f'#!/bin/sh\n[ "$*" = "state pull" ] && cat "{file}"\n')
        program.chmod(0o755)
        (tmp_path / ".terraform").mkdir()
        monkeypatch.setenv("TERRAFORM", str(program))

    return put
