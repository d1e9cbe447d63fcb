"""WMF records that draw lines, figures, text and bitmaps; [MS-WMF] 2.3.1, 2.3.3. The last parameter stands first."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.blits import blit, cropped, fill_box, place_matrix, uses_source
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.figures import box_figure, draw_arc, line_to, rounded_figure, set_pixel
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.strokes_fills import draw_closed, draw_open
from filmless.convert.metafile.text import Run, draw_run, letters_of_bytes
from filmless.convert.metafile.wmf_state import bitmap_of

__all__ = ["DRAWING"]

_OPAQUE_OR_CLIPPED = 0x6
Box = tuple[float, float, float, float]


def _poly(dc: DeviceContext, record: Record, *, closed: bool) -> None:
    (count,) = record.numbers("H", 6)
    points = record.points(8, count, short=True)
    if count:
        path = Path.polyline(dc.to_picture(points), closed=closed)
        (draw_closed if closed else draw_open)(dc, path, record)


def _poly_polygon(dc: DeviceContext, record: Record) -> None:
    (figures,) = record.numbers("H", 6)
    counts = record.numbers(f"{figures}H", 8)
    points = dc.to_picture(record.points(8 + 2 * figures, sum(counts), short=True))
    path, position = Path(), 0
    for count in counts:
        if count:
            path.extend(Path.polyline(points[position : position + count], closed=True))
        position += count
    if path.segments:
        draw_closed(dc, path, record)


def _move_to(dc: DeviceContext, record: Record) -> None:
    y, x = record.numbers("hh", 6)
    dc.state.position = float(x), float(y)


def _line_to(dc: DeviceContext, record: Record) -> None:
    y, x = record.numbers("hh", 6)
    line_to(dc, float(x), float(y), record)


def _box(record: Record, offset: int) -> Box:
    bottom, right, top, left = record.numbers("hhhh", offset)
    return float(left), float(top), float(right), float(bottom)


def _arc(dc: DeviceContext, record: Record, *, kind: str) -> None:
    y1, x1, y0, x0 = record.numbers("hhhh", 6)
    draw_arc(dc, _box(record, 14), (x0, y0, x1, y1), kind, record)


def _ellipse(dc: DeviceContext, record: Record) -> None:
    draw_closed(dc, rounded_figure(dc, _box(record, 6), None), record)


def _rectangle(dc: DeviceContext, record: Record) -> None:
    draw_closed(dc, box_figure(dc, _box(record, 6)), record)


def _round_rectangle(dc: DeviceContext, record: Record) -> None:
    height, width = record.numbers("hh", 6)
    draw_closed(dc, rounded_figure(dc, _box(record, 10), (width, height)), record)


def _set_pixel(dc: DeviceContext, record: Record) -> None:
    colour, y, x = record.numbers("Ihh", 6)
    set_pixel(dc, x, y, dc.colour(colour))


def _text_out(dc: DeviceContext, record: Record) -> None:
    (count,) = record.numbers("H", 6)
    dc.canvas.charge(count)
    raw = bytes(record.part(8, count))
    y, x = record.numbers("hh", 8 + count + (count & 1))
    text, _ = letters_of_bytes(raw, dc.state.font.charset, None, record)
    draw_run(dc, Run(text, x, y), record)


def _extended_text_out(dc: DeviceContext, record: Record) -> None:
    y, x, count, options = record.numbers("hhHH", 6)
    dc.canvas.charge(count)
    at, box = 14, None
    if options & _OPAQUE_OR_CLIPPED:
        left, top, right, bottom = record.numbers("hhhh", at)
        at, box = at + 8, (float(left), float(top), float(right), float(bottom))
    raw = bytes(record.part(at, count))
    at += count + (count & 1)
    advances = None
    if count and len(record) - at >= 2 * count:
        advances = [float(number) for number in record.numbers(f"{count}h", at)]
    text, advances = letters_of_bytes(raw, dc.state.font.charset, advances, record)
    draw_run(dc, Run(text, x, y, advances, options, box), record)


def _pat_blt(dc: DeviceContext, record: Record) -> None:
    operation, height, width, y, x = record.numbers("Ihhhh", 6)
    if uses_source(operation):
        record.refuse("it has no bitmap, but its raster operation needs one")
    fill_box(dc, (x, y, width, height), operation, record)


def _show(dc: DeviceContext, record: Record, bitmap: NDArray[np.uint8], source: Box, box: Box, operation: int) -> None:
    part, target = cropped(bitmap, source, box, record)
    if not part.size:
        dc.notice("metafile-bitmap", f"{record.name}: nothing of its bitmap is shown")
        return
    matrix = place_matrix(dc, part.shape[1], part.shape[0], target)
    blit(dc, np.ascontiguousarray(part[..., :3]), matrix, operation, record)


def _is_without_bitmap(record: Record, function: int) -> bool:
    """[MS-WMF] 2.3.1.1 and others: as long as its parameters, it has no bitmap."""
    return len(record) // 2 == (function >> 8) + 3


def _bit_blt(dc: DeviceContext, record: Record, *, function: int, stretch: bool, is_dib: bool) -> None:
    """Two forms: with a bitmap behind the parameters, or with a reserved word among them."""
    without = _is_without_bitmap(record, function)
    (operation,) = record.numbers("I", 6)
    at = 10
    size = None
    if stretch:
        height, width = record.numbers("hh", at)
        size, at = (width, height), at + 4
    sy, sx = record.numbers("hh", at)
    at += 6 if without else 4
    down, across, y, x = record.numbers("hhhh", at)
    if without:
        if uses_source(operation):
            record.refuse("it has no bitmap, but its raster operation needs one")
        fill_box(dc, (x, y, across, down), operation, record)
        return
    bitmap = bitmap_of(dc, record, at + 8, 0)[0] if is_dib else _old_bitmap(dc, record, at + 8)
    width, height = size or (across, down)
    _show(dc, record, bitmap, (sx, sy, width, height), (x, y, across, down), operation)


def _old_bitmap(dc: DeviceContext, record: Record, at: int) -> NDArray[np.uint8]:
    """[MS-WMF] 2.2.2.1 Bitmap16: pixels of a device; of one bit they have the colours of text."""
    _, columns, rows, stride, planes, depth = record.numbers("hhhhBB", at)
    if (planes, depth) != (1, 1) or columns <= 0 or rows <= 0 or stride * 8 < columns:
        record.refuse("a bitmap in colours of a device is not drawn")
    dc.canvas.charge_pixels(columns, rows)
    raw = np.frombuffer(record.part(at + 10, stride * rows), np.uint8).reshape(rows, stride)
    bits = np.unpackbits(raw, axis=1)[:, :columns, None]
    return np.where(bits, dc.state.background_colour, dc.state.text_colour).astype(np.uint8)


def _stretch_dib(dc: DeviceContext, record: Record) -> None:
    operation, usage, height, width, sy, sx, down, across, y, x = record.numbers("IHhhhhhhhh", 6)
    if len(record) <= 28:
        if uses_source(operation):
            record.refuse("it has no bitmap, but its raster operation needs one")
        fill_box(dc, (x, y, across, down), operation, record)
        return
    bitmap, is_top_down = bitmap_of(dc, record, 28, usage)
    if not is_top_down:
        sy = len(bitmap) - sy - height  # counted from the bitmap's lowest row
    _show(dc, record, bitmap, (sx, sy, width, height), (x, y, across, down), operation)


def _dib_to_device(dc: DeviceContext, record: Record) -> None:
    """Pixels of a device that is not known: a pixel is taken for a logical unit."""
    usage, lines, first, sy, sx, down, across, y, x = record.numbers("HHHHHHHhh", 6)
    bitmap, is_top_down = bitmap_of(dc, record, 24, usage)
    if first != 0 or lines < len(bitmap):
        record.refuse("a part of a bitmap's rows is not drawn")
    if not is_top_down:
        sy = len(bitmap) - sy - down
    _show(dc, record, bitmap, (sx, sy, across, down), (x, y, across, down), 0x00CC0020)


DRAWING: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    0x0213: ("LINETO", _line_to),
    0x0214: ("MOVETO", _move_to),
    0x0324: ("POLYGON", partial(_poly, closed=True)),
    0x0325: ("POLYLINE", partial(_poly, closed=False)),
    0x0418: ("ELLIPSE", _ellipse),
    0x041B: ("RECTANGLE", _rectangle),
    0x041F: ("SETPIXEL", _set_pixel),
    0x0521: ("TEXTOUT", _text_out),
    0x0538: ("POLYPOLYGON", _poly_polygon),
    0x061C: ("ROUNDRECT", _round_rectangle),
    0x061D: ("PATBLT", _pat_blt),
    0x0817: ("ARC", partial(_arc, kind="arc")),
    0x081A: ("PIE", partial(_arc, kind="pie")),
    0x0830: ("CHORD", partial(_arc, kind="chord")),
    0x0922: ("BITBLT", partial(_bit_blt, function=0x0922, stretch=False, is_dib=False)),
    0x0940: ("DIBBITBLT", partial(_bit_blt, function=0x0940, stretch=False, is_dib=True)),
    0x0A32: ("EXTTEXTOUT", _extended_text_out),
    0x0B23: ("STRETCHBLT", partial(_bit_blt, function=0x0B23, stretch=True, is_dib=False)),
    0x0B41: ("DIBSTRETCHBLT", partial(_bit_blt, function=0x0B41, stretch=True, is_dib=True)),
    0x0D33: ("SETDIBTODEV", _dib_to_device),
    0x0F43: ("STRETCHDIB", _stretch_dib),
}
"""Number → name and handler."""
