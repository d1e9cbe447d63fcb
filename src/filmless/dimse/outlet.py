"""From messages to a transport: in fragments, and no faster than the peer takes them."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from filmless._core import Connection
from filmless.dimse.steps import Begun, Buffer

__all__ = ["Outlet"]

_MOST_FRAGMENTS: Final = 1024
"""Fragments that are written at once: of a peer that takes few bytes in each, a piece has very many."""


class Outlet:
    """Writes data sets to a transport, one at a time.

    Parameters
    ----------
    connection
        The core's end of the association.
    check
        Returns the transport, or raises why there is none.
    wrote
        Called with the number of bytes that were written.

    Attributes
    ----------
    writable
        Set while the transport takes more.
    """

    def __init__(
        self, connection: Connection, check: Callable[[], asyncio.Transport], wrote: Callable[[int], None]
    ) -> None:
        self._connection, self._check, self._wrote = connection, check, wrote
        self.writable = asyncio.Event()
        self.writable.set()

    async def wait(self) -> None:
        """Wait until the transport takes more."""
        if not self.writable.is_set():
            await self.writable.wait()

    def write_all(self, context: int, messages: Iterable[tuple[dict[str | int, Any], bytes]]) -> None:
        """Write short messages with data sets at once."""
        connection, transport = self._connection, self._check()
        step = connection.payload_limit
        buffers: list[Buffer] = []
        for command, data in messages:
            connection.send_command(context, command, True)
            buffers.append(connection.take_output())
            for number, header in enumerate(connection.data_headers(context, len(data), True)):
                buffers += (header, data[number * step : (number + 1) * step])
        written = b"".join(buffers)
        self._wrote(len(written))
        transport.write(written)

    async def write_payload(self, context: int, begun: Begun) -> None:
        """Write a data set piece by piece: one ahead, since what is last has to be said with it."""
        piece = begun.first
        following: Buffer | None = piece
        while following is not None:
            following = await asyncio.to_thread(next, begun.rest, None)
            await self.write_piece(context, memoryview(piece), is_last=following is None)
            piece = following or b""

    async def write_piece(self, context: int, piece: memoryview, *, is_last: bool) -> None:
        """Write a piece of a data set."""
        step = self._connection.payload_limit
        most = step * _MOST_FRAGMENTS
        for start in range(0, max(len(piece), 1), most):
            part = piece[start : start + most]
            transport, at = self._check(), 0
            buffers: list[Buffer] = [self._connection.take_output()]
            is_end = is_last and start + most >= len(piece)
            for header in self._connection.data_headers(context, len(part), is_end):
                buffers += (header, part[at : at + step])
                at += step
            self._wrote(len(part))
            transport.writelines(buffers)
            if len(piece) > most:
                await asyncio.sleep(0)
            if not is_end:
                await self.wait()
