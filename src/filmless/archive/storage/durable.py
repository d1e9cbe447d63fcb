"""What makes files and their names survive a loss of power, on every system."""

import hashlib
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = [
    "OTHERS",
    "FileWriter",
    "PlainWriter",
    "make_file",
    "make_folder",
    "place_plainly",
    "replace_file",
    "sync_file",
    "sync_folder",
]

OTHERS: Final = 0o077
"""What is taken away from the group and from others: they have nothing to do with an archive."""

if sys.platform == "darwin":
    import fcntl

    def sync_file(descriptor: int) -> None:
        """Write a file through to the disk: here fsync leaves it in the drive's cache."""
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # a file system that has no such thing
            os.fsync(descriptor)

else:

    def sync_file(descriptor: int) -> None:
        """Write a file through to the disk."""
        os.fsync(descriptor)


class PlainWriter:
    """A new file that is hashed while it is written."""

    def __init__(self, path: str | Path, mode: int) -> None:
        self._path, self._mode, self._descriptor = path, mode, -1
        self._digest = hashlib.sha256()

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> None:
        """Write bytes to the end; the first call makes the file."""
        if self._descriptor < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
            if self._mode != 0o600 and sys.platform != "win32":
                # Not at its making: what the process denies to all its files would be denied here, too.
                os.fchmod(self._descriptor, self._mode)
        for piece in pieces:
            view = memoryview(piece)
            self._digest.update(view)
            while view:
                view = view[os.write(self._descriptor, view) :]

    def seal(self, pieces: Sequence[bytes | bytearray | memoryview], sync: bool) -> str:
        """Write the last bytes, through to the disk if that is asked for, and close; return the SHA-256 of all."""
        self.write(pieces)
        if sync:
            sync_file(self._descriptor)
        self.close()
        return self._digest.hexdigest()

    def place(self, target: str | Path, size: int) -> bool:
        """Give it another name, unless a file of this size has that; return whether it did."""
        return place_plainly(self._path, target, size)

    def close(self) -> None:
        """Close it as it is."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def place_plainly(source: str | Path, target: str | Path, size: int) -> bool:
    """Give a file another name, unless a file of this size has that; return whether it did."""
    with suppress(FileNotFoundError):
        if os.stat(target).st_size == size:  # noqa: PTH116 - a path object costs as much as the call
            return False
    os.replace(source, target)  # noqa: PTH105
    return True


def sync_folder_plainly(path: str | Path) -> None:
    """Write the names in a folder through to the disk; on Windows a rename is in the journal as it is."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "linux":
    # They give Python's lock back once, not for each step: where others wait for it, each giving back is a wait. And
    # the writer's file is on its way to the disk while its header is read.
    from filmless._core import FileWriter, sync_folder
else:
    FileWriter, sync_folder = PlainWriter, sync_folder_plainly


def make_folder(path: Path, *, umask: int = OTHERS) -> None:
    """Make a folder and those above it, durably."""
    if path.is_dir():
        return
    make_folder(path.parent, umask=umask)
    path.mkdir(0o777 & ~umask, exist_ok=True)
    sync_folder(path.parent)


def make_file(path: Path, *, umask: int = OTHERS) -> None:
    """Make an empty file, unless it is there."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666 & ~umask))


def replace_file(path: Path, content: bytes, *, umask: int = OTHERS) -> None:
    """Put a file in its place, whole and durably, or leave what was there. A link there is replaced, not followed."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, flags, 0o666 & ~umask), "wb") as file:
        try:
            file.write(content)
            file.flush()
            sync_file(file.fileno())
        except BaseException:
            file.close()
            part.unlink(missing_ok=True)
            raise
    part.replace(path)
    sync_folder(path.parent)
