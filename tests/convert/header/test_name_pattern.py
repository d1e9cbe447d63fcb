"""Values in the names of files."""

import pytest

from filmless.convert.header import HeaderRules, Origin
from filmless.errors import ConversionError

from .made import picture


def made(pattern: str, path: str, folder: str = ""):
    return HeaderRules(name_pattern=pattern).data_set(picture(), Origin(path=path, folder=folder))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{PatientID}_{StudyDate}_*", "/in/42_20200102_left.jpg", ("42", "20200102")),
        ("{PatientID}_{StudyDate}_*", "/in/42_20200102_.jpg", ("42", "20200102")),
        ("*-{PatientID}-{StudyDate}", "left-42-20200102.png", ("42", "20200102")),
        ("img {PatientID} ({StudyDate})", "C:\\in\\img a.b (20200102).png", ("a.b", "20200102")),
        ("{0010,0020}.{StudyDate}", "42.20200102.png", ("42", "20200102")),
        ("{PatientID}_{StudyDate}.png", "/in/42_20200102.png", ("42", "20200102")),
        ("{PatientID}_{StudyDate}.*", "/in/42_20200102.tif", ("42", "20200102")),
        ("{PatientID}_{StudyDate}_*.png", "/in/42_20200102_left.png", ("42", "20200102")),
        ("{PatientID}_{StudyDate}.1", "/in/42_20200102.1.png", ("42", "20200102")),
    ],
)
def test_names(pattern, path, expected):
    ds = made(pattern, path)
    assert (ds.PatientID, ds.StudyDate) == expected


def test_paths():
    ds = made("{PatientID}/*/{SeriesDescription}_*", "/in/42/x/left_1.png", "42/x")
    assert (ds.PatientID, ds.SeriesDescription) == ("42", "left")
    with pytest.raises(ConversionError, match="does not fit name_pattern"):
        made("{PatientID}/*/{SeriesDescription}_*", "/in/42/left_1.png", "42")
    with pytest.raises(ConversionError, match="does not fit name_pattern"):
        made("x/{PatientID}", "/in/42/1.png", "42")


@pytest.mark.parametrize(
    ("pattern", "path", "folder", "message"),
    [
        ("{PatientID}.{StudyID}", "42.png", "", "the name of the file, without its suffix, does not fit name_pattern"),
        ("x_{PatientID}", "42.png", "", "the name of the file, without its suffix, does not fit name_pattern"),
        ("{PatientID}/x", "in/42/1.png", "42", "the path of the file, without its suffix, does not fit name_pattern"),
        ("{PatientID}.png", "42.tif", "", "the name of the file does not fit name_pattern"),
    ],
)
def test_what_is_compared_is_said(pattern, path, folder, message):
    with pytest.raises(ConversionError, match=message):
        made(pattern, path, folder)


def test_a_path_with_its_suffix():
    assert made("{PatientID}/{SeriesDescription}.png", "/in/42/left.png", "42").SeriesDescription == "left"


def test_a_name_without_a_suffix_and_none():
    assert made("{PatientID}", "/in/42").PatientID == "42"
    assert made("{PatientID}", ".hidden").PatientID == ".hidden"
    with pytest.raises(ConversionError, match="does not fit"):
        HeaderRules(name_pattern="{PatientID}").data_set(picture())


@pytest.mark.parametrize("name", ["42.png", "_20200102_x.png", "42_20200102.png", "x" * 5000 + "_20200102_.png"])
def test_names_that_do_not_fit(name):
    with pytest.raises(ConversionError, match="does not fit name_pattern") as caught:
        made("{PatientID}_{StudyDate}_*", name)
    assert caught.value.path == name


def test_a_value_that_is_wrong_is_not_repeated():
    with pytest.raises(ConversionError, match=r"StudyDate is wrong.*in the name of the file") as caught:
        made("{PatientID}_{StudyDate}_*", "42_SECRET_x.png")
    assert "SECRET" not in caught.value.message
    with pytest.raises(ConversionError, match=r"takes a whole number of 0 to 65535 .*in the name of the file"):
        made("{PatientID}_{ReferencedFrameNumber}_{BitsMappedToColorLookupTable}", "42_1_x.png")


def test_a_name_of_separators_costs_no_time():
    keywords = ["PatientID", "PatientName", "StudyID", "AccessionNumber", "StationName", "SeriesDescription", "KVP"]
    pattern = "_".join(f"{{{keyword}}}" for keyword in keywords)
    with pytest.raises(ConversionError):
        made(pattern, "_" * 4000 + "!.png")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{PatientNmae}", "`PatientNmae` is no keyword.*: name_pattern"),
        ("{PatientID}_{PatientID}", "has PatientID twice"),
        ("{PatientID}{StudyDate}", "nothing between"),
        ("*{PatientID}", "nothing between"),
        ("*", "has no {Keyword}"),
        ("{PatientID", "brace without its other"),
        ("{Rows}", "Rows cannot be given"),
        ("{RequestAttributesSequence}", "cannot give a sequence"),
        ("{}", "is no path"),
    ],
)
def test_patterns_that_are_refused(pattern, message):
    with pytest.raises(ConversionError, match=message):
        HeaderRules(name_pattern=pattern)
