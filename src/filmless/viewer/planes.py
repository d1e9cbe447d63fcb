"""What lies over a plane that is cut through a volume: as over images, but in a place that the browser says."""

from typing import Final, TypeAlias

import numpy as np
from starlette.requests import Request

from filmless.errors import DicomWebError
from filmless.objects import ContourIndex
from filmless.objects.contour_index import ContourOn
from filmless.objects.mask_volume import MaskVolume
from filmless.series import FrameGeometry

__all__ = ["contours_along", "plane_of", "points_in"]

Contours: TypeAlias = dict[int, list[ContourOn]]

_MOST_ALONG: Final = 2048  # pixels
_FARTHEST: Final = 1e6  # mm
_SKEW: Final = 1e-3
_THICK_MM: Final = 2.0  # of a plane of which it is not said


def plane_of(request: Request) -> FrameGeometry:
    """Return the plane that is asked for: ``position``, ``orientation``, ``spacing``, ``size`` (rows, columns).

    Where a ``thickness`` is said, a plane holds what is within half of it.

    Raises
    ------
    DicomWebError
        400: it is no plane.

    DICOM
    -----
    PS3.3 C.7.6.2.1.1
    """
    position = _numbers(request, "position", 3)
    orientation = _numbers(request, "orientation", 6)
    spacing = _numbers(request, "spacing", 2)
    size = _numbers(request, "size", 2)
    across, down = orientation[:3], orientation[3:]
    skew = np.array([across @ across - 1, down @ down - 1, across @ down])
    if (np.abs(skew) > _SKEW).any():
        raise DicomWebError("`orientation` is two directions of length 1, at a right angle", status=400)
    if not (spacing > 0).all():
        raise DicomWebError("`spacing` is more than 0", status=400)
    if not all(float(side).is_integer() and 1 <= side <= _MOST_ALONG for side in size):
        raise DicomWebError(f"`size` is rows and columns from 1 to {_MOST_ALONG}", status=400)
    uid = request.query_params.get("frame_of_reference", "")
    one = np.newaxis
    thickness = _numbers(request, "thickness", 1) if "thickness" in request.query_params else np.array([_THICK_MM])
    if not (thickness > 0).all():
        raise DicomWebError("`thickness` is more than 0", status=400)
    return FrameGeometry(position[one], orientation[one], spacing[one], thickness, int(size[0]), int(size[1]), uid[:64])


def _numbers(request: Request, name: str, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    given = request.query_params.get(name, "")[:400].split(",")
    try:
        found = np.array([float(one) for one in given])
    except ValueError:
        found = np.array([])
    if len(found) != count or not (np.abs(found) <= _FARTHEST).all():  # which NaN is not
        raise DicomWebError(f"`{name}` is {count} numbers with commas between them, in mm", status=400)
    return found


def contours_along(index: ContourIndex, volumes: list[MaskVolume], plane: FrameGeometry) -> Contours:
    """Return the contours of each structure that are nearest to a plane, and no farther than half of their space."""
    reach = {number: volume.reach_mm for volume in volumes for number in volume.blocks}
    own = _reach_mm(plane)
    found = (
        structure.contours_on(plane, 0, "", reach_mm=reach.get(number, own))
        for number, structure in enumerate(index.structures)
    )
    return {number: contours for number, contours in enumerate(found) if contours}


def points_in(index: ContourIndex, plane: FrameGeometry) -> Contours:
    """Return the points of each structure that a plane holds, in whatever direction it is cut."""
    own = _reach_mm(plane)
    found: Contours = {}
    for number, structure in enumerate(index.structures):
        # Most have none: their contours, of which such a plane may cut every one, are not worked out for nothing.
        if any(contour.kind == "POINT" for contour in structure.contours):
            contours = structure.contours_on(plane, 0, "", reach_mm=own)
            found[number] = [contour for contour in contours if contour.kind == "POINT"]
    return {number: contours for number, contours in found.items() if contours}


def _reach_mm(plane: FrameGeometry) -> float:
    return float(plane.thickness_mm[0]) / 2
