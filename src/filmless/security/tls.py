"""TLS by BCP 195: contexts for servers and clients of all protocols.

What PS3.15 B.12 (BCP 195 RFC 8996, 9325) asks for: TLS 1.2 and 1.3 alone, with forward secrecy and authenticated
encryption, without compression and renegotiation.
"""

import logging
import ssl
import threading
from os import PathLike
from pathlib import Path
from typing import Any, Final

from filmless.errors import SecurityError
from filmless.security.keys import Stamp, stamp_of
from filmless.security.options import TlsOptions

__all__ = ["client_tls", "server_tls"]

_log = logging.getLogger("filmless.security")

#: RFC 9325 4.2 for TLS 1.2; those of TLS 1.3 are all good.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
_Path = str | PathLike[str]


def server_tls(options: TlsOptions) -> ssl.SSLContext:
    """Make the context of a server, which takes up a new certificate when its file changes.

    Parameters
    ----------
    options
        The certificate, and whether callers show theirs.

    Raises
    ------
    SecurityError
        A file cannot be read, or the key does not go with the certificate.

    Notes
    -----
    The files are looked at when a connection begins, so that a renewed certificate needs no restart. Files that do not
    fit each other, because one of them is still to be replaced, leave the certificate as it is. Other authorities need
    a restart.

    DICOM
    -----
    PS3.15 B.12
    """
    return _Reloading(options).context


def client_tls(
    *, authorities: _Path | None = None, certificate: _Path | None = None, key: _Path | None = None
) -> ssl.SSLContext:
    """Make the context of a client.

    Parameters
    ----------
    authorities
        A file of certificates that are trusted instead of the system's.
    certificate, key
        Files with the client's certificate and its private key, for servers that ask who calls.

    Raises
    ------
    SecurityError
        A file cannot be read, or the key does not go with the certificate.

    DICOM
    -----
    PS3.15 B.12
    """
    try:
        context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError):
        raise SecurityError("no certificates of authorities could be read", path=authorities) from None
    _restrict(context)
    if certificate is not None:
        _load(context, Path(certificate), None if key is None else Path(key))
    return context


class _Reloading:
    """A context, and the newer one that new connections are given."""

    def __init__(self, options: TlsOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._stamps = self._look()
        self.context = self._current = _made(options)
        self.context.sni_callback = self._on_hello

    def _look(self) -> tuple[Stamp, Stamp]:
        options = self._options
        return stamp_of(options.certificate), stamp_of(options.key) if options.key else None

    def _on_hello(self, connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        stamps = self._look()
        if stamps != self._stamps:
            with self._lock:
                try:
                    self._current = _made(self._options)
                except SecurityError as error:
                    _log.warning("the new certificate is not taken: %s", error.message)
                self._stamps = stamps
        if self._current is not self.context:
            connection.context = self._current


def _made(options: TlsOptions) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context)
    _load(context, options.certificate, options.key)
    if options.client_certificates != "none":
        required = options.client_certificates == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        try:
            context.load_verify_locations(cafile=str(options.authorities))
        except (OSError, ssl.SSLError):
            message = "no certificates of authorities could be read"
            raise SecurityError(message, path=options.authorities) from None
    return context


def _restrict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    def no_password() -> str:  # else OpenSSL asks the terminal, and a server would wait for ever
        raise SecurityError("the private key has a password: one without was expected", path=key or certificate)

    for path in filter(None, (certificate, key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SecurityError(f"cannot be read, {(error.strerror or '').lower()}", path=path) from None
    try:
        context.load_cert_chain(certificate, key, password=no_password)
    except (OSError, ValueError):  # an SSLError is an OSError
        hint = "both are PEM; `openssl x509 -in FILE -noout` and `openssl pkey -in FILE -noout` check them"
        message = "the certificate and its private key cannot be used together"
        raise SecurityError(message, path=certificate, hint=hint) from None
