"""One element: what it says of itself."""

import pytest

import filmless
from filmless import DataElement, Dataset


def test_what_an_element_says(ct) -> None:
    element = ct["PatientName"]
    assert (element.tag, element.VR, element.VM) == (0x00100010, "PN", 1)
    assert (element.keyword, element.name) == ("PatientName", "Patient's Name")
    assert element.value.family_name == "CompressedSamples"
    assert ct.path.read_bytes()[element.offset : element.offset + element.length] == element.raw
    assert not element.is_private
    assert not element.is_empty


def test_decimal_and_integer_strings_keep_their_text() -> None:
    ds = filmless.Dataset()
    ds.PixelSpacing = "0.500\\1.0E+0"
    ds.SeriesNumber = "+007"
    back = filmless.read(filmless.file.encode(ds))
    for each in (ds, back):
        assert each.PixelSpacing == [0.5, 1.0]
        assert each["PixelSpacing"].text.rstrip() == "0.500\\1.0E+0"
        assert each.SeriesNumber == 7
        assert each["SeriesNumber"].text.rstrip() == "+007"
        assert all(type(value) is float for value in each.PixelSpacing)
        assert type(each.SeriesNumber) is int


def test_text_of_what_is_no_text_is_none(ct) -> None:
    assert ct["Rows"].text is None
    assert ct["PixelData"].text is None


def test_multiplicity(ct) -> None:
    assert ct["ImageType"].VM == 3
    ds = filmless.Dataset({"PatientComments": "a\\b", "ImageType": None})
    assert ds["PatientComments"].VM == 1
    assert ds["ImageType"].VM == 0


def test_bulk(ct) -> None:
    assert ct["PixelData"].is_bulk
    assert ct["PixelData"].length == 32768
    assert not ct["PatientName"].is_bulk


def test_elements_of_ones_own() -> None:
    element = DataElement(0x00280010, "US", 5)
    assert (element.value, element.keyword) == (5, "Rows")
    assert element == DataElement("Rows", "US", 5)
    assert element != DataElement("Rows", "US", 6)
    assert element != DataElement("Columns", "US", 5)
    ds = filmless.Dataset()
    ds.add(element)
    ds["Columns"] = DataElement("Columns", "US", 7)
    assert (ds.Rows, ds.Columns) == (5, 7)
    with pytest.raises(ValueError, match="no value representation"):
        DataElement(0x00280010, "XX", 5)


def test_repr(ct) -> None:
    assert repr(ct["PatientID"]) == "(0010,0020) LO Patient ID: 1CT1"
    assert repr(ct["SOPClassUID"]).endswith("CT Image Storage")


@pytest.mark.parametrize(("vr", "word"), [("FL", b"\0\0\x80?"), ("FD", b"\0\0\0\0\0\0\xf0?"), ("AT", b"\x10\0\x20\0")])
def test_bytes_may_be_given_for_any_representation(vr, word) -> None:
    ds = filmless.Dataset()
    ds.private(0x0029, "ME", create=True).add_new(1, vr, word)
    value = ds.private(0x0029, "ME")[1].value
    assert value == (0x00100020 if vr == "AT" else 1.0)


def test_empty_values_are_none_or_empty_text() -> None:
    ds = filmless.Dataset()
    for keyword in ("PatientName", "PatientID", "StudyDate", "SliceThickness", "SeriesNumber", "Rows", "PixelData"):
        setattr(ds, keyword, None)
    back = filmless.read(filmless.file.encode(ds))
    for each in (ds, back):
        assert [each.PatientName, each.PatientID, each.StudyDate] == ["", "", ""]
        assert [each.SliceThickness, each.SeriesNumber, each.Rows, each.PixelData] == [None] * 4
        assert all(element.is_empty for element in each if element.keyword != "SpecificCharacterSet")


def test_a_view_of_bytes_is_the_part_that_it_shows():
    ds = Dataset()
    whole = bytes(range(256)) * 40
    ds.add_new("PixelData", "OW", memoryview(whole)[6:8006])
    del whole
    assert ds.PixelData == (bytes(range(256)) * 40)[6:8006]
    ds.add_new("PixelData", "OB", memoryview(b"abcdef")[::2])  # no part, but bytes all the same
    assert ds.PixelData == b"ace"
    ds.add_new("PixelData", "OB", memoryview(bytearray(b"abcd"))[1:3])
    assert ds.PixelData == b"bc"
