"""What a TrueType or OpenType font says of itself: names, weight, measures and the letters it has.

OpenType 1.9: name, OS/2, hhea, head, post, cmap formats 4 and 12. Fonts are the system's, but read without trust.
"""

import struct
from bisect import bisect_right
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Coverage", "Face", "read_faces"]

_MAX_FACES = 64
_ARIALS = {"Arimo"}
"""Whose cell for Windows is higher than that of the face they stand for, where another table has that one's."""
_MAX_TABLE = 1 << 24
_MEASURES = frozenset({b"head", b"hhea", b"OS/2", b"post", b"name"})


@dataclass(frozen=True, slots=True)
class Coverage:
    """Code points as ranges: first and last of each, with what becomes of them, and what kind of numbers they are."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    is_symbol: bool = False

    def __contains__(self, code: int) -> bool:
        at = bisect_right(self.starts, code) - 1
        return at >= 0 and code <= self.ends[at]


@dataclass(frozen=True, slots=True)
class Face:
    """A face of a font; lengths in parts of its em."""

    path: Path
    index: int
    family: str
    weight: int
    italic: bool
    width_class: int
    ascent: float
    descent: float
    average_width: float
    underline: tuple[float, float]
    strikeout: tuple[float, float]

    def coverage(self) -> Coverage:
        """Read which letters it has."""
        try:
            with self.path.open("rb") as stream:
                table = _tables(stream, self.index, {b"cmap"}).get(b"cmap", b"")
        except (OSError, struct.error, ValueError):
            table = b""
        return _coverage(table)


def read_faces(path: Path) -> list[Face]:
    """Read the faces of a file; none of one that is damaged or of another kind."""
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
            count = struct.unpack_from(">I", head, 8)[0] if head[:4] == b"ttcf" else 1
            return [_face(path, index, _tables(stream, index, _MEASURES)) for index in range(min(count, _MAX_FACES))]
    except (OSError, struct.error, KeyError, ValueError, IndexError, UnicodeError):
        return []


def _tables(stream: BinaryIO, index: int, wanted: AbstractSet[bytes]) -> dict[bytes, bytes]:
    """Read some tables of a face: fonts of many megabytes are not read as a whole."""
    stream.seek(0)
    start = 0
    if stream.read(4) == b"ttcf":
        stream.seek(12 + 4 * index)
        (start,) = struct.unpack(">I", stream.read(4))
    stream.seek(start)
    version, count = struct.unpack(">4sH6x", stream.read(12))
    if version not in (b"\0\1\0\0", b"OTTO", b"true"):
        raise ValueError("no font")
    directory = stream.read(16 * count)
    tables = {}
    for number in range(count):
        tag, _, offset, size = struct.unpack_from(">4sIII", directory, 16 * number)
        if tag in wanted and size <= _MAX_TABLE:
            stream.seek(offset)
            tables[tag] = stream.read(size)
    return tables


def _face(path: Path, index: int, tables: dict[bytes, bytes]) -> Face:
    em = struct.unpack_from(">H", tables[b"head"], 18)[0] or 1000
    family = _family(tables[b"name"])
    ascent, descent = struct.unpack_from(">hh", tables[b"hhea"], 4)
    weight, italic, width, average, strikeout = 400, False, 5, em // 2, (em // 3, em // 20)
    if len(os2 := tables.get(b"OS/2", b"")) >= 78:
        average, weight, width = struct.unpack_from(">hHH", os2, 2)
        size, at = struct.unpack_from(">hh", os2, 26)
        strikeout = at, size
        italic = bool(struct.unpack_from(">H", os2, 62)[0] & 1)
        high, low = struct.unpack_from(">HH", os2, 74)
        if high + low and family not in _ARIALS:
            ascent, descent = high, -low
    underline = (
        struct.unpack_from(">hh", tables[b"post"], 8) if len(tables.get(b"post", b"")) >= 12 else (-em // 10, em // 20)
    )
    return Face(
        path,
        index,
        family,
        weight,
        italic,
        width,
        ascent / em,
        abs(descent) / em,
        average / em,
        (underline[0] / em, underline[1] / em),
        (strikeout[0] / em, strikeout[1] / em),
    )


def _family(table: bytes) -> str:
    """Return the family's name: the typographic one, which the renderer goes by too, before that of four styles."""
    count, strings = struct.unpack_from(">HH", table, 2)
    names: dict[tuple[int, bool], str] = {}
    for number in range(count):
        platform, _, language, kind, size, offset = struct.unpack_from(">HHHHHH", table, 6 + 12 * number)
        if kind in (1, 16) and platform in (0, 3):
            raw = table[strings + offset : strings + offset + size]
            names.setdefault((kind, language in (0, 0x409)), raw.decode("utf-16-be"))
    names = {key: name for key, name in names.items() if name.isprintable() and not set(name) & set("'\"\\,")}
    for key in ((16, True), (1, True), (16, False), (1, False)):
        if key in names:
            return names[key]
    raise ValueError("no name")


def _coverage(table: bytes) -> Coverage:
    """Read the largest map of Unicode, else that of symbols."""
    best, rank = 0, -1
    order = {(3, 10): 5, (0, 6): 4, (0, 4): 4, (3, 1): 3, (0, 3): 2, (0, 2): 2, (0, 1): 2, (0, 0): 2, (3, 0): 1}
    try:
        is_symbol = False
        for number in range(struct.unpack_from(">H", table, 2)[0]):
            platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * number)
            if order.get((platform, encoding), -1) > rank:
                best, rank, is_symbol = offset, order[platform, encoding], (platform, encoding) == (3, 0)
        ranges = _ranges(table, best) if rank >= 0 else []
    except struct.error:
        ranges = []
    ranges.sort()
    return Coverage(tuple(start for start, _ in ranges), tuple(end for _, end in ranges), is_symbol)


def _ranges(table: bytes, at: int) -> list[tuple[int, int]]:
    kind = struct.unpack_from(">H", table, at)[0]
    if kind == 12:
        count = min(struct.unpack_from(">I", table, at + 12)[0], (len(table) - at) // 12)
        return [struct.unpack_from(">II", table, at + 16 + 12 * number) for number in range(count)]
    if kind != 4:
        return []
    segments = struct.unpack_from(">H", table, at + 6)[0] // 2
    ends = struct.unpack_from(f">{segments}H", table, at + 14)
    starts = struct.unpack_from(f">{segments}H", table, at + 16 + 2 * segments)
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end and start != 0xFFFF]
