"""What upkeep asks of the index beside what serving does: ages and sums; and what only a rebuild may do to it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from filmless.archive.index.database import Transaction
from filmless.archive.index.index import Index

__all__ = ["StudyAge", "clear", "receive_at", "study_ages", "sums"]

_CHUNK: Final = 500


class StudyAge(NamedTuple):
    """What rules of retention go by."""

    study_uid: str
    date: str  # Study Date, eight digits or nothing
    received: float
    modalities: frozenset[str]
    size: int
    instances: int


def study_ages(index: Index) -> list[StudyAge]:
    """Return all studies with what their age is told by. What is served in place takes no room, and does not count."""
    statement = (
        "SELECT s.uid, s.date, s.received, s.modalities, SUM(i.size), COUNT(*) FROM study s "
        "JOIN series e ON e.study = s.id JOIN instance i ON i.series = e.id WHERE i.storage = '' "
        "GROUP BY s.id, s.uid, s.date, s.received, s.modalities ORDER BY s.received, s.id"
    )
    return [
        StudyAge(uid, date, received, frozenset(filter(None, modalities.split("\\"))), int(size), count)
        for uid, date, received, modalities, size, count in index.database.rows(statement)
    ]


def receive_at(index: Index, times: Sequence[tuple[float, str]]) -> None:
    """Set when instances were received, by their location; series and studies are as old as their oldest."""
    for start in range(0, len(times), _CHUNK):
        some = times[start : start + _CHUNK]

        def work(transaction: Transaction, some: Sequence[tuple[float, str]] = some) -> None:
            transaction.many("UPDATE instance SET received = ? WHERE location = ?", some)
            transaction.many("UPDATE conflict SET received = ? WHERE location = ?", some)

        index.database.write(work)

    def roll_up(transaction: Transaction) -> None:
        for level, below in (("series", "instance"), ("study", "series")):
            oldest = f"SELECT MIN(received) FROM {below} WHERE {below}.{level} = {level}.id"  # noqa: S608 - our own names
            transaction.run(f"UPDATE {level} SET received = ({oldest})")  # noqa: S608

    index.database.write(roll_up)


def clear(index: Index) -> None:
    """Remove all rows."""

    def work(transaction: Transaction) -> None:
        # With what is known of folders in place, so that they are indexed again. What waits for being sent stays.
        for table in ("header", "conflict", "instance", "series", "study", "patient", "folder_file"):
            transaction.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    index.database.write(work)


def sums(index: Index) -> dict[str, Any]:
    """Return how much there is, in all and of each kind."""
    database = index.database
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
        "transfer_syntaxes": [{"uid": uid, "instances": count, "bytes": int(total)} for uid, count, total in syntaxes],
    }
