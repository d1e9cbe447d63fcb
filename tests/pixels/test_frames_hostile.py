"""Pixel data that lies: a typed error within two seconds, without memory beyond the input and a little."""

import struct
import time
import tracemalloc
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from filmless import Dataset, pixels, read
from filmless.errors import DicomError, GeometryError, PixelError
from filmless.file import encode
from filmless.pixels.multi_frame import functional_groups

_RLE = "1.2.840.10008.1.2.5"
_COMPRESSED = [
    _RLE,
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.1.98",
]
_MIB = 1 << 20


@contextmanager
def _bounded(size):
    """Two seconds of computing, and 64 MiB beyond the size of the input."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 2
    assert peak < size + 64 * _MIB


def _every_way(ds, *, size=64):
    """Try all there is to be had; nothing but errors of the tree, and bounded."""
    with _bounded(size):
        for attempt in (
            lambda: pixels.decode(ds),
            lambda: pixels.decode(ds, frame=0),
            lambda: pixels.frames(ds)[len(pixels.frames(ds)) - 1],
            lambda: pixels.decode(ds, frames=[0, 1, 2]),
            lambda: pixels.decode(ds, threads=4),
        ):
            with pytest.raises(DicomError) as caught:
                attempt()
            assert len(str(caught.value)) < 500
        with suppress(DicomError):  # its bytes may be there all the same
            pixels.frames(ds).encoded(len(pixels.frames(ds)) // 2)


_WRAPPING = [
    {"Rows": 46_341, "Columns": 46_341},
    {"Rows": 65_535, "Columns": 65_535},
    {"Rows": 65_535, "Columns": 65_535, "NumberOfFrames": 2**31 - 1},
    {"Rows": 65_535, "Columns": 65_535, "NumberOfFrames": 2**31 - 1, "BitsAllocated": 64},
    {"Rows": 65_535, "Columns": 65_535, "NumberOfFrames": 2**31 - 1, "BitsAllocated": 1},
    {"Rows": 4096, "Columns": 4096, "NumberOfFrames": 128, "BitsAllocated": 16},
    {"Rows": 4096, "Columns": 4096, "NumberOfFrames": 129, "BitsAllocated": 16},
    {"Rows": 65_535, "Columns": 65_535, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "BitsAllocated": 32},
    {"Rows": 65_535, "Columns": 65_535, "BitsAllocated": 12, "NumberOfFrames": 10**9},
]


@pytest.mark.parametrize("attributes", _WRAPPING)
def test_sizes_that_wrap(attributes, image):
    _every_way(image(bytes(16), vr="OW", **attributes))


@pytest.mark.parametrize("syntax", _COMPRESSED)
@pytest.mark.parametrize("attributes", _WRAPPING[1:4])
def test_sizes_that_wrap_compressed(attributes, syntax, image, encapsulate):
    for value in (bytes(16), encapsulate(bytes(16)), encapsulate(b"", b"\xff\xd8\xff\xd9"), encapsulate()):
        _every_way(image(value, syntax=syntax, **attributes))


@pytest.mark.parametrize("frames", [10**9, 2**31 - 1])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", *_COMPRESSED])
def test_frames_that_are_not_there(frames, syntax, image, encapsulate):
    value = bytes(16) if syntax.endswith(".1.2.1") else encapsulate(bytes(16), bytes(16), table=(0, 24, 48))
    ds = image(value, syntax=syntax, NumberOfFrames=frames)
    with _bounded(64):
        for attempt in (lambda: pixels.decode(ds), lambda: pixels.frames(ds)[frames - 1]):
            with pytest.raises(DicomError):
                attempt()


def test_more_frames_than_the_standard_has(image):
    for frames in (2**31, 2**63, 10**30):
        ds = image(bytes(16))
        ds.add_new("NumberOfFrames", "LO", str(frames))
        ds = read(encode(ds))
        with pytest.raises(GeometryError, match="NumberOfFrames"):
            pixels.decode(ds)


@pytest.mark.parametrize(
    "table",
    [
        (2**32 - 1,) * 3,
        (0, 2**32 - 1, 2**32 - 2),
        (0, 8, 16),
        (0, 1, 2),
        tuple(range(0, 3000, 3)),
        (0,) * 1000,
        (2**31, 2**31 + 1, 2**31 + 2),
    ],
)
@pytest.mark.parametrize("syntax", _COMPRESSED[:5])
def test_offset_tables_that_lie(table, syntax, image, encapsulate):
    _every_way(image(encapsulate(bytes(8), b"", b"\0", table=table), syntax=syntax, NumberOfFrames=3))


@pytest.mark.parametrize("numbers", [(0, 2**64 - 1, 2**64 - 1), (2**64 - 8,) * 3, (0, 8, 2**63), (5,), ()])
@pytest.mark.parametrize("lengths", [(2**64 - 1,) * 3, (0, 0, 0), ()])
def test_extended_offset_tables_that_lie(numbers, lengths, image, encapsulate):
    tables = {"ExtendedOffsetTable": numbers, "ExtendedOffsetTableLengths": lengths}
    packed = {name: struct.pack(f"<{len(table)}Q", *table) for name, table in tables.items() if table}
    _every_way(image(encapsulate(bytes(8), b"", b"\0"), syntax=_RLE, NumberOfFrames=3, **packed))
    cut = dict.fromkeys(tables, b"\xff" * 13)
    _every_way(image(encapsulate(bytes(8), b"", b"\0"), syntax=_RLE, NumberOfFrames=3, **cut))


@pytest.mark.parametrize("syntax", _COMPRESSED[:6])
@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_fragments_of_almost_nothing(syntax, frames, image, encapsulate):
    for parts in ([b""], [b"", b""], [b"\xff"], [b"\xff\xd8", b"\xff"], [b"", b"\0\0", b"\0\0\0"]):
        value = encapsulate(*parts)
        for whole in (value, value + b"\xfe\xff\x00\xe0\xfe\xff\xff\xff", value + b"\xfe\xff\x00", value[:-1]):
            _every_way(image(whole, syntax=syntax, NumberOfFrames=frames))


def test_hundred_thousand_fragments(image):
    empty = b"\xfe\xff\x00\xe0\0\0\0\0"
    value = empty * 100_000
    for frames in (1, 50_000, 99_999):
        ds = image(value, syntax=_RLE, NumberOfFrames=frames)
        with _bounded(len(value)), pytest.raises(DicomError):
            pixels.decode(ds)


def test_damage_anywhere_is_an_error_or_a_picture(image, encapsulate):
    """Each byte of the frame of items is changed in turn, in memory and behind a parser."""
    value = encapsulate(bytes(4), bytes(6), b"12", table=(0, 12, 26))
    rng = np.random.default_rng(5)
    for at in range(len(value)):
        for byte in (0, 0xFF, int(rng.integers(256))):
            damaged = value[:at] + bytes([byte]) + value[at + 1 :]
            for ds in (
                image(damaged, syntax="1.2.840.10008.1.2.1.98", NumberOfFrames=3, Rows=1, Columns=2),
                read(encode(image(damaged, syntax="1.2.840.10008.1.2.1.98", NumberOfFrames=3, Rows=1, Columns=2))),
            ):
                source = pixels.frames(ds) if _opens(ds) else []
                for frame in range(len(source)):
                    with suppress(DicomError):
                        assert source[frame].shape == (1, 2)


def _opens(ds):
    try:
        pixels.frames(ds)
    except DicomError:
        return False
    return True


def test_groups_that_do_not_count_up(image):
    ds = image(bytes(12), NumberOfFrames=2)
    for items in (0, 1, 3, 50_000):
        ds.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(items)]
        again = read(encode(ds))
        with _bounded(12 * 50_000):
            if items == 1:
                with pytest.raises(GeometryError):
                    functional_groups(again)
            else:
                assert functional_groups(again).frames == 2
        assert pixels.decode(again).shape == (2, 2, 3)  # the pixels do not depend on them
    ds.NumberOfFrames = 10**9
    with _bounded(12 * 50_000), pytest.raises(DicomError):
        functional_groups(read(encode(ds)))


def test_a_file_that_was_cut_since(image, tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(encode(image(bytes(6 * 4000), NumberOfFrames=4000)))
    source = pixels.frames(read(path))
    assert source[3999].tolist() == [[0, 0, 0]] * 2
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises((PixelError, DicomError, OSError)):
        source[0]
