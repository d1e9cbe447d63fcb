"""The SCP: takes associations in, and hands their requests to its services."""

import asyncio
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
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listen(
        self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[int]:
        """Listen while ``async with`` lasts; give the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._begin, host, port, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def _begin(self) -> Link:
        link = Link(Connection.acceptor(), timeouts=self._timeouts)
        task = asyncio.get_running_loop().create_task(self._serve(link))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
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
        while True:
            incoming = await association.link.requests.get()
            await self._answer(association, incoming)

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
