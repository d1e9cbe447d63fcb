"""What makes files and their names survive a loss of power, on every system."""

import os
import sys
from pathlib import Path

__all__ = ["make_folder", "sync_file", "sync_folder"]

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


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)
