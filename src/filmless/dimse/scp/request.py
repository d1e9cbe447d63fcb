"""A request as a handler sees it."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

from filmless._core import NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.association import Association
from filmless.dimse.driving import LARGEST_IDENTIFIER
from filmless.dimse.incoming import Incoming
from filmless.dimse.messages import BY_FIELD, response_to
from filmless.dimse.pace import Pace
from filmless.dimse.status import NOT_AUTHORIZED, is_final
from filmless.dimse.steps import Message, Sink
from filmless.errors import DimseStatusError, LimitError, RemoteProtocolError
from filmless.file import encode

if TYPE_CHECKING:
    from filmless.archive import Within
    from filmless.security import Principal, Role

__all__ = ["Request"]

_T = TypeVar("_T")


class Request:
    """A request of a peer, and the way to answer it.

    Attributes
    ----------
    association
        Who asks, and what was negotiated.
    status
        Of the last answer; None before the first.
    is_answered
        Whether an answer was given that ends the operation.
    studies
        UIDs of studies that it was about, for the audit. A handler that knows them adds them.
    counts
        How many of what, for the audit.
    sent_to
        AE title of who instances are sent to, for the audit; None where it is who asks.
    """

    def __init__(
        self,
        association: Association,
        incoming: Incoming,
        threads: Executor | None = None,
        sinks: Executor | None = None,
    ) -> None:
        self.association, self._incoming, self._threads, self._sinks = association, incoming, threads, sinks
        self.status: int | None = None
        self.is_answered = False
        self.studies: set[str] = set()
        self.counts: dict[str, int] = {}
        self.sent_to: str | None = None

    @property
    def command(self) -> dict[str | int, Any]:
        """Elements of the command set by keyword."""
        return self._incoming.message.command

    @property
    def context(self) -> NegotiatedContext:
        """The presentation context that the request came in."""
        return self._incoming.message.context

    @property
    def message(self) -> str:
        """Name of the message, as ``"C-STORE"``."""
        row = BY_FIELD.get(self.command["CommandField"])
        return "unknown" if row is None else row.name

    @property
    def sop_class_uid(self) -> str | None:
        """The SOP class that it names, as the peer has it."""
        return self.command.get("AffectedSOPClassUID") or self.command.get("RequestedSOPClassUID")

    @property
    def sop_instance_uid(self) -> str | None:
        """The SOP instance that it names, as the peer has it: it is a UID only if `is_uid` says so."""
        return self.command.get("AffectedSOPInstanceUID") or self.command.get("RequestedSOPInstanceUID")

    @property
    def move_destination(self) -> str:
        """AE title that C-MOVE is to send to."""
        return str(self.command.get("MoveDestination") or "").strip()

    @property
    def is_cancelled(self) -> bool:
        """Whether the peer sent C-CANCEL for it, or is gone."""
        return self._incoming.cancelled.is_set() or self.association.link.error is not None

    @property
    def principal(self) -> "Principal":
        """Who asks."""
        found: Principal = self.association.principal
        return found

    @property
    def within(self) -> "Within":
        """What who asks may see and write to."""
        from filmless.archive import Within

        who = self.association.principal
        return Within() if who is None else Within(who.patients, who.studies)

    def require(self, role: "Role") -> None:
        """Refuse who may not do this.

        Raises
        ------
        DimseStatusError
            With the status 0x0124 (not authorized), which becomes the answer.
        """
        who = self.association.principal
        if who is None or not who.may(role):
            raise DimseStatusError(f"the role `{role}` is needed", status=NOT_AUTHORIZED)

    async def dataset(self, *, limit: int = LARGEST_IDENTIFIER) -> Dataset | None:
        """Return the data set of the request, taken into memory; None when it has none.

        Parameters
        ----------
        limit
            Bytes that it may have. The default is enough for identifiers, not for every instance.

        Raises
        ------
        FormatError
            It cannot be read.
        LimitError
            It is longer than `limit`.
        """
        return (await self._incoming.collect(limit)).dataset

    async def into(self, open_sink: Callable[[Message], Sink], *, pace: Pace | None = None) -> Any:
        """Have a sink take the data set in threads that may block; return what it made of it, or the error.

        Parameters
        ----------
        open_sink
            Opens it, when the first piece is here.
        pace
            Of sinks that are quick as a rule: no thread is asked as long as they are.

        Raises
        ------
        NetworkError
            The association ended: the peer may have sent too much behind what could not be stored.
        """
        link = self.association.link
        try:
            message = await self._incoming.into(open_sink, self._sinks, pace=pace, lost=link.lost_bytes)
        except LimitError:
            error = RemoteProtocolError("the peer went on with a data set that could not be stored")
            link.abort(error)
            raise error from None
        return message.result

    async def respond(self, status: int, dataset: Dataset | None = None, **fields: object) -> None:
        """Answer. Pending answers may come before the last one; after that, nothing is sent.

        Parameters
        ----------
        status
            Of the answer.
        dataset
            What goes with it; it is encoded as the presentation context has it.
        **fields
            Further elements of the command by keyword.

        Raises
        ------
        NetworkError
            The association has ended.
        """
        if self.is_answered:
            return
        data = None
        if dataset is not None:
            data = encode(dataset, transfer_syntax=self.context.transfer_syntax, part10=False)
        await self.association.link.send(self.context.id, response_to(self.command, status, **fields), data)
        self.status, self.is_answered = status, is_final(status)

    async def in_thread(self, function: Callable[..., _T], *args: Any) -> _T:
        """Call what may block in one of the SCP's threads."""
        call = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, function, *args)

    def finish(self) -> None:
        """Have what is left of the data set dropped as it comes."""
        if not self._incoming.is_complete:
            self._incoming.abandon()
        if not self._incoming.is_duplicate:
            self.association.link.performed(self.command.get("MessageID", 0))
