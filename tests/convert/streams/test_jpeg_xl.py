"""JPEG XL: which transfer syntax a stream is of, and what is decoded."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from filmless import pixels
from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError
from filmless.pixels.codecs.jpeg_xl_stream import code_stream_of, read_header

_NATIVE = "1.2.840.10008.1.2.1"


def _jxl(samples, **options):
    options.setdefault("usecontainer", False)
    return bytes(imagecodecs.jpegxl_encode(np.ascontiguousarray(samples), **options))


def test_lossless(smooth, smooth_grey, smooth_12, wrapped):
    for values, bits in ((smooth, 8), (smooth_grey, 8), (smooth_12, 12), (smooth_12 << 4, 16)):
        data = _jxl(values, lossless=True, bitspersample=bits)
        ds = wrapped(data, "110")
        assert (ds.BitsStored, ds.PhotometricInterpretation) == (bits, "RGB" if values.ndim == 3 else "MONOCHROME2")
        assert "LossyImageCompression" not in ds
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), values)


def test_lossy(smooth, smooth_grey, wrapped):
    for values, term in ((smooth, "XYB"), (smooth_grey, "MONOCHROME2")):
        data = _jxl(values, distance=1.0)
        ds = wrapped(data, "112")
        assert (ds.PhotometricInterpretation, ds.LossyImageCompressionMethod) == (term, "ISO_18181_1")
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), imagecodecs.jpegxl_decode(data))


def test_the_code_stream_is_taken_out_of_its_boxes(smooth, wrapped):
    data = _jxl(smooth, lossless=True, usecontainer=True)
    assert data.startswith(b"\0\0\0\x0cJXL ")
    stream = code_stream_of(data)[0]
    assert data.count(stream) == 1
    wrapped(data, "110", stream=stream)
    half = len(stream) // 2  # the same in two boxes
    boxes = b"".join(
        (len(part) + 12).to_bytes(4, "big") + b"jxlp" + number.to_bytes(4, "big") + part
        for number, part in ((0, stream[:half]), (1 << 31 | 1, stream[half:]))
    )
    wrapped(data[: data.index(b"ftyp") + 16] + boxes, "110", stream=stream)


def test_boxes_that_name_the_level_stay_and_metadata_goes(smooth_12, wrapped):
    data = _jxl(smooth_12 << 4, lossless=True)
    assert b"jxll" in data
    secret = b"\0\0\0\x0eExif" + b"SECRET"
    at = data.index(b"jxlc") - 4
    wrapped(data[:at] + secret + data[at:], "110", stream=data)


def test_recompressed_jpeg(smooth, smooth_grey, jpeg, wrapped):
    for values, term in ((smooth, "YBR_FULL_422"), (smooth_grey, "MONOCHROME2")):
        original = jpeg(values)
        data = bytes(imagecodecs.jpegxl_encode_jpeg(original, usecontainer=True))
        ds = wrapped(data, "111")
        assert (ds.PhotometricInterpretation, ds.LossyImageCompression) == (term, "01")
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), pixels.decode(to_dicom(original)))


def test_recompressed_jpeg_that_nothing_restores_is_lossy(smooth, jpeg, wrapped):
    data = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg(smooth), usecontainer=False))
    if not data.startswith(b"\xff\x0a"):
        data = code_stream_of(data)[0]
    header = read_header(data)
    assert (header.has_xyb, header.is_modular) == (False, False)
    ds = wrapped(data, "112")
    assert (ds.LossyImageCompression, ds.PhotometricInterpretation) == ("01", "RGB")


def test_recompressed_jpeg_without_metadata_is_a_jpeg(smooth, as_bytes):
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    original = as_bytes(Image.fromarray(smooth), "JPEG", exif=exif)
    data = bytes(imagecodecs.jpegxl_encode_jpeg(original, usecontainer=True))
    notices = []
    assert to_dicom(data, notices=notices).file_meta.TransferSyntaxUID.endswith(".111")
    assert [notice.code for notice in notices] == ["embedded-exif"]
    ds = to_dicom(data, strip_metadata=True)
    assert ds.file_meta.TransferSyntaxUID.endswith(".50")
    assert b"SECRET" not in ds.PixelData
    np.testing.assert_array_equal(pixels.decode(ds), pixels.decode(to_dicom(original)))


def test_opaque_alpha_is_left_out(smooth, smooth_grey, smooth_12, through_file):
    """All bits are kept, and nothing is said of parts that are transparent."""
    for values, bits in (
        (np.dstack([smooth, np.full_like(smooth_grey, 255)]), 8),
        (np.dstack([smooth_grey, smooth_grey * 0 + 255]), 8),
        (np.dstack([smooth_12, smooth_12 // 2, smooth_12 // 3, np.full_like(smooth_12, 4095)]), 12),
    ):
        notices = []
        ds = through_file(_jxl(values, lossless=True, bitspersample=bits), notices=notices)
        assert (ds.file_meta.TransferSyntaxUID, ds.BitsStored) == (_NATIVE, bits)
        assert [notice.code for notice in notices] == ["decoded"]
        np.testing.assert_array_equal(ds.pixel_array, values[..., :3] if values.shape[2] == 4 else values[..., 0])


def test_alpha(smooth_12):
    """Of 12 bits, whose channel is described in full, so that one of its bits says what is multiplied."""
    values = np.dstack([smooth_12 // 2, smooth_12 // 3, smooth_12 // 4, smooth_12])
    data = _jxl(values, lossless=True, bitspersample=12)
    header, bits = read_header(data), np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    multiplied = next(
        changed
        for at in range(16, 200)
        if read_header(changed := np.packbits(bits ^ (np.arange(bits.size) == at), bitorder="little").tobytes())
        == header._replace(is_premultiplied=True)
    )
    wide = values.astype(np.float64) / 4095
    colours, alpha = wide[..., :3], wide[..., 3:]
    for source, shown in ((data, colours * alpha), (multiplied, colours)):
        notices = []
        ds = to_dicom(source, background=0, notices=notices)
        assert ([notice.code for notice in notices], ds.BitsStored) == (["decoded", "alpha"], 16)
        assert np.abs(ds.pixel_array - shown * 65535).max() <= 1


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned(orientation, smooth, as_bytes, jpeg, through_file):
    """A recompressed JPEG keeps its orientation in both places."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    original = as_bytes(Image.fromarray(smooth), "JPEG", exif=exif)
    ds = through_file(bytes(imagecodecs.jpegxl_encode_jpeg(original, usecontainer=True)))
    assert ds.file_meta.TransferSyntaxUID == _NATIVE
    np.testing.assert_array_equal(ds.pixel_array, through_file(original).pixel_array)


def test_what_is_not_converted(smooth):
    frames = np.stack([smooth, smooth[::-1]])
    animation = bytes(imagecodecs.jpegxl_encode(frames, lossless=True, usecontainer=False))
    assert read_header(animation).is_animation
    with pytest.raises(ConversionError, match="animation"):
        to_dicom(animation)
    with pytest.raises(ConversionError, match="floating point"):
        to_dicom(_jxl(smooth.astype(np.float32) / 255))


def test_every_truncation_is_an_error(smooth, smooth_12, jpeg):
    recompressed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg(smooth), usecontainer=True))
    for data in (_jxl(smooth_12, lossless=True), _jxl(smooth, distance=1.0, usecontainer=True), recompressed):
        for size in (*range(2, 40), *range(40, len(data) - 1, 41), len(data) - 1):
            with pytest.raises(ConversionError):
                to_dicom(data[:size])


@given(data=st.data())
@settings(max_examples=60)
def test_damage_is_read_or_a_typed_error(data, smooth, smooth_12):
    streams = [_jxl(smooth, lossless=True, usecontainer=True), _jxl(smooth_12, lossless=True)]
    damaged = bytearray(data.draw(st.sampled_from(streams)))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(2, min(len(damaged), 200) - 1))] = data.draw(st.integers(0, 255))
    try:
        ds = to_dicom(bytes(damaged), max_pixels=1 << 18)
    except DicomError:
        return
    assert ds.Rows * ds.Columns <= 1 << 18
