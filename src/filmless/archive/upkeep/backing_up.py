"""A copy of an archive, made while it is in use, and the way back."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Conflict, Index
from filmless.archive.rows import located, without_row
from filmless.archive.storage import AREAS, Area, Stored
from filmless.archive.storage.durable import make_file, make_folder, sync_file, sync_folder
from filmless.archive.storage.folder import Folder
from filmless.archive.upkeep.beside import copy_beside
from filmless.archive.upkeep.exchanging import keep_time
from filmless.archive.upkeep.verifying import still_unlisted
from filmless.convert.parallel import in_order
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file.media import Remark

__all__ = ["BackupReport", "backup", "restore"]

_PIECE: Final = 1 << 20
_INDEX: Final = "index.sqlite"
_THREADS: Final = 8

Told = Callable[[], None]


@dataclass
class BackupReport:
    """What a backup has done.

    Attributes
    ----------
    copied, size
        Files that were copied or linked to, and their bytes.
    there
        Files that a backup before has copied.
    removed
        Files of instances that are no longer in the archive, or came when the index was copied already.
    with_index
        Whether the index is in it. One in PostgreSQL is not: ``pg_dump`` copies it, or `rebuild` makes it again.
    failed
        Files of the archive that are missing, damaged, or cannot be read. What an earlier backup has of them stays.
    """

    copied: int = 0
    size: int = 0
    there: int = 0
    removed: int = 0
    with_index: bool = True
    failed: list[Remark] = field(default_factory=list)


def backup(
    archive: Archive, target: str | os.PathLike[str], *, link: bool = False, progress: Told | None = None
) -> BackupReport:
    """Bring a copy of an archive up to date. Only what is new is copied: a file never changes under its name.

    The copy is an archive itself, with the same layout: it can be opened, verified and served.

    Parameters
    ----------
    archive
        The archive. It may be in use, by another process, too.
    target
        The folder of the copy, on another disk.
    link
        Make hard links in place of copies, on the same file system: quick, and safe from deletion, but not from a disk
        that fails.
    progress
        Called after each file.

    Raises
    ------
    ArchiveError
        The target is the archive, or holds something else, or cannot be written.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import backup
    >>> with Archive("archive") as archive:
    ...     _ = archive.store("slice.dcm")
    ...     backup(archive, "copy").copied
    1
    """
    root = Path(target)
    with failing_as_archive("the backup cannot be written"):
        _require_own(root, archive.folder)
        _require_something(archive, root)
        for folder in (root, root / "incoming", root / "trash"):
            make_folder(folder)
        report = BackupReport(with_index=_is_sqlite(archive))
        # Most files first, then the index as it is at one moment, then what came in between: each row has its file.
        copying = _Copying(archive, root, report, link=link, progress=progress)
        copying.run()
        if report.with_index:
            _copy_index(archive, root)
            index = Index(f"sqlite:///{root / _INDEX}")
            try:
                copying.run(index)
                copying.compare(index)
                _fit_index(root, index)
                report.removed = _prune(archive, root, index)
            finally:
                index.close()
        else:
            copying.compare(archive.index)
            report.removed = _prune_without_index(archive, root)
        copy_beside(archive.folder, root)
    return report


def restore(
    source: str | os.PathLike[str], folder: str | os.PathLike[str], *, progress: Told | None = None
) -> BackupReport:
    """Make an archive of a backup.

    Parameters
    ----------
    source
        The folder of the backup.
    folder
        Where the archive is to be: a folder that is missing or empty.
    progress
        Called after each file.

    Raises
    ------
    NotFoundError
        The source is no backup.
    ArchiveError
        The folder is not empty.
    """
    root = Path(folder)
    if not any((Path(source) / area).is_dir() for area in AREAS):
        raise NotFoundError("there is no backup of an archive", path=source)
    if root.exists() and any(root.iterdir()):
        raise ArchiveError("the folder is not empty", path=root, hint="name one that is missing or empty")
    if not (Path(source) / _INDEX).exists():
        # Without an index: one of PostgreSQL's. Opened below, it gets an empty one of its own, which is no harm.
        raise NotFoundError(
            "the backup has no index",
            path=source,
            hint="copy the folder back, and load the dump of the database, or `filmless archive rebuild --index URL`",
        )
    with Archive(source, read_only=True) as archive:
        return backup(archive, root, progress=progress)


def _require_own(root: Path, folder: Path) -> None:
    if root.resolve() == folder.resolve() or folder.resolve() in root.resolve().parents:
        raise ArchiveError("a backup cannot be inside the archive", path=root, hint="name a folder on another disk")
    if root.exists() and any(root.iterdir()) and not (root / "instances").is_dir():
        raise ArchiveError("the folder holds something else", path=root, hint="name one that is missing or empty")


def _require_something(archive: Archive, root: Path) -> None:
    """Refuse to empty a copy: an archive with nothing in it is one whose disk is not mounted, more often than not."""
    if not archive.index.totals().instances and next(Folder(root).files("instances"), None) is not None:
        raise ArchiveError(
            "the archive is empty, and its backup is not",
            path=root,
            hint="is the archive's disk there? When it is meant to be empty, name another folder, or remove the backup",
        )


def _is_sqlite(archive: Archive) -> bool:
    return archive.index.database.url.startswith("sqlite")


class _Copying:
    """Files that are brought to a copy, in one or more runs."""

    def __init__(
        self, archive: Archive, root: Path, report: BackupReport, *, link: bool, progress: Told | None
    ) -> None:
        self._archive, self._root, self._report = archive, root, report
        self._link, self._progress = link, progress
        self._sizes: dict[str, int] = {}  # of what was looked at, by location
        self._failed: set[str] = set()

    def run(self, index: Index | None = None) -> None:
        """Copy what is not there; of what was not looked at before only what an index has."""
        touched = set()
        for area in AREAS:
            make_folder(self._root / area)
            # Several at a time: each waits for the disk.
            with closing(in_order(self._copy, self._fresh(area, index), threads=_THREADS)) as results:
                for stored, result in results:
                    try:
                        is_copied = result.result()
                    except _UnreadableError as error:
                        self._fail(error.code, error.message, stored.location)
                        continue
                    self._report.there += is_copied is None
                    if is_copied:
                        self._report.copied += 1
                        self._report.size += stored.size
                        touched.add((self._root / _name(area, stored.sha256)).parent)
                    if self._progress:
                        self._progress()
        for folder in touched:
            sync_folder(folder)

    def compare(self, index: Index) -> None:
        """Tell of rows whose file is not there, or has another size."""
        rows: Iterator[Entry | Conflict] = chain(index.locations(storage=""), index.conflicts())
        for row in rows:
            size = self._sizes.get(row.location)
            if size not in (None, row.size) and row.location not in self._failed:
                self._fail("damaged", "its file has another size", row.location)
            elif size is None and row.location not in self._failed and self._is_missing(row):
                self._fail("missing", "its file is not there", row.instance_uid)

    def _is_missing(self, row: Entry | Conflict) -> bool:
        try:
            self._archive.storage.open(row.location).close()
        except NotFoundError:  # or it was deleted, or replaced, since the index was copied
            return bool(located(self._archive.index, [row.location]))
        except DicomError:
            return True
        return False

    def _fail(self, code: str, message: str, name: str) -> None:
        self._failed.add(name)
        self._report.failed.append(Remark(code, message, name))

    def _fresh(self, area: Area, index: Index | None) -> Iterator[Stored]:
        prefix, known = "", set[str]()
        for stored in self._archive.storage.files(area):
            if stored.location in self._sizes:
                continue
            if index is not None and area != "originals":
                if stored.sha256[:2] != prefix:
                    prefix = stored.sha256[:2]
                    known = index.digests(prefix)
                if stored.sha256 not in known:
                    continue
            self._sizes[stored.location] = stored.size
            yield stored

    def _copy(self, stored: Stored) -> bool | None:
        place = self._root / _name(stored.location.partition("/")[0], stored.sha256)
        is_there = False
        with suppress(FileNotFoundError):
            size, is_there = place.stat().st_size, True
            if size == stored.size:
                return None
        # A link is quick because nothing is read; but what is there gives way only to what is whole.
        link = self._link and not is_there
        return _copy(self._archive, stored, place, self._root / "incoming", link=link)


class _UnreadableError(Exception):
    """A file of the archive is damaged, or cannot be read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _name(area: str, sha256: str) -> str:
    """Return where a folder has a file; in an object store it has another name."""
    return f"{area}/{sha256[:2]}/{sha256}.dcm"


def _copy(archive: Archive, stored: Stored, place: Path, incoming: Path, *, link: bool) -> bool:
    """Copy a file, durably but for its name; False when it was deleted in the meantime."""
    make_folder(place.parent)
    source = archive.storage.path(stored.location)
    if link and source is not None:
        with suppress(OSError):
            place.hardlink_to(source)
            return True
    part = incoming / f"{place.name}.part"
    try:
        make_file(part)
        with part.open("wb") as out:
            for piece in _pieces(archive, stored):
                out.write(piece)
            out.flush()
            sync_file(out.fileno())
        keep_time(source, str(part))
        part.replace(place)
    except NotFoundError:
        part.unlink(missing_ok=True)
        return False
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def _pieces(archive: Archive, stored: Stored) -> Iterator[bytes]:
    digest = hashlib.sha256()
    try:
        with archive.storage.open(stored.location) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                yield piece
    except NotFoundError:
        raise
    except (DicomError, OSError) as error:
        raise _UnreadableError("failed", "it cannot be read") from error
    if digest.hexdigest() != stored.sha256:
        raise _UnreadableError("damaged", "its bytes are not those that were stored")


def _copy_index(archive: Archive, root: Path) -> None:
    """Copy an index in SQLite as it is at one moment; who writes to it does not wait for long."""
    part = root / f"{_INDEX}.part"
    part.unlink(missing_ok=True)
    make_file(part)
    archive.index.backup(part)
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
    with part.open("r+b") as file:
        sync_file(file.fileno())
    for suffix in ("-wal", "-shm"):
        Path(f"{root / _INDEX}{suffix}").unlink(missing_ok=True)
    part.replace(root / _INDEX)
    sync_folder(root)


def _fit_index(root: Path, index: Index) -> None:
    """Name files in the copy of the index as they are in the folder; forget what was deleted while it was made."""
    storage = Folder(root)
    for table, rows in (("instance", index.locations(storage="")), ("conflict", index.conflicts())):
        moved = [
            (_name(row.location.partition("/")[0], row.sha256), row.id)
            for row in rows
            if row.location != _name(row.location.partition("/")[0], row.sha256)
        ]
        sql = f"UPDATE {table} SET location = ? WHERE id = ?"  # noqa: S608 - names of ours
        if moved:
            index.database.write(lambda work, sql=sql, moved=moved: work.many(sql, moved))  # type: ignore[misc]
    lost = [entry for entry in index.locations(storage="") if storage.size(entry.location) is None]
    if lost:
        index.remove(lost)
    for conflict in index.conflicts():
        if storage.size(conflict.location) is None:
            index.resolve(conflict)


def _prune(archive: Archive, root: Path, index: Index) -> int:
    """Remove files from the copy that its index does not have: a deleted instance must not come back from it."""
    removed = 0
    for area in AREAS:
        copy = Folder(root)
        found = copy.files(area) if area == "originals" else without_row(copy, index, area)
        names = {stored.location for stored in found}
        # What the archive has and no row of it names, stays: an index can be lost, and `--repair` takes it in. What has
        # its row by now came when the index was copied already: the next backup has both.
        there = {
            stored.location: name
            for stored in (archive.storage.files(area) if names else ())
            if (name := _name(area, stored.sha256)) in names
        }
        kept = list(there) if area == "originals" else still_unlisted(archive, list(there))
        for name in names - {there[location] for location in kept}:
            (root / name).unlink(missing_ok=True)
            removed += 1
    return removed


def _prune_without_index(archive: Archive, root: Path) -> int:
    """Remove files from the copy that the archive no longer has."""
    removed = 0
    for area in AREAS:
        names = {stored.location for stored in Folder(root).files(area)}
        names -= {_name(area, stored.sha256) for stored in archive.storage.files(area)} if names else set()
        for name in names:
            (root / name).unlink(missing_ok=True)
            removed += 1
    return removed
