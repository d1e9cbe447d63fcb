"""What the segments of a JPEG say beside the picture: orientation, resolution, profile, and what can name a patient."""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from filmless.convert.content import Resolution
from filmless.convert.pictures.exif import exif_of, orientation_of
from filmless.convert.pictures.information import PictureInformation, sensible_resolution
from filmless.pixels.codecs.jpeg_stream import JpegSegment, JpegStream

__all__ = ["MESSAGES", "information_of", "metadata_codes", "without_metadata"]

_APP0, _APP1, _APP2, _APP13, _APP14, _APP15, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE
_JFIF_BYTES = 14  # of its content, up to the thumbnail
_SPIFF, _JPEG_LS_COLOURS = (0xE8, b"SPIFF\0"), (0xE8, b"mrfx")

_CENTIMETRE = 3  # of ResolutionUnit in EXIF

MESSAGES = {
    "embedded-exif": "the JPEG keeps its EXIF data, which can hold a place and a name",
    "embedded-xmp": "the JPEG keeps its XMP data, which can hold a place and a name",
    "embedded-iptc": "the JPEG keeps its Photoshop or IPTC data, which can hold names",
    "embedded-comment": "the JPEG keeps its comment",
    "embedded-thumbnail": "the JPEG keeps a thumbnail, which can show more than the picture",
    "embedded-application-data": "the JPEG keeps an application's own data",
}


def information_of(data: bytes, stream: JpegStream) -> PictureInformation:
    """Read orientation, resolution and ICC profile from the segments themselves, which costs next to nothing."""
    orientation, resolution, exif, profiles = 1, None, None, dict[int, bytes]()
    for segment in stream.segments:
        if segment.marker == _APP0 and resolution is None:
            resolution = _jfif_resolution(_content(data, segment))
        elif segment.marker == _APP1 and exif is None:
            content = _content(data, segment)
            if content.startswith(b"Exif\0"):
                exif = exif_of(content[6:])
        elif segment.marker == _APP2:
            content = _content(data, segment)
            if content.startswith(b"ICC_PROFILE\0") and len(content) > 14:
                profiles.setdefault(content[12], content[14:])
    if exif:
        orientation = orientation_of(exif)
        if resolution is None or not resolution.absolute:
            resolution = _exif_resolution(exif) or resolution
    profile = b"".join(profiles[number] for number in sorted(profiles))
    return PictureInformation(orientation, resolution, profile or None)


def _jfif_resolution(content: bytes) -> Resolution | None:
    if not content.startswith(b"JFIF\0") or len(content) < 12:
        return None
    unit, x, y = struct.unpack_from(">BHH", content, 7)
    if unit == 2:  # per centimetre
        return sensible_resolution((x * 2.54, y * 2.54), absolute=True)
    return sensible_resolution((x, y), absolute=unit == 1)


def _exif_resolution(exif: Mapping[str, Any]) -> Resolution | None:
    x, y = exif.get("XResolution"), exif.get("YResolution")
    if not isinstance(x, int | float):
        return None
    y = y if isinstance(y, int | float) else x
    factor = 2.54 if exif.get("ResolutionUnit") == _CENTIMETRE else 1.0
    return sensible_resolution((x * factor, y * factor), absolute=True)


def without_metadata(data: bytes, stream: JpegStream) -> bytes:
    """Return a stream without the segments that can identify a patient; the coded picture stays bit for bit.

    JFIF (without its thumbnail), Adobe's colour transform and the ICC profile stay: they say how to show the picture.
    """
    parts, position = [], 0
    for segment in stream.segments:
        if next(metadata_codes(data, segment), None) is None:
            continue
        parts.append(data[position : segment.offset])
        if segment.marker == _APP0 and _content(data, segment).startswith(b"JFIF\0"):
            parts.append(b"\xff\xe0\x00\x10" + _content(data, segment)[: _JFIF_BYTES - 2] + b"\0\0")
        position = segment.offset + segment.size
    parts.append(data[position : stream.end])
    return b"".join(parts)


def metadata_codes(data: bytes, segment: JpegSegment) -> Iterator[str]:
    """Whether a segment can hold more than the picture, and what."""
    content = _content(data, segment)
    if segment.marker == _COM:
        yield "embedded-comment"
    elif segment.marker == _APP0 and content.startswith(b"JFIF\0"):
        if len(content) > _JFIF_BYTES:
            yield "embedded-thumbnail"
    elif segment.marker == _APP0 and content.startswith(b"JFXX\0"):
        yield "embedded-thumbnail"
    elif segment.marker == _APP1:
        yield "embedded-exif" if content.startswith(b"Exif\0") else "embedded-xmp"
    elif segment.marker == _APP13:
        yield "embedded-iptc"
    elif _APP0 <= segment.marker <= _APP15 and not _shows(segment.marker, content):
        yield "embedded-application-data"


def _shows(marker: int, content: bytes) -> bool:
    """Whether an application's segment says how to show the picture."""
    return any(
        marker == known and content.startswith(name)
        for known, name in ((_APP2, b"ICC_PROFILE\0"), (_APP14, b"Adobe"), _SPIFF, _JPEG_LS_COLOURS)
    )


def _content(data: bytes, segment: JpegSegment) -> bytes:
    return data[segment.offset + 4 : segment.offset + segment.size]
