"""Fragments in many threads, and in numbers that no frame has."""

import struct
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from filmless import pixels
from filmless.errors import DicomError
from filmless.pixels.decoding import Frames

_JPEG_XL, _JPEG_2000, _MPEG = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.100"
_ITEM = b"\xfe\xff\x00\xe0"
_FRAMES = 40


def _item(content):
    return _ITEM + struct.pack("<I", len(content)) + content


@pytest.fixture
def hasty():
    """Threads that change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("parts", "shift"), [(1, 4), (2, 0)], ids=["wrong-offset", "odd-stream"])
def test_threads_never_see_what_is_tried(parts, shift, image):
    """A frame begins as no stream does: the fragments are counted off to see whether the table is right."""
    offsets, body = [], b""
    for frame in range(_FRAMES):
        offsets.append(len(body) + (shift if frame == 20 else 0))
        for part in range(parts):
            head = b"\xff\x0a" if part == 0 and frame != 20 else b"zz"
            body += _item(head + struct.pack("<I", frame) + bytes(10))
    ds = image(_item(struct.pack(f"<{_FRAMES}I", *offsets)) + body, syntax=_JPEG_XL, NumberOfFrames=_FRAMES)
    for _ in range(60):
        index, together = Frames(ds)._index, Barrier(4)

        def read(begin, index=index, together=together):
            together.wait()
            numbers = [(frame + begin) % _FRAMES for frame in range(_FRAMES)]
            return all(struct.unpack_from("<I", index.encoded(number)[0], 2)[0] == number for number in numbers)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(read, range(0, _FRAMES, 10)))


def _with_an_odd_stream(image):
    parts = [b"\xff\x0a one", b"zz two...", b"zz again.", b"\xff\x0a three"]
    items = [_item(part) for part in parts]
    offsets = (0, len(items[0]), sum(map(len, items[:3])))
    value = _item(struct.pack("<3I", *offsets)) + b"".join(items)
    return Frames(image(value, syntax=_JPEG_XL, NumberOfFrames=3))._index, (parts[0], parts[1] + parts[2], parts[3])


def test_what_is_tried_is_not_published(image):
    index, frames = _with_an_odd_stream(image)
    written = []

    class Recorded(type(index)):
        def __setattr__(self, name, value):
            written.append(name)
            super().__setattr__(name, value)

    index.__class__ = Recorded
    assert tuple(index.encoded(number)[0] for number in range(3)) == frames
    assert written == ["_trusted"]


def test_a_table_may_be_given_up_while_another_thread_reads_by_it(image):
    offsets, items = (0, 12, 24), [_item(b"\xff\x0a" + bytes([number] * 2)) for number in range(3)]
    ds = image(_item(struct.pack("<3I", *offsets)) + b"".join(items), syntax=_JPEG_XL, NumberOfFrames=3)
    index = Frames(ds)._index
    read = index._range

    def overtaken(start, end):
        index._counted_off()
        return read(start, end)

    index._range = overtaken
    assert [index.encoded(number)[0] for number in range(3)] == [item[8:] for item in items]
    assert index._table == ()


@pytest.mark.parametrize("frames", [1, 2, 60_000])
@pytest.mark.parametrize("content", [b"", b"\xff\x4f"], ids=["empty", "starts"])
def test_many_fragments_take_a_small_multiple_of_their_bytes(frames, content, image):
    value = _item(b"") + _item(content) * 60_000
    ds = image(value, syntax=_JPEG_2000, NumberOfFrames=frames)
    tracemalloc.start()
    try:
        with pytest.raises(DicomError):
            pixels.decode(ds, frame=frames - 1)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(value) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_many_fragments_under_a_table_take_a_small_multiple_of_their_bytes(image):
    value = _item(bytes(4)) + _item(b"\xff\x4f") * 60_000
    ds = image(value, syntax=_JPEG_2000, NumberOfFrames=1)
    tracemalloc.start()
    try:
        assert len(Frames(ds).encoded(0)) in (2, 120_000)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(value) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_a_video_of_any_number_of_frames_is_one_stream(image):
    stream = b"\0\0\1\xb3" + bytes(100)
    ds = image(_item(b"") + _item(stream) + _item(b"zz"), syntax=_MPEG, NumberOfFrames=2**31 - 1)
    tracemalloc.start()
    try:
        frames = Frames(ds)
        for frame in (0, 1, 2**31 - 2):
            assert frames.encoded(frame) == stream + b"zz"
        frames.require(0, 2**31 - 2)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_fragments_in_any_number_are_put_together(image):
    parts = [bytes([number % 251, number // 251]) for number in range(10_000)]
    value = _item(b"") + b"".join(_item(part) for part in parts)
    ds = image(value, syntax=_JPEG_2000, NumberOfFrames=1)
    assert Frames(ds).encoded(0) == b"".join(parts)
    table = _item(bytes(4)) + b"".join(_item(part) for part in parts)
    assert Frames(image(table, syntax=_JPEG_2000, NumberOfFrames=1)).encoded(0) == b"".join(parts)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0\0"])
def test_ends_of_streams_are_seen_through_padding(padding, image):
    thumbnail, end = b"\xff\x4f\xff\x51 inside", b"ab" * len(padding) + b"\xff\xd9" + padding
    first, second = (b"\xff\x4f\xff\x51 first", thumbnail, end), (b"\xff\x4f\xff\x51 second", end)
    value = _item(b"") + b"".join(_item(part) for part in (*first, *second))
    frames = Frames(image(value, syntax=_JPEG_2000, NumberOfFrames=2))
    assert [frames.encoded(0), frames.encoded(1)] == [b"".join(first), b"".join(second)]


def test_short_fragments_that_begin_as_a_stream_does_are_one(image):
    """Of two bytes, which are as far as they go those of a stream."""
    parts = [b"\xff\x4f", b"\xff\x51rest", b"\xff\x4f", b"\xff\x51rest"]
    value = _item(b"") + b"".join(_item(part) for part in parts)
    frames = Frames(image(value, syntax=_JPEG_2000, NumberOfFrames=2))
    np.testing.assert_array_equal([frames.encoded(0), frames.encoded(1)], [b"\xff\x4f\xff\x51rest"] * 2)
