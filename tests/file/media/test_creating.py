"""File-sets made: the files, their names, the DICOMDIR, against DCMTK, pydicom and dicom3tools."""

import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet as Peer

import filmless
from filmless.errors import FormatError
from filmless.file import encode, write
from filmless.file.media import create_fileset, update_fileset, verify_fileset
from filmless.file.media.kinds import KINDS
from filmless.file.media.writing import FolderTarget

EXPLICIT = "1.2.840.10008.1.2.1"
LINKS = {"OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity", "RecordInUseFlag"}


@pytest.fixture(scope="session")
def disc(cd, tmp_path_factory) -> Path:
    """A file-set of all files there."""
    folder = tmp_path_factory.mktemp("media") / "disc"
    report = create_fileset(cd, folder, file_set_id="TEST_DISC_1")
    assert (report.written, report.failed) == (81, [])
    # Of one patient pydicom has headers alone.
    assert {(remark.code, "TINY_ALPHA" in remark.file) for remark in report.remarks} == {("no-pixels", True)}
    assert {remark.code for remark in report.passed_over} == {"dicomdir", "not-dicom"}
    return folder


# -- against peers -----------------------------------------------------------------------------------------------------


def keys_of(record) -> dict[str, object]:
    """Values of a record by keyword, without its links."""
    return {each.keyword: each.value for each in record.dataset if each.keyword not in LINKS}


def tree_of(fileset) -> dict[tuple[str, ...], dict[str, object]]:
    """Records by what they are of: patient, study, series, instance."""
    names = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "ReferencedSOPInstanceUIDInFile")
    found = {}

    def go(record, above: tuple[str, ...]) -> None:
        path = (*above, str(record.dataset.get(names[len(above)])))
        found[path] = keys_of(record)
        for child in record.children:
            go(child, path)

    for record in fileset.records:
        go(record, ())
    return found


def test_dcmmkdir_makes_the_same_tree(disc, tmp_path, peer) -> None:
    theirs = tmp_path / "DICOMDIR"
    subprocess.run([peer("dcmmkdir"), "-q", "+r", "-Pgp", "+id", disc, "+D", theirs], check=True, capture_output=True)
    ours, expected = tree_of(filmless.read_fileset(disc)), tree_of(filmless.read_fileset(theirs))
    assert ours.keys() == expected.keys()
    for path, keys in expected.items():
        # dcmmkdir copies the character set whether text needs it or not.
        needed = {name: value for name, value in keys.items() if name != "SpecificCharacterSet"}
        assert {name: ours[path].get(name) for name in needed} == needed
        of_type_3 = {key.keyword for kind in KINDS.values() for key in kind.keys if key.type == "3"}
        assert ours[path].keys() - keys.keys() <= of_type_3


def test_pydicom_loads_it_without_a_warning(disc, cd) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = Peer(disc / "DICOMDIR")
    found = {(each.SOPInstanceUID, Path(each.path).relative_to(disc).parts) for each in theirs}
    theirs._stage["t"].cleanup()
    assert found == {
        (each.dataset.ReferencedSOPInstanceUIDInFile, each.file_id) for each in filmless.read_fileset(disc)
    }
    assert theirs.ID == "TEST_DISC_1"
    sources = {
        pydicom.dcmread(path).SOPInstanceUID
        for path in cd.rglob("*")
        if path.is_file() and "DIR" not in path.name and "README" not in path.name
    }
    assert {uid for uid, _ in found} == sources


def test_validators_find_no_error(disc, errors_of) -> None:
    assert [line for line in errors_of("dciodvfy", disc / "DICOMDIR") if line.startswith("Error")] == []
    assert errors_of("dcmdump", disc / "DICOMDIR") == []


def test_offsets_are_right(disc) -> None:
    ds = filmless.read(disc / "DICOMDIR")
    fileset = filmless.read_fileset(disc)
    assert fileset.findings == []
    at = {id(record): record.dataset._offset for record in fileset.walk()}
    assert ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity == at[id(fileset.records[0])]
    assert ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity == at[id(fileset.records[-1])]
    assert ds.FileSetConsistencyFlag == 0
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT
    for siblings in [fileset.records, *(record.children for record in fileset.walk())]:
        following = [*(at[id(record)] for record in siblings[1:]), 0]
        for record, after in zip(siblings, following, strict=False):
            assert record.dataset.OffsetOfTheNextDirectoryRecord == after
            below = at[id(record.children[0])] if record.children else 0
            assert record.dataset.OffsetOfReferencedLowerLevelDirectoryEntity == below
            assert record.dataset.RecordInUseFlag == 0xFFFF


# -- files and names ---------------------------------------------------------------------------------------------------


def test_files_are_the_same_bytes(disc, cd) -> None:
    sources = Counter(path.read_bytes() for path in cd.rglob("*") if path.is_file())
    written = [record.path.read_bytes() for record in filmless.read_fileset(disc)]
    assert all(sources[data] for data in written)
    assert len(written) == 81


def test_names_conform_and_are_in_order(disc) -> None:
    names = [record.file_id for record in filmless.read_fileset(disc)]
    assert len(set(names)) == 81
    assert all(re.fullmatch(r"[A-Z0-9_]{1,8}", part) for name in names for part in name)
    assert names == sorted(names)
    assert {len(name) for name in names} == {5}
    assert {path.relative_to(disc).parts for path in disc.rglob("*") if path.is_file()} == {*names, ("DICOMDIR",)}


def test_order_is_natural(tmp_path, ct, instance, records) -> None:
    for number, patient, series in [(10, "P10", 2), (9, "P9", 10), (2, "P9", 9), (1, "P9", 10), (100, "P9", 9)]:
        uids = {"SeriesInstanceUID": f"1.2.{patient[1:]}.{series}", "StudyInstanceUID": f"1.2.{patient[1:]}"}
        uids["SOPInstanceUID"] = f"1.2.3.{number}"
        values = {"PatientID": patient, "SeriesNumber": series, "InstanceNumber": number}
        instance(ct, tmp_path / "in" / f"{1000 - number}", **values, **uids)
    create_fileset(tmp_path / "in", tmp_path / "out")
    assert [record.dataset.PatientID for record in records(tmp_path / "out", "PATIENT")] == ["P9", "P10"]
    assert [record.dataset.SeriesNumber for record in records(tmp_path / "out", "SERIES")] == [9, 10, 2]
    assert [record.dataset.InstanceNumber for record in records(tmp_path / "out", "IMAGE")] == [2, 100, 1, 9, 10]


def test_the_same_files_make_the_same_medium(cd, tmp_path) -> None:
    folders = sorted(path for path in cd.iterdir() if path.is_dir())
    create_fileset(folders, tmp_path / "a", file_set_uid="1.2.3")
    create_fileset(folders[::-1], tmp_path / "b", file_set_uid="1.2.3", threads=1)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*"))
    assert files == sorted(path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*"))
    for file in files:
        if (tmp_path / "a" / file).is_file():
            assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_uncompressed_ones_become_explicit(tmp_path, wheel_file) -> None:
    names = ["MR_small_implicit.dcm", "image_dfl.dcm", "ExplVR_BigEnd.dcm", "ExplVR_LitEndNoMeta.dcm"]
    report = create_fileset([wheel_file(name) for name in names], tmp_path / "out")
    assert (report.written, report.failed) == (4, [])
    sources = {filmless.read(wheel_file(name)).SOPInstanceUID: wheel_file(name) for name in names}
    for record in filmless.read_fileset(tmp_path / "out"):
        ds = record.read()
        assert ds.file_meta.TransferSyntaxUID == record.dataset.ReferencedTransferSyntaxUIDInFile == EXPLICIT
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert ds.preamble is not None
        source = filmless.read(sources[ds.SOPInstanceUID])
        assert ds.get("PatientName") == source.get("PatientName")
        if "PixelData" in ds:
            np.testing.assert_array_equal(ds.pixel_array, source.pixel_array)
    assert verify_fileset(tmp_path / "out", profile="STD-GEN-CD") == []


def test_the_general_profile_keeps_every_syntax(tmp_path, wheel_file) -> None:
    names = ["MR_small_implicit.dcm", "image_dfl.dcm", "ExplVR_BigEnd.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm"]
    for profile in (None, "general"):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        assert create_fileset([wheel_file(name) for name in names], tmp_path / "out", profile=profile).written == 5
        written = {record.path.read_bytes() for record in filmless.read_fileset(tmp_path / "out")}
        assert written == {wheel_file(name).read_bytes() for name in names}
        assert verify_fileset(tmp_path / "out") == []


def test_meta_information_is_completed_and_mended(tmp_path, ct) -> None:
    bare = tmp_path / "in" / "bare"
    bare.parent.mkdir()
    bare.write_bytes(encode(ct, part10=False))
    wrong = ct.copy()
    wrong.SOPInstanceUID = "1.2.3"
    wrong.file_meta = ct.file_meta.copy()
    data = bytearray(encode(wrong))
    data[data.index(b"1.2.3\0")] = ord("9")
    (tmp_path / "in" / "wrong").write_bytes(data)
    report = create_fileset(tmp_path / "in", tmp_path / "out")
    assert (report.written, report.failed) == (2, [])
    for record in filmless.read_fileset(tmp_path / "out"):
        meta = record.read().file_meta
        assert meta.MediaStorageSOPInstanceUID == record.read().SOPInstanceUID
        assert meta.TransferSyntaxUID == EXPLICIT
    assert verify_fileset(tmp_path / "out") == []


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("threads", [1, 4])
def test_nothing_is_left_of_what_was_interrupted(tmp_path, cd, monkeypatch, error, exists, threads) -> None:
    copied = []

    def copy(source: Path, target: Path) -> None:
        Path(target).write_bytes(Path(source).read_bytes()[:100])  # it always breaks in the middle of a file
        copied.append(target)
        if len(copied) > 20:
            raise error

    monkeypatch.setattr(shutil, "copyfile", copy)
    if exists:
        (tmp_path / "out").mkdir()
    with pytest.raises(type(error)):
        create_fileset(cd, tmp_path / "out", threads=threads)
    assert len(copied) > 20
    assert sorted(path.name for path in tmp_path.rglob("*")) == (["out"] if exists else [])


def test_an_error_of_the_directory_leaves_nothing(tmp_path, cd, monkeypatch) -> None:
    import filmless.file.media.work as module

    def fail(*_) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "encoded", fail)
    with pytest.raises(OSError, match="Input/output"):
        create_fileset(cd / "98892001", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "folder", "folder.zip", "file.zip"])
def test_nothing_is_written_over(tmp_path, slice_path, name) -> None:
    target = tmp_path / name
    if name.startswith("file"):
        target.write_bytes(b"precious")
    else:
        target.mkdir()
        (target / "precious").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        create_fileset(slice_path, target)
    assert [path.read_bytes() for path in [target, *target.rglob("*")] if path.is_file()] == [b"precious"]


def test_what_is_no_instance_is_passed_over(tmp_path, slice_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(slice_path, folder / "slice.txt")
    (folder / "README").write_text("hello")
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "short.dcm").write_bytes(slice_path.read_bytes()[:200])
    (folder / "noise.dcm").write_bytes(bytes(range(256)) * 8)
    write(filmless.Dataset({"PatientID": "1"}), folder / "nouid.dcm", transfer_syntax="ExplicitVRLittleEndian")
    report = create_fileset(folder, tmp_path / "out")
    assert report.written == 1
    told = {Path(remark.file).name for remark in (*report.passed_over, *report.failed)}
    assert told == {"README", "empty.dcm", "short.dcm", "noise.dcm", "nouid.dcm"}
    assert all("hello" not in str(remark) for remark in report.passed_over)


def test_nothing_to_write_is_an_error(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(FormatError, match="no DICOM instance"):
        create_fileset(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(FileNotFoundError):
        create_fileset(tmp_path / "nowhere", tmp_path / "out")


def test_repeated_instances(tmp_path, slice_path, ct, instance) -> None:
    folder = tmp_path / "in"
    instance(ct, folder / "a")
    shutil.copy(folder / "a", folder / "b")
    instance(ct, folder / "c", syntax="ImplicitVRLittleEndian")
    instance(ct, folder / "d", PatientName="Someone^Else")
    report = create_fileset([folder, folder / "a"], tmp_path / "out")
    assert (report.written, report.repeated) == (1, 2)
    assert [(remark.code, Path(remark.file).name) for remark in report.failed] == [("uid-conflict", "d")]
    assert "Someone" not in str(report.failed[0])


def test_the_medium_may_lie_in_its_source(tmp_path, slice_path) -> None:
    (tmp_path / "out").mkdir()
    assert create_fileset(tmp_path, tmp_path / "out").written == 1
    assert verify_fileset(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["lower", "A" * 17, "A/B", "Ä"])
def test_a_wrong_file_set_id_is_an_error(tmp_path, slice_path, name) -> None:
    with pytest.raises(ValueError, match="a File-set ID is"):
        create_fileset(slice_path, tmp_path / "out", file_set_id=name)
    with pytest.raises(ValueError, match="no UID"):
        create_fileset(slice_path, tmp_path / "out", file_set_uid=name)


def test_progress_is_told(tmp_path, cd) -> None:
    told = []
    create_fileset(cd / "98892003", tmp_path / "out", progress=lambda done, total: told.append((done, total)))
    assert told == [(number, len(told)) for number in range(1, len(told) + 1)]
    assert len(told) > 5


# -- many and real -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_headers_do_not_stay_in_memory(tmp_path, ct, instance) -> None:
    """300 headers of 1,300 elements, of which some thirty are kept."""
    for creator in range(5):
        block = ct.private(0x0011, f"FILMLESS TEST {creator}", create=True)
        for number in range(250):
            block.add_new(number, "LO", "something or other")
    for number in range(300):
        instance(ct, tmp_path / "in" / str(number), SOPInstanceUID=f"1.2.3.{number}")
    code = f"""
import resource
from pathlib import Path
from filmless.file.media.gathering import gather
from filmless.file.media.profiles import PROFILES
from filmless.file.media.remarks import MediaReport

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024

def found(name):
    return list(gather([Path(name)], PROFILES["general"], MediaReport(Path())))

found({str(tmp_path / "in" / "0")!r})
before = resident()
kept = found({str(tmp_path / "in")!r})
print(len(kept), resident() - before)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, result.stdout.split())
    assert count == 300
    assert kilobytes < 4_000


SYNTAXES = ["ExplicitVRLittleEndian", "JPEG2000Lossless", "DeflatedExplicitVRLittleEndian"]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("kept", [0.5, -9, 898, 300, 150])
def test_a_file_that_ends_early_is_left_out_and_told(tmp_path, ct, syntax, kept) -> None:
    from filmless.pixels.transcoding import transcode

    (tmp_path / "in").mkdir()
    write(transcode(ct, syntax), tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    (tmp_path / "in/a").write_bytes(data[: int(len(data) * kept) if 0 < kept < 1 else kept])
    report = create_fileset(tmp_path / "in", tmp_path / "out", profile="general")
    assert (report.written, len(report.failed)) == (0, 1)
    assert not (tmp_path / "out").exists()
    shutil.copy(tmp_path / "whole", tmp_path / "in/b")
    report = create_fileset(tmp_path / "in", tmp_path / "out", profile="general")
    assert report.written == 1
    assert [remark.file for remark in (*report.remarks, *report.failed)] == [str(tmp_path / "in/a")]
    assert filmless.read_fileset(tmp_path / "out").files[0].path.read_bytes() == data
    assert verify_fileset(tmp_path / "out") == []


def test_pixel_data_that_are_too_short_are_damage(tmp_path, ct, instance) -> None:
    instance(ct, tmp_path / "in/1", SOPInstanceUID="1.2.1", PixelData=ct.PixelData[:-2])
    instance(ct, tmp_path / "in/2", SOPInstanceUID="1.2.2", NumberOfFrames=2)
    instance(ct, tmp_path / "in/3", SOPInstanceUID="1.2.3", Rows=1)
    report = create_fileset(tmp_path / "in", tmp_path / "out")
    assert [(remark.code, remark.file[-1]) for remark in report.failed] == [("damaged", "1"), ("damaged", "2")]
    assert "32766 bytes, expected 32768" in report.failed[0].message
    report = create_fileset(tmp_path / "in", tmp_path / "more", keep_damaged=True)
    assert (report.written, report.failed) == (3, [])
    assert [remark.code for remark in report.remarks] == ["damaged"] * 2
    assert [remark.code for remark in verify_fileset(tmp_path / "more")] == ["file-damaged"] * 2


def test_an_image_without_pixels_yields_to_a_whole_one_and_is_told(tmp_path, ct, instance) -> None:
    header = instance(ct, tmp_path / "in/a", PixelData=None)
    report = create_fileset(header, tmp_path / "out")
    assert (report.written, [remark.code for remark in report.remarks]) == (1, ["no-pixels"])
    assert [remark.code for remark in verify_fileset(tmp_path / "out")] == ["no-pixels"]
    instance(ct, tmp_path / "in/b")
    report = create_fileset(tmp_path / "in", tmp_path / "more")
    assert (report.written, [remark.file[-1] for remark in report.failed]) == (1, ["a"])
    assert verify_fileset(tmp_path / "more") == []


def test_what_a_thread_writes_after_all_was_undone_is_removed(tmp_path, slice_path) -> None:
    target = FolderTarget(tmp_path / "out")
    target.undo()
    target.copy(slice_path, ("DICOM", "A"))
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_kept_only_without_a_whole_one(tmp_path, ct, slice_path, instance) -> None:
    data = slice_path.read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_bytes(data[:20_000])
    (tmp_path / "in/b").write_bytes(data)
    report = create_fileset(tmp_path / "in", tmp_path / "out", keep_damaged=True)
    assert (report.written, report.failed) == (1, [])
    assert [remark.code for remark in report.remarks] == ["damaged"]
    assert verify_fileset(tmp_path / "out") == []
    report = update_fileset(tmp_path / "out", tmp_path / "in")
    assert (report.written, report.repeated, report.failed) == (0, 1, [])
    assert [remark.code for remark in report.remarks] == ["damaged"]


def test_a_medium_that_is_too_large_is_told(tmp_path, slice_path, monkeypatch) -> None:
    report = create_fileset(slice_path, tmp_path / "out")
    assert report.size == sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert report.remarks == []
    with (tmp_path / "out/VIEWER.EXE").open("wb") as file:
        file.truncate(800_000_000)
    for profile, codes in (("STD-GEN-CD", ["too-large"]), ("STD-GEN-DVD-JPEG", []), ("STD-GEN-USB-JPEG", [])):
        report = update_fileset(tmp_path / "out", slice_path, profile=profile)
        assert [remark.code for remark in report.remarks] == codes
        assert report.size > 800_000_000
    report = create_fileset(slice_path, tmp_path / "out.zip")
    assert report.size == (tmp_path / "out.zip").stat().st_size


@pytest.mark.usefixtures("corpus")
def test_all_real_files(all_files, tmp_path, errors_of) -> None:
    """Every real file there is goes on one medium; what verifying still says comes from files that disagree."""
    report = create_fileset(all_files, tmp_path / "out", profile="general")
    assert report.written > 500
    assert {remark.code for remark in report.failed} <= {"uid-conflict", "unreadable", "damaged"}
    fileset = filmless.read_fileset(tmp_path / "out")
    assert len(fileset) == report.written
    assert fileset.missing == []
    found = verify_fileset(tmp_path / "out")
    codes = {remark.code for remark in found if remark.file != "DICOMDIR"}
    told = {remark.message.partition(" is ")[0] for remark in report.remarks if remark.code == "key-differs"}
    above = ("PATIENT", "STUDY", "SERIES")
    assert {
        remark.message.partition(" is ")[0]
        for remark in found
        if remark.code == "key-differs" and any(f" {kind} record" in remark.message for kind in above)
    } == told
    # Files of one study that name two patients, or two times; keys whose own values are invalid (UIDs of letters).
    assert codes <= {"key-differs", "file-other", "no-pixels"}
    lacking = sum(remark.code == "no-pixels" for remark in report.remarks)
    assert sum(remark.code == "no-pixels" for remark in found) == lacking > 0
    assert errors_of("dcmdump", tmp_path / "out/DICOMDIR") == []
    assert {record.kind for record in fileset} >= {"IMAGE", "SR DOCUMENT", "RT PLAN", "PALETTE", "HANGING PROTOCOL"}


def test_numbers_of_thousands_of_digits(tmp_path, ct, instance) -> None:
    """Python makes no integer of so many."""
    for number, digits in enumerate(("9" * 5000, "1" + "0" * 5000)):
        instance(
            ct,
            tmp_path / "in" / str(number),
            PatientID=digits,
            StudyInstanceUID=f"1.3.{number}",
            SOPInstanceUID=f"1.2.{number}",
        )
    report = create_fileset(tmp_path / "in", tmp_path / "disc")
    assert report.written == 2
    patients = filmless.read_fileset(tmp_path / "disc").patients
    assert [len(patient.dataset.PatientID) for patient in patients] == [5000, 5001]
