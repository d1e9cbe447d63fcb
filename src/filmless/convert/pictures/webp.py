"""WebP (RFC 9649): lossy and lossless, still and animated."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from filmless.convert.content import Content, check_numbers, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.exif import exif_of, orientation_of
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation
from filmless.convert.pictures.pillow import frames_of_image, open_with_pillow
from filmless.errors import ConversionError

__all__ = ["read", "size_of_webp"]

# PS3.3 C.7.6.1.1.5.1 has no term for VP8; defined terms may be extended, and this names what the picture was coded by.
_LOSSY_METHOD = "RFC_6386"
_MAX_FRAMES = 1 << 16


@dataclass(slots=True)
class _WebP:
    """What the chunks say."""

    columns: int = 0
    rows: int = 0
    frames: int = 0
    times_ms: tuple[float, ...] = ()
    lossy_bytes: int = 0
    icc_profile: bytes | None = None


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a WebP: frames as they are displayed.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    LimitError
        All frames together are larger than ``options.max_pixels``.

    DICOM
    -----
    PS3.3 C.7.6.1.1.5
    """
    webp = _walk(data)
    check_size(webp.columns, webp.rows, options.max_pixels, frames=webp.frames)
    check_numbers(webp.frames, webp.times_ms, options)
    information = PictureInformation(orientation_of(exif_of(data)), None, webp.icc_profile)
    with open_with_pillow("WebP", data) as image:
        if image.size != (webp.columns, webp.rows):
            raise ConversionError("the WebP is damaged: its size is said in two ways")
        frames = frames_of_image(image, webp.frames)
    lossy: dict[str, Any] = {}
    if webp.lossy_bytes:
        options.notice("lossy", "the WebP was coded with losses; the Standard has no term for its method")
        lossy = {"lossy_bytes": webp.lossy_bytes, "lossy_method": _LOSSY_METHOD}
    if webp.frames > 1 and options.apart:
        if lossy:
            lossy["lossy_bytes"] = max(1, webp.lossy_bytes // webp.frames)
        return [finish(frame[np.newaxis], information, options, **lossy) for frame in frames]
    times = webp.times_ms if webp.frames > 1 else ()
    return [finish(frames, information, options, frame_times_ms=times, **lossy)]


def size_of_webp(data: bytes) -> tuple[int, int]:
    """Return the columns and rows that a WebP claims.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    """
    webp = _walk(data)
    return webp.columns, webp.rows


def _walk(data: bytes) -> _WebP:
    """Walk the chunks of the RIFF."""
    webp, times = _WebP(), []
    is_extended = False
    for name, body in _chunks(data, 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))):
        if name == b"VP8X" and len(body) >= 10:
            webp.columns = 1 + int.from_bytes(body[4:7], "little")
            webp.rows = 1 + int.from_bytes(body[7:10], "little")
            is_extended = True
        elif name == b"ICCP" and webp.icc_profile is None:
            webp.icc_profile = bytes(body) or None
        elif name == b"ANMF" and len(body) >= 16:
            times.append(float(int.from_bytes(body[12:15], "little")))
            for inner, coded in _chunks(bytes(body), 16, len(body)):
                webp.lossy_bytes += len(coded) if inner == b"VP8 " else 0
        elif name in (b"VP8 ", b"VP8L") and not webp.frames:
            webp.frames = 1
            webp.lossy_bytes += len(body) if name == b"VP8 " else 0
            if not is_extended:
                webp.columns, webp.rows = _coded_size(name, body)
    if times:
        webp.frames, webp.times_ms = len(times), tuple(times)
    if not 1 <= webp.frames <= _MAX_FRAMES:
        raise ConversionError("the WebP is damaged or ends early: it has no picture, or too many")
    return webp


def _chunks(data: bytes, position: int, end: int) -> list[tuple[bytes, memoryview]]:
    found, view = [], memoryview(data)
    while position + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if position + size > len(data):
            raise ConversionError("the WebP ends early")
        found.append((name, view[position : position + size]))
        position += size + size % 2
    return found


def _coded_size(name: bytes, body: memoryview) -> tuple[int, int]:
    """Return the size that a coded picture claims."""
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 " and len(body) >= 10 and bytes(body[3:6]) == b"\x9d\x01\x2a":
        columns, rows = struct.unpack_from("<HH", body, 6)
        return columns & 0x3FFF, rows & 0x3FFF
    raise ConversionError("the WebP is damaged: its picture has no header")
