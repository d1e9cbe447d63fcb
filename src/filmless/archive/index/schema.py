"""The tables. What changes here needs a migration (`filmless.archive.index.migrations`)."""

from typing import Final

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

__all__ = ["METADATA", "conflict", "header", "instance", "patient", "series", "study"]

METADATA: Final = MetaData()

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER alone

patient: Final = Table(
    "patient",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("patient_id", String, nullable=False),
    Column("issuer", String, nullable=False, server_default=""),
    Column("name_key", String, nullable=False, server_default=""),  # folded, see `names`
    Column("birth_date", String, nullable=False, server_default=""),
    Column("sex", String, nullable=False, server_default=""),
    Column("attributes", Text, nullable=False),  # the patient level, a DICOM JSON object
    UniqueConstraint("patient_id", "issuer"),
    Index("patient_name", "name_key"),
)

study: Final = Table(
    "study",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("patient", _ID, ForeignKey("patient.id"), nullable=False, index=True),
    Column("uid", String, nullable=False, unique=True),
    Column("date", String, nullable=False, server_default="", index=True),
    Column("time", String, nullable=False, server_default=""),
    Column("accession_number", String, nullable=False, server_default="", index=True),
    Column("study_id", String, nullable=False, server_default=""),
    Column("referring_key", String, nullable=False, server_default=""),
    Column("modalities", String, nullable=False, server_default=""),  # sorted, as \CT\SR\
    Column("sop_classes", Text, nullable=False, server_default=""),
    Column("series_count", Integer, nullable=False, server_default="0"),
    Column("instance_count", Integer, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    Column("attributes", Text, nullable=False),
    Column("received", Float, nullable=False),
)

series: Final = Table(
    "series",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("study", _ID, ForeignKey("study.id"), nullable=False),
    Column("uid", String, nullable=False, index=True),
    Column("modality", String, nullable=False, server_default=""),
    Column("number", Integer),
    Column("instance_count", Integer, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    Column("attributes", Text, nullable=False),
    Column("received", Float, nullable=False),
    UniqueConstraint("study", "uid"),
)

instance: Final = Table(
    "instance",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("series", _ID, ForeignKey("series.id"), nullable=False, index=True),
    Column("uid", String, nullable=False, unique=True),
    Column("sop_class_uid", String, nullable=False),
    Column("transfer_syntax_uid", String, nullable=False),
    Column("number", Integer),
    Column("frames", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("storage", String, nullable=False, server_default=""),
    Column("location", String, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("received", Float, nullable=False),
)

header: Final = Table(
    "header",
    METADATA,
    Column("instance", _ID, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    Column("encoder", Integer, nullable=False),
    Column("json", LargeBinary, nullable=False),
    Column("frames", LargeBinary),
)

conflict: Final = Table(
    "conflict",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("instance_uid", String, nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("location", String, nullable=False),
    Column("received", Float, nullable=False),
    UniqueConstraint("instance_uid", "sha256"),
)
