"""The functional groups and dimensions of a segmentation (PS3.3 C.8.20.3, C.7.6.17)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.file import generate_uid
from filmless.objects.code import Code
from filmless.objects.source_frames import SourceFrames

__all__ = ["set_frames"]

_SEGMENTATION = Code("113076", "DCM", "Segmentation")
_SOURCE = Code("121322", "DCM", "Source image for image processing operation")


@dataclass(frozen=True, slots=True, eq=False)
class _Dimension:
    """What frames are numbered by: an attribute in its functional group, its name, and an index from 1 for each."""

    pointer: int
    group: int
    label: str
    index: NDArray[Any]


def set_frames(ds: Dataset, source: SourceFrames, frames: Sequence[int], segments: Sequence[int] | None) -> None:
    """Set functional groups and dimensions.

    Parameters
    ----------
    ds
        The segmentation.
    source
        What was segmented.
    frames
        The source's frame, from 0, of each frame.
    segments
        The number of each frame's segment; None for label maps.
    """
    dimensions = _dimensions(source)
    shared, own = _planes(source)
    organization = generate_uid()
    items = [_dimension_item(dimension, organization) for dimension in dimensions]
    if segments is not None:
        segment = _Dimension(0x0062_000B, 0x0062_000A, "Segment Number", np.empty(0))
        items.insert(0, _dimension_item(segment, organization))
    ds.DimensionOrganizationSequence = [Dataset({"DimensionOrganizationUID": organization})]
    ds.DimensionIndexSequence = items
    groups = []
    for place, frame in enumerate(frames):
        values = [int(dimension.index[frame]) for dimension in dimensions]
        group = Dataset()
        if segments is not None:
            group.SegmentIdentificationSequence = [Dataset({"ReferencedSegmentNumber": segments[place]})]
            values.insert(0, segments[place])
        group.FrameContentSequence = [_content(dimensions, frame, values)]
        group.DerivationImageSequence = [_derivation(source.reference(frame))]
        for keyword, rows in own.items():
            group[keyword] = [Dataset(rows[frame])]
        groups.append(group)
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = groups
    ds.NumberOfFrames = len(groups)


def _dimension_item(dimension: _Dimension, organization: str) -> Dataset:
    return Dataset({
        "DimensionOrganizationUID": organization,
        "DimensionIndexPointer": dimension.pointer,
        "FunctionalGroupPointer": dimension.group,
        "DimensionDescriptionLabel": dimension.label,
    })  # fmt: skip


def _dimensions(source: SourceFrames) -> list[_Dimension]:
    if source.tile_positions is not None:
        rows, columns = (np.unique(axis, return_inverse=True)[1] + 1 for axis in source.tile_positions.T)
        return [
            _Dimension(0x0048_021F, 0x0048_021A, "Row Position", rows),
            _Dimension(0x0048_021E, 0x0048_021A, "Column Position", columns),
        ]
    position = source.position_index()
    if source.geometry is None:
        return [_Dimension(0x0020_9057, 0x0020_9111, "In-Stack Position Number", position)]
    dimensions = [_Dimension(0x0020_0032, 0x0020_9113, "Image Position (Patient)", position)]
    if len(np.unique(position)) < len(position):
        # Several frames at one place, such as the times of a perfusion: they are told apart by their order.
        seen: Counter[int] = Counter()
        turns = np.empty_like(position)
        for frame, place in enumerate(position.tolist()):
            seen[place] += 1
            turns[frame] = seen[place]
        dimensions.append(_Dimension(0x0020_9156, 0x0020_9111, "Frame Acquisition Number", turns))
    return dimensions


def _content(dimensions: Sequence[_Dimension], frame: int, values: list[int]) -> Dataset:
    """Return the Frame Content of a frame, with what its dimensions point to there."""
    content = Dataset({"DimensionIndexValues": values})
    for dimension in dimensions:
        if dimension.pointer == 0x0020_9057:
            content.StackID, content.InStackPositionNumber = "1", int(dimension.index[frame])
        elif dimension.pointer == 0x0020_9156:
            content.FrameAcquisitionNumber = int(dimension.index[frame])
    return content


def _derivation(reference: Dataset) -> Dataset:
    reference.SpatialLocationsPreserved = "YES"
    reference.PurposeOfReferenceCodeSequence = [_SOURCE.item()]
    item = Dataset()
    item.SourceImageSequence = [reference]
    item.DerivationCodeSequence = [_SEGMENTATION.item()]
    return item


def _planes(source: SourceFrames) -> tuple[Dataset, dict[str, list[dict[str, Any]]]]:
    """Say where frames lie: what is the same for all is shared, the rest is each frame's own."""
    shared, own = Dataset(), dict[str, list[dict[str, Any]]]()
    geometry = source.geometry
    if geometry is None:
        return shared, own
    between = source.spacing_between_slices_mm()

    def measures(frame: int) -> dict[str, Any]:
        values: dict[str, Any] = {"PixelSpacing": geometry.spacing_mm[frame].tolist()}
        thickness = geometry.thickness_mm[frame]
        if not np.isnan(thickness) or between is not None:
            values["SliceThickness"] = between if np.isnan(thickness) else float(thickness)
        if between is not None:
            values["SpacingBetweenSlices"] = between
        return values

    macros = {"PixelMeasuresSequence": [measures(frame) for frame in range(source.count)]}
    if source.tile_positions is None:
        macros["PlaneOrientationSequence"] = [
            {"ImageOrientationPatient": row} for row in geometry.orientations.tolist()
        ]
        own["PlanePositionSequence"] = [{"ImagePositionPatient": row} for row in geometry.positions.tolist()]
    else:
        own["PlanePositionSlideSequence"] = [
            {
                "XOffsetInSlideCoordinateSystem": x,
                "YOffsetInSlideCoordinateSystem": y,
                "ZOffsetInSlideCoordinateSystem": z * 1000,  # in micrometres: PS3.3 C.8.12.6.1
                "RowPositionInTotalImagePixelMatrix": int(row),
                "ColumnPositionInTotalImagePixelMatrix": int(column),
            }
            for (x, y, z), (row, column) in zip(geometry.positions.tolist(), source.tile_positions, strict=True)
        ]
    for keyword, rows in macros.items():
        if all(row == rows[0] for row in rows):
            shared[keyword] = [Dataset(rows[0])]
        else:
            own[keyword] = rows
    return shared, own
