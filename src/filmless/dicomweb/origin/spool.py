"""Parts of a body that are needed together later, kept in a temporary file that nobody else sees."""

import tempfile
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Final, Self

from filmless.archive.failures import failing_as_archive
from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.origin.service import Service
from filmless.errors import LimitError

__all__ = ["IN_MEMORY_BYTES", "Kept", "Spool"]

IN_MEMORY_BYTES: Final = 512 << 20
"""Of what has to be held in memory as a whole to become an instance: bulk data of one, a picture, a film."""
_PIECE: Final = 1 << 20
_WHAT: Final = "the body cannot be kept for a while"


@dataclass(slots=True)
class Kept:
    """A part that is kept: its headers, and where it is in the spool."""

    media_type: MediaType
    headers: dict[str, str]
    start: int
    size: int = 0


class Spool:
    """A temporary file of parts. Use it with ``async with``."""

    def __init__(self, service: Service) -> None:
        self._service = service
        with failing_as_archive(_WHAT):
            self._file = tempfile.TemporaryFile(prefix="filmless-")  # noqa: SIM115 - closed by `__aexit__`
        self._lock = Lock()
        self._pieces: list[bytes | memoryview] = []
        self._held = 0
        self._size = 0
        self.parts: list[Kept] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def begin(self, headers: dict[str, str]) -> Kept:
        """Begin a part."""
        kept = Kept(MediaType.of(headers.get("content-type")), headers, self._size)
        self.parts.append(kept)
        return kept

    async def take(self, data: bytes | memoryview) -> None:
        """Give the part that was begun last more bytes."""
        kept, most = self.parts[-1], self._service.limits.part_bytes
        kept.size += len(data)
        self._size += len(data)
        if kept.size > most:
            raise LimitError(f"a part of more than {most} bytes", limit="part_bytes", value=most)
        self._pieces.append(data)
        self._held += len(data)
        if self._held >= _PIECE:
            await self._service.call(self.flush)

    def flush(self) -> None:
        """Write what is held; in a thread."""
        pieces, self._pieces, self._held = self._pieces, [], 0
        with self._lock, failing_as_archive(_WHAT):
            self._file.seek(0, 2)
            for piece in pieces:
                self._file.write(piece)

    def read(self, kept: Kept) -> bytes:
        """Return a part; in a thread.

        Raises
        ------
        LimitError
            It is larger than what is held in memory.
        """
        if kept.size > IN_MEMORY_BYTES:
            raise LimitError(
                f"a part of more than {IN_MEMORY_BYTES} bytes that has to be held in memory",
                limit="in_memory_bytes",
                value=IN_MEMORY_BYTES,
            )
        if self._pieces:
            self.flush()
        with self._lock, failing_as_archive(_WHAT):
            self._file.seek(kept.start)
            return self._file.read(kept.size)
