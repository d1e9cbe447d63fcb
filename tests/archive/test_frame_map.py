"""Ranges of frames, compared with what the decoder reads, in every real file and in ones that lie."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.archive.frame_map import FrameMap
from filmless.dataset import Dataset
from filmless.errors import DicomError, NotFoundError
from filmless.file import encode, generate_uid, read
from filmless.pixels.decoding import Frames

_EXPLICIT, _BIG, _DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_JPEG, _VIDEO = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"


def _joined(data: bytes, frames: FrameMap, frame: int) -> bytes:
    return b"".join(data[start : start + length] for start, length in frames.of_frame(frame))


def _image(syntax: str, frames: int | str, **more: object) -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": generate_uid()})
    ds.file_meta = Dataset({"TransferSyntaxUID": syntax})
    values = {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "NumberOfFrames": frames, "Rows": 3,
              "Columns": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}  # fmt: skip
    for keyword, value in (values | more).items():
        ds[keyword] = value
    return ds


def _item(data: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(data)) + data


def _encapsulated(fragments: list[bytes], *, frames: int, syntax: str = _JPEG, table: bytes = b"") -> bytes:
    """A file whose pixel data is these fragments, written by hand: what we write ourselves is never wrong."""
    head = encode(_image(syntax, frames))
    value = _item(table) + b"".join(map(_item, fragments)) + b"\xfe\xff\xdd\xe0" + bytes(4)
    return head + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + value


def _stream(size: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes(size) + b"\xff\xd9"


def _agrees(data: bytes) -> FrameMap:
    ds = read(data)
    made = FrameMap.of(ds)
    assert made is not None
    frames = FrameMap.unpack(made.pack())
    for frame in range(frames.count):
        assert _joined(data, frames, frame) == Frames(ds).encoded(frame)
    return frames


def test_ranges_are_what_the_decoder_reads(all_files: list[Path]) -> None:
    readable = 0
    for path in all_files:
        try:
            ds = read(path)
        except DicomError:
            continue
        made = FrameMap.of(ds)
        if made is None:
            continue
        frames, data = FrameMap.unpack(made.pack()), path.read_bytes()
        assert frames.count == made.count
        if not frames.is_readable:
            continue
        readable += 1
        expected = Frames(ds)
        assert frames.is_encapsulated == expected.is_encapsulated, path
        for frame in range(frames.count):
            assert _joined(data, frames, frame) == expected.encoded(frame), (path, frame)
        if not frames.is_encapsulated:
            assert len(frames.pack()) < 40
    assert readable > 50


def test_what_decodes_is_readable_or_of_a_kind_that_is_not(all_files: list[Path]) -> None:
    for path in all_files:
        try:
            ds = read(path)
            Frames(ds).encoded(0)
        except (DicomError, OSError):
            continue
        frames = FrameMap.of(ds)
        assert frames is not None, path
        syntax = str(ds.file_meta.get("TransferSyntaxUID") or "") if ds.file_meta else ""
        assert frames.is_readable or syntax in (_BIG, _DEFLATED, "1.2.840.113619.5.2"), path


def test_single_bits_begin_inside_bytes() -> None:
    ds = _image(_EXPLICIT, 5, BitsAllocated=1, BitsStored=1, HighBit=0)
    ds.add_new("PixelData", "OB", bytes(range(6)))
    frames = _agrees(encode(ds))
    assert [frames.first_bit(frame) for frame in range(5)] == [0, 1, 2, 3, 4]
    assert [length for frame in range(5) for _, length in frames.of_frame(frame)] == [2] * 5


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_floats(keyword: str, dtype: str) -> None:
    ds = _image(_EXPLICIT, 2, BitsAllocated=np.dtype(dtype).itemsize * 8)
    ds[keyword] = np.arange(18, dtype=dtype).tobytes()
    assert _agrees(encode(ds)).count == 2


@pytest.mark.parametrize("syntax", [_BIG, _DEFLATED])
def test_what_is_no_range_of_the_file_is_not_readable(syntax: str) -> None:
    ds = _image(_EXPLICIT, 2, BitsAllocated=16, BitsStored=16, HighBit=15)
    ds.add_new("PixelData", "OW", bytes(36))
    frames = FrameMap.of(read(encode(ds, transfer_syntax=syntax)))
    assert frames is not None
    assert (frames.is_readable, frames.count, frames.of_frame(1)) == (False, 2, [])


def test_a_frame_in_many_fragments_and_five_hundred_frames() -> None:
    streams = [_stream(10 + 2 * (n % 7)) for n in range(500)]
    offsets = np.cumsum([0] + [len(stream) + 8 for stream in streams[:-1]]).astype("<u4").tobytes()
    for table in (b"", offsets):
        frames = _agrees(_encapsulated(streams, frames=500, table=table))
        assert (frames.count, frames.is_encapsulated) == (500, True)
        assert len(frames.pack()) < 2100
    halves = [part for stream in streams for part in (stream[:6], stream[6:])]
    offsets = np.cumsum([0] + [len(stream) + 16 for stream in streams[:-1]]).astype("<u4").tobytes()
    for table in (b"", offsets):
        frames = _agrees(_encapsulated(halves, frames=500, table=table))
        assert all(len(frames.of_frame(n)) == 2 for n in range(500))


@pytest.mark.parametrize(
    "table",
    [(0, 7, 21), (0, 24, 23), (0, 1 << 31, 1 << 31), (0,), (0, 24, 50, 74, 98), (0, 24, 0xFFFFFFFF), (8, 24, 50)],
)
def test_wrong_tables(table: tuple[int, ...]) -> None:
    streams = [_stream(10), _stream(12), _stream(14)]
    data = _encapsulated(streams, frames=3, table=struct.pack(f"<{len(table)}I", *table))
    assert _agrees(data).count == 3


def test_what_stands_behind_the_last_frame_is_not_of_it() -> None:
    streams = [_stream(10), _stream(12), _stream(14), _stream(16)]
    table = struct.pack("<3I", 0, 24, 50)
    frames = _agrees(_encapsulated(streams, frames=3, table=table))
    assert [length for _, length in frames.of_frame(2)] == [20]


def test_extended_offset_tables_say_how_long_a_stream_is() -> None:
    ds = _image(_JPEG, 2)
    ds["ExtendedOffsetTable"] = struct.pack("<2Q", 0, 26)
    ds["ExtendedOffsetTableLengths"] = struct.pack("<2Q", 17, 20)
    value = _item(b"") + _item(_stream(11) + b"\0") + _item(_stream(14)) + b"\xfe\xff\xdd\xe0" + bytes(4)
    data = encode(ds) + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + value
    frames = _agrees(data)
    assert [frames.of_frame(n)[0][1] for n in range(2)] == [17, 20]


def test_a_video_is_one_stream() -> None:
    data = _encapsulated([b"\0\0\0\x1cftyp" + bytes(20), bytes(30)], frames=40, syntax=_VIDEO)
    frames = _agrees(data)
    assert frames.is_stream
    assert frames.of_frame(0) == frames.of_frame(39)
    assert [length for _, length in frames.of_frame(0)] == [28, 30]


@pytest.mark.parametrize("claimed", ["2147483647", "1000000000", "-1", "0", "many", "99999999999999999999"])
def test_numbers_of_frames_that_lie_are_bounded(claimed: str) -> None:
    ds = _image(_EXPLICIT, 1)
    ds.add_new("PixelData", "OB", bytes(18))
    data = encode(ds)
    tag = struct.pack("<HH2sH", 0x0028, 0x0008, b"IS", 2)
    text = claimed.encode() + b" " * (len(claimed) % 2)
    assert data.count(tag + b"1 ") == 1
    data = data.replace(tag + b"1 ", tag[:-2] + struct.pack("<H", len(text)) + text)
    frames = FrameMap.of(read(data))
    assert frames is not None
    assert 1 <= frames.count <= 2
    assert len(frames.pack()) < 40


@pytest.mark.parametrize("frames", [1 << 31, 5])
def test_fewer_fragments_than_frames(frames: int) -> None:
    made = FrameMap.of(read(_encapsulated([_stream(10), _stream(12)], frames=frames % (1 << 31) or 2147483647)))
    assert made is not None
    assert made.count == 2
    with pytest.raises(NotFoundError):
        made.of_frame(2)


def test_damaged_descriptions_are_left_to_who_opens_the_file() -> None:
    ds = _image(_EXPLICIT, 2)
    ds.add_new("PixelData", "OB", bytes(18))
    del ds.Rows
    frames = FrameMap.of(read(encode(ds)))
    assert frames is not None
    assert (frames.is_readable, frames.count) == (False, 1)


_FRAGMENT = st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)).map(
    lambda drawn: (b"\xff\xd8\xff\xe0" if drawn[0] else b"") + bytes(2 * drawn[2]) + (b"\xff\xd9" if drawn[1] else b"")
)


@given(
    fragments=st.lists(_FRAGMENT, min_size=1, max_size=6),
    frames=st.integers(1, 5),
    firsts=st.none() | st.lists(st.integers(0, 6), max_size=6, unique=True).map(sorted),
    shift=st.sampled_from([0, 0, 0, 2, 8]),
    syntax=st.sampled_from([_JPEG, "1.2.840.10008.1.2.5", _VIDEO, _EXPLICIT]),
)
def test_whatever_fragments_and_tables_say(
    fragments: list[bytes], frames: int, firsts: list[int] | None, shift: int, syntax: str
) -> None:
    starts = np.cumsum([0, *(len(fragment) + 8 for fragment in fragments)])
    offsets = [int(starts[min(first, len(fragments))]) + shift * bool(first) for first in firsts or ()]
    data = _encapsulated(fragments, frames=frames, syntax=syntax, table=struct.pack(f"<{len(offsets)}I", *offsets))
    ds = read(data)
    made = FrameMap.of(ds)
    assert made is not None
    decoder = Frames(ds)
    for frame in range(made.count if made.is_readable else 0):
        try:
            decoder.encoded(frame)  # what it finds out it goes by from then on
        except DicomError:
            pytest.fail(f"frame {frame} is in the map and cannot be read")
    for frame in range(made.count if made.is_readable else 0):
        assert _joined(data, made, frame) == decoder.encoded(frame)


def test_without_pixel_data_there_is_none() -> None:
    assert FrameMap.of(read(encode(_image(_EXPLICIT, 1)))) is None


def test_other_versions_are_refused() -> None:
    with pytest.raises(DicomError):
        FrameMap.unpack(b"\0" * 28 + b"x")
    with pytest.raises(DicomError):
        FrameMap.unpack(b"")
