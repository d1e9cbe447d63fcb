"""The frame index: where frames are in native and encapsulated pixel data, whatever the tables and attributes say."""

import struct
import threading
import tracemalloc

import imagecodecs
import numpy as np
import pytest

from filmless import pixels, read
from filmless.errors import PixelError, UnsupportedError
from filmless.file import encode
from filmless.pixels.codecs import EncodeOptions, codec_of
from filmless.pixels.decoding import Frames
from filmless.pixels.description import PixelDescription

_RLE = "1.2.840.10008.1.2.5"
_JPEG_LS = "1.2.840.10008.1.2.4.80"
_J2K = "1.2.840.10008.1.2.4.90"
_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_GE_PRIVATE = "1.2.840.113619.5.2"
_SIZE = {"Rows": 8, "Columns": 12}


def _pictures(count=3, dtype="u1", seed=0):
    return np.random.default_rng(seed).integers(0, 200, (count, 8, 12)).astype(dtype)


def _streams(pictures, syntax):
    if syntax == _JPEG_LS:
        return [stream + b"\0" * (len(stream) % 2) for stream in map(imagecodecs.jpegls_encode, pictures)]
    encode_frame = codec_of(syntax).encode_frame
    bits = pictures.itemsize * 8
    description = PixelDescription(
        syntax, "MONOCHROME2", 8, 12, 1, len(pictures), bits, bits, bits - 1, False, False, False
    )
    streams = [encode_frame(frame, description, 0, EncodeOptions()).data for frame in pictures]
    return [stream + b"\0" * (len(stream) % 2) for stream in streams]


def _codes(source):
    return [finding.code for finding in source.findings]


def _equal(ds, pictures, *codes):
    """Every frame alone, from the last to the first, then all: and the findings are these."""
    source = pixels.frames(ds)
    for number in reversed(range(len(pictures))):
        np.testing.assert_array_equal(source[number], pictures[number])
    assert _codes(source) == list(codes)
    np.testing.assert_array_equal(pixels.decode(ds), pictures if len(pictures) > 1 else pictures[0])


@pytest.fixture(params=[_RLE, _JPEG_LS, _J2K])
def coded(request, image):
    """A function that makes an image of fragments of the family."""
    pictures = _pictures()
    streams = _streams(pictures, request.param)

    def make(value, frames=3, **more):
        return image(value, syntax=request.param, **_SIZE, NumberOfFrames=frames, **more)

    return make, pictures, streams


def _cut(stream, *at):
    return [stream[start:end] for start, end in zip((0, *at), (*at, len(stream)), strict=True)]


def _starts(groups):
    sizes = [sum(8 + len(part) for part in group) for group in groups]
    return (0, *np.cumsum(sizes[:-1]).tolist())


def test_several_fragments_a_frame(coded, encapsulate):
    make, pictures, streams = coded
    groups = [_cut(streams[0], 20), [streams[1]], _cut(streams[2], 10, 40, 42)]
    parts = [part for group in groups for part in group]
    _equal(make(encapsulate(*parts, table=_starts(groups))), pictures)
    _equal(make(encapsulate(*parts)), pictures)
    _equal(make(encapsulate(*parts) + b"\xfe\xff\xdd\xe0\0\0\0\0"), pictures)


def test_empty_and_tiny_fragments(coded, encapsulate):
    make, pictures, streams = coded
    groups = [[b"", *_cut(streams[0], 2, 4)], [*_cut(streams[1], 64), b""], [streams[2], b"", b""]]
    parts = [part for group in groups for part in group]
    _equal(make(encapsulate(*parts, table=_starts(groups))), pictures)
    if make(b"").file_meta.TransferSyntaxUID != _RLE:  # which begins with 8 bytes: split, nothing shows it
        with pytest.raises(PixelError):
            pixels.decode(make(encapsulate(b"", b"", b"")))
    _equal(make(encapsulate(*_cut(streams[0], 64), streams[1], b"", streams[2])), pictures)


def test_lying_offset_tables(coded, encapsulate):
    make, pictures, streams = coded
    groups = [_cut(stream, 30) for stream in streams]
    parts = [part for group in groups for part in group]
    right = _starts(groups)
    for wrong in (
        right[::-1],
        (0, 0, 0),
        (right[0], right[1], 1 << 31),
        (right[0], right[1] + 2, right[2]),
        (8, right[1], right[2]),
        (right[0], 38, right[2]),  # items, but in the middle of a frame
        right[:2],
        (0,),
        (2**32 - 1,) * 3,
    ):
        ds = make(encapsulate(*parts, table=wrong))
        source = pixels.frames(ds)
        for number in (2, 0, 1):
            np.testing.assert_array_equal(source[number], pictures[number])
        assert set(_codes(source)) == {"offset-table"}
    _equal(make(encapsulate(*parts, table=(*right, 10**6))), pictures, "offset-table")


def test_extended_offset_table(coded, encapsulate):
    make, pictures, streams = coded
    starts = _starts([[stream] for stream in streams])
    packed = struct.pack("<3Q", *starts)
    lengths = struct.pack("<3Q", *map(len, streams))
    _equal(make(encapsulate(*streams), ExtendedOffsetTable=packed, ExtendedOffsetTableLengths=lengths), pictures)
    _equal(make(encapsulate(*streams), ExtendedOffsetTable=packed), pictures)
    for wrong in ((0, 2**64 - 8, 2**64 - 1), (2**64 - 1,) * 3, (0, starts[1]), (0, 3, 5)):
        table = struct.pack(f"<{len(wrong)}Q", *wrong)
        huge = struct.pack("<3Q", *[2**64 - 1] * 3)
        ds = make(encapsulate(*streams), ExtendedOffsetTable=table, ExtendedOffsetTableLengths=huge)
        _equal(ds, pictures, "offset-table")


def test_fragments_that_look_like_something_else(image, encapsulate):
    pictures = _pictures()
    # A comment behind the size holds an end, a start, an item and a delimiter, each at the edge of a fragment.
    comment = b"\xff\x64\x00\x11\x00\x01.\xff\xd9\xff\x4f\xfe\xff\x00\xe0\xfe\xff\xdd\xe0"
    marked = [stream[:45] + comment + stream[45:] for stream in _streams(pictures, _J2K)]
    parts = [part for stream in marked for part in _cut(stream + b"\0" * (len(stream) % 2), 54, 60)]
    assert parts[0].endswith(b"\xff\xd9")
    assert [part[:6] for part in parts[1:3]] == [b"\xff\x4f\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\xff\x52"]
    _equal(image(encapsulate(*parts), syntax=_J2K, **_SIZE, NumberOfFrames=3), pictures)
    ds = read(encode(image(encapsulate(*parts), syntax=_J2K, **_SIZE, NumberOfFrames=3)))
    _equal(ds, pictures)


def test_fewer_and_more_frames_than_said(coded, encapsulate):
    make, pictures, streams = coded
    source = pixels.frames(make(encapsulate(*streams[:2], streams[2][:30]), frames=4))
    np.testing.assert_array_equal(source[1], pictures[1])
    with pytest.raises(PixelError, match=r"holds 3 of 4|cannot|does not|short|ends|codec|JPEG|RLE"):
        source[3]
    with pytest.raises(PixelError) as caught:
        pixels.decode(make(encapsulate(*streams), frames=5))
    assert caught.value.frame == 3
    for frames in (1, 2, None):
        source = pixels.frames(make(encapsulate(*streams), frames=frames))
        np.testing.assert_array_equal(source[0], pictures[0])
        assert _codes(source) == ["fragments-left"]


def test_truncated_in_the_last_frame(coded, encapsulate):
    make, pictures, streams = coded
    value = encapsulate(*streams)[:-40]
    source = pixels.frames(make(value))
    np.testing.assert_array_equal(source[1], pictures[1])
    with pytest.raises(PixelError) as caught:
        source[2]
    assert caught.value.frame == 2
    assert "fragment-truncated" in _codes(source)


def test_something_else_among_the_fragments(coded, encapsulate):
    make, pictures, streams = coded
    value = encapsulate(*streams[:2]) + b"\0\0\0\0garbage!" + encapsulate(streams[2])[8:]
    source = pixels.frames(make(value))
    np.testing.assert_array_equal(source[1], pictures[1])
    with pytest.raises(PixelError, match="holds 2 of 3") as caught:
        source[2]
    assert caught.value.frame == 2
    assert "stray-fragment" in _codes(source)


def test_a_missing_delimiter_and_what_follows(coded, encapsulate):
    make, pictures, streams = coded
    whole = encode(make(encapsulate(*streams)))
    ds = read(whole)
    assert ds["PixelData"].is_encapsulated
    _equal(ds, pictures)
    at = whole.rindex(b"\xfe\xff\xdd\xe0")
    _equal(read(whole[:at]), pictures)
    ds = make(encapsulate(*streams))
    ds.add_new(0x7FE1_0010, "LO", "PRIVATE")
    whole = encode(ds)
    at = whole.rindex(b"\xfe\xff\xdd\xe0")
    ds = read(whole[:at] + whole[at + 8 :])
    assert ds.Rows == 8
    source = pixels.frames(ds)
    for number in range(3):
        np.testing.assert_array_equal(source[number], pictures[number])


@pytest.mark.parametrize(
    "value", [b"", b"\xfe\xff\x00\xe0", b"\xfe\xff\x00\xe0\0\0\0\0", b"\xfe\xff\x00\xe0\x08\0\0\0"]
)
def test_no_fragments(coded, value):
    make, _, _ = coded
    for frames in (1, 3):
        with pytest.raises(PixelError):
            pixels.decode(make(value, frames=frames))


def test_fragments_under_a_native_syntax(coded, encapsulate, image):
    _, pictures, streams = coded
    wrong = encode(image(encapsulate(*[frame.tobytes() for frame in pictures]), syntax=_UNCOMPRESSED, **_SIZE))
    wrong = wrong.replace(b"1.2.840.10008.1.2.1.98", b"1.2.840.10008.1.2.1\0\0\0")
    ds = read(wrong)
    ds.NumberOfFrames = 3
    _equal(ds, pictures, "unexpected-fragments")
    ds = read(encode(image(encapsulate(*streams), syntax=_UNCOMPRESSED, **_SIZE)))
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    with pytest.raises(PixelError, match="in fragments under an uncompressed transfer syntax"):
        pixels.decode(ds)


def test_plain_frames_under_a_compressed_syntax(coded):
    make, pictures, _ = coded
    _equal(make(pictures.tobytes()), pictures, "missing-fragments")
    with pytest.raises(PixelError, match="no items"):
        pixels.decode(make(pictures.tobytes()[:-2]))


# -- native ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "u1", "<f4", "<f8", "<u8", "<i8"])
def test_fast_and_plain_paths_agree(dtype, image):
    """Frames at once, one by one, into an array and by the codec's way are the same, native and the caller's own."""
    pictures = _pictures(5, dtype) % 30
    keyword = {"f4": "FloatPixelData", "f8": "DoubleFloatPixelData"}.get(dtype[-2:], "PixelData")
    size = pictures.itemsize
    ds = image(
        b"",
        **_SIZE,
        BitsAllocated=size * 8,
        BitsStored=size * 8 - 3,
        NumberOfFrames=5,
        PixelRepresentation="i" in dtype,
    )
    del ds.PixelData
    ds.add_new(
        keyword, {"f4": "OF", "f8": "OD"}.get(dtype[-2:], "OW"), pictures.astype(dtype.replace(">", "<")).tobytes()
    )
    if ">" in dtype:
        ds = read(encode(ds, transfer_syntax="ExplicitVRBigEndian"))
    stacked = pixels.decode(ds)
    np.testing.assert_array_equal(stacked, pictures)
    slow = Frames(ds)
    slow._plain = None
    slow._codec = codec_of("1.2.840.10008.1.2.1")
    out = np.empty_like(stacked)
    every_other = np.empty((5, 8, 24), stacked.dtype)[..., ::2]
    for samples in (
        stacked,
        np.stack([slow.decoded(number).samples for number in range(5)]),
        np.stack(list(pixels.frames(ds))),
        pixels.decode(ds, frames=[0, 1, 2, 3, 4]),
        pixels.decode(ds, out=out),
        pixels.decode(ds, out=every_other),
        pixels.decode(ds, threads=3, frames=range(5)),
    ):
        np.testing.assert_array_equal(samples, stacked)
        assert samples.dtype.isnative
    for single in (pixels.decode(ds, frame=3), slow.decoded(3).samples):
        np.testing.assert_array_equal(single, pictures[3])
        assert single.dtype == stacked.dtype
        assert single.flags.c_contiguous
        assert single.flags.writeable
    np.testing.assert_array_equal(pixels.decode(ds, frame=3, out=out[0]), pictures[3])


def test_out_has_to_fit(image):
    ds = image(bytes(12), NumberOfFrames=2)
    for out in (np.empty((2, 2, 3), np.int8), np.empty((2, 3, 2), np.uint8)):
        with pytest.raises(ValueError, match="`out` has shape"):
            pixels.decode(ds, out=out)
        with pytest.raises(ValueError, match="`out` has shape"):
            pixels.decode(ds, frame=0, out=out[0])


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 15])
@pytest.mark.parametrize("big_endian", [False, True])
def test_packed_samples(bits, big_endian, image):
    values = np.random.default_rng(bits).integers(0, 1 << bits, (3, 3, 3))
    packed = ((values.reshape(-1, 1) >> np.arange(bits)) & 1).astype(np.uint8)
    stored = np.packbits(packed, bitorder="little").tobytes()
    ds = image(stored + b"\0" * (len(stored) % 2), vr="OW", Rows=3, NumberOfFrames=3, BitsAllocated=bits)
    if big_endian:
        ds = read(encode(ds, transfer_syntax="ExplicitVRBigEndian"))
    out = pixels.decode(ds)
    np.testing.assert_array_equal(out, values)
    assert out.dtype == (np.uint8 if bits <= 8 else np.uint16)
    np.testing.assert_array_equal(pixels.decode(ds, frame=1), values[1])
    assert _codes(pixels.frames(ds)) == ["pixel-description"]


def test_packed_signed_samples(image):
    values = np.array([[-2048, -1, 0], [1, 2047, -7]])
    packed = (((values.reshape(-1, 1) & 0xFFF) >> np.arange(12)) & 1).astype(np.uint8)
    stored = np.packbits(packed, bitorder="little").tobytes() + b"\0"
    ds = image(stored, vr="OW", BitsAllocated=12, PixelRepresentation=1)
    np.testing.assert_array_equal(pixels.decode(ds), values)


@pytest.mark.parametrize(
    ("value", "frames", "findings"),
    [
        (None, 1, ["frames-left"]),
        (1, 1, ["frames-left"]),
        (0, 3, ["pixel-description"]),
        ("", 1, ["frames-left"]),
        ([2, 1], 3, ["pixel-description"]),
        ("1A", 3, ["pixel-description"]),
        (3, 3, []),
    ],
)
def test_number_of_frames(value, frames, findings, image):
    ds = image(bytes(range(18)), NumberOfFrames=None)
    if isinstance(value, str):
        ds.add_new("NumberOfFrames", "LO", value)
    elif value is not None:
        ds.NumberOfFrames = value
    source = pixels.frames(ds)
    assert len(source) == frames
    assert source[frames - 1].tolist() == [[n + 6 * frames - 6 for n in row] for row in ([0, 1, 2], [3, 4, 5])]
    assert _codes(source) == findings


@pytest.mark.parametrize(("high", "stored"), [(3, 8), (255, 8), (5, 7)])
def test_wrong_high_bit(high, stored, image):
    ds = image(bytes(range(6)), HighBit=high, BitsStored=stored)
    source = pixels.frames(ds)
    assert source[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [(finding.code, finding.tag) for finding in source.findings] == [("pixel-description", 0x0028_0102)]
    assert source.description.high_bit == stored - 1
    assert source.description == PixelDescription.of(image(bytes(6), HighBit=stored - 1, BitsStored=stored))


def test_big_endian_pixels_of_ge(image):
    values = np.arange(6).reshape(2, 3) * 300
    ds = image(values.astype(">u2").tobytes(), syntax=_GE_PRIVATE, vr="OW", BitsAllocated=16)
    np.testing.assert_array_equal(pixels.decode(ds), values)


def test_odd_length(image):
    ds = image(bytes(range(15)), Columns=5, Rows=1, NumberOfFrames=3)
    assert pixels.decode(ds, frame=2).tolist() == [[10, 11, 12, 13, 14]]
    ds = read(encode(ds))
    assert pixels.decode(ds).tolist() == np.arange(15).reshape(3, 1, 5).tolist()


def test_badvr(pydicom_files):
    path = next(path for path in pydicom_files if path.name == "badVR.dcm")
    ds = read(path)
    assert _codes(pixels.frames(ds)) == ["pixel-description"]
    assert len(pixels.frames(ds)) == len(ds.GridFrameOffsetVector) == 15  # its Number of Frames is 1A


def test_unregistered_syntax_with_fragments(image, encapsulate):
    with pytest.raises(UnsupportedError):
        pixels.frames(image(encapsulate(b"12"), syntax="1.2.3"))


# -- many ----------------------------------------------------------------------------------------------------------


def test_the_lowest_wrong_frame_is_named_whatever_the_threads(image, encapsulate):
    pictures = _pictures(40)
    streams = _streams(pictures, _RLE)
    for wrong in (5, 6, 30):
        streams[wrong] = streams[wrong][:70]
    starts = _starts([[stream] for stream in streams])
    ds = image(encapsulate(*streams, table=starts), syntax=_RLE, **_SIZE, NumberOfFrames=40)
    for threads in (1, 2, 8):
        with pytest.raises(PixelError) as caught:
            pixels.decode(ds, threads=threads)
        assert caught.value.frame == 5
    np.testing.assert_array_equal(pixels.decode(ds, frames=[39, 0, 7], threads=2), pictures[[39, 0, 7]])


def test_one_frames_object_in_many_threads(image, encapsulate, tmp_path):
    pictures = _pictures(30)
    streams = _streams(pictures, _RLE)
    parts = [part for stream in streams for part in _cut(stream, 64)]
    path = tmp_path / "frames.dcm"
    path.write_bytes(encode(image(encapsulate(*parts), syntax=_RLE, **_SIZE, NumberOfFrames=30)))
    source = pixels.frames(read(path))
    wrong = []

    def work(step):
        order = [number % 30 for number in range(0, 30 * step, step)]
        wrong.extend(number for number in order if not np.array_equal(source[number], pictures[number]))

    threads = [threading.Thread(target=work, args=(step,)) for step in (1, 7, 11, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert _codes(source) == []


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", _RLE])
def test_iterating_holds_one_frame(syntax, image, encapsulate, tmp_path):
    frame = np.arange(256 * 256, dtype="<u2").reshape(256, 256)
    native = syntax != _RLE
    one = frame.tobytes()
    if not native:
        one = codec_of(_RLE).encode_frame(frame, _described(256), 0, EncodeOptions()).data
    value = one * 200 if native else encapsulate(*[one] * 200)
    size = {"Rows": 256, "Columns": 256, "BitsAllocated": 16, "NumberOfFrames": 200}
    path = tmp_path / "many.dcm"
    path.write_bytes(encode(image(value, syntax=syntax, vr="OW" if native else "OB", **size)))
    del value
    source = pixels.frames(read(path))
    tracemalloc.start()
    try:
        for samples in source:
            assert samples[255, 255] == 65535
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * frame.nbytes


def _described(side):
    return PixelDescription(_RLE, "MONOCHROME2", side, side, 1, 1, 16, 16, 15, False, False, False)
