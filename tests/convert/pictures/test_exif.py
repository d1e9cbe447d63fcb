"""EXIF is read out of every format that has it, and never raises."""

import io
import random
import time
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filmless.convert import to_dicom
from filmless.convert.pictures.exif import exif_of, orientation_of

_FORMATS = ["JPEG", "PNG", "WEBP", "TIFF"]


@pytest.fixture(scope="module")
def exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Maker", "Zoom 5", "Program 1.0"
    exif[0x0112], exif[0x0132] = 6, "2026:01:02 03:04:05"
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0x9011], inner[0x9291] = "2025:12:31 23:59:58", "+01:00", "123"
    inner[0x920A], inner[0xA431], inner[0xA434] = 52.5, "SN-77", "Lens 50"
    inner[0x9286] = b"ASCII\0\0\0left eye"
    inner[0xA432] = (24.0, 70.0, 2.8, 2.8)
    exif.get_ifd(0x8825)[1] = "N"
    return exif


_EXPECTED = {
    "Make": "Maker", "Model": "Zoom 5", "Software": "Program 1.0", "Orientation": 6, "DateTime": "2026:01:02 03:04:05",
    "DateTimeOriginal": "2025:12:31 23:59:58", "OffsetTimeOriginal": "+01:00", "SubSecTimeOriginal": "123",
    "FocalLength": 52.5, "BodySerialNumber": "SN-77", "LensModel": "Lens 50", "UserComment": "left eye",
    "LensSpecification": (24.0, 70.0, 2.8, 2.8), "GPSInfo": True,
}  # fmt: skip


@pytest.mark.parametrize("format_name", _FORMATS)
def test_every_format_gives_the_same(format_name, exif, photo, encode):
    found = exif_of(encode(photo, format_name, exif=exif))
    # Pillow leaves the directories below out of TIFF.
    names = ("Make", "Model", "Software", "Orientation", "DateTime") if format_name == "TIFF" else _EXPECTED
    assert found == {name: _EXPECTED[name] for name in names}
    assert orientation_of(found) == 6


def test_a_block_alone_and_in_boxes(exif):
    block = exif.tobytes()
    assert exif_of(block) == exif_of(block[6:]) == _EXPECTED
    box = (12 + len(block) - 6).to_bytes(4, "big") + b"Exif" + bytes(4) + block[6:]
    assert exif_of(b"\0\0\0\x0cJXL \r\n\x87\n" + box) == _EXPECTED
    coded = imagecodecs.brotli_encode(box[8:])
    for content, expected in ((coded, _EXPECTED), (coded[:-9], {}), (imagecodecs.brotli_encode(bytes(1 << 22)), {})):
        box = (12 + len(content)).to_bytes(4, "big") + b"brobExif" + content
        assert exif_of(b"\0\0\0\x0cJXL \r\n\x87\n" + box) == expected
    box = (24 + len(block) - 6).to_bytes(4, "big") + b"uuidJpgTiffExif->JP2" + block[6:]
    assert exif_of(b"\0\0\0\x0cjP  \r\n\x87\n" + box) == _EXPECTED


def test_many_blocks_that_inflate_to_nothing_take_no_time(photo, encode):
    content = b"Exif" + imagecodecs.brotli_encode(bytes(1 << 18))
    box = (8 + len(content)).to_bytes(4, "big") + b"brob" + content
    body = b"Raw profile type exif\0\0" + zlib.compress(bytes(1 << 18))
    chunk = len(body).to_bytes(4, "big") + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4, "big")
    png = encode(photo, "PNG")
    start = time.process_time()
    assert exif_of(b"\0\0\0\x0cJXL \r\n\x87\n" + box * 20_000) == {}
    assert exif_of(png[:33] + chunk * 20_000 + png[33:]) == {}
    assert time.process_time() - start < 1


def _with_box(data, name, content):
    return data + (8 + len(content)).to_bytes(4, "big") + name + content


@pytest.mark.parametrize("format_name", [*_FORMATS, "PNG image", "JP2", "JXL", "recompressed JXL"])
def test_its_values_reach_the_header(format_name, exif, photo, encode):
    block = exif.tobytes()[6:]
    if format_name == "PNG image":
        source = Image.open(io.BytesIO(encode(photo, "PNG", exif=exif)))
    elif format_name == "JP2":
        source = _with_box(encode(photo, "JPEG2000"), b"uuid", b"JpgTiffExif->JP2" + block)
    elif format_name == "JXL":
        coded = imagecodecs.jpegxl_encode(np.asarray(photo), lossless=True, usecontainer=True)
        source = _with_box(bytes(coded), b"Exif", bytes(4) + block)
    elif format_name == "recompressed JXL":
        source = imagecodecs.jpegxl_encode_jpeg(encode(photo, "JPEG", exif=exif))
    else:
        source = encode(photo, format_name, exif=exif)
    ds = to_dicom(source, exif=True)
    assert (ds.Manufacturer, ds.ManufacturerModelName) == ("Maker", "Zoom 5")
    if format_name != "TIFF":
        assert ds.AcquisitionDateTime == "20251231235958.123+0100"
    assert to_dicom(source).Manufacturer != "Maker"


@pytest.mark.parametrize("options", [{"byteorder": ">"}, {"bigtiff": True}, {"bigtiff": True, "byteorder": ">"}])
def test_any_tiff(options, grey):
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey, software="Program", description="left eye", metadata=None, **options)
    found = exif_of(stream.getvalue())
    assert (found["Software"], found["ImageDescription"]) == ("Program", "left eye")


def test_the_raw_profile_of_older_png(exif):
    import struct
    import zlib

    block = exif.tobytes()
    body = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n%s\n" % (len(block), block.hex().encode()))
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + bytes(4)
    assert exif_of(b"\x89PNG\r\n\x1a\n" + chunk) == _EXPECTED


def test_where_there_is_none(photo, encode, grey):
    for data in (encode(photo, "JPEG"), encode(photo, "PNG"), encode(photo, "WEBP"), b"", b"II", b"GIF89a"):
        assert exif_of(data) == {}
    assert exif_of(imagecodecs.jpeg2k_encode(grey)) == {}
    assert orientation_of({}) == orientation_of({"Orientation": 9}) == orientation_of({"Orientation": "x"}) == 1


def test_values_that_say_nothing_are_left_out():
    import struct

    entries = struct.pack("<HHII", 0x829A, 5, 1, 38) + struct.pack("<HHI4s", 0x010F, 2, 4, b" \0\0\0")
    head = b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    assert exif_of(head + struct.pack("<II", 1, 0)) == {}
    assert exif_of(head + struct.pack("<II", 1, 4)) == {"ExposureTime": 0.25}


def test_text_that_is_not_ascii():
    import struct

    for raw in ("é".encode(), b"\xe9\0"):
        entry = struct.pack("<HHI4s", 0x010F, 2, 2, raw)
        assert exif_of(b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)) == {"Make": "é"}


@pytest.mark.parametrize("format_name", _FORMATS)
def test_damage_never_raises(format_name, exif, photo, encode):
    data = encode(photo, format_name, exif=exif)
    chance = random.Random(3)
    for _ in range(300):
        damaged = bytearray(data[: chance.choice([len(data), chance.randrange(len(data))])])
        for _ in range(chance.randint(0, 6) if damaged else 0):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        assert isinstance(exif_of(bytes(damaged)), dict)


@given(
    st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF"]), st.binary(max_size=200)
)
def test_no_bytes_raise(head, tail):
    assert isinstance(exif_of(head + tail), dict)
    assert isinstance(exif_of(b"\0\0\0\x0cJXL " + tail), dict)


def test_a_large_file_costs_nothing():
    block = b"II*\0\x08\0\0\0" + b"\xff\xff" + np.zeros(12 * 65535, np.uint8).tobytes()
    assert exif_of(block) == {}
