"""Folders that are served where they are: indexed, read, never written."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filmless.archive import Archive, Options, Outcome
from filmless.archive.storage.in_place import InPlace
from filmless.errors import ArchiveError, ConflictError, FormatError, NotFoundError

from .made import uid_of

Make = Callable[..., bytes]


@pytest.fixture
def served(tmp_path: Path, make: Make) -> Path:
    """A folder of somebody's."""
    folder = tmp_path / "served"
    (folder / "deep er").mkdir(parents=True)
    (folder / "deep er" / "a file").write_bytes(make(1))
    (folder / "b.dcm").write_bytes(make(2))
    return folder


def added(archive: Archive, folder: Path, path: str | Path) -> Outcome:
    [result] = archive.add_in_place(folder, [path])
    if isinstance(result, Exception):
        raise result
    return result


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_served_where_they_are(archive: Archive, served: Path, make: Make) -> None:
    before = contents(served)
    assert added(archive, served, served / "deep er" / "a file").kind == "stored"
    assert added(archive, served, "b.dcm").kind == "stored"
    assert added(archive, served, served / "b.dcm").kind == "identical"
    entries = archive.entries(uid_of(0, level=1))
    assert {(entry.storage, entry.location) for entry in entries} == {
        (str(served), "deep er/a file"),
        (str(served), "b.dcm"),
    }
    assert [archive.read(entry) for entry in entries] == [make(1), make(2)]
    assert archive.read(entries[0], 128, 132) == b"DICM"
    assert archive.read(entries[0], 128, 1 << 60) == make(1)[128:]
    with archive.open(entries[1]) as file:
        assert file.read() == make(2)
    assert archive.dataset(entries[0]).SOPInstanceUID == uid_of(1)
    assert archive.path(entries[1]) == str(served / "b.dcm")
    assert list(archive.storage.files("instances")) == []
    assert contents(served) == before


def test_many_share_a_transaction_and_none_suffers_from_another(
    archive: Archive, served: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(3, variant=3))
    (served / "c.dcm").write_bytes(make(3))
    (served / "copy.dcm").write_bytes(make(2))
    (served / "note.txt").write_text("x")
    names = ["b.dcm", "c.dcm", "copy.dcm", "note.txt", "gone", "deep er/a file"]
    transactions: list[int] = []
    real = archive.index.add
    monkeypatch.setattr(archive.index, "add", lambda batch: transactions.append(len(batch)) or real(batch))
    with ThreadPoolExecutor(2) as pool:
        found = archive.add_in_place(served, names, pool=pool)
    kinds = [type(one).__name__ if isinstance(one, Exception) else one.kind for one in found]
    assert kinds == ["stored", "ConflictError", "identical", "FormatError", "NotFoundError", "stored"]
    assert transactions == [4]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_no_database_keeps_does_not_hold_the_others(archive: Archive, served: Path, make: Make) -> None:
    odd = os.fsdecode(b"\xff.dcm")
    (served / odd).write_bytes(make(8))
    found = archive.add_in_place(served, [odd, "b.dcm"])
    assert [type(one).__name__ for one in found] == ["FormatError", "Outcome"]


def test_they_are_not_deleted(archive: Archive, served: Path, make: Make) -> None:
    added(archive, served, "b.dcm")
    archive.store(make(5))
    entries = archive.entries(uid_of(0, level=1))
    with pytest.raises(ConflictError, match="in place"):
        archive.delete(entries)
    assert archive.entries(uid_of(0, level=1)) == entries
    assert archive.forget(entries) == 1
    assert [entry.instance_uid for entry in archive.entries(uid_of(0, level=1))] == [uid_of(5)]
    assert (served / "b.dcm").read_bytes() == make(2)


def test_a_file_that_is_gone_and_one_that_changed(archive: Archive, served: Path, make: Make) -> None:
    added(archive, served, "b.dcm")
    [entry] = archive.entries(uid_of(0, level=1))
    (served / "b.dcm").write_bytes(make(2, variant=1) + bytes(100))
    for ask in (archive.read, archive.open, archive.dataset, archive.path):
        with pytest.raises(ArchiveError, match="was changed"):
            ask(entry)
    (served / "b.dcm").write_bytes(make(2, variant=1))
    assert added(archive, served, "b.dcm").kind == "replaced"
    [changed] = archive.entries(uid_of(0, level=1))
    assert changed.sha256 != entry.sha256
    (served / "b.dcm").unlink()
    for ask in (archive.read, archive.open, archive.dataset):
        with pytest.raises(NotFoundError):
            ask(changed)


def test_another_one_of_a_known_uid_is_refused(archive: Archive, served: Path, make: Make) -> None:
    archive.store(make(2, variant=3))
    with pytest.raises(ConflictError):
        added(archive, served, "b.dcm")


def test_what_is_no_instance(archive: Archive, served: Path) -> None:
    (served / "note.txt").write_text("x")
    with pytest.raises(FormatError):
        added(archive, served, "note.txt")
    with pytest.raises(ValueError, match="subpath"):
        added(archive, served, served / ".." / "x")
    with pytest.raises(ValueError, match="subpath"):
        InPlace(served).location_of("/etc/passwd")


@pytest.mark.parametrize("duplicates", ["quarantine", "replace"])
def test_what_a_sender_brings_does_not_depend_on_somebodys_file(
    tmp_path: Path, served: Path, make: Make, duplicates: str
) -> None:
    before = contents(served)
    with Archive(tmp_path / "own", options=Options(duplicates=duplicates)) as archive:  # type: ignore[arg-type]
        added(archive, served, "b.dcm")
        assert archive.store(make(2)).kind == "stored"
        [entry] = archive.entries(uid_of(0, level=1))
        assert (entry.storage, archive.read(entry)) == ("", make(2))
        assert added(archive, served, "b.dcm").kind == "identical"
        added(archive, served, "deep er/a file")
        kind = "quarantined" if duplicates == "quarantine" else "replaced"
        assert archive.store(make(1, variant=1)).kind == kind
    assert contents(served) == before
