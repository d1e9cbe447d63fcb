"""WMF: its headers, and its records played one after the other; [MS-WMF] 2.3.2, 2.1.1.1 RecordType."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filmless.convert.formats import PLACEABLE_WMF
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.mapping import Mapping
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.wmf_drawing import DRAWING
from filmless.convert.metafile.wmf_state import STATE
from filmless.errors import ConversionError, LimitError

__all__ = ["RECORDS", "WmfHeader", "play_wmf", "read_wmf_header", "walk"]

Handler = Callable[[DeviceContext, Record], None]
_ANISOTROPIC = 8
_COMMENT = 15
_EOF, _WINDOW_ORIGIN, _WINDOW_EXTENT = 0x0000, 0x020B, 0x020C


def _refuse(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001 - all handlers take the device context
    record.refuse("it is not drawn")


def _escape(dc: DeviceContext, record: Record) -> None:
    """Words to a printer's driver; comments are no matter of anyone."""
    if record.numbers("H", 6)[0] != _COMMENT:
        dc.notice("metafile-record", f"{record.name} is left out")


_SILENT = {
    0x0035: "REALIZEPALETTE", 0x0105: "SETRELABS", 0x0107: "SETSTRETCHBLTMODE", 0x0139: "RESIZEPALETTE",
    0x0231: "SETMAPPERFLAGS", 0x0436: "ANIMATEPALETTE",
}  # fmt: skip

RECORDS: dict[int, tuple[str, Handler | None]] = {
    **STATE,
    **DRAWING,
    **{number: (name, None) for number, name in _SILENT.items()},
    0x0419: ("FLOODFILL", _refuse),
    0x0548: ("EXTFLOODFILL", _refuse),
    0x0626: ("ESCAPE", _escape),
}
"""Every record: number → name without META_, and what it does; None for what changes no picture."""


@dataclass(frozen=True, slots=True)
class WmfHeader:
    """Where records begin, how large the picture is in logical units and millimetres, and how it begins to map."""

    start: int
    width: float
    height: float
    width_mm: float | None
    height_mm: float | None
    mapping: Mapping
    left: float = 0.0
    top: float = 0.0


def read_wmf_header(data: bytes, *, max_records: int) -> WmfHeader:
    """Read the picture's place: from the placeable header, else from the first window.

    Raises
    ------
    ConversionError
        It is damaged, or says no size.
    """
    start, box, inch = 0, None, 0
    if data[:4] == PLACEABLE_WMF:
        if len(data) < 22:
            raise ConversionError("the WMF ends within its header")
        left, top, right, bottom, inch = struct.unpack_from("<hhhhH", data, 6)
        box = (left, top, right - left, bottom - top)
        start = 22
    if len(data) < start + 18:
        raise ConversionError("the WMF ends within its header")
    kind, size = struct.unpack_from("<HH", data, start)
    if kind not in (1, 2) or size != 9:
        raise ConversionError("the WMF has no header behind its placeable one")
    start += 18
    if box is None or not (box[2] and box[3]):
        box = _first_window(data, start, max_records)
    width, height = abs(box[2]), abs(box[3])
    mapping = Mapping(
        mode=_ANISOTROPIC,
        window_origin=(box[0], box[1]),
        window_extent=(box[2], box[3]),
        viewport_extent=(width, height),
    )
    mm = 25.4 / inch if inch else None
    return WmfHeader(start, width, height, width * mm if mm else None, height * mm if mm else None, mapping)


def _first_window(data: bytes, start: int, max_records: int) -> tuple[float, float, float, float]:
    origin, extent = (0, 0), None
    for _, (kind, position, size) in zip(range(max_records), walk(data, start), strict=False):
        if kind == _WINDOW_ORIGIN and size >= 10:
            origin = struct.unpack_from("<hh", data, position + 6)[::-1]
        elif kind == _WINDOW_EXTENT and size >= 10:
            extent = struct.unpack_from("<hh", data, position + 6)[::-1]
        elif kind in DRAWING:
            break
    if extent is None or not all(extent):
        raise ConversionError("the WMF says no size: it has neither a placeable header nor a window")
    return float(origin[0]), float(origin[1]), float(extent[0]), float(extent[1])


def walk(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and size in bytes of each record, up to the last."""
    head, length = struct.Struct("<IH").unpack_from, len(data)
    while position + 6 <= length:
        words, kind = head(data, position)
        size = 2 * words
        if kind == _EOF and words <= 3:
            return
        if size < 6 or size > length - position:
            raise ConversionError(f"WMF record of {size} bytes exceeds the file: offset {position}")
        yield kind, position, size
        position += size
    raise ConversionError("the WMF ends before its end of file record")


def play_wmf(dc: DeviceContext, data: bytes, header: WmfHeader, *, max_records: int) -> None:
    """Play all records, to the end of file record.

    Raises
    ------
    ConversionError
        A record is damaged or cannot be drawn truly; the message names it.
    LimitError
        They are too many, or draw too much.
    """
    view = memoryview(data)
    for number, (kind, position, size) in enumerate(walk(data, header.start)):
        if number >= max_records:
            raise LimitError("the WMF has too many records", limit="max_records", value=max_records)
        entry = RECORDS.get(kind)
        if entry is None:
            dc.notice("metafile-unknown", f"record {kind:#06x} is unknown and left out")
        elif entry[1] is not None:
            awaited = dc.awaited
            entry[1](dc, Record("META_" + entry[0], view[position : position + size]))
            if awaited is not None:
                dc.check_awaited(awaited)
    dc.check_awaited(dc.awaited)
