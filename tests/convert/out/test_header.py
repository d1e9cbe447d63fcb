"""Headers, read back by pydicom and Python's own reader of tables."""

import csv
import io
import sys

import pydicom
import pytest

import filmless
from filmless import Dataset
from filmless.convert import from_dicom
from filmless.errors import ConversionError


@pytest.fixture(scope="session")
def ct_path(pydicom_files):
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


def _table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def test_json(ct_path):
    found = pydicom.Dataset.from_json(from_dicom(ct_path, "json").decode())
    expected = pydicom.dcmread(ct_path)
    assert found.PatientName == expected.PatientName
    assert found.PixelData == expected.PixelData
    assert len(found) == len(expected)


def test_xml(ct_path):
    found = Dataset.from_xml(from_dicom(ct_path, "xml"))
    assert found == filmless.read(ct_path)


def test_csv(ct_path):
    rows = _table(from_dicom(ct_path, "csv"))
    by_path = {row["path"]: row for row in rows}
    assert list(rows[0]) == ["path", "tag", "keyword", "vr", "vm", "length", "value"]
    assert by_path["PatientName"]["value"] == "CompressedSamples^CT1"
    assert by_path["PixelSpacing"] == {
        "path": "PixelSpacing", "tag": "(0028,0030)", "keyword": "PixelSpacing", "vr": "DS", "vm": "2", "length": "18",
        "value": "0.661468\\0.661468",
    }  # fmt: skip
    assert by_path["Rows"]["value"] == "128"
    assert by_path["PixelData"]["value"] == ""
    assert by_path["PixelData"]["length"] == "32768"
    assert by_path["TransferSyntaxUID"]["value"] == "1.2.840.10008.1.2.1"
    theirs = pydicom.dcmread(ct_path)
    count = sum(1 for _ in theirs.iterall()) + len(theirs.file_meta)
    assert len(rows) == count


def test_csv_of_items_and_of_text_that_tables_use():
    ds, item, inner = Dataset(), Dataset(), Dataset()
    inner.CodeMeaning = 'a "quoted", word;\r\nand a line'
    item.PurposeOfReferenceCodeSequence = [inner, Dataset()]
    ds.PatientName = "Müller^Jürgen"
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ReferencedImageSequence = [Dataset(), item]
    ds.add_new("PixelSpacing", "DS", "0.50\\1.00")
    ds.add_new(0x00090010, "LO", "FILMLESS")
    ds.add_new(0x00091001, "LO", "private")
    rows = {row["path"]: row for row in _table(from_dicom(ds, "csv"))}
    path = "ReferencedImageSequence[1].PurposeOfReferenceCodeSequence[0].CodeMeaning"
    assert rows[path]["value"] == inner.CodeMeaning
    assert rows["PixelSpacing"]["value"] == "0.50\\1.00"  # as it is written
    assert rows["ReferencedImageSequence"]["vm"] == "2"
    assert rows["PatientName"]["value"] == "Müller^Jürgen"
    assert rows["00091001"]["value"] == "private"


def test_csv_of_items_deeper_than_the_call_stack(tmp_path):
    depth = sys.getrecursionlimit() + 200
    head = b"\x08\x00\x40\x11" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4  # a sequence and its first item
    (tmp_path / "deep.dcm").write_bytes(head * depth)
    ds = filmless.read(head * depth, max_depth=2 * depth)
    assert len(_table(from_dicom(ds, "csv"))) >= depth


def test_headers_need_no_pixels_and_know_no_frames():
    ds = Dataset()
    ds.Modality = "SR"
    assert b"SR" in from_dicom(ds, "json")
    for options in ({"frame": 0}, {"frames": [0]}):
        with pytest.raises(ConversionError, match="no frames"):
            from_dicom(ds, "csv", **options)
    assert from_dicom(ds, "csv", frames="all")
