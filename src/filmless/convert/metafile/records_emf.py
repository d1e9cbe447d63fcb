"""EMF: its header, and its records played one after the other; [MS-EMF] 2.3.4, 2.1.1 RecordType."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.emf_bitmaps import BITMAPS
from filmless.convert.metafile.emf_shapes import SHAPES
from filmless.convert.metafile.emf_state import STATE
from filmless.convert.metafile.emf_text import TEXTS
from filmless.convert.metafile.records import Record
from filmless.errors import ConversionError, LimitError

__all__ = ["RECORDS", "EmfHeader", "play_emf", "read_emf_header", "walk"]

Handler = Callable[[DeviceContext, Record], None]
_HEADER, _EOF, _COMMENT = 1, 14, 70


def _comment(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001 - all handlers take the device context
    """Refuse EMF+, unless its header says that the EMF records tell all of it too: [MS-EMFPLUS] 2.3.3.3."""
    content = bytes(record.data[12:28])
    if content[:4] != b"EMF+":
        return
    kind, flags = struct.unpack_from("<HH", content.ljust(16, b"\0"), 4)
    if kind == 0x4001 and not flags & 1:
        raise ConversionError("EMF+ is not converted: the file's drawing is in EMF+ records alone")


def _refuse(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001
    record.refuse("it is not drawn")


# What changes no picture: how fonts are chosen, colours on other devices, which printer, …
_SILENT = {
    16: "SETMAPPERFLAGS", 23: "SETCOLORADJUSTMENT", 52: "REALIZEPALETTE", 98: "SETICMMODE", 99: "CREATECOLORSPACE",
    100: "SETCOLORSPACE", 101: "DELETECOLORSPACE", 104: "PIXELFORMAT", 109: "FORCEUFIMAPPING",
    111: "COLORCORRECTPALETTE", 112: "SETICMPROFILEA", 113: "SETICMPROFILEW", 119: "SETLINKEDUFIS",
    121: "COLORMATCHTOTARGETW", 122: "CREATECOLORSPACEW",
}  # fmt: skip
_TOLD = {102: "GLSRECORD", 106: "EXTESCAPE", 110: "NAMEDESCAPE"}
_REFUSED = {53: "EXTFLOODFILL", 103: "GLSBOUNDEDRECORD", 105: "DRAWESCAPE"}


def _tell(dc: DeviceContext, record: Record) -> None:
    dc.notice("metafile-record", f"{record.name} is left out")


RECORDS: dict[int, tuple[str, Handler | None]] = {
    **STATE,
    **SHAPES,
    **BITMAPS,
    **TEXTS,
    _COMMENT: ("COMMENT", _comment),
    **{number: (name, None) for number, name in _SILENT.items()},
    **{number: (name, _tell) for number, name in _TOLD.items()},
    **{number: (name, _refuse) for number, name in _REFUSED.items()},
}
"""Every record: number → name without EMR_, and what it does; None for what changes no picture."""


@dataclass(frozen=True, slots=True)
class EmfHeader:
    """Where the picture lies: in pixels of the reference device, and its size in millimetres."""

    left: float
    top: float
    width: float
    height: float
    width_mm: float
    height_mm: float
    device_per_mm: tuple[float, float]


def read_emf_header(data: bytes) -> EmfHeader:
    """Read the frame and the reference device: [MS-EMF] 2.2.9.

    Raises
    ------
    ConversionError
        It is damaged, or says no size.
    """
    if len(data) < 88:
        raise ConversionError("the EMF ends within its header")
    bounds, frame = struct.unpack_from("<iiii", data, 8), struct.unpack_from("<iiii", data, 24)
    pixels, millimetres = struct.unpack_from("<ii", data, 72), struct.unpack_from("<ii", data, 80)
    if min(*pixels, *millimetres) <= 0:
        pixels, millimetres = (9600, 9600), (2540, 2540)  # nothing is said: a screen
    per_mm = pixels[0] / millimetres[0], pixels[1] / millimetres[1]
    if _is_rounded(data, pixels, millimetres):
        per_mm = (sum(pixels) / sum(millimetres),) * 2
    left, top, right, bottom = (side / 100 for side in frame)
    if right > left and bottom > top:
        place = left * per_mm[0], top * per_mm[1], (right - left) * per_mm[0], (bottom - top) * per_mm[1]
        return EmfHeader(*place, right - left, bottom - top, per_mm)
    width, height = bounds[2] - bounds[0] + 1, bounds[3] - bounds[1] + 1
    if width <= 1 and height <= 1:
        raise ConversionError("the EMF has no size: its frame and its bounds are empty")
    width, height = max(width, 1), max(height, 1)
    return EmfHeader(bounds[0], bounds[1], width, height, width / per_mm[0], height / per_mm[1], per_mm)


def _is_rounded(data: bytes, pixels: tuple[int, int], millimetres: tuple[int, int]) -> bool:
    """Whether the device has square pixels by its micrometres, but not by its millimetres, which players go by.

    LibreOffice makes a device as small as the picture, so that whole millimetres are half a percent off, and a square
    no square. Both sides together are as Inkscape takes them.
    """
    if struct.unpack_from("<I", data, 4)[0] < 108 or len(data) < 108:
        return False
    micrometres: tuple[int, int] = struct.unpack_from("<ii", data, 100)
    x, y = micrometres
    is_close = abs(x - 1000 * millimetres[0]) < 1000 and abs(y - 1000 * millimetres[1]) < 1000
    is_square = abs(pixels[0] * y - pixels[1] * x) < 0.002 * pixels[1] * x
    return is_close and is_square and bool(x % 1000 or y % 1000)


def walk(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and size in bytes of each record behind the header, up to the last."""
    position, size_of, length = 0, struct.Struct("<II").unpack_from, len(data)
    while position + 8 <= length:
        kind, size = size_of(data, position)
        if size < 8 or size % 4 or size > length - position:
            raise ConversionError(f"EMF record of {size} bytes exceeds the file: offset {position}")
        if kind == _EOF:
            return
        if position:
            if kind == _HEADER:
                raise ConversionError("EMF has a second header", offset=position)
            yield kind, position, size
        position += size
    raise ConversionError("the EMF ends before its end of file record")


def play_emf(dc: DeviceContext, data: bytes, *, max_records: int) -> None:
    """Play all records behind the header, to the end of file record.

    Raises
    ------
    ConversionError
        A record is damaged or cannot be drawn truly; the message names it.
    LimitError
        They are too many, or draw too much.
    """
    view = memoryview(data)
    unknown: set[int] = set()
    for number, (kind, position, size) in enumerate(walk(data)):
        if number >= max_records:
            raise LimitError("the EMF has too many records", limit="max_records", value=max_records)
        entry = RECORDS.get(kind)
        if entry is None:
            unknown.add(kind) if len(unknown) < 20 else None
            if kind in unknown:
                dc.notice("metafile-unknown", f"record {kind} is unknown and left out")
        elif entry[1] is not None:
            awaited = dc.awaited
            entry[1](dc, Record("EMR_" + entry[0], view[position : position + size]))
            if awaited is not None:
                dc.check_awaited(awaited)
    dc.check_awaited(dc.awaited)
