"""Values are live: what is changed in a list or an item reaches the data set and the file."""

import pytest

import filmless
from filmless.file import encode


def again(ds: filmless.Dataset) -> filmless.Dataset:
    """The data set as it is read back."""
    return filmless.read(encode(ds))


def test_lists_are_the_same_object_each_time(ct) -> None:
    assert ct.ImageType is ct.ImageType
    assert ct.ImageType is ct["ImageType"].value


def test_edits_of_a_list_reach_the_file(ct) -> None:
    ct.ImageType.append("X")
    ct.PixelSpacing[0] = 1.0
    back = again(ct)
    assert back.ImageType == [*filmless.read(ct.path).ImageType, "X"]
    assert back.PixelSpacing == [1.0, 0.661468]


def test_edits_of_a_list_are_seen_by_its_element(ct) -> None:
    ct.PixelSpacing[0] = 0.5
    element = ct["PixelSpacing"]
    assert element.text == "0.5\\0.661468"
    assert element.raw == b"0.5\\0.661468"
    assert element.offset is None
    ct.ImageType.append("X")
    assert len(ct.ImageType) == ct["ImageType"].VM
    assert "0.5" in repr(ct["PixelSpacing"])


def test_edits_of_a_list_are_copied_with_its_element(ct) -> None:
    ct.ImageType.append("X")
    other = filmless.Dataset()
    other.add(ct["ImageType"])
    assert other.ImageType[-1] == "X"
    ct.ImageType.append("Y")
    assert other.ImageType[-1] == "X"


def test_numbers_that_stay_keep_their_text() -> None:
    ds = filmless.Dataset({"ImagePositionPatient": "1.000\\2.50\\3"})
    ds = again(ds)
    ds.ImagePositionPatient[2] = 5.25
    assert again(ds)["ImagePositionPatient"].text == "1.000\\2.50\\5.25"


def test_a_list_can_be_emptied(ct) -> None:
    ct.ImageType.clear()
    assert again(ct)["ImageType"].is_empty


def test_an_untouched_list_leaves_the_bytes_alone(ct) -> None:
    assert len(ct.ImageType) > 1
    for element in ct:
        _ = element.value
    assert encode(ct) == ct.path.read_bytes()


def test_items_are_the_same_object_each_time(nested) -> None:
    assert nested.ReferencedStudySequence[0] is nested.ReferencedStudySequence[0]
    assert nested.ReferencedStudySequence is nested.ReferencedStudySequence
    assert next(iter(nested.ReferencedStudySequence)) is nested.ReferencedStudySequence[0]
    assert nested.ReferencedStudySequence[-2] is nested.ReferencedStudySequence[0]


def test_edits_three_deep_reach_the_file(nested) -> None:
    item = nested.ReferencedStudySequence[0].ReferencedSeriesSequence[0].PurposeOfReferenceCodeSequence[0]
    item.CodeValue = "D"
    item.ImageType[1] = "Z"
    back = again(nested).ReferencedStudySequence[0].ReferencedSeriesSequence[0].PurposeOfReferenceCodeSequence[0]
    assert (back.CodeValue, back.ImageType) == ("D", ["A", "Z"])


def test_an_edit_deep_inside_leaves_the_rest_alone(nested) -> None:
    before = encode(nested)
    inner = nested.ReferencedStudySequence[0].ReferencedSeriesSequence[0].PurposeOfReferenceCodeSequence[0]
    inner.CodeValue = "D"
    assert encode(nested) == before.replace(b"SH\x02\x00C ", b"SH\x02\x00D ")


def test_items_appended_later_are_live(ct) -> None:
    item = filmless.Dataset()
    ct.ProcedureCodeSequence = []
    ct.ProcedureCodeSequence.append(item)
    item.CodeValue = "late"
    assert ct.ProcedureCodeSequence[0] is item
    assert again(ct).ProcedureCodeSequence[0].CodeValue == "late"


def test_a_list_of_data_sets_may_be_assigned(ct) -> None:
    item = filmless.Dataset({"CodeValue": "1"})
    items = [item]
    ct.ProcedureCodeSequence = items
    item.CodeValue = "2"
    assert again(ct).ProcedureCodeSequence[0].CodeValue == "2"


def test_an_assigned_list_of_values_is_live(ct) -> None:
    ct.ImageType = ["A", "B"]
    ct.ImageType.append("C")
    assert again(ct).ImageType == ["A", "B", "C"]


def test_elements_are_live(ct) -> None:
    element = ct["PatientID"]
    element.value = "changed"
    assert ct.PatientID == "changed"
    ct.PatientID = "again"
    assert element.value == "again"
    del ct.PatientID
    with pytest.raises(KeyError, match="was removed"):
        _ = element.value


def test_a_wrong_value_in_a_list_is_refused_when_it_is_written(ct) -> None:
    ct.PixelSpacing[0] = "wide"
    with pytest.raises((ValueError, filmless.errors.ValueRepresentationError), match="0028,0030"):
        encode(ct)


def test_file_meta_is_live(ct) -> None:
    ct.file_meta.SourceApplicationEntityTitle = "HERE"
    assert again(ct).file_meta.SourceApplicationEntityTitle == "HERE"
    ct.file_meta = filmless.Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2"})
    assert again(ct).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert "SourceApplicationEntityTitle" not in again(ct).file_meta


def test_preamble_can_be_set(ct) -> None:
    ct.preamble = b"II*\0" + bytes(124)
    assert encode(ct)[:4] == b"II*\0"
