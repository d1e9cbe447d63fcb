"""Folders that are served where they are: what is new in them is indexed, what changed anew, what is gone forgotten."""

import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from filmless.archive import Archive, Entry, Outcome
from filmless.archive.index.database import Database, Transaction
from filmless.errors import ArchiveError, ConflictError, DicomError, FormatError, LimitError, UnsupportedError
from filmless.server.logs import Log

__all__ = ["FolderInPlace", "State", "folder_counts", "forget_others", "in_parts", "walk"]

_TOGETHER: Final = 200  # files of a folder that are looked at before what they are is noted
_TOGETHER_BYTES: Final = 64 << 20
_OWN: Final = ".filmless-"  # names of files in which filmless keeps books

State = tuple[int, int]


class _Known(NamedTuple):
    """What is known of a file from the last look."""

    size: int
    changed_ns: int
    kind: str  # "instance"; "other": no instance; "duplicate": an instance that is known elsewhere
    instance_uid: str


class FolderInPlace:
    """A folder that is served where it is.

    Parameters
    ----------
    archive
        What it is indexed by.
    folder
        The folder.
    leave_out
        A folder that is not looked into, should it be below: the archive's own.
    threads
        Files that are read at a time.
    """

    def __init__(
        self, archive: Archive, database: Database, folder: Path, *, leave_out: Path, threads: int, log: Log
    ) -> None:
        self._archive, self._database, self._log = archive, database, log
        self._root = os.path.abspath(folder)  # noqa: PTH100 - as the archive names it: links in it stay
        self._stopping = threading.Event()
        self._leave_out, self._threads = os.path.abspath(leave_out), threads  # noqa: PTH100

    def look(self, stopping: threading.Event) -> float | None:
        """Look at all files once. What was not finished when it has to stop is taken up at the next look."""
        unread: set[str] = set()
        seen: set[str] = set()
        self._stopping = stopping
        counts = {"new": 0, "gone": 0, "duplicates": 0}
        with ThreadPoolExecutor(self._threads, "filmless-in-place") as pool:
            for folder, files in walk(self._root, unread, leave_out=self._leave_out):
                if stopping.is_set():
                    return None
                seen.add(folder)
                self._look_at(folder, files, pool, counts)
        if stopping.is_set():
            return None
        if "" in unread:
            self._log.warning("a folder cannot be read, what is known of it stays", folder=self._root)
            return None
        for folder in self._folders() - seen:
            if not any(_is_below(folder, one) for one in unread):
                counts["gone"] += self._forget(folder, self._known(folder))
        if unread:
            self._log.warning("folders cannot be read", folder=self._root, folders=len(unread))
        duplicates = counts.pop("duplicates")
        if counts["new"] or counts["gone"]:
            self._log.info("looked at a folder", folder=self._root, **counts)
        if duplicates:
            message = "files are not served, instances of their UIDs are there already"
            self._log.warning(message, folder=self._root, files=duplicates)
        # What was held back by an instance that is gone can take its place: look again at once.
        return 0.0 if counts["gone"] and self._reconsider() else None

    def _look_at(
        self,
        folder: str,
        files: dict[str, State],
        pool: ThreadPoolExecutor,
        counts: dict[str, int],
    ) -> None:
        known = self._known(folder)
        counts["gone"] += self._forget(folder, {name: was for name, was in known.items() if name not in files})
        changed = [name for name, state in files.items() if name not in known or known[name][:2] != state]
        for part in in_parts(changed, files):
            if self._stopping.is_set():
                return
            found = zip(part, self._index(part, pool), strict=True)
            rows = {name: _Known(*files[name], *what) for name, what in found if what is not None}
            other = {name: was for name, was in known.items() if name in rows and was[3] != rows[name][3]}
            counts["gone"] += self._forget_entries(other)
            self._note(folder, rows)
            counts["new"] += sum(row.kind == "instance" for row in rows.values())
            counts["duplicates"] += sum(row.kind == "duplicate" for row in rows.values())

    def _index(self, locations: list[str], pool: ThreadPoolExecutor) -> list[tuple[str, str] | None]:
        """Index files; return what each is and its UID, or None when that cannot be said now."""
        try:
            found = self._archive.add_in_place(self._root, locations, pool=pool)
        except ArchiveError as error:
            # The index is busy, or has no room: the next look tries again.
            self._log.warning("files cannot be indexed", folder=self._root, error=error.message)
            return [None] * len(locations)
        return [self._what(location, one) for location, one in zip(locations, found, strict=True)]

    def _what(self, location: str, found: Outcome | DicomError | OSError) -> tuple[str, str] | None:
        if isinstance(found, (FormatError, LimitError, UnsupportedError)):
            return "other", ""
        if isinstance(found, ConflictError):
            return "duplicate", ""
        if isinstance(found, Exception):
            # The file was removed, or may not be read: the next look tries again.
            self._log.debug("a file cannot be indexed", error=type(found).__name__)
            return None
        if found.kind == "identical":
            entry = self._archive.index.find(found.instance_uid)
            if entry is None or not self._is_ours(entry, location):
                return "duplicate", ""
        return "instance", found.instance_uid

    def _is_ours(self, entry: Entry, location: str) -> bool:
        return (entry.storage, entry.location) == (self._root, location)

    # -- what is known -------------------------------------------------------------------------------------------

    def _known(self, folder: str) -> dict[str, _Known]:
        rows = self._database.rows(
            "SELECT location, size, changed_ns, kind, instance_uid FROM folder_file WHERE storage = ? AND folder = ?",
            (self._root, folder),
        )
        return {name: _Known(*rest) for name, *rest in rows}

    def _folders(self) -> set[str]:
        rows = self._database.rows("SELECT DISTINCT folder FROM folder_file WHERE storage = ?", (self._root,))
        return {folder for (folder,) in rows}

    def _note(self, folder: str, rows: dict[str, _Known]) -> None:
        values = [(self._root, name, folder, *row) for name, row in rows.items()]
        sql = (
            "INSERT INTO folder_file (storage, location, folder, size, changed_ns, kind, instance_uid) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (storage, location) DO UPDATE SET "
            "size = excluded.size, changed_ns = excluded.changed_ns, kind = excluded.kind, "
            "instance_uid = excluded.instance_uid"
        )
        if values:
            self._database.write(lambda transaction: transaction.many(sql, values))

    def _forget(self, folder: str, gone: dict[str, _Known]) -> int:
        """Forget files of a folder that are gone; return how many instances they were."""
        count = self._forget_entries(gone)
        if gone:
            values = (self._root, folder)

            def work(transaction: Transaction) -> None:
                sql = "DELETE FROM folder_file WHERE storage = ? AND folder = ? AND location IN [?]"
                transaction.run(sql, (*values, transaction.list(gone)))

            self._database.write(work)
        return count

    def _forget_entries(self, gone: dict[str, _Known]) -> int:
        """Take the instances that files were out of the index; what became of their UIDs elsewhere stays."""
        found = ((name, self._archive.index.find(was.instance_uid)) for name, was in gone.items() if was.instance_uid)
        entries = [entry for name, entry in found if entry is not None and self._is_ours(entry, name)]
        return self._archive.forget(entries)

    def _reconsider(self) -> bool:
        """Have duplicates looked at again; return whether there are any."""
        sql = "UPDATE folder_file SET changed_ns = -1 WHERE kind = 'duplicate' AND storage = ?"
        return self._database.write(lambda transaction: transaction.run(sql, (self._root,))) > 0


def forget_others(archive: Archive, database: Database, folders: Iterable[Path]) -> None:
    """Forget folders that are not served any more."""
    served = {os.path.abspath(folder) for folder in folders}  # noqa: PTH100
    for (storage,) in database.rows("SELECT DISTINCT storage FROM folder_file"):
        if storage not in served:
            sql = "SELECT instance_uid FROM folder_file WHERE storage = ? AND kind = 'instance'"
            found = (archive.index.find(uid) for (uid,) in database.rows(sql, (storage,)))
            archive.forget(entry for entry in found if entry is not None and entry.storage == storage)
            _forget_files(database, storage)


def _forget_files(database: Database, storage: str) -> None:
    sql = "DELETE FROM folder_file WHERE storage = ?"
    database.write(lambda transaction: transaction.run(sql, (storage,)))


def folder_counts(database: Database) -> dict[str, float]:
    """Return how many files there are in all folders, by what they are."""
    return {kind: float(count) for kind, count in database.rows("SELECT kind, COUNT(*) FROM folder_file GROUP BY kind")}


def walk(root: str, unread: set[str], *, leave_out: str) -> Iterator[tuple[str, dict[str, State]]]:
    """Give each folder below another, by its path with slashes, with the size and time of its files.

    Parameters
    ----------
    root
        The folder.
    unread
        Takes the paths of folders that cannot be read.
    leave_out
        A folder that is not looked into.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        files: dict[str, State] = {}
        try:
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - many
                for entry in entries:
                    below = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if os.path.abspath(entry.path) != leave_out:  # noqa: PTH100
                            waiting.append(below)
                    elif not entry.name.startswith(_OWN) and (state := _state(entry)) is not None:
                        files[below] = state
        except OSError:
            unread.add(folder)
            continue
        yield folder, files


def in_parts(names: Iterable[str], files: Mapping[str, State]) -> Iterator[list[str]]:
    """Divide files into parts that share a transaction, none of which takes long to read."""
    part: list[str] = []
    size = 0
    for name in names:
        part.append(name)
        size += files[name][0]
        if len(part) == _TOGETHER or size >= _TOGETHER_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _state(entry: "os.DirEntry[str]") -> State | None:
    """Return size and time of a file; None for what is none, as a link to nothing or a FIFO."""
    try:
        status = entry.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _is_below(folder: str, above: str) -> bool:
    return folder == above or folder.startswith(f"{above}/")
