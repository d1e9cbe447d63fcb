"""Templates: what an object says of patient and study goes over, and all that a written template says."""

import json

import numpy as np
import pytest

from filmless.convert.header import HeaderRules
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError

from .made import picture


@pytest.fixture
def ct() -> Dataset:
    """An object, in Latin 1, with a private element and an own place in space."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    for keyword, value in {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "SOPInstanceUID": "1.2.3.9",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "PatientName": "Müller^Zoë",
        "PatientID": "42",
        "StudyDate": "20200102",
        "StudyTime": "101112",
        "SeriesNumber": "5",
        "SeriesDescription": "Thorax",
        "ProtocolName": "Thorax",
        "BodyPartExamined": "CHEST",
        "Laterality": "L",
        "Modality": "CT",
        "Manufacturer": "ACME",
        "ManufacturerModelName": "Tube",
        "StationName": "CT1",
        "DeviceSerialNumber": "8",
        "KVP": "120",
        "InstanceNumber": "77",
        "ImagePositionPatient": ["1", "2", "3"],
        "FrameOfReferenceUID": "1.2.3.5",
        "Rows": 2,
        "Columns": 2,
        "BitsAllocated": 16,
        "PixelPaddingValue": 0,
    }.items():
        ds[keyword] = value
    step = Dataset()
    step.SpecificCharacterSet = "ISO_IR 100"
    step.CodeMeaning = "Fuß"
    step.CodeValue, step.CodingSchemeDesignator = "1", "99X"
    ds.ProcedureCodeSequence = [step]
    ds.RequestAttributesSequence = [Dataset({"ScheduledProcedureStepID": "S"})]
    ds.private(0x0009, "ACME", create=True).add_new(1, "LO", "private")
    ds.PixelData = b"\0" * 8
    return ds


def _check(ds: Dataset) -> None:
    assert (str(ds.PatientName), ds.PatientID, ds.StudyInstanceUID) == ("Müller^Zoë", "42", "1.2.3")
    assert (ds.StudyDate, ds.StudyTime) == ("20200102", "101112")
    assert ds.ProcedureCodeSequence[0].CodeMeaning == "Fuß"
    # Another series, of another device.
    assert (ds.Modality, ds.SeriesNumber, ds.Laterality) == ("OT", 1, "")
    assert ds.SeriesInstanceUID != "1.2.3.4"
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert ds.SOPInstanceUID != "1.2.3.9"
    assert (ds.InstanceNumber, ds.Rows, ds.BitsAllocated) == (1, 6, 8)
    of_series = ("SeriesDescription", "ProtocolName", "BodyPartExamined", "RequestAttributesSequence")
    of_device = ("ManufacturerModelName", "StationName", "DeviceSerialNumber")
    assert not ds.get("Manufacturer")
    for keyword in (*of_series, *of_device, "KVP", "ImagePositionPatient", "FrameOfReferenceUID", "PixelPaddingValue"):
        assert keyword not in ds, keyword
    assert not any(tag >> 16 & 1 for tag in ds.keys())  # noqa: SIM118 - tags


def test_an_object(ct, tmp_path, errors_of):
    _check(HeaderRules(template=ct).data_set(picture()))
    ct.save_as(tmp_path / "ct.dcm")
    rules = HeaderRules(template=tmp_path / "ct.dcm")
    ds = rules.data_set(picture())
    _check(ds)
    assert ds.SOPClassUID.name == "Secondary Capture Image Storage"
    ds.save_as(tmp_path / "new.dcm")
    assert errors_of([tmp_path / "new.dcm"]) == {"new.dcm": []}
    (tmp_path / "ct.json").write_text(ct.to_json(), "utf-8")
    _check(HeaderRules(template=str(tmp_path / "ct.json")).data_set(picture()))
    _check(HeaderRules(template=json.loads(ct.to_json())).data_set(picture()))


def test_items_are_not_shared(ct):
    rules = HeaderRules(template=ct)
    first = rules.data_set(picture())
    first.ProcedureCodeSequence[0].CodeMeaning = "changed"
    assert rules.data_set(picture()).ProcedureCodeSequence[0].CodeMeaning == "Fuß"


def test_a_data_set_written_as_a_template_goes_over_whole():
    ds = Dataset({"PatientID": "42", "KVP": "120", "SOPInstanceUID": "1.2.3", "Rows": 5, "PatientComments": ""})
    block = ds.private(0x0009, "ACME", create=True)
    block.add_new(1, "LO", "private")
    block.add_new(2, "SQ", [Dataset({"PatientID": "7"})])
    rules = HeaderRules(template=ds)
    rules.data_set(picture()).private(0x0009, "ACME")[2].value[0].PatientID = "changed"
    made = rules.data_set(picture())
    assert made.private(0x0009, "ACME")[2].value[0].PatientID == "7"
    assert (made.PatientID, made.KVP, made.Rows) == ("42", 120, 6)
    assert made.private(0x0009, "ACME")[1].value == "private"
    assert made.SOPInstanceUID != "1.2.3"
    assert "PatientComments" not in made


def test_keywords(tmp_path):
    values = {"PatientID": "42", "PatientName": None, "SOPInstanceUID": "1.2.3", "NumberOfFrames": 3}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(values), "utf-8-sig")
    for template in (values, path):
        made = HeaderRules(template=template).data_set(picture())
        assert made.PatientID == "42"
        assert made.SOPInstanceUID != "1.2.3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "the template is no JSON"),
        (b"[1]", "the template is JSON of another kind"),
        (b"[" * 100_000, "the template is no JSON"),
        (b"[]", "the template is 0 data sets, expected one"),
        (b"[{}, {}]", "the template is 2 data sets"),
        (b'{"00100020": {"vr": "LO", "Value": [{"SECRET": 1}]}}', "no data set in the DICOM JSON model"),
        (b'{"PatientNmae": "SECRET"}', "`PatientNmae` is no keyword.*: template t.json"),
        (b'{"PatientBirthDate": "SECRET"}', "value given for PatientBirthDate is wrong.*: template t.json"),
        (b'{"PatientSex": "SECRET"}', "PatientSex is none of its defined terms"),
        (b'{"00100030": {"vr": "DA", "Value": ["SECRET"]}}', "PatientBirthDate is wrong.*: template t.json"),
        (b'{"OtherPatientIDsSequence": [{"PatientNmae": 1}]}', "OtherPatientIDsSequence does not fit"),
        (b'{"OtherPatientIDsSequence": [{"PatientBirthDate": "SECRET"}]}', "OtherPatientIDsSequence is wrong"),
        (b"nothing at all, not even an element" * 9, "."),
    ],
)
def test_templates_that_are_refused(text, message, tmp_path):
    path = tmp_path / "t.json"
    path.write_bytes(text)
    with pytest.raises(DicomError, match=message) as caught:
        HeaderRules(template=path)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("template", [3, [3], np.zeros(3)])
def test_what_is_no_template(template):
    with pytest.raises(ConversionError, match="template is a"):
        HeaderRules(template=template)


def test_series_and_device_of_a_template_that_was_written():
    values = {"PatientID": "42", "Modality": "ES", "SeriesInstanceUID": "1.2.3.4", "Manufacturer": "ACME"}
    for template in (values, json.loads(Dataset(values).to_json())):
        made = HeaderRules(template=template).data_set(picture())
        assert {keyword: made[keyword].value for keyword in values} == values


def test_series_that_is_given_besides_a_template(ct):
    made = HeaderRules(template=ct, values={"Modality": "CT", "SeriesInstanceUID": "1.2.3.4"}).data_set(picture())
    assert (made.StudyInstanceUID, made.SeriesInstanceUID, made.Modality) == ("1.2.3", "1.2.3.4", "CT")
