"""The images that were segmented: what a segmentation takes over from them, and points back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import GeometryError, ValidationError
from filmless.objects.derived_header import check_images, reference_to
from filmless.pixels.multi_frame import functional_groups
from filmless.series import FrameGeometry, geometry_of

__all__ = ["SourceFrames"]

_SAME_MM = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class SourceFrames:
    """Frames of one multi-frame image, or images of one frame each.

    Attributes
    ----------
    images
        One image, or one for each frame.
    count, rows, columns
        How many frames of which size.
    geometry
        Where they lie; None when the images do not say.
    tile_positions
        Shape (frames, 2): row and column, from 1, in the total pixel matrix of a slide; None for what is no slide.
    """

    images: Sequence[Dataset]
    count: int
    rows: int
    columns: int
    geometry: FrameGeometry | None
    tile_positions: NDArray[Any] | None

    @classmethod
    def of(cls, source: Dataset | Sequence[Dataset]) -> Self:
        """Read and check them.

        Raises
        ------
        TypeError
            They are no data sets.
        ValueError
            There are none, or they are of several studies or sizes.
        ValidationError
            An image has no UID to point to.
        GeometryError
            There is not a functional group for each frame.
        """
        images = check_images(source)
        first = images[0]
        frames = first.get("NumberOfFrames") or 1
        if len(images) > 1 and any((ds.get("NumberOfFrames") or 1) != 1 for ds in images):
            raise ValueError("a source image of several, or of no whole number of, frames stands alone")
        for keywords in (("FrameOfReferenceUID",), ("Rows", "Columns")):
            if len({str([ds.get(keyword) for keyword in keywords]) for ds in images}) > 1:
                raise ValueError(f"the source images differ in {' or '.join(keywords)}")
        if not isinstance(frames, int) or not all(isinstance(first.get(side), int) for side in ("Rows", "Columns")):
            raise ValidationError("a source image has no Rows, Columns or Number of Frames that can be right")
        tiles = functional_groups(first).tile_positions
        count = frames if len(images) == 1 else len(images)
        return cls(images, count, first.Rows, first.Columns, _geometry(images, count), tiles)

    @property
    def is_multi_frame(self) -> bool:
        """Whether a reference has to say which frame."""
        return len(self.images) == 1 and "NumberOfFrames" in self.images[0]

    def reference(self, frame: int) -> Dataset:
        """Return what points to a frame: SOP class, instance and, where there are several, frame number."""
        image = self.images[0] if len(self.images) == 1 else self.images[frame]
        item = reference_to(image)
        if self.is_multi_frame:
            item.ReferencedFrameNumber = frame + 1
        return item

    def position_index(self) -> NDArray[np.intp]:
        """Count the places of the frames from 1, along the normal when they are parallel, else as they come."""
        geometry = self.geometry
        if geometry is None:
            return np.arange(1, self.count + 1)
        distances = geometry.distances_mm if _parallel(geometry) else np.arange(self.count, dtype=float)
        order = np.argsort(distances, kind="stable")
        steps = np.diff(distances[order]) > _SAME_MM
        index = np.empty(self.count, dtype=np.intp)
        index[order] = np.concatenate([[1], 1 + np.cumsum(steps)])
        return index

    def spacing_between_slices_mm(self) -> float | None:
        """Return the distance of neighbouring places, when it is the same for all."""
        if self.geometry is None or not _parallel(self.geometry):
            return None
        distances = np.sort(self.geometry.distances_mm)
        steps = np.diff(distances)
        steps = steps[steps > _SAME_MM]
        if not len(steps) or np.ptp(steps) > max(_SAME_MM * 2, 0.01 * float(steps.mean())):
            return None
        return round(float(steps.mean()), 6)


def _geometry(images: Sequence[Dataset], count: int) -> FrameGeometry | None:
    try:
        geometry = geometry_of(images[0] if len(images) == 1 else images)
    except GeometryError:
        return None
    is_whole = len(geometry) == count and not np.isnan(geometry.positions).any()
    return geometry if is_whole and geometry.frame_of_reference_uid else None


def _parallel(geometry: FrameGeometry) -> bool:
    return bool(np.allclose(geometry.normals, geometry.normals[0], atol=1e-4))
