"""The marker segments of a JPEG stream: what it holds and where it ends, without decoding it."""

import re
import struct
from dataclasses import dataclass

from filmless.errors import FormatError, LimitError

__all__ = ["JpegComponent", "JpegSegment", "JpegStream", "parse_jpeg"]

MAX_SCANS = 500  # a progressive stream of 64 coefficients and 4 components needs far fewer; thousands are an attack

_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# In entropy-coded data FF is followed by 00, or by a restart marker; anything else ends the data.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class JpegSegment:
    """A marker segment: its code, where its ``FF`` stands, and its size with marker and length."""

    marker: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class JpegComponent:
    """A component of the frame header."""

    identifier: int
    horizontal: int
    vertical: int


@dataclass(frozen=True, slots=True)
class JpegStream:
    """What the marker segments of one JPEG image say.

    ``end`` is the offset behind its end of image marker; ``process`` the number n of its frame header SOFn.

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


def parse_jpeg(data: bytes) -> JpegStream:
    """Walk the segments of the JPEG image at the start of some bytes, to its end of image marker.

    Raises
    ------
    FormatError
        It is not one, or ends early.
    LimitError
        It has an absurd number of scans.

    DICOM
    -----
    ISO/IEC 10918-1 Annex B
    """
    if data[:2] != b"\xff\xd8":
        raise FormatError("no JPEG start of image marker", offset=0)
    segments: list[JpegSegment] = []
    frame: JpegSegment | None = None
    position, scans = 2, 0
    while True:
        marker, position = _marker_at(data, position)
        if marker == _END_OF_IMAGE:
            break
        if marker in _STANDALONE:
            continue
        size = _segment_size(data, position)
        segments.append(JpegSegment(marker, position - 2, size + 2))
        if marker in _FRAME_HEADERS:
            if frame is not None:
                raise FormatError("JPEG has a second frame header: hierarchical or damaged", offset=position - 2)
            frame = segments[-1]
        position += size
        if marker == _START_OF_SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise LimitError(f"JPEG has more than {MAX_SCANS} scans", limit="scans", value=scans)
            position = _end_of_scan(data, position)
    if frame is None or scans == 0:
        raise FormatError("JPEG has no frame header or no scan", offset=position)
    return _describe(data, segments, frame, position)


def _marker_at(data: bytes, position: int) -> tuple[int, int]:
    """Return the marker at a position and the position behind it; FF before a marker is filling."""
    if data[position : position + 1] not in (b"\xff", b""):
        raise FormatError("JPEG has bytes that are no marker between segments", offset=position)
    while data[position + 1 : position + 2] == b"\xff":
        position += 1
    if position + 2 > len(data):
        raise FormatError("JPEG ends before its end of image marker", offset=len(data))
    return data[position + 1], position + 2


def _segment_size(data: bytes, position: int) -> int:
    if position + 2 > len(data):
        raise FormatError("JPEG ends before its end of image marker", offset=len(data))
    size: int = struct.unpack_from(">H", data, position)[0]
    if size < 2 or position + size > len(data):
        raise FormatError(f"JPEG segment of {size} bytes exceeds the stream", offset=position)
    return size


def _end_of_scan(data: bytes, position: int) -> int:
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise FormatError("JPEG ends before its end of image marker", offset=len(data))
    return found.start()


def _describe(data: bytes, segments: list[JpegSegment], frame: JpegSegment, end: int) -> JpegStream:
    body = data[frame.offset + 4 : frame.offset + frame.size]
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[5] == 0:
        raise FormatError("JPEG frame header is too short", offset=frame.offset)
    precision, rows, columns, count = struct.unpack_from(">BHHB", body)
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
    return JpegStream(tuple(segments), end, frame.marker - 0xC0, precision, rows, columns, components, jfif, transform)
