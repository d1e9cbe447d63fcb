"""Making the tables of a database, and bringing them to the schema of this version, by Alembic."""

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from filmless.archive.index.database import Database
from filmless.archive.index.migrations import REVISION
from filmless.errors import ArchiveError

__all__ = ["upgrade"]

_FOLDER: Final = Path(__file__).parent
_LOCK: Final = 0x66696C6D  # "film": one process at a time in PostgreSQL


def upgrade(database: Database) -> None:
    """Make the tables, or bring them to the newest revision.

    Raises
    ------
    ArchiveError
        The database was made by a newer version, or cannot be reached.
    """
    # The connections are the database's own: SQLAlchemy reads URLs in another way.
    engine = sa.create_engine(f"{database.dialect}://", creator=database.connect, poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as connection:
            if _revision(connection) != REVISION:
                connection.rollback()
                _run(connection)
    except sa.exc.SQLAlchemyError as error:
        # The text has the statement and its values.
        raise ArchiveError(f"the tables of the index cannot be made: {type(error).__name__}") from None
    finally:
        engine.dispose()


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: Any = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found  # type: ignore[no-any-return]


def _run(connection: sa.Connection) -> None:
    """Run the migrations that are missing, in one transaction."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA busy_timeout=10000")
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver by itself begins no transaction before a CREATE
    else:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = _revision(connection)
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory(str(_FOLDER))
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise ArchiveError(
            "the index was made by a newer version of filmless",
            hint="update filmless, or give this version an index of its own",
        )

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - as `alembic.command.upgrade` does

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=False)  # the transaction is ours
        environment.run_migrations()
    connection.commit()
