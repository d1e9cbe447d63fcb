"""Each SOP class with each content it takes: valid to others, complete by the Standard's tables, chosen as said."""

import json
import subprocess
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pydicom
import pytest

import filmless
from filmless import pixels
from filmless.convert.content import Content
from filmless.convert.header import HeaderRules, value_of_text
from filmless.convert.header.sop_classes import SOP_CLASSES, sop_class_named
from filmless.errors import ConversionError

from .made import DOCUMENTS, jpeg, picture, video

OP = {
    "Modality": "OP",
    "ImageLaterality": "R",
    "AcquisitionDateTime": "20200102",
    "AcquisitionDeviceTypeCodeSequence": value_of_text(
        "AcquisitionDeviceTypeCodeSequence", "409898007^SCT^Fundus Camera"
    ),
    "PixelSpacing": ["0.01", "0.01"],
}
TIMED = {"frame_times_ms": (40.0, 40.0, 40.0)}

#: Name: content, header values, the last part of the SOP class that it becomes.
CASES: dict[str, tuple[Content, dict[str, Any], str]] = {
    "grey": (picture(), {}, "7"),
    "grey16": (picture(bits=16), {}, "7"),
    "signed": (picture(bits=16, kind="i"), {}, "7"),
    "rgb": (picture(samples=3), {}, "7"),
    "rgb16": (picture(samples=3, bits=16), {}, "7"),
    "bit": (picture(bits=1), {}, "7"),
    "jpeg": (jpeg(), {}, "7"),
    "frames-bit": (picture(3, bits=1), {}, "7.1"),
    "frames-byte": (picture(3), {}, "7.2"),
    "frames-word": (picture(3, bits=16), {}, "7.3"),
    "frames-rgb": (picture(3, samples=3), {}, "7.4"),
    "frames-timed": (picture(3, **TIMED), {}, "7.2"),
    "frames-vector": (picture(3, frame_times_ms=(40.0, 20.0, 40.0)), {}, "7.2"),
    "frames-jpeg": (jpeg(3), {}, "7.4"),
    "xc": (picture(samples=3), {"Modality": "XC"}, "77.1.4"),
    "xc-grey": (picture(), {"Modality": "XC"}, "77.1.4"),
    "xc-jpeg": (jpeg(), {"Modality": "XC"}, "77.1.4"),
    "es": (jpeg(), {"Modality": "ES"}, "77.1.1"),
    "gm": (jpeg(), {"Modality": "GM"}, "77.1.2"),
    "dms": (jpeg(), {"Modality": "DMS", "ContactMethod": "CONTACT"}, "77.1.7"),
    "video": (video(), {}, "77.1.4.1"),
    "video-es": (video(), {"Modality": "ES"}, "77.1.1.1"),
    "video-gm": (video(), {"Modality": "GM"}, "77.1.2.1"),
    "video-us": (video(), {"Modality": "US"}, "3.1"),
    "frames-xc": (picture(3, samples=3, **TIMED), {"Modality": "XC"}, "77.1.4.1"),
    "op": (jpeg(), OP, "77.1.5.1"),
    "op-grey": (picture(), OP, "77.1.5.1"),
    "op-16": (picture(bits=16), OP, "77.1.5.2"),
    "op-rgb16": (picture(bits=16, samples=3), OP, "77.1.5.2"),
    "op-frames": (picture(3), OP, "77.1.5.1"),
    "op-timed": (picture(3, **TIMED), OP | {"PupilDilated": "YES"}, "77.1.5.1"),
    "us": (picture(samples=3), {"Modality": "US"}, "6.1"),
    "us-grey": (picture(), {"Modality": "US"}, "6.1"),
    "us-frames": (picture(3, **TIMED), {"Modality": "US"}, "3.1"),
    "us-jpeg": (jpeg(3, frame_times_ms=(40.0, 30.0, 40.0)), {"Modality": "US"}, "3.1"),
    "float": (picture(bits=32, kind="f"), {}, "30"),
    "double": (picture(3, bits=64, kind="f"), {"PixelSpacing": ["1", "1"], "SliceThickness": "2"}, "30"),
    "pdf": (DOCUMENTS["PDF"], {}, "104.1"),
    "cda": (DOCUMENTS["CDA"], {}, "104.2"),
    "stl": (DOCUMENTS["STL"], {}, "104.3"),
    "obj": (DOCUMENTS["OBJ"], {}, "104.4"),
    "mtl": (DOCUMENTS["MTL"], {}, "104.5"),
}
#: Debian's dciodvfy (2022) does not know these classes.
UNKNOWN_TO_DCIODVFY = {"obj", "mtl"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file of each case."""
    folder = tmp_path_factory.mktemp("rows")
    for name, (content, header, _) in CASES.items():
        rules = HeaderRules(values={"PatientName": "Doe^Zoë", "PatientID": "42", **header})
        rules.data_set(content).save_as(folder / f"{name}.dcm")
    # The others take one frame by name only.
    for number in ("7.2", "7.3", "7.4"):
        content = picture(samples=3 if number == "7.4" else 1, bits=16 if number == "7.3" else 8)
        ds = HeaderRules(sop_class=f"1.2.840.10008.5.1.4.1.1.{number}").data_set(content)
        ds.save_as(folder / f"one-of-{number}.dcm")
    return folder


def test_every_row_has_a_case():
    made = {number for _, _, number in CASES.values()}
    assert {row.uid.removeprefix("1.2.840.10008.5.1.4.1.1.") for row in SOP_CLASSES} == made


def test_dciodvfy_finds_no_error(written, errors_of):
    found = errors_of(path for path in sorted(written.iterdir()) if path.stem not in UNKNOWN_TO_DCIODVFY)
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) == len(CASES) + 3 - len(UNKNOWN_TO_DCIODVFY)


def test_dcmdump_and_pydicom_read(written, peer):
    done = subprocess.run(
        [peer("dcmdump"), "-q", *sorted(written.iterdir())], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    for name, (content, _, number) in CASES.items():
        ds = pydicom.dcmread(written / f"{name}.dcm")
        assert ds.SOPClassUID.removeprefix("1.2.840.10008.5.1.4.1.1.") == number, name
        assert ds.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID
        theirs = getattr(content, "pixels", None)
        if theirs is not None:
            assert np.array_equal(ds.pixel_array.reshape(theirs.shape), theirs), name
            ours = pixels.decode(filmless.read(written / f"{name}.dcm"))
            assert np.array_equal(ours.reshape(theirs.shape), theirs), name


@cache
def _table(name: str) -> Any:
    return json.loads(files("highdicom").joinpath(f"_standard/{name}.json").read_text("utf-8"))


@cache
def _required(uid: str) -> set[tuple[str, str]]:
    """Type 1 and 2 attributes of the mandatory modules, by the tables in highdicom's wheel."""
    iod = _table("sop_class_iod_map")[uid]
    modules = [row["key"] for row in _table("iod_module_map")[iod] if row["usage"] == "M"]
    return {
        (attribute["keyword"], attribute["type"])
        for module in modules
        for attribute in _table("module_attribute_map")[module]
        if not attribute["path"] and attribute["type"] in ("1", "2")
    }


@pytest.mark.parametrize("name", CASES)
def test_type_1_and_2_attributes_are_there(name, written):
    ds = pydicom.dcmread(written / f"{name}.dcm")
    required = _required(ds.SOPClassUID)
    assert len(required) > 15
    missing = {keyword for keyword, _ in required if keyword not in ds}
    empty = {keyword for keyword, kind in required if kind == "1" and keyword in ds and ds[keyword].is_empty}
    assert (missing, empty) == (set(), set())


def test_32_bits(tmp_path, peer):
    """dciodvfy 2022 ends on its own assertion on any native 32-bit pixel data, also on pydicom's rtdose.dcm."""
    content = picture(bits=32)
    HeaderRules().data_set(content).save_as(tmp_path / "a.dcm")
    subprocess.run([peer("dcmdump"), "-q", tmp_path / "a.dcm"], check=True, capture_output=True)
    assert np.array_equal(pydicom.dcmread(tmp_path / "a.dcm").pixel_array, content.pixels[0])
    with pytest.raises(ConversionError, match="64 bits"):
        HeaderRules().data_set(picture(bits=64))


def test_highdicom_reads_a_parametric_map(written):
    import highdicom

    image = highdicom.imread(written / "double.dcm")
    assert np.array_equal(image.get_frames(), CASES["double"][0].pixels)
    assert image.get_volume_geometry() is None


def test_highdicom_finds_the_place_of_a_parametric_map(tmp_path):
    import highdicom

    values = {
        "PixelSpacing": ["1", "1"],
        "SliceThickness": "2",
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "ImagePositionPatient": ["0", "0", "0"],
    }
    HeaderRules(values=values).data_set(picture(3, bits=64, kind="f")).save_as(tmp_path / "a.dcm")
    volume = highdicom.imread(tmp_path / "a.dcm").get_volume()
    assert volume.spacing == (2.0, 1.0, 1.0)
    assert volume.array.shape == (3, 6, 8)


def test_geometry_of_a_parametric_map():
    notices: list[Any] = []
    values = {
        "PixelSpacing": ["0.5", "0.5"],
        "SliceThickness": "3",
        "ImageOrientationPatient": ["1", "0", "0", "0", "0", "-1"],
        "ImagePositionPatient": ["1", "2", "3"],
        "WindowCenter": "5",
        "WindowWidth": "2",
        "MeasurementUnitsCodeSequence": value_of_text("MeasurementUnitsCodeSequence", "mm2/s^UCUM^mm2/s"),
    }
    ds = HeaderRules(values=values).data_set(picture(2, bits=32, kind="f"), notices=notices)
    assert notices == []
    shared = ds.SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.5, 0.5]
    assert shared.FrameVOILUTSequence[0].WindowCenter == 5
    assert shared.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "mm2/s"
    positions = [f.PlanePositionSequence[0].ImagePositionPatient for f in ds.PerFrameFunctionalGroupsSequence]
    assert positions == [[1, 2, 3], [1, 5, 3]]
    assert "PixelSpacing" not in ds


def test_a_parametric_map_is_nowhere_when_nothing_says_where():
    notices: list[Any] = []
    ds = HeaderRules().data_set(picture(2, bits=32, kind="f"), notices=notices)
    assert [notice.code for notice in notices] == ["geometry-assumed"]
    shared = ds.SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [1, 1]
    assert len(shared.PlaneOrientationSequence[0]) == 0
    assert [len(f.PlanePositionSequence[0]) for f in ds.PerFrameFunctionalGroupsSequence] == [0, 0]
    values = {"ImagePositionPatient": ["1", "2", "3"]}
    with pytest.raises(ConversionError, match="ImagePositionPatient is given, which needs ImageOrientationPatient"):
        HeaderRules(values=values).data_set(picture(bits=32, kind="f"))


def test_the_window_over_all_doubles_is_a_number():
    content = picture(bits=64, kind="f")
    content.pixels[0, 0, :2] = [-1.7e308, 1.7e308]
    ds = HeaderRules().data_set(content)
    assert 1e308 < float(ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0].WindowWidth) < float("inf")


def test_floats_that_are_none():
    content = picture(bits=32, kind="f")
    content.pixels[:] = np.nan
    ds = HeaderRules().data_set(content)
    assert ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0].WindowWidth > 0


@pytest.mark.parametrize(
    "name",
    [
        "1.2.840.10008.5.1.4.1.1.77.1.4",
        "VLPhotographicImageStorage",
        "VL Photographic Image Storage",
        "vl photographic image",
        "VL Photographic",
    ],
)
def test_names(name):
    ds = HeaderRules(sop_class=name).data_set(jpeg())
    assert (ds.SOPClassUID.name, ds.Modality) == ("VL Photographic Image Storage", "XC")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("VL Fotographic Image", "`VL Fotographic Image` is none", "did you mean VL Photographic Image Storage?"),
        ("1.2.840.10008.5.1.4.1.1.2", "no picture or document becomes CT Image Storage", "these do: "),
        ("x", "is none that a picture", "there are: "),
        ("Enhanced US Volume", "no picture or document becomes Enhanced US Volume Storage", "these do: "),
        ("Encapsulated pdff", "is none that a picture", "did you mean Encapsulated PDF Storage?"),
        ("1.2.840.10008.1.2", "is none that a picture", ""),
    ],
)
def test_names_that_are_none(name, message, hint):
    with pytest.raises(ConversionError, match=message) as caught:
        HeaderRules(sop_class=name)
    assert str(caught.value.hint).startswith(hint)


@pytest.mark.parametrize(
    ("name", "content", "header", "message"),
    [
        ("VL Photographic Image", picture(3), {}, "does not hold the 3 frames of grey samples of 8 bits: it takes one"),
        ("VL Photographic Image", picture(bits=16), {}, "it takes samples of 8 bits"),
        ("VL Photographic Image", DOCUMENTS["PDF"], {}, "does not hold the PDF: it takes a picture"),
        ("Encapsulated PDF", picture(), {}, "it takes PDF"),
        ("Encapsulated PDF", DOCUMENTS["STL"], {}, "it takes PDF"),
        ("Video Photographic Image", picture(), {}, "it takes several frames"),
        ("Video Photographic Image", picture(3), {}, "it takes frames whose time is known"),
        ("Multi-frame Grayscale Byte Secondary Capture Image", picture(2, samples=3), {}, "it takes 1 sample a pixel"),
        ("Multi-frame Grayscale Word Secondary Capture Image", picture(bits=16, kind="i"), {}, "unsigned"),
        ("Multi-frame Single Bit Secondary Capture Image", picture(), {}, "samples of 1 bits"),
        ("Parametric Map", picture(bits=32), {}, "takes floats"),
        ("Ophthalmic Photography 8 Bit Image", picture(), {}, "needs ImageLaterality, AcquisitionDeviceType"),
        ("Ophthalmic Photography 8 Bit Image", picture(), {**OP, "PixelSpacing": None}, "PixelSpacing is needed"),
        (None, picture(3, bits=16, samples=3), {}, "no SOP class holds the 3 frames of colour samples of 16"),
        (None, picture(3, bits=16, kind="i"), {}, "3 frames of grey signed samples"),
        (None, picture(samples=3, bits=32, kind="f"), {}, "colour floats"),
        (None, picture(3, bits=32), {}, "of 32 bits"),
        (None, picture(3), {"BurnedInAnnotation": ""}, "BurnedInAnnotation must not be empty in a Multi-frame"),
        (None, DOCUMENTS["PDF"], {"InstanceNumber": ""}, "InstanceNumber must not be empty"),
    ],
)
def test_content_that_does_not_fit(name, content, header, message):
    rules = HeaderRules(sop_class=name, values=header)
    with pytest.raises(ConversionError, match=message):
        rules.data_set(content)


def test_a_modality_of_another_class():
    with pytest.raises(ConversionError, match=r"Modality of a VL Photographic Image Storage is XC"):
        HeaderRules(sop_class="VL Photographic Image", values={"Modality": "CT"})  # before any picture is read


def test_a_cda_without_its_identifier():
    with pytest.raises(ConversionError, match="needs HL7InstanceIdentifier"):
        HeaderRules().data_set(replace(DOCUMENTS["CDA"], facts={}))


def test_modality_asks_for_more_than_there_is():
    """Of a folder of pictures each becomes what it can, and what it did not become is told."""
    notices: list[Any] = []
    ds = HeaderRules(values={"Modality": "OP"}).data_set(picture(), notices=notices)
    assert (ds.SOPClassUID.name, ds.Modality) == ("Secondary Capture Image Storage", "OP")
    assert "8 Bit Image Storage needs ImageLaterality, " in str(notices[0])
    assert "16 Bit" not in str(notices[0])  # which is farther away
    ds = HeaderRules(values={"Modality": "US"}).data_set(picture(3), notices=notices)
    assert "7.2" in ds.SOPClassUID
    assert "frames whose time is known" in str(notices[1])
    ds = HeaderRules(values={"Modality": "XC"}).data_set(DOCUMENTS["STL"], notices=notices)
    assert ds.Modality == "M3D"
    assert HeaderRules(values={"Modality": "XC"}).data_set(DOCUMENTS["PDF"], notices=notices).Modality == "XC"
    assert {notice.code for notice in notices} == {"sop-class", "modality", "units-assumed"}


def test_black_and_white_becomes_single_bits_when_asked():
    content = picture(3, top=2)
    name = "Multi-frame Single Bit Secondary Capture Image Storage"
    ds = HeaderRules(sop_class=name).data_set(content)
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit, len(ds.PixelData)) == (1, 1, 0, 18)
    assert np.array_equal(ds.pixel_array, content.pixels)
    assert HeaderRules().data_set(content).BitsAllocated == 8


def test_documents():
    ds = HeaderRules().data_set(DOCUMENTS["PDF"])
    assert (ds.DocumentTitle, ds.EncapsulatedDocumentLength, len(ds.EncapsulatedDocument)) == ("Brief", 9, 10)
    assert (ds.MIMETypeOfEncapsulatedDocument, ds.Modality, ds.BurnedInAnnotation) == ("application/pdf", "DOC", "YES")
    ds = HeaderRules().data_set(DOCUMENTS["STL"])
    assert (ds.MeasurementUnitsCodeSequence[0].CodeValue, ds.Modality) == ("mm", "M3D")
    assert ds.FrameOfReferenceUID
    assert sop_class_named("Encapsulated STL").uid == ds.SOPClassUID


def test_each_data_set_has_items_of_its_own():
    rules = HeaderRules(values=OP)
    first, second = rules.data_set(picture()), rules.data_set(picture())
    first.AcquisitionDeviceTypeCodeSequence[0].CodeMeaning = "changed"
    first.AnatomicRegionSequence[0].CodeMeaning = "changed"
    assert second.AcquisitionDeviceTypeCodeSequence[0].CodeMeaning == "Fundus Camera"
    assert rules.data_set(picture()).AnatomicRegionSequence[0].CodeMeaning == "Eye"


@pytest.mark.parametrize("content", [picture(), picture(3, frame_times_ms=(40.0,) * 3)])
def test_intravascular_ultrasound_needs_more(content, errors_of, tmp_path):
    notices: list[Any] = []
    ds = HeaderRules(values={"Modality": "IVUS"}).data_set(content, notices=notices)
    assert "Secondary Capture" in ds.SOPClassUID.name
    assert "needs AcquisitionDateTime and IVUSAcquisition" in notices[0].message
    ds.save_as(tmp_path / "sc.dcm")
    values = {"Modality": "IVUS", "AcquisitionDateTime": "20200102", "IVUSAcquisition": "MOTOR_PULLBACK"}
    values |= {"IVUSPullbackRate": "1"}
    ds = HeaderRules(values=values).data_set(content)
    assert ds.SOPClassUID.name.startswith("Ultrasound")
    with pytest.raises(ConversionError, match="needs AcquisitionDateTime"):
        HeaderRules(values={"Modality": "IVUS"}, sop_class="Ultrasound Image").data_set(picture())
    assert errors_of([tmp_path / "sc.dcm"]) == {"sc.dcm": []}


def test_curves_have_no_side(errors_of, tmp_path):
    for modality in ("ECG", "EPS", "RESP"):
        HeaderRules(values={"Modality": modality}).data_set(picture()).save_as(tmp_path / f"{modality}.dcm")
    assert set(map(tuple, errors_of(tmp_path.iterdir()).values())) == {()}


@pytest.mark.parametrize("content", [picture(), picture(3, frame_times_ms=(40.0,) * 3)])
def test_a_date_without_its_time(content, errors_of, tmp_path):
    HeaderRules(values={"Modality": "XC", "ContentDate": "20200102"}).data_set(content).save_as(tmp_path / "a.dcm")
    assert errors_of([tmp_path / "a.dcm"]) == {"a.dcm": []}
