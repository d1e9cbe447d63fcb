"""Contours of structures as layers on the images that they were drawn on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError, LimitError
from filmless.objects.arguments import check_dataset, check_frame
from filmless.objects.contour_index import ContourIndex, ContourOn
from filmless.objects.contour_masks import filled as filled_mask
from filmless.objects.contour_masks import outline, spots
from filmless.pixels.overlays import Overlay
from filmless.series import FrameGeometry, geometry_of

__all__ = ["contour_overlays", "contours_on"]

_SAME_MM = 0.1  # slices are further from each other
_THIN_MM = 1.0  # taken for the distance of slices when the image says nothing of it


def contour_overlays(
    rtstruct: Dataset | ContourIndex,
    image: Dataset,
    frame: int = 0,
    *,
    filled: bool = False,
    width: int = 1,
    tolerance_mm: float | None = None,
    opacity: float = 1.0,
    max_pixels: int = 1 << 28,
) -> list[Overlay]:
    """Lay the contours of a structure set over a frame of an image.

    Parameters
    ----------
    rtstruct
        An RT Structure Set; for many images its `ContourIndex`.
    image
        The image.
    frame
        Which frame of the image, from 0.
    filled
        Give the areas in closed contours, by the centres of pixels, in place of lines. Contours in others of the same
        structure are holes.
    width
        Of lines, in pixels.
    tolerance_mm
        How far contours may be off the plane of the image, in mm; None for less than half the distance of slices. A
        contour that names another image as its own has to lie in the plane.
    opacity
        0 to 1, of each layer.
    max_pixels
        How many pixels the image may have.

    Returns
    -------
    list of Overlay
        In the order of the structures, one for each that meets the plane: a bool mask of the image's rows and columns,
        in the structure's display colour, with its name. Empty when the image has no place in space.

    Raises
    ------
    TypeError
        An argument is no data set.
    UnsupportedError
        This is no structure set.
    PixelError
        The image has no such frame.
    LimitError
        The image has more pixels than ``max_pixels``, or the contours more points or steps than any real ones.

    DICOM
    -----
    PS3.3 A.19.3, C.8.8.5, C.8.8.6

    Examples
    --------
    >>> from filmless import Dataset, read
    >>> ct = read("slice.dcm")
    >>> contour = Dataset({"ContourGeometricType": "CLOSED_PLANAR"})
    >>> contour.ContourData = [-120, -140, -75.7, -100, -140, -75.7, -110, -120, -75.7]
    >>> roi = Dataset({"ReferencedROINumber": 1, "ROIDisplayColor": [255, 0, 0]})
    >>> roi.ContourSequence = [contour]
    >>> rtstruct = Dataset()
    >>> rtstruct.StructureSetROISequence = [Dataset({"ROINumber": 1, "ROIName": "bladder"})]
    >>> rtstruct.ROIContourSequence = [roi]
    >>> [overlay] = contour_overlays(rtstruct, ct, filled=True)
    >>> overlay.label, overlay.colour, int(overlay.mask.sum())
    ('bladder', (255, 0, 0), 435)
    """
    index = rtstruct if isinstance(rtstruct, ContourIndex) else ContourIndex(rtstruct)
    check_dataset("image", image)
    check_frame(image, frame)
    plane = _plane_of(image, frame)
    if plane is None:
        return []
    if plane.rows * plane.columns > max_pixels:
        raise LimitError(f"the image has {plane.rows} × {plane.columns} pixels", limit="max_pixels", value=max_pixels)
    overlays = []
    for number, contours in contours_on(index, image, frame, tolerance_mm=tolerance_mm).items():
        structure = index.structures[number]
        mask = _mask(contours, plane, filled=filled, width=width)
        if mask.any():
            overlays.append(Overlay(mask, structure.colour, opacity, structure.label))
    return overlays


def contours_on(
    index: ContourIndex, image: Dataset, frame: int = 0, *, tolerance_mm: float | None = None
) -> dict[int, list[ContourOn]]:
    """Return the contours that lie on a frame of an image; parameters and errors as of `contour_overlays`.

    Returns
    -------
    dict
        By the place of a structure in ``index.structures``, those that meet the plane. Points are columns and rows,
        with 0 in the middle of the first pixel.
    """
    check_dataset("image", image)
    check_frame(image, frame)
    plane = _plane_of(image, frame)
    if plane is None:
        return {}
    reach = _half_slice_mm(image, plane, frame) if tolerance_mm is None else tolerance_mm
    uid = str(image.get("SOPInstanceUID") or "")
    found = (structure.contours_on(plane, frame, uid, reach_mm=reach) for structure in index.structures)
    return {number: contours for number, contours in enumerate(found) if contours}


def _plane_of(image: Dataset, frame: int) -> FrameGeometry | None:
    try:
        geometry = geometry_of(image)
        geometry.affine(frame)
    except GeometryError:
        return None
    return geometry


def _half_slice_mm(image: Dataset, plane: FrameGeometry, frame: int) -> float:
    """Return half the distance to the next slice: of the frames, else as the image says, else its thickness."""
    steps = np.abs(plane.distances_mm - plane.distances_mm[frame])
    steps = steps[steps > _SAME_MM]
    between = image.get("SpacingBetweenSlices")
    if len(steps):
        distance = float(steps.min())
    elif isinstance(between, int | float) and between > 0:
        distance = float(between)
    else:
        distance = float(np.nan_to_num(plane.thickness_mm[frame])) or _THIN_MM
    return max(distance / 2 - 1e-3, 1e-3)  # a contour halfway is the next slice's as well: it is neither's


def _mask(contours: Sequence[ContourOn], plane: FrameGeometry, *, filled: bool, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((plane.rows, plane.columns), dtype=bool)
    for kind, points in contours:
        if kind == "POINT":
            mask |= spots(points, plane.rows, plane.columns)
        elif kind.startswith("CLOSED") and filled:
            mask ^= filled_mask(points, plane.rows, plane.columns)
        else:
            closed = kind.startswith("CLOSED")
            mask |= outline(points, plane.rows, plane.columns, closed=closed, width=width)
    return mask
