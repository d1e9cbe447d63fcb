"""Full disks, lost permissions, locked databases: nothing is acknowledged, nothing left, and it goes on."""

import ctypes
import errno
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from filmless.archive import Archive, Options, Outcome
from filmless.archive.storage import folder as folder_module
from filmless.errors import ArchiveError, FormatError, StorageFullError

from .made import instance_maker, uid_of

Make = Callable[..., bytes]

MOUNTS = sys.platform == "linux" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not MOUNTS, reason="only root may mount a small disk")


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


def remount(disk: Path, *, read_only: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    flags = 32 | (1 if read_only else 0)  # MS_REMOUNT, MS_RDONLY
    assert libc.mount(b"tmpfs", str(disk).encode(), b"tmpfs", flags, b"size=16m") == 0, os.strerror(ctypes.get_errno())


def fill(disk: Path) -> None:
    """Fill a disk to the last byte."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def is_whole(archive: Archive, told: set[int], make: Make) -> None:
    """Whether exactly what was acknowledged is there, and no file beside."""
    entries = {entry.instance_uid: entry for entry in archive.entries(uid_of(0, level=1))}
    assert entries.keys() == {uid_of(number) for number in told}
    for number in told:
        assert archive.read(entries[uid_of(number)]) == make(number)
    files = {stored.location for stored in archive.storage.files("instances")}
    assert files == {entry.location for entry in entries.values()}
    assert list((archive.folder / "incoming").iterdir()) == []


@needs_root
def test_a_full_disk(small_disk: Path) -> None:
    make = instance_maker(size=1_000_000)
    with Archive(small_disk / "archive") as archive:
        told: set[int] = set()
        refused: list[StorageFullError] = []
        for number in range(30):
            try:
                archive.store(make(number))
                told.add(number)
            except StorageFullError as error:
                refused.append(error)
        assert told
        assert refused
        assert not any(str(small_disk) in str(error) for error in refused)
        is_whole(archive, told, make)
        fill(small_disk)
        kept = archive.entries(uid_of(0, level=1))
        assert archive.delete(kept[:4]) == 4
        told -= {number for number in told if uid_of(number) in {entry.instance_uid for entry in kept[:4]}}
        archive.store(make(100))
        is_whole(archive, told | {100}, make)
    with Archive(small_disk / "archive") as archive:
        is_whole(archive, told | {100}, make)


@needs_root
def test_a_disk_that_turns_read_only(small_disk: Path, make: Make) -> None:
    with Archive(small_disk / "archive") as archive:
        archive.store(make(1))
    with Archive(small_disk / "archive", read_only=True) as reader:
        assert len(reader.entries(uid_of(0, level=1))) == 1
    remount(small_disk, read_only=True)
    with pytest.raises(ArchiveError, match="may not be written"):
        Archive(small_disk / "archive")
    remount(small_disk, read_only=False)
    with Archive(small_disk / "archive") as archive:
        archive.store(make(2))
        is_whole(archive, {1, 2}, make)


@pytest.mark.parametrize("step", ["write", "seal", "place", "settle"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_any_step_of_the_disk_can_fail(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    archive.store(make(1))

    def fail(*_args: object) -> None:
        raise OSError(code, os.strerror(code), "/a/path")

    owner, name = {
        "write": (folder_module.FileDraft, "write"),
        "seal": (folder_module.FileDraft, "seal"),
        "place": (folder_module.FileDraft, "put"),
        "settle": (folder_module.Folder, "settle"),
    }[step]
    expected = StorageFullError if code in {errno.ENOSPC, errno.EDQUOT} else ArchiveError
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(expected) as raised:
            archive.store(make(2))
        assert type(raised.value) is expected
        assert "/a/path" not in str(raised.value)
        is_whole(archive, {1}, make)
    assert archive.store(make(2)).kind == "stored"
    is_whole(archive, {1, 2}, make)
    assert list(archive.storage.trashed()) == []


def test_a_locked_index(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    archive.index._database._writer.execute("PRAGMA busy_timeout=20")  # type: ignore[attr-defined]
    other = sqlite3.connect(archive.folder / "index.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArchiveError, match="locked"):
            archive.store(make(2))
        [entry] = archive.entries(uid_of(0, level=1))
        with pytest.raises(ArchiveError, match="locked"):
            archive.delete([entry])
        is_read = archive.read(entry)
        assert is_read == make(1), "what could not be deleted is there"
        other.execute("ROLLBACK")
    finally:
        other.close()
    archive.store(make(2))
    is_whole(archive, {1, 2}, make)
    assert list(archive.storage.trashed()) == []


def test_a_lock_that_stays_until_the_end_is_cleared_up_by_the_next_start(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    archive.index._database._writer.execute("PRAGMA busy_timeout=20")  # type: ignore[attr-defined]
    other = sqlite3.connect(archive.folder / "index.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        for number in (1, 2):
            with pytest.raises(ArchiveError):
                archive.store(make(number))
    finally:
        other.close()
    archive.close()
    with Archive(archive.folder) as again:
        is_whole(again, {1}, make)


def test_an_index_that_is_full(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    writer = archive.index._database._writer  # type: ignore[attr-defined]
    ((pages,),) = writer.execute("PRAGMA page_count").fetchall()
    writer.execute(f"PRAGMA max_page_count={pages}").fetchall()
    told, full = {1}, 0
    for number in range(2, 40):
        try:
            archive.store(make(number))
            told.add(number)
        except StorageFullError:
            full += 1
    assert full
    writer.execute("PRAGMA max_page_count=1000000").fetchall()
    archive.store(make(50))
    is_whole(archive, told | {50}, make)


def test_one_bad_record_does_not_fail_the_others(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    add = archive.index.add
    sizes = []

    def picky(batch, **how):
        sizes.append(len(batch))
        if any(record.instance_uid == uid_of(3) for record, _, _ in batch):
            raise FormatError("a value that no database takes")
        return add(batch, **how)

    def late(batch, **how):
        # While the first one is committed the others gather.
        monkeypatch.setattr(archive.index, "add", picky)
        futures.extend(submit(number) for number in range(1, 6))
        return picky(batch, **how)

    def submit(number: int) -> Future[Outcome]:
        with archive.receive() as incoming:
            incoming.write(make(number))
            return incoming.submit()

    monkeypatch.setattr(archive.index, "add", late)
    futures: list[Future[Outcome]] = []
    assert submit(0).result(10).kind == "stored"
    with pytest.raises(FormatError):
        futures[2].result(10)
    assert [future.result(10).kind for future in futures[:2] + futures[3:]] == ["stored"] * 4
    assert sizes[:2] == [1, 5]
    is_whole(archive, {0, 1, 2, 4, 5}, make)


def test_a_broken_decision_is_told(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.store(make(1))

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(archive.storage, "move", fail)
        with pytest.raises(ArchiveError, match="broken"):
            archive.store(make(1, variant=1))
    is_whole(archive, {1}, make)
    assert archive.store(make(1, variant=1)).kind == "quarantined"


def test_what_could_not_be_deleted_is_read_by_its_path(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(1))
    [entry] = archive.entries(uid_of(0, level=1))

    def fail(*_args: object) -> None:
        raise ArchiveError("the index is locked")

    with monkeypatch.context() as patch:
        patch.setattr(archive.index, "remove", fail)
        with pytest.raises(ArchiveError):
            archive.delete([entry])
    assert archive.dataset(entry).SOPInstanceUID == uid_of(1)
    archive.store(make(2))
    is_whole(archive, {1, 2}, make)
    assert list(archive.storage.trashed()) == []


def test_a_replacement_whose_commit_is_not_known(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was committed, and nobody was told: whatever a start finds, the new one is current and the old one gone."""
    options = Options(duplicates="replace")
    with Archive(tmp_path / "archive", options=options) as archive:
        archive.store(make(1))
        replace = archive.index.replace
        for kind in ("lost", "echo"):

            def committed(changes: object, kind: str = kind) -> list[bool]:
                replace(changes)  # type: ignore[arg-type]
                if kind == "lost":
                    raise ArchiveError("the connection was lost")
                return [False]  # tried again after the connection was lost: the entry is there no more

            variant = 1 if kind == "lost" else 2
            with monkeypatch.context() as patch, suppress(ArchiveError):
                patch.setattr(archive.index, "replace", committed)
                assert archive.store(make(1, variant=variant)).kind == "identical"
            [entry] = archive.entries(uid_of(0, level=1))
            assert archive.read(entry) == make(1, variant=variant)
        archive.store(make(2))
        assert len(list(archive.storage.files("instances"))) == 2
        assert list(archive.storage.trashed()) == []
