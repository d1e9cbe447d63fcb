"""Where the bytes of instances are kept: a folder, or an object store. Names are digests that we compute."""

from typing import BinaryIO, Literal, Protocol

__all__ = ["Area", "Draft", "Storage"]

Area = Literal["instances", "quarantine", "originals"]
"""What a stored file is: an instance, one that was set aside, or what an instance was before it was edited."""


class Draft(Protocol):
    """Bytes that are coming in; nobody sees them before they are placed."""

    size: int
    sha256: str  # of what was written, when it is sealed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take more bytes."""

    def seal(self) -> None:
        """Take no more; what was written survives a loss of power from here on (a file: fsync)."""

    def open(self) -> str | bytes:
        """Return what `filmless.read` takes: a path, or the bytes."""

    def discard(self) -> None:
        """Forget it. Without an effect once it was placed."""


class Storage(Protocol):
    """A place for files that are named by their own SHA-256, in areas."""

    def draft(self) -> Draft:
        """Begin a file."""

    def place(self, draft: Draft, area: Area) -> str:
        """Give a sealed draft its name, durably; return its location. A file of that name is the same bytes."""

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of a file."""

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading, positioned reads included; the caller closes it."""

    def path(self, location: str) -> str | None:
        """Return the path of a file that is one; None in an object store."""

    def remove(self, location: str) -> None:
        """Remove a file."""
