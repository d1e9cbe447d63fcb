"""What makes files and their names survive a loss of power, on every system."""

import os
import secrets
import sys
from pathlib import Path
from typing import Final

__all__ = ["OTHERS", "make_file", "make_folder", "replace_file", "sync_file", "sync_folder"]

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


def sync_folder(path: str | Path) -> None:
    """Write the names in a folder through to the disk; on Windows a rename is in the journal as it is."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


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
