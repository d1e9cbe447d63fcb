"""How SQLite goes about the statements: what is hot looks rows up in an index, and what is listed comes in order.

A statement that goes through a table costs more with every instance that is stored; a test of time would not tell.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filmless.archive.index.index import Index
from filmless.archive.index.search import _Plan
from filmless.archive.index.sqlite import SQLite
from filmless.archive.query import Level, Query
from filmless.archive.within import Within

from .made import CT, data_set, keys, path, placed, record


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with little in it, in SQLite."""
    found = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    found.add(placed(*(data_set(1 + number % 3, 1, number) for number in range(9))))
    yield found
    found.close()


def _steps(index: Index, sql: str) -> list[str]:
    return [row[3] for row in index._database.rows(f"EXPLAIN QUERY PLAN {sql}")]


def _scans(index: Index, statements: list[str]) -> list[str]:
    """The steps of statements that go through a table."""
    steps = [step for sql in statements for step in _steps(index, sql)]
    return [step for step in steps if step.startswith("SCAN") and "json_each" not in step]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of what is opened from now on."""
    seen: list[str] = []
    connect = SQLite._connect

    def traced(self: SQLite) -> object:
        connection = connect(self)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr(SQLite, "_connect", traced)
    return seen


def test_writing_and_looking_up_go_through_no_table(index: Index, seen: list[str]) -> None:
    again = Index(index._database.url)
    seen.clear()
    again.add(placed(data_set(1, 1, 100), data_set(1, 2, 1), data_set(7, 1, 1)))
    entries = again.entries("1.2.1")
    assert entries
    assert again.find("1.2.1.1.100")
    list(again.headers(entries))
    again.frame_map(entries[0])
    again.entries("1.2.1", "1.2.1.1", entries[0].instance_uid)
    again.digests("ab")
    list(again.locations(after=3))
    again.patient_of("1.2.1")
    again.replace([(entries[0], record(data_set(1, 1, 300), content="x"), "", "x")])
    again.remove(again.entries("1.2.7"))
    again.close()
    statements = [sql for sql in seen if sql.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    assert len(statements) > 40
    assert _scans(index, statements) == []


@pytest.mark.parametrize(
    ("level", "pairs"),
    [
        ("patient", {}),
        ("study", {}),
        ("series", {}),
        ("instance", {}),
        ("study", {"StudyDate": "20200101-20201231"}),
        ("instance", {"SOPClassUID": CT}),
    ],
)
def test_what_is_listed_comes_in_order(index: Index, level: Level, pairs: dict[str, str]) -> None:
    """Nothing is sorted: the first rows of a million come as fast as those of ten."""
    sql, values = _Plan(index._database, Query(level, keys(pairs))).statement()
    steps = [row[3] for row in index._database.rows(f"EXPLAIN QUERY PLAN {sql} LIMIT 20", values)]
    assert [step for step in steps if "TEMP B-TREE" in step and "LAST TERM" not in step] == []


@pytest.mark.parametrize("name", ["Modality", "Rows", "KVP"])
def test_what_is_taken_from_the_first_below_comes_in_order(index: Index, seen: list[str], name: str) -> None:
    """A viewer's list of studies asks for the modality of each."""
    again = Index(index._database.url)
    seen.clear()
    assert len(again.search(Query("study", include=frozenset({path(name)}))).rows) == 3
    again.close()
    steps = _steps(index, next(sql for sql in seen if "series e" in sql))
    steps += [step for sql in seen if "instance i" in sql for step in _steps(index, sql)]
    assert [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN")] == []


@pytest.mark.parametrize(
    ("level", "pairs"),
    [
        ("study", {"PatientID": "P1"}),
        ("study", {"PatientID": "P1", "StudyDate": "2020*".replace("*", "0101")}),
        ("study", {"AccessionNumber": "1"}),
        ("study", {"StudyInstanceUID": "1.2.1\\1.2.2"}),
        ("study", {"SOPInstanceUID": "1.2.1.1.1"}),
        ("study", {"SeriesInstanceUID": "1.2.1.1"}),
        ("series", {"StudyInstanceUID": "1.2.1", "Modality": "CT"}),
        ("series", {"PatientID": "P1"}),
        ("instance", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}),
        ("instance", {"SOPInstanceUID": "1.2.1.1.1"}),
        ("instance", {"AccessionNumber": "1"}),
    ],
)
def test_what_is_named_is_looked_up(index: Index, level: Level, pairs: dict[str, str]) -> None:
    for within in (Within(), Within(patients=frozenset({"P1"}))):
        sql, values = _Plan(index._database, Query(level, keys(pairs), within=within)).statement()
        steps = [row[3] for row in index._database.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []
