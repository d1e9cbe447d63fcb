"""What is sent: bytes and ranges of stored files, a piece at a time, the next one read while one goes out."""

from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self

import anyio
import numpy as np
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from filmless.archive import Archive, Entry
from filmless.errors import ArchiveError

__all__ = ["PIECE", "Piece", "Pieces", "Sending", "Stored", "body_of", "lazy_body", "length_of", "read_pieces"]

PIECE: Final = 1 << 20
"""Bytes that are read and sent at a time."""


class Stored(NamedTuple):
    """A range of a stored file."""

    entry: Entry
    start: int
    length: int


Piece = bytes | Stored
Pieces = Generator[bytes | memoryview, None, None]
"""Bytes as they go out. Closing it lets go of files that it holds open."""

_Run = Callable[..., Awaitable[Any]]


def length_of(body: Iterable[Piece]) -> int:
    """Return how many bytes these are."""
    return sum(piece.length if isinstance(piece, Stored) else len(piece) for piece in body)


def body_of(archive: Archive, body: Sequence[Piece], start: int = 0, end: int | None = None) -> Pieces:
    """Read a body, or a range of it: in buffers of `PIECE` bytes, which join what is short.

    Raises
    ------
    ArchiveError
        A file is not as long as the index says.
    """
    left = (length_of(body) if end is None else end) - start
    buffer, filled = _buffer(left), 0
    for piece in _cut(body, start, left):
        if isinstance(piece, bytes):
            at = 0
            while at < len(piece):
                taken = min(len(piece) - at, len(buffer) - filled)
                buffer[filled : filled + taken] = piece[at : at + taken]
                at, filled, left = at + taken, filled + taken, left - taken
                if filled == len(buffer):
                    yield buffer
                    buffer, filled = _buffer(left), 0
            continue
        with archive.open(piece.entry) as file:
            if piece.start:
                file.seek(piece.start)
            at = 0
            while at < piece.length:
                taken = file.readinto(buffer[filled : filled + min(piece.length - at, len(buffer) - filled)])  # type: ignore[attr-defined]
                if not taken:
                    raise ArchiveError("a stored file is shorter than it was when it was stored")
                at, filled, left = at + taken, filled + taken, left - taken
                if filled == len(buffer):
                    yield buffer
                    buffer, filled = _buffer(left), 0


def lazy_body(archive: Archive, body: Iterable[Piece]) -> Pieces:
    """Read a body that is made while it is sent, whose length nobody knows."""
    held: list[Piece] = []
    for piece in body:
        held.append(piece)
        if isinstance(piece, Stored) or length_of(held) >= PIECE:
            yield from body_of(archive, held)
            held.clear()
    yield from body_of(archive, held)


def read_pieces(chunks: Iterator[bytes]) -> Pieces:
    """Make what is sent of bytes of any length: none of them longer than `PIECE`."""
    for chunk in chunks:
        for at in range(0, len(chunk), PIECE):
            yield memoryview(chunk)[at : at + PIECE]


def _cut(body: Sequence[Piece], start: int, length: int) -> Iterator[Piece]:
    """Give what lies in a range of a body."""
    for piece in body:
        size = piece.length if isinstance(piece, Stored) else len(piece)
        if start >= size:
            start -= size
            continue
        if length <= 0:
            return
        taken = min(size - start, length)
        if isinstance(piece, Stored):
            yield Stored(piece.entry, piece.start + start, taken)
        else:
            yield piece[start : start + taken]
        start, length = 0, length - taken


def _buffer(left: int) -> memoryview:
    # Not zeroed: every byte is written before it is sent.
    return memoryview(np.empty(min(left, PIECE), np.uint8))  # type: ignore[arg-type]


class Sending(Response):
    """A response whose body is read in threads; the first piece before its status goes out, so that errors have one.

    Parameters
    ----------
    pieces
        What is sent.
    run
        Runs what blocks: of the service, ``call`` or ``draw``.
    length
        How many bytes it will be; None when that is not known.
    """

    def __init__(
        self,
        pieces: Pieces,
        run: _Run,
        *,
        length: int | None,
        status: int = 200,
        headers: dict[str, str],
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._pieces, self._run = pieces, run
        self._held: list[bytes | memoryview] = []
        # Starlette gives a body without bytes a length of 0.
        self.raw_headers = [item for item in self.raw_headers if item[0] != b"content-length"]
        self._has_length = length is not None
        self._whole = length is not None and length <= PIECE
        if length is not None:
            self.raw_headers.append((b"content-length", b"%d" % length))

    def begin(self) -> Self:
        """Read the first pieces here and now: for who is in a thread already, and spares the way to another.

        A short body is whole then, and its length known.
        """
        self._held = [next(self._pieces, b"")]
        if not self._whole and len(self._held[0]) < PIECE:
            self._held.append(next(self._pieces, b""))
            if not self._held[1] and not self._has_length:
                self._whole = True
                self.raw_headers.append((b"content-length", b"%d" % len(self._held[0])))
        return self

    def _next(self) -> bytes | memoryview:
        return self._held.pop(0) if self._held else next(self._pieces, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        try:
            if scope["method"] == "HEAD":
                await send(start)
                await send({"type": "http.response.body"})
                return
            first = self._next() if self._held else await self._run(self._next)
            await send(start)
            if self._whole:
                await send({"type": "http.response.body", "body": first})
                return
            await self._send_all(first, receive, send)
        except BaseExceptionGroup as several:  # the first is why, the others follow from it
            raise several.exceptions[0] from None
        finally:
            # Not while a thread is in it: run_sync is left only when its thread is done.
            self._pieces.close()

    async def _send_all(self, first: bytes | memoryview, receive: Receive, send: Send) -> None:
        ahead, pieces = anyio.create_memory_object_stream[bytes | memoryview](0)

        async def read() -> None:
            while piece := await self._run(self._next):
                await ahead.send(piece)
            # Not when reading failed: what was sent by then must not look whole.
            ahead.close()

        async with anyio.create_task_group() as tasks, pieces, ahead:
            tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
            tasks.start_soon(read)
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            tasks.cancel_scope.cancel()


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    # A server says nothing of a client that went away until it is asked; reading on for nobody could take hours.
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
    scope.cancel()
