"""Looking up instances: the statements of the hot paths, and rows as entries."""

from typing import Any, Final

from filmless.archive.entry import Entry
from filmless.archive.index.columns import clean
from filmless.archive.index.database import Database
from filmless.archive.within import Within

__all__ = ["ENTRY", "entries", "entry_of", "in_sight"]

ENTRY: Final = """
SELECT i.id, s.patient_id, s.uid, e.uid, i.uid, i.sop_class_uid, i.transfer_syntax_uid, i.size, i.sha256, i.storage,
i.location, i.frames, i.received
FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study"""

_ORDER: Final = " ORDER BY e.number, e.uid, i.number, i.uid"
_STUDY: Final = f"{ENTRY} WHERE s.uid = ?{_ORDER}"
_SERIES: Final = f"{ENTRY} WHERE s.uid = ? AND e.uid = ?{_ORDER}"
_INSTANCE: Final = f"{ENTRY} WHERE i.uid = ? AND e.uid = ? AND s.uid = ?"


def entry_of(row: tuple[Any, ...]) -> Entry:
    """Return a row of `ENTRY` as an entry."""
    return Entry._make(row)


def in_sight(entry: Entry, within: Within) -> bool:
    """Whether an entry is in sight."""
    return within.is_everything or within.holds(entry.patient_id, entry.study_uid)


def entries(
    database: Database, study_uid: str, series_uid: str | None, instance_uid: str | None, within: Within
) -> list[Entry]:
    """Return the instances of a study, of a series, or one alone, in order."""
    study_uid = clean(study_uid)
    series_uid = series_uid and clean(series_uid)
    instance_uid = instance_uid and clean(instance_uid)
    if series_uid is not None and instance_uid is not None:
        rows = database.rows(_INSTANCE, (instance_uid, series_uid, study_uid))
    elif instance_uid is not None:
        rows = database.rows(f"{ENTRY} WHERE i.uid = ? AND s.uid = ?", (instance_uid, study_uid))
    elif series_uid is not None:
        rows = database.rows(_SERIES, (study_uid, series_uid))
    else:
        rows = database.rows(_STUDY, (study_uid,))
    # A study is of one patient: all of its instances are in sight, or none.
    return [entry_of(row) for row in rows] if rows and in_sight(entry_of(rows[0]), within) else []
