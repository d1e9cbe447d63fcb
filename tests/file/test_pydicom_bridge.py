"""Data sets of pydicom and ours are the same, both ways."""

import io
import logging
import sys
import warnings
from pathlib import Path

import pydicom
import pytest

import filmless
from filmless.bridge import from_pydicom, to_pydicom
from filmless.errors import DicomError, UnsupportedError

SMALL = 3_000_000


@pytest.fixture(autouse=True)
def _quiet():
    """pydicom warns about odd files, which is not what is tested here."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def both(path: Path) -> tuple[filmless.Dataset, pydicom.Dataset] | None:
    try:
        ours, theirs = filmless.read(path), pydicom.dcmread(path)
        return (ours, theirs) if len(theirs) else None  # pydicom gives up a file that ends inside its pixel data
    except Exception:  # noqa: BLE001  a file that either cannot read is for other tests
        return None


def test_files_as_pydicom_reads_them(all_files) -> None:
    compared, wrong = 0, []
    for path in all_files:
        if path.stat().st_size > SMALL or (pair := both(path)) is None:
            continue
        ours, theirs = pair
        converted = to_pydicom(ours)
        try:
            expected = theirs == theirs and (theirs.file_meta, theirs.preamble)  # noqa: PLR0124  decodes all of it
        except Exception:  # noqa: BLE001  values that pydicom itself cannot decode
            continue
        compared += 1
        if converted != theirs or (converted.file_meta, converted.preamble) != expected:
            # Group lengths of private groups are UN to pydicom, and UL to us (PS3.5 7.2).
            tags = [element.tag for element in theirs if converted.get(element.tag) != element]
            if not tags or any(tag.element != 0 for tag in tags):
                wrong.append((path, tags))
    assert compared > 150
    assert wrong == []


def test_there_and_back(all_files) -> None:
    compared = 0
    for path in all_files:
        if path.stat().st_size > SMALL or (pair := both(path)) is None:
            continue
        ours, theirs = pair
        for back in (from_pydicom(to_pydicom(ours)), from_pydicom(theirs)):
            assert back == ours, path
            assert back.file_meta == ours.file_meta, path
        compared += 1
    assert compared > 150


def test_what_pydicom_writes_of_it_is_what_we_read(pydicom_files) -> None:
    compared = 0
    for path in pydicom_files:
        pair = both(path)
        if pair is None or "DICOMDIR" in path.name:
            continue
        stream = io.BytesIO()
        try:
            to_pydicom(pair[0]).save_as(stream, enforce_file_format=False)
            again = filmless.read(stream.getvalue(), force=True)
        except (ValueError, KeyError, NotImplementedError, DicomError):
            continue  # what pydicom does not write
        compared += 1
        assert {e.tag for e in pair[0] if e.tag.element} == {e.tag for e in again if e.tag.element}, path
        for element in pair[0]:
            if element.VR != "SQ" and element.tag.element:
                assert again[element.tag].value == element.value, (path, element.tag)
    assert compared > 150


def slice_path() -> str:
    return pydicom.data.get_testdata_file("CT_small.dcm", download=False)


def test_encoding_and_character_set_are_the_original_ones() -> None:
    path = pydicom.data.get_charset_files("chrH31.dcm")[0]
    ours, theirs = to_pydicom(filmless.read(path)), pydicom.dcmread(path)
    assert ours.original_encoding == theirs.original_encoding
    assert ours.original_character_set == theirs.original_character_set
    assert str(ours.PatientName) == str(theirs.PatientName) == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_edits_cross() -> None:
    ds = filmless.read(slice_path())
    ds.PatientName = "Müller^Jörg"
    ds.PixelSpacing[0] = 0.5
    ds.Rows = 64
    item = filmless.Dataset()
    item.CodeMeaning = "Größe"
    ds.ProcedureCodeSequence = [item]
    theirs = to_pydicom(ds)
    assert str(theirs.PatientName) == "Müller^Jörg"
    assert theirs.SpecificCharacterSet == "ISO_IR 192" or "ISO_IR 100" in theirs.SpecificCharacterSet
    assert [float(value) for value in theirs.PixelSpacing] == [0.5, ds.PixelSpacing[1]]
    assert theirs.Rows == 64
    assert theirs.ProcedureCodeSequence[0].CodeMeaning == "Größe"
    stream = io.BytesIO()
    theirs.save_as(stream)
    again = filmless.read(stream.getvalue())
    assert again.PatientName == "Müller^Jörg"
    assert again.ProcedureCodeSequence[0].CodeMeaning == "Größe"


def test_text_outside_the_character_set_makes_it_unicode() -> None:
    ds = filmless.read(slice_path())
    assert ds.SpecificCharacterSet == "ISO_IR 100"
    ds.PatientName = "山田^太郎"
    theirs = to_pydicom(ds)
    assert theirs.SpecificCharacterSet == "ISO_IR 192"
    stream = io.BytesIO()
    theirs.save_as(stream)
    assert filmless.read(stream.getvalue()).PatientName == "山田^太郎"


def test_big_endian_numbers_both_ways() -> None:
    path = pydicom.data.get_testdata_file("MR_small_bigendian.dcm", download=False)
    ds = filmless.read(path)
    ds.Rows = 3  # set in little endian, in a big-endian data set
    theirs = to_pydicom(ds)
    assert theirs.Rows == 3
    assert theirs.Columns == ds.Columns == 64
    stream = io.BytesIO()
    theirs.save_as(stream)
    again = filmless.read(stream.getvalue())
    assert (again.Rows, again["PixelData"].raw) == (3, ds["PixelData"].raw)
    back = from_pydicom(pydicom.dcmread(path))
    little = filmless.read(pydicom.data.get_testdata_file("MR_small.dcm", download=False))
    assert back["PixelData"].raw == little["PixelData"].raw
    assert filmless.read(filmless.file.encode(back)) == filmless.read(path)


def test_encapsulated_pixel_data_both_ways() -> None:
    path = pydicom.data.get_testdata_file("JPEG2000.dcm", download=False)
    theirs = to_pydicom(filmless.read(path))
    assert theirs["PixelData"].is_undefined_length
    assert theirs.PixelData == pydicom.dcmread(path).PixelData
    back = filmless.read(filmless.file.encode(from_pydicom(theirs)))
    assert back["PixelData"].is_encapsulated
    assert back["PixelData"].raw == theirs.PixelData


def test_nested_private_and_undefined_lengths() -> None:
    path = pydicom.data.get_testdata_file("UN_sequence.dcm", download=False)
    theirs, ours = pydicom.dcmread(path), filmless.read(path)
    converted = to_pydicom(ours)
    sequences = [element.tag for element in theirs if element.VR == "SQ"]
    assert sequences
    for tag in sequences:
        assert converted[tag].value == theirs[tag].value
    ds = filmless.Dataset()
    block = ds.private(0x0029, "SOMEBODY", create=True)
    block.add_new(0x10, "FD", [1.5, -2.0])
    theirs = to_pydicom(ds)
    assert theirs.private_block(0x0029, "SOMEBODY")[0x10].value == [1.5, -2.0]
    assert from_pydicom(theirs) == ds


def test_values_made_in_pydicom() -> None:
    theirs = pydicom.Dataset()
    theirs.PatientName = "Doe^Jane"
    theirs.PixelSpacing = ["0.500", "0.25"]
    theirs.SeriesNumber = "007"
    theirs.ImageType = ["ORIGINAL", "PRIMARY"]
    theirs.FrameIncrementPointer = [0x00181063, 0x00181065]
    theirs.StudyInstanceUID = "1.2.3"
    theirs.PixelData = b"\0\1"
    theirs["PixelData"].VR = "OB"
    theirs.ReferencedStudySequence = [pydicom.Dataset()]
    theirs.ReferencedStudySequence[0].ReferencedSOPInstanceUID = "1.2.3.4"
    theirs.AccessionNumber = None
    ds = from_pydicom(theirs)
    assert ds.PatientName.family_name == "Doe"
    assert ds.PixelSpacing == [0.5, 0.25]
    assert (ds["PixelSpacing"].text, ds["SeriesNumber"].text) == ("0.500\\0.25", "007")
    assert ds.ImageType == ["ORIGINAL", "PRIMARY"]
    assert ds.FrameIncrementPointer == [0x00181063, 0x00181065]
    assert ds.ReferencedStudySequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert ds["AccessionNumber"].is_empty
    assert ds.PixelData == b"\0\1"


def test_pixels_larger_than_what_stays_in_memory_are_fetched(tmp_path) -> None:
    source = Path(slice_path())
    copy = tmp_path / "slice.dcm"
    copy.write_bytes(source.read_bytes())
    ds = filmless.read(copy)
    assert ds["PixelData"].is_bulk
    theirs = to_pydicom(ds)
    copy.unlink()
    assert theirs.PixelData == pydicom.dcmread(source).PixelData


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="takes a data set of pydicom"):
        from_pydicom({"PatientID": "1"})


def test_without_pydicom_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for call in (lambda: to_pydicom(filmless.Dataset()), lambda: from_pydicom(object())):
        with pytest.raises(UnsupportedError, match="without it") as caught:
            call()
        assert caught.value.hint == "pip install filmless[pydicom]"
