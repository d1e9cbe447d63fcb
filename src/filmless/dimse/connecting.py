"""Opening an association: with ``async with``, and with ``with``."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from filmless._core import Connection, Event, RoleSelection
from filmless.dimse.asking import Limits
from filmless.dimse.association import Association, Negotiated
from filmless.dimse.blocking_link import BlockingLink
from filmless.dimse.blocking_peer import BlockingPeer
from filmless.dimse.contexts import Proposal
from filmless.dimse.driving import Window
from filmless.dimse.link import Link
from filmless.dimse.opening import Identity, Opening
from filmless.dimse.peer import Peer
from filmless.dimse.timeouts import Timeouts
from filmless.errors import NetworkError

__all__ = ["connect", "connect_blocking"]


@asynccontextmanager
async def connect(
    peer: str,
    *,
    ae_title: str | None = None,
    calling_ae_title: str = "FILMLESS",
    contexts: Sequence[Proposal] | None = None,
    sop_classes: str | Iterable[str] | None = None,
    roles: Sequence[RoleSelection] | None = None,
    tls: ssl.SSLContext | None = None,
    timeouts: Timeouts | None = None,
    maximum_length: int = 131_072,
    identity: Identity | None = None,
    operations: int = 8,
    limits: Limits | None = None,
) -> AsyncIterator[Peer]:
    """Open an association while ``async with`` lasts.

    Parameters
    ----------
    peer
        ``AE@host:port``, or ``host:port``.
    ae_title
        Of the peer, when it does not stand in `peer`.
    calling_ae_title
        Who we are.
    contexts
        The presentation contexts to propose, as `plan` makes them: SOP classes, each with transfer syntaxes of which
        the peer takes one.
    sop_classes
        Instead of `contexts`: SOP classes by UID or keyword; those of storage in all transfer syntaxes, each in a
        context of its own while there is room. Without both: verification, find, move, get, worklist, performed
        procedure steps, storage commitment, and the common storage classes, with the transfer syntaxes that they are
        often compressed in.
    roles
        Which roles are proposed for SOP classes; without it the peer is to send instances when C-GET is proposed.
    tls
        A context of `ssl`, as `filmless.security.client_tls` makes one.
    timeouts
        How long the peer is waited for.
    maximum_length
        Bytes of a PDU that the peer is asked to keep to.
    identity
        A token (JWT), a user name in a tuple, or user name and passcode.
    operations
        How many may be under way at a time, if the peer agrees.
    limits
        What the peer may cost.

    Returns
    -------
    Peer
        In ``async with``. The association is released at the end, and aborted when an exception ends it that is none of
        ours.

    Raises
    ------
    ValueError
        An argument is wrong.
    AssociationRejected
        The peer does not want it, or takes nothing of what is proposed.
    NetworkError
        There is nobody, or no DICOM.

    DICOM
    -----
    PS3.8 7.1, PS3.7 D.3.3
    """
    opening = Opening(
        peer=peer,
        ae_title=ae_title,
        calling_ae_title=calling_ae_title,
        contexts=contexts,
        sop_classes=sop_classes,
        roles=roles,
        tls=tls,
        timeouts=timeouts or Timeouts(),
        maximum_length=maximum_length,
        identity=identity,
        operations=operations,
        limits=limits or Limits(),
    )
    link, association = await _established(opening)
    window = Window(opening.window(association.acceptance))
    try:
        yield Peer(association, window=window, limits=opening.limits)
    except BaseException as error:
        if not isinstance(error, Exception) or not await window.emptied(0):
            link.abort(NetworkError("the association was given up"))
        await link.release()
        raise
    try:
        if not await window.emptied(opening.timeouts.response_s):
            link.abort(NetworkError("an operation did not end"))
    except BaseException:
        link.abort(NetworkError("the association was given up"))
        raise
    finally:
        await link.release()


async def _established(opening: Opening) -> tuple[Link, Association]:
    request, address = opening.request(), opening.address
    link = Link(Connection.requestor(request), timeouts=opening.timeouts)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(opening.timeouts.connect_s):
            await loop.create_connection(
                lambda: link,
                address.host,
                address.port,
                ssl=opening.tls,
                server_hostname=address.host if opening.tls is not None else None,
            )
    except (OSError, TimeoutError) as error:
        raise opening.unreachable(error) from None
    try:
        async with asyncio.timeout(opening.timeouts.association_s):
            event = await link.happenings.get()
        if not isinstance(event, Event.Accepted):
            raise link.error or NetworkError("the peer did not answer the request for an association")  # noqa: TRY301
    except TimeoutError:
        seconds = f"{opening.timeouts.association_s:g} seconds"
        late = NetworkError(f"the peer did not answer the request for an association within {seconds}")
        link.abort(late)
        await link.closed()
        raise opening.unanswered(late) from None
    except NetworkError as error:
        link.abort(error)
        await link.closed()
        raise opening.unanswered(error) from None
    except BaseException:
        link.abort(NetworkError("the association was given up"))
        await link.closed()
        raise
    if (nothing := opening.nothing_accepted(event)) is not None:
        await link.release()
        raise nothing
    return link, Association(request, event.accept, link.address, link.connection.contexts, link)


@contextmanager
def connect_blocking(
    peer: str,
    *,
    ae_title: str | None = None,
    calling_ae_title: str = "FILMLESS",
    contexts: Sequence[Proposal] | None = None,
    sop_classes: str | Iterable[str] | None = None,
    roles: Sequence[RoleSelection] | None = None,
    tls: ssl.SSLContext | None = None,
    timeouts: Timeouts | None = None,
    maximum_length: int = 131_072,
    identity: Identity | None = None,
    operations: int = 8,
    limits: Limits | None = None,
) -> Iterator[BlockingPeer]:
    """Open an association while ``with`` lasts: as `connect`, without ``async`` and ``await``.

    Parameters
    ----------
    peer, ae_title, calling_ae_title, contexts, sop_classes, roles, tls
        See `connect`.
    timeouts, maximum_length, identity, operations, limits
        See `connect`.

    Returns
    -------
    BlockingPeer
        In ``with``; its methods are those of `Peer`.

    Raises
    ------
    ValueError, AssociationRejected, NetworkError
        See `connect`.

    DICOM
    -----
    PS3.8 7.1, PS3.7 D.3.3
    """
    opening = Opening(
        peer=peer,
        ae_title=ae_title,
        calling_ae_title=calling_ae_title,
        contexts=contexts,
        sop_classes=sop_classes,
        roles=roles,
        tls=tls,
        timeouts=timeouts or Timeouts(),
        maximum_length=maximum_length,
        identity=identity,
        operations=operations,
        limits=limits or Limits(),
    )
    request = opening.request()
    link = _linked(opening, Connection.requestor(request))
    try:
        accepted = link.establish()
    except NetworkError as error:
        link.close()
        raise opening.unanswered(error) from None
    except BaseException:
        link.close()
        raise
    if (nothing := opening.nothing_accepted(accepted)) is not None:
        link.release()
        raise nothing
    link.window = opening.window(accepted.accept)
    try:
        association = Negotiated(request, accepted.accept, link.address, link.connection.contexts)
        yield BlockingPeer(association, link=link, limits=opening.limits)
    except BaseException as error:
        if not isinstance(error, Exception) or link.is_busy:
            link.abort(NetworkError("the association was given up"))
        link.release()
        raise
    link.release()


def _linked(opening: Opening, connection: Connection) -> BlockingLink:
    address = opening.address
    try:
        sock = socket.create_connection((address.host, address.port), timeout=opening.timeouts.connect_s)
    except (OSError, TimeoutError) as error:
        raise opening.unreachable(error) from None
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if opening.tls is not None:
            sock = opening.tls.wrap_socket(sock, server_hostname=address.host)
    except OSError as error:
        sock.close()
        raise opening.unreachable(error) from None
    except BaseException:
        sock.close()
        raise
    limits = opening.limits
    return BlockingLink(
        connection,
        sock,
        timeouts=opening.timeouts,
        max_identifier_bytes=limits.identifier_bytes,
        max_instance_bytes=limits.instance_bytes,
    )
