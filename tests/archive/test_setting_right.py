"""Patients and studies set right, conflicts settled: the current instance is the right one, nothing is lost."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from filmless.archive import Archive, Entry, Key, Query
from filmless.archive.storage import AREAS
from filmless.archive.upkeep import (
    Retention,
    conflict_named,
    delete,
    differences,
    edit,
    enforce,
    last_edit,
    merge_patients,
    merge_studies,
    original_named,
    originals,
    rebuild,
    resolve,
    restore_originals,
    same_edit,
    verify,
)
from filmless.archive.upkeep.editing import values_of
from filmless.archive.upkeep.originals import dataset_of
from filmless.archive.upkeep.rows import study_ages
from filmless.archive.upkeep.selection import instances
from filmless.dataset import Dataset
from filmless.errors import ArchiveError, ConflictError, DicomError, NotFoundError
from filmless.file import encode, generate_uid, read

from .made import uid_of

Make = Callable[..., bytes]
_PATIENT_ID, _PATIENT_NAME = 0x0010_0020, 0x0010_0010
_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _study(archive: Archive, number: int = 0) -> list[Entry]:
    return archive.entries(uid_of(number, level=1))


def _found(archive: Archive, keyword: str, text: str) -> list[str]:
    rows = archive.search(Query("study", (Key.of(f"{keyword}={text}"),))).rows
    return [row.study_uid for row in rows]


def _instance(**values: object) -> bytes:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": generate_uid()})
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    for keyword, value in values.items():
        ds[keyword] = value
    return encode(ds)


# -- edit ---------------------------------------------------------------------------------------------------------


def test_an_edit_is_current_found_and_told_of_and_the_original_is_kept(archive: Archive, make: Make) -> None:
    for number in range(2):
        archive.store(make(number))
    before = {archive.read(entry) for entry in _study(archive)}
    values = values_of(["PatientID=4711", "PatientName=Doe^Jane", "StudyDescription="])
    report = edit(archive, _study(archive), values, at=_AT)
    assert (report.edited, report.unchanged, report.failed) == (2, 0, [])
    entries = _study(archive)
    assert [entry.instance_uid for entry in entries] == [uid_of(0), uid_of(1)]
    for entry in entries:
        ds = archive.dataset(entry)
        assert (ds.PatientID, ds.PatientName) == ("4711", "Doe^Jane")
        [item] = ds.OriginalAttributesSequence
        assert item.AttributeModificationDateTime == "20260102030405.000000+0000"
        assert (item.ReasonForTheAttributeModification, item.SourceOfPreviousValues) == ("CORRECT", "")
        [was] = item.ModifiedAttributesSequence
        assert (was.PatientID, was.PatientName, was.StudyDescription) == ("1CT1", "CompressedSamples^CT1", "e+1")
        assert ds.file_meta.MediaStorageSOPInstanceUID == entry.instance_uid
    assert _found(archive, "PatientID", "4711") == [uid_of(0, level=1)]
    assert _found(archive, "PatientID", "1CT1") == []
    assert {archive.storage.read(original.location) for original in originals(archive)} == before
    assert verify(archive).is_sound


def test_an_edited_instance_is_as_old_as_it_was(tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path / "archive") as archive:
        archive.store(make(0))
        [before] = _study(archive)
        os.utime(str(archive.path(before)), (before.received, before.received))
        edit(archive, [before], values_of(["PatientID=2"]))
        [edited] = _study(archive)
        assert (edited.received, edited.patient_id) == (before.received, "2")
        assert [study.received for study in study_ages(archive.index)] == [before.received]
    rebuild(tmp_path / "archive")
    with Archive(tmp_path / "archive") as archive:
        [rebuilt] = _study(archive)
        assert abs(rebuilt.received - before.received) < 0.001


def test_an_edit_that_changes_nothing_does_nothing(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    values = values_of(["PatientID=4711"])
    edit(archive, _study(archive), values)
    report = edit(archive, _study(archive), values)
    assert (report.edited, report.unchanged) == (0, 1)
    assert len(list(originals(archive))) == 1


def test_edits_add_up_and_the_first_original_comes_back(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    for identity in ("1", "2"):
        edit(archive, _study(archive), values_of([f"PatientID={identity}"]))
    [entry] = _study(archive)
    history = archive.dataset(entry).OriginalAttributesSequence
    assert [item.ModifiedAttributesSequence[0].PatientID for item in history] == ["1CT1", "1"]
    kept = list(originals(archive, instance_uid=entry.instance_uid))
    assert len(kept) == 2
    with pytest.raises(NotFoundError):
        original_named(archive, entry.instance_uid)
    [first] = [original for original in kept if archive.storage.read(original.location) == make(0)]
    assert restore_originals(archive, same_edit(archive, original_named(archive, first.sha256[:12]))) == 1
    [entry] = _study(archive)
    assert archive.read(entry) == make(0)
    assert len(list(originals(archive))) == 2
    assert verify(archive).is_sound


def test_an_edited_archive_is_rebuilt_as_it_is(tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path / "archive") as archive:
        archive.store(make(0))
        edit(archive, _study(archive), values_of(["PatientID=4711"]))
    rebuild(tmp_path / "archive")
    with Archive(tmp_path / "archive") as archive:
        assert _found(archive, "PatientID", "4711") == [uid_of(0, level=1)]
        assert list(archive.index.conflicts()) == []
        assert len(list(originals(archive))) == 1


def test_names_of_other_character_sets(archive: Archive) -> None:
    outcome = archive.store(_instance(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jürgen", PatientID="1"))
    edit(archive, archive.entries(outcome.study_uid), values_of(["PatientName=山田^太郎"]))
    [entry] = archive.entries(outcome.study_uid)
    ds = read(archive.read(entry))
    assert ds.PatientName == "山田^太郎"
    assert ds.OriginalAttributesSequence[0].ModifiedAttributesSequence[0].PatientName == "Müller^Jürgen"


def test_names_that_no_character_set_holds_are_kept_as_bytes(archive: Archive) -> None:
    data = _instance(SpecificCharacterSet="ISO_IR 100", PatientName="Doe^#[31mJane", PatientID="1")
    outcome = archive.store(data.replace(b"#[31m", b"\x1b[31m"))
    assert edit(archive, archive.entries(outcome.study_uid), values_of(["PatientName=Doe^Jane"])).edited == 1
    [entry] = archive.entries(outcome.study_uid)
    [item] = read(archive.read(entry)).OriginalAttributesSequence
    [damaged] = item.NonconformingModifiedAttributesSequence
    assert damaged.SelectorAttribute == _PATIENT_NAME
    assert damaged.NonconformingDataElementValue.rstrip() == b"Doe^\x1b[31mJane"
    assert "PatientName" not in item.ModifiedAttributesSequence[0]


def test_a_study_has_one_patient_so_it_is_edited_whole(archive: Archive, make: Make) -> None:
    for number in range(2):
        archive.store(make(number))
    with pytest.raises(ArchiveError, match="whole studies"):
        edit(archive, _study(archive)[:1], values_of(["PatientID=2"]))
    assert edit(archive, _study(archive)[:1], values_of(["SeriesDescription=x"])).edited == 1


@pytest.mark.parametrize(
    "assignment",
    ["SOPInstanceUID=1.2", "SOPClassUID=1.2", "StudyInstanceUID=1.2", "SeriesInstanceUID=1.2", "Rows=5", "Secret",
     "TransferSyntaxUID=1.2", "PatientBirthDate=yesterday", "RequestAttributesSequence=x", "NoSuchThing=1"],
)  # fmt: skip
def test_what_an_instance_is_known_by_stays(assignment: str) -> None:
    with pytest.raises(DicomError) as caught:
        values_of([assignment])
    assert "yesterday" not in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_an_edit_that_fails_halfway_changes_nothing(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(0))
    [entry] = _study(archive)

    def fail(changes: object) -> None:
        raise ArchiveError("the index is locked")

    monkeypatch.setattr(archive.index, "replace", fail)
    report = edit(archive, [entry], values_of(["PatientID=2"]))
    assert [remark.message for remark in report.failed] == ["the index is locked"]
    monkeypatch.undo()
    assert archive.read(entry) == make(0)
    assert archive.dataset(entry).PatientID == "1CT1"
    assert verify(archive).is_sound, "nothing is left behind"


_KILLED = """
import os, sys
from filmless.archive import Archive
from filmless.archive.upkeep import edit
from filmless.archive.upkeep.editing import values_of
archive = Archive(sys.argv[1])
real = archive.index.replace
def replace(changes):
    if sys.argv[2] == "after":
        real(changes)
    os._exit(9)
archive.index.replace = replace
edit(archive, archive.entries(sys.argv[3]), values_of(["PatientID=2"]))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_edit_that_is_killed_leaves_the_old_instance_or_the_new(tmp_path: Path, make: Make, moment: str) -> None:
    root = tmp_path / "archive"
    with Archive(root) as archive:
        archive.store(make(0))
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(root), moment, uid_of(0, level=1)], check=False)
    assert killed.returncode == 9
    with Archive(root) as archive:
        [entry] = _study(archive)
        assert (archive.read(entry) == make(0)) == (moment == "before")
        assert entry.patient_id == ("1CT1" if moment == "before" else "2")
        assert verify(archive).is_sound
        assert make(0) in [archive.storage.read(original.location) for original in originals(archive)]
        found = list(archive.index.conflicts())
        assert len(found) == (1 if moment == "before" else 0)
        if found:
            resolve(archive, found[0], how="take")
            [entry] = _study(archive)
            assert entry.patient_id == "2"


def test_what_was_changed_meanwhile_is_not_overwritten(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    [old] = _study(archive)
    edit(archive, [old], values_of(["PatientID=2"]))
    report = edit(archive, [old], values_of(["PatientID=3"]))
    assert report.edited == 0
    assert len(report.failed) == 1
    [entry] = _study(archive)
    assert entry.patient_id == "2"


def test_files_that_are_served_in_place_are_not_edited(archive: Archive, tmp_path: Path, make: Make) -> None:
    path = tmp_path / "place" / "a.dcm"
    path.parent.mkdir()
    path.write_bytes(make(0))
    archive.add_in_place(path.parent, [path])
    report = edit(archive, _study(archive), values_of(["PatientID=2"]))
    assert len(report.failed) == 1
    assert path.read_bytes() == make(0)


# -- undoing ------------------------------------------------------------------------------------------------------


def _told(archive: Archive) -> tuple[set[str], set[str]]:
    """Return the Patient IDs of a study that its files say, and those it is found by."""
    entries = _study(archive)
    return {archive.dataset(entry).PatientID for entry in entries}, {entry.patient_id for entry in entries}


def test_undoing_takes_all_instances_of_an_edit(archive: Archive, make: Make) -> None:
    for number in range(3):
        archive.store(make(number))
    edit(archive, _study(archive), values_of(["PatientID=NEW"]), at=_AT)
    one = original_named(archive, uid_of(1))
    assert (one.edited, one.changed) == ("20260102030405.000000+0000", ("PatientID",))
    assert one.study_uid == one.current_study_uid == uid_of(0, level=1)
    with pytest.raises(ArchiveError, match="some of its instances"):
        restore_originals(archive, [one])
    assert _told(archive) == ({"NEW"}, {"NEW"})
    assert restore_originals(archive, same_edit(archive, one)) == 3
    assert _told(archive) == ({"1CT1"}, {"1CT1"})
    assert {archive.read(entry) for entry in _study(archive)} == {make(number) for number in range(3)}
    assert _found(archive, "PatientID", "NEW") == []
    assert verify(archive).is_sound


def test_edits_of_a_study_are_undone_one_after_the_other(archive: Archive, make: Make) -> None:
    for number in range(2):
        archive.store(make(number))
    for day, value in enumerate(("A", "B"), 1):
        edit(archive, _study(archive), values_of([f"PatientID={value}"]), at=_AT.replace(day=day))
    for before in ("A", "1CT1"):
        assert restore_originals(archive, last_edit(archive, uid_of(0, level=1))) == 2
        assert _told(archive) == ({before}, {before})
    with pytest.raises(NotFoundError):
        last_edit(archive, uid_of(0, level=1))
    again = next(one for one in originals(archive) if "PatientID" in one.changed)
    assert again.edited == ""


def test_an_undo_that_fails_changes_nothing(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        archive.store(make(number))
    edit(archive, _study(archive), values_of(["PatientID=NEW"]))
    wanted = last_edit(archive, uid_of(0, level=1))
    real, calls = archive.storage.place, iter("io" * 2)

    def place(draft: object, area: object) -> str:
        if next(calls, None) is None:
            raise OSError(28, "no space left on device")
        return real(draft, area)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.storage, "place", place)
    with pytest.raises(ArchiveError):
        restore_originals(archive, wanted)
    monkeypatch.undo()
    assert _told(archive) == ({"NEW"}, {"NEW"})
    assert len(last_edit(archive, uid_of(0, level=1))) == 3
    assert verify(archive).is_sound


def test_what_was_set_aside_does_not_label_a_study(archive: Archive, make: Make) -> None:
    for number in range(2):
        archive.store(make(number))
    archive.store(make(0).replace(b"1CT1", b"9CT9"))
    [conflict] = archive.index.conflicts()
    with pytest.raises(ArchiveError, match="some of its instances"):
        resolve(archive, conflict, how="take")
    assert _told(archive) == ({"1CT1"}, {"1CT1"})
    assert len(list(archive.index.conflicts())) == 1


# -- for good -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_object_store", [False, True])
def test_what_is_deleted_for_good_is_kept_nowhere(
    s3: Callable[[], dict[str, str]],
    tmp_path: Path,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_object_store: bool,
) -> None:
    settings = s3()
    url = settings.pop("url")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with Archive(tmp_path / "archive", storage=url if is_object_store else None) as archive:
        for study in range(2):
            archive.store(make(study, study=study))
            edit(archive, _study(archive, study), values_of(["PatientID=2"]))
            archive.store(make(study, study=study, variant=5))
        assert len(list(originals(archive))) == len(list(archive.index.conflicts())) == 2
        assert delete(archive, _study(archive)) == 1
        kept = [stored for area in AREAS for stored in archive.storage.files(area)]
        assert {dataset_of(archive, stored.location).SOPInstanceUID for stored in kept} == {uid_of(1)}
        assert len(kept) == 3
        assert [conflict.instance_uid for conflict in archive.index.conflicts()] == [uid_of(1)]
        assert verify(archive).is_sound
        rules = [Retention(max_age_days=1)]
        later = time.time() + 1e6
        assert len(enforce(archive, rules, now=later)) == 1
        assert not [stored for area in AREAS for stored in archive.storage.files(area)]
        assert not list(archive.index.conflicts())
        assert not list(archive.storage.trashed())


def test_a_deletion_that_was_stopped_can_be_given_again(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.store(make(0))
    edit(archive, _study(archive), values_of(["PatientID=2"]))

    def fail(entries: object) -> int:
        raise ArchiveError("the index is locked")

    monkeypatch.setattr(archive, "delete", fail)
    with pytest.raises(ArchiveError):
        delete(archive, _study(archive))
    monkeypatch.undo()
    assert delete(archive, _study(archive)) == 1
    assert not [stored for area in AREAS for stored in archive.storage.files(area)]


# -- merge --------------------------------------------------------------------------------------------------------


def test_patients_are_merged(archive: Archive) -> None:
    wrong = {"PatientID": "8", "PatientName": "Do^Jane", "PatientBirthDate": "19700101", "EthnicGroup": "x"}
    right = {"PatientID": "7", "PatientName": "Doe^Jane", "PatientSex": "F"}
    outcomes = [archive.store(_instance(**values)) for values in (wrong, wrong, right)]
    into = archive.entries(outcomes[2].study_uid)[0]
    report = merge_patients(archive, list(instances(archive, [Key((_PATIENT_ID,), "8")])), into)
    assert report.edited == 2
    assert len(_found(archive, "PatientID", "7")) == 3
    assert _found(archive, "PatientID", "8") == []
    [entry] = archive.entries(outcomes[0].study_uid)
    ds = archive.dataset(entry)
    assert (ds.PatientName, ds.PatientSex) == ("Doe^Jane", "F")
    assert "PatientBirthDate" not in ds
    was = ds.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert (was.PatientID, was.PatientBirthDate, was.EthnicGroup) == ("8", "19700101", "x")
    assert len(archive.search(Query("patient")).rows) == 1


def test_studies_are_merged(archive: Archive, make: Make) -> None:
    code = Dataset({"CodeValue": "1", "CodeMeaning": "Head"})
    right = archive.store(_instance(PatientID="7", StudyDate="20200101", ProcedureCodeSequence=[code]))
    for number in range(2):
        archive.store(make(number))
    into = archive.entries(right.study_uid)[0]
    assert merge_studies(archive, _study(archive), into).edited == 2
    assert _study(archive) == []
    entries = archive.entries(right.study_uid)
    assert len(entries) == 3
    assert {archive.dataset(entry).PatientID for entry in entries} == {"7"}
    moved = archive.dataset(next(entry for entry in entries if entry.instance_uid == uid_of(1)))
    assert moved.ProcedureCodeSequence[0].CodeMeaning == "Head"
    was = moved.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert was.StudyInstanceUID == uid_of(0, level=1)
    assert verify(archive).is_sound


@pytest.mark.parametrize("is_committed", [True, False])
def test_an_edit_whose_commit_is_not_known(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    """Whether the row is the old one or the new one, its file is there, and the other is not."""
    archive.store(make(1))
    replace = archive.index.replace

    def lost(changes: object) -> None:
        if is_committed:
            replace(changes)  # type: ignore[arg-type]
        raise ArchiveError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(archive.index, "replace", lost)
        report = edit(archive, _study(archive), {_PATIENT_ID: "4711"})
    assert (report.edited, len(report.failed)) == (0, 1)
    [entry] = _study(archive)
    assert archive.dataset(entry).PatientID == ("4711" if is_committed else "1CT1")
    archive.close()
    (archive.folder / "running").touch()
    with Archive(archive.folder) as again:
        [entry] = _study(again)
        assert again.dataset(entry).PatientID == ("4711" if is_committed else "1CT1")
        assert [stored.location for stored in again.storage.files("instances")] == [entry.location]
        assert list(again.index.conflicts()) == []


# -- conflicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["keep", "take", "drop"])
def test_conflicts_are_settled(archive: Archive, make: Make, how: str) -> None:
    archive.store(make(0))
    archive.store(make(0, variant=5))
    [conflict] = archive.index.conflicts()
    found = differences(archive, conflict)
    assert [(difference.path, difference.current, difference.other) for difference in found] == [
        ("PatientComments", "VARIANT", "00000005")
    ]
    resolve(archive, conflict_named(archive, str(conflict.id)), how=how)  # type: ignore[arg-type]
    assert list(archive.index.conflicts()) == []
    [entry] = _study(archive)
    assert archive.read(entry) == make(0, variant=5 if how == "take" else 0)
    kept = [archive.storage.read(original.location) for original in originals(archive)]
    assert kept == {"keep": [make(0, variant=5)], "take": [make(0)], "drop": []}[how]
    assert not list(archive.storage.files("quarantine"))
    assert verify(archive).is_sound
    with pytest.raises(NotFoundError):
        resolve(archive, conflict, how=how)  # type: ignore[arg-type]


def test_what_was_set_aside_can_be_taken_when_the_other_is_deleted(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    archive.store(make(0, variant=5))
    archive.delete(_study(archive))
    [conflict] = archive.index.conflicts()
    with pytest.raises(NotFoundError):
        differences(archive, conflict)
    resolve(archive, conflict, how="take")
    [entry] = _study(archive)
    assert archive.read(entry) == make(0, variant=5)
    assert verify(archive).is_sound


def test_differences_go_into_sequences(archive: Archive) -> None:
    uid, study, series = generate_uid(), generate_uid(), generate_uid()
    for text, size in (("a", 5000), ("b", 5002)):
        ds = Dataset({"CodeMeaning": text})
        more = {"SOPInstanceUID": uid, "StudyInstanceUID": study, "SeriesInstanceUID": series}
        archive.store(_instance(**more, ProcedureCodeSequence=[ds] * len(text), EncapsulatedDocument=bytes(size)))
    [conflict] = archive.index.conflicts()
    assert [tuple(difference) for difference in differences(archive, conflict)] == [
        ("ProcedureCodeSequence[0].CodeMeaning", "a", "b"),
        ("EncapsulatedDocument", "OB, 5000 bytes", "OB, 5002 bytes"),
    ]


def test_names_of_conflicts_are_exact(archive: Archive, make: Make) -> None:
    archive.store(make(0))
    for variant in (1, 2):
        archive.store(make(0, variant=variant))
    with pytest.raises(NotFoundError):
        conflict_named(archive, uid_of(0))
    with pytest.raises(NotFoundError):
        conflict_named(archive, "99")
    one = next(iter(archive.index.conflicts()))
    assert conflict_named(archive, one.sha256[:10]) == one


def test_an_exchange_keeps_to_its_uid(archive: Archive, make: Make) -> None:
    from filmless.archive.upkeep.exchanging import draft_of, exchange

    archive.store(make(0))
    [entry] = _study(archive)
    with draft_of(archive, read(make(1))) as draft, pytest.raises(ConflictError):
        exchange(archive, entry, draft)
    assert archive.read(entry) == make(0)
    assert not list((archive.folder / "incoming").iterdir())
