"""Locks on open files, by which one process knows that another is at work."""

import errno
import os
import sys
from typing import Final

__all__ = ["lock_file"]

_LOCKED_BYTE: Final = 0x7FFFFFF0  # far behind what is written: a lock of Windows keeps others from reading it


def lock_file(file: int) -> None:
    """Lock an open file for this process alone, where the file system can. It ends with the descriptor.

    Raises
    ------
    BlockingIOError
        It is locked by another, or opened twice here.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise BlockingIOError(error.errno, error.strerror) from None
