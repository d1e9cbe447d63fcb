"""WMF records that set state, make objects and clip; [MS-WMF] 2.3.4, 2.3.5. The last parameter stands first."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.bitmaps import bitmap_header, decode_dib
from filmless.convert.metafile.device_context import DeviceContext, Object
from filmless.convert.metafile.objects import Brush, Font, Palette, Pen, RegionObject, rgb_of
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.region_drawing import (
    fill_region,
    frame_region,
    invert_region,
    logical_region,
    offset_clip,
)
from filmless.convert.metafile.regions import AND, COPY, DIFF

__all__ = ["STATE", "bitmap_of"]

_MAX_OBJECTS = 0x10000


def _value(dc: DeviceContext, record: Record, *, name: str, of: Callable[[Any], Any]) -> None:
    setattr(dc.state, name, of(record.numbers("H", 6)[0]))


def _colour(dc: DeviceContext, record: Record, *, name: str) -> None:
    setattr(dc.state, name, dc.colour(record.numbers("I", 6)[0]))


def _pair(record: Record) -> tuple[float, float]:
    """Read x and y, which stand the other way round."""
    y, x = record.numbers("hh", 6)
    return float(x), float(y)


def _window_origin(dc: DeviceContext, record: Record) -> None:
    dc.mapping = replace(dc.mapping, window_origin=_pair(record))


def _window_extent(dc: DeviceContext, record: Record) -> None:
    dc.mapping = dc.mapping.with_extent(window=_pair(record), viewport=None)


def _offset_window(dc: DeviceContext, record: Record) -> None:
    (x, y), old = _pair(record), dc.mapping.window_origin
    dc.mapping = replace(dc.mapping, window_origin=(old[0] + x, old[1] + y))


def _scale_window(dc: DeviceContext, record: Record) -> None:
    dy, y, dx, x = record.numbers("hhhh", 6)
    if not (x and dx and y and dy):
        record.refuse("an extent is scaled by nothing")
    old = dc.mapping.window_extent
    dc.mapping = dc.mapping.with_extent(window=(old[0] * x / dx, old[1] * y / dy), viewport=None)


def _viewport(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001 - all handlers take the device context
    """Whoever plays a WMF sets the viewport to the picture; one that moves it would need the device it was made for."""
    if record.name.endswith("ORG") and not any(record.numbers("hh", 6)):
        return
    record.refuse("a viewport of a device that is not known is not drawn")


def _viewport_extent(dc: DeviceContext, record: Record) -> None:
    dc.notice("metafile-viewport", f"{record.name}: the viewport is the picture")


def _map_mode(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001
    """Units are those of the window, whatever the device; modes of lengths would need one."""
    if record.numbers("H", 6)[0] in range(2, 7):
        record.refuse("a mapping mode of lengths is not drawn in WMF")


def _layout(dc: DeviceContext, record: Record) -> None:
    dc.set_mirrored(bool(record.numbers("H", 6)[0] & 1))


def _restore(dc: DeviceContext, record: Record) -> None:
    dc.restore(record.numbers("h", 6)[0], record)


def _keep(dc: DeviceContext, made: Object, record: Record) -> None:
    """Put an object into the lowest free place: [MS-WMF] 3.1.4.1."""
    number = dc.first_free
    while number in dc.objects:
        number += 1
    if number >= _MAX_OBJECTS:
        record.refuse("it makes too many objects")
    dc.objects[number] = made
    dc.first_free = number + 1


def _delete(dc: DeviceContext, record: Record) -> None:
    (number,) = record.numbers("H", 6)
    if dc.objects.pop(number, None) is not None:
        dc.first_free = min(dc.first_free, number)


def _select(dc: DeviceContext, record: Record) -> None:
    (number,) = record.numbers("H", 6)
    chosen = dc.objects.get(number)
    if isinstance(chosen, RegionObject):
        dc.clip_to(logical_region(dc, chosen.boxes), COPY)
    else:
        dc.select(number, record)


def _create_pen(dc: DeviceContext, record: Record) -> None:
    style, width, _, colour = record.numbers("HhhI", 6)
    _keep(dc, Pen(style, abs(width), dc.colour(colour)), record)


def _create_brush(dc: DeviceContext, record: Record) -> None:
    style, colour, hatch = record.numbers("HIH", 6)
    kinds = {0: "solid", 1: "null", 2: "hatched"}
    if style not in kinds:
        record.refuse(f"a brush of style {style} is not drawn")
    _keep(dc, Brush(kinds[style], dc.colour(colour), hatch), record)


def bitmap_of(dc: DeviceContext, record: Record, at: int, usage: int) -> tuple[NDArray[np.uint8], bool]:
    """Decode the bitmap from an offset on; and say whether its first row is the top one."""
    data = record.part(at, max(0, len(record) - at))
    form = bitmap_header(data, record, usage=usage)
    bits = record.part(at + form.size, max(0, len(data) - form.size))
    palette = dc.state.palette.colours
    return decode_dib(
        data, bits, record, charge=dc.canvas.charge_pixels, usage=usage, palette=palette
    ), form.is_top_down


def _dib_brush(dc: DeviceContext, record: Record) -> None:
    style, usage = record.numbers("HH", 6)
    rgba, _ = bitmap_of(dc, record, 10, usage)
    if rgba.shape[0] * rgba.shape[1] > 1 << 20:
        record.refuse(f"a brush of {rgba.shape[1]} x {rgba.shape[0]} pixels is not drawn")
    # A plain pattern is of the old kind, of one bit, whose colours are those of text.
    is_mono = style == 3 and bool(((rgba[..., :3] == 0) | (rgba[..., :3] == 255)).all())
    brush = Brush("mono", pattern=rgba[..., 0] > 127) if is_mono else Brush("pattern", pattern=rgba[..., :3])
    _keep(dc, brush, record)


def _old_brush(dc: DeviceContext, record: Record) -> None:
    """[MS-WMF] 2.3.4.4: a bitmap of the device; of one bit it is the same on all."""
    _, columns, rows, stride, planes, depth = record.numbers("hhhhBB", 6)
    if (planes, depth) != (1, 1) or columns <= 0 or rows <= 0 or stride * 8 < columns:
        record.refuse("a pattern in colours of a device is not drawn")
    raw = np.frombuffer(record.part(6 + 32, stride * rows), np.uint8).reshape(rows, stride)
    _keep(dc, Brush("mono", pattern=np.unpackbits(raw, axis=1)[:, :columns].astype(bool)), record)


def _create_font(dc: DeviceContext, record: Record) -> None:
    height, width, escapement, _, weight = record.numbers("hhhhh", 6)
    italic, underline, strikeout, charset = record.numbers("BBBB", 16)
    raw = bytes(record.part(24, min(32, max(0, len(record) - 24)))).partition(b"\0")[0]
    face = raw.decode("cp1252", "replace")
    style = bool(italic), bool(underline), bool(strikeout)
    _keep(dc, Font(height, width, math.radians(escapement / 10), weight or 400, *style, charset, face), record)


def _create_palette(dc: DeviceContext, record: Record) -> None:
    _, count = record.numbers("HH", 6)
    _keep(dc, Palette(tuple(rgb_of(entry) for entry in record.integers(10, count).tolist())), record)


def _palette_entries(dc: DeviceContext, record: Record) -> None:
    start, count = record.numbers("HH", 6)
    colours = list(dc.state.palette.colours)
    colours += [(0, 0, 0)] * (start + count - len(colours))
    colours[start : start + count] = [rgb_of(entry) for entry in record.integers(10, count).tolist()]
    dc.state.palette = Palette(tuple(colours))


def _create_region(dc: DeviceContext, record: Record) -> None:
    """[MS-WMF] 2.2.1.5: bands of the same left and right edges."""
    (bands,) = record.numbers("h", 16)
    at, boxes = 28, []
    for _ in range(max(bands, 0)):
        count, top, bottom = record.numbers("Hhh", at)
        edges = record.numbers(f"{count}h", at + 6)
        boxes += [(left, top, right, bottom) for left, right in zip(edges[::2], edges[1::2], strict=False)]
        at += 8 + 2 * count
    dc.canvas.charge(len(boxes))
    _keep(dc, RegionObject(np.array(boxes, float).reshape(-1, 4)), record)


def _region(dc: DeviceContext, record: Record, number: int) -> RegionObject:
    region = dc.objects.get(number)
    return region if isinstance(region, RegionObject) else record.refuse(f"there is no region {number}")


def _brush(dc: DeviceContext, record: Record, number: int) -> Brush:
    brush = dc.objects.get(number)
    return brush if isinstance(brush, Brush) else record.refuse(f"there is no brush {number}")


def _fill_region(dc: DeviceContext, record: Record) -> None:
    region, brush = record.numbers("HH", 6)
    boxes = _region(dc, record, region).boxes
    fill_region(dc, logical_region(dc, boxes), record, _brush(dc, record, brush))


def _paint_region(dc: DeviceContext, record: Record) -> None:
    fill_region(dc, logical_region(dc, _region(dc, record, record.numbers("H", 6)[0]).boxes), record)


def _invert_region(dc: DeviceContext, record: Record) -> None:
    invert_region(dc, logical_region(dc, _region(dc, record, record.numbers("H", 6)[0]).boxes))


def _frame_region(dc: DeviceContext, record: Record) -> None:
    region, brush, height, width = record.numbers("HHhh", 6)
    frame_region(dc, _region(dc, record, region).boxes, (width, height), _brush(dc, record, brush), record)


def _select_clip(dc: DeviceContext, record: Record) -> None:
    (number,) = record.numbers("H", 6)
    region = dc.objects.get(number)
    if isinstance(region, RegionObject):
        dc.clip_to(logical_region(dc, region.boxes), COPY)
    elif number == 0:
        dc.state.clip = None
    else:
        record.refuse(f"there is no region {number}")


def _clip_rectangle(dc: DeviceContext, record: Record, *, mode: int) -> None:
    bottom, right, top, left = record.numbers("hhhh", 6)
    dc.clip_to(dc.logical_region(left, top, right, bottom), mode)


def _justification(dc: DeviceContext, record: Record) -> None:
    breaks, extra = record.numbers("HH", 6)
    dc.state.justification = float(extra), breaks


STATE: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    0x001E: ("SAVEDC", lambda dc, record: dc.save()),  # noqa: ARG005
    0x0037: ("SETPALENTRIES", _palette_entries),
    0x00F7: ("CREATEPALETTE", _create_palette),
    0x0102: ("SETBKMODE", partial(_value, name="is_opaque", of=lambda mode: mode == 2)),
    0x0103: ("SETMAPMODE", _map_mode),
    0x0104: ("SETROP2", partial(_value, name="operation", of=int)),
    0x0106: (
        "SETPOLYFILLMODE",
        partial(_value, name="fill_rule", of=lambda mode: "nonzero" if mode == 2 else "evenodd"),
    ),
    0x0108: ("SETTEXTCHAREXTRA", partial(_value, name="character_extra", of=float)),
    0x0127: ("RESTOREDC", _restore),
    0x012A: ("INVERTREGION", _invert_region),
    0x012B: ("PAINTREGION", _paint_region),
    0x012C: ("SELECTCLIPREGION", _select_clip),
    0x012D: ("SELECTOBJECT", _select),
    0x012E: ("SETTEXTALIGN", partial(_value, name="text_align", of=int)),
    0x0142: ("DIBCREATEPATTERNBRUSH", _dib_brush),
    0x0149: ("SETLAYOUT", _layout),
    0x01F0: ("DELETEOBJECT", _delete),
    0x01F9: ("CREATEPATTERNBRUSH", _old_brush),
    0x0201: ("SETBKCOLOR", partial(_colour, name="background_colour")),
    0x0209: ("SETTEXTCOLOR", partial(_colour, name="text_colour")),
    0x020A: ("SETTEXTJUSTIFICATION", _justification),
    0x020B: ("SETWINDOWORG", _window_origin),
    0x020C: ("SETWINDOWEXT", _window_extent),
    0x020D: ("SETVIEWPORTORG", _viewport),
    0x020E: ("SETVIEWPORTEXT", _viewport_extent),
    0x020F: ("OFFSETWINDOWORG", _offset_window),
    0x0211: ("OFFSETVIEWPORTORG", _viewport),
    0x0220: ("OFFSETCLIPRGN", lambda dc, record: offset_clip(dc, _pair(record), record)),
    0x0228: ("FILLREGION", _fill_region),
    0x0234: ("SELECTPALETTE", _select),
    0x02FA: ("CREATEPENINDIRECT", _create_pen),
    0x02FB: ("CREATEFONTINDIRECT", _create_font),
    0x02FC: ("CREATEBRUSHINDIRECT", _create_brush),
    0x0410: ("SCALEWINDOWEXT", _scale_window),
    0x0412: ("SCALEVIEWPORTEXT", _viewport),
    0x0415: ("EXCLUDECLIPRECT", partial(_clip_rectangle, mode=DIFF)),
    0x0416: ("INTERSECTCLIPRECT", partial(_clip_rectangle, mode=AND)),
    0x0429: ("FRAMEREGION", _frame_region),
    0x06FF: ("CREATEREGION", _create_region),
}
"""Number → name and handler."""
