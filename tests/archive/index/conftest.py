"""An index to test on: in SQLite, and in a PostgreSQL that is started for the tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive.index import schema
from filmless.archive.index.index import Index

_BINARIES = "/usr/lib/postgresql/15/bin"


def _as_postgres(*command: str) -> list[str]:
    """A command of the server, which refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Start PostgreSQL on a socket in a folder of its own; return what makes an empty database and gives its URL."""
    search = f"{_BINARIES}{os.pathsep}{os.environ.get('PATH', '')}"
    initdb, server = shutil.which("initdb", path=search), shutil.which("pg_ctl", path=search)
    if initdb is None or server is None:
        missing = pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip
        missing("PostgreSQL is not installed")
    # A socket's path has at most 107 characters, and the user `postgres` has to reach it.
    root = Path(tempfile.mkdtemp(prefix="filmless-pg-"))
    root.chmod(0o777)
    data = root / "data"

    def run(*command: str) -> None:
        subprocess.run(_as_postgres(*command), check=True, stdout=subprocess.DEVNULL, cwd=root)

    run(initdb, "-D", str(data), "-U", "filmless", "-A", "trust", "-N", "--no-locale", "-E", "UTF8")
    # Nothing is tested for what a loss of power leaves here: fsync would only take time.
    options = f"-c listen_addresses='' -c unix_socket_directories='{root}' -c fsync=off -c log_min_messages=fatal"
    run(server, "-D", str(data), "-w", "-l", str(root / "log"), "-o", options, "start")
    count = iter(range(1_000_000))
    address = f"postgresql://filmless@/{{}}?host={root}"

    def database() -> str:
        import psycopg

        name = f"test{next(count)}"
        with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return address.format(name)

    try:
        yield database
    finally:
        run(server, "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(root)


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
