"""The tables. What changes here needs a migration (`filmless.archive.index.migrations`).

A study carries the patient attributes of its own files, beside its patient: what a study is found by and answers with
is what its files say, also where two people were given one Patient ID.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "METADATA",
    "conflict",
    "folder_file",
    "forward",
    "header",
    "instance",
    "patient",
    "series",
    "setting",
    "study",
]

METADATA: Final = MetaData()

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER alone
# By code point: the order is the same everywhere, and an index serves the beginning of a text.
_STRING = String().with_variant(String(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, _STRING, nullable=False, server_default="", **options)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _person(name: str) -> list[Column[str]]:
    """Return the columns of a person name: its folded component groups and its words, see `names`."""
    return [_text(name), _text(f"{name}_ideographic"), _text(f"{name}_phonetic"), _text(f"{name}_words")]


patient: Final = Table(
    "patient",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("key", _STRING, nullable=False, unique=True),  # Patient ID and issuer; without an ID the name, too
    _text("patient_id"),
    _text("issuer"),
    *_person("patient_name"),
    _text("birth_date"),
    _text("sex"),
    Column("attributes", Text, nullable=False),  # the patient level, a DICOM JSON object
    Index("patient_in_order", "patient_id", "issuer", "id"),
    Index("patient_by_name", "patient_name"),
)

study: Final = Table(
    "study",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("patient", _ID, ForeignKey("patient.id"), nullable=False, index=True),
    Column("uid", _STRING, nullable=False, unique=True),
    _text("patient_id", index=True),
    _text("issuer"),
    *_person("patient_name"),
    _text("birth_date"),
    _text("sex"),
    _text("date"),  # eight digits
    _text("time"),  # twelve digits
    _text("accession_number", index=True),
    _text("study_id", index=True),
    _text("description"),
    *_person("referring_name"),
    _text("modalities"),  # sorted, as \CT\SR\
    Column("sop_classes", Text, nullable=False, server_default=""),  # likewise
    _count("series_count"),
    _count("instance_count"),
    _count("size"),
    Column("attributes", Text, nullable=False),  # patient and study levels
    Column("received", Float, nullable=False),
    Index("study_in_order", "date", "time", "uid"),
    Index("study_by_name", "patient_name"),
    Index("study_by_received", "received"),
    # All that a text is sought in, so that a list of many studies is gone through without their attributes. PostgreSQL
    # has no room in an index for names that are this long, and goes through the table.
    Index(
        "study_by_text",
        *("date", "time", "uid", "patient_name_words", "patient_id", "accession_number", "description", "modalities"),
    ).ddl_if(dialect="sqlite"),
)

series: Final = Table(
    "series",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("study", _ID, ForeignKey("study.id"), nullable=False),
    Column("uid", _STRING, nullable=False, index=True),
    _text("modality"),
    Column("number", BigInteger, nullable=False),
    _text("description"),
    _text("body_part"),
    _text("date"),
    _text("time"),
    _text("step_date"),  # Performed Procedure Step Start Date
    _text("step_time"),
    _count("instance_count"),
    _count("size"),
    Column("sop_classes", Text, nullable=False, server_default=""),
    Column("attributes", Text, nullable=False),
    Column("received", Float, nullable=False),
    UniqueConstraint("study", "uid"),
    Index("series_in_order", "study", "number", "uid"),
    Index("series_by_modality", "modality", "study"),
)

instance: Final = Table(
    "instance",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("series", _ID, ForeignKey("series.id"), nullable=False),
    Column("uid", _STRING, nullable=False, unique=True),
    Column("sop_class_uid", _STRING, nullable=False),
    Column("transfer_syntax_uid", _STRING, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    _text("storage"),
    Column("location", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("received", Float, nullable=False),
    Index("instance_in_order", "series", "number", "uid"),
    Index("instance_by_class", "sop_class_uid", "series", "number", "uid"),  # what is found is in order, too
    sqlite_autoincrement=True,  # an id is never used again: who still holds one must not be given another's header
)

header: Final = Table(
    "header",
    METADATA,
    Column("instance", _ID, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("encoder", Integer, nullable=False),
    Column("json", LargeBinary, nullable=False),
    Column("frames", LargeBinary),
)

conflict: Final = Table(
    "conflict",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("study_uid", _STRING, nullable=False),
    Column("series_uid", _STRING, nullable=False),
    Column("instance_uid", _STRING, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    _text("storage"),
    Column("location", Text, nullable=False),
    Column("received", Float, nullable=False),
    UniqueConstraint("instance_uid", "sha256"),
)

setting: Final = Table(
    "setting",
    METADATA,
    Column("name", _STRING, primary_key=True),
    Column("value", Text, nullable=False),
)

forward: Final = Table(  # what waits for being sent to a peer
    "forward",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("peer", _STRING, nullable=False),
    Column("instance_uid", _STRING, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", _STRING, nullable=False, server_default="waiting"),
    _count("attempts"),
    Column("due", Float, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("queued", Float, nullable=False),
    UniqueConstraint("peer", "instance_uid", "sha256"),
    Index("forward_by_due", "peer", "due"),
)

folder_file: Final = Table(  # what was found in folders that are served in place
    "folder_file",
    METADATA,
    Column("storage", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
    Column("kind", _STRING, nullable=False),
    _text("instance_uid"),
    Index("folder_file_by_folder", "storage", "folder"),
)
