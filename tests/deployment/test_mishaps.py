"""What is seldom done to a deployment: its state is moved, its Telegram's certificate is wrong."""

from __future__ import annotations

import datetime
import json
import re
import shlex
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
from emulators.aws import Emulator
from emulators.telegram import Server, Telegram
from local.project import ROOT
from local.terraform import terraform_command

from tests.support.deployment import Deploy, Deployment, answer_to
from tests.support.needs import needs_provider
from tests.support.telegram import TOKEN

CALLER = """
variable "api_url" {}
variable "token" { sensitive = true }

module "telegram_bot" {
  source             = "./module"
  telegram_bot_token = var.token
  telegram_api_url   = var.api_url
  name               = "moved"
  warm_schedule      = "rate(5 minutes)"
}
"""
[MOVE] = re.findall(
    r"^terraform state list \|.*$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE
)


def test_a_clones_state_can_be_moved_into_a_configuration(
    deploy: Deploy, telegram: Telegram, aws: Emulator, tmp_path: Path
) -> None:
    """An author who began with a clone, and goes on with the module."""
    clone = deploy("moved", warm_schedule="rate(5 minutes)")  # it has a for_each
    root = tmp_path / "configuration"
    with Deployment(aws.url, root / "module", api_url=telegram.url, token=TOKEN) as module:
        module.root = root
        (root / "main.tf").write_text(CALLER)
        for lock in module.folder.glob(".terraform.lock.hcl"):
            lock.rename(root / lock.name)
        module.init()
        shutil.move(clone.folder / "terraform.tfstate", root / "terraform.tfstate")
        # The command of the page, in a shell that finds these tests' Terraform.
        program = tmp_path / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.join(terraform_command())} "$@"\n')
        program.chmod(0o755)
        path = f"{program.parent}:{module.environment['PATH']}"
        subprocess.run(
            MOVE, shell=True, cwd=root, env={**module.environment, "PATH": path}, check=True
        )
        assert module.resources() == []
        lines = map(json.loads, module.terraform("plan", "-json").stdout.splitlines())
        changes = [line["change"] for line in lines if line["type"] == "planned_change"]
        assert {change["resource"]["resource"]: change["action"] for change in changes} == {
            "aws_lambda_function.this": "update",
            "terraform_data.package": "replace",  # it is in another folder
        }
        module.apply()
        assert answer_to(telegram, "hello") == "Heard: hello"
        plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
        assert plan.returncode == 0, plan.stdout


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_wrong_fails_the_apply(
    authority: trustme.CA, tls: ssl.SSLContext, initialised: Path, tmp_path: Path
) -> None:
    """TLS through the whole stack: nobody else's certificate is taken, and no expired one."""
    needs_provider()
    served = [tls]  # the last one
    wrong = []
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    for certificate in (
        trustme.CA().issue_cert("localhost"),
        authority.issue_cert("elsewhere.example"),
        authority.issue_cert("localhost", not_after=yesterday),
    ):
        wrong.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        certificate.configure_cert(wrong[-1])
    telegram = Telegram(TOKEN, pace=0.01)
    variables = {"name": "tls", "telegram_bot_token": TOKEN, "timeout": 3}
    with Emulator() as aws, Server(telegram) as server:
        choosing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        choosing.sni_callback = lambda tls, *_: setattr(tls, "context", served[-1])
        server.socket = choosing.wrap_socket(server.socket, server_side=True)
        variables["telegram_api_url"] = f"https://localhost:{server.server_port}"
        with Deployment(aws.url, tmp_path / "tls", **variables) as module:
            module.init(initialised)
            for context in wrong:
                served.append(context)
                failed = module.apply(check=False)
                assert failed.returncode == 1
                assert "SSLCertVerificationError" in failed.stderr
                assert TOKEN.partition(":")[2] not in failed.stdout + failed.stderr
            assert telegram.calls == []
            served.append(tls)
            module.apply()
            assert answer_to(telegram, "hello") == "Heard: hello"
