"""Contours as masks: polygons and lines in pixel coordinates."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from filmless.errors import LimitError

__all__ = ["filled", "outline", "spots"]

_MOST_STEPS = 1 << 27  # crossings of edges and rows, or pixels of lines: some seconds
_CHUNK = 1 << 20
_FAR = 1e9  # pixels: where coordinates end

Points = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


def filled(points: Points, rows: int, columns: int) -> Mask:
    """Return the pixels whose centres lie in a closed polygon, where it crosses itself by the even-odd rule.

    Parameters
    ----------
    points
        Shape (points, 2): column and row, from 0 at the centre of the first pixel.
    rows, columns
        Size of the mask.

    Raises
    ------
    LimitError
        The polygon crosses more rows than any contour of a structure does.
    """
    first = np.clip(points, -_FAR, _FAR)
    second = np.roll(first, -1, axis=0)
    # An edge crosses rows from its upper end on, its lower end not counted: none is crossed twice where edges meet.
    start, stop = (
        np.clip(np.ceil(end(first[:, 1], second[:, 1])), 0, rows).astype(np.int64) for end in (np.minimum, np.maximum)
    )
    # From the upper end, so that an edge and its way back, as in a keyhole, come to the same to the last digit.
    upward = (first[:, 1] > second[:, 1])[:, np.newaxis]
    first, second = np.where(upward, second, first), np.where(upward, first, second)
    edges = np.flatnonzero(stop > start)
    first, second, start, crossed = first[edges], second[edges], start[edges], (stop - start)[edges]
    flips = np.zeros((rows, columns + 1), dtype=np.uint8)
    for part, edge, step in _steps(crossed):
        row = start[part][edge] + step
        (across, down), (x, y) = (second[part] - first[part]).T, first[part].T
        column = x[edge] + (row - y[edge]) * (across / down)[edge]
        # The first pixel whose centre is not left of the edge; the last column is beyond the mask.
        np.bitwise_xor.at(flips, (row, np.ceil(np.clip(column, 0, columns)).astype(np.int64)), np.uint8(1))
    return np.asarray(np.bitwise_xor.accumulate(flips, axis=1)[:, :columns], dtype=bool)


def outline(points: Points, rows: int, columns: int, *, closed: bool, width: int = 1) -> Mask:
    """Return the pixels on a line through points; parameters as of `filled`, and its width in pixels."""
    first = np.clip(points, -_FAR, _FAR)
    second = np.roll(first, -1, axis=0)
    if not closed and len(first) > 1:
        first, second = first[:-1], second[:-1]
    first, second = _cut(first, second, np.array([columns, rows], dtype=float))
    steps = np.ceil(np.abs(second - first).max(axis=1, initial=0)).astype(np.int64)
    mask = np.zeros((rows, columns), dtype=bool)
    for part, edge, step in _steps(steps + 1):
        share = (step / np.maximum(steps[part], 1)[edge])[:, np.newaxis]
        pixels = np.rint(first[part][edge] + share * (second[part] - first[part])[edge]).astype(np.int64)
        column, row = pixels[((pixels >= 0) & (pixels < [columns, rows])).all(axis=1)].T
        mask[row, column] = True
    return mask if width == 1 else _widened(mask, width)


def spots(points: Points, rows: int, columns: int, *, radius: int = 2) -> Mask:
    """Return a cross at each point; parameters as of `filled`."""
    mask = np.zeros((rows, columns), dtype=bool)
    pixels = np.rint(np.clip(points, -_FAR, _FAR)).astype(np.int64)
    for step in range(-radius, radius + 1):
        for column, row in ((pixels[:, 0] + step, pixels[:, 1]), (pixels[:, 0], pixels[:, 1] + step)):
            inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
            mask[row[inside], column[inside]] = True
    return mask


def _steps(counts: Counts) -> Iterator[tuple[slice, NDArray[np.intp], Counts]]:
    """Go through the steps of edges, a bounded number of them at a time: the edges, which is whose step, and which.

    Raises
    ------
    LimitError
        There are more than any contour of a structure has.
    """
    ends = np.cumsum(counts)
    if len(ends) and ends[-1] > _MOST_STEPS:
        raise LimitError("a contour has too many steps on the grid of the image", limit="steps", value=_MOST_STEPS)
    begin = 0
    while begin < len(counts):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        part = counts[begin:end]
        edge = np.repeat(np.arange(len(part)), part)
        yield slice(begin, end), edge, np.arange(len(edge)) - np.repeat(np.cumsum(part) - part, part)
        begin = end


def _cut(first: Points, second: Points, size: Points) -> tuple[Points, Points]:
    """Cut lines off a pixel beyond the image (Liang and Barsky); those outside are left out."""
    way = second - first
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (-1 - first) / way, (size - first) / way
    still = way == 0
    enter, leave = np.where(still, -np.inf, np.minimum(low, high)), np.where(still, np.inf, np.maximum(low, high))
    begin, end = np.maximum(enter.max(axis=1), 0), np.minimum(leave.min(axis=1), 1)
    inside = ((first >= -1) & (first <= size)) | ~still
    kept = (begin <= end) & inside.all(axis=1)
    first, way = first[kept], way[kept]
    return first + begin[kept, np.newaxis] * way, first + end[kept, np.newaxis] * way


def _widened(mask: Mask, width: int) -> Mask:
    """Make lines wider by half of it to each side."""
    out = mask.copy()
    before, after = (width - 1) // 2, width // 2
    for axis in (0, 1):
        whole, length = out.copy(), out.shape[axis]
        for step in range(1, min(max(before, after), length - 1) + 1):
            near, far = [slice(None)] * 2, [slice(None)] * 2
            near[axis], far[axis] = slice(0, length - step), slice(step, length)
            if step <= before:
                out[tuple(near)] |= whole[tuple(far)]
            if step <= after:
                out[tuple(far)] |= whole[tuple(near)]
    return out
