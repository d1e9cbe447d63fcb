"""What a kill does not show: the order of system calls, and the disk that a loss of power leaves at any point."""

import hashlib
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from filmless.archive import Archive
from filmless.archive.storage import folder as folder_module

from .made import uid_of
from .torture_dimse import Associated
from .traced import Call, Disk, trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is there only")

INSTANCES = 24

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> tuple[Path, list[Call]]:
    """The calls of a process that stored instances, and its folder."""
    folder = tmp_path_factory.mktemp("traced") / "archive"
    folder.mkdir()
    return folder, trace(peer("strace"), folder, folder.parent / "log", instances=INSTANCES)


def said(call: Call) -> tuple[str, int] | None:
    """What a call told: that a number was stored, is being deleted, or was."""
    text = call.texts[-1] if call.name == "write" and call.arguments.startswith("1<") else b""
    found = re.fullmatch(rb"(ack|deleting|deleted) (\d+)(?: stored)?\n", text)
    return (found[1].decode(), int(found[2])) if found else None


def acknowledged(call: Call) -> int | None:
    """The number that a call acknowledged."""
    word, number = said(call) or ("", 0)
    return number if word == "ack" else None


def first(calls: list[Call], after: int, what: Callable[[Call], bool]) -> Call:
    """The first call of a kind that was entered after a line."""
    return next(call for call in calls if call.entered > after and what(call))


def test_each_step_is_on_the_disk_before_the_next(traced: tuple[Path, list[Call]], make: Make) -> None:
    folder, calls = traced
    acks = [call for call in calls if acknowledged(call) is not None]
    assert len(acks) == INSTANCES
    for ack in acks:
        data = make(acknowledged(ack))
        assert steps_before(ack, calls, hashlib.sha256(data).hexdigest(), folder)


def test_each_step_is_on_the_disk_before_the_answer_is_sent(
    tmp_path: Path, peer: Callable[[str], str], make: Make
) -> None:
    """From a request to the bytes of its answer at the socket, with the options that a server has by default."""
    folder = tmp_path / "archive"
    calls = trace(peer("strace"), folder, tmp_path / "log", instances=INSTANCES, way="served")
    answers = [call for call in calls if call.path.startswith("socket:") and b"HTTP/1.1 200 OK" in b"".join(call.texts)]
    assert len(answers) == INSTANCES
    for number in range(INSTANCES):
        [answer] = [call for call in answers if b'"%s"' % uid_of(number).encode() in b"".join(call.texts)]
        assert steps_before(answer, calls, hashlib.sha256(make(number)).hexdigest(), folder)


def test_each_step_is_on_the_disk_before_a_c_store_is_answered(
    tmp_path: Path, peer: Callable[[str], str], make: Make
) -> None:
    """From a data set to the bytes of C-STORE-RSP at the socket."""
    folder = tmp_path / "archive"
    calls = trace(peer("strace"), folder, tmp_path / "log", instances=INSTANCES, way="dimse")
    field = b"\0\0\0\1\2\0\0\0\1\x80"  # Command Field of a C-STORE-RSP
    answers = [call for call in calls if call.path.startswith(("socket:", "TCP:")) and field in b"".join(call.texts)]
    assert len(answers) == INSTANCES
    for number in range(INSTANCES):
        [answer] = [call for call in answers if uid_of(number).encode() in b"".join(call.texts)]
        stored = Associated.as_stored(make(number))
        assert steps_before(answer, calls, hashlib.sha256(stored).hexdigest(), folder)


def steps_before(ack: Call, calls: list[Call], sha256: str, folder: Path) -> bool:
    """Whether an instance was made durable in the right order before it was acknowledged."""
    target = folder / "instances" / sha256[:2] / f"{sha256}.dcm"
    named = first(calls, -1, lambda call: call.name == "rename" and call.texts[1] == str(target).encode())
    draft = named.texts[0].decode()
    last = [call for call in calls if call.name == "write" and call.path == draft][-1]
    synced = first(calls, -1, lambda call: "sync" in call.name and call.path == draft)
    shown = first(calls, named.left, lambda call: call.name == "fsync" and call.path == str(target.parent))
    row = first(
        calls, shown.left, lambda call: "write" in call.name and is_log(call) and sha256.encode() in call.texts[-1]
    )
    kept = first(calls, row.left, lambda call: "sync" in call.name and is_log(call))
    steps = [last, synced, named, shown, row, kept, ack]
    return all(one.left < other.entered for one, other in pairwise(steps))


def is_log(call: Call) -> bool:
    return call.path.endswith("index.sqlite-wal")


def test_what_was_acknowledged_outlives_a_loss_of_power(
    traced: tuple[Path, list[Call]], make: Make, tmp_path: Path
) -> None:
    """All that may be lost is: what was written since the last fsync, and names since that of their folder."""
    folder, calls = traced
    disk, cuts = Disk(folder), 0
    told, gone = set[int](), set[int]()
    for call in calls:
        disk.do(call)
        word, number = said(call) or ("", 0)
        if word == "ack":
            told.add(number)
        elif word == "deleting":
            told.remove(number)
        elif word == "deleted":
            gone.add(number)
        elif not (call.name.startswith(("fsync", "fdatasync", "rename", "unlink")) and call.entered % 4 == 0):
            continue
        if str(folder) not in disk.kept:
            continue
        left = tmp_path / f"cut-{cuts}"
        disk.lay_out(left)
        with Archive(left) as archive:
            rows = {entry.instance_uid: entry for entry in archive.entries(uid_of(0, level=1))}
            for one in told:
                assert archive.read(rows[uid_of(one)]) == make(one), f"instance {one} at call {call.entered}"
            for entry in rows.values():
                assert hashlib.sha256(archive.read(entry)).hexdigest() == entry.sha256
            assert not rows.keys() & {uid_of(one) for one in gone}, "what was deleted is there again"
            assert list(archive.storage.trashed()) == []
        cuts += 1
    assert (len(told), len(gone)) == (INSTANCES - INSTANCES // 6, INSTANCES // 6)
    assert cuts > INSTANCES


def test_a_folder_that_another_sender_has_just_made_is_durable(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds it there may be told of a file in it before the one who made it has come to synchronise its name."""
    synced: list[Path] = []
    monkeypatch.setattr(folder_module, "sync_folder", lambda path: synced.append(Path(path)))
    with Archive(tmp_path / "archive") as archive:
        sha256 = hashlib.sha256(make(1)).hexdigest()
        (archive.folder / "instances" / sha256[:2]).mkdir(parents=True)
        archive.store(make(1))
        instances = archive.folder / "instances"
        assert synced[-3:] == [instances / sha256[:2], instances, archive.folder]
        synced.clear()
        archive.delete(archive.entries(uid_of(0, level=1)))
        archive.store(make(1))
        assert synced[-1] == instances / sha256[:2]
