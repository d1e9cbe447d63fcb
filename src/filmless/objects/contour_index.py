"""The contours of a structure set, looked up by the plane they lie in."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import LimitError, UnsupportedError
from filmless.objects.arguments import check_dataset
from filmless.objects.segment_colours import PALETTE
from filmless.series import FrameGeometry

__all__ = ["ContourIndex", "ContourOn", "Structure"]

_TYPES = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_SAME_MM = 0.1  # contours this close to a plane lie in it, as those of one contour do
_HALFWAY_MM = 2e-3  # by which points are let in from farther: one halfway is on both slices, and never on none

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Contour:
    """A contour as it stands in the structure set: its points in mm, and the images that it names."""

    kind: str
    points: Floats
    images: tuple[tuple[str, int | None], ...]


class ContourOn(NamedTuple):
    """A contour in a plane: its kind, and its points as column and row."""

    kind: str
    points: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A structure: its name, colour, contours and the frame of reference of their coordinates.

    Attributes
    ----------
    centres, halves
        Shape (contours, 3), mm: the box around each contour, by its centre and half its size.
    """

    label: str
    colour: tuple[int, int, int]
    frame_of_reference_uid: str
    contours: list[_Contour]
    centres: Floats
    halves: Floats

    def contours_on(self, plane: FrameGeometry, frame: int, uid: str, *, reach_mm: float) -> list[ContourOn]:
        """Return the contours in the plane of a frame: the nearest of those within reach, and all points.

        Parameters
        ----------
        plane, frame
            Where the image lies.
        uid
            Its SOP Instance UID: a contour that names other images has to lie in the plane.
        reach_mm
            How far contours may be off the plane.
        """
        uids = {self.frame_of_reference_uid, plane.frame_of_reference_uid} - {""}
        if len(uids) > 1 or not self.contours:
            return []
        affine = plane.affine(frame)
        normal, position = affine[:3, 2], affine[:3, 3]
        off = np.abs((self.centres - position) @ normal)
        near = np.flatnonzero(off <= reach_mm + _HALFWAY_MM + self.halves @ np.abs(normal))
        points, found = [], []
        for index in near:
            contour = self.contours[index]
            pixels = plane.to_pixels(contour.points, frame)
            height = np.abs(pixels[:, 2])
            reach = reach_mm if _names(contour, uid, frame) else min(reach_mm, _SAME_MM)
            if contour.kind == "POINT":
                inside = height <= reach + _HALFWAY_MM
                if inside.any():
                    points.append(ContourOn(contour.kind, pixels[inside, :2]))
                continue
            if contour.kind != "OPEN_NONPLANAR" and np.ptp(pixels[:, 2]) > 2 * _SAME_MM:
                continue  # it lies across this plane
            distance = float(height.max())
            if distance <= reach:
                found.append((distance, ContourOn(contour.kind, pixels[:, :2])))
        nearest = min((distance for distance, _ in found), default=0.0)
        return [contour for distance, contour in found if distance <= nearest + _SAME_MM] + points


class ContourIndex:
    """A structure set whose contours are read once, to be laid over many images.

    Parameters
    ----------
    rtstruct
        An RT Structure Set.
    max_points
        How many points its contours may have.

    Attributes
    ----------
    structures
        What there is, in the order of the ROI Contour Sequence. Contours that cannot be right are not among it: of no
        known type, with points that are not three numbers each, closed ones of less than three points.

    Raises
    ------
    TypeError
        This is no data set.
    UnsupportedError
        This is no structure set.
    LimitError
        It has more points than ``max_points``.

    DICOM
    -----
    PS3.3 A.19.3, C.8.8.5, C.8.8.6

    Examples
    --------
    >>> from filmless import Dataset
    >>> rtstruct = Dataset()
    >>> rtstruct.StructureSetROISequence = []
    >>> ContourIndex(rtstruct).structures
    []
    """

    def __init__(self, rtstruct: Dataset, *, max_points: int = 1 << 24) -> None:
        check_dataset("rtstruct", rtstruct, expected="a Dataset or ContourIndex")
        if "ROIContourSequence" not in rtstruct and "StructureSetROISequence" not in rtstruct:
            raise UnsupportedError("this is no structure set", feature="ROIContourSequence")
        named = {str(item.get("ROINumber")): item for item in rtstruct.get("StructureSetROISequence") or ()}
        self.structures: list[Structure] = []
        left = max_points
        for place, roi in enumerate(rtstruct.get("ROIContourSequence") or ()):
            contours = []
            for item in roi.get("ContourSequence") or ():
                contour = _contour(item)
                if contour is not None:
                    left -= len(contour.points)
                    if left < 0:
                        raise LimitError("the contours have too many points", limit="max_points", value=max_points)
                    contours.append(contour)
            structure = named.get(str(roi.get("ReferencedROINumber"))) or Dataset()
            low = np.array([contour.points.min(axis=0) for contour in contours]).reshape(-1, 3)
            high = np.array([contour.points.max(axis=0) for contour in contours]).reshape(-1, 3)
            label = str(structure.get("ROIName") or f"structure {place + 1}").strip()
            colour = _colour(roi) or PALETTE[place % len(PALETTE)]
            uid = str(structure.get("ReferencedFrameOfReferenceUID") or "").strip()
            self.structures.append(Structure(label, colour, uid, contours, (low + high) / 2, (high - low) / 2))


def _contour(item: Dataset) -> _Contour | None:
    """Read a contour; nothing when it cannot be right."""
    kind = str(item.get("ContourGeometricType") or "").strip()
    if kind not in _TYPES:
        return None
    try:
        points = np.asarray(item.get("ContourData"), dtype=float).reshape(-1, 3)
    except (TypeError, ValueError):
        return None
    fewest = 3 if kind.startswith("CLOSED") else 1
    if len(points) < fewest or not (np.abs(points) < 1e9).all():  # which NaN is not
        return None
    images = []
    for image in item.get("ContourImageSequence") or ():
        number = image.get("ReferencedFrameNumber")
        frame = number - 1 if isinstance(number, int) else None
        images.append((str(image.get("ReferencedSOPInstanceUID") or ""), frame))
    return _Contour(kind, points, tuple(images))


def _names(contour: _Contour, uid: str, frame: int) -> bool:
    """Whether a contour names an image as its own, or none at all; what has no UID is a plane between images."""
    return not uid or not contour.images or any(name == uid and of in (None, frame) for name, of in contour.images)


def _colour(roi: Dataset) -> tuple[int, int, int] | None:
    try:
        red, green, blue = (min(255, max(0, int(value))) for value in roi.get("ROIDisplayColor"))
    except (OverflowError, TypeError, ValueError):
        return None
    return red, green, blue
