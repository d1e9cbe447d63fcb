"""Opening an association, asynchronously."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from filmless._core import AssociateRequest, Connection, Event, ProposedContext, RoleSelection, UserInformation
from filmless.dimse.association import Association
from filmless.dimse.link import Link
from filmless.dimse.operations.echo import VERIFICATION
from filmless.dimse.peer import Peer
from filmless.dimse.peer_address import PeerAddress
from filmless.dimse.timeouts import Timeouts
from filmless.errors import NetworkError

__all__ = ["connect"]

_IMPLICIT = "1.2.840.10008.1.2"


@asynccontextmanager
async def connect(
    peer: str,
    *,
    ae_title: str | None = None,
    calling_ae_title: str = "FILMLESS",
    contexts: Sequence[tuple[str, Sequence[str]]] = ((VERIFICATION, (_IMPLICIT,)),),
    roles: Sequence[RoleSelection] = (),
    tls: ssl.SSLContext | None = None,
    timeouts: Timeouts | None = None,
    maximum_length: int = 131_072,
) -> AsyncIterator[Peer]:
    """Open an association while ``async with`` lasts."""
    address, limits = PeerAddress.of(peer, ae_title), timeouts or Timeouts()
    proposed = [ProposedContext(2 * at + 1, name, list(syntaxes)) for at, (name, syntaxes) in enumerate(contexts)]
    request = AssociateRequest(
        called_ae_title=address.ae_title,
        calling_ae_title=calling_ae_title,
        contexts=proposed,
        user=UserInformation(maximum_length=maximum_length, roles=tuple(roles)),
    )
    link = Link(Connection.requestor(request), timeouts=limits)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limits.connect_s):
            await loop.create_connection(lambda: link, address.host, address.port, ssl=tls)
    except (OSError, TimeoutError) as error:
        raise NetworkError(f"no connection to {address.host} port {address.port}: {error}") from None
    event = await link.happenings.get()
    if not isinstance(event, Event.Accepted):
        raise link.error or NetworkError("the peer did not answer the request for an association")
    association = Association(link, request, event.accept, link.address)
    try:
        yield Peer(association)
    except BaseException:
        link.abort(NetworkError("the association was given up"))
        await link.closed()
        raise
    await link.release()
