"""What a start does about what the last process left behind, and who may open a folder."""

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from filmless.archive import Archive, Options
from filmless.archive.index.index import Index
from filmless.archive.rows import without_row
from filmless.archive.storage.folder import Folder
from filmless.archive.upkeep import rebuild
from filmless.errors import ArchiveError, NotFoundError, StorageFullError

from .made import uid_of

Make = Callable[..., bytes]


def killed(archive: Archive) -> Path:
    """Leave the folder as if the process had been killed."""
    archive.close()
    (archive.folder / "running").write_text("1\n")
    return archive.folder


def rows(archive: Archive) -> set[str]:
    return {entry.instance_uid for entry in archive.entries(uid_of(0, level=1))}


def without_rows(archive: Archive, *numbers: int) -> None:
    archive.index.remove([archive.index.find(uid_of(number)) for number in numbers])  # type: ignore[list-item]


def test_files_without_a_row_are_adopted_after_a_kill(archive: Archive, make: Make) -> None:
    for number in range(4):
        archive.store(make(number))
    without_rows(archive, 1, 2)
    with Archive(killed(archive)) as again:
        assert rows(again) == {uid_of(number) for number in range(4)}
        assert list(without_row(again.storage, again.index, "instances")) == []


def test_what_cannot_be_adopted_now_is_adopted_later(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        archive.store(make(number))
    without_rows(archive, 1)

    def full(*_args: object, **_how: object) -> None:
        raise StorageFullError("there is no room for the index")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "add", full)
        with Archive(killed(archive)) as again:
            assert rows(again) == {uid_of(0), uid_of(2)}
            assert again.delete(again.entries(uid_of(0, level=1), None, uid_of(0))) == 1
    with Archive(archive.folder) as again:
        assert rows(again) == {uid_of(1), uid_of(2)}


def test_a_clean_end_leaves_nothing_to_look_for(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    archive.store(make(2))
    without_rows(archive, 1)
    archive.close()
    with Archive(archive.folder) as again:
        assert rows(again) == {uid_of(2)}
        [stored] = without_row(again.storage, again.index, "instances")
        future = again.adopt(stored)
        assert future is not None
        assert future.result().kind == "stored"


def test_another_of_a_known_uid_goes_aside_when_it_is_adopted(archive: Archive, make: Make) -> None:
    archive.store(make(1, variant=1))
    without_rows(archive, 1)
    archive.store(make(1))
    with Archive(killed(archive)) as again:
        [entry] = again.entries(uid_of(0, level=1))
        assert again.read(entry) == make(1)
        [conflict] = again.index.conflicts()
        assert again.storage.read(conflict.location) == make(1, variant=1)
        assert len(list(again.storage.files("instances"))) == 1


def test_a_file_set_aside_without_a_row_gets_it(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    archive.store(make(1, variant=1))
    [conflict] = archive.index.conflicts()
    archive.index.resolve(conflict)
    with Archive(killed(archive)) as again:
        assert [kept.sha256 for kept in again.index.conflicts()] == [conflict.sha256]
        assert [stored.sha256 for stored in again.storage.files("quarantine")] == [conflict.sha256]


def test_an_index_that_was_deleted_is_made_again(archive: Archive, make: Make) -> None:
    for number in range(3):
        archive.store(make(number))
    archive.store(make(1, variant=1))
    killed(archive)
    (archive.folder / "index.sqlite").unlink()
    with Archive(archive.folder) as again:
        entries = {entry.instance_uid: entry for entry in again.entries(uid_of(0, level=1))}
        assert {uid: again.read(entry) for uid, entry in entries.items()} == {uid_of(n): make(n) for n in range(3)}
        [conflict] = again.index.conflicts()
        assert again.storage.read(conflict.location) == make(1, variant=1)


def test_what_lay_without_a_row_never_replaces_what_is_current(tmp_path: Path, make: Make) -> None:
    """It can be older: whatever was acknowledged after it is current."""
    options = Options(duplicates="replace")
    with Archive(tmp_path / "archive", options=options) as archive:
        archive.store(make(1, variant=1))
        without_rows(archive, 1)
        archive.store(make(1, variant=2))
        killed(archive)
    with Archive(archive.folder, options=options) as again:
        [entry] = again.entries(uid_of(0, level=1))
        assert again.read(entry) == make(1, variant=2)
        assert [conflict.instance_uid for conflict in again.index.conflicts()] == [uid_of(1)]


def test_what_cannot_be_moved_now_does_not_keep_the_archive_shut(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(1))
    archive.store(make(1, variant=1))
    [conflict] = archive.index.conflicts()
    archive.index.resolve(conflict)

    def fail(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "move", fail)
        with Archive(killed(archive)) as again:
            assert rows(again) == {uid_of(1)}
    with Archive(archive.folder) as again:
        assert len(list(again.index.conflicts())) == 1


def test_other_files_among_the_folders_are_passed_over(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    (archive.folder / "instances" / ".DS_Store").write_text("of a file manager")
    with Archive(killed(archive)) as again:
        assert [stored.sha256 for stored in again.storage.files("instances")] == [
            again.entries(uid_of(0, level=1))[0].sha256
        ]


def test_damaged_files_without_a_row_stay_where_they_are(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    without_rows(archive, 1)
    [stored] = archive.storage.files("instances")
    path = Path(str(archive.storage.path(stored.location)))
    path.write_bytes(path.read_bytes()[:-1])
    with Archive(killed(archive)) as again:
        assert rows(again) == set()
        assert path.exists(), "it could be all that is left of an instance whose index was lost"


def test_the_trash_is_put_back_or_emptied(archive: Archive, make: Make) -> None:
    for number in range(3):
        archive.store(make(number))
    entries = {entry.instance_uid: entry for entry in archive.entries(uid_of(0, level=1))}
    archive.storage.trash([entries[uid_of(0)].location, entries[uid_of(1)].location])
    assert archive.read(entries[uid_of(0)]) == make(0), "until its row is gone it is there"
    without_rows(archive, 1)
    archive.close()
    with Archive(archive.folder) as again:
        assert rows(again) == {uid_of(0), uid_of(2)}
        assert again.read(entries[uid_of(0)]) == make(0)
        with pytest.raises(NotFoundError):
            again.read(entries[uid_of(1)])
        assert list(again.storage.trashed()) == []
        assert list((again.folder / "trash").iterdir()) == []


def test_what_was_coming_in_is_swept(archive: Archive, make: Make) -> None:
    incoming = archive.receive()
    incoming.write(make(1)[:250])
    incoming.write(make(1)[250:500])
    left = list((archive.folder / "incoming").iterdir())
    assert len(left) == 1
    (archive.folder / "incoming" / "kept.txt").write_text("somebody's")
    archive.close()
    incoming.__exit__(None, None, None)
    left[0].write_bytes(make(1)[:500])
    with Archive(archive.folder) as again:
        assert [path.name for path in (again.folder / "incoming").iterdir()] == ["kept.txt"]


def test_another_process_is_kept_out(archive: Archive) -> None:
    code = "import sys; from filmless.archive import Archive; Archive(sys.argv[1])"
    other = subprocess.run([sys.executable, "-c", code, archive.folder], capture_output=True, text=True, check=False)
    assert "ArchiveError: the archive's folder is in use by another process" in other.stderr
    with pytest.raises(ArchiveError, match="in use"):
        Archive(archive.folder)
    archive.close()
    Archive(archive.folder).close()


def test_what_is_not_ours_in_the_storage_stops_nobody(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    instances = archive.folder / "instances"
    (instances / ".DS_Store").write_bytes(b"of a Mac")
    (instances / "00").mkdir(exist_ok=True)
    (instances / "00" / "lost+found").mkdir()
    (instances / "lost+found").mkdir()
    with Archive(killed(archive)) as again:
        assert rows(again) == {uid_of(0)}


def test_no_new_index_is_begun_beside_instances(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    archive.close()
    (archive.folder / "index.sqlite").unlink()
    with pytest.raises(ArchiveError, match="instances are") as error:
        Archive(archive.folder)
    assert "rebuild" in str(error.value.hint)
    assert not (archive.folder / "index.sqlite").exists()
    with pytest.raises(NotFoundError, match="no index"):
        Archive(archive.folder, read_only=True)
    assert rebuild(archive.folder).instances == 1
    with Archive(archive.folder) as again:
        assert rows(again) == {uid_of(0)}
