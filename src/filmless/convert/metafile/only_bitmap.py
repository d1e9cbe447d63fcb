"""EMF or WMF that wraps one bitmap and shows it whole: its pixels, bit for bit.

MS-EMF 2.3 (records), MS-WMF 2.2.2 (device-independent bitmaps).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from filmless.errors import ConversionError

__all__ = ["only_emf_bitmap", "only_wmf_bitmap"]

_SRCCOPY = 0x00CC_0020
_BIT_BLT, _STRETCH_BLT, _DIB_TO_DEVICE, _STRETCH_DIB = 76, 77, 80, 81

# These set up state that does not change what the bitmap's pixels are.
_SILENT = frozenset(
    {9, 10, 11, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 31, 32, 37, 38, 39, 40}  # extents, modes, objects
    | {48, 49, 50, 51, 52, 57, 58, 82, 93, 94, 95, 98, 99, 100, 101, 104, 111, 112, 113, 121, 122}  # palettes, colour
)
_MAPMODE, _INTERSECT_CLIP, _SAVE_DC, _RESTORE_DC = 17, 30, 33, 34
_SET_TRANSFORM, _MODIFY_TRANSFORM, _CLIP_REGION, _LAYOUT, _COMMENT = 35, 36, 75, 115, 70
_WINDOW_EXTENT, _VIEWPORT_EXTENT = 9, 11
_PLAIN_BITS = (1, 4, 8, 16, 24, 32)
_COMPRESSIONS = (0, 1, 2, 3)


class _NotOnlyABitmap(Exception):  # noqa: N818 - no error: the player takes over
    """The file is damaged or shows anything else, which the player tells or draws."""


@dataclass(slots=True)
class _Place:
    """What decides whether a bitmap is shown upright and whole: the mirroring and clipping in force."""

    mirrored: bool = False
    clip: tuple[int, int, int, int] | None = None
    saved: list[tuple[bool, tuple[int, int, int, int] | None]] = field(default_factory=list)


def only_emf_bitmap(data: bytes, records: Iterable[tuple[int, int, int]], *, max_records: int) -> bytes | None:
    """Return the one bitmap of an EMF as a BMP file; None when it shows it mirrored or in part, or draws anything else.

    Parameters
    ----------
    records
        Number, place and size of each.
    max_records
        Who has more holds no bitmap alone.

    DICOM
    -----
    None: [MS-EMF] 2.3.1 bitmap record types.
    """
    bitmap: bytes | None = None
    place, view = _Place(), memoryview(data)
    try:
        for number, (kind, position, size) in enumerate(records):
            record = view[position : position + size]
            if number >= max_records:
                return None
            if kind in (_BIT_BLT, _STRETCH_BLT, _DIB_TO_DEVICE, _STRETCH_DIB):
                if bitmap is not None:
                    return None
                bitmap = _bitmap(kind, record, place)
            else:
                _follow(kind, record, place)
    except (_NotOnlyABitmap, ConversionError):
        return None
    return bitmap


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
        raise _NotOnlyABitmap


def _check_comment(record: memoryview) -> None:
    """EMF+ is the player's matter, unless its header says that the EMF records tell all of it too."""
    content = bytes(record[12:28])
    if content[:4] == b"EMF+":
        kind, flags = struct.unpack_from("<HH", content.ljust(16, b"\0"), 4)
        if kind == 0x4001 and not flags & 1:
            raise _NotOnlyABitmap


def _numbers(record: memoryview, layout: str, offset: int) -> tuple[int, ...]:
    if offset + 4 * len(layout) > len(record):
        raise _NotOnlyABitmap
    return struct.unpack_from("<" + layout, record, offset)


def _bitmap(kind: int, record: memoryview, place: _Place) -> bytes:
    """Take the bitmap of a record, when the record shows all of it, upright and as it is."""
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
        raise _NotOnlyABitmap
    if usage != 0:
        raise _NotOnlyABitmap
    header_at, header_size, bits_at, bits_size = where
    if header_at + header_size > len(record) or bits_at + bits_size > len(record):
        raise _NotOnlyABitmap
    header, bits = record[header_at : header_at + header_size], record[bits_at : bits_at + bits_size]
    columns, rows, file = _bmp_file(bytes(header), bits)
    if place.mirrored or (size[0] < 0) != (source[2] < 0) or (size[1] < 0) != (source[3] < 0):
        raise _NotOnlyABitmap
    if (source[0], source[1], abs(source[2]), abs(source[3])) != (0, 0, columns, rows):
        raise _NotOnlyABitmap
    if kind == 80:
        first, lines = _numbers(record, "II", 68)
        if (first, lines) != (0, rows):
            raise _NotOnlyABitmap
    _check_clip(place, x, y, size)
    return file


def _check_clip(place: _Place, x: int, y: int, size: tuple[int, ...]) -> None:
    if place.clip is None:
        return
    left, top, right, bottom = place.clip
    # The edges of a clip lie on either side of a pixel, by who wrote it: one unit is no part of a picture.
    if not (left <= x and top <= y and right + 1 >= x + abs(size[0]) and bottom + 1 >= y + abs(size[1])):
        raise _NotOnlyABitmap


def _bmp_file(header: bytes, bits: memoryview) -> tuple[int, int, bytes]:
    """Columns, rows and the bitmap as a BMP file: header and bits as they are, behind a file header."""
    if len(header) < 40:
        raise _NotOnlyABitmap
    size, columns, rows, _, depth, compression = struct.unpack_from("<IiiHHI", header)
    if not 40 <= size <= len(header) or depth not in _PLAIN_BITS or compression not in _COMPRESSIONS:
        raise _NotOnlyABitmap
    if columns <= 0 or rows == 0:
        raise _NotOnlyABitmap
    stride = (columns * depth + 31) // 32 * 4
    if compression in (0, 3) and stride * abs(rows) > len(bits):
        raise _NotOnlyABitmap
    offset = 14 + len(header)
    return columns, abs(rows), struct.pack("<2sIHHI", b"BM", offset + len(bits), 0, 0, offset) + header + bits


# Of WMF: saved states, modes, colours, objects, palettes and words to a printer.
_WMF_SILENT = frozenset(
    {0x001E, 0x0127, 0x0102, 0x0104, 0x0105, 0x0106, 0x0107, 0x0108, 0x012D, 0x012E, 0x01F0, 0x0201, 0x0209, 0x020A}
    | {0x020B, 0x0214, 0x0231, 0x02FA, 0x02FB, 0x02FC, 0x00F7, 0x0234, 0x0035, 0x0626}
)
_WMF_WINDOW_EXTENT, _WMF_MAPMODE = 0x020C, 0x0103
_DIB_BIT_BLT, _DIB_STRETCH_BLT, _WMF_STRETCH_DIB = 0x0940, 0x0B41, 0x0F43


def only_wmf_bitmap(data: bytes, records: Iterable[tuple[int, int, int]], *, max_records: int) -> bytes | None:
    """Return the one bitmap of a WMF as a BMP file; None when it shows it mirrored or in part, or draws anything else.

    Parameters
    ----------
    records
        Number, place and size of each.
    max_records
        Who has more holds no bitmap alone.

    DICOM
    -----
    None: [MS-WMF] 2.3.1 bitmap record types.
    """
    bitmap: bytes | None = None
    view = memoryview(data)
    try:
        for number, (kind, position, size) in enumerate(records):
            record = view[position : position + size]
            if number >= max_records:
                return None
            if kind in (_DIB_BIT_BLT, _DIB_STRETCH_BLT, _WMF_STRETCH_DIB) and bitmap is None:
                bitmap = _wmf_bitmap(kind, record)
            elif kind == _WMF_WINDOW_EXTENT:
                if min(_words(record, "hh", 6)) <= 0:
                    return None
            elif kind == _WMF_MAPMODE:
                if _words(record, "H", 6)[0] not in (1, 7, 8):
                    return None
            elif kind not in _WMF_SILENT:
                return None
    except (_NotOnlyABitmap, ConversionError):
        return None
    return bitmap


def _words(record: memoryview, layout: str, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from("<" + layout, record, offset)
    except struct.error:
        raise _NotOnlyABitmap from None


def _wmf_bitmap(kind: int, record: memoryview) -> bytes:
    """Take the bitmap of a record, when the record shows all of it, upright and as it is; parameters are reversed."""
    usage = 0
    if kind == _WMF_STRETCH_DIB:
        operation, usage, height, width, sy, sx, down, across, _, _ = _words(record, "IHhhhhhhhh", 6)
        at = 28
    elif kind == _DIB_STRETCH_BLT:
        operation, height, width, sy, sx, down, across, _, _ = _words(record, "Ihhhhhhhh", 6)
        at = 26
    else:
        operation, sy, sx, down, across, _, _ = _words(record, "Ihhhhhh", 6)
        height, width, at = down, across, 22
    data = record[at:]
    if operation != _SRCCOPY or usage or len(data) < 40 or min(down, across) <= 0:
        raise _NotOnlyABitmap
    size, _, _, _, depth, compression = struct.unpack_from("<IiiHHI", data)
    (used,) = struct.unpack_from("<I", data, 32)
    table = min(used or 1 << depth, 1 << depth) if depth <= 8 else min(used, 256)
    start = size + (12 if compression == 3 and size == 40 else 0) + 4 * table
    if not 40 <= size <= 124 or start > len(data):
        raise _NotOnlyABitmap
    columns, rows, file = _bmp_file(bytes(data[:start]), data[start:])
    if (sx, sy, width, height) != (0, 0, columns, rows):
        raise _NotOnlyABitmap
    return file
