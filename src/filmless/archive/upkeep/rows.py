"""What upkeep asks of the index beside what serving does: all rows in turn, what is set aside, sums."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from filmless.archive.entry import Entry
from filmless.archive.index.database import Database, Transaction
from filmless.archive.index.index import Index

__all__ = ["Conflict", "StudyAge", "clear", "conflicts", "every_entry", "forget_conflict", "receive_at", "study_ages", "sums"]

_CHUNK: Final = 500
_ENTRIES: Final = """
SELECT instance.id, patient.patient_id, study.uid, series.uid, instance.uid, instance.sop_class_uid,
       instance.transfer_syntax_uid, instance.size, instance.sha256, instance.storage, instance.location,
       instance.frames, instance.received
FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study
JOIN patient ON patient.id = study.patient
"""


class Conflict(NamedTuple):
    """A file that was set aside: its SOP Instance UID was there with other contents."""

    id: int
    study_uid: str
    series_uid: str
    instance_uid: str
    size: int
    sha256: str
    location: str
    received: float


class StudyAge(NamedTuple):
    """What rules of retention go by."""

    study_uid: str
    date: str  # Study Date, eight digits or nothing
    received: float
    modalities: frozenset[str]
    size: int
    instances: int


def database_of(index: Index) -> Database:
    """Return the database of an index."""
    return index.database


def every_entry(index: Index) -> Iterator[Entry]:
    """Go through all instances in the order they came, in pieces: what is added or deleted meanwhile does no harm."""
    last = 0
    statement = f"{_ENTRIES} WHERE instance.id > ? ORDER BY instance.id LIMIT {_CHUNK}"
    while rows := database_of(index).rows(statement, (last,)):
        yield from (Entry(*row) for row in rows)
        last = rows[-1][0]


def conflicts(index: Index) -> list[Conflict]:
    """Return what was set aside, the oldest first."""
    statement = (
        "SELECT id, study_uid, series_uid, instance_uid, size, sha256, location, received FROM conflict "
        "ORDER BY received, id"
    )
    return [Conflict(*row) for row in database_of(index).rows(statement)]


def forget_conflict(index: Index, conflict: Conflict) -> None:
    """Take one out of the list."""
    database_of(index).write(lambda work: work.run("DELETE FROM conflict WHERE id = ?", (conflict.id,)))


def study_ages(index: Index) -> list[StudyAge]:
    """Return all studies with what their age is told by."""
    statement = "SELECT uid, date, received, modalities, size, instance_count FROM study ORDER BY received, id"
    return [
        StudyAge(uid, date, received, frozenset(filter(None, modalities.split("\\"))), size, count)
        for uid, date, received, modalities, size, count in database_of(index).rows(statement)
    ]


def receive_at(index: Index, times: Sequence[tuple[float, str]]) -> None:
    """Set when instances were received, by their location; series and studies are as old as their oldest."""
    for start in range(0, len(times), _CHUNK):
        some = times[start : start + _CHUNK]

        def work(transaction: Transaction, some: Sequence[tuple[float, str]] = some) -> None:
            transaction.many("UPDATE instance SET received = ? WHERE location = ?", some)
            transaction.many("UPDATE conflict SET received = ? WHERE location = ?", some)

        database_of(index).write(work)

    def roll_up(transaction: Transaction) -> None:
        for level, below in (("series", "instance"), ("study", "series")):
            oldest = f"SELECT MIN(received) FROM {below} WHERE {below}.{level} = {level}.id"  # noqa: S608 - our own names
            transaction.run(f"UPDATE {level} SET received = ({oldest})")  # noqa: S608

    database_of(index).write(roll_up)


def clear(index: Index) -> None:
    """Remove all rows."""

    def work(transaction: Transaction) -> None:
        for table in ("header", "conflict", "instance", "series", "study", "patient"):
            transaction.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    database_of(index).write(work)


def sums(index: Index) -> dict[str, Any]:
    """Return how much there is, in all and of each kind."""
    database = database_of(index)
    [(patients,)] = database.rows("SELECT COUNT(*) FROM patient")
    [(studies, first, last)] = database.rows("SELECT COUNT(*), MIN(received), MAX(received) FROM study")
    [(instances, size, frames)] = database.rows(
        "SELECT COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(frames), 0) FROM instance"
    )
    [(aside, aside_size)] = database.rows("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM conflict")
    modalities = database.rows(
        "SELECT series.modality, COUNT(DISTINCT series.id), COUNT(*), SUM(instance.size) FROM series "
        "JOIN instance ON instance.series = series.id GROUP BY series.modality ORDER BY 4 DESC"
    )
    syntaxes = database.rows(
        "SELECT transfer_syntax_uid, COUNT(*), SUM(size) FROM instance GROUP BY transfer_syntax_uid ORDER BY 3 DESC"
    )
    return {
        "patients": patients,
        "studies": studies,
        "series": sum(row[1] for row in modalities),
        "instances": instances,
        "frames": int(frames),
        "bytes": int(size),
        "conflicts": aside,
        "conflict_bytes": int(aside_size),
        "first_received": first,
        "last_received": last,
        "modalities": [
            {"modality": modality, "series": series, "instances": count, "bytes": int(total)}
            for modality, series, count, total in modalities
        ],
        "transfer_syntaxes": [
            {"uid": uid, "instances": count, "bytes": int(total)} for uid, count, total in syntaxes
        ],
    }
