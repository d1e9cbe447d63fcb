"""A message that is coming in: its command is here, its data set comes piece by piece."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from filmless.dimse.mailbox import Mailbox
from filmless.dimse.pace import Pace
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.errors import LimitError

__all__ = ["Incoming"]

_T = TypeVar("_T")


class Incoming:
    """A message and the pieces of its data set.

    Attributes
    ----------
    message
        The message; its `data` and `result` are set by `collect` and `into`.
    has_data_set
        Whether a data set follows the command.
    cancelled
        Set when the peer sent C-CANCEL for it.
    is_duplicate
        Whether another request of the same Message ID is not yet answered.
    is_abandoned
        Whether nobody takes the rest of its data set.
    """

    __slots__ = (
        "_came", "_taken", "cancelled", "has_data_set", "is_abandoned", "is_complete", "is_duplicate", "message",
        "pieces",
    )  # fmt: skip

    def __init__(self, message: Message, *, has_data_set: bool, taken: Callable[[int], None]) -> None:
        self.message, self.has_data_set = message, has_data_set
        self.is_complete = not has_data_set
        self.is_duplicate = self.is_abandoned = False
        self.pieces: Mailbox[tuple[Buffer, bool]] = Mailbox()
        self.cancelled = asyncio.Event()
        self._taken, self._came = taken, 0

    async def next_piece(self) -> tuple[Buffer, bool]:
        """Return the next piece of the data set, and whether it is the last."""
        piece, is_last = await self.pieces.get()
        self._taken(len(piece))
        self._came += len(piece)
        self.is_complete = is_last
        return piece, is_last

    async def collect(self, limit: int) -> Message:
        """Take the data set into memory.

        Raises
        ------
        LimitError
            It is longer than `limit` bytes.
        """
        if not self.has_data_set:
            return self.message
        gathered = bytearray()
        while not self.is_complete:
            piece, _ = await self.next_piece()
            if len(gathered) + len(piece) > limit:
                raise LimitError(f"a data set of a message is longer than {limit} bytes", limit="identifier")
            gathered += piece
        self.message.data = bytes(gathered)
        return self.message

    async def drop(self, limit: int | None = None) -> None:
        """Take the rest of the data set and forget it.

        Raises
        ------
        LimitError
            All of it is longer than `limit` bytes.
        """
        while not self.is_complete:
            await self.next_piece()
            if limit is not None and self._came > limit:
                raise LimitError("the peer sends an instance larger than is taken", limit="instance_bytes")

    def abandon(self) -> None:
        """Have the rest of the data set dropped as it comes: what waits for someone to take it, waits no more."""
        self.is_abandoned = self.is_complete = True
        for piece, _ in self.pieces.drain():
            self._taken(len(piece))

    async def into(
        self,
        open_sink: Callable[[Message], Sink],
        threads: Executor | None = None,
        *,
        pace: Pace | None = None,
        most: int | None = None,
        lost: int | None = None,
    ) -> Message:
        """Have a sink take the data set, in threads; `Message.result` is what it made of it, or the error.

        An error of the sink loses the rest of the data set, not the association. With a pace there are no threads as
        long as the sink is quick.

        Raises
        ------
        LimitError
            The rest that is lost has more than `lost` bytes, or more than `most` with what came before: it may have no
            end.
        """

        async def call(step: Callable[..., _T], *args: Any) -> _T:
            if pace is not None and pace.is_quick:
                return pace.do(step, *args)
            future = asyncio.get_running_loop().run_in_executor(threads, step, *args)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                # The thread goes on: the sink is not to be let go of, nor its file closed, while it is used.
                await asyncio.wait([future])
                raise

        sink: Sink | None = None
        try:
            while True:
                piece, is_last = await self.next_piece()
                if sink is None and is_last:  # all of it at once: one thread does everything
                    self.message.result = await call(_take_whole, open_sink, self.message, piece)
                    break
                if sink is None:
                    sink = await call(open_sink, self.message)
                await call(sink.write, piece)
                if is_last:
                    self.message.result = await call(sink.finish)
                    break
        except Exception as error:
            if self.pieces.error is error:  # the association ended: there is no rest
                raise
            self.message.result = error
            await self.drop(most if lost is None else self._came + lost)
        finally:
            if sink is not None:
                await call(sink.discard)
        return self.message


def _take_whole(open_sink: Callable[[Message], Sink], message: Message, piece: Buffer) -> Any:
    sink = open_sink(message)
    try:
        sink.write(piece)
        return sink.finish()
    finally:
        sink.discard()
