"""The archive: what comes in is on disk and in the index before it is acknowledged, and comes out as it was."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from filmless.archive.ballast import Ballast
from filmless.archive.committer import Committer
from filmless.archive.entry import Entry
from filmless.archive.failures import failing_as_archive
from filmless.archive.folder_files import add_in_place
from filmless.archive.frame_map import FrameMap
from filmless.archive.header import Header
from filmless.archive.incoming import Incoming
from filmless.archive.index.database import Transaction
from filmless.archive.index.index import Index
from filmless.archive.index.writing import Placed
from filmless.archive.new_index import make_index
from filmless.archive.newcomer import Newcomer
from filmless.archive.options import Options
from filmless.archive.outcome import Outcome
from filmless.archive.query import Found, Level, Query, Row
from filmless.archive.record import Record, record_of
from filmless.archive.recovery import REBUILD, Tenure, record_of_stored, recover, refuse_lost_index
from filmless.archive.reservations import Reservations
from filmless.archive.storage import Draft, Storage, Stored
from filmless.archive.storage.folder import Folder
from filmless.archive.storage.in_place import InPlace
from filmless.archive.storage.opening import open_storage
from filmless.archive.within import EVERYTHING, Within
from filmless.dataset import Dataset
from filmless.errors import ArchiveError, ConflictError, DicomError, FormatError, NotFoundError, StorageFullError
from filmless.file import encode, read

__all__ = ["Archive"]

_PIECE: Final = 1 << 20
_CHUNK: Final = 500
_FEW: Final = 10


class Archive:
    """An archive: a storage and an index. Use it from any thread; close it, or use it with ``with``.

    Parameters
    ----------
    folder
        Where the files are, and the index unless ``index`` names another place. One process at a time may write to it.
    index
        A database URL (``postgresql+psycopg://...``); by default SQLite in the folder.
    storage
        An object store (``s3://bucket/prefix``, extra ``s3``), or a storage; by default the folder. What comes in waits
        in the folder all the same.
    options
        How instances are taken in.
    read_only
        Whether nothing is to be stored or deleted: another process may have the folder.
    on_written
        Of the index, see `Index`: also told of what a start takes in that a crash left behind.

    Raises
    ------
    ArchiveError
        Another process has the folder, or the index cannot be opened.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> with Archive("archive") as archive:
    ...     outcome = archive.store("slice.dcm")
    ...     [entry] = archive.entries(outcome.study_uid)
    ...     outcome.kind, archive.dataset(entry).Modality
    ('stored', 'CT')
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        index: str | None = None,
        storage: str | Storage | None = None,
        options: Options | None = None,
        read_only: bool = False,
        on_written: Callable[[Transaction, list[Placed]], None] | None = None,
    ) -> None:
        self.folder, self.options = Path(folder), options or Options()
        self._reserved, self._ballast = Reservations(), Ballast(self.folder)
        self._tenure: Tenure | None = None
        self._committer: Committer | None = None
        url = index or f"sqlite:///{(self.folder / 'index.sqlite').absolute().as_posix()}"
        is_without = index is None and not (self.folder / "index.sqlite").exists()
        if read_only and is_without:
            hint = REBUILD if (self.folder / "instances").is_dir() else None
            raise NotFoundError("there is no index" if hint else "there is no archive", path=self.folder, hint=hint)
        with failing_as_archive("the archive cannot be opened"):
            if not read_only:
                Folder(self.folder, umask=int(self.options.umask, 8)).prepare()
                self._tenure = Tenure(self.folder)
            try:
                self.storage = open_storage(storage, self.folder, umask=int(self.options.umask, 8))
                # After a crash all files without a row are taken in; otherwise nobody would look for them.
                if is_without and (self.storage.is_shared or (self._tenure and not self._tenure.is_unclean)):
                    refuse_lost_index(self.storage, self.folder)
                if not read_only and index is None:
                    make_index(self.folder / "index.sqlite", umask=int(self.options.umask, 8))
                self.index = Index(url)
                self.index.on_written = on_written
            except BaseException:
                if self._tenure:
                    self._tenure.end(is_clean=not self._tenure.is_unclean)
                raise
            if self._tenure:
                self._begin(self._tenure)

    def _begin(self, tenure: Tenure) -> None:
        self._ballast.fill()
        self._committer = committer = Committer(self.index, self.storage, self.options)
        found: list[Future[Outcome]] = []

        def adopt(stored: Stored) -> None:
            with suppress(ArchiveError, OSError):
                if future := self.adopt(stored):
                    found.append(future)
                return
            committer.is_clean = False

        try:
            recover(self.storage, self.index, is_unclean=tenure.is_unclean, adopt=adopt)
            if any(future.exception() is not None for future in found):
                # There may be no room: what is there can be read all the same, and deleted; the next start tries again.
                committer.is_clean = False
        except BaseException:
            committer.close()
            self.index.close()
            tenure.end(is_clean=False)
            raise

    def tell_outcomes(self, told: Callable[[Outcome, int], None]) -> None:
        """Have a function called with what becomes of each instance, and the bytes of its file. It must not wait."""
        self._writing().told = told

    # -- in ------------------------------------------------------------------------------------------------------

    def receive(self, draft: Draft | None = None) -> Incoming:
        """Begin an instance; ``draft`` is what it is written to, by default one of the storage."""
        return Incoming(self.storage, self._writing(), self._reserved, draft)

    def holding(self, instance_uids: Iterable[str]) -> AbstractContextManager[None]:
        """Keep others of this process from storing, replacing and deleting some instances, while ``with`` lasts.

        Who holds them must not do so by `store` or `delete`, which would wait for ever.
        """
        return self._reserved.holding(instance_uids)

    def taking_away(self, locations: Iterable[str]) -> AbstractContextManager[None]:
        """Have files of the storage in the trash while ``with`` takes their rows away, then remove them for good.

        If it raises, they stay there until the index can say whether it has rows for them.
        """
        return self._writing().taking_away(locations)

    def leave_in_trash(self, locations: Iterable[str]) -> None:
        """Have files of the storage in the trash until the index can say whether it has rows for them."""
        self._writing().leave_in_trash(locations)

    def store(self, data: bytes | str | os.PathLike[str] | Dataset) -> Outcome:
        """Store a whole file, given as bytes or by its path, or a data set, and wait until it is durable.

        Raises
        ------
        FormatError
            It is no DICOM file, or lacks a UID that it is filed by.
        ArchiveError
            It could not be stored.

        Examples
        --------
        >>> from filmless import read
        >>> ds = read("slice.dcm")
        >>> ds.PatientID = "42"
        >>> with Archive("archive") as archive:
        ...     archive.store(ds).kind
        'stored'
        """
        data = encode(data) if isinstance(data, Dataset) else data
        with self.receive() as incoming:
            if isinstance(data, bytes):
                incoming.write(data)
                return incoming.submit(is_waited_for=True).result()
            with Path(data).open("rb") as file:
                while piece := file.read(_PIECE):
                    incoming.write(piece)
            try:
                return incoming.submit(is_waited_for=True).result()
            except FormatError as error:
                error.path = os.fspath(data)  # and not where it was put to be looked at
                raise

    def adopt(self, stored: Stored) -> Future[Outcome] | None:
        """Take in a file that is in the storage without a row, by the rules for what a sender brings.

        It never replaces an instance: how old it is nobody knows, so that another one is set aside.

        Returns
        -------
        concurrent.futures.Future or None
            None for a file that is damaged or no instance: it is left where it is.
        """
        record = record_of_stored(self.storage, stored)
        if record is None:
            return None
        uid = (record.instance_uid,)
        self._reserved.take(uid)
        newcomer = Newcomer(
            record, stored.location, is_new=False, may_replace=False, done=lambda: self._reserved.release(uid)
        )
        try:
            if stored.location.startswith("quarantine/"):
                newcomer.location = self.storage.move(stored.location, "instances")
            self.storage.settle([newcomer.location])
            return self._writing().submit(newcomer)
        except BaseException:
            self._reserved.release(uid)
            raise

    def add_in_place(
        self, folder: str | os.PathLike[str], paths: Sequence[str | os.PathLike[str]], *, pool: Executor | None = None
    ) -> list[Outcome | DicomError | OSError]:
        """Index files of a folder that is served where it is; they are read again whenever they are asked for.

        Parameters
        ----------
        folder
            The folder.
        paths
            The files, which share a transaction.
        pool
            Threads to read them in.

        Returns
        -------
        list
            What became of each: ``"identical"`` is an instance of this UID and these bytes that is known already. Or
            why it is not indexed: a FormatError where it is no DICOM file, or lacks a UID that it is filed by; a
            ConflictError where another instance of its UID is known.
        """
        self._writing()
        return add_in_place(self.index, self._reserved, InPlace(folder), paths, pool)

    def forget(self, entries: Iterable[Entry]) -> int:
        """Take files that are served in place out of the index; the files stay. Return how many."""
        gone = [entry for entry in entries if entry.storage]
        with failing_as_archive("the instances cannot be forgotten"):
            self.index.remove(gone)
        return len(gone)

    # -- out -----------------------------------------------------------------------------------------------------

    def search(self, query: Query | Level, **options: Any) -> Found:
        """Answer a query.

        Parameters
        ----------
        query
            The level, ``"patient"``, ``"study"``, ``"series"`` or ``"instance"``; or a `Query`, alone.
        **options
            Matching keys by keyword, and ``include``, ``fuzzy``, ``limit``, ``offset``, ``within``, ``timeout_s``: see
            `Query.of`.

        Raises
        ------
        ValueError
            There is no such level or keyword.
        ValueRepresentationError
            A key of a date or time is none.
        LimitError
            There are too many keys, or the time is up.

        Examples
        --------
        >>> with Archive("archive") as archive:
        ...     archive.store("slice.dcm").kind
        ...     [row] = archive.search("study", ModalitiesInStudy="CT").rows
        ...     row.dataset.ModalitiesInStudy
        'stored'
        'CT'
        """
        if isinstance(query, Query):
            if options:
                raise TypeError("what is sought stands in the query: keywords go with a level")
            return self.index.search(query)
        return self.index.search(Query.of(query, **options))

    def rows(self, query: Query) -> Generator[Row]:
        """Answer a query as its answers are taken, however many there are; close it, or take it to its end.

        `Query.limit` and `Query.offset` do not count. One thread at a time takes them, and it need not be the same.

        Raises
        ------
        ValueRepresentationError
            A key of a date or time is none.
        LimitError
            There are too many keys, or the time is up.
        """
        return self.index.rows(query)

    def entries(
        self,
        study_uid: str,
        series_uid: str | None = None,
        instance_uid: str | None = None,
        *,
        within: Within = EVERYTHING,
    ) -> list[Entry]:
        """Return the instances of a study, of a series or one alone, in a stable order; empty when there are none."""
        return self.index.entries(study_uid, series_uid, instance_uid, within=within)

    def headers(self, entries: Iterable[Entry]) -> Iterator[Header]:
        """Return the header of each of these."""
        return self.index.headers(entries, renew=self._record)

    def frame_map(self, entry: Entry) -> FrameMap | None:
        """Return where the frames of an instance are; None when it has none."""
        return self.index.frame_map(entry, renew=self._record)

    def read(self, entry: Entry, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of the stored file.

        Raises
        ------
        NotFoundError
            The file is gone: it was deleted in the meantime.
        """
        return self._keeper(entry).read(entry.location, start, end)

    def open(self, entry: Entry) -> BinaryIO:
        """Open the stored file for reading; the caller closes it.

        What is open is read to its end, even if it is deleted meanwhile.

        Raises
        ------
        NotFoundError
            The file is gone: it was deleted in the meantime.
        """
        return self._keeper(entry).open(entry.location)

    def path(self, entry: Entry) -> str | None:
        """Return the path of the stored file; None in an object store."""
        return self._keeper(entry).path(entry.location)

    def dataset(self, entry: Entry) -> Dataset:
        """Read the data set of an instance: its header now, long values when they are asked for.

        Raises
        ------
        NotFoundError
            The file is gone: it was deleted in the meantime.
        """
        path = self.path(entry)
        if path is not None:
            with suppress(FileNotFoundError):
                return read(path)
        return read(
            self.read(entry)
        )  # in an object store, or being deleted or replaced: then it is read while it is there

    def _record(self, entry: Entry) -> Record:
        """Make the record of an instance again, for what an older version of the encoder made."""
        keeper = self._keeper(entry)
        source = keeper.path(entry.location) or keeper.read(entry.location)
        with failing_as_archive("the file of an instance cannot be read"):
            return record_of(source, size=entry.size, sha256=entry.sha256)

    def _keeper(self, entry: Entry) -> Storage | InPlace:
        return InPlace(entry.storage, size=entry.size) if entry.storage else self.storage

    # -- away ----------------------------------------------------------------------------------------------------

    def delete(self, entries: Iterable[Entry]) -> int:
        """Remove instances for good; return how many. Those that are gone already, or were replaced, do not count.

        Raises
        ------
        ConflictError
            One of them is served in place: nothing is removed then.
        """
        committer, gone = self._writing(), list(entries)
        if any(entry.storage for entry in gone):
            raise ConflictError("an instance of a folder that is served in place cannot be deleted")
        with failing_as_archive("the instances cannot be deleted"):
            try:
                return self._delete_all(committer, gone, at_once=_CHUNK)
            except StorageFullError:
                # What has been deleted by now is counted as gone; each few that go make room for the next.
                self._ballast.drop()
                left = [entry for entry in gone if self._is_current(entry)]
                return len(gone) - len(left) + self._delete_all(committer, left, at_once=_FEW)
            finally:
                self._ballast.fill()

    def _delete_all(self, committer: Committer, entries: list[Entry], *, at_once: int) -> int:
        starts = range(0, len(entries), at_once)
        return sum(self._delete(committer, entries[start : start + at_once]) for start in starts)

    def _delete(self, committer: Committer, entries: list[Entry]) -> int:
        with self._reserved.holding(entry.instance_uid for entry in entries):
            entries = [entry for entry in entries if self._is_current(entry)]
            locations = [entry.location for entry in entries]
            with committer.taking_away(locations):
                self.index.remove(entries)
        return len(entries)

    def _is_current(self, entry: Entry) -> bool:
        now = self.index.find(entry.instance_uid)
        return now is not None and (now.id, now.location) == (entry.id, entry.location)

    # -- the end -------------------------------------------------------------------------------------------------

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be stored or deleted."""
        return self._committer is None

    def _writing(self) -> Committer:
        if self._committer is None:
            raise ArchiveError("the archive is closed, or was opened for reading only")
        return self._committer

    def close(self) -> None:
        """Finish what was handed in, and let go of everything."""
        committer, self._committer = self._committer, None
        is_clean = committer.close() if committer else True
        self.index.close()
        tenure, self._tenure = self._tenure, None
        if tenure:
            tenure.end(is_clean=is_clean)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
