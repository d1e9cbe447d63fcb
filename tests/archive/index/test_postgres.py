"""What several processes on one PostgreSQL meet."""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from filmless.archive.index import postgresql
from filmless.archive.index.index import Index
from filmless.errors import ArchiveError

from .made import data_set, placed, record


def test_nobody_waits_for_each_other(postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances of a few studies are added, removed, and moved to other patients, by four at once: no deadlock."""
    seen = []

    def noted(error: psycopg.Error) -> ArchiveError:
        seen.append(error.sqlstate)
        return ours(error)

    ours = postgresql._ours
    url, start = postgres(), threading.Barrier(4)
    indexes = [Index(url) for _ in range(4)]
    monkeypatch.setattr(postgresql, "_ours", noted)

    def work(number: int) -> None:
        chance, index = random.Random(number), indexes[number]
        start.wait()
        for _ in range(25):
            numbers = [(chance.randint(1, 5), chance.randint(1, 2), chance.randint(1, 9)) for _ in range(10)]
            kind = chance.choice(["add", "add", "remove", "replace"])
            if kind == "add":
                index.add(placed(*(data_set(*each, PatientID=f"P{each[0] % 2}") for each in numbers)))
                continue
            found = [index.find(f"1.2.{study}.{series}.{instance}") for study, series, instance in set(numbers)]
            entries = [entry for entry in found if entry is not None]
            if kind == "remove":
                index.remove(entries)
            else:
                moved = [
                    data_set(*map(int, entry.instance_uid.split(".")[2:]), PatientID=f"P{chance.randint(0, 2)}")
                    for entry in entries
                ]
                index.replace((entry, record(ds), "", "b") for entry, ds in zip(entries, moved, strict=True))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert seen == []
    rows = indexes[0]._database.rows(
        "SELECT s.instance_count, s.size, (SELECT count(*) FROM instance i JOIN series e ON e.id = i.series "
        "WHERE e.study = s.id), (SELECT sum(e.instance_count) FROM series e WHERE e.study = s.id) FROM study s"
    )
    assert rows
    assert all(count == counted == summed and size == count * 1000 for count, size, counted, summed in rows)
    assert indexes[0]._database.rows("SELECT 1 FROM patient WHERE id NOT IN (SELECT patient FROM study)") == []
    for index in indexes:
        index.close()


def test_a_study_that_was_moved_meanwhile_is_locked_behind_its_new_patient(
    postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it is was looked up before its lock was had: the new patient would be locked after the study."""
    url = postgres()
    index, other = Index(url), Index(url)
    index.add(placed(data_set(1, 1, 1, PatientID="P0"), data_set(1, 1, 2, PatientID="P0")))
    entries = index.entries("1.2.1")
    asked: list[tuple[str, object]] = []
    rows = postgresql._Transaction.rows

    def noted(self: Any, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = rows(self, sql, values)
        if "FOR UPDATE" in sql:
            asked.append((sql.split()[3], values[0]))
        elif not asked:
            monkeypatch.setattr(postgresql._Transaction, "rows", rows)
            other.replace([(entries[1], record(data_set(1, 1, 2, PatientID="P1")), "", "b")])
            monkeypatch.setattr(postgresql._Transaction, "rows", noted)
        return found

    monkeypatch.setattr(postgresql._Transaction, "rows", noted)
    assert index.remove(entries[:1]) == [True]
    monkeypatch.undo()
    assert asked[-2:] == [("patient", "P1\\"), ("study", "1.2.1")]
    index.close()
    other.close()


def test_a_deadlock_is_tried_again(postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program locks in another order, and PostgreSQL ends our transaction."""
    monkeypatch.setattr(postgresql, "_PREPARE", (*postgresql._PREPARE, "SET deadlock_timeout = '10ms'"))
    url, seen, ours = postgres(), list[str | None](), postgresql._ours
    index = Index(url)
    index.add(placed(data_set(1), data_set(2)))
    rows = postgresql._Transaction.rows
    lock = "SELECT 1 FROM study WHERE uid = %s FOR UPDATE"
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watch, ThreadPoolExecutor(1) as thread:
        other.execute("SET deadlock_timeout = '1min'")
        other.execute(lock, ("1.2.2",))

        def crossed(self: Any, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            found = rows(self, sql, values)
            if "FOR UPDATE" in sql:  # the first study is ours: the other one asks for it, and we for theirs then
                monkeypatch.setattr(postgresql._Transaction, "rows", rows)
                thread.submit(other.execute, lock, ("1.2.1",)).add_done_callback(lambda _: other.rollback())
                waits = "SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted"
                while not watch.execute(waits, (other.info.backend_pid,)).fetchall():
                    pass
            return found

        def noted(error: psycopg.Error) -> ArchiveError:
            seen.append(error.sqlstate)
            return ours(error)

        monkeypatch.setattr(postgresql._Transaction, "rows", crossed)
        monkeypatch.setattr(postgresql, "_ours", noted)
        assert index.add(placed(data_set(1, 1, 2), data_set(2, 1, 2))) == [True, True]
    assert seen == ["40P01"]
    index.close()


def test_a_server_that_was_started_anew_is_reached_again(postgres: Callable[[], str]) -> None:
    url = postgres()
    index = Index(url)
    index.add(placed(data_set(1)))

    def cut() -> None:
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                          "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip

    cut()
    assert index.find("1.2.1.1.1") is not None
    cut()
    assert index.add(placed(data_set(2))) == [True]
    index.close()


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_connection_that_broke_within_a_pipeline_is_not_used_again(postgres: Callable[[], str], is_cut: bool) -> None:
    """It does not say that it is closed, and would fail for whoever has it next, for good."""
    url = postgres()
    index, used = Index(url), list[Any]()

    def work(transaction: Any) -> int:
        connection = transaction._connection
        used.append(connection)
        if len(used) == 1:
            connection.pgconn.enter_pipeline_mode()
            connection.pgconn.send_query_params(b"SELECT pg_backend_pid()", [])
            if is_cut:
                with psycopg.connect(url, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")
        [(one,)] = transaction.rows("SELECT 1")
        return int(one)

    assert index._database.write(work) == 1  # at once: it is done once more
    assert used[0].closed
    assert used[1] is not used[0]
    for number in (1, 2):
        assert index.add(placed(data_set(number))) == [True]
    index.close()


def test_connections_are_let_go_of_by_several_at_once(postgres: Callable[[], str]) -> None:
    index = Index(postgres())
    database = index._database

    class Emptied(deque[Any]):
        """Another thread takes the last one between the look and the taking."""

        def __bool__(self) -> bool:
            return True

    database._idle = Emptied(database._idle)
    database._close_idle()
    assert database.rows("SELECT 1") == [(1,)]
    index.close()


def test_messages_hold_no_values(postgres: Callable[[], str]) -> None:
    url = postgres()
    index = Index(url)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("ALTER TABLE study ADD CHECK (patient_id <> 'SECRET')")
    with pytest.raises(ArchiveError) as caught:
        index.add(placed(data_set(PatientID="SECRET")))
    assert str(caught.value) == "the index cannot be used: PostgreSQL says CheckViolation, SQLSTATE 23514"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    index.close()


def test_a_row_that_another_process_holds_is_told(postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_PREPARE", (*postgresql._PREPARE, "SET lock_timeout = '1ms'"))
    url = postgres()
    index = Index(url)
    index.add(placed(data_set(1, 1, 1)))
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM study FOR UPDATE")
        with pytest.raises(ArchiveError, match="locked by another process"):
            index.add(placed(data_set(1, 1, 2)))
    assert index.add(placed(data_set(1, 1, 2))) == [True]
    index.close()


def test_a_commit_is_synchronous_whatever_the_default_is(postgres: Callable[[], str]) -> None:
    url = postgres()
    with psycopg.connect(url, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # type: ignore[arg-type]
    index = Index(url)
    assert index._database.rows("SHOW synchronous_commit") == [("on",)]
    index.close()
