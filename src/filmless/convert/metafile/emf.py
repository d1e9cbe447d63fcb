"""EMF that wraps one bitmap: its pixels, bit for bit. EMF that draws anything else is refused by name.

MS-EMF 2.3 (records), MS-WMF 2.2.2 (device-independent bitmaps), MS-EMFPLUS 2.3.3.3 (the header's dual flag).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from filmless.errors import ConversionError

__all__ = ["bitmap_of_emf"]

_SRCCOPY = 0x00CC_0020

_BITMAP_RECORDS = {
    76: "BITBLT",
    77: "STRETCHBLT",
    80: "SETDIBITSTODEVICE",
    81: "STRETCHDIBITS",
}

# These set up state that does not change what the bitmap's pixels are.
_SILENT = frozenset(
    {9, 10, 11, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 31, 32, 37, 38, 39, 40}  # extents, modes, objects
    | {48, 49, 50, 51, 52, 57, 58, 82, 93, 94, 95, 98, 99, 100, 101, 104, 111, 112, 113, 121, 122}  # palettes, colour
)
_MAPMODE, _INTERSECT_CLIP, _SAVE_DC, _RESTORE_DC = 17, 30, 33, 34
_SET_TRANSFORM, _MODIFY_TRANSFORM, _CLIP_REGION, _LAYOUT, _COMMENT, _EOF = 35, 36, 75, 115, 70, 14
_WINDOW_EXTENT, _VIEWPORT_EXTENT = 9, 11

_NAMES = {
    2: "POLYBEZIER", 3: "POLYGON", 4: "POLYLINE", 5: "POLYBEZIERTO", 6: "POLYLINETO", 7: "POLYPOLYLINE",
    8: "POLYPOLYGON", 15: "SETPIXELV", 26: "OFFSETCLIPRGN", 29: "EXCLUDECLIPRECT", 30: "INTERSECTCLIPRECT",
    41: "ANGLEARC", 42: "ELLIPSE", 43: "RECTANGLE", 44: "ROUNDRECT", 45: "ARC", 46: "CHORD", 47: "PIE",
    53: "EXTFLOODFILL", 54: "LINETO", 55: "ARCTO", 56: "POLYDRAW", 59: "BEGINPATH", 62: "FILLPATH",
    63: "STROKEANDFILLPATH", 64: "STROKEPATH", 67: "SELECTCLIPPATH", 71: "FILLRGN", 72: "FRAMERGN", 73: "INVERTRGN",
    74: "PAINTRGN", 75: "EXTSELECTCLIPRGN", 78: "MASKBLT", 79: "PLGBLT", 83: "EXTTEXTOUTA", 84: "EXTTEXTOUTW",
    85: "POLYBEZIER16", 86: "POLYGON16", 87: "POLYLINE16", 88: "POLYBEZIERTO16", 89: "POLYLINETO16",
    90: "POLYPOLYLINE16", 91: "POLYPOLYGON16", 92: "POLYDRAW16", 96: "POLYTEXTOUTA", 97: "POLYTEXTOUTW",
    108: "SMALLTEXTOUT", 114: "ALPHABLEND", 116: "TRANSPARENTBLT", 118: "GRADIENTFILL",
}  # fmt: skip

_PLAIN_BITS = (1, 4, 8, 16, 24, 32)
_COMPRESSIONS = {0: "RGB", 1: "RLE8", 2: "RLE4", 3: "BITFIELDS"}


@dataclass(slots=True)
class _Place:
    """What decides whether a bitmap is shown upright and whole: the mirroring and clipping in force."""

    mirrored: bool = False
    clip: tuple[int, int, int, int] | None = None
    saved: list[tuple[bool, tuple[int, int, int, int] | None]] = field(default_factory=list)


def bitmap_of_emf(data: bytes) -> bytes:
    """Return the one bitmap of an EMF as a BMP file.

    Raises
    ------
    ConversionError
        It is damaged, has no bitmap or more than one, shows it mirrored or in part, or draws anything besides.

    DICOM
    -----
    None: [MS-EMF] 2.3.1 bitmap record types.
    """
    bitmap: bytes | None = None
    place = _Place()
    for kind, record in _records(data):
        if kind in _BITMAP_RECORDS:
            if bitmap is not None:
                raise ConversionError("EMF with more than one bitmap is not converted yet")
            bitmap = _bitmap(kind, record, place)
        else:
            _follow(kind, record, place)
    if bitmap is None:
        raise ConversionError("the EMF holds no bitmap")
    return bitmap


def _records(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Walk the records behind the header, to the end of file record."""
    view, position = memoryview(data), 0
    while position + 8 <= len(view):
        kind, size = struct.unpack_from("<II", view, position)
        if size < 8 or size % 4 or size > len(view) - position:
            raise ConversionError(f"EMF record of {size} bytes exceeds the file: offset {position}")
        if kind == _EOF:
            return
        if position and kind == 1:
            raise ConversionError("EMF has a second header", offset=position)
        if position:
            yield kind, view[position : position + size]
        position += size
    raise ConversionError("the EMF ends before its end of file record")


def _follow(kind: int, record: memoryview, place: _Place) -> None:
    """Keep track of what a record that is no bitmap does; refuse it when it draws."""
    if kind == _COMMENT:
        _check_comment(record)
    elif kind in (_WINDOW_EXTENT, _VIEWPORT_EXTENT):
        x, y = _numbers(record, "ii", 8)
        place.mirrored |= x < 0 or y < 0
        place.clip = None if place.clip is None else (0, 0, 0, 0)  # its measure is another now
    elif kind == _MAPMODE:
        place.mirrored |= _numbers(record, "I", 8)[0] in range(2, 7)  # metric and English modes count upwards
    elif kind in (_SET_TRANSFORM, _MODIFY_TRANSFORM):
        m11, m12, m21, m22 = _numbers(record, "ffff", 8)
        identity = kind == _MODIFY_TRANSFORM and _numbers(record, "I", 32)[0] == 1
        place.mirrored |= not identity and not (m11 > 0 and m22 > 0 and m12 == 0 and m21 == 0)
        place.clip = None if place.clip is None else (0, 0, 0, 0)
    elif kind == _LAYOUT:
        place.mirrored |= _numbers(record, "I", 8)[0] != 0
    elif kind == _INTERSECT_CLIP:
        left, top, right, bottom = _numbers(record, "iiii", 8)
        old = place.clip or (left, top, right, bottom)
        place.clip = max(left, old[0]), max(top, old[1]), min(right, old[2]), min(bottom, old[3])
    elif kind == _CLIP_REGION and _numbers(record, "I", 8)[0] == 0:
        place.clip = None  # back to no region at all
    elif kind == _SAVE_DC:
        place.saved.append((place.mirrored, place.clip))
    elif kind == _RESTORE_DC:
        back = min(-_numbers(record, "i", 8)[0], len(place.saved))
        if back > 0:
            place.mirrored, place.clip = place.saved[-back]
            del place.saved[-back:]
    elif kind not in _SILENT:
        raise ConversionError(f"EMF that draws is not converted yet: record {kind} EMR_{_NAMES.get(kind, 'unknown')}")


def _check_comment(record: memoryview) -> None:
    """EMF+ may be the real drawing; when its header says dual, the EMF records tell all of it too."""
    content = bytes(record[12:28])
    if content[:4] != b"EMF+":
        return
    kind, flags = struct.unpack_from("<HH", content.ljust(16, b"\0"), 4)
    if kind == 0x4001 and not flags & 1:
        raise ConversionError("EMF+ is not converted yet: the file's drawing is in EMF+ records alone")


def _numbers(record: memoryview, layout: str, offset: int) -> tuple[int, ...]:
    if offset + 4 * len(layout) > len(record):
        raise ConversionError(f"EMF record of {len(record)} bytes is too short for its kind")
    return struct.unpack_from("<" + layout, record, offset)


def _bitmap(kind: int, record: memoryview, place: _Place) -> bytes:
    """Take the bitmap of a record, when the record shows all of it, upright and as it is."""
    name = _BITMAP_RECORDS[kind]
    x, y = _numbers(record, "ii", 24)
    if kind in (80, 81):
        source = _numbers(record, "iiii", 32)
        where, usage = _numbers(record, "IIII", 48), _numbers(record, "I", 64)[0]
        operation = _SRCCOPY if kind == 80 else _numbers(record, "I", 68)[0]
        size = source[2:] if kind == 80 else _numbers(record, "ii", 72)
    else:
        size = _numbers(record, "ii", 32)
        operation = _numbers(record, "I", 40)[0]
        left, top, m11, m12, m21, m22 = _numbers(record, "iiffff", 44)
        usage, where = _numbers(record, "I", 80)[0], _numbers(record, "IIII", 84)
        source = (left, top, *(_numbers(record, "ii", 100) if kind == 77 else size))
        place.mirrored |= not (m11 > 0 and m22 > 0 and m12 == 0 and m21 == 0)
    if where[3] == 0 or operation != _SRCCOPY:
        raise ConversionError(f"EMF that draws is not converted yet: EMR_{name} is no plain copy of a bitmap")
    if usage != 0:
        raise ConversionError(f"EMF bitmap with colours of the device's palette is not converted yet: EMR_{name}")
    columns, rows, file = _bmp_file(record, where)
    if place.mirrored or (size[0] < 0) != (source[2] < 0) or (size[1] < 0) != (source[3] < 0):
        raise ConversionError(f"EMF with a mirrored or turned bitmap is not converted yet: EMR_{name}")
    if (source[0], source[1], abs(source[2]), abs(source[3])) != (0, 0, columns, rows):
        raise ConversionError(f"EMF that shows a part of its bitmap is not converted yet: EMR_{name}")
    if kind == 80:
        first, lines = _numbers(record, "II", 68)
        if (first, lines) != (0, rows):
            raise ConversionError(f"EMF that shows a part of its bitmap is not converted yet: EMR_{name}")
    _check_clip(place, x, y, size)
    return file


def _check_clip(place: _Place, x: int, y: int, size: tuple[int, ...]) -> None:
    if place.clip is None:
        return
    left, top, right, bottom = place.clip
    # The edges of a clip lie on either side of a pixel, by who wrote it: one unit is no part of a picture.
    if not (left <= x and top <= y and right + 1 >= x + abs(size[0]) and bottom + 1 >= y + abs(size[1])):
        raise ConversionError("EMF that shows a part of its bitmap is not converted yet: EMR_INTERSECTCLIPRECT")


def _bmp_file(record: memoryview, where: tuple[int, ...]) -> tuple[int, int, bytes]:
    """Columns, rows and the bitmap as a BMP file: header and bits as they are, behind a file header."""
    header_at, header_size, bits_at, bits_size = where
    if header_at + header_size > len(record) or bits_at + bits_size > len(record) or header_size < 40:
        raise ConversionError("EMF bitmap lies outside of its record or has no whole header")
    header, bits = bytes(record[header_at : header_at + header_size]), record[bits_at : bits_at + bits_size]
    size, columns, rows, _, depth, compression = struct.unpack_from("<IiiHHI", header)
    if not 40 <= size <= header_size or depth not in _PLAIN_BITS or compression not in _COMPRESSIONS:
        raise ConversionError(f"EMF bitmap of {depth} bits and compression {compression} is not converted yet")
    if columns <= 0 or rows == 0:
        raise ConversionError(f"EMF bitmap has {columns} x {rows} pixels")
    stride = (columns * depth + 31) // 32 * 4
    if compression in (0, 3) and stride * abs(rows) > bits_size:
        raise ConversionError(f"EMF bitmap has {bits_size} bytes, expected {stride * abs(rows)}")
    offset = 14 + header_size
    return columns, abs(rows), struct.pack("<2sIHHI", b"BM", offset + len(bits), 0, 0, offset) + header + bits
