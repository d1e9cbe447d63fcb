"""BMP of every depth and way to store it, against Pillow where it reads them."""

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image

from filmless.errors import ConversionError, DicomError


def _bmp(body, columns, rows, depth, *, compression=0, palette=b"", masks=(), colours=0, top_down=False, header=40):
    if header == 12:
        information = struct.pack("<IHHHH", 12, columns, rows, 1, depth)
    else:
        height = -rows if top_down else rows
        information = struct.pack(
            "<IiiHHIIiiII", header, columns, height, 1, depth, compression, 0, 2835, 2835, colours, 0
        )
        information += b"".join(struct.pack("<I", mask) for mask in masks)
        information = information.ljust(header, b"\0")
    start = 14 + len(information) + len(palette)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + information + palette + body


def _rows(samples, depth, *, top_down=False):
    """Rows of numbers as bytes, padded to four."""
    out = b""
    for row in samples if top_down else samples[::-1]:
        if depth >= 8:
            line = b"".join(int(value).to_bytes(depth // 8, "little") for value in row)
        else:
            bits = "".join(f"{value:0{depth}b}" for value in row)
            line = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
        out += line + bytes(-len(line) % 4)
    return out


def _theirs(data, mode="RGB"):
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("depth", [1, 4, 8])
def test_palettes(depth, top_down, rng, reading):
    indices = rng.integers(0, 1 << depth, (5, 11))
    entries = rng.integers(0, 256, (1 << depth, 4), dtype=np.uint8)
    data = _bmp(_rows(indices, depth, top_down=top_down), 11, 5, depth, palette=entries.tobytes(), top_down=top_down)
    found = reading(data)
    np.testing.assert_array_equal(found.samples, entries[indices][..., 2::-1])
    np.testing.assert_array_equal(found.samples, _theirs(data))
    assert round(found.picture.resolution.x) == 72


def test_grey_palettes_short_ones_and_os_2(rng, reading):
    indices = rng.integers(0, 3, (5, 11))
    greys = np.array([[0, 0, 0, 0], [9, 9, 9, 0], [255, 255, 255, 0]], np.uint8)
    data = _bmp(_rows(indices, 8), 11, 5, 8, palette=greys.tobytes(), colours=3)
    np.testing.assert_array_equal(reading(data).samples, greys[indices][..., 0])
    data = _bmp(_rows(indices + 1, 8), 11, 5, 8, palette=greys.tobytes(), colours=3)
    found = reading(data)
    assert found.codes == ["palette-short"]
    assert (found.samples[indices == 2] == 0).all()
    entries = rng.integers(0, 256, (256, 3), dtype=np.uint8)
    data = _bmp(_rows(indices, 8), 11, 5, 8, palette=entries.tobytes(), header=12)
    np.testing.assert_array_equal(reading(data).samples, entries[indices][..., ::-1])
    np.testing.assert_array_equal(reading(data).samples, _theirs(data))


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize(
    ("depth", "masks", "pillow"),
    [
        (16, (), True),
        (16, (0xF800, 0x07E0, 0x001F), True),
        (16, (0x7C00, 0x03E0, 0x001F), True),
        (16, (0x0F00, 0x00F0, 0x000F), False),
        (24, (), True),
        (32, (), True),
        (32, (0xFF0000, 0xFF00, 0xFF), True),
        (32, (0xFF, 0xFF00, 0xFF0000), False),
        (32, (0x3FF00000, 0x000FFC00, 0x000003FF), False),
    ],
)
def test_fields_of_bits(depth, masks, pillow, top_down, rng, reading):
    pixels = rng.integers(0, 1 << depth, (5, 7))
    body = _rows(pixels, depth, top_down=top_down)
    data = _bmp(
        body,
        7,
        5,
        depth,
        compression=3 if masks else 0,
        masks=masks,
        top_down=top_down,
        header=40 + 4 * len(masks) if not masks else 40,
    )
    shown = reading(data).samples
    for at, mask in enumerate(masks or {16: (0x7C00, 0x03E0, 0x1F)}.get(depth, (0xFF0000, 0xFF00, 0xFF))):
        shift = (mask & -mask).bit_length() - 1
        np.testing.assert_array_equal(shown[..., at], ((pixels & mask) >> shift) * 255 // (mask >> shift))
    if pillow:
        np.testing.assert_array_equal(shown, _theirs(data))


def test_alpha(rng, reading):
    pixels = rng.integers(0, 1 << 32, (5, 7), dtype=np.int64)
    pixels[0] |= 0xFF000000
    pixels[1] &= 0x00FFFFFF
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = _bmp(_rows(pixels, 32), 7, 5, 32, compression=3, masks=masks, header=108)
    found = reading(data, background=7)
    theirs = _theirs(data, "RGBA")
    assert found.codes == ["alpha"]
    np.testing.assert_array_equal(found.samples[0], theirs[0, :, :3])
    assert (found.samples[1] == 7).all()


def test_run_lengths(reading):
    palette = bytes(range(64)) * 16
    eight = b"\3\7\0\5\1\2\3\4\5\0\0\0\2\11\0\2\3\1\1\6\0\1"
    expected = [[0, 0, 0, 0, 0, 6, 0, 0], [9, 9, 0, 0, 0, 0, 0, 0], [7, 7, 7, 1, 2, 3, 4, 5]]
    data = _bmp(eight, 8, 3, 8, compression=1, palette=palette)
    entries = np.frombuffer(palette, np.uint8).reshape(-1, 4)[:, 2::-1]
    np.testing.assert_array_equal(reading(data).samples, entries[np.array(expected)])
    four = b"\5\x12\0\3\x34\x50\0\0\x08\x67\0\1"
    expected = [[6, 7, 6, 7, 6, 7, 6, 7], [1, 2, 1, 2, 1, 3, 4, 5]]
    data = _bmp(four, 8, 2, 4, compression=2, palette=palette[:64])
    np.testing.assert_array_equal(reading(data).samples, entries[:16][np.array(expected)])
    np.testing.assert_array_equal(reading(data).samples, _theirs(data))


@pytest.mark.parametrize(
    ("coded", "message"),
    [(b"\3\7", "ends early"), (b"\0\5\1", "ends early"), (b"\0\2\1", "ends early"), (b"\0\0" * 9 + b"\1\1", "leave")],
)
def test_runs_that_cannot_be(coded, message, reading):
    with pytest.raises(ConversionError, match=message):
        reading(_bmp(coded, 8, 3, 8, compression=1, palette=bytes(1024)))


@pytest.mark.parametrize(
    ("depth", "compression", "masks", "header"),
    [
        *((2, 0, (), 40), (24, 1, (), 40), (8, 4, (), 40), (8, 0, (), 20)),
        *((32, 3, (5, 2, 8), 40), (32, 3, (0, 2, 8), 40), (16, 3, (1 << 16, 2, 8), 40)),
    ],
)
def test_what_cannot_be(depth, compression, masks, header, reading):
    data = _bmp(bytes(900), 4, 4, depth, compression=compression, masks=masks, header=max(header, 40))
    if header < 40:
        data = data[:14] + struct.pack("<I", header) + data[18:]
    with pytest.raises(ConversionError):
        reading(data)


def test_truncation_and_damage(photo, reading):
    stream = io.BytesIO()
    photo.quantize(16).save(stream, "BMP")
    data = stream.getvalue()
    for size in range(0, len(data), 13):
        with pytest.raises(ConversionError):
            reading(data[:size])
    chance = random.Random(5)
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(2, 90)] = chance.choice((0, 1, 4, 8, 16, 24, 32, 0x80, 0xFF))
        try:
            found = reading(bytes(damaged), max_pixels=1 << 18)
        except DicomError:
            continue
        assert found.frames.size <= 3 << 18
