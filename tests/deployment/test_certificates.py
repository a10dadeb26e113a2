"""A server that can't prove to be Telegram gets no token, and fails the registration."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import trustme
from emulated_aws.emulator import Emulator

from tests.deployment.conftest import OverTls
from tests.support.deployment import Deploy, client


def test_a_certificate_of_another_ca_for_another_name_or_an_expired_one_is_refused(
    deploy: Deploy, over_tls: OverTls, authority: trustme.CA, aws: Emulator, tmp_path: Path
) -> None:
    telegram = over_tls.telegram
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trusted = {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "SSL_CERT_DIR": str(tmp_path)}
    module = deploy(
        "certified", apply=False, environment=trusted, telegram_api_url=telegram.url, timeout=5
    )
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    over_tls.show(trustme.CA().issue_cert("localhost"))
    assert "SSLCertVerificationError" in module.refused()
    event = {"url": "https://bot.example", "max_connections": 40, "tf": {"action": "register"}}
    for certificate in (
        authority.issue_cert("elsewhere.example"),
        authority.issue_cert("localhost", not_after=yesterday),
    ):
        over_tls.show(certificate)
        answer = client(aws, "lambda").invoke(FunctionName="certified", Payload=json.dumps(event))
        assert "SSLCertVerificationError" in answer["Payload"].read().decode()
    assert telegram.calls == []
