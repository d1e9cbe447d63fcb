"""A copy of an archive, made while it is in use, and the way back."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filmless.archive.archive import Archive
from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Index
from filmless.archive.storage import AREAS, Area, Stored
from filmless.archive.storage.durable import make_file, make_folder, sync_file, sync_folder
from filmless.archive.storage.folder import Folder
from filmless.convert.parallel import in_order
from filmless.errors import ArchiveError, NotFoundError

__all__ = ["BackupReport", "backup", "restore"]

_PIECE: Final = 1 << 20
_INDEX: Final = "index.sqlite"
_PAGES: Final = 2000
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
        Files of instances that are no longer in the archive.
    with_index
        Whether the index is in it. One in PostgreSQL is not: ``pg_dump`` copies it, or `rebuild` makes it again.
    """

    copied: int = 0
    size: int = 0
    there: int = 0
    removed: int = 0
    with_index: bool = True


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
        done = _copy_files(archive, root, report, link=link, progress=progress)
        if report.with_index:
            _copy_index(archive, root)
            _copy_files(archive, root, report, link=link, progress=progress, done=done)
            _fit_index(root)
        report.removed = _prune(archive, root, with_index=report.with_index)
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


def _copy_files(
    archive: Archive,
    root: Path,
    report: BackupReport,
    *,
    link: bool,
    progress: Told | None,
    done: set[str] | None = None,
) -> set[str]:
    """Copy what is not there; return the locations that were looked at."""
    seen = done or set()
    touched = set()

    def fresh(area: Area) -> Iterator[Stored]:
        for stored in archive.storage.files(area):
            if stored.location not in seen:
                seen.add(stored.location)
                yield stored

    def copy(stored: Stored) -> bool | None:
        place = root / _name(stored.location.partition("/")[0], stored.sha256)
        with suppress(FileNotFoundError):
            if place.stat().st_size == stored.size:
                return None
        return _copy(archive, stored.location, place, root / "incoming", link=link)

    for area in AREAS:
        make_folder(root / area)
        # Several at a time: each waits for the disk.
        with closing(in_order(copy, fresh(area), threads=_THREADS)) as results:
            for stored, result in results:
                is_copied = result.result()
                report.there += is_copied is None
                if is_copied:
                    report.copied += 1
                    report.size += stored.size
                    touched.add((root / _name(area, stored.sha256)).parent)
                if progress:
                    progress()
    for folder in touched:
        sync_folder(folder)
    return seen


def _name(area: str, sha256: str) -> str:
    """Return where a folder has a file; in an object store it has another name."""
    return f"{area}/{sha256[:2]}/{sha256}.dcm"


def _copy(archive: Archive, location: str, place: Path, incoming: Path, *, link: bool) -> bool:
    """Copy a file, durably but for its name; False when it was deleted in the meantime."""
    make_folder(place.parent)
    source = archive.storage.path(location)
    if link and source is not None:
        with suppress(OSError):
            place.unlink(missing_ok=True)
            place.hardlink_to(source)
            return True
    part = incoming / f"{place.name}.part"
    try:
        make_file(part)
        with archive.storage.open(location) as file, part.open("wb") as out:
            while piece := file.read(_PIECE):
                out.write(piece)
            out.flush()
            sync_file(out.fileno())
        if source is not None:
            _keep_time(source, part)
        part.replace(place)
    except NotFoundError:
        part.unlink(missing_ok=True)
        return False
    return True


def _keep_time(source: str, part: Path) -> None:
    """Keep the time of a file, by which `rebuild` tells when it was received."""
    with suppress(OSError):
        found = Path(source).stat()
        os.utime(part, ns=(found.st_atime_ns, found.st_mtime_ns))


def _copy_index(archive: Archive, root: Path) -> None:
    """Copy an index in SQLite as it is at one moment; who writes to it does not wait for long."""
    path = archive.index.database.url.partition("///")[2]
    part = root / f"{_INDEX}.part"
    part.unlink(missing_ok=True)
    make_file(part)
    source = f"{Path(path).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(source, uri=True)) as now, closing(sqlite3.connect(part)) as copy:
        now.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
    with part.open("r+b") as file:
        sync_file(file.fileno())
    for suffix in ("-wal", "-shm"):
        Path(f"{root / _INDEX}{suffix}").unlink(missing_ok=True)
    part.replace(root / _INDEX)
    sync_folder(root)


def _fit_index(root: Path) -> None:
    """Name files in the copy of the index as they are in the folder; forget what was deleted while it was made."""
    storage = Folder(root)
    index = Index(f"sqlite:///{root / _INDEX}")
    try:
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
    finally:
        index.close()


def _prune(archive: Archive, root: Path, *, with_index: bool) -> int:
    """Remove files from the copy that the archive no longer has: a deleted instance must not come back from it."""
    index = Index(f"sqlite:///{root / _INDEX}") if with_index else archive.index
    removed, prefix = 0, ""
    known: set[str] = set()
    try:
        for area in AREAS:
            without_row: dict[str, str] = {}
            for stored in Folder(root).files(area):
                if area != "originals" and stored.sha256[:2] != prefix:
                    prefix = stored.sha256[:2]
                    known = index.digests(prefix)
                if area == "originals" or stored.sha256 not in known:
                    without_row[stored.sha256] = stored.location
            # A file that the archive still has stays, row or none: an index can be lost, and `--repair` takes it in.
            for stored in archive.storage.files(area) if without_row else ():
                without_row.pop(stored.sha256, None)
            for location in without_row.values():
                (root / location).unlink(missing_ok=True)
                removed += 1
    finally:
        if with_index:
            index.close()
    return removed
