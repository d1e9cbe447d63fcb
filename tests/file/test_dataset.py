"""A data set as those who know pydicom's expect it."""

import numpy as np
import pytest

import filmless
from filmless.dataset import Tag


def test_attributes_are_keywords(ct) -> None:
    assert ct.PatientName == "CompressedSamples^CT1"
    assert ct.Rows == 128
    assert ct.PixelSpacing == [0.661468, 0.661468]
    assert ct.SOPClassUID.name == "CT Image Storage"
    with pytest.raises(AttributeError, match=r"\(0010,1010\) PatientAge|PatientComments"):
        _ = ct.PatientComments


def test_elements_by_keyword_number_and_pair(ct) -> None:
    assert ct["PatientID"] == ct[0x00100020] == ct[0x0010, 0x0020] == ct[Tag(0x00100020)]
    assert ct["PatientID"].value == "1CT1"
    for key in ("PatientComments", 0x00104000, (0x0010, 0x4000)):
        with pytest.raises(KeyError, match="0010,4000"):
            _ = ct[key]
    with pytest.raises((KeyError, TypeError)):
        _ = ct["NoSuchKeyword"]


def test_in(ct) -> None:
    assert "PatientID" in ct
    assert 0x00100020 in ct
    assert (0x0010, 0x0020) in ct
    assert "PatientComments" not in ct
    assert "no keyword" not in ct
    assert None not in ct


def test_get_of_a_keyword_is_a_value_and_of_a_tag_an_element(ct) -> None:
    assert ct.get("PatientID") == "1CT1"
    assert ct.get(0x00100020).value == "1CT1"
    assert ct.get("PatientComments") is None
    assert ct.get("PatientComments", "none") == "none"
    assert ct.get(0x00104000, 5) == 5


def test_delete(ct) -> None:
    del ct.PatientID
    del ct["PatientName"]
    del ct[0x0010, 0x0040]
    assert "PatientID" not in ct
    with pytest.raises(AttributeError):
        del ct.PatientID
    with pytest.raises(KeyError):
        del ct["PatientID"]
    back = filmless.read(filmless.file.encode(ct))
    assert [tag for tag in (0x00100010, 0x00100020, 0x00100040) if tag in back] == []


def test_iteration_ascends(ct) -> None:
    tags = [element.tag for element in ct]
    assert tags == sorted(tags)
    assert tags == list(ct.keys())
    assert len(ct) == len(tags)
    assert [element.tag for element in ct.values()] == tags
    assert all(element.tag == tag for tag, element in ct.items())
    ds = filmless.Dataset()
    ds.Rows = 1
    ds.PatientID = "1"
    assert [element.keyword for element in ds] == ["PatientID", "Rows"]


def test_an_unknown_keyword_is_refused_with_a_hint() -> None:
    ds = filmless.Dataset()
    with pytest.raises(AttributeError, match="no keyword of the data dictionary\nhint: did you mean `PatientName`"):
        ds.PatientNmae = "Doe"
    assert len(ds) == 0


def test_other_attributes_are_those_of_any_object() -> None:
    ds = filmless.Dataset()
    with pytest.raises(AttributeError):
        ds.something = 1

    class Mine(filmless.Dataset):
        pass

    mine = Mine()
    mine.something = 1
    assert mine.something == 1
    del mine.something
    assert not hasattr(mine, "something")


def test_dir_completes_keywords_that_are_there(ct) -> None:
    names = dir(ct)
    assert {"PatientID", "Rows", "walk", "save_as"} <= set(names)
    assert "PatientComments" not in names


def test_pop_and_setdefault(ct) -> None:
    assert ct.pop("PatientID") == "1CT1"
    assert "PatientID" not in ct
    assert ct.pop("PatientID", None) is None
    with pytest.raises(KeyError):
        ct.pop("PatientID")
    assert ct.setdefault("PatientID", "new") == "new"
    assert ct.setdefault("PatientID", "other") == "new"


def test_update_clear_and_truth() -> None:
    ds = filmless.Dataset({"PatientID": "1", 0x00280010: 5, (0x0028, 0x0011): 6})
    assert (ds.PatientID, ds.Rows, ds.Columns) == ("1", 5, 6)
    other = filmless.Dataset()
    assert not other
    other.update(ds)
    other.update({"PatientID": "2"})
    assert (other.PatientID, ds.PatientID, bool(other)) == ("2", "1", True)
    other.clear()
    assert len(other) == 0


def test_equality_is_of_values() -> None:
    left, right = filmless.Dataset({"PatientID": "1"}), filmless.Dataset({"PatientID": "1"})
    assert left == right
    right.PatientID = "2"
    assert left != right
    assert left != {"PatientID": "1"}
    with pytest.raises(TypeError, match="unhashable"):
        hash(left)


def test_equality_sees_into_items(nested) -> None:
    other = nested.copy()
    assert nested == other
    other.ReferencedStudySequence[0].ReferencedSeriesSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue = "D"
    assert nested != other


@pytest.mark.parametrize(
    ("keyword", "given", "value"),
    [
        ("Rows", np.uint16(5), 5),
        ("PixelSpacing", np.array([0.5, 0.25]), [0.5, 0.25]),
        ("ImagePositionPatient", (1, 2, 3), [1.0, 2.0, 3.0]),
        ("SeriesNumber", "12", 12),
        ("SliceThickness", "1.50", 1.5),
        ("ImageType", ("A", "B"), ["A", "B"]),
        ("ImageType", "A\\B", ["A", "B"]),
        ("PatientComments", "a\\b", "a\\b"),
        ("FrameIncrementPointer", 0x00181063, 0x00181063),
        ("PatientID", None, ""),
    ],
)
def test_values_that_may_be_set(keyword, given, value) -> None:
    ds = filmless.Dataset()
    setattr(ds, keyword, given)
    back = filmless.read(filmless.file.encode(ds))
    for each in (ds, back):
        assert getattr(each, keyword) == value or (each[keyword].is_empty and value == "")


def test_dates_and_times_are_text_and_may_be_set_as_such() -> None:
    import datetime as dt

    ds = filmless.Dataset()
    ds.StudyDate = dt.date(2024, 2, 29)
    ds.StudyTime = dt.time(13, 5, 1, 250000)
    assert (ds.StudyDate, ds.StudyTime) == ("20240229", "130501.250000")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("Rows", -1), ("Rows", 70000), ("Rows", "5"), ("Rows", 1.5), ("SeriesNumber", 2**31), ("SliceThickness", "thick"),
     ("SliceThickness", float("nan")), ("PixelData", 5), ("ReferencedStudySequence", "x"), ("PatientID", 5)],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_at_once(keyword, value) -> None:
    ds = filmless.Dataset()
    with pytest.raises((ValueError, TypeError)):
        setattr(ds, keyword, value)
    assert keyword not in ds


def test_walk_goes_through_items(nested) -> None:
    keywords = [element.keyword for element in nested.walk()]
    items = ["ReferencedStudySequence", "ReferencedSeriesSequence", "PurposeOfReferenceCodeSequence"]
    items += ["ImageType", "CodeValue"]
    assert keywords in (["SpecificCharacterSet", "PatientID", *items], [*items, "PatientID"])


def test_walk_calls_back_and_bears_changes(nested) -> None:
    seen = []

    def callback(dataset, element) -> None:
        seen.append(element.keyword)
        assert element.tag in dataset
        if element.keyword == "CodeValue":
            element.value = "changed"
        if element.keyword == "PatientID":
            del dataset[element.tag]

    assert list(nested.walk(callback)) == []
    assert "CodeValue" in seen
    assert "PatientID" not in nested
    inner = nested.ReferencedStudySequence[0].ReferencedSeriesSequence[0].PurposeOfReferenceCodeSequence[0]
    assert inner.CodeValue == "changed"


def test_repr_is_for_people(ct, nested) -> None:
    text = repr(ct)
    assert "(0010,0020) LO Patient ID: 1CT1" in text
    assert "(7FE0,0010) OW Pixel Data: <32,768 bytes>" in text
    assert max(map(len, text.splitlines())) < 200
    assert "   item 1" in repr(nested)
    assert repr(filmless.Dataset()) == "Dataset()"


def test_html_escapes_what_a_file_says(ct) -> None:
    ct.PatientName = "<script>alert(1)</script>"
    html = ct._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_overlay_groups_are_found_by_tag() -> None:
    ds = filmless.Dataset()
    ds.add_new(0x60020010, "US", 5)
    assert ds[0x60020010].name == "Overlay Rows"
    assert ds[0x60020010].value == 5


def test_ambiguous_representations_follow_pixel_representation() -> None:
    for representation, vr, value in ((0, "US", 65535), (1, "SS", -1)):
        ds = filmless.Dataset({"PixelRepresentation": representation})
        ds.SmallestImagePixelValue = value
        back = filmless.read(filmless.file.encode(ds))
        assert (back["SmallestImagePixelValue"].VR, back.SmallestImagePixelValue) == (vr, value)
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
        back = filmless.read(filmless.file.encode(ds))
        assert (back["SmallestImagePixelValue"].VR, back.SmallestImagePixelValue) == (vr, value)
