"""SQLite: one connection that writes, others that read; a write-ahead log that is synchronised at each commit."""

import json
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from filmless.archive.index.database import Again, Transaction
from filmless.errors import ArchiveError, StorageFullError

__all__ = ["SQLite"]

_T = TypeVar("_T")
_OLDEST: Final = (3, 35)  # RETURNING
# fullfsync is for macOS, where a synchronisation otherwise ends in the drive's cache; no other system knows it.
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON", "temp_store=MEMORY")
_WAIT_S: Final = 10.0  # for another process that writes


@cache
def _words(sql: str) -> str:
    return (
        sql.replace("IN [?]", "IN (SELECT value FROM json_each(?))")
        .replace(" FOR UPDATE", "")
        .replace(" FOR KEY SHARE", "")
    )


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(_words(sql), values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(_words(sql), values).rowcount

    def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(_words(sql), values)

    def numbers(self, sql: str, values: Sequence[Sequence[Any]]) -> list[int]:
        execute, words = self._connection.execute, _words(sql)
        return [row[0] for one in values for row in execute(words, one).fetchall()]

    def list(self, values: Iterable[Any]) -> Any:
        return _list(values)


def _list(values: Iterable[Any]) -> str:
    return json.dumps(list(values))


class SQLite:
    """An index in a file.

    Parameters
    ----------
    url
        ``sqlite:///path``, the path relative, or absolute with a fourth slash.
    """

    dialect: Final = "sqlite"

    def __init__(self, url: str) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise ArchiveError("SQLite is older than 3.35", hint="use a newer Python, or an index in PostgreSQL")
        path = url.partition(":///")[2]
        if not path or path.startswith(":memory:"):
            raise ArchiveError("the URL of the index names no file", hint="write it as sqlite:///path")
        self.url, self._path = url, Path(path)
        self._lock, self._readers, self._closed = threading.Lock(), deque[sqlite3.Connection](), False
        # Names and Patient IDs are in it: it is made as private as the files are, and SQLite's own beside it follow.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = self._connect()

    def connect(self) -> sqlite3.Connection:
        """Open a plain connection, for migrations."""
        return sqlite3.connect(self._path, timeout=_WAIT_S)

    def _connect(self) -> sqlite3.Connection:
        with _translated():
            connection = sqlite3.connect(
                self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=512
            )
            try:
                for pragma in _PRAGMAS:
                    connection.execute(f"PRAGMA {pragma}")
            except BaseException:
                connection.close()
                raise
            return connection

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise ArchiveError("the index is closed")
        try:
            return self._readers.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._readers.append(connection)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read all rows of a statement."""
        connection = self._take()
        try:
            return connection.execute(_words(sql), values).fetchall()
        except sqlite3.Error as error:
            raise _ours(error) from None
        finally:
            self._give_back(connection)

    @contextmanager
    def stream(self, sql: str, values: Sequence[Any] = ()) -> Generator[Iterable[tuple[Any, ...]]]:
        """Read the rows of a statement as they are taken."""
        connection = self._take()
        try:
            with _translated(), closing(connection.execute(_words(sql), values)) as cursor:
                yield cursor
        finally:
            self._give_back(connection)

    def write(self, work: Callable[[Transaction], _T]) -> _T:
        """Do work in a transaction that is durable on return."""
        with self._lock, _translated():
            if self._closed:
                raise ArchiveError("the index is closed")
            for _ in range(3):
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    result = work(_Transaction(self._writer))
                    self._writer.execute("COMMIT")
                except Again:
                    self._writer.execute("ROLLBACK")
                except BaseException:
                    if self._writer.in_transaction:  # a full disk has rolled back by itself
                        self._writer.execute("ROLLBACK")
                    raise
                else:
                    return result
            raise ArchiveError("the index could not be written: its rows do not agree")

    def list(self, values: Iterable[Any]) -> Any:
        """Return the value of a list."""
        return _list(values)

    def pattern(self, text: str) -> str:
        """Return the value of a pattern: a bracket would begin a set of characters."""
        return text.replace("[", "[[]")

    def backup(self, path: Path) -> None:
        """Copy the database to a file, while it is used: it is the state of one moment."""
        connection = self._take()
        try:
            with _translated(), closing(sqlite3.connect(path)) as copy:
                connection.backup(copy)
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Let go of all connections; those at work are closed when they are given back."""
        with self._lock:
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            self._writer.close()


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error) from None


def _ours(error: sqlite3.Error) -> ArchiveError:
    """Return an error of ours. SQLite's messages name tables and columns, never values."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFullError("there is no room for the index")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return ArchiveError("the index is locked by another process", hint="try again when it has finished")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return ArchiveError("the file of the index is damaged", hint="make it again: filmless archive rebuild")
    return ArchiveError(f"the index cannot be used: {error}")
