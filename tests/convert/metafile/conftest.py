"""A tiny writer of EMF and WMF, whose device has a pixel for each pixel of the picture; and files of other programs."""

import struct
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from filmless.convert.metafile import MetafileOptions, read_metafile


def _record(kind: int, layout: str = "", *numbers, tail: bytes = b"") -> bytes:
    body = struct.pack("<" + layout, *numbers) + tail
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, 8 + len(body)) + body


def _page(*records: bytes, columns: int = 40, rows: int = 30, end: bool = True, frame=None) -> bytes:
    """An EMF of that many pixels: a device of 1 pixel a millimetre."""
    tail = b"".join(records) + (_record(14, "III", 0, 16, 20) if end else b"")
    head = struct.pack("<4i", 0, 0, columns - 1, rows - 1)
    head += struct.pack("<4i", *(frame or (0, 0, 100 * columns, 100 * rows))) + b" EMF"
    head += struct.pack("<IIIHHIII", 0x10000, 108 + len(tail), len(records) + 2, 8, 0, 0, 0, 0)
    head += struct.pack("<iiii", 1000, 1000, 1000, 1000)
    return _record(1, tail=head.ljust(100, b"\0")) + tail


def _draw(*records: bytes, **page) -> np.ndarray:
    options = page.pop("options", {})
    data = _page(*records, **page)
    drawing = read_metafile(data, MetafileOptions(dpi=25.4, **options))
    assert drawing.bitmap is None
    assert drawing.rgb is not None
    return drawing.rgb


def _poly(kind: int, points, *, short: bool = False) -> bytes:
    flat = [number for point in points for number in point]
    return _record(kind, f"4iI{len(flat)}{'h' if short else 'i'}", 0, 0, 0, 0, len(points), *flat)


def _poly_poly(kind: int, figures, *, short: bool = False) -> bytes:
    flat = [number for figure in figures for point in figure for number in point]
    counts = [len(figure) for figure in figures]
    layout = f"4iII{len(counts)}I{len(flat)}{'h' if short else 'i'}"
    return _record(kind, layout, 0, 0, 0, 0, len(counts), sum(counts), *counts, *flat)


def _pen(colour: int = 0, *, width: int = 0, style: int = 0, number: int = 1) -> bytes:
    return _record(38, "IIiiI", number, style, width, 0, colour) + _record(37, "I", number)


def _wide_pen(colour: int = 0, *, width: int = 1, style: int = 0x10000, dashes=(), brush: int = 0) -> bytes:
    fixed = (3, 0, 0, 0, 0, style, width, brush, colour, 0, len(dashes))
    return _record(95, f"11I{len(dashes)}I", *fixed, *dashes) + _record(37, "I", 3)


def _brush(colour: int = 0, *, style: int = 0, hatch: int = 0, number: int = 2) -> bytes:
    return _record(39, "IIII", number, style, colour, hatch) + _record(37, "I", number)


def _stock(number: int) -> bytes:
    return _record(37, "I", 0x8000_0000 | number)


def _dib(pixels: np.ndarray, *, top_down: bool = False) -> tuple[bytes, bytes]:
    """Header and bits of a bitmap: bool becomes 1 bit of black and white, (rows, columns, 3) 24 bits."""
    rows, columns = pixels.shape[:2]
    lines = pixels if top_down else pixels[::-1]
    if pixels.dtype == bool:
        depth, table = 1, bytes(4) + b"\xff\xff\xff\0"
        raw = [np.packbits(line).tobytes() for line in lines]
    else:
        depth, table = 8 * pixels.shape[2], b""
        raw = [line[..., [2, 1, 0, 3][: pixels.shape[2]]].tobytes() for line in lines]
    bits = b"".join(line + b"\0" * (-len(line) % 4) for line in raw)
    height = -rows if top_down else rows
    return struct.pack("<IiiHHIIiiII", 40, columns, height, 1, depth, 0, len(bits), 0, 0, 0, 0) + table, bits


def _blit(kind: int, pixels, box, source=None, *, rop: int = 0xCC0020, matrix=(1, 0, 0, 1, 0, 0), **dib) -> bytes:
    """BITBLT, STRETCHBLT, ALPHABLEND, TRANSPARENTBLT; without pixels a pattern's."""
    header, bits = _dib(pixels, **dib) if pixels is not None else (b"", b"")
    sx, sy, *size = source or (0, 0, *(pixels.shape[1::-1] if pixels is not None else (0, 0)))
    fixed = 100 if kind == 76 else 108
    where = (fixed, len(header), fixed + len(header), len(bits)) if pixels is not None else (0, 0, 0, 0)
    body = struct.pack("<4i4iIii6fII4I", 0, 0, 0, 0, *box, rop, sx, sy, *matrix, 0, 0, *where)
    body += struct.pack("<ii", *size) if kind != 76 else b""
    return _record(kind, tail=body + header + bits)


def _stretch_dib(pixels, box, source=None, *, rop: int = 0xCC0020, **dib) -> bytes:
    header, bits = _dib(pixels, **dib)
    source = source or (0, 0, pixels.shape[1], pixels.shape[0])
    where = (80, len(header), 80 + len(header), len(bits))
    fixed = (0, 0, 0, 0, box[0], box[1], *source, *where, 0, rop, box[2], box[3])
    return _record(81, "4iii4i4IIIii", *fixed, tail=header + bits)


def _font(
    *, height: int = -16, face: str = "DejaVu Sans", escapement: int = 0, weight: int = 400, style=b"\0\0\0", charset=0
):
    name = face.encode("utf-16-le").ljust(64, b"\0")[:64]
    body = struct.pack("<Iiiiii", 4, height, 0, escapement, escapement, weight) + style + bytes([charset]) + b"\0" * 4
    return _record(82, tail=(body + name).ljust(320, b"\0")) + _record(37, "I", 4)


def _text(
    text, x: int, y: int, advances=None, *, options: int = 0, box=(0, 0, 0, 0), kind: int = 84, mode: int = 1
) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode("utf-16-le")
    count = len(raw) if kind == 83 else len(raw) // 2
    padded = raw + b"\0" * (-len(raw) % 4)
    at = 76 + len(padded) if advances is not None else 0
    fixed = (0, 0, 0, 0, mode, 1.0, 1.0, x, y, count, 76, options, *box, at)
    tail = padded + (struct.pack(f"<{len(advances)}i", *advances) if advances is not None else b"")
    return _record(kind, "4iIffiiIIIiiiiI", *fixed, tail=tail)


@pytest.fixture(scope="session")
def emf() -> SimpleNamespace:
    return SimpleNamespace(
        record=_record, page=_page, draw=_draw, poly=_poly, poly_poly=_poly_poly, pen=_pen, wide_pen=_wide_pen,
        brush=_brush, stock=_stock, dib=_dib, blit=_blit, stretch_dib=_stretch_dib, font=_font, text=_text,
        no_pen=_stock(8), no_brush=_stock(5),
    )  # fmt: skip


def _wmf_record(function: int, layout: str = "", *numbers, tail: bytes = b"") -> bytes:
    body = struct.pack("<" + layout, *numbers) + tail
    body += b"\0" * (len(body) & 1)
    return struct.pack("<IH", 3 + len(body) // 2, function) + body


def _wmf_page(*records: bytes, columns: int = 40, rows: int = 30, placeable: bool = True, end: bool = True) -> bytes:
    tail = b"".join(records) + (_wmf_record(0) if end else b"")
    place = struct.pack("<IHhhhhHI", 0x9AC6CDD7, 0, 0, 0, columns, rows, 100, 0)
    place += struct.pack("<H", 0)
    head = struct.pack("<HHHIHIH", 1, 9, 0x300, 9 + len(tail) // 2, 10, 1000, 0)
    return (place if placeable else b"") + head + tail


def _wmf_draw(*records: bytes, **page) -> np.ndarray:
    size = max(page.get("columns", 40), page.get("rows", 30))
    drawing = read_metafile(_wmf_page(*records, **page), MetafileOptions(size=size))
    assert drawing.rgb is not None
    return drawing.rgb


@pytest.fixture(scope="session")
def wmf() -> SimpleNamespace:
    return SimpleNamespace(record=_wmf_record, page=_wmf_page, draw=_wmf_draw, dib=_dib)


@pytest.fixture(scope="session")
def ink():
    """The pixels of exactly a colour, black by default, as (left, top, right, bottom) of all and how many they are."""

    def ink(rgb: np.ndarray, colour=(0, 0, 0)) -> tuple[int, int, int, int, int]:
        ys, xs = np.nonzero((rgb == colour).all(axis=2))
        if not len(xs):
            return 0, 0, 0, 0, 0
        return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1, len(xs)

    return ink


@pytest.fixture(scope="session")
def near():
    """Whether a picture's pixels are ink, and how many of them lie within two pixels of another's."""

    def near(first: np.ndarray, second: np.ndarray, threshold: int = 24) -> float:
        a, b = (255 - rgb.min(axis=2) > threshold for rgb in (first, second))
        grown = np.zeros_like(b)
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                if dx * dx + dy * dy <= 5:
                    grown |= np.roll(b, (dy, dx), (0, 1))
        return float((a & grown).sum() / a.sum()) if a.sum() > 100 else 0.0

    return near


@pytest.fixture(scope="session")
def one_bitmap() -> Callable[..., bytes]:
    """Make an EMF of records; `bmp` as STRETCHDIBITS, SETDIBITSTODEVICE, BITBLT or STRETCHBLT."""

    def record(kind: int, body: bytes = b"") -> bytes:
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, 8 + len(body)) + body

    def bitmap(bmp: bytes, kind: int, *, rop: int = 0x00CC0020, left: int = 0, flip: int = 1, usage: int = 0) -> bytes:
        start = struct.unpack_from("<I", bmp, 10)[0]
        header, bits = bmp[14:start], bmp[start:]
        width, height = struct.unpack_from("<ii", header, 4)
        height = abs(height)
        fixed = {76: 100, 77: 108, 80: 76, 81: 80}[kind]
        where = struct.pack("<IIII", fixed, len(header), fixed + len(header), len(bits))
        bounds = struct.pack("<iiii", 0, 0, width - 1, height - 1)
        if kind in (80, 81):
            body = struct.pack("<iiiiii", 0, 0, left, 0, width, height) + where + struct.pack("<I", usage)
            last = (0, height) if kind == 80 else (rop, width * 2 * flip, height * 2)
            body += struct.pack("<II" if kind == 80 else "<Iii", *last)
        else:
            body = struct.pack("<iiiiI", 0, 0, width, height, rop) + struct.pack("<ii", left, 0)
            body += struct.pack("<ffffff", flip, 0, 0, 1, 0, 0) + struct.pack("<II", 0, usage) + where
            body += struct.pack("<ii", width, height) if kind == 77 else b""
        assert 8 + len(bounds + body) == fixed
        return record(kind, bounds + body + header + bits)

    def emf(*records: bytes, end: bool = True) -> bytes:
        tail = b"".join(records) + (record(14, struct.pack("<III", 0, 16, 20)) if end else b"")
        head = struct.pack("<8i", 0, 0, 99, 99, 0, 0, 999, 999) + b" EMF"
        head += struct.pack("<IIIHHIII", 0x10000, 108 + len(tail), len(records) + 2, 1, 0, 0, 0, 0)
        return record(1, head.ljust(100, b"\0")) + tail

    emf.record = record  # type: ignore[attr-defined]
    emf.bitmap = bitmap  # type: ignore[attr-defined]
    return emf
