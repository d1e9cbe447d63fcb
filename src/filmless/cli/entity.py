"""An application entity that a command talks to by DIMSE."""

import ssl
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filmless.cli.reporting import Misuse

if TYPE_CHECKING:
    from filmless.dimse import BlockingPeer, Peer
    from filmless.dimse.peer_address import PeerAddress

__all__ = ["Entity", "check_ae_title"]


def check_ae_title(title: str) -> str:
    """Return an AE title.

    Raises
    ------
    Misuse
        It is none (PS3.5 6.2).
    """
    if not 0 < len(title.strip()) <= 16 or "\\" in title or not (title.isascii() and title.isprintable()):
        raise Misuse("an AE title has 1 to 16 characters of ASCII, and no backslash")
    return title


@dataclass(frozen=True, slots=True)
class Entity:
    """An application entity, and how it is spoken to.

    Attributes
    ----------
    peer
        ``AE@host:port``, or ``host:port``.
    ae_title
        Its AE title, when that does not stand in `peer`.
    calling_ae_title
        Who we are.
    has_tls, ca_file, certificate
        Whether by TLS, whom we trust, and what we show.
    identity
        Of a user.
    timeout_s
        How long nothing may come.
    maximum_length
        Of a PDU.
    retries
        How often what failed for a time is tried again.
    """

    peer: str
    ae_title: str | None
    calling_ae_title: str
    has_tls: bool
    ca_file: Path | None
    certificate: tuple[Path, Path | None] | None
    identity: Any
    timeout_s: float
    maximum_length: int
    retries: int

    def __post_init__(self) -> None:
        if self.ae_title is not None and "@" in self.peer:
            raise ValueError("the AE title stands in PEER and in --aet: give one")
        for title in (self.calling_ae_title, self.address.ae_title):
            check_ae_title(title)

    @property
    def address(self) -> "PeerAddress":
        """Where it is, and who."""
        from filmless.dimse.peer_address import PeerAddress

        return PeerAddress.of(self.peer, self.ae_title)

    @property
    def name(self) -> str:
        """How it is called in what we say: ``AE@host:port``."""
        ae_title, host, port = self.address
        return f"{ae_title}@[{host}]:{port}" if ":" in host else f"{ae_title}@{host}:{port}"

    @contextmanager
    def connected(self, **what: Any) -> Iterator["BlockingPeer"]:
        """Open an association while ``with`` lasts.

        Parameters
        ----------
        **what
            What it is for: ``contexts`` or ``sop_classes`` of `filmless.dimse.connect`.
        """
        from filmless.dimse import connect_blocking

        with connect_blocking(self.peer, **self._how(), **what) as found:
            yield found

    def connecting(self, **what: Any) -> "AbstractAsyncContextManager[Peer]":
        """Open an association while ``async with`` lasts."""
        from filmless.dimse import connect

        return connect(self.peer, **self._how(), **what)

    def _how(self) -> dict[str, Any]:
        from filmless.dimse import Timeouts

        wait = self.timeout_s
        return {
            "ae_title": self.ae_title,
            "calling_ae_title": self.calling_ae_title,
            "tls": self._tls(),
            "identity": self.identity,
            "maximum_length": self.maximum_length,
            "timeouts": Timeouts(connect_s=min(wait, 10.0), association_s=wait, idle_s=wait, response_s=wait),
        }

    def _tls(self) -> ssl.SSLContext | None:
        if not self.has_tls:
            return None
        from filmless.security import client_tls

        certificate, key = self.certificate or (None, None)
        return client_tls(authorities=self.ca_file, certificate=certificate, key=key)
