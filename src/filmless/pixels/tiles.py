"""Tiled images: the total pixel matrix of a whole slide, of which a part is decoded tile by tile (PS3.3 C.8.12.14)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError, LimitError
from filmless.pixels.attributes import integer, sequence, text
from filmless.pixels.decoding import Frames
from filmless.pixels.multi_frame import FunctionalGroups, functional_groups
from filmless.pixels.parallel import each, threads_for

__all__ = ["TotalPixelMatrix", "total_pixel_matrix"]

_COLOURS = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT", "XYB"}


class TotalPixelMatrix:
    """The total pixel matrix of a tiled image: slice it, and the tiles it needs are decoded; see `total_pixel_matrix`.

    Attributes
    ----------
    shape
        Rows, columns and, with more than one sample per pixel, samples.
    dtype
        Of the samples, of native byte order.
    background
        What stands where there is no tile: white in colour, 0 in grey and in palette indices.
    frames
        Which frames the tiles are.
    """

    def __init__(
        self, source: Frames, shape: tuple[int, int], frames: NDArray[Any], positions: NDArray[Any], max_pixels: int
    ) -> None:
        description = source.description
        self.shape = (*shape, *description.frame_shape[2:])
        self.dtype = description.dtype
        colour = description.samples > 1 and description.photometric_interpretation in _COLOURS
        self.background = (1 << description.bits_stored) - 1 if colour else 0
        self.frames = frames
        self._source, self._positions, self._max_pixels = source, positions, max_pixels

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Decode a part: rows, columns and samples as numbers or slices of positive step, counted from 0."""
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > len(self.shape):
            raise IndexError(f"the total pixel matrix has {len(self.shape)} axes, {len(keys)} were indexed")
        ranges, inner = [], []
        for axis, size in enumerate(self.shape[:2]):
            start, stop, rest = _span(keys[axis] if axis < len(keys) else slice(None), size)
            ranges.append((start, stop))
            inner.append(rest)
        part: NDArray[Any] = self._region(*ranges)[(*inner, *keys[2:])]
        return part

    def _region(self, rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[Any]:
        size = (rows[1] - rows[0], columns[1] - columns[0])
        if size[0] * size[1] > self._max_pixels:
            message = f"a part of {size[0]} rows and {size[1]} columns is more than {self._max_pixels} pixels"
            raise LimitError(message, limit="max_pixels", value=self._max_pixels)
        out = np.full((*size, *self.shape[2:]), self.background, dtype=self.dtype)
        tile = self._source.description.frame_shape[:2]
        starts = self._positions - (rows[0], columns[0])
        needed = np.flatnonzero(((starts > np.negative(tile)) & (starts < size)).all(axis=1))

        def fill(index: int) -> None:
            top, left = (int(start) for start in starts[needed[index]])
            bottom, right = min(top + tile[0], size[0]), min(left + tile[1], size[1])
            samples = self._source.decoded(int(self.frames[needed[index]])).samples
            part = samples[max(-top, 0) : bottom - top, max(-left, 0) : right - left]
            out[max(top, 0) : bottom, max(left, 0) : right] = part

        # Of tiles that lie over each other the last counts: one after the other.
        threads = 1 if _may_overlap(starts[needed], tile) else threads_for(out.nbytes, None)
        each(fill, range(len(needed)), threads)
        return out


def total_pixel_matrix(
    ds: Dataset,
    *,
    optical_path: str | None = None,
    segment: int | None = None,
    focal_plane: int = 0,
    as_rgb: bool = True,
    max_pixels: int = 1 << 28,
) -> TotalPixelMatrix:
    """Give the total pixel matrix of a tiled image, to be sliced.

    Parameters
    ----------
    ds
        A whole slide image or a segmentation of one, TILED_FULL or TILED_SPARSE.
    optical_path
        Optical Path Identifier of the tiles; by default that of the first.
    segment
        Number of the segment, of a segmentation that has its segments apart; by default that of the first tile.
    focal_plane
        Which focal plane, from 0 for the one next to the slide.
    as_rgb
        Give YBR colours as RGB. Palette indices stay indices.
    max_pixels
        Bound on the pixels of a part that is asked for.

    Returns
    -------
    TotalPixelMatrix
        ``matrix[0:512, 0:512]`` decodes the tiles that it needs. Tiles that are not there are background, those at
        the edge are cropped; of tiles that lie over each other the last counts.

    Raises
    ------
    GeometryError
        The image is not tiled, or says what cannot be.
    ValueError
        It has no such optical path, segment or focal plane.

    DICOM
    -----
    PS3.3 C.7.6.17.3, C.8.12.4.1.1, C.8.12.14

    Examples
    --------
    >>> from filmless import read
    >>> total_pixel_matrix(read("slice.dcm"))
    Traceback (most recent call last):
    ...
    filmless.errors.GeometryError: image has no total pixel matrix: (0048,0006)
    """
    sizes = [integer(ds, name, absent=0) for name in ("TotalPixelMatrixRows", "TotalPixelMatrixColumns")]
    if not all(0 < size <= 0xFFFF_FFFF for size in sizes):
        raise GeometryError("image has no total pixel matrix", tag=0x0048_0006)
    source = Frames(ds, as_rgb=as_rgb)
    groups = functional_groups(ds, max_frames=max(1 << 20, max_pixels))
    if groups.tile_positions is None:
        raise GeometryError("no frame says where in the total pixel matrix it lies", tag=0x0048_021A)
    chosen = _chosen(ds, groups, optical_path, segment, focal_plane)
    return TotalPixelMatrix(source, (sizes[0], sizes[1]), chosen, groups.tile_positions[chosen] - 1, max_pixels)


def _chosen(
    ds: Dataset, groups: FunctionalGroups, optical_path: str | None, segment: int | None, focal_plane: int
) -> NDArray[np.int64]:
    """Return the frames of one optical path or segment and focal plane: none of a channel that is known but empty."""
    paths, numbers = groups.optical_paths or (), groups.segment_numbers
    known_paths = {*paths, *(text(item, "OpticalPathIdentifier") for item in sequence(ds, "OpticalPathSequence"))}
    known_numbers = set() if numbers is None else {*numbers.tolist()}
    if numbers is not None:
        known_numbers |= {integer(item, "SegmentNumber", absent=0) for item in sequence(ds, "SegmentSequence")}
    among = np.ones(groups.frames, dtype=bool)
    if optical_path is not None and optical_path not in known_paths:
        raise ValueError(f"there is no optical path {optical_path!r}")
    if segment is not None and segment not in known_numbers:
        raise ValueError(f"there is no segment {segment}")
    if paths:
        wanted = paths[0] if optical_path is None else optical_path
        among &= np.array([path == wanted for path in paths])
    if numbers is not None:
        among &= numbers == (numbers[0] if segment is None else segment)
    planes = groups.focal_planes
    if not 0 <= focal_plane <= (0 if planes is None else int(planes.max())):
        raise ValueError(f"there is no focal plane {focal_plane}")
    if planes is not None:
        among &= planes == focal_plane
    return np.flatnonzero(among)


def _may_overlap(starts: NDArray[Any], tile: tuple[int, ...]) -> bool:
    """Tell whether tiles can lie over each other: those of one grid do not, unless two have the same place."""
    if len(starts) < 2:
        return False
    places, off = np.divmod(starts - starts[0], tile)
    return bool(off.any()) or len(np.unique(places, axis=0)) < len(places)


def _span(key: Any, size: int) -> tuple[int, int, Any]:
    """Return what of an axis is needed, and what is taken of that: every so many, or the only one without its axis."""
    if isinstance(key, slice):
        start, stop, step = key.indices(size)
        if step < 0:
            raise ValueError("the total pixel matrix is sliced with positive steps only")
        return start, max(start, stop), slice(None, None, step)
    if not -size <= key < size:
        raise IndexError(f"{key} is outside an axis of {size}")
    return key % size, key % size + 1, 0
