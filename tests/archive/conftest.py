"""Instances, archives to put them in, a database server and an object store."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive import Archive

from .made import instance_maker

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


@pytest.fixture(scope="session")
def make() -> Callable[..., bytes]:
    return instance_maker()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture(scope="session")
def s3() -> Iterator[Callable[[], dict[str, str]]]:
    """Start an object store; return what makes an empty bucket and gives what the environment has to say."""
    import httpx
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    count = iter(range(1_000_000))

    def bucket() -> dict[str, str]:
        name = f"bucket{next(count)}"
        httpx.put(f"{address}/{name}").raise_for_status()
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        return {"AWS_ENDPOINT_URL": address, "url": f"s3://{name}/archive", **keys}

    try:
        yield bucket
    finally:
        server.stop()
