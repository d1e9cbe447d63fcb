"""The header of a JPEG XL stream: what it holds, without decoding it."""

from collections.abc import Iterator
from typing import NamedTuple

from filmless.errors import CodecError
from filmless.pixels.codecs.code_stream import CodeStream
from filmless.pixels.description import PixelDescription

__all__ = ["JpegXlHeader", "code_stream_of", "is_lossy_jpeg_xl", "parse_jpeg_xl", "read_header", "without_metadata"]

_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_CODE_STREAM = b"\xff\x0a"
_LEVEL = b"jxll"
_NEEDED = (b"JXL ", b"ftyp", _LEVEL, b"jxlc", b"jxlp")
_HEADER = 2048  # bytes that hold what is read here
_MOST_BOXES = 4096
_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
_GREY, _XYB, _CUSTOM = 1, 2, 2
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Bits:
    """Bits of a stream, least significant first (ISO/IEC 18181-1 B.2)."""

    def __init__(self, data: bytes) -> None:
        self._left, self._taken = int.from_bytes(data, "little"), 0

    def take(self, count: int) -> int:
        """Take some; behind the end are zeros."""
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        self._taken += count
        return value

    def choose(self, *ways: tuple[int, int]) -> int:
        """Take two that say how many follow, and what is added to them."""
        count, least = ways[self.take(2)]
        return least + self.take(count)

    def align(self) -> None:
        """Go on with a whole byte."""
        self.take(-self._taken % 8)


class JpegXlHeader(NamedTuple):
    """What a stream says before its first frame (ISO/IEC 18181-1 D), and the start of that.

    Attributes
    ----------
    rows, columns
        Before it is turned.
    precision
        Bits of a sample; None of floating point numbers.
    orientation
        As in EXIF.
    is_animation
        Whether there are more pictures.
    extra_channels
        How many channels there are beside the colours. Where one is no alpha, what follows is not known.
    has_alpha
        Whether the only one is alpha.
    is_premultiplied
        Whether the colours were multiplied by it.
    is_grey
        Whether there is one colour.
    has_xyb
        Whether the colours are XYB, which only lossy coding uses; None when it is not known.
    is_modular
        Whether the first frame is coded without a cosine transform; None when it is not known.
    """

    rows: int
    columns: int
    precision: int | None = 8
    orientation: int = 1
    is_animation: bool = False
    extra_channels: int = 0
    has_alpha: bool = False
    is_premultiplied: bool = False
    is_grey: bool = False
    has_xyb: bool | None = True
    is_modular: bool | None = None


def code_stream_of(data: bytes) -> tuple[bytes, bool]:
    """Return the code stream, and whether there are boxes around it that restore a JPEG.

    Raises
    ------
    CodecError
        It is no JPEG XL, or ends inside a box.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-2
    """
    if not data.startswith(_CONTAINER):
        parts, holds_jpeg = [data], False
    else:
        boxes = list(_boxes(data))
        holds_jpeg = any(kind == b"jbrd" for kind, _, _ in boxes)
        parts = [data[start:end] for kind, start, end in boxes if kind == b"jxlc"][:1]
        parts = parts or [data[start + 4 : end] for kind, start, end in boxes if kind == b"jxlp"]
    code_stream = parts[0] if len(parts) == 1 else b"".join(parts)
    if not code_stream.startswith(_CODE_STREAM):
        raise CodecError("no JPEG XL signature")
    return code_stream, holds_jpeg


def without_metadata(data: bytes) -> bytes:
    """Return the code stream alone; in its boxes where it needs one that names its level, as more than 12 bits do.

    Raises
    ------
    CodecError
        It is no JPEG XL, or ends inside a box.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-2 9.3
    """
    code_stream, _ = code_stream_of(data)
    boxes = list(_boxes(data)) if data.startswith(_CONTAINER) else []
    if all(kind != _LEVEL for kind, _, _ in boxes):
        return code_stream
    parts, begin = [], 0
    for kind, _, end in boxes:
        if kind in _NEEDED:
            parts.append(data[begin:end])
        begin = end
    return b"".join(parts)


def read_header(code_stream: bytes) -> JpegXlHeader:
    """Read the header of a code stream.

    Raises
    ------
    CodecError
        It ends inside its header.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-1 D
    """
    if len(code_stream) < 8:
        raise CodecError("JPEG XL ends inside its header")
    bits = _Bits(code_stream[2:_HEADER])
    rows, columns = _size(bits)
    header = JpegXlHeader(rows, columns)
    if bits.take(1):  # all as is the default
        return header._replace(is_modular=_is_modular(bits))
    has_more = bits.take(1) == 1
    if has_more:
        header = header._replace(orientation=bits.take(3) + 1)
        if bits.take(1):
            _size(bits)  # intrinsic
        if has_preview := bits.take(1):
            _skip_preview(bits)
        if bits.take(1):
            return header._replace(is_animation=True)
    else:
        has_preview = 0
    header = header._replace(precision=_precision(bits))
    if header.precision is None:
        return header
    bits.take(1)  # whether 16 bits are enough for buffers
    extra = bits.choose((0, 0), (0, 1), (4, 2), (12, 1))
    header = header._replace(extra_channels=extra)
    if extra == 1:
        has_alpha, is_premultiplied = _alpha(bits)
        header = header._replace(has_alpha=has_alpha, is_premultiplied=is_premultiplied)
    if extra > 1 or extra != header.has_alpha:
        return header._replace(has_xyb=None)
    header = header._replace(has_xyb=bits.take(1) == 1)
    is_grey, is_known = _is_grey(bits)
    header = header._replace(is_grey=is_grey)
    if not is_known or has_preview:
        return header
    if has_more and not bits.take(1):  # tone mapping
        bits.take(49)
    if bits.take(2):  # extensions
        return header
    return header._replace(is_modular=_is_modular(bits))


def _is_modular(bits: _Bits) -> bool | None:
    """Read on from the transform data to the start of the first frame (ISO/IEC 18181-1 D.3.2, F.2)."""
    if not bits.take(1):
        return None
    bits.align()
    if bits.take(1):
        return False
    bits.take(2)  # its type
    return bits.take(1) == 1


def _alpha(bits: _Bits) -> tuple[bool, bool]:
    """Read an extra channel (ISO/IEC 18181-1 D.3.6): whether it is alpha, and colours were multiplied by it."""
    if bits.take(1):  # all as is the default
        return True, False
    if bits.choose(*_ENUM) != 0 or _precision(bits) is None:
        return False, False
    bits.choose((0, 0), (0, 3), (0, 4), (3, 1))  # its size
    bits.take(8 * bits.choose((0, 0), (4, 0), (5, 16), (10, 48)))  # its name
    return True, bits.take(1) == 1


def _is_grey(bits: _Bits) -> tuple[bool, bool]:
    """Read the colours (ISO/IEC 18181-1 E.2): whether there is one, and whether no profile hides what follows."""
    if bits.take(1):  # all as is the default
        return False, True
    has_profile = bits.take(1)
    space = bits.choose(*_ENUM)
    if has_profile:
        return space == _GREY, False
    if space != _XYB:
        if bits.choose(*_ENUM) == _CUSTOM:
            _skip_points(bits, 1)
        if space != _GREY and bits.choose(*_ENUM) == _CUSTOM:
            _skip_points(bits, 3)
        if bits.take(1):
            bits.take(24)  # gamma
        else:
            bits.choose(*_ENUM)
    bits.choose(*_ENUM)  # rendering intent
    return space == _GREY, True


def _skip_points(bits: _Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.take((19, 19, 20, 21)[bits.take(2)])


def parse_jpeg_xl(data: bytes, description: PixelDescription, frame: int) -> tuple[CodeStream, bool]:
    """Read size and depth, and whether the stream was made of a JPEG.

    Components are not compared: they are found when it is decoded.

    Raises
    ------
    CodecError
        It is no JPEG XL, an animation, or ends inside its header.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-1 D, ISO/IEC 18181-2
    """
    try:
        code_stream, holds_jpeg = code_stream_of(data)
        header = read_header(code_stream)
    except CodecError as error:
        raise CodecError(error.message, frame=frame) from error
    if header.is_animation:  # all its pictures would be decoded to find out
        raise CodecError("JPEG XL stream is an animation, expected one picture", frame=frame)
    precision = header.precision or description.bits_stored
    return CodeStream("JPEG XL", header.rows, header.columns, description.samples, precision), holds_jpeg


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


def _precision(bits: _Bits) -> int | None:
    """Read bits of a sample (ISO/IEC 18181-1 D.3.5); None when it is a floating point number."""
    if bits.take(1):
        return None
    return bits.choose((0, 8), (0, 10), (0, 12), (6, 1))


def _skip_preview(bits: _Bits) -> None:
    """Go behind the size of a preview (ISO/IEC 18181-1 D.3.3)."""
    widths = (0, 0, 5, 9) if bits.take(1) else (6, 8, 10, 12)
    bits.take(widths[bits.take(2)])
    if bits.take(3) == 0:
        bits.take(widths[bits.take(2)])


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Go through the boxes: kind, and where the content begins and ends.

    Raises
    ------
    CodecError
        The bytes end inside one.
    """
    position = 0
    for _ in range(_MOST_BOXES):
        if position + 8 > len(data):
            return
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        start = position + 8
        if size == 1:
            size, start = int.from_bytes(data[position + 8 : position + 16], "big"), position + 16
        end = position + size if size else len(data)
        if end < start:
            return
        if end > len(data):
            raise CodecError("JPEG XL ends inside a box")
        yield kind, start, end
        position = end


def is_lossy_jpeg_xl(data: bytes) -> bool | None:
    """Whether a stream was made of a JPEG, or has the colours XYB, which only lossy coding uses; None if it is unclear.

    DICOM
    -----
    PS3.5 8.2.15; ISO/IEC 18181-1 D.3
    """
    try:
        code_stream, holds_jpeg = code_stream_of(data)
        header = read_header(code_stream)
    except CodecError:
        return None
    if holds_jpeg:
        return True
    return None if header.precision is None or header.is_animation else header.has_xyb
