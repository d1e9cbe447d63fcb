"""EXIF: what a camera says about its picture, out of any format that has a place for it.

Damage never raises here: what can be read is given, the rest is left out.
"""

import math
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

__all__ = ["exif_of", "orientation_of"]

# CIPA DC-008 (EXIF 2.32), 4.6: the names of what describes picture, camera, time and maker. Not its thumbnail.
_NAMES = {
    0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0112: "Orientation",
    0x011A: "XResolution", 0x011B: "YResolution", 0x0128: "ResolutionUnit", 0x0131: "Software", 0x0132: "DateTime",
    0x013B: "Artist", 0x013C: "HostComputer", 0x8298: "Copyright",
    0x829A: "ExposureTime", 0x829D: "FNumber", 0x8822: "ExposureProgram", 0x8827: "PhotographicSensitivity",
    0x9000: "ExifVersion", 0x9003: "DateTimeOriginal", 0x9004: "DateTimeDigitized", 0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal", 0x9012: "OffsetTimeDigitized", 0x9201: "ShutterSpeedValue",
    0x9202: "ApertureValue", 0x9203: "BrightnessValue", 0x9204: "ExposureBiasValue", 0x9205: "MaxApertureValue",
    0x9206: "SubjectDistance", 0x9207: "MeteringMode", 0x9208: "LightSource", 0x9209: "Flash",
    0x920A: "FocalLength", 0x9286: "UserComment", 0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal",
    0x9292: "SubSecTimeDigitized", 0xA001: "ColorSpace", 0xA402: "ExposureMode", 0xA403: "WhiteBalance",
    0xA404: "DigitalZoomRatio", 0xA405: "FocalLengthIn35mmFilm", 0xA406: "SceneCaptureType",
    0xA420: "ImageUniqueID", 0xA430: "CameraOwnerName", 0xA431: "BodySerialNumber", 0xA432: "LensSpecification",
    0xA433: "LensMake", 0xA434: "LensModel", 0xA435: "LensSerialNumber",
}  # fmt: skip
_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825

_USER_COMMENT = 0x9286

_RATIONAL, _SIGNED_RATIONAL = 5, 10
_BYTES, _TEXTS = (1, 7), (2, 7, 129)  # bytes that mean nothing by themselves are text in all the tags named above
_NUMBERS = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I", 16: "Q"}
_SIZES = {2: 1, 7: 1, 129: 1} | {kind: struct.calcsize(f"={form}") for kind, form in _NUMBERS.items()}

_MAX_ENTRIES = 4096
_MAX_VALUE = 1 << 16
_MAX_BOXES = 4096
_MAX_BLOCK = 1 << 18  # inflated
_COMMENT_CODES = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"JIS\0\0\0\0\0": "iso2022_jp", b"\0" * 8: "utf-8"}


class _Layout(NamedTuple):
    """How a directory of TIFF is written: byte order, and the sizes of BigTIFF or the usual ones."""

    order: str
    number: str
    entry: str
    inline: int


def exif_of(data: bytes) -> Mapping[str, Any]:
    """Return what EXIF says in a picture file, by its names in EXIF.

    Parameters
    ----------
    data
        A JPEG, PNG, TIFF, WebP, JPEG 2000 or JPEG XL file, or an EXIF block alone.

    Returns
    -------
    Mapping
        Text as str, numbers as int or float (rationals that have a value), several as a tuple; ``GPSInfo`` is True
        when the picture says where it was taken. Empty when there is no EXIF, or it cannot be read.

    Notes
    -----
    Damage never raises. Values of names, serial numbers and places can identify a person.

    DICOM
    -----
    CIPA DC-008 (EXIF), 4.6; not DICOM

    Examples
    --------
    >>> from pathlib import Path
    >>> exif_of(Path("retina.jpg").read_bytes()).get("Orientation", 1)
    1
    """
    for block in _blocks(data):
        found = _read_block(block)
        if found:
            return found
    return {}


def orientation_of(exif: Mapping[str, Any]) -> int:
    """Return the Orientation, 1 to 8; 1 when there is none that can be."""
    value = exif.get("Orientation")
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _blocks(data: bytes) -> Iterator[bytes]:
    """Find the EXIF blocks of a file: each a little TIFF."""
    if data.startswith((b"II", b"MM")):
        yield data
    elif data.startswith(b"Exif\0\0"):
        yield data[6:]
    elif data.startswith(b"\xff\xd8"):
        yield from _of_jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _of_png(data)
    elif data.startswith(b"RIFF"):
        yield from _of_webp(data)
    elif data[4:8] in (b"jP  ", b"JXL "):
        yield from _of_boxes(data)


def _of_jpeg(data: bytes) -> Iterator[bytes]:
    position = 2
    while data[position : position + 1] == b"\xff" and position + 4 <= len(data):
        marker, size = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xFF:  # filling
            position += 1
            continue
        if marker in (0xDA, 0xD9) or size < 2:
            return
        if marker == 0xE1 and data.startswith(b"Exif\0", position + 4):
            yield data[position + 10 : position + 2 + size]
        position += 2 + size


def _of_png(data: bytes) -> Iterator[bytes]:
    position, has_inflated = 8, False  # one, that a file of many does not take minutes
    while position + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if name == b"eXIf":
            yield data[body : body + size].removeprefix(b"Exif\0\0")
        elif name == b"zTXt" and not has_inflated and data.startswith(b"Raw profile type exif\0\0", body):
            has_inflated = True
            yield from _raw_profile(data[body + 23 : body + size])
        position = body + size + 4


def _raw_profile(coded: bytes) -> Iterator[bytes]:
    """Read what ImageMagick wrote before PNG had a chunk for it: name, size, hexadecimal digits."""
    try:
        text = zlib.decompressobj().decompress(coded, _MAX_BLOCK)
    except zlib.error:
        return
    match = re.match(rb"\s*exif\s+\d+\s+([0-9a-fA-F\s]*)", text)
    if match:
        digits = b"".join(match[1].split())
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode()).removeprefix(b"Exif\0\0")


def _of_webp(data: bytes) -> Iterator[bytes]:
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"EXIF":
            yield data[position + 8 : position + 8 + size].removeprefix(b"Exif\0\0")
        position += 8 + size + size % 2


def _of_boxes(data: bytes) -> Iterator[bytes]:
    """Walk the boxes of JPEG 2000 and JPEG XL."""
    position, has_inflated = 0, False
    for _ in range(_MAX_BOXES):
        if position + 8 > len(data):
            return
        size, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1 and start + 8 <= len(data):
            size, start = struct.unpack_from(">Q", data, start)[0], start + 8
        end = len(data) if size == 0 else position + size
        if end < start:
            return
        content = data[start:end] if name == b"Exif" else b""
        if name == b"brob" and not has_inflated and data.startswith(b"Exif", start):
            content, has_inflated = _inflated(data[start + 4 : end]), True
        if content:  # JPEG XL: how far the block is, first
            yield content[4 + int.from_bytes(content[:4], "big") :]
        elif name == b"uuid" and data.startswith(b"JpgTiffExif->JP2", start):
            yield data[start + 16 : end].removeprefix(b"Exif\0\0")
        position = end


def _inflated(coded: bytes) -> bytes:
    """Inflate a box, as whoever recompresses JPEG writes it; nothing of one that is damaged or larger than any."""
    import imagecodecs

    try:
        return cast("bytes", imagecodecs.brotli_decode(coded, out=_MAX_BLOCK))
    except (RuntimeError, ValueError):
        return b""


def _read_block(block: bytes) -> dict[str, Any]:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return {}
    magic, first = struct.unpack_from(f"{order}HI", block, 2)
    layout = _Layout(order, "H", "HHI", 4)
    if magic == 43 and len(block) >= 16:
        layout, first = _Layout(order, "Q", "HHQ", 8), struct.unpack_from(f"{order}Q", block, 8)[0]
    elif magic != 42:
        return {}
    found: dict[int, Any] = {}
    _read_directory(block, first, layout, found)
    below = found.pop(_EXIF_DIRECTORY, None)
    if isinstance(below, int):
        _read_directory(block, below, layout, found)
    places = found.pop(_GPS_DIRECTORY, None)
    named = {_NAMES[tag]: value for tag, value in found.items() if tag in _NAMES}
    return named | ({"GPSInfo": True} if places is not None else {})


def _read_directory(block: bytes, offset: int, layout: _Layout, found: dict[int, Any]) -> None:
    """Add the entries of a directory; the first of a tag counts."""
    order, size = layout.order, struct.calcsize(f"={layout.entry}") + layout.inline
    start = offset + struct.calcsize(f"={layout.number}")
    if offset < 8 or start > len(block):
        return
    (count,) = struct.unpack_from(order + layout.number, block, offset)
    for position in range(start, start + min(count, _MAX_ENTRIES) * size, size):
        if position + size > len(block):
            return
        tag, kind, number = struct.unpack_from(order + layout.entry, block, position)
        if tag in found or not (tag in _NAMES or tag in (_EXIF_DIRECTORY, _GPS_DIRECTORY)):
            continue
        length = number * _SIZES.get(kind, 0)
        where = position + size - layout.inline
        if length > layout.inline:
            (where,) = struct.unpack_from(order + ("Q" if layout.inline == 8 else "I"), block, where)
        if 0 < length <= _MAX_VALUE and where + length <= len(block):
            value = _value(block[where : where + length], tag, kind, order)
            if value is not None:
                found[tag] = value


def _value(raw: bytes, tag: int, kind: int, order: str) -> Any:
    """Return a value as Python has it; None of one that says nothing."""
    if tag == _USER_COMMENT and kind in _BYTES:
        return _comment(raw, order)
    if kind in _TEXTS:
        return _text(raw)
    form = _NUMBERS[kind]
    numbers = [part[0] if len(part) == 1 else part for part in struct.iter_unpack(order + form, raw)]
    if kind in (_RATIONAL, _SIGNED_RATIONAL):
        numbers = [above / below if below else math.nan for above, below in numbers]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        return None
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _text(raw: bytes) -> str | None:
    """Read text, which is UTF-8 in many files in place of ASCII."""
    cut = raw.split(b"\0", 1)[0]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError:
        text = cut.decode("latin-1")
    return text.strip() or None


def _comment(raw: bytes, order: str) -> str | None:
    code = _COMMENT_CODES.get(raw[:8])
    if code is None:
        return None
    if code == "utf-16" and not raw[8:].startswith((b"\xff\xfe", b"\xfe\xff")):
        code = "utf-16-le" if order == "<" else "utf-16-be"
    text = raw[8:].decode(code, errors="replace")
    return text.split("\0", 1)[0].strip() or None
