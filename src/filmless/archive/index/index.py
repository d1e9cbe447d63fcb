"""The index of an archive: what is known of patients, studies, series and instances."""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from filmless.archive.entry import Entry
from filmless.archive.frame_map import FrameMap
from filmless.archive.header import Header
from filmless.archive.index import schema
from filmless.archive.query import Found, Query
from filmless.archive.record import Record
from filmless.archive.within import EVERYTHING, Within
from filmless.errors import NotFoundError

__all__ = ["Index"]

_ENTRY = (
    sa.select(
        schema.instance.c.id,
        schema.patient.c.patient_id,
        schema.study.c.uid,
        schema.series.c.uid,
        schema.instance.c.uid,
        schema.instance.c.sop_class_uid,
        schema.instance.c.transfer_syntax_uid,
        schema.instance.c.size,
        schema.instance.c.sha256,
        schema.instance.c.storage,
        schema.instance.c.location,
        schema.instance.c.frames,
        schema.instance.c.received,
    )
    .select_from(schema.instance)
    .join(schema.series, schema.series.c.id == schema.instance.c.series)
    .join(schema.study, schema.study.c.id == schema.series.c.study)
    .join(schema.patient, schema.patient.c.id == schema.study.c.patient)
)


class Index:
    """An index in a database.

    Parameters
    ----------
    url
        Of SQLAlchemy: ``sqlite:///path`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        schema.METADATA.create_all(self._engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def add(self, batch: Iterable[tuple[Record, str, str]]) -> list[bool]:
        """Add instances with their storage and location, all in one transaction; say of each if it is new."""
        with self._engine.begin() as connection:
            return [_add(connection, record, storage, location) for record, storage, location in batch]

    def replace(self, old: Entry, record: Record, storage: str, location: str) -> bool:
        """Put another file in the place of an instance; False when it is no longer what it was."""
        with self._engine.begin() as connection:
            if not _remove(connection, old):
                return False
            return _add(connection, record, storage, location)

    def add_conflict(self, record: Record, location: str) -> None:
        """Note a file that was set aside; once, however often it comes."""
        row = {"instance_uid": record.instance_uid, "sha256": record.sha256, "location": location}
        where = (schema.conflict.c.instance_uid == record.instance_uid) & (schema.conflict.c.sha256 == record.sha256)
        with self._engine.begin() as connection:
            if connection.execute(sa.select(schema.conflict.c.id).where(where)).scalar() is None:
                connection.execute(schema.conflict.insert().values(row | {"received": time.time()}))

    def located(self, locations: Iterable[str]) -> set[str]:
        """Return those of the locations in the archive's own storage that a row names."""
        wanted = list(locations)
        instance, conflict = schema.instance.c, schema.conflict.c
        digests = [location.rpartition("/")[2][:64] for location in wanted]
        with self._engine.connect() as connection:
            rows = sa.select(instance.location).where(instance.sha256.in_(digests), instance.storage == "")
            found = set(connection.execute(rows).scalars())
            found |= set(
                connection.execute(sa.select(conflict.location).where(conflict.location.in_(wanted))).scalars()
            )
        return found.intersection(wanted)

    def entries(
        self,
        study_uid: str,
        series_uid: str | None = None,
        instance_uid: str | None = None,
        *,
        within: Within = EVERYTHING,
    ) -> list[Entry]:
        """Return the instances of a study, of a series or one alone, in a stable order; empty when there are none."""
        statement = _ENTRY.where(schema.study.c.uid == study_uid)
        if series_uid is not None:
            statement = statement.where(schema.series.c.uid == series_uid)
        if instance_uid is not None:
            statement = statement.where(schema.instance.c.uid == instance_uid)
        order = (schema.series.c.number, schema.series.c.id, schema.instance.c.number, schema.instance.c.id)
        with self._engine.connect() as connection:
            found = [Entry(*row) for row in connection.execute(statement.order_by(*order))]  # type: ignore[call-arg]
        return [entry for entry in found if within.holds(entry.patient_id, entry.study_uid)]

    def find(self, instance_uid: str) -> Entry | None:
        """Return an instance by its UID."""
        with self._engine.connect() as connection:
            row = connection.execute(_ENTRY.where(schema.instance.c.uid == instance_uid)).first()
        return None if row is None else Entry(*row)  # type: ignore[call-arg]

    def headers(self, entries: Iterable[Entry]) -> Iterator[Header]:
        """Return the header of each of these."""
        with self._engine.connect() as connection:
            for entry in entries:
                statement = sa.select(schema.header.c.json).where(schema.header.c.instance == entry.id)
                yield Header(connection.execute(statement).scalar_one())

    def frame_map(self, entry: Entry) -> FrameMap | None:
        """Return where the frames of an instance are."""
        statement = sa.select(schema.header.c.frames).where(schema.header.c.instance == entry.id)
        with self._engine.connect() as connection:
            data = connection.execute(statement).scalar_one()
        return None if data is None else FrameMap.unpack(data)

    def remove(self, entries: Iterable[Entry]) -> None:
        """Remove instances, and what is empty then."""
        with self._engine.begin() as connection:
            for entry in entries:
                _remove(connection, entry)

    def search(self, query: Query) -> Found:
        """Answer a query."""
        raise NotFoundError(f"search at level {query.level} comes with the index's own part")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _remove(connection: sa.Connection, entry: Entry) -> bool:
    row = (schema.instance.c.id == entry.id) & (schema.instance.c.sha256 == entry.sha256)
    connection.execute(schema.header.delete().where(schema.header.c.instance == entry.id))
    return connection.execute(schema.instance.delete().where(row)).rowcount > 0


def _add(connection: sa.Connection, record: Record, storage: str, location: str) -> bool:
    there = sa.select(schema.instance.c.id).where(schema.instance.c.uid == record.instance_uid)
    if connection.execute(there).first():
        return False
    now = time.time()
    values = {level: ds.to_json() for level, ds in record.levels.items()}
    patient_id = str(record.levels["patient"].get("PatientID") or "")
    found = sa.select(schema.patient.c.id).where(schema.patient.c.patient_id == patient_id)
    patient = connection.execute(found).scalar()
    if patient is None:
        row: dict[str, Any] = {"patient_id": patient_id, "attributes": values["patient"]}
        patient = connection.execute(schema.patient.insert().values(row)).inserted_primary_key[0]  # type: ignore[index]
    study = connection.execute(sa.select(schema.study.c.id).where(schema.study.c.uid == record.study_uid)).scalar()
    if study is None:
        row = {"patient": patient, "uid": record.study_uid, "attributes": values["study"], "received": now}
        study = connection.execute(schema.study.insert().values(row)).inserted_primary_key[0]  # type: ignore[index]
    where = (schema.series.c.study == study) & (schema.series.c.uid == record.series_uid)
    series = connection.execute(sa.select(schema.series.c.id).where(where)).scalar()
    if series is None:
        row = {"study": study, "uid": record.series_uid, "attributes": values["series"], "received": now}
        row["modality"] = str(record.levels["series"].get("Modality") or "")
        series = connection.execute(schema.series.insert().values(row)).inserted_primary_key[0]  # type: ignore[index]
    row = {
        "series": series,
        "uid": record.instance_uid,
        "sop_class_uid": record.sop_class_uid,
        "transfer_syntax_uid": record.transfer_syntax_uid,
        "frames": record.frames.count if record.frames else 0,
        "size": record.size,
        "sha256": record.sha256,
        "storage": storage,
        "location": location,
        "attributes": values["instance"],
        "received": now,
    }
    number = json.loads(values["instance"]).get("00200013", {}).get("Value", [None])[0]
    row["number"] = number if isinstance(number, int) else None
    key = connection.execute(schema.instance.insert().values(row)).inserted_primary_key[0]  # type: ignore[index]
    frames = record.frames.pack() if record.frames else None
    kept = {"instance": key, "encoder": record.encoder, "json": record.header, "frames": frames}
    connection.execute(schema.header.insert().values(kept))
    return True
