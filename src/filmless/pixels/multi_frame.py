"""Multi-frame functional groups: what is said of each frame of an enhanced image, as arrays (PS3.3 C.7.6.16)."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset, Sequence
from filmless.errors import GeometryError, LimitError
from filmless.pixels.description import number_of_frames
from filmless.pixels.tile_order import is_tiled_full, tiled_full

__all__ = ["FunctionalGroups", "frame_group", "frame_values", "functional_groups"]

_PER_FRAME = 0x5200_9230

# Field: macro, attributes, numbers of each frame (0: as many as there are), and where a classic image has them.
_NUMBERS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "positions": ("PlanePositionSequence", ("ImagePositionPatient",), 3),
    "orientations": ("PlaneOrientationSequence", ("ImageOrientationPatient",), 6),
    "spacing": ("PixelMeasuresSequence", ("PixelSpacing",), 2),
    "thickness_mm": ("PixelMeasuresSequence", ("SliceThickness",), 1),
    "rescale": ("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept"), 1),
    "real_world": (
        "RealWorldValueMappingSequence",
        ("RealWorldValueSlope", "RealWorldValueIntercept"),
        1,
    ),
    "window": ("FrameVOILUTSequence", ("WindowCenter", "WindowWidth"), 1),
    "dimension_index": ("FrameContentSequence", ("DimensionIndexValues",), 0),
    "stack_positions": ("FrameContentSequence", ("InStackPositionNumber",), 1),
    "temporal_positions": ("FrameContentSequence", ("TemporalPositionIndex",), 1),
    "segment_numbers": ("SegmentIdentificationSequence", ("ReferencedSegmentNumber",), 1),
    "slide": (
        "PlanePositionSlideSequence",
        ("XOffsetInSlideCoordinateSystem", "YOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem"),
        1,
    ),
    "tile_positions": (
        "PlanePositionSlideSequence",
        ("RowPositionInTotalImagePixelMatrix", "ColumnPositionInTotalImagePixelMatrix"),
        1,
    ),
}
_TEXTS = {
    "stack_ids": ("FrameContentSequence", "StackID"),
    "optical_paths": ("OpticalPathIdentificationSequence", "OpticalPathIdentifier"),
}
_INTEGERS = {"dimension_index", "stack_positions", "temporal_positions", "segment_numbers", "tile_positions"}
_CLASSIC = ("positions", "orientations", "spacing", "thickness_mm", "rescale", "window")


@dataclass(frozen=True, slots=True, eq=False)
class FunctionalGroups:
    """What is said of each frame: arrays whose first axis is the frames, read-only, None when no frame has it.

    Numbers that a frame lacks while others have them are NaN, integers 0.

    Attributes
    ----------
    frames
        How many frames there are.
    positions
        Shape (n, 3), float64, mm: Image Position (Patient), the centre of the first pixel. Of a slide its position in
        the slide's coordinate system.
    orientations
        Shape (n, 6), float64: Image Orientation (Patient) or (Slide), cosines along a row, then along a column.
    spacing
        Shape (n, 2), float64, mm: between rows, between columns.
    thickness_mm
        Shape (n,), float64: Slice Thickness.
    rescale
        Shape (n, 2), float64: slope and intercept, to the unit of the modality.
    real_world
        Shape (n, 2), float64: slope and intercept of the first real world value map.
    window
        Shape (n, 2), float64: centre and width of the first window.
    dimension_index
        Shape (n, k), int64: Dimension Index Values.
    stack_positions
        Shape (n,), int64: In-Stack Position Number.
    temporal_positions
        Shape (n,), int64: Temporal Position Index.
    segment_numbers
        Shape (n,), int64: Referenced Segment Number.
    tile_positions
        Shape (n, 2), int64: row and column of a tile's first pixel in the total pixel matrix, from 1. Of a tiled full
        image, which says them of no frame, they follow from the order of the frames.
    focal_planes
        Shape (n,), int64: of a tiled image, which of its focal planes a frame lies in, from 0 for the one next to the
        slide.
    stack_ids
        Stack ID of each frame.
    optical_paths
        Optical Path Identifier of each frame.
    """

    frames: int
    positions: NDArray[np.float64] | None = None
    orientations: NDArray[np.float64] | None = None
    spacing: NDArray[np.float64] | None = None
    thickness_mm: NDArray[np.float64] | None = None
    rescale: NDArray[np.float64] | None = None
    real_world: NDArray[np.float64] | None = None
    window: NDArray[np.float64] | None = None
    dimension_index: NDArray[np.int64] | None = None
    stack_positions: NDArray[np.int64] | None = None
    temporal_positions: NDArray[np.int64] | None = None
    segment_numbers: NDArray[np.int64] | None = None
    tile_positions: NDArray[np.int64] | None = None
    focal_planes: NDArray[np.int64] | None = None
    stack_ids: tuple[str | None, ...] | None = None
    optical_paths: tuple[str | None, ...] | None = None


def functional_groups(ds: Dataset, *, max_frames: int = 1 << 20) -> FunctionalGroups:
    """Read what is said of each frame of an image, all frames in one walk.

    Parameters
    ----------
    ds
        An enhanced image, segmentation, parametric map, whole slide image; a classic one gives its own attributes for
        all its frames, and its position when it has one frame.
    max_frames
        Bound on the frames that no per-frame item stands for.

    Returns
    -------
    FunctionalGroups
        Arrays by frame.

    Raises
    ------
    GeometryError
        There are fewer items in the per-frame functional groups than frames.
    LimitError
        There are more frames than ``max_frames``, of which nothing is said.

    DICOM
    -----
    PS3.3 C.7.6.16, C.7.6.17.3, C.8.12.14

    Examples
    --------
    >>> from filmless import read
    >>> functional_groups(read("slice.dcm")).spacing.tolist()
    [[0.661468, 0.661468]]
    """
    frames = number_of_frames(ds)
    tiled = is_tiled_full(ds)
    items, columns = _columns(ds)
    if items and items < frames:
        message = f"per-frame functional groups hold {items} of {frames} frames"
        raise GeometryError(message, tag=_PER_FRAME, frame=items)
    if items < frames > max_frames:
        message = f"{frames} frames without items of their own are more than {max_frames}"
        raise LimitError(message, limit="max_frames", value=max_frames, tag=_PER_FRAME)
    found: dict[str, Any] = {name: _joined(columns, name, frames) for name in _NUMBERS}
    texts: dict[str, Any] = {name: _texts(columns, name, frames) for name in _TEXTS}
    slide = found.pop("slide")
    if slide is not None:
        # Tiles of one focal plane may each have a height of its own: the slide is not even.
        heights = slide[:, 2] * (ds.get("TotalPixelMatrixFocalPlanes") != 1)
        found["focal_planes"] = np.unique(heights, return_inverse=True)[1].reshape(-1)
        if found["positions"] is None:
            found["positions"] = slide * (1, 1, 0.001)  # the third is in micrometres
    if tiled:
        found |= tiled_full(ds, frames, found["spacing"])
        texts["optical_paths"] = found.pop("optical_paths", texts["optical_paths"])
    if found["orientations"] is None and (cosines := _numbers(ds.get("ImageOrientationSlide"), 6)) is not None:
        found["orientations"] = np.broadcast_to(cosines, (frames, 6))
    if not items and "SharedFunctionalGroupsSequence" not in ds:
        found |= _classic(ds, frames)
    for name, values in found.items():
        if values is not None and name in _INTEGERS:
            with np.errstate(invalid="ignore"):  # what is too large for an integer is nonsense either way
                values = np.nan_to_num(values).astype(np.int64)  # noqa: PLW2901 - the same values
        if values is not None:
            found[name] = _read_only(values[:, 0] if values.ndim == 2 and _is_single(name) else values)
    return FunctionalGroups(frames, **found, **texts)


def frame_values(ds: Dataset, keyword: str, attribute: str) -> NDArray[np.float64] | None:
    """Return the numbers of one attribute of a functional group macro, frame by frame.

    Parameters
    ----------
    ds
        An image with functional groups.
    keyword
        The macro's sequence: ``"MREchoSequence"``.
    attribute
        The attribute in its item: ``"EffectiveEchoTime"``.

    Returns
    -------
    NDArray or None
        Shape (frames, numbers), float64, NaN where a frame has none; None when no frame has any.

    DICOM
    -----
    PS3.3 C.7.6.16
    """
    frames = number_of_frames(ds)
    items, (column,) = _core.functional_groups(ds, [(_tag(keyword), _tag(attribute), 0, False)])
    if items and items < frames:
        message = f"per-frame functional groups hold {items} of {frames} frames"
        raise GeometryError(message, tag=_PER_FRAME, frame=items)
    return None if column is None else _read_only(_array(column, frames))


def frame_group(ds: Dataset, keyword: str, frame: int) -> Dataset | None:
    """Return a frame's item of a functional group macro, the frame's own before the shared one.

    Parameters
    ----------
    ds
        An image; one without functional groups has none.
    keyword
        The macro's sequence: ``"FrameVOILUTSequence"``.
    frame
        Which frame, from 0.

    DICOM
    -----
    PS3.3 C.7.6.16.1.1
    """
    per_frame = _items(ds, "PerFrameFunctionalGroupsSequence")
    for groups in (*per_frame[frame : frame + 1], *_items(ds, "SharedFunctionalGroupsSequence")[:1]):
        macro = _items(groups, keyword)
        if macro:
            return macro[0]  # type: ignore[no-any-return]
    return None


def _items(ds: Dataset, keyword: str) -> Any:
    """Return the items of a sequence: none of what is absent or, though it has the tag, of another kind."""
    value = ds.get(keyword)
    return value if isinstance(value, Sequence) else ()


_Column = tuple[int, Any, bool] | None


_EVERY = [
    *((macro, attribute) for macro, names, _ in _NUMBERS.values() for attribute in names),
    *_TEXTS.values(),
]


def _columns(ds: Dataset) -> tuple[int, dict[tuple[str, str], _Column]]:
    """Read every attribute that is asked for in one walk; those of a macro stand together, so it is entered once."""
    if "SharedFunctionalGroupsSequence" not in ds and _PER_FRAME not in ds:
        return 0, dict.fromkeys(_EVERY)
    wanted = [(macro, attribute, width, False) for macro, names, width in _NUMBERS.values() for attribute in names]
    wanted += [(macro, attribute, 0, True) for macro, attribute in _TEXTS.values()]
    wanted.sort(key=lambda entry: entry[0])
    items, columns = _core.functional_groups(
        ds, [(_tag(macro), _tag(attribute), width, text) for macro, attribute, width, text in wanted]
    )
    return items, {entry[:2]: column for entry, column in zip(wanted, columns, strict=True)}


def _joined(columns: dict[tuple[str, str], _Column], name: str, frames: int) -> NDArray[Any] | None:
    """Return the numbers of a field, those of several attributes side by side."""
    macro, attributes, _ = _NUMBERS[name]
    found = [columns[macro, attribute] for attribute in attributes]
    if all(column is None for column in found):
        return None
    parts = [np.full((1, 1), np.nan) if column is None else _array(column, frames) for column in found]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.broadcast_to(part, (frames, part.shape[1])) for part in parts], axis=1)


def _array(column: tuple[int, Any, bool], frames: int) -> NDArray[Any]:
    width, values, shared = column
    rows = np.frombuffer(values, dtype=np.float64).reshape(-1, width)
    return np.broadcast_to(rows, (frames, width)) if shared else rows[:frames]


def _texts(columns: dict[tuple[str, str], _Column], name: str, frames: int) -> tuple[str | None, ...] | None:
    column = columns[_TEXTS[name]]
    if column is None:
        return None
    _, values, shared = column
    return tuple(values * frames if shared else values[:frames])


def _classic(ds: Dataset, frames: int) -> dict[str, NDArray[Any] | None]:
    """Return what an image without functional groups says of all its frames."""
    found: dict[str, NDArray[Any] | None] = {}
    for name in _CLASSIC:
        _, attributes, width = _NUMBERS[name]
        parts = [_numbers(ds.get(attribute), width) for attribute in attributes]
        if any(part is None for part in parts) or (name == "positions" and frames > 1):
            continue
        found[name] = np.broadcast_to(
            np.concatenate([part for part in parts if part is not None]), (frames, width * len(parts))
        )
    return found


def _numbers(value: Any, width: int) -> NDArray[np.float64] | None:
    """Return the first numbers of a value; None when there are fewer."""
    if isinstance(value, (int, float)):
        value = [value]
    if not isinstance(value, list) or len(value) < width:
        return None
    if not all(isinstance(number, (int, float)) for number in value[:width]):
        return None
    return np.array(value[:width], dtype=np.float64)


def _is_single(name: str) -> bool:
    _, attributes, width = _NUMBERS[name]
    return width == len(attributes) == 1


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    values = values.view()
    values.flags.writeable = False
    return values


@cache
def _tag(keyword: str) -> int:
    row = _core.dictionary_entry(keyword)
    if row is None:
        raise ValueError(f"`{keyword}` is no keyword of the data dictionary")
    return row[0]
