"""The marker segments of a JPEG stream: what it holds and where it ends, without decoding it."""

import struct
from dataclasses import dataclass, replace
from typing import NamedTuple

from filmless import _core
from filmless.errors import CodecError, FormatError, LimitError, UnsupportedError
from filmless.pixels.codecs.code_stream import CodeStream
from filmless.pixels.description import PixelDescription

__all__ = [
    "COLOUR",
    "JPEG_LS",
    "JpegComponent",
    "JpegSegment",
    "JpegStream",
    "check_tables",
    "damage",
    "parse_jpeg",
    "read_jpeg",
    "with_rows",
]

_START_OF_SCAN, _NUMBER_OF_LINES = 0xDA, 0xDC
_HUFFMAN_TABLES, _JPEG_LS_FRAME = 0xC4, 0xF7
_ARITHMETIC = frozenset({9, 10, 11, 13, 14, 15})
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), _JPEG_LS_FRAME}) - {0xC4, 0xC8, 0xCC}
_HIERARCHICAL_UIDS = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in range(59, 67))

JPEG_LS = _JPEG_LS_FRAME - 0xC0
"""The ``process`` of JPEG-LS, whose frame header is SOF55."""

COLOUR = {1: "GRAYSCALE", 2: None, 3: None, 4: "CMYK"}
"""What `imagecodecs` has to hear of a number of components so that it converts nothing; None where it depends."""


class JpegSegment(NamedTuple):
    """A marker segment: its code, where its ``FF`` stands, and its size with marker and length."""

    marker: int
    offset: int
    size: int


class JpegComponent(NamedTuple):
    """A component of the frame header."""

    identifier: int
    horizontal: int
    vertical: int


@dataclass(frozen=True, slots=True)
class JpegStream:
    """What the marker segments of one JPEG image say.

    ``end`` is the offset behind its end of image marker; ``process`` the number n of its frame header SOFn;
    ``restarts`` has, for each scan, how many restart markers it holds and whether they are in order. ``rows_at`` is
    where the frame header leaves out the rows, which then stand behind the first scan.

    DICOM
    -----
    PS3.5 A.4.1; ISO/IEC 10918-1 Annex B
    """

    segments: tuple[JpegSegment, ...]
    end: int
    process: int
    precision: int
    rows: int
    columns: int
    components: tuple[JpegComponent, ...]
    jfif: bool
    adobe_transform: int | None
    restarts: tuple[tuple[int, bool], ...] = ()
    rows_at: int | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether it is sequential DCT of 8 bits with Huffman coding, process 1."""
        return self.process == 0 and self.precision == 8

    @property
    def is_progressive(self) -> bool:
        """Whether its coefficients come in several passes."""
        return self.process in (2, 6, 10, 14)

    @property
    def is_lossless(self) -> bool:
        """Whether it is predicted, not transformed."""
        return self.process in (3, 7, 11, 15)

    @property
    def is_rgb(self) -> bool:
        """Whether three components are red, green and blue; by the rules all decoders take from libjpeg."""
        if self.jfif:
            return False
        if self.adobe_transform is not None:
            return self.adobe_transform == 0
        return [component.identifier for component in self.components] == [*b"RGB"]


def parse_jpeg(data: bytes, *, jpeg_ls: bool = False) -> JpegStream:
    """Walk the segments of the JPEG image at the start of some bytes, to its end of image marker.

    Parameters
    ----------
    data
        The stream and what follows it.
    jpeg_ls
        It is JPEG-LS, whose entropy-coded data end by another rule.

    Raises
    ------
    FormatError
        It is not one, or ends early.
    LimitError
        It has an absurd number of scans or segments.

    DICOM
    -----
    ISO/IEC 10918-1 Annex B; ISO/IEC 14495-1 Annex C
    """
    try:
        found, restarts, end = _core.jpeg_segments(data, jpeg_ls)
    except LimitError as error:  # there is no parameter for it, so the hint to it is left out
        message = f"JPEG has more than {error.value} {error.limit}"
        raise LimitError(message, limit=error.limit, value=error.value, offset=error.offset) from None
    segments = [JpegSegment._make(segment) for segment in found]
    frames = [segment for segment in segments if segment.marker in _FRAME_HEADERS]
    if len(frames) > 1:
        raise FormatError("JPEG has a second frame header: hierarchical or damaged", offset=frames[1].offset)
    if not frames or all(segment.marker != _START_OF_SCAN for segment in segments):
        raise FormatError("JPEG has no frame header or no scan", offset=end)
    return replace(_describe(data, segments, frames[0], end), restarts=tuple(restarts))


def with_rows(data: bytes, stream: JpegStream) -> bytes:
    """Fill the rows into a frame header that leaves them to a segment behind the first scan; no decoder reads those.

    DICOM
    -----
    ISO/IEC 10918-1 B.2.5
    """
    if stream.rows_at is None:
        return data
    return data[: stream.rows_at] + stream.rows.to_bytes(2, "big") + data[stream.rows_at + 2 :]


def read_jpeg(
    data: bytes, description: PixelDescription, frame: int, *, jpeg_ls: bool = False
) -> tuple[JpegStream, CodeStream]:
    """Parse the stream of a frame; give what it says in the form that is held against the data set.

    Raises
    ------
    CodecError
        It is damaged or ends early.
    UnsupportedError
        It is hierarchical, as its transfer syntax says: no library of today decodes that.

    DICOM
    -----
    PS3.5 8.2.1
    """
    try:
        stream = parse_jpeg(data, jpeg_ls=jpeg_ls)
        check_tables(data, stream)
    except (FormatError, LimitError) as error:
        uid = description.transfer_syntax
        if uid in _HIERARCHICAL_UIDS and b"\xff\xde" in data[:65536]:
            raise UnsupportedError("hierarchical JPEG is not supported", uid=uid, frame=frame) from error
        raise CodecError(error.message, frame=frame) from error
    header = CodeStream("JPEG", stream.rows, stream.columns, len(stream.components), stream.precision)
    return stream, header


def check_tables(data: bytes, stream: JpegStream) -> None:
    """Refuse scans whose Huffman tables are not there: decoders would take others.

    Raises
    ------
    FormatError
        One is missing, or a scan header is too short.
    """
    arithmetic, tables = stream.process in _ARITHMETIC, set[int]()
    for segment in stream.segments:
        content = data[segment.offset + 4 : segment.offset + segment.size]
        if segment.marker == _HUFFMAN_TABLES:
            while len(content) > 17:
                tables.add(content[0])
                content = content[17 + sum(content[1:17]) :]
        elif segment.marker == _START_OF_SCAN and content and not arithmetic and stream.process != JPEG_LS:
            count = content[0]
            if len(content) < 4 + 2 * count:
                raise FormatError("JPEG scan header is too short", offset=segment.offset)
            start, end, high = content[1 + 2 * count], content[2 + 2 * count], content[3 + 2 * count] >> 4
            whole = not stream.is_progressive
            for table in content[2 : 2 + 2 * count : 2]:
                first = (whole or (start == 0 and high == 0)) and table >> 4 not in tables
                others = not stream.is_lossless and (whole or end > 0) and 0x10 | (table & 15) not in tables
                if first or others:
                    raise FormatError("JPEG scan has no Huffman table", offset=segment.offset)
    if arithmetic and tables:
        raise FormatError("JPEG has arithmetic coding and Huffman tables", offset=0)


def damage(data: bytes, stream: JpegStream) -> int | None:
    """Return the offset at which the coded data of sequential JPEG stop making sense, which no decoder says.

    None when they do not, also by chance: codes fall into step again soon after a damaged byte, and what is in between
    looks like a picture. None, too, for other processes. It takes about half the time of decoding.

    DICOM
    -----
    ISO/IEC 10918-1 F.2.2
    """
    return _core.jpeg_damage(data, stream.segments) if stream.process in (0, 1) else None


def _describe(data: bytes, segments: list[JpegSegment], frame: JpegSegment, end: int) -> JpegStream:
    body = data[frame.offset + 4 : frame.offset + frame.size]
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[5] == 0:
        raise FormatError("JPEG frame header is too short", offset=frame.offset)
    precision, rows, columns, count = struct.unpack_from(">BHHB", body)
    rows_at = None if rows else frame.offset + 5
    for segment in segments if rows == 0 else ():
        if segment.marker == _NUMBER_OF_LINES and segment.size == 6:
            rows = int.from_bytes(data[segment.offset + 4 : segment.offset + 6], "big")
    if rows == 0 or columns == 0:
        raise FormatError(f"JPEG frame header says {rows} rows and {columns} columns", offset=frame.offset)
    components = tuple(
        JpegComponent(body[at], body[at + 1] >> 4, body[at + 1] & 15) for at in range(6, 6 + 3 * count, 3)
    )
    jfif, transform = False, None
    for segment in segments:
        content = data[segment.offset + 4 : segment.offset + min(segment.size, 16)]
        if segment.marker == 0xE0 and content.startswith(b"JFIF\0"):
            jfif = True
        elif segment.marker == 0xEE and content.startswith(b"Adobe") and len(content) == 12:
            transform = content[11]
    process = frame.marker - 0xC0
    read = JpegStream(tuple(segments), end, process, precision, rows, columns, components, jfif, transform)
    return read if rows_at is None else replace(read, rows_at=rows_at)
