"""A request as a handler sees it."""

from collections.abc import Callable
from typing import Any

from filmless._core import NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.association import Association
from filmless.dimse.driving import LARGEST_IDENTIFIER
from filmless.dimse.incoming import Incoming
from filmless.dimse.messages import response_to
from filmless.dimse.steps import Message, Sink
from filmless.file import encode

__all__ = ["Request"]


class Request:
    """A request of a peer, and the way to answer it.

    Attributes
    ----------
    association
        Who asks, and what was negotiated.
    """

    def __init__(self, association: Association, incoming: Incoming) -> None:
        self.association, self._incoming = association, incoming
        self.is_answered = False

    @property
    def command(self) -> dict[str | int, Any]:
        """Elements of the command set by keyword."""
        return self._incoming.message.command

    @property
    def context(self) -> NegotiatedContext:
        """The presentation context that the request came in."""
        return self._incoming.message.context

    @property
    def is_cancelled(self) -> bool:
        """Whether the peer sent C-CANCEL for it."""
        return self._incoming.cancelled.is_set()

    async def dataset(self) -> Dataset | None:
        """Return the data set of the request, taken into memory; None when it has none.

        Raises
        ------
        FormatError
            It cannot be read.
        LimitError
            It is longer than an identifier may be.
        """
        return (await self._incoming.collect(LARGEST_IDENTIFIER)).dataset

    async def into(self, open_sink: Callable[[Message], Sink]) -> Any:
        """Have a sink take the data set in threads that may block; return what it made of it, or the error."""
        return (await self._incoming.into(open_sink)).result

    async def respond(self, status: int, dataset: Dataset | None = None, **fields: object) -> None:
        """Answer. Pending answers may come before the last one.

        Parameters
        ----------
        status
            Of the answer.
        dataset
            What goes with it; it is encoded as the presentation context has it.
        **fields
            Further elements of the command by keyword.
        """
        data = None
        if dataset is not None:
            data = encode(dataset, transfer_syntax=self.context.transfer_syntax, part10=False)
        self.is_answered = status >> 8 != 0xFF
        await self.association.link.send(self.context.id, response_to(self.command, status, **fields), data)

    async def finish(self) -> None:
        """Take what is left of the data set."""
        await self._incoming.drop()
        self.association.link.performed(self.command.get("MessageID", 0))
