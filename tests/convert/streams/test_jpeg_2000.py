"""JPEG 2000 and HTJ2K: code streams go in as they are, what boxes explain is decoded."""

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmless import pixels
from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError, LimitError

_NATIVE = "1.2.840.10008.1.2.1"


def _j2k(samples, **options):
    options.setdefault("reversible", True)
    return bytes(imagecodecs.jpeg2k_encode(np.ascontiguousarray(samples), codecformat="j2k", **options))


def _ht(samples, step=None, **options):
    return bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(samples), step, reversible=step is None, **options))


def test_grey_of_all_depths(smooth_grey, smooth_12, wrapped):
    for values, bits in ((smooth_grey, 8), (smooth_12, 12), (smooth_12 << 4, 16), (smooth_grey >> 2, 6)):
        data = _j2k(values, bitspersample=bits)
        ds = wrapped(data, "90")
        assert (ds.BitsStored, ds.PhotometricInterpretation) == (bits, "MONOCHROME2")
        np.testing.assert_array_equal(pixels.decode(to_dicom(data)), values)
        np.testing.assert_array_equal(ds.pixel_array, values)
    assert to_dicom(_j2k(smooth_12, bitspersample=12)).WindowWidth == int(np.ptp(smooth_12)) + 1


def test_signed(smooth_12, wrapped):
    values = smooth_12.astype(np.int16) - 1500
    data = _j2k(values, bitspersample=16)
    ds = wrapped(data, "90")
    assert (ds.PixelRepresentation, ds.BitsStored) == (1, 16)
    np.testing.assert_array_equal(ds.pixel_array, values)
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), values)


def test_colour(smooth, wrapped):
    data = _j2k(smooth)
    assert wrapped(data, "90").PhotometricInterpretation == "YBR_RCT"
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), smooth)
    data = _j2k(smooth, mct=False)
    assert wrapped(data, "90").PhotometricInterpretation == "RGB"
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), smooth)
    ds = wrapped(_j2k(smooth, level=40, reversible=False), "91")
    assert (ds.PhotometricInterpretation, ds.LossyImageCompressionMethod) == ("YBR_ICT", "ISO_15444_1")


def test_high_throughput(smooth, smooth_12, wrapped):
    data = _ht(smooth, rgb=True)
    assert wrapped(data, "201").PhotometricInterpretation == "YBR_RCT"
    np.testing.assert_array_equal(pixels.decode(to_dicom(data)), smooth)
    narrow = _ht(smooth_12, tlm=True)
    wrapped(narrow, "202")
    np.testing.assert_array_equal(pixels.decode(to_dicom(narrow)), smooth_12)
    wrapped(_ht(smooth_12, tlm=True, resolutions=1), "202")
    large = np.tile(smooth_12, (3, 3))
    wrapped(_ht(large, tlm=True, resolutions=1), "201")  # its lowest resolution is no thumbnail
    wrapped(_ht(large, tlm=True, resolutions=3), "202")
    ds = wrapped(_ht(smooth, 0.01, rgb=True), "203")
    assert (ds.PhotometricInterpretation, ds.LossyImageCompressionMethod) == ("YBR_ICT", "ISO_15444_15")


def test_a_component_or_a_tile_that_is_not_reversible_is_lossy(smooth_12):
    data = _j2k(smooth_12, bitspersample=12)
    at = data.index(b"\xff\x52")
    levels = data[at + 9]
    coc = b"\xff\x53" + struct.pack(">HBB5B", 9, 0, 0, levels, *data[at + 10 : at + 13], 0)
    quantisation = data.index(b"\xff\x5c")
    with_component = data[:quantisation] + coc + data[quantisation:]
    assert _syntax_of(with_component) == "91"
    with_component = data[:quantisation] + coc[:-1] + b"\1" + data[quantisation:]
    assert _syntax_of(with_component) == "90"
    start, length = data.index(b"\xff\x90"), 0
    (length,) = struct.unpack_from(">I", data, start + 6)
    tile = data[: start + 6] + struct.pack(">I", length + len(coc)) + data[start + 10 : start + 12] + coc
    assert _syntax_of(tile + data[start + 12 :]) == "91"


def _syntax_of(data):
    from filmless.convert.pictures.jpeg_2000 import _syntax
    from filmless.pixels.codecs.jpeg_2000_stream import parse_header, walk_tile_parts

    stream = parse_header(data, 0)
    return _syntax(stream, walk_tile_parts(data, stream, 0))[0].rpartition(".")[2]


def test_boxes_are_left_out(smooth, boxed, wrapped):
    stream = _j2k(smooth)
    resolution = (b"res ", struct.pack(">I4s4H2b", 18, b"resc", 200, 1, 100, 1, 2, 2))
    ds = wrapped(boxed(stream, resolution), "90", stream=stream)
    assert [int(part) for part in ds.PixelAspectRatio] == [1, 2]
    made = bytes(imagecodecs.jpeg2k_encode(smooth, codecformat="jp2", reversible=True))
    wrapped(made, "90", stream=made[made.index(b"\xff\x4f\xff\x51") :])
    notices = []
    second = boxed(stream)
    wrapped(second + second[second.index(b"jp2c") - 4 :], "90", stream=stream, notices=notices)
    assert [notice.code for notice in notices] == ["further-pictures", "embedded-comment"]
    ht = _ht(smooth, rgb=True)
    wrapped(boxed(ht), "201", stream=ht)


def test_comments_are_told_and_stripped(smooth, boxed):
    data = _j2k(smooth)
    assert b"OpenJPEG" in data
    secret = data.replace(b"Created by", b"SECRET  by")
    notices = []
    assert b"SECRET" in to_dicom(secret, notices=notices).PixelData
    assert [notice.code for notice in notices] == ["embedded-comment"]
    notices.clear()
    ds = to_dicom(boxed(secret, (b"uuid", b"SECRET")), strip_metadata=True, notices=notices)
    assert notices == []
    assert b"SECRET" not in ds.PixelData
    np.testing.assert_array_equal(pixels.decode(ds), smooth)


def test_alpha_is_laid_over_the_background(smooth, smooth_grey, boxed, through_file, as_image):
    four = np.dstack([smooth, smooth_grey])
    definitions = (b"cdef", struct.pack(">H12H", 4, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 1, 0))
    ds = through_file(boxed(_j2k(four, mct=False), definitions), background=(10, 20, 30))
    assert ds.file_meta.TransferSyntaxUID == _NATIVE
    expected = as_image(four).convert("RGBA")
    behind = as_image(np.full_like(smooth, (10, 20, 30))).convert("RGBA")
    behind.alpha_composite(expected)
    assert np.abs(ds.pixel_array.astype(int) - np.asarray(behind.convert("RGB"))).max() <= 1
    multiplied = np.dstack([np.minimum(smooth, smooth_grey[..., None]), smooth_grey])
    definitions = (b"cdef", struct.pack(">H12H", 4, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 2, 0))
    ds = through_file(boxed(_j2k(multiplied, mct=False), definitions), background=0)
    np.testing.assert_array_equal(ds.pixel_array, multiplied[..., :3])


def test_channels_that_are_neither_colour_nor_alpha(smooth, smooth_grey, boxed, through_file):
    four = np.dstack([smooth, smooth_grey])
    definitions = (b"cdef", struct.pack(">H12H", 4, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 0xFFFF, 0xFFFF))
    notices = []
    ds = through_file(boxed(_j2k(four, mct=False), definitions), background=0, notices=notices)
    assert [notice.code for notice in notices] == ["decoded", "extra-samples"]
    np.testing.assert_array_equal(ds.pixel_array, smooth)


def test_cmyk_is_no_alpha(smooth, as_image, as_bytes, through_file):
    image = as_image(smooth).convert("CMYK")
    ds = through_file(as_bytes(image, "JPEG2000"))
    np.testing.assert_array_equal(ds.pixel_array, np.asarray(image.convert("RGB")))


def test_opaque_alpha_is_left_out(smooth_grey, smooth_12, through_file):
    for values, bits in ((smooth_grey, 8), (smooth_12, 12)):
        notices = []
        two = np.dstack([values, np.full_like(values, (1 << bits) - 1)])
        ds = through_file(_j2k(two, mct=False, bitspersample=bits), notices=notices)
        assert ([notice.code for notice in notices], ds.BitsStored) == (["decoded"], bits)
        np.testing.assert_array_equal(ds.pixel_array, values)


def test_a_profile_that_grey_cannot_have_is_told(smooth_grey, boxed):
    notices = []
    data = boxed(_j2k(smooth_grey)).replace(b"\0\0\0\x0fcolr\1\0\0\0\0\0\x10", b"\0\0\0\x0fcolr\2\0\0ICC!")
    ds = to_dicom(data, notices=notices)
    assert "icc-dropped" in [notice.code for notice in notices]
    assert "ICCProfile" not in ds


def test_palette(smooth_grey, boxed, through_file, rng):
    colours = rng.integers(0, 256, (256, 3), dtype=np.uint8)
    palette = (b"pclr", struct.pack(">HB3B", 256, 3, 7, 7, 7) + colours.tobytes())
    mapping = (b"cmap", struct.pack(">HBBHBBHBB", 0, 1, 0, 0, 1, 1, 0, 1, 2))
    ds = through_file(boxed(_j2k(smooth_grey), palette, mapping))
    assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == (_NATIVE, "RGB")
    np.testing.assert_array_equal(ds.pixel_array, colours[smooth_grey])
    deep = rng.integers(0, 4096, (256, 3), dtype=np.uint16)
    palette = (b"pclr", struct.pack(">HB3B", 256, 3, 11, 11, 11) + deep.astype(">u2").tobytes())
    ds = through_file(boxed(_j2k(smooth_grey), palette, mapping))
    assert ds.BitsStored == 12
    np.testing.assert_array_equal(ds.pixel_array, deep[smooth_grey])
    with pytest.raises(ConversionError, match="palette"):
        to_dicom(boxed(_j2k(smooth_grey), (palette[0], palette[1][:-1]), mapping))


def test_other_orders_and_colours(smooth, boxed, through_file, as_image):
    swapped = (b"cdef", struct.pack(">H9H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1))
    ds = through_file(boxed(_j2k(smooth[..., ::-1], mct=False), swapped))
    np.testing.assert_array_equal(ds.pixel_array, smooth)
    ycc = np.asarray(as_image(smooth).convert("YCbCr"))
    ds = through_file(boxed(_j2k(ycc, mct=False), colour=18))
    assert ds.PhotometricInterpretation == "RGB"
    assert np.abs(ds.pixel_array.astype(int) - np.asarray(as_image(ycc, "YCbCr").convert("RGB"))).max() <= 1
    with pytest.raises(ConversionError, match="colour space 14"):
        to_dicom(boxed(_j2k(smooth), colour=14))


def test_every_truncation_is_an_error(smooth, smooth_grey, boxed):
    for data in (_j2k(smooth_grey), _ht(smooth, rgb=True), boxed(_j2k(smooth)), _ht(smooth_grey, tile=(32, 32))):
        for size in range(12, len(data)):
            with pytest.raises(ConversionError):
                to_dicom(data[:size])


def test_verify_decodes(smooth_grey):
    data = bytearray(_j2k(smooth_grey))
    at = data.index(b"\xff\x5c") + 4
    data[at] = 0xFF  # guard bits and a quantisation that is none
    to_dicom(bytes(data))
    with pytest.raises(ConversionError, match="does not decode"):
        to_dicom(bytes(data), verify=True)


def test_claimed_sizes(smooth_grey):
    data = bytearray(_j2k(smooth_grey))
    at = data.index(b"\xff\x51") + 6
    for width, height in ((60_000, 60_000), (1 << 31, 5), (65_535, 4_000)):
        struct.pack_into(">II", data, at, width, height)
        with pytest.raises((ConversionError, LimitError)):
            to_dicom(bytes(data))


@given(data=st.data())
@settings(max_examples=100)
def test_damage_is_read_or_a_typed_error(data, smooth, smooth_grey, boxed):
    palette = (b"pclr", struct.pack(">HB3B", 2, 3, 7, 7, 7) + bytes(6))
    streams = [_j2k(smooth), _ht(smooth, rgb=True), boxed(_j2k(smooth_grey), palette, (b"cdef", bytes(8)))]
    damaged = bytearray(data.draw(st.sampled_from(streams)))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(2, min(len(damaged), 400) - 1))] = data.draw(st.integers(0, 255))
    try:
        ds = to_dicom(bytes(damaged), max_pixels=1 << 18, verify=data.draw(st.booleans()))
    except DicomError:
        return
    assert ds.Rows * ds.Columns <= 1 << 18
