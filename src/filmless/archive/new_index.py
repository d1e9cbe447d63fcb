"""A new index in SQLite, without what makes the tables elsewhere.

The migrations need SQLAlchemy and Alembic: 20 MB for as long as the process runs, and most of the time of a start.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from filmless.archive.new_index_tables import TABLES
from filmless.archive.storage.durable import make_file

__all__ = ["make_index"]


def make_index(path: Path, *, umask: int) -> None:
    """Make the file of an index, unless it is there, and its tables, unless it has something in it.

    They are there as one, or not at all: then the migrations make them when the index is opened, or say why they
    cannot.
    """
    make_file(path, umask=umask)
    if path.stat().st_size:
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN IMMEDIATE;\n{TABLES}COMMIT;")
