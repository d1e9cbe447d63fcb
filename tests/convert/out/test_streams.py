"""Streams as they are stored, compared with pydicom's fragments and with what went in."""

import contextlib
import io
import itertools
import sys
from types import ModuleType

import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image

import filmless
from filmless.convert import from_dicom, to_dicom
from filmless.convert.out.parts import outputs
from filmless.errors import ConversionError, DicomError, PixelError
from filmless.pixels import transcode

_NO_STREAMS = {"1.2.840.10008.1.2.5"}  # RLE


def test_streams_are_the_fragments_that_pydicom_gives(pydicom_files):
    formats = set()
    for path in pydicom_files:
        try:
            theirs = pydicom.dcmread(path)
            syntax = theirs.file_meta.TransferSyntaxUID
            expected = list(
                pydicom.encaps.generate_frames(theirs.PixelData, number_of_frames=int(theirs.get("NumberOfFrames", 1)))
            )
            ds = filmless.read(path)
            frames = len(filmless.pixels.frames(ds))
        except Exception:  # noqa: BLE001 - without pixels, native, or broken in ways of its own
            continue
        if syntax in _NO_STREAMS or frames != len(expected):
            continue
        for part, frame in zip(outputs(ds, "streams", frames="all"), expected, strict=True):
            found = part.encode()
            assert frame in (found, found + b"\0"), path.name
            assert found == frame or frame.endswith(b"\xff\xd9\0"), path.name  # padding, and nothing else
            formats.add(part.suffix)
    assert formats >= {".jpg", ".j2k", ".jls"}


def _jpeg(photo: Image.Image) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, "JPEG")
    return stream.getvalue()


def test_a_jpeg_comes_out_as_it_went_in(photo, tmp_path):
    odd, even = _jpeg(photo), _jpeg(photo)
    odd = odd[:2] + b"\xff\xfe\x00\x03x" + odd[2:] if len(odd) % 2 == 0 else odd
    even = even[:2] + b"\xff\xfe\x00\x03x" + even[2:] if len(even) % 2 else even
    for data in (odd, even):
        to_dicom(data).save_as(tmp_path / "in.dcm")
        (part,) = outputs(filmless.read(tmp_path / "in.dcm"), "streams")
        assert part.suffix == ".jpg"
        assert part.encode() == data


@pytest.mark.parametrize(
    ("syntax", "suffix", "decoder"),
    [
        ("1.2.840.10008.1.2.4.50", ".jpg", imagecodecs.jpeg8_decode),
        ("1.2.840.10008.1.2.4.70", ".jpg", imagecodecs.jpeg8_decode),
        ("1.2.840.10008.1.2.4.80", ".jls", imagecodecs.jpegls_decode),
        ("1.2.840.10008.1.2.4.90", ".j2k", imagecodecs.jpeg2k_decode),
        ("1.2.840.10008.1.2.4.201", ".j2k", imagecodecs.jpeg2k_decode),
        ("1.2.840.10008.1.2.4.110", ".jxl", imagecodecs.jpegxl_decode),
    ],
)
def test_every_frame_is_a_file_that_others_read(syntax, suffix, decoder, moving_grey, tmp_path):
    transcode(moving_grey(), syntax).save_as(tmp_path / "in.dcm")
    ds = filmless.read(tmp_path / "in.dcm")
    parts = outputs(ds, "streams", frames="all")
    assert [(part.suffix, part.number) for part in parts] == [(suffix, f".{n:03}") for n in range(5)]
    for frame, part in enumerate(parts):
        np.testing.assert_array_equal(decoder(part.encode()).reshape(31, 17), filmless.pixels.decode(ds, frame=frame))


def test_a_jp2_is_called_one(encapsulated, rgb):
    data = bytes(imagecodecs.jpeg2k_encode(rgb, 0, codecformat="JP2"))
    data += b"" if len(data) % 2 else b"\0\0\0\x09xml x"  # odd, so that it is padded
    ds = encapsulated("1.2.840.10008.1.2.4.90", [data], Rows=31, Columns=17)
    (part,) = outputs(ds, "streams")
    assert part.suffix == ".jp2"
    assert part.encode() == data


@pytest.mark.parametrize(
    ("syntax", "codec", "form", "suffix"),
    [
        ("100", "mpeg2video", "mpeg2video", ".mpg"),
        ("100", "mpeg2video", "mpegts", ".ts"),
        ("102", "libx264", "mp4", ".mp4"),
        ("102", "libx264", "h264", ".h264"),
        ("107", "libx265", "hevc", ".h265"),
    ],
)
@pytest.mark.parametrize("frames", ["all", None])
def test_a_video_is_one_file(syntax, codec, form, suffix, frames, encapsulated, film):
    data = film(codec, form)
    if suffix == ".mp4" and len(data) % 2 == 0:
        data += b"\0\0\0\x09free\0"  # a box of 9 bytes
    ds = encapsulated(f"1.2.840.10008.1.2.4.{syntax}", [data], NumberOfFrames=6)
    (part,) = outputs(ds, "streams", frames=frames)
    assert (part.suffix, part.frame, part.number) == (suffix, None, "")
    found = part.encode()
    assert found == data or (suffix not in (".mp4", ".ts") and found == data + b"\0")


def test_pixels_without_streams(moving_grey, tmp_path):
    for syntax, what in (("1.2.840.10008.1.2.1", "not compressed"), ("1.2.840.10008.1.2.5", "RLE")):
        ds = moving_grey() if what == "not compressed" else transcode(moving_grey(), syntax)
        with pytest.raises(ConversionError, match=what) as caught:
            from_dicom(ds, "streams", tmp_path / "out.bin", frame=0)
        assert "raw" in caught.value.hint
    ds = moving_grey()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"  # which is not so
    with pytest.raises(ConversionError, match="not compressed"):
        from_dicom(ds, "streams", frame=0)
    with pytest.raises(PixelError, match="no pixel data"):
        from_dicom(filmless.Dataset(), "streams")
    assert not list(tmp_path.iterdir())


def test_a_document_is_what_is_extracted(monkeypatch):
    """The adapter alone; what is extracted is the concern of `convert.documents`."""
    stub = ModuleType("filmless.convert.documents.extraction")
    stub.extract = lambda ds: (b"%PDF-1.7", ".pdf")  # type: ignore[attr-defined]
    stub.suffix_of = lambda ds: ".pdf"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "filmless.convert.documents", ModuleType("filmless.convert.documents"))
    monkeypatch.setitem(sys.modules, stub.__name__, stub)
    (part,) = outputs(filmless.Dataset(), "document")
    assert (part.suffix, part.encode()) == (".pdf", b"%PDF-1.7")


def test_streams_that_are_cut(photo):
    """Whatever is stored, one error of ours or bytes that were there."""
    data = _jpeg(photo)
    for cut, tail in itertools.product((0, 1, 2, 3, 4, len(data) // 2), (b"", b"\0")):
        ds = to_dicom(data)
        fragment = data[:cut] + tail
        fragment += b"" if len(fragment) % 2 == 0 else b"\0"
        item = b"\xfe\xff\x00\xe0" + len(fragment).to_bytes(4, "little") + fragment
        ds.add_new("PixelData", "OB", b"\xfe\xff\x00\xe0\0\0\0\0" + item)
        with contextlib.suppress(DicomError):
            assert from_dicom(ds, "streams") == fragment
