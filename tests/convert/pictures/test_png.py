"""Every PNG, against Pillow and libpng; made by hand, with every filter."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filmless.convert.options import ReadOptions
from filmless.convert.pictures.png_chunks import PngHeader, parse_png
from filmless.convert.pictures.png_samples import coded_samples
from filmless.errors import ConversionError, DicomError, LimitError

_KINDS = [
    *((0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16)),
    *((3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)),
]
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _coded(colour_type, depth, rng, shape=(13, 11)):
    samples = rng.integers(0, 1 << depth, (*shape, _SAMPLES[colour_type]))
    if colour_type in (4, 6):
        samples[..., -1] = (1 << depth) - 1
    return samples[..., 0] if samples.shape[2] == 1 else samples


def _palette(png, depth, rng):
    entries = rng.integers(0, 256, (1 << depth, 3), dtype=np.uint8)
    return entries, png.chunk(b"PLTE", entries.tobytes())


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour_type", "depth"), _KINDS)
def test_every_kind(colour_type, depth, interlaced, png, rng, reading):
    coded = _coded(colour_type, depth, rng)
    entries, chunk = _palette(png, depth, rng) if colour_type == 3 else (None, b"")
    data = png(coded, depth, colour_type, interlaced=interlaced, before=chunk)
    found = reading(data)
    expected = coded if entries is None else entries[coded]
    if depth < 8 and colour_type == 0:
        expected = coded * 255 // ((1 << depth) - 1)
    if colour_type in (4, 6):
        expected = coded[..., 0] if colour_type == 4 else coded[..., :3]
    np.testing.assert_array_equal(found.samples, expected.astype(np.uint16 if depth == 16 else np.uint8), strict=True)
    assert found.codes == []
    if depth == 16:
        theirs = imagecodecs.png_decode(data)
        theirs = theirs if colour_type in (0, 2) else theirs[..., :-1].squeeze()
    else:
        theirs = np.asarray(Image.open(io.BytesIO(data)).convert("RGB" if found.picture.samples == 3 else "L"))
    np.testing.assert_array_equal(found.samples, theirs)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (4, 4), (8, 8), (9, 17)])
def test_interlace_of_any_size(shape, png, rng, reading):
    for depth in (1, 8):
        coded = _coded(0, depth, rng, shape)
        expected = coded * (255 if depth == 1 else 1)
        np.testing.assert_array_equal(reading(png(coded, depth, 0, interlaced=True)).samples, expected)


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from(_KINDS), st.integers(0, 1 << 30))
def test_the_core_equals_the_plain_way(png, rows, columns, kind, seed):
    """Inflated by zlib, unfiltered a byte at a time, unpacked a sample at a time."""
    colour_type, depth = kind
    coded = _coded(colour_type, depth, np.random.default_rng(seed), (rows, columns))
    header = PngHeader(columns, rows, depth, colour_type, False)
    data = png(coded, depth, colour_type)
    fast = coded_samples(header, columns, rows, parse_png(data, ReadOptions()).parts)
    raw = zlib.decompress(b"".join(map(bytes, parse_png(data, ReadOptions()).parts)))
    row, above, values = header.row_bytes(columns), bytes(header.row_bytes(columns)), []
    for start in range(0, len(raw), row + 1):
        here = bytearray()
        for at, byte in enumerate(raw[start + 1 : start + 1 + row]):
            left, corner = (here[at - header.step], above[at - header.step]) if at >= header.step else (0, 0)
            up = above[at]
            near = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            here.append((byte + (0, left, up, (left + up) // 2, near)[raw[start]]) & 255)
        above = bytes(here)
        number = int.from_bytes(here, "big")
        used = columns * header.samples * depth
        values += [number >> (row * 8 - at - depth) & ((1 << depth) - 1) for at in range(0, used, depth)]
    assert fast.reshape(-1).tolist() == values == coded.reshape(-1).tolist()


@pytest.mark.parametrize("interlaced", [False, True])
def test_transparent_keys_and_palettes(interlaced, png, rng, reading):
    colours = rng.integers(0, 256, (6, 7, 3))
    colours[2, 3] = key = (1, 2, 3)
    before = png.chunk(b"tRNS", struct.pack(">HHH", *key))
    found = reading(png(colours, 8, 2, before=before, interlaced=interlaced), background=(9, 8, 7))
    assert found.codes == ["alpha"]
    expected = colours.copy()
    expected[2, 3] = (9, 8, 7)
    np.testing.assert_array_equal(found.samples, expected)
    two_bits = rng.integers(0, 4, (6, 7))
    found = reading(png(two_bits, 2, 0, before=png.chunk(b"tRNS", b"\0\2")), background=7)
    np.testing.assert_array_equal(found.samples, np.where(two_bits == 2, 7, two_bits * 85))
    entries, chunk = _palette(png, 2, rng)
    data = png(two_bits, 2, 3, before=chunk + png.chunk(b"tRNS", b"\xff\x00"))
    expected = entries[two_bits]
    expected[two_bits == 1] = 255
    np.testing.assert_array_equal(reading(data).samples, expected)


def test_palettes_of_grey_are_grey_and_short_ones_are_told(png, rng, reading):
    indices = rng.integers(0, 4, (6, 7))
    greys = np.array([[9, 9, 9], [0, 0, 0], [255, 255, 255], [7, 7, 7]], np.uint8)
    found = reading(png(indices, 2, 3, before=png.chunk(b"PLTE", greys.tobytes())))
    np.testing.assert_array_equal(found.samples, greys[indices][..., 0])
    found = reading(png(indices, 2, 3, before=png.chunk(b"PLTE", greys[:3].tobytes())))
    assert found.codes == ["palette-short"]
    assert (found.samples[indices == 3] == 0).all()
    for palette in (b"", b"1234", bytes(769)):
        with pytest.raises(ConversionError, match="palette"):
            reading(png(indices, 2, 3, before=png.chunk(b"PLTE", palette)))


def test_resolution_profile_and_gamma(png, rng, reading):
    before = png.chunk(b"pHYs", struct.pack(">IIB", 11811, 5905, 1)) + png.chunk(b"gAMA", struct.pack(">I", 45455))
    resolution = reading(png(_coded(0, 8, rng), 8, 0, before=before)).picture.resolution
    assert (round(resolution.x), round(resolution.y), resolution.absolute) == (300, 150, True)
    before = png.chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
    assert not reading(png(_coded(0, 8, rng), 8, 0, before=before)).picture.resolution.absolute
    bomb = png.chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 26), 9))
    assert reading(png(_coded(2, 8, rng), 8, 2, before=bomb)).codes == ["icc-dropped"]
    broken = png.chunk(b"iCCP", b"x\0\0broken")
    assert reading(png(_coded(2, 8, rng), 8, 2, before=broken)).codes == ["icc-dropped"]


def test_data_in_many_chunks(png, rng, reading):
    coded = _coded(2, 16, rng)
    np.testing.assert_array_equal(reading(png(coded, 16, 2, cut=3)).samples, coded)


def test_more_data_than_pixels_is_read(png, rng, reading):
    coded = _coded(0, 8, rng)
    body = zlib.compress(zlib.decompress(png.image_data(coded, 8, 0)) + b"more")
    header = png.chunk(b"IHDR", struct.pack(">IIBBBBB", 11, 13, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + png.chunk(b"IDAT", body) + png.chunk(b"IEND")
    np.testing.assert_array_equal(reading(data).samples, coded)


def test_damage_of_what_is_needed_and_of_what_is_not(png, rng, reading):
    coded = _coded(0, 8, rng)
    data = png(coded, 8, 0, before=png.chunk(b"tEXt", b"a\0b"))
    at = data.index(b"tEXt") + 4
    found = reading(data[:at] + b"X" + data[at + 1 :])
    assert found.codes == ["damaged-chunk"]
    np.testing.assert_array_equal(found.samples, coded)
    for name in (b"IHDR", b"IDAT"):
        at = data.index(name) + 6
        with pytest.raises(ConversionError, match=r"checksum|header"):
            reading(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert reading(data + b"more").codes == ["trailing-bytes"]
    assert reading(data[:-12]).codes == ["ends-early"]
    with pytest.raises(ConversionError, match="unknown or misplaced"):
        reading(png(coded, 8, 0, before=png.chunk(b"CgBI", b"0000")))


@pytest.mark.parametrize(
    "header",
    [(0, 1, 8, 0, 0, 0, 0), (1, 1, 3, 0, 0, 0, 0), (1, 1, 4, 2, 0, 0, 0), (1, 1, 16, 3, 0, 0, 0), (1, 1, 8, 5, 0, 0, 0),
     (1, 1, 8, 0, 1, 0, 0), (1, 1, 8, 0, 0, 1, 0), (1, 1, 8, 0, 0, 0, 2)],
)  # fmt: skip
def test_headers_that_cannot_be(header, png, reading):
    body = png.chunk(b"IHDR", struct.pack(">IIBBBBB", *header)) + png.chunk(b"IDAT", zlib.compress(bytes(99)))
    with pytest.raises(ConversionError):
        reading(b"\x89PNG\r\n\x1a\n" + body + png.chunk(b"IEND"))


def test_rows_of_no_filter(png, reading):
    body = png.chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0)) + png.chunk(b"IDAT", zlib.compress(b"\5ab"))
    with pytest.raises(ConversionError, match="filter"):
        reading(b"\x89PNG\r\n\x1a\n" + body + png.chunk(b"IEND"))


def test_floods_of_chunks(png, rng, reading, monkeypatch):
    monkeypatch.setattr("filmless.convert.pictures.png_chunks._MAX_CHUNKS", 9)
    with pytest.raises(LimitError, match="chunks"):
        reading(png(_coded(0, 8, rng), 8, 0, before=png.chunk(b"tEXt") * 9))


@pytest.mark.parametrize(("colour_type", "depth"), _KINDS)
def test_every_truncation(colour_type, depth, png, rng, reading):
    chunk = _palette(png, depth, rng)[1] if colour_type == 3 else b""
    data = png(_coded(colour_type, depth, rng, (4, 5)), depth, colour_type, before=chunk, interlaced=depth == 4)
    for size in range(len(data) - 16):
        with pytest.raises(ConversionError):
            reading(data[:size])


@given(st.data())
def test_damage(png, reading, data):
    colour_type, depth = data.draw(st.sampled_from(_KINDS))
    coded = _coded(colour_type, depth, np.random.default_rng(1), (4, 5))
    whole = bytearray(png(coded, depth, colour_type, before=png.chunk(b"PLTE", bytes(9))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    # What the checksums say is passed over: the damage has to be found by what is behind them.
    fixed, position = bytes(whole[:8]), 8
    while position + 12 <= len(whole):
        size = int.from_bytes(whole[position : position + 4], "big")
        fixed += png.chunk(bytes(whole[position + 4 : position + 8]), bytes(whole[position + 8 : position + 8 + size]))
        position += 12 + size
    for damaged in (bytes(whole), fixed):
        try:
            found = reading(damaged, max_pixels=1 << 16)
        except DicomError:
            continue
        assert found.picture.rows * found.picture.columns <= 1 << 16
