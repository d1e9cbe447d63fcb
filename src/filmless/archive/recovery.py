"""Who works in an archive's folder, and what a start does about what the last one left behind."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from filmless.archive.index.index import Index
from filmless.archive.record import Record, record_of
from filmless.archive.rows import clear_trash, without_row
from filmless.archive.storage import Area, Storage, Stored
from filmless.archive.storage.durable import make_file, sync_folder
from filmless.errors import ArchiveError, DicomError
from filmless.file.locking import lock_file

__all__ = ["REBUILD", "Tenure", "record_of_stored", "recover", "refuse_lost_index"]

REBUILD: Final = "`filmless archive rebuild` makes it again from the files"

_CHUNK: Final = 500
_PIECE: Final = 1 << 20
_T = TypeVar("_T")


class Tenure:
    """The right to write into a folder, held by one process, and the mark that it does.

    The lock ends with the process, however that ends; the mark stays when it did not end well.

    Raises
    ------
    ArchiveError
        Another process has it.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._mark = root, root / "running"
        self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            lock_file(self._lock)
            self.is_unclean = self._mark.exists()
            if not self.is_unclean:
                make_file(self._mark)  # empty: there is room for it on a full disk
                sync_folder(root)
        except BlockingIOError:
            os.close(self._lock)
            raise ArchiveError(
                "the archive's folder is in use by another process",
                path=root,
                hint="stop it, or ask it by DICOMweb; several servers share PostgreSQL and an object store",
            ) from None
        except BaseException:
            os.close(self._lock)
            raise

    def end(self, *, is_clean: bool) -> None:
        """Let go of the folder."""
        if is_clean:
            with suppress(OSError):
                self._mark.unlink(missing_ok=True)
                sync_folder(self._root)
        os.close(self._lock)


def refuse_lost_index(storage: Storage, root: Path) -> None:
    """Refuse to begin a new index beside instances: all of them would seem to be gone, and leave the next backup.

    Raises
    ------
    ArchiveError
        There are instances.
    """
    if next(iter(storage.files("instances")), None) is not None:
        raise ArchiveError("the index is not there, but instances are", path=root, hint=REBUILD)


def recover(storage: Storage, index: Index, *, is_unclean: bool, adopt: Callable[[Stored], None]) -> None:
    """Clear up after the last process: nothing to do by hand, whatever stopped it.

    Parameters
    ----------
    is_unclean
        Whether it did not end well: then files without a row are looked for, where they can be nobody else's.
    adopt
        What takes such a file in, by the same rules as what a sender brings.
    """
    storage.sweep()
    for chunk in _chunks(storage.trashed()):
        clear_trash(storage, index, chunk)
    if is_unclean and not storage.is_shared:
        areas: tuple[Area, ...] = ("instances", "quarantine")
        for area in areas:
            for stored in without_row(storage, index, area):
                adopt(stored)


def record_of_stored(storage: Storage, stored: Stored) -> Record | None:
    """Make the record of a stored file; None when it is damaged, or no instance: it is left where it is."""
    digest = hashlib.sha256()
    try:
        with storage.open(stored.location) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        if digest.hexdigest() != stored.sha256:
            return None
        source = storage.path(stored.location) or storage.read(stored.location)
        return record_of(source, size=stored.size, sha256=stored.sha256)
    except (DicomError, OSError):
        return None


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
