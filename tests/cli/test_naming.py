"""Elements by name and path, and values as they are typed."""

from pathlib import Path

import pytest

import filmless
from filmless.cli.naming import path_named, tag_named
from filmless.cli.reporting import Misuse
from filmless.cli.values import check_value, value_typed


@pytest.mark.parametrize("name", ["PatientName", "0010,0010", "(0010,0010)", "00100010"])
def test_a_tag_by_any_name(name: str) -> None:
    assert tag_named(name) == 0x0010_0010


@pytest.mark.parametrize("name", ["PatienName", "0010,001", "", "Patient Name", "0010,0010x"])
def test_no_tag(name: str) -> None:
    with pytest.raises(Misuse):
        tag_named(name)


def test_a_path_goes_through_items() -> None:
    path = path_named("ReferencedStudySequence[1].0008,1199[2].ReferencedSOPInstanceUID")
    assert path == (((0x0008_1110, 1), (0x0008_1199, 2)), 0x0008_1155, None)
    assert path_named("ReferencedStudySequence[3]") == ((), 0x0008_1110, 3)


@pytest.mark.parametrize(
    "text", ["ReferencedStudySequence.PatientID", "PatientID[", "PatientID[-1]", "[0].PatientID", "PatientID[0]x", ""]
)
def test_no_path(text: str) -> None:
    with pytest.raises(Misuse):
        path_named(text)


@pytest.mark.parametrize(
    ("vr", "text", "value"),
    [
        ("LO", "a\\b", ["a", "b"]),
        ("LT", "a\\b", "a\\b"),
        ("US", "5", 5),
        ("US or SS", "-5\\6", [-5, 6]),
        ("FD", "0.5", 0.5),
        ("AT", "PatientID\\0008,0060", [0x0010_0020, 0x0008_0060]),
        ("DS", "0.50", "0.50"),
        ("US", "", None),
        ("SQ", "", []),
        ("OB", "", None),
    ],
)
def test_what_is_typed_becomes_a_value(vr: str, text: str, value: object) -> None:
    assert value_typed(0x0011_0010, vr, text) == value


@pytest.mark.parametrize(
    ("vr", "text"), [("US", "x"), ("US", "1.5"), ("FD", "x"), ("SQ", "x"), ("OW", "00"), ("AT", "x")]
)
def test_what_cannot_be_typed(vr: str, text: str) -> None:
    with pytest.raises(Misuse):
        value_typed(0x0011_0010, vr, text)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("StudyDate", "DA", "20201301"),
        ("StudyTime", "TM", "2561"),
        ("PatientSex", "CS", "male"),
        ("SOPInstanceUID", "UI", "1.02"),
        ("AccessionNumber", "SH", "x" * 17),
        ("Rows", "US", 70_000),
        ("Rows", "US", [1, 2]),
        ("PixelSpacing", "DS", "x"),
    ],
)
def test_values_that_break_a_rule(keyword: str, vr: str, value: object) -> None:
    with pytest.raises(Misuse) as caught:
        check_value(tag_named(keyword), vr, value)
    assert keyword in str(caught.value.message)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("StudyDate", "DA", "20201231"),
        ("PatientName", "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PixelSpacing", "DS", ["0.5", "0.50"]),
        ("PatientID", "LO", None),
        ("SmallestImagePixelValue", "US or SS", -5),
    ],
)
def test_values_that_break_none(keyword: str, vr: str, value: object) -> None:
    check_value(tag_named(keyword), vr, value)


def test_edit_in_private_unknown_and_empty(invoke, ct: Path) -> None:
    assert invoke("edit", ct, "0029,1010=x", "-o", "out.dcm").exit_code == 2
    result = invoke("edit", ct, "0029,0010:LO=ACME", "0029,1010:LO=x", "PatientID=", "-o", "out.dcm")
    assert (result.exit_code, result.stderr) == (0, "")
    edited = filmless.read("out.dcm")
    assert edited.private(0x0029, "ACME")[0x10].value == "x"
    assert edited["PatientID"].length == 0


def test_edit_goes_no_further_than_the_next_item(invoke, ct: Path) -> None:
    result = invoke("edit", ct, "OtherPatientIDsSequence[7].PatientID=x", "-o", "out.dcm")
    assert result.exit_code == 1
    assert "there is no item 7" in result.stderr
    result = invoke(
        "edit", ct, "OtherPatientIDsSequence[2].PatientID=x", "RequestAttributesSequence[0].StudyID=y", "-o", "out.dcm"
    )
    assert result.exit_code == 0, result.stderr
    edited = filmless.read("out.dcm")
    assert [item.PatientID for item in edited.OtherPatientIDsSequence][2:] == ["x"]
    assert edited.RequestAttributesSequence[0].StudyID == "y"


def test_edit_removes_items_and_what_is_not_there(invoke, ct: Path) -> None:
    gone = ["--remove", "OtherPatientIDsSequence[0]", "--remove", "PatientMotherBirthName", "--remove", "PatientID"]
    result = invoke("edit", ct, *gone, "-o", "out.dcm")
    assert (result.exit_code, result.stderr) == (0, "")
    edited = filmless.read("out.dcm")
    assert len(edited.OtherPatientIDsSequence) == 1
    assert "PatientID" not in edited


def test_edit_in_place_and_meta(invoke, ct: Path) -> None:
    Path("a.dcm").write_bytes(ct.read_bytes())
    result = invoke("edit", "a.dcm", "SOPInstanceUID=1.2.3", "SourceApplicationEntityTitle=ME", "--in-place")
    assert (result.exit_code, result.stderr) == (0, "")
    edited = filmless.read("a.dcm")
    assert edited.file_meta.MediaStorageSOPInstanceUID == edited.SOPInstanceUID == "1.2.3"
    assert edited.file_meta.SourceApplicationEntityTitle == "ME"
    for arguments in (
        ["a.dcm"],
        ["a.dcm", "-o", "b.dcm", "--in-place"],
        ["a.dcm", "TransferSyntaxUID=1", "--in-place"],
    ):
        assert invoke("edit", *arguments).exit_code == 2


def test_a_rule_can_be_broken_on_purpose(invoke, ct: Path) -> None:
    assert invoke("edit", ct, "PatientSex=male", "-o", "out.dcm").exit_code == 2
    assert invoke("edit", ct, "PatientSex=male", "--unchecked", "-o", "out.dcm").exit_code == 0
    assert filmless.read("out.dcm").PatientSex == "male"
