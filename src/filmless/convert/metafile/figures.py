"""Rectangles, ellipses and arcs of either kind of metafile, as paths in the picture's pixels."""

import math

import numpy as np

from filmless.convert.metafile.canvas_svg import css
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.mapping import moved
from filmless.convert.metafile.path import Path, ellipse_arc, rounded_rectangle
from filmless.convert.metafile.records import Points, Record
from filmless.convert.metafile.strokes_fills import draw_closed, draw_line, draw_open

__all__ = ["arc_path", "box_figure", "continue_figure", "draw_arc", "line_to", "rounded_figure", "set_pixel"]

Box = tuple[float, ...]
_INSIDE_FRAME = 6


def arc_path(dc: DeviceContext, box: Box, radials: Box) -> Points:
    """Return the arc of an ellipse between two radials in logical coordinates: a point, then Béziers.

    It runs counterclockwise as seen, or clockwise when the arc direction says so.
    """
    left, top, right, bottom = min(box[0::2]), min(box[1::2]), max(box[0::2]), max(box[1::2])
    x, y, rx, ry = (left + right) / 2, (top + bottom) / 2, (right - left) / 2 or 1.0, (bottom - top) / 2 or 1.0
    start = math.atan2((radials[1] - y) / ry, (radials[0] - x) / rx)
    end = math.atan2((radials[3] - y) / ry, (radials[2] - x) / rx)
    m11, m12, m21, m22, _, _ = dc.matrix
    # Pixels count downwards: angles that grow turn clockwise, unless the mapping is mirrored.
    clockwise = dc.state.is_clockwise == (m11 * m22 - m12 * m21 >= 0)
    sweep = (end - start if clockwise else start - end) % (2 * math.pi) or 2 * math.pi
    return ellipse_arc((left, top, right, bottom), start, sweep if clockwise else -sweep)


def _within_frame(dc: DeviceContext, box: Box) -> Box:
    """Shrink a box by half a pen that draws inside of the frame."""
    left, top, right, bottom = min(box[0::2]), min(box[1::2]), max(box[0::2]), max(box[1::2])
    if dc.state.pen.style & 15 == _INSIDE_FRAME:
        half = min(dc.state.pen.width / 2, (right - left) / 2, (bottom - top) / 2)
        return left + half, top + half, right - half, bottom - half
    return left, top, right, bottom


def box_figure(dc: DeviceContext, box: Box) -> Path:
    """Return a rectangle: of whole pixels, when it is upright and has no outline."""
    if dc.state.pen.is_null and not dc.is_recording:
        return dc.box_path(*box)
    left, top, right, bottom = _within_frame(dc, box)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    return Path.polyline(dc.to_picture(corners), closed=True)


def rounded_figure(dc: DeviceContext, box: Box, corner: tuple[float, ...] | None) -> Path:
    """Return a rectangle with round corners of that width and height; without, an ellipse."""
    box = _within_frame(dc, box)
    width, height = corner or (box[2] - box[0], box[3] - box[1])
    path = Path()
    for kind, points in rounded_rectangle((box[0], box[1], box[2], box[3]), width, height):
        path.add(kind, dc.to_picture(points))
    path.close()
    return path


def set_pixel(dc: DeviceContext, x: float, y: float, colour: tuple[int, int, int]) -> None:
    """Draw one pixel of the reference device, at least one of the picture."""
    left, top = (math.floor(number + 0.5) for number in moved(dc.matrix, x, y))
    size = max(1, round(abs(dc.picture[0]))), max(1, round(abs(dc.picture[3])))
    dc.canvas.fill(Path.box(left, top, left + size[0], top + size[1]), css(colour), "nonzero", dc.clip)


def continue_figure(dc: DeviceContext, path: Path, here: tuple[float, float] | None = None) -> None:
    """Begin where the current position is; within a path bracket only when the figure does not go on already."""
    here = here or moved(dc.matrix, *dc.state.position)
    if dc.is_recording and dc.path is not None and dc.path.segments and dc.path.segments[-1][0] != "Z":
        last = dc.path.last()
        if last is not None and math.dist(last, here) < 1e-6:
            return
    path.add("M", np.array([here]))


def line_to(dc: DeviceContext, x: float, y: float, record: Record) -> None:
    """Draw a line from the current position."""
    start, end = moved(dc.matrix, *dc.state.position), moved(dc.matrix, x, y)
    dc.state.position = x, y
    if not dc.is_recording:
        draw_line(dc, start, end, record)
        return
    path = Path()
    continue_figure(dc, path, start)
    path.add("L", np.array([end]))
    draw_open(dc, path, record)


def draw_arc(dc: DeviceContext, box: Box, radials: Box, kind: str, record: Record) -> None:
    """Draw an open arc; a chord and a pie are closed figures."""
    placed = dc.to_picture(arc_path(dc, box, radials))
    path = Path()
    path.add("M", placed[:1])
    path.add("C", placed[1:])
    if kind == "pie":
        path.add("L", dc.to_picture(np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])))
    if kind != "arc":
        path.close()
    (draw_open if kind == "arc" else draw_closed)(dc, path, record)
