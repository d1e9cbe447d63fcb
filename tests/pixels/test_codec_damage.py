"""Damaged and hostile streams: an error that names the frame, within a time and a memory, or the same picture."""

import io
import struct
import time
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, _core
from filmless.errors import CodecError, PixelError
from filmless.pixels.codecs import EncodeOptions, codec_of
from filmless.pixels.codecs.jpeg_stream import parse_jpeg
from filmless.pixels.description import PixelDescription

_FRAME = 7  # the number that errors have to give back
_SECONDS = 2
_SYNTAXES = [
    "RLELossless", "DeflatedImageFrameCompression", "JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEGLosslessSV1",
    "JPEGLSLossless", "JPEGLSNearLossless", "JPEG2000Lossless", "JPEG2000", "HTJ2KLossless", "HTJ2KLosslessRPCL",
    "HTJ2K", "JPEGXLLossless", "JPEGXLJPEGRecompression", "JPEGXL", "JPEGFullProgressionNonHierarchical1012",
]  # fmt: skip


def _description(keyword, bits=8, rows=20, columns=24, *, samples=1, frames=1):
    ds = Dataset()
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsStored, ds.NumberOfFrames = rows, columns, samples, bits, frames
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    ds.file_meta.TransferSyntaxUID = _core.transfer_syntax(keyword)["uid"]
    return PixelDescription.of(ds)


def _picture(bits=8):
    y, x = np.mgrid[:20, :24]
    smooth = ((np.sin(x / 3) * np.cos(y / 4) + 1) * ((1 << bits) - 1) / 2).astype(np.uint16)
    return (smooth ^ np.random.default_rng(1).integers(0, 4, smooth.shape, np.uint16)).astype(f"u{1 + (bits > 8)}")


def _stream(keyword):
    bits = 12 if keyword in {"JPEGExtended12Bit", "JPEGLosslessSV1"} else 8
    description = _description(keyword, bits)
    if keyword.startswith("JPEGFull"):
        target = io.BytesIO()
        Image.fromarray(_picture()).save(target, "JPEG", progressive=True)
        return target.getvalue(), description
    return codec_of(keyword).encode_frame(_picture(bits), description, 0, EncodeOptions()).data, description


def _decode(data, description):
    """Decode; None when that is an error of the frame."""
    found = _found(data, description)
    return None if found is None else found.samples


def _found(data, description):
    began = time.monotonic()
    try:
        return codec_of(description.transfer_syntax).decode_frame(data, description, _FRAME)
    except PixelError as error:
        assert error.frame == _FRAME  # noqa: PT017
        return None
    finally:
        assert time.monotonic() - began < _SECONDS


@pytest.mark.parametrize("keyword", _SYNTAXES)
def test_every_truncation(keyword):
    data, description = _stream(keyword)
    whole = _decode(data, description)
    assert whole is not None
    # Only padding, and the last byte of an RLE segment of even length, may be missing.
    least = len(data) - 1 if keyword == "RLELossless" else len(data)
    for size in range(least):
        with pytest.raises(CodecError) as caught:
            codec_of(description.transfer_syntax).decode_frame(data[:size], description, _FRAME)
        assert caught.value.frame == _FRAME, size


def _structure(keyword, data):
    """Offsets of markers, lengths, sizes and counts."""
    if keyword == "RLELossless":
        return [*range(8)]
    if "2000" in keyword or "HTJ2K" in keyword:
        at, found = 2, [0, 1, len(data) - 2, len(data) - 1]
        while data[at : at + 2] != b"\xff\x93":
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            found += range(at, at + 4)
            if data[at + 1] == 0x51:
                found += range(at + 6, at + 43)
            if data[at + 1] == 0x90:
                found += range(at + 4, at + 10)
            at += 2 + size
        return found
    if "XL" in keyword:
        return [0, 1]
    jpeg = data
    stream = parse_jpeg(jpeg, jpeg_ls="LS" in keyword)
    found = [0, 1, stream.end - 2, stream.end - 1]
    for segment in stream.segments:
        found += range(segment.offset, segment.offset + 4)
        if segment.marker in {0xC0, 0xC1, 0xC2, 0xC3, 0xF7}:
            found += range(segment.offset + 4, segment.offset + 10)
        if segment.marker == 0xDA:
            found.append(segment.offset + 4)
            break  # what follows can drown in the data of the scan: a table, of which there is an older one
    return found


@pytest.mark.parametrize("keyword", [keyword for keyword in _SYNTAXES if "Deflated" not in keyword])
def test_structural_damage(keyword):
    """It raises, gives the same picture, or, where the depth was hit, leaves a finding."""
    data, description = _stream(keyword)
    whole = _decode(data, description)
    wrong = []
    for offset in _structure(keyword, data):
        for flip in (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[offset] ^= flip
            if (data[offset], damaged[offset]) == (0xC4, 0xE4):
                continue  # a table became application data: one of the same number before it is used
            found = _found(bytes(damaged), description)
            if found is not None and not found.findings and not np.array_equal(found.samples, whole):
                wrong.append((offset, flip))
    assert wrong == []


@pytest.mark.parametrize("keyword", _SYNTAXES)
def test_random_damage(keyword):
    """No error of another kind, no hang and no crash; what comes back has the size that was asked for."""
    data, description = _stream(keyword)
    generator = np.random.default_rng(2)
    for _ in range(400):
        damaged = bytearray(data)
        for at in generator.integers(0, len(data), int(generator.integers(1, 6))):
            damaged[at] = int(generator.integers(256))
        if generator.integers(4) == 0:
            at = int(generator.integers(len(damaged)))
            damaged[at:at] = generator.bytes(int(generator.integers(1, 9)))
        decoded = _decode(bytes(damaged), description)
        if decoded is not None:
            assert (decoded.shape, decoded.dtype) == (description.frame_shape, description.dtype)


@pytest.mark.parametrize("keyword", _SYNTAXES)
@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\xff\x4f", bytes(64), bytes(5000)]
)
def test_what_is_no_stream(keyword, data):
    assert _decode(data, _description(keyword)) is None


def _limited(data, description, megabytes=300):
    """Decode what must fail, in time and memory (that of numpy and Python)."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(PixelError) as caught:
            codec_of(description.transfer_syntax).decode_frame(data, description, _FRAME)
        assert caught.value.frame == _FRAME
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < _SECONDS


_HUGE = 65535


def _of_size(keyword, data, rows, columns):
    """Write another size into a stream's header."""
    data = bytearray(data)
    if "2000" in keyword or "HTJ2K" in keyword:
        at = data.index(b"\xff\x51")
        struct.pack_into(">II", data, at + 6, columns, rows)
        struct.pack_into(">II", data, at + 22, columns, rows)  # one tile
    else:
        segments = parse_jpeg(bytes(data), jpeg_ls="LS" in keyword).segments
        at = next(segment.offset for segment in segments if segment.marker in {0xC0, 0xC1, 0xC2, 0xC3, 0xF7})
        struct.pack_into(">HH", data, at + 5, rows, columns)
    return bytes(data)


_SIZED = [keyword for keyword in _SYNTAXES if "XL" not in keyword and "RLE" not in keyword and "Defl" not in keyword]


@pytest.mark.parametrize("keyword", _SIZED)
def test_sizes_that_disagree_by_gigapixels(keyword):
    data, description = _stream(keyword)
    bits = description.bits_stored
    huge = _of_size(keyword, data, _HUGE, _HUGE)
    _limited(huge, _description(keyword, bits, 1, 1))
    _limited(data, _description(keyword, bits, _HUGE, _HUGE))
    _limited(huge, _description(keyword, bits, _HUGE, _HUGE))  # agree, in hundreds of bytes


@pytest.mark.parametrize("keyword", ["RLELossless", "DeflatedImageFrameCompression", "JPEGXLLossless", "JPEGXL"])
def test_short_streams_of_gigapixels(keyword):
    data, _ = _stream(keyword)
    _limited(data, _description(keyword, 8, _HUGE, _HUGE))
    _limited(data, _description(keyword, 8, _HUGE, _HUGE, samples=3))


def test_jpeg_xl_of_gigapixels():
    size = (_HUGE - 1) << 3 | 3 << 1  # 30 bits of height; a ratio of 1
    bits = 0 | 3 << 1 | (_HUGE - 1) << 3 | 1 << 33 | 1 << 36
    del size
    stream = b"\xff\x0a" + bits.to_bytes(8, "little") + bytes(90)
    _limited(stream, _description("JPEGXL", 8, _HUGE, _HUGE))
    _limited(stream, _description("JPEGXL", 8, 1, 1))


def test_jpeg_2000_of_endless_tiles_and_components():
    data, description = _stream("JPEG2000Lossless")
    at = data.index(b"\xff\x51")
    tiles = bytearray(_of_size("JPEG2000", data, _HUGE, _HUGE))
    struct.pack_into(">II", tiles, at + 22, 1, 1)
    _limited(bytes(tiles), _description("JPEG2000Lossless", 8, _HUGE, _HUGE))
    small = bytearray(data)
    struct.pack_into(">II", small, at + 22, 1, 1)
    _limited(bytes(small), description)
    count = 16384
    siz = data[at + 4 : at + 38] + count.to_bytes(2, "big") + b"\x07\x01\x01" * count
    many = data[:at] + b"\xff\x51" + (len(siz) + 2).to_bytes(2, "big") + siz + data[at + 43 :]
    _limited(many, description)
    _limited(many, _description("JPEG2000Lossless", 8, samples=3))


def test_jpeg_of_endless_scans():
    data, description = _stream("JPEGFullProgressionNonHierarchical1012")
    first = data.index(b"\xff\xda")
    scan = data[first : first + 10] + b"\0"
    _limited(data[:-2] + scan * 80_000 + b"\xff\xd9", description)
    _limited(data[:first] + scan * 80_000 + b"\xff\xd9", description)
    wide = _of_size("JPEGFull", data[:first] + scan * 400 + bytes(60_000) + b"\xff\xd9", 8000, 8000)
    _limited(wide, _description("JPEGFullProgressionNonHierarchical1012", 8, 8000, 8000))


def test_jpeg_of_endless_segments():
    data, description = _stream("JPEGBaseline8Bit")
    _limited(data[:2] + b"\xff\xe0\0\x02" * 2_000_000 + data[2:], description)


def _rle(segments, offsets, body):
    return struct.pack("<16I", segments, *offsets, *[0] * (15 - len(offsets))) + body


@pytest.mark.parametrize(
    ("segments", "offsets"),
    [
        (16, [64] * 15), (0, []), (3, [64, 70, 80]), (1, [64]), (2, [64, 64]), (2, [80, 64]), (2, [64, 60]),
        (2, [0, 64]),
        (2, [64, 4_000_000_000]), (2, [4_000_000_000, 4_000_000_001]), (2, [63, 80]), (0xFFFFFFFF, [64, 80]),
    ],
)  # fmt: skip
def test_rle_segments(segments, offsets):
    body = b"\x81\0" * 40
    description = _description("RLELossless", 16, 64, 64)
    good = _rle(2, [64, 144], body + body)
    assert _decode(good, description) is not None
    assert _decode(_rle(segments, offsets, body + body), description) is None


def test_rle_that_ends_inside():
    description = _description("RLELossless", 8, 1, 10)
    for body in (b"\x09" + bytes(9), b"\xf8", b"\xf8\1", b"\x80" * 500, b"", b"\x04abcde\x04abcd"):
        assert _decode(_rle(1, [64], body), description) is None, body
    long = codec_of("RLELossless").decode_frame(_rle(1, [64], b"\xf7\1\xf7\1"), description, 0)
    assert [finding.code for finding in long.findings] == ["rle-segment"]
    assert (long.samples == 1).all()


def test_deflate_bombs():
    keyword = "DeflatedImageFrameCompression"

    def deflated(count):
        deflater = zlib.compressobj(9, wbits=-15)
        return deflater.compress(bytes(count)) + deflater.flush()

    description = _description(keyword, 8, 20, 24)
    _limited(deflated(200 << 20), description, megabytes=1)
    assert _decode(deflated(480), description) is not None
    for count in (0, 1, 479, 481, 482, 2000):
        assert _decode(deflated(count), description) is None, count


def test_decoders_that_hide_damage_are_not_asked():
    """OpenJPH answers damage with a picture; the one that is used does not."""
    data, description = _stream("HTJ2KLossless")
    half = data[: len(data) // 2] + bytes(20) + b"\xff\xd9"
    assert _decode(half, description) is None
    lossless, description = _stream("JPEGLosslessSV1")
    assert imagecodecs.jpeg8_decode(lossless[: len(lossless) * 3 // 4]).shape == (20, 24)  # without a word
    assert _decode(lossless[: len(lossless) * 3 // 4], description) is None


def test_an_animation_is_refused_before_it_is_decoded():
    for shape in ((3, 16, 16), (2, 300, 40)):
        stream = bytes(imagecodecs.jpegxl_encode(np.zeros(shape, np.uint8), photometric="gray", usecontainer=False))
        with pytest.raises(CodecError, match="animation"):
            codec_of("JPEGXL").decode_frame(stream, _description("JPEGXL", 8, *shape[1:]), 0)
