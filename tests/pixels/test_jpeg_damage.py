"""Damage in the coded data of JPEG, which decoders draw in silence."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from filmless import _core
from filmless.convert import from_dicom, to_dicom
from filmless.pixels.codecs.jpeg_stream import damage, parse_jpeg

_RNG = np.random.default_rng(5)
_Y, _X = np.mgrid[0:75, 0:93]
_GREY = np.clip(_X * 2 + _Y + _RNG.normal(0, 9, _X.shape), 0, 255).astype(np.uint8)
_COLOUR = np.dstack([_GREY, _GREY[::-1], _GREY[:, ::-1]])


def _jpeg(array=_GREY, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "JPEG", **options)
    return stream.getvalue()


def _found(data: bytes) -> int | None:
    return damage(data, parse_jpeg(data))


def _scan(data: bytes) -> int:
    last = parse_jpeg(data).segments[-1]
    return last.offset + last.size


@pytest.mark.parametrize("quality", [1, 40, 100])
@pytest.mark.parametrize("more", [{}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}, {"optimize": True}])
def test_whole_ones(quality, more):
    for size in (1, 8, 17, 75):
        assert _found(_jpeg(_GREY[:size, : size + 5], quality=quality, **more)) is None
        for subsampling in (0, 1, 2):
            part = np.ascontiguousarray(_COLOUR[:size, : size + 5])
            assert _found(_jpeg(part, quality=quality, subsampling=subsampling, **more)) is None


def test_other_processes():
    assert _found(_jpeg(progressive=True)) is None
    assert _found(imagecodecs.jpeg8_encode(_GREY.astype(np.uint16) * 16, 95, bitspersample=12)) is None
    assert _found(imagecodecs.ljpeg_encode(_GREY)) is None


def test_filling_before_a_marker():
    data = _jpeg()
    for filling in (b"\xff", b"\xff\xff\xff", b"\0", b"\0\0"):
        assert _found(data[:-2] + filling + data[-2:]) is None


@pytest.mark.parametrize("more", [{}, {"restart_marker_blocks": 5}])
def test_damage(more):
    data = _jpeg(quality=90, **more)
    start = _scan(data)
    assert _found(data[:-2] + b"abc" + data[-2:]) is not None
    assert _found(data[: start + 500] + data[-2:]) is not None
    found = 0
    for at in range(start, len(data) - 66, 97):
        for value in (b"\0", b"\xaa", b"\x37\x91\x5e"):
            changed = data[:at] + (value * 64)[:64] + data[at + 64 :]
            found += _found(changed) is not None
    assert found > 0.7 * 3 * len(range(start, len(data) - 66, 97))


def test_a_missing_restart_marker():
    data = _jpeg(restart_marker_blocks=5)
    at = data.index(b"\xff\xd2", _scan(data))
    assert _found(data[:at] + data[at + 2 :]) is not None


def test_hostile_headers_are_let_be():
    data = _jpeg(_COLOUR, restart_marker_blocks=2)
    start, segments = _scan(data), parse_jpeg(data).segments
    for at in range(2, start):
        for value in (0, 0x11, 0x7F, 0xFF):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            found = _core.jpeg_damage(changed, segments)
            assert found is None or start <= found <= len(data)
    for end in range(len(data)):
        _core.jpeg_damage(data[:end], segments)
    assert _core.jpeg_damage(b"", segments) is None
    with_far = [(0xC4, (1 << 64) - 1, (1 << 64) - 1), (0xC4, 5, 0)]
    assert [_core.jpeg_damage(data, [one]) for one in with_far] == [None, None]


def test_conversions_tell_of_it():
    data = _jpeg(quality=90)
    at = _scan(data) + 600
    damaged = data[:at] + data[at - 64 :]
    for stream, expected in ((data, []), (damaged, ["damaged-stream"])):
        notices = []
        ds = to_dicom(stream, verify=True, notices=notices)
        assert [one.code for one in notices if one.code == "damaged-stream"] == expected
        for name in ("png", "npy", "tiff"):
            notices = []
            from_dicom(ds, name, notices=notices)
            assert [one.code for one in notices] == expected
