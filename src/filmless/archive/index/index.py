"""The index of an archive: what is known of patients, studies, series and instances."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from filmless.archive.entry import Entry
from filmless.archive.frame_map import FrameMap
from filmless.archive.header import ENCODER, Header
from filmless.archive.index import reading, search, writing
from filmless.archive.index.columns import clean
from filmless.archive.index.database import Database, Transaction, open_database
from filmless.archive.index.migrations import migrate
from filmless.archive.index.writing import Placed
from filmless.archive.query import Found, Query, Row
from filmless.archive.record import Record
from filmless.archive.within import EVERYTHING, Within
from filmless.errors import ArchiveError, NotFoundError

__all__ = ["Conflict", "Index", "StudyTotals", "Totals"]

_PAGE: Final = 1000  # rows in memory, where many are gone through
_HEADERS: Final = 100  # of 2 to 50 KB each


class Conflict(NamedTuple):
    """A file that is kept beside another one of the same SOP Instance UID."""

    id: int
    study_uid: str
    series_uid: str
    instance_uid: str
    size: int
    sha256: str
    storage: str
    location: str
    received: float


class Totals(NamedTuple):
    """How much there is."""

    patients: int
    studies: int
    series: int
    instances: int
    size: int  # bytes of the files
    conflicts: int


class StudyTotals(NamedTuple):
    """How much there is of a study."""

    study_uid: str
    patient_id: str
    series: int
    instances: int
    size: int
    received: float


class Index:
    """An index in a database. Use it from any thread; several processes may share one in PostgreSQL.

    Parameters
    ----------
    url
        ``sqlite:///path`` or ``postgresql://host/database``.

    Attributes
    ----------
    on_written
        Called with what was added or put in another's place, in the transaction that does it: rows of others that
        have to be there when those of the instances are. It may be called again, when the transaction has to be.

    Raises
    ------
    ArchiveError
        The database cannot be reached, its driver is not installed, or it was made by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self.on_written: Callable[[Transaction, list[Placed]], None] | None = None
        try:
            migrate(self._database)
        except BaseException:
            self._database.close()
            raise

    @property
    def database(self) -> Database:
        """The database, for tables of others in it."""
        return self._database

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # -- writing: each is durable on return ----------------------------------------------------------------------

    def add(self, batch: Iterable[Placed], *, within: Iterable[Within] = ()) -> list[bool]:
        """Add instances, all in one transaction.

        Parameters
        ----------
        batch
            Of each the record, the storage (``""`` for the archive's own) and the location there.
        within
            What the sender of each may write to; by default everything.

        Returns
        -------
        list of bool
            For each whether it was added; False when an instance of its UID was there already, or earlier in the batch.

        Raises
        ------
        ConflictError
            One is of a study whose patient its sender may not write to. Nothing was added.
        """
        placed = list(batch)
        restricted = [
            (one[0].study_uid, limits)
            for one, limits in zip(placed, within, strict=False)
            if limits.patients is not None
        ]
        if not placed:
            return []

        def work(transaction: Transaction) -> list[bool]:
            added = writing.add(transaction, placed)
            if restricted:  # here, where nobody else can have made the study meanwhile
                writing.require_within(transaction, restricted)
            return self._told(transaction, placed, added)

        return self._database.write(work)

    def replace(self, changes: Iterable[tuple[Entry, Record, str, str]]) -> list[bool]:
        """Put records, with their storage and location, in the place of entries, all in one transaction.

        What is known of the patients, studies and series above is taken from the new records.

        Returns
        -------
        list of bool
            For each whether it was replaced; False when its entry was there no more: then nothing was done with it.

        Raises
        ------
        ConflictError
            The UID of one of the records is that of yet another instance. Nothing was replaced.
        """
        pairs = [(entry, (record, storage, location)) for entry, record, storage, location in changes]
        if not pairs:
            return []
        placed = [placed for _, placed in pairs]
        return self._database.write(
            lambda transaction: self._told(transaction, placed, writing.replace(transaction, pairs))
        )

    def _told(self, transaction: Transaction, placed: list[Placed], done: list[bool]) -> list[bool]:
        """Tell in the same transaction what was written, to who asked for that."""
        if self.on_written is not None:
            self.on_written(transaction, [one for one, is_done in zip(placed, done, strict=True) if is_done])
        return done

    def remove(self, entries: Iterable[Entry]) -> list[bool]:
        """Remove instances, and what is empty then, all in one transaction; return for each whether it was there."""
        gone = list(entries)
        return self._database.write(lambda transaction: writing.remove(transaction, gone)) if gone else []

    # -- looking up ----------------------------------------------------------------------------------------------

    def entries(
        self,
        study_uid: str,
        series_uid: str | None = None,
        instance_uid: str | None = None,
        *,
        within: Within = EVERYTHING,
    ) -> list[Entry]:
        """Return the instances of a study, of a series or one alone, in a stable order; empty when there are none."""
        return reading.entries(self._database, study_uid, series_uid, instance_uid, within)

    def find(self, instance_uid: str) -> Entry | None:
        """Return an instance by its UID."""
        rows = self._database.rows(f"{reading.ENTRY} WHERE i.uid = ?", (clean(instance_uid),))
        return reading.entry_of(rows[0]) if rows else None

    def patient_of(self, study_uid: str) -> str | None:
        """Return the Patient ID that a study is of; None when there is no such study.

        An instance that comes in goes to the study of its UID, whatever Patient ID it has itself.
        """
        rows = self._database.rows("SELECT patient_id FROM study WHERE uid = ?", (clean(study_uid),))
        return str(rows[0][0]) if rows else None

    def locations(self, *, storage: str | None = None, after: int = 0) -> Iterator[Entry]:
        """Return every instance, in the order of their ids, a page at a time: it may be written meanwhile.

        Parameters
        ----------
        storage
            Of this storage only: ``""`` is the archive's own.
        after
            The id behind which to go on.
        """
        where = " WHERE i.id > ?" if storage is None else " WHERE i.id > ? AND i.storage = ?"
        sql = f"{reading.ENTRY}{where} ORDER BY i.id LIMIT {_PAGE}"
        while True:
            rows = self._database.rows(sql, (after,) if storage is None else (after, storage))
            yield from map(reading.entry_of, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def locations_of(self, digests: Iterable[str]) -> set[str]:
        """Return where the archive's own files of some digests are, by the rows of instances and of conflicts."""
        wanted = self._database.list(set(digests))
        sql = "SELECT location FROM {} WHERE sha256 IN [?] AND storage = ''"
        found = [self._database.rows(sql.format(table), (wanted,)) for table in ("instance", "conflict")]
        return {location for rows in found for (location,) in rows}

    def digests(self, prefix: str = "") -> set[str]:
        """Return the digests of all of the archive's own files, of instances and of conflicts, that begin so."""
        end = prefix + "g"  # behind every hexadecimal digit
        sql = "SELECT sha256 FROM {} WHERE sha256 >= ? AND sha256 < ? AND storage = ''"
        found = [self._database.rows(sql.format(table), (prefix, end)) for table in ("instance", "conflict")]
        return {digest for rows in found for (digest,) in rows}

    def headers(self, entries: Iterable[Entry], *, renew: Callable[[Entry], Record] | None = None) -> Iterator[Header]:
        """Return the header of each of these, in order, a hundred in memory at a time.

        Parameters
        ----------
        renew
            Makes the record of an instance from its file, where what is kept is of another version of the encoder.

        Raises
        ------
        NotFoundError
            One of them was removed meanwhile.
        """
        rest = iter(entries)
        while page := list(islice(rest, _HEADERS)):
            ids = self._database.list(entry.id for entry in page)
            rows = self._database.rows("SELECT instance, encoder, json FROM header WHERE instance IN [?]", (ids,))
            kept = {key: (encoder, json) for key, encoder, json in rows}
            for entry in page:
                encoder, json = kept.get(entry.id) or _missing()
                if encoder != ENCODER and renew is not None:
                    json = self._renewed(entry, renew(entry)).header
                yield Header(json)

    def frame_map(self, entry: Entry, *, renew: Callable[[Entry], Record] | None = None) -> FrameMap | None:
        """Return where the frames of an instance are; None when it has none.

        Raises
        ------
        NotFoundError
            It was removed meanwhile.
        """
        rows = self._database.rows("SELECT encoder, frames FROM header WHERE instance = ?", (entry.id,))
        encoder, data = rows[0] if rows else _missing()
        if encoder != ENCODER and renew is not None:
            return self._renewed(entry, renew(entry)).frames
        return None if data is None else FrameMap.unpack(data)

    def _renewed(self, entry: Entry, record: Record) -> Record:
        values = (record.encoder, record.header, record.frames.pack() if record.frames else None, entry.id)
        sql = "UPDATE header SET encoder = ?, json = ?, frames = ? WHERE instance = ?"
        with suppress(ArchiveError):  # it is only a cache: who asks is answered all the same
            self._database.write(lambda transaction: transaction.run(sql, values))
        return record

    # -- conflicts -----------------------------------------------------------------------------------------------

    def add_conflict(self, record: Record, storage: str, location: str, *, received: float) -> bool:
        """Keep in mind a file that is beside another one of its UID; False when it was there already."""
        sql = (
            "INSERT INTO conflict (study_uid, series_uid, instance_uid, size, sha256, storage, location, received) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (instance_uid, sha256) DO NOTHING RETURNING id"
        )
        uids = (record.study_uid, record.series_uid, record.instance_uid)
        values = (*uids, record.size, record.sha256, storage, location, received)
        return bool(self._database.write(lambda transaction: transaction.numbers(sql, [values])))

    def conflicts(self, instance_uid: str | None = None) -> Iterator[Conflict]:
        """Return all conflicts, or those of one UID, oldest first."""
        after = 0
        where = "" if instance_uid is None else " AND instance_uid = ?"
        columns = ", ".join(Conflict._fields)
        sql = f"SELECT {columns} FROM conflict WHERE id > ?{where} ORDER BY id LIMIT {_PAGE}"  # noqa: S608 - names of ours
        while True:
            rows = self._database.rows(sql, (after,) if instance_uid is None else (after, clean(instance_uid)))
            yield from map(Conflict._make, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def resolve(self, conflict: Conflict) -> bool:
        """Forget a conflict; False when it was there no more."""
        sql = "DELETE FROM conflict WHERE id = ? AND sha256 = ?"
        return self._database.write(lambda transaction: transaction.run(sql, (conflict.id, conflict.sha256))) > 0

    # -- the rest ------------------------------------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """Return what was kept under a name; None when nothing was."""
        rows = self._database.rows("SELECT value FROM setting WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set(self, name: str, value: str | None) -> None:
        """Keep something under a name; None takes it away."""

        def work(transaction: Transaction) -> None:
            if value is None:
                transaction.run("DELETE FROM setting WHERE name = ?", (name,))
            else:
                sql = "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?"
                transaction.run(sql, (name, value, value))

        self._database.write(work)

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy an index in SQLite to a file, while it is used.

        Raises
        ------
        UnsupportedError
            It is in PostgreSQL, which has ``pg_dump``.
        """
        self._database.backup(Path(path))

    def totals(self) -> Totals:
        """Return how much there is."""
        sql = "SELECT count(*), sum(series_count), sum(instance_count), sum(size) FROM study"
        ((studies, series, instances, size),) = self._database.rows(sql)
        ((patients,),) = self._database.rows("SELECT count(*) FROM patient")
        ((conflicts,),) = self._database.rows("SELECT count(*) FROM conflict")
        return Totals(patients, studies, int(series or 0), int(instances or 0), int(size or 0), conflicts)

    def oldest_studies(self, *, limit: int = _PAGE, before: float | None = None) -> list[StudyTotals]:
        """Return the studies that came in first, oldest first, those before a moment when it is given."""
        sql = "SELECT uid, patient_id, series_count, instance_count, size, received FROM study"
        where = "" if before is None else " WHERE received < ?"
        values = (limit,) if before is None else (before, limit)
        rows = self._database.rows(f"{sql}{where} ORDER BY received, id LIMIT ?", values)
        return [StudyTotals._make(row) for row in rows]

    def search(self, query: Query) -> Found:
        """Answer a query.

        Raises
        ------
        ValueRepresentationError
            A key of a date or time is none.
        LimitError
            It has more than 200 keys, or one of more than 1,000 values that are no UIDs.
        """
        return search.search(self._database, query)

    def rows(self, query: Query) -> Generator[Row]:
        """Answer a query as its answers are taken, however many there are; close it, or take it to its end."""
        return search.rows(self._database, query)


def _missing() -> tuple[int, bytes]:
    raise NotFoundError("an instance was removed while it was read")
