"""File-sets that get more instances: what is there stays, what was wrong is mended."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.fileset import FileSet as Peer

import filmless
from filmless.errors import DicomError, FormatError, UnsupportedError
from filmless.file import encode, write
from filmless.file.media import create_fileset, update_fileset, verify_fileset


@pytest.fixture
def disc(cd, tmp_path) -> Path:
    """A file-set of one patient, with icons."""
    create_fileset(cd / "98892003", tmp_path / "disc", file_set_id="OLD", icon=lambda _: np.zeros((8, 8), np.uint8))
    return tmp_path / "disc"


@pytest.fixture
def another(ct, tmp_path):
    """Make a file of the CT slice with other values."""

    def make(**values) -> Path:
        ds = ct.copy()
        ds.update(values)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        path = tmp_path / "more" / f"{ds.SOPInstanceUID}.dcm"
        path.parent.mkdir(exist_ok=True)
        write(ds, path)
        return path

    return make


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


LINKS = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")


def without_links(record) -> bytes:
    """Bytes of a record but for its links."""
    ds = record.dataset.copy()
    for keyword in LINKS:
        ds.pop(keyword, None)
    return encode(ds, part10=False, transfer_syntax="ExplicitVRLittleEndian")


def test_instances_are_added(disc, cd, another) -> None:
    before, files = filmless.read_fileset(disc), contents(disc)
    report = update_fileset(disc, [cd / "98892001", cd / "77654033"])
    after = filmless.read_fileset(disc)
    assert (report.failed, report.remarks, report.repeated) == ([], [], 0)
    assert report.written == len(after) - len(before) > 0
    assert verify_fileset(disc, profile="STD-GEN-CD") == []
    assert after.dataset.file_meta.MediaStorageSOPInstanceUID == before.dataset.file_meta.MediaStorageSOPInstanceUID
    assert after.dataset.FileSetID == "OLD"
    changed = {path for path, data in files.items() if contents(disc)[path] != data}
    assert changed == {Path("DICOMDIR")}
    there = {without_links(record) for record in after.walk()}
    assert {without_links(record) for record in before.walk()} <= there
    assert all("IconImageSequence" in record.dataset for record in before if record.kind == "IMAGE")
    assert {record.file_id[1] for record in after} == {f"PT00000{number + 1}" for number in range(len(after.patients))}


def test_numbers_go_on_and_records_are_found(disc, another) -> None:
    old = filmless.read_fileset(disc)
    series, study, patient = old.series[0].dataset, old.studies[0].dataset, old.patients[0].dataset
    above = {"PatientID": patient.PatientID, "PatientName": patient.PatientName, "Modality": series.Modality}
    above |= {key: study[key].value for key in ("StudyInstanceUID", "StudyID", "StudyDate", "StudyTime")}
    above |= {"StudyDescription": study.StudyDescription, "AccessionNumber": study.AccessionNumber}
    into = another(
        SOPInstanceUID="1.2.1", SeriesInstanceUID=series.SeriesInstanceUID, SeriesNumber=series.SeriesNumber, **above
    )
    beside = another(SOPInstanceUID="1.2.2", SeriesInstanceUID="1.3", SeriesNumber=77, **above)
    assert update_fileset(disc, [into, beside]).written == 2
    new = filmless.read_fileset(disc)
    assert (len(new.patients), len(new.studies)) == (len(old.patients), len(old.studies))
    names = {record.dataset.ReferencedSOPInstanceUIDInFile: record.file_id for record in new}
    last = old.series[0].files[-1].file_id
    assert names["1.2.1"] == (*last[:4], f"IM{len(old.series[0].files) + 1:06}")
    assert names["1.2.2"] == (*last[:3], f"SE{len(old.studies[0].children) + 1:06}", "IM000001")
    assert new.series[0].files[-1].dataset.ReferencedSOPInstanceUIDInFile == "1.2.1"
    assert verify_fileset(disc) == []


def test_twice_is_once(disc, cd) -> None:
    files = contents(disc)
    report = update_fileset(disc, cd / "98892003")
    assert (report.written, report.repeated) == (0, len(filmless.read_fileset(disc)))
    assert contents(disc) == files


def test_files_written_anew_are_known_again(disc, wheel_file) -> None:
    assert update_fileset(disc, wheel_file("MR_small_implicit.dcm")).written == 1
    report = update_fileset(disc, wheel_file("MR_small_implicit.dcm"))
    assert (report.written, report.repeated, report.failed) == (0, 1, [])


def test_another_file_of_the_same_uid_is_told(disc, another) -> None:
    uid = filmless.read_fileset(disc).files[0].dataset.ReferencedSOPInstanceUIDInFile
    files = contents(disc)
    report = update_fileset(disc, another(SOPInstanceUID=uid))
    assert [remark.code for remark in report.failed] == ["uid-conflict"]
    assert contents(disc) == files


def test_private_keys_and_missing_files_stay(disc, another) -> None:
    fileset = filmless.read_fileset(disc)
    ds = fileset.dataset
    for item in ds.DirectoryRecordSequence:
        item.private(0x0009, "FILMLESS TEST", create=True).add_new(1, "LO", "kept")
    (disc / "DICOMDIR").write_bytes(encode(ds))
    gone = fileset.files[0]
    gone.path.unlink()
    report = update_fileset(disc, another(SOPInstanceUID="1.2.1"))
    assert "file-missing" in {remark.code for remark in report.remarks}
    after = filmless.read_fileset(disc)
    assert [record.file_id for record in after.missing] == [gone.file_id]
    kept = [
        item.private(0x0009, "FILMLESS TEST")[1].value
        for item in after.dataset.DirectoryRecordSequence
        if (0x0009, 0x0010) in item
    ]
    assert len(kept) == len(ds.DirectoryRecordSequence)
    # The name of the missing file is not given to another.
    assert len({record.file_id for record in after.walk() if record.file_id}) == len(after) + 1


@pytest.mark.parametrize("kind", ["", "-bigEnd", "-implicit", "-nooffset", "-reordered"])
def test_those_of_others_are_mended(cd, tmp_path, another, kind) -> None:
    shutil.copytree(cd, tmp_path / "cd")
    for path in (tmp_path / "cd").glob("DICOMDIR*"):
        if path.name != f"DICOMDIR{kind}":
            path.unlink()
    (tmp_path / "cd" / f"DICOMDIR{kind}").rename(tmp_path / "cd" / "DICOMDIR")
    before = filmless.read_fileset(tmp_path / "cd")
    wrong = verify_fileset(tmp_path / "cd")
    report = update_fileset(tmp_path / "cd", another(SOPInstanceUID="1.2.1"))
    assert report.written == 1
    after = filmless.read_fileset(tmp_path / "cd")
    assert after.findings == []
    assert len(after) == len(before) + 1 == 32
    names = {record.file_id for record in before}
    assert {record.file_id for record in after} == {*names, ("DICOM", "PT000001", "ST000001", "SE000001", "IM000001")}
    # What is left was so before: other files of the test data that no record names.
    assert {remark.code for remark in verify_fileset(tmp_path / "cd")} <= {remark.code for remark in wrong} & {
        "file-unlisted"
    }
    theirs = Peer(tmp_path / "cd" / "DICOMDIR")
    assert len(theirs) == 32
    theirs._stage["t"].cleanup()


def test_wrong_links_are_mended_without_anything_new(disc, cd) -> None:
    ds = filmless.read((disc / "DICOMDIR").read_bytes())
    ds.DirectoryRecordSequence[0].OffsetOfReferencedLowerLevelDirectoryEntity += 2
    (disc / "DICOMDIR").write_bytes(encode(ds))
    report = update_fileset(disc, cd / "98892003")
    assert report.written == 0
    assert {remark.code for remark in report.remarks} == {"record-link-wrong"}
    assert verify_fileset(disc) == []


def test_a_tree_without_patients_is_refused(cd, tmp_path, another) -> None:
    shutil.copytree(cd, tmp_path / "cd")
    shutil.move(tmp_path / "cd" / "DICOMDIR-nopatient", tmp_path / "cd" / "DICOMDIR")
    files = contents(tmp_path / "cd")
    with pytest.raises(FormatError, match="of type IMAGE is at the root") as raised:
        update_fileset(tmp_path / "cd", another(SOPInstanceUID="1.2.1"))
    assert raised.value.hint
    assert contents(tmp_path / "cd") == files


def test_files_referenced_by_way_of_another_record_are_named_directly(disc, another) -> None:
    ds = filmless.read((disc / "DICOMDIR").read_bytes())
    items = list(ds.DirectoryRecordSequence)
    image = next(item for item in items if item.DirectoryRecordType == "IMAGE")
    shared = filmless.Dataset(
        {"DirectoryRecordType": "MRDR", "ReferencedFileID": image.ReferencedFileID, "RecordInUseFlag": 0xFFFF}
    )
    shared.update(dict.fromkeys(LINKS, 0))
    name = tuple(image.ReferencedFileID)
    del image["ReferencedFileID"]
    image.MRDRDirectoryRecordOffset = 0
    ds.DirectoryRecordSequence = [*items, shared]
    data = filmless.read(encode(ds))
    target = list(data.DirectoryRecordSequence)
    next(item for item in target if "MRDRDirectoryRecordOffset" in item).MRDRDirectoryRecordOffset = target[-1]._offset
    (disc / "DICOMDIR").write_bytes(encode(data))
    assert name in {record.file_id for record in filmless.read_fileset(disc)}
    update_fileset(disc, another(SOPInstanceUID="1.2.1"))
    kinds = {item.DirectoryRecordType for item in filmless.read(disc / "DICOMDIR").DirectoryRecordSequence}
    assert "MRDR" not in kinds
    assert name in {tuple(record.dataset.ReferencedFileID) for record in filmless.read_fileset(disc)}
    assert verify_fileset(disc) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_update_changes_nothing(disc, cd, monkeypatch, error) -> None:
    files = contents(disc)
    folders = {path for path in disc.rglob("*") if path.is_dir()}
    copied = []

    def copy(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        copied.append(source)
        if len(copied) > 3:
            raise error

    monkeypatch.setattr(shutil, "copyfile", copy)
    with pytest.raises(type(error)):
        update_fileset(disc, cd)
    assert contents(disc) == files
    assert {path for path in disc.rglob("*") if path.is_dir()} == folders


def test_names_on_the_disc_are_kept(disc, another) -> None:
    (disc / "DICOMDIR").rename(disc / "dicomdir")
    precious = disc / "DICOM" / "PT000002" / "ST000001" / "SE000001" / "im000001"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"precious")
    assert update_fileset(disc, another(SOPInstanceUID="1.2.1", PatientID="NEW", StudyInstanceUID="1.9")).written == 1
    assert precious.read_bytes() == b"precious"
    assert sorted(path.name for path in disc.iterdir()) == ["DICOM", "dicomdir"]
    assert any(record.file_id[1] == "PT000003" for record in filmless.read_fileset(disc))


def test_the_discs_own_files_are_no_source(disc, another, tmp_path) -> None:
    another(SOPInstanceUID="1.2.1")
    report = update_fileset(disc / "DICOMDIR", tmp_path)
    assert report.written == 2  # the CT slice and the file made of it
    assert report.repeated == 0


def test_what_cannot_be_updated_is_said(disc, tmp_path, another, wheel_file) -> None:
    more = another(SOPInstanceUID="1.2.1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no DICOMDIR"):
        update_fileset(tmp_path / "empty", more)
    with pytest.raises(FormatError, match="not a DICOMDIR"):
        update_fileset(more, more)
    create_fileset(more, tmp_path / "disc.zip")
    with pytest.raises(UnsupportedError, match="a ZIP cannot be updated"):
        update_fileset(tmp_path / "disc.zip", more)
    files = contents(disc)
    with pytest.raises(UnsupportedError, match="does not allow the transfer syntax"):
        update_fileset(disc, [more, wheel_file("JPEG2000.dcm")])
    assert contents(disc) == files


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=40)
def test_a_damaged_directory_is_mended_or_refused(damaged, wheel_file, flips) -> None:
    """Whatever its bytes are: what is written can be read without a wrong link, else nothing is changed."""
    disc, data = damaged
    broken = bytearray(data)
    for place, byte in flips:
        broken[132 + int(place * (len(data) - 133))] = byte
    with tempfile.TemporaryDirectory() as folder:
        target = Path(shutil.copytree(disc, Path(folder) / "disc"))
        (target / "DICOMDIR").write_bytes(broken)
        try:
            update_fileset(target, wheel_file("MR_small.dcm"))
        except DicomError:
            assert (target / "DICOMDIR").read_bytes() == broken
            assert len(contents(target)) == len(contents(disc))
        else:
            assert not [each for each in filmless.read_fileset(target).findings if each.code.startswith("record-")]
            verify_fileset(target)


@pytest.fixture(scope="session")
def damaged(cd, tmp_path_factory) -> tuple[Path, bytes]:
    """A small file-set, and its DICOMDIR to damage."""
    disc = tmp_path_factory.mktemp("damaged") / "disc"
    create_fileset(cd / "98892003" / "MR1", disc)
    return disc, (disc / "DICOMDIR").read_bytes()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=20), st.floats(0, 1))
@settings(max_examples=60)
@pytest.mark.parametrize("name", ["reportsi.dcm", "rtplan.dcm", "MR_small.dcm"])
def test_damaged_files_make_no_wrong_directory(wheel_file, name, flips, end) -> None:
    data = bytearray(wheel_file(name).read_bytes())
    for place, byte in flips:
        data[132 + int(place * min(len(data) - 133, 3000))] = byte
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        (Path(folder) / "in" / "whole").write_bytes(data)
        (Path(folder) / "in" / "cut").write_bytes(data[: int(len(data) * end)])
        try:
            report = create_fileset(Path(folder) / "in", Path(folder) / "out", profile=None)
        except FormatError as error:
            assert "no DICOM instance" in str(error)  # noqa: PT017
            assert not (Path(folder) / "out").exists()
        else:
            if report.written:
                codes = {remark.code for remark in verify_fileset(Path(folder) / "out")}
                assert not {code for code in codes if code.startswith(("record-", "file-missing", "key-missing"))}


def test_dcmmkdir_goes_on_with_ours_and_we_with_its(disc, ct, another, peer) -> None:
    (disc / "EXTRA").mkdir()
    write(ct, disc / "EXTRA" / "CT1")
    assert [remark.code for remark in verify_fileset(disc)] == ["file-unlisted"]
    subprocess.run([peer("dcmmkdir"), "-q", "+A", "-Pgp", "EXTRA/CT1"], cwd=disc, check=True)
    assert verify_fileset(disc) == []
    assert update_fileset(disc, another(SOPInstanceUID="1.2.1")).written == 1
    fileset = filmless.read_fileset(disc)
    [record] = [record for record in fileset if record.file_id == ("EXTRA", "CT1")]
    assert record.dataset.ReferencedSOPInstanceUIDInFile == ct.SOPInstanceUID
    added = next(each for each in fileset if each.dataset.ReferencedSOPInstanceUIDInFile == "1.2.1")
    assert added in next(series for series in fileset.series if record in series.children).children
    assert verify_fileset(disc) == []


def test_missing_file_is_written_again(disc, cd) -> None:
    whole, before = contents(disc), filmless.read_fileset(disc)
    gone = [before.files[0], before.files[5]]
    for record in gone:
        record.path.unlink()
    gone[1].path.parent.rmdir() if not any(gone[1].path.parent.iterdir()) else None
    report = update_fileset(disc, cd / "98892003")
    assert report.written == 2
    assert report.failed == []
    assert [remark.code for remark in report.remarks] == ["file-restored", "file-restored"]
    after = contents(disc)
    assert {name: after[name] for name in whole if name.name != "DICOMDIR"} == {
        name: data for name, data in whole.items() if name.name != "DICOMDIR"
    }
    assert after.keys() == whole.keys()
    assert list(map(without_links, filmless.read_fileset(disc).walk())) == list(map(without_links, before.walk()))
    assert verify_fileset(disc) == []


@pytest.mark.parametrize("way", ["outside", "long", "lower", "link", "class"])
def test_missing_file_whose_name_is_not_safe_is_not_written(disc, cd, tmp_path, way) -> None:
    fileset = filmless.read_fileset(disc)
    gone = fileset.files[0]
    gone.path.unlink()
    record, ds = gone.dataset, fileset.dataset
    if way == "outside":
        record.ReferencedFileID = ["..", "IM1"]
    elif way == "long":
        record.ReferencedFileID = ["TOOLONGNAME"]
    elif way == "class":
        record.ReferencedSOPClassUIDInFile = "1.2.3"
    elif way == "lower":
        (disc / "DICOM").rename(disc / "dicom")
    else:
        (tmp_path / "elsewhere").mkdir()
        (disc / "LINK").symlink_to(tmp_path / "elsewhere")
        record.ReferencedFileID = ["LINK", "IM1"]
    (disc / "DICOMDIR").write_bytes(encode(ds))
    files = {path for path in contents(tmp_path) if path.name != "DICOMDIR"}
    report = update_fileset(disc, cd / "98892003")
    assert [remark.code for remark in report.failed] == ["uid-conflict"]
    assert "file-restored" not in {remark.code for remark in report.remarks}
    assert {path for path in contents(tmp_path) if path.name != "DICOMDIR"} == files
