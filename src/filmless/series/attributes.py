"""The attributes that say where frames lie, from classic images, functional groups and tiles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError
from filmless.pixels import frames

__all__ = ["FrameAttributes"]

Array = NDArray[Any]

_SLIDE = (
    *("RowPositionInTotalImagePixelMatrix", "ColumnPositionInTotalImagePixelMatrix"),
    *("XOffsetInSlideCoordinateSystem", "YOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem"),
)


@dataclass(frozen=True, slots=True, eq=False)
class FrameAttributes:
    """What a data set says of each frame, a row for each; None where it says nothing of any, NaN where not of one."""

    count: int
    positions: Array | None = None
    orientations: Array | None = None
    spacing_mm: Array | None = None
    thickness_mm: Array | None = None
    tile_positions: Array | None = None
    segment_numbers: Array | None = None

    def __len__(self) -> int:
        return self.count

    @classmethod
    def of(cls, ds: Dataset) -> Self:
        """Read them.

        Raises
        ------
        GeometryError
            There is not a functional group for each frame.
        """
        if "PerFrameFunctionalGroupsSequence" not in ds and "SharedFunctionalGroupsSequence" not in ds:
            return cls._of_classic(ds)
        per_frame = list(ds.get("PerFrameFunctionalGroupsSequence") or ())
        if ds.get("DimensionOrganizationType") == "TILED_FULL":
            return cls._of_tiles(ds)
        count = ds.get("NumberOfFrames")
        if not isinstance(count, int) or not 1 <= count <= len(per_frame):
            raise GeometryError("NumberOfFrames is not the number of functional groups", tag=0x0028_0008)
        groups = per_frame[:count]
        shared = (ds.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]

        def read(macro: str, keyword: str, width: int) -> Array | None:
            return _read(shared, groups, macro, keyword, width)

        positions = read("PlanePositionSequence", "ImagePositionPatient", 3)
        orientations = read("PlaneOrientationSequence", "ImageOrientationPatient", 6)
        spacing = read("PixelMeasuresSequence", "PixelSpacing", 2)
        row, column, x, y, z = (read("PlanePositionSlideSequence", keyword, 0) for keyword in _SLIDE)
        tiles = None if row is None or column is None else np.stack([row, column], axis=1)
        if positions is None and (tiles is not None or x is not None):
            orientation = _numbers(ds.get("ImageOrientationSlide"), 6)
            # Z is in micrometres: PS3.3 C.8.12.6.1.
            given = [np.full(count, np.nan) if axis is None else axis for axis in (x, y)]
            positions = np.stack([*given, np.zeros(count) if z is None else np.nan_to_num(z) / 1000], axis=1)
            if tiles is not None and spacing is not None:
                # What follows from the tile's place in the matrix is right where known writers mixed X and Y up.
                counted = _origin(ds) + _steps(tiles - 1, spacing, orientation)
                known = np.isfinite(counted[:, 0])
                positions[known, :2] = counted[known, :2]
            orientations = np.tile(orientation, (count, 1))
        return cls(
            count,
            positions,
            orientations,
            spacing,
            read("PixelMeasuresSequence", "SliceThickness", 0),
            tiles,
            read("SegmentIdentificationSequence", "ReferencedSegmentNumber", 0),
        )

    @classmethod
    def _of_classic(cls, ds: Dataset) -> Self:
        return cls(
            1,
            _numbers(ds.get("ImagePositionPatient"), 3)[np.newaxis],
            _numbers(ds.get("ImageOrientationPatient"), 6)[np.newaxis],
            _numbers(ds.get("PixelSpacing"), 2)[np.newaxis],
            _numbers(ds.get("SliceThickness"), 1),
        )

    @classmethod
    def _of_tiles(cls, ds: Dataset) -> Self:
        """Count tiles off: along the row, down, by focal plane, by segment.

        DICOM: PS3.3 C.7.6.17.3
        """
        source = frames(ds)
        count, size = len(source), (source.description.rows, source.description.columns)
        source.require(0, count - 1)  # their number is only believed when they are there
        matrix = [_whole(ds, f"TotalPixelMatrix{axis}") for axis in ("Rows", "Columns")]
        down, across = (-(-total // side) for total, side in zip(matrix, size, strict=True))
        planes = ds.get("TotalPixelMatrixFocalPlanes")
        planes = planes if isinstance(planes, int) and planes > 0 else 1
        index = np.arange(count)
        in_plane, plane, channel = (
            index % (down * across),
            index // (down * across) % planes,
            index // (down * across * planes),
        )
        corner = np.stack([in_plane // across * size[0], in_plane % across * size[1]], axis=1)
        measures = _item(_item(ds, "SharedFunctionalGroupsSequence"), "PixelMeasuresSequence")
        spacing, orientation = _numbers(measures.get("PixelSpacing"), 2), _numbers(ds.get("ImageOrientationSlide"), 6)
        between = np.nan_to_num(_numbers(measures.get("SpacingBetweenSlices"), 1)[0])
        positions = _origin(ds) + _steps(corner, np.tile(spacing, (count, 1)), orientation)
        positions[:, 2] += plane * between
        numbers = [item.get("SegmentNumber") for item in ds.get("SegmentSequence") or ()]
        segments = None
        if numbers and ds.get("SegmentationType") != "LABELMAP":
            known = _column(numbers)
            segments = np.where(channel < len(known), known[np.minimum(channel, len(known) - 1)], np.nan)
        return cls(
            count,
            positions,
            np.tile(orientation, (count, 1)),
            np.tile(spacing, (count, 1)),
            np.tile(_numbers(measures.get("SliceThickness"), 1), count),
            corner + 1.0,
            segments,
        )


def _read(shared: Dataset, groups: Iterable[Dataset], macro: str, keyword: str, width: int) -> Array | None:
    """Read an attribute of a macro for each frame, its own before the shared one."""
    common = _item(shared, macro).get(keyword)
    values = []
    for group in groups:
        own = group.get(macro)
        value = own[0].get(keyword) if own else None
        values.append(common if value is None else value)
    if all(value is None for value in values):
        return None
    return np.array([_numbers(value, width) for value in values]) if width else _column(values)


def _origin(ds: Dataset) -> Array:
    """Return where the total pixel matrix of a slide begins, shape (3,), mm."""
    origin = _item(ds, "TotalPixelMatrixOriginSequence")
    x, y, z = (_numbers(origin.get(f"{axis}OffsetInSlideCoordinateSystem"), 1)[0] for axis in ("X", "Y", "Z"))
    return np.array([x, y, np.nan_to_num(z) / 1000])


def _steps(corners: Array, spacing: Array, orientation: Array) -> Array:
    """Return how far from the origin tiles begin, by the row and column, from 0, of their first pixel."""
    steps = corners * spacing
    return np.asarray(steps[:, 1:] * orientation[:3] + steps[:, :1] * orientation[3:])


def _item(ds: Dataset, keyword: str) -> Dataset:
    items = ds.get(keyword)
    return items[0] if items else Dataset()


def _numbers(value: Any, count: int) -> Array:
    try:
        numbers = np.asarray(value, dtype=float).reshape(-1)
    except (TypeError, ValueError):
        return np.full(count, np.nan)
    return numbers if len(numbers) == count else np.full(count, np.nan)


def _column(values: Iterable[Any]) -> Array:
    return np.array([_numbers(value, 1)[0] for value in values])


def _whole(ds: Dataset, keyword: str) -> int:
    value = ds.get(keyword)
    if not isinstance(value, int) or not 1 <= value < 1 << 32:
        raise GeometryError(f"{keyword} is not a whole number from 1", tag=0x0048_0006)
    return int(value)
