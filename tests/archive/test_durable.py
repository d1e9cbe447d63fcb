"""The writer of the core does what the plain one does."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from filmless.archive.storage import durable
from filmless.archive.storage.durable import PlainWriter, sync_folder_plainly

_core = pytest.importorskip("filmless._core")
WRITERS = [_core.FileWriter, PlainWriter]
PIECES = [b"", bytes(range(256)) * 1000, bytearray(b"abc"), memoryview(b"0123456789")[2:5]]


@pytest.fixture(params=WRITERS, ids=["core", "plain"])
def writer_of(request: pytest.FixtureRequest) -> Any:
    """One of both."""
    return request.param


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("held", range(len(PIECES) + 1))
def test_a_file_is_what_was_written(writer_of: Any, tmp_path: Path, mode: int, sync: bool, held: int) -> None:
    path, target, content = tmp_path / "a.part", tmp_path / "a.dcm", b"".join(PIECES)
    writer = writer_of(str(path), mode)
    if held:
        writer.write(PIECES[:held])
    assert writer.seal(PIECES[held:], sync) == hashlib.sha256(content).hexdigest()
    assert path.read_bytes() == content
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == mode
    assert writer.place(str(target), len(content))
    assert (target.read_bytes(), path.exists()) == (content, False)


def test_a_file_of_the_same_size_stays(writer_of: Any, tmp_path: Path) -> None:
    target = tmp_path / "a.dcm"
    for there, is_placed in ((b"xyz", False), (b"wxyz", True)):
        target.write_bytes(there)
        writer = writer_of(str(tmp_path / f"{is_placed}.part"), 0o600)
        writer.seal([b"abc"], True)
        assert writer.place(str(target), 3) is is_placed
        assert target.read_bytes() == (b"abc" if is_placed else there)


def test_it_fails_as_the_system_does(writer_of: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        writer_of(str(tmp_path / "none" / "a.part"), 0o600).write([b"a"])
    (tmp_path / "a.part").touch()
    with pytest.raises(FileExistsError):
        writer_of(str(tmp_path / "a.part"), 0o600).seal([b"a"], True)
    writer = writer_of(str(tmp_path / "b.part"), 0o600)
    writer.seal([b"a"], True)
    with pytest.raises(FileNotFoundError):
        writer.place(str(tmp_path / "none" / "b.dcm"), 1)
    assert writer.place(str(tmp_path / "b.dcm"), 1), "once the folder is there"


def test_a_writer_that_is_closed_leaves_no_descriptor(writer_of: Any, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("descriptors are listed there only")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    writer = writer_of(str(tmp_path / "a.part"), 0o600)
    writer.write([b"a"])
    writer.close()
    writer.close()
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_folders_are_synchronised_or_told_to_be_missing(tmp_path: Path) -> None:
    for sync in (durable.sync_folder, sync_folder_plainly):
        sync(tmp_path)
        with pytest.raises(FileNotFoundError):
            sync(tmp_path / "none")
