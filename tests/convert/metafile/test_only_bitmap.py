"""EMF that wraps one bitmap, and EMF that does not."""

import base64
import contextlib
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image

from filmless.convert import to_dicom
from filmless.convert.metafile import read_metafile
from filmless.errors import ConversionError, LimitError

_KINDS = {"BITBLT": 76, "STRETCHBLT": 77, "SETDIBITSTODEVICE": 80, "STRETCHDIBITS": 81}


@pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS.keys())
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bitmap_comes_out_bit_for_bit(kind, mode, photo, one_bitmap, encode, through_file):
    image = photo.quantize(30) if mode == "P" else photo.convert(mode)
    state = [one_bitmap.record(17, struct.pack("<I", 8)), one_bitmap.record(9, struct.pack("<ii", 64, 48))]
    ds = through_file(one_bitmap(*state, one_bitmap.bitmap(encode(image, "BMP"), kind)))
    expected = image.convert("L" if mode in ("1", "L") else "RGB")
    np.testing.assert_array_equal(ds.pixel_array, np.asarray(expected))


def test_32_and_16_bits_top_down_and_runs(rng, one_bitmap, through_file):
    def bmp(columns, rows, depth, compression, body, colours=b""):
        header = struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, depth, compression, len(body), 0, 0, 0, 0) + colours
        return struct.pack("<2sIHHI", b"BM", 14 + len(header + body), 0, 0, 14 + len(header)) + header + body

    bgrx = rng.integers(0, 256, (3, 5, 4), dtype=np.uint8)
    ds = through_file(one_bitmap(one_bitmap.bitmap(bmp(5, -3, 32, 0, bgrx.tobytes()), 81)))
    np.testing.assert_array_equal(ds.pixel_array, bgrx[..., 2::-1])
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
    ds = through_file(one_bitmap(one_bitmap.bitmap(bmp(5, 3, 32, 3, bgrx.tobytes(), masks), 81)))
    np.testing.assert_array_equal(ds.pixel_array, bgrx[::-1, :, 2::-1])
    words = np.array([[0x7C00, 0x03E0], [0x001F, 0x7FFF]], dtype="<u2")
    ds = through_file(one_bitmap(one_bitmap.bitmap(bmp(2, 2, 16, 0, words.tobytes()), 81)))
    assert ds.pixel_array.tolist() == [[[0, 0, 255], [255, 255, 255]], [[255, 0, 0], [0, 255, 0]]]
    palette = b"".join(bytes([0, 0, value, 0]) for value in range(256))
    ds = through_file(one_bitmap(one_bitmap.bitmap(bmp(4, 2, 8, 1, b"\x04\x09\0\0\x04\x07\0\0\0\1", palette), 81)))
    assert ds.pixel_array[..., 0].tolist() == [[7] * 4, [9] * 4]


def test_what_draws_beside_it_is_drawn(photo, one_bitmap, encode, emf):
    bitmap = one_bitmap.bitmap(encode(photo, "BMP"), 81)
    assert read_metafile(one_bitmap(bitmap)).bitmap is not None
    line = emf.poly(4, [(0, 0), (20, 20)])
    for records in ([bitmap, line], [line, bitmap], [bitmap, bitmap], [bitmap, emf.record(999)]):
        drawing = read_metafile(one_bitmap(*records))
        assert drawing.bitmap is None
        assert drawing.rgb.ndim == 3


def test_what_is_shown_in_part_or_mirrored_is_drawn_so(photo, one_bitmap, encode):
    bmp = encode(photo, "BMP")
    bitmap = one_bitmap.bitmap(bmp, 81)
    for records in (
        [one_bitmap.bitmap(bmp, 81, left=3)],
        [one_bitmap.record(30, struct.pack("<iiii", 0, 0, 20, 20)), bitmap],
        [one_bitmap.bitmap(bmp, 81, flip=-1)],
        [one_bitmap.record(17, struct.pack("<I", 2)), bitmap],
        [one_bitmap.record(35, struct.pack("<ffffff", 0, 1, -1, 0, 30, 0)), bitmap],
    ):
        assert read_metafile(one_bitmap(*records)).bitmap is None


def test_what_cannot_be_shown_is_refused(photo, one_bitmap, encode):
    bmp = encode(photo, "BMP")
    cases = {
        "EMR_STRETCHDIBITS: raster operation SRCINVERT": [one_bitmap.bitmap(bmp, 81, rop=0x00660046)],
        "draws nothing": [],
        r"EMF\+": [one_bitmap.record(70, struct.pack("<I4sHH", 32, b"EMF+", 0x4001, 0) + b"\0" * 24)],
    }
    for message, records in cases.items():
        with pytest.raises(ConversionError, match=message):
            to_dicom(one_bitmap(*records))


def test_what_hides_nothing_is_no_obstacle(photo, one_bitmap, encode):
    bitmap = one_bitmap.bitmap(encode(photo, "BMP"), 76)
    dual = one_bitmap.record(70, struct.pack("<I4sHH", 32, b"EMF+", 0x4001, 1) + b"\0" * 24)
    clip = one_bitmap.record(30, struct.pack("<iiii", 0, 0, 64, 48))
    small = one_bitmap.record(30, struct.pack("<iiii", 0, 0, 4, 4))
    save, restore = one_bitmap.record(33), one_bitmap.record(34, struct.pack("<i", -1))
    ds = to_dicom(one_bitmap(dual, clip, save, small, restore, bitmap))
    assert ds.PixelData == Image.Image.tobytes(photo)


def test_inkscape_writes_such_files(peer, encode, photo, tmp_path):
    picture = base64.b64encode(encode(photo, "PNG")).decode()
    (tmp_path / "in.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="48">'
        f'<image width="64" height="48" xlink:href="data:image/png;base64,{picture}"/></svg>'
    )
    command = [peer("inkscape"), tmp_path / "in.svg", "--export-type=emf", "-o", tmp_path / "out.emf"]
    subprocess.run(command, check=True, capture_output=True)
    assert to_dicom(tmp_path / "out.emf").PixelData == photo.tobytes()


def test_every_truncation_is_an_error(one_bitmap, encode, photo):
    data = one_bitmap(one_bitmap.bitmap(encode(photo.resize((4, 3)), "BMP"), 81))
    for size in range(len(data) - 20):
        with pytest.raises(ConversionError):
            to_dicom(data[:size])


def test_every_wrong_byte_is_read_or_an_error(one_bitmap, encode, photo):
    data = one_bitmap(one_bitmap.bitmap(encode(photo.resize((4, 3)), "BMP"), 81))
    for at in range(4, len(data)):
        for value in (0, 0x80, 0xFF):
            with contextlib.suppress(ConversionError, LimitError):
                to_dicom(data[:at] + bytes([value]) + data[at + 1 :])
