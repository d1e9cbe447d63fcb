"""The chunks of PNG (W3C PNG 5, 11): what a file is made of, before any of it is inflated."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import imagecodecs

from filmless.convert.options import ReadOptions
from filmless.errors import ConversionError, LimitError

__all__ = ["GREY", "GREY_ALPHA", "PALETTE", "RGB", "RGBA", "Frame", "PngFile", "PngHeader", "parse_png"]

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
_SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}

_MAX_CHUNKS = 1 << 18
_MAX_PROFILE = 1 << 25
_KEPT = (b"PLTE", b"tRNS", b"iCCP", b"pHYs", b"acTL")  # one of each counts, the first


@dataclass(frozen=True, slots=True)
class PngHeader:
    """IHDR."""

    columns: int
    rows: int
    depth: int
    colour_type: int
    interlaced: bool

    @property
    def samples(self) -> int:
        """Samples of a pixel as they are coded."""
        return _SAMPLES[self.colour_type]

    @property
    def step(self) -> int:
        """Bytes of a pixel, 1 where it has fewer bits."""
        return max(1, self.samples * self.depth // 8)

    def row_bytes(self, columns: int) -> int:
        """Bytes of a row of so many pixels."""
        return (columns * self.samples * self.depth + 7) // 8


class Frame(NamedTuple):
    """fcTL, and the coded data of its frame."""

    columns: int
    rows: int
    left: int
    top: int
    time_ms: float
    disposal: int
    blending: int
    parts: list[memoryview]


@dataclass(slots=True)
class PngFile:
    """What the chunks hold."""

    header: PngHeader
    parts: list[memoryview] = field(default_factory=list)
    single: dict[bytes, memoryview] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    default_is_frame: bool = False

    def profile(self) -> bytes | None:
        """Return the ICC profile; None when there is none, or it does not inflate."""
        coded = bytes(self.single.get(b"iCCP", b""))
        name, separator, rest = coded.partition(b"\0")
        if not separator or len(name) > 79 or rest[:1] != b"\0":
            return None
        try:
            profile = zlib.decompressobj().decompress(rest[1:], _MAX_PROFILE)
        except zlib.error:
            return b"damaged"  # which is then told
        return profile or None


def parse_png(data: bytes, options: ReadOptions) -> PngFile:
    """Walk the chunks of a PNG.

    Raises
    ------
    ConversionError
        A chunk that the picture needs is damaged, missing or of an unknown kind.
    """
    walk = _chunks(memoryview(data), options)
    name, body = next(walk, (b"", memoryview(b"")))
    if name != b"IHDR" or len(body) != 13:
        raise ConversionError("the PNG header is damaged or missing")
    png = PngFile(_header(body))
    numbers = 0  # of fcTL and fdAT
    for name, body in walk:
        if name == b"IDAT":
            png.parts.append(body)
        elif name in _KEPT:
            png.single.setdefault(name, body)
        elif name in (b"fcTL", b"fdAT") and b"acTL" in png.single:
            if len(body) < 4 or int.from_bytes(body[:4], "big") != numbers:
                raise ConversionError("the frames of the APNG are out of order")
            numbers += 1
            _add_to_frames(png, name, body)
        elif name == b"IHDR" or (name[0] & 0x20 == 0 and name != b"IEND"):
            raise ConversionError("the PNG has a chunk that is needed for the picture and unknown or misplaced")
    if not png.parts:
        raise ConversionError("the PNG ends early: it has no image data")
    control = png.single.get(b"acTL")
    if control is not None and int.from_bytes(control[:4], "big") != len(png.frames):
        declared = int.from_bytes(control[:4], "big")
        raise ConversionError(f"the APNG has {len(png.frames)} frames, expected {declared}")
    return png


def _header(body: memoryview) -> PngHeader:
    columns, rows, depth, colour_type, compression, filtering, interlacing = struct.unpack(">IIBBBBB", body)
    if depth not in _DEPTHS.get(colour_type, ()) or compression or filtering or interlacing > 1:
        raise ConversionError(
            f"the PNG header is damaged: depth {depth}, colour type {colour_type}, methods {compression}, {filtering} "
            f"and {interlacing} are of no PNG"
        )
    return PngHeader(columns, rows, depth, colour_type, bool(interlacing))


def _chunks(data: memoryview, options: ReadOptions) -> Iterator[tuple[bytes, memoryview]]:
    """Give the name and the content of each chunk, whose checksum is right."""
    crc: Any = imagecodecs.deflate_crc32  # of libdeflate: six times as fast as that of zlib
    position = 8
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            break
        size, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + size
        if end > len(data):
            break
        whole = data[position + 4 : end - 4]
        if crc(whole) == int.from_bytes(data[end - 4 : end], "big"):
            yield name, whole[4:]
        elif name[0] & 0x20:  # ancillary
            options.notice("damaged-chunk", "a chunk of the PNG is damaged and left out: the picture needs it not")
        else:
            raise ConversionError("the PNG is damaged: the checksum of a chunk is wrong", offset=position)
        if name == b"IEND":
            if end < len(data):
                options.notice("trailing-bytes", "bytes behind the end of the PNG are left out")
            return
        position = end
    else:
        raise LimitError("the PNG has too many chunks", limit="chunks", value=_MAX_CHUNKS)
    options.notice("ends-early", "the PNG ends before its last chunk; its picture is whole")


def _add_to_frames(png: PngFile, name: bytes, body: memoryview) -> None:
    if name == b"fdAT":
        if not png.frames:
            raise ConversionError("the APNG has data of a frame before the frame")
        png.frames[-1].parts.append(body[4:])
        return
    if len(body) != 26:
        raise ConversionError("the APNG has a damaged frame header")
    columns, rows, left, top, above, below, disposal, blending = struct.unpack_from(">IIIIHHBB", body, 4)
    header = png.header
    if not columns or not rows or left + columns > header.columns or top + rows > header.rows:
        raise ConversionError("a frame of the APNG lies outside of the picture")
    if disposal > 2 or blending > 1:
        raise ConversionError("a frame of the APNG is disposed of or blended in no known way")
    if not png.parts:
        png.default_is_frame = True
    time_ms = 1000 * above / (below or 100)
    png.frames.append(Frame(columns, rows, left, top, time_ms, disposal, blending, []))
