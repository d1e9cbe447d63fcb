"""What the index asks of a database, and the differences of SQL between SQLite and PostgreSQL, in one place.

Statements are written once, in the words of SQLite, with three marks: ``?`` for a value, ``IN [?]`` for a list, and
``FOR UPDATE``, which SQLite has no need of: it has one writer. ``LIKE ?`` is without the case of ASCII letters.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from filmless.errors import ArchiveError

__all__ = ["Again", "Database", "Transaction", "open_database"]

_T = TypeVar("_T")


class Again(Exception):  # noqa: N818 - no error, but a request
    """The transaction met another one, and has to begin again."""


class Transaction(Protocol):
    """A transaction that writes."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it changed."""

    def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement with each of these."""

    def numbers(self, sql: str, values: Sequence[Sequence[Any]]) -> list[int]:
        """Run an ``INSERT … RETURNING id`` with each of these; return the ids, fewer where rows were there already."""

    def list(self, values: Iterable[Any]) -> Any:
        """Return the value of a list, for ``IN [?]``."""


class Database(Protocol):
    """A database: safe in threads. Errors are of `filmless.errors` and hold no value of a row."""

    url: str

    @property
    def dialect(self) -> str:
        """The dialect of SQLAlchemy, for migrations."""

    def connect(self) -> Any:
        """Open a plain connection of the driver, for migrations."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read all rows of a statement."""

    def stream(self, sql: str, values: Sequence[Any] = ()) -> AbstractContextManager[Iterable[tuple[Any, ...]]]:
        """Read the rows of a statement as they are taken."""

    def write(self, work: Callable[[Transaction], _T]) -> _T:
        """Do work in a transaction that is durable on return. It may be done several times, until it gets through."""

    def list(self, values: Iterable[Any]) -> Any:
        """Return the value of a list, for ``IN [?]``."""

    def pattern(self, text: str) -> str:
        """Return the value of a pattern of ``*`` and ``?``, for ``GLOB ?``."""

    def backup(self, path: Path) -> None:
        """Copy the database to a file, while it is used."""

    def close(self) -> None:
        """Let go of all connections."""


def open_database(url: str) -> Database:
    """Open the database of a URL: ``sqlite:///path`` or ``postgresql://…``.

    Raises
    ------
    ArchiveError
        It cannot be reached, or its driver is not installed.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        from filmless.archive.index.sqlite import SQLite

        return SQLite(url)
    if scheme in {"postgresql", "postgres"}:
        from filmless.archive.index.postgresql import PostgreSQL

        return PostgreSQL(url)
    raise ArchiveError(
        "the URL of the index is of no database that is known", hint="use sqlite:///path or postgresql://host/database"
    )
