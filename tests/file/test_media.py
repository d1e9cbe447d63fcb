"""File-sets made: the files, their names, the DICOMDIR, against DCMTK, pydicom and dicom3tools."""

import re
import shutil
import subprocess
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet as Peer

import filmless
from filmless.errors import FormatError, UnsupportedError
from filmless.file import encode, write
from filmless.file.media import PROFILES, create_fileset, verify_fileset
from filmless.file.media.kinds import KINDS, LEAVES, ROOT_LEAVES, kind_of_class

EXPLICIT = "1.2.840.10008.1.2.1"
LINKS = {"OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity", "RecordInUseFlag"}


@pytest.fixture(scope="session")
def cd(wheel_file) -> Path:
    """The folder of pydicom's file-sets."""
    return wheel_file("dicomdirtests/DICOMDIR").parent


@pytest.fixture(scope="session")
def disc(cd, tmp_path_factory) -> Path:
    """A file-set of all files there."""
    folder = tmp_path_factory.mktemp("media") / "disc"
    report = create_fileset(cd, folder, file_set_id="TEST DISC_1")
    assert (report.written, report.failed, report.remarks) == (81, [], [])
    assert {remark.code for remark in report.passed_over} == {"dicomdir", "not-dicom"}
    return folder


def instance(template: filmless.Dataset | Path, target: Path, syntax: str | None = None, **values) -> Path:
    """Write a file with other values, None to leave one out."""
    ds = template.copy() if isinstance(template, filmless.Dataset) else filmless.read(template)
    for keyword, value in values.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if keyword in values:
            setattr(ds.file_meta, f"MediaStorage{keyword}", values[keyword])
    target.parent.mkdir(parents=True, exist_ok=True)
    write(ds, target, transfer_syntax=syntax)
    return target


def records(folder: Path, kind: str | None = None) -> list[filmless.file.FileSet]:
    return filmless.read_fileset(folder).find(kind)


def errors_of(program: str, *arguments: object) -> list[str]:
    """Lines of errors that a peer writes."""
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False)
    text = (result.stdout + result.stderr).decode("latin-1")
    return [line for line in text.splitlines() if line.startswith(("E:", "F:", "Error", "W:"))]


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
    assert theirs.ID == "TEST DISC_1"
    sources = {
        pydicom.dcmread(path).SOPInstanceUID
        for path in cd.rglob("*")
        if path.is_file() and "DIR" not in path.name and "README" not in path.name
    }
    assert {uid for uid, _ in found} == sources


def test_validators_find_no_error(disc, peer) -> None:
    assert [line for line in errors_of(peer("dciodvfy"), disc / "DICOMDIR") if line.startswith("Error")] == []
    assert errors_of(peer("dcmdump"), disc / "DICOMDIR") == []


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


def test_order_is_natural(tmp_path, ct) -> None:
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


# -- profiles ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def compressed(tmp_path_factory, wheel_file) -> Path:
    """Images of several transfer syntaxes, no two of which are the same instance."""
    folder = tmp_path_factory.mktemp("compressed")
    names = ["JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"]
    for number, name in enumerate(
        [*names, "JPEG-lossy.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm"]
    ):
        path = wheel_file(name) if name in {path.name for path in wheel_file("CT_small.dcm").parent.iterdir()} else None
        if path is not None:
            instance(path, folder / f"IM{number}", SOPInstanceUID=f"1.2.3.{number}")
    return folder


@pytest.mark.parametrize(
    ("profile", "flag"),
    [
        ("STD-GEN-CD", "-Pgp"),
        ("STD-GEN-DVD-JPEG", "-Pdv"),
        ("STD-GEN-DVD-J2K", "-Pd2"),
        ("STD-GEN-BD-JPEG", "-Pbd"),
        ("STD-GEN-BD-J2K", "-Pb2"),
        ("STD-GEN-USB-JPEG", "-Pfl"),
        ("STD-GEN-SD-J2K", "-Pf2"),
    ],
)
def test_a_profile_allows_what_dcmmkdir_allows(compressed, tmp_path, peer, profile, flag) -> None:
    command = [peer("dcmmkdir"), "-q", "+r", "+I", flag, "-Nec", "-Nrc", "+id", compressed, "+D", tmp_path / "DICOMDIR"]
    subprocess.run(command, capture_output=True, check=True)
    theirs = {
        str(item.ReferencedFileID)
        for item in filmless.read(tmp_path / "DICOMDIR").DirectoryRecordSequence
        if "ReferencedFileID" in item
    }
    ours = {
        path.name
        for path in compressed.iterdir()
        if PROFILES[profile].allows(filmless.read(path).file_meta.TransferSyntaxUID)
    }
    assert ours == theirs


def test_what_a_profile_forbids_is_refused_before_anything_is_written(tmp_path, compressed) -> None:
    with pytest.raises(UnsupportedError, match="STD-GEN-CD does not allow the transfer syntax") as raised:
        create_fileset(compressed, tmp_path / "out")
    assert raised.value.hint
    assert raised.value.path
    assert not (tmp_path / "out").exists()


def test_forbidden_images_are_prepared_when_asked(tmp_path, compressed) -> None:
    from filmless.pixels.transcoding import transcode

    report = create_fileset(compressed, tmp_path / "out", prepare=lambda ds: transcode(ds, "ExplicitVRLittleEndian"))
    assert report.failed == []
    assert report.written == len(list(compressed.iterdir()))
    sources = {str(ds.SOPInstanceUID): ds for ds in map(filmless.read, compressed.iterdir())}
    for record in filmless.read_fileset(tmp_path / "out"):
        np.testing.assert_array_equal(record.read().pixel_array, sources[record.read().SOPInstanceUID].pixel_array)
    assert verify_fileset(tmp_path / "out", profile="STD-GEN-CD") == []


def test_an_image_that_cannot_be_prepared_does_not_stop_the_rest(tmp_path, compressed, ct) -> None:
    def refuse(ds: filmless.Dataset) -> filmless.Dataset:
        raise FormatError("broken")

    instance(ct, tmp_path / "one.dcm", SOPInstanceUID="1.2.9", PatientID="ALONE", StudyInstanceUID="1.9")
    report = create_fileset([compressed, tmp_path / "one.dcm"], tmp_path / "out", prepare=refuse)
    plain = sum(filmless.read(path).file_meta.TransferSyntaxUID == EXPLICIT for path in compressed.iterdir())
    assert report.written == plain + 1
    assert {remark.code for remark in report.failed} == {"not-written"}
    assert len(report.failed) == len(list(compressed.iterdir())) - plain
    assert verify_fileset(tmp_path / "out") == []  # nothing is listed that is not there, no empty patient either
    assert all(record.files for record in filmless.read_fileset(tmp_path / "out").walk())


@pytest.mark.parametrize("name", ["STD-GEN-XX", "", "CD"])
def test_a_wrong_profile_is_an_error(tmp_path, ct, name) -> None:
    with pytest.raises(ValueError, match="no application profile"):
        create_fileset([tmp_path / "slice.dcm"], tmp_path / "out", profile=name)


# -- records -----------------------------------------------------------------------------------------------------------


def test_each_kind_has_the_keys_it_needs(tmp_path, peer) -> None:
    """One instance of each kind that has nothing but its UIDs."""
    classes = {
        **dict.fromkeys(LEAVES, ""), "IMAGE": "1.1.2", "RT DOSE": "1.1.481.2", "RT STRUCTURE SET": "1.1.481.3",
        "RT PLAN": "1.1.481.8", "RT TREAT RECORD": "1.1.481.9", "RADIOTHERAPY": "1.1.481.13", "PLAN": "34.7",
        "PRESENTATION": "1.1.11.8", "WAVEFORM": "1.1.9.1.1", "SR DOCUMENT": "1.1.88.33", "KEY OBJECT DOC": "1.1.88.59",
        "SPECTROSCOPY": "1.1.4.2", "RAW DATA": "1.1.66", "REGISTRATION": "1.1.66.3", "FIDUCIAL": "1.1.66.2",
        "SURFACE": "1.1.66.5", "TRACT": "1.1.66.6", "VALUE MAP": "1.1.67", "SURFACE SCAN": "1.1.68.2",
        "STEREOMETRIC": "1.1.77.1.5.3", "MEASUREMENT": "1.1.78.4", "ASSESSMENT": "1.1.90.1", "ANNOTATION": "1.1.91.1",
        "ENCAP DOC": "1.1.104.1", "PALETTE": "39.1", "IMPLANT": "43.1", "IMPLANT GROUP": "45.1",
        "INVENTORY": "1.1.201.1", "PRIVATE": "1.1.9",
    }  # fmt: skip
    assert classes.keys() == KINDS.keys() - {"PATIENT", "STUDY", "SERIES", "HANGING PROTOCOL", "IMPLANT ASSY"}
    for number, end in enumerate(classes.values()):
        ds = filmless.Dataset({"SOPClassUID": f"1.2.840.10008.5.1.4.{end}", "SOPInstanceUID": f"1.2.3.{number}"})
        write(ds, tmp_path / f"{number}.dcm", transfer_syntax="ExplicitVRLittleEndian")
    report = create_fileset(tmp_path, tmp_path / "out")
    assert (report.written, report.failed) == (len(classes), [])
    fileset = filmless.read_fileset(tmp_path / "out")
    assert sorted(record.kind for record in fileset if record.file_id) == sorted(classes)
    assert {record.kind for record in fileset.records} == {"PATIENT", *ROOT_LEAVES} - {
        "HANGING PROTOCOL",
        "IMPLANT ASSY",
    }
    assert verify_fileset(tmp_path / "out") == []
    assert {remark.code for remark in report.remarks} == {"key-invented"}
    # dicom3tools does not know the newer kinds, has the image evidence as type 1 (the Standard: 1C), and the content
    # identification in STEREOMETRIC (the Standard, DCMTK and pydicom: nothing). What presentations refer to is 1C.
    kinds = "SURFACE SCAN|TRACT|PLAN|ASSESSMENT|ANNOTATION|INVENTORY"
    modules = "ReferencedImageEvidenceSequence|ContentIdentificationMacro|Type 1C Conditional.*Presentation"
    known = re.compile(f"enumerated value <({kinds})>|{modules}")
    lines = errors_of(peer("dciodvfy"), tmp_path / "out" / "DICOMDIR")
    assert [line for line in lines if line.startswith("Error") and not known.search(line)] == []


def test_what_nothing_stands_for_is_told(tmp_path) -> None:
    for number, end in enumerate(["38.1", "44.1", "1.1.7"]):
        ds = filmless.Dataset({"SOPClassUID": f"1.2.840.10008.5.1.4.{end}", "SOPInstanceUID": f"1.2.3.{number}"})
        write(ds, tmp_path / f"{number}.dcm", transfer_syntax="ExplicitVRLittleEndian")
    report = create_fileset(tmp_path, tmp_path / "out")
    assert report.written == 1
    needed = [re.search(r"the directory needs (\w+)", remark.message)[1] for remark in report.failed]
    assert needed == ["HangingProtocolDefinitionSequence", "ProcedureTypeCodeSequence"]


def test_classes_that_are_none_of_the_known() -> None:
    assert kind_of_class("1.2.840.10008.5.1.4.1.1.2", is_image=False).name == "IMAGE"
    assert kind_of_class("1.3.12.2.1107.5.9.1", is_image=False).name == "PRIVATE"
    assert kind_of_class("1.3.12.2.1107.5.9.1", is_image=True).name == "IMAGE"
    assert kind_of_class("1.2.840.10008.5.1.4.1.1.88.9999", is_image=False).name == "SR DOCUMENT"
    assert kind_of_class("1.2.840.10008.5.1.4.1.1.66.4", is_image=True).name == "IMAGE"


def test_documents_have_their_title_and_what_modifies_it(tmp_path, wheel_file) -> None:
    ds = filmless.read(wheel_file("reportsi.dcm"))
    items = list(ds.ContentSequence)
    items[0].RelationshipType = "HAS CONCEPT MOD"
    observer = [filmless.Dataset({"VerificationDateTime": each}) for each in ("20200101", "20210101", "20190101")]
    instance(
        ds, tmp_path / "sr", ContentSequence=items, VerificationFlag="VERIFIED", VerifyingObserverSequence=observer
    )
    create_fileset(tmp_path / "sr", tmp_path / "out")
    record = records(tmp_path / "out", "SR DOCUMENT")[0].dataset
    assert record.ConceptNameCodeSequence == ds.ConceptNameCodeSequence
    assert len(record.ContentSequence) == 1
    assert record.ContentSequence[0] == items[0]
    assert record.VerificationDateTime == "20210101"


def test_missing_keys_come_from_others_or_are_made_up(tmp_path, ct) -> None:
    instance(
        ct, tmp_path / "a", StudyDate=None, StudyTime="", StudyID=None, PatientID="", SeriesNumber=None,
        AcquisitionDate="20200102", ContentDate=None, AcquisitionTime=None, ContentTime=None, SeriesTime="101112.5",
    )  # fmt: skip
    report = create_fileset(tmp_path / "a", tmp_path / "out")
    [remark] = report.remarks
    assert remark.code == "key-invented"
    assert "StudyDate (AcquisitionDate)" in remark.message
    study, patient = records(tmp_path / "out", "STUDY")[0].dataset, records(tmp_path / "out", "PATIENT")[0].dataset
    assert (study.StudyDate, study.StudyTime, study.StudyID) == ("20200102", "101112.5", "1")
    assert patient.PatientID == "NOID0001"
    assert patient.PatientName == ct.PatientName
    assert (tmp_path / "out/DICOM/PT000001/ST000001/SE000001/IM000001").read_bytes() == (tmp_path / "a").read_bytes()
    assert verify_fileset(tmp_path / "out") == []


def test_patients_without_an_identifier_are_told_apart(tmp_path, ct) -> None:
    for number, name in enumerate(["A^A", "B^B", "A^A", "C^C"]):
        uids = {"SOPInstanceUID": f"1.2.{number}", "StudyInstanceUID": f"1.3.{number}"}
        identifier = "NOID0002" if name == "C^C" else None
        instance(ct, tmp_path / "in" / f"{number}", PatientID=identifier, PatientName=name, **uids)
    create_fileset(tmp_path / "in", tmp_path / "out")
    found = {record.dataset.PatientID: record.dataset.PatientName for record in records(tmp_path / "out", "PATIENT")}
    assert sorted(found.values()) == ["A^A", "B^B", "C^C"]
    assert found["NOID0002"] == "C^C"
    assert [
        len(record.children) for record in records(tmp_path / "out", "PATIENT") if record.dataset.PatientName == "A^A"
    ] == [2]
    assert verify_fileset(tmp_path / "out") == []


def test_a_study_has_one_record_though_files_disagree_on_the_patient(tmp_path, ct) -> None:
    instance(ct, tmp_path / "in/1", SOPInstanceUID="1.2.1", PatientID="A")
    instance(ct, tmp_path / "in/2", SOPInstanceUID="1.2.2", PatientID="B")
    report = create_fileset(tmp_path / "in", tmp_path / "out")
    assert [remark.code for remark in report.remarks] == ["study-of-two-patients"]
    assert [record.kind for record in filmless.read_fileset(tmp_path / "out").walk()].count("STUDY") == 1
    assert [remark.code for remark in verify_fileset(tmp_path / "out")] == ["key-differs"]


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_missing_uids_are_the_same_for_what_belongs_together(tmp_path, ct, keyword) -> None:
    for number in range(3):
        instance(ct, tmp_path / "in" / f"{number}", SOPInstanceUID=f"1.2.{number}", **{keyword: None})
    create_fileset(tmp_path / "in", tmp_path / "out")
    assert len(records(tmp_path / "out", "SERIES")) == 1
    assert verify_fileset(tmp_path / "out") == []


def test_values_are_written_as_they_have_to_be(tmp_path, ct, peer) -> None:
    data = encode(instance_of(ct, StudyDate="20040119", StudyTime="072730", Modality="CT", PatientSex="O"))
    for old, new in [(b"DA\x08\x0020040119", b"DA\x0a\x002004.01.19"), (b"TM\x06\x00072730", b"TM\x08\x0007:27:30")]:
        assert old in data
        data = data.replace(old, new, 1)
    data = data.replace(b"CS\x02\x00CT", b"CS\x02\x00ct").replace(b"CS\x02\x00O ", b"CS\x02\x00?\0")
    (tmp_path / "odd").write_bytes(data)
    create_fileset(tmp_path / "odd", tmp_path / "out")
    study, series = records(tmp_path / "out", "STUDY")[0].dataset, records(tmp_path / "out", "SERIES")[0].dataset
    assert (study.StudyDate, study.StudyTime, series.Modality) == ("20040119", "072730", "CT")
    assert "PatientSex" not in records(tmp_path / "out", "PATIENT")[0].dataset
    assert [line for line in errors_of(peer("dciodvfy"), tmp_path / "out/DICOMDIR") if line.startswith("Error")] == []


def instance_of(ds: filmless.Dataset, **values) -> filmless.Dataset:
    ds = ds.copy()
    ds.update(values)
    return ds


def test_character_sets(tmp_path, pydicom_files) -> None:
    sources = [path for path in pydicom_files if path.parent.name == "charset_files"]
    report = create_fileset(sources, tmp_path / "out", profile="general")
    assert report.written >= 14
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of them name character sets that pydicom has to guess
        theirs = pydicom.dcmread(tmp_path / "out/DICOMDIR")
        expected = {ds.get("PatientID", ""): str(ds.get("PatientName", "")) for ds in map(pydicom.dcmread, sources)}
        found = {
            item.PatientID: str(item.PatientName)
            for item in theirs.DirectoryRecordSequence
            if item.DirectoryRecordType == "PATIENT"
        }
    for identifier in found.keys() & expected.keys():
        assert found[identifier] == expected[identifier]
    assert len(found.keys() & expected.keys()) >= 12
    for record in filmless.read_fileset(tmp_path / "out").walk():
        plain = all(
            each.raw.isascii() and b"\x1b" not in each.raw for each in record.dataset if each.VR in {"PN", "LO", "SH"}
        )
        assert plain == ("SpecificCharacterSet" not in record.dataset)


# -- icons -------------------------------------------------------------------------------------------------------------


def test_icons(tmp_path, cd, peer) -> None:
    sizes = []

    def icon(ds: filmless.Dataset) -> np.ndarray | None:
        sizes.append(ds.pixel_array.shape)
        return None if ds.Modality == "CT" else np.full((64, 33), 7, np.uint8)

    folders = [cd / "98892001", cd / "98892003"]
    create_fileset(folders, tmp_path / "out", icon=icon)
    images = records(tmp_path / "out", "IMAGE")
    assert len(sizes) == len(images)
    modalities = Counter("IconImageSequence" in image.dataset for image in images)
    assert set(modalities) == {True, False} or len(modalities) == 1
    for image in images:
        if "IconImageSequence" in image.dataset:
            [item] = image.dataset.IconImageSequence
            assert (item.Rows, item.Columns, item.BitsAllocated, item.PhotometricInterpretation) == (
                64,
                33,
                8,
                "MONOCHROME2",
            )
            assert item.PixelData == b"\7" * (64 * 33)
            np.testing.assert_array_equal(item.pixel_array, np.full((64, 33), 7))
    assert any("IconImageSequence" in image.dataset for image in images)
    assert [line for line in errors_of(peer("dciodvfy"), tmp_path / "out/DICOMDIR") if line.startswith("Error")] == []
    assert errors_of(peer("dcmdump"), tmp_path / "out/DICOMDIR") == []
    assert verify_fileset(tmp_path / "out") == []


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint16), np.zeros((200, 4), np.uint8), np.zeros(4, np.uint8)])
def test_a_wrong_icon_is_an_error(tmp_path, slice_path, picture) -> None:
    with pytest.raises(ValueError, match="an icon is an array of uint8"):
        create_fileset(slice_path, tmp_path / "out", icon=lambda _: picture)
    assert not (tmp_path / "out").exists()


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


def test_repeated_instances(tmp_path, slice_path, ct) -> None:
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


def test_many_small_files_do_not_fill_the_memory(tmp_path, ct) -> None:
    import tracemalloc

    for number in range(300):
        uids = {"SOPInstanceUID": f"1.2.3.{number}", "SeriesInstanceUID": f"1.2.{number // 100}"}
        instance(ct, tmp_path / "in" / str(number), InstanceNumber=number, **uids)
    tracemalloc.start()
    create_fileset(tmp_path / "in", tmp_path / "out")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 8_000
    assert len(filmless.read_fileset(tmp_path / "out")) == 300


@pytest.mark.usefixtures("corpus")
def test_all_real_files(all_files, tmp_path, peer) -> None:
    """Every real file there is goes on one medium; what verifying still says comes from files that disagree."""
    report = create_fileset(all_files, tmp_path / "out", profile="general")
    assert report.written > 500
    assert {remark.code for remark in report.failed} <= {"uid-conflict", "unreadable"}
    fileset = filmless.read_fileset(tmp_path / "out")
    assert len(fileset) == report.written
    assert fileset.missing == []
    found = verify_fileset(tmp_path / "out")
    codes = {remark.code for remark in found if remark.file != "DICOMDIR"}
    # Files of one study that name two patients, or two times; keys whose own values are invalid (UIDs of letters).
    assert codes <= {"key-differs", "file-other"}
    assert errors_of(peer("dcmdump"), tmp_path / "out/DICOMDIR") == []
    assert {record.kind for record in fileset} >= {"IMAGE", "SR DOCUMENT", "RT PLAN", "PALETTE", "HANGING PROTOCOL"}
