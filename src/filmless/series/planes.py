"""Planes that follow each other, and planes that are the same."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError
from filmless.series.geometry import FrameGeometry, geometry_of

__all__ = ["coincident_frames", "sort_slices"]

_PARALLEL = 1e-3  # sine of the angle between normals that may be rounding
_SAME_MM = 1e-4  # frames this close to each other lie in one plane; focal planes of slides are 1e-3 apart


def sort_slices(slices: Iterable[Dataset]) -> list[Dataset]:
    """Sort images of one frame each by where they lie.

    Parameters
    ----------
    slices
        The images, parallel to each other, in any order.

    Returns
    -------
    list of Dataset
        The same data sets, along the normal: of axial slices from the feet to the head. Those at one place keep the
        order they came in.

    Raises
    ------
    GeometryError
        An image has no place in space, or they are not parallel.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1

    Examples
    --------
    >>> from filmless import read
    >>> upper, lower = read("slice.dcm"), read("slice.dcm")
    >>> upper.ImagePositionPatient[2] += 5
    >>> [ds is upper for ds in sort_slices([upper, lower])]
    [False, True]
    """
    images = list(slices)
    if not images:
        return []
    geometry = geometry_of(images)
    if (np.linalg.norm(np.cross(geometry.normals, geometry.normals[0]), axis=1) > _PARALLEL).any():
        raise GeometryError("the slices are not parallel", tag=0x0020_0037)
    return [images[index] for index in np.argsort(geometry.distances_mm, kind="stable")]


def coincident_frames(
    geometry: FrameGeometry, plane: FrameGeometry, frame: int = 0, *, tolerance_mm: float = 0.1
) -> NDArray[np.intp]:
    """Find the frames that lie in the plane of another one.

    Parameters
    ----------
    geometry
        The frames to search.
    plane
        Where the other image lies.
    frame
        Which frame of the other image, from 0.
    tolerance_mm
        How far the corners of a frame may be off the plane, in mm.

    Returns
    -------
    NDArray
        Indices of the frames in the nearest plane within the tolerance, ascending. In the plane they may lie anywhere:
        their grids are their own. None when the frames of reference differ.

    Raises
    ------
    GeometryError
        It is not known where the other frame lies.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1, C.7.4.1.1.1

    Examples
    --------
    >>> from filmless import read
    >>> geometry = geometry_of(read("slice.dcm"))
    >>> coincident_frames(geometry, geometry).tolist()
    [0]
    """
    normal, position = plane.affine(frame)[:3, 2:].T
    uids = {geometry.frame_of_reference_uid, plane.frame_of_reference_uid} - {""}
    if len(uids) > 1:
        return np.empty(0, dtype=np.intp)
    off = np.abs((geometry.corners - position) @ normal).max(axis=1)
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero(off <= tolerance_mm)
    return near[off[near] <= off[near].min() + _SAME_MM] if len(near) else near
