"""The SCP: takes associations in, and hands their requests to its services."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from filmless._core import AssociateRequest, Connection, Event, ExtendedNegotiation, Policy, Reject, UserInformation
from filmless.dimse.association import Association
from filmless.dimse.incoming import Incoming
from filmless.dimse.link import Link
from filmless.dimse.messages import BY_FIELD, response_to
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Handler, Service
from filmless.dimse.timeouts import Timeouts
from filmless.errors import DicomError, NetworkError

__all__ = ["Scp"]

_UNRECOGNIZED_OPERATION = 0x0211
_PROCESSING_FAILURE = 0x0110
_FLUSH_S = 0.5


class Scp:
    """An application entity that is asked.

    Parameters
    ----------
    ae_title
        Who it is.
    services
        What it can do.
    timeouts
        How long peers are waited for.
    maximum_length
        Bytes of a PDU that peers are asked to keep to.
    """

    def __init__(
        self,
        ae_title: str,
        services: Sequence[Service],
        *,
        timeouts: Timeouts | None = None,
        maximum_length: int = 131_072,
    ) -> None:
        self.ae_title, self._services = ae_title, tuple(services)
        self._timeouts = timeouts or Timeouts()
        self._maximum_length = maximum_length
        otherwise = next((one.otherwise for one in services if one.otherwise is not None), None)
        self._policy = Policy([one for service in services for one in service.accepted], otherwise)
        self._tasks: dict[asyncio.Task[None], Link] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @asynccontextmanager
    async def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        sockets: Sequence[socket.socket] = (),
        tls: ssl.SSLContext | None = None,
        grace_s: float = 0.0,
    ) -> AsyncIterator[int]:
        """Listen while ``async with`` lasts; give the port.

        Parameters
        ----------
        host, port
            Where; port 0 takes a free one.
        sockets
            Listens at these, which are bound already, instead.
        tls
            Has peers speak TLS.
        grace_s
            Seconds that requests which are being answered may take to finish in the end. Other associations are
            aborted at once.
        """
        loop, servers = asyncio.get_running_loop(), []
        self._is_stopping = False
        try:
            for one in sockets:
                servers.append(await loop.create_server(self._begin, sock=one, ssl=tls))  # noqa: PERF401 - closed below
            if not sockets:
                servers.append(await loop.create_server(self._begin, host, port, ssl=tls))
            yield servers[0].sockets[0].getsockname()[1]
        finally:
            for server in servers:
                server.close()
            await self._finish(grace_s)
            for server in servers:
                await server.wait_closed()

    async def _finish(self, grace_s: float) -> None:
        self._is_stopping = True
        tasks = dict(self._tasks)
        for task in tasks.keys() - self._answering:
            task.cancel()
        if self._answering:
            await asyncio.wait(self._answering, timeout=grace_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        closing = [asyncio.ensure_future(link.closed()) for link in tasks.values()]
        if closing:
            await asyncio.wait(closing, timeout=_FLUSH_S)
        for link in tasks.values():
            link.cut()
        await asyncio.gather(*closing)

    def _begin(self) -> Link:
        link = Link(Connection.acceptor(), timeouts=self._timeouts)
        task = asyncio.get_running_loop().create_task(self._serve(link))
        self._tasks[task] = link
        task.add_done_callback(self._tasks.pop)
        return link

    async def _serve(self, link: Link) -> None:
        try:
            event = await link.happenings.get()
            if isinstance(event, Event.Requested):
                association = self._negotiate(link, event.request)
                if association is not None:
                    await self._answer_all(association)
        except NetworkError:
            return  # it is over; the audit says how
        except asyncio.CancelledError:
            link.abort(NetworkError("the server stops"))
            raise
        except Exception:  # a mistake of ours must not leave the peer waiting
            link.abort(NetworkError("the server failed"))
            raise

    def _negotiate(self, link: Link, request: AssociateRequest) -> Association | None:
        if request.called_ae_title != self.ae_title:
            link.reject(Reject(1, 1, 7))
            return None
        user = UserInformation(maximum_length=self._maximum_length, extended=self._extended(request))
        accept = link.connection.answer(self._policy, user)
        link.accept(accept)
        return Association(link, request, accept, link.address)

    def _extended(self, request: AssociateRequest) -> list[ExtendedNegotiation]:
        """Return the answers to the extended negotiation of SOP classes (PS3.7 D.3.3.5)."""
        answers = {}
        for asked in request.user.extended:
            for service in self._services:
                answer = None if service.extended is None else service.extended(asked.sop_class, asked.information)
                if answer is not None:
                    answers[asked.sop_class] = ExtendedNegotiation(asked.sop_class, answer)
        return list(answers.values())

    async def _answer_all(self, association: Association) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        while not self._is_stopping:
            incoming = await association.link.requests.get()
            self._answering.add(task)
            try:
                await self._answer(association, incoming)
            finally:
                self._answering.discard(task)
        association.link.abort(NetworkError("the server stops"))

    async def _answer(self, association: Association, incoming: Incoming) -> None:
        request = Request(association, incoming)
        handler = self._handler(incoming)
        try:
            if handler is None:
                await association.link.send(
                    incoming.message.context.id, response_to(request.command, _UNRECOGNIZED_OPERATION)
                )
            else:
                await handler(request)
        except NetworkError:
            raise
        except DicomError:
            if not request.is_answered:
                await request.respond(_PROCESSING_FAILURE)
        finally:
            await request.finish()

    def _handler(self, incoming: Incoming) -> Handler | None:
        row = BY_FIELD.get(incoming.message.command["CommandField"])
        sop_class = incoming.message.context.abstract_syntax
        for service in self._services:
            if row is not None and sop_class in service.sop_classes:
                return service.handlers.get(row.name)
        for service in self._services:
            if row is not None and service.otherwise is not None:
                return service.handlers.get(row.name)
        return None
