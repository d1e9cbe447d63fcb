"""Where the pixels of frames lie, in millimetres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError
from filmless.pixels.multi_frame import functional_groups

__all__ = ["FrameGeometry", "geometry_of"]

Floats = NDArray[np.float64]

_POSITION = 0x0020_0032
_ROWS = {"Rows": 0x0028_0010, "Columns": 0x0028_0011}
_UNIT = 1e-2  # how far direction cosines may be from a right angle and from length 1: files round them


@dataclass(frozen=True, slots=True, eq=False)
class FrameGeometry:
    """Where the frames of an image, or the slices of a series, lie: a row of each array is a frame.

    Attributes
    ----------
    positions
        Shape (frames, 3), mm: the centre of the first pixel. Coordinates are the patient's, to the left, back and
        head; of slides those of the slide. A frame whose place is not known, or cannot be right, is NaN.
    orientations
        Shape (frames, 6): direction cosines of a row, in which columns count up, then of a column.
    spacing_mm
        Shape (frames, 2), mm: between the centres of rows, then of columns.
    thickness_mm
        Shape (frames,), mm; NaN where it is not known.
    rows, columns
        Size of each frame.
    frame_of_reference_uid
        What the coordinates are relative to; empty when the image does not say.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1
    """

    positions: Floats
    orientations: Floats
    spacing_mm: Floats
    thickness_mm: Floats
    rows: int
    columns: int
    frame_of_reference_uid: str = ""

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def normals(self) -> Floats:
        """Shape (frames, 3): unit vectors at right angles to the frames, along row cosines × column cosines."""
        normals = np.cross(self.orientations[:, :3], self.orientations[:, 3:])
        return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))

    @property
    def distances_mm(self) -> Floats:
        """Shape (frames,), mm: how far each frame lies along the normal of the first one, from the origin."""
        return np.asarray(self.positions @ self.normals[0])

    @property
    def corners(self) -> Floats:
        """Shape (frames, 4, 3), mm: the centres of the four outermost pixels of each frame."""
        across = self.orientations[:, :3] * (self.spacing_mm[:, 1:] * (self.columns - 1))
        down = self.orientations[:, 3:] * (self.spacing_mm[:, :1] * (self.rows - 1))
        steps = np.stack([np.zeros_like(across), across, down, across + down], axis=1)
        return np.asarray(self.positions[:, np.newaxis] + steps)

    def affine(self, frame: int = 0) -> Floats:
        """Return the matrix that takes a pixel of a frame to millimetres.

        Parameters
        ----------
        frame
            Which frame, from 0.

        Returns
        -------
        NDArray
            Shape (4, 4): multiplies (column, row, mm along the normal, 1), counted from the centre of the first
            pixel; gives (x, y, z, 1) in mm.

        Raises
        ------
        GeometryError
            It is not known where the frame lies.

        DICOM
        -----
        PS3.3 C.7.6.2.1.1
        """
        if not 0 <= frame < len(self) or np.isnan(self.positions[frame]).any():
            raise GeometryError("it is not known where the frame lies", tag=_POSITION, frame=frame)
        matrix = np.eye(4)
        matrix[:3, 0] = self.orientations[frame, :3] * self.spacing_mm[frame, 1]
        matrix[:3, 1] = self.orientations[frame, 3:] * self.spacing_mm[frame, 0]
        normal = np.cross(self.orientations[frame, :3], self.orientations[frame, 3:])
        matrix[:3, 2] = normal / np.linalg.norm(normal)
        matrix[:3, 3] = self.positions[frame]
        return matrix

    def to_patient(self, pixels: ArrayLike, frame: int = 0) -> Floats:
        """Convert pixels of a frame to coordinates.

        Parameters
        ----------
        pixels
            Shape (..., 2): column and row, from 0 at the centre of the first pixel; fractions are between pixels.
        frame
            Which frame, from 0.

        Returns
        -------
        NDArray
            Shape (..., 3): x, y and z in mm.

        DICOM
        -----
        PS3.3 C.7.6.2.1.1
        """
        matrix = self.affine(frame)
        return np.asarray(np.asarray(pixels, dtype=float) @ matrix[:3, :2].T + matrix[:3, 3])

    def to_pixels(self, points: ArrayLike, frame: int = 0) -> Floats:
        """Convert coordinates to pixels of a frame.

        Parameters
        ----------
        points
            Shape (..., 3): x, y and z in mm.
        frame
            Which frame, from 0.

        Returns
        -------
        NDArray
            Shape (..., 3): column and row, as `to_patient` takes them, and the distance from the frame's plane in mm,
            positive along its normal.

        DICOM
        -----
        PS3.3 C.7.6.2.1.1
        """
        inverse = np.linalg.inv(self.affine(frame))
        return np.asarray(np.asarray(points, dtype=float) @ inverse[:3, :3].T + inverse[:3, 3])


def geometry_of(source: Dataset | Sequence[Dataset]) -> FrameGeometry:
    """Read where the frames of an image lie, or the slices of a series.

    Parameters
    ----------
    source
        An image, with a position of its own or with functional groups for its frames, on a patient or a slide; or
        images of one frame each and of one size, in an order of yours.

    Raises
    ------
    GeometryError
        No frame has a place in space that can be right, or the images differ in size or frame of reference.

    DICOM
    -----
    PS3.3 C.7.6.2, C.7.6.16.2.1, C.7.6.16.2.3, C.7.6.16.2.4, C.8.12.6.1

    Examples
    --------
    >>> from filmless import read
    >>> geometry = geometry_of(read("slice.dcm"))
    >>> geometry.to_patient((0, 0)).round(3).tolist()
    [-158.136, -179.036, -75.7]
    >>> geometry.to_pixels([-100, -100, -70]).round(1).tolist()
    [87.9, 119.5, 5.7]
    """
    if isinstance(source, Dataset):
        return _of_image(source)
    images = [_of_image(ds) for ds in source]
    if not images:
        raise ValueError("there are no images")
    first = images[0]
    if any(len(image) != 1 for image in images):
        raise GeometryError("an image of the series has several frames, expected one")
    if any((image.rows, image.columns) != (first.rows, first.columns) for image in images):
        raise GeometryError("the images of the series differ in size", tag=_ROWS["Rows"])
    uids = {image.frame_of_reference_uid for image in images}
    if len(uids) > 1:
        raise GeometryError("the images of the series differ in their frame of reference", tag=0x0020_0052)
    return FrameGeometry(
        np.concatenate([image.positions for image in images]),
        np.concatenate([image.orientations for image in images]),
        np.concatenate([image.spacing_mm for image in images]),
        np.concatenate([image.thickness_mm for image in images]),
        first.rows,
        first.columns,
        first.frame_of_reference_uid,
    )


def _of_image(ds: Dataset) -> FrameGeometry:
    groups = functional_groups(ds)
    positions = _filled(groups.positions, (groups.frames, 3))
    orientations = _filled(groups.orientations, (groups.frames, 6))
    spacing = _filled(groups.spacing, (groups.frames, 2))
    wrong = ~(
        np.isfinite(positions).all(axis=1)
        & _right_angled(orientations)
        & np.isfinite(spacing).all(axis=1)
        & (spacing > 0).all(axis=1)
    )
    if wrong.all():
        raise GeometryError("the image has no position, orientation and spacing that can be right", tag=_POSITION)
    for array in (positions, orientations, spacing):
        array[wrong] = np.nan
    thickness = _filled(groups.thickness_mm, (groups.frames,))
    thickness[~(np.isfinite(thickness) & (thickness > 0))] = np.nan
    size = (_size(ds, "Rows"), _size(ds, "Columns"))
    return FrameGeometry(
        positions, orientations, spacing, thickness, *size, str(ds.get("FrameOfReferenceUID") or "").strip()
    )


def _filled(values: NDArray[np.float64] | None, shape: tuple[int, ...]) -> Floats:
    return np.full(shape, np.nan) if values is None else values.copy()


def _right_angled(orientations: Floats) -> NDArray[np.bool_]:
    """Tell whether direction cosines are of length 1 and at a right angle, rounded as they may be."""
    first, second = orientations[:, :3], orientations[:, 3:]
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
        skew = np.abs(np.einsum("ij,ij->i", first, second))
        right = (np.abs(lengths[0] - 1) < _UNIT) & (np.abs(lengths[1] - 1) < _UNIT) & (skew < _UNIT)
    return np.asarray(right)


def _size(ds: Dataset, keyword: str) -> int:
    value = ds.get(keyword)
    if not isinstance(value, int) or not 1 <= value <= 0xFFFF:
        raise GeometryError(f"{keyword} is not a number from 1 to 65535", tag=_ROWS[keyword])
    return int(value)
