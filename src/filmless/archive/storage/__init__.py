"""Where the bytes of instances are kept: a folder, or an object store. Names are digests that we compute."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Literal, NamedTuple, Protocol

__all__ = ["AREAS", "Area", "Draft", "Storage", "Stored"]

Area = Literal["instances", "quarantine", "originals"]
"""What a stored file is: an instance, one that was set aside, or what an instance was before it was edited."""

AREAS: tuple[Area, ...] = ("instances", "quarantine", "originals")


class Stored(NamedTuple):
    """A file of a storage."""

    location: str
    sha256: str  # by its name: what it has to be
    size: int


class Draft(Protocol):
    """Bytes that are coming in; nobody sees them before they are placed."""

    size: int
    sha256: str  # of what was written, when it is sealed
    was_there: bool  # whether a file of these bytes was there when it was placed: it stayed
    is_placed: bool  # whether it has its name: there is nothing to discard then

    def write(self, *pieces: bytes | bytearray | memoryview) -> None:
        """Take more bytes."""

    def seal(self) -> None:
        """Take no more. It can be read from here on; a file is on its way to the disk (fsync)."""

    def open(self) -> str | bytes:
        """Return what `filmless.read` takes: a path, or the bytes."""

    def put(self, path: str) -> bool:
        """Give it a name in the file system, unless a file of its size has that; return whether it has it.

        What was written survives a loss of power then; the name does once its folder is synchronised.
        """

    def discard(self) -> None:
        """Forget it. Without an effect once it was placed."""


class Storage(Protocol):
    """A place for files that are named by their own SHA-256, in areas.

    What is deleted or replaced goes away in three steps, so that a crash between them can be undone or finished:
    `trash`, then the index forgets it, then `purge`.

    Attributes
    ----------
    is_shared
        Whether other processes place files, too: then one without a row may be theirs, on its way.
    """

    is_shared: bool

    def draft(self) -> Draft:
        """Begin a file."""

    def place(self, draft: Draft, area: Area) -> str:
        """Give a sealed draft its name; return its location. It is durable after `settle`."""

    def settle(self, locations: Iterable[str]) -> None:
        """Make the names of what was placed durable."""

    def move(self, location: str, area: Area) -> str:
        """Move a file to another area, durably; return its new location."""

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of a file."""

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading, positioned reads included; the caller closes it."""

    def path(self, location: str) -> str | None:
        """Return the path of a file that is one; None in an object store."""

    def size(self, location: str) -> int | None:
        """Return how long a file is; None when it is not there."""

    def files(self, area: Area) -> Iterator[Stored]:
        """Return all files of an area."""

    def trash(self, locations: Iterable[str]) -> None:
        """Mark files for removal, durably. Who has one open goes on reading."""

    def restore(self, locations: Iterable[str]) -> None:
        """Take marks away again."""

    def purge(self, locations: Iterable[str]) -> None:
        """Remove marked files for good."""

    def trashed(self) -> Iterator[str]:
        """Return the locations of all that is marked."""

    def remove(self, location: str) -> None:
        """Remove a file that no index row names."""

    def sweep(self) -> None:
        """Remove drafts of a process that is gone."""
