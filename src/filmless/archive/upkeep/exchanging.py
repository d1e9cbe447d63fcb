"""Instances take the place of others of their UIDs, and what was there is kept among the originals."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.failures import failing_as_archive
from filmless.archive.record import Record, record_of
from filmless.archive.storage import Area, Draft
from filmless.archive.upkeep.drafts import LinkedDraft
from filmless.dataset import Dataset
from filmless.errors import ConflictError
from filmless.file import write

__all__ = ["Exchanges", "draft_of", "draft_of_stored", "exchange", "exchanging", "keep_copy", "keep_time"]

_PIECE: Final = 1 << 20


@contextmanager
def draft_of(archive: Archive, dataset: Dataset) -> Iterator[Draft]:
    """Write a data set as a draft; it never is in memory as a whole."""
    draft = archive.storage.draft()
    try:
        with tempfile.TemporaryDirectory(dir=archive.folder / "incoming", suffix=".part") as folder:
            path = Path(folder) / "edited"
            write(dataset, path)
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    draft.write(piece)
        draft.seal()
        yield draft
    finally:
        draft.discard()


@contextmanager
def draft_of_stored(archive: Archive, location: str, sha256: str) -> Iterator[Draft]:
    """Make a draft of a file of the storage: a link where that can be, else a copy."""
    storage = archive.storage
    draft: Draft | None = None
    path = storage.path(location)
    if path is not None:
        with suppress(OSError):
            draft = LinkedDraft(path, archive.folder / "incoming", sha256=sha256)
    if draft is None:
        draft = storage.draft()
        with storage.open(location) as file:
            while piece := file.read(_PIECE):
                draft.write(piece)
    try:
        draft.seal()
        yield draft
    finally:
        draft.discard()


def keep_copy(archive: Archive, location: str, sha256: str, area: Area) -> str:
    """Put a file of the storage into another area, too; return where it is there. Durable on return."""
    with draft_of_stored(archive, location, sha256) as draft:
        kept = archive.storage.place(draft, area)
    archive.storage.settle([kept])
    return kept


def exchange(archive: Archive, entry: Entry, draft: Draft) -> None:
    """Let a draft take the place of an instance. At any moment the index names a file that is whole.

    Raises
    ------
    ConflictError
        The instance is served in place, or is no longer what the entry says.
    """
    with exchanging(archive, [entry]) as exchanges:
        exchanges.put(entry, draft)


@contextmanager
def exchanging(archive: Archive, entries: Iterable[Entry]) -> "Iterator[Exchanges]":
    """Let drafts take the place of instances, all in one transaction when the block ends, or none when it fails.

    A study is labelled by its instances: with one exchanged alone, the others would be found by what it says.

    Raises
    ------
    ConflictError
        One of them is no longer what its entry says.
    """
    with failing_as_archive("the instance cannot be changed"), archive.holding(entry.instance_uid for entry in entries):
        exchanges = Exchanges(archive)
        try:
            yield exchanges
        except BaseException:
            exchanges.give_up()
            raise
        exchanges.commit()


class Exchanges:
    """Instances that are to be exchanged together, see `exchanging`."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._changes: list[tuple[Entry, Record, str, str]] = []
        self._new: set[str] = set()  # locations that were not there before

    def put(self, entry: Entry, draft: Draft) -> None:
        """Place what is to be current, and keep what is; the index does not know of it before all are committed.

        Raises
        ------
        ConflictError
            The instance is served in place, or is no longer what the entry says.
        """
        if entry.storage:
            raise ConflictError("an instance of a folder that is served in place cannot be changed")
        archive, storage = self._archive, self._archive.storage
        now = archive.index.find(entry.instance_uid)
        if now is None or now.sha256 != entry.sha256:
            raise ConflictError("the instance was deleted or changed in the meantime", hint="try again")
        record = record_of(draft.open(), size=draft.size, sha256=draft.sha256)
        if record.instance_uid != entry.instance_uid:
            raise ConflictError("what takes the place of an instance has to have its SOP Instance UID")
        if record.sha256 == now.sha256:
            return
        keep_copy(archive, now.location, now.sha256, "originals")
        keep_time(storage.path(now.location), draft.open())
        location = storage.place(draft, "instances")
        if not draft.was_there:
            self._new.add(location)
        self._changes.append((now, record, "", location))

    def commit(self) -> None:
        """Have the index name the new files, in one transaction."""
        if not self._changes:
            return
        archive, changes = self._archive, self._changes
        placed = [location for *_, location in changes]
        try:
            archive.storage.settle(placed)
            with archive.taking_away([now.location for now, *_ in changes]):
                _replace(archive, changes)
        except BaseException:
            # It may have been committed all the same: the index is asked, about old and new alike.
            archive.leave_in_trash(placed)
            raise

    def give_up(self) -> None:
        """Take away what was placed."""
        for location in self._new:
            self._archive.storage.remove(location)


def _replace(archive: Archive, changes: list[tuple[Entry, Record, str, str]]) -> None:
    if not all(archive.index.replace(changes)):  # another process was faster
        raise ConflictError("the instance was changed in the meantime", hint="try again")


def keep_time(old: str | None, new: object) -> None:
    """Keep the time of a file, by which `rebuild` tells when it was received."""
    if old is not None and isinstance(new, str):
        with suppress(OSError):
            found = os.stat(old)  # noqa: PTH116
            os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
