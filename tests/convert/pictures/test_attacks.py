"""Pictures that lie about their size, end early or are none."""

import io
import random
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile

from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError, LimitError


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(columns, rows, *, depth=8, colour_type=2, data=b""):
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour_type, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _jpeg(columns, rows, process=0xC0):
    frame = struct.pack(">BHHB", 8, rows, columns, 1) + b"\1\x11\0"
    return (
        b"\xff\xd8\xff" + bytes([process]) + struct.pack(">H", 2 + len(frame)) + frame
        + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 8 + b"\xff\xd9"
    )  # fmt: skip


def _bmp(columns, rows):
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, columns, rows, 1, 24, 0, 0, 0, 0, 0, 0)


def _gif(columns, rows):
    descriptor = b",\0\0\0\0" + struct.pack("<HHB", columns, rows, 0)
    return b"GIF89a" + struct.pack("<HHBBB", columns, rows, 0x80, 0, 0) + b"\0" * 6 + descriptor + b"\2\1\0\0;"


def _tiff(columns, rows, bits, compression):
    entries = [(256, 3, columns), (257, 3, rows), (258, 3, bits), (259, 3, compression), (262, 3, 1), (273, 4, 8)]
    entries += [(277, 3, 1), (278, 4, rows), (279, 4, 4)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + b"\0\0\0\0"


@pytest.mark.parametrize("side", [46_341, 65_535])
@pytest.mark.parametrize(
    "make", [_png, _jpeg, _bmp, _gif, lambda c, r: _tiff(c, r, 8, 1), lambda c, r: _tiff(c, r, 16, 8)]
)
def test_gigapixels_are_over_the_limit(make, side):
    with pytest.raises(LimitError, match="max_pixels") as caught:
        to_dicom(make(side, side))
    assert caught.value.limit == "max_pixels"


@pytest.mark.parametrize(
    "data",
    [
        _png(16000, 16000),
        _png(16000, 16000, depth=16),
        _png(16000, 16000, depth=16, colour_type=0),
        _jpeg(16000, 16000),
        _jpeg(16000, 16000, process=0xC2),
        _bmp(16000, 16000),
        _gif(16000, 16000),
        _tiff(16000, 16000, 8, 1),
        _tiff(16000, 16000, 16, 8),
        _tiff(16000, 16000, 16, 5),
    ],
    ids=range(10),
)
def test_a_size_within_the_limit_that_the_bytes_cannot_hold_allocates_nothing(data):
    tracemalloc.start()
    try:
        with pytest.raises(ConversionError):
            to_dicom(data)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_limit_is_a_parameter(rgb, encode):
    data = encode(rgb, "PNG")
    assert to_dicom(data, max_pixels=31 * 17).Rows == 31
    with pytest.raises(LimitError):
        to_dicom(data, max_pixels=31 * 17 - 1)


@pytest.mark.parametrize("data", [_png(70_000, 1), _png(0, 1), _jpeg(4, 0), _bmp(70_000, 1)])
def test_sizes_that_dicom_has_no_place_for(data):
    with pytest.raises(ConversionError):
        to_dicom(data)


def test_endless_scans():
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0\0\0"
    data = _jpeg(8, 8, process=0xC2)[:-2] + scan * 501 + b"\xff\xd9"
    with pytest.raises(LimitError, match="scans"):
        to_dicom(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\0", "no known format"),
        (b"hello world" * 50, "no known format"),
        (b"<svg/>", "SVG"),
        (b"\0" * 128 + b"DICM", "DICOM file already"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"BM", "BMP"),
        (b"GIF89a", "GIF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"II*\0", "TIFF"),
        (b"\1\0\0\0" + b"\0" * 36 + b" EMF", "EMF"),
    ],
)
def test_what_is_no_picture(data, message):
    with pytest.raises(ConversionError, match=message):
        to_dicom(data)


@pytest.mark.parametrize(
    ("format_name", "options", "tail"),
    [
        ("PNG", {}, 21),  # behind the last row
        ("BMP", {}, 1),
        ("GIF", {}, 3),  # block terminator and trailer
        ("TIFF", {}, 1),
        ("TIFF", {"compression": "tiff_lzw"}, 1),
        ("JPEG", {}, 1),
        ("JPEG", {"progressive": True}, 1),
    ],
)
def test_every_truncation_is_an_error(format_name, options, tail, encode, rgb):
    data = encode(rgb, format_name, **options)
    for size in range(len(data) - tail):
        with pytest.raises(ConversionError):
            to_dicom(data[:size])


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_a_cut_jpeg_that_has_an_end_marker_is_an_error(options, encode, rgb, photo):
    for picture in (rgb, photo):
        data = encode(picture, "JPEG", **options)
        to_dicom(data)
        to_dicom(data[:-2] + b"\xff\xff" + data[-2:])  # FF before a marker is filling
        for size in range(data.index(b"\xff\xda") + 12, len(data) - 5):
            with pytest.raises(ConversionError):
                to_dicom(data[:size] + b"\xff\xd9", verify=True)


def test_every_truncation_of_16_bits_is_an_error(grey16, encode):
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey16, compression="deflate")
    for data, tail in ((encode(grey16, "PNG"), 21), (stream.getvalue(), 1)):
        for size in range(len(data) - tail):
            with pytest.raises(ConversionError):
                to_dicom(data[:size])


@pytest.mark.filterwarnings("ignore")  # of the decoders: a user sees them as they are
@pytest.mark.parametrize("format_name", ["PNG", "BMP", "GIF", "TIFF", "JPEG"])
def test_damage_is_read_or_a_typed_error(format_name, encode, photo):
    data = bytearray(encode(photo, format_name))
    chance = random.Random(7)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(min(len(data), 700))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        try:
            ds = to_dicom(bytes(damaged), max_pixels=1 << 20)
        except DicomError:
            continue
        assert ds.Rows * ds.Columns <= 1 << 20


def test_nothing_is_told_of_a_failure(encode, rgb):
    notices = []
    with pytest.raises(ConversionError):
        to_dicom(encode(rgb, "JPEG", comment=b"x")[:-5], notices=notices)
    assert notices == []


def test_source_array_is_not_shared():
    array = np.zeros((4, 4), np.uint8)
    ds = to_dicom(array)
    array[:] = 9
    assert ds.PixelData == bytes(16)
