"""Adding instances and taking them away, with all that is counted above them.

Rows are locked and made in one order everywhere, patients, studies, series, instances, each by its name: two processes
do not wait for each other. The row of a study is locked before anything below it changes. Whose a study is has to be
known before it is locked, and may be another by then: a transaction that finds it so lets go of all and begins again.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from filmless.archive.entry import Entry
from filmless.archive.index.columns import (
    Attributes,
    attributes_of,
    clean,
    dumped,
    instance_number,
    patient_columns,
    series_columns,
    study_columns,
)
from filmless.archive.index.database import Again, Transaction
from filmless.archive.record import Record
from filmless.archive.within import Within
from filmless.errors import ConflictError, FormatError

__all__ = ["Placed", "add", "remove", "replace", "require_within"]

Placed = tuple[Record, str, str]
"""A record, the storage (``""``: the archive's own), and the location there."""

_LONGEST_UID: Final = 200  # legal are 64; an index of a database has no room for any length

_INSERT_INSTANCE: Final = """
INSERT INTO instance (series, uid, sop_class_uid, transfer_syntax_uid, number, frames, size, sha256, storage, location,
attributes, received) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO NOTHING RETURNING id"""
# The keys of the patients and the UIDs of the studies that instances, or studies, are of.
_ABOVE: Final = """
SELECT p.key, s.uid FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study
JOIN patient p ON p.id = s.patient WHERE i.id IN [?]
UNION SELECT p.key, s.uid FROM study s JOIN patient p ON p.id = s.patient WHERE s.uid IN [?]"""
_INSERT_HEADER: Final = "INSERT INTO header (instance, encoder, json, frames) VALUES (?, ?, ?, ?)"
_NONE: Final[Mapping[str, Any]] = {}


def add(database: Transaction, batch: Sequence[Placed], *, received: float | None = None) -> list[bool]:
    """Add instances; return for each whether it was added, or its UID was there already."""
    for record, _, location in batch:
        _check(record, location)
    received = time.time() if received is None else received
    uids = database.list({record.instance_uid for record, _, _ in batch})
    there = {uid for (uid,) in database.rows("SELECT uid FROM instance WHERE uid IN [?]", (uids,))}
    added, new = [], list[Placed]()
    for placed in batch:
        uid = placed[0].instance_uid
        added.append(uid not in there)
        if uid not in there:
            there.add(uid)
            new.append(placed)
    if new:
        _add_new(database, new, received)
    return added


def require_within(database: Transaction, studies: Sequence[tuple[str, Within]]) -> None:
    """Raise when a study is of a patient that a sender may not write to: an instance joins its study, whoever it names.

    Raises
    ------
    ConflictError
        One of them is.
    """
    uids = database.list({uid for uid, _ in studies})
    owners = dict(database.rows("SELECT uid, patient_id FROM study WHERE uid IN [?]", (uids,)))
    if not all(within.holds(owners[uid], uid) for uid, within in studies if uid in owners):
        raise ConflictError("the study is of a patient that the sender may not write to")


def _check(record: Record, location: str) -> None:
    for uid in (record.study_uid, record.series_uid, record.instance_uid):
        if not uid or len(uid) > _LONGEST_UID or clean(uid) != uid:
            raise FormatError(f"a UID that the instance is filed by is empty, or longer than {_LONGEST_UID} characters")
    try:
        location.encode()
    except UnicodeEncodeError:
        raise FormatError("the name of the file is no text, and cannot be kept in the index") from None


def _add_new(database: Transaction, new: list[Placed], received: float) -> None:
    new.sort(key=lambda placed: placed[0].instance_uid)
    by_study: dict[str, list[Placed]] = {}
    for placed in new:
        by_study.setdefault(placed[0].study_uid, []).append(placed)
    uids = sorted(by_study)
    known = {uid for (uid,) in database.rows("SELECT uid FROM study WHERE uid IN [?]", (database.list(uids),))}
    fresh = {uid: _patient_and_study(by_study[uid][0][0]) for uid in uids if uid not in known}
    patients = {
        key: _patient(database, key, row)
        for key, row in sorted({new.key: new.patient for new in fresh.values()}.items())
    }
    series_of: dict[tuple[str, str], int] = {}
    for uid in uids:
        placed_here = by_study[uid]
        if uid in fresh:
            row = {"uid": uid, "patient": patients[fresh[uid].key], "received": received, **fresh[uid].study}
            found = (_insert(database, "study", row, unique="uid"), "", "")
        else:
            found = _study(database, uid)
        _count(database, found, placed_here, received, series_of)
    rows = [_instance_row(placed, series_of, received) for placed in new]
    ids = database.numbers(_INSERT_INSTANCE, rows)
    if len(ids) < len(rows):
        raise Again  # another process has added one of them since we looked
    headers = [
        (key, record.encoder, record.header, record.frames.pack() if record.frames else None)
        for key, (record, _, _) in zip(ids, new, strict=True)
    ]
    database.many(_INSERT_HEADER, headers)


def _instance_row(placed: Placed, series_of: dict[tuple[str, str], int], received: float) -> tuple[Any, ...]:
    record, storage, location = placed
    level = record.levels["instance"]
    return (
        series_of[record.study_uid, record.series_uid],
        record.instance_uid,
        clean(record.sop_class_uid),
        clean(record.transfer_syntax_uid),
        instance_number(attributes_of(level)),
        record.frames.count if record.frames else 0,
        record.size,
        record.sha256,
        storage,
        location,
        level,
        received,
    )


class _Fresh(NamedTuple):
    key: str
    patient: dict[str, Any]
    study: dict[str, Any]


def _patient_and_study(record: Record) -> _Fresh:
    attributes = attributes_of(record.levels["patient"])
    patient = {**patient_columns(attributes), "attributes": dumped(attributes)}
    both = attributes_of(record.levels["patient"], record.levels["study"])
    return _Fresh(_patient_key(patient), patient, {**study_columns(both), "attributes": dumped(both)})


def _patient_key(row: dict[str, Any]) -> str:
    """Return what makes a patient one: ID and issuer. People without an ID are told apart by name and birth date."""
    parts = [row["patient_id"], row["issuer"]]
    if not row["patient_id"]:
        parts += [row["patient_name"], row["patient_name_ideographic"], row["birth_date"]]
    return clean("\\".join(parts))


def _patient(database: Transaction, key: str, row: dict[str, Any]) -> int:
    found = database.rows("SELECT id FROM patient WHERE key = ? FOR KEY SHARE", (key,))
    return found[0][0] if found else _insert(database, "patient", {"key": key, **row}, unique="key")


def _insert(database: Transaction, table: str, row: dict[str, Any], *, unique: str) -> int:
    """Make a row that was not there when we looked."""
    marks = ", ".join("?" * len(row))
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) ON CONFLICT ({unique}) DO NOTHING RETURNING id"  # noqa: S608 - names of ours
    ids = database.numbers(sql, [tuple(row.values())])
    if not ids:
        raise Again
    return ids[0]


def _study(database: Transaction, uid: str) -> tuple[int, str, str]:
    found = database.rows("SELECT id, modalities, sop_classes FROM study WHERE uid = ? FOR UPDATE", (uid,))
    if not found:
        raise Again  # it was removed since we looked
    return found[0]


def _count(
    database: Transaction,
    study: tuple[int, str, str],
    placed_here: list[Placed],
    received: float,
    series_of: dict[tuple[str, str], int],
) -> None:
    """Count instances that come into a study whose row is locked, and make the series that are not there."""
    study_id, modalities, sop_classes = study
    by_series: dict[str, list[Record]] = {}
    for record, _, _ in placed_here:
        by_series.setdefault(record.series_uid, []).append(record)
    fresh = 0
    for uid, records in by_series.items():
        classes = {clean(record.sop_class_uid) for record in records}
        size = sum(record.size for record in records)
        sql = "SELECT id, sop_classes FROM series WHERE study = ? AND uid = ?"
        found = database.rows(sql, (study_id, uid))
        if found:
            key, known = found[0]
            sql = "UPDATE series SET instance_count = instance_count + ?, size = size + ?, sop_classes = ? WHERE id = ?"
            database.run(sql, (len(records), size, _merged(known, classes), key))
        else:
            row = _series_row(records[0]) | {"study": study_id, "uid": uid, "received": received}
            row |= {"instance_count": len(records), "size": size, "sop_classes": _merged("", classes)}
            key = _insert(database, "series", row, unique="study, uid")
            modalities = _merged(modalities, {row["modality"]})
            fresh += 1
        sop_classes = _merged(sop_classes, classes)
        series_of[records[0].study_uid, uid] = key
    database.run(
        "UPDATE study SET modalities = ?, sop_classes = ?, series_count = series_count + ?, "
        "instance_count = instance_count + ?, size = size + ? WHERE id = ?",
        (modalities, sop_classes, fresh, len(placed_here), sum(placed[0].size for placed in placed_here), study_id),
    )


def _series_row(record: Record) -> dict[str, Any]:
    attributes: Attributes = attributes_of(record.levels["series"])
    return {**series_columns(attributes), "attributes": dumped(attributes)}


def _merged(known: str, values: Iterable[str]) -> str:
    r"""Return a set of values as text: ``\CT\SR\``."""
    old = set(known.split("\\")) - {""}
    new = old | (set(values) - {""})
    return known if new == old else "\\" + "\\".join(sorted(new)) + "\\"


def remove(database: Transaction, entries: Sequence[Entry]) -> list[bool]:
    """Remove instances, and what is empty then; return for each whether it was there."""
    _lock(database, (entry.id for entry in entries))
    return _remove(database, entries)


def _remove(database: Transaction, entries: Sequence[Entry]) -> list[bool]:
    """Remove instances, where all above them is locked."""
    wanted = {entry.id: entry.instance_uid for entry in entries}
    sql = "SELECT i.id, i.uid, i.series, e.study FROM instance i JOIN series e ON e.id = i.series WHERE i.id IN [?]"
    found = [row for row in database.rows(sql, (database.list(wanted),)) if wanted[row[0]] == row[1]]
    gone = {row[0] for row in found}
    ids = database.list(gone)
    database.run("DELETE FROM header WHERE instance IN [?]", (ids,))
    database.run("DELETE FROM instance WHERE id IN [?]", (ids,))
    for series in sorted({row[2] for row in found}):
        _recount_series(database, series)
    for study in sorted({row[3] for row in found}):
        _recount_study(database, study)
    return [entry.id in gone for entry in entries]


def _lock(
    database: Transaction, ids: Iterable[int], studies: Iterable[str] = (), fresh: Mapping[str, dict[str, Any]] = _NONE
) -> list[str]:
    """Lock the patients and studies that are touched, in the order of all; return the keys of the patients.

    Parameters
    ----------
    ids
        Of instances that are to go.
    studies
        The UIDs of others.
    fresh
        The rows of further patients, by their keys: those that are not there are made.
    """
    wanted = (database.list(ids), database.list(studies))
    above = set(database.rows(_ABOVE, wanted))
    keys = sorted({key for key, _ in above} | fresh.keys())
    for key in keys:
        found = database.rows("SELECT id FROM patient WHERE key = ? FOR UPDATE", (key,))
        if not found and key in fresh:
            _insert(database, "patient", {"key": key, **fresh[key]}, unique="key")
    for uid in sorted({uid for _, uid in above}):
        database.rows("SELECT id FROM study WHERE uid = ? FOR UPDATE", (uid,))
    # While we waited another one may have moved a study to a patient whom we did not lock, or made one.
    if not above.issuperset(database.rows(_ABOVE, wanted)):
        raise Again
    return keys


def _recount_series(database: Transaction, series: int) -> None:
    sql = "SELECT sop_class_uid, count(*), sum(size) FROM instance WHERE series = ? GROUP BY sop_class_uid"
    classes = database.rows(sql, (series,))
    if not classes:
        database.run("DELETE FROM series WHERE id = ?", (series,))
        return
    count, size = sum(row[1] for row in classes), sum(int(row[2]) for row in classes)
    database.run(
        "UPDATE series SET instance_count = ?, size = ?, sop_classes = ? WHERE id = ?",
        (count, size, _merged("", (row[0] for row in classes)), series),
    )


def _recount_study(database: Transaction, study: int) -> None:
    rows = database.rows("SELECT modality, sop_classes, instance_count, size FROM series WHERE study = ?", (study,))
    if not rows:
        ((patient,),) = database.rows("SELECT patient FROM study WHERE id = ?", (study,))
        database.run("DELETE FROM study WHERE id = ?", (study,))
        _drop_patient(database, patient)
        return
    classes = {name for row in rows for name in row[1].split("\\")}
    database.run(
        "UPDATE study SET modalities = ?, sop_classes = ?, series_count = ?, instance_count = ?, size = ? WHERE id = ?",
        (
            _merged("", (row[0] for row in rows)),
            _merged("", classes),
            len(rows),
            sum(row[2] for row in rows),
            sum(row[3] for row in rows),
            study,
        ),
    )


def _drop_patient(database: Transaction, patient: int) -> None:
    sql = "DELETE FROM patient WHERE id = ? AND NOT EXISTS (SELECT 1 FROM study WHERE study.patient = patient.id)"
    database.run(sql, (patient,))


def replace(database: Transaction, changes: Sequence[tuple[Entry, Placed]]) -> list[bool]:
    """Put records in the place of entries; return for each whether its entry was there still.

    What is known of the patients, studies and series above is taken from the new records: they are corrections.
    """
    fresh = {(made := _patient_and_study(new[0])).key: made.patient for _, new in changes}
    studies = {new[0].study_uid for _, new in changes}
    patients = _lock(database, [entry.id for entry, _ in changes], studies, fresh)
    # What is corrected is as old as it was: rules of retention go by that.
    received = min((entry.received for entry, _ in changes), default=None)
    there = _remove(database, [entry for entry, _ in changes])
    placed = [new for (_, new), was_there in zip(changes, there, strict=True) if was_there]
    if not all(add(database, placed, received=received)):
        raise ConflictError("the UID of an instance that was to replace another one is in the archive already")
    for record in {(new[0].study_uid, new[0].series_uid): new[0] for new in placed}.values():
        _refresh(database, record)
    for key in patients:
        ((patient,),) = database.rows("SELECT id FROM patient WHERE key = ?", (key,)) or [(0,)]
        _drop_patient(database, patient)
    return there


def _refresh(database: Transaction, record: Record) -> None:
    fresh = _patient_and_study(record)
    ((study, patient, key),) = database.rows(
        "SELECT s.id, p.id, p.key FROM study s JOIN patient p ON p.id = s.patient WHERE s.uid = ?", (record.study_uid,)
    )
    owner = patient if key == fresh.key else _patient(database, fresh.key, fresh.patient)
    _update(database, "study", study, {**fresh.study, "patient": owner})
    _update(database, "patient", owner, fresh.patient)
    sql = "SELECT id FROM series WHERE study = ? AND uid = ?"
    ((series,),) = database.rows(sql, (study, record.series_uid))
    _update(database, "series", series, _series_row(record))
    modalities = database.rows("SELECT modality FROM series WHERE study = ?", (study,))
    _update(database, "study", study, {"modalities": _merged("", (name for (name,) in modalities))})


def _update(database: Transaction, table: str, key: int, row: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = ?" for name in row)
    database.run(f"UPDATE {table} SET {columns} WHERE id = ?", (*row.values(), key))  # noqa: S608 - names of ours
