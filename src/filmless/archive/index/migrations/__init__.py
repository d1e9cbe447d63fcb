"""Bringing a database to the schema of this version when an index is opened."""

from typing import Final

from filmless.archive.index.database import Database
from filmless.errors import ArchiveError

__all__ = ["REVISION", "migrate"]

REVISION: Final = "0003"
"""The newest migration: what a database has to be at."""


def migrate(database: Database) -> None:
    """Make the tables, or bring them to the newest revision.

    Raises
    ------
    ArchiveError
        The database was made by a newer version, or cannot be reached.
    """
    if not _is_newest(database):
        # SQLAlchemy and Alembic take longer to import than all else at a start.
        from filmless.archive.index.migrations.upgrading import upgrade

        upgrade(database)


def _is_newest(database: Database) -> bool:
    try:
        return database.rows("SELECT version_num FROM alembic_version") == [(REVISION,)]
    except ArchiveError:  # there are no tables yet, or something is wrong that shows again
        return False
