"""Pixels of one plane on the grid of another."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.series.geometry import FrameGeometry

__all__ = ["Placement", "place", "touching"]

_BAND = 256  # rows that are looked up at a time: bounds the memory for coordinates
_SLACK = 1e-3  # of a pixel: what lies on the edge between two belongs to the same one in every row


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a frame comes to lie on the grid of another in the same plane.

    Attributes
    ----------
    window
        The rows and columns of the other that it can touch.
    matrix
        Shape (2, 3): takes a pixel of the other (column, row, 1) to its column and row.
    """

    window: tuple[slice, slice]
    matrix: NDArray[np.float64]

    def paste(self, values: NDArray[Any], onto: NDArray[Any]) -> None:
        """Write the nearest pixel's value wherever there is one that is larger than what is there.

        Parameters
        ----------
        values
            Shape (rows, columns): the frame.
        onto
            Shape of the other's rows and columns; written to.
        """
        rows, columns = self.window
        across = np.arange(columns.start, columns.stop)
        for start in range(rows.start, rows.stop, _BAND):
            down = np.arange(start, min(start + _BAND, rows.stop))[:, np.newaxis]
            column, row = (
                np.floor(line[0] * across + line[1] * down + (line[2] + 0.5 + _SLACK)) for line in self.matrix
            )
            inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
            band = onto[start : start + len(down), columns]
            found = values[row[inside].astype(np.intp), column[inside].astype(np.intp)]
            band[inside] = np.maximum(band[inside], found)


def place(source: FrameGeometry, index: int, target: FrameGeometry, frame: int) -> Placement | None:
    """Find where a frame comes to lie on the grid of another; nothing when they do not touch.

    Parameters
    ----------
    source, index
        The frame to lay over, and its number from 0.
    target, frame
        The other, in whose plane it lies.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1
    """
    here, there = source.affine(index), target.affine(frame)
    with np.errstate(all="ignore"):
        forward = (np.linalg.inv(there) @ here)[:2][:, [0, 1, 3]]
        matrix = (np.linalg.inv(here) @ there)[:2][:, [0, 1, 3]]
    if not (np.isfinite(forward).all() and np.isfinite(matrix).all()):
        return None
    left, top, right, bottom = -0.5, -0.5, source.columns - 0.5, source.rows - 0.5
    edges = forward @ np.array([[left, right, left, right], [top, top, bottom, bottom], [1, 1, 1, 1]])
    low = np.maximum(np.ceil(edges.min(axis=1) - _SLACK), 0)
    high = np.minimum(np.floor(edges.max(axis=1) + _SLACK), [target.columns - 1, target.rows - 1])
    if (low > high).any():
        return None
    first, last = low.astype(int), high.astype(int) + 1
    return Placement((slice(first[1], last[1]), slice(first[0], last[0])), matrix)


def touching(source: FrameGeometry, indices: NDArray[np.intp], target: FrameGeometry, frame: int) -> NDArray[np.intp]:
    """Leave of many frames those that may touch another one in their plane: what `place` would find in each, fast."""
    pixels = target.to_pixels(source.corners[indices], frame)[..., :2]
    margin = _SLACK + source.spacing_mm[indices].max(axis=1) / target.spacing_mm[frame].min() / 2
    low, high = pixels.min(axis=1) - margin[:, np.newaxis], pixels.max(axis=1) + margin[:, np.newaxis]
    touches = (high >= 0).all(axis=1) & (low <= [target.columns - 1, target.rows - 1]).all(axis=1)
    return np.asarray(indices[touches])
