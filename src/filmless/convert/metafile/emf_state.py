"""EMF records that set state, make objects and clip; [MS-EMF] 2.3.2, 2.3.7, 2.3.8, 2.3.11, 2.3.12."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.bitmaps import decode_dib
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.mapping import IDENTITY, Matrix, multiplied
from filmless.convert.metafile.objects import STOCK, Brush, Font, Palette, Pen, rgb_of
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.region_drawing import (
    fill_region,
    frame_region,
    invert_region,
    logical_region,
    offset_clip,
)
from filmless.convert.metafile.regions import AND, COPY, DIFF, Region

__all__ = ["STATE"]

_STOCK = 0x8000_0000


def _value(dc: DeviceContext, record: Record, *, name: str, layout: str = "I", of: Callable[[Any], Any]) -> None:
    """Set one attribute of the state from one number."""
    setattr(dc.state, name, of(record.numbers(layout, 8)[0]))


def _colour(dc: DeviceContext, record: Record, *, name: str) -> None:
    setattr(dc.state, name, dc.colour(record.numbers("I", 8)[0]))


def _extent(dc: DeviceContext, record: Record, *, window: bool) -> None:
    x, y = record.numbers("ii", 8)
    extent = float(x), float(y)
    dc.mapping = dc.mapping.with_extent(window=extent if window else None, viewport=None if window else extent)


def _origin(dc: DeviceContext, record: Record, *, window: bool) -> None:
    x, y = record.numbers("ii", 8)
    origin, old = (float(x), float(y)), dc.mapping
    dc.mapping = replace(old, window_origin=origin) if window else replace(old, viewport_origin=origin)


def _scale_extent(dc: DeviceContext, record: Record, *, window: bool) -> None:
    x, dx, y, dy = record.numbers("iiii", 8)
    if not (x and dx and y and dy):
        record.refuse("an extent is scaled by nothing")
    old = dc.mapping.window_extent if window else dc.mapping.viewport_extent
    extent = old[0] * x / dx, old[1] * y / dy
    dc.mapping = dc.mapping.with_extent(window=extent if window else None, viewport=None if window else extent)


def _map_mode(dc: DeviceContext, record: Record) -> None:
    dc.mapping = dc.mapping.with_mode(record.numbers("I", 8)[0])


def _matrix(record: Record, offset: int) -> Matrix:
    matrix = record.numbers("ffffff", offset)
    if not all(math.isfinite(number) for number in matrix):
        record.refuse("its matrix has numbers that are none")
    return matrix


def _set_world(dc: DeviceContext, record: Record) -> None:
    dc.mapping = replace(dc.mapping, world=_matrix(record, 8))


def _modify_world(dc: DeviceContext, record: Record) -> None:
    """[MS-EMF] 2.1.24: reset, before what is there, after it, in place of it."""
    matrix, (mode,) = _matrix(record, 8), record.numbers("I", 32)
    old = dc.mapping.world
    results = {1: IDENTITY, 2: multiplied(matrix, old), 3: multiplied(old, matrix), 4: matrix}
    if mode not in results:
        record.refuse(f"its mode is {mode}, expected 1 to 4")
    dc.mapping = replace(dc.mapping, world=results[mode])


def _layout(dc: DeviceContext, record: Record) -> None:
    dc.set_mirrored(bool(record.numbers("I", 8)[0] & 1))


def _restore(dc: DeviceContext, record: Record) -> None:
    dc.restore(record.numbers("i", 8)[0], record)


def _select(dc: DeviceContext, record: Record) -> None:
    (number,) = record.numbers("I", 8)
    dc.select(number & ~_STOCK, record, stock=bool(number & _STOCK))


def _delete(dc: DeviceContext, record: Record) -> None:
    dc.objects.pop(record.numbers("I", 8)[0], None)


def _create_pen(dc: DeviceContext, record: Record) -> None:
    number, style, width, _, colour = record.numbers("IIiiI", 8)
    dc.objects[number] = Pen(style & 0xFFFF, abs(width), dc.colour(colour))


def _extended_pen(dc: DeviceContext, record: Record) -> None:
    number, _, _, _, _, style, width, brush, colour, _, entries = record.numbers("IIIIIIIIIII", 8)
    dashes = tuple(float(entry) for entry in record.integers(52, entries).tolist()) if entries else ()
    if len(dashes) > 64:
        record.refuse(f"a pen of {len(dashes)} dashes, expected at most 16")
    geometric = style & 0xF0000 == 0x10000
    if brush == 1:
        style = style & ~15 | 5
    is_patterned = brush > 1 and geometric
    width = float(width) if geometric else 0.0
    dc.objects[number] = Pen(style, width, dc.colour(colour), geometric, dashes, is_patterned)


def _miter_limit(dc: DeviceContext, record: Record) -> None:
    """Read it: an integer by the specification, a float by those who write it."""
    (number,), (real,) = record.numbers("I", 8), record.numbers("f", 8)
    dc.state.miter_limit = float(number) if number < 1 << 16 else min(max(1.0, real), 1e4)


def _create_brush(dc: DeviceContext, record: Record) -> None:
    number, style, colour, hatch = record.numbers("IIII", 8)
    kinds = {0: "solid", 1: "null", 2: "hatched"}
    if style not in kinds:
        record.refuse(f"a brush of style {style} is not drawn")
    dc.objects[number] = Brush(kinds[style], dc.colour(colour), hatch)


def _pattern_brush(dc: DeviceContext, record: Record, *, mono: bool) -> None:
    number, usage, header_at, header_size, bits_at, bits_size = record.numbers("IIIIII", 8)
    header, bits = record.part(header_at, header_size), record.part(bits_at, bits_size)
    rgba = decode_dib(
        header, bits, record, charge=dc.canvas.charge_pixels, usage=usage, palette=dc.state.palette.colours
    )
    if rgba.shape[0] * rgba.shape[1] > 1 << 20:
        record.refuse(f"a brush of {rgba.shape[1]} x {rgba.shape[0]} pixels is not drawn")
    dc.objects[number] = Brush("mono", pattern=rgba[..., 0] > 127) if mono else Brush("pattern", pattern=rgba[..., :3])


def _face_name(raw: bytes) -> str:
    """Read a name in UTF-16 that ends at a zero."""
    return raw.decode("utf-16-le", "replace").partition("\0")[0]


def _create_font(dc: DeviceContext, record: Record) -> None:
    (number,) = record.numbers("I", 8)
    height, width, escapement, _, weight = record.numbers("iiiii", 12)
    italic, underline, strikeout, charset = record.numbers("BBBB", 32)
    face = _face_name(bytes(record.part(40, min(64, max(0, len(record) - 40)))))
    dc.objects[number] = Font(
        height,
        width,
        math.radians(escapement / 10),
        weight or 400,
        bool(italic),
        bool(underline),
        bool(strikeout),
        charset,
        face,
    )


def _create_palette(dc: DeviceContext, record: Record) -> None:
    number, _, count = record.numbers("IHH", 8)
    dc.objects[number] = Palette(tuple(rgb_of(entry) for entry in record.integers(16, count).tolist()))


def _palette_entries(dc: DeviceContext, record: Record) -> None:
    number, start, count = record.numbers("III", 8)
    old = dc.objects.get(number)
    if not isinstance(old, Palette) or start + count > 0x10000:
        record.refuse(f"there is no palette {number} of that size")
    new = [rgb_of(entry) for entry in record.integers(20, count).tolist()]
    colours = list(old.colours) + [(0, 0, 0)] * (start + count - len(old.colours))
    colours[start : start + count] = new
    dc.objects[number] = Palette(tuple(colours))
    if dc.state.palette is old:
        dc.state.palette = Palette(tuple(colours))


def _resize_palette(dc: DeviceContext, record: Record) -> None:
    number, count = record.numbers("II", 8)
    old = dc.objects.get(number)
    if isinstance(old, Palette) and count <= 0x10000:
        dc.objects[number] = Palette((*old.colours, *[(0, 0, 0)] * (count - len(old.colours)))[:count])


def _clip_rectangle(dc: DeviceContext, record: Record, *, mode: int) -> None:
    dc.clip_to(dc.logical_region(*record.numbers("iiii", 8)), mode)


def _offset_clip(dc: DeviceContext, record: Record) -> None:
    offset_clip(dc, record.numbers("ii", 8), record)


def _meta_region(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001 - all handlers take the record
    dc.state.meta_clip, dc.state.clip = dc.clip, None


def _region_boxes(record: Record, offset: int, size: int) -> NDArray[np.float64]:
    """Read a RegionData, [MS-EMF] 2.2.24: rectangles."""
    header, kind, count, _ = record.numbers("IIII", offset)
    data = record.part(offset, size)
    if header != 32 or kind != 1 or count * 16 > len(data) - 32:
        record.refuse("its region is none of rectangles")
    return np.frombuffer(data, "<i4", 4 * count, 32).reshape(count, 4).astype(np.float64)


def _clip_region(dc: DeviceContext, record: Record) -> None:
    size, mode = record.numbers("II", 8)
    if size == 0:
        if mode != COPY:
            record.refuse(f"no region, and mode {mode}")
        dc.state.clip = None
        return
    boxes = _region_boxes(record, 16, size)
    dc.canvas.charge(len(boxes))
    dc.clip_to(dc.device_region(boxes), mode)


def _logical_region(dc: DeviceContext, record: Record, offset: int, size: int) -> Region:
    return logical_region(dc, _region_boxes(record, offset, size))


def _brush(dc: DeviceContext, record: Record, number: int) -> Brush:
    brush = STOCK.get(number & ~_STOCK) if number & _STOCK else dc.objects.get(number)
    return brush if isinstance(brush, Brush) else record.refuse(f"there is no brush {number}")


def _fill_region(dc: DeviceContext, record: Record) -> None:
    size, number = record.numbers("II", 24)
    fill_region(dc, _logical_region(dc, record, 32, size), record, _brush(dc, record, number))


def _paint_region(dc: DeviceContext, record: Record) -> None:
    fill_region(dc, _logical_region(dc, record, 28, record.numbers("I", 24)[0]), record)


def _invert_region(dc: DeviceContext, record: Record) -> None:
    invert_region(dc, _logical_region(dc, record, 28, record.numbers("I", 24)[0]))


def _frame_region(dc: DeviceContext, record: Record) -> None:
    size, number, width, height = record.numbers("IIii", 24)
    frame_region(dc, _region_boxes(record, 40, size), (width, height), _brush(dc, record, number), record)


STATE: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    9: ("SETWINDOWEXTEX", partial(_extent, window=True)),
    10: ("SETWINDOWORGEX", partial(_origin, window=True)),
    11: ("SETVIEWPORTEXTEX", partial(_extent, window=False)),
    12: ("SETVIEWPORTORGEX", partial(_origin, window=False)),
    13: ("SETBRUSHORGEX", lambda dc, record: setattr(dc.state, "brush_origin", record.numbers("ii", 8))),
    17: ("SETMAPMODE", _map_mode),
    18: ("SETBKMODE", partial(_value, name="is_opaque", of=lambda mode: mode == 2)),
    19: ("SETPOLYFILLMODE", partial(_value, name="fill_rule", of=lambda mode: "nonzero" if mode == 2 else "evenodd")),
    20: ("SETROP2", partial(_value, name="operation", of=int)),
    22: ("SETTEXTALIGN", partial(_value, name="text_align", of=int)),
    24: ("SETTEXTCOLOR", partial(_colour, name="text_colour")),
    25: ("SETBKCOLOR", partial(_colour, name="background_colour")),
    26: ("OFFSETCLIPRGN", _offset_clip),
    28: ("SETMETARGN", _meta_region),
    29: ("EXCLUDECLIPRECT", partial(_clip_rectangle, mode=DIFF)),
    30: ("INTERSECTCLIPRECT", partial(_clip_rectangle, mode=AND)),
    31: ("SCALEVIEWPORTEXTEX", partial(_scale_extent, window=False)),
    32: ("SCALEWINDOWEXTEX", partial(_scale_extent, window=True)),
    33: ("SAVEDC", lambda dc, record: dc.save()),  # noqa: ARG005
    34: ("RESTOREDC", _restore),
    35: ("SETWORLDTRANSFORM", _set_world),
    36: ("MODIFYWORLDTRANSFORM", _modify_world),
    37: ("SELECTOBJECT", _select),
    38: ("CREATEPEN", _create_pen),
    39: ("CREATEBRUSHINDIRECT", _create_brush),
    40: ("DELETEOBJECT", _delete),
    48: ("SELECTPALETTE", _select),
    49: ("CREATEPALETTE", _create_palette),
    50: ("SETPALETTEENTRIES", _palette_entries),
    51: ("RESIZEPALETTE", _resize_palette),
    57: ("SETARCDIRECTION", partial(_value, name="is_clockwise", of=lambda direction: direction == 2)),
    58: ("SETMITERLIMIT", _miter_limit),
    71: ("FILLRGN", _fill_region),
    72: ("FRAMERGN", _frame_region),
    73: ("INVERTRGN", _invert_region),
    74: ("PAINTRGN", _paint_region),
    75: ("EXTSELECTCLIPRGN", _clip_region),
    82: ("EXTCREATEFONTINDIRECTW", _create_font),
    93: ("CREATEMONOBRUSH", partial(_pattern_brush, mono=True)),
    94: ("CREATEDIBPATTERNBRUSHPT", partial(_pattern_brush, mono=False)),
    95: ("EXTCREATEPEN", _extended_pen),
    115: ("SETLAYOUT", _layout),
    120: ("SETTEXTJUSTIFICATION", lambda dc, record: setattr(dc.state, "justification", record.numbers("ii", 8))),
}
"""Number → name and handler."""
