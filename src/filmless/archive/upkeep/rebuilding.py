"""The index made again from the files."""

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filmless.archive.archive import Archive
from filmless.archive.index.index import Index
from filmless.archive.outcome import Outcome
from filmless.archive.storage import Area, Stored
from filmless.archive.upkeep.rows import clear, receive_at
from filmless.convert.parallel import in_order
from filmless.errors import DicomError
from filmless.file.media import Remark

__all__ = ["RebuildReport", "rebuild"]

# What is current first: what was set aside then meets it again.
_AREAS: Final[tuple[Area, ...]] = ("instances", "quarantine")
_PARTS: Final = ("", "-wal", "-shm")
_ASIDE: Final = ".before-rebuild"
_AHEAD: Final = 256  # in hand: as many share a transaction

Told = Callable[[], None]


@dataclass
class RebuildReport:
    """What became of the files of an archive whose index was made again.

    Attributes
    ----------
    instances, conflicts
        How many are current, and how many are set aside.
    failed
        Files that are damaged or no instances; they are left where they are.
    """

    instances: int = 0
    conflicts: int = 0
    failed: list[Remark] = field(default_factory=list)


def rebuild(
    folder: str | os.PathLike[str],
    *,
    index: str | None = None,
    threads: int | None = None,
    progress: Told = lambda: None,
    **options: Any,
) -> RebuildReport:
    """Make the index of an archive again from its files: it may be lost or damaged, or of another version.

    What is asked of the archive afterwards is answered as before. When an instance was received is told by the time of
    its file. Folders that are served in place are indexed again by the server.

    Parameters
    ----------
    folder
        The archive's folder. No server may be at work in it.
    index
        The URL of its index; by default SQLite in the folder.
    threads
        How many files are read at a time.
    progress
        Called after each file.
    **options
        As of `Archive`: ``storage``, ``options``.

    Raises
    ------
    ArchiveError
        Another process is at work in the folder, or the index cannot be written. An index in SQLite is then what it
        was.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import rebuild
    >>> with Archive("archive") as archive:
    ...     _ = archive.store("slice.dcm")
    >>> rebuild("archive").instances
    1
    """
    root = Path(folder)
    if index is None or index.startswith("sqlite"):
        return _with_new_file(root, index, threads=threads, progress=progress, **options)
    with Archive(root, index=index, **options) as archive:
        clear(archive.index)
        return _adopted(archive, threads, progress)


def _with_new_file(
    root: Path, index: str | None, *, threads: int | None, progress: Told, **options: Any
) -> RebuildReport:
    """Make a new file of the index; the old one is put back when that fails."""
    path = root / "index.sqlite" if index is None else Path(index.partition("///")[2])
    aside = [(Path(f"{path}{part}"), Path(f"{path}{_ASIDE}{part}")) for part in _PARTS]
    tenure = _tenure(root)
    try:
        for now, before in aside:
            with suppress(FileNotFoundError):
                now.replace(before)
    finally:
        tenure.end(is_clean=True)  # all files are taken in below, whoever left them
    try:
        # By its URL: without one an archive refuses to begin an index beside instances.
        url = index or f"sqlite:///{path.absolute().as_posix()}"
        with Archive(root, index=url, **options) as archive:
            report = _adopted(archive, threads, progress)
            _keep_queue(aside[0][1], archive.index)
    except BaseException:
        for now, before in aside:
            now.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                before.replace(now)
        raise
    for _, before in aside:
        before.unlink(missing_ok=True)
    return report


def _keep_queue(before: Path, index: Index) -> None:
    """Take over what waits for being sent on, which no file tells of; from a damaged index as far as it can be read."""
    columns = "peer, instance_uid, sha256, state, attempts, due, error, queued"
    rows: list[tuple[Any, ...]] = []
    if before.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(before)) as old:
            rows.extend(old.execute(f"SELECT {columns} FROM forward"))  # noqa: S608 - names of ours
    if rows:
        sql = f"INSERT INTO forward ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608
        index.database.write(lambda transaction: transaction.many(sql, rows))


def _tenure(root: Path) -> Any:
    from filmless.archive.failures import failing_as_archive
    from filmless.archive.recovery import Tenure

    with failing_as_archive("the archive cannot be opened"):
        return Tenure(root)


def _adopted(archive: Archive, threads: int | None, progress: Told) -> RebuildReport:
    report = RebuildReport()

    def adopt(stored: Stored) -> Future[Outcome] | None:
        return archive.adopt(stored)

    for area in _AREAS:
        times: list[tuple[float, str]] = []
        # In the order they came, which is told by the times of files: instances without a number are sorted by it.
        files = sorted(
            archive.storage.files(area), key=lambda stored: (_time_of(archive, stored) or 0, stored.location)
        )
        with closing(in_order(adopt, files, threads=threads, ahead=_AHEAD)) as results:
            for stored, adopted in results:
                try:
                    future = adopted.result()
                    kind = None if future is None else future.result().kind
                except (DicomError, OSError) as error:
                    message = error.message if isinstance(error, DicomError) else "it cannot be read"
                    report.failed.append(Remark("failed", message, stored.location))
                else:
                    if kind is None:
                        report.failed.append(Remark("damaged", "it is damaged, or no instance", stored.location))
                    elif (time := _time_of(archive, stored)) is not None:
                        times.append((time, stored.location))
                progress()
        receive_at(archive.index, times)
    totals = archive.index.totals()
    report.instances, report.conflicts = totals.instances, totals.conflicts
    return report


def _time_of(archive: Archive, stored: Stored) -> float | None:
    path = archive.storage.path(stored.location)
    try:
        return None if path is None else Path(path).stat().st_mtime
    except OSError:
        return None
