"""Regions that are filled, framed, turned round and moved, of either kind of metafile; [MS-EMF] 2.3.5."""

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.objects import Brush
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.regions import Combined, Outline, Rectangles, Region
from filmless.convert.metafile.strokes_fills import fill

__all__ = ["fill_region", "frame_region", "invert_region", "logical_region", "offset_clip"]


def logical_region(dc: DeviceContext, boxes: NDArray[np.float64]) -> Region:
    """Return the region of rectangles in logical coordinates."""
    dc.canvas.charge(len(boxes))
    m11, m12, m21, m22, _, _ = dc.matrix
    if (m12 or m21) and (m11 or m22):
        path = Path()
        for left, top, right, bottom in boxes.tolist():
            corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
            path.extend(Path.polyline(dc.to_picture(corners), closed=True))
        return Outline(path)
    return Rectangles.of(dc.to_picture(boxes.reshape(-1, 2)).reshape(-1, 4))


def fill_region(dc: DeviceContext, region: Region, record: Record, brush: Brush | None = None) -> None:
    """Fill a region, which is none of several."""
    if not isinstance(region, Combined):
        fill(dc, region.path(), record, brush=brush, rule="nonzero")


def invert_region(dc: DeviceContext, region: Region) -> None:
    """Turn all colours of a region round."""
    if not isinstance(region, Combined) and region.path().segments:
        dc.canvas.fill(region.path(), "#ffffff", "nonzero", dc.clip, blend="difference")


def frame_region(
    dc: DeviceContext, boxes: NDArray[np.float64], size: tuple[float, float], brush: Brush, record: Record
) -> None:
    """Draw a frame inside of one rectangle; of more it would have to follow their common outline.

    Raises
    ------
    ConversionError
        The region has more than one rectangle.
    """
    if len(boxes) != 1:
        record.refuse(f"a frame around {len(boxes)} rectangles is not drawn")
    left, top, right, bottom = boxes[0].tolist()
    inside = left + size[0], top + size[1], right - size[0], bottom - size[1]
    path = dc.box_path(left, top, right, bottom)
    if inside[0] < inside[2] and inside[1] < inside[3]:
        path.extend(dc.box_path(*inside))
    fill(dc, path, record, brush=brush, rule="evenodd")


def offset_clip(dc: DeviceContext, offset: tuple[float, ...], record: Record) -> None:
    """Move the clip.

    Raises
    ------
    ConversionError
        It is made of several.
    """
    m11, m12, m21, m22, _, _ = dc.matrix
    x, y = offset
    dx, dy = m11 * x + m21 * y, m12 * x + m22 * y
    match dc.state.clip:
        case None:
            pass
        case Rectangles(boxes=boxes):
            dc.state.clip = Rectangles(np.rint(boxes + np.array([dx, dy, dx, dy])))
        case Outline(outline=path, rule=rule, width=width):
            dc.state.clip = Outline(path.mapped((1, 0, 0, 1, dx, dy)), rule, width)
        case _:
            record.refuse("a clip that is made of several is not moved")
