"""One association of an SCP, from its request to its end."""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filmless._core import AssociateRequest, Event, Reject
from filmless.dimse.association import Association
from filmless.dimse.incoming import Incoming
from filmless.dimse.link import Link
from filmless.dimse.messages import BY_FIELD
from filmless.dimse.scp.auditing import Auditing
from filmless.dimse.scp.dispatch import Dispatch
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.negotiation import accepting, operations_of
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Handler
from filmless.dimse.status import kind_of
from filmless.errors import (
    DicomError,
    DimseStatusError,
    FormatError,
    LimitError,
    NetworkError,
    NotFoundError,
    SecurityError,
    StorageFullError,
)

if TYPE_CHECKING:
    from filmless.dimse.scp.access import Access

__all__ = ["Composition", "Serving"]

_log = logging.getLogger("filmless.dimse")

_CONGESTED: Final = Reject(2, 3, 1)
_PROCESSING_FAILURE: Final = 0x0110
_NO_SUCH_INSTANCE: Final = 0x0112
_DUPLICATE_INVOCATION: Final = 0x0210
_UNRECOGNIZED_OPERATION: Final = 0x0211
_RESOURCE_LIMITATION: Final = 0x0213
_OUT_OF_RESOURCES: Final = 0xA700
_CANNOT_UNDERSTAND: Final = 0xC000


@dataclass(frozen=True, slots=True)
class Composition:
    """What all associations of an SCP share."""

    ae_title: str
    dispatch: Dispatch
    limits: ScpLimits
    access: "Access"
    auditing: Auditing
    threads: Executor
    sinks: Executor


class Serving:
    """Answers the requests of one peer.

    Parameters
    ----------
    link
        To the peer.
    scp
        What the SCP is.
    admit
        Called when an association is requested, with the address: whether there is room for it.
    """

    def __init__(self, link: Link, scp: Composition, admit: Callable[[], bool]) -> None:
        self.link, self._scp, self._admit = link, scp, admit
        self._busy = 0
        self._is_stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self._busy > 0

    def stop(self) -> None:
        """End after the requests that are being answered."""
        self._is_stopping = True
        if not self.is_busy:
            self.link.abort(NetworkError("the server stops"))

    async def run(self) -> None:
        """Serve until the association ends."""
        link = self.link
        try:
            event = await link.happenings.get()
            if isinstance(event, Event.Requested):
                association = await self._begin(event.request)
                if association is not None:
                    try:
                        await self._until_gone(asyncio.create_task(self._answer_all(association)))
                    finally:
                        self._scp.auditing.ended(*link.moved)
        except NetworkError:
            pass  # it is over, as `link.error` says
        except asyncio.CancelledError:
            link.abort(NetworkError("the server stops"))
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave the peer waiting
            _tell(error, "an association")
            link.abort(NetworkError("the server failed"))
        finally:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            await link.closed()

    # -- the beginning -------------------------------------------------------------------------------------------

    async def _begin(self, request: AssociateRequest) -> Association | None:
        """Accept or reject what is requested."""
        from filmless.dimse.scp.access import Rejection

        link, scp, address = self.link, self._scp, self.link.address[0]
        try:
            await scp.auditing.reserve()
        except SecurityError:
            link.reject(_CONGESTED)
            return None
        outcome: dict[str, Any] = {"outcome": "failed"}
        try:
            scp.access.check_called(request.called_ae_title, scp.ae_title)
            admitted = await scp.access.admit(request, address=address, certificate=link.certificate)
        except Rejection as rejection:
            outcome = {"outcome": "rejected", "reason": rejection.reason}
            link.reject(rejection.reject)
            return None
        else:
            if self._is_stopping or not self._admit():
                outcome = {"outcome": "rejected", "reason": "too many associations"}
                link.reject(_CONGESTED)
                return None
            accept = accepting(link.connection, request, scp.dispatch, scp.limits, admitted.identity_response)
            link.accept(accept)
            outcome = {"outcome": "success", "principal": admitted.principal}
            return Association(request, accept, link.address, link.connection.contexts, link, admitted.principal)
        finally:
            scp.auditing.association(request, address, **outcome)

    # -- requests ------------------------------------------------------------------------------------------------

    async def _until_gone(self, answering: "asyncio.Task[None]") -> None:
        """Let requests be answered. When the peer has gone, what is being answered has a little time, and ends then."""
        gone = asyncio.create_task(self.link.closed())
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({answering}, timeout=self.link.timeouts.stall_s)
        finally:
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(answering, gone, return_exceptions=True)
        if not answering.cancelled():
            answering.result()

    async def _answer_all(self, association: Association) -> None:
        most = operations_of(association.acceptance)
        while not self._is_stopping:
            if len(self._tasks) >= most:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                continue
            incoming = await self.link.requests.get()
            if most == 1:
                await self._answer(association, incoming)
                continue
            task = asyncio.create_task(self._answer(association, incoming))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, association: Association, incoming: Incoming) -> None:
        request = Request(association, incoming, self._scp.threads, self._scp.sinks)
        began = time.time()
        self._busy += 1
        try:
            await self._scp.auditing.reserve()
        except SecurityError:
            self._busy -= 1
            await self._fail(request, _resources(request))
            return
        try:
            await self._handle(request, incoming)
        except NetworkError:
            if association.link.error is None:  # another association's, that a handler used
                await self._fail(request, _PROCESSING_FAILURE)
        finally:
            self._busy -= 1
            self._scp.auditing.operation(association, request, began)
            request.finish()
            if self._is_stopping and not self._busy:
                self.link.abort(NetworkError("the server stops"))
        with suppress(SecurityError):  # no room: the first line says that there was more
            await self._scp.auditing.further(association, request, began)

    async def _handle(self, request: Request, incoming: Incoming) -> None:
        handler = self._handler(incoming)
        try:
            if incoming.is_duplicate:
                await request.respond(_DUPLICATE_INVOCATION)
            elif handler is None:
                await request.respond(_UNRECOGNIZED_OPERATION)
            else:
                await handler(request)
                if not request.is_answered:
                    await request.respond(_PROCESSING_FAILURE)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler does, the peer gets an answer
            if request.association.link.error is None:
                await self._fail(request, _status_of(error, request))

    async def _fail(self, request: Request, status: int) -> None:
        try:
            await request.respond(status)
        except NetworkError:
            pass
        finally:
            request.finish()

    def _handler(self, incoming: Incoming) -> Handler | None:
        row = BY_FIELD.get(incoming.message.command["CommandField"])
        context = incoming.message.context
        if row is None or not (context.scu or row.name == "N-EVENT-REPORT"):
            return None
        return self._scp.dispatch.handler(context.abstract_syntax, row.name)


def _resources(request: Request) -> int:
    return _OUT_OF_RESOURCES if request.message.startswith("C-") else _RESOURCE_LIMITATION


def _status_of(error: Exception, request: Request) -> int:
    """Return the status that an error of a handler becomes."""
    match error:
        case DimseStatusError(status=int() as status) if kind_of(status) not in {"success", "pending"}:
            return status
        case StorageFullError() | LimitError():
            return _resources(request)
        case FormatError() if request.message.startswith("C-"):
            return _CANNOT_UNDERSTAND
        case NotFoundError() if request.message.startswith("N-"):
            return _NO_SUCH_INSTANCE
        case DicomError():
            return _PROCESSING_FAILURE
    _tell(error, request.message)
    return _PROCESSING_FAILURE


def _tell(error: Exception, what: str) -> None:
    # The words of an error that is not ours may have a patient's value in them: they are for who looks for a mistake.
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    _log.error("%s failed: %s at %s", what, type(error).__name__, where)
    _log.debug("%s failed", what, exc_info=error)
