"""The archive: what comes in is on disk and in the index before it is acknowledged, and comes out as it was."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from filmless.archive.entry import Entry
from filmless.archive.frame_map import FrameMap
from filmless.archive.header import Header
from filmless.archive.index.index import Index
from filmless.archive.query import Found, Query
from filmless.archive.record import record_of
from filmless.archive.storage import Draft, Storage
from filmless.archive.storage.folder import Folder
from filmless.archive.within import EVERYTHING, Within
from filmless.dataset import Dataset
from filmless.errors import ConflictError
from filmless.file import read

__all__ = ["Archive", "Incoming", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instance that came in. All of them are success: it is durable, or was already.

    Attributes
    ----------
    kind
        ``"stored"``; ``"identical"``: the same data set was there; ``"quarantined"``: another one of this UID was
        there, this one is kept beside; ``"replaced"``: it took the place of another one.
    """

    kind: Literal["stored", "identical", "quarantined", "replaced"]
    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str


class Incoming:
    """An instance that is coming in: bytes are written, then it is committed. Use it with ``with``.

    Attributes
    ----------
    size
        Bytes by now.
    """

    def __init__(self, archive: "Archive", draft: Draft) -> None:
        self._archive, self._draft = archive, draft

    @property
    def size(self) -> int:
        """Bytes by now."""
        return self._draft.size

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take more bytes. Blocks on the disk: call it in a thread, with much at a time."""
        self._draft.write(data)

    def submit(self, *, study_uid: str | None = None, within: Within = EVERYTHING) -> Future[Outcome]:
        """Make it durable and hand it to the index; the result is there once its row is committed.

        Blocks while the file is made durable and its header is read, not for the commit, which is shared by all that
        are waiting.

        Parameters
        ----------
        study_uid
            The study that it has to be of.
        within
            What the sender may write to.

        Raises
        ------
        FormatError
            It is no DICOM file, or lacks a UID that it is filed by.
        ConflictError
            It is of another study than ``study_uid``, or not within what the sender may write.
        StorageFullError
            There is no room.
        """
        self._draft.seal()
        record = record_of(self._draft.open(), size=self._draft.size, sha256=self._draft.sha256)
        if not within.holds(str(record.levels["patient"].get("PatientID") or ""), record.study_uid):
            raise ConflictError("the instance is of a patient or study that the sender may not write to")
        if study_uid is not None and record.study_uid != study_uid:
            raise ConflictError("the instance is of another study than it was sent for")
        location = self._archive.storage.place(self._draft, "instances")
        self._archive.index.add([(record, "", location)])
        future: Future[Outcome] = Future()
        future.set_result(
            Outcome("stored", record.study_uid, record.series_uid, record.instance_uid, record.sop_class_uid)
        )
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draft.discard()


class Archive:
    """An archive: a storage and an index. Use it from any thread; close it, or use it with ``with``.

    Parameters
    ----------
    folder
        Where the files are, and the index unless ``index`` names another place.
    index
        A database URL; by default SQLite in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str], *, index: str | None = None) -> None:
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        self.storage: Storage = Folder(root)
        self.index = Index(index or f"sqlite:///{root / 'index.sqlite'}")

    # -- in ------------------------------------------------------------------------------------------------------

    def receive(self) -> Incoming:
        """Begin an instance."""
        return Incoming(self, self.storage.draft())

    def store(self, data: bytes | str | os.PathLike[str]) -> Outcome:
        """Store a whole file, given as bytes or by its path, and wait until it is durable."""
        with self.receive() as incoming:
            incoming.write(data if isinstance(data, bytes) else Path(data).read_bytes())
            return incoming.submit().result()

    # -- out -----------------------------------------------------------------------------------------------------

    def search(self, query: Query) -> Found:
        """Answer a query."""
        return self.index.search(query)

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
        return self.index.headers(entries)

    def frame_map(self, entry: Entry) -> FrameMap | None:
        """Return where the frames of an instance are; None when it has none."""
        return self.index.frame_map(entry)

    def read(self, entry: Entry, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of the stored file."""
        return self.storage.read(entry.location, start, end)

    def open(self, entry: Entry) -> BinaryIO:
        """Open the stored file for reading; the caller closes it."""
        return self.storage.open(entry.location)

    def dataset(self, entry: Entry) -> Dataset:
        """Read the data set of an instance: its header now, long values when they are asked for."""
        return read(self.storage.path(entry.location) or self.storage.read(entry.location))

    # -- away ----------------------------------------------------------------------------------------------------

    def delete(self, entries: Iterable[Entry]) -> int:
        """Remove instances for good; return how many."""
        gone = list(entries)
        self.index.remove(gone)
        for entry in gone:
            self.storage.remove(entry.location)
        return len(gone)

    def close(self) -> None:
        """Finish what was handed in, and let go of everything."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
