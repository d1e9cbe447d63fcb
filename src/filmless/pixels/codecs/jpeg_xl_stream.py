"""The header of a JPEG XL stream: what it holds, without decoding it."""

from collections.abc import Iterator
from copy import copy

from filmless.errors import CodecError
from filmless.pixels.codecs.code_stream import CodeStream
from filmless.pixels.description import PixelDescription

__all__ = ["is_lossy_jpeg_xl", "parse_jpeg_xl"]

_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_CODE_STREAM = b"\xff\x0a"
_HEADER = 64  # bytes that hold what is read here
_MOST_BOXES = 4096
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Bits:
    """Bits of a stream, least significant first (ISO/IEC 18181-1 B.2)."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value


def parse_jpeg_xl(data: bytes, description: PixelDescription, frame: int) -> tuple[CodeStream, bool]:
    """Read size and depth, and whether the stream was made of a JPEG.

    Components are not read: they are behind what can be long. They are found when it is decoded.

    Raises
    ------
    CodecError
        It is no JPEG XL, an animation, or ends inside its header.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-1 D, ISO/IEC 18181-2
    """
    start, holds_jpeg = 0, False
    if data.startswith(_CONTAINER):
        boxes = dict(_boxes(data))
        start = boxes.get(b"jxlc", boxes.get(b"jxlp", -4) + 4)
        holds_jpeg = b"jbrd" in boxes
    head = data[start : start + _HEADER]
    if not head.startswith(_CODE_STREAM):
        raise CodecError("no JPEG XL signature", frame=frame)
    if len(head) < 8:
        raise CodecError("JPEG XL ends inside its header", frame=frame)
    bits = _Bits(head[2:])
    rows, columns = _size(bits)
    precision = _precision(bits, frame)
    if precision is None:
        precision = description.bits_stored
    return CodeStream("JPEG XL", rows, columns, description.samples, precision), holds_jpeg


def _size(bits: _Bits) -> tuple[int, int]:
    """Read rows and columns (ISO/IEC 18181-1 D.2)."""

    def length(*, small: bool) -> int:
        return (bits.take(5) + 1) * 8 if small else bits.take((9, 13, 18, 30)[bits.take(2)]) + 1

    small = bits.take(1) == 1
    rows = length(small=small)
    ratio = bits.take(3)
    if ratio == 0:
        return rows, length(small=small)
    numerator, denominator = _RATIOS[ratio - 1]
    return rows, rows * numerator // denominator


def _precision(bits: _Bits, frame: int) -> int | None:
    """Read bits of a sample (ISO/IEC 18181-1 D.3); None when it is a floating point number.

    An animation is refused: all its pictures would be decoded to find out.
    """
    if bits.take(1):  # all as is the default
        return 8
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _size(bits)  # intrinsic
        if bits.take(1):
            _skip_preview(bits)
        if bits.take(1):
            raise CodecError("JPEG XL stream is an animation, expected one picture", frame=frame)
    if bits.take(1):  # floating point
        return None
    return bits.take(6) + 1 if (kind := bits.take(2)) == 3 else (8, 10, 12)[kind]


def _skip_preview(bits: _Bits) -> None:
    """Go behind the size of a preview (ISO/IEC 18181-1 D.3.3)."""
    widths = (0, 0, 5, 9) if bits.take(1) else (6, 8, 10, 12)
    bits.take(widths[bits.take(2)])
    if bits.take(3) == 0:
        bits.take(widths[bits.take(2)])


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Go through the boxes: kind and offset of content; the last of a kind that stands first counts."""
    position, seen = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        if position + 8 > len(data):
            return
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        if kind not in seen:
            yield kind, position + header
            seen.add(kind)
        if size < header:  # 0: to the end
            return
        position += size


def is_lossy_jpeg_xl(data: bytes) -> bool | None:
    """Whether a stream was made of a JPEG, or has the colours XYB, which only lossy coding uses; None if it is unclear.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-1 D.3
    """
    start = 0
    if data.startswith(_CONTAINER):
        boxes = dict(_boxes(data))
        if b"jbrd" in boxes:
            return True
        start = boxes.get(b"jxlc", boxes.get(b"jxlp", -4) + 4)
    head = data[start : start + _HEADER]
    if not head.startswith(_CODE_STREAM) or len(head) < 8:
        return None
    bits = _Bits(head[2:])
    _size(bits)
    if copy(bits).take(1):  # all as is the default, which is XYB
        return True
    if _precision(bits, 0) is None:
        return None
    bits.take(1)  # whether 16 bits are enough for buffers
    return None if bits.take(2) else bits.take(1) == 1  # extra channels stand before it
