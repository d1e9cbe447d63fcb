"""Tiled full images: their frames are all tiles in a fixed order, so nothing is said of each (PS3.3 C.7.6.17.3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError

__all__ = ["is_tiled_full", "tiled_full"]


def is_tiled_full(ds: Dataset) -> bool:
    """Tell whether the order of an image's frames says which tile each is."""
    return str(ds.get("DimensionOrganizationType") or "") == "TILED_FULL"


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
    sizes = [ds.get(name) for name in ("Rows", "Columns", "TotalPixelMatrixRows", "TotalPixelMatrixColumns")]
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise GeometryError("tiled full image has no size of its tiles or total pixel matrix", tag=0x0048_0007)
    rows, columns, total_rows, total_columns = sizes
    down, across = -(-total_rows // rows), -(-total_columns // columns)
    planes = ds.get("TotalPixelMatrixFocalPlanes") or 1
    segments = ds.get("SegmentSequence") or ()
    paths = ds.get("OpticalPathSequence") or ()
    # A label map has all its segments in one plane, for which it needs no channel.
    by_segment = bool(segments) and str(ds.get("SegmentationType") or "") != "LABELMAP"
    channels = len(segments) if by_segment else ds.get("NumberOfOpticalPaths") or len(paths) or 1
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
        numbers = np.array([item.get("SegmentNumber") or 0 for item in segments])
        found["segment_numbers"] = numbers[channel].reshape(-1, 1)
    elif len(paths) == channels:
        names = [None if (name := item.get("OpticalPathIdentifier")) is None else str(name) for item in paths]
        found["optical_paths"] = tuple(names[index] for index in channel)
    in_space = _in_space(ds, positions - 1, plane, spacing)
    return found if in_space is None else found | {"positions": in_space}


def _in_space(
    ds: Dataset, offsets: NDArray[Any], plane: NDArray[Any], spacing: NDArray[Any] | None
) -> NDArray[np.float64] | None:
    """Return where the first pixel of each tile is: in the slide's coordinates, or the patient's."""
    origin = (ds.get("TotalPixelMatrixOriginSequence") or (None,))[0]
    cosines = ds.get("ImageOrientationSlide")
    if origin is None or spacing is None or not isinstance(cosines, list) or len(cosines) != 6:
        return None
    start = np.array(
        [
            origin.get("XOffsetInSlideCoordinateSystem") or 0.0,
            origin.get("YOffsetInSlideCoordinateSystem") or 0.0,
            (origin.get("ZOffsetInSlideCoordinateSystem") or 0.0) / 1000,  # it is in micrometres
        ]
    )
    along, down = np.array(cosines[:3], dtype=np.float64), np.array(cosines[3:], dtype=np.float64)
    positions = start + offsets[:, 1:] * spacing[:, 1:] * along + offsets[:, :1] * spacing[:, :1] * down
    shared = ds.get("SharedFunctionalGroupsSequence")
    measures = shared[0].get("PixelMeasuresSequence") if shared else None
    distance = (measures[0].get("SpacingBetweenSlices") if measures else None) or 0.0
    positions[:, 2] += plane * float(distance)
    return np.asarray(positions, dtype=np.float64)
