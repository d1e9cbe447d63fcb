"""Directory records: their kinds and keys, what stands for missing ones, character sets, icons."""

import re
import warnings
from collections import Counter

import numpy as np
import pydicom
import pytest

import filmless
from filmless.file import encode, write
from filmless.file.media import create_fileset, verify_fileset
from filmless.file.media.kinds import KINDS, LEAVES, ROOT_LEAVES, kind_of_class


def test_each_kind_has_the_keys_it_needs(tmp_path, errors_of) -> None:
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
    assert [remark.code for remark in verify_fileset(tmp_path / "out")] == ["no-pixels"]
    assert {remark.code for remark in report.remarks} == {"key-invented", "no-pixels"}
    # dicom3tools does not know the newer kinds, has the image evidence as type 1 (the Standard: 1C), and the content
    # identification in STEREOMETRIC (the Standard, DCMTK and pydicom: nothing). What presentations refer to is 1C.
    kinds = "SURFACE SCAN|TRACT|PLAN|ASSESSMENT|ANNOTATION|INVENTORY"
    modules = "ReferencedImageEvidenceSequence|ContentIdentificationMacro|Type 1C Conditional.*Presentation"
    known = re.compile(f"enumerated value <({kinds})>|{modules}")
    lines = errors_of("dciodvfy", tmp_path / "out" / "DICOMDIR")
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


def test_documents_have_their_title_and_what_modifies_it(tmp_path, wheel_file, instance, records) -> None:
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


def test_missing_keys_come_from_others_or_are_made_up(tmp_path, ct, instance, records) -> None:
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


def test_patients_without_an_identifier_are_told_apart(tmp_path, ct, instance, records) -> None:
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


def test_a_study_has_one_record_though_files_disagree_on_the_patient(tmp_path, ct, instance) -> None:
    instance(ct, tmp_path / "in/1", SOPInstanceUID="1.2.1", PatientID="A")
    instance(ct, tmp_path / "in/2", SOPInstanceUID="1.2.2", PatientID="B")
    report = create_fileset(tmp_path / "in", tmp_path / "out")
    assert [remark.code for remark in report.remarks] == ["key-differs"]
    assert [record.kind for record in filmless.read_fileset(tmp_path / "out").walk()].count("STUDY") == 1
    assert [remark.code for remark in verify_fileset(tmp_path / "out")] == ["key-differs"]


def test_a_series_of_two_modalities_is_told_as_verifying_does(tmp_path, ct, instance) -> None:
    for number, modality in enumerate(["CT", "CT", "SR", "SR"]):
        instance(ct, tmp_path / f"in/{number}", SOPInstanceUID=f"1.2.{number}", Modality=modality, SeriesNumber=number)
    report = create_fileset(tmp_path / "in", tmp_path / "out")
    told = [(remark.code, remark.message.partition(" is ")[0]) for remark in report.remarks]
    assert told == [
        ("key-differs", "SeriesNumber of the SERIES record"),
        ("key-differs", "Modality of the SERIES record"),
    ]
    found = verify_fileset(tmp_path / "out")
    assert {(remark.code, remark.message.partition(" is ")[0]) for remark in found} == set(told)


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_missing_uids_are_the_same_for_what_belongs_together(tmp_path, ct, keyword, instance, records) -> None:
    for number in range(3):
        instance(ct, tmp_path / "in" / f"{number}", SOPInstanceUID=f"1.2.{number}", **{keyword: None})
    create_fileset(tmp_path / "in", tmp_path / "out")
    assert len(records(tmp_path / "out", "SERIES")) == 1
    assert verify_fileset(tmp_path / "out") == []


def test_values_are_written_as_they_have_to_be(tmp_path, ct, errors_of, records) -> None:
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
    assert [line for line in errors_of("dciodvfy", tmp_path / "out/DICOMDIR") if line.startswith("Error")] == []


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


def test_icons(tmp_path, cd, errors_of, records) -> None:
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
    assert [line for line in errors_of("dciodvfy", tmp_path / "out/DICOMDIR") if line.startswith("Error")] == []
    assert errors_of("dcmdump", tmp_path / "out/DICOMDIR") == []
    assert verify_fileset(tmp_path / "out") == []


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint16), np.zeros((200, 4), np.uint8), np.zeros(4, np.uint8)])
def test_a_wrong_icon_is_an_error(tmp_path, slice_path, picture) -> None:
    with pytest.raises(ValueError, match="an icon is an array of uint8"):
        create_fileset(slice_path, tmp_path / "out", icon=lambda _: picture)
    assert not (tmp_path / "out").exists()
