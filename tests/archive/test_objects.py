"""An object store as storage: one server, and two that share it and a database."""

import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from filmless.archive import Archive, Options
from filmless.archive.storage.objects import Objects
from filmless.errors import ArchiveError, NotFoundError

from .made import instance_maker, uid_of

Make = Callable[..., bytes]
Bucket = Callable[[], dict[str, str]]


@pytest.fixture
def bucket(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, with the rest in the environment."""
    settings = s3()
    url = settings.pop("url")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return url


@pytest.fixture
def objects(bucket: str, tmp_path: Path) -> Objects:
    return Objects(bucket, spool=tmp_path / "spool")


def put(objects: Objects, data: bytes) -> str:
    draft = objects.draft()
    draft.write(data)
    draft.seal()
    return objects.place(draft, "instances")


@pytest.mark.parametrize("size", [0, 1, 5000, (8 << 20) + 1])
def test_what_was_put_is_there(objects: Objects, size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    location = put(objects, data)
    digest = hashlib.sha256(data).hexdigest()
    assert location.startswith(f"instances/{digest[:2]}/{digest}-")
    assert objects.read(location) == data
    assert objects.read(location, size // 2) == data[size // 2 :]
    assert objects.read(location, 1, 1 << 60) == data[1:]
    assert objects.read(location, size + 5, size + 10) == b""
    assert objects.size(location) == size
    assert [(found.sha256, found.size) for found in objects.files("instances")] == [(digest, size)]
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_file_is_read_in_ranges(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom((3 << 20) + 17)
    location = put(objects, data)
    with objects.open(location) as file:
        file.seek(2 << 20)
        assert file.read(10) == data[2 << 20 :][:10]
        file.seek(-5, os.SEEK_END)
        assert file.read() == data[-5:]
        file.seek(0)
        assert b"".join(iter(lambda: file.read(700_000), b"")) == data


def test_nothing_is_put_over_anything(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore

    location = put(objects, b"first")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(objects._store, location, b"second", mode="create")
    assert put(objects, b"first") != location
    # Our own request that was repeated, because its answer got lost.
    token = location.rpartition("-")[2].removesuffix(".dcm")
    monkeypatch.setattr(secrets, "token_hex", lambda _size: token)
    assert put(objects, b"first") == location
    assert objects.read(location) == b"first"


def test_what_is_not_there(objects: Objects) -> None:
    for ask in (objects.read, objects.open, lambda location: objects.read(location, 5, 10)):
        with pytest.raises(NotFoundError):
            ask("instances/00/none.dcm")
    assert objects.size("instances/00/none.dcm") is None
    objects.remove("instances/00/none.dcm")
    objects.purge(["instances/00/none.dcm"])


def test_marks_stay_until_they_are_purged(objects: Objects) -> None:
    kept, gone = put(objects, b"kept"), put(objects, b"gone")
    objects.trash([kept, gone])
    assert sorted(objects.trashed()) == sorted([kept, gone])
    objects.restore([kept])
    objects.purge([gone])
    assert list(objects.trashed()) == []
    assert (objects.size(kept), objects.size(gone)) == (4, None)


def test_a_store_that_does_not_answer(bucket: str, tmp_path: Path) -> None:
    nobody = Objects(bucket, spool=tmp_path, options={"endpoint": "http://127.0.0.1:1"}, retry_s=0.2)
    with pytest.raises(ArchiveError, match="did not put"):
        put(nobody, b"data")
    with pytest.raises(ArchiveError, match="did not read"):
        nobody.read("instances/00/x.dcm")
    with pytest.raises(ArchiveError, match="cannot be opened"):
        Objects("what://ever", spool=tmp_path)


def test_an_archive(bucket: str, tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path / "one", storage=bucket) as archive:
        assert [archive.store(make(1)).kind for _ in range(2)] == ["stored", "identical"]
        for _ in range(2):  # the second one is the first one again: one copy is kept
            assert archive.store(make(1, variant=1)).kind == "quarantined"
        [entry] = archive.entries(uid_of(0, level=1))
        assert archive.read(entry) == make(1)
        assert archive.path(entry) is None
        assert archive.dataset(entry).SOPInstanceUID == uid_of(1)
        assert [len(list(archive.storage.files(area))) for area in ("instances", "quarantine")] == [1, 1]  # type: ignore[arg-type]
        assert archive.delete([entry]) == 1
        with pytest.raises(NotFoundError):
            archive.read(entry)
        assert list(archive.storage.files("instances")) == list(archive.storage.trashed()) == []
        assert list((tmp_path / "one" / "incoming").iterdir()) == []


def test_a_large_instance_comes_in_parts(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = instance_maker(size=20 << 20)(1)
    with Archive(tmp_path / "one", storage=bucket) as archive:
        archive.store(data)
        [entry] = archive.entries(uid_of(0, level=1))
        ranges, fetch = [], archive.storage.range  # type: ignore[attr-defined]

        def counted(location: str, start: int, end: int) -> object:
            ranges.append((start, end))
            return fetch(location, start, end)

        monkeypatch.setattr(archive.storage, "range", counted)
        with archive.open(entry) as file:
            assert hashlib.sha256(file.read()).hexdigest() == entry.sha256
        assert len(ranges) == 3


SERVER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from made import instance_maker
from filmless.archive import Archive
make, which = instance_maker(), int(sys.argv[2])
with Archive(sys.argv[3], index=sys.argv[4], storage=sys.argv[5]) as archive:
    print("ready", flush=True)
    sys.stdin.readline()
    def store(number):  # 0 to 9: the same from both; 10 to 19: others of the same UID; from 100: its own
        return archive.store(make(number, variant=which if 10 <= number < 20 else 0)).kind
    numbers = [*range(20), *range(100 * which, 100 * which + 10)]
    with ThreadPoolExecutor(4) as pool:
        print(json.dumps(list(pool.map(store, numbers))), flush=True)
"""


def test_two_processes_share_a_bucket_and_a_database(
    bucket: str, postgres: Callable[[], str], tmp_path: Path, make: Make
) -> None:
    index = postgres()
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", SERVER, Path(__file__).parent, str(which), tmp_path / str(which), index, bucket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for which in (1, 2)
    ]
    assert [server.stdout.readline() for server in servers if server.stdout] == ["ready\n"] * 2
    for server in servers:
        assert server.stdin
        server.stdin.write("go\n")
        server.stdin.flush()
    kinds = [json.loads(server.communicate(timeout=60)[0]) for server in servers]
    assert [server.returncode for server in servers] == [0, 0]
    assert all(set(pair) == {"stored", "identical"} for pair in zip(*(kind[:10] for kind in kinds), strict=True))
    assert all(set(pair) == {"stored", "quarantined"} for pair in zip(*(kind[10:20] for kind in kinds), strict=True))
    assert [kind[20:] for kind in kinds] == [["stored"] * 10] * 2
    with Archive(tmp_path / "third", index=index, storage=bucket) as archive:
        entries = archive.entries(uid_of(0, level=1))
        assert len(entries) == 40
        for entry in entries:
            assert hashlib.sha256(archive.read(entry)).hexdigest() == entry.sha256
        assert {found.location for found in archive.storage.files("instances")} == {e.location for e in entries}
        conflicts = list(archive.index.conflicts())
        assert len(conflicts) == 10
        assert {found.location for found in archive.storage.files("quarantine")} == {c.location for c in conflicts}
        assert list(archive.storage.trashed()) == []


@pytest.mark.parametrize("is_shared", [False, True])
def test_connections_that_are_cut_lose_nothing(
    bucket: str, postgres: Callable[[], str], tmp_path: Path, make: Make, is_shared: bool
) -> None:
    """PostgreSQL ends all sessions again and again, in the middle of commits, too."""
    url, over = postgres(), threading.Event()
    acknowledged: list[int] = []

    def cut() -> None:
        sql = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(url, autocommit=True) as other:
            while not over.wait(0.01):
                other.execute(sql)

    def send(number: int) -> None:
        with suppress(ArchiveError):
            archive.store(make(number))
            acknowledged.append(number)
        if number % 5 == 0:
            with suppress(ArchiveError):
                archive.store(make(number, variant=1))

    options = Options(duplicates="replace")
    with (
        Archive(tmp_path / "one", index=url, storage=bucket if is_shared else None, options=options) as archive,
        ThreadPoolExecutor(5) as pool,
    ):
        cutting = pool.submit(cut)
        list(pool.map(send, range(60)))
        over.set()
        cutting.result()
        for number in range(100, 120):  # whatever was left open is settled when others come
            with suppress(ArchiveError):
                archive.store(make(number))
            if not list(archive.storage.trashed()):
                break
        entries = {entry.instance_uid: entry for entry in archive.entries(uid_of(0, level=1))}
        assert entries.keys() >= {uid_of(number) for number in acknowledged}
        for entry in entries.values():
            assert hashlib.sha256(archive.read(entry)).hexdigest() == entry.sha256
        located = {entry.location for entry in entries.values()}
        assert {found.location for found in archive.storage.files("instances")} == located
        assert list(archive.storage.trashed()) == list(archive.storage.files("quarantine")) == []
