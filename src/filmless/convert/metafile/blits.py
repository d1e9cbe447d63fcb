"""Bitmaps put on the canvas under a raster operation, of either kind of metafile; [MS-WMF] 2.1.1.31."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.device_context import Awaited, DeviceContext
from filmless.convert.metafile.mapping import Matrix, multiplied
from filmless.convert.metafile.raster_operations import TERNARY_NAMES
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.strokes_fills import brush_paint

__all__ = ["blit", "cropped", "fill_box", "place_matrix", "uses_source"]

Box = tuple[float, float, float, float]
"""Left, top, width, height; the last two below zero mirror."""

_NAMES = {name: code >> 16 for code, name in TERNARY_NAMES.items()}
_NOP = _NAMES["NOP"]
_PREPARED_BY = {
    _NAMES["SRCPAINT"]: _NAMES["SRCAND"],
    _NAMES["SRCINVERT"]: _NAMES["SRCAND"],
    _NAMES["SRCAND"]: _NAMES["SRCPAINT"],
}
"""The operation that puts a mask, before the one that lays a bitmap over it: together they copy its parts."""


def uses_source(operation: int) -> bool:
    """Whether a ternary raster operation looks at the bitmap: its byte differs with the source's bit."""
    code = operation >> 16 & 255
    return (code >> 2 & 0x33) != (code & 0x33)


def fill_box(dc: DeviceContext, box: Box, operation: int, record: Record) -> None:
    """Do a raster operation without a bitmap on a rectangle in logical coordinates."""
    left, top, width, height = box
    path = dc.box_path(left, top, left + width, top + height)
    if not path.segments:
        return
    code = operation >> 16 & 255
    if code == _NAMES["PATCOPY"]:
        if dc.state.brush.kind != "null":
            dc.canvas.fill(path, brush_paint(dc, dc.state.brush), "nonzero", dc.clip)
    elif code in (_NAMES["BLACKNESS"], _NAMES["WHITENESS"]):
        dc.canvas.fill(path, "#000000" if code == 0 else "#ffffff", "nonzero", dc.clip)
    elif code == _NAMES["DSTINVERT"]:
        dc.canvas.fill(path, "#ffffff", "nonzero", dc.clip, blend="difference")
    elif code == _NAMES["PATINVERT"] and dc.state.brush.kind == "solid" and _is_pure(np.array(dc.state.brush.colour)):
        dc.canvas.fill(path, brush_paint(dc, dc.state.brush), "nonzero", dc.clip, blend="difference")
    elif code != _NOP:
        record.refuse(f"raster operation {_name(operation)} is not drawn")


def place_matrix(dc: DeviceContext, columns: float, rows: float, box: Box) -> Matrix | None:
    """Return what maps a bitmap's pixels to the picture's, None when it has no size; upright, it takes whole pixels."""
    left, top, width, height = box
    unit: Matrix = (width / columns, 0.0, 0.0, height / rows, left, top)
    m11, m12, m21, m22, dx, dy = multiplied(unit, dc.matrix)
    if not (m12 or m21):
        x0, x1, y0, y1 = np.rint([dx, dx + m11 * columns, dy, dy + m22 * rows]).tolist()
        # Even the smallest bitmap shows.
        x1 = x1 if x1 != x0 else x0 + np.copysign(1, m11) if m11 else x0
        y1 = y1 if y1 != y0 else y0 + np.copysign(1, m22) if m22 else y0
        m11, m22, dx, dy = (x1 - x0) / columns, (y1 - y0) / rows, x0, y0
    if abs(m11 * m22 - m12 * m21) < 1e-12:
        return None
    return float(m11), m12, m21, float(m22), float(dx), float(dy)


def cropped(bitmap: NDArray[np.uint8], source: Box, box: Box, record: Record) -> tuple[NDArray[np.uint8], Box]:
    """Take the part of a bitmap that is shown; where the source's box reaches beyond it, the target shrinks."""
    rows, columns = bitmap.shape[:2]
    x, y, width, height = source
    left, top, across, down = box
    if width < 0:
        x, width, left, across = x + width, -width, left + across, -across
    if height < 0:
        y, height, top, down = y + height, -height, top + down, -down
    if width <= 0 or height <= 0:
        return bitmap[:0, :0], box
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, columns), min(y + height, rows)
    if x1 <= x0 or y1 <= y0:
        return bitmap[:0, :0], box
    if any(number != int(number) for number in (x0, y0, x1, y1)):
        record.refuse("a part of a bitmap that is no whole pixels is not drawn")
    sx, sy = across / width, down / height
    target = left + (x0 - x) * sx, top + (y0 - y) * sy, (x1 - x0) * sx, (y1 - y0) * sy
    return bitmap[int(y0) : int(y1), int(x0) : int(x1)], target


def blit(dc: DeviceContext, bitmap: NDArray[np.uint8], matrix: Matrix | None, operation: int, record: Record) -> None:
    """Show a bitmap (rows, columns, 3 or 4) under a raster operation.

    Raises
    ------
    ConversionError
        The operation cannot be drawn truly.
    """
    if matrix is None or not bitmap.size:
        return
    code = operation >> 16 & 255
    rgb = bitmap[..., :3]
    if code == _NAMES["SRCCOPY"]:
        dc.canvas.image(bitmap, matrix, dc.clip)
    elif code == _NAMES["NOTSRCCOPY"]:
        dc.canvas.image(255 - rgb, matrix, dc.clip)
    elif code in (_NAMES["SRCAND"], _NAMES["SRCPAINT"], _NAMES["SRCINVERT"], _NAMES["MERGEPAINT"]):
        source = 255 - rgb if code == _NAMES["MERGEPAINT"] else rgb
        blends = {_NAMES["SRCAND"]: "multiply", _NAMES["SRCINVERT"]: "difference"}
        if dc.awaited is not None:
            _lay_over(dc, source, matrix, code)
            return
        if not _is_pure(source) and not _was_masked(dc, source, matrix, code):
            if code in _PREPARED_BY.values() and (source == source[..., :1]).all():
                dc.awaited = Awaited(record, matrix, code, source[..., 0])
                return
            record.refuse(f"raster operation {_name(operation)} with a bitmap of other than pure colours is not drawn")
        dc.canvas.image(source, matrix, dc.clip, blend=blends.get(code, "screen"))
        if code in _PREPARED_BY.values():
            dc.last_mask = matrix, code, (source == (0 if code == _NAMES["SRCAND"] else 255)).all(axis=2)
            return
    elif code == _NAMES["SRCERASE"] and _is_pure(rgb):
        dc.canvas.image(np.full_like(rgb, 255), matrix, dc.clip, blend="difference")
        dc.canvas.image(rgb, matrix, dc.clip, blend="multiply")
    elif code != _NOP:
        record.refuse(f"raster operation {_name(operation)} is not drawn")
    dc.last_mask = None


def _lay_over(dc: DeviceContext, source: NDArray[np.uint8], matrix: Matrix, code: int) -> None:
    """Show a bitmap through its mask with soft edges: two operations that are meant as one."""
    awaited = dc.awaited
    if (
        awaited is None
        or _PREPARED_BY.get(code) != awaited.code
        or not _same(awaited.matrix, awaited.grey, matrix, source)
    ):
        return  # still awaited: refused by who plays
    alpha = awaited.grey if code == _NAMES["SRCAND"] else 255 - awaited.grey
    nothing = (source == (255 if code == _NAMES["SRCAND"] else 0)).all(axis=2)
    if ((alpha == 0) & ~nothing).any():
        return
    dc.canvas.image(np.dstack([source, alpha]), matrix, dc.clip)
    dc.awaited = None


def _was_masked(dc: DeviceContext, source: NDArray[np.uint8], matrix: Matrix, code: int) -> bool:
    """Whether the place was made black just before, wherever this bitmap has a colour: then "or" and "xor" copy.

    Or white, wherever it is not: then "and" copies.
    """
    if dc.last_mask is None or _PREPARED_BY.get(code) != dc.last_mask[1]:
        return False
    place, _, mask = dc.last_mask
    nothing = source == (255 if code == _NAMES["SRCAND"] else 0)
    return bool(_same(place, mask, matrix, source) and (mask | nothing.all(axis=2)).all())


def _same(place: Matrix, mask: NDArray[Any], matrix: Matrix, source: NDArray[Any]) -> bool:
    return mask.shape == source.shape[:2] and all(abs(a - b) < 1e-6 for a, b in zip(place, matrix, strict=True))


def _is_pure(colours: NDArray[np.generic]) -> bool:
    return bool(((colours == 0) | (colours == 255)).all())


def _name(operation: int) -> str:
    return TERNARY_NAMES.get(operation, f"{operation:#010x}")
