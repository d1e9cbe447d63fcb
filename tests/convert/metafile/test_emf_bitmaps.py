"""Bitmaps that EMF shows, pixel by pixel."""

import struct

import numpy as np
import pytest

from filmless.convert.metafile import read_metafile
from filmless.errors import ConversionError, LimitError


@pytest.fixture
def pixels(rng) -> np.ndarray:
    return rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)


@pytest.fixture
def dot(emf) -> bytes:
    """Something beside the bitmap: else it would come out bit for bit."""
    return emf.record(15, "iiI", 39, 29, 0)


def test_plain_copies(emf, dot, pixels):
    expected = np.full((30, 40, 3), 255, np.uint8)
    expected[3:9, 5:13], expected[29, 39] = pixels, 0
    for record in (
        emf.blit(76, pixels, (5, 3, 8, 6)),
        emf.blit(77, pixels, (5, 3, 8, 6)),
        emf.stretch_dib(pixels, (5, 3, 8, 6)),
        emf.stretch_dib(pixels, (5, 3, 8, 6), top_down=True),
        emf.record(35, "6f", 1, 0, 0, 1, 5, 3) + emf.blit(76, pixels, (0, 0, 8, 6)),
    ):
        np.testing.assert_array_equal(emf.draw(dot, record), expected)


def test_stretched_mirrored_and_turned(emf, dot, pixels):
    big = pixels.repeat(3, axis=0).repeat(2, axis=1)
    rgb = emf.draw(dot, emf.stretch_dib(pixels, (4, 2, 16, 18)))
    np.testing.assert_array_equal(rgb[2:20, 4:20], big)
    rgb = emf.draw(dot, emf.stretch_dib(pixels, (20, 2, -16, 18)))
    np.testing.assert_array_equal(rgb[2:20, 4:20], big[:, ::-1])
    rgb = emf.draw(dot, emf.stretch_dib(pixels, (4, 20, 16, -18)))
    np.testing.assert_array_equal(rgb[2:20, 4:20], big[::-1])
    rgb = emf.draw(dot, emf.record(35, "6f", 0, 1, -1, 0, 20, 0), emf.blit(76, pixels, (0, 0, 8, 6)))
    np.testing.assert_array_equal(rgb[:8, 14:20], np.rot90(pixels, -1))


def test_parts(emf, dot, pixels):
    rgb = emf.draw(dot, emf.blit(77, pixels, (0, 0, 3, 2), (2, 1, 3, 2)))
    np.testing.assert_array_equal(rgb[:2, :3], pixels[1:3, 2:5])
    rgb = emf.draw(dot, emf.stretch_dib(pixels, (0, 0, 3, 2), (2, 1, 3, 2)))
    np.testing.assert_array_equal(rgb[:2, :3], pixels[3:5, 2:5])  # counted from the lowest row
    rgb = emf.draw(dot, emf.stretch_dib(pixels, (0, 0, 3, 2), (2, 1, 3, 2), top_down=True))
    np.testing.assert_array_equal(rgb[:2, :3], pixels[1:3, 2:5])
    rgb = emf.draw(dot, emf.blit(76, pixels, (4, 4, 8, 6), matrix=(1, 0, 0, 1, 2, 0)))
    np.testing.assert_array_equal(rgb[4:10, 4:10], pixels[:, 2:])
    assert (rgb[4:10, 10:12] == 255).all()  # beyond the bitmap is nothing
    with pytest.raises(ConversionError, match="EMR_BITBLT: a turned source"):
        emf.draw(dot, emf.blit(76, pixels, (4, 4, 8, 6), matrix=(1, 1, 0, 1, 0, 0)))


def test_pixels_of_the_device(emf, dot, pixels):
    header, bits = emf.dib(pixels)

    def record(source, first: int, lines: int, data: bytes) -> bytes:
        where = (76, len(header), 76 + len(header), len(data))
        return emf.record(80, "4iii4i4IIII", 0, 0, 0, 0, 5, 3, *source, *where, 0, first, lines, tail=header + data)

    rgb = emf.draw(dot, record((0, 0, 8, 6), 0, 6, bits))
    np.testing.assert_array_equal(rgb[3:9, 5:13], pixels)
    rgb = emf.draw(dot, record((2, 1, 3, 2), 0, 6, bits))
    np.testing.assert_array_equal(rgb[3:5, 5:8], pixels[3:5, 2:5])
    rgb = emf.draw(dot, record((0, 0, 8, 6), 0, 2, bits[: 2 * 24]))  # only the two lowest rows
    np.testing.assert_array_equal(rgb[7:9, 5:13], pixels[4:])
    assert (rgb[3:7, 5:13] == 255).all()
    grown = emf.record(17, "I", 8), emf.record(9, "ii", 20, 15), emf.record(11, "ii", 40, 30)
    rgb = emf.draw(dot, *grown, record((0, 0, 8, 6), 0, 6, bits))
    np.testing.assert_array_equal(rgb[6:12, 10:18], pixels)  # the place is mapped, the size is not


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_palettes(depth, emf, dot, rng):
    indices = rng.integers(0, 1 << depth, (5, 11))
    table = rng.integers(0, 256, (1 << depth, 4), dtype=np.uint8)
    bits = b""
    for row in indices[::-1]:
        if depth == 1:
            line = np.packbits(row.astype(bool)).tobytes()
        elif depth == 4:
            line = bytes(a << 4 | b for a, b in zip(row[::2], [*row[1::2], 0], strict=True))
        else:
            line = row.astype(np.uint8).tobytes()
        bits += line + b"\0" * (-len(line) % 4)
    header = struct.pack("<IiiHHIIiiII", 40, 11, 5, 1, depth, 0, len(bits), 0, 0, 0, 0) + table.tobytes()
    where = (80, len(header), 80 + len(header), len(bits))
    record = emf.record(
        81, "4iii4i4IIIii", 0, 0, 0, 0, 0, 0, 0, 0, 11, 5, *where, 0, 0xCC0020, 11, 5, tail=header + bits
    )
    np.testing.assert_array_equal(emf.draw(dot, record)[:5, :11], table[indices][..., 2::-1])


def test_deep_runs_and_old_headers(emf, dot, rng):
    def show(header: bytes, bits: bytes, columns: int, rows: int) -> np.ndarray:
        where = (80, len(header), 80 + len(header), len(bits))
        fixed = (0, 0, 0, 0, 0, 0, 0, 0, columns, rows, *where, 0, 0xCC0020, columns, rows)
        return emf.draw(dot, emf.record(81, "4iii4i4IIIii", *fixed, tail=header + bits))[:rows, :columns]

    def header(columns: int, rows: int, depth: int, compression: int, tail: bytes = b"") -> bytes:
        return struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, depth, compression, 0, 0, 0, 0, 0) + tail

    words = np.array([[0x7C00, 0x03E0], [0x001F, 0x7FFF]], dtype="<u2").tobytes()
    assert show(header(2, 2, 16, 0), words, 2, 2).tolist() == [[[0, 0, 255], [255] * 3], [[255, 0, 0], [0, 255, 0]]]
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    assert show(header(2, -1, 16, 3, masks), b"\xe0\x07\0\xf8", 2, 1).tolist() == [[[0, 255, 0], [255, 0, 0]]]
    masks = struct.pack("<III", 0xFF, 0xFF00, 0xFF0000)
    assert show(header(1, 1, 32, 3, masks), b"\1\2\3\0", 1, 1).tolist() == [[[1, 2, 3]]]
    assert show(header(1, 1, 32, 0), b"\1\2\3\0", 1, 1).tolist() == [[[3, 2, 1]]]
    greys = b"".join(bytes([value] * 3) + b"\0" for value in range(256))
    runs = show(header(4, 2, 8, 1, greys), b"\4\x09\0\0\0\3\1\2\3\0\1\7\0\1", 4, 2)
    assert runs[..., 0].tolist() == [[1, 2, 3, 7], [9] * 4]
    skip = show(header(4, 2, 8, 1, greys), b"\1\x09\0\2\1\1\2\5\0\1", 4, 2)
    assert skip[..., 0].tolist() == [[0, 0, 5, 5], [9, 0, 0, 0]]
    four = show(header(4, 1, 4, 2, greys[:64]), b"\4\x12\0\1", 4, 1)
    assert four[..., 0].tolist() == [[1, 2, 1, 2]]
    core = struct.pack("<IHHHH", 12, 2, 1, 1, 1) + b"\1\2\3\4\5\6"
    assert show(core, b"\x40\0\0\0", 2, 1).tolist() == [[[3, 2, 1], [6, 5, 4]]]


def test_operations_without_a_bitmap(emf, ink):
    def fill(rop: int, *state: bytes) -> np.ndarray:
        return emf.draw(*state, emf.blit(76, None, (5, 5, 10, 10), rop=rop))

    assert ink(fill(0x00000042)) == (5, 5, 15, 15, 100)
    assert ink(fill(0x00550009)) == (5, 5, 15, 15, 100)
    assert ink(fill(0x00F00021, emf.brush(0x0000FF)), (255, 0, 0)) == (5, 5, 15, 15, 100)
    assert ink(fill(0x005A0049, emf.brush(0x0000FF)), (0, 255, 255)) == (5, 5, 15, 15, 100)
    assert (fill(0x00FF0062) == 255).all()
    with pytest.raises(ConversionError, match="EMR_BITBLT: raster operation 0x00a000c9 is not drawn"):
        fill(0x00A000C9)
    with pytest.raises(ConversionError, match="EMR_BITBLT: it has no bitmap"):
        fill(0x00CC0020)


def test_masks_in_two_operations_let_parts_through(emf, dot, pixels):
    ground = emf.no_pen + emf.brush(0x00FF00) + emf.record(43, "iiii", 0, 0, 40, 30)
    shape = np.zeros((6, 8), bool)
    shape[1:4, 2:7] = True
    expected = np.where(shape[..., None], pixels, (0, 255, 0))
    black = np.where(shape[..., None], pixels, 0).astype(np.uint8)
    white = np.where(shape[..., None], pixels, 255).astype(np.uint8)
    for first, second in (((~shape, 0x8800C6), (black, 0xEE0086)), ((shape, 0xEE0086), (white, 0x8800C6))):
        mask, cover = (emf.stretch_dib(image, (0, 0, 8, 6), rop=rop) for image, rop in (first, second))
        np.testing.assert_array_equal(emf.draw(ground, mask, cover)[:6, :8], expected)
        with pytest.raises(ConversionError, match="EMR_STRETCHDIBITS: raster operation SRC"):
            emf.draw(ground, cover)  # alone it is not what blending makes of it
    soft = np.repeat(np.array([0, 128, 255, 255, 128, 0, 0, 0], np.uint8)[None, :, None], 6, axis=0).repeat(3, axis=2)
    cover = np.where(soft > 0, pixels, 255).astype(np.uint8)
    mask = emf.stretch_dib(soft, (0, 0, 8, 6), rop=0xEE0086)
    rgb = emf.draw(ground, mask, emf.stretch_dib(cover, (0, 0, 8, 6), rop=0x8800C6))[:6, :8]
    np.testing.assert_array_equal(rgb[:, 2:4], pixels[:, 2:4])
    assert (rgb[:, 5:] == (0, 255, 0)).all()
    with pytest.raises(ConversionError, match="EMR_STRETCHDIBITS: "):
        emf.draw(ground, mask, dot)
    with pytest.raises(ConversionError, match="EMR_STRETCHDIBITS: "):
        emf.draw(ground, mask)


def test_operations_of_pure_colours(emf, dot, rng):
    bits = rng.integers(0, 2, (6, 8)).astype(bool)
    other = np.where(bits[..., None], 255, 0)
    for rop, expected in {
        0x00CC0020: other, 0x00330008: 255 - other, 0x008800C6: other, 0x00EE0086: np.full_like(other, 255),
        0x00660046: 255 - other, 0x00BB0226: np.full_like(other, 255), 0x00440328: np.zeros_like(other),
        0x00AA0029: np.full_like(other, 255),
    }.items():  # fmt: skip
        rgb = emf.draw(dot, emf.blit(76, bits, (0, 0, 8, 6), rop=rop))
        np.testing.assert_array_equal(rgb[:6, :8], np.broadcast_to(expected, (6, 8, 3)), err_msg=hex(rop))


def test_alpha(emf, dot):
    bgra = np.zeros((1, 3, 4), np.uint8)
    bgra[0] = [(0, 0, 0, 0), (128, 0, 0, 128), (255, 0, 0, 255)]
    of_pixel = emf.blit(114, bgra, (0, 0, 3, 1), rop=0x01FF0000)
    rgb = emf.draw(dot, of_pixel)[0, :3].astype(int)
    np.testing.assert_allclose(rgb, [(255, 255, 255), (255, 127, 127), (255, 0, 0)], atol=1)
    half = emf.blit(114, bgra[..., :3], (0, 0, 3, 1), rop=0x00800000)
    np.testing.assert_allclose(emf.draw(dot, half)[0, 2].astype(int), (255, 127, 127), atol=1)


def test_a_colour_that_is_left_out(emf, dot, pixels):
    pixels[2, 3] = (10, 20, 30)
    rgb = emf.draw(dot, emf.blit(116, pixels, (0, 0, 8, 6), rop=10 | 20 << 8 | 30 << 16))
    pixels[2, 3] = 255
    np.testing.assert_array_equal(rgb[:6, :8], pixels)


def test_parallelograms_and_masks(emf, dot, pixels, rng):
    header, bits = emf.dib(pixels)
    mask = rng.integers(0, 2, (6, 8)).astype(bool)
    mask_header, mask_bits = emf.dib(mask)
    corners = (20, 0, 20, 8, 14, 0)  # turned by a quarter

    def plg(masked: bool) -> bytes:
        at = 140 + len(header) + len(bits)
        where = (140, len(header), 140 + len(header), len(bits))
        mask_where = (at, len(mask_header), at + len(mask_header), len(mask_bits)) if masked else (0, 0, 0, 0)
        fixed = (0, 0, 0, 0, *corners, 0, 0, 8, 6, 1, 0, 0, 1, 0, 0, 0, 0, *where, 0, 0, 0, *mask_where)
        tail = header + bits + (mask_header + mask_bits if masked else b"")
        return emf.record(79, "4i6i4i6fII4IiiI4I", *fixed, tail=tail)

    turned = emf.draw(dot, plg(masked=False))[:8, 14:20]
    np.testing.assert_array_equal(turned, np.rot90(pixels, -1))
    turned = emf.draw(dot, plg(masked=True))[:8, 14:20]
    np.testing.assert_array_equal(turned, np.rot90(np.where(mask[..., None], pixels, 255), -1))

    def mask_blt(rop: int) -> bytes:
        at = 128 + len(header) + len(bits)
        where = (128, len(header), 128 + len(header), len(bits))
        mask_where = (at, len(mask_header), at + len(mask_header), len(mask_bits))
        fixed = (0, 0, 0, 0, 2, 1, 8, 6, rop, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, *where, 0, 0, 0, *mask_where)
        return emf.record(78, "4i4iIii6fII4IiiI4I", *fixed, tail=header + bits + mask_header + mask_bits)

    rgb = emf.draw(dot, mask_blt(0xAACC0020))[1:7, 2:10]
    np.testing.assert_array_equal(rgb, np.where(mask[..., None], pixels, 255))
    with pytest.raises(ConversionError, match="EMR_MASKBLT: a mask with other"):
        emf.draw(dot, mask_blt(0xCCAA0020))


def test_bitmaps_that_claim_too_much(emf, dot):
    header = struct.pack("<IiiHHIIiiII", 40, 60000, 60000, 1, 8, 1, 0, 0, 0, 0, 0) + bytes(1024)
    where = (80, len(header), 80 + len(header), 4)
    fixed = (0, 0, 0, 0, 0, 0, 0, 0, 60000, 60000, *where, 0, 0xCC0020, 10, 10)
    with pytest.raises(LimitError, match="bitmaps are too large"):
        emf.draw(dot, emf.record(81, "4iii4i4IIIii", *fixed, tail=header + b"\0\1\0\0"))
    for depth, compression, message in ((7, 0, "7 bits"), (8, 5, "compression 5"), (24, 0, "bytes, expected")):
        header = struct.pack("<IiiHHIIiiII", 40, 60, 60, 1, depth, compression, 0, 0, 0, 0, 0) + bytes(1024)
        where = (80, len(header), 80 + len(header), 4)
        fixed = (0, 0, 0, 0, 0, 0, 0, 0, 60, 60, *where, 0, 0xCC0020, 10, 10)
        with pytest.raises(ConversionError, match=f"EMR_STRETCHDIBITS: .*{message}"):
            read_metafile(emf.page(dot, emf.record(81, "4iii4i4IIIii", *fixed, tail=header + b"\0\1\0\0")))
