"""Application entities that the settings know: where they are, and how they are spoken to."""

import ssl
from contextlib import AbstractAsyncContextManager
from functools import partial

from filmless.dimse import Peer, Timeouts
from filmless.dimse.services.commitment import reporting_to
from filmless.dimse.services.destinations import Destination
from filmless.dimse.services.notifying import Opening, notifying_to
from filmless.security import client_tls
from filmless.server.settings.peer import Peer as PeerOptions
from filmless.server.settings.tree import Settings

__all__ = ["KnownPeers", "address_of", "tls_to"]


class KnownPeers:
    """Peers by their AE titles.

    Parameters
    ----------
    settings
        Of the server.

    Raises
    ------
    SecurityError
        A certificate cannot be read.

    Attributes
    ----------
    destinations
        Where C-MOVE may send to.
    """

    def __init__(self, settings: Settings) -> None:
        self._ae_title = settings.dimse.ae_title
        self._peers = {peer.ae_title: peer for peer in settings.peers.values() if peer.ae_title is not None}
        self._tls = {title: tls_to(peer) for title, peer in self._peers.items()}
        self.destinations = {
            title: Destination(
                peer.host or "", peer.port, self._tls[title], _timeouts(peer), peer.called_as or self._ae_title
            )
            for title, peer in self._peers.items()
            if peer.moves
        }

    def wanting(self, notices: str) -> dict[str, Opening]:
        """Return what opens an association to each peer that wants such notices."""
        return {
            title: partial(
                notifying_to,
                address_of(peer),
                calling_ae_title=peer.called_as or self._ae_title,
                tls=self._tls[title],
                timeouts=_timeouts(peer),
            )
            for title, peer in self._peers.items()
            if notices in peer.notices
        }

    def reporting(self, ae_title: str) -> AbstractAsyncContextManager[Peer] | None:
        """Return an association to a peer, on which it is told of commitments; None when nobody knows where it is."""
        peer = self._peers.get(ae_title)
        if peer is None:
            return None
        calling, tls = peer.called_as or self._ae_title, self._tls[ae_title]
        return reporting_to(address_of(peer), calling_ae_title=calling, tls=tls, timeouts=_timeouts(peer))


def tls_to(peer: PeerOptions) -> ssl.SSLContext | None:
    """Make the context that a peer is spoken to with; None for one that is spoken to plainly.

    Raises
    ------
    SecurityError
        A file cannot be read.
    """
    if not peer.tls:
        return None
    return client_tls(authorities=peer.ca_file, certificate=peer.certificate, key=peer.key)


def address_of(peer: PeerOptions) -> str:
    """Return where an application entity is, as ``AE@host:port``."""
    host = peer.host or ""
    return f"{peer.ae_title}@{f'[{host}]' if ':' in host else host}:{peer.port}"


def _timeouts(peer: PeerOptions) -> Timeouts:
    return Timeouts(connect_s=min(peer.timeout_s, Timeouts().connect_s), response_s=peer.timeout_s)
