"""Folders in place: what is new, what changed, what is gone, and what is no DICOM."""

import os
import shutil
import threading
from pathlib import Path

import pytest
import structlog

from filmless.archive import Archive
from filmless.server.in_place import FolderInPlace, folder_counts, forget_others
from tests.server.conftest import instance, uids, until


@pytest.fixture
def served(tmp_path: Path, ct: Path):
    """An archive and a folder that is looked at by hand."""
    folder = tmp_path / "scans"
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/1.dcm").write_bytes(instance(ct, 1))
    (folder / "a/b/2").write_bytes(instance(ct, 2))
    (folder / "notes.txt").write_text("no DICOM")
    log = structlog.testing.CapturingLogger()
    with Archive(folder / "archive") as archive:
        archive.said = log.calls
        archive.database = archive.index.database
        in_place = FolderInPlace(archive, archive.database, folder, leave_out=folder / "archive", threads=2, log=log)
        archive.look = lambda: in_place.look(threading.Event())
        archive.look()
        yield archive, folder


def there(archive: Archive) -> dict[str, str]:
    return {entry.instance_uid[-1]: entry.location for entry in archive.entries("1.2.1")}


def test_what_is_there_is_served_and_the_rest_counted(served, ct: Path) -> None:
    archive, folder = served
    assert there(archive) == {"1": "a/1.dcm", "2": "a/b/2"}
    (entry,) = archive.entries("1.2.1", "1.2.1.1", "1.2.1.1.1")
    assert entry.storage == str(folder)
    assert archive.read(entry) == instance(ct, 1)
    assert folder_counts(archive.database) == {"instance": 2, "other": 1}


def test_a_second_look_reads_nothing(served, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, _ = served
    monkeypatch.setattr(archive, "add_in_place", lambda *_, **__: pytest.fail("it was read again"))
    archive.look()


def test_what_is_new_changed_and_gone(served, ct: Path) -> None:
    archive, folder = served
    (folder / "new").write_bytes(instance(ct, 3))
    (folder / "a/1.dcm").write_bytes(instance(ct, 1, InstitutionName="another and longer"))
    (folder / "a/b/2").unlink()
    archive.look()
    assert there(archive) == {"1": "a/1.dcm", "3": "new"}
    (entry,) = archive.entries("1.2.1", "1.2.1.1", "1.2.1.1.1")
    assert archive.dataset(entry).InstitutionName == "another and longer"


def test_a_file_that_becomes_another_instance_or_none(served, ct: Path) -> None:
    archive, folder = served
    (folder / "a/1.dcm").write_bytes(instance(ct, 7))
    (folder / "a/b/2").write_text("no DICOM any more")
    archive.look()
    assert there(archive) == {"7": "a/1.dcm"}


def test_a_copy_takes_the_place_of_what_is_gone(served, ct: Path) -> None:
    archive, folder = served
    (folder / "copy").write_bytes(instance(ct, 1))
    archive.look()
    assert there(archive)["1"] == "a/1.dcm"
    assert folder_counts(archive.database)["duplicate"] == 1
    told = (archive.said[-1].method_name, archive.said[-1].kwargs)
    assert told == ("warning", {"folder": str(folder), "files": 1})
    (folder / "a/1.dcm").unlink()
    assert archive.look() == 0.0  # look again at once
    archive.look()
    assert there(archive) == {"1": "copy", "2": "a/b/2"}


def test_a_folder_that_is_gone_and_one_that_cannot_be_read(served, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, folder = served
    scandir = os.scandir

    def refused(path: str):
        if Path(path) == folder / "a/b":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    archive.look()
    assert there(archive) == {"1": "a/1.dcm", "2": "a/b/2"}, "what cannot be read may be there"
    monkeypatch.undo()
    shutil.rmtree(folder / "a/b")
    archive.look()
    assert there(archive) == {"1": "a/1.dcm"}


def test_a_disk_that_is_not_there_forgets_nothing(served) -> None:
    archive, folder = served
    (folder / "a").rename(folder.parent / "a")
    (folder.parent / "a").rename(folder / "a")
    folder.rename(folder.parent / "away")
    archive.look()
    (folder.parent / "away").rename(folder)
    assert there(archive) == {"1": "a/1.dcm", "2": "a/b/2"}


def test_a_folder_that_is_not_served_any_more_is_forgotten(served) -> None:
    archive, folder = served
    forget_others(archive, archive.database, [folder])
    assert len(there(archive)) == 2
    forget_others(archive, archive.database, [])
    assert there(archive) == {}
    assert folder_counts(archive.database) == {}
    assert (folder / "a/1.dcm").exists()


def test_the_command_serves_folders_and_sees_changes(start, tmp_path: Path, ct: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(instance(ct, 1))
    before = (folder / "1.dcm").stat()
    server = start(folder, "--data", tmp_path / "data", "--in-place-rescan-s", 0.1)
    until(lambda: uids(server.client) == {"1.2.1.1.1"}, "it is indexed")
    (folder / "2.dcm").write_bytes(instance(ct, 2))
    until(lambda: uids(server.client) == {"1.2.1.1.1", "1.2.1.1.2"}, "the new one is seen")
    (folder / "1.dcm").rename(tmp_path / "1.dcm")
    until(lambda: uids(server.client) == {"1.2.1.1.2"}, "the one that is gone is seen")
    assert server.client.delete("/dicom-web/studies/1.2.1").status_code == 409
    # It leaves the index before the books are brought up to date.
    told = 'filmless_folder_files{kind="instance"} 1.0'
    until(lambda: told in server.client.get("/metrics").text, "what is known of the files is brought up to date")
    server.end()
    (tmp_path / "1.dcm").rename(folder / "1.dcm")
    (folder / "2.dcm").unlink()
    server = start(folder, "--data", tmp_path / "data", "--in-place-rescan-s", 0)
    until(lambda: uids(server.client) == {"1.2.1.1.1"}, "what changed while it was away is seen")
    server.end()
    after = (folder / "1.dcm").stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    server = start("--data", tmp_path / "data")
    assert uids(server.client) == set()
