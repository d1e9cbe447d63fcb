"""EMF records of lines, figures and paths; [MS-EMF] 2.3.5, 2.3.10."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.figures import (
    arc_path,
    box_figure,
    continue_figure,
    draw_arc,
    line_to,
    rounded_figure,
    set_pixel,
)
from filmless.convert.metafile.mapping import length_scale, moved
from filmless.convert.metafile.path import Path, ellipse_arc
from filmless.convert.metafile.records import Points, Record
from filmless.convert.metafile.regions import Outline
from filmless.convert.metafile.strokes_fills import draw_closed, draw_line, draw_open, fill, stroke

__all__ = ["SHAPES"]

_BOX, _ARC = "iiii", "iiiiiiii"


def _poly(dc: DeviceContext, record: Record, *, kind: str, closed: bool = False, to: bool = False, short: bool) -> None:
    """One figure; those "to" go on from the current position and move it."""
    (count,) = record.numbers("I", 24)
    points = record.points(28, count, short=short)
    if kind == "C" and (count - (0 if to else 1)) % 3:
        record.refuse(f"{count} points make no whole Bézier curves")
    if not count:
        return
    if kind == "L" and count == 2 and not (closed or to):
        (start, end) = points.tolist()  # what many programs write every line as
        draw_line(dc, moved(dc.matrix, *start), moved(dc.matrix, *end), record)
        return
    placed = dc.to_picture(points)
    path = Path()
    if to:
        continue_figure(dc, path)
        path.add(kind, placed)
        dc.state.position = float(points[-1, 0]), float(points[-1, 1])
    else:
        path.add("M", placed[:1])
        path.add(kind, placed[1:])
    if closed:
        path.close()
    (draw_closed if closed else draw_open)(dc, path, record)


def _poly_poly(dc: DeviceContext, record: Record, *, closed: bool, short: bool) -> None:
    figures, total = record.numbers("II", 24)
    counts = record.integers(32, figures).tolist()
    if sum(counts) > total:
        record.refuse(f"figures of {sum(counts)} points, but there are {total}")
    points = record.points(32 + 4 * figures, total, short=short)
    path, position = Path(), 0
    placed = dc.to_picture(points)
    for count in counts:
        part = placed[position : position + count]
        position += count
        path.add("M", part[:1])
        path.add("L", part[1:])
        if closed and count:
            path.close()
    if path.segments:
        (draw_closed if closed else draw_open)(dc, path, record)


def _poly_draw(dc: DeviceContext, record: Record, *, short: bool) -> None:
    """Draw moves, lines and curves, told by a byte a point: [MS-EMF] 2.1.26 Point."""
    (count,) = record.numbers("I", 24)
    points = record.points(28, count, short=short)
    kinds = bytes(record.part(28 + count * (4 if short else 8), count))
    placed, path, at = dc.to_picture(points), Path(), 0
    while at < count:
        kind, size = {6: ("M", 1), 2: ("L", 1), 4: ("C", 3)}.get(kinds[at] & 6, ("", 1))
        if not kind or at + size > count or any(other & 6 != kinds[at] & 6 for other in kinds[at : at + size]):
            record.refuse("its points are of no known kind")
        if not path.segments and kind != "M":
            continue_figure(dc, path)
        path.add(kind, placed[at : at + size])
        at += size
        if kinds[at - 1] & 1 and kind != "M":
            path.close()
    if count:
        dc.state.position = float(points[-1, 0]), float(points[-1, 1])
        draw_open(dc, path, record)


def _move_to(dc: DeviceContext, record: Record) -> None:
    x, y = record.numbers("ii", 8)
    dc.state.position = float(x), float(y)
    if dc.is_recording and dc.path is not None:
        dc.canvas.charge(1)
        dc.path.add("M", dc.to_picture(np.array([[x, y]], float)))


def _line_to(dc: DeviceContext, record: Record) -> None:
    x, y = record.numbers("ii", 8)
    line_to(dc, float(x), float(y), record)


def _angle_arc(dc: DeviceContext, record: Record) -> None:
    """Draw a line to the arc's start, and the arc: angles in degrees, counterclockwise."""
    x, y, radius, start, sweep = record.numbers("iiIff", 8)
    if not abs(sweep) < 360 * 1000 or not abs(start) < 1e9:
        record.refuse("its angles are beyond all bounds")
    # More than once round is once round.
    turn = math.copysign(min(abs(sweep), 360.0), sweep)
    arc = ellipse_arc((x - radius, y - radius, x + radius, y + radius), -math.radians(start), -math.radians(turn))
    end = ellipse_arc((x - radius, y - radius, x + radius, y + radius), -math.radians(start + sweep), 0)[0]
    _line_and_arc(dc, arc, (float(end[0]), float(end[1])), record)


def _arc_to(dc: DeviceContext, record: Record) -> None:
    box, radials = record.numbers(_BOX, 8), record.numbers(_BOX, 24)
    arc = arc_path(dc, box, radials)
    _line_and_arc(dc, arc, (float(arc[-1, 0]), float(arc[-1, 1])), record)


def _line_and_arc(dc: DeviceContext, arc: Points, end: tuple[float, float], record: Record) -> None:
    path = Path()
    continue_figure(dc, path)
    placed = dc.to_picture(arc)
    path.add("L", placed[:1])
    path.add("C", placed[1:])
    dc.state.position = end
    draw_open(dc, path, record)


def _arc(dc: DeviceContext, record: Record, *, kind: str) -> None:
    draw_arc(dc, record.numbers(_BOX, 8), record.numbers(_BOX, 24), kind, record)


def _ellipse(dc: DeviceContext, record: Record) -> None:
    draw_closed(dc, rounded_figure(dc, record.numbers(_BOX, 8), None), record)


def _rectangle(dc: DeviceContext, record: Record) -> None:
    draw_closed(dc, box_figure(dc, record.numbers(_BOX, 8)), record)


def _round_rectangle(dc: DeviceContext, record: Record) -> None:
    draw_closed(dc, rounded_figure(dc, record.numbers(_BOX, 8), record.numbers("ii", 24)), record)


def _set_pixel(dc: DeviceContext, record: Record) -> None:
    x, y, colour = record.numbers("iiI", 8)
    set_pixel(dc, x, y, dc.colour(colour))


def _close_figure(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001 - all handlers take the record
    if dc.is_recording and dc.path is not None:
        dc.path.close()


def _paint_path(dc: DeviceContext, record: Record, *, filled: bool, stroked: bool) -> None:
    path, widened = dc.take_path(record), dc.widened
    dc.widened = None
    if widened is not None:
        if stroked:
            record.refuse("a path that was widened is not drawn")
        # What a pen covered along the path is what a line of that width shows.
        stroke(dc, path, record, pen=dc.state.pen, brush=dc.state.brush)
        return
    if filled:
        path = path.with_figures_closed() if stroked else path  # as GDI does when it does both, and only then
        fill(dc, path, record)
    if stroked:
        stroke(dc, path, record)


def _widen_path(dc: DeviceContext, record: Record) -> None:
    if dc.state.pen.is_null or dc.is_recording or dc.path is None:
        dc.notice("metafile-path", f"{record.name}: there is nothing to widen")
        return
    if dc.widened is not None:
        record.refuse("a path that was widened already is not drawn")
    dc.widened = max(1.0, dc.state.pen.width * length_scale(dc.matrix))


def _select_clip_path(dc: DeviceContext, record: Record) -> None:
    (mode,) = record.numbers("I", 8)
    path, widened = dc.take_path(record), dc.widened
    dc.widened = None
    dc.clip_to(Outline(path, dc.state.fill_rule, widened), mode)


def _abort_path(dc: DeviceContext, record: Record) -> None:  # noqa: ARG001
    dc.path, dc.is_recording, dc.widened = None, False, None


SHAPES: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    2: ("POLYBEZIER", partial(_poly, kind="C", short=False)),
    3: ("POLYGON", partial(_poly, kind="L", closed=True, short=False)),
    4: ("POLYLINE", partial(_poly, kind="L", short=False)),
    5: ("POLYBEZIERTO", partial(_poly, kind="C", to=True, short=False)),
    6: ("POLYLINETO", partial(_poly, kind="L", to=True, short=False)),
    7: ("POLYPOLYLINE", partial(_poly_poly, closed=False, short=False)),
    8: ("POLYPOLYGON", partial(_poly_poly, closed=True, short=False)),
    15: ("SETPIXELV", _set_pixel),
    27: ("MOVETOEX", _move_to),
    41: ("ANGLEARC", _angle_arc),
    42: ("ELLIPSE", _ellipse),
    43: ("RECTANGLE", _rectangle),
    44: ("ROUNDRECT", _round_rectangle),
    45: ("ARC", partial(_arc, kind="arc")),
    46: ("CHORD", partial(_arc, kind="chord")),
    47: ("PIE", partial(_arc, kind="pie")),
    54: ("LINETO", _line_to),
    55: ("ARCTO", _arc_to),
    56: ("POLYDRAW", partial(_poly_draw, short=False)),
    59: ("BEGINPATH", lambda dc, record: dc.begin_path()),  # noqa: ARG005
    60: ("ENDPATH", lambda dc, record: dc.end_path()),  # noqa: ARG005
    61: ("CLOSEFIGURE", _close_figure),
    62: ("FILLPATH", partial(_paint_path, filled=True, stroked=False)),
    63: ("STROKEANDFILLPATH", partial(_paint_path, filled=True, stroked=True)),
    64: ("STROKEPATH", partial(_paint_path, filled=False, stroked=True)),
    65: ("FLATTENPATH", None),  # curves become lines that look the same
    66: ("WIDENPATH", _widen_path),
    67: ("SELECTCLIPPATH", _select_clip_path),
    68: ("ABORTPATH", _abort_path),
    85: ("POLYBEZIER16", partial(_poly, kind="C", short=True)),
    86: ("POLYGON16", partial(_poly, kind="L", closed=True, short=True)),
    87: ("POLYLINE16", partial(_poly, kind="L", short=True)),
    88: ("POLYBEZIERTO16", partial(_poly, kind="C", to=True, short=True)),
    89: ("POLYLINETO16", partial(_poly, kind="L", to=True, short=True)),
    90: ("POLYPOLYLINE16", partial(_poly_poly, closed=False, short=True)),
    91: ("POLYPOLYGON16", partial(_poly_poly, closed=True, short=True)),
    92: ("POLYDRAW16", partial(_poly_draw, short=True)),
}
"""Number → name and handler; None is for what changes nothing."""
