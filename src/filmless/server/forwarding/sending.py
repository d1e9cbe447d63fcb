"""What sends instances to a peer: a client of DICOMweb, or associations of DIMSE."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from filmless.dimse import Stored, StoreReport, Timeouts, connect_blocking, plan
from filmless.dimse.operations.echo import VERIFICATION
from filmless.errors import NetworkError
from filmless.security import client_tls
from filmless.server.known_peers import address_of, tls_to
from filmless.server.settings.peer import Peer

__all__ = ["AssociationSender", "Sender", "is_final", "sender_to"]

_MOST_CONTEXTS: Final = 127
_NOT_SUPPORTED: Final = 0x0122
_NO_MATCH: Final = range(0xA900, 0xAA00)


class Sender(Protocol):
    """What the forwarder needs of a client."""

    def store(self, sources: list[Any]) -> Any:
        """Send files; return what became of each, as a `StoreReport` of `filmless.dicomweb` or `filmless.dimse`."""

    def close(self) -> None:
        """Close the connections."""


def sender_to(peer: Peer, ae_title: str) -> Sender:
    """Make what sends to a peer. The files of its token and certificates are read each time: they are renewed.

    Parameters
    ----------
    peer
        Who it is.
    ae_title
        Who we are to application entities, unless the peer says otherwise.
    """
    token = peer.token_file.read_text(encoding="utf-8").strip() if peer.token_file is not None else None
    if peer.url is None:
        return AssociationSender(peer, ae_title, token)
    from filmless.dicomweb import BlockingClient

    verify: Any = True
    if peer.url.startswith("https:"):
        verify = client_tls(authorities=peer.ca_file)
    certificate = None if peer.certificate is None else (str(peer.certificate), str(peer.key or peer.certificate))
    return BlockingClient(
        peer.url, auth=token, verify=verify, certificate=certificate, timeout_s=peer.timeout_s, retries=0
    )


class AssociationSender:
    """Sends by C-STORE: all that is given together over one association, or a few where there are many contexts.

    Parameters
    ----------
    peer
        An application entity.
    ae_title
        Who we are.
    token
        What is shown as user identity (JWT).
    """

    def __init__(self, peer: Peer, ae_title: str, token: str | None = None) -> None:
        self._peer, self._ae_title, self._token = peer, peer.called_as or ae_title, token
        self._tls = tls_to(peer)

    def store(self, sources: list[Any]) -> StoreReport[Stored]:
        """Send files as they are, or transcoded without loss where the peer takes no other; say what became of each."""
        report = StoreReport[Stored]()
        for contexts, group in plan(sources, most=_MOST_CONTEXTS):
            if contexts:
                self._store(contexts, group, report)
            else:
                for source in group:
                    report.add(Stored(str(source), error="it cannot be read"))
        return report

    def _store(self, contexts: Sequence[Any], sources: Sequence[Any], report: StoreReport[Stored]) -> None:
        seconds, told = self._peer.timeout_s, set()

        def add(result: Stored) -> None:
            told.add(result.source)
            report.add(result)

        try:
            with connect_blocking(
                address_of(self._peer),
                calling_ae_title=self._ae_title,
                # Who takes none of these SOP classes says so of each, and not that it wants no association.
                contexts=(*contexts, (VERIFICATION, ("1.2.840.10008.1.2",))),
                tls=self._tls,
                timeouts=Timeouts(connect_s=seconds, association_s=seconds, response_s=seconds),
                identity=self._token,
            ) as peer:
                peer.store(sources, retries=0, progress=add)
        except NetworkError as error:
            for source in map(str, sources):
                if source not in told:
                    report.add(Stored(source, error=error.message, unanswered="away"))

    def close(self) -> None:
        """Do nothing: associations last as long as what is sent."""


def is_final(status: int | None) -> bool:
    """Whether a peer that answers this will not think otherwise the next time: it does not take such instances."""
    return status is not None and (status == _NOT_SUPPORTED or status in _NO_MATCH)
