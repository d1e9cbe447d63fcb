"""A peer of a configuration: a DICOMweb service, or an application entity of DIMSE."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from filmless.dimse.scp.access import CallerOptions
from filmless.errors import SecurityError
from filmless.security.addresses import is_address, networks
from filmless.security.principal import ROLES
from filmless.server.settings.checking import check_ae_title, check_port

__all__ = ["Peer"]

_URL: Final = re.compile(r"https?://[^/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer: a DICOMweb service, which has a `url`, or an application entity, which has `ae_title` and `host`.

    Attributes
    ----------
    url
        Of a DICOMweb service, as `https://host/dicom-web`.
    ae_title
        Of an application entity, which is spoken to by DIMSE.
    host
        Its address or name.
    port
        Its port.
    tls
        Whether it is spoken to by TLS.
    called_as
        AE title that we have towards it; by default `dimse.ae_title`.
    moves
        Whether C-MOVE may send instances to it.
    notices
        What it is told of: `availability` of instances, when a study has arrived; `steps` that modalities perform.
    roles
        What it may do when it calls: `read`, `write`, `delete`, `admin`. Without any it is not among `dimse.callers`.
    addresses
        Addresses and networks that it calls from, when it has `roles`; by default its `host`.
    token_file
        A file that holds a bearer token or key; an application entity is shown it as user identity (JWT).
    ca_file
        Certificates of authorities (PEM) that are trusted instead of the system's.
    certificate
        A file with the certificate that we show (PEM).
    key
        A file with its private key, when it is not in the same (PEM).
    concurrency
        Instances that are sent at a time; to an application entity, associations.
    timeout_s
        Seconds without an answer after which an attempt has failed.
    """

    url: str | None = None
    ae_title: str | None = None
    host: str | None = None
    port: int = 104
    tls: bool = False
    called_as: str | None = None
    moves: bool = True
    notices: frozenset[Literal["availability", "steps"]] = frozenset()
    roles: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    token_file: Path | None = None
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    concurrency: int = 2
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if self.url is None and self.ae_title is None:
            raise ValueError("it has neither `url`, of a DICOMweb service, nor `ae_title` and `host`, of DIMSE")
        if self.url is not None:
            self._check_web()
        else:
            self._check_dimse()
        if self.key is not None and self.certificate is None:
            raise ValueError("it has no `certificate`, expected the one that `key` goes with")
        if self.concurrency < 1:
            raise ValueError("`concurrency` is 0, expected 1 or more")

    @property
    def caller(self) -> CallerOptions | None:
        """What it may do when it calls; None when it is not let in for being a peer."""
        if not self.roles or self.ae_title is None or self.host is None:
            return None
        return CallerOptions(ae_titles=(self.ae_title,), addresses=self.addresses or (self.host,), roles=self.roles)

    @property
    def is_dimse(self) -> bool:
        """Whether it is an application entity."""
        return self.url is None

    def _check_web(self) -> None:
        if not _URL.match(self.url or ""):
            raise ValueError("`url` is no URL, expected http:// or https:// of a DICOMweb service")
        for name in ("ae_title", "host", "called_as"):
            if getattr(self, name) is not None:
                raise ValueError(f"it has `url` and `{name}`, expected a DICOMweb service or an application entity")

    def _check_dimse(self) -> None:
        if not self.host:
            raise ValueError("it has no `host`, expected the address or name of the application entity")
        check_ae_title("ae_title", self.ae_title or "")
        if self.called_as is not None:
            check_ae_title("called_as", self.called_as)
        check_port("port", self.port, least=1)
        if not self.tls and (self.ca_file or self.certificate):
            raise ValueError("`tls` is false, expected true with `ca_file` and `certificate`")
        if unknown := self.roles - ROLES:
            raise ValueError(f"`roles` has `{min(unknown)[:16]}`, expected some of {', '.join(sorted(ROLES))}")
        if self.roles and not self.addresses and not is_address(self.host):
            raise ValueError("`host` is a name, expected `addresses` that it calls from with `roles`")
        try:
            networks(self.addresses)
        except SecurityError as error:
            raise ValueError(f"`addresses`: {error.message}") from None
