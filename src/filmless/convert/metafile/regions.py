"""Where may be drawn: sets of rectangles, outlines, and what they make together; [MS-EMF] 2.1.29 RegionMode."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.path import Path
from filmless.errors import ConversionError, LimitError

__all__ = ["AND", "COPY", "DIFF", "OR", "XOR", "Combined", "Outline", "Rectangles", "Region", "combined"]

AND, OR, XOR, DIFF, COPY = 1, 2, 3, 4, 5
_MAX_DEPTH = 16
_MAX_CELLS = 1 << 24
_MAX_BOXES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Rectangles:
    """Upright rectangles in whole pixels, none over another: shape (count, 4), left, top, right, bottom."""

    boxes: NDArray[np.float64]

    depth = 0

    @classmethod
    def of(cls, boxes: NDArray[np.float64]) -> "Rectangles":
        """Take rectangles as they come: rounded to pixels, turned upright, overlaps united."""
        boxes = np.rint(np.asarray(boxes, float).reshape(-1, 4))
        boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
        boxes = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
        return cls(boxes) if len(boxes) < 2 else _algebra(boxes, np.empty((0, 4)), OR)

    def path(self) -> Path:
        """Return their outlines."""
        path = Path()
        for box in self.boxes.tolist():
            path.extend(Path.box(*box))
        return path


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The inside of a path; or what a pen of ``width`` pixels covers along it."""

    outline: Path
    rule: str = "nonzero"
    width: float | None = None

    depth = 0

    def path(self) -> Path:
        """Return the path."""
        return self.outline


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Two regions and what is done with them: AND, OR or DIFF."""

    mode: int
    first: "Region"
    second: "Region"
    depth: int


Region = Rectangles | Outline | Combined


def combined(
    first: Region | None, second: Region, mode: int, *, everything: Region, charge: Callable[[int], None]
) -> Region:
    """Combine a region, None when there is none yet, with another.

    Parameters
    ----------
    charge
        Is told of the work, counted as points.

    Raises
    ------
    ConversionError
        There is no such mode.
    LimitError
        It is of more parts than we follow.
    """
    if mode == COPY or (mode == AND and first is None):
        return second
    if mode not in (AND, OR, XOR, DIFF):
        raise ConversionError(f"region mode is {mode}, expected 1 to 5")
    first = everything if first is None else first
    if isinstance(first, Rectangles) and isinstance(second, Rectangles):
        charge(4 + 16 * len(first.boxes) * len(second.boxes) // 256)
        return _algebra(first.boxes, second.boxes, mode)
    if isinstance(first, Combined) and first.mode == mode != OR:
        match first.second, second:
            case Rectangles(boxes=inner), Rectangles(boxes=outer):
                # One rectangle after the other within, or without: they are one region.
                charge(4 + 16 * len(inner) * len(outer) // 256)
                return Combined(mode, first.first, _algebra(inner, outer, AND if mode == AND else OR), first.depth)
    depth = 1 + max(first.depth, second.depth)
    if depth > _MAX_DEPTH:
        raise LimitError("the metafile combines too many clipping regions", limit="depth of regions", value=_MAX_DEPTH)
    if mode == XOR:
        parts = Combined(DIFF, first, second, depth), Combined(DIFF, second, first, depth)
        return Combined(OR, *parts, depth + 1)
    return Combined(mode, first, second, depth)


def _algebra(first: NDArray[np.float64], second: NDArray[np.float64], mode: int) -> Rectangles:
    """Combine rectangles exactly, on the grid of all their edges."""
    if mode == AND and len(first) == len(second) == 1:
        low, high = np.maximum(first[0, :2], second[0, :2]), np.minimum(first[0, 2:], second[0, 2:])
        return Rectangles(np.concatenate([low, high])[None] if (high > low).all() else np.empty((0, 4)))
    both = np.concatenate([first, second])
    xs, ys = np.unique(both[:, 0::2]), np.unique(both[:, 1::2])
    if len(xs) * len(ys) > _MAX_CELLS:
        raise LimitError("a region has too many rectangles", limit="cells of a region", value=_MAX_CELLS)
    a, b = _cells(first, xs, ys), _cells(second, xs, ys)
    inside = {AND: a & b, OR: a | b, XOR: a ^ b, DIFF: a & ~b}[mode]
    rows: list[tuple[float, float, float, float]] = []
    for row in range(len(ys) - 1):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside[row], [False]]).astype(np.int8)))
        if len(rows) > _MAX_BOXES:
            raise LimitError("a region has too many rectangles", limit="rectangles of a region", value=_MAX_BOXES)
        rows += [(xs[i], ys[row], xs[j], ys[row + 1]) for i, j in edges.reshape(-1, 2)]
    return Rectangles(np.array(rows, float).reshape(-1, 4))


def _cells(boxes: NDArray[np.float64], xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say of each cell of the grid whether one of the rectangles covers it: by the sums of their corners."""
    corners = np.zeros((len(ys) + 1, len(xs) + 1), np.int32)
    left, right = np.searchsorted(xs, boxes[:, 0]), np.searchsorted(xs, boxes[:, 2])
    top, bottom = np.searchsorted(ys, boxes[:, 1]), np.searchsorted(ys, boxes[:, 3])
    np.add.at(corners, (top, left), 1)
    np.add.at(corners, (bottom, right), 1)
    np.add.at(corners, (top, right), -1)
    np.add.at(corners, (bottom, left), -1)
    covered: NDArray[np.bool_] = corners.cumsum(axis=0).cumsum(axis=1)[: max(len(ys) - 1, 0), : max(len(xs) - 1, 0)] > 0
    return covered
