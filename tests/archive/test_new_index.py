"""The tables of a new index, beside what the migrations make."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from filmless.archive import Archive
from filmless.archive.index.index import Index
from filmless.archive.new_index import make_index

_COLUMNS = "SELECT m.name, c.* FROM sqlite_master m, pragma_table_xinfo(m.name) c ORDER BY m.name, c.cid"
_INDEXES = "SELECT m.name, i.*, x.* FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x"
_KEYS = "SELECT m.name, k.* FROM sqlite_master m, pragma_foreign_key_list(m.name) k"


def _described(path: Path) -> list[list[Any]]:
    """All that SQLite knows of a database: its statements, and what it understood of them."""
    with closing(sqlite3.connect(path)) as connection:
        statements = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        texts = [(*names, None if sql is None else sql.split()) for *names, sql in statements]
        found = [sorted(connection.execute(sql), key=repr) for sql in (_COLUMNS, _INDEXES, _KEYS)]
        kept = connection.execute("SELECT * FROM alembic_version").fetchall()
        mode = connection.execute("PRAGMA journal_mode").fetchall()
        return [texts, *found, kept, mode]


def test_a_new_index_is_what_the_migrations_make(tmp_path: Path) -> None:
    Index(f"sqlite:///{tmp_path / 'migrated'}").close()
    make_index(tmp_path / "new", umask=0o077)
    migrated, new = _described(tmp_path / "migrated"), _described(tmp_path / "new")
    assert len(migrated[1]) > 100
    assert new == migrated, "python tools/generate_new_index.py"


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"something")
    make_index(path, umask=0o077)
    assert path.read_bytes() == b"something"


def test_a_new_archive_needs_no_migration(tmp_path: Path) -> None:
    """SQLAlchemy and Alembic would stay in the memory of a server."""
    code = (
        "import sys; from filmless.archive import Archive\n"
        "with Archive(sys.argv[1]) as archive: assert archive.index.totals().instances == 0\n"
        "print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "archive")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_tables_that_were_not_made_are_made_when_it_is_opened(tmp_path: Path) -> None:
    """As where a process was ended between the two."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "index.sqlite").touch()
    with Archive(tmp_path / "archive") as archive:
        assert archive.index.totals().instances == 0
