"""connection.py: which of the system's CAs are trusted, also after Telegram changes its CA."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import trustme

from tests.conftest import Serve
from tests.support.needs import skip_or_fail
from tests.support.stubs import answers_all, load

# The expected CA is known only by this name in its certificate.
EXPECTED = "Expected Root"

SystemTrusts = Callable[[str], None]


@pytest.fixture
def module() -> ModuleType:
    return load("botkit.http.connection")


@pytest.fixture(scope="module")
def expected() -> trustme.CA:
    return trustme.CA(organization_name=EXPECTED)


@pytest.fixture(scope="module")
def other() -> trustme.CA:
    return trustme.CA(organization_name="Another Root")


@pytest.fixture
def system_trusts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SystemTrusts:
    """Write the system's store of CA certificates."""

    def write(text: str) -> None:
        store = tmp_path / "store.pem"
        store.write_text(text)
        monkeypatch.setenv("SSL_CERT_FILE", str(store))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))

    return write


def pem(*authorities: trustme.CA) -> str:
    return "\n# A comment\n".join(each.cert_pem.bytes().decode() for each in authorities)


def server_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize(
    "roots",
    [("No Such Root", EXPECTED), ("No Such Root",), ()],
    ids=["there", "missing", "none"],
)
@pytest.mark.parametrize("signer", ["expected", "other"])
def test_what_the_system_trusts_is_trusted(
    serve: Serve,
    module: ModuleType,
    expected: trustme.CA,
    other: trustme.CA,
    system_trusts: SystemTrusts,
    signer: str,
    roots: tuple[str, ...],
) -> None:
    system_trusts(pem(other, expected))
    authority = expected if signer == "expected" else other
    peer = serve(answers_all, tls=server_of(authority))
    connection = module.Connection(peer.url, roots=roots)
    statuses = [connection.exchange("POST", "/", b"{}", {}, 5)[0] for _ in range(2)]
    connection._kept.close()
    assert statuses == [200, 200]
    moved = signer == "other" and EXPECTED in roots
    assert peer.connections == 1 + moved  # it tries again if the CA isn't the expected one


def test_after_a_move_the_new_ca_is_trusted_at_once(
    serve: Serve,
    module: ModuleType,
    expected: trustme.CA,
    other: trustme.CA,
    system_trusts: SystemTrusts,
) -> None:
    system_trusts(pem(other, expected))
    peer = serve(answers_all, tls=server_of(other))
    connection = module.Connection(peer.url, roots=(EXPECTED,))
    connection.open(5)
    connection._kept.close()
    connection._kept = None
    connection.open(5)
    connection._kept.close()
    assert peer.connections == 3


@pytest.mark.parametrize("roots", [(EXPECTED,), ()], ids=["one", "all"])
def test_nothing_else_is_trusted(
    serve: Serve,
    module: ModuleType,
    expected: trustme.CA,
    other: trustme.CA,
    system_trusts: SystemTrusts,
    roots: tuple[str, ...],
) -> None:
    system_trusts(pem(other))
    impostor = trustme.CA(organization_name=EXPECTED)  # the name only
    peer = serve(answers_all, tls=server_of(impostor))
    with pytest.raises(ConnectionError, match="SSLCertVerificationError"):
        module.Connection(peer.url, roots=roots).open(5)
    assert peer.requests == []


def trusted(module: ModuleType, *roots: str) -> list[bytes]:
    """Return the certificates of the CAs that are trusted when these names are expected."""
    loaded: list[bytes] = module._context(roots).get_ca_certs(binary_form=True)
    return loaded


def test_only_the_expected_ca_is_loaded(
    module: ModuleType,
    expected: trustme.CA,
    other: trustme.CA,
    system_trusts: SystemTrusts,
) -> None:
    system_trusts(pem(other, expected))
    assert trusted(module, EXPECTED) == [ssl.PEM_cert_to_DER_cert(pem(expected))]


STORES = {
    "empty": "",
    "no PEM": "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
    "broken": "-----BEGIN CERTIFICATE-----\nAAAAA",
}


@pytest.mark.parametrize("text", STORES.values(), ids=STORES)
def test_a_store_that_cannot_be_read_is_left_to_openssl(
    module: ModuleType, system_trusts: SystemTrusts, text: str
) -> None:
    system_trusts(text)
    assert trusted(module, EXPECTED) == []


def test_without_a_store_there_is_no_expected_ca(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    assert trusted(module, EXPECTED) == []


@pytest.mark.parametrize("peer", ["telegram", "aws"])
def test_a_peers_ca_is_among_those_of_this_machine(peer: str) -> None:
    if not ssl.get_default_verify_paths().cafile:
        skip_or_fail("this machine has no file of CA certificates: install ca-certificates")
    roots = load(f"botkit.{peer}").ROOTS
    assert 1 <= len(trusted(load("botkit.http.connection"), *roots)) <= len(roots)
