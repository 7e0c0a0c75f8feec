"""Which addresses are asked, which way, and what is said where there is no answer."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from feelit.errors import UsageError
from feelit.storage.errors import Fault
from feelit.storage.web import WebError, asked, check_address
from tests.storage.sites import Site, serving, status

CONTENT = b"0123456789"


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this computer."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(CONTENT) as found:
        yield found


def read(address: str) -> bytes:
    with asked(address, {}) as response:
        return response.read()


def fault(address: str) -> Fault:
    with pytest.raises(WebError) as caught:
        read(address)
    return caught.value.fault


@pytest.mark.parametrize("address", ["http://127.0.0.1/a", "https://mirror.example:8443/models", "HTTPS://MIRROR.example"])
def test_addresses_of_web_servers(address: str) -> None:
    check_address(address)


NO_ADDRESSES = (
    *("", "models", "/srv/models", "ftp://host/models", "file:///etc/passwd", "s3://bucket/x", "http://", "http://:80/x"),
    *(
        "http://host:port/x",
        "http://host:0/",
        "http://[::1/x",
        "http://host/a b",
        "http://host/\r\nHost: other",
        "http://hóst/",
    ),
)


@pytest.mark.parametrize("address", NO_ADDRESSES, ids=repr)
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a web server") as caught:
        check_address(address)
    assert caught.value.hint


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="holds credentials") as caught:
        check_address("https://me:secret@host/models")
    assert "secret" not in str(caught.value)


def test_a_proxy_is_asked_and_one_for_other_places_is_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.address)
    assert read("http://models.example/a.onnx") == CONTENT
    assert site.asked[-1][":line"] == "GET http://models.example/a.onnx HTTP/1.1"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,models.example")
    assert read(f"{site.address}/a.onnx") == CONTENT
    assert site.asked[-1][":line"] == "GET /models/a.onnx HTTP/1.1"


def test_the_password_of_a_proxy_is_sent_and_not_repeated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{site.port}")
    read("http://models.example/a.onnx")
    assert site.asked[-1]["Proxy-Authorization"].startswith("Basic ")
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:1")
    found = fault("http://models.example/a.onnx")
    assert "the proxy http://...@127.0.0.1:1" in found.hint
    assert "secret" not in found.hint


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize(
    ("code", "reason"), [(407, "the proxy wants a name and a password"), (403, "403"), (502, "502")], ids=["407", "403", "502"]
)
def test_a_proxy_that_refuses(variable: str, code: int, reason: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, site.address)
    site.troubles.append(status(code))
    found = fault(f"{variable.partition('_')[0].lower()}://models.example/a.onnx")
    assert reason in found.reason
    assert found.transient == (code == 502)


def test_a_proxy_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:port:port")
    assert "the address of the proxy makes no sense" in fault("http://models.example/a.onnx").reason


@pytest.mark.parametrize(
    ("error", "reason", "transient"),
    [
        pytest.param(socket.gaierror(-2, "Name or service not known"), "the name of the server is not known", False, id="dns"),
        pytest.param(TimeoutError("timed out"), "no answer within 30 s", True, id="silence"),
        pytest.param(OSError(101, "Network is unreachable"), "network is unreachable", True, id="offline"),
    ],
)
def test_a_computer_without_a_network(error: OSError, reason: str, transient: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    found = fault("http://models.example/a.onnx")
    assert reason in found.reason
    assert "--file" in found.hint
    assert found.transient == transient


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault(f"http://127.0.0.1:{port}/a").reason == "cannot be reached: connection refused"


def test_a_server_that_is_asked_for_tls_and_knows_none(site: Site) -> None:
    assert "no secure connection" in fault(site.address.replace("http", "https", 1)).reason


def self_signed(folder: Path) -> Path:
    """A certificate of nobody for 127.0.0.1, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - hour, now + hour)
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with serving(CONTENT, context) as site:
        found = fault(f"{site.address}/a.onnx")
        assert "the certificate is not trusted: self-signed certificate" in found.reason
        assert "SSL_CERT_FILE" in found.hint
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert read(f"{site.address}/a.onnx") == CONTENT


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/file", "data:,text"])
def test_nobody_is_asked_but_web_servers(address: str) -> None:
    assert "what is no web server" in fault(address).reason
