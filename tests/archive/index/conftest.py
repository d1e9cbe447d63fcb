"""An index to test on: in SQLite, and in a PostgreSQL that is started for the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive.index import schema
from filmless.archive.index.index import Index


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'index.sqlite'}"
    made: str = request.getfixturevalue("postgres")()
    return made


@pytest.fixture(scope="session")
def shared(postgres: Callable[[], str]) -> Iterator[Index]:
    """An index in PostgreSQL that is emptied for each test: a database of its own takes longer."""
    found = Index(postgres())
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """An empty index of each kind."""
    if request.param == "postgresql":
        shared: Index = request.getfixturevalue("shared")
        names = ", ".join(schema.METADATA.tables)
        shared._database.write(lambda transaction: transaction.run(f"TRUNCATE {names}"))
        yield shared
        return
    found = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    try:
        yield found
    finally:
        found.close()
