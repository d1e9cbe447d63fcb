"""Tiled full images: their frames are all tiles in a fixed order, so nothing is said of each (PS3.3 C.7.6.17.3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError
from filmless.pixels.attributes import integer, items, numbers, sequence, text

__all__ = ["is_tiled_full", "tiled_full"]


def is_tiled_full(ds: Dataset) -> bool:
    """Tell whether the order of an image's frames says which tile each is."""
    return text(ds, "DimensionOrganizationType") == "TILED_FULL"


def tiled_full(ds: Dataset, frames: int, spacing: NDArray[Any] | None) -> dict[str, Any]:
    """Compute what the order of a tiled full image's frames says of each.

    Parameters
    ----------
    ds
        The image: tiles go along a row, then down, then through the focal planes, then through the optical paths or
        segments.
    frames
        How many there are; as many are given.
    spacing
        Shape (n, 2), mm: between rows, between columns.

    Returns
    -------
    dict
        By field of `FunctionalGroups`: ``tile_positions`` and ``focal_planes``; ``positions``, ``optical_paths`` and
        ``segment_numbers`` when what they need is there.

    Raises
    ------
    GeometryError
        The total pixel matrix has no size, or the frames are not its tiles.

    DICOM
    -----
    PS3.3 C.7.6.17.3, C.8.12.4.1.1, C.8.12.14
    """
    names = ("Rows", "Columns", "TotalPixelMatrixRows", "TotalPixelMatrixColumns")
    sizes = [integer(ds, name, absent=0) for name in names]
    if not all(0 < size <= 0xFFFF_FFFF for size in sizes):
        raise GeometryError("tiled full image has no size of its tiles or total pixel matrix", tag=0x0048_0007)
    rows, columns, total_rows, total_columns = sizes
    down, across = -(-total_rows // rows), -(-total_columns // columns)
    planes = integer(ds, "TotalPixelMatrixFocalPlanes", absent=1)
    segments, paths = sequence(ds, "SegmentSequence"), sequence(ds, "OpticalPathSequence")
    # A label map has all its segments in one plane, for which it needs no channel.
    by_segment = bool(segments) and text(ds, "SegmentationType") != "LABELMAP"
    channels = len(segments) if by_segment else integer(ds, "NumberOfOpticalPaths", absent=len(paths) or 1)
    if planes < 1 or channels < 1:
        raise GeometryError(
            "tiled full image has no focal plane or no optical path, expected at least 1", tag=0x0048_0303
        )
    expected = down * across * planes * channels
    if expected != frames:
        message = f"tiled full image has {frames} frames, expected {expected}"
        raise GeometryError(message, tag=0x0028_0008)
    number = np.arange(frames)
    tile, layer = number % (down * across), number // (down * across)
    positions = np.stack([tile // across * rows + 1, tile % across * columns + 1], axis=1)
    plane, channel = layer % planes, layer // planes
    found: dict[str, Any] = {"tile_positions": positions, "focal_planes": plane}
    if by_segment:
        numbers = np.array([integer(item, "SegmentNumber", absent=0) for item in segments])
        found["segment_numbers"] = numbers[channel].reshape(-1, 1)
    elif len(paths) == channels:
        identifiers = [text(item, "OpticalPathIdentifier") or None for item in paths]
        found["optical_paths"] = tuple(identifiers[index] for index in channel)
    in_space = _in_space(ds, positions - 1, plane, spacing)
    return found if in_space is None else found | {"positions": in_space}


def _in_space(
    ds: Dataset, offsets: NDArray[Any], plane: NDArray[Any], spacing: NDArray[Any] | None
) -> NDArray[np.float64] | None:
    """Return where the first pixel of each tile is: in the slide's coordinates, or the patient's."""
    origin = items(ds, "TotalPixelMatrixOriginSequence", most=1)
    cosines = numbers(ds, "ImageOrientationSlide")
    if not origin or spacing is None or len(cosines) != 6:
        return None
    start = np.array([_first(origin[0], f"{axis}OffsetInSlideCoordinateSystem") for axis in "XYZ"])
    start[2] /= 1000  # it is in micrometres
    measures = [
        measure
        for group in items(ds, "SharedFunctionalGroupsSequence", most=1)
        for measure in items(group, "PixelMeasuresSequence", most=1)
    ]
    distance = _first(measures[0], "SpacingBetweenSlices") if measures else 0.0
    along, down = cosines[:3], cosines[3:]
    with np.errstate(over="ignore", invalid="ignore"):
        positions = start + offsets[:, 1:] * spacing[:, 1:] * along + offsets[:, :1] * spacing[:, :1] * down
        positions[:, 2] += plane * distance
    return np.asarray(positions, dtype=np.float64)


def _first(item: Dataset, keyword: str) -> float:
    values = numbers(item, keyword)
    return float(values[0]) if len(values) else 0.0
