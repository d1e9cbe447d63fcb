"""Reading from everywhere, and writing whole files or none."""

import io
import os
import shutil

import pytest

import filmless
from filmless.errors import DicomError, FormatError, UnsupportedError
from filmless.file import encode


def test_sources(slice_path) -> None:
    data = slice_path.read_bytes()
    with slice_path.open("rb") as stream:
        sources = [slice_path, str(slice_path), data, bytearray(data), memoryview(data), io.BytesIO(data), stream]
        read = [filmless.read(source) for source in sources]
    assert all(ds == read[0] for ds in read)
    assert all(encode(ds) == data for ds in read)
    assert [ds.path for ds in read] == [slice_path, slice_path, *[None] * 5]


def test_what_is_no_source(ct, slice_path) -> None:
    with pytest.raises(TypeError, match="was given a data set"):
        filmless.read(ct)
    with slice_path.open(encoding="latin-1") as stream, pytest.raises(TypeError, match="binary mode"):
        filmless.read(stream)
    with pytest.raises(FileNotFoundError):
        filmless.read(slice_path.parent / "gone")
    with pytest.raises((IsADirectoryError, PermissionError)):
        filmless.read(slice_path.parent)


def test_dcmread_is_read() -> None:
    assert filmless.dcmread is filmless.read


def test_stop_before_pixels(slice_path) -> None:
    ds = filmless.read(slice_path, stop_before_pixels=True)
    assert "PixelData" not in ds
    assert "Rows" in ds
    whole = filmless.read(slice_path)
    assert [element.tag for element in ds] == [element.tag for element in whole if element.tag < 0x7FE00000]


def test_specific_tags(slice_path) -> None:
    ds = filmless.read(slice_path, specific_tags=["PatientID", 0x00280010, (0x0008, 0x0060)])
    assert [element.keyword for element in ds] == ["SpecificCharacterSet", "Modality", "PatientID", "Rows"]


def test_force(tmp_path) -> None:
    text = b"this is no DICOM file at all, whatever its name may say" * 5
    with pytest.raises(FormatError, match="not a DICOM file"):
        filmless.read(text)
    bare = encode(filmless.Dataset({"PatientID": "1"}), part10=False)
    assert filmless.read(bare, force=True).PatientID == "1"
    assert "missing-preamble" in {finding.code for finding in filmless.read(bare, force=True).findings}


def test_strict(slice_path) -> None:
    damaged = slice_path.read_bytes()[:-100]
    assert {finding.code for finding in filmless.read(damaged).findings} & {"truncated"}
    with pytest.raises(FormatError):
        filmless.read(damaged, strict=True)


def test_a_file_that_changed_is_refused(slice_path) -> None:
    ds = filmless.read(slice_path)
    with slice_path.open("r+b") as stream:
        stream.truncate(10_000)
    assert ds.PatientID == "1CT1"
    with pytest.raises(FormatError, match="changed"):
        _ = ds.PixelData
    with pytest.raises(DicomError):
        ds.save_as(slice_path.parent / "out.dcm")
    assert not (slice_path.parent / "out.dcm").exists()
    assert [path.name for path in slice_path.parent.iterdir()] == ["slice.dcm"]


def test_a_file_of_the_same_size_in_its_place_is_another_one(slice_path, tmp_path) -> None:
    ds = filmless.read(slice_path)
    other = tmp_path / "other.dcm"
    other.write_bytes(bytes(slice_path.stat().st_size))
    stat = slice_path.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    if os.name == "posix":
        other.replace(slice_path)
        with pytest.raises(FormatError, match="changed"):
            _ = ds.PixelData


def test_saving_over_the_source(slice_path) -> None:
    ds = filmless.read(slice_path)
    pixels = filmless.read(slice_path.read_bytes()).PixelData
    for number in range(3):
        ds.PatientID = f"edit {number}"
        ds.save_as(slice_path)
        assert filmless.read(slice_path).PatientID == f"edit {number}"
        assert filmless.read(slice_path).PixelData == pixels
        assert ds.PixelData == pixels
    ds.PixelData = bytes(len(pixels))
    ds.save_as(slice_path)
    assert filmless.read(slice_path).PixelData == bytes(len(pixels))


def test_unchanged_files_are_written_byte_for_byte(pydicom_files, tmp_path) -> None:
    out, written = tmp_path / "out", 0
    for path in pydicom_files:
        try:
            ds = filmless.read(path)
        except DicomError:
            continue
        ds.save_as(out)
        assert out.read_bytes() == path.read_bytes(), path
        written += 1
    assert written > 180


def test_a_stream_as_target(ct) -> None:
    stream = io.BytesIO()
    filmless.write(ct, stream)
    assert stream.getvalue() == ct.path.read_bytes()


def test_nothing_is_left_of_a_write_that_fails(ct, tmp_path) -> None:
    ct.PixelSpacing[0] = "x"
    before = sorted(tmp_path.iterdir())
    with pytest.raises((ValueError, DicomError)):
        ct.save_as(tmp_path / "out.dcm")
    with pytest.raises(FileNotFoundError):
        filmless.read(ct.path).save_as(tmp_path / "no folder" / "out.dcm")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "syntax",
    ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian"],
)
@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_bigendian.dcm", "rtplan.dcm", "image_dfl.dcm", "reportsi.dcm"]
)
def test_every_uncompressed_syntax_to_any_other(name, syntax, tmp_path, wheel_file) -> None:
    ds = filmless.read(wheel_file(name))
    filmless.write(ds, tmp_path / "out.dcm", transfer_syntax=syntax, durable=True)
    back = filmless.read(tmp_path / "out.dcm")
    assert back.file_meta.TransferSyntaxUID.keyword == syntax
    kept = [element for element in ds if element.tag.element]  # group lengths are left out
    assert [element.tag for element in back] == [element.tag for element in kept]
    for element in kept:
        if element.VR not in {"SQ", "OW", "UN"}:
            assert back[element.tag].value == element.value
    again = filmless.read(encode(back, transfer_syntax="ExplicitVRLittleEndian"))
    little = filmless.read(encode(ds, transfer_syntax="ExplicitVRLittleEndian"))
    if "PixelData" in ds:
        assert again["PixelData"].raw == little["PixelData"].raw


def test_a_codec_is_not_guessed(ct) -> None:
    with pytest.raises(UnsupportedError, match="codec"):
        encode(ct, transfer_syntax="JPEG2000Lossless")
    with pytest.raises(ValueError, match="no transfer syntax of the registry"):
        encode(ct, transfer_syntax="JPEG2001")


def test_lengths(nested) -> None:
    undefined = encode(nested, lengths="undefined")
    assert undefined.count(b"\xfe\xff\xdd\xe0\0\0\0\0") == 3
    defined = encode(filmless.read(undefined), lengths="defined")
    assert b"\xfe\xff\xdd\xe0" not in defined
    assert filmless.read(undefined) == filmless.read(defined) == nested
    assert encode(filmless.read(undefined)) == undefined


def test_meta_information_is_made() -> None:
    ds = filmless.Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": "1.2.3"})
    meta = filmless.read(encode(ds)).file_meta
    assert meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert meta["FileMetaInformationVersion"].raw == b"\0\1"
    assert meta.ImplementationClassUID.is_valid


def test_repair_mends_odd_lengths() -> None:
    ds = filmless.Dataset()
    ds.PatientID = "12"
    data = encode(ds).replace(b"LO\x02\x0012", b"LO\x03\x00123")
    read = filmless.read(data)
    assert read.PatientID == "123"
    assert encode(read) == data
    mended = encode(read, repair=True)
    assert b"LO\x04\x00123 " in mended


def test_a_url_without_fsspec_names_it(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UnsupportedError, match="scheme `s3`") as caught:
        filmless.read("s3://bucket/slice.dcm")
    assert caught.value.hint == "pip install filmless[url]"


def test_a_path_that_is_not_ascii(slice_path, tmp_path) -> None:
    path = tmp_path / "größe 山田.dcm"
    shutil.copy(slice_path, path)
    filmless.read(path).save_as(path)
    assert path.read_bytes() == slice_path.read_bytes()
