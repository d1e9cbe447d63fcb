"""Values of the caller: taken, and refused when wrong; what is taken is read back as it was given."""

import datetime as dt
import io
import traceback
from collections.abc import MutableSequence

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filmless
from filmless.convert import to_dicom
from filmless.convert.header import HeaderRules, value_of_text
from filmless.convert.header.given import NOT_GIVEN
from filmless.convert.header.terms import ENUMERATED
from filmless.errors import ConversionError

from .made import jpeg, picture

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
        ({"Modality": "XRAY"}, "Modality is none of its defined terms"),
        ({"PatientSex": "SECRET"}, "PatientSex is none of its defined terms, expected F, M or O"),
        ({"Laterality": "B"}, "Laterality is none of its defined terms, expected L or R"),
        ({"BurnedInAnnotation": "SECRET"}, "expected NO or YES"),
        ({"PatientID": "SECRET\x1b"}, "holds an escape"),
        ({"AcquisitionDuration": float("nan")}, "it is no finite number"),
        ({"StudyDate": "20200230"}, "no calendar has this day"),
        ({"PatientID": "1", "0010,0020": "SECRET"}, "0010,0020 is given twice"),
        ({"RequestAttributesSequence": "SECRET"}, "RequestAttributesSequence does not fit"),
        ({"RequestAttributesSequence": [1]}, "RequestAttributesSequence does not fit"),
        ({"RequestAttributesSequence": [{"PatientSex": "SECRET"}]}, "PatientSex is none.*in RequestAttributesSequence"),
        ({"RequestAttributesSequence": [{"StudyDate": "SECRET"}]}, "RequestAttributesSequence is wrong.*StudyDate"),
        ({"PatientID[0].PatientID": "SECRET"}, "PatientID has no such item"),
        ({"RequestAttributesSequence[1001].StudyID": "SECRET"}, "has no such item"),
        ({"RequestAttributesSequence[0]": "SECRET"}, "is an item, expected an element"),
        ({"ReferencedSeriesSequence.StudyID": "SECRET"}, "without its item"),
        ({"0029,1010": "SECRET"}, "`0029,1010` is not in the data dictionary"),
        ({"0010,0000": 4}, "cannot be given"),
        ({"7FE0,0010": b""}, "PixelData cannot be given"),
        ({"SharedFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient": 1}, "cannot be given"),
    ],
)
def test_wrong_header(header, message):
    with pytest.raises(ConversionError, match=message) as caught:
        HeaderRules(values=header)  # before any picture is read
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("keyword", "value"), [("SeriesNumber", "SECRET"), ("PixelSpacing", "SECRET"), ("PatientName", 5)]
)
def test_values_that_cannot_be_encoded(keyword, value):
    with pytest.raises(ConversionError, match=f"given for {keyword}") as caught:
        to_dicom(_PICTURE, **{keyword: value})
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "header", [{"StudyDate": "31.12.1999"}, {"StudyInstanceUID": "1..2"}, {"ProtocolName": "a" * 65}]
)
def test_values_that_break_their_representation(header):
    with pytest.raises(ConversionError, match="is wrong") as caught:
        to_dicom(_PICTURE, **header)
    assert "expected a" in caught.value.message


@pytest.mark.parametrize(
    ("header", "message"),
    [({"Modality": "x-ray"}, "none of its defined terms"), ({"PatientSex": "male"}, "expected F, M or O")],
)
def test_terms_come_before_letters(header, message):
    with pytest.raises(ConversionError, match=message):
        to_dicom(_PICTURE, **header)


@pytest.mark.parametrize(
    "header",
    [
        {"PatientComments": b"\xff"},
        {"PatientID": b"1"},
        {"OtherPatientNames": ["Doe", b"\xff"]},
        {"SeriesNumber": b"1"},
        {"OtherPatientIDsSequence": [{"PatientID": b"\xff"}]},
    ],
)
def test_bytes_are_no_text(header):
    with pytest.raises(ConversionError, match=r"bytes|does not fit"):
        HeaderRules(values=header)


@pytest.mark.parametrize(
    ("keyword", "text", "expected"),
    [
        ("StudyDate", "31.12.1999", "a date as YYYYMMDD"),
        ("StudyTime", "10:11", "a time as HHMMSS"),
        ("PatientAge", "34", "an age as three digits and D, W, M or Y: 034Y"),
        ("PatientSize", "1,75", "a number of at most 16 characters, as 1.75"),
        ("InstanceNumber", "x", "a whole number of at most 12 digits"),
        ("ReferencedFrameNumber", "x", "a whole number of at most 12 digits"),
        ("PixelSpacing", "0.5", "2 values, parted by a backslash"),
        ("AccessionNumber", "x" * 17, "a text of at most 16 characters in one line"),
    ],
)
def test_what_is_expected_is_said_in_words(keyword, text, expected):
    for wrong in (lambda: value_of_text(keyword, text), lambda: HeaderRules(values={keyword: text})):
        with pytest.raises(ConversionError) as caught:
            wrong()
        assert caught.value.message.endswith(f"expected {expected}")


def test_no_hint_when_nothing_is_near():
    with pytest.raises(ConversionError) as caught:
        HeaderRules(values={"Modality": "DERMA"})
    assert caught.value.hint is None


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


#: One of each value representation that can be written, and some that have terms or several values.
_KEYWORDS = [
    "PatientName", "PatientID", "PatientComments", "AccessionNumber", "PatientBirthDate", "StudyTime",
    "AcquisitionDateTime", "PatientAge", "PatientSize", "PixelSpacing", "InstanceNumber", "BodyPartExamined",
    "PatientSex", "Modality", "InstitutionAddress", "StudyInstanceUID", "RetrieveURL", "StationAETitle",
    "SoftwareVersions", "RecommendedDisplayFrameRate", "EventElapsedTimes", "DetectorElementSize",
    "AcquisitionDuration", "ReferencedFrameNumber", "LongCodeValue", "SmallestValidPixelValue",
]  # fmt: skip
_TEXTS = (
    st.text(max_size=80)
    | st.text("0123456789.-+^=\\ ABMF", max_size=20)
    | st.dates().map(lambda day: day.strftime("%Y%m%d"))
    | st.floats(width=32).map(str)
    | st.sampled_from(["M", "XC", "012Y", "101112.5", "1.2.3", "Yamada^Tarou=山田^太郎=やまだ^たろう", "CHEST", "a\\b"])
)


@given(keyword=st.sampled_from(_KEYWORDS), text=_TEXTS)
@settings(max_examples=400)
def test_what_is_taken_is_read_back(keyword, text):
    try:
        value = value_of_text(keyword, text)
        ds = HeaderRules(values={keyword: value}).data_set(picture())
    except ConversionError as error:
        message = str(error)
    else:
        _check_read_back(ds, keyword, value)
        return
    assert keyword in message
    assert len(text) < 6 or text not in message


def _check_read_back(ds, keyword, value):
    data = filmless.file.encode(ds)
    ours = filmless.read(data)
    assert ours.findings == []
    assert ours[keyword].value == ds[keyword].value
    if isinstance(value, str) and ours[keyword].VR not in ("DS", "IS"):
        assert str(ours[keyword].value).strip(" =") == value.strip(" =")
    theirs = pydicom.dcmread(io.BytesIO(data))[keyword]
    if ours[keyword].VR in ("LO", "SH", "CS", "DA", "UI", "PN", "LT"):
        assert _texts(ours[keyword].value) == _texts(theirs.value)


def _texts(value):
    parts = list(value) if isinstance(value, MutableSequence) else [value]
    return [str(part).strip(" =") for part in parts if part is not None] or [""]


@pytest.mark.parametrize("keyword", sorted(ENUMERATED.keys() - NOT_GIVEN))
def test_every_term_can_be_written(keyword):
    for term in ENUMERATED[keyword]:
        assert str(value_of_text(keyword, term)) == term
    with pytest.raises(ConversionError):
        value_of_text(keyword, "NONSUCH" if keyword != "PregnancyStatus" else "9")


def test_python_values():
    ds = to_dicom(
        _PICTURE, PatientBirthDate=dt.date(1970, 1, 2), StudyTime=dt.time(3, 4), PixelSpacing=(0.5, 0.25),
        OtherPatientIDsSequence={"PatientID": "7", "TypeOfPatientID": "TEXT"}, PatientID=None, ContentLabel=[],
    )  # fmt: skip
    assert (ds.PatientBirthDate, ds.StudyTime[:4], ds.PixelSpacing) == ("19700102", "0304", [0.5, 0.25])
    assert ds.OtherPatientIDsSequence[0].PatientID == "7"
    assert not ds.PatientID


def test_laterality_is_of_the_series_or_of_the_image():
    assert "Laterality" not in to_dicom(_PICTURE, ImageLaterality="L")
    assert to_dicom(_PICTURE, Laterality="L").Laterality == "L"


def test_other_names_of_elements():
    names = {"0010,0020": "42", "RequestAttributesSequence[0].ScheduledProcedureStepID": "S"}
    ds = to_dicom(_PICTURE, **names)
    assert (ds.PatientID, ds.RequestAttributesSequence[0].ScheduledProcedureStepID) == ("42", "S")


def test_the_lossy_past_of_a_picture():
    past = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": ["12", "3"],
        "LossyImageCompressionMethod": ["ISO_10918_1", "ISO_10918_1"],
    }
    ds = HeaderRules(values=past).data_set(picture())
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", [12, 3])
    ds = HeaderRules(values=past).data_set(jpeg())
    assert ds.LossyImageCompressionRatio[:2] == [12, 3]
    assert len(ds.LossyImageCompressionRatio) == len(ds.LossyImageCompressionMethod) == 3
    assert HeaderRules(values={"LossyImageCompression": "00"}).data_set(jpeg()).LossyImageCompression == "01"
    assert HeaderRules(values={"LossyImageCompression": "00"}).data_set(picture()).LossyImageCompression == "00"
    with pytest.raises(ConversionError, match="needs LossyImageCompressionRatio and LossyImageCompressionMethod"):
        HeaderRules(values={"LossyImageCompression": "01"}).data_set(picture())
