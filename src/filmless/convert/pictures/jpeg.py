"""JPEG: baseline streams go in as they are, the others are decoded."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Picture, Stream, check_size
from filmless.convert.notice import ConversionNotice
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.pillow import PictureInformation, decode_with_pillow, open_with_pillow
from filmless.errors import ConversionError, DicomError, FormatError
from filmless.pixels.codecs.jpeg import MAX_PIXELS_PER_BYTE, decode_stream
from filmless.pixels.codecs.jpeg_stream import JpegSegment, JpegStream, parse_jpeg

__all__ = ["read", "without_metadata"]

_APP0, _APP1, _APP2, _APP13, _APP14, _APP15, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE
_START_OF_SCAN = 0xDA
_JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_JFIF_BYTES = 14  # of its content, up to the thumbnail

_MAX_PROGRESSIVE = 8300  # pixels of one byte: its later scans may say nothing at all

_OTHER_DATA = b"\x9d\x3b\xe7\x51" * 16  # coded data of no meaning; not all ones or zeros, which can mean "no change"

_RESTARTS = re.compile(rb"\xff[\xd0-\xd7]")

_MESSAGES = {
    "embedded-exif": "the JPEG keeps its EXIF data, which can hold a place and a name",
    "embedded-xmp": "the JPEG keeps its XMP data, which can hold a place and a name",
    "embedded-iptc": "the JPEG keeps its Photoshop or IPTC data, which can hold names",
    "embedded-comment": "the JPEG keeps its comment",
    "embedded-thumbnail": "the JPEG keeps a thumbnail, which can show more than the picture",
    "embedded-application-data": "the JPEG keeps an application's own data",
}


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a JPEG: as it is when it is baseline, upright, and of one or three components; else its samples.

    Raises
    ------
    ConversionError
        It is damaged or ends early.

    DICOM
    -----
    PS3.5 8.2.1 and Table 8.2.1-1
    """
    try:
        stream = parse_jpeg(data)
    except FormatError as error:
        raise ConversionError(error.message, offset=error.offset) from error
    check_size(stream.columns, stream.rows, options.max_pixels)
    if stream.rows * stream.columns > (_MAX_PROGRESSIVE if stream.is_progressive else MAX_PIXELS_PER_BYTE) * len(data):
        raise ConversionError(f"the JPEG of {len(data)} bytes is too short for its size")
    if stream.end < len(data.rstrip(b"\0")):
        options.notice("trailing-bytes", "bytes behind the end of the JPEG are left out")
    if stream.is_lossless or stream.precision != 8:
        return [_decode_deep(data, stream)]
    with open_with_pillow("JPEG", data[: stream.end]) as image:
        information = PictureInformation.of(image)
        if not stream.is_baseline or len(stream.components) not in (1, 3) or information.orientation != 1:
            options.notice("decoded", f"the JPEG is stored uncompressed: {_reason(stream)}")
            return [decode_with_pillow(image, information, options, lossy_bytes=stream.end)]
    return [_as_it_is(data, stream, information, options)]


def _as_it_is(data: bytes, stream: JpegStream, information: PictureInformation, options: ReadOptions) -> Picture:
    """Pass the stream on; decoding it shows that it is one, and whole."""
    try:
        samples = decode_stream(data, stream)
        whole = _is_whole(data, stream, samples)
    except DicomError as error:
        raise ConversionError(error.message) from error
    if not whole:
        raise ConversionError("the JPEG's coded data ends early")
    if options.strip_metadata:
        stored = without_metadata(data, stream)
    else:
        stored = data[: stream.end]
        for code in sorted({code for segment in stream.segments for code in _metadata_codes(data, segment)}):
            options.notices.append(ConversionNotice(code, _MESSAGES[code]))
    # PS3.5 Table 8.2.1-1 knows YBR_FULL_422 and RGB only; the term says nothing on the stream's real subsampling.
    colour = "RGB" if stream.is_rgb else "YBR_FULL_422"
    return Picture.of_samples(
        samples,
        photometric_interpretation="MONOCHROME2" if samples.ndim == 2 else colour,
        stream=Stream(_JPEG_BASELINE, (stored,), "ISO_10918_1"),
        resolution=information.resolution,
        icc_profile=information.rgb_profile(options) if samples.ndim == 3 else None,
    )


def _is_whole(data: bytes, stream: JpegStream, samples: NDArray[Any]) -> bool:
    """Whether the coded data lasts to the last pixel, which libjpeg does not say: it goes on with zeros in silence.

    Of a whole stream nothing behind the last pixel matters: other data put there must not change the picture.
    """
    scan = stream.segments[-1]
    if scan.marker != _START_OF_SCAN:
        return True  # something was written behind the scan: nobody cut it there
    coded = data[: stream.end - 2].rstrip(b"\xff")
    # Where it was cut at a restart, nothing is looked at before the next marker.
    restart = bytes([0xFF, 0xD0 + len(_RESTARTS.findall(coded, scan.offset + scan.size)) % 8])
    longer = coded + _OTHER_DATA + restart + _OTHER_DATA + b"\xff\xd9"
    return np.array_equal(decode_stream(longer, replace(stream, end=len(longer))), samples)


def _decode_deep(data: bytes, stream: JpegStream) -> Picture:
    """Decode what Pillow cannot: lossless, and more than 8 bits. Cameras make neither, so there is no EXIF to read."""
    if len(stream.components) not in (1, 3):
        raise ConversionError(
            f"JPEG of {stream.precision} bits and {len(stream.components)} components, expected 1 or 3"
        )
    try:
        samples = imagecodecs.jpeg8_decode(data[: stream.end])
    except (RuntimeError, ValueError) as error:
        raise ConversionError(f"the JPEG does not decode: {error}") from error
    return Picture.of_samples(
        samples,
        stream.precision,
        **({} if stream.is_lossless else {"lossy_bytes": stream.end, "lossy_method": "ISO_10918_1"}),
    )


def _reason(stream: JpegStream) -> str:
    if not stream.is_baseline:
        return f"it is of process SOF{stream.process}, not baseline"
    if len(stream.components) not in (1, 3):
        return f"it has {len(stream.components)} components"
    return "it has to be turned upright"


def without_metadata(data: bytes, stream: JpegStream) -> bytes:
    """Return a stream without the segments that can identify a patient; the coded picture stays bit for bit.

    JFIF (without its thumbnail), Adobe's colour transform and the ICC profile stay: they say how to show the picture.
    """
    parts, position = [], 0
    for segment in stream.segments:
        if next(_metadata_codes(data, segment), None) is None:
            continue
        parts.append(data[position : segment.offset])
        if segment.marker == _APP0 and _content(data, segment).startswith(b"JFIF\0"):
            parts.append(b"\xff\xe0\x00\x10" + _content(data, segment)[: _JFIF_BYTES - 2] + b"\0\0")
        position = segment.offset + segment.size
    parts.append(data[position : stream.end])
    return b"".join(parts)


def _metadata_codes(data: bytes, segment: JpegSegment) -> Iterator[str]:
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
    elif _APP0 <= segment.marker <= _APP15 and not (
        (segment.marker == _APP2 and content.startswith(b"ICC_PROFILE\0"))
        or (segment.marker == _APP14 and content.startswith(b"Adobe"))
    ):
        yield "embedded-application-data"


def _content(data: bytes, segment: JpegSegment) -> bytes:
    return data[segment.offset + 4 : segment.offset + segment.size]
