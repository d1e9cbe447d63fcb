"""What a disk and a database can fail with, as errors of the archive: full, or not to be had for now."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from filmless.errors import ArchiveError, DicomError, StorageFullError

__all__ = ["as_archive_error", "failing_as_archive"]

_FULL: Final = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_ROOM: Final = "free space on the disk, or delete studies; nothing has to be repaired"


@contextmanager
def failing_as_archive(what: str) -> Iterator[None]:
    """Raise errors of the disk and of the database as those of the archive; ``what`` could not be done."""
    try:
        yield
    except (OSError, SQLAlchemyError) as error:
        raise as_archive_error(error, what) from error


def as_archive_error(error: BaseException, what: str) -> DicomError:
    """Return the error of the archive for one of the disk or of the database.

    Paths and statements are left out of the message: it goes to a peer.
    """
    if isinstance(error, DicomError):
        return error
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return StorageFullError(f"{what}: the disk is full", hint=_ROOM)
        if error.errno in _FORBIDDEN:
            return ArchiveError(f"{what}: the archive's folder may not be written", hint="check its permissions")
        return ArchiveError(f"{what}: {error.strerror or 'the storage does not answer'}")
    if isinstance(error, DBAPIError):
        return _of_database(error, what)
    return ArchiveError(f"{what}: {type(error).__name__}")


def _of_database(error: DBAPIError, what: str) -> DicomError:
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return StorageFullError(f"{what}: the disk of the index is full", hint=_ROOM)
        if primary in _BUSY:
            return ArchiveError(f"{what}: the index is locked by another process", hint="try again")
        if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
            return ArchiveError(f"{what}: the index may not be written", hint="check the folder's permissions")
    # Of PostgreSQL: 53100 disk_full
    if getattr(cause, "sqlstate", None) == "53100":
        return StorageFullError(f"{what}: the disk of the index is full", hint=_ROOM)
    return ArchiveError(f"{what}: the index does not answer", hint="try again")
