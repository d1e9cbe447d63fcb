"""What a list of studies is searched by, a text in any of several columns."""

from alembic import op

__all__: list[str] = []

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index, in SQLite: an index of PostgreSQL has no room for names that are this long."""
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(
            "study_by_text",
            "study",
            [
                "date",
                "time",
                "uid",
                "patient_name_words",
                "patient_id",
                "accession_number",
                "description",
                "modalities",
            ],
        )
