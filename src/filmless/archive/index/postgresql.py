"""PostgreSQL, by psycopg: connections that are kept, transactions that are tried again where they met others."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from filmless.archive.index.database import Again, Transaction
from filmless.errors import ArchiveError, StorageFullError, UnsupportedError

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["PostgreSQL"]

_T = TypeVar("_T")
_ATTEMPTS: Final = 20
_KEPT: Final = 32  # connections
_ENDED: Final = {"57P01", "57P02", "57P05"}  # sessions, by an administrator, a crash, for being idle

_PREPARE: Final = (
    # A commit that is acknowledged is on disk, whatever the server's default is.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    "SET lock_timeout = '10s'",
    "SET standard_conforming_strings = on",
)


@cache
def _words(sql: str) -> str:
    return (
        sql.replace("%", "%%")
        .replace("instr(", "strpos(")
        .replace("IN [?]", "= ANY(%s)")
        .replace(" LIKE ?", " ILIKE %s")
        .replace(" GLOB ?", " LIKE %s")
        .replace("?", "%s")
    )


class _Transaction:
    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(_words(sql), values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(_words(sql), values).rowcount

    def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_words(sql), values)

    def numbers(self, sql: str, values: Sequence[Sequence[Any]]) -> list[int]:
        if not values:
            return []
        with self._connection.cursor() as cursor:
            cursor.executemany(_words(sql), values, returning=True)
            ids = [row[0] for row in cursor.fetchall()]
            while cursor.nextset():
                ids += [row[0] for row in cursor.fetchall()]
        return ids

    def list(self, values: Iterable[Any]) -> Any:
        return list(values)


class PostgreSQL:
    """An index in PostgreSQL, which several processes may share.

    Parameters
    ----------
    url
        ``postgresql://user@host/database``, of libpq; a driver behind a plus sign is taken, too.
    """

    dialect: Final = "postgresql+psycopg"

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise ArchiveError(
                "an index in PostgreSQL needs psycopg", hint="pip install 'filmless[postgres]'"
            ) from None
        self.url, self._psycopg = f"postgresql:{url.partition(':')[2]}", psycopg
        self._idle, self._closed = deque["Connection"](), False
        self._give_back(self._connect())

    def connect(self) -> "Connection":
        """Open a plain connection, for migrations."""
        return self._psycopg.connect(self.url, connect_timeout=10)

    def _connect(self) -> "Connection":
        with self._translated():
            connection = self._psycopg.connect(self.url, autocommit=True, connect_timeout=10)
            try:
                for statement in _PREPARE:
                    connection.execute(statement)
            except BaseException:
                connection.close()
                raise
            return connection

    def _take(self) -> "Connection":
        if self._closed:
            raise ArchiveError("the index is closed")
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: "Connection") -> None:
        if self._closed or not _is_usable(connection) or len(self._idle) >= _KEPT:
            connection.close()
        else:
            self._idle.append(connection)

    def _close_idle(self) -> None:
        with suppress(IndexError):  # others take some, too
            while True:
                self._idle.pop().close()

    @contextmanager
    def _lent(self) -> Generator["Connection"]:
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _twice(self, work: Callable[["Connection"], _T]) -> _T:
        """Do work; once more where the connection was lost: the server may have been started anew meanwhile."""
        with self._translated():
            with self._lent() as connection:
                try:
                    return work(connection)
                except self._psycopg.OperationalError as error:
                    if not _is_lost(connection, error):
                        raise
                    connection.close()
            self._close_idle()
            with self._lent() as connection:
                return work(connection)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read all rows of a statement."""
        return self._twice(lambda connection: _Transaction(connection).rows(sql, values))

    @contextmanager
    def stream(self, sql: str, values: Sequence[Any] = ()) -> Generator[Iterable[tuple[Any, ...]]]:
        """Read the rows of a statement as they are taken."""
        with (
            self._translated(),
            self._lent() as connection,
            connection.transaction(),
            connection.cursor(name="stream") as cursor,
        ):
            cursor.itersize = 500
            cursor.execute(_words(sql), values)
            yield cursor

    def write(self, work: Callable[[Transaction], _T]) -> _T:
        """Do work in a transaction that is durable on return."""

        def attempt(connection: "Connection") -> _T:
            with connection.transaction():
                return work(_Transaction(connection))

        for _ in range(_ATTEMPTS):
            try:
                return self._twice(attempt)
            except (Again, _Retried):
                continue
        raise ArchiveError("the index could not be written: other processes write the same all the time") from None

    def list(self, values: Iterable[Any]) -> Any:
        """Return the value of a list."""
        return list(values)

    def pattern(self, text: str) -> str:
        """Return the value of a pattern, its other signs taken literally."""
        text = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return text.replace("*", "%").replace("?", "_")

    def backup(self, path: Path) -> None:  # noqa: ARG002
        """Refuse: PostgreSQL has its own ways."""
        raise UnsupportedError("an index in PostgreSQL is not copied to a file", hint="use pg_dump")

    def close(self) -> None:
        """Let go of all connections; those at work are closed when they are given back."""
        self._closed = True
        self._close_idle()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise _ours(error) from None


def _is_usable(connection: "Connection") -> bool:
    """Whether nothing is under way on a connection: cut in a pipeline, one says that it is open, and is of no use."""
    info = connection.info
    return not connection.closed and (info.transaction_status, info.pipeline_status) == (0, 0)  # idle, and none


def _is_lost(connection: "Connection", error: "psycopg.Error") -> bool:
    """Whether an error is of the connection: it need not know yet that it is closed."""
    state = error.sqlstate or ""
    return not _is_usable(connection) or not state or state.startswith("08") or state in _ENDED


class _Retried(ArchiveError):  # noqa: N818 - no error, but a request
    """Two transactions met; PostgreSQL ended this one."""


def _ours(error: "psycopg.Error") -> ArchiveError:
    """Return an error of ours, by its SQLSTATE: messages of PostgreSQL may hold values of rows."""
    state = error.sqlstate or ""
    if state in {"40001", "40P01"}:  # serialization failure, deadlock
        return _Retried("the index could not be written: other processes write the same all the time")
    if state == "53100":  # the disk; other resources, as connections, come back by themselves
        return StorageFullError(f"PostgreSQL has no room for the index: SQLSTATE {state}")
    if state == "55P03":
        return ArchiveError("the index is locked by another process", hint="try again when it has finished")
    if state.startswith("53"):
        return ArchiveError(f"PostgreSQL has too much to do: SQLSTATE {state}", hint="try again")
    if not state or state[:2] in {"08", "28", "3D", "57"}:
        return ArchiveError(
            "PostgreSQL cannot be reached, or does not let us in" + (f": SQLSTATE {state}" if state else ""),
            hint="look at the URL of the index, and at the server's log",
        )
    return ArchiveError(f"the index cannot be used: PostgreSQL says {type(error).__name__}, SQLSTATE {state}")
