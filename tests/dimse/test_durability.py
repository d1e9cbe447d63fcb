"""Full disks, lost permissions, locked indexes: the sender is told, the association goes on, nothing is lost."""

import asyncio
import ctypes
import errno
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive import Archive
from filmless.archive.storage import folder as folder_module
from filmless.dimse.services.folder import folder
from filmless.dimse.services.storage import storage

from ..archive.made import instance_maker, uid_of
from .sending import behind_meta, sender, store

MOUNTS = sys.platform == "linux" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not MOUNTS, reason="only root may mount a small disk")
make = instance_maker(size=1_000_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB."""
    libc = ctypes.CDLL(None, use_errno=True)
    disk = tmp_path / "disk"
    disk.mkdir()
    if libc.mount(b"tmpfs", str(disk).encode(), b"tmpfs", 0, b"size=16m") != 0:
        pytest.skip(f"no disk can be mounted here: {os.strerror(ctypes.get_errno())}")
    yield disk
    assert libc.umount2(str(disk).encode(), 0) == 0


def kept(archive: Archive) -> dict[str, bytes]:
    entries = archive.entries(uid_of(0, level=1))
    return {entry.instance_uid: behind_meta(archive.read(entry)) for entry in entries}


def is_whole(archive: Archive, told: set[int]) -> None:
    """Whether exactly what was acknowledged is there, and no file beside."""
    assert kept(archive) == {uid_of(number): behind_meta(make(number)) for number in told}
    files = {stored.location for stored in archive.storage.files("instances")}
    assert files == {entry.location for entry in archive.entries(uid_of(0, level=1))}
    assert list((archive.folder / "incoming").iterdir()) == []


@needs_root
def test_a_full_disk_of_the_archive(small_disk: Path) -> None:
    async def talk(archive: Archive) -> tuple[set[int], set[int]]:
        told: set[int] = set()
        refused: set[int] = set()
        async with sender(storage(archive)) as (peer, _):
            for number in range(30):
                answer = await store(peer, behind_meta(make(number)), uid_of(number))
                assert answer["Status"] in {0, 0xA700}
                (refused if answer["Status"] else told).add(number)
                if answer["Status"]:
                    assert "full" in answer["ErrorComment"]
                    assert str(small_disk) not in answer["ErrorComment"]
            is_whole(archive, told)
            first = archive.entries(uid_of(0, level=1))[:4]
            assert archive.delete(first) == 4
            told -= {number for number in told if uid_of(number) in {entry.instance_uid for entry in first}}
            assert (await store(peer, behind_meta(make(100)), uid_of(100)))["Status"] == 0, "there is room again"
        return told | {100}, refused

    with Archive(small_disk / "archive") as archive:
        told, refused = asyncio.run(talk(archive))
        assert refused
        is_whole(archive, told)
    with Archive(small_disk / "archive") as archive:
        is_whole(archive, told)


@needs_root
def test_a_full_disk_of_a_folder(small_disk: Path) -> None:
    async def talk() -> list[int]:
        async with sender(folder(small_disk / "out")) as (peer, _):
            statuses = []
            for number in range(20):
                statuses.append((await store(peer, behind_meta(make(number)), uid_of(number)))["Status"])
                if statuses[-1]:
                    break
            next(path for path in (small_disk / "out").rglob("*.dcm")).unlink()
            statuses.append((await store(peer, behind_meta(make(99)), uid_of(99)))["Status"])
            return statuses

    statuses = asyncio.run(talk())
    assert statuses[-2:] == [0xA700, 0]
    assert set(statuses[:-2]) == {0}
    files = [path for path in (small_disk / "out").rglob("*") if path.is_file()]
    assert len(files) == len(statuses) - 2
    assert not any(path.suffix == ".part" for path in files)


@pytest.mark.parametrize("step", ["write", "seal", "place", "settle"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_any_step_of_the_disk_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int) -> None:
    owner, name = {
        "write": (folder_module.FileDraft, "write"),
        "seal": (folder_module.FileDraft, "seal"),
        "place": (folder_module.FileDraft, "put"),
        "settle": (folder_module.Folder, "settle"),
    }[step]

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code), "/a/path")

    async def talk(archive: Archive) -> list[dict]:
        async with sender(storage(archive)) as (peer, _):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, fail)
                first = await store(peer, behind_meta(make(1)), uid_of(1))
            is_whole(archive, set())
            return [first, await store(peer, behind_meta(make(1)), uid_of(1))]

    with Archive(tmp_path / "archive") as archive:
        first, second = asyncio.run(talk(archive))
        assert first["Status"] == 0xA700
        assert "/a/path" not in first["ErrorComment"]
        assert second["Status"] == 0
        is_whole(archive, {1})


def test_a_locked_index(tmp_path: Path) -> None:
    async def talk(archive: Archive, other: sqlite3.Connection) -> list[int]:
        async with sender(storage(archive)) as (peer, _):
            other.execute("BEGIN IMMEDIATE")
            first = await store(peer, behind_meta(make(1)), uid_of(1))
            other.execute("ROLLBACK")
            second = await store(peer, behind_meta(make(1)), uid_of(1))
        return [first["Status"], second["Status"]]

    with Archive(tmp_path / "archive") as archive:
        archive.index._database._writer.execute("PRAGMA busy_timeout=20")  # type: ignore[attr-defined]
        other = sqlite3.connect(archive.folder / "index.sqlite", isolation_level=None)
        try:
            assert asyncio.run(talk(archive, other)) == [0xA700, 0]
        finally:
            other.close()
        is_whole(archive, {1})


def test_a_folder_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    async def talk() -> list[int]:
        async with sender(folder(tmp_path / "out")) as (peer, _):
            statuses = [(await store(peer, behind_meta(make(1)), uid_of(1)))["Status"]]
            for path in sorted((tmp_path / "out").rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            (tmp_path / "out").rmdir()
            return [*statuses, (await store(peer, behind_meta(make(2)), uid_of(2)))["Status"]]

    assert asyncio.run(talk()) == [0, 0]
    assert [path.stem for path in (tmp_path / "out").rglob("*.dcm")] == [uid_of(2)]


@pytest.mark.parametrize("where", ["archive", "folder"])
def test_associations_at_once(tmp_path: Path, where: str) -> None:
    """Each of eight sends its own and what all send; all is there once."""

    async def send(port: int, of: int) -> list[int]:
        from filmless.dimse import connect

        from .sending import CT, EXPLICIT

        async with connect(f"FILMLESS@127.0.0.1:{port}", contexts=[(CT, (EXPLICIT,))]) as peer:
            numbers = [*range(of * 10, of * 10 + 5), 1000, 1001]
            return [(await store(peer, behind_meta(small(n)), uid_of(n)))["Status"] for n in numbers]

    small = instance_maker()

    async def talk(service: Callable[[], object]) -> None:
        from filmless.dimse import Scp

        async with Scp("FILMLESS", [service()]).listen() as port:  # type: ignore[list-item]
            statuses = await asyncio.gather(*(send(port, of) for of in range(8)))
        assert {status for some in statuses for status in some} == {0}

    expected = {uid_of(n) for of in range(8) for n in (*range(of * 10, of * 10 + 5), 1000, 1001)}
    if where == "folder":
        asyncio.run(talk(lambda: folder(tmp_path / "out")))
        found = [path.stem for path in (tmp_path / "out").rglob("*") if path.is_file()]
    else:
        with Archive(tmp_path / "archive") as archive:
            asyncio.run(talk(lambda: storage(archive)))
            found = [entry.instance_uid for entry in archive.entries(uid_of(0, level=1))]
            assert list((archive.folder / "incoming").iterdir()) == []
    assert sorted(found) == sorted(expected)
