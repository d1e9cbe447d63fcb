"""Lines and areas: the state's pen, brush and raster operation put on the canvas."""

import math

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.canvas_svg import Stroke, css
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.mapping import Matrix, length_scale
from filmless.convert.metafile.objects import Brush, Pen
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.raster_operations import binary_steps
from filmless.convert.metafile.records import Record

__all__ = ["brush_paint", "draw_closed", "draw_line", "draw_open", "fill", "stroke"]

# [MS-EMF] 2.1.25 PenStyle; lengths of GDI: for cosmetic pens in pixels, for geometric ones in widths.
_COSMETIC_DASHES = {1: (18, 6), 2: (3, 3), 3: (9, 6, 3, 6), 4: (9, 3, 3, 3, 3, 3), 8: (1, 1)}
_GEOMETRIC_DASHES = {1: (3, 1), 2: (1, 1), 3: (3, 1, 1, 1), 4: (3, 1, 1, 1, 1, 1)}
_USER_STYLE = 7
_CAPS = {0x000: "round", 0x100: "square", 0x200: "butt"}
_JOINS = {0x0000: "round", 0x1000: "bevel", 0x2000: "miter"}
_KEPT_STROKES = 256
_ROUND_TIP = 1.1
"""A pen whose tip is that much longer one way than the other is drawn as the ellipse it is."""

# Lines of the six hatchings in a tile of 8 x 8 pixels of a screen, [MS-WMF] 2.1.1.12: GDI leaves their measure to the
# device. Inkscape makes them 6 wide, so that no two players agree.
_HATCHINGS = {
    0: "M0 4.5H8",
    1: "M4.5 0V8",
    2: "M-1 -1L9 9M-1 7L1 9M7 -1L9 1",
    3: "M-1 9L9 -1M-1 1L1 -1M7 9L9 7",
    4: "M0 4.5H8M4.5 0V8",
    5: "M-1 -1L9 9M-1 7L1 9M7 -1L9 1M-1 9L9 -1M-1 1L1 -1M7 9L9 7",
}


def draw_open(dc: DeviceContext, path: Path, record: Record) -> None:
    """Draw lines, or put them into the path."""
    if dc.is_recording and dc.path is not None:
        dc.canvas.charge(path.count)
        dc.path.extend(path)
    else:
        stroke(dc, path, record)


def draw_closed(dc: DeviceContext, path: Path, record: Record) -> None:
    """Fill figures and draw their outlines, or put them into the path."""
    if dc.is_recording and dc.path is not None:
        dc.canvas.charge(path.count)
        dc.path.extend(path)
    else:
        fill(dc, path, record)
        stroke(dc, path, record)


def fill(dc: DeviceContext, path: Path, record: Record, *, brush: Brush | None = None, rule: str | None = None) -> None:
    """Fill figures."""
    brush = brush or dc.state.brush
    if brush.kind == "null" or not path.segments:
        return
    rule = rule or dc.state.fill_rule
    operation = dc.state.operation
    if brush.kind != "solid" and operation == 13:
        dc.canvas.fill(path, brush_paint(dc, brush), rule, dc.clip)
        return
    for colour, blend in binary_steps(operation, brush.colour if brush.kind == "solid" else None, record):
        dc.canvas.fill(path, css(colour), rule, dc.clip, blend=blend)


def stroke(
    dc: DeviceContext, path: Path, record: Record, *, pen: Pen | None = None, brush: Brush | None = None
) -> None:
    """Draw along figures; with a brush in place of the pen's colour where one is given."""
    pen = pen or dc.state.pen
    if pen.is_null or not path.segments:
        return
    if pen.is_patterned or (brush is not None and brush.kind != "solid"):
        record.refuse("a line of a pattern is not drawn")
    colour = pen.colour if brush is None else brush.colour
    if dc.state.operation == 13:
        _gaps(dc, path, pen)
        dc.canvas.stroke(path, _stroke_of(dc, pen, css(colour), ""), dc.clip)
        return
    for drawn, blend in binary_steps(dc.state.operation, colour, record):
        dc.canvas.stroke(path, _stroke_of(dc, pen, css(drawn), blend), dc.clip)


def _gaps(dc: DeviceContext, path: Path, pen: Pen) -> None:
    """Draw what an old, dashed pen shows between its dashes: the background, when that is opaque."""
    if dc.state.is_opaque and not pen.geometric and pen.style & 15 in (1, 2, 3, 4) and _dashes(dc, pen, 0.0):
        solid = Pen(pen.style & ~15, pen.width, geometric=True)
        dc.canvas.stroke(path, _stroke_of(dc, solid, css(dc.state.background_colour), ""), dc.clip)


def draw_line(dc: DeviceContext, start: tuple[float, float], end: tuple[float, float], record: Record) -> None:
    """Draw one line between pixels: as `draw_open` does, without the way round by arrays where it is a plain one."""
    pen, state = dc.state.pen, dc.state
    if not (dc.is_recording or pen.is_null or pen.is_patterned or pen.style & 15) and state.operation == 13:
        stroke = _stroke_of(dc, pen, css(pen.colour), "")
        if stroke.shape is None:
            dc.canvas.line(start, end, stroke, dc.clip)
            return
    draw_open(dc, Path.polyline(np.array([start, end])), record)


def _stroke_of(dc: DeviceContext, pen: Pen, paint: str, blend: str) -> Stroke:
    """Return the pen in the picture's pixels."""
    key = (pen, dc.matrix[:4], dc.state.miter_limit, paint, blend)
    if key not in dc.strokes:
        if len(dc.strokes) >= _KEPT_STROKES:
            dc.strokes.clear()
        dc.strokes[key] = _new_stroke(dc, pen, paint, blend)
    return dc.strokes[key]


def _new_stroke(dc: DeviceContext, pen: Pen, paint: str, blend: str) -> Stroke:
    scale = length_scale(dc.matrix)
    width = pen.width * scale
    shape = _tip(dc.matrix) if width > _ROUND_TIP else None
    return Stroke(
        paint,
        pen.width if shape else width,
        _CAPS.get(pen.style & 0xF00, "round"),
        _JOINS.get(pen.style & 0xF000, "round"),
        dc.state.miter_limit,
        _dashes(dc, pen, pen.width if shape else width, 1.0 if shape else scale),
        shape,
        blend,
    )


def _tip(matrix: Matrix) -> Matrix | None:
    """Return the matrix of a pen's tip that is an ellipse in the picture, None when it is a circle."""
    m11, m12, m21, m22, _, _ = matrix
    longest, shortest = np.linalg.svd(np.array([[m11, m12], [m21, m22]]), compute_uv=False)
    if shortest <= 0 or longest / shortest < _ROUND_TIP:
        return None
    return m11, m12, m21, m22, 0.0, 0.0


def _dashes(dc: DeviceContext, pen: Pen, width: float, scale: float = 1.0) -> tuple[float, ...]:
    """Return the lengths of dashes and gaps."""
    style = pen.style & 15
    unit = dc.screen_pixel
    if style == _USER_STYLE:
        # In logical units of a geometric pen, in pixels of a cosmetic one; an odd number of them goes round twice.
        lengths = tuple(dash * (scale if pen.geometric else unit) for dash in pen.dashes)
        return lengths if sum(lengths) > 0.01 else ()
    if pen.geometric and style in _GEOMETRIC_DASHES:
        return tuple(dash * max(width, scale if width > 1.5 else unit) for dash in _GEOMETRIC_DASHES[style])
    # A pen of the old kind has dashes only when it is one pixel of the device wide.
    if not pen.geometric and style in _COSMETIC_DASHES and pen.width * length_scale(dc.mapping.matrix()) <= 1.5:
        return tuple(float(dash * unit) for dash in _COSMETIC_DASHES[style])
    if style in _COSMETIC_DASHES:
        dc.notice("metafile-pen", "a dashed pen that is wider than a pixel is solid, as in Windows")
    return ()


def brush_paint(dc: DeviceContext, brush: Brush) -> str:
    """Return the paint of a brush, defined once for each ground and origin."""
    state = dc.state
    if brush.kind == "solid":
        return css(brush.colour)
    ground = state.background_colour if state.is_opaque or brush.kind == "mono" else None
    key = (id(brush), ground, state.text_colour if brush.kind == "mono" else None, state.brush_origin)
    if key not in dc.paints:
        scale = float(max(1, round(dc.screen_pixel)))
        origin = (math.fmod(state.brush_origin[0], 1e4) * scale, math.fmod(state.brush_origin[1], 1e4) * scale)
        if brush.kind == "hatched":
            data = _HATCHINGS.get(brush.hatch, _HATCHINGS[0])
            paint = dc.canvas.hatching(data, css(brush.colour), css(ground) if ground else None, scale, origin)
        else:
            paint = dc.canvas.pattern(_tile(dc, brush), scale, origin)
        dc.paints[key] = paint, brush  # kept with it, so that its id stays its own
    return dc.paints[key][0]


def _tile(dc: DeviceContext, brush: Brush) -> NDArray[np.uint8]:
    pattern = np.zeros((1, 1, 3), np.uint8) if brush.pattern is None else brush.pattern
    if brush.kind == "mono":
        return np.where(pattern[..., None], dc.state.background_colour, dc.state.text_colour).astype(np.uint8)
    return pattern
