"""Lines, curves and figures in the picture's pixels; [MS-EMF] 2.3.10 (path brackets), 2.3.5 (arcs)."""

import math

import numpy as np

from filmless.convert.metafile.mapping import Matrix, placed
from filmless.convert.metafile.records import Points
from filmless.errors import ConversionError

__all__ = ["PARALLEL", "Path", "check_near", "ellipse_arc", "rounded_rectangle"]

_FARTHEST = 4e6
"""Pixels from the picture's corner that a point may lie; the renderer leaves out what lies much farther."""
PARALLEL = 0.01
"""Pixels that a line may lean and be taken for straight across or down."""


def check_near(distance: float) -> None:
    """Refuse a point that lies too far away, or nowhere.

    Raises
    ------
    ConversionError
        It does.
    """
    if not distance < _FARTHEST:
        raise ConversionError("the metafile draws far outside of its picture")


class Path:
    """Figures: each begins with a move, and is closed only where the file closes it."""

    __slots__ = ("count", "segments")

    def __init__(self) -> None:
        self.segments: list[tuple[str, Points]] = []
        self.count = 0

    def add(self, kind: str, points: Points) -> None:
        """Append a move (M, one point), lines (L), Bézier curves (C, three points each) or a close (Z, none).

        Raises
        ------
        ConversionError
            A point is no number or out of all bounds.
        """
        if len(points) or kind == "Z":
            if len(points):
                check_near(float(np.abs(points).max()))
            self.segments.append((kind, points))
            self.count += len(points) or 1

    def close(self) -> None:
        """Close the figure, if there is one."""
        if self.segments and self.segments[-1][0] != "Z":
            self.add("Z", np.empty((0, 2)))

    def extend(self, other: "Path") -> None:
        """Append the figures of another."""
        self.segments += other.segments
        self.count += other.count

    @classmethod
    def polyline(cls, points: Points, *, closed: bool = False) -> "Path":
        """Return one figure of straight lines."""
        path = cls()
        path.add("M", points[:1])
        path.add("L", points[1:])
        if closed:
            path.close()
        return path

    @classmethod
    def box(cls, left: float, top: float, right: float, bottom: float) -> "Path":
        """Return an upright rectangle."""
        return cls.polyline(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float), closed=True)

    def with_figures_closed(self) -> "Path":
        """Return it with all figures closed."""
        path = Path()
        for kind, points in self.segments:
            if kind == "M":
                path.close()
            path.add(kind, points)
        path.close()
        return path

    def last(self) -> tuple[float, float] | None:
        """Return the last point, None when there is none."""
        for _, points in reversed(self.segments):
            if len(points):
                return float(points[-1, 0]), float(points[-1, 1])
        return None

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return left, top, right and bottom of all points."""
        parts = [points for _, points in self.segments if len(points)]
        if not parts:
            return None
        low = np.min([part.min(axis=0) for part in parts], axis=0)
        high = np.max([part.max(axis=0) for part in parts], axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def covers(self, columns: int, rows: int) -> float:
        """Return how many of a picture's pixels its bounds cover."""
        box = self.bounds()
        if box is None:
            return 0.0
        across = min(box[2], columns) - max(box[0], 0.0)
        down = min(box[3], rows) - max(box[1], 0.0)
        return max(across, 0.0) * max(down, 0.0)

    def length(self, size: tuple[float, float] | None = None) -> float:
        """Return about how long its lines are, moves included; within a picture of that size, when one is given."""
        parts = [points for _, points in self.segments if len(points)]
        if not parts:
            return 0.0
        points = np.concatenate(parts)
        if size is not None:
            points = np.minimum(np.maximum(points, 0.0), size)
        return float(np.abs(points[1:] - points[:-1]).sum())

    def is_axis_parallel(self) -> bool:
        """Whether all its lines run straight across or down."""
        last = None
        for kind, points in self.segments:
            if kind == "C":
                return False
            if kind == "L":
                steps = np.abs(np.diff(points if last is None else np.concatenate([last, points]), axis=0))
                if (steps.min(axis=1) > PARALLEL).any():
                    return False
            last = points[-1:] if len(points) else last
        return True

    def mapped(self, matrix: Matrix) -> "Path":
        """Return it with all points mapped."""
        path = Path()
        path.segments = [(kind, placed(matrix, points) if len(points) else points) for kind, points in self.segments]
        path.count = self.count
        return path

    def snapped(self) -> "Path":
        """Return it with all points in the middle of pixels."""
        path = Path()
        path.segments = [(kind, np.floor(points + 0.5) + 0.5) for kind, points in self.segments]
        path.count = self.count
        return path

    def data(self) -> str:
        """Return it as the `d` of an SVG path."""
        parts = []
        for kind, points in self.segments:
            numbers = tuple(points.ravel().tolist())
            parts.append(kind + ("%.2f " * len(numbers)) % numbers)
        return "".join(parts).rstrip()


def ellipse_arc(box: tuple[float, float, float, float], start: float, sweep: float) -> Points:
    """Return the Béziers of a part of an ellipse: the first point, then three points a curve.

    Parameters
    ----------
    box
        Left, top, right and bottom of the whole ellipse.
    start, sweep
        Angles in radians from the x axis towards the y axis of the coordinates.
    """
    left, top, right, bottom = box
    parts = max(1, math.ceil(abs(sweep) / (math.pi / 2) - 1e-9))
    angles = start + np.arange(parts + 1) * (sweep / parts)
    handle = 4 / 3 * math.tan(sweep / parts / 4)
    on = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = np.stack([-np.sin(angles), np.cos(angles)], axis=1) * handle
    curves = np.stack([on[:-1] + along[:-1], on[1:] - along[1:], on[1:]], axis=1).reshape(-1, 2)
    unit: Points = np.concatenate([on[:1], curves])
    return unit * ((right - left) / 2, (bottom - top) / 2) + ((left + right) / 2, (top + bottom) / 2)


def rounded_rectangle(box: tuple[float, float, float, float], width: float, height: float) -> list[tuple[str, Points]]:
    """Return the segments of a rectangle whose corners are quarters of an ellipse of that width and height."""
    left, right, top, bottom = min(box[0::2]), max(box[0::2]), min(box[1::2]), max(box[1::2])
    rx, ry = min(abs(width), right - left) / 2, min(abs(height), bottom - top) / 2
    segments: list[tuple[str, Points]] = []
    corners = (
        (right - rx, top + ry, -1),
        (right - rx, bottom - ry, 0),
        (left + rx, bottom - ry, 1),
        (left + rx, top + ry, 2),
    )
    for x, y, quarter in corners:
        arc = ellipse_arc((x - rx, y - ry, x + rx, y + ry), quarter * math.pi / 2, math.pi / 2)
        segments += [("L" if segments else "M", arc[:1]), ("C", arc[1:])]
    return segments
