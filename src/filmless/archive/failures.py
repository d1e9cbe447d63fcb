"""What a disk can fail with, as errors of the archive: full, or not to be had for now. The index raises ours itself."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from filmless.errors import ArchiveError, DicomError, StorageFullError

__all__ = ["as_archive_error", "failing_as_archive"]

_FULL: Final = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def failing_as_archive(what: str) -> Iterator[None]:
    """Raise errors of the disk as those of the archive; ``what`` could not be done."""
    try:
        yield
    except OSError as error:
        raise as_archive_error(error, what) from error


def as_archive_error(error: BaseException, what: str) -> DicomError:
    """Return the error of the archive for another one.

    Paths are left out of the message: it goes to a peer.
    """
    if isinstance(error, DicomError):
        return error
    if not isinstance(error, OSError):
        return ArchiveError(f"{what}: {type(error).__name__}")
    if error.errno in _FULL:
        return StorageFullError(
            f"{what}: the disk is full", hint="free space on it, or delete studies; nothing has to be repaired"
        )
    if error.errno in _FORBIDDEN:
        return ArchiveError(f"{what}: the archive's folder may not be written", hint="check its permissions")
    return ArchiveError(f"{what}: {error.strerror or 'the storage does not answer'}")
