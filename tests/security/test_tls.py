import contextlib
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from filmless.errors import SecurityError
from filmless.security import SecurityOptions, client_tls, server_tls
from filmless.security.gate import Gate
from filmless.security.options import TlsOptions

from .serving import application, served


@dataclass
class Authority:
    """An authority that makes certificates with the program openssl."""

    folder: Path
    openssl: str

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def run(self, *arguments: str) -> None:
        subprocess.run([self.openssl, *arguments], cwd=self.folder, check=True, capture_output=True)

    def make(self, name: str, subject: str, *, days: int = 1) -> Path:
        """Make a certificate and its key, in one file."""
        self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        if name == "ca":
            self.run("req", "-x509", "-new", "-key", "ca.key", "-subj", subject, "-days", "1", "-out", "ca.pem")
            return self.certificate
        (self.folder / "san.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.run("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        self.run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", str(days), "-extfile", "san.txt", "-out", f"{name}.crt",
        )  # fmt: skip
        both = self.folder / f"{name}.pem"
        both.write_bytes((self.folder / f"{name}.crt").read_bytes() + (self.folder / f"{name}.key").read_bytes())
        return both


@pytest.fixture(scope="module")
def authority(tmp_path_factory, peer: Callable[[str], str]) -> Authority:
    found = Authority(tmp_path_factory.mktemp("ca"), peer("openssl"))
    found.make("ca", "/CN=Test authority")
    for name, subject in (("server", "/CN=localhost"), ("new", "/CN=renewed"), ("ct", "/O=Hospital/CN=ct-1")):
        found.make(name, subject)
    return found


def _served(authority: Authority, certificate: Path, **table: object):
    tls = {"certificate": str(certificate), "authorities": str(authority.certificate), **table.pop("tls", {})}  # type: ignore[dict-item]
    options = SecurityOptions.from_mapping({"tls": tls, **table}, folder=authority.folder)
    assert options.tls is not None
    context = server_tls(options.tls)
    return served(Gate(application(), options), ssl_context_factory=lambda *_: context)


def _get(url: str, context: ssl.SSLContext) -> httpx.Response:
    with httpx.Client(verify=context) as client:
        return client.get(f"{url}/dicom-web/studies/1.2")


def test_a_client_and_a_server_speak(authority: Authority) -> None:
    with _served(authority, authority.folder / "server.pem") as url:
        assert _get(url, client_tls(authorities=authority.certificate)).json()["who"] == "local"
        with pytest.raises(httpx.ConnectError):  # an authority that the system does not know
            _get(url, client_tls())


def test_versions_and_ciphers_are_those_of_bcp_195(authority: Authority) -> None:
    with _served(authority, authority.folder / "server.pem") as url:
        address = ("127.0.0.1", httpx.URL(url).port or 0)
        import socket

        def shaken(**options: object) -> tuple[str, str]:
            context = ssl.create_default_context(cafile=str(authority.certificate))
            context.set_ciphers("ALL:@SECLEVEL=0")
            for name, value in options.items():
                if name == "ciphers":
                    context.set_ciphers(str(value))
                else:
                    setattr(context, name, value)
            with (
                contextlib.closing(socket.create_connection(address)) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secure,
            ):
                return str(secure.version()), str(secure.cipher()[0])  # type: ignore[index]

        assert shaken()[0] == "TLSv1.3"
        version, cipher = shaken(maximum_version=ssl.TLSVersion.TLSv1_2)
        assert version == "TLSv1.2"
        assert cipher.startswith("ECDHE-")
        assert "GCM" in cipher or "CHACHA20" in cipher
        tls12 = {"maximum_version": ssl.TLSVersion.TLSv1_2}
        for ciphers in ("AES128-SHA:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "aNULL:@SECLEVEL=0"):
            with pytest.raises(OSError):  # noqa: PT011
                shaken(**tls12, ciphers=ciphers)
        with pytest.warns(DeprecationWarning, match="TLSv1"), pytest.raises(OSError):  # noqa: PT011
            shaken(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)


def test_a_certificate_says_who_calls(authority: Authority) -> None:
    known = [{"name": "ct-1", "subject": "CN=ct-1,O=Hospital", "roles": ["write"], "studies": ["1.2"]}]
    table = {"certificates": known, "tls": {"client_certificates": "optional"}}
    with _served(authority, authority.folder / "server.pem", **table) as url:
        ct = client_tls(authorities=authority.certificate, certificate=authority.folder / "ct.pem")
        assert _get(url, ct).json() == {"who": "ct-1", "by": "certificate", "roles": ["write"], "studies": ["1.2"]}
        # Others of the authority are not known, and some have none.
        other = client_tls(authorities=authority.certificate, certificate=authority.folder / "new.pem")
        assert _get(url, other).status_code == 401
        assert _get(url, client_tls(authorities=authority.certificate)).status_code == 401


def test_a_certificate_is_required_and_of_the_authority(authority: Authority, tmp_path: Path) -> None:
    table = {
        "certificates": [{"name": "any", "subject": "*"}],
        "tls": {"client_certificates": "required"},
    }
    foreign = Authority(tmp_path, authority.openssl)
    foreign.make("ca", "/CN=Another authority")
    foreign.make("ct", "/O=Hospital/CN=ct-1")
    with _served(authority, authority.folder / "server.pem", **table) as url:
        ct = client_tls(authorities=authority.certificate, certificate=authority.folder / "ct.pem")
        assert _get(url, ct).json()["who"] == "ct-1"
        for certificate in (None, foreign.folder / "ct.pem"):
            with pytest.raises(httpx.TransportError):
                _get(url, client_tls(authorities=authority.certificate, certificate=certificate))


def test_a_header_is_no_certificate(authority: Authority) -> None:
    """What proxies put into headers for certificates is not read: anyone could."""
    from .serving import ask

    options = SecurityOptions.from_mapping(
        {
            "tls": {"certificate": "server.pem", "authorities": "ca.pem", "client_certificates": "optional"},
            "certificates": [{"name": "any", "subject": "*"}],
        },
        folder=authority.folder,
    )
    pem = (authority.folder / "ct.crt").read_text().replace("\n", " ")
    for name in ("X-Client-Cert", "X-SSL-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert"):
        assert ask(Gate(application(), options), headers={name: pem}).status_code == 401


def test_a_fingerprint_and_what_is_no_certificate(authority: Authority) -> None:
    import hashlib

    from filmless.security import Authenticator

    der = ssl.PEM_cert_to_DER_cert((authority.folder / "ct.crt").read_text())
    table = {
        "tls": {"certificate": "server.pem", "authorities": "ca.pem", "client_certificates": "optional"},
        "certificates": [{"name": "the one", "fingerprint": hashlib.sha256(der).hexdigest()}],
    }
    authenticator = Authenticator(SecurityOptions.from_mapping(table, folder=authority.folder))
    found = authenticator.by_certificate(der)
    assert found is not None
    assert found.name == "the one"
    other = ssl.PEM_cert_to_DER_cert((authority.folder / "new.crt").read_text())
    for wrong in (other, b"", b"x" * 100, der[:-1]):
        assert authenticator.by_certificate(wrong) is None


def test_a_renewed_certificate_is_taken_up(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "live.pem"
    path.write_bytes((authority.folder / "server.pem").read_bytes())
    context = client_tls(authorities=authority.certificate)

    def subject() -> str:
        with (
            contextlib.closing(__import__("socket").create_connection(address)) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            return str(secure.getpeercert()["subject"])  # type: ignore[index]

    with _served(authority, path) as url:
        address = ("127.0.0.1", httpx.URL(url).port)
        assert "'localhost'" in subject()
        path.write_bytes((authority.folder / "new.crt").read_bytes())  # its key is still to come
        assert "'localhost'" in subject()
        path.write_bytes((authority.folder / "new.pem").read_bytes())
        assert "'renewed'" in subject()
        assert _get(url, context).status_code == 200


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    folder = authority.folder
    authority.run("ec", "-in", "server.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"\x00" * 100)
    for certificate, key, what in (
        (tmp_path / "missing.pem", None, "no such file"),
        (folder / "server.crt", folder / "ct.key", "cannot be used together"),
        (folder / "server.crt", None, "cannot be used together"),
        (garbage, None, "cannot be used together"),
        (folder / "server.crt", folder / "locked.key", "has a password"),
    ):
        with pytest.raises(SecurityError, match=what) as caught:
            server_tls(TlsOptions(certificate=certificate, key=key))
        assert caught.value.path
    with pytest.raises(SecurityError, match="authorities"):
        client_tls(authorities=garbage)
    with pytest.raises(SecurityError, match="authorities"):
        server_tls(TlsOptions(certificate=folder / "server.pem", authorities=garbage, client_certificates="required"))
