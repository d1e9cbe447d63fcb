"""Importing, verifying, rebuilding, exporting, backing up: what is there stays, and is found."""

import dataclasses
import json
import os
import shutil
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from filmless.archive import Archive, Query
from filmless.archive.record import record_of
from filmless.archive.upkeep import (
    Retention,
    backup,
    edit,
    enforce,
    expired,
    export,
    export_fileset,
    import_files,
    originals,
    rebuild,
    resolve,
    restore,
    stats,
    verify,
)
from filmless.archive.upkeep.editing import values_of
from filmless.convert.archives import ZipLimits, members
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file import read
from filmless.file.media import create_fileset, verify_fileset

from .made import uid_of

Make = Callable[..., bytes]
_DAY = 86_400


def _answers(archive: Archive) -> dict[str, object]:
    """All that can be asked: rows of every level, entries, headers and ranges of frames."""
    found: dict[str, object] = {}
    for level in ("patient", "study", "series", "instance"):
        rows = archive.search(Query(level, include_all=True)).rows  # type: ignore[arg-type]
        found[level] = sorted((row[:3], json.dumps(json.loads(row.json))) for row in rows)
    entries = [entry for row in archive.search(Query("study")).rows for entry in archive.entries(row.study_uid)]
    found["entries"] = [entry._replace(id=0) for entry in entries]
    found["headers"] = [header.json() for header in archive.headers(entries)]
    frames = [archive.frame_map(entry) for entry in entries]
    found["frames"] = [kept and kept.pack() for kept in frames]
    found["conflicts"] = sorted(conflict[1:] for conflict in archive.index.conflicts())
    return found


@pytest.fixture
def folder(tmp_path: Path, make: Make) -> Path:
    """Six instances, three of them below and in a ZIP, a file-set's directory, and what is none."""
    root = tmp_path / "files"
    (root / "below").mkdir(parents=True)
    for number in range(3):
        (root / f"{number}.dcm").write_bytes(make(number))
    (root / "below" / "three").write_bytes(make(3))
    with zipfile.ZipFile(root / "more.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a/4.dcm", make(4))
        out.writestr("../5.dcm", make(5))
        out.writestr("readme.txt", "hello")
    create_fileset(root / "0.dcm", tmp_path / "disc")
    shutil.copy(tmp_path / "disc" / "DICOMDIR", root / "DICOMDIR")
    (root / "notes.txt").write_text("hello")
    (root / "cut.dcm").write_bytes(make(7)[:200])
    return root


# -- import -------------------------------------------------------------------------------------------------------


def test_import_takes_in_what_is_an_instance_and_tells_of_the_rest(archive: Archive, folder: Path, make: Make) -> None:
    steps: list[int] = []
    report = import_files(archive, folder, threads=2, progress=lambda: steps.append(1))
    assert (report.stored, report.identical, report.skipped) == (6, 0, 0)
    assert sorted(Path(remark.file).name for remark in report.passed_over) == [
        "DICOMDIR",
        "more.zip!readme.txt",
        "notes.txt",
    ]
    assert [Path(remark.file).name for remark in report.failed] == ["cut.dcm"]
    assert len(steps) == 10
    entries = archive.entries(uid_of(0, level=1))
    assert {archive.read(entry) for entry in entries} == {make(number) for number in range(6)}
    assert not list((archive.folder / "imports").iterdir())
    again = import_files(archive, folder)
    assert (again.stored, again.identical) == (0, 6)


def test_an_import_that_was_stopped_goes_on(archive: Archive, folder: Path) -> None:
    taken: list[int] = []

    def stop() -> None:
        taken.append(1)
        if len(taken) == 4:
            raise KeyboardInterrupt

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        import_files(archive, folder, progress=stop)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("filmless_")]
    [journal] = (archive.folder / "imports").iterdir()
    with journal.open("ab") as file:
        file.write(b"cut")  # as a kill leaves it
    report = import_files(archive, folder)
    assert report.skipped == 4
    assert stats(archive)["instances"] == 6


def test_what_failed_is_tried_again_by_a_run_that_goes_on(
    archive: Archive, tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(make(number))
    real = Path.open

    def refused(self: Path, *how: object, **more: object) -> object:
        if self.name == "0.dcm":
            raise PermissionError(13, "Permission denied")
        return real(self, *how, **more)  # type: ignore[call-overload]

    def stop() -> None:
        if stats(archive)["instances"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(KeyboardInterrupt):
        import_files(archive, [tmp_path / f"{number}.dcm" for number in range(3)], progress=stop)
    monkeypatch.undo()
    report = import_files(archive, [tmp_path / f"{number}.dcm" for number in range(3)])
    assert report.stored == 1
    assert stats(archive)["instances"] == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are none")
def test_what_has_no_end_is_passed_over(archive: Archive, tmp_path: Path, make: Make) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "1.dcm").write_bytes(make(1))
    os.mkfifo(theirs / "2.dcm")
    report = import_files(archive, theirs)
    assert (report.stored, [remark.message for remark in report.passed_over]) == (1, ["it is no file with contents"])


def test_a_zip_is_closed_with_the_last_of_its_members(folder: Path) -> None:
    [member, *_] = members(str(folder / "more.zip"), ZipLimits())
    opened = member._archive.zip  # type: ignore[union-attr]
    assert opened.fp is not None
    del member, _
    assert opened.fp is None


def test_links_only_to_what_nobody_may_write(archive: Archive, tmp_path: Path, make: Make) -> None:
    root = tmp_path / "files"
    root.mkdir()
    for number, mode in enumerate((0o444, 0o644)):
        (root / f"{number}.dcm").write_bytes(make(number))
        (root / f"{number}.dcm").chmod(mode)
    report = import_files(archive, root, link=True)
    expected = 0 if os.name == "nt" else 1
    assert (report.stored, report.linked) == (2, expected)
    for number in range(2):
        entry = archive.index.find(uid_of(number))
        assert entry is not None
        stored = Path(str(archive.path(entry)))
        assert stored.samefile(root / f"{number}.dcm") == (number == 0 and expected == 1)
        assert archive.read(entry) == make(number)
    assert verify(archive).is_sound


def test_what_is_not_there_cannot_be_imported(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_files(archive, tmp_path / "nowhere")


# -- verify -------------------------------------------------------------------------------------------------------


def test_verify_finds_what_is_damaged_missing_and_unlisted(archive: Archive, make: Make) -> None:
    for number in range(4):
        archive.store(make(number))
    assert verify(archive).is_sound
    entries = archive.entries(uid_of(0, level=1))
    paths = [Path(str(archive.path(entry))) for entry in entries]
    paths[0].write_bytes(paths[0].read_bytes()[:-1] + b"\xff")
    paths[1].unlink()
    archive.index.remove([entries[2]])
    report = verify(archive)
    assert [remark.file for remark in report.damaged] == [entries[0].location]
    assert [remark.file for remark in report.missing] == [entries[1].instance_uid]
    assert [remark.file for remark in report.unlisted] == [entries[2].location]
    assert not report.is_sound
    repaired = verify(archive, repair=True)
    assert repaired.repaired == 1
    assert archive.index.find(entries[2].instance_uid) is not None
    assert not verify(archive).unlisted


@pytest.mark.parametrize("damage", ["flipped", "cut", "lost"])
def test_what_is_damaged_is_whole_again_when_it_comes_again(archive: Archive, make: Make, damage: str) -> None:
    archive.store(make(0))
    entry = archive.index.find(uid_of(0))
    assert entry is not None
    path = Path(str(archive.path(entry)))
    data = bytearray(make(0))
    data[-1] ^= 1
    path.unlink()
    if damage != "lost":
        path.write_bytes(data if damage == "flipped" else data[:500])
    assert not verify(archive).is_sound
    assert archive.store(make(0)).kind == "identical"
    assert verify(archive).is_sound
    assert archive.read(entry) == make(0)


def test_what_comes_and_goes_meanwhile_is_not_wrong(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(0))
    entry = archive.index.find(uid_of(0))
    assert entry is not None
    archive.storage.trash([entry.location])  # as a delete does before it takes the row away
    draft = archive.storage.draft()
    draft.write(make(1))
    draft.seal()
    location = archive.storage.place(draft, "instances")
    record = record_of(str(archive.storage.path(location)), size=draft.size, sha256=draft.sha256)
    monkeypatch.setattr(time, "sleep", lambda _: archive.index.add([(record, "", location)]))
    with Archive(archive.folder, read_only=True) as beside:
        assert verify(beside).is_sound


def test_what_has_no_file_is_forgotten_when_asked(archive: Archive, tmp_path: Path, make: Make) -> None:
    for number in range(3):
        archive.store(make(number))
    archive.store(make(1, variant=1))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "7.dcm").write_bytes(make(7))
    archive.add_in_place(tmp_path / "theirs", ["7.dcm"])
    (tmp_path / "theirs" / "7.dcm").unlink()
    lost = archive.index.find(uid_of(0))
    [aside] = archive.index.conflicts()
    assert lost is not None
    for location in (lost.location, aside.location):
        Path(str(archive.storage.path(location))).unlink()
    assert len(verify(archive).missing) == 3
    report = verify(archive, forget=True)
    assert (len(report.missing), report.forgotten, report.is_sound) == (3, 2, False)
    assert archive.index.find(uid_of(0)) is None
    assert [remark.file for remark in verify(archive).missing] == [uid_of(7)], "a folder that is away comes back"
    (archive.folder / "instances").rename(archive.folder / "away")
    with pytest.raises(ArchiveError, match="no file of the archive is there"):
        verify(archive, forget=True)
    (archive.folder / "away").rename(archive.folder / "instances")
    assert len(verify(archive).missing) == 1


def test_what_others_leave_in_the_folders_is_none_of_ours(tmp_path: Path, make: Make) -> None:
    root = tmp_path / "archive"
    with Archive(root) as archive:
        archive.store(make(0))
        for area in ("instances", "originals"):
            (root / area / "ab").mkdir(parents=True, exist_ok=True)
            (root / area / ".DS_Store").write_bytes(b"x")
            (root / area / "ab" / "Thumbs.db").write_bytes(b"x")
            (root / area / "ab" / ("ab" + "0" * 62 + ".dcm")).mkdir()
            (root / area / "ab" / ("cd" + "0" * 62 + ".dcm")).write_bytes(b"x")
        assert verify(archive).is_sound
        assert stats(archive)["originals"] == 0
        (root / "running").touch()
    (root / "running").touch()  # as after a crash
    with Archive(root) as archive:
        assert verify(archive).is_sound
    assert rebuild(root).failed == []


def test_verify_goes_on_where_it_was_stopped(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        archive.store(make(number))
    first = next(iter(archive.storage.files("instances")))
    Path(str(archive.storage.path(first.location))).write_bytes(b"x" * first.size)
    monkeypatch.setattr("filmless.archive.upkeep.verifying._SAVE_EVERY", 1)
    seen: list[int] = []

    def stop(size: int) -> None:
        seen.append(size)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(archive, progress=stop)
    report = verify(archive)
    assert (report.resumed, report.files) == (3, 3)
    assert len(report.damaged) == 1
    assert not (archive.folder / "verify.json").exists()
    assert verify(archive).resumed == 0


# -- rebuild ------------------------------------------------------------------------------------------------------


def _fill(archive: Archive, make: Make, files: list[Path]) -> None:
    for number in range(5):
        archive.store(make(number, study=number // 2))
    archive.store(make(1, variant=9))  # set aside
    for path in files[::6]:
        try:
            archive.store(path)
        except DicomError:
            continue


@pytest.mark.parametrize("lost", ["deleted", "damaged", "there"])
def test_rebuild_gives_the_same_answers(tmp_path: Path, make: Make, pydicom_files: list[Path], lost: str) -> None:
    root = tmp_path / "archive"
    with Archive(root) as archive:
        _fill(archive, make, pydicom_files)
        before = _answers(archive)
    if lost == "deleted":
        (root / "index.sqlite").unlink()
    elif lost == "damaged":
        (root / "index.sqlite").write_bytes(b"no database at all" * 1000)
    report = rebuild(root, threads=2)
    assert not report.failed
    with Archive(root) as archive:
        after = _answers(archive)
    assert report.instances == len(before["entries"])  # type: ignore[arg-type]
    assert report.conflicts == 1
    for name in ("patient", "study", "series", "instance", "headers", "frames"):
        assert after[name] == before[name], name
    for left, right in zip(before["entries"], after["entries"], strict=True):  # type: ignore[call-overload]
        assert left._replace(received=0) == right._replace(received=0)
        assert abs(left.received - right.received) < 5
    assert (
        [conflict[:-1] for conflict in after["conflicts"]]
        == [  # type: ignore[attr-defined]
            conflict[:-1]
            for conflict in before["conflicts"]  # type: ignore[attr-defined]
        ]
    )
    assert not list(root.glob("*.before-rebuild*"))


def test_a_rebuild_that_fails_leaves_the_index_as_it_was(tmp_path: Path, make: Make) -> None:
    root = tmp_path / "archive"
    with Archive(root) as archive:
        for number in range(12):
            archive.store(make(number))
        before = _answers(archive)

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(root, progress=fail)
    with Archive(root) as archive:
        assert _answers(archive) == before
        assert verify(archive).is_sound


def test_nobody_rebuilds_beside_a_server(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    with pytest.raises(ArchiveError, match="in use"):
        rebuild(archive.folder)
    assert archive.index.find(uid_of(0)) is not None


# -- export -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_export_writes_the_stored_bytes(archive: Archive, tmp_path: Path, make: Make, name: str) -> None:
    for number in range(3):
        archive.store(make(number))
    entries = archive.entries(uid_of(0, level=1))
    report = export(archive, entries, tmp_path / name)
    assert report.written == 3
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name) as packed:
            found = {member: packed.read(member) for member in packed.namelist()}
        with pytest.raises(ArchiveError):
            export(archive, entries, tmp_path / name)
    else:
        root = tmp_path / name
        found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.dcm")}
        assert export(archive, entries, root).there == 3
    study, series = uid_of(0, level=1), uid_of(0, level=2)
    assert found == {f"{study}/{series}/{uid_of(number)}.dcm": make(number) for number in range(3)}


def test_export_as_a_fileset(archive: Archive, tmp_path: Path, make: Make) -> None:
    for number in range(3):
        archive.store(make(number))
    report = export_fileset(archive, archive.entries(uid_of(0, level=1)), tmp_path / "disc")
    assert report.written == 3
    remarks = verify_fileset(tmp_path / "disc")
    assert {remark.code for remark in remarks} == {"no-pixels"}  # which `make` leaves out


# -- backup -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [False, True])
def test_a_backup_is_an_archive_and_is_brought_up_to_date(
    archive: Archive, tmp_path: Path, make: Make, *, link: bool
) -> None:
    for number in range(4):
        archive.store(make(number, study=number))
    archive.store(make(2, study=2, variant=5))
    copy = tmp_path / "copy"
    assert backup(archive, copy, link=link).copied == 5
    archive.delete(archive.entries(uid_of(0, level=1)))
    archive.store(make(9, study=9))
    report = backup(archive, copy, link=link)
    assert (report.copied, report.there, report.removed) == (1, 4, 1)
    with Archive(copy, read_only=True) as opened:
        assert _answers(opened) == _answers(archive)
        assert verify(opened).is_sound
    restored = tmp_path / "restored"
    restore(copy, restored)
    with Archive(restored) as opened:
        assert _answers(opened) == _answers(archive)
        assert verify(opened).is_sound
        opened.store(make(20))
    with pytest.raises(ArchiveError):
        restore(copy, restored)


def test_a_backup_keeps_what_the_archive_has_without_a_row(archive: Archive, tmp_path: Path, make: Make) -> None:
    for number in range(3):
        archive.store(make(number, study=number))
    backup(archive, tmp_path / "copy")
    archive.index.remove(archive.entries(uid_of(0, level=1)))
    assert backup(archive, tmp_path / "copy").removed == 0
    archive.index.remove([*archive.entries(uid_of(1, level=1)), *archive.entries(uid_of(2, level=1))])
    with pytest.raises(ArchiveError, match="empty"):
        backup(archive, tmp_path / "copy")
    with Archive(tmp_path / "copy", read_only=True) as copy:
        assert len(list(copy.storage.files("instances"))) == 3


def test_a_backup_of_an_archive_that_is_written_to_is_whole(archive: Archive, tmp_path: Path, make: Make) -> None:
    for number in range(20):
        archive.store(make(number, study=number))
    stop, stored = threading.Event(), [20]

    def go_on() -> None:
        while not stop.is_set():
            archive.store(make(stored[0], study=stored[0]))
            archive.delete(archive.entries(uid_of(stored[0] - 20, level=1)))
            stored[0] += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for _ in range(3):
            backup(archive, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    with Archive(tmp_path / "copy") as copy:
        report = verify(copy)
        assert not report.missing
        assert not report.damaged
        assert stats(copy)["instances"] > 0


def test_a_backup_has_no_file_that_came_after_its_index(
    archive: Archive, tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filmless.archive.upkeep import backing_up

    for number in range(2):
        archive.store(make(number))
    real = backing_up._copy_index

    def copy_index(source: Archive, root: Path) -> None:
        late = archive.index.find(uid_of(1))
        assert late is not None
        archive.index.remove([late])  # it has its name, and its row in a moment
        real(source, root)
        record = record_of(make(1), size=late.size, sha256=late.sha256)
        archive.index.add([(record, "", late.location)])
        archive.store(make(2))
        archive.store(make(0, variant=5))

    monkeypatch.setattr(backing_up, "_copy_index", copy_index)
    with Archive(archive.folder, read_only=True) as beside:
        report = backup(beside, tmp_path / "copy")
    assert (report.copied, report.removed, report.failed) == (2, 1, [])
    with Archive(tmp_path / "copy", read_only=True) as copy:
        assert verify(copy).is_sound
        assert [entry.instance_uid for entry in copy.entries(uid_of(0, level=1))] == [uid_of(0)]


@pytest.mark.parametrize("damage", ["cut", "altered", "gone"])
def test_a_backup_tells_of_what_is_damaged_and_keeps_the_earlier_copy(
    archive: Archive, tmp_path: Path, make: Make, damage: str
) -> None:
    for number in range(3):
        archive.store(make(number, study=number))
    first = archive.entries(uid_of(0, level=1))[0]
    backup(archive, tmp_path / "copy")
    for target in ("copy", "second"):
        path = archive.path(first)
        assert path is not None
        if damage == "gone":
            Path(path).unlink(missing_ok=True)
        else:
            Path(path).write_bytes(make(0)[:-10] if damage == "cut" else bytes(len(make(0))))
        if damage == "altered" and target == "copy":
            continue  # a copy of the same name and size is not read again: `verify` does that
        for _ in range(2):
            report = backup(archive, tmp_path / target)
            assert [remark.code for remark in report.failed] == ["missing" if damage == "gone" else "damaged"]
        with Archive(tmp_path / target, read_only=True) as copy:
            assert verify(copy).is_sound
            found = copy.entries(uid_of(0, level=1))
            assert [copy.read(entry) for entry in found] == ([make(0)] if target == "copy" else [])


def test_upkeep_of_an_object_store(s3, tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = s3()
    url = settings.pop("url")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with Archive(tmp_path / "archive", storage=url) as archive:
        for number in range(3):
            archive.store(make(number, study=number))
        archive.store(make(2, study=2, variant=1))
        assert edit(archive, archive.entries(uid_of(0, level=1)), values_of(["PatientID=2"])).edited == 1
        [conflict] = archive.index.conflicts()
        resolve(archive, conflict, how="take")
        assert len(list(originals(archive))) == 2
        assert verify(archive).is_sound
        assert export_fileset(archive, archive.entries(uid_of(1, level=1)), tmp_path / "disc").written == 1
        assert backup(archive, tmp_path / "copy").copied == 5
        archive.delete(archive.entries(uid_of(1, level=1)))
        report = backup(archive, tmp_path / "copy")
        assert (report.copied, report.there, report.removed) == (0, 4, 1)
        before = _answers(archive)
    assert rebuild(tmp_path / "archive", storage=url).instances == 2
    with Archive(tmp_path / "archive", storage=url) as archive, Archive(tmp_path / "copy") as copy:
        assert verify(copy).is_sound
        for other in (_answers(archive), _answers(copy)):
            for name in ("study", "instance", "headers", "frames"):
                assert other[name] == before[name]


def test_backups_go_nowhere_else(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("hello")
    for target in (archive.folder, archive.folder / "copy", tmp_path / "other"):
        with pytest.raises(ArchiveError):
            backup(archive, target)
    with pytest.raises(NotFoundError):
        restore(tmp_path / "other", tmp_path / "new")


# -- retention ----------------------------------------------------------------------------------------------------


@pytest.fixture
def aged(archive: Archive, make: Make) -> Archive:
    """Four studies, received a day apart."""
    for number in range(4):
        archive.store(make(number, study=number))
    with sqlite3.connect(archive.folder / "index.sqlite") as database:
        for number in range(4):
            uid = uid_of(number, level=1)
            database.execute("UPDATE study SET received = ? WHERE uid = ?", (number * _DAY, uid))
    database.close()
    return archive


def _uids(studies: list[object]) -> list[str]:
    return [study.study_uid for study in studies]  # type: ignore[attr-defined]


def test_the_oldest_studies_go_by_age_and_by_size(aged: Archive) -> None:
    now = 10 * _DAY
    assert _uids(expired(aged, [Retention(max_age_days=8.5)], now=now)) == [uid_of(n, level=1) for n in (0, 1)]
    size = aged.entries(uid_of(0, level=1))[0].size
    rule = Retention(max_bytes=2 * size)
    assert _uids(expired(aged, [rule], now=now)) == [uid_of(n, level=1) for n in (0, 1)]
    assert expired(aged, [Retention(max_bytes=4 * size)], now=now) == []
    assert expired(aged, [Retention()], now=now) == []
    assert len(expired(aged, [Retention(max_age_days=0, modalities=frozenset({"CT"}))], now=now)) == 4
    assert expired(aged, [Retention(max_age_days=0, modalities=frozenset({"MR"}))], now=now) == []
    assert len(expired(aged, [Retention(max_age_days=30, age="study_date")])) == 4


def test_rules_are_enforced_and_a_dry_run_is_not(aged: Archive) -> None:
    rule = Retention(max_age_days=8.5)
    assert len(enforce(aged, [rule], dry_run=True, now=10 * _DAY)) == 2
    assert stats(aged)["studies"] == 4
    told: list[object] = []
    assert len(enforce(aged, [rule], now=10 * _DAY, told=told.append)) == len(told) == 2
    assert stats(aged)["studies"] == 2
    assert verify(aged).is_sound


def test_what_is_served_in_place_takes_no_room(aged: Archive, tmp_path: Path, make: Make) -> None:
    size = aged.entries(uid_of(0, level=1))[0].size
    (tmp_path / "theirs").mkdir()
    for number in range(4, 9):
        (tmp_path / "theirs" / f"{number}.dcm").write_bytes(make(number, study=number))
    aged.add_in_place(tmp_path / "theirs", [f"{number}.dcm" for number in range(4, 9)])
    assert expired(aged, [Retention(max_bytes=4 * size)], now=10 * _DAY) == []
    assert len(expired(aged, [Retention(max_bytes=3 * size)], now=10 * _DAY)) == 1


def test_rules_stop_between_two_studies(aged: Archive) -> None:
    assert enforce(aged, [Retention(max_age_days=0)], stopping=lambda: stats(aged)["studies"] < 3) != []
    assert stats(aged)["studies"] == 2


def test_rules_that_are_none_are_refused() -> None:
    for wrong in ({"max_age_days": -1}, {"max_bytes": -1}, {"age": "birth"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Retention(**wrong)  # type: ignore[arg-type]


def test_stats_count(archive: Archive, make: Make) -> None:
    for number in range(3):
        archive.store(make(number, study=number % 2))
    archive.store(make(1, study=1, variant=3))
    found = stats(archive)
    assert (found["studies"], found["series"], found["instances"], found["conflicts"]) == (2, 2, 3, 1)
    assert found["modalities"] == [{"modality": "CT", "series": 2, "instances": 3, "bytes": found["bytes"]}]
    assert found["transfer_syntaxes"][0]["instances"] == 3
    json.dumps(found)
    assert dataclasses.asdict(verify(archive))["files"] == 4
    assert read(make(0)).Modality == "CT"
