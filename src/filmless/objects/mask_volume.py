"""Segments and structures as volumes that any plane cuts: of a segmentation its frames, of a structure its contours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filmless.errors import GeometryError, LimitError
from filmless.objects.contour_index import ContourIndex, Structure
from filmless.objects.contour_masks import filled
from filmless.objects.segmentation_index import SegmentationIndex
from filmless.series import FrameGeometry

__all__ = ["MaskVolume", "cut", "lies_along", "volume_of_segments", "volumes_of_structures"]

_MOST_BYTES: Final = 1 << 29
_MOST_PIXELS: Final = 1 << 28
_PARALLEL: Final = 1e-3  # sine of the angle between directions that may be rounding
_SAME_MM: Final = 1e-2  # planes this close are one
_SAME_PIXEL: Final = 1e-2
_FINEST_MM: Final = 0.5  # of the grid that contours are filled on
_MOST_ALONG: Final = 1024
_THIN_MM: Final = 1.0  # how thick a single plane is taken to be

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The part of a volume that something is in: shape (planes, rows, columns), or bytes of 8 columns each."""

    first: tuple[int, int, int]
    values: NDArray[Any]
    is_bits: bool

    def pick(self, plane: NDArray[Any], row: NDArray[Any], column: NDArray[Any]) -> NDArray[Any]:
        """Return the values at some places, from 0 to 255, or labels; 0 beyond."""
        planes, rows, width = self.values.shape
        plane, row, column = plane - self.first[0], row - self.first[1], column - self.first[2]
        columns = width * 8 if self.is_bits else width
        inside = (plane >= 0) & (plane < planes) & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        found = np.zeros(plane.shape, dtype=self.values.dtype)
        at = plane[inside], row[inside], column[inside]
        if self.is_bits:
            bits = self.values[at[0], at[1], at[2] >> 3] >> (7 - (at[2] & 7)).astype(np.uint8) & 1
            found[inside] = bits * np.uint8(255)
        else:
            found[inside] = self.values[at]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class MaskVolume:
    """Masks on parallel planes of one grid.

    Attributes
    ----------
    to_grid
        Shape (4, 4): takes x, y, z in mm to column, row, and mm along the normal of the planes.
    depths_mm
        Where the planes lie along their normal, ascending.
    shifts
        Shape (planes, 2): columns and rows by which the first pixel of a plane is off.
    reach_mm
        How far from a plane what is in it still is.
    blocks
        What there is, by the number of the segment or structure; None for a label map, whose values are such numbers.
    frame_of_reference_uid
        What x, y and z are relative to.
    """

    to_grid: Floats
    depths_mm: Floats
    shifts: Floats
    reach_mm: float
    blocks: dict[int | None, _Block]
    frame_of_reference_uid: str

    @property
    def nbytes(self) -> int:
        """What it takes of memory."""
        return sum(block.values.nbytes for block in self.blocks.values())

    def on(self, plane: FrameGeometry) -> dict[int, NDArray[np.uint8]]:
        """Return the masks in a plane, of the nearest voxel each: by number, 0 to 255, those that are found there."""
        uids = {self.frame_of_reference_uid, plane.frame_of_reference_uid} - {""}
        if len(uids) > 1 or not self.blocks:
            return {}
        rows, columns = np.mgrid[0 : plane.rows, 0 : plane.columns]
        matrix = self.to_grid @ plane.affine()
        column, row, depth = (line[0] * columns + line[1] * rows + line[3] for line in matrix[:3])
        index = np.searchsorted((self.depths_mm[1:] + self.depths_mm[:-1]) / 2, depth)
        near = np.abs(depth - self.depths_mm[index]) <= self.reach_mm
        index = np.where(near, index, -1).astype(np.int32)
        column, row = (
            np.floor(line - self.shifts[index, axis] + 0.5).astype(np.int32) for axis, line in enumerate((column, row))
        )
        found: dict[int, NDArray[np.uint8]] = {}
        for number, block in self.blocks.items():
            values = block.pick(index, row, column)
            for own, mask in _labels(values) if number is None else ((number, values),):
                if mask.any():
                    found[own] = mask
                    _check(len(found), plane)
        return found


def cut(volumes: Sequence[MaskVolume], plane: FrameGeometry) -> dict[int, NDArray[np.uint8]]:
    """Return the masks of several volumes in a plane.

    Parameters
    ----------
    volumes
        Whose numbers are all different.
    plane
        Where the plane lies, and its pixels: of one frame.

    Raises
    ------
    LimitError
        The masks would have more than 2^28 pixels.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1
    """
    found: dict[int, NDArray[np.uint8]] = {}
    for volume in volumes:
        found |= volume.on(plane)
        _check(len(found), plane)
    return dict(sorted(found.items()))


def volume_of_segments(index: SegmentationIndex) -> MaskVolume:
    """Make a volume of the segments of a segmentation.

    Raises
    ------
    GeometryError
        Its frames are not parallel planes of one grid.
    LimitError
        They take more than 512 MiB.

    DICOM
    -----
    PS3.3 C.8.20
    """
    geometry = index.geometry
    if geometry is None:
        raise GeometryError("the segmentation does not say where its frames lie")
    here = np.flatnonzero(np.isfinite(geometry.positions).all(axis=1))
    first = int(here[0])
    alike = (
        np.abs(geometry.orientations[here] - geometry.orientations[first]).max() < _PARALLEL
        and np.abs(geometry.spacing_mm[here] / geometry.spacing_mm[first] - 1).max() < _PARALLEL
    )
    if not alike:
        raise GeometryError("the frames of the segmentation are not planes of one grid", tag=0x0020_0037)
    places = geometry.to_pixels(geometry.positions[here], first)
    depths, planes = _planes(places[:, 2])
    shifts = np.zeros((len(depths), 2))
    shifts[planes] = places[:, :2]
    if (np.abs(shifts[planes] - places[:, :2]) > _SAME_PIXEL).any():
        raise GeometryError("frames of the segmentation lie side by side, as tiles do", tag=0x0020_0032)
    bits = index.kind == "BINARY"
    pieces = _Pieces(bits=bits)
    for frame, plane in zip(here.tolist(), planes.tolist(), strict=True):
        number = None if index.kind == "LABELMAP" else index.number_of(frame)
        if index.kind != "LABELMAP" and number is None:
            continue
        values = index.values(frame)
        pieces.add(number, plane, np.rint(values * 255).astype(np.uint8) if index.kind == "FRACTIONAL" else values)
    grid = np.asarray(np.linalg.inv(geometry.affine(first)), dtype=np.float64)
    thickness = float(np.nan_to_num(geometry.thickness_mm[first]))
    reach = _reach_mm(depths, thickness)
    return MaskVolume(grid, depths, shifts, reach, pieces.blocks(), geometry.frame_of_reference_uid)


def volumes_of_structures(index: ContourIndex) -> list[MaskVolume]:
    """Make a volume of each structure that has closed contours, each as thick as the next one is far.

    Raises
    ------
    LimitError
        They take more than 512 MiB together.

    DICOM
    -----
    PS3.3 C.8.8.6
    """
    volumes: list[MaskVolume] = []
    for number, structure in enumerate(index.structures):
        if (volume := _volume_of_structure(number, structure)) is not None:
            volumes.append(volume)
            _check_bytes(sum(one.nbytes for one in volumes))
    return volumes


def lies_along(volumes: Sequence[MaskVolume], plane: FrameGeometry) -> bool:
    """Tell whether a plane is parallel to those of some volume: its own contours are shown there, none are cut."""
    normal = plane.normals[0]
    directions = (volume.to_grid[2, :3] for volume in volumes)
    return any(np.linalg.norm(np.cross(one / np.linalg.norm(one), normal)) < _PARALLEL for one in directions)


class _Pieces:
    """Planes of masks, cropped to what is in them, from which blocks are made."""

    def __init__(self, *, bits: bool) -> None:
        self._bits = bits
        self._bytes = 0
        self._found: dict[int | None, list[tuple[int, int, int, NDArray[Any]]]] = {}

    def add(self, number: int | None, plane: int, values: NDArray[Any]) -> None:
        rows, columns = (np.flatnonzero(values.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return
        left = int(columns[0]) & ~7  # bits are packed by eight
        part = values[rows[0] : rows[-1] + 1, left : columns[-1] + 1]
        part = np.packbits(part, axis=1) if self._bits else part.copy()
        self._bytes += part.nbytes
        _check_bytes(self._bytes)
        self._found.setdefault(number, []).append((plane, int(rows[0]), left, part))

    def blocks(self) -> dict[int | None, _Block]:
        made: dict[int | None, _Block] = {}
        for number, pieces in self._found.items():
            made[number] = self._block(pieces, sum(block.values.nbytes for block in made.values()))
        return made

    def _block(self, pieces: list[tuple[int, int, int, NDArray[Any]]], before: int) -> _Block:
        wide = 8 if self._bits else 1
        first = min(piece[0] for piece in pieces), min(piece[1] for piece in pieces), min(piece[2] for piece in pieces)
        spans = [(plane + 1, row + part.shape[0], left // wide + part.shape[1]) for plane, row, left, part in pieces]
        start = first[0], first[1], first[2] // wide
        shape = tuple(max(span[axis] for span in spans) - start[axis] for axis in range(3))
        _check_bytes(before + int(np.prod([float(side) for side in shape])) * pieces[0][3].itemsize)
        values = np.zeros(shape, dtype=pieces[0][3].dtype)
        for plane, row, left, part in pieces:
            top, across = row - start[1], left // wide - start[2]
            onto = values[plane - start[0], top : top + part.shape[0], across : across + part.shape[1]]
            # Of several times at one place all is shown.
            (np.bitwise_or if self._bits else np.maximum)(onto, part, out=onto)
        return _Block(first, values, self._bits)


def _volume_of_structure(number: int, structure: Structure) -> MaskVolume | None:
    outlines = [contour.points for contour in structure.contours if contour.kind.startswith("CLOSED")]
    normals = np.array([_normal(points) for points in outlines]).reshape(-1, 3)
    known = np.flatnonzero(np.linalg.norm(normals, axis=1) > 0)
    if not len(known):
        return None
    normal = normals[known[0]]
    kept = [outlines[at] for at in known if np.linalg.norm(np.cross(normals[at], normal)) < _PARALLEL]
    # Along the patient's axes as far as the planes allow it: of axial ones exactly.
    across = np.eye(3)[np.argmin(np.abs(normal))]
    across -= normal * (across @ normal)
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(normal, across), normal])
    turned = [points @ axes.T for points in kept]
    low = np.min([points.min(axis=0) for points in turned], axis=0)
    high = np.max([points.max(axis=0) for points in turned], axis=0)
    step = max(_FINEST_MM, float((high - low)[:2].max()) / _MOST_ALONG)
    columns, rows = (np.ceil((high - low)[:2] / step).astype(int) + 2).tolist()
    depths, planes = _planes(np.array([points[:, 2].mean() for points in turned]))
    pieces = _Pieces(bits=True)
    for plane in range(len(depths)):
        mask = np.zeros((rows, columns), dtype=bool)
        for at in np.flatnonzero(planes == plane):
            mask ^= filled((turned[at][:, :2] - low[:2]) / step, rows, columns)  # contours in others are holes
        pieces.add(number, plane, mask)
    grid = np.eye(4)
    grid[:3, :3] = axes / np.array([step, step, 1.0])[:, np.newaxis]
    grid[:2, 3] = -low[:2] / step
    shifts = np.zeros((len(depths), 2))
    uid = structure.frame_of_reference_uid
    return MaskVolume(grid, depths, shifts, _reach_mm(depths, 0.0), pieces.blocks(), uid)


def _normal(points: Floats) -> Floats:
    """Return the direction at right angles to a closed line (Newell); zero for a line without an area."""
    centred = points - points.mean(axis=0)
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    length = np.linalg.norm(normal)
    return np.asarray(normal / length if length > 0 else np.zeros(3))


def _planes(depths: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return where planes lie, ascending, and the plane of each."""
    order = np.argsort(depths, kind="stable")
    steps = np.concatenate([[0], np.cumsum(np.diff(depths[order]) > _SAME_MM)])
    planes = np.empty(len(depths), dtype=np.intp)
    planes[order] = steps
    places = np.empty(int(steps[-1]) + 1)
    places[planes] = depths
    return places, planes


def _reach_mm(depths: Floats, thickness: float) -> float:
    """Return half the space between planes; where some are left out that of the others."""
    steps = np.diff(depths)
    if not len(steps):
        return (thickness or _THIN_MM) / 2
    near = steps[steps < 1.5 * steps.min()]
    # A little more, so that rounded places leave no gaps.
    return float(near.max()) * 0.505


def _labels(labels: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for number in (np.flatnonzero(np.bincount(labels.reshape(-1))[1:]) + 1).tolist():
        yield number, (labels == number).astype(np.uint8) * np.uint8(255)


def _check(masks: int, plane: FrameGeometry) -> None:
    if masks * plane.rows * plane.columns > _MOST_PIXELS:
        message = f"{masks} masks lie in a plane of {plane.rows} × {plane.columns} pixels"
        raise LimitError(message, limit="pixels", value=_MOST_PIXELS)


def _check_bytes(count: int) -> None:
    if count > _MOST_BYTES:
        raise LimitError("the masks take too much memory as a volume", limit="bytes", value=_MOST_BYTES)
