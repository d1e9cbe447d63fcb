"""What a server keeps: instances that wait for being sent on, and files of folders that are served in place."""

import sqlalchemy as sa
from alembic import op

__all__: list[str] = []

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STRING = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "forward",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("peer", _STRING, nullable=False),
        sa.Column("instance_uid", _STRING, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", _STRING, nullable=False, server_default="waiting"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("queued", sa.Float, nullable=False),
        sa.UniqueConstraint("peer", "instance_uid", "sha256"),
    )
    op.create_index("forward_by_due", "forward", ["peer", "due"])
    op.create_table(
        "folder_file",
        sa.Column("storage", sa.Text, primary_key=True),
        sa.Column("location", sa.Text, primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", _STRING, nullable=False),
        sa.Column("instance_uid", _STRING, nullable=False, server_default=""),
    )
    op.create_index("folder_file_by_folder", "folder_file", ["storage", "folder"])
