"""Drafts that are files which are there already: hard links, so that nothing is copied."""

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from filmless.archive.storage.durable import place_plainly, sync_file

__all__ = ["LinkedDraft", "is_unalterable"]

_PIECE: Final = 1 << 20


def is_unalterable(path: str | os.PathLike[str]) -> bool:
    """Whether a file may be linked to: a regular one that nobody has leave to write, so that it stays what it is.

    A hard link is the same file under two names: who writes to one changes the other. Its owner can give leave to
    write again, and root needs none; whoever asks for links knows that.
    """
    found = Path(path).stat()
    return stat.S_ISREG(found.st_mode) and not found.st_mode & 0o222 and os.name != "nt"


class LinkedDraft:
    """A draft that is another name of a file.

    Parameters
    ----------
    source
        The file.
    folder
        Where the name is made; of the same file system.
    sha256
        Of the file when it is known; else it is read.

    Raises
    ------
    OSError
        The file system has no such links, or it is another one.
    """

    def __init__(self, source: str | os.PathLike[str], folder: Path, *, sha256: str = "") -> None:
        self._path = folder / f"{secrets.token_hex(16)}.part"
        self._path.hardlink_to(os.path.realpath(source))
        self.size, self.sha256, self.was_there = self._path.stat().st_size, sha256, False
        self.is_placed = False

    def write(self, *pieces: bytes | bytearray | memoryview) -> None:  # noqa: ARG002 - of the protocol
        """Refuse: it is whole."""
        raise TypeError("a file that is linked to takes no bytes")

    def seal(self) -> None:
        """Make it durable."""
        digest = hashlib.sha256()
        with self._path.open("rb", buffering=0) as file:
            while not self.sha256 and (piece := file.read(_PIECE)):
                digest.update(piece)
            with suppress(PermissionError):  # Windows: a descriptor that only reads
                sync_file(file.fileno())
        self.sha256 = self.sha256 or digest.hexdigest()

    def open(self) -> str:
        """Return its path."""
        return str(self._path)

    def put(self, path: str) -> bool:
        """Give it a name, unless a file of its size has that."""
        self.is_placed = place_plainly(self._path, path, self.size)
        return self.is_placed

    def discard(self) -> None:
        """Take the name away again."""
        if not self.is_placed:
            self._path.unlink(missing_ok=True)
