"""What makes files and their names survive a loss of power, on every system."""

import os
import sys
from pathlib import Path
from typing import Final

from filmless import _core

__all__ = ["OTHERS", "append_file", "make_file", "make_folder", "sync_file", "sync_folder"]

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


def append_file_plainly(
    path: str | Path, data: bytes | bytearray | memoryview, new_mode: int | None, sync: bool
) -> None:
    """Write bytes to the end of a file, or to a new one of this mode; then through to the disk, if that is asked for."""
    flags = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= os.O_APPEND if new_mode is None else os.O_CREAT | os.O_EXCL
    descriptor = os.open(path, flags, 0o600)
    try:
        if new_mode not in {None, 0o600} and sys.platform != "win32":
            # Not at its making: what the process denies to all its files would be denied here, too.
            os.fchmod(descriptor, new_mode)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if sync:
            sync_file(descriptor)
    finally:
        os.close(descriptor)


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
    # Python's lock is given back once, not for each step: where others wait for it, each giving back is a wait.
    append_file, sync_folder = _core.append_file, _core.sync_folder
else:
    append_file, sync_folder = append_file_plainly, sync_folder_plainly


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
