"""The pages of TIFF; and TIFF that lies."""

import io
import random
import struct
import time

import numpy as np
import pytest
import tifffile

from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError, LimitError


def _pages(*pages):
    """Write pages of an array and options each."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=False) as writer:
        for array, options in pages:
            colours = "rgb" if array.ndim == 3 else "minisblack"
            writer.write(array, photometric=colours, metadata=None, contiguous=False, **options)
    return stream.getvalue()


def test_pages_of_one_kind_are_frames(rng, reading, through_file):
    for shape, dtype in (((4, 9, 8), "uint8"), ((3, 9, 8), "uint16"), ((3, 9, 8, 3), "uint8"), ((2, 9, 8), "float32")):
        frames = rng.integers(0, 200, shape).astype(dtype)
        data = _pages(*[(frame, {"compression": "lzw"} if at % 2 else {}) for at, frame in enumerate(frames)])
        found = reading(data)
        np.testing.assert_array_equal(found.frames, frames, strict=True)
        assert found.codes == []
        assert found.picture.frame_times_ms == ()
        if dtype != "float32":
            np.testing.assert_array_equal(through_file(data).pixel_array, frames)
    assert [picture.frames for picture in reading(data, apart=True).pictures] == [1, 1]


def test_pages_of_different_kinds_are_pictures(rng, reading):
    a, b = rng.integers(0, 200, (9, 8), np.uint8), rng.integers(0, 200, (9, 8, 3), np.uint8)
    found = reading(_pages((a, {}), (b, {}), (a, {"extratags": [(274, "H", 1, 6, True)]})))
    assert [picture.pixels.shape for picture in found.pictures] == [(1, 9, 8), (1, 9, 8, 3), (1, 8, 9)]
    with pytest.raises(ConversionError, match="3 objects"):
        to_dicom(_pages((a, {}), (b, {}), (a[:4], {})))


def test_small_copies_and_masks_are_left_out(rng, reading):
    a = rng.integers(0, 200, (9, 8), np.uint8)
    small, mask = (a[::2, ::2], {"subfiletype": 1}), (a, {"subfiletype": 2})
    for pages in ((small, (a, {}), mask), ((a, {}), small, small)):
        data = _pages(*pages)
        # tifffile writes masks only where there is colour.
        found = reading(data.replace(struct.pack("<HHII", 254, 4, 1, 2), struct.pack("<HHII", 254, 4, 1, 4)))
        assert found.codes == ["reduced-page"]
        np.testing.assert_array_equal(found.samples, a)
    np.testing.assert_array_equal(reading(_pages(small)).samples, a[::2, ::2])
    np.testing.assert_array_equal(reading(_pages((a, {"subfiletype": 2}), (a, {"subfiletype": 2}))).frames[1], a)


def test_what_holds_of_several_pages_is_told_once(rng, reading):
    page = (rng.integers(0, 200, (9, 8, 4), np.uint8), {"extrasamples": ["unassalpha"]})
    assert reading(_pages(page, page, page)).codes == ["alpha"]
    assert reading(_pages(page, page, page), apart=True).codes == ["alpha"]


def test_what_only_shows_in_small_is_not_taken_for_the_picture(rng):
    """Raw files of cameras and DNG have the picture in a directory below."""
    a = rng.integers(0, 200, (12, 8), np.uint8)
    data = _pages((a[::2, ::2].copy(), {"subfiletype": 1, "subifds": 1}), (a, {}))
    with pytest.raises(ConversionError, match="in small only"):
        to_dicom(data)


def test_pages_are_bounded_together(reading):
    data = _pages(*[(np.zeros((10, 10), np.uint8), {})] * 4)
    assert reading(data, max_pixels=400).picture.frames == 4
    with pytest.raises(LimitError, match="max_pixels"):
        reading(data, max_pixels=399)


def _chain(count, *, circle=False):
    """Directories that hold nothing but one pixel."""
    entries = [(256, 3, 1), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 3, 1), (279, 4, 1)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    size = 2 + len(body) + 4
    offsets = [16 + at * size for at in range(1, count)] + [16 if circle else 0]
    head = b"II*\0" + struct.pack("<I", 16) + b"\x07" * 8
    return head + b"".join(struct.pack("<H", len(entries)) + body + struct.pack("<I", offset) for offset in offsets)


def test_directories_far_away(reading):
    for head in (b"II+\0\x08\0\0\0" + b"\xff" * 8, b"II*\0" + b"\xff" * 4, b"MM\0*" + b"\xff" * 4, b"II*\0\0\0\0\0"):
        with pytest.raises(ConversionError, match=r"directory|no page"):
            reading(head + bytes(99))


def test_endless_and_very_many_pages(reading):
    assert reading(_chain(9)).picture.frames == 9
    start = time.process_time()
    with pytest.raises(ConversionError, match="circle"):
        reading(_chain(5, circle=True))
    with pytest.raises(LimitError, match="10000 pages"):
        reading(_chain(100_000))
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "lzw"}, {"compression": "deflate", "tile": (16, 16)}, {"compression": "jpeg"},
     {"compression": "zstd"}, {"compression": "packbits"}, {"bigtiff": True}, {"byteorder": ">"}],
)  # fmt: skip
def test_truncation_and_damage(options, rng, reading):
    stream = io.BytesIO()
    array = np.cumsum(rng.integers(0, 5, (40, 24)), axis=1).astype(np.uint8)
    tifffile.imwrite(stream, np.stack([array, array]), metadata=None, photometric="minisblack", **options)
    data = stream.getvalue()
    assert reading(data).picture.frames == 2
    for size in range(0, len(data) - 1, 1 + len(data) // 60):
        with pytest.raises(ConversionError):
            reading(data[:size])
    chance = random.Random(5)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(4, min(len(data), 500))] = chance.choice((0, 1, 2, 7, 0x80, 0xFF))
        try:
            found = reading(bytes(damaged), max_pixels=1 << 18)
        except DicomError:
            continue
        assert sum(picture.pixels.size for picture in found.pictures) <= 3 << 18


def test_tiles_that_claim_to_be_larger(photo, reading):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.asarray(photo), compression="jpeg", photometric="rgb", tile=(16, 16), metadata=None)
    data = bytearray(stream.getvalue())
    at = data.rindex(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xf0\0\xf0\0"
    with pytest.raises(ConversionError, match="claims to be larger"):
        reading(bytes(data))
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.asarray(photo), compression="jpeg2000", photometric="rgb", tile=(16, 16), metadata=None)
    data = bytearray(stream.getvalue())
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at : at + 8] = b"\0\1\0\0\0\1\0\0"
    with pytest.raises(ConversionError, match="claims to be larger"):
        reading(bytes(data))


def test_a_jpeg_that_ends_early(photo, reading):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.asarray(photo), compression="jpeg", photometric="rgb", metadata=None)
    data = stream.getvalue()
    reading(data)
    at = data.rindex(b"\xff\xd9")
    with pytest.raises(ConversionError, match="ends early"):
        reading(data[: at - 200] + bytes(202) + data[at + 2 :])
