"""The header: complete, the caller's, and refused when wrong."""

import datetime as dt
import traceback

import numpy as np
import pytest

from filmless.convert import to_dicom
from filmless.errors import ConversionError

_PICTURE = np.zeros((3, 4), np.uint8)


def test_type_1_and_2_attributes():
    ds = to_dicom(_PICTURE)
    filled = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality", "ConversionType"]
    for keyword in [*filled, "StudyDate", "StudyTime", "ContentDate", "SeriesNumber", "InstanceNumber"]:
        assert str(ds[keyword].value), keyword
    empty = ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName", "StudyID"]
    for keyword in [*empty, "AccessionNumber", "Manufacturer", "PatientOrientation", "Laterality"]:
        assert keyword in ds
        assert not ds[keyword].value
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    made = dt.datetime.strptime(ds.StudyDate + ds.StudyTime, "%Y%m%d%H%M%S").astimezone()
    assert abs(dt.datetime.now().astimezone() - made) < dt.timedelta(minutes=5)


def test_values_by_keyword(through_file):
    ds = through_file(_PICTURE, PatientName="Müller^Zoë", PatientID="42", Modality="XC", StudyInstanceUID="1.2.3")
    assert (str(ds.PatientName), ds.PatientID, ds.Modality) == ("Müller^Zoë", "42", "XC")
    assert ds.StudyInstanceUID == "1.2.3"


def test_uids_are_fresh(through_file):
    first, second = to_dicom(_PICTURE), to_dicom(_PICTURE)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert first[keyword].value != second[keyword].value
    written = through_file(_PICTURE)
    assert written.file_meta.MediaStorageSOPInstanceUID == written.SOPInstanceUID


def test_time_of_a_given_date_is_not_now():
    ds = to_dicom(_PICTURE, StudyDate="20010203")
    assert (ds.StudyDate, ds.StudyTime) == ("20010203", "")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"PatientNmae": "SECRET"}, "`PatientNmae` is no keyword"),
        ({"patient_name": "SECRET"}, "`patient_name` is no keyword"),
        ({"Rows": 3}, "Rows cannot be given"),
        ({"PixelData": b""}, "PixelData cannot be given"),
        ({"TransferSyntaxUID": "1.2"}, "TransferSyntaxUID cannot be given"),
        ({"Modality": ""}, "Modality must not be empty"),
        ({"SOPInstanceUID": None}, "SOPInstanceUID must not be empty"),
        ({"ConversionType": "SECRET"}, "ConversionType is none of"),
        ({"WindowCenter": 3}, "given together"),
    ],
)
def test_wrong_header(header, message):
    with pytest.raises(ConversionError, match=message) as caught:
        to_dicom(_PICTURE, **header)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("keyword", "value"), [("SeriesNumber", "SECRET"), ("PixelSpacing", "SECRET"), ("PatientName", 5)]
)
def test_values_that_cannot_be_encoded(keyword, value):
    with pytest.raises(ConversionError, match=f"given for {keyword}") as caught:
        to_dicom(_PICTURE, **{keyword: value})
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("header", [{"StudyDate": "SECRET"}, {"StudyInstanceUID": "1..2"}, {"Modality": "x-ray"}])
def test_values_that_break_their_representation(header):
    with pytest.raises(ConversionError, match="is wrong"):
        to_dicom(_PICTURE, **header)


def test_hint_names_the_nearest_keyword():
    with pytest.raises(ConversionError) as caught:
        to_dicom(_PICTURE, PatientNmae="Doe")
    assert caught.value.hint == "did you mean PatientName?"


def test_own_window_and_frame_time():
    ds = to_dicom(np.zeros((2, 3, 5), np.uint16), WindowCenter=5, WindowWidth=10, FrameTime=40)
    assert (ds.WindowCenter, ds.FrameIncrementPointer) == (5, 0x0018_1063)
    ds = to_dicom(np.zeros((2, 3, 5), np.uint16))
    assert (ds.PageNumberVector, ds.FrameIncrementPointer) == ([1, 2], 0x0018_2001)


def test_error_names_the_path(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(ConversionError, match=r"empty, in .*empty\.png"):
        to_dicom(path)
