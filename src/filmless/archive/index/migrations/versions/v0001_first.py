"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

__all__: list[str] = []

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STRING = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_DIGEST = sa.String(64)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _STRING, nullable=False, server_default="") for name in names]


def _needed(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in names]


def _person(name: str) -> list[sa.Column[Any]]:
    return _text(name, f"{name}_ideographic", f"{name}_phonetic", f"{name}_words")


def _key(**options: Any) -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True, **options)


def _reference(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _ID, sa.ForeignKey(f"{name}.id"), nullable=False, **options)


def upgrade() -> None:
    """Make the tables."""
    _make_patient_and_study()
    _make_series_and_instance()
    op.create_table(
        "header",
        _reference("instance", primary_key=True, autoincrement=False),
        *_needed(sa.Integer, "encoder"),
        *_needed(sa.LargeBinary, "json"),
        sa.Column("frames", sa.LargeBinary),
    )
    op.create_table(
        "conflict",
        _key(),
        *_needed(_STRING, "study_uid", "series_uid", "instance_uid"),
        *_needed(sa.BigInteger, "size"),
        *_needed(_DIGEST, "sha256"),
        *_text("storage"),
        *_needed(sa.Text, "location"),
        *_needed(sa.Float, "received"),
        sa.UniqueConstraint("instance_uid", "sha256"),
    )
    op.create_index("ix_conflict_sha256", "conflict", ["sha256"])
    op.create_table("setting", sa.Column("name", _STRING, primary_key=True), *_needed(sa.Text, "value"))


def _make_patient_and_study() -> None:
    op.create_table(
        "patient",
        _key(),
        *_needed(_STRING, "key"),
        *_text("patient_id", "issuer"),
        *_person("patient_name"),
        *_text("birth_date", "sex"),
        *_needed(sa.Text, "attributes"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("patient_in_order", "patient", ["patient_id", "issuer", "id"])
    op.create_index("patient_by_name", "patient", ["patient_name"])
    op.create_table(
        "study",
        _key(),
        _reference("patient"),
        *_needed(_STRING, "uid"),
        *_text("patient_id", "issuer"),
        *_person("patient_name"),
        *_text("birth_date", "sex", "date", "time", "accession_number", "study_id", "description"),
        *_person("referring_name"),
        *_text("modalities"),
        sa.Column("sop_classes", sa.Text, nullable=False, server_default=""),
        *_counts("series_count", "instance_count", "size"),
        *_needed(sa.Text, "attributes"),
        *_needed(sa.Float, "received"),
        sa.UniqueConstraint("uid"),
    )
    for name in ("patient", "patient_id", "accession_number", "study_id"):
        op.create_index(f"ix_study_{name}", "study", [name])
    op.create_index("study_in_order", "study", ["date", "time", "uid"])
    op.create_index("study_by_name", "study", ["patient_name"])
    op.create_index("study_by_received", "study", ["received"])


def _make_series_and_instance() -> None:
    op.create_table(
        "series",
        _key(),
        _reference("study"),
        *_needed(_STRING, "uid"),
        *_text("modality"),
        *_needed(sa.BigInteger, "number"),
        *_text("description", "body_part", "date", "time", "step_date", "step_time"),
        *_counts("instance_count", "size"),
        sa.Column("sop_classes", sa.Text, nullable=False, server_default=""),
        *_needed(sa.Text, "attributes"),
        *_needed(sa.Float, "received"),
        sa.UniqueConstraint("study", "uid"),
    )
    op.create_index("ix_series_uid", "series", ["uid"])
    op.create_index("series_in_order", "series", ["study", "number", "uid"])
    op.create_index("series_by_modality", "series", ["modality", "study"])
    op.create_table(
        "instance",
        _key(),
        _reference("series"),
        *_needed(_STRING, "uid", "sop_class_uid", "transfer_syntax_uid"),
        *_needed(sa.BigInteger, "number", "frames", "size"),
        *_needed(_DIGEST, "sha256"),
        *_text("storage"),
        *_needed(sa.Text, "location", "attributes"),
        *_needed(sa.Float, "received"),
        sa.UniqueConstraint("uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_instance_sha256", "instance", ["sha256"])
    op.create_index("instance_in_order", "instance", ["series", "number", "uid"])
    op.create_index("instance_by_class", "instance", ["sop_class_uid", "series", "number", "uid"])
