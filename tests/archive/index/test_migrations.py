"""The tables, and how a database gets them."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from filmless.archive.index import migrations, schema
from filmless.archive.index.index import Index
from filmless.errors import ArchiveError


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.pool.NullPool)


def test_the_migrations_make_what_the_schema_says(url: str) -> None:
    Index(url).close()
    engine = _engine(url)
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": False,
            # Alembic does not know that an index may be of one database alone (`ddl_if`).
            "include_object": lambda _, name, *rest: name != "study_by_text" or engine.dialect.name == "sqlite",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.METADATA) == []
        made = sa.inspect(connection)
        for table in schema.METADATA.sorted_tables:
            columns = {column["name"]: column for column in made.get_columns(table.name)}
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable
                assert (columns[column.name]["default"] is None) == (
                    column.server_default is None
                ) or column.primary_key
    engine.dispose()


def test_the_statements_are_those_of_the_schema(tmp_path: Path) -> None:
    """In SQLite all is in the statements that are kept: collation, defaults, AUTOINCREMENT."""
    migrated, created = (_engine(f"sqlite:///{tmp_path / name}") for name in ("a", "b"))
    Index(str(migrated.url)).close()
    schema.METADATA.create_all(created)
    sql = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' ORDER BY name"
    rows = []
    for engine in (migrated, created):
        with engine.connect() as connection:
            # Constraints of a table come in another order.
            rows.append(
                [(name, sorted(re.split(r",?\s*\n\t?", text or ""))) for name, text in connection.execute(sa.text(sql))]
            )
        engine.dispose()
    assert rows[0] == rows[1]


def test_the_newest_migration_is_the_revision() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == migrations.REVISION


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    Index(url).close()
    engine = _engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ArchiveError, match="newer version of filmless\nhint: update filmless"):
        Index(url)


def test_many_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        for index in threads.map(lambda _: Index(url), range(6)):
            assert index.totals().instances == 0
            index.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://localhost/index", "of no database that is known"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_a_database_that_is_none_is_refused(url: str, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        Index(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(ArchiveError, match=r"damaged\nhint: .*rebuild"):
        Index(f"sqlite:///{tmp_path / 'index.sqlite'}")


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(ArchiveError, match=r"needs psycopg\nhint: pip install 'filmless\[postgres\]'"):
        Index("postgresql://localhost/index")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    """What is behind a question mark is of the path, not of the URL."""
    folder = tmp_path / "a?b%20c#d é"
    folder.mkdir()
    for _ in range(2):
        index = Index(f"sqlite:///{folder / 'index.sqlite'}")
        assert index.totals().instances == 0
        index.close()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert [path.name for path in folder.iterdir()] == ["index.sqlite"]
