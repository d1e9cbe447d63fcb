"""The frames of a segmentation, looked up by the image they lie on."""

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError, UnsupportedError
from filmless.objects.arguments import check_dataset
from filmless.objects.segment_colours import colours_of
from filmless.pixels import frames
from filmless.pixels.multi_frame import functional_groups
from filmless.series import FrameGeometry, coincident_frames, geometry_of
from filmless.series.resampling import Placement, place, touching

__all__ = ["FrameOn", "SegmentationIndex"]


class FrameOn(NamedTuple):
    """A frame of a segmentation that lies on an image, and how; pixel on pixel without a placement."""

    frame: int
    placement: Placement | None


class _Reference(NamedTuple):
    """What a frame says it came from: an image, and which frame of it, from 0, or None for all."""

    uid: str
    frame: int | None
    is_preserved: bool


class SegmentationIndex:
    """A segmentation whose functional groups are read once, to be laid over many images.

    Parameters
    ----------
    seg
        The segmentation: binary, fractional or a label map, of slices or tiles.

    Attributes
    ----------
    segments
        Label and colour of each segment, by its number.

    Raises
    ------
    TypeError
        This is no data set.
    UnsupportedError
        This is no segmentation of a kind there is.
    GeometryError
        There is not a functional group for each frame.
    PixelError
        Its pixels are not there.

    DICOM
    -----
    PS3.3 A.51, C.8.20

    Examples
    --------
    >>> from filmless import read
    >>> from filmless.objects import segment_overlays, segmentation
    >>> ct = read("slice.dcm")
    >>> index = SegmentationIndex(segmentation(ct.pixel_array > 1000, source=ct, segments=["bone"]))
    >>> [overlay.label for overlay in segment_overlays(index, ct)]
    ['bone']
    """

    def __init__(self, seg: Dataset) -> None:
        check_dataset("seg", seg, expected="a Dataset or SegmentationIndex")
        self.kind = str(seg.get("SegmentationType") or "").strip()
        if self.kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
            raise UnsupportedError(
                "this is no binary, fractional or label map segmentation", feature="SegmentationType"
            )
        # Items that were handed out are compared with the file whenever it is read: of these copies none are, or few.
        self._seg = seg.copy()
        self._frames = frames(seg.copy())
        self._rows, self._columns = self._frames.description.rows, self._frames.description.columns
        self._groups = functional_groups(self._seg)
        self._is_tiled = self._groups.tile_positions is not None
        self.segments = colours_of(seg)
        maximum = seg.get("MaximumFractionalValue")
        self._maximum = maximum if isinstance(maximum, int) and maximum > 0 else 255
        padding = seg.get("PixelPaddingValue")
        self._background = padding if isinstance(padding, int) else 0

    def number_of(self, frame: int) -> int | None:
        """Return the number of a frame's segment; nothing when it does not say."""
        numbers = self._groups.segment_numbers
        number = 0 if numbers is None else int(numbers[frame])
        if number == 0 and len(self.segments) == 1:
            number = next(iter(self.segments))
        return number or None

    def values(self, frame: int) -> NDArray[Any]:
        """Decode a frame: bool, float32 from 0 to 1, or the numbers of segments with 0 for the background."""
        stored = self._frames[frame]
        if self.kind == "BINARY":
            return np.asarray(stored != 0)
        if self.kind == "FRACTIONAL":
            return np.minimum(stored / np.float32(self._maximum), 1)
        if self._background:
            stored = np.where(stored == self._background, 0, stored)
        return stored

    def frames_on(self, image: Dataset, frame: int, *, tolerance_mm: float) -> list[FrameOn]:
        """Find the frames that lie on a frame of an image.

        Notes
        -----
        They are found by where they lie; of those that say they came from this series only what came from this frame
        is kept, so that the times of a cine are told apart. Where places are not known, what they say is all there is.
        """
        plane = _geometry(image)
        if self.geometry is None or plane is None:
            same_size = (self._rows, self._columns) == (image.get("Rows"), image.get("Columns"))
            uid = str(image.get("SOPInstanceUID") or "")
            return [
                FrameOn(index, None)
                for index, references in enumerate(self._references)
                if same_size
                and any(_is_of(reference, uid, frame) and reference.is_preserved for reference in references)
            ]
        if not 0 <= frame < len(plane) or np.isnan(plane.positions[frame]).any():
            return []
        found = coincident_frames(self.geometry, plane, frame, tolerance_mm=tolerance_mm)
        found = touching(self.geometry, found, plane, frame)
        kept = found.tolist() if self._is_tiled else self._of_this_time(found.tolist(), image, frame)
        placed = ((index, place(self.geometry, index, plane, frame)) for index in kept)
        return [FrameOn(index, placement) for index, placement in placed if placement is not None]

    def _of_this_time(self, found: list[int], image: Dataset, frame: int) -> list[int]:
        """Leave out what came from other frames of this image, or from other images of its series."""
        uid, series = (str(image.get(keyword) or "") for keyword in ("SOPInstanceUID", "SeriesInstanceUID"))
        kept = []
        for index in found:
            references = self._references[index]
            of_series = [item for item in references if item.uid == uid or self._series.get(item.uid) == series]
            if not of_series or any(_is_of(item, uid, frame) for item in of_series):
                kept.append(index)
        return kept

    @cached_property
    def geometry(self) -> FrameGeometry | None:
        """Where the frames lie; None when they do not say."""
        return _geometry(self._seg)

    @cached_property
    def _series(self) -> dict[str, str]:
        """The series of each image that was segmented, by SOP Instance UID."""
        return {
            str(item.get("ReferencedSOPInstanceUID") or ""): str(series.get("SeriesInstanceUID") or "")
            for series in self._seg.get("ReferencedSeriesSequence") or ()
            for item in series.get("ReferencedInstanceSequence") or ()
        }

    @cached_property
    def _references(self) -> list[list[_Reference]]:
        """What each frame says it came from."""
        groups = self._seg.get("PerFrameFunctionalGroupsSequence") or ()
        found = [_references_of(group) for _, group in zip(range(self._groups.frames), groups, strict=False)]
        return found + [[] for _ in range(self._groups.frames - len(found))]


def _references_of(group: Dataset) -> list[_Reference]:
    found: list[_Reference] = []
    for derivation in group.get("DerivationImageSequence") or ():
        for source in derivation.get("SourceImageSequence") or ():
            uid = str(source.get("ReferencedSOPInstanceUID") or "")
            is_preserved = source.get("SpatialLocationsPreserved") != "NO"
            numbers = source.get("ReferencedFrameNumber")
            if numbers is None:
                found.append(_Reference(uid, None, is_preserved))
                continue
            numbers = numbers if isinstance(numbers, list) else [numbers]
            found.extend(
                _Reference(uid, number - 1, is_preserved) for number in numbers if isinstance(number, int) and number
            )
    return found


def _is_of(reference: _Reference, uid: str, frame: int) -> bool:
    return reference.uid == uid and reference.frame in (None, frame)


def _geometry(ds: Dataset) -> FrameGeometry | None:
    try:
        return geometry_of(ds)
    except GeometryError:
        return None
