"""Parts of a body that are needed together later, kept in a temporary file that nobody else sees."""

from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Final, Self

from filmless.archive.failures import failing_as_archive
from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.origin.service import ASIDE, Service
from filmless.errors import LimitError

__all__ = ["IN_MEMORY_BYTES", "Kept", "Spool"]

IN_MEMORY_BYTES: Final = 512 << 20
"""Of what has to be held in memory as a whole to become an instance: bulk data of one, a picture, a film."""
_PIECE: Final = 1 << 20
_HEADER_BYTES: Final = 16 << 20
_HEADERS: Final = ("content-type", "content-location", "content-disposition")


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
        self._file = service.aside()
        self._lock = Lock()
        self._held = bytearray()  # copied: a view of a few bytes would keep the whole piece that it is of
        self._size = 0
        self._header_bytes = 0
        self.parts: list[Kept] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def begin(self, headers: dict[str, str]) -> Kept:
        """Begin a part.

        Raises
        ------
        LimitError
            The headers of all parts are larger than what is held in memory.
        """
        headers = {name: headers[name] for name in _HEADERS if name in headers}
        self._header_bytes += sum(map(len, headers.values()))
        if self._header_bytes > _HEADER_BYTES:
            message = f"headers of parts of more than {_HEADER_BYTES} bytes"
            raise LimitError(message, limit="header_bytes", value=_HEADER_BYTES)
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
        self._held += data
        if len(self._held) >= _PIECE:
            await self._service.call(self.flush)

    def flush(self) -> None:
        """Write what is held; in a thread."""
        held, self._held = self._held, bytearray()
        with self._lock, failing_as_archive(ASIDE):
            self._file.seek(0, 2)
            self._file.write(held)

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
        if self._held:
            self.flush()
        with self._lock, failing_as_archive(ASIDE):
            self._file.seek(kept.start)
            return self._file.read(kept.size)
