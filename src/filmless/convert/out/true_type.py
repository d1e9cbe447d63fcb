"""TrueType fonts: what is needed to set text, and a font of some of their glyphs."""

import struct
from collections.abc import Iterable, Sequence

from filmless.errors import ConversionError

__all__ = ["TrueType"]

_DAMAGE = (struct.error, LookupError, ArithmeticError, ValueError)
_KEPT = (b"cvt ", b"fpgm", b"prep")
_ARGUMENTS_ARE_WORDS, _HAS_SCALE, _MORE, _HAS_TWO_SCALES, _HAS_MATRIX = 1, 8, 32, 64, 128


class TrueType:
    """A font with TrueType outlines; of a variable font, its default.

    Parameters
    ----------
    data
        The file.

    Raises
    ------
    ConversionError
        It is damaged or has other outlines.

    Notes
    -----
    Lengths are for a size of 1.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._tables = _tables(data)
            if b"glyf" not in self._tables:
                raise ConversionError("the font has no TrueType outlines", hint="a .ttf file")
            head, hhea = self._tables[b"head"], self._tables[b"hhea"]
            self._em: int = struct.unpack_from(">H", head, 18)[0]
            self.box = tuple(side / self._em for side in struct.unpack_from(">4h", head, 36))
            self.ascent, self.descent = (side / self._em for side in struct.unpack_from(">2h", hhea, 4))
            (count,) = struct.unpack_from(">H", self._tables[b"maxp"], 4)
            self._metrics = _metrics(self._tables[b"hmtx"], struct.unpack_from(">H", hhea, 34)[0], count)
            self._offsets = _offsets(self._tables[b"loca"], struct.unpack_from(">h", head, 50)[0], count)
            self._glyphs = _character_map(self._tables[b"cmap"])
        except _DAMAGE as error:
            raise ConversionError("the font is damaged") from error
        self.name = "Captions"
        self.cap_height = 0.72  # of nearly all; readers only use it to replace a font that is missing

    def has(self, character: str) -> bool:
        """Whether there is a glyph for a character."""
        return ord(character) in self._glyphs

    def width(self, character: str) -> float:
        """Return how far a character goes."""
        advance, _ = self._metrics[self._glyphs.get(ord(character), 0)]
        return advance / self._em

    def subset(self, characters: Sequence[str]) -> bytes:
        """Return a font of the glyphs of characters, in their order, behind the one for what is missing."""
        try:
            return self._subset(characters)
        except _DAMAGE as error:
            raise ConversionError("the font is damaged") from error

    def _subset(self, characters: Sequence[str]) -> bytes:
        wanted = [0, *(self._glyphs.get(ord(character), 0) for character in characters)]
        numbers = {glyph: number for number, glyph in reversed(list(enumerate(wanted)))}
        outlines = [self._outline(glyph) for glyph in wanted]
        at = 0
        while at < len(outlines):  # parts of others come behind them
            for offset in _parts(outlines[at]):
                (glyph,) = struct.unpack_from(">H", outlines[at], offset)
                if glyph not in numbers:
                    numbers[glyph] = len(wanted)
                    wanted.append(glyph)
                    outlines.append(self._outline(glyph))
                outlines[at][offset : offset + 2] = struct.pack(">H", numbers[glyph])
            at += 1
        return self._file(wanted, outlines)

    def _outline(self, glyph: int) -> bytearray:
        if glyph + 1 >= len(self._offsets):
            return bytearray()
        return bytearray(self._tables[b"glyf"][self._offsets[glyph] : self._offsets[glyph + 1]])

    def _file(self, wanted: list[int], outlines: list[bytearray]) -> bytes:
        glyf, loca = bytearray(), [0]
        for outline in outlines:
            glyf += outline + b"\0" * (-len(outline) % 4)
            loca.append(len(glyf))
        head, hhea, maxp = (bytearray(self._tables[name]) for name in (b"head", b"hhea", b"maxp"))
        head[8:12] = b"\0\0\0\0"  # of the whole file, which the subset of a PDF does not need
        head[50:52] = b"\0\1"
        hhea[34:36] = maxp[4:6] = struct.pack(">H", len(wanted))
        tables = {
            b"head": bytes(head),
            b"hhea": bytes(hhea),
            b"maxp": bytes(maxp),
            b"hmtx": b"".join(struct.pack(">Hh", *self._metrics[glyph]) for glyph in wanted),
            b"loca": struct.pack(f">{len(loca)}I", *loca),
            b"glyf": bytes(glyf),
            **{name: self._tables[name] for name in _KEPT if name in self._tables},
        }
        return _joined(tables)


def _tables(data: bytes) -> dict[bytes, bytes]:
    version, count = struct.unpack_from(">4sH", data)
    if version not in (b"\0\1\0\0", b"true"):
        raise ConversionError("the font is no TrueType font", hint="a .ttf file")
    tables = {}
    for index in range(count):
        name, _, offset, length = struct.unpack_from(">4s3I", data, 12 + 16 * index)
        tables[name] = data[offset : offset + length]
    return tables


def _joined(tables: dict[bytes, bytes]) -> bytes:
    """Return a file of tables."""
    power = len(tables).bit_length() - 1
    out = bytearray(
        struct.pack(">4s4H", b"\0\1\0\0", len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    )
    at = len(out) + 16 * len(tables)
    for name, body in sorted(tables.items()):
        padded = body + b"\0" * (-len(body) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        out += struct.pack(">4s3I", name, checksum, at, len(body))
        at += len(padded)
    for _, body in sorted(tables.items()):
        out += body + b"\0" * (-len(body) % 4)
    return bytes(out)


def _metrics(hmtx: bytes, long_ones: int, count: int) -> list[tuple[int, int]]:
    """Return advance width and left side bearing of each glyph; the last width is that of all that follow."""
    metrics = [struct.unpack_from(">Hh", hmtx, 4 * glyph) for glyph in range(min(long_ones, count))]
    rest = count - len(metrics)
    bearings = struct.unpack_from(f">{rest}h", hmtx, 4 * len(metrics))
    return [*metrics, *((metrics[-1][0], bearing) for bearing in bearings)]


def _offsets(loca: bytes, is_long: int, count: int) -> tuple[int, ...]:
    if is_long:
        return struct.unpack_from(f">{count + 1}I", loca)
    return tuple(2 * offset for offset in struct.unpack_from(f">{count + 1}H", loca))


def _character_map(cmap: bytes) -> dict[int, int]:
    """Return the glyphs of code points, of the Unicode map that has most."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    found: dict[int, int] = {}
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">2HI", cmap, 4 + 8 * index)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            (form,) = struct.unpack_from(">H", cmap, offset)
            read = {4: _segments, 12: _groups}.get(form)
            if read is not None:
                found.update(read(cmap, offset))
    return {code: glyph for code, glyph in found.items() if glyph}


def _segments(cmap: bytes, offset: int) -> Iterable[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", cmap, offset + 6)
    count, at = double // 2, offset + 14
    ends = struct.unpack_from(f">{count}H", cmap, at)
    starts = struct.unpack_from(f">{count}H", cmap, at + double + 2)
    deltas = struct.unpack_from(f">{count}H", cmap, at + 2 * double + 2)
    at += 3 * double + 2
    for index in range(count):
        (range_offset,) = struct.unpack_from(">H", cmap, at + 2 * index)
        for code in range(starts[index], min(ends[index], 0xFFFE) + 1):
            if range_offset == 0:
                yield code, (code + deltas[index]) & 0xFFFF
                continue
            (glyph,) = struct.unpack_from(">H", cmap, at + 2 * index + range_offset + 2 * (code - starts[index]))
            yield code, (glyph + deltas[index]) & 0xFFFF if glyph else 0


def _groups(cmap: bytes, offset: int) -> Iterable[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", cmap, offset + 12)
    for index in range(min(count, len(cmap) // 12)):
        first, last, glyph = struct.unpack_from(">3I", cmap, offset + 16 + 12 * index)
        for code in range(first, min(last, first + 0xFFFF, 0x10FFFF) + 1):
            yield code, glyph + code - first


def _parts(outline: bytearray) -> Iterable[int]:
    """Give the places where a compound glyph names its parts."""
    if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
        return
    at, flags = 10, _MORE
    while flags & _MORE:
        (flags,) = struct.unpack_from(">H", outline, at)
        yield at + 2
        at += 4 + (4 if flags & _ARGUMENTS_ARE_WORDS else 2)
        at += 2 if flags & _HAS_SCALE else 4 if flags & _HAS_TWO_SCALES else 8 if flags & _HAS_MATRIX else 0
