"""Areas whose colour changes from corner to corner; [MS-EMF] 2.3.5.12, 2.2.26 TriVertex."""

import math

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.canvas_svg import css
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.records import Points, Record

__all__ = ["gradient_fill"]

_ACROSS, _DOWN, _TRIANGLES = 0, 1, 2
_PIXELS_AT_A_TIME = 1 << 18


def gradient_fill(dc: DeviceContext, record: Record, offset: int, vertices: int, objects: int, mode: int) -> None:
    """Fill rectangles from side to side, or triangles from corner to corner.

    Raises
    ------
    ConversionError
        The record is damaged.
    """
    if vertices * 16 > len(record) - offset or mode not in (_ACROSS, _DOWN, _TRIANGLES):
        record.refuse(f"its {vertices} corners do not fit, or its mode {mode} is none")
    raw = np.frombuffer(record.data, np.dtype([("at", "<i4", 2), ("colour", "<u2", 4)]), vertices, offset)
    places, colours = dc.to_picture(raw["at"].astype(float)), raw["colour"] >> 8
    size = 3 if mode == _TRIANGLES else 2
    numbers = record.integers(offset + 16 * vertices, objects * size).reshape(objects, size)
    if objects and (numbers >= vertices).any():
        record.refuse("its figures name corners that are not there")
    if not (np.abs(places) < 1e6).all():
        record.refuse("its corners lie far outside of the picture")
    for corners in numbers.tolist():
        if mode == _TRIANGLES:
            _triangle(dc, places[corners], colours[corners, :3].astype(float))
            continue
        first, second = (raw["at"][corner].tolist() for corner in corners)
        (x0, y0), (x1, y1) = (places[corner].tolist() for corner in corners)
        end = (x1, y0) if mode == _ACROSS else (x0, y1)
        begin, finish = (css(_rgb(colours[corner])) for corner in corners)
        paint = dc.canvas.gradient((x0, y0), end, (begin, finish))
        path = dc.box_path(*first, *second)
        if path.segments:
            dc.canvas.fill(path, paint, "nonzero", dc.clip)


def _rgb(colour: NDArray[np.uint16]) -> tuple[int, int, int]:
    return int(colour[0]), int(colour[1]), int(colour[2])


def _triangle(dc: DeviceContext, places: Points, colours: Points) -> None:
    """Mix the corners' colours by the weights of each pixel's middle, some rows at a time."""
    most = dc.canvas.columns, dc.canvas.rows
    left, top = (max(0, math.floor(number)) for number in places.min(axis=0))
    right, bottom = (min(side, math.ceil(number)) for side, number in zip(most, places.max(axis=0), strict=True))
    (ax, ay), (bx, by), (cx, cy) = places.tolist()
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    if right <= left or bottom <= top or not area:
        return
    dc.canvas.charge_pixels(right - left, bottom - top)
    rgba = np.zeros((bottom - top, right - left, 4), np.uint8)
    x, step = np.arange(left, right) + 0.5, max(1, _PIXELS_AT_A_TIME // (right - left))
    for start in range(0, bottom - top, step):
        part = rgba[start : start + step]
        y = (np.arange(len(part)) + top + start + 0.5)[:, None]
        first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
        second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
        weights = np.stack([first, second, 1 - first - second], axis=2)
        part[..., :3] = np.clip(weights @ colours, 0, 255)
        part[..., 3] = (weights >= -1e-9).all(axis=2) * 255
    dc.canvas.image(rgba, (1.0, 0.0, 0.0, 1.0, float(left), float(top)), dc.clip)
