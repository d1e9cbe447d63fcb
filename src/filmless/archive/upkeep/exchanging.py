"""One instance takes the place of another of its UID, and what was there is kept among the originals."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Index
from filmless.archive.record import Record, record_of
from filmless.archive.storage import Area, Draft
from filmless.archive.upkeep.drafts import LinkedDraft
from filmless.dataset import Dataset
from filmless.errors import ConflictError
from filmless.file import write

__all__ = ["draft_of", "draft_of_stored", "exchange", "keep_copy"]

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
    if entry.storage:
        raise ConflictError("an instance of a folder that is served in place cannot be changed")
    storage, index = archive.storage, archive.index
    with failing_as_archive("the instance cannot be changed"), archive.holding([entry.instance_uid]):
        now = index.find(entry.instance_uid)
        if now is None or now.sha256 != entry.sha256:
            raise ConflictError("the instance was deleted or changed in the meantime", hint="try again")
        record = record_of(draft.open(), size=draft.size, sha256=draft.sha256)
        if record.instance_uid != entry.instance_uid:
            raise ConflictError("what takes the place of an instance has to have its SOP Instance UID")
        if record.sha256 == now.sha256:
            return
        keep_copy(archive, now.location, now.sha256, "originals")
        _keep_time(storage.path(now.location), draft.open())
        location = storage.place(draft, "instances")
        try:
            storage.settle([location])
            with archive.taking_away([now.location]):
                _replace(index, now, record, location)
        except BaseException:
            archive.leave_in_trash([location])
            raise


def _replace(index: Index, now: Entry, record: Record, location: str) -> None:
    if not index.replace([(now, record, "", location)])[0]:  # another process was faster
        raise ConflictError("the instance was changed in the meantime", hint="try again")


def _keep_time(old: str | None, new: object) -> None:
    """Keep the time of a file, by which `rebuild` tells when it was received."""
    if old is not None and isinstance(new, str):
        with suppress(OSError):
            found = os.stat(old)  # noqa: PTH116
            os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
